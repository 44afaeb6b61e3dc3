//! Notifications: their order, their retries, what acknowledges them, and what outlives a process.

use std::time::Duration;

use danbao_engine::notices::RetrySchedule;
use danbao_protocol::node::NoAnswer;
use danbao_store::Bind;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, answer, minutes, on_both_databases, on_both_databases_with};

const DEAD_SHOP: &str = "http://dead.example/notify";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn buy(world: &mut World, call: &Call) -> String {
    let zhang = world.zhang();
    let bought = world.checkout(&call.url(), &zhang.email, Value::Null);
    bought["trade_no"].as_str().unwrap_or_else(|| panic!("{bought}")).to_owned()
}

/// State and tries of each of a trade's notifications, as the sandbox tells them.
fn notices(world: &mut World, trade_no: &str) -> Vec<(String, Vec<String>)> {
    let trade = world.trade(trade_no);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let notices = trade["notices"].as_array().unwrap();
    notices
        .iter()
        .map(|notice| {
            let attempts = notice["attempts"].as_array().unwrap();
            (text(&notice["state"]), attempts.iter().map(|attempt| text(&attempt["outcome"])).collect())
        })
        .collect()
}

#[test]
fn a_trades_notifications_go_out_first_in_first_out() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::escrow(&shop, "n1", "1.00"));
        assert_eq!(world.sent.len(), 1, "the payment waits until the merchant has heard of the trade");
        world.act(&trade_no, json!({ "action": "send_goods" }));
        assert_eq!(world.sent.len(), 1);
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_BUYER_PAY");
        assert_eq!(world.sent.len(), 1, "the next goes with the answer to the last");
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_SELLER_SEND_GOODS");
        assert_eq!(world.acknowledge().get("trade_status"), "WAIT_BUYER_CONFIRM_GOODS");
        assert!(world.sent.is_empty());
    });
}

#[test]
fn an_older_state_is_tried_again_behind_a_newer_one() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        buy(world, &Call::escrow(&shop, "n2", "1.00"));
        assert_eq!(world.answer_with(200, "fail").get("trade_status"), "WAIT_BUYER_PAY");
        assert_eq!(
            world.sent[0].said.get("trade_status"),
            "WAIT_SELLER_SEND_GOODS",
            "tried once, it holds up nobody"
        );
        world.acknowledge();
        assert!(world.sent.is_empty());
        world.later(seconds(5));
        let late = world.acknowledge();
        assert_eq!(late.get("trade_status"), "WAIT_BUYER_PAY", "late, and still what it was");
        assert!(!late.has("gmt_payment"));
    });
}

#[test]
fn two_of_one_trade_are_never_on_their_way_together() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let first = buy(world, &Call::escrow(&shop, "n3", "1.00"));
        world.answer_with(200, "fail");
        world.answer_with(200, "fail");
        // Another trade's retry falls due between the two of the first one.
        buy(world, &Call::direct(&shop, "n4", "1.00"));
        world.answer_with(200, "fail");
        let postpone = "UPDATE notice SET due_at = due_at + 1000 WHERE thread = $1 AND trade_status = $2";
        world.vandalize(postpone, &[Bind::Text(&first), Bind::Text("WAIT_SELLER_SEND_GOODS")]);
        world.later(seconds(10));
        let on_their_way: Vec<&str> = world.sent.iter().map(|sent| sent.said.get("out_trade_no")).collect();
        assert_eq!(on_their_way, ["n3", "n4"]);
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "TRADE_FINISHED", "WAIT_SELLER_SEND_GOODS"]);
    });
}

#[test]
fn one_dead_merchant_holds_up_nobody_else() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let dead = buy(world, &Call::escrow(&shop, "n5", "1.00").with("notify_url", DEAD_SHOP));
        let hanging = world.sent.pop_front().unwrap();
        for number in 0..5 {
            buy(world, &Call::direct(&shop, &format!("n6-{number}"), "1.00"));
            assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
        }
        world.answer(hanging.id, Err(NoAnswer::TimedOut));
        world.acknowledge_all();
        assert_eq!(notices(world, &dead)[0].1, ["timed_out"]);
    });
}

