//! The sidecar dies in every gap between two statements, and just after each commit; built anew from its database, it
//! ends where it would have ended anyway, and the shop has heard of each change under one id.

use std::collections::BTreeMap;

use bytes::Bytes;
use danbao_merchant::protocol::node::{AskId, Node};
use danbao_merchant::protocol::node::{Crash, Input, Output, Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_sidecar::Sidecar;
use danbao_store::faulty::{Death, Disk};
use http::Method;
use serde_json::{Value, json};

use crate::town::on_each_disk;
use crate::world::{Bought, MIDNIGHT, call, config, open, text};

/// A sidecar on a disk that may die, and a shop that keeps what it hears.
struct Life<'d> {
    disk: &'d Disk,
    sidecar: Sidecar,
    now: Timestamp,
    /// The shop's own table: events by id, and how often each was told.
    told: BTreeMap<String, (Value, u32)>,
    deaths: u32,
}

impl Life<'_> {
    fn reopen(&mut self) {
        self.deaths += 1;
        self.sidecar = loop {
            // The disk may die once more while it is opened.
            if let Ok(sidecar) = Sidecar::open(self.disk.connect(), config(), [7; 32]) {
                break sidecar;
            }
        };
    }

    /// Steps until nothing is on its way; the answer to the first request. The gateway says `true`, the shop takes.
    fn settle(&mut self, inputs: Vec<Input>) -> Result<Option<Response>, Crash> {
        let mut answered = None;
        let mut outputs = self.sidecar.step(self.now, inputs)?;
        while let Some(output) = outputs.pop() {
            match output {
                Output::Respond { response, .. } => answered = Some(response),
                Output::Send { id, request } => {
                    let outcome = Ok(self.hear(&request));
                    outputs.extend(self.sidecar.step(self.now, vec![Input::Answer { id, outcome }])?);
                }
            }
        }
        Ok(answered)
    }

    fn hear(&mut self, request: &Request) -> Response {
        if request.uri().host() == Some("gateway") {
            return Response::new(Bytes::from_static(b"true"));
        }
        let event: Value = serde_json::from_slice(request.body()).unwrap();
        let entry = self.told.entry(event["id"].as_str().unwrap().to_owned()).or_insert((event, 0));
        entry.1 += 1;
        Response::new(Bytes::new())
    }

    /// Asks until there is an answer that is not a death.
    fn insist(&mut self, request: &Request) -> Response {
        loop {
            let input = Input::Request { id: AskId(1), request: request.clone() };
            match self.settle(vec![input]) {
                Ok(Some(response)) => return response,
                Ok(None) => panic!("no answer"),
                Err(_) => self.reopen(),
            }
        }
    }

    /// Lets time pass until all webhooks were told.
    fn drain(&mut self) {
        for _ in 0..50 {
            self.now.0 += 60_000;
            if self.settle(vec![Input::Due]).is_err() {
                self.reopen();
            }
        }
    }
}

fn live_through(disk: &Disk, order_no: &str, death: Option<Death>) -> u32 {
    let sidecar = open(disk.connect());
    let mut life = Life { disk, sidecar, now: MIDNIGHT, told: BTreeMap::new(), deaths: 0 };
    disk.plan(death);
    let wish = json!({
        "order_no": order_no, "subject": "x", "price": "12.50",
        "payment_request": { "service": "create_direct_pay_by_user" },
    });
    let order = life.insist(&call(Method::POST, "/v1/orders", &wish, &format!("key of {order_no}")));
    let order: Value = serde_json::from_slice(order.body()).unwrap();
    let bought = Bought::of(&order["payment_requests"][0]);
    assert_eq!(bought.number, format!("{order_no}-1"), "{death:?}");
    for (second, status) in [(1, "WAIT_BUYER_PAY"), (2, "TRADE_FINISHED")] {
        let answer = life.insist(&bought.notify(second, status));
        assert_eq!(text(&answer), "success", "{death:?}");
    }
    life.drain();
    disk.plan(None);
    let path = format!("/v1/events?limit=1000&order_no={order_no}");
    let feed = life.insist(&call(Method::GET, &path, &Value::Null, "k"));
    let feed: Value = serde_json::from_slice(feed.body()).unwrap();
    let kinds: Vec<&str> =
        feed["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["trade.changed", "order.paid"], "{death:?}");
    let told: Vec<&Value> = life.told.values().map(|(event, _)| event).collect();
    assert_eq!(json!(told), feed["events"], "the shop has heard what the feed says: {death:?}");
    life.deaths
}

#[test]
fn a_death_at_any_moment_loses_no_event_and_makes_none_twice_on_either_database() {
    on_each_disk(|disk| {
        assert_eq!(live_through(disk, "A", None), 0);
        let mut deaths = 0;
        for (prefix, plan) in [("B", Death::BeforeStatement as fn(u64) -> Death), ("C", Death::AfterCommit)] {
            for n in 1.. {
                let died = live_through(disk, &format!("{prefix}{n}"), Some(plan(n)));
                if died == 0 {
                    break;
                }
                deaths += died;
            }
        }
        assert!(deaths > 50, "{deaths}");
    });
}
