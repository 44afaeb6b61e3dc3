//! The examples of `docs/exactly-once.md` as shops: they take in webhooks of a real sidecar and read its feed, and whatever
//! comes twice is done once. Each in its own language, where the machine has it.

mod document;
mod feed;
mod hostile;
mod message;
mod service;
mod shop;
mod sidecar_and_gateway;
mod trials;

use serde_json::json;
use service::{RESULT_SECRET, Service};
use shop::{Language, Shop};

use crate::installation::Home;
use crate::requirement;

fn takes_in_each_event_once(language: &'static Language) {
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
    let events = events["events"].as_array().unwrap().len();

    // Everything once more, under the same ids: by webhook, and by the feed from its beginning.
    let replayed = merchant.post("/v1/webhook/replay", &json!({}));
    assert_eq!(replayed["replayed"], json!(events));
    merchant.await_told();
    let once = [i64::try_from(events).unwrap(), 3, 3];
    assert_eq!(shop.tables.counts(), once, "each event was applied once");
    assert!(shop.tables.read_feed(language, &merchant.url, service::TOKEN));
    assert_eq!(shop.tables.counts(), once, "each event was applied once");

    let token = merchant.result(&brought);
    assert!(language.believes(&token, RESULT_SECRET), "the result that the browser brings");
    assert!(!language.believes(&token, "a-secret-of-somebody-else"));
    hostile::results(language, &token);
    drop(danbao);
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
