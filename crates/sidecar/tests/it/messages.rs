//! Return and notification: believed step by step, applied once, told once.

use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{self, Leniency};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{
    OLD_KEY, gateways_rsa, merchants_rsa, notification, on_both_databases, plain, result, says, silent, text,
};

#[test]
fn a_notification_is_believed_after_the_gateway_has_said_true_and_told_once() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        for _ in 0..3 {
            assert_eq!(text(&world.bring(bought.notify(1, "TRADE_SUCCESS"), "true")), "success");
        }
        assert_eq!(text(&world.bring(bought.notify(0, "WAIT_BUYER_PAY"), "true")), "success", "stale");
        assert_eq!(text(&world.bring(bought.notify(3, "TRADE_FINISHED"), "true")), "success");
        let events = world.events();
        assert_eq!(world.kinds(), ["order.paid", "trade.changed"]);
        let data = &events[0]["data"];
        assert_eq!((&data["order_no"], &data["out_trade_no"]), (&json!("A"), &json!("A-1")));
        assert_eq!(
            (&data["total_fee"], &data["paid"], &data["change"]),
            (&json!("12.50"), &json!(true), &json!(1))
        );
        assert_eq!((&data["way"], &data["late"]), (&json!("notify"), &json!(false)));
        assert_eq!(
            (&events[1]["data"]["trade_status"], &events[1]["data"]["change"]),
            (&json!("TRADE_FINISHED"), &json!(2))
        );
        let (_, order) = world.api(Method::GET, "/v1/orders/A", &Value::Null);
        assert_eq!(order["paid_by"], "A-1");
    });
}

#[test]
fn return_and_notification_in_one_instant_are_told_once() {
    on_both_databases(|world| {
        for (order_no, return_first) in [("A", true), ("B", false)] {
            let bought = world.escrow(order_no);
            let (returned, a) = world.ask(bought.returns(2, "WAIT_SELLER_SEND_GOODS"));
            let (notified, b) = world.ask(bought.notify(2, "WAIT_SELLER_SEND_GOODS"));
            world.step(if return_first { vec![a, b] } else { vec![b, a] });
            let answers = [0, 1].map(|_| says(world.sent_to("gateway").unwrap().0, "true"));
            world.step(answers.into());
            assert_eq!(text(&world.answered(notified).unwrap()), "success");
            let (page, claims) = result(&world.answered(returned).unwrap());
            assert_eq!(page, "http://shop/thanks?lang=zh");
            assert_eq!((&claims["order_no"], &claims["paid"]), (&json!(order_no), &json!(true)));
            assert_eq!(
                (&claims["verified"], &claims["trade_status"]),
                (&json!(true), &json!("WAIT_SELLER_SEND_GOODS"))
            );
        }
        assert_eq!(world.kinds(), ["order.paid", "order.paid"]);
    });
}

#[test]
fn a_forged_message_changes_nothing_and_learns_nothing() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let forged = bought.returns(2, "TRADE_FINISHED").uri().to_string().replace("12.50", "99.99");
        let (page, claims) = result(&world.get(plain(Method::GET, &forged, String::new())));
        assert_eq!(page, "http://shop/thanks?lang=zh");
        assert_eq!((&claims["verified"], &claims["check"]), (&json!(false), &json!("sign")));
        assert_eq!((&claims["order_no"], &claims["paid"]), (&Value::Null, &json!(false)), "{claims}");

        let bought = world.direct("B");
        let body = bought.message(1, "TRADE_FINISHED", &[], "not the key").to_urlencoded();
        assert_eq!(text(&world.get(notification(body))), "fail");
        assert!(world.sent_to("gateway").is_none(), "a forged signature is not worth a question");
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "false")), "fail");
        for change in [("total_fee", "0.02"), ("seller_id", "2088000000000008"), ("out_trade_no", "C-1")] {
            let request = bought.notify_with(1, "TRADE_FINISHED", &[change]);
            assert_eq!(text(&world.bring(request, "true")), "fail", "{change:?}");
        }
        assert_eq!(world.kinds(), ["order.paid"]);
        let path = format!("/v1/payment_requests/{}/messages", bought.number);
        let (_, messages) = world.api(Method::GET, &path, &Value::Null);
        let notes: Vec<&str> =
            messages["messages"].as_array().unwrap().iter().map(|m| m["note"].as_str().unwrap()).collect();
        for check in ["sign:", "notify_verify:", "total_fee:", "seller:"] {
            assert!(notes.iter().any(|note| note.starts_with(check)), "{check} {notes:?}");
        }
    });
}

