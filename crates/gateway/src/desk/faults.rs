//! Fault plans at the seller's desk of a sandbox.

use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::node::{Request, Response};
use danbao_protocol::time::Timestamp;

use super::member;
use crate::fault_plan::{self, Kind, Plan, Rule, SECONDS_MAX, USUAL_SECONDS};
use crate::pages::{
    FaultChoice, FaultPlanFact, FaultRecord, FaultRuleFact, FaultShop, Faults, FormError, Message,
};
use crate::rows::notice::{self, Thread};
use crate::rows::users::User;
use crate::rows::{fault_plan as rows, partner};
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// Plans on the page, of each contract.
const PLANS_MAX: i64 = 5;
/// Lines of a plan's record on the page.
const RECORD_MAX: i64 = 100;

/// GET `/desk/faults`.
pub(crate) fn form(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    page(turn, &visit, &user, &Fields::of_query(request), None)
}

/// POST `/desk/faults`.
pub(crate) fn submit(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let form = Fields::of_body(request);
    if !visit.is_own_form(&form) {
        return page(turn, &visit, &user, &form, Some(FormError::whole(Message::FormExpired)));
    }
    match wished(turn, &user, &form)? {
        Ok(plan) => {
            fault_plan::begin(turn, plan)?;
            Ok(visit.see_other("/desk/faults?begun=1"))
        }
        Err(error) => page(turn, &visit, &user, &form, Some(error)),
    }
}

/// POST `/desk/faults/{plan_id}/end`.
pub(crate) fn end(turn: &mut Turn<'_>, request: &Request, plan_id: &str) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    let form = Fields::of_body(request);
    if !visit.is_own_form(&form) {
        return page(turn, &visit, &user, &form, Some(FormError::whole(Message::FormExpired)));
    }
    let plan = match plan_id.parse() {
        Ok(plan_id) => rows::load(turn.tx, plan_id)?,
        Err(_) => None,
    };
    let own = contracts(turn, &user)?;
    match plan.filter(|plan| own.iter().any(|(partner, _)| *partner == plan.partner)) {
        Some(plan) => {
            fault_plan::end(turn, &plan)?;
            Ok(visit.see_other("/desk/faults"))
        }
        None => Ok(visit.not_found()),
    }
}

/// The partners that a seller is, with their names.
fn contracts(turn: &mut Turn<'_>, user: &User) -> Result<Vec<(PartnerId, String)>, Fault> {
    let mut own = Vec::new();
    for id in partner::load_ids(turn.tx)? {
        if let Some(partner) = turn.partner(&id)?.filter(|partner| partner.user_id == user.user_id) {
            own.push((id, partner.display_name.clone()));
        }
    }
    Ok(own)
}

/// The plan that a form asks for.
fn wished(turn: &mut Turn<'_>, user: &User, form: &Fields) -> Result<Result<Plan, FormError>, Fault> {
    let named = PartnerId::new(form.get("partner"));
    let is_own = contracts(turn, user)?.iter().any(|(own, _)| *own == named);
    if !is_own {
        return Ok(Err(FormError::at("partner", Message::ShopWrong)));
    }
    let trade_no = Some(form.get("trade_no")).filter(|trade_no| !trade_no.is_empty());
    if let Some(trade_no) = trade_no {
        let owner = notice::load_request_of(turn.tx, &Thread::new(trade_no))?;
        if owner.is_none_or(|(partner, _)| partner != named) {
            return Ok(Err(FormError::at("trade_no", Message::FaultTradeWrong)));
        }
    }
    let seed = form.get("seed").parse::<i64>().ok().filter(|seed| *seed >= 0);
    let Some(seed) = seed else { return Ok(Err(FormError::at("seed", Message::FaultNumberWrong))) };
    let seconds = form.get("hours").parse::<i64>().ok().and_then(|hours| hours.checked_mul(3_600));
    let Some(seconds) = seconds.filter(|seconds| (1..=SECONDS_MAX).contains(seconds)) else {
        return Ok(Err(FormError::at("hours", Message::FaultNumberWrong)));
    };
    Ok(rules(form).map(|rules| Plan {
        plan_id: 0,
        partner: named,
        trade_no: trade_no.map(TradeNo::new),
        seed,
        begun_at: turn.now,
        until_at: Timestamp(turn.now.0.saturating_add(seconds * 1000)),
        met: 0,
        rules,
    }))
}

