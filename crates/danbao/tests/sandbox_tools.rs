//! `danbao listen`, `notify`, `faults` and `import-log --replay`, beside a gateway and a shop that run.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and write files")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;

use process::{Open, danbao, ended, run, signal, up};
use serde_json::{Value, json};

const READY: [&str; 2] = ["--ready-file", "ready.json"];

struct Running {
    dir: tempfile::TempDir,
    child: Option<Child>,
    open: Open,
}

impl Running {
    fn start() -> Running {
        let dir = tempfile::tempdir().unwrap();
        let (child, ready) = up(dir.path(), &[]);
        Running { open: Open::of(&ready), dir, child: Some(child) }
    }

    fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command that must succeed.
    fn ok(&self, args: &[&str]) -> String {
        let (code, out, err) = run(self.dir(), &[args, &READY].concat());
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        out
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// Buys directly; the order's number.
    fn buy(&self) -> String {
        let (order, url) = self.open.place("create_direct_pay_by_user");
        self.open.pay(&url);
        order
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            signal(&child, "-INT");
            let _ = child.wait_with_output();
        }
    }
}

#[test]
fn faults_are_planned_shown_and_ended_and_listen_tells_of_each() {
    let running = Running::start();
    let plan =
        running.json(&["faults", "begin", "--seed", "7", "--for", "1h", "drop:tries=1", "duplicate:times=2"]);
    assert_eq!((&plan["plan_id"], &plan["seed"], &plan["is_running"]), (&json!(1), &json!(7), &json!(true)));
    let order = running.buy();
    running.open.sandbox("POST", "clock/advance", Some(json!({ "seconds": 5 })));
    let heard = running.ok(&["listen", "--json", "--after", "0", "--count", "4"]);
    let heard: Vec<Value> = heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(heard.iter().all(|line| line["out_trade_no"] == order.as_str()));
    assert_eq!((&heard[0]["outcome"], &heard[0]["faults"]), (&json!("timed_out"), &json!(["drop"])));
    let count = |reason: &str| heard.iter().filter(|line| line["reason"] == reason).count();
    assert_eq!((count("schedule"), count("duplicate")), (2, 2));
    assert!(heard[1..].iter().all(|line| line["answer"] == "success"));
    let bad = running.ok(&["listen", "--after", "0", "--count", "1", "--only-bad", "--lang", "en"]);
    assert!(bad.contains("timed_out") && bad.contains("[fault: drop]"), "{bad}");

    let shown = running.ok(&["faults", "show", "1", "--lang", "en"]);
    assert!(shown.contains("drop:tries=1 duplicate:times=2"), "{shown}");
    let ended = running.json(&["faults", "end", "1"]);
    assert_eq!(ended["is_running"], json!(false));
    let record = ended["record"].as_array().unwrap();
    assert_eq!(record.len(), 2);
    assert_eq!(running.json(&["faults", "list"])["plans"].as_array().unwrap().len(), 1);
    assert_eq!(running.open.order(&order)["times_applied"], json!(1), "twice and doubled, and applied once");
}

#[test]
fn notifications_are_listed_shown_and_sent_again() {
    let running = Running::start();
    let order = running.buy();
    running.ok(&["listen", "--after", "0", "--count", "1"]);
    let list = running.json(&["notify", "list", "--state", "acknowledged", "--since", "2012-01-01"]);
    let notice = &list["notices"][0];
    assert_eq!(notice["out_trade_no"], order.as_str());
    let id = notice["notify_id"].as_str().unwrap();
    let empty = running.ok(&["notify", "list", "--state", "given-up", "--lang", "en"]);
    assert_eq!(empty, "There are no such notifications.\n");

    let shown = running.ok(&["notify", "show", id, "--lang", "en"]);
    for part in ["acknowledged", "200 success", "trade_status=TRADE_FINISHED", "sign_type=MD5"] {
        assert!(shown.contains(part), "{shown}");
    }
    let again = running.json(&["notify", "resend", id]);
    assert_eq!(
        (&again["resend"]["outcome"], &again["resend"]["answer"]),
        (&json!("acknowledged"), &json!("success"))
    );
    assert_eq!(running.open.order(&order)["times_applied"], json!(1));
    let (code, _, err) = run(running.dir(), &[&["notify", "show", "nosuch"][..], &READY].concat());
    assert_eq!((code, err.as_str()), (1, "danbao: not_found: there is no such notification\n"));
    let (code, _, _) = run(running.dir(), &[&["notify", "show", "../x"][..], &READY].concat());
    assert_eq!(code, 2);
}

#[test]
fn long_answers_are_read_whole() {
    let running = Running::start();
    running.json(&["faults", "begin", "duplicate:times=20"]);
    for _ in 0..12 {
        running.buy();
    }
    // More than a pipe holds, so it must be read while the process writes.
    let said = |args: &[&str]| {
        let (code, out, err) = ended(danbao(running.dir(), &[args, &READY].concat()).output().unwrap());
        assert_eq!(code, 0, "{err}");
        assert!(out.len() > 64 * 1024, "{} bytes are no long answer", out.len());
        out
    };
    let heard = said(&["listen", "--json", "--after", "0", "--count", "252"]);
    assert_eq!(heard.lines().count(), 252);
    let shown: Value = serde_json::from_str(&said(&["notify", "list", "--limit", "500", "--json"])).unwrap();
    assert_eq!(shown["notices"].as_array().unwrap().len(), 12);
}

