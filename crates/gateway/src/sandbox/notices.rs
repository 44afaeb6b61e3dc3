//! Notifications by the sandbox API: looking at them, following them, sending one again.

use danbao_node::Fault;
use danbao_protocol::node::Request;
use danbao_protocol::time::Timestamp;
use serde_json::{Value, json};

use super::{Answer, Problem};
use crate::delivery;
use crate::fault_plan::{self, Kind, Mishap};
use crate::rows::fault_plan as rows;
use crate::rows::notice::{self, Said, StoredAttempt, StoredNotice, Thread, Wanted};
use crate::rows::resend::{self, Ended, ResendKey, StoredResend, Telling};
use crate::turn::Turn;
use crate::web::Fields;

/// What a page holds if nobody says otherwise, and at most.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 500;
/// Resends of one notification that may wait at once.
const WAITING_MAX: usize = 20;

fn limit(query: &Fields) -> Result<i64, Problem> {
    match query.get("limit") {
        "" => Ok(PAGE),
        limit => limit
            .parse()
            .ok()
            .filter(|limit| (1..=PAGE_MAX).contains(limit))
            .ok_or_else(|| malformed("limit: 1 to 500")),
    }
}

fn malformed(detail: &str) -> Problem {
    Problem::unprocessable("query_malformed", detail)
}

/// `2012-02-29`, with or without a time; Beijing time.
fn since(text: &str) -> Result<Timestamp, Problem> {
    match text {
        "" => Ok(Timestamp(i64::MIN)),
        text => Timestamp::parse_wire(text)
            .or_else(|| Timestamp::parse_wire(&format!("{text} 00:00:00")))
            .ok_or_else(|| malformed("since: 2012-02-29 or 2012-02-29 12:00:00, Beijing time")),
    }
}

/// A place in the list: the thread and the sequence number of the notification before it.
fn cursor(text: &str) -> Result<(String, i64), Problem> {
    if text.is_empty() {
        return Ok((String::new(), 0));
    }
    let split = text.split_once('-').and_then(|(thread, seq)| Some((thread.to_owned(), seq.parse().ok()?)));
    split.ok_or_else(|| malformed("after: what `next` said"))
}

/// `GET /notices?partner=&trade_no=&state=&since=&after=&limit=`.
pub(super) fn list(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let query = Fields::of_query(request);
    let (limit, since, after) = match (limit(&query), since(query.get("since")), cursor(query.get("after"))) {
        (Ok(limit), Ok(since), Ok(after)) => (limit, since, after),
        (Err(problem), ..) | (_, Err(problem), _) | (.., Err(problem)) => return Ok(Err(problem)),
    };
    let state = query.get("state");
    if !["", "pending", "acknowledged", "given_up"].contains(&state) {
        return Ok(Err(malformed("state: pending, acknowledged or given_up")));
    }
    let wanted = Wanted { partner: query.get("partner"), thread: query.get("trade_no"), state, since };
    let found = notice::load_page(turn.tx, &wanted, (&after.0, after.1), limit)?;
    let is_full = i64::try_from(found.len()).unwrap_or(i64::MAX) == limit;
    let last = found.last().filter(|_| is_full).map(|last| format!("{}-{}", last.thread, last.seq));
    let mut notices = Vec::with_capacity(found.len());
    for owed in &found {
        notices.push(listed(turn, owed)?);
    }
    Ok(Ok(json!({ "notices": notices, "next": last })))
}

/// Whose it is, and of what.
struct About {
    partner: String,
    out_trade_no: Option<String>,
}

fn about(turn: &mut Turn<'_>, owed: &StoredNotice) -> Result<About, Fault> {
    if let Said::Letter(letter) = &owed.said {
        return Ok(About { partner: letter.partner.to_string(), out_trade_no: None });
    }
    let (partner, out_trade_no) = notice::load_request_of(turn.tx, &owed.thread)?
        .ok_or_else(|| Fault::invariant(format!("a notice of {} without its request", owed.thread)))?;
    Ok(About { partner: partner.to_string(), out_trade_no: Some(out_trade_no) })
}

/// The thread of a trade is its number.
fn trade_no(owed: &StoredNotice) -> Option<&str> {
    owed.facts().map(|_| owed.thread.as_str())
}

