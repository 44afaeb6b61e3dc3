//! What has had its time is forgotten, in slices; what was believed is not, and nothing is let in twice because of it.

use danbao_merchant::protocol::node::{Input, Node};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::buyers::{claims, comes, sent_to_sign_in};
use crate::world::{Bought, World, notification, on_both_databases, says, text};

const DAY_MS: i64 = 86_400_000;

/// Wakes the sidecar until nothing is left to be forgotten.
fn forget(world: &mut World) {
    for _ in 0..100 {
        if world.sidecar.next_due().unwrap().is_none_or(|due| due > world.now) {
            return;
        }
        world.due();
    }
    panic!("it never ends");
}

/// All messages of a payment request, page by page.
fn messages(world: &mut World, bought: &Bought) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/payment_requests/{}/messages?limit=500&after={after}", bought.number);
        let (status, page) = world.api(Method::GET, &path, &Value::Null);
        assert_eq!(status, StatusCode::OK, "{page}");
        all.extend(page["messages"].as_array().unwrap().iter().cloned());
        if page["has_more"] == false {
            return all;
        }
        after = page["next"].as_str().unwrap().to_owned();
    }
}

#[test]
fn a_flood_of_forged_messages_stays_bounded_and_delays_no_payment() {
    on_both_databases(|world| {
        let flooded = world.direct("F");
        let forged = flooded.message(1, "TRADE_FINISHED", &[], "not the key").to_urlencoded();
        let mut all_paid = Vec::new();
        for group in 0..9 {
            let paid = world.direct(&format!("P{group}"));
            let mut inputs: Vec<Input> =
                (0..255).map(|_| world.ask(notification(forged.clone())).1).collect();
            let (told, genuine) = world.ask(paid.notify(1, "TRADE_FINISHED"));
            inputs.push(genuine);
            // As the host does it: what is due comes with what waits.
            if world.sidecar.next_due().unwrap().is_some_and(|due| due <= world.now) {
                inputs.push(Input::Due);
            }
            world.now.0 += 5;
            world.step(inputs);
            let (send, _) = world.sent_to("gateway").expect("a question in the step that it came in");
            world.step(vec![says(send, "true")]);
            assert_eq!(text(&world.answered(told).unwrap()), "success");
            all_paid.push(paid);
        }
        assert!(messages(world, &flooded).len() <= 2000 + 255);
        forget(world);
        assert_eq!(messages(world, &flooded).len(), 2000);
        assert_eq!(world.kinds(), ["order.paid"; 9]);
        for paid in all_paid {
            assert_eq!(messages(world, &paid)[0]["outcome"], "applied");
        }
    });
}

#[test]
fn an_answer_under_a_key_is_remembered_for_thirty_days() {
    on_both_databases(|world| {
        let order = |number: &str| json!({ "order_no": number, "subject": "x", "price": "1.00" });
        let give = |world: &mut World, number: &str| {
            world.api_with_key(Method::POST, "/v1/orders", &order(number), "one key").0
        };
        assert_eq!(give(world, "A"), StatusCode::CREATED);
        world.now.0 += 30 * DAY_MS;
        forget(world);
        assert_eq!(give(world, "B"), StatusCode::UNPROCESSABLE_ENTITY, "the key was used with another body");
        world.now.0 += 1;
        forget(world);
        assert_eq!(give(world, "B"), StatusCode::CREATED);
    });
}

#[test]
fn a_visit_is_forgotten_after_thirty_days_and_its_return_is_not_let_in_again() {
    on_both_databases(|world| {
        let (login_id, path) = sent_to_sign_in(world);
        let (never_came, _) = sent_to_sign_in(world);
        assert_eq!(claims(&world.bring(comes(&path, "n1"), "true"))["verified"], true);
        let shown =
            |world: &mut World, id: &str| world.api(Method::GET, &format!("/v1/logins/{id}"), &Value::Null).0;
        world.now.0 += 30 * DAY_MS;
        forget(world);
        assert_eq!((shown(world, &login_id), shown(world, &never_came)), (StatusCode::OK, StatusCode::OK));
        world.now.0 += 1;
        forget(world);
        let gone = StatusCode::NOT_FOUND;
        assert_eq!((shown(world, &login_id), shown(world, &never_came)), (gone, gone));

        // Even if the gateway called it genuine for as long as that.
        let again = claims(&world.bring(comes(&path, "n1"), "true"));
        assert_eq!((&again["verified"], &again["state"]), (&json!(false), &Value::Null));
        assert_eq!(world.kinds(), ["buyer.signed_in"], "events are for ever");
        let (status, _) = world.api(Method::GET, "/v1/buyers/2088000000000003", &Value::Null);
        assert_eq!(status, StatusCode::OK, "and so are buyers");
    });
}

#[test]
fn what_was_not_believed_is_forgotten_after_thirty_days_and_the_payment_counts_once_whatever_comes_again() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "false")), "fail");
        assert_eq!(text(&world.bring(bought.notify(2, "TRADE_FINISHED"), "true")), "success");
        world.now.0 += 31 * DAY_MS;
        forget(world);
        let kept: Vec<Value> = messages(world, &bought).iter().map(|m| m["outcome"].clone()).collect();
        assert_eq!(kept, ["applied"]);
        for (second, outcome) in [(2, "already_done"), (1, "already_done")] {
            assert_eq!(text(&world.bring(bought.notify(second, "TRADE_FINISHED"), "true")), "success");
            assert_eq!(messages(world, &bought).last().unwrap()["outcome"], outcome);
        }
        assert_eq!(world.kinds(), ["order.paid"]);
    });
}

#[test]
fn messages_come_in_pages_and_a_place_that_nobody_gave_out_is_a_problem() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let path = format!("/v1/payment_requests/{}/messages", bought.number);
        let (_, none) = world.api(Method::GET, &path, &Value::Null);
        assert_eq!(none, json!({ "messages": [], "next": null, "has_more": false }));
        for second in 1..=5 {
            let _ = world.bring(bought.notify(second, "TRADE_FINISHED"), "false");
        }
        let (_, first) = world.api(Method::GET, &format!("{path}?limit=3"), &Value::Null);
        assert_eq!((first["messages"].as_array().unwrap().len(), &first["has_more"]), (3, &json!(true)));
        let next = first["next"].as_str().unwrap();
        let (_, rest) = world.api(Method::GET, &format!("{path}?limit=3&after={next}"), &Value::Null);
        assert_eq!((rest["messages"].as_array().unwrap().len(), &rest["has_more"]), (2, &json!(false)));
        assert_ne!(first["messages"][2]["id"], rest["messages"][0]["id"]);
        let next = rest["next"].as_str().unwrap();
        let (_, end) = world.api(Method::GET, &format!("{path}?after={next}"), &Value::Null);
        assert_eq!(end, json!({ "messages": [], "next": next, "has_more": false }));

        for odd in ["x", "1", "1_a%00b", "_", "99999999999999999999_a", "1_\u{e9}"] {
            let odd = odd.replace('\u{e9}', "%C3%A9");
            let (status, problem) = world.api(Method::GET, &format!("{path}?after={odd}"), &Value::Null);
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::BAD_REQUEST, &json!("after_malformed")),
                "{odd}"
            );
        }
        for odd in ["0", "501", "x", "-1"] {
            let (status, problem) = world.api(Method::GET, &format!("{path}?limit={odd}"), &Value::Null);
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::BAD_REQUEST, &json!("limit_malformed")),
                "{odd}"
            );
        }
    });
}
