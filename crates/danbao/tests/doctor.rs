//! `danbao doctor` against the model shop, and against small shops that each have one fault.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and threads and write files")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;
#[path = "doctor/self_signed.rs"]
mod self_signed;
#[path = "doctor/small_shop.rs"]
mod small_shop;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;

use process::{Open, danbao, ended, run, signal, up};
use serde_json::Value;
use small_shop::{Asked, KEY, PARTNER, Shop, answer, right};

/// Runs the doctor with JSON and says how it ended and what it said.
fn doctor(dir: &Path, args: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(dir, &[&["doctor", "--json", "--lang", "en"], args].concat());
    assert_eq!(err, "", "{out}");
    (code, serde_json::from_str(&out).unwrap())
}

/// What was found, without the two notes that every shop on a free port of this machine earns.
fn found(said: &Value) -> Vec<&str> {
    let checks = said["checks"].as_array().unwrap().iter();
    let ids = checks.filter(|check| check["verdict"] == "found").map(|check| check["id"].as_str().unwrap());
    ids.filter(|id| !matches!(*id, "2D-odd-port" | "3B-not-public")).collect()
}

fn finding<'a>(said: &'a Value, id: &str) -> &'a Value {
    said["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn the_model_shop_is_well_and_none_of_its_orders_is_moved() {
    let dir = tempfile::tempdir().unwrap();
    let stand_in = format!("127.0.0.1:{}", free_port());
    // The shop asks where its gateway says that it is, and that is where the doctor will stand in for it.
    std::fs::write(
        dir.path().join("danbao.toml"),
        format!("[gateway]\npublic_url = \"http://{stand_in}\"\n"),
    )
    .unwrap();
    let (mut child, mut ready) = up(dir.path(), &[]);
    let shop = ready["shop"].as_str().unwrap().to_owned();
    std::fs::write(dir.path().join("key.txt"), ready["partner"]["key"].as_str().unwrap()).unwrap();
    let partner = ready["partner"]["partner"].as_str().unwrap().to_owned();
    let seller = ready["partner"]["seller_email"].as_str().unwrap().to_owned();
    let (notify, back) = (format!("{shop}/pay/notify"), format!("{shop}/pay/return"));
    let args = [
        "--partner",
        &partner,
        "--key-file",
        "key.txt",
        "--charset",
        "utf-8",
        "--seller-email",
        &seller,
        "--notify-url",
        &notify,
        "--return-url",
        &back,
        "--gateway",
        &stand_in,
    ];

    let (code, said) = doctor(dir.path(), &args);
    assert_eq!((code, found(&said)), (0, vec!["1F-order-refused"]), "{said:#}");
    assert!(said["out_trade_no"].as_str().unwrap().starts_with("DANBAO-DOCTOR-"));
    assert_eq!(said["stand_in_asked"].as_array().unwrap().len(), 5);

    ready["gateway"] = shop.clone().into();
    let open = Open::of(&ready);
    let (order, _) = open.place("create_partner_trade_by_buyer");
    let (code, said) = doctor(dir.path(), &[&args[..], &["--order", &order]].concat());
    assert_eq!((code, found(&said)), (0, vec![]), "{said:#}");
    assert_eq!(said["out_trade_no"], order.as_str());
    let order = open.order(&order);
    assert_eq!((&order["delivered"], &order["paid_total"]), (&false.into(), &Value::Null), "{order}");
    assert_eq!(order["status"], "WAIT_BUYER_PAY");
    signal(&child, "-TERM");
    child.wait().unwrap();
}

