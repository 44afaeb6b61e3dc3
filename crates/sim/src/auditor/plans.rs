//! Fault plans (docs/adr/0024, written down a second time): a plan touches what it was made for and nothing else, while it
//! lasts and no longer, and nothing that it spoils is lost for good.

use super::Auditor;
use super::books::{Attempt, Gateway, Mishap, Notice, Plan};
use crate::people::Town;

/// After these the merchant has not been told, whatever it answered.
const SPOILS: [&str; 5] = ["outage", "drop", "cut_body", "corrupt_sign", "wrong_charset"];

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town) {
    for mishap in &gateway.mishaps {
        let Mishap { thread, fault, plan_id, .. } = mishap;
        let Some(plan) = gateway.plans.iter().find(|plan| plan.plan_id == *plan_id) else {
            auditor.find(format!("a mishap of {thread} is of no plan"));
            continue;
        };
        // Everything that is told here is told to the one merchant.
        let is_own = match &plan.trade_no {
            Some(trade_no) => trade_no == thread,
            None => plan.partner == town.merchant.partner,
        };
        if !is_own {
            auditor.find(format!("{thread} met with {fault}, by the plan {plan_id} for somebody else"));
        }
        if !(plan.begun_at..=plan.until_at).contains(&mishap.at) {
            auditor.find(format!("{thread} met with {fault} when the plan {plan_id} was not running"));
        }
    }
    for (index, plan) in gateway.plans.iter().enumerate() {
        let is_rival = |other: &&Plan| {
            (&other.partner, &other.trade_no) == (&plan.partner, &plan.trade_no)
                && other.begun_at < plan.until_at
                && plan.begun_at < other.until_at
        };
        if let Some(other) = gateway.plans.iter().skip(index + 1).find(is_rival) {
            auditor.find(format!("the plans {} and {} ran at the same time", plan.plan_id, other.plan_id));
        }
    }
    for resend in gateway.resends.iter().filter(|resend| resend.due_at.is_some()) {
        auditor.find(format!("a copy of notice {} of {} is still pending", resend.seq, resend.thread));
    }
    for notice in gateway.notices.iter().chain(&gateway.letters).filter(|notice| notice.is_given_up()) {
        let is_counted = |mishap: &&Mishap| is_of(mishap, notice) && mishap.attempt > notice.tries_before;
        if gateway.mishaps.iter().any(|mishap| is_counted(&mishap) && is_spoiled(mishap)) {
            auditor.find(format!(
                "notice {} of {} was given up after a fault plan had spoiled a try",
                notice.seq, notice.trade_no
            ));
        }
    }
}

fn is_of(mishap: &Mishap, notice: &Notice) -> bool {
    mishap.thread == notice.trade_no && mishap.seq == notice.seq
}

fn is_spoiled(mishap: &Mishap) -> bool {
    SPOILS.contains(&mishap.fault.as_str())
}

/// Whether a plan has spoiled this try, so that no answer to it counts.
pub(super) fn has_spoiled(gateway: &Gateway, attempt: &Attempt) -> bool {
    has_met(gateway, attempt, &SPOILS)
}

/// Whether a plan has kept this try from leaving at all.
pub(super) fn has_held_back(gateway: &Gateway, attempt: &Attempt) -> bool {
    has_met(gateway, attempt, &["outage", "drop"])
}

fn has_met(gateway: &Gateway, attempt: &Attempt, faults: &[&str]) -> bool {
    gateway.mishaps.iter().any(|mishap| {
        (&mishap.thread, mishap.seq, mishap.attempt) == (&attempt.trade_no, attempt.seq, attempt.attempt)
            && faults.contains(&mishap.fault.as_str())
    })
}

/// What happened, by kind.
pub(super) fn marks(gateway: &Gateway, town: &Town) -> Vec<String> {
    let notices = || gateway.notices.iter().chain(&gateway.letters);
    let mishaps = gateway.mishaps.iter().map(|mishap| format!("fault {}", mishap.fault));
    let resends = gateway.resends.iter().map(|resend| format!("copy {}", resend.outcome));
    let anew =
        notices().filter(|notice| notice.begun_anew_at.is_some()).map(|_| "tries begun anew".to_owned());
    let passed = notices().filter(|notice| notice.passes).map(|_| "overtaken by a plan".to_owned());
    let plans = gateway.plans.iter().map(|plan| match (&plan.trade_no, &plan.partner) {
        (Some(_), _) => "plan for a trade".to_owned(),
        (None, partner) if *partner == town.merchant.partner => "plan for the partner".to_owned(),
        (None, _) => "plan for a stranger".to_owned(),
    });
    mishaps.chain(resends).chain(anew).chain(passed).chain(plans).collect()
}