fn listed(turn: &mut Turn<'_>, owed: &StoredNotice) -> Result<Value, Fault> {
    let about = about(turn, owed)?;
    let mut described = describe(turn, owed)?;
    described["partner"] = about.partner.into();
    described["trade_no"] = trade_no(owed).into();
    described["out_trade_no"] = about.out_trade_no.into();
    described["created_at"] = owed.created_at.wire().into();
    Ok(described)
}

/// A notification with its tries, as a trade shows it too.
pub(super) fn describe(turn: &mut Turn<'_>, owed: &StoredNotice) -> Result<Value, Fault> {
    let attempts = notice::load_attempts(turn.tx, &owed.thread, owed.seq)?;
    let mishaps = rows::load_mishaps_of(turn.tx, &owed.thread, owed.seq)?;
    let resends = resend::load_of(turn.tx, &owed.thread, owed.seq)?;
    let of_attempt = |attempt: i64| mishaps.get(&attempt).map(Vec::as_slice).unwrap_or_default();
    let faults: Vec<Value> = mishaps
        .iter()
        .flat_map(|(attempt, mishaps)| mishaps.iter().map(move |mishap| (attempt, mishap)))
        .map(|(attempt, mishap)| {
            json!({ "attempt": attempt, "fault": mishap.kind.as_str(), "detail": mishap.detail })
        })
        .collect();
    Ok(json!({
        "notify_id": owed.notify_id.as_str(),
        "notify_url": owed.notify_url,
        "trade_status": owed.facts().map(|facts| facts.trade_status.as_str()),
        "refund_status": owed.facts().and_then(|facts| facts.refund_status).map(|status| status.as_str()),
        "state": owed.state(),
        "next_at": owed.due_at.map(|at| at.wire()),
        "attempts": attempts
            .iter()
            .map(|attempt| describe_attempt(attempt, of_attempt(attempt.attempt)))
            .collect::<Vec<_>>(),
        "faults": faults,
        "resends": resends.iter().map(describe_resend).collect::<Vec<_>>(),
    }))
}

fn describe_attempt(attempt: &StoredAttempt, mishaps: &[Mishap]) -> Value {
    json!({
        "attempt": attempt.attempt,
        "at": attempt.sent_at.wire(),
        "outcome": attempt.outcome,
        "status": attempt.status,
        "answer": String::from_utf8_lossy(&attempt.answer),
        "duration_ms": attempt.duration_ms,
        "faults": words(mishaps),
    })
}

fn words(mishaps: &[Mishap]) -> Vec<&'static str> {
    mishaps.iter().map(|mishap| mishap.kind.as_str()).collect()
}

fn describe_resend(resend: &StoredResend) -> Value {
    json!({
        "resend": resend.key.resend_no,
        "reason": resend.reason,
        "due_at": resend.due_at.map(Timestamp::wire),
        "at": resend.sent_at.map(Timestamp::wire),
        "outcome": resend.outcome,
        "status": resend.status,
        "answer": resend.answer.as_deref().map(String::from_utf8_lossy),
        "duration_ms": resend.duration_ms,
    })
}

/// `GET /notices/{notify_id}`: with the bytes.
pub(super) fn show(turn: &mut Turn<'_>, notify_id: &str) -> Answer {
    match notice::load_by_id(turn.tx, notify_id)? {
        Some(owed) => in_full(turn, &owed).map(Ok),
        None => Ok(Err(Problem::not_found("such notification"))),
    }
}

/// What it says is written out as it would be now, and for each try that a fault changed, with that change.
fn in_full(turn: &mut Turn<'_>, owed: &StoredNotice) -> Result<Value, Fault> {
    let mut described = listed(turn, owed)?;
    let (params, charset) = delivery::say(turn, owed, owed.first_sent_at.unwrap_or(turn.now))?;
    let mut spoiled = Vec::new();
    for (attempt, mishaps) in rows::load_mishaps_of(turn.tx, &owed.thread, owed.seq)? {
        let body = fault_plan::spoil(params.clone(), charset, &mishaps).to_urlencoded();
        let cut = mishaps.iter().find(|mishap| mishap.kind == Kind::CutBody);
        let body = match cut {
            Some(cut) => body.get(..fault_plan::part(cut.detail, body.len())).unwrap_or_default().to_owned(),
            None => body,
        };
        let changes = [Kind::CutBody, Kind::CorruptSign, Kind::WrongCharset];
        if mishaps.iter().any(|mishap| changes.contains(&mishap.kind)) {
            spoiled.push(json!({ "attempt": attempt, "body": body }));
        }
    }
    described["charset"] = charset.label().into();
    described["body"] = params.to_urlencoded().into();
    described["spoiled_bodies"] = spoiled.into();
    Ok(described)
}

