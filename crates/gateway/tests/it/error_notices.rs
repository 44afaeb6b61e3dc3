//! 错误通知: refused direct-pay requests, told to the address that they name (protocol.md §8.4).

use danbao_protocol::params::Params;
use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{Merchant, Message, World, minutes, on_both_databases};

const ERROR_URL: &str = "http://shop.example/error";

/// A merchant for whom error notifications were opened.
fn opened(world: &mut World) -> Merchant {
    world.merchant("told@shop.example", json!({ "error_notify": true }))
}

fn call(shop: &Merchant, out_trade_no: &str) -> Call {
    Call::direct(shop, out_trade_no, "1.00").with("error_notify_url", ERROR_URL)
}

/// Asks, is refused, and hears the letter of it.
fn refused(world: &mut World, call: &Call) -> Message {
    world.get(&call.url());
    assert_eq!(world.sent.len(), 1, "{call:?}");
    assert_eq!(world.sent[0].request.uri(), ERROR_URL);
    world.acknowledge()
}

fn verify(world: &mut World, shop: &Merchant, notify_id: &str) -> String {
    let path = format!("/gateway.do?service=notify_verify&partner={}&notify_id={notify_id}", shop.partner);
    world.get_text(&path)
}

#[test]
fn a_refused_request_is_told_with_its_code_and_what_it_said_of_itself() {
    on_both_databases(|world| {
        let shop = opened(world);
        let asked = call(&shop, "e1").with("buyer_email", "zhang@danbao.example").with("total_fee", "0.00");
        world.get(&asked.url());
        let sent = world.sent.front().expect("a letter is on its way").said.clone();
        for (name, value) in [
            ("partner", shop.partner.as_str()),
            ("out_trade_no", "e1"),
            ("error_code", "TOTAL_FEE_LESSEQUAL_ZERO"),
            ("return_url", "http://shop.example/return"),
            ("buyer_email", "zhang@danbao.example"),
            ("seller_email", &shop.seller_email),
            ("notify_time", "2012-02-29 12:00:00"),
            ("sign_type", "MD5"),
        ] {
            assert_eq!(sent.get(name), value, "{name}");
        }
        assert!(!sent.has("trade_no") && !sent.has("trade_status") && !sent.has("seller_id"));
        let headless =
            world.checkout(&asked.with("out_trade_no", "e0").url(), "zhang@danbao.example", Value::Null);
        assert_eq!(headless, json!({ "error_code": "TOTAL_FEE_LESSEQUAL_ZERO" }));
        assert_eq!(world.sent.pop_back().unwrap().said.get("out_trade_no"), "e0", "without a browser too");
        let id = sent.get("notify_id").to_owned();
        assert_eq!(verify(world, &shop, &id), "true");
        let other = world.shop.clone();
        assert_eq!(verify(world, &other, &id), "false", "it was not told to that one");
        world.acknowledge();
        world.later(minutes(2));
        assert_eq!(verify(world, &shop, &id), "false", "acknowledged long ago");
    });
}

#[test]
fn every_refusal_after_the_signature_is_told_and_the_sellers_code_is_in_capitals() {
    on_both_databases(|world| {
        let shop = opened(world);
        let stranger = world.shop.seller_email.clone();
        for (code, asked) in [
            ("ILLEGAL_ARGUMENT", call(&shop, "e2").without("subject")),
            ("ILLEGAL_ARGUMENT", call(&shop, &"2".repeat(65))),
            ("SELLER_NOT_EXIST", call(&shop, "e3").with("seller_email", "nobody@x.example")),
            ("SELLER_NOT_IN_SPECIFIED_SELLERS", call(&shop, "e4").with("seller_email", &stranger)),
            ("SELF_TIMEOUT_NOT_SUPPORT", call(&shop, "e5").with("it_b_pay", "1h")),
            ("CHANNEL_NOT_EXIST", call(&shop, "e6").with("enable_paymethod", "barter")),
        ] {
            let told = refused(world, &asked);
            assert_eq!(told.get("error_code"), code, "{asked:?}");
        }
        let poor = json!({ "error_notify": true, "services": ["single_trade_query"] });
        let poor = world.merchant("poor@shop.example", poor);
        assert_eq!(refused(world, &call(&poor, "e7")).get("error_code"), "HAS_NO_PRIVILEGE");
        // In the charset of the request, as everything that answers it.
        let gbk = call(&shop, "e8").with("out_trade_no", "订单8").with("total_fee", "x").in_gbk();
        assert_eq!(refused(world, &gbk).get("out_trade_no"), "订单8");
    });
}

