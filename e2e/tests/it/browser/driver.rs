//! Chromium by remote control: the dozen commands of WebDriver that the tests need, as JSON over HTTP. The libraries for it
//! bring a second generation of the HTTP crates or a second HTTP client.

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::requirement;
use crate::wire;

/// Generous: the machine may be busy with other tests.
const WAIT_MAX: Duration = Duration::from_secs(45);
/// The name under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser of its own with an empty profile. It ends when it is dropped.
pub(crate) struct Browser {
    driver: Child,
    /// The driver writes to it as long as it lives.
    _output: BufReader<ChildStdout>,
    _profile: TempDir,
    /// Where the driver listens.
    base: String,
    /// The path of the session; empty before it is there.
    session: String,
    forbids_scripts: Cell<bool>,
}

impl Browser {
    /// Starts one that asks for pages in this language; `None` if the machine has none.
    pub(crate) fn start(lang: &str) -> Option<Browser> {
        let chromium = requirement::program(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = requirement::program(&["chromedriver"]);
        let (chromium, driver) = requirement::need(chromium.zip(driver), "Chromium with its chromedriver")?;
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(driver.stdout.take().unwrap());
        let base = format!("http://127.0.0.1:{}", port(&mut output));
        let mut browser = Browser {
            driver,
            _output: output,
            _profile: profile,
            base,
            session: String::new(),
            forbids_scripts: Cell::new(false),
        };
        browser.open_session(&chromium, lang);
        Some(browser)
    }

    fn open_session(&mut self, chromium: &Path, lang: &str) {
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            &profile,
        ];
        let options = json!({
            "binary": chromium,
            "args": args,
            "prefs": { "intl.accept_languages": lang, "intl.selected_languages": lang },
        });
        let wanted = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let made = self.post("/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        self.session = format!("/session/{}", made["sessionId"].as_str().unwrap());
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let what = format!("{method} {path} {body}");
        let path = format!("{}{path}", self.session);
        let json = "Content-Type: application/json\r\n";
        let answer = wire::ask(&self.base, method, &path, json, body);
        let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
        let answered: Value = serde_json::from_slice(&answer.body).unwrap();
        let value = &answered["value"];
        assert!(answer.status() == 200, "{what}: {}: {}", value["error"], value["message"]);
        value.clone()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, &body.to_string())
    }

    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "")
    }

    /// Goes to an address and waits until the page is there.
    pub(crate) fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub(crate) fn url(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    pub(crate) fn title(&self) -> String {
        self.get("/title").as_str().unwrap().to_owned()
    }

    /// Runs a script of ours in the page, whether or not pages may run their own.
    pub(crate) fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Whether the page has such an element.
    pub(crate) fn has(&self, css: &str) -> bool {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": css }));
        !found.as_array().unwrap().is_empty()
    }

    /// The first such element, as soon as there is one: a click does not always wait for the page that it leads to.
    fn element(&self, css: &str) -> String {
        self.await_has(css);
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }));
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    /// The visible text of the first such element.
    pub(crate) fn text(&self, css: &str) -> String {
        self.get(&format!("/element/{}/text", self.element(css))).as_str().unwrap().to_owned()
    }

    /// Clicks as a person would: it must be visible and on top.
    pub(crate) fn click(&self, css: &str) {
        self.post(&format!("/element/{}/click", self.element(css)), &json!({}));
    }

    /// Types into a field, in place of what was there.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        let element = self.element(css);
        self.post(&format!("/element/{element}/clear"), &json!({}));
        self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Chooses one of several by its label.
    pub(crate) fn choose(&self, name: &str, value: &str) {
        self.click(&format!("label:has(input[name=\"{name}\"][value=\"{value}\"])"));
    }

    /// Waits until the address contains this.
    pub(crate) fn await_url(&self, part: &str) {
        await_that(|| self.url().contains(part), || format!("still at {} and not at {part}", self.url()));
    }

    /// Waits until the title contains this.
    pub(crate) fn await_title(&self, part: &str) {
        await_that(
            || self.title().contains(part),
            || format!("the title is {:?}, not {part:?}", self.title()),
        );
    }

    /// Waits until the page and its pictures are there.
    pub(crate) fn await_loaded(&self) {
        let state = || self.script("return document.readyState");
        await_that(|| state() == "complete", || format!("{} does not load", self.url()));
    }

    /// Waits until the page has such an element.
    pub(crate) fn await_has(&self, css: &str) {
        await_that(|| self.has(css), || format!("no {css} at {}", self.url()));
    }

    /// From now on pages run no scripts.
    pub(crate) fn forbid_scripts(&self) {
        self.forbids_scripts.set(true);
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    }

    /// Lets a script of ours wait for something, which it cannot where scripts are forbidden.
    pub(crate) fn while_scripts_run<T>(&self, run: impl FnOnce() -> T) -> T {
        let forbids = self.forbids_scripts.get();
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": false }));
        let result = run();
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": forbids }));
        result
    }

    /// As wide as this, whatever window there is.
    pub(crate) fn set_width(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// As for somebody who likes dark screens.
    pub(crate) fn set_dark(&self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// The whole page as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        let size = &self.devtools("Page.getLayoutMetrics", &json!({}))["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", &wanted);
        BASE64_STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    fn devtools(&self, command: &str, params: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": params }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends Chromium; the driver alone would leave it running.
        let _ = wire::ask(&self.base, "DELETE", &self.session, "", "");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn await_that(is_so: impl Fn() -> bool, why_not: impl Fn() -> String) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < WAIT_MAX, "{}", why_not());
        thread::sleep(Duration::from_millis(50));
    }
}

/// The driver says which port it got.
fn port(output: &mut BufReader<ChildStdout>) -> u16 {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "chromedriver ended");
        let port = line
            .split_once("started successfully on port ")
            .and_then(|(_, rest)| rest.trim().trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            return port;
        }
    }
}
