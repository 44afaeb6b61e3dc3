//! The people behind the little shop's counter: they give money back, give orders up, let an order be paid a second way,
//! and now and then close the door to webhooks. They do not ask each other what they are doing.

use std::time::Duration;

use danbao_protocol::node::Request;
use http::Method;
use serde_json::{Value, json};

use crate::people::{Buyer, Habits, Hand, Heard, KnownOrder, Person, Way};

/// What somebody in the office does all day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Gives money back of several orders at once.
    Refunds,
    /// Gives an order up, or one payment request of it.
    Closings,
    /// Sends another buyer to the cashier: by another payment request, or by the old address.
    SecondTries,
    /// Answers webhooks by 410 for a while.
    Holidays,
}

/// Somebody with one task.
#[derive(Debug, Clone)]
pub(super) struct Clerk {
    task: Task,
    left: u32,
    pause_max_ms: u64,
}

impl Clerk {
    /// Does it so often, with pauses.
    pub(super) fn new(task: Task, times: u32, pause_max_ms: u64) -> Clerk {
        Clerk { task, left: times, pause_max_ms }
    }
}

/// The shop's number of an order, before the count of the payment request.
pub(super) fn order_no(out_trade_no: &str) -> &str {
    out_trade_no.rsplit_once('-').map_or(out_trade_no, |(order_no, _)| order_no)
}

fn at_shop(hand: &Hand<'_>, path: &str, body: String) -> Option<Request> {
    let mut request = Request::new(body.into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{}{path}", hand.town.shop).parse().ok()?;
    Some(request)
}

/// Parts, all, and more than was paid; of some orders the same twice.
fn refunds(hand: &mut Hand<'_>) -> Option<Request> {
    let with_escrow = hand.chance.per_mille(100);
    let is_meant = |order: &&KnownOrder| with_escrow || order.service != "create_partner_trade_by_buyer";
    let known: Vec<KnownOrder> = hand.town.orders.iter().filter(is_meant).cloned().collect();
    if known.is_empty() {
        return None;
    }
    let count = hand.chance.pick(&[1, 1, 2, 3]);
    let mut numbers: Vec<String> = (0..count).map(|_| hand.chance.pick(&known).out_trade_no).collect();
    numbers.sort();
    numbers.dedup();
    let item = |number: &String, hand: &mut Hand<'_>| {
        let amount = hand.chance.pick(&["12.34", "12.34", "6.17", "1.00", "0.01", "13.35", "13.35"]);
        json!({ "out_trade_no": number, "amount": amount })
    };
    let items: Vec<Value> = numbers.iter().map(|number| item(number, hand)).collect();
    let charset = hand.chance.pick(&["utf-8", "gbk"]);
    at_shop(hand, "/refunds", json!({ "items": items, "charset": charset }).to_string())
}

fn closing(hand: &mut Hand<'_>) -> Option<Request> {
    let number = pick(hand)?.out_trade_no;
    let path = match hand.chance.per_mille(600) {
        true => format!("/orders/{}/close", order_no(&number)),
        false => format!("/requests/{number}/close"),
    };
    at_shop(hand, &path, String::new())
}

fn pick(hand: &mut Hand<'_>) -> Option<KnownOrder> {
    // Mostly the newest: it may be in the middle of being paid.
    let newest = hand.town.orders.last().cloned();
    if hand.chance.per_mille(600) { newest } else { newest.map(|_| hand.chance.pick(&hand.town.orders)) }
}

/// Sends a buyer for an order that is there.
fn second_try(hand: &mut Hand<'_>) {
    let Some(order) = pick(hand) else { return };
    let habits = Habits { quarrel: None, abandons: false, ..Habits::draw(hand.chance, 100) };
    let way = if habits.way == Way::Sandbox { Way::Member } else { habits.way };
    let habits = Habits { way, ..habits };
    let who = hand.chance.pick(&hand.town.customers);
    let buyer = if hand.chance.per_mille(250) {
        Buyer::sent_to(habits, who, format!("{}/gateway.do?{}", hand.town.gateway, order.query))
    } else {
        let kept = if hand.chance.per_mille(600) { "?keep" } else { "" };
        let door = format!("{}/orders/{}/again{kept}", hand.town.shop, order_no(&order.out_trade_no));
        Buyer::at_door(habits, who, door)
    };
    hand.send(Box::new(buyer), Duration::from_millis(1));
}

impl Person for Clerk {
    fn turn(&mut self, _: Heard, hand: &mut Hand<'_>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let request = match self.task {
            Task::Refunds => refunds(hand),
            Task::Closings => closing(hand),
            Task::SecondTries => {
                second_try(hand);
                None
            }
            Task::Holidays => {
                let seconds = hand.chance.pick(&[0, 0, 300, 7200]);
                at_shop(hand, "/holiday", seconds.to_string())
            }
        };
        if let Some(request) = request {
            hand.ask_deaf(request);
        }
        let pause = hand.chance.millis(self.pause_max_ms / 8, self.pause_max_ms);
        hand.wake_after(pause);
    }
}
