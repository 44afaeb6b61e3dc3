//! Trades of which nobody tells are asked after.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{asked, call, on_both_databases, read, refused, result, service, silent, text};

#[test]
fn a_notification_that_was_lost_for_good_is_repaired_by_asking() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        assert_eq!(world.wait(), 120);
        let question = world.gateway_says(bought.queried("TRADE_FINISHED", "2012-03-01 00:01:00"));
        assert_eq!(service(&question), "single_trade_query");
        assert!(asked(&question).contains(&("out_trade_no".into(), "A-1".into())));
        let events = world.events();
        assert_eq!(world.kinds(), ["order.paid"]);
        assert_eq!(events[0]["data"]["way"], "query");
        // What was lost comes at last.
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "true")), "success");
        let (_, claims) = result(&world.bring(bought.returns(1, "TRADE_FINISHED"), "true"));
        assert_eq!(claims["paid"], true);
        assert_eq!(world.kinds(), ["order.paid"]);
    });
}

#[test]
fn an_unpaid_order_is_asked_after_more_and_more_seldom_and_not_for_ever() {
    on_both_databases(|world| {
        let _ = world.direct("A");
        let (mut waits, start) = (Vec::new(), world.now);
        while !world.is_idle() {
            waits.push(world.wait());
            if waits.len() % 3 == 0 {
                let (send, _) = world.sent_to("gateway").unwrap();
                world.step(vec![silent(send)]);
            } else {
                let _ = world.gateway_says(refused("TRADE_NOT_EXIST"));
            }
        }
        assert_eq!(&waits[..5], [120, 120, 240, 480, 960]);
        assert!(waits.is_sorted());
        assert!(waits.iter().all(|seconds| *seconds <= 86_400));
        let days = (world.now.0 - start.0) / 86_400_000;
        assert!((16..=17).contains(&days), "{days}");
        assert!(waits.len() < 30, "{waits:?}");
        assert!(world.events().is_empty());
    });
}

#[test]
fn a_question_whose_answer_was_lost_is_asked_again() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        assert_eq!(world.wait(), 120);
        assert!(world.sent_to("gateway").is_some(), "and nothing is ever heard of it");
        assert_eq!(world.wait(), 120);
        let _ = world.gateway_says(bought.queried("WAIT_BUYER_PAY", "2012-03-01 00:01:00"));
        assert_eq!(world.kinds(), ["trade.changed"]);
    });
}

#[test]
fn an_answer_that_does_not_fit_the_order_changes_nothing() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.wait();
        let mut answer = bought.queried("TRADE_FINISHED", "2012-03-01 00:01:00");
        let altered = String::from_utf8_lossy(answer.body()).replace("12.50", "0.01");
        *answer.body_mut() = altered.into();
        let _ = world.gateway_says(answer);
        assert!(world.events().is_empty());
        assert!(!world.is_idle(), "it is asked again");
    });
}

#[test]
fn a_payment_at_a_price_that_the_seller_has_changed_is_found_by_asking_too() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let said = [("price", "12.50"), ("quantity", "1"), ("discount", "-2.50"), ("total_fee", "10.00")];
        for (adjusted, kinds) in [("F", vec![]), ("T", vec!["order.paid"])] {
            let said = [&said[..], &[("is_total_fee_adjust", adjusted)]].concat();
            let _ = world.wait();
            // Truths are T and F in these answers, and Y and N in messages (protocol.md §10, trap 26).
            let _ = world.gateway_says(bought.queried_with("TRADE_FINISHED", "2012-03-01 00:01:00", &said));
            assert_eq!(world.kinds(), kinds, "{adjusted}");
        }
        assert_eq!(world.events()[0]["data"]["total_fee"], "10.00");
    });
}

#[test]
fn an_answer_about_another_trade_is_no_answer() {
    on_both_databases(|world| {
        let (a, b) = (world.direct("A"), world.direct("B"));
        let path = format!("/v1/payment_requests/{}/query", a.number);
        let (id, input) = world.ask(call(Method::POST, &path, &Value::Null, "k"));
        world.step(vec![input]);
        let _ = world.gateway_says(b.queried("TRADE_FINISHED", "2012-03-01 00:01:00"));
        let (status, problem) = read(&world.answered(id).unwrap());
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_GATEWAY, &json!("gateway_unheard")));
        assert!(world.events().is_empty());
    });
}

#[test]
fn the_shop_may_ask_at_any_time_and_hears_what_the_gateway_says() {
    on_both_databases(|world| {
        let bought = world.escrow("A");
        let path = format!("/v1/payment_requests/{}/query", bought.number);
        let said = bought.queried("WAIT_SELLER_SEND_GOODS", "2012-03-01 00:01:00");
        for (answer, status, code) in [
            (refused("TRADE_NOT_EXIST"), StatusCode::CONFLICT, json!("gateway_refused")),
            (http::Response::new("<html>".into()), StatusCode::BAD_GATEWAY, json!("gateway_unheard")),
            (said, StatusCode::OK, Value::Null),
        ] {
            let (id, input) = world.ask(call(Method::POST, &path, &Value::Null, "k"));
            world.step(vec![input]);
            let _ = world.gateway_says(answer);
            let (heard, body) = read(&world.answered(id).unwrap());
            assert_eq!((heard, &body["code"]), (status, &code), "{body}");
        }
        assert_eq!(world.state(&bought)["trade_status"], "WAIT_SELLER_SEND_GOODS");
        assert_eq!(world.kinds(), ["order.paid"]);
    });
}
