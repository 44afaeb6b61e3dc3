//! Lives that nobody has written down: drawn sequences of what people, merchants and time may do, and deaths of the
//! process between any two statements.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use danbao_protocol::node::NoAnswer;
use danbao_store::faulty::Death;
use http::Method;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{World, answer, minutes, on_both_databases, request};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happening {
    Checkout { order: usize, service: usize, mode: &'static str, method: &'static str, stop_unpaid: bool },
    Act { order: usize, action: &'static str, transport_type: &'static str },
    Answer { outcome: usize },
    Wait { seconds: u64 },
    Restart,
}

fn happenings() -> impl Strategy<Value = Happening> {
    let order = 0..5_usize;
    let mode = prop_oneof![Just("escrow"), Just("direct")];
    let method = prop_oneof![Just("balance"), Just("bank")];
    let action = prop_oneof![
        2 => Just("pay"),
        3 => Just("send_goods"),
        3 => Just("confirm_goods"),
        1 => Just("close")
    ];
    let transport = prop_oneof![Just("EXPRESS"), Just("POST"), Just("DIRECT")];
    let wait = prop_oneof![6 => 1..30_u64, 4 => 60..4_000_u64, 1 => 80_000..2_000_000_u64];
    prop_oneof![
        4 => (order.clone(), 0..3_usize, mode, method, any::<bool>()).prop_map(
            |(order, service, mode, method, stop_unpaid)| {
                Happening::Checkout { order, service, mode, method, stop_unpaid }
            }
        ),
        6 => (order, action, transport).prop_map(|(order, action, transport_type)| {
            Happening::Act { order, action, transport_type }
        }),
        6 => (0..5_usize).prop_map(|outcome| Happening::Answer { outcome }),
        2 => wait.prop_map(|seconds| Happening::Wait { seconds }),
        1 => Just(Happening::Restart),
    ]
}

fn happen(world: &mut World, life: usize, happening: &Happening) {
    let shop = world.shop.clone();
    match happening {
        Happening::Checkout { order, service, mode, method, stop_unpaid } => {
            let make = [Call::direct, Call::escrow, Call::dual][*service];
            let url = make(&shop, &format!("{life}-{order}"), "20.00").url();
            let wish = json!({ "mode": mode, "method": method, "stop_unpaid": stop_unpaid });
            let buyer = if order % 2 == 0 { world.zhang().email } else { world.li().email };
            let answer = world.checkout(&url, &buyer, wish);
            assert!(answer["trade_no"].is_string() || answer["error_code"].is_string(), "{answer}");
        }
        Happening::Act { order, action, transport_type } => {
            let found =
                world.done(Method::GET, &format!("/trades?out_trade_no={life}-{order}"), &Value::Null);
            if let Some(trade_no) = found["trades"][0]["trade_no"].as_str() {
                world.act(trade_no, json!({ "action": action, "transport_type": transport_type }));
            }
        }
        Happening::Answer { outcome } => {
            let Some(sent) = world.sent.pop_front() else { return };
            let heard = match outcome {
                0 => Err(NoAnswer::TimedOut),
                1 => Ok(answer(500, "")),
                2 => Ok(answer(200, "fail")),
                _ => Ok(answer(200, "success")),
            };
            world.answer(sent.id, heard);
        }
        Happening::Wait { seconds } => world.later(Duration::from_secs(*seconds)),
        Happening::Restart => {
            world.restart();
            world.sent.clear();
        }
    }
}

/// The merchant is well again and time goes by until nothing is left to tell.
fn heal(world: &mut World) {
    for _ in 0..300 {
        world.acknowledge_all();
        if world.count("SELECT COUNT(*) FROM notice WHERE due_at IS NOT NULL") == 0 {
            return;
        }
        world.later(minutes(60));
    }
    panic!("notifications never come to an end");
}

