//! Group commit: many inputs in one step are one transaction, and one that cannot be taken spoils nobody else's.

use danbao_protocol::node::{AskId, Response};
use danbao_store::Bind;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, minutes, on_both_databases, request};

/// The headless buyer's question, not yet asked.
fn checkout(world: &World, call: &Call) -> danbao_protocol::node::Request {
    let body = json!({ "url": call.url(), "buyer": world.zhang().email });
    authorized(world, request(Method::POST, "/sandbox/v1/checkout", body.to_string()))
}

fn authorized(world: &World, mut asked: danbao_protocol::node::Request) -> danbao_protocol::node::Request {
    let bearer = format!("Bearer {}", world.demo.sandbox_token).parse().unwrap();
    asked.headers_mut().insert(http::header::AUTHORIZATION, bearer);
    asked
}

fn json_of(answers: &[(AskId, Response)], nth: usize) -> Value {
    serde_json::from_slice(answers[nth].1.body()).unwrap()
}

#[test]
fn a_group_is_answered_in_order_and_told_once_each() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let mut inputs = Vec::new();
        for number in 0..50 {
            let asked = checkout(world, &Call::direct(&shop, &format!("g1-{number}"), "1.00"));
            inputs.push(world.input(asked));
        }
        let answers = world.step(inputs);
        assert_eq!(answers.len(), 50);
        assert!(answers.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut trade_nos: Vec<String> =
            (0..50).map(|nth| json_of(&answers, nth)["trade_no"].as_str().unwrap().to_owned()).collect();
        trade_nos.dedup();
        assert_eq!(trade_nos.len(), 50);
        assert_eq!(world.sent.len(), 50);
        assert_eq!(world.acknowledge_all().len(), 50);
        assert_eq!(world.balance(&format!("user:{}", world.zhang().user_id)), "9950.00");
    });
}

#[test]
fn one_buyer_who_clicks_twice_in_one_group_pays_once() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let asked: Vec<_> = (0..3).map(|_| checkout(world, &Call::escrow(&shop, "g2", "1.00"))).collect();
        let inputs = asked.into_iter().map(|asked| world.input(asked)).collect();
        let answers = world.step(inputs);
        assert!(json_of(&answers, 0)["trade_no"].is_string());
        assert_eq!(json_of(&answers, 1), json!({ "error_code": "TRADE_NOT_ALLOWED_PAY" }));
        assert_eq!(json_of(&answers, 2), json!({ "error_code": "TRADE_NOT_ALLOWED_PAY" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"]);
    });
}

#[test]
fn a_faulty_one_is_apologized_for_and_the_others_are_taken() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let url = Call::escrow(&shop, "g3", "1.00").url();
        let broken = world.checkout(&url, &world.zhang().email.clone(), Value::Null);
        let trade_no = broken["trade_no"].as_str().unwrap().to_owned();
        world.acknowledge_all();
        let set = "UPDATE trade SET trade_status = $2 WHERE trade_no = $1";
        world.vandalize(set, &[Bind::Text(&trade_no), Bind::Text("NONSENSE")]);

        let first = checkout(world, &Call::direct(&shop, "g4", "1.00"));
        let look = authorized(world, request(Method::GET, &format!("/sandbox/v1/trades/{trade_no}"), ""));
        let last = checkout(world, &Call::direct(&shop, "g5", "1.00"));
        let inputs = vec![world.input(first), world.input(look), world.input(last)];
        let answers = world.step(inputs);
        let statuses: Vec<StatusCode> = answers.iter().map(|(_, response)| response.status()).collect();
        assert_eq!(statuses, [StatusCode::OK, StatusCode::INTERNAL_SERVER_ERROR, StatusCode::OK]);
        assert!(
            json_of(&answers, 0)["return_url"].is_string() && json_of(&answers, 2)["return_url"].is_string()
        );
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED", "TRADE_FINISHED"], "told once each");
        assert_eq!(world.count("SELECT COUNT(*) FROM trade"), 3);

        world.vandalize(set, &[Bind::Text(&trade_no), Bind::Text("WAIT_SELLER_SEND_GOODS")]);
        assert_eq!(world.status(&trade_no), "WAIT_SELLER_SEND_GOODS");
    });
}

#[test]
fn a_broken_row_stands_in_nobodys_way_and_goes_on_when_it_is_mended() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::escrow(&shop, "g7", "1.00").with("it_b_pay", "1h").url();
        let made = world.checkout(&url, &zhang.email, json!({ "stop_unpaid": true }));
        let trade_no = made["trade_no"].as_str().unwrap().to_owned();
        world.answer_with(500, "");
        let set = "UPDATE trade SET trade_status = $2 WHERE trade_no = $1";
        world.vandalize(set, &[Bind::Text(&trade_no), Bind::Text("NONSENSE")]);
        // Its notification falls due, and then its deadline.
        for out_trade_no in ["g8", "g9"] {
            world.later(minutes(61));
            world.checkout(&Call::direct(&shop, out_trade_no, "1.00").url(), &zhang.email, Value::Null);
            assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
        }
        world.vandalize(set, &[Bind::Text(&trade_no), Bind::Text("WAIT_BUYER_PAY")]);
        world.later(minutes(61));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "TRADE_CLOSED"]);
    });
}

#[test]
fn the_clock_moves_within_a_group_for_those_behind() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let body = json!({ "seconds": 86_400 }).to_string();
        let before = authorized(world, request(Method::GET, "/sandbox/v1/clock", ""));
        let advance = authorized(world, request(Method::POST, "/sandbox/v1/clock/advance", body));
        let after = authorized(world, request(Method::GET, "/sandbox/v1/clock", ""));
        let buy = checkout(world, &Call::direct(&shop, "g6", "1.00"));
        let inputs = [before, advance, after, buy].map(|asked| world.input(asked)).into();
        let answers = world.step(inputs);
        let now = |nth| json_of(&answers, nth)["now_ms"].as_i64().unwrap();
        assert_eq!(now(2) - now(0), 86_400_000);
        assert!(json_of(&answers, 3)["trade_no"].as_str().unwrap().starts_with("20120301"));
        world.acknowledge_all();
    });
}

#[test]
fn nothing_at_all_is_a_group_too() {
    on_both_databases(|world| {
        assert!(world.step(Vec::new()).is_empty());
        world.wake();
        world.wake();
    });
}
