//! Batches of which the gateway tells nothing more: the shop hears that a person must look, and the person ends them.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::town::refund_letter;
use crate::world::{Bought, World, done, on_both_databases, refused, silent, text};

/// Two paid orders and a batch with an item of each; told once, and the answer is lost.
fn asked(world: &mut World) -> ([Bought; 2], String) {
    let bought = [("A", "2012030100000001"), ("B", "2012030100000002")].map(|(order_no, trade_no)| {
        let bought = world.direct(order_no).with_trade_no(trade_no);
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        bought
    });
    let items = bought.iter().map(|bought| json!({ "out_trade_no": bought.number, "amount": "4.00" }));
    let wish = json!({ "items": items.collect::<Vec<_>>() });
    let (status, refund) = world.api(Method::POST, "/v1/refunds", &wish);
    assert_eq!(status, StatusCode::CREATED, "{refund}");
    world.due();
    let (first, _) = world.sent_to("gateway").unwrap();
    world.step(vec![silent(first)]);
    (bought, refund["batch_no"].as_str().unwrap().to_owned())
}

/// The day is over, and the number is no longer taken.
fn unclear(world: &mut World) -> ([Bought; 2], String) {
    let (bought, batch_no) = asked(world);
    world.now.0 += 86_400_000;
    world.due();
    let _ = world.gateway_says(refused("BATCH_NO_FORMAT_ERROR"));
    (bought, batch_no)
}

fn settle(world: &mut World, batch_no: &str, said: &[(&str, &str, Option<&str>)]) -> (StatusCode, Value) {
    let item = |(number, state, code): &(&str, &str, Option<&str>)| json!({ "out_trade_no": number, "state": state, "error_code": code });
    let body = json!({ "items": said.iter().map(item).collect::<Vec<_>>() });
    world.api(Method::POST, &format!("/v1/refunds/{batch_no}/settle"), &body)
}

fn news(world: &mut World) -> Vec<(String, String, Value)> {
    let refunds =
        world.events().into_iter().filter(|event| event["type"].as_str().unwrap().starts_with("refund."));
    let told = refunds.map(|event| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&event["type"]), text(&event["data"]["order_no"]), event["data"]["error_code"].clone())
    });
    told.collect()
}

fn told(kind: &str, order_no: &str, code: Option<&str>) -> (String, String, Value) {
    (kind.to_owned(), order_no.to_owned(), json!(code))
}

#[test]
fn of_a_batch_that_has_become_unclear_the_shop_hears_once_an_item() {
    on_both_databases(|world| {
        let (_, batch_no) = unclear(world);
        let code = Some("BATCH_NO_FORMAT_ERROR");
        let expected = [told("refund.unclear", "A", code), told("refund.unclear", "B", code)];
        assert_eq!(news(world), expected);
        assert_eq!(world.events().last().unwrap()["data"]["batch_no"], json!(batch_no));
        world.now.0 += 86_400_000;
        world.due();
        assert_eq!(news(world), expected, "once");
    });
}

#[test]
fn a_person_says_what_came_of_each_item_and_the_shop_hears_it_once() {
    on_both_databases(|world| {
        let (bought, batch_no) = unclear(world);
        let numbers = bought.each_ref().map(|bought| bought.number.as_str());
        let said = [(numbers[1], "failed", Some("TRADE_HAS_FINISHED")), (numbers[0], "succeeded", None)];
        let (status, refund) = settle(world, &batch_no, &said);
        assert_eq!((status, &refund["state"]), (StatusCode::OK, &json!("settled")), "{refund}");
        assert_eq!(
            (&refund["items"][0]["state"], &refund["items"][1]["state"]),
            (&json!("succeeded"), &json!("failed"))
        );
        assert!(refund["done_at"].is_string());
        let result =
            [told("refund.succeeded", "A", None), told("refund.failed", "B", Some("TRADE_HAS_FINISHED"))];
        assert_eq!(news(world)[2..], result);
        let (status, _) = settle(world, &batch_no, &said);
        assert_eq!((status, news(world).len()), (StatusCode::OK, 4), "said again, it is no news");

        // The gateway was only slow: it agrees on the first item, and the second has succeeded after all.
        let details = bought.each_ref().map(|bought| format!("{}^4.00^SUCCESS", bought.trade_no())).join("#");
        for _ in 0..2 {
            let answer = world.bring(refund_letter(&batch_no, 2, &details), "true");
            assert_eq!(text(&answer), "success");
        }
        assert_eq!(news(world)[4..], [told("refund.succeeded", "B", None)], "only what is news");
        let (_, refund) = world.api(Method::GET, &format!("/v1/refunds/{batch_no}"), &Value::Null);
        assert_eq!((&refund["state"], &refund["error_code"]), (&json!("done"), &Value::Null));
        let (status, problem) = settle(world, &batch_no, &said);
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_to_be_settled")));
        assert_eq!(news(world).len(), 5, "the gateway's word is the last one");
    });
}