#[test]
fn the_sidecar_is_well() {
    let dir = home();
    let stand_in = format!("127.0.0.1:{}", free_port());
    let settings = format!(
        "api_token = 'a-token-of-the-shop-itself'\nreturn_page = 'http://127.0.0.1:1/thanks'\n\
         result_secret = 'a-secret-of-the-results'\n[account.main]\ngateway_url = 'http://{stand_in}/gateway.do'\n\
         partner = '{PARTNER}'\nseller_email = 'seller@example.com'\nseller_id = '{PARTNER}'\nkey_file = 'key.txt'\n"
    );
    std::fs::write(dir.path().join("merchant.toml"), settings).unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let arguments = ["merchant", "--listen", &listen, "--ready-file", "merchant.json"];
    let mut child = danbao(dir.path(), &arguments).spawn().unwrap();
    let started = std::time::Instant::now();
    while !dir.path().join("merchant.json").exists() {
        assert!(child.try_wait().unwrap().is_none() && started.elapsed().as_secs() < 30);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (notify, back) = (format!("http://{listen}/pay/notify"), format!("http://{listen}/pay/return"));
    let args = ["--partner", PARTNER, "--key-file", "key.txt", "--charset", "utf-8", "--notify-url", &notify];
    let (code, said) =
        doctor(dir.path(), &[&args[..], &["--return-url", &back, "--gateway", &stand_in]].concat());
    // Buyers are sent on to the shop's own page, as they should be; the result that goes with them is nobody else's.
    assert_eq!((code, found(&said)), (0, vec!["1B-return-redirect", "1F-order-refused"]), "{said:#}");
    assert_eq!(finding(&said, "1B-return-redirect")["about"][0], "303 http://127.0.0.1:1/thanks?...");
    signal(&child, "-TERM");
    child.wait().unwrap();
}

/// What is wrong with a shop, how it answers, and what is found.
type Row = (&'static str, fn(&Asked) -> Option<Vec<u8>>, &'static [&'static str]);

const FAULTS: &[Row] = &[
    ("nothing", |asked| Some(answer("200 OK", &[], right(asked))), &[]),
    (
        "a byte order mark before success",
        |asked| Some(answer("200 OK", &[], &format!("\u{FEFF}{}", right(asked)))),
        &["1F-bom"],
    ),
    (
        "HTML around it",
        |asked| Some(answer("200 OK", &[], &format!("<html><body>{}</body></html>", right(asked)))),
        &["1F-html"],
    ),
    ("a line end", |asked| Some(answer("200 OK", &[], &format!("{}\r\n", right(asked)))), &["1F-blanks"]),
    (
        "a redirect",
        |asked| {
            let is_ours = asked.is_notify();
            Some(if is_ours { answer("302 Found", &["Location: /login"], "") } else { right_page(asked) })
        },
        &["1G-redirect"],
    ),
    ("a cookie", |asked| Some(answer("200 OK", &["Set-Cookie: lang=zh"], right(asked))), &["1G-cookie"]),
    (
        "a session",
        |asked| Some(answer("200 OK", &["Set-Cookie: PHPSESSID=1; path=/"], right(asked))),
        &["1G-session"],
    ),
    (
        "a page in another charset",
        |asked| {
            let header = if asked.is_notify() { "X-A: b" } else { "Content-Type: text/html; charset=gb2312" };
            Some(answer("200 OK", &[header], right(asked)))
        },
        &["1D-page-charset"],
    ),
    (
        "Chinese spoilt",
        |asked| {
            let is_spoilt = asked.body.contains("%E6");
            Some(answer("200 OK", &[], if is_spoilt { "fail" } else { right(asked) }))
        },
        &["1D-chinese"],
    ),
    ("silence", |_| None, &["1B-notify-silent", "1B-return-silent", "2D-half-dead"]),
    (
        "success for everything",
        |asked| Some(answer("200 OK", &[], if asked.is_notify() { "success" } else { right(asked) })),
        &["1B-empty-success", "3A-forged-believed"],
    ),
    (
        "a program's own complaint",
        |asked| {
            let said = if asked.is_notify() { right(asked) } else { "<b>Fatal error</b>: no such function" };
            Some(answer("200 OK", &[], said))
        },
        &["1B-error-page"],
    ),
    (
        "the gateway's name turned away",
        |asked| {
            let is_gateway = asked.head.contains("Mozilla/4.0") && asked.body.is_empty();
            Some(if is_gateway { answer("403 Forbidden", &[], "") } else { right_page(asked) })
        },
        &["2C-gateway-agent"],
    ),
    (
        "a clock of another year",
        |asked| Some(answer("200 OK", &["Date: Thu, 05 Jan 2012 05:05:33 GMT"], right(asked))),
        &["1E-clock"],
    ),
];

/// How servers speak, well and badly; what is found is about the shop and not about their manner.
const MANNERS: &[Row] = &[
    (
        "HTTP/1.0, and its end for a length",
        |asked| Some(format!("HTTP/1.0 200 OK\r\n\r\n{}", right(asked)).into_bytes()),
        &[],
    ),
    (
        "closed after each answer without a word",
        |asked| {
            let body = right(asked);
            Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
        },
        &[],
    ),
    (
        "in chunks",
        |asked| {
            let (head, tail) = right(asked).split_at(3);
            let chunks = format!("3\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n", tail.len());
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
            Some(format!("{head}{chunks}").into_bytes())
        },
        &[],
    ),
    (
        "100 before it",
        |asked| Some([&b"HTTP/1.1 100 Continue\r\n\r\n"[..], &answer("200 OK", &[], right(asked))].concat()),
        &[],
    ),
    (
        "a length that is never reached",
        |asked| Some(format!("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", right(asked)).into_bytes()),
        &["1B-notify-silent", "1B-return-silent"],
    ),
    (
        "a length that is too short for success",
        |asked| {
            let body = right(asked);
            let length = if body == "success" { 4 } else { body.len() };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            Some(format!("{head}{body}").into_bytes())
        },
        &["1F-neither"],
    ),
    (
        "a program that dies of a message",
        |asked| Some(if asked.body.is_empty() { right_page(asked) } else { Vec::new() }),
        &["1B-broken-off"],
    ),
    (
        "an error for every message",
        |asked| {
            let status = if asked.body.is_empty() { "200 OK" } else { "500 Internal Server Error" };
            Some(answer(status, &[], right(asked)))
        },
        &["1B-signed-status"],
    ),
    (
        "packed",
        |asked| {
            let packed = "\u{1F}\u{8}...";
            Some(if asked.is_notify() {
                answer("200 OK", &["Content-Encoding: gzip"], packed)
            } else {
                right_page(asked)
            })
        },
        &["1F-compressed"],
    ),
    (
        "an address that leads to itself for ever",
        |asked| {
            let to =
                if asked.is_notify() { "Location: /notify_url.php" } else { "Location: /return_url.php" };
            Some(answer("302 Found", &[to], ""))
        },
        &["1B-return-redirect", "1G-redirect"],
    ),
    (
        "a return page that fails as soon as there is something to read",
        |asked| {
            let is_return = asked.head.contains("/return_url.php?");
            let error = || answer("500 Internal Server Error", &[], "oops");
            Some(if is_return { error() } else { right_page(asked) })
        },
        &["1B-status"],
    ),
];

fn right_page(asked: &Asked) -> Vec<u8> {
    answer("200 OK", &[], right(asked))
}

fn home() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("key.txt"), format!("{KEY}\n")).unwrap();
    dir
}

#[test]
fn each_fault_of_a_page_is_found_and_nothing_else_is() {
    let dir = home();
    for (name, respond, expected) in FAULTS.iter().chain(MANNERS) {
        let shop = Shop::open(*respond);
        let (notify, back) = (shop.url("/notify_url.php"), shop.url("/return_url.php"));
        let args = [
            "--partner",
            PARTNER,
            "--key-file",
            "key.txt",
            "--charset",
            "utf-8",
            "--notify-url",
            &notify,
            "--return-url",
            &back,
            "--timeout",
            if *name == "silence" { "1" } else { "30" },
        ];
        let (code, said) = doctor(dir.path(), &args);
        assert_eq!(&found(&said), expected, "{name}: {said:#}");
        let severities: Vec<&Value> = expected.iter().map(|id| &finding(&said, id)["severity"]).collect();
        let worst = if severities.iter().any(|severity| *severity == "error") { 1 } else { 3 };
        assert_eq!(code, if expected.is_empty() { 0 } else { worst }, "{name}");
    }
}

#[test]
fn a_page_without_end_is_read_for_a_while_and_a_slow_one_ends_with_its_time() {
    let dir = home();
    for (pause_ms, expected) in [(0, "1B-empty-not-fail"), (200, "1B-notify-silent")] {
        let endless = TcpListener::bind("127.0.0.1:0").unwrap();
        let notify = format!("http://{}/", endless.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in endless.incoming() {
                std::thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let mut page = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                    while page.is_ok() {
                        std::thread::sleep(std::time::Duration::from_millis(pause_ms));
                        page = stream.write_all(&[b'a'; 1000]);
                    }
                });
            }
        });
        let (code, said) = doctor(dir.path(), &["--notify-url", &notify, "--timeout", "2"]);
        assert_eq!(code, 1);
        assert!(found(&said).contains(&expected), "{said:#}");
    }
}