#[test]
fn nobody_makes_the_gateway_send_without_a_signature_a_contract_and_an_address() {
    on_both_databases(|world| {
        let (shop, closed) = (opened(world), world.shop.clone());
        let wrong = |asked: Call| asked.with("total_fee", "0.00");
        let unsigned = wrong(call(&shop, "e9")).keyed("00000000000000000000000000000000");
        let altered = wrong(call(&shop, "e10")).signed_then("error_notify_url", "http://victim.example/");
        for url in [
            unsigned.url(),
            altered,
            wrong(call(&closed, "e11")).url(),
            wrong(call(&shop, "e12")).without("error_notify_url").url(),
            call(&shop, "e13").with("error_notify_url", "victim").url(),
            wrong(Call::dual(&shop, "e14", "1.00"))
                .with("error_notify_url", ERROR_URL)
                .with("price", "x")
                .url(),
        ] {
            assert!(!world.get(&url).status().is_redirection(), "{url}");
            assert!(world.sent.is_empty(), "{url}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM notice"), 0);
        assert!(
            world.get(&call(&shop, "e15").url()).status().is_redirection(),
            "what is accepted tells no error"
        );
        assert_eq!(world.count("SELECT COUNT(*) FROM notice"), 0);
    });
}

#[test]
fn a_letter_is_tried_again_and_one_link_followed_often_owes_one_at_a_time() {
    on_both_databases(|world| {
        let shop = opened(world);
        let url = call(&shop, "e16").with("total_fee", "0.00").url();
        for _ in 0..5 {
            world.get(&url);
        }
        let first = world.answer_with(500, "no");
        assert!(world.sent.is_empty(), "one letter, however often the link was followed");
        world.later(minutes(1));
        let second = world.acknowledge();
        assert_eq!(first.get("notify_id"), second.get("notify_id"));
        assert_eq!(first.get("notify_time"), second.get("notify_time"));
        world.get(&url);
        assert_ne!(
            world.acknowledge().get("notify_id"),
            second.get("notify_id"),
            "a new refusal is told anew"
        );
    });
}

/// Letters as merchants' kits are tested on, one a line: charset, key, body.
const LETTERS: &str = include_str!("../../../protocol/tests/error-letters.txt");

/// Everything but the contract's own data and what is drawn, byte for byte and in its order.
fn but_drawn(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let params = Params::parse_urlencoded(body).unwrap();
    let pairs = params.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value));
    pairs
        .map(|(name, value)| match name.as_str() {
            "partner" | "notify_id" | "sign" => (name, vec![b'x'; value.len()]),
            _ => (name, value.to_vec()),
        })
        .collect()
}

#[test]
fn the_letters_that_kits_are_tested_on_are_the_ones_that_are_sent() {
    on_both_databases(|world| {
        let shop = opened(world);
        let plain = call(&shop, "e1").with("total_fee", "0.00").with("buyer_email", "zhang@danbao.example");
        let stranger = call(&shop, "e2").with("seller_email", &world.shop.seller_email);
        let gbk = call(&shop, "订单3").with("total_fee", "x").in_gbk();
        let long = call(&shop, &"4".repeat(65));
        let vectors = LETTERS.lines().filter(|line| !line.starts_with('#'));
        let mut sent = Vec::new();
        for asked in [plain, stranger, gbk, long] {
            world.get(&asked.url());
            sent.push(world.sent.front().unwrap().request.body().clone());
            world.acknowledge();
        }
        let vectors: Vec<&str> = vectors.filter_map(|line| line.split(' ').nth(2)).collect();
        assert_eq!(vectors.len(), sent.len());
        for (vector, sent) in vectors.iter().zip(&sent) {
            assert_eq!(but_drawn(vector.as_bytes()), but_drawn(sent));
        }
    });
}

#[test]
fn the_switch_can_be_turned() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let path = format!("/partners/{}", shop.partner);
        world.done(Method::POST, &path, &json!({ "error_notify": true }));
        assert_eq!(refused(world, &call(&shop, "e17").with("total_fee", "0.00")).get("out_trade_no"), "e17");
        let off = world.done(Method::POST, &path, &json!({ "error_notify": false }));
        assert_eq!(off["error_notify"], Value::Bool(false));
        world.get(&call(&shop, "e18").with("total_fee", "0.00").url());
        assert!(world.sent.is_empty());
    });
}