fn rules(form: &Fields) -> Result<Vec<Rule>, FormError> {
    let mut rules = Vec::new();
    for kind in Kind::ALL.iter().filter(|kind| !form.get(kind.as_str()).is_empty()) {
        let number = |name: &str| match form.get(&format!("{}_{name}", kind.as_str())) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| FormError::whole(Message::FaultNumberWrong)),
        };
        let rule =
            Rule::wish(*kind, number("percent")?, number("seconds")?, number("times")?, number("tries")?);
        rules.push(rule.map_err(|_| FormError::whole(Message::FaultNumberWrong))?);
    }
    if rules.is_empty() { Err(FormError::whole(Message::FaultMissing)) } else { Ok(rules) }
}

fn page(
    turn: &mut Turn<'_>,
    visit: &Visit,
    user: &User,
    form: &Fields,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let own = contracts(turn, user)?;
    let mut plans = Vec::new();
    for (partner, _) in &own {
        for plan in rows::load_latest(turn.tx, Some(partner), PLANS_MAX)? {
            plans.push(fact(turn, &plan)?);
        }
    }
    plans.sort_by_key(|plan: &FaultPlanFact| (!plan.is_running, -plan.plan_id));
    let or = |name: &str, usual: String| match form.get(name) {
        "" => usual,
        entered => entered.to_owned(),
    };
    let shop = |(partner, name): (PartnerId, String)| FaultShop {
        chosen: form.get("partner") == partner.as_str(),
        partner: partner.to_string(),
        name,
    };
    Ok(visit.page(&Faults {
        shops: own.into_iter().map(shop).collect(),
        trade_no: form.get("trade_no").to_owned(),
        seed: or("seed", "1".to_owned()),
        hours: or("hours", (USUAL_SECONDS / 3_600).to_string()),
        choices: Kind::ALL.iter().map(|kind| choice(*kind, form)).collect(),
        plans,
        has_begun: form.get("begun") == "1",
        error,
    }))
}

fn choice(kind: Kind, form: &Fields) -> FaultChoice {
    let entered = |name: &str, usual: String| match form.get(&format!("{}_{name}", kind.as_str())) {
        "" => usual,
        entered => entered.to_owned(),
    };
    let measure = kind.measure();
    FaultChoice {
        fault: kind.as_str(),
        chosen: !form.get(kind.as_str()).is_empty(),
        percent: entered("percent", "100".to_owned()),
        seconds: measure.seconds.map(|(_, _, usual)| entered("seconds", usual.to_string())),
        times: measure.times.map(|(_, _, usual)| entered("times", usual.to_string())),
        tries: entered("tries", String::new()),
    }
}

fn fact(turn: &mut Turn<'_>, plan: &Plan) -> Result<FaultPlanFact, Fault> {
    let record = rows::load_record(turn.tx, plan.plan_id, RECORD_MAX)?;
    let rule = |rule: &Rule| FaultRuleFact {
        fault: rule.kind.as_str(),
        percent: rule.percent,
        seconds: Some(rule.seconds).filter(|seconds| *seconds > 0),
        times: Some(rule.times).filter(|times| *times > 0),
        tries: rule.tries,
    };
    Ok(FaultPlanFact {
        plan_id: plan.plan_id,
        whose: plan.trade_no.as_ref().map_or_else(|| plan.partner.to_string(), TradeNo::to_string),
        seed: plan.seed,
        is_running: plan.until_at > turn.now,
        until: plan.until_at.wire(),
        met: plan.met,
        rules: plan.rules.iter().map(rule).collect(),
        record: record
            .into_iter()
            .map(|line| FaultRecord {
                place: line.place,
                nth: line.nth,
                fault: line.mishap.kind.as_str(),
                at: line.at.wire(),
                notify_id: line.notify_id,
            })
            .collect(),
    })
}