#[test]
fn failures_are_tried_again_by_the_list_of_2011_and_given_up_after_the_eighth() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "n7", "1.00"));
        let first = world.sent[0].request.body().clone();
        for wait in [5, 120, 600, 900, 3_600, 7_200, 21_600] {
            world.answer_with(200, "fail");
            world.later(seconds(wait - 1));
            assert!(world.sent.is_empty(), "not before {wait} s");
            world.later(seconds(1));
            assert_eq!(world.sent.len(), 1, "after {wait} s");
            assert_eq!(*world.sent[0].request.body(), first, "every try says the same to the byte");
        }
        world.answer_with(200, "fail");
        assert!(world.is_idle(), "24 h 22 m would be over");
        world.later(minutes(48 * 60));
        assert!(world.sent.is_empty());
        assert_eq!(notices(world, &trade_no), [("given_up".to_owned(), vec!["refused".to_owned(); 8])]);
    });
}

#[test]
fn the_list_of_2016_ends_with_a_try_after_24_h_22_m() {
    let settings = |config: &mut danbao_gateway::Config| config.retries = RetrySchedule::of_2016();
    on_both_databases_with(settings, |world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "n8", "1.00"));
        for wait in [120, 600, 600, 3_600, 7_200, 21_600, 54_000] {
            world.answer_with(500, "");
            world.later(seconds(wait));
            assert_eq!(world.sent.len(), 1, "after {wait} s");
        }
        world.answer_with(500, "");
        assert_eq!(notices(world, &trade_no)[0].0, "given_up");
    });
}

#[test]
fn only_success_under_status_200_acknowledges() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for (number, (status, body, outcome)) in [
            (200, "success", "acknowledged"),
            (200, "success\n", "acknowledged"),
            (200, "\r\nsuccess\r\n", "acknowledged"),
            (200, "fail", "refused"),
            (200, "SUCCESS", "refused"),
            (200, "<html>success</html>", "refused"),
            (200, "", "refused"),
            (302, "success", "refused"),
            (404, "success", "refused"),
            (500, "success", "refused"),
        ]
        .into_iter()
        .enumerate()
        {
            let trade_no = buy(world, &Call::direct(&shop, &format!("n9-{number}"), "1.00"));
            world.answer_with(status, body);
            assert_eq!(notices(world, &trade_no)[0].1, [outcome], "{status} {body:?}");
            let attempt = world.trade(&trade_no)["notices"][0]["attempts"][0].clone();
            assert_eq!((&attempt["status"], &attempt["answer"]), (&json!(status), &json!(body)));
        }
        for (number, no_answer) in
            [NoAnswer::Unreachable, NoAnswer::TimedOut, NoAnswer::Broken].into_iter().enumerate()
        {
            let trade_no = buy(world, &Call::direct(&shop, &format!("n10-{number}"), "1.00"));
            let sent = world.sent.pop_front().unwrap();
            world.answer(sent.id, Err(no_answer));
            assert_eq!(notices(world, &trade_no)[0].1, [no_answer.as_str()]);
        }
    });
}

#[test]
fn success_must_stand_alone_where_the_setting_says_so() {
    on_both_databases_with(
        |config| config.strict_success = true,
        |world| {
            let shop = world.shop.clone();
            let trade_no = buy(world, &Call::direct(&shop, "n11", "1.00"));
            world.answer_with(200, "success\n");
            world.later(seconds(5));
            world.answer_with(200, "success");
            assert_eq!(notices(world, &trade_no)[0].1, ["refused", "acknowledged"]);
        },
    );
}

#[test]
fn a_long_answer_is_kept_by_its_first_bytes() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "n12", "1.00"));
        let page: &'static str = Box::leak("担".repeat(10_000).into_boxed_str());
        world.answer_with(200, page);
        let answer = world.trade(&trade_no)["notices"][0]["attempts"][0]["answer"].clone();
        assert!(answer.as_str().unwrap().starts_with("担担") && answer.as_str().unwrap().len() < 300);
    });
}

#[test]
fn an_answer_that_died_with_its_process_is_asked_for_again_under_the_same_id() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "n13", "1.00"));
        let lost = world.sent.pop_front().unwrap();
        world.restart();
        assert!(world.next_due().is_some_and(|due| due > world.now), "the answer is waited for in vain");
        world.now = world.next_due().unwrap();
        world.wake();
        let again = world.sent.pop_front().unwrap();
        assert_eq!(again.said.get("notify_id"), lost.said.get("notify_id"));
        assert_eq!(again.request.body(), lost.request.body());
        assert_eq!(again.request.uri(), lost.request.uri());
        world.answer(again.id, Ok(answer(200, "success")));
        assert_eq!(
            notices(world, &trade_no),
            [("acknowledged".to_owned(), vec!["lost".to_owned(), "acknowledged".to_owned()])]
        );
        assert!(world.is_idle());
    });
}

