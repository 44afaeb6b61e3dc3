//! Whatever is sent, the gateway answers what it should and goes on serving everybody else.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use crate::installation::{Danbao, Home};
use crate::merchant::{DIRECT, ESCROW, Merchant};
use crate::receiver::Receiver;
use crate::wire::{self, RawAnswer};

const FORM: &str = "application/x-www-form-urlencoded";
const BODY_MAX: usize = 2 * 1024 * 1024;

/// A gateway, a merchant, and a purchase after each rudeness.
struct Stage {
    danbao: Danbao,
    merchant: Merchant,
    receiver: Receiver,
    purchases: u32,
    /// Outlives the process.
    home: Home,
}

impl Stage {
    fn new() -> Stage {
        let home = Home::new();
        let receiver = Receiver::agreeable();
        let danbao = home.start();
        let merchant = danbao.merchant().hearing_at(&receiver.notify_url(), &receiver.return_url());
        Stage { danbao, merchant, receiver, purchases: 0, home }
    }

    fn send(&self, bytes: &[u8]) -> RawAnswer {
        wire::exchange(&self.danbao.ready.gateway, bytes)
    }

    /// Somebody else buys something, and it takes no time to speak of.
    fn still_sells(&mut self, after: &str) {
        self.purchases += 1;
        let out_trade_no = format!("CALM{}", self.purchases);
        let since = Instant::now();
        let url = self.merchant.payment_url(DIRECT, &out_trade_no, "0.01");
        let buyer = &self.danbao.ready.buyers[0].email;
        let bought = self.danbao.sandbox().checkout(&url, buyer, None, "balance");
        let bought = bought.unwrap_or_else(|error| panic!("after {after}: {error}\n{}", self.home.log()));
        assert!(bought["trade_no"].is_string(), "after {after}: {bought}");
        self.receiver.await_heard(&out_trade_no, 1);
        assert!(since.elapsed() < Duration::from_secs(15), "after {after}: {:?}", since.elapsed());
    }

    /// The code on the debug-error page.
    fn refused_with(&mut self, what: &str, code: &str, bytes: &[u8]) {
        let answer = self.send(bytes);
        assert_eq!((answer.status(), answer.shown_code().as_str()), (200, code), "{what}: {answer:?}");
        self.still_sells(what);
    }

    fn payment_query(&self, out_trade_no: &str, more: &[(&str, &str)]) -> String {
        self.merchant.payment(ESCROW, out_trade_no, "1.00", more).to_urlencoded()
    }

    fn is_sent_to_the_cashier(&mut self, what: &str, answer: &RawAnswer) {
        assert_eq!(answer.status(), 303, "{what}: {answer:?}");
        let target = answer.header("location").unwrap();
        assert!(target.contains("/cashier/"), "{what}: {answer:?}");
        self.still_sells(what);
    }
}

