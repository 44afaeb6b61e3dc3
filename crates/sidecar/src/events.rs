//! Events: what the shop is to hear of, in the order of the changes. Written in the transaction of the change, told by
//! the feed and by webhooks in the same words.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::rows::event::{self, EventRow};
use crate::turn::Turn;
use crate::{deliveries, rows, web};

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

/// Which events a question with `after` and `limit` is about: how many at most, and the place after which.
pub(crate) fn page(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Result<(i64, i64), Problem>, Fault> {
    let limit = match web::query(request, "limit").map(str::parse) {
        None => PAGE,
        Some(Ok(limit @ 1..=PAGE_MAX)) => limit,
        Some(_) => {
            let detail = format!("limit is a number from 1 to {PAGE_MAX}");
            return Ok(Err(Problem::bad_request("limit_malformed", detail)));
        }
    };
    let after = match web::query(request, "after").filter(|id| !id.is_empty()) {
        None => 0,
        Some(id) => match find(turn, id)? {
            Some(event) => event.seq,
            None => {
                let detail = "no event has this id: the database was restored, or the id is another's. \
                              Read from the beginning, and compare";
                return Ok(Err(Problem::new(StatusCode::GONE, "cursor_unknown", detail)));
            }
        },
    };
    Ok(Ok((limit, after)))
}

/// An event as the feed shows it.
pub(crate) fn body(event: &EventRow) -> Result<Value, Fault> {
    serde_json::from_str(&event.body).map_err(|error| Fault::invariant(format!("a stored event: {error}")))
}

/// `GET /v1/events?after=&limit=&order_no=`: the events after one, the oldest first.
pub(crate) fn feed(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let (limit, seq) = match page(turn, request)? {
        Ok(page) => page,
        Err(problem) => return Ok(problem.respond()),
    };
    let after = web::query(request, "after").filter(|id| !id.is_empty());
    let order_no = web::query(request, "order_no");
    let mut found = event::after(&mut **turn.tx, seq, order_no, limit + 1)?;
    let has_more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().map(|event| event.id.clone()).or_else(|| after.map(str::to_owned));
    let events = found.iter().map(body).collect::<Result<Vec<Value>, Fault>>()?;
    Ok(web::json(StatusCode::OK, &json!({ "events": events, "next": next, "has_more": has_more })))
}

/// `GET /v1/events/{id}`: one event, and how its delivery stands.
pub(crate) fn show(turn: &mut Turn<'_, '_>, id: &str) -> Result<Response, Fault> {
    let Some(event) = find(turn, id)? else {
        return Ok(Problem::not_found("event").respond());
    };
    let delivery = rows::delivery::load(&mut **turn.tx, event.seq)?.as_ref().map(deliveries::shown);
    Ok(web::json(StatusCode::OK, &json!({ "event": body(&event)?, "delivery": delivery })))
}
