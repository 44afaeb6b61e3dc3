//! The binary as a process, and a client that speaks bytes to it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const ANYWHERE: [&str; 6] =
    ["--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0", "--ready-file", "ready.json"];

pub(crate) fn danbao(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_danbao"));
    command.args(args).current_dir(dir).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Exit status, stdout, stderr of a command that ends by itself.
pub(crate) fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut child = danbao(dir, args).spawn().unwrap();
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    ended(child.wait_with_output().unwrap())
}

pub(crate) fn ended(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

/// Starts `up` with these arguments (a ready file among them) and waits for its ready file.
pub(crate) fn up_with(dir: &Path, args: &[&str]) -> (Child, Value) {
    let file = dir.join("ready.json");
    let _ = std::fs::remove_file(&file);
    let mut child = danbao(dir, args).spawn().unwrap();
    let started = Instant::now();
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "{:?}", ended(child.wait_with_output().unwrap()));
        assert!(started.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

/// Starts `up` on any free ports.
pub(crate) fn up(dir: &Path, more: &[&str]) -> (Child, Value) {
    up_with(dir, &[&ANYWHERE, more].concat())
}

pub(crate) fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// What came back.
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// One exchange on a connection of its own. `head` is the request line and whatever headers there are to be, each
/// with its CR LF; Host, Connection and Content-Length are added.
pub(crate) fn ask(url: &str, head: &[u8], body: &[u8]) -> Heard {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let rest = format!("Host: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
    // The server may have answered, and closed, before it has read everything.
    let _ = stream.write_all(&[head, rest.as_bytes(), body].concat());
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an HTTP answer") + 4;
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    Heard { status, body: answer.split_off(end) }
}

/// A running installation, as its ready file describes it.
pub(crate) struct Open {
    pub(crate) gateway: String,
    pub(crate) shop: String,
    token: String,
    buyer: String,
}

impl Open {
    pub(crate) fn of(ready: &Value) -> Open {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Open {
            gateway: text(&ready["gateway"]),
            shop: text(&ready["shop"]),
            token: text(&ready["sandbox_token"]),
            buyer: text(&ready["buyers"][0]["email"]),
        }
    }

    pub(crate) fn sandbox(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let head =
            format!("{method} /sandbox/v1/{path} HTTP/1.1\r\nAuthorization: Bearer {}\r\n", self.token);
        json(ask(
            &self.gateway,
            head.as_bytes(),
            body.map(|body| body.to_string()).unwrap_or_default().as_bytes(),
        ))
    }

    /// Places an order for one bookmark and says its number and where to pay.
    pub(crate) fn place(&self, service: &str) -> (String, String) {
        let wish =
            serde_json::json!({ "service": service, "lines": [{ "good": "bookmark", "quantity": 1 }] });
        let order = json(ask(&self.shop, b"POST /orders HTTP/1.1\r\n", wish.to_string().as_bytes()));
        let text = |key: &str| order[key].as_str().unwrap().to_owned();
        (text("out_trade_no"), text("payment_url"))
    }

    /// Pays from the balance and never returns to the shop.
    pub(crate) fn pay(&self, url: &str) {
        let body = serde_json::json!({ "url": url, "buyer": self.buyer, "method": "balance" });
        let paid = self.sandbox("POST", "checkout", Some(body));
        assert!(paid["trade_no"].is_string(), "{paid}");
    }

    /// What the shop knows of an order.
    pub(crate) fn order(&self, out_trade_no: &str) -> Value {
        json(ask(&self.shop, format!("GET /orders/{out_trade_no}.json HTTP/1.1\r\n").as_bytes(), b""))
    }
}

fn json(heard: Heard) -> Value {
    let text = String::from_utf8_lossy(&heard.body).into_owned();
    assert!(heard.status < 300, "{}: {text}", heard.status);
    serde_json::from_str(&text).unwrap()
}
