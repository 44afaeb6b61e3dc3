//! Error notifications: what the gateway has refused is told to the shop once, shown, and changes nothing.

use danbao_merchant::Account;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::Request;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::error_notify;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_sidecar::{Accounts, Config, Sidecar};
use danbao_store::testing::Database;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{
    Bought, DIRECT, KEY, MIDNIGHT, World, config, gateways_rsa, notification, on_both_databases, plain, says,
    silent, text,
};

const DOOR: &str = "/pay/error_notify";
const OTHER_PARTNER: &str = "2088000000000099";
const OTHER_KEY: &str = "other2k3k4k5k6k7k8k9kakbkckdkekf";

/// What the gateway reads in the address that the buyer follows.
fn asked_by(bought: &Bought) -> Params {
    let (_, query) = bought.url.split_once('?').unwrap();
    Params::parse_urlencoded(query.as_bytes()).unwrap()
}

/// The unsigned letter about a link of this buyer.
fn written(bought: &Bought, id: &str, time: &str, code: ErrorCode) -> Params {
    let mut params = error_notify::build(&asked_by(bought), Charset::Utf8, code);
    params.push("notify_id", id.as_bytes());
    params.push("notify_time", time.as_bytes());
    params
}

fn changed(mut params: Params, name: &str, value: &str) -> Params {
    params.remove(name);
    params.push(name, value.as_bytes());
    params
}

/// As the gateway signs and sends it.
fn sent(mut params: Params, signer: &Signer) -> Request {
    append(&mut params, signer).unwrap();
    let mut request = plain(Method::POST, DOOR, params.to_urlencoded());
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

fn signed(params: Params) -> Request {
    sent(params, &Signer::Md5(Md5Key::new(KEY)))
}

pub(crate) fn letter(bought: &Bought, id: &str, time: &str, code: ErrorCode) -> Request {
    signed(written(bought, id, time, code))
}

#[test]
fn only_a_direct_payment_says_where_its_refusal_is_to_be_told() {
    on_both_databases(|world| {
        let direct = asked_by(&world.direct("A"));
        let address = error_notify::address(&direct, Charset::Utf8);
        assert_eq!(address.as_deref(), Some("http://sidecar:8082/pay/error_notify"));
        let mut dual = crate::world::escrow_terms();
        dual["service"] = json!("trade_create_by_buyer");
        for bought in [world.escrow("B"), world.order("C", &dual)] {
            assert_eq!(asked_by(&bought).get("error_notify_url"), None);
        }
    });
}

#[test]
fn a_refused_request_is_told_once_and_shown_and_may_be_paid_all_the_same() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let before = world.state(&bought);
        assert_eq!(before["last_refusal"], Value::Null);
        let told = letter(&bought, "r1", "2012-03-01 00:00:07", ErrorCode::SellerEnableStatusForbid);
        for _ in 0..3 {
            assert_eq!(text(&world.bring(told.clone(), "true")), "success");
        }
        assert_eq!(world.kinds(), ["payment_request.refused"]);
        let expected = json!({
            "order_no": "A", "out_trade_no": "A-1", "error_code": "SELLER_ENABLE_STATUS_FORBID",
            "refused_at": "2012-02-29T16:00:07.000Z",
        });
        assert_eq!(world.events()[0]["data"], expected);
        world.due();
        assert_eq!(world.shop_says(204), world.events()[0], "a webhook says the same");

        let mut after = world.state(&bought);
        let refusal = after["last_refusal"].take();
        assert_eq!(after, before, "and nothing else has changed");
        let shown =
            json!({ "error_code": "SELLER_ENABLE_STATUS_FORBID", "refused_at": "2012-02-29T16:00:07.000Z" });
        assert_eq!(refusal, shown);
        let (_, order) = world.api(Method::GET, "/v1/orders/A", &Value::Null);
        assert_eq!(order["payment_requests"][0]["last_refusal"], shown);

        assert_eq!(text(&world.bring(bought.notify(9, "TRADE_FINISHED"), "true")), "success");
        assert_eq!(world.kinds(), ["payment_request.refused", "order.paid"]);
        assert_eq!(world.events()[1]["data"]["change"], 1, "a refusal is no change");
    });
}

