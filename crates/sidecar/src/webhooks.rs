//! Telling the shop by Standard Webhooks 1.0. A delivery is a row; a try is a lease on it, so that a process that dies
//! in the middle tries again.

use std::time::Duration;

use bytes::Bytes;
use danbao_merchant::protocol::node::{NoAnswer, Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::Fault;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Webhook;
use crate::counts::Count;
use crate::problem::Problem;
use crate::rows::delivery::{self, Claimed, Tried};
use crate::rows::event::{self, EventRow};
use crate::turn::{Background, Turn, Waiting};
use crate::{deliveries, events, signing, web};

/// An answer is waited for so long; the host gives up well before.
const LEASE: Duration = Duration::from_secs(120);
/// The longest wait that `Retry-After` can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// So much of an answer that was no yes is kept.
const ANSWER_BYTES_MAX: usize = 1024;
/// Events that one call can have told again.
const REPLAY_MAX: i64 = 1000;

/// The waits between tries, as Standard Webhooks proposes them; after the last there is no further try, only the feed
/// and the replay.
const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// Begins the tries that are due.
pub(crate) fn send_due(turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
    let Some(webhook) = &turn.config.webhook else { return Ok(()) };
    if delivery::gone_since(&mut **turn.tx, &webhook.url)?.is_some() {
        return Ok(());
    }
    let free = turn.free(Background::Deliveries);
    for claimed in delivery::claim_due(&mut **turn.tx, turn.now, turn.now.plus(LEASE), free)? {
        let event = event::load(&mut **turn.tx, claimed.seq)?;
        let event = event.ok_or_else(|| Fault::invariant(format!("no event {}", claimed.seq)))?;
        match message(webhook, &event, turn.now) {
            Some(request) => turn.send(request, Waiting::Deliver { seq: claimed.seq, nth: claimed.nth }),
            None => {
                let tried = Tried { outcome: "address unusable", answer: None, at: turn.now };
                let _ = delivery::settle(&mut **turn.tx, claimed, "given_up", tried, None)?;
            }
        }
    }
    Ok(())
}

fn message(webhook: &Webhook, event: &EventRow, now: Timestamp) -> Option<Request> {
    let seconds = now.0.div_euclid(1000);
    let signature = signing::webhook_signature(&webhook.secrets, &event.id, seconds, &event.body);
    let mut request = Request::new(Bytes::from(event.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = webhook.url.parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("danbao/", env!("CARGO_PKG_VERSION"))));
    headers.insert("webhook-id", HeaderValue::from_str(&event.id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    headers.insert("webhook-signature", HeaderValue::from_str(&signature).ok()?);
    Some(request)
}

/// The shop has answered, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    seq: i64,
    nth: i64,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let claimed = Claimed { seq, nth };
    let word = match outcome {
        Ok(response) => format!("HTTP {}", response.status().as_u16()),
        Err(why) => why.as_str().to_owned(),
    };
    let status = outcome.as_ref().ok().map(Response::status);
    let tried = Tried { outcome: &word, answer: None, at: turn.now };
    if status.is_some_and(|status| status.is_success()) {
        let counts = delivery::settle(&mut **turn.tx, claimed, "delivered", tried, None)?;
        if counts {
            turn.counts.count(Count::Webhook { result: "delivered" });
        }
        return Ok(());
    }
    let wait = wait_after(nth).map(|wait| wait.max(asked_for(outcome)));
    let (state, due_at) = match wait {
        Some(wait) => ("waiting", Some(turn.now.plus(wait))),
        None => ("given_up", None),
    };
    let answer = outcome.as_ref().ok().map(beginning);
    let tried = Tried { answer: answer.as_deref(), ..tried };
    let counts = delivery::settle(&mut **turn.tx, claimed, state, tried, due_at)?;
    if counts {
        let result = if due_at.is_some() { "failed" } else { "given_up" };
        turn.counts.count(Count::Webhook { result });
    }
    if counts && due_at.is_none() {
        tracing::error!(seq, word, "a webhook was given up; the feed still has the event");
    }
    // The shop wants no more at this address, until somebody says otherwise; unless that was said since.
    if let (true, Some(StatusCode::GONE), Some(webhook)) = (counts, status, &turn.config.webhook) {
        tracing::warn!("the shop wants no more webhooks (HTTP 410)");
        delivery::set_gone(&mut **turn.tx, &webhook.url, turn.now)?;
    }
    Ok(())
}

/// The beginning of an answer, for people. A database takes no NUL.
fn beginning(answer: &Response) -> String {
    let body = answer.body();
    let bytes = body.get(..ANSWER_BYTES_MAX).unwrap_or(body);
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

/// The wait after the nth try; `None` if it was the last.
fn wait_after(nth: i64) -> Option<Duration> {
    usize::try_from(nth).ok()?.checked_sub(1).and_then(|index| WAITS.get(index)).copied()
}

/// What an overloaded shop asks for.
fn asked_for(outcome: &Result<Response, NoAnswer>) -> Duration {
    let Ok(response) = outcome else { return Duration::ZERO };
    if !matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return Duration::ZERO;
    }
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = header.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    Duration::from_secs(seconds).min(RETRY_AFTER_MAX)
}

/// When the next try is due.
pub(crate) fn next_due(
    conn: &mut dyn danbao_store::Conn,
    webhook: Option<&Webhook>,
) -> Result<Option<Timestamp>, danbao_store::Error> {
    let Some(webhook) = webhook else { return Ok(None) };
    if delivery::gone_since(conn, &webhook.url)?.is_some() {
        return Ok(None);
    }
    delivery::next_due(conn)
}

/// `GET /v1/webhook`: how the deliveries stand.
pub(crate) fn show(turn: &mut Turn<'_, '_>) -> Result<Response, Fault> {
    let url = turn.config.webhook.as_ref().map(|webhook| webhook.url.clone());
    let gone = match &url {
        Some(url) => delivery::gone_since(&mut **turn.tx, url)?,
        None => None,
    };
    let deliveries = deliveries::summary(turn)?;
    let body = json!({ "url": url, "gone_at": gone.map(web::rfc3339), "deliveries": deliveries });
    Ok(web::json(StatusCode::OK, &body))
}

/// `POST /v1/webhook/enable`: the shop wants to hear again, after it had answered 410.
pub(crate) fn enable(turn: &mut Turn<'_, '_>) -> Result<Response, Fault> {
    let Some(webhook) = &turn.config.webhook else { return Ok(no_webhook()) };
    delivery::unset_gone(&mut **turn.tx, &webhook.url, turn.now)?;
    show(turn)
}

/// `POST /v1/events/{id}/replay`: tells of one event again.
pub(crate) fn replay_one(turn: &mut Turn<'_, '_>, id: &str) -> Result<Response, Fault> {
    if turn.config.webhook.is_none() {
        return Ok(no_webhook());
    }
    let Some(event) = events::find(turn, id)? else {
        return Ok(Problem::not_found("event").respond());
    };
    delivery::begin(&mut **turn.tx, event.seq, &event.order_no, turn.now)?;
    Ok(accepted(1, Some(event.id)))
}

/// The body of `POST /v1/webhook/replay`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replay {
    after: Option<String>,
}

/// `POST /v1/webhook/replay`: tells again of the events after one, at most a thousand of them.
pub(crate) fn replay(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    if turn.config.webhook.is_none() {
        return Ok(no_webhook());
    }
    let replay = match web::read::<Replay>(request) {
        Ok(body) => body.value,
        Err(problem) => return Ok(problem.respond()),
    };
    let seq = match replay.after.as_deref() {
        None => 0,
        Some(id) => match events::find(turn, id)? {
            Some(event) => event.seq,
            None => return Ok(Problem::not_found("event").respond()),
        },
    };
    let events = event::after(&mut **turn.tx, seq, None, REPLAY_MAX)?;
    for event in &events {
        delivery::begin(&mut **turn.tx, event.seq, &event.order_no, turn.now)?;
    }
    Ok(accepted(events.len(), events.last().map(|event| event.id.clone())))
}

fn accepted(count: usize, last: Option<String>) -> Response {
    let body: Value = json!({ "replayed": count, "last": last });
    web::json(StatusCode::ACCEPTED, &body)
}

fn no_webhook() -> Response {
    Problem::conflict("no_webhook", "no webhook is configured; read the feed").respond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_are_spread_over_three_days() {
        let waits: Vec<Duration> = (1..).map_while(wait_after).collect();
        assert_eq!(waits.len(), 9);
        assert_eq!(waits[0], Duration::from_secs(5));
        assert!(waits.is_sorted());
        assert_eq!(wait_after(0), None);
    }

    #[test]
    fn an_overloaded_shop_is_left_alone_for_as_long_as_it_asks_and_a_day_at_most() {
        let answer = |status: u16, wait: &'static str| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(wait));
            asked_for(&Ok(response))
        };
        assert_eq!(answer(503, "90"), Duration::from_secs(90));
        assert_eq!(answer(429, "999999999"), RETRY_AFTER_MAX);
        assert_eq!(answer(500, "90"), Duration::ZERO);
        assert_eq!(answer(503, "soon"), Duration::ZERO);
    }
}
