//! A database that is restored from an older copy while the gateway and the shop have gone on: the shop's place in the feed
//! is not taken for one in the new history, the lost changes are found again, and no money goes back twice.

use std::collections::BTreeSet;

use danbao_merchant::protocol::time::Timestamp;
use danbao_sidecar::Sidecar;
use danbao_store::faulty::Disk;
use danbao_store::testing::Database;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::town::Town;
use crate::world::{Bought, call, config, read};

/// What happened until the copy was made: two orders, the first of them paid.
fn until_the_copy(town: &mut Town<'_>) -> [Bought; 2] {
    let [a, b] = ["A", "B"].map(|order_no| town.direct(order_no));
    assert!(town.gateway.moves(&a, "TRADE_FINISHED", town.now, true));
    town.work();
    town.work();
    [a, b.with_trade_no("2012030100000002")]
}

fn refund(town: &mut Town<'_>, key: &str) -> String {
    let wish = json!({ "items": [{ "out_trade_no": "A-1", "amount": "4.00" }] });
    let (status, refund) = town.api(Method::POST, "/v1/refunds", &wish, key);
    assert_eq!(status, StatusCode::CREATED, "{refund}");
    refund["batch_no"].as_str().unwrap().to_owned()
}

fn feed(town: &mut Town<'_>, after: &str) -> (StatusCode, Value) {
    read(&town.insist(&call(Method::GET, &format!("/v1/events?after={after}"), &Value::Null, "k")))
}

/// An order, and what became of it: what a shop can tell a payment by that it has heard of in another history.
fn payments(events: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let paid = events.as_array().unwrap().iter().filter(|event| event["type"] == "order.paid");
    paid.map(|event| (text(&event["data"]["order_no"]), text(&event["id"]))).collect()
}

/// Tells the same story twice up to the copy, goes on with the first alone, and hands its gateway, its time and what it
/// told the shop over to the second: the older copy.
fn restored(test: impl Fn(&mut Town<'_>, &mut Town<'_>)) {
    each_pair_of_disks(|lost, copy| {
        let (mut before, mut after) = (Town::new(lost, 2), Town::new(copy, 2));
        let [_, b] = until_the_copy(&mut before);
        let _ = until_the_copy(&mut after);
        assert_eq!(feed(&mut before, ""), feed(&mut after, ""), "a copy, byte for byte");
        assert!(before.gateway.moves(&b, "TRADE_FINISHED", before.now, true));
        test(&mut before, &mut after);
    });
}

fn each_pair_of_disks(test: impl Fn(&Disk, &Disk)) {
    let memory = || Disk::new(danbao_store::open("sqlite::memory:").unwrap());
    test(&memory(), &memory());
    let databases = (Database::postgres().unwrap(), Database::postgres().unwrap());
    if let (Some(lost), Some(copy)) = databases {
        test(&Disk::new(lost.connect().unwrap()), &Disk::new(copy.connect().unwrap()));
    }
}

/// The sidecars of the first are gone; those of the second are started on the copy.
fn take_over(before: &mut Town<'_>, after: &mut Town<'_>) {
    after.restart_as(|disk| Sidecar::open(disk.connect(), config(), [8; 32]));
    after.gateway = std::mem::take(&mut before.gateway);
    after.now = Timestamp(before.now.0.max(after.now.0));
}

#[test]
fn a_place_in_the_lost_history_is_gone_on_every_instance_and_what_was_lost_is_found_again() {
    restored(|before, after| {
        before.work();
        before.work();
        let (_, page) = feed(before, "");
        let (heard, place) = (payments(&page["events"]), page["next"].as_str().unwrap().to_owned());
        assert_eq!(heard.iter().map(|(order, _)| order.as_str()).collect::<Vec<_>>(), ["A", "B"]);

        take_over(before, after);
        for _ in 0..2 {
            let (status, problem) = feed(after, &place);
            assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("cursor_unknown")));
        }
        // The gateway has heard success and says nothing any more; it is asked.
        after.pass(60);
        for _ in 0..2 {
            let (status, problem) = feed(after, &place);
            assert_eq!(status, StatusCode::GONE, "the same place in another history: {problem}");
        }
        let (_, page) = feed(after, "");
        let again = payments(&page["events"]);
        assert_eq!(again[0], heard[0], "what the copy has is known by its id");
        assert_eq!(again[1].0, "B", "found again");
        assert_ne!(
            again[1].1, heard[1].1,
            "under an id of its own: the order tells that it is the same payment"
        );
        assert_eq!(again.len(), 2);
        let ids: BTreeSet<&String> = again.iter().chain(&heard).map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 3);
        assert_eq!(after.kinds_of("B"), ["order.paid"]);
    });
}

#[test]
fn a_place_that_the_copy_has_goes_on_and_misses_nothing() {
    restored(|before, after| {
        let (_, page) = feed(before, "");
        let place = page["next"].as_str().unwrap().to_owned();
        before.work();
        take_over(before, after);
        after.pass(60);
        for _ in 0..2 {
            let (status, page) = feed(after, &place);
            assert_eq!(status, StatusCode::OK, "{page}");
            assert_eq!(payments(&page["events"]).len(), 1);
        }
    });
}

#[test]
fn a_refund_that_is_asked_for_again_under_its_key_is_the_same_batch_to_the_gateway() {
    restored(|before, after| {
        let first = refund(before, "refund of A");
        before.pass(3);
        assert_eq!(before.kinds_of("A"), ["order.paid", "refund.succeeded"]);

        take_over(before, after);
        assert_eq!(refund(after, "refund of A"), first, "the key and what it asks for name the batch");
        after.pass(3);
        assert_eq!(after.gateway.refunded.len(), 1, "paid back once");
        let other = refund(after, "another refund of A");
        assert_ne!(other, first);
        after.pass(3);
        assert_eq!(after.gateway.refunded.len(), 2);
    });
}

#[test]
fn a_batch_that_the_copy_had_not_yet_told_is_the_same_batch_to_the_gateway() {
    restored(|before, after| {
        let batch_no = refund(before, "refund of A");
        assert_eq!(refund(after, "refund of A"), batch_no);
        before.pass(3);
        take_over(before, after);
        after.pass(3);
        assert_eq!(after.gateway.refunded.len(), 1, "paid back once");
        let calls = &after.gateway.calls;
        assert!(calls.len() > 1 && calls.iter().all(|call| *call == batch_no), "{calls:?}");
    });
}
