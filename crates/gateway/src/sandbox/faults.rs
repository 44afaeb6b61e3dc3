//! Fault plans by the sandbox API.

use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::node::Request;
use danbao_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Problem, read};
use crate::fault_plan::{self, Kind, Plan, Rule, SECONDS_MAX, USUAL_SECONDS};
use crate::rows::fault_plan as rows;
use crate::rows::notice::{self, Thread};
use crate::turn::Turn;
use crate::web::Fields;

/// Plans on the list.
const PLANS_MAX: i64 = 100;
/// Lines of a plan's record.
const RECORD_MAX: i64 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// May be left out if a trade is named.
    #[serde(default)]
    partner: Option<String>,
    #[serde(default)]
    trade_no: Option<String>,
    #[serde(default = "first_seed")]
    seed: i64,
    /// How long it lasts.
    #[serde(default = "usual_seconds")]
    seconds: i64,
    faults: Vec<Wish>,
}

fn first_seed() -> i64 {
    1
}

fn usual_seconds() -> i64 {
    USUAL_SECONDS
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    fault: String,
    #[serde(default)]
    percent: Option<i64>,
    #[serde(default)]
    seconds: Option<i64>,
    #[serde(default)]
    times: Option<i64>,
    #[serde(default)]
    tries: Option<i64>,
}

impl Wish {
    fn read(&self) -> Result<Rule, String> {
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        let kind = Kind::from_word(&self.fault).ok_or_else(|| format!("fault: {}", words.join(", ")))?;
        Rule::wish(kind, self.percent, self.seconds, self.times, self.tries)
    }
}

/// `POST /faults`: a new plan, in the place of the one that the partner or the trade had.
pub(super) fn begin(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let body: Body = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let malformed = |detail: &str| Ok(Err(Problem::unprocessable("plan_malformed", detail)));
    let rules = match rules(&body.faults) {
        Ok(rules) => rules,
        Err(detail) => return malformed(&detail),
    };
    if body.seed < 0 || !(1..=SECONDS_MAX).contains(&body.seconds) {
        return malformed("seed: not negative; seconds: 1 to those of 366 days");
    }
    let (partner, trade_no) = match whose(turn, &body)? {
        Ok(whose) => whose,
        Err(problem) => return Ok(Err(problem)),
    };
    let plan = Plan {
        plan_id: 0,
        partner,
        trade_no,
        seed: body.seed,
        begun_at: turn.now,
        until_at: Timestamp(turn.now.0.saturating_add(body.seconds * 1000)),
        met: 0,
        rules,
    };
    let plan = fault_plan::begin(turn, plan)?;
    Ok(Ok(describe(turn, &plan)))
}

fn rules(wishes: &[Wish]) -> Result<Vec<Rule>, String> {
    let mut rules = wishes.iter().map(Wish::read).collect::<Result<Vec<Rule>, String>>()?;
    rules.sort_by_key(|rule| rule.kind);
    let is_twice = rules.windows(2).any(|pair| matches!(pair, [one, other] if one.kind == other.kind));
    match rules.is_empty() || is_twice {
        true => Err("faults: at least one, and none twice".to_owned()),
        false => Ok(rules),
    }
}

type Whose = (PartnerId, Option<TradeNo>);

fn whose(turn: &mut Turn<'_>, body: &Body) -> Result<Result<Whose, Problem>, Fault> {
    let named = body.partner.as_deref().map(PartnerId::new);
    if let Some(trade_no) = body.trade_no.as_deref() {
        let owner = notice::load_request_of(turn.tx, &Thread::new(trade_no))?.map(|(partner, _)| partner);
        let owner = owner.filter(|owner| named.as_ref().is_none_or(|named| named == owner));
        return Ok(match owner {
            Some(owner) => Ok((owner, Some(TradeNo::new(trade_no)))),
            None => Err(Problem::not_found("such trade of this partner")),
        });
    }
    let Some(partner) = named else {
        return Ok(Err(Problem::unprocessable("plan_malformed", "partner or trade_no: say whose")));
    };
    let is_known = partner.is_well_formed() && turn.partner(&partner)?.is_some();
    Ok(if is_known { Ok((partner, None)) } else { Err(Problem::not_found("such partner")) })
}

/// `GET /faults?partner=`: the latest plans, the newest first.
pub(super) fn list(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let query = Fields::of_query(request);
    let partner = Some(query.get("partner")).filter(|partner| !partner.is_empty()).map(PartnerId::new);
    let plans = rows::load_latest(turn.tx, partner.as_ref(), PLANS_MAX)?;
    let plans: Vec<Value> = plans.iter().map(|plan| describe(turn, plan)).collect();
    Ok(Ok(json!({ "plans": plans })))
}

fn find(turn: &mut Turn<'_>, plan_id: &str) -> Result<Result<Plan, Problem>, Fault> {
    let plan = match plan_id.parse() {
        Ok(plan_id) => rows::load(turn.tx, plan_id)?,
        Err(_) => None,
    };
    Ok(plan.ok_or_else(|| Problem::not_found("such plan")))
}

/// `GET /faults/{plan_id}`: with everything that it has done.
pub(super) fn show(turn: &mut Turn<'_>, plan_id: &str) -> Answer {
    match find(turn, plan_id)? {
        Ok(plan) => with_record(turn, &plan).map(Ok),
        Err(problem) => Ok(Err(problem)),
    }
}

/// `POST /faults/{plan_id}/end`.
pub(super) fn end(turn: &mut Turn<'_>, plan_id: &str) -> Answer {
    let plan = match find(turn, plan_id)? {
        Ok(plan) => plan,
        Err(problem) => return Ok(Err(problem)),
    };
    fault_plan::end(turn, &plan)?;
    let plan = Plan { until_at: plan.until_at.min(turn.now), ..plan };
    with_record(turn, &plan).map(Ok)
}

fn with_record(turn: &mut Turn<'_>, plan: &Plan) -> Result<Value, Fault> {
    let mut described = describe(turn, plan);
    let lines = rows::load_record(turn.tx, plan.plan_id, RECORD_MAX)?;
    described["record"] = lines
        .iter()
        .map(|line| {
            json!({
                "place": line.place,
                "try": line.nth,
                "fault": line.mishap.kind.as_str(),
                "detail": line.mishap.detail,
                "notify_id": line.notify_id,
                "attempt": line.attempt,
                "at": line.at.wire(),
            })
        })
        .collect();
    Ok(described)
}

fn describe(turn: &Turn<'_>, plan: &Plan) -> Value {
    let faults: Vec<Value> = plan
        .rules
        .iter()
        .map(|rule| {
            let measure = rule.kind.measure();
            json!({
                "fault": rule.kind.as_str(),
                "percent": rule.percent,
                "seconds": measure.seconds.map(|_| rule.seconds),
                "times": measure.times.map(|_| rule.times),
                "tries": rule.tries,
            })
        })
        .collect();
    json!({
        "plan_id": plan.plan_id,
        "partner": plan.partner.as_str(),
        "trade_no": plan.trade_no.as_ref().map(TradeNo::as_str),
        "seed": plan.seed,
        "is_running": plan.until_at > turn.now,
        "begun_at": plan.begun_at.wire(),
        "until_at": plan.until_at.wire(),
        "met": plan.met,
        "faults": faults,
    })
}
