//! The real binary, started and stopped as people do it.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and wait for them")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::net::TcpListener;

use process::{ANYWHERE, ask, ended, run, signal, up};

#[test]
fn up_says_when_both_answer_and_ends_well_on_either_signal_and_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["-INT", "-TERM"] {
        let (child, ready) = up(dir.path(), &[]);
        for program in ["gateway", "shop"] {
            assert_eq!(ask(ready[program].as_str().unwrap(), b"GET / HTTP/1.1\r\n", b"").status, 200);
        }
        signal(&child, name);
        let (code, out, err) = ended(child.wait_with_output().unwrap());
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        for place in ["gateway", "shop"] {
            assert!(out.contains(ready[place].as_str().unwrap()), "{out}");
        }
        assert!(!dir.path().join("ready.json").exists());
    }
}

#[test]
fn up_speaks_the_language_of_the_terminal_or_the_one_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, title) in [("zh", "已启动"), ("en", "is up")] {
        let (child, _) = up(dir.path(), &["--lang", lang]);
        signal(&child, "-INT");
        assert!(ended(child.wait_with_output().unwrap()).1.contains(title));
    }
}

#[test]
fn a_data_directory_has_one_user_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (child, _) = up(dir.path(), &[]);
    let (code, _, err) = run(dir.path(), &ANYWHERE[..4]);
    assert_eq!(code, 1);
    assert!(err.starts_with("danbao: danbao-data is in use by another danbao"), "{err}");
    signal(&child, "-INT");
    child.wait_with_output().unwrap();
}

#[test]
fn an_address_in_use_is_said_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let (code, _, err) = run(dir.path(), &["--listen", &taken]);
    assert_eq!(code, 1);
    assert!(
        err.starts_with(&format!("danbao: gateway: cannot listen on {taken}: Address already in use")),
        "{err}"
    );
}

#[test]
fn misuse_ends_with_2_and_an_explanation() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("danbao.toml"), "[gateway]\nlistn = 1\n").unwrap();
    for (args, said) in [
        (&["--listen", "nowhere"][..], "invalid socket address"),
        (&["sideways"], "unrecognized subcommand"),
        (&["up"], "in danbao.toml: TOML parse error at line 2"),
        (&["--config", "other.toml"], "cannot read other.toml"),
    ] {
        let (code, _, err) = run(dir.path(), args);
        assert_eq!(code, 2, "{args:?}");
        assert!(err.contains(said), "{err}");
    }
}

#[test]
fn help_shows_examples() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["--help"][..], &["help", "up"], &["up", "-h"]] {
        let (code, out, _) = run(dir.path(), args);
        assert_eq!(code, 0);
        assert!(out.contains("Examples:\n  danbao"), "{out}");
    }
}

#[test]
fn the_demo_ends_with_everybody_in_agreement() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(dir.path(), &["demo", "--json"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["imbalance"], "0.00");
    let flows = report["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 18);
    let batch: Vec<&str> = flows[15..].iter().map(|flow| flow["trade_status"].as_str().unwrap()).collect();
    assert_eq!(batch, ["TRADE_SUCCESS", "TRADE_CLOSED", "TRADE_CLOSED"]);
    assert!(flows[15..].iter().all(|flow| flow["refund_status"] == "REFUND_SUCCESS"));
    assert!(flows.iter().all(|flow| flow["agrees"] == true), "{flows:?}");
    for flow in &flows[..15] {
        let is_refunded = flow["refund_status"] == "REFUND_SUCCESS";
        let end = if is_refunded { "TRADE_CLOSED" } else { "TRADE_FINISHED" };
        assert_eq!(flow["trade_status"], end, "{flow}");
        assert_eq!(flow["name"].as_str().unwrap().starts_with("refund"), is_refunded, "{flow}");
    }
    assert_eq!((&flows[6]["notices"], &flows[6]["attempts"]), (&1.into(), &3.into()));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the demo left something behind");
}

#[test]
fn the_demo_tells_its_story_in_either_language() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, last) in
        [("zh", "全部一致。\n"), ("en", "notifications and shop order agree on every purchase.\n")]
    {
        let (code, out, _) = run(dir.path(), &["demo", "--lang", lang]);
        assert_eq!(code, 0, "{out}");
        assert!(out.ends_with(last), "{out}");
    }
}
