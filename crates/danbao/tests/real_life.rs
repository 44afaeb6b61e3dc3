//! The real binary among rude clients and sudden deaths, on both databases.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and wait for them")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use danbao_store::testing::Database;
use process::{Open, ask, ended, signal, up, up_with};
use serde_json::json;

const DIRECT: &str = "create_direct_pay_by_user";

/// Waits until the shop has every order as finished, applied and delivered; the sandbox's clock is moved for
/// notifications whose first try was lost.
fn all_are_finished(open: &Open, orders: &[String]) {
    let started = Instant::now();
    for out_trade_no in orders {
        loop {
            let order = open.order(out_trade_no);
            if order["status"] == "TRADE_FINISHED" {
                assert_eq!(
                    (&order["delivered"], &order["times_applied"]),
                    (&json!(true), &json!(1)),
                    "{order}"
                );
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(40), "{order}");
            open.sandbox("POST", "clock/advance", Some(json!({ "seconds": 60 })));
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The seller has what was paid, no more and no less.
fn the_books_are_right(open: &Open, orders: usize) {
    let ledger = open.sandbox("GET", "ledger", None);
    assert_eq!(ledger["imbalance"], "0.00");
    // Of one fen the platform's charge is nothing.
    assert_eq!(ledger["accounts"]["user:2088000000000001"], format!("0.{orders:02}"), "{ledger}");
}

#[test]
fn whatever_is_thrown_at_it_the_gateway_answers_and_goes_on_selling() {
    let dir = tempfile::tempdir().unwrap();
    let (child, ready) = up(dir.path(), &[]);
    let open = Open::of(&ready);
    let params: Vec<String> = (0..10_000).map(|n| format!("p{n}={n}")).collect();
    let many = params.join("&").into_bytes();
    let million = vec![b'x'; 1_048_576];
    let post = b"POST /gateway.do HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let multipart = b"POST /gateway.do HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\n";
    let thrown: [(&[u8], &[u8]); 14] = [
        (post, &million),
        (post, &many),
        (post, b"a=%zz&b=%&=&&==&%=%"),
        (post, b"_input_charset=gbk&subject=\xff\xff\x80"),
        (post, b"_input_charset=utf-8&subject=%ff%fe"),
        (post, b"service=create_direct_pay_by_user&_input_charset=gbk&total_fee=-1&partner=2088000000000001"),
        (post, b"service=create_direct_pay_by_user&total_fee=99999999999999999999999999"),
        (multipart, b"--x\r\nContent-Disposition: form-data; name=\"service\"\r\n\r\n"),
        (multipart, &million),
        (b"GET /gateway.do?%00%01%02=%ff&sign=&sign_type=MD5 HTTP/1.1\r\n", b""),
        (b"GET /gateway.do?a=\xb5\xa3 HTTP/1.1\r\n", b""),
        (b"GET /../../etc/passwd HTTP/1.1\r\n", b""),
        (b"DELETE / HTTP/1.1\r\n", b""),
        (b"POST /sandbox/v1/clock/advance HTTP/1.1\r\nAuthorization: Bearer \xff\r\n", b"{\"seconds\": -1}"),
    ];
    let mut slow = TcpStream::connect(open.gateway.strip_prefix("http://").unwrap()).unwrap();
    slow.write_all(b"POST /gateway.do HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na").unwrap();
    for target in [&open.gateway, &open.shop] {
        for (head, body) in &thrown {
            let heard = ask(target, head, body);
            assert!((200..500).contains(&heard.status), "{} {head:?}", heard.status);
        }
        let notify = b"POST /pay/notify HTTP/1.1\r\n";
        for body in [&million[..], &many, b"a=%zz", b"trade_status=TRADE_FINISHED&sign_type=MD5&sign=00"] {
            assert_ne!(ask(&open.shop, notify, body).body, b"success");
        }
    }
    let (order, url) = open.place(DIRECT);
    open.pay(&url);
    all_are_finished(&open, &[order]);
    the_books_are_right(&open, 1);
    drop(slow);
    signal(&child, "-TERM");
    let (code, _, err) = ended(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
}

/// Kills the process again and again, each time somewhere in the middle of payments and notifications.
fn nothing_is_lost_and_nothing_is_done_twice(more: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, ready) = up(dir.path(), more);
    let open = Open::of(&ready);
    let ports = [&open.gateway, &open.shop].map(|url| url.strip_prefix("http://").unwrap());
    let again = ["--listen", ports[0], "--shop-listen", ports[1], "--ready-file", "ready.json"];
    let again = [&again[..], more].concat();
    let mut orders = Vec::new();
    for pause_ms in [0, 1, 3, 7, 15, 40] {
        for _ in 0..3 {
            let (order, url) = open.place(DIRECT);
            open.pay(&url);
            orders.push(order);
        }
        std::thread::sleep(Duration::from_millis(pause_ms));
        child.kill().unwrap();
        child.wait().unwrap();
        child = up_with(dir.path(), &again).0;
    }
    all_are_finished(&open, &orders);
    the_books_are_right(&open, orders.len());
    signal(&child, "-INT");
    assert_eq!(ended(child.wait_with_output().unwrap()).0, 0);
}

#[test]
fn killed_in_the_middle_of_payments_nothing_is_lost_and_nothing_is_done_twice() {
    nothing_is_lost_and_nothing_is_done_twice(&[]);
}

#[test]
fn killed_in_the_middle_of_payments_on_postgresql_nothing_is_lost_and_nothing_is_done_twice() {
    let (Some(gateway), Some(shop)) = (Database::postgres().unwrap(), Database::postgres().unwrap()) else {
        return;
    };
    nothing_is_lost_and_nothing_is_done_twice(&["--database", gateway.url(), "--shop-database", shop.url()]);
}