#[test]
fn each_refusal_is_told_and_the_last_by_the_gateways_clock_is_shown() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "true")), "success");
        let paid = world.state(&bought);
        for (id, time, code) in [
            ("r2", "2012-03-01 00:00:05", ErrorCode::TradeNotAllowedPay),
            ("r3", "2012-03-01 00:00:06", ErrorCode::IllegalArgument),
            ("r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist),
        ] {
            assert_eq!(text(&world.bring(letter(&bought, id, time, code), "true")), "success");
        }
        let codes: Vec<Value> = world.events()[1..].iter().map(|e| e["data"]["error_code"].clone()).collect();
        assert_eq!(codes, ["TRADE_NOT_ALLOWED_PAY", "ILLEGAL_ARGUMENT", "SELLER_NOT_EXIST"]);
        let mut state = world.state(&bought);
        assert_eq!(state["last_refusal"].take()["error_code"], "ILLEGAL_ARGUMENT");
        assert_eq!(state, paid, "a paid order stays paid");
    });
}

#[test]
fn a_letter_comes_in_the_charset_and_by_the_signature_of_its_request() {
    on_both_databases(|world| {
        let bought = world.order("A", &json!({ "service": DIRECT, "charset": "gbk", "sign_type": "RSA" }));
        let asked = asked_by(&bought);
        let mut params = error_notify::build(&asked, Charset::Gbk, ErrorCode::BuyerNotExist);
        params.push_text("buyer_email", "买家@example.com", Charset::Gbk).unwrap();
        let params = changed(params, "error_code", "A_CODE_OF_2013");
        let params = changed(changed(params, "notify_id", "r1"), "notify_time", "2012-03-01 00:00:04");
        assert_eq!(text(&world.bring(sent(params, gateways_rsa()), "true")), "success");
        assert_eq!(world.events()[0]["data"]["error_code"], "A_CODE_OF_2013", "a code that nobody knows yet");
    });
}

#[test]
fn a_letter_that_is_forged_or_about_something_else_changes_nothing() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let letter = || written(&bought, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        let forger = Signer::Md5(Md5Key::new("not the key of this contract 321"));
        assert_eq!(text(&world.get(sent(letter(), &forger))), "fail");
        let altered = signed(letter()).body().to_vec();
        let altered = String::from_utf8(altered).unwrap().replace("SELLER_NOT_EXIST", "ILLEGAL_SIGN");
        assert_eq!(text(&world.get(plain(Method::POST, DOOR, altered))), "fail");
        assert!(world.sent_to("gateway").is_none(), "a forged signature is not worth a question");
        let mut unnumbered = letter();
        unnumbered.remove("out_trade_no");
        let mut uncoded = letter();
        uncoded.remove("error_code");
        for (params, word) in [
            (letter(), "false"),
            (letter(), "invalid"),
            (letter(), "<html>"),
            (changed(letter(), "out_trade_no", "A-2"), "true"),
            (changed(letter(), "out_trade_no", "A-1\0"), "true"),
            (changed(letter(), "error_code", "SELLER\0"), "true"),
            (changed(letter(), "partner", OTHER_PARTNER), "true"),
            (changed(letter(), "notify_type", "trade_status_sync"), "true"),
            (changed(letter(), "notify_time", "yesterday"), "true"),
            (unnumbered, "true"),
            (uncoded, "true"),
            (bought.message(1, "TRADE_FINISHED", &[], KEY), "true"),
        ] {
            let mut params = params;
            params.remove("sign");
            params.remove("sign_type");
            let shown = format!("{params:?}");
            assert_eq!(text(&world.bring(signed(params), word)), "fail", "{word} {shown}");
        }
        let at_the_other_door = notification(String::from_utf8(signed(letter()).body().to_vec()).unwrap());
        assert_eq!(text(&world.bring(at_the_other_door, "true")), "fail");
        for method in [Method::POST, Method::GET] {
            assert_eq!(text(&world.get(plain(method, DOOR, String::new()))), "fail");
        }
        assert!(world.events().is_empty());
        assert_eq!(world.state(&bought)["last_refusal"], Value::Null);
        assert_eq!(text(&world.bring(signed(letter()), "true")), "success", "the true one is still news");
        let path = format!("/v1/payment_requests/{}/messages", bought.number);
        let (_, messages) = world.api(Method::GET, &path, &Value::Null);
        let notes: Vec<&str> =
            messages["messages"].as_array().unwrap().iter().map(|m| m["note"].as_str().unwrap()).collect();
        for check in ["sign:", "notify_verify:", "partner:", "form:"] {
            assert!(notes.iter().any(|note| note.starts_with(check)), "{check} {notes:?}");
        }
    });
}

