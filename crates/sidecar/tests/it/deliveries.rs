//! Webhooks that are late or were given up can be seen, with what the shop has answered, and told again.

use bytes::Bytes;
use danbao_merchant::protocol::node::{Input, Response};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, on_both_databases, silent};

fn page(world: &mut World, query: &str) -> Value {
    let (status, page) = world.api(Method::GET, &format!("/v1/webhook/deliveries?{query}"), &Value::Null);
    assert_eq!(status, StatusCode::OK, "{page}");
    page
}

fn orders(page: &Value) -> Vec<String> {
    let orders =
        page["deliveries"].as_array().unwrap().iter().map(|d| d["event"]["data"]["order_no"].as_str());
    orders.map(|order_no| order_no.unwrap().to_owned()).collect()
}

fn says(world: &mut World, status: u16, body: &'static [u8]) {
    let (id, _) = world.sent_to("shop").expect("a webhook");
    let mut answer = Response::new(Bytes::from_static(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    world.step(vec![Input::Answer { id, outcome: Ok(answer) }]);
}

#[test]
fn what_is_late_is_listed_with_the_shops_last_answer_until_it_is_delivered() {
    on_both_databases(|world| {
        for order_no in ["A", "B", "C"] {
            let bought = world.direct(order_no);
            let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        }
        let began = world.now;
        world.due();
        says(world, 500, b"Fatal error: no table orders\0");
        let (silent_one, _) = world.sent_to("shop").unwrap();
        world.step(vec![silent(silent_one)]);
        says(world, 204, b"");
        let late = page(world, "state=waiting");
        assert_eq!(orders(&late), ["A", "B"]);
        let delivery = |nth: usize| &late["deliveries"][nth]["delivery"];
        let (a, b) = (delivery(0), delivery(1));
        assert_eq!((&a["outcome"], &a["tries"]), (&json!("HTTP 500"), &json!(1)));
        assert_eq!(a["answer"], "Fatal error: no table orders\u{fffd}");
        assert_eq!((&b["outcome"], &b["answer"]), (&json!("timed_out"), &Value::Null));
        assert!(a["tried_at"].is_string() && a["due_at"].as_str() > a["tried_at"].as_str(), "{a}");
        let (_, webhook) = world.api(Method::GET, "/v1/webhook", &Value::Null);
        let oldest = &late["deliveries"][0]["event"]["timestamp"];
        assert_eq!(
            webhook["deliveries"],
            json!({ "waiting": 2, "given_up": 0, "oldest_waiting_at": oldest })
        );
        assert_eq!(page(world, "state=given_up")["deliveries"], json!([]));

        world.now.0 = began.0 + 5_000;
        world.due();
        says(world, 200, b"thanks");
        says(world, 200, b"thanks");
        assert_eq!(page(world, "state=waiting")["deliveries"], json!([]));
        let id = oldest_id(&late);
        let (_, shown) = world.api(Method::GET, &format!("/v1/events/{id}"), &Value::Null);
        assert_eq!(
            (&shown["delivery"]["state"], &shown["delivery"]["answer"]),
            (&json!("delivered"), &Value::Null)
        );
    });
}

fn oldest_id(page: &Value) -> String {
    page["deliveries"][0]["event"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_given_up_is_listed_page_by_page_and_is_late_again_once_it_is_to_be_told_again() {
    on_both_databases(|world| {
        for order_no in ["A", "B", "C"] {
            let bought = world.direct(order_no);
            let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        }
        for _ in 0..10 {
            let _ = world.wait();
            for _ in 0..3 {
                says(world, 503, b"");
            }
        }
        let first = page(world, "state=given_up&limit=2");
        assert_eq!((orders(&first), &first["has_more"]), (vec!["A".into(), "B".into()], &json!(true)));
        let next = first["next"].as_str().unwrap();
        let second = page(world, &format!("state=given_up&limit=2&after={next}"));
        assert_eq!((orders(&second), &second["has_more"]), (vec!["C".into()], &json!(false)));
        let after = second["next"].as_str().unwrap();
        let none = page(world, &format!("state=given_up&after={after}"));
        assert_eq!((orders(&none), none["next"].as_str()), (vec![], Some(after)));

        let id = oldest_id(&first);
        let (status, _) = world.api(Method::POST, &format!("/v1/events/{id}/replay"), &Value::Null);
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(orders(&page(world, "state=given_up")), ["B", "C"]);
        let late = page(world, "state=waiting");
        assert_eq!(orders(&late), ["A"]);
        let delivery = &late["deliveries"][0]["delivery"];
        assert_eq!(
            (&delivery["tries"], &delivery["outcome"], &delivery["tried_at"]),
            (&json!(0), &Value::Null, &Value::Null)
        );
    });
}

#[test]
fn a_question_that_names_no_state_or_no_place_is_a_problem() {
    on_both_databases(|world| {
        for (query, code) in [
            ("", "state_malformed"),
            ("state=delivered", "state_malformed"),
            ("state=given_up&limit=0", "limit_malformed"),
            ("state=given_up&after=evt_1", "cursor_unknown"),
        ] {
            let (_, problem) =
                world.api(Method::GET, &format!("/v1/webhook/deliveries?{query}"), &Value::Null);
            assert_eq!(problem["code"], code, "{query}: {problem}");
        }
    });
}