#[test]
fn a_link_that_has_expired_still_leads_to_the_order_as_it_is() {
    on_both_databases(|world| {
        let wish = json!({
            "order_no": "A", "subject": "x", "price": "12.50", "return_page": "http://shop/orders/A#paid",
            "payment_request": { "service": "create_direct_pay_by_user" },
        });
        let (_, order) = world.api(Method::POST, "/v1/orders", &wish);
        let bought = crate::world::Bought::of(&order["payment_requests"][0]);
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let (page, claims) = result(&world.bring(bought.returns(1, "TRADE_FINISHED"), "false"));
        assert_eq!(page, "http://shop/orders/A");
        assert_eq!((&claims["verified"], &claims["check"]), (&json!(false), &json!("notify_verify")));
        assert_eq!((&claims["order_no"], &claims["paid"]), (&json!("A"), &json!(true)), "our own record");
    });
}

#[test]
fn a_gateway_that_does_not_answer_is_told_fail_and_may_come_again() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let (id, input) = world.ask(bought.notify(1, "TRADE_FINISHED"));
        world.step(vec![input]);
        let (send, _) = world.sent_to("gateway").unwrap();
        world.step(vec![silent(send)]);
        assert_eq!(text(&world.answered(id).unwrap()), "fail");
        world.step(vec![says(send, "true")]);
        assert!(world.events().is_empty(), "an answer to nothing was believed");
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "true")), "success");
    });
}

#[test]
fn the_key_before_the_last_change_still_fits() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let body = bought.message(1, "TRADE_FINISHED", &[], OLD_KEY).to_urlencoded();
        assert_eq!(text(&world.bring(notification(body), "true")), "success");
        assert_eq!(world.kinds(), ["order.paid"]);
    });
}

#[test]
fn an_order_may_be_paid_under_another_kind_of_signature() {
    on_both_databases(|world| {
        let terms = json!({ "service": "create_direct_pay_by_user", "sign_type": "RSA" });
        let bought = world.order("A", &terms);
        let (_, query) = bought.url.split_once('?').unwrap();
        let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
        assert_eq!(params.get("sign_type"), Some(b"RSA".as_slice()));
        assert!(sign::verify(&params, &merchants_rsa(), &Leniency::STRICT).is_ok());
        let mut message = bought.message(1, "TRADE_FINISHED", &[], OLD_KEY);
        sign::append(&mut message, gateways_rsa()).unwrap();
        assert_eq!(text(&world.bring(notification(message.to_urlencoded()), "true")), "success");
        assert_eq!(world.kinds(), ["order.paid"]);
        assert_eq!(world.state(&bought)["sign_type"], "RSA");
    });
}

#[test]
fn money_that_comes_twice_for_one_order_is_told_as_such() {
    on_both_databases(|world| {
        let first = world.direct("A");
        let terms = json!({ "service": "create_direct_pay_by_user", "keep_others": true });
        let (_, second) = world.api(Method::POST, "/v1/orders/A/payment_requests", &terms);
        let second = crate::world::Bought::of(&second);
        let _ = world.bring(second.notify(1, "TRADE_FINISHED"), "true");
        let _ = world.bring(first.notify(2, "TRADE_FINISHED"), "true");
        assert_eq!(world.kinds(), ["order.paid", "order.paid_again"]);
        let (_, order) = world.api(Method::GET, "/v1/orders/A", &Value::Null);
        assert_eq!(order["paid_by"], "A-2");
        let (status, problem) = world.api(Method::POST, "/v1/orders/A/payment_requests", &terms);
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("order_paid")));
    });
}

#[test]
fn a_paid_order_takes_no_more_money() {
    on_both_databases(|world| {
        let first = world.direct("A");
        let terms = json!({ "service": "create_direct_pay_by_user", "keep_others": true });
        let (_, second) = world.api(Method::POST, "/v1/orders/A/payment_requests", &terms);
        assert!(world.state(&first)["payment_url"].is_string(), "the shop wants both to be open");
        let second = crate::world::Bought::of(&second);
        let _ = world.bring(second.notify(1, "TRADE_FINISHED"), "true");
        let state = world.state(&first);
        assert_eq!((&state["payment_url"], &state["payment_form"]), (&Value::Null, &Value::Null));
        assert_eq!(state["closing"], true);
        assert_eq!(world.wait(), 0);
        let question = world.gateway_says(crate::world::done());
        assert_eq!(crate::world::service(&question), "close_trade");
        assert!(crate::world::asked(&question).contains(&("out_order_no".into(), "A-1".into())));
    });
}

#[test]
fn a_call_without_parameters_is_answered_fail() {
    on_both_databases(|world| {
        assert_eq!(text(&world.get(plain(Method::GET, "/pay/notify", String::new()))), "fail");
        assert_eq!(text(&world.get(plain(Method::POST, "/pay/notify", String::new()))), "fail");
        let (_, claims) = result(&world.get(plain(Method::GET, "/pay/return", String::new())));
        assert_eq!((&claims["verified"], &claims["check"]), (&json!(false), &json!("form")));
    });
}