/// Every history is a path of the diagrams, and every change that was to be told was told or given up.
fn check_histories(world: &mut World) {
    let unpaid = ["create", "arrange"];
    for trade_no in world.texts("SELECT trade_no FROM trade ORDER BY trade_no") {
        let trade = world.trade(&trade_no);
        let history = trade["history"].as_array().unwrap();
        let commands: Vec<&str> = history.iter().map(|event| event["command"].as_str().unwrap()).collect();
        let after: Vec<&str> =
            commands.iter().copied().skip_while(|command| unpaid.contains(command)).collect();
        // The platform's advice leaves everything as it is, and nobody is told.
        let advised = after.iter().filter(|command| **command == "advise_refund").count();
        assert!(advised <= 1, "{trade_no}: {commands:?}");
        let after: Vec<&str> = after.into_iter().filter(|command| *command != "advise_refund").collect();
        let lawful: [&[&str]; 5] =
            [&[], &["close"], &["pay"], &["pay", "send_goods"], &["pay", "send_goods", "confirm_goods"]];
        assert!(commands[0] == "create" && lawful.contains(&&after[..]), "{trade_no}: {commands:?}");
        let told = match trade["service"].as_str().unwrap() {
            "create_direct_pay_by_user" => usize::from(after.contains(&"pay")),
            _ => history.len() - advised,
        };
        let notices = trade["notices"].as_array().unwrap();
        assert_eq!(notices.len(), told, "{trade_no}: {commands:?}");
        assert!(notices.iter().all(|notice| notice["state"] != "pending"), "{trade_no}");
    }
}

#[test]
fn whatever_happens_the_books_hold_and_everybody_is_told() {
    let mut runner = TestRunner::deterministic();
    let commands = RefCell::new(BTreeMap::<String, u32>::new());
    for life in 0..16 {
        let life_of = proptest::collection::vec(happenings(), 120);
        let happened = life_of.new_tree(&mut runner).unwrap().current();
        on_both_databases(|world| {
            for happening in &happened {
                happen(world, life, happening);
            }
            heal(world);
            check_histories(world);
            for command in world.texts("SELECT command FROM trade_event WHERE actor <> 'timer'") {
                *commands.borrow_mut().entry(command).or_default() += 1;
            }
            for outcome in world.texts("SELECT outcome FROM attempt") {
                *commands.borrow_mut().entry(outcome).or_default() += 1;
            }
        });
    }
    for needed in ["arrange", "pay", "send_goods", "confirm_goods", "close", "lost", "refused", "timed_out"] {
        assert!(commands.borrow().get(needed).is_some_and(|count| *count >= 3), "{needed}: {commands:?}");
    }
}

#[test]
fn a_death_between_any_two_statements_leaves_all_or_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut deaths = 0;
        for n in 1.. {
            let url = Call::escrow(&shop, &format!("x{n}"), "1.00").url();
            let body = json!({ "url": url, "buyer": zhang.email });
            let mut asked = request(Method::POST, "/sandbox/v1/checkout", body.to_string());
            let bearer = format!("Bearer {}", world.demo.sandbox_token).parse().unwrap();
            asked.headers_mut().insert(http::header::AUTHORIZATION, bearer);
            if !world.dies(Death::BeforeStatement(n), asked) {
                break;
            }
            deaths += 1;
            world.restart();
            let found = world.done(Method::GET, &format!("/trades?out_trade_no=x{n}"), &Value::Null);
            assert_eq!(found["trades"], json!([]), "died before statement {n}, and something is left");
            let again = world.checkout(&url, &zhang.email, Value::Null);
            assert!(again["return_url"].is_string(), "{again}");
            assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"]);
        }
        assert!(deaths > 20, "{deaths}");
    });
}

#[test]
fn a_payment_that_was_committed_when_the_process_died_is_there_and_is_told() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "x", "1.00").url();
        let body = json!({ "url": url, "buyer": zhang.email });
        let mut asked = request(Method::POST, "/sandbox/v1/checkout", body.to_string());
        let bearer = format!("Bearer {}", world.demo.sandbox_token).parse().unwrap();
        asked.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        assert!(world.dies(Death::AfterCommit(1), asked));
        assert!(world.sent.is_empty(), "nothing is told by a process whose commit is in doubt");
        world.restart();
        let again = world.checkout(&url, &zhang.email, Value::Null);
        assert_eq!(again["error_code"], "TRADE_NOT_ALLOWED_PAY", "paid once");
        world.now = world.next_due().unwrap();
        world.wake();
        assert_eq!(world.acknowledge_all(), ["TRADE_FINISHED"]);
    });
}
