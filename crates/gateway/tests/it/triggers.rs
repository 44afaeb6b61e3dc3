//! 触发通知的状态: which changes a partner is told of (protocol.md §5.6).

use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, on_both_databases};

/// Opens, closes; opens, pays: what the merchant was told of it.
fn told(world: &mut World, prefix: &str) -> Vec<String> {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let url = Call::direct(&shop, &format!("{prefix}1"), "1.00").url();
    let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
    world.act(made["trade_no"].as_str().unwrap(), json!({ "action": "close" }));
    world.checkout(&Call::direct(&shop, &format!("{prefix}2"), "1.00").url(), &zhang.email, Value::Null);
    world.acknowledge_all()
}

#[test]
fn direct_pay_tells_of_the_payment_alone_until_the_partner_switches_more_on() {
    on_both_databases(|world| {
        let path = format!("/partners/{}", world.shop.partner);
        assert_eq!(told(world, "a"), ["TRADE_FINISHED"]);
        let all =
            json!({ "triggers": ["WAIT_BUYER_PAY", "TRADE_CLOSED", "TRADE_FINISHED", "TRADE_SUCCESS"] });
        world.done(Method::POST, &path, &all);
        let mut everything = told(world, "b");
        everything.sort();
        let expected = ["TRADE_CLOSED", "TRADE_FINISHED", "WAIT_BUYER_PAY", "WAIT_BUYER_PAY"];
        assert_eq!(everything, expected);
        let switched = world.done(Method::POST, &path, &json!({ "triggers": [] }));
        assert_eq!((&switched["triggers"], &switched["error_notify"]), (&json!([]), &json!(false)));
        assert_eq!(told(world, "c"), [""; 0]);
    });
}

#[test]
fn a_trade_keeps_the_switches_under_which_it_was_made() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "d1", "1.00").url();
        let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        let path = format!("/partners/{}", shop.partner);
        world.done(Method::POST, &path, &json!({ "triggers": [] }));
        world.act(made["trade_no"].as_str().unwrap(), json!({ "action": "pay" }));
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
    });
}

#[test]
fn escrow_trades_tell_of_every_change_whatever_is_switched_off() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        world.done(Method::POST, &format!("/partners/{}", shop.partner), &json!({ "triggers": [] }));
        let url = Call::escrow(&shop, "e1", "1.00").url();
        let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        world.act(made["trade_no"].as_str().unwrap(), json!({ "action": "close" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "TRADE_CLOSED"]);
    });
}