#[test]
fn an_answer_that_comes_too_late_still_counts_and_a_second_one_does_not() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = buy(world, &Call::direct(&shop, "n14", "1.00"));
        let slow = world.sent.pop_front().unwrap();
        world.later(seconds(46));
        let again = world.sent.pop_front().unwrap();
        assert_eq!(again.said.get("notify_id"), slow.said.get("notify_id"));
        world.answer(slow.id, Ok(answer(200, "success")));
        assert_eq!(notices(world, &trade_no)[0].0, "acknowledged");
        world.answer(again.id, Ok(answer(500, "")));
        world.answer(again.id, Ok(answer(500, "")));
        assert_eq!(
            notices(world, &trade_no)[0],
            ("acknowledged".to_owned(), vec!["lost".to_owned(), "refused".to_owned()])
        );
        world.later(minutes(60));
        assert!(world.sent.is_empty(), "acknowledged is acknowledged");
    });
}

#[test]
fn an_answer_to_a_question_that_nobody_asked_is_nothing() {
    on_both_databases(|world| {
        world.answer(danbao_protocol::node::SendId(4_711), Ok(answer(200, "success")));
        world.wake();
    });
}

#[test]
fn no_more_are_on_their_way_at_once_than_there_is_room_for() {
    on_both_databases_with(
        |config| config.sends_max = 3,
        |world| {
            let shop = world.shop.clone();
            for number in 0..5 {
                buy(world, &Call::direct(&shop, &format!("n15-{number}"), "1.00"));
            }
            assert_eq!(world.sent.len(), 3);
            assert!(world.is_idle(), "no alarm for what has no room");
            let mut heard = 0;
            while !world.sent.is_empty() {
                world.acknowledge();
                heard += 1;
                assert!(world.sent.len() <= 3);
            }
            assert_eq!(heard, 5);
        },
    );
}

#[test]
fn a_busy_host_neither_keeps_the_gateway_awake_nor_others_waiting() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for number in 0..70 {
            let call = Call::direct(&shop, &format!("n18-{number}"), "1.00").with("notify_url", DEAD_SHOP);
            buy(world, &call);
        }
        assert_eq!(world.sent.len(), 64, "no host takes every slot");
        let due = world.next_due().unwrap();
        assert!(due > world.now && due.since(world.now) <= seconds(2), "there is nothing to do before");
        world.acknowledge();
        assert!(world.next_due().unwrap() <= world.now, "an answer makes room at once");
        world.wake();
        assert_eq!(world.sent.len(), 64);
        world.now = due.plus(seconds(1));
        world.wake();
        buy(world, &Call::direct(&shop, "n19", "1.00"));
        let other = world.sent.pop_back().unwrap();
        assert_eq!(other.said.get("out_trade_no"), "n19", "a slow host steps aside");
        world.answer(other.id, Ok(answer(200, "success")));
        assert_eq!(world.acknowledge_all().len(), 64);
        world.later(seconds(10));
        assert_eq!(world.acknowledge_all().len(), 5, "and nothing is forgotten");
    });
}

#[test]
fn an_address_that_is_none_is_given_up_and_holds_up_nobody() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        for (number, odd) in
            ["http://[::1/notify", "http://shop.example:99999/notify", "http://a b/"].iter().enumerate()
        {
            let call = Call::direct(&shop, &format!("n16-{number}"), "1.00").with("notify_url", odd);
            let zhang = world.zhang();
            let bought = world.checkout(&call.url(), &zhang.email, Value::Null);
            if bought["error_code"] == "ILLEGAL_ARGUMENT" {
                continue;
            }
            let trade_no = bought["trade_no"].as_str().unwrap().to_owned();
            for _ in 0..world.sent.len() {
                world.answer_with(404, "");
            }
            let state = notices(world, &trade_no)[0].0.clone();
            assert!(state == "given_up" || state == "pending", "{odd}: {state}");
        }
        buy(world, &Call::direct(&shop, "n17", "1.00"));
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
    });
}
