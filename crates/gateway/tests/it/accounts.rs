//! Account states: what a sandbox can make of an account, and what that does to payments.

use danbao_protocol::money::Fen;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::browser::Browser;
use super::order::Call;
use super::world::{Merchant, World, days, on_both_databases, on_both_databases_with};

#[test]
fn an_account_is_private_certified_and_free_until_somebody_says_otherwise() {
    on_both_databases(|world| {
        let company = json!({ "email": "co@b.example", "kind": "company", "is_certified": false });
        let made = world.done(Method::POST, "/users", &company);
        assert_eq!((&made["kind"], &made["is_certified"]), (&json!("company"), &json!(false)));
        let state = world.done(Method::GET, "/state", &Value::Null);
        let users = state["users"].as_array().unwrap().clone();
        let of = |email: &str| users.iter().find(|user| user["email"] == email).unwrap().clone();
        let zhang = of("zhang@danbao.example");
        assert_eq!(
            (&zhang["kind"], &zhang["is_certified"], &zhang["is_frozen"]),
            (&json!("private"), &json!(true), &json!(false))
        );
        assert_eq!(of("co@b.example")["kind"], "company");
    });
}

#[test]
fn what_is_not_said_of_an_account_stays_as_it_is() {
    on_both_databases(|world| {
        let id = world.zhang().user_id;
        let path = format!("/users/{id}");
        let frozen = world.done(Method::POST, &path, &json!({ "is_frozen": true }));
        assert_eq!((&frozen["is_frozen"], &frozen["is_certified"]), (&json!(true), &json!(true)));
        let company = world.done(Method::POST, &path, &json!({ "kind": "company", "is_certified": false }));
        assert_eq!((&company["is_frozen"], &company["kind"]), (&json!(true), &json!("company")));
        assert_eq!(world.done(Method::POST, &path, &json!({})), company);
        let (status, problem) = world.sandbox(Method::POST, &path, &json!({ "kind": "club" }));
        assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("kind_unknown")));
        world.done(Method::POST, &path, &json!({ "is_frozen": false }));
    });
}

fn freeze(world: &mut World, user_id: &str, is_frozen: bool) {
    world.done(Method::POST, &format!("/users/{user_id}"), &json!({ "is_frozen": is_frozen }));
}

/// Pays a trade whose seller was frozen after the request was accepted.
fn paid_to_the_frozen(world: &mut World, shop: &Merchant, call: &Call, wish: Value) -> String {
    let zhang = world.zhang();
    let mut stopped = wish;
    stopped["stop_unpaid"] = json!(true);
    let made = world.checkout(&call.url(), &zhang.email, stopped);
    world.acknowledge_all();
    freeze(world, &shop.seller_id, true);
    let trade_no = made["trade_no"].as_str().unwrap().to_owned();
    let paid = world.act(&trade_no, json!({ "action": "pay" }));
    assert_eq!(paid["trade_status"], "TRADE_PENDING", "{paid}");
    assert_eq!(paid["deadlines"], json!([]), "nothing happens by itself");
    trade_no
}

#[test]
fn what_a_frozen_seller_was_paid_is_held_announced_and_passed_on_when_the_account_is_released() {
    on_both_databases(|world| {
        let terms = json!({ "is_refundable": true, "fee_ppm": 6_000 });
        let shop = world.merchant("advanced@shop.example", terms);
        let seller = format!("user:{}", shop.seller_id);
        let no = paid_to_the_frozen(world, &shop, &Call::direct(&shop, "f1", "10.00"), json!({}));
        let told = world.acknowledge();
        assert_eq!(told.get("trade_status"), "TRADE_PENDING");
        assert!(told.has("gmt_payment") && !told.has("gmt_close"));
        assert_eq!(world.balance(&seller), "0.00", "the account takes nothing");
        assert_eq!(world.balance(&format!("escrow:{no}")), "10.00", "nor does it get lost");
        assert_eq!(
            world.act(&no, json!({ "action": "pay" })),
            json!({ "error_code": "TRADE_NOT_ALLOWED_PAY" })
        );
        assert_eq!(
            world.act(&no, json!({ "action": "close" })),
            json!({ "error_code": "TRADE_STATUS_NOT_AVAILD" })
        );

        world.later(days(40));
        assert_eq!(world.status(&no), "TRADE_PENDING");
        freeze(world, &shop.seller_id, false);
        assert_eq!(world.acknowledge_all(), ["TRADE_SUCCESS"]);
        assert_eq!(world.balance(&seller), "9.94");
        assert_eq!(world.balance(&format!("escrow:{no}")), "0.00");
        let history = world.trade(&no)["history"].clone();
        let last = history.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["actor"], &last["command"]), (&json!("platform"), &json!("release")));
        world.later(days(90));
        assert_eq!(world.status(&no), "TRADE_FINISHED", "the refund period began with the release");
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
    });
}

