//! `danbao keys`, as people use it: beside a running gateway, in a shell.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and write files")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::path::Path;

use danbao_protocol::params::Params;
use danbao_protocol::reply::Reply;
use danbao_protocol::sign::pasted::{Key, examine};
use danbao_protocol::sign::{self, Md5Key, SignType, Signer};
use process::{ask, danbao, ended, run, signal, up};
use serde_json::Value;

const MD5: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

/// Runs a command that must succeed.
fn keys(dir: &Path, args: &[&str]) -> String {
    let (code, out, err) = run(dir, &[&["keys"], args].concat());
    assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
    out
}

fn keys_json(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&keys(dir, &[args, &["--json"]].concat())).unwrap()
}

fn key(pem: &str) -> Key {
    examine(pem.as_bytes()).unwrap().key
}

#[test]
fn what_was_pasted_is_named_and_the_wrong_half_ends_with_1() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("md5.txt"), format!("\u{feff}{MD5} \r\n")).unwrap();
    std::fs::write(dir.path().join("partner.txt"), "2088000000000001\n").unwrap();
    keys(dir.path(), &["generate", "--type", "rsa", "--out", "my.pem"]);

    let said = keys(dir.path(), &["check", "md5.txt"]);
    for part in ["MD5 key, 32 characters", "byte order mark", "blanks", "CR LF", "for          MD5"] {
        assert!(said.contains(part), "{said}");
    }
    let said = keys_json(dir.path(), &["check", "--want", "private", "my.pem"]);
    assert_eq!(said["what"], "RSA private key, 2048 bits");
    assert_eq!(said["form"], "PKCS#8");
    assert_eq!(said["for"], serde_json::json!(["RSA", "RSA2"]));

    let (code, out, _) = run(dir.path(), &["keys", "check", "partner.txt"]);
    assert_eq!(code, 1);
    assert!(out.contains("this is a partner"), "{out}");
    let (code, out, _) = run(dir.path(), &["keys", "check", "--want", "public", "--json", "my.pem"]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["ok"], &said["half"]), (1, &Value::Bool(false), &Value::from("private")));
    assert!(said["advice"].as_str().unwrap().contains("danbao keys public"));
}

#[test]
fn keys_speak_chinese_where_the_terminal_does_or_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("md5.txt"), format!("\u{feff}{MD5} \r\n")).unwrap();
    std::fs::write(dir.path().join("partner.txt"), "2088000000000001\n").unwrap();
    let said = keys(dir.path(), &["check", "md5.txt", "--lang", "zh"]);
    for part in ["MD5 校验码，32 位字符", "用于         MD5", "BOM", "双方都要保密"] {
        assert!(said.contains(part), "{said}");
    }
    let mut command = danbao(dir.path(), &["keys", "check", "partner.txt"]);
    let (code, out, _) = ended(command.env("LC_ALL", "zh_CN.UTF-8").output().unwrap());
    assert!(code == 1 && out.contains("不能用作密钥：这是合作身份者 ID") && out.contains("填反了"), "{out}");
    for (args, complaint) in [
        (&["list"][..], "没有数据库"),
        (
            &["add", "--partner", "2088000000000001", "--type", "RSA", "--generate"],
            "合作者的私钥只归合作者所有",
        ),
        (&["check", "no-such-file"], "无法读取 no-such-file"),
        (&["public", "md5.txt"], "没有公钥"),
    ] {
        let (code, out, err) = run(dir.path(), &[&["keys"], args, &["--lang", "zh"]].concat());
        assert!(code == 1 && out.is_empty() && err.contains(complaint), "{args:?}: {err}");
    }
}

#[test]
fn a_new_pair_belongs_together_and_its_secret_goes_to_its_file_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for kind in ["RSA", "DSA"] {
        let file = format!("{kind}.pem");
        let public = keys(dir.path(), &["generate", "--type", kind, "--out", &file]);
        assert!(public.starts_with("-----BEGIN PUBLIC KEY-----") && !public.contains("PRIVATE"));
        let secret = dir.path().join(&file);
        assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
        let private = key(&std::fs::read_to_string(&secret).unwrap());
        assert_eq!(private.fingerprint(), key(&public).fingerprint());
        assert_eq!(keys(dir.path(), &["public", &file]), public);
        let (code, _, err) = run(dir.path(), &["keys", "generate", "--type", kind, "--out", &file]);
        assert_eq!(code, 1, "a key is never written over");
        assert!(err.contains("cannot write"), "{err}");
    }
    let both = keys(dir.path(), &["generate", "--type", "DSA"]);
    assert!(both.contains("BEGIN PRIVATE KEY") && both.contains("BEGIN PUBLIC KEY"));
    let shared = keys(dir.path(), &["generate", "--type", "MD5"]);
    assert_eq!(key(&shared), Key::Md5(Md5Key::new(shared.trim())));
}

/// What a running gateway answers to a query for its time, signed like this.
fn asked(gateway: &str, partner: &str, signer: &Signer) -> Reply {
    let mut params = Params::new();
    for (name, value) in [("service", "query_timestamp"), ("partner", partner), ("_input_charset", "utf-8")] {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, signer).unwrap();
    let head = format!("GET /gateway.do?{} HTTP/1.1\r\n", params.to_urlencoded());
    Reply::parse(&ask(gateway, head.as_bytes(), b"").body).unwrap()
}

