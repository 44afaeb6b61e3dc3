//! The examples of `docs/exactly-once.md` as shops: they take in webhooks of a real sidecar, and whatever comes twice is
//! done once. Each in its own language, where the machine has it.

mod service;
mod shop;
mod sidecar_and_gateway;

use http_words::{answered, sign};
use serde_json::{Value, json};
use service::{RESULT_SECRET, Service};
use shop::{Language, Shop};

use crate::installation::Home;
use crate::requirement;

/// The few words of HTTP and of Standard Webhooks that these tests speak themselves.
mod http_words {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::service::WEBHOOK_SECRET;
    use crate::wire;

    /// Headers of a webhook, signed as the sidecar would.
    pub(super) fn sign(id: &str, timestamp: u64, body: &str) -> String {
        let key = STANDARD.decode(WEBHOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        format!(
            "webhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: v1,AAAA v1,{signature}\r\n"
        )
    }

    /// The status of what a shop answers.
    pub(super) fn answered(shop: &str, headers: &str, body: &str) -> u16 {
        let length = body.len();
        let head =
            format!("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\nConnection: close\r\n");
        wire::exchange(shop, format!("{head}{headers}\r\n{body}").as_bytes()).status()
    }
}

fn takes_in_each_event_once(language: &Language) {
    let Some(()) = requirement::need(language.is_here(), language.name) else { return };
    let home = Home::new();
    let danbao = home.start();
    let directory = home.ready_file().parent().unwrap().to_owned();
    let Some(mut shop) = Shop::open(language, &directory) else { return };
    let merchant = Service::start(&danbao.ready, &directory, &shop.url);
    let buyer = danbao.ready.buyers[0].email.clone();

    let mut brought = String::new();
    for order_no in ["A", "B", "C"] {
        let url = merchant.place(order_no);
        let paid = danbao.sandbox().checkout(&url, &buyer, None, "balance").unwrap();
        brought = paid["return_url"].as_str().unwrap().to_owned();
    }
    shop.await_deliveries(3);
    merchant.await_told();
    let events = merchant.get("/v1/events?limit=1000");
    let events = events["events"].as_array().unwrap();

    // Everything once more, under the same ids.
    let replayed = merchant.post("/v1/webhook/replay", &json!({}));
    assert_eq!(replayed["replayed"], json!(events.len()));
    merchant.await_told();
    assert_eq!(shop.count("danbao_event"), events.len() as i64);
    assert_eq!((shop.count("delivery"), shop.count("danbao_trade")), (3, 3), "each event was applied once");

    not_believed(&shop, events);
    not_about_a_trade(&shop);
    let token = merchant.result(&brought);
    assert!(language.believes(&token, RESULT_SECRET), "the result that the browser brings");
    assert!(!language.believes(&token, "a-secret-of-somebody-else"));
    drop(danbao);
}

/// What is forged, altered or old is refused, and changes nothing.
fn not_believed(shop: &Shop, events: &[Value]) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let mut event = events[0].clone();
    event["id"] = json!("evt_0000000000009999_000000000000");
    event["type"] = json!("order.paid");
    let body = event.to_string();
    let id = event["id"].as_str().unwrap();
    let good = sign(id, now, &body);
    let forged = good.replace(",", ",A");
    assert_eq!(answered(&shop.url, &forged, &body), 401, "forged");
    assert_eq!(answered(&shop.url, &good, &body.replace("0.01", "9.99")), 401, "altered");
    assert_eq!(answered(&shop.url, &sign(id, now - 3600, &body), &body), 401, "an hour old");
    assert_eq!(answered(&shop.url, "", &body), 401, "not signed");
    assert_eq!(shop.count("delivery"), 3);
    assert_eq!(answered(&shop.url, &good, &body), 204, "the same, signed and now");
    assert_eq!(shop.count("delivery"), 4);
}

/// A kind of event that the example does nothing about is taken in all the same: else it would come for three days.
fn not_about_a_trade(shop: &Shop) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (trades, deliveries) = (shop.count("danbao_trade"), shop.count("delivery"));
    let id = "evt_0000000000010000_000000000000";
    let data = json!({ "user_id": "2088000000000003", "partner": "2088000000000001", "came_by": "etao" });
    let body = json!({ "id": id, "type": "buyer.signed_in", "data": data }).to_string();
    for _ in 0..2 {
        assert_eq!(answered(&shop.url, &sign(id, now, &body), &body), 204);
    }
    assert_eq!((shop.count("danbao_trade"), shop.count("delivery")), (trades, deliveries));
}

#[test]
fn python_takes_in_each_event_once() {
    takes_in_each_event_once(&shop::PYTHON);
}

#[test]
fn php_takes_in_each_event_once() {
    takes_in_each_event_once(&shop::PHP);
}

#[test]
fn node_takes_in_each_event_once() {
    takes_in_each_event_once(&shop::NODE);
}

#[test]
fn java_takes_in_each_event_once() {
    takes_in_each_event_once(&shop::JAVA);
}

/// What a reader copies from the document is what these tests have run.
#[test]
fn the_document_shows_what_is_run() {
    let read = |path: &str| std::fs::read_to_string(requirement::workspace().join(path)).unwrap();
    let document = read("docs/exactly-once.md");
    for path in ["examples/schema.sql", "examples/result.php"] {
        let text = read(path);
        let shown = text.split_once('\n').unwrap().1;
        assert!(document.contains(shown), "{path} is not as the document shows it");
    }
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for path in ["exactly_once.py", "exactly_once.php"] {
        let text = folded(&read(&format!("examples/{path}")));
        for start in ["INSERT INTO danbao_event", "INSERT INTO danbao_trade"] {
            let statement = document.split(start).nth(1).unwrap().split(['`', ';']).next().unwrap();
            let statement = folded(&format!("{start}{statement}"));
            assert!(text.contains(&statement), "{path}: {statement}");
        }
    }
}