#[test]
fn who_listens_behind_the_end_of_a_gateway_that_was_set_up_anew_begins_anew() {
    let running = Running::start();
    let order = running.buy();
    let args = ["listen", "--json", "--after", "1000", "--count", "1", "--lang", "en"];
    let (code, out, err) = run(running.dir(), &[&args[..], &READY].concat());
    assert!(code == 0 && out.contains(&order), "{out}{err}");
    assert!(err.contains("was set up anew"), "{err}");
}

#[test]
fn beside_a_gateway_its_token_is_found_in_its_database() {
    let running = Running::start();
    let gateway = running.open.gateway.clone();
    let (code, out, err) = run(running.dir(), &["faults", "list", "--gateway", &gateway, "--lang", "en"]);
    assert_eq!((code, out.as_str()), (0, "There are no fault plans.\n"), "{err}");
    let (code, _, err) = run(running.dir(), &["faults", "list", "--gateway", &gateway, "--token", "wrong"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("danbao: unauthorized"), "{err}");
    let (code, _, err) = run(running.dir(), &["faults", "begin", "drop:seconds=3", READY[0], READY[1]]);
    assert_eq!((code, err.as_str()), (1, "danbao: plan_malformed: drop has no seconds\n"));
    let (code, _, _) = run(running.dir(), &["faults", "begin", "drop:often=3"]);
    assert_eq!(code, 2);
}

#[test]
fn listen_forwards_a_copy_and_waits_for_a_gateway_that_restarts() {
    let mut running = Running::start();
    let notify = format!("{}/pay/notify", running.open.shop);
    let order = running.buy();
    let forwarded = running.ok(&["listen", "--json", "--after", "0", "--count", "1", "--forward", &notify]);
    let line: Value = serde_json::from_str(&forwarded).unwrap();
    assert_eq!((&line["answer"], &line["forwarded"]["answer"]), (&json!("success"), &json!("success")));
    assert_eq!(running.open.order(&order)["times_applied"], json!(1));

    let ports = [&running.open.gateway, &running.open.shop]
        .map(|url| url.strip_prefix("http://").unwrap().to_owned());
    let args =
        ["listen", "--after", "1", "--count", "1", "--json", "--gateway", &running.open.gateway.clone()];
    let mut listening = danbao(running.dir(), &args).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(listening.stderr.take().unwrap()).read_line(&mut first).unwrap();
    let mut child = running.child.take().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let again = ["--listen", &ports[0], "--shop-listen", &ports[1], "--ready-file", "ready.json"];
    let (child, ready) = process::up_with(running.dir(), &again);
    running.child = Some(child);
    running.open = Open::of(&ready);
    let order = running.buy();
    let (code, out, _) = ended(listening.wait_with_output().unwrap());
    assert_eq!(code, 0);
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(line["out_trade_no"], order.as_str());
}

#[test]
fn the_messages_of_a_log_are_sent_again_in_order() {
    let running = Running::start();
    let order = running.buy();
    running.ok(&["listen", "--after", "0", "--count", "1"]);
    let list = running.json(&["notify", "list"]);
    let id = list["notices"][0]["notify_id"].as_str().unwrap();
    let body = running.json(&["notify", "show", id])["body"].as_str().unwrap().to_owned();
    let forged = body.replace("TRADE_FINISHED", "TRADE_CLOSED");
    let log = format!(
        "2012-02-29 12:00:00 {body}\n\
         1.2.3.4 - - [29/Feb/2012:12:00:01 +0800] \"POST /pay/notify HTTP/1.1\" 200 7\n\
         2012-02-29 12:00:02 {forged}\n"
    );
    std::fs::write(running.dir().join("log.txt"), log).unwrap();
    let target = format!("{}/pay/notify", running.open.shop);
    let args = ["import-log", "--json", "--replay", &target, "log.txt"];
    let (code, out, err) = run(running.dir(), &args);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&said["sent"], &said["bodies_not_logged"]), (&json!(2), &json!(1)));
    let answers: Vec<&str> =
        said["messages"].as_array().unwrap().iter().map(|one| one["answer"].as_str().unwrap()).collect();
    assert_eq!(answers[0], "success");
    assert_ne!(answers[1], "success", "a forged one is not believed, replayed or not");
    assert_eq!(running.open.order(&order)["times_applied"], json!(1));

    let none = ["import-log", "--lang", "en", "--replay", &target, "--kind", "request", "log.txt"];
    let (code, out, _) = run(running.dir(), &none);
    assert_eq!(code, 1);
    assert!(out.contains("nothing in it to be replayed"), "{out}");
}

#[test]
fn nobody_elsewhere_is_replayed_to_by_accident() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("log.txt"), "service=x&partner=1&sign=2\n").unwrap();
    let target = ["import-log", "--lang", "en", "--replay", "http://shop.example/notify", "log.txt"];
    let (code, out, err) = run(dir.path(), &target);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("shop.example is not on this machine"), "{err}");
    let (code, _, err) = run(dir.path(), &["import-log", "--replay", "/notify", "log.txt"]);
    assert_eq!(code, 2);
    assert!(err.contains("http://127.0.0.1"), "{err}");
}

#[test]
fn each_of_these_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["listen"][..],
        &["notify"],
        &["notify", "list"],
        &["notify", "show"],
        &["notify", "resend"],
        &["faults"],
        &["faults", "begin"],
        &["faults", "show"],
        &["import-log"],
    ] {
        let (code, out, _) = run(dir.path(), &[args, &["--help"]].concat());
        assert_eq!(code, 0);
        assert!(out.contains("Examples:\n  danbao"), "{out}");
    }
}