/// `POST /notices/{notify_id}/resend`: once more, now, under the same id; its schedule goes on.
pub(super) fn resend(turn: &mut Turn<'_>, notify_id: &str) -> Answer {
    let Some(owed) = notice::load_by_id(turn.tx, notify_id)? else {
        return Ok(Err(Problem::not_found("such notification")));
    };
    let waiting = resend::load_of(turn.tx, &owed.thread, owed.seq)?;
    if waiting.iter().filter(|resend| resend.due_at.is_some()).count() >= WAITING_MAX {
        let detail = "so many resends of this notification wait already";
        return Ok(Err(Problem::unprocessable("too_many_resends", detail)));
    }
    resend::insert(turn.tx, &owed.thread, owed.seq, "asked", turn.now)?;
    in_full(turn, &owed).map(Ok)
}

/// `GET /attempts?after=&limit=&partner=&trade_no=`: sends that are over, in the order in which they ended.
pub(super) fn follow(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let query = Fields::of_query(request);
    let limit = match limit(&query) {
        Ok(limit) => limit,
        Err(problem) => return Ok(Err(problem)),
    };
    let last = resend::last_told(turn.tx)?;
    let after = match query.get("after") {
        "" => 0,
        "last" => last,
        after => match after.parse() {
            Ok(after) => after,
            Err(_) => return Ok(Err(malformed("after: a number, or `last`"))),
        },
    };
    let tellings = resend::load_tellings(turn.tx, after, limit)?;
    let next = tellings.last().map_or(after, |telling| telling.telling_no);
    let (partner, trade) = (query.get("partner"), query.get("trade_no"));
    let mut lines = Vec::new();
    for telling in tellings.iter().filter(|telling| trade.is_empty() || telling.thread.as_str() == trade) {
        let line = line(turn, telling)?;
        if partner.is_empty() || line["partner"] == partner {
            lines.push(line);
        }
    }
    let first = resend::first_told(turn.tx)?;
    Ok(Ok(json!({ "attempts": lines, "next": next, "first": first, "last": last })))
}

fn line(turn: &mut Turn<'_>, telling: &Telling) -> Result<Value, Fault> {
    let lost = || Fault::invariant(format!("telling {} of nothing", telling.telling_no));
    let owed = notice::load(turn.tx, &telling.thread, telling.seq)?.ok_or_else(lost)?;
    let about = about(turn, &owed)?;
    let mut line = match telling.ended {
        Ended::Attempt(number) => {
            let attempts = notice::load_attempts(turn.tx, &telling.thread, telling.seq)?;
            let attempt = attempts.iter().find(|attempt| attempt.attempt == number).ok_or_else(lost)?;
            let mishaps = rows::load_mishaps(turn.tx, &telling.thread, telling.seq, number)?;
            let mut line = describe_attempt(attempt, &mishaps);
            line["resend"] = Value::Null;
            line["reason"] = "schedule".into();
            line
        }
        Ended::Resend(resend_no) => {
            let thread = Thread::new(telling.thread.as_str());
            let key = ResendKey { thread, seq: telling.seq, resend_no };
            let stored = resend::load(turn.tx, &key)?.ok_or_else(lost)?;
            let mut line = describe_resend(&stored);
            if let Some(fields) = line.as_object_mut() {
                fields.remove("due_at");
            }
            line["attempt"] = Value::Null;
            line["faults"] = Value::Array(Vec::new());
            line
        }
    };
    line["no"] = telling.telling_no.into();
    line["notify_id"] = owed.notify_id.as_str().into();
    line["notify_url"] = owed.notify_url.as_str().into();
    line["partner"] = about.partner.into();
    line["trade_no"] = trade_no(&owed).into();
    line["out_trade_no"] = about.out_trade_no.into();
    line["trade_status"] = owed.facts().map(|facts| facts.trade_status.as_str()).into();
    line["refund_status"] =
        owed.facts().and_then(|facts| facts.refund_status).map(|status| status.as_str()).into();
    line["state"] = owed.state().into();
    Ok(line)
}