#[test]
fn large_bodies_are_read_or_refused() {
    let mut stage = Stage::new();
    let query = stage.payment_query("BIG1", &[]);
    let megabyte = format!("{query}&junk={}", "x".repeat(1 << 20));
    // It is read to its end and no signature covers it.
    stage.refused_with("1 MB", "ILLEGAL_SIGN", &wire::post("/gateway.do", FORM, megabyte.as_bytes()));

    let too_large = vec![b'x'; BODY_MAX + 1];
    let answer = stage.send(&wire::post("/gateway.do", FORM, &too_large));
    assert_eq!(answer.status(), 413, "{answer:?}");
    stage.still_sells("a body over the limit");

    let unannounced = "POST /gateway.do HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut bytes = unannounced.as_bytes().to_vec();
    for _ in 0..BODY_MAX / 65_536 + 1 {
        bytes.extend_from_slice(b"10000\r\n");
        bytes.extend_from_slice(&[b'x'; 65_536]);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    let answer = stage.send(&bytes);
    assert_eq!(answer.status(), 413, "{answer:?}");
    stage.still_sells("an endless body in chunks");

    let long = wire::get(&format!("/gateway.do?{query}&junk={}", "x".repeat(70_000)));
    let answer = stage.send(&long);
    assert!((400..500).contains(&answer.status()), "{answer:?}");
    stage.still_sells("an endless address");

    let answer = stage.send(&wire::get(&format!("/gateway.do?{query}&a\0b=\u{7f}")));
    assert!((400..500).contains(&answer.status()), "{answer:?}");
    stage.still_sells("control characters in the address");
}

#[test]
fn bytes_that_are_no_text_get_the_code_for_it() {
    let mut stage = Stage::new();
    let partner = stage.merchant.partner_id().to_owned();
    let request = |rest: &str| {
        wire::get(&format!("/gateway.do?service={ESCROW}&partner={partner}&_input_charset=gbk&{rest}"))
    };
    stage.refused_with("%GG", "ILLEGAL_ARGUMENT", &request("subject=%GG"));
    stage.refused_with("a lone %", "ILLEGAL_ARGUMENT", &request("subject=100%"));
    stage.refused_with("a bad signature", "ILLEGAL_SIGN", &request("subject=x&sign=0&sign_type=MD5"));

    // 0xFF is no lead byte of GBK; the signature over it is right all the same.
    let mut form = stage.merchant.payment(ESCROW, "GBK1", "1.00", &[]);
    form.set("_input_charset", b"gbk");
    form.set("subject", b"\xFF\xFF\x81");
    let path = format!("/gateway.do?{}", form.sign(stage.merchant.key()).to_urlencoded());
    stage.refused_with("invalid GBK", "ILLEGAL_CHARSET", &wire::get(&path));

    let mut many = stage.payment_query("MANY1", &[]);
    for number in 0..10_000 {
        many.push_str(&format!("&p{number}={number}"));
    }
    stage.refused_with(
        "10,000 parameters",
        "ILLEGAL_ARGUMENT",
        &wire::post("/gateway.do", FORM, many.as_bytes()),
    );
}

#[test]
fn amounts_that_are_none_are_refused() {
    let mut stage = Stage::new();
    let cases = [
        ("-1.00", "ILLEGAL_FEE_PARAM"),
        ("0.00", "TOTAL_FEE_LESSEQUAL_ZERO"),
        ("0.001", "ILLEGAL_FEE_PARAM"),
        ("1e9", "ILLEGAL_FEE_PARAM"),
        ("NaN", "ILLEGAL_FEE_PARAM"),
        ("１.00", "ILLEGAL_FEE_PARAM"),
        ("100000000.01", "ILLEGAL_FEE_PARAM"),
        ("99999999999999999999999999.00", "ILLEGAL_FEE_PARAM"),
        ("-92233720368547758.08", "ILLEGAL_FEE_PARAM"),
    ];
    for (number, (amount, code)) in cases.into_iter().enumerate() {
        let query = stage.merchant.payment(DIRECT, &format!("FEE{number}"), amount, &[]);
        stage.refused_with(amount, code, &wire::get(&format!("/gateway.do?{}", query.to_urlencoded())));
    }
    let large = stage.payment_query("LARGE1", &[("price", "600000.00"), ("quantity", "2")]);
    let large = wire::get(&format!("/gateway.do?{large}"));
    stage.refused_with("more than may be held", "TOTAL_FEE_GREATER_THAN_MAX", &large);
    for (number, quantity) in ["-1", "0", "99999999999999999999"].into_iter().enumerate() {
        let query = stage.payment_query(&format!("QTY{number}"), &[("quantity", quantity)]);
        stage.refused_with(quantity, "ILLEGAL_ARGUMENT", &wire::get(&format!("/gateway.do?{query}")));
    }
    assert_eq!(stage.danbao.sandbox().get("/ledger")["imbalance"], "0.00");
}

#[test]
fn slow_and_broken_connections_hold_nobody_up() {
    let mut stage = Stage::new();
    let gateway = stage.danbao.ready.gateway.clone();
    let query = stage.payment_query("SLOW1", &[]);
    let bytes = wire::post("/gateway.do", FORM, query.as_bytes());
    let slow = {
        let (gateway, bytes) = (gateway.clone(), bytes.clone());
        thread::spawn(move || {
            let mut stream = wire::connect(&gateway);
            for byte in bytes {
                stream.write_all(&[byte]).unwrap();
                thread::sleep(Duration::from_millis(4));
            }
            wire::read_answer(&mut stream)
        })
    };
    stage.still_sells("somebody began to send a byte at a time");
    let answer = slow.join().unwrap();
    stage.is_sent_to_the_cashier("a byte at a time", &answer);

    // Who has said everything and closes that half is still answered.
    let answer = wire::exchange_half_closed(&gateway, &bytes);
    stage.is_sent_to_the_cashier("a half-closed connection", &answer);
    stage.still_sells("a half-closed connection");
    let answer = wire::exchange_half_closed(&gateway, &bytes[..bytes.len() - 9]);
    assert!(matches!(answer.status(), 0 | 400..500), "{answer:?}");
    stage.still_sells("half a body and the end");

    // Five who say nothing, or half a head, or half a body, and stay.
    let pieces =
        [&b""[..], b"G", b"POST /gateway.do HTTP/1.1\r\nHost: x\r\n", &bytes[..bytes.len() - 9], b"\r\n"];
    let idle: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let mut stream = wire::connect(&gateway);
            stream.write_all(piece).unwrap();
            stream
        })
        .collect();
    stage.still_sells("five silent connections");
    drop(idle);
    for _ in 0..50 {
        let mut stream = wire::connect(&gateway);
        stream.write_all(&bytes).unwrap();
        // Gone before the answer.
        drop(stream);
    }
    stage.still_sells("fifty who did not wait for their answer");
}

