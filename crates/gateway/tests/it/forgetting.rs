//! What a sandbox forgets, what it keeps, and that nobody is hurt by it.

use std::time::Duration;

use danbao_protocol::node::Input;
use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, body_text, days, on_both_databases, request};

fn buy(world: &mut World, number: &str) -> String {
    let (shop, zhang) = (world.shop.clone(), world.zhang());
    let bought = world.checkout(&Call::direct(&shop, number, "1.00").url(), &zhang.email, Value::Null);
    bought["trade_no"].as_str().unwrap().to_owned()
}

fn drop_all(world: &mut World) -> i64 {
    let body = json!({
        "partner": world.shop.partner, "seconds": 3600, "faults": [{ "fault": "drop" }],
    });
    world.done(Method::POST, "/faults", &body)["plan_id"].as_i64().unwrap()
}

/// Wakes the gateway until nothing is left to be forgotten; how many slices that took.
fn forget(world: &mut World) -> usize {
    let mut slices = 0;
    while world.next_due().is_some_and(|due| due <= world.now) {
        world.wake();
        slices += 1;
        assert!(slices < 100, "it never ends");
    }
    slices
}

fn lines(world: &mut World, after: i64) -> Value {
    world.done(Method::GET, &format!("/attempts?after={after}"), &Value::Null)
}

#[test]
fn the_feed_ends_after_ninety_days_and_the_record_of_a_notification_does_not() {
    on_both_databases(|world| {
        let trade_no = buy(world, "a1");
        let id = world.answer_with(500, "no").get("notify_id").to_owned();
        world.done(Method::POST, &format!("/notices/{id}/resend"), &Value::Null);
        world.acknowledge();
        assert_eq!((&lines(world, 0)["first"], &lines(world, 0)["last"]), (&json!(1), &json!(2)));
        world.later(days(89));
        buy(world, "a2");
        world.acknowledge();
        assert_eq!(forget(world), 0, "nothing is old yet");
        world.later(days(2));
        assert!(forget(world) > 0);

        let page = lines(world, 0);
        assert_eq!((&page["first"], &page["last"], &page["next"]), (&json!(3), &json!(3), &json!(3)));
        let told = world.trade(&trade_no)["notices"][0].clone();
        assert_eq!((&told["state"], &told["attempts"][0]["answer"]), (&json!("acknowledged"), &json!("no")));
        assert_eq!(told["resends"][0]["outcome"], "acknowledged", "it is why nobody is told any more");
        world.later(days(1000));
        assert_eq!(forget(world), 0, "the next number is counted from the last line");

        world.done(Method::POST, &format!("/notices/{id}/resend"), &Value::Null);
        world.acknowledge();
        let page = lines(world, 3);
        assert_eq!((&page["attempts"][0]["no"], &page["attempts"][0]["resend"]), (&json!(4), &json!(2)));
    });
}

#[test]
fn a_feed_that_is_too_long_loses_its_beginning() {
    on_both_databases(|world| {
        for number in ["b1", "b2", "b3"] {
            buy(world, number);
            world.acknowledge();
        }
        assert_eq!(forget(world), 0);
        world.vandalize("UPDATE telling SET telling_no = 100002 WHERE telling_no = 3", &[]);
        assert!(forget(world) > 0);
        assert_eq!(world.texts("SELECT CAST(telling_no AS TEXT) FROM telling ORDER BY telling_no").len(), 1);
        assert_eq!(lines(world, 0)["first"], 100_002);
    });
}

#[test]
fn forgetting_goes_in_slices_and_whoever_comes_in_between_is_served() {
    on_both_databases(|world| {
        let trade_no = buy(world, "c1");
        world.acknowledge();
        let many = "WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < 601)
                    INSERT INTO telling (telling_no, thread, seq, attempt, at)
                    SELECT n, thread, seq, attempt, at FROM number, telling WHERE telling_no = 1";
        world.vandalize(many, &[]);
        world.later(days(91));
        let mut left = Vec::new();
        while world.next_due().is_some_and(|due| due <= world.now) {
            let asked = world.input(request(Method::GET, "/", ""));
            let answers = world.step(vec![asked, Input::Due]);
            assert_eq!(answers.len(), 1);
            assert!(answers[0].1.status().is_success(), "{}", body_text(&answers[0].1));
            left.push(world.count("SELECT COUNT(*) FROM telling"));
        }
        assert_eq!(left, [351, 101, 1]);
        assert_eq!(world.trade(&trade_no)["notices"][0]["state"], "acknowledged");
    });
}

#[test]
fn what_an_old_plan_did_is_forgotten_but_not_while_a_notification_needs_it() {
    on_both_databases(|world| {
        let plan_id = drop_all(world);
        let trade_no = buy(world, "d1");
        assert!(world.sent.is_empty(), "dropped");
        world.later(Duration::from_secs(7200));
        world.acknowledge();
        let owed = {
            let again = drop_all(world);
            let owed = buy(world, "d2");
            world.done(Method::POST, &format!("/faults/{again}/end"), &Value::Null);
            owed
        };
        // The newest plan stays: the next number is counted from it.
        let newest = drop_all(world);
        world.later(days(91));
        assert_eq!(world.sent.len(), 1, "it is tried again");
        world.wake();
        while world.next_due().is_some_and(|due| due <= world.now) {
            world.wake();
        }
        let plans =
            |world: &mut World| world.texts("SELECT CAST(plan_id AS TEXT) FROM fault_plan ORDER BY plan_id");
        assert_eq!(plans(world), ["2", "3"], "plan {plan_id} is gone, and plan {newest} stays");
        assert_eq!(world.count("SELECT COUNT(*) FROM mishap"), 1, "its notification is on its way");
        assert_eq!(world.trade(&trade_no)["notices"][0]["faults"], json!([]));

        world.acknowledge();
        world.now = world.now.plus(Duration::from_secs(11));
        while world.next_due().is_some_and(|due| due <= world.now) {
            world.wake();
        }
        assert_eq!(plans(world), ["3"]);
        for table in ["mishap", "fault_place"] {
            assert_eq!(world.count(&format!("SELECT COUNT(*) FROM {table}")), 0, "{table}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM fault_rule"), 1);
        assert_eq!(world.trade(&owed)["notices"][0]["state"], "acknowledged");
        assert_eq!(drop_all(world), newest + 1);
    });
}