#[test]
fn what_a_shop_says_cannot_move_the_cursor_and_its_swapped_key_is_not_shown() {
    let dir = home();
    let shop = Shop::open(|asked| {
        let headers = ["Set-Cookie: \u{1B}[2Jx=1", "Location: /\u{9B}31m"];
        Some(answer(
            if asked.body.is_empty() { "200 OK" } else { "302 Found" },
            &headers,
            "\u{1B}]0;title\u{7}",
        ))
    });
    let notify = shop.url("/notify_url.php");
    let args =
        ["doctor", "--partner", KEY, "--key-file", "key.txt", "--notify-url", &notify, "--charset", "utf-8"];
    for more in [&["--lang", "en"][..], &["--lang", "zh"], &["--json"]] {
        let (code, out, err) = run(dir.path(), &[&args[..], more].concat());
        assert_eq!(code, 1, "{err}");
        let is_control = |character: char| character.is_control() && character != '\n';
        assert!(!out.contains(is_control) && !out.contains(KEY), "{out:?}");
    }
}

#[test]
fn what_stands_around_the_word_is_shown_as_bytes() {
    let dir = home();
    let shop = Shop::open(|asked| Some(answer("200 OK", &[], &format!("\u{FEFF}{}\r\n", right(asked)))));
    let notify = shop.url("/notify_url.php");
    let args = ["doctor", "--key-file", "key.txt", "--charset", "utf-8", "--notify-url", &notify];
    let (code, out, _) = run(dir.path(), &[&args[..], &["--lang", "en"]].concat());
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("ERROR 1F-bom\n"), "{out}");
    assert!(out.contains("0000  ef bb bf 73 75 63 63 65 73 73 0d 0a              ...success..\n"), "{out}");
    assert!(!out.contains(KEY));
    let (_, out, _) = run(dir.path(), &[&args[..], &["--lang", "zh"]].concat());
    assert!(out.contains("错误 1F-bom\n") && out.contains("怎么办：notify_url 文件"), "{out}");
}