#[test]
fn releasing_an_account_passes_all_its_payments_on_once_and_nobody_elses() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let other = world.merchant("other@shop.example", json!({}));
        let one = paid_to_the_frozen(world, &shop, &Call::direct(&shop, "f2", "1.00"), json!({}));
        freeze(world, &shop.seller_id, false);
        assert_eq!(world.status(&one), "TRADE_FINISHED");
        let mode = json!({ "mode": "direct" });
        let two = paid_to_the_frozen(world, &shop, &Call::dual(&shop, "f3", "2.00"), mode);
        freeze(world, &shop.seller_id, false);
        let three = paid_to_the_frozen(world, &other, &Call::direct(&other, "f4", "3.00"), json!({}));
        freeze(world, &shop.seller_id, false);
        assert_eq!(world.status(&two), "TRADE_FINISHED");
        assert_eq!(world.status(&three), "TRADE_PENDING");
        freeze(world, &other.seller_id, false);
        assert_eq!(world.status(&three), "TRADE_FINISHED");
        world.acknowledge_all();
    });
}

#[test]
fn an_escrow_trade_pays_a_frozen_seller_as_ever() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        freeze(world, &shop.seller_id, true);
        let paid = world.checkout(&Call::escrow(&shop, "f5", "10.00").url(), &zhang.email, Value::Null);
        let no = paid["trade_no"].as_str().unwrap().to_owned();
        world.act(&no, json!({ "action": "send_goods" }));
        let done = world.act(&no, json!({ "action": "confirm_goods" }));
        assert_eq!(done["trade_status"], "TRADE_FINISHED");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "9.94");
        world.acknowledge_all();
    });
}

#[test]
fn a_frozen_buyer_signs_in_and_looks_and_pays_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        freeze(world, &zhang.user_id, true);
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::direct(&shop, "f6", "10.00").url());
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        assert!(pay.at.ends_with("/pay"), "{}", pay.at);
        let by_balance = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let refused = browser.send(world, &by_balance);
        assert!(refused.says("account_frozen") && refused.shows("ACCOUNT_FROZEN"), "{}", refused.html);
        let by_bank = pay.form("/pay").with("method", "bank").with("bank", "CMB");
        let refused = browser.send(world, &by_bank);
        assert!(refused.says("account_frozen"), "nobody is sent to a bank in vain: {}", refused.at);
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
        assert!(world.sent.is_empty());
        freeze(world, &zhang.user_id, false);
        assert!(browser.send(world, &by_balance).at.ends_with("/paid"));
        world.acknowledge_all();
    });
}

#[test]
fn a_company_pays_a_person_fifty_thousand_at_once_and_no_more() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let body = json!({ "email": "co@b.example", "kind": "company", "balance": "300000.00" });
        world.done(Method::POST, "/users", &body);
        let pay = |world: &mut World, order: &str, total: &str| {
            let url = Call::escrow(&shop, order, total).addressed().url();
            let answer = world.checkout(&url, "co@b.example", Value::Null);
            world.acknowledge_all();
            answer
        };
        assert_eq!(pay(world, "c1", "50000.00")["error_code"], Value::Null);
        let too_much = json!({ "error_code": "MAX_MONEY_COMPANY_TO_INDIVIDUAL" });
        assert_eq!(pay(world, "c2", "50000.01"), too_much);
        world.done(Method::POST, &format!("/users/{}", shop.seller_id), &json!({ "kind": "company" }));
        assert_eq!(pay(world, "c3", "50000.01")["error_code"], Value::Null, "a company pays a company");
    });
}

#[test]
fn what_a_company_may_pay_is_a_setting() {
    let settings = |config: &mut danbao_gateway::Config| config.company_to_private_max = Fen(100);
    on_both_databases_with(settings, |world| {
        let shop = world.shop.clone();
        let body = json!({ "email": "co@b.example", "kind": "company", "balance": "300.00" });
        world.done(Method::POST, "/users", &body);
        let refused = world.checkout(&Call::direct(&shop, "c4", "1.01").url(), "co@b.example", Value::Null);
        assert_eq!(refused, json!({ "error_code": "MAX_MONEY_COMPANY_TO_INDIVIDUAL" }));
    });
}
