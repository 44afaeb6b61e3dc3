//! Somebody at the merchant's who tests: asks the sandbox ahead for refusals and for faults of the wire, in the middle of
//! ordinary life, and ends some of them early.

use danbao_protocol::node::Response;
use serde_json::{Value, json};

use super::errand::{answered_trade, look_up, sandbox};
use super::{Hand, Heard, Person};

/// A tester.
#[derive(Debug, Clone)]
pub struct Tester {
    refusals: u32,
    plans: u32,
    pause_max_ms: u64,
    /// The plan that was begun last.
    plan: Option<i64>,
    /// Has asked for the trade that is to have a plan of its own.
    is_looking: bool,
}

/// Reasons that nothing else in these lives gives for refusing a link.
const CODES: [&str; 2] = ["SYSTEM_ERROR", "BUYER_SELLER_EQUAL"];

/// What a plan can do, with the numbers that it takes.
fn fault(hand: &mut Hand<'_>) -> Value {
    let kinds = [
        "outage",
        "delay",
        "reorder",
        "drop",
        "cut_body",
        "slow_body",
        "corrupt_sign",
        "wrong_charset",
        "duplicate",
    ];
    let kind = hand.chance.pick(&kinds);
    let mut fault = json!({ "fault": kind, "percent": hand.chance.pick(&[30, 60, 100]) });
    match kind {
        "delay" | "reorder" => fault["seconds"] = hand.chance.pick(&[60, 3_600, 20_000]).into(),
        "duplicate" => {
            fault["seconds"] = hand.chance.pick(&[0, 600]).into();
            fault["times"] = hand.chance.pick(&[1, 3]).into();
        }
        _ => {}
    }
    if hand.chance.per_mille(400) {
        fault["tries"] = hand.chance.pick(&[1, 3]).into();
    }
    fault
}

impl Tester {
    /// A tester who asks for so many refusals, and begins so many plans, with such pauses.
    pub fn new(refusals: u32, plans: u32, pause_max_ms: u64) -> Tester {
        Tester { refusals, plans, pause_max_ms, plan: None, is_looking: false }
    }

    fn work(&mut self, hand: &mut Hand<'_>) {
        if let Some(plan) = self.plan.take().filter(|_| hand.chance.per_mille(400)) {
            hand.say(format!("ends the plan {plan}"));
            return hand.ask(sandbox(hand.town, "POST", &format!("faults/{plan}/end"), String::new()));
        }
        let partner = hand.town.merchant.partner.clone();
        if self.refusals > 0 && (self.plans == 0 || hand.chance.per_mille(500)) {
            self.refusals -= 1;
            let (code, calls) = (hand.chance.pick(&CODES), hand.chance.between(1, 4));
            hand.say(format!("wants {calls} refusals with {code}"));
            let wish = json!({ "service": "create_direct_pay_by_user", "code": code, "calls": calls });
            let path = format!("partners/{partner}/refusals");
            return hand.ask(sandbox(hand.town, "POST", &path, wish.to_string()));
        }
        if self.plans == 0 {
            return;
        }
        self.plans -= 1;
        // A stranger's plan must not be noticed at all.
        let stranger = hand.town.bystander.clone().unwrap_or_else(|| partner.clone());
        match hand.chance.below(4) {
            0 if !hand.town.orders.is_empty() => {
                let order = hand.chance.pick(&hand.town.orders);
                self.is_looking = true;
                hand.ask(look_up(hand.town, &order.out_trade_no));
            }
            1 => Tester::plan(&json!({ "partner": stranger }), hand),
            _ => Tester::plan(&json!({ "partner": partner }), hand),
        }
    }

    fn plan(whose: &Value, hand: &mut Hand<'_>) {
        let mut plan = whose.clone();
        let mut faults: Vec<Value> = (0..hand.chance.between(1, 3)).map(|_| fault(hand)).collect();
        faults.sort_by_key(|fault| fault["fault"].to_string());
        faults.dedup_by_key(|fault| fault["fault"].to_string());
        plan["faults"] = faults.into();
        plan["seed"] = hand.chance.below(1_000).into();
        plan["seconds"] = hand.chance.pick(&[600, 3 * 3_600, 25 * 3_600, 3 * 86_400]).into();
        hand.say(format!("begins the plan {plan}"));
        hand.ask(sandbox(hand.town, "POST", "faults", plan.to_string()));
    }

    fn hear(&mut self, response: &Response, hand: &mut Hand<'_>) -> bool {
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if std::mem::take(&mut self.is_looking)
            && let Some(trade_no) = answered_trade(&answer)["trade_no"].as_str()
        {
            Tester::plan(&json!({ "trade_no": trade_no }), hand);
            return true;
        }
        if answer["is_running"] == true {
            self.plan = answer["plan_id"].as_i64();
        }
        false
    }
}

impl Person for Tester {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        let is_busy = match heard {
            Heard::Woke => return self.work(hand),
            Heard::Answer(Ok(response)) => self.hear(&response, hand),
            Heard::Answer(Err(_)) => false,
        };
        if !is_busy {
            let pause = hand.chance.millis(1_000, self.pause_max_ms.max(1_000));
            hand.wake_after(pause);
        }
    }
}
