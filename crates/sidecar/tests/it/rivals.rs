//! Two and three sidecars on one database, each on a thread of its own, that take the same thing at the same moment: on a
//! SQLite file, which lets one write at a time, and on PostgreSQL, which lets all try and tells the losers.

use std::collections::BTreeMap;
use std::sync::{Barrier, Mutex};

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::ids::UserId;
use danbao_merchant::protocol::login_return::{Arrival, Buyer};
use danbao_merchant::protocol::node::{Input, Request, Response};
use danbao_store::testing::Database;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::buyers::{claims, comes_with, sent, somebody, value};
use crate::refusals::letter;
use crate::town::Gateway;
use crate::world::{Bought, DIRECT, KEY, World, call, open, read, says, text};

const ROUNDS: usize = 10;

/// Every number of rivals on every kind of database.
fn rivals(test: impl Fn(&mut Rivals)) {
    for count in [2, 3] {
        for database in Database::of_each_kind().unwrap() {
            let worlds = (0..count).map(|_| World::on(open(database.connect().unwrap()))).collect();
            let mut rivals = Rivals { worlds, gateway: Mutex::default(), told: Mutex::default() };
            test(&mut rivals);
            drop(rivals);
        }
    }
}

struct Rivals {
    worlds: Vec<World>,
    gateway: Mutex<Gateway>,
    /// How often the shop was told of each event.
    told: Mutex<BTreeMap<String, u32>>,
}

impl Rivals {
    fn first(&mut self) -> &mut World {
        &mut self.worlds[0]
    }