#[test]
fn a_shop_that_asks_nobody_is_found_by_the_stand_in() {
    let dir = home();
    let shop = Shop::open(|asked| Some(right_page(asked)));
    let notify = shop.url("/notify_url.php");
    let args =
        ["--partner", PARTNER, "--key-file", "key.txt", "--notify-url", &notify, "--gateway", "127.0.0.1:0"];
    let (code, said) = doctor(dir.path(), &args);
    assert_eq!((code, found(&said)), (1, vec!["3A-never-asked"]), "{said:#}");
    let shop = Shop::open(|_| Some(answer("200 OK", &[], "fail")));
    let notify = shop.url("/notify_url.php");
    let args = ["--partner", PARTNER, "--key-file", "key.txt", "--notify-url", &notify];
    let (code, said) = doctor(dir.path(), &args);
    assert_eq!((code, found(&said)), (3, vec!["3A-cannot-tell"]), "{said:#}");
    let (code, said) = doctor(dir.path(), &[&args[..], &["--gateway", "127.0.0.1:0"]].concat());
    assert_eq!((code, found(&said)), (1, vec!["3A-asked-nobody"]), "{said:#}");
}

#[test]
fn settings_in_a_samples_file_are_looked_at_byte_for_byte() {
    let dir = home();
    let shop = Shop::open(|asked| Some(right_page(asked)));
    let file = format!(
        "\u{FEFF}<?php\n$partner = '{KEY}';\n$key = '{PARTNER}';\n$notify_url = '{}?id=123';\n\
         $return_url = 'return_url.php';\n$_input_charset = 'utf8';\n?>\n",
        shop.url("/notify_url.php")
    );
    std::fs::write(dir.path().join("alipay_config.php"), file).unwrap();
    std::fs::write(dir.path().join("allowed.txt"), "121.0.26.0/23\nthe office\n").unwrap();
    let args = [
        "--config",
        "alipay_config.php",
        "--log",
        "nowhere/log.txt",
        "--allow-list",
        "allowed.txt",
        "--source",
        "127.0.0.1",
        "--server",
        "203.0.113.1",
    ];
    let (code, said) = doctor(dir.path(), &args);
    assert_eq!(code, 1);
    let expected = [
        "1A-swapped",
        "1B-url-form",
        "1C-own-parameters",
        "1D-charset-unknown",
        "1F-config-file",
        "2A-log",
        "2B-allow-list",
        "2B-allow-list-form",
        "2B-old-addresses",
        "2E-address",
    ];
    assert_eq!(found(&said), expected, "{said:#}");
    assert!(!said.to_string().contains(KEY), "the key is shown: {said:#}");
    assert_eq!(said["out_trade_no"], Value::Null, "nothing can be signed with this");
}

