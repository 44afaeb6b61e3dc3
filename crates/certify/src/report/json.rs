//! For machines.

use serde_json::{Value, json};

use super::{Report, of};
use crate::case::CaseReport;
use crate::timeline::What;
use crate::words::Lang;

/// The whole run; `docs/certify.md` describes it.
pub fn json(report: &Report, lang: Lang) -> Value {
    let cases: Vec<Value> = report.cases.iter().map(|one| case(one, lang)).collect();
    json!({
        "target": report.target,
        "seed": report.seed,
        "passed": report.is_passed(),
        "scenarios": cases,
    })
}

fn case(case: &CaseReport, lang: Lang) -> Value {
    let words = of(lang);
    let problems: Vec<Value> = case
        .problems
        .iter()
        .map(|problem| {
            let text = words.problem(problem);
            json!({ "kind": problem.kind.as_str(), "about": problem.about, "text": text })
        })
        .collect();
    let timeline: Vec<Value> = case
        .timeline
        .iter()
        .map(|event| {
            json!({ "at_ms": event.at_ms, "kind": kind(&event.what), "text": words.event(&event.what) })
        })
        .collect();
    json!({
        "id": case.scenario.id,
        "title": words.scenario(&case.scenario),
        "group": case.scenario.group.as_str(),
        "service": case.scenario.service.as_str(),
        "charset": case.scenario.charset.label(),
        "protocol": case.scenario.protocol,
        "tutorial": case.scenario.tutorial,
        "out_trade_no": case.out_trade_no,
        "passed": case.is_passed(),
        "took_ms": u64::try_from(case.took.as_millis()).unwrap_or(u64::MAX),
        "problems": problems,
        "timeline": timeline,
    })
}

const fn kind(what: &What) -> &'static str {
    match what {
        What::Placed(_) => "placed",
        What::Sent { .. } => "sent",
        What::Called { .. } => "called",
        What::Asked(_) => "asked",
        What::Told { .. } => "told",
        What::Answered { .. } => "answered",
        What::Followed { .. } => "followed",
        What::Silent { .. } => "silent",
        What::Gateway(_) => "gateway",
        What::OtherService(_) => "other_service",
        What::Order { .. } => "order",
        What::Moved { .. } => "moved",
    }
}
