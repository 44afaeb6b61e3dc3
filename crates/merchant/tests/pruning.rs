//! What was not believed has an end, what was believed has none, and nothing is taken in twice because of it.
#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use danbao_merchant::inbox::{self, Keep, Outcome, Receipt};
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Received, Rejected, Way};
use danbao_store::testing::Database;
use danbao_store::{Conn, Migration, Tx, migrate};
use example::NOON;
use proptest::prelude::*;

#[expect(dead_code, unreachable_pub, reason = "the examples need more of it")]
mod example {
    include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "inbox", sql: inbox::MIGRATION_SQL },
    Migration { version: 2, name: "inbox_2", sql: inbox::MIGRATION_2_SQL },
];
const DAY: Duration = Duration::from_secs(86_400);
const KEEP: Keep = Keep { age: Duration::from_secs(30 * 86_400), count: 20 };

/// A merchant's database.
struct Shop {
    conn: Box<dyn Conn>,
    now: Timestamp,
    messages: u32,
}

fn on_both_databases(test: impl Fn(&mut Shop)) {
    for database in Database::of_each_kind().unwrap() {
        let mut shop = Shop { conn: database.connect().unwrap(), now: NOON, messages: 0 };
        migrate(&mut *shop.conn, MIGRATIONS).unwrap();
        shop.in_transaction(|tx, now| inbox::open_order(tx, &example::order("A-1"), now).unwrap());
        test(&mut shop);
        drop(shop);
    }
}

