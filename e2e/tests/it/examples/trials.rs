//! What a shop must withstand, by webhooks that the tests send themselves: disorder, the same at the same instant, a
//! database that fails in the middle, and a power cut in the middle.

use std::time::{Duration, Instant};

use serde_json::json;

use super::hostile;
use super::message::{Message, event};
use super::shop::{self, Language, Shop, Tables};
use crate::requirement;

const HALFWAY_MAX: Duration = Duration::from_secs(60);

fn withstands(language: &'static Language) {
    let Some(()) = requirement::need(language.is_here(), language.name) else { return };
    let directory = tempfile::tempdir().unwrap();
    let Some(mut shop) = Shop::open(language, directory.path()) else { return };
    older_states_after_newer_ones(&shop);
    the_same_in_one_instant(&shop);
    what_is_not_about_a_trade(&shop);
    hostile::requests(&shop);
    a_database_that_fails_halfway(&shop);
    a_power_cut_halfway(&mut shop);
    if shop.tables.is_postgres() {
        connections_that_break(&shop);
    }
}

fn status_of_trade(tables: &Tables) -> String {
    tables.text("SELECT trade_status FROM danbao_trade WHERE out_trade_no = 'A-1'")
}

fn older_states_after_newer_ones(shop: &Shop) {
    let told = [
        (3, "trade.changed", "WAIT_BUYER_CONFIRM_GOODS", "WAIT_BUYER_CONFIRM_GOODS"),
        (2, "order.paid", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"),
        (1, "trade.changed", "WAIT_BUYER_PAY", "WAIT_BUYER_CONFIRM_GOODS"),
        (4, "trade.changed", "TRADE_FINISHED", "TRADE_FINISHED"),
        (3, "trade.changed", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"),
    ];
    for (change, kind, status, then) in told {
        assert_eq!(Message::of(&event(change, kind, change, status)).send(&shop.url), 204);
        assert_eq!(status_of_trade(&shop.tables), then, "after change {change}");
    }
    assert_eq!(shop.tables.counts(), [4, 1, 1], "and what was paid is packed, although it was told late");
    assert_eq!(shop.tables.text("SELECT order_no FROM delivery"), "订单-A", "in the letters that were sent");
}

fn the_same_in_one_instant(shop: &Shop) {
    let [events, trades, deliveries] = shop.tables.counts();
    let message = Message::of(&event(20, "order.paid", 5, "TRADE_FINISHED"));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8).map(|_| scope.spawn(|| message.send(&shop.url))).collect();
        sent.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses, [204; 8]);
    assert_eq!(shop.tables.counts(), [events + 1, trades, deliveries + 1]);
}

/// A kind of event that the example does nothing about is taken in all the same: else it would come for three days.
fn what_is_not_about_a_trade(shop: &Shop) {
    let [events, trades, deliveries] = shop.tables.counts();
    let data = json!({ "user_id": "2088000000000003", "partner": "2088000000000001", "came_by": "etao" });
    let event = json!({ "id": "evt_0000000000000030_000000000000", "type": "buyer.signed_in", "data": data });
    for _ in 0..2 {
        assert_eq!(Message::of(&event).send(&shop.url), 204);
    }
    assert_eq!(shop.tables.counts(), [events + 1, trades, deliveries]);
}

/// The third statement fails: nothing of the first two may stay, and nothing that looks like a success may be answered.
fn a_database_that_fails_halfway(shop: &Shop) {
    let before = shop.tables.counts();
    let status = status_of_trade(&shop.tables);
    let message = Message::of(&event(40, "order.paid", 90, "HALFWAY"));
    shop.tables.batch("ALTER TABLE delivery RENAME TO delivery_away");
    let answer = message.answer(&shop.url);
    shop.tables.batch("ALTER TABLE delivery_away RENAME TO delivery");
    assert!(matches!(answer.status(), 0 | 500), "the sidecar would take it for delivered: {answer:?}");
    assert!(!answer.text().contains("delivery"), "what went wrong is nobody else's business: {answer:?}");
    assert_eq!((shop.tables.counts(), status_of_trade(&shop.tables)), (before, status), "all or nothing");
    assert_eq!(message.send(&shop.url), 204, "it comes again");
    assert_eq!(shop.tables.counts(), [before[0] + 1, before[1], before[2] + 1]);
}

