//! Shops that are slow, that take one call at a time, or that say nothing at all.
#![allow(clippy::unwrap_used, reason = "a test")]

mod habits;
mod town;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use danbao_certify::problem::Kind;
use danbao_certify::{Terms, scenario};
use danbao_protocol::node::{AskId, Crash, Input, Node, Output, Request, Response};
use danbao_protocol::time::Timestamp;
use habits::{HabitShop, Habits, Place};
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify, certify_all, failed, terms};

fn shop(habits: Habits) -> HabitShop {
    let place = Place {
        own_url: SHOP.to_owned(),
        gateway_url: GATEWAY.to_owned(),
        partner: PARTNER.to_owned(),
        key: KEY.to_owned(),
        seller_id: SELLER.to_owned(),
        seller_email: SELLER_EMAIL.to_owned(),
    };
    HabitShop::new(habits, place)
}

/// Takes the next call when the one before is answered, as a server with one worker does.
struct OneAtATime {
    shop: HabitShop,
    queue: VecDeque<Input>,
    is_busy: bool,
}

impl Node for OneAtATime {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut out = Vec::new();
        let (calls, answers): (Vec<_>, Vec<_>) =
            inputs.into_iter().partition(|input| matches!(input, Input::Request { .. }));
        self.queue.extend(calls);
        out.extend(self.shop.step(now, answers)?);
        loop {
            self.is_busy &= !out.iter().any(|output| matches!(output, Output::Respond { .. }));
            if self.is_busy {
                return Ok(out);
            }
            let Some(call) = self.queue.pop_front() else { return Ok(out) };
            self.is_busy = true;
            let more = self.shop.step(now, vec![call])?;
            self.is_busy = !more.iter().any(|output| matches!(output, Output::Respond { .. }));
            out.extend(more);
            if self.is_busy {
                return Ok(out);
            }
        }
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

#[test]
fn a_shop_that_takes_one_call_at_a_time_is_not_waited_for_in_vain() {
    let one = OneAtATime { shop: shop(Habits::default()), queue: VecDeque::new(), is_busy: false };
    assert_eq!(failed(&certify_all(Box::new(one), 1)), Vec::<&str>::new());
}

/// Tells at every other look what it told before: its records lag behind its answers.
struct Lagging {
    shop: HabitShop,
    told: BTreeMap<String, Response>,
    asked: BTreeMap<AskId, String>,
    is_late: bool,
}

impl Lagging {
    fn is_look(request: &Request) -> bool {
        request.uri().path().ends_with(".json")
    }
}

impl Node for Lagging {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        for input in &inputs {
            if let Input::Request { id, request } = input
                && Lagging::is_look(request)
            {
                self.asked.insert(*id, request.uri().path().to_owned());
            }
        }
        let mut out = self.shop.step(now, inputs)?;
        for output in &mut out {
            if let Output::Respond { id, response } = output
                && let Some(path) = self.asked.remove(id)
            {
                self.is_late = !self.is_late;
                let fresh = response.clone();
                if self.is_late {
                    let nothing = Response::new(br#"{"status": null, "deliveries": 0}"#.as_slice().into());
                    *response = self.told.get(&path).cloned().unwrap_or(nothing);
                }
                self.told.insert(path, fresh);
            }
        }
        Ok(out)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

#[test]
fn an_order_that_settles_a_little_later_is_waited_for_if_one_wishes() {
    let lagging = || {
        let shop = shop(Habits::default());
        Box::new(Lagging { shop, told: BTreeMap::new(), asked: BTreeMap::new(), is_late: false })
    };
    let played = |settle| {
        let terms = Terms { settle, ..terms(1) };
        let all = scenario::all().into_iter().filter(|one| one.id == "direct_pay_with_the_page_closed_early");
        failed(&certify(lagging(), terms, all.collect())).len()
    };
    assert_eq!(played(Duration::from_secs(1)), 0);
    assert_eq!(played(Duration::ZERO), 1);
}

/// Takes every call and answers none.
struct Silent;

impl Node for Silent {
    fn step(&mut self, _: Timestamp, _: Vec<Input>) -> Result<Vec<Output>, Crash> {
        Ok(Vec::new())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

#[test]
fn a_run_ends_when_its_time_is_over_and_what_has_not_run_has_failed() {
    let reports = certify_all(Box::new(Silent), 1);
    assert_eq!(reports.len(), scenario::all().len());
    for report in &reports {
        let kinds: Vec<Kind> = report.problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [Kind::OutOfTime], "{}", report.scenario.id);
    }
}