impl Shop {
    fn in_transaction<T>(&mut self, work: impl FnOnce(&mut Tx<'_>, Timestamp) -> T) -> T {
        let mut tx = Tx::begin(&mut *self.conn).unwrap();
        let done = work(&mut tx, self.now);
        tx.commit().unwrap();
        done
    }

    fn new_id(&mut self) -> String {
        self.messages += 1;
        format!("{:08}", self.messages)
    }

    /// Somebody POSTs something; its id.
    fn forged(&mut self) -> String {
        let id = self.new_id();
        self.in_transaction(|tx, now| {
            let body = b"out_trade_no=A-1&trade_status=TRADE_FINISHED&sign=0&sign_type=MD5";
            inbox::arrive(tx, &id, Way::Notify, body, now).unwrap();
            let rejected =
                Received::notification(None, body).unwrap().check_sign(&example::account()).unwrap_err();
            inbox::settle(tx, &id, &Outcome::Rejected(rejected), now).unwrap();
        });
        id
    }

    /// The gateway tells of the order's trade; with its word on it, or without.
    fn told(&mut self, status: &str, word: &'static str) -> Receipt {
        let (id, body) = (self.new_id(), example::told("A-1", status, "19.90"));
        self.in_transaction(|tx, now| {
            inbox::arrive(tx, &id, Way::Notify, body.as_bytes(), now).unwrap();
            let signed = Received::notification(None, body.as_bytes()).unwrap();
            let signed = signed.check_sign(&example::account()).unwrap();
            inbox::conclude(tx, &id, signed.hear(&example::answered(word)), now).unwrap()
        })
    }

    fn is_due(&mut self) -> bool {
        inbox::next_prune(&mut *self.conn, KEEP).unwrap().is_some_and(|due| due <= self.now)
    }

    /// Prunes while something is due; how many messages each slice took.
    fn prune(&mut self, limit: u32) -> Vec<u64> {
        let mut slices = Vec::new();
        while self.is_due() {
            let gone = self.in_transaction(|tx, now| inbox::prune(tx, KEEP, now, limit).unwrap());
            assert!(gone > 0, "due, and nothing was pruned");
            slices.push(gone);
        }
        slices
    }

    fn kept(&mut self) -> Vec<(String, String)> {
        let messages = inbox::messages_of(&mut *self.conn, &OutTradeNo::new("A-1")).unwrap();
        messages.into_iter().map(|message| (message.id, message.outcome)).collect()
    }

    fn outcomes(&mut self) -> Vec<String> {
        self.kept().into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn state(&mut self) -> inbox::Order {
        let account = example::account();
        let number = OutTradeNo::new("A-1");
        inbox::load_order(&mut *self.conn, account.partner(), &number).unwrap().unwrap()
    }
}

#[test]
fn a_flood_of_forged_messages_stays_bounded_and_the_newest_are_kept() {
    on_both_databases(|shop| {
        assert_eq!(shop.told("TRADE_FINISHED", "true").outcome, Outcome::Applied);
        let mut forged = Vec::new();
        for group in 0..20 {
            // As many as come in between two slices.
            forged.extend((0..50).map(|_| shop.forged()));
            shop.now = shop.now.plus(Duration::from_millis(group % 2));
            assert!(shop.kept().len() <= 1 + 20 + 50);
            shop.prune(64);
        }
        let kept = shop.kept();
        assert_eq!(kept[0].1, "applied");
        let newest = forged[forged.len() - 20..].iter();
        assert!(kept[1..].iter().map(|(id, _)| id).eq(newest), "{kept:?}");
    });
}

#[test]
fn what_was_not_believed_goes_after_its_time_and_the_record_stays() {
    on_both_databases(|shop| {
        assert_eq!(inbox::next_prune(&mut *shop.conn, KEEP).unwrap(), None);
        shop.forged();
        let _ = shop.told("WAIT_BUYER_PAY", "false");
        let dead = shop.new_id();
        shop.in_transaction(|tx, now| {
            inbox::arrive(tx, &dead, Way::Notify, b"out_trade_no=A-1", now).unwrap()
        });
        for status in
            ["TRADE_FINISHED", "TRADE_FINISHED", "WAIT_BUYER_PAY", "TRADE_ODD", "WAIT_SELLER_SEND_GOODS"]
        {
            let _ = shop.told(status, "true");
        }
        let due = inbox::next_prune(&mut *shop.conn, KEEP).unwrap().unwrap();
        assert_eq!(due, Timestamp(NOON.plus(KEEP.age).0 + 1));
        shop.now = Timestamp(due.0 - 1);
        let young = shop.forged();
        assert_eq!(shop.in_transaction(|tx, now| inbox::prune(tx, KEEP, now, 100).unwrap()), 0);
        let before = shop.outcomes();
        assert_eq!(before.iter().filter(|outcome| *outcome == "rejected").count(), 3, "{before:?}");

        shop.now = due;
        assert_eq!(shop.prune(2), [2, 1], "in slices");
        let kept = shop.outcomes();
        assert_eq!(kept, ["applied", "already_done", "stale", "unknown", "conflict", "rejected"]);
        assert_eq!(shop.kept().last().unwrap().0, young);
        shop.now = shop.now.plus(DAY * 10_000);
        shop.prune(100);
        assert_eq!(shop.outcomes(), kept[..5], "for ever");
    });
}

#[test]
fn a_message_that_is_on_its_way_to_be_believed_is_not_crowded_out() {
    on_both_databases(|shop| {
        let (id, body) = (shop.new_id(), example::told("A-1", "TRADE_FINISHED", "19.90"));
        shop.in_transaction(|tx, now| inbox::arrive(tx, &id, Way::Notify, body.as_bytes(), now).unwrap());
        for _ in 0..100 {
            shop.forged();
        }
        shop.prune(500);
        let receipt = shop.in_transaction(|tx, now| {
            let signed = Received::notification(None, body.as_bytes()).unwrap();
            let genuine = signed.check_sign(&example::account()).unwrap().hear(&example::answered("true"));
            inbox::receive(tx, &id, genuine.unwrap(), now).unwrap()
        });
        assert!(receipt.became_paid);
        assert_eq!(shop.kept()[0], (id, "applied".to_owned()));
    });
}

#[test]
fn a_message_that_was_rejected_and_pruned_is_taken_in_when_it_comes_again_once() {
    on_both_databases(|shop| {
        // The gateway did not answer in time; it repeats its notification for a day, and here a little longer.
        assert_eq!(shop.told("TRADE_FINISHED", "false").outcome, Outcome::Rejected(Rejected::NotGenuine));
        shop.now = shop.now.plus(DAY * 31);
        assert_eq!(shop.prune(100), [1]);
        assert!(shop.told("TRADE_FINISHED", "true").became_paid);
        shop.now = shop.now.plus(DAY * 400);
        shop.prune(100);
        let again = shop.told("TRADE_FINISHED", "true");
        assert_eq!((again.outcome, again.became_paid), (Outcome::AlreadyDone, false));
        assert_eq!(shop.state().times_applied, 1);
    });
}

#[test]
fn the_messages_of_an_order_come_in_pages_also_when_some_are_pruned_in_between() {
    on_both_databases(|shop| {
        for _ in 0..25 {
            shop.forged();
        }
        let number = OutTradeNo::new("A-1");
        let page = inbox::messages_of_after(&mut *shop.conn, &number, None, 10).unwrap();
        let last = &page[9];
        assert_eq!((page.len(), last.id.as_str()), (10, "00000010"));
        for _ in 0..10 {
            shop.forged();
        }
        shop.prune(100);
        let place = Some((last.received_at, last.id.as_str()));
        let next = inbox::messages_of_after(&mut *shop.conn, &number, place, 10).unwrap();
        assert_eq!((next.len(), next[0].id.as_str()), (10, "00000016"), "the 20 newest are 16 to 35");
        let place = Some((next[9].received_at, next[9].id.as_str()));
        let rest = inbox::messages_of_after(&mut *shop.conn, &number, place, 100).unwrap();
        assert_eq!((rest.len(), rest[0].id.as_str()), (10, "00000026"));
    });
}

/// On SQLite, which plans the same at any size.
#[test]
fn what_is_to_be_pruned_is_found_by_an_index() {
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    migrate(&mut *conn, MIGRATIONS).unwrap();
    let newest_first = "ORDER BY received_at DESC, id DESC LIMIT 1 OFFSET 20";
    for (sql, index) in [
        ("SELECT MIN(received_at) FROM message WHERE outcome = 'rejected'", "message_rejected"),
        ("SELECT MIN(received_at) FROM message WHERE outcome = 'waiting'", "message_waiting"),
        (&format!("SELECT id FROM message WHERE outcome = 'rejected' {newest_first}"), "message_rejected"),
    ] {
        let plan = conn.query(&format!("EXPLAIN QUERY PLAN {sql}"), &[]).unwrap();
        let detail: String = plan[0].get(3).unwrap();
        assert!(detail.contains(index), "{sql}: {detail}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Told(&'static str, &'static str),
    Forged,
    Days(u32),
}

const STATUSES: &[&str] = &["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "TRADE_FINISHED", "TRADE_CLOSED"];

fn act() -> impl Strategy<Value = Act> {
    let words = prop_oneof![3 => Just("true"), 1 => Just("false")];
    prop_oneof![
        4 => (proptest::sample::select(STATUSES), words).prop_map(|(status, word)| Act::Told(status, word)),
        2 => Just(Act::Forged),
        1 => (1_u32..40).prop_map(Act::Days),
    ]
}

/// What an order becomes, with every receipt on the way.
fn live(acts: &[Act], prunes: bool) -> (Vec<(Outcome, bool)>, inbox::Order) {
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    migrate(&mut *conn, MIGRATIONS).unwrap();
    let mut shop = Shop { conn, now: NOON, messages: 0 };
    shop.in_transaction(|tx, now| inbox::open_order(tx, &example::order("A-1"), now).unwrap());
    let mut receipts = Vec::new();
    for act in acts {
        match *act {
            Act::Told(status, word) => {
                let receipt = shop.told(status, word);
                receipts.push((receipt.outcome, receipt.became_paid));
            }
            Act::Forged => drop(shop.forged()),
            Act::Days(days) => shop.now = shop.now.plus(DAY * days),
        }
        if prunes {
            let least = Keep { age: Duration::ZERO, count: 0 };
            shop.in_transaction(|tx, now| inbox::prune(tx, least, now, 100).unwrap());
        }
    }
    (receipts, shop.state())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever comes, in whatever order and however often: pruned of everything that may go, after every message, an
    /// inbox says and becomes what it would have without.
    #[test]
    fn pruning_changes_nothing_that_is_decided(acts in proptest::collection::vec(act(), 0..24)) {
        prop_assert_eq!(live(&acts, true), live(&acts, false));
    }
}
