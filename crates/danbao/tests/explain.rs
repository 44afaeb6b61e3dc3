//! `danbao explain` and `danbao import-log`, as people use them in a shell.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and write files")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::io::Write;
use std::process::Stdio;

use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Md5Key, Signer, rsa};
use process::{danbao, ended, run};
use serde_json::Value;

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

/// A notification's body, signed with this key.
fn body(key: &str) -> String {
    let body =
        "notify_id=1&out_trade_no=O-1&subject=%E6%B5%8B%E8%AF%95&trade_status=TRADE_FINISHED&total_fee=9.00";
    let mut params = Params::parse_urlencoded(body.as_bytes()).unwrap();
    sign::append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
    params.to_urlencoded()
}

fn home() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.txt"), format!("{KEY}\n")).unwrap();
    dir
}

#[test]
fn a_right_signature_ends_with_0_a_wrong_one_with_1_and_misuse_with_2() {
    let dir = home();
    let (right, wrong) = (body(KEY), body(&format!("{KEY} ")));
    for (args, ends) in [
        (&["--key-file", "key.txt", &right][..], 0),
        (&["--key", KEY, &right], 0),
        (&["--key-file", "key.txt", &wrong], 1),
        (&[&right], 1),
        (&["--key-file", "key.txt", "hello"], 2),
        (&["--key-file", "nowhere.txt", &right], 2),
        (&["--public-key", "key.txt", &right], 2),
        (&["--key-file", "key.txt"], 2),
    ] {
        let (code, out, err) = run(dir.path(), &[&["explain"], args].concat());
        assert_eq!(code, ends, "{args:?}\n{out}\n{err}");
        assert_eq!(err.starts_with("danbao: "), ends == 2, "{err}");
        assert!(!out.contains(KEY) && !err.contains(KEY));
    }
}

#[test]
fn the_mistake_is_named_in_either_language_with_its_cure_and_its_source() {
    let dir = home();
    let wrong = body(&format!("{KEY} "));
    for (lang, said) in [
        (
            "en",
            [
                "the key was used with a blank (U+0020)",
                "What to do: Copy the key again",
                "protocol.md 2.1; tutorials",
            ],
        ),
        ("zh", ["校验码带了空格（U+0020）", "怎么办：重新复制校验码", "见 protocol.md 2.1；集成教程"]),
    ] {
        let (_, out, _) = run(dir.path(), &["explain", "--lang", lang, "--key-file", "key.txt", &wrong]);
        for said in said {
            assert!(out.contains(said), "{said}\n{out}");
        }
    }
}

#[test]
fn an_input_comes_from_a_file_or_the_standard_input_and_a_key_from_the_environment() {
    let dir = home();
    std::fs::write(dir.path().join("body.txt"), body(KEY)).unwrap();
    let (code, out, _) =
        run(dir.path(), &["explain", "--json", "--key-file", "key.txt", "--file", "body.txt"]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["right"], &said["kind"]), (0, &true.into(), &"notification".into()));
    assert_eq!(said["parameters"][2]["value"], "测试");

    let mut command = danbao(dir.path(), &["explain", "--json", "-"]);
    let mut child = command.stdin(Stdio::piped()).env("DANBAO_KEY", PARTNER).spawn().unwrap();
    child.stdin.take().unwrap().write_all(body(KEY).as_bytes()).unwrap();
    let (code, out, _) = ended(child.wait_with_output().unwrap());
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["sign"]["verdict"]), (1, &"unexplained".into()));
    assert_eq!(said["sign"]["checks"][0]["code"], "key_form");
}

const PARTNER: &str = "2088000000000001";

#[test]
fn the_digest_of_ones_own_program_is_explained_beside_a_right_message() {
    let dir = home();
    let wrong = body(PARTNER);
    let digest = wrong.split("&sign=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let args =
        ["explain", "--json", "--key-file", "key.txt", "--partner", PARTNER, "--digest", &digest, &body(KEY)];
    let (code, out, _) = run(dir.path(), &args);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["sign"]["verdict"]), (1, &"right".into()));
    assert_eq!(said["mysign"]["mistakes"][0]["code"], "key_is_partner");
}

