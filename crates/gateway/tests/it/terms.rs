//! What a request asks for beyond goods and money, and what the contract says to it.

use std::time::Duration;

use danbao_gateway::config::SellerCode;
use danbao_protocol::reply::Reply;
use serde_json::{Value, json};

use super::browser::Browser;
use super::order::Call;
use super::world::{Merchant, World, on_both_databases, on_both_databases_with};

/// The code on the page, or where it goes on to.
fn code(world: &mut World, call: &Call) -> String {
    let page = Browser::default().open(world, &call.url());
    if page.at.starts_with("/cashier/") { "goes on".to_owned() } else { page.code() }
}

fn stamp(world: &mut World, shop: &Merchant) -> String {
    let url = format!("/gateway.do?service=query_timestamp&partner={}", shop.partner);
    Reply::parse(world.get(&url).body()).unwrap().get("encrypt_key").unwrap().to_owned()
}

#[test]
fn a_time_out_outside_the_grammar_and_one_without_a_contract_have_codes_of_their_own() {
    on_both_databases(|world| {
        let rich = world.shop.clone();
        let poor = world.merchant("poor@shop.example", json!({}));
        for bad in ["1.5h", "0m", "16d", "2c", "soon"] {
            let call = Call::escrow(&rich, "t1", "1.00").with("it_b_pay", bad);
            assert_eq!(code(world, &call), "ILLEGAL_OUTTIME_ARGUMENT", "{bad}");
        }
        for name in ["t_s_send_1", "t_s_send_2", "t_b_rec_post"] {
            let call = |shop: &Merchant, value| Call::escrow(shop, "t2", "1.00").with(name, value);
            assert_eq!(code(world, &call(&rich, "7h")), "ILLEGAL_OUTTIME_ARGUMENT", "{name}");
            assert_eq!(code(world, &call(&poor, "7h")), "ILLEGAL_OUTTIME_ARGUMENT", "the form comes first");
            assert_eq!(code(world, &call(&poor, "7d")), "SELF_TIMEOUT_NOT_SUPPORT", "{name}");
        }
        for (order, good) in [("t3", "1m"), ("t4", "15d"), ("t5", "1c")] {
            let call = Call::escrow(&rich, order, "1.00").with("it_b_pay", good);
            assert_eq!(code(world, &call), "goes on", "{good}");
        }
    });
}

#[test]
fn the_sellers_code_is_spelt_as_configured() {
    let strange = |world: &mut World| {
        let other = world.merchant("other@shop.example", json!({}));
        let call = Call::direct(&world.shop, "t6", "1.00").with("seller_email", &other.seller_email);
        code(world, &call)
    };
    on_both_databases(|world| assert_eq!(strange(world), "seller_not_in_specified_sellers"));
    let settings = |config: &mut danbao_gateway::Config| config.seller_code = SellerCode::Capitals;
    on_both_databases_with(settings, |world| {
        assert_eq!(strange(world), "SELLER_NOT_IN_SPECIFIED_SELLERS");
    });
}

#[test]
fn a_channel_that_no_list_has_or_that_this_cashier_lacks_does_not_exist() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let call = |order: &str, channels: &str| {
            Call::direct(&shop, order, "1.00").with("enable_paymethod", channels)
        };
        assert_eq!(code(world, &call("t7", "directPay^barter")), "CHANNEL_NOT_EXIST");
        assert_eq!(code(world, &call("t7", "cartoon^cash")), "CHANNEL_NOT_EXIST", "none of them is served");
        assert_eq!(code(world, &call("t7", "cartoon^bankPay")), "goes on");
        assert_eq!(code(world, &call("t8", "DIRECTPAY")), "goes on", "letter case is no channel");
    });
}

#[test]
fn a_contract_with_the_anti_phishing_check_wants_a_timestamp_of_dual_trades_too() {
    on_both_databases(|world| {
        let shop = world.merchant("wary@shop.example", json!({ "anti_phishing": true }));
        let call = Call::dual(&shop, "t9", "1.00");
        assert_eq!(code(world, &call), "ILLEGAL_ANTI_PHISHING_KEY");
        assert_eq!(code(world, &call.clone().with("anti_phishing_key", "x")), "ILLEGAL_ANTI_PHISHING_KEY");
        let key = stamp(world, &shop);
        let stamped = call.with("anti_phishing_key", &key);
        assert_eq!(code(world, &stamped), "goes on", "the dual table has no client IP");
        world.later(Duration::from_secs(31));
        assert_eq!(code(world, &stamped), "ANTI_PHISHING_KEY_TIMEOUT");
        let escrow = Call::escrow(&shop, "t10", "1.00");
        assert_eq!(code(world, &escrow), "goes on", "the escrow table has neither");
        let direct = Call::direct(&shop, "t11", "1.00").with("anti_phishing_key", &stamp(world, &shop));
        assert_eq!(code(world, &direct), "ILLEGAL_EXTER_INVOKE_IP");
        assert_eq!(code(world, &direct.clone().with("exter_invoke_ip", "")), "ILLEGAL_EXTER_INVOKE_IP");
        assert_eq!(code(world, &direct.with("exter_invoke_ip", "203.0.113.7")), "goes on");
    });
}

#[test]
fn what_was_sent_to_be_given_back_is_given_back_and_what_was_sent_to_be_kept_is_kept() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let call = Call::direct(&shop, "t12", "1.00")
            .with("extra_common_param", "会员 7")
            .with("extend_param", "isv^2088^x");
        assert_eq!(code(world, &call), "ILLEGAL_ARGUMENT", "no pair");
        let call = call.with("extend_param", "isv^2088|note^");
        world.checkout(&call.url(), &zhang.email, Value::Null);
        let told = world.acknowledge();
        assert_eq!(told.get("extra_common_param"), "会员 7");
        assert!(!told.has("extend_param"));
    });
}

#[test]
fn shipping_says_whether_a_refund_stops_the_clock_by_the_reversed_words_of_the_document() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let bought = world.checkout(&Call::escrow(&shop, "t13", "1.00").url(), &zhang.email, Value::Null);
        let trade_no = bought["trade_no"].as_str().unwrap().to_owned();
        let ship = Call::new(&shop, "send_goods_confirm_by_platform")
            .with("trade_no", &trade_no)
            .with("transport_type", "EXPRESS")
            .with("logistics_name", "顺丰");
        let said = |world: &mut World, name: &str| {
            Reply::parse(world.get(&ship.url()).body()).unwrap().get(name).unwrap().to_owned()
        };
        assert_eq!(said(world, "stop_timeout"), "T", "it runs");
        assert_eq!(said(world, "buyer_type"), "PRIVATE_ACCOUNT");
        world.act(&trade_no, json!({ "action": "apply_refund" }));
        assert_eq!(said(world, "stop_timeout"), "F", "it stands still");
        world.act(&trade_no, json!({ "action": "withdraw_refund" }));
        assert_eq!(said(world, "stop_timeout"), "T");
        let path = format!("/users/{}", zhang.user_id);
        world.done(http::Method::POST, &path, &json!({ "kind": "company" }));
        assert_eq!(said(world, "buyer_type"), "COMPANY_ACCOUNT");
        world.acknowledge_all();
    });
}
