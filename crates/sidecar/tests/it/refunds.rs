//! Refunds of direct payments: asked for once, told until the gateway answers, and their results taken once.

use danbao_merchant::protocol::node::Request;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{
    Bought, KEY, World, asked, done, on_both_databases, plain, refused, service, silent, text,
};

fn paid(world: &mut World, order_no: &str) -> Bought {
    let bought = world.direct(order_no);
    let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
    bought
}

fn wish(bought: &Bought, amount: &str) -> Value {
    json!({ "items": [{ "out_trade_no": bought.number, "amount": amount, "reason": "颜色不符" }] })
}

fn refund(world: &mut World, bought: &Bought) -> String {
    let (status, refund) = world.api(Method::POST, "/v1/refunds", &wish(bought, "4.00"));
    assert_eq!((status, &refund["state"]), (StatusCode::CREATED, &json!("waiting")), "{refund}");
    refund["batch_no"].as_str().unwrap().to_owned()
}

fn shown(world: &mut World, batch_no: &str) -> Value {
    let (status, refund) = world.api(Method::GET, &format!("/v1/refunds/{batch_no}"), &Value::Null);
    assert_eq!(status, StatusCode::OK, "{refund}");
    refund
}

/// What the gateway tells of a batch of one item.
fn told(batch_no: &str, details: &str, key: &str) -> Request {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_type", "batch_refund_notify"),
        ("batch_no", batch_no),
        ("success_num", if details.ends_with("SUCCESS") { "1" } else { "0" }),
        ("result_details", details),
        ("notify_id", "refunded"),
        ("notify_time", "2012-03-01 00:01:00"),
    ] {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
    let mut request = plain(Method::POST, "/pay/refund_notify", params.to_urlencoded());
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

#[test]
fn a_refund_is_told_to_the_gateway_and_its_result_is_one_event_however_often_it_comes() {
    on_both_databases(|world| {
        let bought = paid(world, "A");
        let batch_no = refund(world, &bought);
        assert!(batch_no.starts_with("20120301"));
        world.due();
        let call = world.gateway_says(done());
        assert_eq!(service(&call), "refund_fastpay_by_platform_nopwd");
        let said = asked(&call);
        let value = |name: &str| &said.iter().find(|(known, _)| known == name).unwrap().1;
        assert_eq!(value("batch_no"), &batch_no);
        assert_eq!(value("notify_url"), "http://sidecar:8082/pay/refund_notify");
        assert_eq!(shown(world, &batch_no)["state"], "accepted");

        let details = format!("{}^4.00^SUCCESS", bought.trade_no());
        for _ in 0..2 {
            let answer = world.bring(told(&batch_no, &details, KEY), "true");
            assert_eq!(text(&answer), "success");
        }
        let refund = shown(world, &batch_no);
        assert_eq!((&refund["state"], &refund["items"][0]["state"]), (&json!("done"), &json!("succeeded")));
        assert_eq!(world.kinds(), ["order.paid", "refund.succeeded"]);
        let data = &world.events()[1]["data"];
        assert_eq!((&data["order_no"], &data["amount"]), (&json!("A"), &json!("4.00")));
    });
}

#[test]
fn a_batch_without_an_answer_is_told_again_and_a_duplicate_means_that_it_had_arrived() {
    on_both_databases(|world| {
        let bought = paid(world, "A");
        let batch_no = refund(world, &bought);
        world.due();
        for wait in [10, 20] {
            let (id, call) = world.sent_to("gateway").unwrap();
            assert_eq!(service(&call), "refund_fastpay_by_platform_nopwd");
            world.step(vec![silent(id)]);
            assert_eq!(shown(world, &batch_no)["state"], "waiting");
            // The webhook of the payment lies between.
            let mut waited = world.wait();
            while waited < wait {
                waited += world.wait();
            }
            assert_eq!(waited, wait);
        }
        let _ = world.gateway_says(refused("DUPLICATE_BATCH_NO"));
        assert_eq!(shown(world, &batch_no)["state"], "accepted");
    });
}

/// The first try arrived, and its answer did not. At midnight the number of the batch became one of yesterday; a frozen
/// seller does the same, for the gateway sees that before it looks whether it knows the batch. Found by the simulation
/// (refunds 11, frost 31): the shop was told that the refund had failed, and the buyer had the money.
#[test]
fn a_batch_that_may_have_arrived_is_not_said_to_have_failed() {
    on_both_databases(|world| {
        for (order_no, code) in
            [("A", "BATCH_NO_FORMAT_ERROR"), ("B", "REFUND_DATE_ERROR"), ("C", "SELLER_STATUS_NOT_ALLOW")]
        {
            let bought = paid(world, order_no);
            let batch_no = refund(world, &bought);
            world.due();
            let (first, _) = world.sent_to("gateway").unwrap();
            world.step(vec![silent(first)]);
            world.now.0 += 10_000;
            world.due();
            let _ = world.gateway_says(refused(code));
            let state = shown(world, &batch_no);
            assert_eq!((&state["state"], &state["error_code"]), (&json!("waiting"), &json!(code)));
            let details = format!("{}^4.00^SUCCESS", bought.trade_no());
            assert_eq!(text(&world.bring(told(&batch_no, &details, KEY), "true")), "success");
            let state = shown(world, &batch_no);
            assert_eq!((&state["state"], &state["error_code"]), (&json!("done"), &Value::Null));
        }
        assert_eq!(world.kinds(), ["order.paid", "refund.succeeded"].repeat(3));
    });
}

#[test]
fn what_the_gateway_refuses_is_told_with_its_word_for_the_batch_and_for_an_item() {
    on_both_databases(|world| {
        let bought = paid(world, "A");
        let batch_no = refund(world, &bought);
        world.due();
        let _ = world.gateway_says(refused("ILLEGAL_PARTNER_EXTERFACE"));
        let refund_shown = shown(world, &batch_no);
        assert_eq!(refund_shown["state"], "refused");
        assert_eq!(refund_shown["error_code"], "ILLEGAL_PARTNER_EXTERFACE");

        let second = refund(world, &bought);
        assert_ne!(second, batch_no);
        let details = format!("{}^4.00^TRADE_HAS_FINISHED", bought.trade_no());
        let answer = world.bring(told(&second, &details, KEY), "true");
        assert_eq!(text(&answer), "success", "it may come before the answer to the call");
        assert_eq!(world.kinds(), ["order.paid", "refund.failed", "refund.failed"]);
        let codes: Vec<Value> = world.events()[1..].iter().map(|e| e["data"]["error_code"].clone()).collect();
        assert_eq!(codes, ["ILLEGAL_PARTNER_EXTERFACE", "TRADE_HAS_FINISHED"]);
    });
}

#[test]
fn a_no_that_names_no_code_or_an_accident_is_no_answer_to_the_batch() {
    on_both_databases(|world| {
        let unnamed = || http::Response::new("<alipay><is_success>F</is_success></alipay>".into());
        for (order_no, no) in [("A", unnamed()), ("B", refused("")), ("C", refused("SYSTEM_ERROR"))] {
            let bought = paid(world, order_no);
            let batch_no = refund(world, &bought);
            world.due();
            let _ = world.gateway_says(no);
            assert_eq!(shown(world, &batch_no)["state"], "waiting", "{order_no}");
            world.now.0 += 10_000;
            world.due();
            let _ = world.gateway_says(done());
            assert_eq!(shown(world, &batch_no)["state"], "accepted", "{order_no}");
        }
    });
}

#[test]
fn a_result_that_is_forged_or_about_something_else_changes_nothing() {
    on_both_databases(|world| {
        let bought = paid(world, "A");
        let batch_no = refund(world, &bought);
        let details = format!("{}^4.00^SUCCESS", bought.trade_no());
        let other = format!("{}^4.01^SUCCESS", bought.trade_no());
        let answer = world.get(told(&batch_no, &details, "another key"));
        assert_eq!(text(&answer), "fail");
        for (request, word) in [
            (told(&batch_no, &details, KEY), "false"),
            (told(&batch_no, &other, KEY), "true"),
            (told("20120301999", &details, KEY), "true"),
            (bought.notify(1, "TRADE_FINISHED"), "false"),
        ] {
            assert_eq!(text(&world.bring(request, word)), "fail");
        }
        let empty = world.get(plain(Method::POST, "/pay/refund_notify", String::new()));
        let curious = world.get(plain(Method::GET, "/pay/refund_notify", String::new()));
        assert_eq!((text(&empty), text(&curious)), ("fail", "fail"));
        assert_eq!(shown(world, &batch_no)["state"], "waiting");
        assert_eq!(world.kinds(), ["order.paid"]);
    });
}

#[test]
fn what_cannot_be_refunded_is_a_problem_and_the_same_key_refunds_once() {
    on_both_databases(|world| {
        let (bought, unpaid) = (paid(world, "A"), world.direct("B"));
        let escrow = world.escrow("C");
        let _ = world.bring(escrow.notify(2, "WAIT_SELLER_SEND_GOODS"), "true");
        let item = |bought: &Bought, amount: &str, reason: &str| json!({ "out_trade_no": bought.number, "amount": amount, "reason": reason });
        for (items, code) in [
            (json!([]), "refund_refused"),
            (json!([item(&bought, "0.00", "")]), "refund_refused"),
            (json!([item(&bought, "x", "")]), "amount_malformed"),
            (json!([item(&bought, "1.00", "a^b")]), "refund_refused"),
            (json!([item(&bought, "1.00", ""), item(&bought, "1.00", "")]), "item_twice"),
            (json!([item(&unpaid, "1.00", "")]), "not_to_be_refunded"),
            (json!([item(&escrow, "1.00", "")]), "not_to_be_refunded"),
            (json!([{ "out_trade_no": "none", "amount": "1.00" }]), "payment_request_unknown"),
            (json!([{ "out_trade_no": "none" }]), "malformed_json"),
        ] {
            let (_, problem) = world.api(Method::POST, "/v1/refunds", &json!({ "items": items }));
            assert_eq!(problem["code"], code, "{items}: {problem}");
        }
        let (_, none) = world.api(Method::GET, "/v1/refunds/none", &Value::Null);
        assert_eq!(none["code"], "not_found");

        let once = wish(&bought, "4.00");
        let first = world.api_with_key(Method::POST, "/v1/refunds", &once, "refund A");
        let again = world.api_with_key(Method::POST, "/v1/refunds", &once, "refund A");
        assert_eq!(first, again);
        let (status, _) = world.api_with_key(Method::POST, "/v1/refunds", &wish(&bought, "5.00"), "refund A");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        world.due();
        let _ = world.gateway_says(done());
        assert!(world.sent_to("gateway").is_none(), "one batch, one call");
    });
}
