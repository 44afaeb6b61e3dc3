//! What nobody decent sends: each is refused without a stack trace in the log, and the shop goes on.

use super::message::{Message, event, now};
use super::service::RESULT_SECRET;
use super::shop::{Language, Shop};

/// What a program prints that was taken by surprise.
const SURPRISE: [&str; 6] = ["Traceback", "Uncaught", "Warning", "Fatal", "    at ", "\tat "];

/// Headers of a genuine message with one thing wrong, and what is wrong with them.
fn headers(good: &Message) -> Vec<(&'static str, Vec<u8>)> {
    let at = |at: &str| Message::signed(&good.id, at, &good.body).headers().into_bytes();
    let signature =
        |signature: &str| Message { signature: signature.to_owned(), ..good.clone() }.headers().into_bytes();
    let without = |name: &str| {
        let lines = good.headers();
        lines.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect::<String>().into_bytes()
    };
    let bytes =
        |name: &str, value: &[u8]| [&without(name)[..], name.as_bytes(), b": ", value, b"\r\n"].concat();
    let digest = good.signature.strip_prefix("v1,").unwrap();
    let another = Message::signed("evt_another", &good.at, &good.body);
    vec![
        ("no header", Vec::new()),
        ("no id", without("webhook-id")),
        ("no timestamp", without("webhook-timestamp")),
        ("no signature", without("webhook-signature")),
        ("an hour old", at(&(now() - 3600).to_string())),
        ("an hour ahead", at(&(now() + 3600).to_string())),
        ("no time", at("")),
        ("a word for a time", at("yesterday")),
        ("a time with a tail", at(&format!("{}x", now()))),
        ("a time with a fraction", at(&format!("{}.5", now()))),
        ("a time with an exponent", at("1e9")),
        ("a time in hexadecimal", at(&format!("{:#x}", now()))),
        ("a time before 1970", at("-1")),
        ("a time beyond 64 bits", at("99999999999999999999")),
        ("a time in another script", at("١٧٨٠٠٠٠٠٠٠")),
        ("a time that is no text", bytes("webhook-timestamp", b"\xff\xfe")),
        ("an id that is no text", bytes("webhook-id", b"\xff\xfe")),
        ("an id in Chinese", bytes("webhook-id", "事件".as_bytes())),
        ("another id", bytes("webhook-id", b"evt_another")),
        ("an empty signature", signature("")),
        ("a version alone", signature("v1")),
        ("a version and a comma", signature("v1,")),
        ("a short signature", signature("v1,AAAA")),
        ("no base64", signature("v1,%%%=%%%")),
        ("no version", signature(digest)),
        ("another version", signature(&format!("v2,{digest}"))),
        ("a digest with a tail", signature(&format!("v1,{digest}x"))),
        ("a digest in small letters", signature(&format!("v1,{digest}").to_ascii_lowercase())),
        ("the digest of another message", signature(&another.signature)),
        ("a signature in Chinese", signature("v1,签名")),
        ("a signature that is no text", bytes("webhook-signature", b"v1,\xff\xfe\x80")),
        ("a thousand signatures", signature(&"v1,AAAA ".repeat(1000))),
        (
            "two headers, both forged",
            [signature("v1,AAAA"), b"webhook-signature: v1,BBBB\r\n".to_vec()].concat(),
        ),
    ]
}

/// Lengths that the body does not have. Most servers refuse them before the example is asked; a body that ends too soon is
/// a broken connection, about which 500 says the right thing.
const LENGTHS: [(&str, &str); 5] = [
    ("no length", ""),
    ("a negative length", "Content-Length: -1\r\n"),
    ("a word for a length", "Content-Length: long\r\n"),
    ("a length in hexadecimal", "Content-Length: 0x10\r\n"),
    ("a length of nothing", "Content-Length: 0\r\n"),
];
/// Lengths for which PHP's own server, which is for trying things out, dies of want of memory.
const ENDLESS: [(&str, &str); 2] = [
    ("a length beyond 64 bits", "Content-Length: 99999999999999999999\r\n"),
    ("a length that nobody sends", "Content-Length: 1000000000000\r\n"),
];

/// Sends all of it; nothing may change, and the same message is taken in when nothing is wrong with it.
pub(super) fn requests(shop: &Shop) {
    let before = shop.tables.counts();
    let mut good = Message::of(&event(70, "order.paid", 1, "TRADE_FINISHED"));
    for (what, headers) in headers(&good) {
        assert_eq!(good.send_with(&shop.url, &headers), 401, "{what}");
    }
    let altered = Message { body: good.body.replace("12.50", "99.50"), ..good.clone() };
    assert_eq!(altered.send(&shop.url), 401, "an altered body");
    let no_text = Message { body: "\u{fffd}{".to_owned(), ..good.clone() };
    assert_eq!(no_text.send(&shop.url), 401, "a body that is no JSON");
    let endless: &[_] = if shop.language.is_served_by_toy { &[] } else { &ENDLESS };
    for (what, length) in LENGTHS.iter().chain(endless) {
        let status = good.send_as_long_as(&shop.url, length);
        assert!(matches!(status, 0 | 400 | 401 | 411 | 413 | 500), "{what}: {status}");
    }
    let log = shop.log();
    assert!(SURPRISE.iter().all(|word| !log.contains(word)), "{log}");
    assert_eq!(shop.tables.counts(), before, "nothing of it changed anything");

    // One of two signatures fits: the secret is being changed.
    good.signature = format!("v1,AAAA {}", good.signature);
    assert_eq!(good.send(&shop.url), 204);
    assert_eq!(shop.tables.count("delivery"), before[2] + 1);
}

/// Tokens that a browser may bring instead of a result. `good` is believed.
pub(super) fn results(language: &Language, good: &str) {
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    let tokens = [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "x".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{signed}.签名"),
        format!("{signed}.AAAA"),
        format!("{signed}.{signature}.{signature}"),
        format!("{head}.{head}.{signature}"),
        format!("{head}.{claims}x.{signature}"),
        format!("{head}.%%%.{signature}"),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
    ];
    for token in tokens {
        assert!(!language.believes(&token, RESULT_SECRET), "{token:?}");
    }
}