#[test]
fn keys_change_under_a_running_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (child, ready) = up(dir, &[]);
    let gateway = ready["gateway"].as_str().unwrap();
    let partner = ready["partner"]["partner"].as_str().unwrap();
    let old = Signer::Md5(Md5Key::new(ready["partner"]["key"].as_str().unwrap()));

    // A pair of the merchant's own, and one of the gateway's for it.
    let made = keys_json(dir, &["generate", "--type", "RSA2"]);
    let rsa2 = key(made["secret"].as_str().unwrap()).signer(SignType::Rsa2).unwrap();
    assert_eq!(asked(gateway, partner, &rsa2).error.as_deref(), Some("ILLEGAL_SECURITY_PROFILE"));
    std::fs::write(dir.join("public.pem"), made["public"].as_str().unwrap()).unwrap();
    let said = keys(dir, &["add", "--partner", partner, "--type", "RSA2", "public.pem"]);
    assert!(said.contains("danbao keys public --type RSA2"), "{said}");
    let gateways = key(&keys(dir, &["public", "--type", "RSA2"]));
    let answer = asked(gateway, partner, &rsa2);
    assert_eq!(answer.verify(&gateways.verifier(SignType::Rsa2).unwrap()), Ok(()));

    // The shared key is replaced with an hour in which both are good.
    let added =
        keys_json(dir, &["add", "--partner", partner, "--type", "MD5", "--generate", "--overlap", "1h"]);
    let new = key(added["secret"].as_str().unwrap()).signer(SignType::Md5).unwrap();
    for signer in [&old, &new] {
        assert_eq!(asked(gateway, partner, signer).verify(&signer.verifier()), Ok(()));
    }
    keys(dir, &["retire", "--partner", partner, "--type", "MD5", "--key", "1"]);
    assert_eq!(asked(gateway, partner, &old).error.as_deref(), Some("ILLEGAL_SIGN"));
    assert!(asked(gateway, partner, &new).is_success);

    let list = keys_json(dir, &["list"]);
    let rows: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!("{} {} {} {} {}", row["owner"], row["type"], row["key"], row["accepted"], row["signs"])
        })
        .collect();
    let quoted = format!("\"{partner}\"");
    let expected = [
        format!("{quoted} \"MD5\" 2 true true"),
        format!("{quoted} \"MD5\" 1 false false"),
        format!("{quoted} \"RSA2\" 1 true false"),
        "\"gateway\" \"RSA2\" 1 true true".to_owned(),
    ];
    assert_eq!(rows, expected);
    assert!(
        !list.to_string().contains("PRIVATE")
            && !list.to_string().contains(ready["partner"]["key"].as_str().unwrap())
    );

    signal(&child, "-INT");
    child.wait_with_output().unwrap();
}

#[test]
fn refusals_say_what_to_do_instead() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let refused = |args: &[&str]| {
        let (code, _, err) = run(dir, &[&["keys"], args].concat());
        (code, err)
    };
    let (code, err) = refused(&["list"]);
    assert_eq!(code, 1);
    assert!(err.contains("start the gateway once"), "{err}");
    assert!(!dir.join("danbao-data").exists(), "nothing was made");

    let (child, ready) = up(dir, &[]);
    signal(&child, "-INT");
    child.wait_with_output().unwrap();
    let partner = ready["partner"]["partner"].as_str().unwrap();
    keys(dir, &["generate", "--type", "RSA", "--out", "private.pem"]);
    for (args, said) in [
        (&["add", "--partner", partner, "--type", "RSA", "private.pem"][..], "private half"),
        (&["add", "--partner", partner, "--type", "RSA", "--generate"], "danbao keys generate --type RSA"),
        (&["add", "--partner", partner, "--type", "DSA", "private.pem"], "a DSA key is wanted"),
        (&["add", "--partner", "2088999999999999", "--type", "MD5", "--generate"], "there is no partner"),
        (&["add", "--gateway", "--type", "MD5", "--generate"], "shared between the gateway and one partner"),
        (&["retire", "--partner", partner, "--type", "MD5", "--key", "9"], "there is no MD5 key 9"),
        (&["public", "--type", "RSA"], "the gateway has no such RSA pair"),
        (&["check", "no-such-file"], "cannot read no-such-file"),
    ] {
        let (code, err) = refused(args);
        assert_eq!(code, 1, "{args:?}");
        assert!(err.contains(said), "{err}");
    }
    for args in [
        &["add", "--type", "RSA", "private.pem"][..],
        &["add", "--gateway", "--partner", partner, "--type", "RSA", "private.pem"],
        &["add", "--partner", partner, "--type", "RSA"],
        &["generate", "--type", "SHA"],
        &["retire", "--partner", partner, "--type", "MD5", "--key", "1", "--after", "soon"],
        &["check"],
    ] {
        assert_eq!(refused(args).0, 2, "{args:?}");
    }
}