#[test]
fn a_person_may_be_wrong_and_says_it_anew_under_another_key() {
    on_both_databases(|world| {
        let (bought, batch_no) = unclear(world);
        let [a, b] = bought.each_ref().map(|bought| bought.number.as_str());
        let path = format!("/v1/refunds/{batch_no}/settle");
        let say = |state: &str| json!({ "items": [{ "out_trade_no": a, "state": state }, { "out_trade_no": b, "state": "succeeded" }] });
        let first = world.api_with_key(Method::POST, &path, &say("failed"), "look");
        assert_eq!(world.api_with_key(Method::POST, &path, &say("failed"), "look"), first);
        let (status, _) = world.api_with_key(Method::POST, &path, &say("succeeded"), "look");
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the key was used");
        let (status, refund) = world.api_with_key(Method::POST, &path, &say("succeeded"), "look again");
        assert_eq!((status, &refund["items"][0]["state"]), (StatusCode::OK, &json!("succeeded")));
        let kinds: Vec<String> = news(world).into_iter().map(|(kind, ..)| kind).collect();
        assert_eq!(kinds[2..], ["refund.failed", "refund.succeeded", "refund.succeeded"]);
    });
}

#[test]
fn a_batch_that_was_accepted_and_never_told_of_can_be_settled_and_what_is_still_asked_cannot() {
    on_both_databases(|world| {
        let (bought, batch_no) = asked(world);
        let [a, b] = bought.each_ref().map(|bought| bought.number.as_str());
        let both = [(a, "succeeded", None), (b, "succeeded", None)];
        let (status, problem) = settle(world, &batch_no, &both);
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("not_to_be_settled")));
        world.now.0 += 10_000;
        world.due();
        let _ = world.gateway_says(done());
        let (status, refund) = settle(world, &batch_no, &both);
        assert_eq!((status, &refund["state"]), (StatusCode::OK, &json!("settled")), "{refund}");
        world.now.0 += 86_400_000;
        world.due();
        assert!(
            world.sent_to("gateway").is_none_or(|(_, call)| !text_of(&call).contains(&batch_no)),
            "never told again"
        );
    });
}

fn text_of(call: &http::Request<bytes::Bytes>) -> String {
    String::from_utf8_lossy(call.body()).into_owned()
}

#[test]
fn a_settlement_names_each_item_once_and_no_other() {
    on_both_databases(|world| {
        let (bought, batch_no) = unclear(world);
        let [a, b] = bought.each_ref().map(|bought| bought.number.as_str());
        for said in [
            vec![],
            vec![(a, "succeeded", None)],
            vec![(a, "succeeded", None), (a, "succeeded", None), (b, "failed", None)],
            vec![(a, "succeeded", None), (b, "failed", None), ("C-1", "failed", None)],
            vec![(a, "succeeded", Some("TRADE_HAS_FINISHED")), (b, "failed", None)],
            vec![(a, "succeeded", None), (b, "waiting", None)],
            vec![(a, "succeeded", None), (b, "failed", Some("no\0word"))],
        ] {
            let (status, problem) = settle(world, &batch_no, &said);
            let is_refused =
                status == StatusCode::UNPROCESSABLE_ENTITY && problem["code"] == "settlement_refused";
            assert!(is_refused || problem["code"] == "malformed_json", "{said:?}: {problem}");
        }
        assert_eq!(settle(world, "none", &[]).0, StatusCode::NOT_FOUND);
        assert_eq!(news(world).len(), 2, "nothing was told");
    });
}

#[test]
fn while_the_buyers_money_is_on_its_way_there_is_no_other_payment_request_unless_it_is_wanted() {
    on_both_databases(|world| {
        let bought = world.direct("P");
        let _ = world.bring(bought.notify(1, "TRADE_PENDING"), "true");
        let path = "/v1/orders/P/payment_requests";
        let terms =
            |keep_others: bool| json!({ "service": "create_direct_pay_by_user", "keep_others": keep_others });
        let (status, problem) = world.api_with_key(Method::POST, path, &terms(false), "second");
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::CONFLICT, &json!("payment_pending")),
            "{problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains("P-1"));
        let (_, order) = world.api(Method::GET, "/v1/orders/P", &Value::Null);
        assert_eq!(order["payment_requests"].as_array().unwrap().len(), 1, "nothing was opened");

        let (status, kept) = world.api(Method::POST, path, &terms(true));
        assert_eq!((status, &kept["out_trade_no"]), (StatusCode::CREATED, &json!("P-2")), "{kept}");

        // The money has gone back: the same key, which was given no answer to keep, opens one.
        let _ = world.bring(bought.notify(2, "TRADE_CLOSED"), "true");
        let (status, opened) = world.api_with_key(Method::POST, path, &terms(false), "second");
        assert_eq!((status, &opened["out_trade_no"]), (StatusCode::CREATED, &json!("P-3")), "{opened}");
    });
}
