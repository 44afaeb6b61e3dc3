//! Events: what the shop is to hear of, in the order of the changes. Written in the transaction of the change, told by
//! the feed and by webhooks in the same words.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::rows::event::{self, EventRow};
use crate::turn::Turn;
use crate::{rows, web};

/// Events of one answer, unless the question says otherwise.
const PAGE: i64 = 100;
/// Events of one answer at most.
const PAGE_MAX: i64 = 1000;

/// Writes an event, and plans its delivery if the shop wants to be told.
pub(crate) fn write(turn: &mut Turn<'_, '_>, kind: &str, order_no: &str, data: &Value) -> Result<(), Fault> {
    let seq = rows::next_number(&mut **turn.tx, "event")?;
    // A database that was restored from a copy gives its numbers a second time; the tail tells the two apart.
    let id = format!("evt_{seq:016}_{}", turn.entropy.short_id());
    let body = json!({ "id": id, "type": kind, "timestamp": web::rfc3339(turn.now), "data": data });
    let row = EventRow { seq, id, order_no: order_no.to_owned(), at: turn.now, body: body.to_string() };
    event::insert(&mut **turn.tx, &row)?;
    if turn.config.webhook.is_some() {
        rows::delivery::begin(&mut **turn.tx, seq, order_no, turn.now)?;
    }
    Ok(())
}

/// Finds an event by its id; `None` also for an id of another history of this database.
pub(crate) fn find(turn: &mut Turn<'_, '_>, id: &str) -> Result<Option<EventRow>, Fault> {
    let seq =
        id.strip_prefix("evt_").and_then(|rest| rest.split('_').next()).and_then(|seq| seq.parse().ok());
    let Some(seq) = seq else { return Ok(None) };
    Ok(event::load(&mut **turn.tx, seq)?.filter(|event| event.id == id))
}

/// `GET /v1/events?after=&limit=&order_no=`: the events after one, the oldest first.
pub(crate) fn feed(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let limit = match web::query(request, "limit").map(str::parse) {
        None => PAGE,
        Some(Ok(limit @ 1..=PAGE_MAX)) => limit,
        Some(_) => {
            let detail = format!("limit is a number from 1 to {PAGE_MAX}");
            return Ok(Problem::bad_request("limit_malformed", detail).respond());
        }
    };
    let after = web::query(request, "after").filter(|id| !id.is_empty());
    let seq = match after {
        None => 0,
        Some(id) => match find(turn, id)? {
            Some(event) => event.seq,
            None => {
                let detail = "no event has this id: the database was restored, or the id is another's. \
                              Read from the beginning, and compare";
                return Ok(Problem::new(StatusCode::GONE, "cursor_unknown", detail).respond());
            }
        },
    };
    let order_no = web::query(request, "order_no");
    let mut found = event::after(&mut **turn.tx, seq, order_no, limit + 1)?;
    let has_more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().map(|event| event.id.clone()).or_else(|| after.map(str::to_owned));
    let events =
        found.iter().map(|event| serde_json::from_str(&event.body)).collect::<Result<Vec<Value>, _>>();
    let events = events.map_err(|error| Fault::invariant(format!("a stored event: {error}")))?;
    Ok(web::json(StatusCode::OK, &json!({ "events": events, "next": next, "has_more": has_more })))
}

/// `GET /v1/events/{id}`: one event, and how its delivery stands.
pub(crate) fn show(turn: &mut Turn<'_, '_>, id: &str) -> Result<Response, Fault> {
    let Some(event) = find(turn, id)? else {
        return Ok(Problem::not_found("event").respond());
    };
    let delivery = rows::delivery::load(&mut **turn.tx, event.seq)?.map(|delivery| {
        json!({
            "state": delivery.state,
            "tries": delivery.tries,
            "outcome": delivery.outcome,
            "due_at": delivery.due_at.map(web::rfc3339),
        })
    });
    let body: Value = serde_json::from_str(&event.body)
        .map_err(|error| Fault::invariant(format!("a stored event: {error}")))?;
    Ok(web::json(StatusCode::OK, &json!({ "event": body, "delivery": delivery })))
}