#[test]
fn a_public_key_verifies_and_a_private_one_is_not_taken() {
    let dir = home();
    let pair = rsa::PrivateKey::generate([3; 32], 1024).unwrap();
    std::fs::write(dir.path().join("my.pem"), pair.to_pem()).unwrap();
    std::fs::write(dir.path().join("my.pub.pem"), pair.public().to_pem()).unwrap();
    let mut params = Params::parse_urlencoded(b"service=close_trade&partner=2088000000000001").unwrap();
    sign::append(&mut params, &Signer::Rsa(pair)).unwrap();
    let signed = params.to_urlencoded();
    for option in ["--public-key", "--key-file"] {
        let (code, out, err) = run(dir.path(), &["explain", option, "my.pub.pem", &signed]);
        assert_eq!(code, 0, "{out}{err}");
    }
    let (code, _, err) = run(dir.path(), &["explain", "--public-key", "my.pem", &signed]);
    assert!(code == 2 && err.contains("private key"), "{err}");
}

#[test]
fn a_log_of_both_kinds_is_explained_line_by_line_and_summed_up() {
    let dir = home();
    let raw = "notify_id=1&out_trade_no=O-1&subject=测试&total_fee=9.00&trade_status=TRADE_FINISHED";
    let sign_of = |body: &str| body.split("&sign=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let (right, blank) = (sign_of(&body(KEY)), sign_of(&body(&format!("{KEY} "))));
    let log = format!(
        "执行日期：20120105130533\nresponseTxt=true\n notify_url_log:sign={right}&mysign={blank},{raw}\n\
         1.2.3.4 - - [06/Jan/2012:13:00:33 +0800] \"GET /r.php?{} HTTP/1.1\" 200 7 \"-\" \"Mozilla/4.0\"\n\
         1.2.3.4 - - [06/Jan/2012:13:01:33 +0800] \"GET /r.php?id=7&{} HTTP/1.1\" 200 7 \"-\" \"Mozilla/4.0\"\n\
         1.2.3.4 - - [06/Jan/2012:13:02:33 +0800] \"POST /notify_url.php HTTP/1.0\" 200 7 \"-\" \"Mozilla/4.0\"\n",
        body(KEY),
        body(KEY)
    );
    std::fs::write(dir.path().join("log.txt"), &log).unwrap();
    let json = |more: &[&str]| -> (i32, Value) {
        let args = [&["import-log", "--json", "--key-file", "key.txt", "log.txt"], more].concat();
        let (code, out, _) = run(dir.path(), &args);
        (code, serde_json::from_str(&out).unwrap())
    };
    let (code, said) = json(&[]);
    assert_eq!(code, 1);
    let summary =
        serde_json::json!({ "right": 1, "mysign:key_blank": 1, "own_parameters": 1, "body_not_logged": 1 });
    assert_eq!(said["summary"], summary);
    let lines: Vec<&Value> = said["messages"].as_array().unwrap().iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, [2, 4, 5, 6]);
    assert_eq!(said["messages"][0]["time"], "2012-01-05 13:05:33");
    let (_, late) = json(&["--since", "2012-01-06", "--only-bad"]);
    assert_eq!(late["messages"].as_array().unwrap().len(), 1);
    assert_eq!(late["summary"]["right"], 1);
    assert_eq!(json(&["--since", "2012-01-07"]).0, 1);

    let (_, out, _) = run(dir.path(), &["import-log", "--lang", "en", "--key-file", "key.txt", "log.txt"]);
    assert!(out.contains("O-1") && out.contains("     1  right\n"), "{out}");
    let (code, _, err) = run(dir.path(), &["explain", "--lang", "en", "--file", "log.txt"]);
    assert!(code == 2 && err.contains("there are 3 messages in it"), "{err}");
}