    /// All of them do this at the same moment.
    fn at_once<T: Send>(&mut self, act: impl Fn(usize, &mut World) -> T + Sync) -> Vec<T> {
        let start = Barrier::new(self.worlds.len());
        std::thread::scope(|scope| {
            let threads: Vec<_> = self
                .worlds
                .iter_mut()
                .enumerate()
                .map(|(index, world)| {
                    let (start, act) = (&start, &act);
                    scope.spawn(move || {
                        start.wait();
                        act(index, world)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// All of them take this request at the same moment, and the gateway says `true` to all that they ask.
    fn all_take(&mut self, request: &Request) -> Vec<Response> {
        self.at_once(|_, world| take(world, request))
    }

    /// All of them do what is due until nothing is.
    fn work(&mut self) {
        let Rivals { worlds, gateway, told } = self;
        let start = Barrier::new(worlds.len());
        std::thread::scope(|scope| {
            for world in worlds {
                let (start, gateway, told) = (&start, &*gateway, &*told);
                scope.spawn(move || {
                    start.wait();
                    work(world, gateway, told);
                });
            }
        });
    }

    fn pass(&mut self, seconds: i64) {
        for world in &mut self.worlds {
            world.now.0 += seconds * 1000;
        }
    }
}

fn take(world: &mut World, request: &Request) -> Response {
    let (id, input) = world.ask(request.clone());
    world.step(vec![input]);
    if let Some((send, _)) = world.sent_to("gateway") {
        world.step(vec![says(send, "true")]);
    }
    world.answered(id).expect("an answer")
}

fn work(world: &mut World, gateway: &Mutex<Gateway>, told: &Mutex<BTreeMap<String, u32>>) {
    // More is due than may be on its way at once.
    for _ in 0..10 {
        world.due();
        while let Some((id, request)) = world.sent_to("gateway") {
            let answer = gateway.lock().unwrap().hear(&request, world.now);
            world.step(vec![Input::Answer { id, outcome: Ok(answer) }]);
        }
        while let Some((id, request)) = world.sent_to("shop") {
            let event = request.headers()["webhook-id"].to_str().unwrap().to_owned();
            *told.lock().unwrap().entry(event).or_default() += 1;
            world.step(vec![says(id, "taken in")]);
        }
    }
}

fn paid(rivals: &mut Rivals, order_no: &str, trade_no: &str) -> Bought {
    let bought = rivals.first().direct(order_no).with_trade_no(trade_no);
    let _ = rivals.first().bring(bought.notify(1, "TRADE_FINISHED"), "true");
    bought
}

fn wish(bought: &Bought) -> Value {
    json!({ "items": [{ "out_trade_no": bought.number, "amount": "4.00" }] })
}

#[test]
fn one_key_at_the_same_moment_is_one_batch_told_once_and_its_result_one_event_told_once() {
    rivals(|rivals| {
        let mut batches = Vec::new();
        for n in 0..ROUNDS {
            let bought = paid(rivals, &format!("A{n}"), &format!("20120301{n:08}"));
            let key = format!("refund of A{n}");
            let answers = rivals.all_take(&call(Method::POST, "/v1/refunds", &wish(&bought), &key));
            let answers: Vec<_> = answers.iter().map(read).collect();
            assert_eq!(answers[0].0, StatusCode::CREATED, "{}", answers[0].1);
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
            batches.push(answers[0].1["batch_no"].as_str().unwrap().to_owned());
        }
        rivals.work();
        let letters = {
            let gateway = rivals.gateway.lock().unwrap();
            let mut calls = gateway.calls.clone();
            calls.sort();
            batches.sort();
            assert_eq!(calls, batches, "each batch by one instance, once");
            assert_eq!(gateway.refunded.len(), ROUNDS);
            gateway.owed()
        };
        for letter in &letters {
            let answers = rivals.all_take(letter);
            assert!(answers.iter().all(|answer| text(answer) == "success"), "{answers:?}");
        }
        rivals.work();
        let kinds = rivals.first().kinds();
        assert_eq!(kinds.iter().filter(|kind| *kind == "refund.succeeded").count(), ROUNDS, "{kinds:?}");
        assert_eq!(kinds.len(), 2 * ROUNDS);
        let told = rivals.told.lock().unwrap();
        assert_eq!(
            (told.len(), told.values().sum::<u32>()),
            (kinds.len(), 20),
            "each webhook by one instance"
        );
    });
}

#[test]
fn the_letter_and_the_answer_to_the_call_at_the_same_moment_end_in_the_letter() {
    rivals(|rivals| {
        for n in 0..ROUNDS {
            let bought = paid(rivals, &format!("A{n}"), &format!("20120301{n:08}"));
            let (_, created) = rivals.first().api(Method::POST, "/v1/refunds", &wish(&bought));
            rivals.first().due();
            let (send, request) = rivals.first().sent_to("gateway").unwrap();
            let now = rivals.first().now;
            let answer = rivals.gateway.lock().unwrap().hear(&request, now);
            let letter = rivals.gateway.lock().unwrap().owed().pop().unwrap();
            rivals.at_once(|index, world| match index {
                0 => world.step(vec![Input::Answer { id: send, outcome: Ok(answer.clone()) }]),
                _ => assert_eq!(text(&take(world, &letter)), "success"),
            });
            let path = format!("/v1/refunds/{}", created["batch_no"].as_str().unwrap());
            let (_, shown) = rivals.first().api(Method::GET, &path, &Value::Null);
            assert_eq!(shown["state"], "done", "{shown}");
        }
        let kinds = rivals.first().kinds();
        assert_eq!(kinds.iter().filter(|kind| *kind == "refund.succeeded").count(), ROUNDS);
    });
}

#[test]
fn one_return_at_the_same_moment_lets_in_one_browser_and_is_one_event() {
    rivals(|rivals| {
        for n in 0..ROUNDS {
            let (_, created) = rivals.first().api(Method::POST, "/v1/logins", &json!({ "state": "s1" }));
            let back = value(&sent(&created["login_url"]), "return_url");
            let path = back.strip_prefix("http://sidecar:8082").unwrap();
            let buyer = Buyer { user_id: UserId::new(format!("2088{n:012}")), ..somebody() };
            let tab = comes_with(path, Arrival::QuickLogin(buyer), &format!("n{n}"), Charset::Utf8, KEY);
            let answers = rivals.all_take(&tab);
            let let_in = answers.iter().filter(|answer| claims(answer)["verified"] == true).count();
            assert_eq!(let_in, 1, "{answers:?}");
        }
        assert_eq!(rivals.first().kinds().len(), ROUNDS);
    });
}

#[test]
fn one_letter_about_a_refusal_at_the_same_moment_is_one_event() {
    rivals(|rivals| {
        for n in 0..ROUNDS {
            let bought = rivals.first().direct(&format!("A{n}"));
            let letter = letter(&bought, &format!("r{n}"), "2012-03-01 00:00:04", ErrorCode::SellerNotExist);
            let answers = rivals.all_take(&letter);
            assert!(answers.iter().all(|answer| text(answer) == "success"), "{answers:?}");
        }
        assert_eq!(rivals.first().kinds(), vec!["payment_request.refused"; ROUNDS]);
    });
}

#[test]
fn each_question_that_is_due_is_asked_by_one_instance() {
    rivals(|rivals| {
        let orders = 40;
        for n in 0..orders {
            let _ = rivals.first().direct(&format!("A{n}"));
        }
        rivals.pass(120);
        rivals.work();
        let gateway = rivals.gateway.lock().unwrap();
        let mut asked: Vec<&String> = gateway.asked.iter().map(|(_, number)| number).collect();
        assert_eq!(asked.len(), orders, "each asked once");
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), orders);
    });
}

/// Two payment requests of one order, both open.
fn twice(world: &mut World, order_no: &str) -> [Bought; 2] {
    let first = world.direct(order_no);
    let terms = json!({ "service": DIRECT, "keep_others": true });
    let (status, second) =
        world.api(Method::POST, &format!("/v1/orders/{order_no}/payment_requests"), &terms);
    assert_eq!(status, StatusCode::CREATED, "{second}");
    [first, Bought::of(&second).with_trade_no("2012030100000002")]
}

#[test]
fn of_two_payments_of_one_order_at_the_same_moment_one_pays_it_and_the_other_is_told_as_one_too_many() {
    rivals(|rivals| {
        for n in 0..ROUNDS {
            let order_no = format!("A{n}");
            let both = twice(rivals.first(), &order_no);
            let answers = rivals.at_once(|index, world| {
                take(world, &both[index % 2].notify(1 + u8::try_from(index % 2).unwrap(), "TRADE_FINISHED"))
            });
            assert!(answers.iter().all(|answer| text(answer) == "success"), "{answers:?}");
            let path = format!("/v1/events?order_no={order_no}");
            let (_, feed) = rivals.first().api(Method::GET, &path, &Value::Null);
            let kinds: Vec<&Value> = feed["events"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
            assert_eq!(kinds, ["order.paid", "order.paid_again"], "{feed}");
            let (_, order) = rivals.first().api(Method::GET, &format!("/v1/orders/{order_no}"), &Value::Null);
            assert_eq!(order["paid_by"], feed["events"][0]["data"]["out_trade_no"], "{order}");
        }
    });
}

#[test]
fn an_order_that_is_paid_and_given_up_at_the_same_moment_is_paid_late_or_not_given_up() {
    rivals(|rivals| {
        for n in 0..ROUNDS {
            let order_no = format!("A{n}");
            let bought = rivals.first().direct(&order_no);
            let now = rivals.first().now;
            assert!(rivals.gateway.lock().unwrap().moves(&bought, "TRADE_FINISHED", now, false));
            let close = call(Method::POST, &format!("/v1/orders/{order_no}/close"), &Value::Null, "k");
            let answers = rivals.at_once(|index, world| match index {
                0 => take(world, &close).status(),
                _ => take(world, &bought.notify(1, "TRADE_FINISHED")).status(),
            });
            let (_, order) = rivals.first().api(Method::GET, &format!("/v1/orders/{order_no}"), &Value::Null);
            let path = format!("/v1/events?order_no={order_no}");
            let (_, feed) = rivals.first().api(Method::GET, &path, &Value::Null);
            assert_eq!(feed["events"].as_array().unwrap().len(), 1, "{feed}");
            let paid = &feed["events"][0];
            assert_eq!(paid["type"], "order.paid");
            let given_up = answers[0] == StatusCode::OK;
            assert!(given_up || answers[0] == StatusCode::CONFLICT, "{}", answers[0]);
            assert_eq!(paid["data"]["late"], given_up, "late if the shop was told that it is closed");
            assert_eq!(order["closed_at"].is_null(), !given_up, "{order}");
            assert_eq!(order["payment_requests"][0]["closing"], false, "{order}");
        }
        rivals.work();
        assert!(rivals.gateway.lock().unwrap().asked.iter().all(|(service, _)| service != "close_trade"));
    });
}
