//! Several sidecars on one PostgreSQL.

use std::sync::atomic::{AtomicBool, Ordering};

use danbao_store::testing::Database;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::world::{Bought, World, open, text};

const ORDERS: usize = 24;

/// Brings every message to this instance, tells what is due, and says how many webhooks went out.
fn work(mut world: World, bought: &[Bought]) -> usize {
    let mut hooks = 0;
    for bought in bought {
        assert_eq!(text(&world.bring(bought.notify(1, "TRADE_FINISHED"), "true")), "success");
        world.due();
        while let Some((id, _)) = world.sent_to("shop") {
            hooks += 1;
            world.step(vec![crate::world::says(id, "taken in")]);
        }
    }
    hooks
}

/// Reads the feed by its cursor until all orders have been seen.
fn follow(mut world: World, is_over: &AtomicBool) -> Vec<u64> {
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let is_last = is_over.load(Ordering::SeqCst);
        let path = format!("/v1/events?limit=5&after={after}");
        let (status, page) = world.api(Method::GET, &path, &Value::Null);
        assert_eq!(status, StatusCode::OK, "{page}");
        for event in page["events"].as_array().unwrap() {
            let id = event["id"].as_str().unwrap();
            seen.push(id.split('_').nth(1).unwrap().parse().unwrap());
            id.clone_into(&mut after);
        }
        if is_last && page["has_more"] == Value::Bool(false) {
            return seen;
        }
    }
}

#[test]
fn instances_on_one_database_make_each_event_once_and_a_reader_misses_none() {
    let Some(database) = Database::postgres().unwrap() else { return };
    let instance = || World::on(open(database.connect().unwrap()));
    let mut first = instance();
    let bought: Vec<Bought> = (0..ORDERS).map(|n| first.direct(&format!("A{n}"))).collect();
    let (second, reader, is_over) = (instance(), instance(), AtomicBool::new(false));
    let (hooks, seen) = std::thread::scope(|scope| {
        let (bought, is_over) = (&bought, &is_over);
        let reading = scope.spawn(move || follow(reader, is_over));
        let working = [first, second].map(|world| scope.spawn(move || work(world, bought)));
        let hooks: usize = working.map(|thread| thread.join().unwrap()).into_iter().sum();
        is_over.store(true, Ordering::SeqCst);
        (hooks, reading.join().unwrap())
    });
    let all: Vec<u64> = (1..=ORDERS as u64).collect();
    assert_eq!(seen, all, "in order, without a gap, each once");
    assert_eq!(hooks, ORDERS, "each webhook by one instance");
}