#[test]
fn a_key_among_the_parameters_is_not_shown() {
    let dir = home();
    let leaking = format!("partner={KEY}&key={KEY}&{}", body(KEY));
    std::fs::write(
        dir.path().join("log.txt"),
        format!("{leaking}\nout_trade_no={KEY}&{}\n", body("another")),
    )
    .unwrap();
    for args in [
        &["explain", "--key-file", "key.txt", &leaking][..],
        &["explain", "--key-file", "key.txt", "--json", &leaking],
        &["import-log", "--key-file", "key.txt", "log.txt"],
        &["import-log", "--key-file", "key.txt", "--json", "log.txt"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        let digits: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(code == 1 && out.contains("***"), "{out} {err}");
        assert!(!out.contains(KEY) && !out.contains(&digits) && !err.contains(KEY), "{out}");
    }
}

#[test]
fn what_a_message_says_cannot_move_the_cursor() {
    let dir = home();
    let hostile = format!("{}&subject=%1B%5B2J%C2%9B31m%E2%80%AE%00%0Ax&%1B%5D0;t=1", body(KEY));
    std::fs::write(dir.path().join("log.txt"), &hostile).unwrap();
    for args in [
        &["explain", "--key-file", "key.txt", &hostile][..],
        &["explain", "--key-file", "key.txt", "--json", &hostile],
        &["import-log", "--key-file", "key.txt", "log.txt"],
        &["import-log", "--key-file", "key.txt", "--json", "log.txt"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!(code, 1, "{err}");
        let obeyed = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202A}'..='\u{202E}');
        assert!(!out.contains(obeyed), "{out:?}");
    }
}

#[test]
fn a_program_s_own_log_of_parameters_is_read() {
    let dir = home();
    let params = Params::parse_urlencoded(body(KEY).as_bytes()).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let pairs: serde_json::Map<String, Value> =
        params.iter().map(|(name, value)| (text(name), text(value).into())).collect();
    let line = format!("2012-01-05 13:05:33 INFO received {}\n", Value::Object(pairs));
    std::fs::write(dir.path().join("app.log"), format!("{line}2012-01-05 13:05:34 INFO done\n{line}"))
        .unwrap();
    let (code, out, _) = run(dir.path(), &["import-log", "--key-file", "key.txt", "--json", "app.log"]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["summary"]), (0, &serde_json::json!({ "right": 2 })), "{out}");
    assert_eq!((&said["messages"][1]["line"], &said["messages"][1]["form"]), (&3.into(), &"dump".into()));
    let (code, out, _) = run(dir.path(), &["explain", "--key-file", "key.txt", "--lang", "zh", &line]);
    assert!(code == 0 && out.contains("程序打印出来的参数"), "{out}");
}

#[test]
fn one_message_that_cannot_be_sent_again_does_not_hide_what_became_of_the_others() {
    let dir = home();
    let shop = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/return", shop.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in shop.incoming() {
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    let (short, long) =
        ("is_success=T&out_trade_no=1&sign=a", format!("is_success=T&body={}&sign=a", "\"".repeat(30_000)));
    std::fs::write(dir.path().join("log.txt"), format!("{short}\n{long}\n{short}\n")).unwrap();
    let (code, out, err) = run(dir.path(), &["import-log", "--replay", &target, "--lang", "en", "log.txt"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        out.contains("too long for an address; not sent") && out.contains("2 sent, 2 answered"),
        "{out}{err}"
    );
}

#[test]
fn an_unknown_error_code_is_misuse_in_either_language() {
    let dir = home();
    for (lang, said) in [("zh", "接口没有 NOPE\\u{1b} 这个错误代码"), ("en", "no code NOPE\\u{1b}")]
    {
        let (code, out, err) = run(dir.path(), &["explain-code", "--lang", lang, "NOPE\u{1B}"]);
        assert!(code == 2 && out.is_empty() && err.contains(said), "{err}");
    }
}