#[test]
fn old_and_odd_ways_to_send_a_payment_all_arrive() {
    let mut stage = Stage::new();
    let query = stage.payment_query("OLD1", &[]);
    let path = format!("/gateway.do?{query}");

    let mut with_line_ends = wire::post("/gateway.do", FORM, query.as_bytes());
    with_line_ends.extend_from_slice(b"\r\n\r\n");
    let answer = stage.send(&with_line_ends);
    stage.is_sent_to_the_cashier("two line ends after the body", &answer);
    let counted = format!("{query}\r\n\r\n");
    let answer = stage.send(&wire::post("/gateway.do", FORM, counted.as_bytes()));
    stage.is_sent_to_the_cashier("two line ends that were counted in", &answer);
    let answer = stage.send(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes());
    stage.is_sent_to_the_cashier("HTTP/1.0", &answer);
    let answer =
        stage.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes());
    stage.is_sent_to_the_cashier("Connection: close", &answer);
    let answer = stage.send(&wire::post("/gateway.do", "text/plain", query.as_bytes()));
    stage.is_sent_to_the_cashier("another content type", &answer);
    let absolute = format!("GET http://gateway{path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let answer = stage.send(absolute.as_bytes());
    stage.is_sent_to_the_cashier("an absolute address", &answer);

    let mut gbk = stage.merchant.payment(ESCROW, "OLD3", "1.00", &[]);
    gbk.set("_input_charset", b"GBK");
    gbk.set("subject", b"\xD4\xC2\xB1\xFD");
    let gbk = gbk.sign(stage.merchant.key()).to_urlencoded();
    let answer = stage.send(&wire::get(&format!("/cooperate/gateway.do?{gbk}")));
    stage.is_sent_to_the_cashier("GBK", &answer);

    let multipart = multipart(&stage.merchant);
    let answer = stage.send(&wire::post(
        "/gateway.do?_input_charset=utf-8",
        "multipart/form-data; boundary=----danbao",
        &multipart,
    ));
    stage.is_sent_to_the_cashier("multipart", &answer);
}

/// The payment as the samples of 2012 post it.
fn multipart(merchant: &Merchant) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in merchant.payment(ESCROW, "OLD2", "1.00", &[]).iter() {
        body.extend_from_slice(b"------danbao\r\nContent-Disposition: form-data; name=\"");
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\"\r\n\r\n");
        body.extend_from_slice(value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------danbao--\r\n");
    body
}
