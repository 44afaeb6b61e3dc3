//! The messages of a payment request over REST, in pages.

use danbao_merchant::inbox::{self, MessageRow};
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::Fault;
use http::StatusCode;
use serde_json::{Value, json};

use crate::payment_requests;
use crate::problem::Problem;
use crate::turn::Turn;
use crate::web;

/// Messages of one answer, unless the question says otherwise.
const PAGE: u32 = 100;
/// Messages of one answer at most: each may be 64 KiB, and anybody may send as many as are kept.
const PAGE_MAX: u32 = 500;

/// `GET /v1/payment_requests/{out_trade_no}/messages?after=&limit=`: what came for it, the oldest first, what was not
/// believed among it. `next` is a place and no message: it holds when the message before it is gone.
pub(crate) fn list(turn: &mut Turn<'_, '_>, request: &Request, number: &str) -> Result<Response, Fault> {
    let limit = match web::query(request, "limit").map(str::parse) {
        None => PAGE,
        Some(Ok(limit @ 1..=PAGE_MAX)) => limit,
        Some(_) => {
            let detail = format!("limit is a number from 1 to {PAGE_MAX}");
            return Ok(Problem::bad_request("limit_malformed", detail).respond());
        }
    };
    let after = web::query(request, "after").filter(|place| !place.is_empty());
    let place = match after.map(read_place) {
        None => None,
        Some(Some(place)) => Some(place),
        Some(None) => {
            return Ok(Problem::bad_request("after_malformed", "after is what `next` said").respond());
        }
    };
    let Some((_, row)) = payment_requests::find(turn, number)? else {
        return Ok(Problem::not_found("payment request").respond());
    };
    let mut found = inbox::messages_of_after(&mut **turn.tx, &row.out_trade_no, place, limit + 1)?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > page;
    found.truncate(page);
    let next = found.last().map(place_of).or_else(|| after.map(str::to_owned));
    let messages: Vec<Value> = found.iter().map(shown).collect();
    Ok(web::json(StatusCode::OK, &json!({ "messages": messages, "next": next, "has_more": has_more })))
}

fn shown(message: &MessageRow) -> Value {
    json!({
        "id": message.id,
        "way": message.way.as_str(),
        "received_at": web::rfc3339(message.received_at),
        "outcome": message.outcome,
        "note": message.note,
        "raw": String::from_utf8_lossy(&message.raw),
    })
}

fn place_of(message: &MessageRow) -> String {
    format!("{}_{}", message.received_at.0, message.id)
}

/// A text that came back, and may have been written by anybody: it may hold nothing that a database would refuse.
fn read_place(text: &str) -> Option<(Timestamp, &str)> {
    let (instant, id) = text.split_once('_')?;
    let is_id = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    Some((Timestamp(instant.parse().ok()?), id)).filter(|_| is_id)
}
