//! The feed.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::on_both_databases;

#[test]
fn the_feed_is_read_page_by_page_in_the_order_of_the_changes() {
    on_both_databases(|world| {
        let bought: Vec<_> = ["A", "B", "C"].map(|order_no| world.direct(order_no)).into();
        for (second, bought) in (1..).zip(&bought) {
            let _ = world.bring(bought.notify(second, "TRADE_SUCCESS"), "true");
        }
        let _ = world.bring(bought[0].notify(9, "TRADE_FINISHED"), "true");
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/v1/events?limit=3&after={after}");
            let (status, page) = world.api(Method::GET, &path, &Value::Null);
            assert_eq!(status, StatusCode::OK);
            let events = page["events"].as_array().unwrap();
            seen.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
            after = page["next"].as_str().unwrap().to_owned();
            if page["has_more"] == json!(false) {
                break;
            }
            assert_eq!(events.len(), 3);
        }
        assert_eq!(seen.len(), 4);
        assert!(seen.is_sorted());
        let (_, page) = world.api(Method::GET, &format!("/v1/events?after={after}"), &Value::Null);
        assert_eq!(page, json!({ "events": [], "next": after, "has_more": false }));
        let (_, page) = world.api(Method::GET, "/v1/events?order_no=A", &Value::Null);
        assert_eq!(page["events"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn a_cursor_of_another_history_is_not_taken_for_one_of_this() {
    on_both_databases(|world| {
        let bought = world.direct("A");
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        let id = world.events()[0]["id"].as_str().unwrap().to_owned();
        let other = format!("{}000000000000", &id[..id.len() - 12]);
        for cursor in [other.as_str(), "evt_0000000000000009_000000000000", "7", "evt_x_y"] {
            let (status, problem) =
                world.api(Method::GET, &format!("/v1/events?after={cursor}"), &Value::Null);
            assert_eq!((status, &problem["code"]), (StatusCode::GONE, &json!("cursor_unknown")), "{cursor}");
        }
        let (status, problem) = world.api(Method::GET, "/v1/events?limit=0", &Value::Null);
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("limit_malformed")));
    });
}
