//! Somebody at the platform who freezes accounts and releases them again, and now and then turns a partner's switches.

use std::time::Duration;

use danbao_protocol::time::Timestamp;
use serde_json::json;

use super::errand::sandbox;
use super::{Hand, Heard, Person};

/// The switches that a partner can have (protocol.md §5.6).
pub const TRIGGERS: [&[&str]; 4] = [
    &["TRADE_FINISHED", "TRADE_SUCCESS"],
    &["TRADE_FINISHED", "TRADE_SUCCESS", "WAIT_BUYER_PAY", "TRADE_CLOSED"],
    &["WAIT_BUYER_PAY", "TRADE_CLOSED"],
    &[],
];

/// A member of the platform's staff.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Accounts that are still to be frozen.
    rounds: u32,
    pause_max_ms: u64,
    /// When the last late copy of a request has come; then everybody is released for good.
    done_after: Timestamp,
    /// Whoever is frozen now.
    frozen: Option<String>,
    /// Whoever is still to be released in the end; `None` until then.
    last: Option<Vec<String>>,
    turns_switches: bool,
}

impl Staff {
    /// Freezes so many accounts, each for a while, and releases all of them when nothing can be late any more.
    pub fn new(rounds: u32, pause_max_ms: u64, done_after: Timestamp, turns_switches: bool) -> Staff {
        Staff { rounds, pause_max_ms, done_after, frozen: None, last: None, turns_switches }
    }

    fn set(user_id: &str, is_frozen: bool, hand: &mut Hand<'_>) {
        hand.say(format!("{} {user_id}", if is_frozen { "freezes" } else { "releases" }));
        let body = json!({ "is_frozen": is_frozen }).to_string();
        hand.ask(sandbox(hand.town, "POST", &format!("users/{user_id}"), body));
    }

    fn turn_switches(hand: &mut Hand<'_>) {
        let triggers = hand.chance.pick(&TRIGGERS);
        hand.say(format!("turns the switches to {triggers:?}"));
        let path = format!("partners/{}", hand.town.merchant.partner);
        hand.ask(sandbox(hand.town, "POST", &path, json!({ "triggers": triggers }).to_string()));
    }

    /// The next thing of an ordinary day.
    fn work(&mut self, hand: &mut Hand<'_>) {
        if let Some(frozen) = self.frozen.take() {
            return Staff::set(&frozen, false, hand);
        }
        if self.turns_switches && hand.chance.per_mille(400) {
            return Staff::turn_switches(hand);
        }
        if self.rounds == 0 {
            let wait = self.done_after.since(hand.now).max(Duration::from_secs(1));
            let everybody = hand.town.customers.iter().map(|customer| customer.user_id.clone());
            self.last = Some(everybody.chain([hand.town.merchant.seller_id.clone()]).collect());
            return hand.wake_after(wait);
        }
        self.rounds -= 1;
        let buyer = hand.chance.pick(&hand.town.customers).user_id;
        let seller = hand.town.merchant.seller_id.clone();
        let user_id = hand.chance.pick(&[seller.clone(), seller, buyer]);
        Staff::set(&user_id, true, hand);
        self.frozen = Some(user_id);
    }
}

impl Person for Staff {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        let is_done = matches!(&heard, Heard::Answer(Ok(answer)) if answer.status().is_success());
        match (heard, &mut self.last) {
            // In the end each is asked for until it is heard to be done.
            (Heard::Answer(_), Some(last)) => {
                if is_done {
                    last.pop();
                }
                if !last.is_empty() {
                    hand.wake_after(Duration::from_secs(5));
                }
            }
            (Heard::Woke, Some(last)) => {
                if let Some(user_id) = last.last().cloned() {
                    Staff::set(&user_id, false, hand);
                }
            }
            (Heard::Woke, None) => self.work(hand),
            (Heard::Answer(_), None) => {
                let pause = hand.chance.millis(1_000, self.pause_max_ms.max(1_000));
                hand.wake_after(pause);
            }
        }
    }
}