/// Holds whoever writes a delivery, for as long as he lives.
fn hold_deliveries(tables: &Tables) {
    tables.batch(if tables.is_postgres() {
        "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
             'BEGIN PERFORM pg_sleep(3600); RETURN NEW; END';
         CREATE TRIGGER hold BEFORE INSERT ON delivery FOR EACH ROW EXECUTE FUNCTION hold();"
    } else {
        "CREATE VIEW endless AS
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
         CREATE TRIGGER hold BEFORE INSERT ON delivery BEGIN SELECT max(i) FROM endless; END;"
    });
}

fn release_deliveries(tables: &Tables) {
    tables.batch(if tables.is_postgres() {
        "DROP FUNCTION hold CASCADE"
    } else {
        "DROP TRIGGER hold; DROP VIEW endless"
    });
}

/// Waits until somebody is held by [`hold_deliveries`].
fn await_halfway(tables: &Tables) {
    let since = Instant::now();
    let mut conn = tables.connect();
    if !tables.is_postgres() {
        conn.query("PRAGMA busy_timeout = 0", &[]).unwrap();
    }
    loop {
        let is_held = if tables.is_postgres() {
            let sleeping = "SELECT count(*) FROM pg_stat_activity
                            WHERE datname = current_database() AND wait_event = 'PgSleep'";
            conn.query_one(sleeping, &[]).unwrap().get::<i64>(0).unwrap() == 1
        } else {
            conn.execute("DELETE FROM delivery WHERE 1 = 0", &[]).is_err()
        };
        if is_held {
            return;
        }
        assert!(since.elapsed() < HALFWAY_MAX, "nobody is halfway");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Breaks every connection to this database but ours, and waits until they are gone.
fn break_connections(tables: &Tables) {
    let others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    tables.batch(&format!("SELECT pg_terminate_backend(pid) {others}"));
    let since = Instant::now();
    while tables.text(&format!("SELECT count(*)::text {others}")) != "0" {
        assert!(since.elapsed() < HALFWAY_MAX, "a connection does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process is killed while it is at the third statement, started again, and told again.
fn a_power_cut_halfway(shop: &mut Shop) {
    let before = shop.tables.counts();
    let message = Message::of(&event(50, "order.paid", 91, "CUT"));
    hold_deliveries(&shop.tables);
    let url = shop.url.clone();
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| message.send(&url));
        await_halfway(&shop.tables);
        shop.kill();
        assert_eq!(sent.join().unwrap(), 0, "the dead answer nothing");
    });
    if shop.tables.is_postgres() {
        break_connections(&shop.tables);
    }
    release_deliveries(&shop.tables);
    assert_eq!(shop.tables.counts(), before, "all or nothing");
    shop.start_again();
    assert_eq!(message.send(&shop.url), 204, "it comes again");
    assert_eq!(shop.tables.counts(), [before[0] + 1, before[1], before[2] + 1]);
}

/// The server of the database is started anew, while the shop is at work and while it is not.
fn connections_that_break(shop: &Shop) {
    let before = shop.tables.counts();
    let message = Message::of(&event(60, "order.paid", 92, "BROKEN"));
    hold_deliveries(&shop.tables);
    std::thread::scope(|scope| {
        let sent = scope.spawn(|| message.send(&shop.url));
        await_halfway(&shop.tables);
        break_connections(&shop.tables);
        assert_eq!(sent.join().unwrap(), 500);
    });
    release_deliveries(&shop.tables);
    assert_eq!(message.send(&shop.url), 204, "it comes again");
    break_connections(&shop.tables);
    let next = Message::of(&event(61, "trade.changed", 93, "AFTER"));
    // The shop may learn of the break by this very message; then it is told again, too.
    let is_told = (0..2).any(|_| next.send(&shop.url) == 204);
    assert!(is_told, "{}", shop.log());
    assert_eq!(shop.tables.counts(), [before[0] + 2, before[1], before[2] + 1]);
}

#[test]
fn python_withstands_disorder_doubles_forgeries_and_power_cuts() {
    withstands(&shop::PYTHON);
}

#[test]
fn php_withstands_disorder_doubles_forgeries_and_power_cuts() {
    withstands(&shop::PHP);
}

#[test]
fn node_withstands_disorder_doubles_forgeries_and_power_cuts() {
    withstands(&shop::NODE);
}

#[test]
fn java_withstands_disorder_doubles_forgeries_and_power_cuts() {
    withstands(&shop::JAVA);
}
