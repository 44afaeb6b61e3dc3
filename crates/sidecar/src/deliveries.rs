//! Webhooks that are late or were given up, so that a person can see why, mend the shop, and have them told again.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::rows::delivery::{self, DeliveryRow, Undelivered};
use crate::turn::Turn;
use crate::{events, web};

/// Deliveries are counted up to here and no further: the answer must not cost more the worse things stand.
pub(crate) const COUNT_MAX: i64 = 10_000;

/// `GET /v1/webhook/deliveries?state=&after=&limit=`: webhooks in this state after an event's, the oldest first.
pub(crate) fn list(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let Some(state) = web::query(request, "state").and_then(Undelivered::from_word) else {
        let detail = "state is waiting or given_up";
        return Ok(Problem::bad_request("state_malformed", detail).respond());
    };
    let (limit, after) = match events::page(turn, request)? {
        Ok(page) => page,
        Err(problem) => return Ok(problem.respond()),
    };
    let mut found = delivery::undelivered(&mut **turn.tx, state, after, limit + 1)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let asked_after = web::query(request, "after").filter(|id| !id.is_empty()).map(str::to_owned);
    let next = found.last().map(|(event, _)| event.id.clone()).or(asked_after);
    let one = |(event, delivery): &(_, DeliveryRow)| {
        Ok(json!({ "event": events::body(event)?, "delivery": shown(delivery) }))
    };
    let deliveries = found.iter().map(one).collect::<Result<Vec<Value>, Fault>>()?;
    let body = json!({ "deliveries": deliveries, "next": next, "has_more": has_more });
    Ok(web::json(StatusCode::OK, &body))
}

/// A delivery as the API shows it.
pub(crate) fn shown(delivery: &DeliveryRow) -> Value {
    json!({
        "state": delivery.state,
        "tries": delivery.tries,
        "outcome": delivery.outcome,
        "answer": delivery.answer,
        "tried_at": delivery.tried_at.map(web::rfc3339),
        "due_at": delivery.due_at.map(web::rfc3339),
    })
}

/// How many are waiting and how many were given up, as far as they are counted, and since when the oldest waits.
pub(crate) fn summary(turn: &mut Turn<'_, '_>) -> Result<Value, Fault> {
    let oldest = delivery::oldest_waiting(&mut **turn.tx)?;
    Ok(json!({
        "waiting": delivery::count(&mut **turn.tx, Undelivered::Waiting, COUNT_MAX)?,
        "given_up": delivery::count(&mut **turn.tx, Undelivered::GivenUp, COUNT_MAX)?,
        "oldest_waiting_at": oldest.map(web::rfc3339),
    }))
}