#[test]
fn a_closed_port_and_a_port_without_tls_are_told_apart() {
    let dir = home();
    let closed = format!("http://127.0.0.1:{}/notify_url.php", free_port());
    let (code, said) = doctor(dir.path(), &["--notify-url", &closed]);
    assert_eq!((code, found(&said)), (1, vec!["1B-notify-silent", "2D-port"]), "{said:#}");
    let shop = Shop::open(|asked| Some(right_page(asked)));
    let bare = shop.url("/notify_url.php").replace("http:", "https:");
    let (_, said) = doctor(dir.path(), &["--notify-url", &bare, "--timeout", "5"]);
    assert_eq!(found(&said), ["1B-notify-silent", "2D-certificate"], "{said:#}");
    assert_eq!(finding(&said, "2D-certificate")["about"][1], "no_handshake");
}

#[test]
fn a_certificate_of_ones_own_making_is_found() {
    let dir = home();
    let notify = format!("https://{}/notify_url.php", self_signed::open());
    let (code, said) = doctor(dir.path(), &["--notify-url", &notify]);
    assert_eq!((code, found(&said)), (1, vec!["1B-notify-silent", "2D-certificate"]), "{said:#}");
    assert_eq!(finding(&said, "2D-certificate")["about"][1], "unknown_issuer");
}

#[test]
fn misuse_ends_with_2_and_help_shows_examples() {
    let dir = home();
    for args in [
        &["doctor"][..],
        &["doctor", "--key-file", "nowhere.txt"],
        &["doctor", "--partner", PARTNER, "--amount", "-1"],
        &["doctor", "--partner", PARTNER, "--service", "refund"],
        &["doctor", "--partner", PARTNER, "--timeout", "0"],
    ] {
        let (code, out, err) = run(dir.path(), args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?} {err}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, out, err) = run(dir.path(), &["doctor", "--partner", PARTNER, "--gateway", &address]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let (code, out, _) = run(dir.path(), &["doctor", "--help"]);
    assert!(code == 0 && out.contains("Examples:\n  danbao doctor"), "{out}");
    let mut command = danbao(dir.path(), &["doctor", "--json"]);
    let (code, out, _) = ended(command.env("DANBAO_KEY", PARTNER).output().unwrap());
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, found(&said)), (1, vec!["1A-swapped"]));
}
