//! Shops that read the feed of a real sidecar, in every language: over pages, after failures, and after the sidecar has
//! lost its memory.

use serde_json::Value;

use super::service::{Service, TOKEN};
use super::shop::{self, Language, Tables};
use crate::installation::Home;
use crate::requirement;

/// More than the feed has on one page.
const ORDERS: usize = 101;

#[test]
fn a_shop_in_any_language_reads_the_feed_to_its_end() {
    let home = Home::new();
    let danbao = home.start();
    let directory = home.ready_file().parent().unwrap().to_owned();
    let merchant = Service::start(&danbao.ready, &directory, "http://127.0.0.1:9");
    let buyer = danbao.ready.buyers[0].email.clone();
    let pay = |order_no: &str| {
        let url = merchant.place(order_no);
        danbao.sandbox().checkout(&url, &buyer, None, "balance").unwrap();
        merchant.await_paid(order_no);
    };
    for nth in 0..ORDERS {
        pay(&format!("A{nth}"));
    }
    let first = merchant.get("/v1/events");
    assert_eq!(first["has_more"], true, "there is a second page");
    for (nth, language) in (0..).zip(shop::ALL) {
        let Some(()) = requirement::need(language.is_here(), language.name) else { continue };
        let own = directory.join(format!("shop-{nth}"));
        std::fs::create_dir(&own).unwrap();
        let Some(tables) = Tables::make(language, &own) else { continue };
        reads(language, &tables, &merchant, || pay(&format!("B{nth}")));
    }
    drop(danbao);
}

fn reads(language: &Language, tables: &Tables, merchant: &Service, pay: impl Fn()) {
    let read = || tables.read_feed(language, &merchant.url, TOKEN);
    // How many events and paid orders there are, and the last event.
    let there_is = || {
        let feed = merchant.get("/v1/events?limit=1000");
        let events = feed["events"].as_array().unwrap();
        let is_paid = |event: &&Value| event["type"] == "order.paid";
        let counts = [events.len(), events.iter().filter(is_paid).count()];
        (counts.map(|count| i64::try_from(count).unwrap()), feed["next"].as_str().unwrap().to_owned())
    };
    let applied = || ([tables.count("danbao_event"), tables.count("delivery")], cursor(tables));

    assert!(!tables.read_feed(language, &merchant.url, "a-token-of-somebody-else"), "not let in");
    // The database fails in the middle of a page.
    tables.batch(if tables.is_postgres() {
        "ALTER TABLE delivery ADD CONSTRAINT refuse CHECK (order_no <> 'A50')"
    } else {
        "CREATE TRIGGER refuse BEFORE INSERT ON delivery WHEN NEW.order_no = 'A50'
         BEGIN SELECT RAISE(ABORT, 'refused'); END"
    });
    assert!(!read(), "{}: says that it failed", language.name);
    let allow = if tables.is_postgres() {
        "ALTER TABLE delivery DROP CONSTRAINT refuse"
    } else {
        "DROP TRIGGER refuse"
    };
    tables.batch(allow);
    assert_eq!(applied(), ([0, 0], String::new()), "{}: all or nothing", language.name);

    assert!(read(), "{}", language.name);
    assert_eq!(applied(), there_is(), "{}: all of it", language.name);
    assert!(read(), "{}: nothing is new", language.name);
    assert_eq!(applied(), there_is(), "{}: once", language.name);
    pay();
    assert!(read(), "{}: one is new", language.name);
    assert_eq!(applied(), there_is(), "{}: what is new", language.name);

    // The sidecar's database was restored: it has never heard of this event. The shop has lost its place, too.
    for lost in ["evt_0000000000009999_ffffffffffff", "not an id & more", ""] {
        tables.batch(&format!("UPDATE danbao_cursor SET after_id = '{lost}'"));
        tables.batch("UPDATE danbao_trade SET change = 1000");
        assert!(read(), "{}: from the beginning", language.name);
        let is_behind = tables.text("SELECT CAST(max(change) AS TEXT) FROM danbao_trade") == "1000";
        assert_eq!(
            is_behind,
            lost.is_empty(),
            "{}: the changes of the lost history, after {lost:?}",
            language.name
        );
        assert_eq!(applied(), there_is(), "{}: once, after {lost:?}", language.name);
    }
}

fn cursor(tables: &Tables) -> String {
    tables.text("SELECT after_id FROM danbao_cursor")
}
