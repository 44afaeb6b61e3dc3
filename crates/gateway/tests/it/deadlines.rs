//! What happens by itself: closings and confirmations, by the sandbox's clock.

use std::time::Duration;

use danbao_protocol::time::Timestamp;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, days, minutes, on_both_databases};

const SECOND: Duration = Duration::from_secs(1);

/// A trade in its cashier, unpaid.
fn unpaid(world: &mut World, call: &Call) -> String {
    let zhang = world.zhang();
    let made = world.checkout(&call.url(), &zhang.email, json!({ "stop_unpaid": true }));
    world.acknowledge_all();
    made["trade_no"].as_str().unwrap().to_owned()
}

/// A trade on its way, sent off in this way.
fn shipped(world: &mut World, call: &Call, transport_type: &str) -> String {
    let zhang = world.zhang();
    let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
    let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
    world.act(&trade_no, json!({ "action": "send_goods", "transport_type": transport_type }));
    world.acknowledge_all();
    trade_no
}

/// The trade does nothing until just before this length of time is over, and then it does.
fn happens_after(world: &mut World, trade_no: &str, length: Duration, becomes: &str) {
    let before = world.status(trade_no);
    world.later(length - SECOND);
    assert_eq!(world.status(trade_no), before, "a second too early");
    world.later(SECOND);
    assert_eq!(world.status(trade_no), becomes);
    assert_eq!(world.trade(trade_no)["deadlines"], json!([]), "nothing is left to come");
}

#[test]
fn an_unpaid_trade_closes_after_it_b_pay_or_after_fifteen_days() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = unpaid(world, &Call::escrow(&shop, "l1", "1.00").with("it_b_pay", "90m"));
        happens_after(world, &trade_no, minutes(90), "TRADE_CLOSED");
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED"]);
        let trade_no = unpaid(world, &Call::dual(&shop, "l2", "1.00"));
        happens_after(world, &trade_no, days(15), "TRADE_CLOSED");
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED"]);
        let trade_no = unpaid(world, &Call::direct(&shop, "l3", "1.00").with("it_b_pay", "1m"));
        happens_after(world, &trade_no, minutes(1), "TRADE_CLOSED");
        assert!(world.sent.is_empty(), "direct pay does not tell of closings");
    });
}

#[test]
fn it_b_pay_1c_closes_at_midnight_in_beijing() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = unpaid(world, &Call::direct(&shop, "l4", "1.00").with("it_b_pay", "1c"));
        let now = world.clock();
        let midnight = Timestamp::parse_wire("2012-03-01 00:00:00").unwrap();
        happens_after(
            world,
            &trade_no,
            Duration::from_secs(midnight.since(now).as_secs() + 1),
            "TRADE_CLOSED",
        );
    });
}

#[test]
fn goods_count_as_received_after_ten_thirty_or_three_days() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for (number, transport_type, after) in [
            (1, "EXPRESS", days(10)),
            (2, "EMS", days(10)),
            (3, "POST", days(30)),
            (4, "VIRTUAL", days(3)),
            (5, "DIRECT", days(3)),
            (6, "VIRTUAL_10", days(10)),
            (7, "VIRTUAL_30", days(30)),
        ] {
            let call = Call::escrow(&shop, &format!("l5-{number}"), "10.00");
            let trade_no = shipped(world, &call, transport_type);
            happens_after(world, &trade_no, after, "TRADE_FINISHED");
            assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"], "{transport_type}");
            assert_eq!(world.balance(&format!("escrow:{trade_no}")), "0.00");
        }
        let call = Call::escrow(&shop, "l6", "10.00").with("t_b_rec_post", "7d");
        let trade_no = shipped(world, &call, "POST");
        happens_after(world, &trade_no, days(7), "TRADE_FINISHED");
        let history = world.trade(&trade_no)["history"].clone();
        assert_eq!(history.as_array().unwrap().last().unwrap()["actor"], "timer");
    });
}

#[test]
fn a_payment_and_a_confirmation_call_their_clocks_off() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let call = Call::escrow(&shop, "l7", "10.00").with("it_b_pay", "1h");
        let trade_no = unpaid(world, &call);
        world.checkout(&call.url(), &zhang.email, Value::Null);
        world.acknowledge_all();
        world.later(days(60));
        assert_eq!(world.status(&trade_no), "WAIT_SELLER_SEND_GOODS", "nothing closes a paid trade");
        world.act(&trade_no, json!({ "action": "send_goods" }));
        world.act(&trade_no, json!({ "action": "confirm_goods" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"]);
        world.later(days(60));
        world.wake();
        assert!(world.sent.is_empty());
        assert!(world.is_idle());
    });
}

#[test]
fn a_refund_period_ends_after_ninety_days() {
    on_both_databases(|world| {
        let shop = world.merchant("advanced@shop.example", json!({ "is_refundable": true }));
        let zhang = world.zhang();
        let paid = world.checkout(&Call::direct(&shop, "l8", "1.00").url(), &zhang.email, Value::Null);
        assert_eq!(world.acknowledge_all(), ["TRADE_SUCCESS"]);
        let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
        happens_after(world, &trade_no, days(90), "TRADE_FINISHED");
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
    });
}

#[test]
fn a_sandbox_that_was_opened_again_keeps_its_moved_clock_and_its_alarms() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        world.later(days(5));
        let trade_no = unpaid(world, &Call::escrow(&shop, "l9", "1.00").with("it_b_pay", "2h"));
        let due = world.next_due().unwrap();
        assert!(due.since(world.now) <= minutes(120), "by the host's clock");
        world.restart();
        assert_eq!(world.next_due(), Some(due));
        world.now = due;
        world.wake();
        assert_eq!(world.status(&trade_no), "TRADE_CLOSED");
    });
}

#[test]
fn many_deadlines_of_one_instant_are_all_kept() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for number in 0..230 {
            let call = Call::direct(&shop, &format!("l10-{number}"), "1.00").with("it_b_pay", "1h");
            unpaid(world, &call);
        }
        world.later(minutes(61));
        for _ in 0..3 {
            if world.next_due().is_some_and(|due| due <= world.now) {
                world.wake();
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM trade WHERE trade_status = 'TRADE_CLOSED'"), 230);
        assert!(world.is_idle());
    });
}

#[test]
fn time_does_not_go_backwards_nor_out_of_bounds() {
    on_both_databases(|world| {
        let before = world.clock();
        for seconds in [json!(-1), json!(i64::MAX), json!(1.5), json!("60"), Value::Null] {
            let body = json!({ "seconds": seconds });
            let (status, problem) = world.sandbox(http::Method::POST, "/clock/advance", &body);
            assert!(status.is_client_error(), "{seconds}");
            assert!(problem["code"].is_string());
        }
        assert!(world.clock().since(before) < SECOND);
        for _ in 0..40 {
            world.later(days(3_650));
        }
        let shop = world.shop.clone();
        unpaid(world, &Call::escrow(&shop, "l11", "1.00"));
    });
}