#[test]
fn another_partner_tells_nothing_about_an_order_that_is_not_theirs() {
    let other = |id: &str, key: &str| {
        let (partner, seller) = (PartnerId::new(id), UserId::new("2088000000000098"));
        let url = "http://gateway/gateway.do";
        Account::new(partner, Md5Key::new(key), "other@example.com", seller, url).unwrap()
    };
    let both = || {
        let accounts = vec![other("2088000000000001", KEY), other(OTHER_PARTNER, OTHER_KEY)];
        Config { accounts: Accounts::new(accounts).unwrap(), ..config() }
    };
    for database in Database::of_each_kind().unwrap() {
        let sidecar = Sidecar::open(database.connect().unwrap(), both(), [7; 32]).unwrap();
        let mut world = World::on(sidecar);
        let terms = json!({ "service": DIRECT, "partner": "2088000000000001" });
        let bought = world.order("A", &terms);
        let others = Signer::Md5(Md5Key::new(OTHER_KEY));
        let letter = || written(&bought, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        let theirs = changed(letter(), "partner", OTHER_PARTNER);
        for params in [letter(), theirs] {
            assert_eq!(text(&world.bring(sent(params, &others), "true")), "fail");
        }
        assert!(world.events().is_empty());

        // The same id is another letter if it is another partner's.
        let terms = json!({ "service": DIRECT, "partner": OTHER_PARTNER });
        let theirs = world.order("B", &terms);
        let theirs = written(&theirs, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        assert_eq!(text(&world.bring(sent(theirs, &others), "true")), "success");
        assert_eq!(text(&world.bring(signed(letter()), "true")), "success");
        assert_eq!(world.kinds(), ["payment_request.refused", "payment_request.refused"]);
    }
}

#[test]
fn a_letter_that_comes_twice_while_the_gateway_is_asked_is_told_once() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let told = letter(&bought, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        let (silenced, input) = world.ask(told.clone());
        world.step(vec![input]);
        let (send, _) = world.sent_to("gateway").unwrap();
        world.step(vec![silent(send)]);
        assert_eq!(text(&world.answered(silenced).unwrap()), "fail", "it comes again");
        let asks: Vec<_> = [0, 1].map(|_| world.ask(told.clone())).into();
        let ids: Vec<_> = asks.iter().map(|(id, _)| *id).collect();
        world.step(asks.into_iter().map(|(_, input)| input).collect());
        let answers = [0, 1].map(|_| says(world.sent_to("gateway").unwrap().0, "true"));
        world.step(answers.into());
        for id in ids {
            assert_eq!(text(&world.answered(id).unwrap()), "success");
        }
        assert_eq!(world.kinds(), ["payment_request.refused"]);
    });
}

#[test]
fn an_order_that_is_asked_for_again_after_its_database_was_restored_hears_the_letter_that_comes_again() {
    on_both_databases(|world| {
        let bought = Bought::of(&json!({
            "out_trade_no": "A-1", "charset": "utf-8",
            "payment_url": "http://gateway/gateway.do?service=create_direct_pay_by_user&out_trade_no=A-1",
        }));
        let told = letter(&bought, "r1", "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
        assert_eq!(text(&world.bring(told.clone(), "true")), "fail");
        let _ = world.direct("A");
        assert_eq!(text(&world.bring(told, "true")), "success");
        assert_eq!((world.now, world.kinds().len()), (MIDNIGHT, 1));
    });
}

#[test]
fn a_payment_request_is_refused_again_and_again_and_still_asked_after_and_closed() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        for n in 0..5 {
            let told = letter(&bought, &format!("r{n}"), "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
            assert_eq!(text(&world.bring(told, "true")), "success");
        }
        let (status, _) = world.api(Method::POST, "/v1/orders/A/close", &Value::Null);
        assert_eq!(status, StatusCode::OK);
        world.due();
        let question = world.gateway_says(crate::world::refused("TRADE_NOT_EXIST"));
        assert_eq!(crate::world::service(&question), "close_trade");
        assert_eq!(world.state(&bought)["closing"], true);
    });
}
