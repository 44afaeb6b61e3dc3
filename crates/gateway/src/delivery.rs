//! Notifications on their way (protocol.md §6.4, §6.5): claimed, sent, heard.
//!
//! A try is written down before it is sent, with the instant until which its answer is waited for. The process may
//! die at any point: what was not written was not sent, and what was sent without an answer being written is sent
//! again, under the same notify_id.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use danbao_engine::notices;
use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::node::{NoAnswer, Request, Response, SendId};
use danbao_protocol::notify;
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::sign::{self, SignType};
use danbao_protocol::time::Timestamp;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Uri};

use crate::fault_plan::{self, Ordeal, Plan};
use crate::message;
use crate::on_its_way::{Host, Sending};
use crate::resends;
use crate::rows::notice::{self, AttemptKey, Letter, Said, StoredAttempt, StoredNotice, TradeFacts};
use crate::rows::resend::{self, Ended};
use crate::rows::{fault_plan as plans, trade};
use crate::turn::Turn;

/// Notifications claimed in one transaction.
const CLAIM_MAX: usize = 256;
/// How much of a merchant's answer is kept.
const ANSWER_KEPT_BYTES: usize = 256;

/// How far what a slow host is owed steps aside, so that others are found in its place.
pub(crate) const ASIDE: Duration = Duration::from_secs(10);

/// How long what is broken is left alone.
pub(crate) const BROKEN_ASIDE: Duration = Duration::from_secs(3_600);

/// Sends what is due, as far as there is room: no merchant takes every slot, however dead it is.
pub(crate) fn send_due(turn: &mut Turn<'_>) -> Result<(), Fault> {
    turn.memory.on_its_way.hold(None);
    send_notices(turn)?;
    if turn.config.is_sandbox {
        resends::send_due(turn)?;
    }
    Ok(())
}

/// How many may go in this transaction.
pub(crate) fn room(turn: &Turn<'_>) -> i64 {
    let room = turn.config.sends_max.saturating_sub(turn.memory.on_its_way.len()).min(CLAIM_MAX);
    i64::try_from(room).unwrap_or(i64::MAX)
}

fn send_notices(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let room = room(turn);
    if room == 0 {
        return Ok(());
    }
    let due = notice::load_due(turn.tx, turn.now, room, BROKEN_ASIDE)?;
    let plans = if due.is_empty() { Vec::new() } else { fault_plan::running(turn)? };
    let mut claimed = BTreeSet::new();
    for notice in due {
        let Some((uri, host)) = address(&notice.notify_url) else {
            tracing::warn!(notify_url = notice.notify_url, "a notification cannot be sent to this address");
            notice::reschedule(turn.tx, &notice.thread, notice.seq, None)?;
            continue;
        };
        match turn.memory.on_its_way.host(&host, turn.now) {
            Host::Busy(slow_at) => turn.memory.on_its_way.hold(Some(slow_at)),
            Host::Slow => notice::step_aside(turn.tx, &notice, turn.now.plus(ASIDE))?,
            // Two of one thread can both be due; the second waits for the first one's answer.
            Host::Open if claimed.insert(notice.thread.clone()) => {
                claim(turn, &plans, &notice, uri, host).or_else(|fault| leave(turn, &notice, fault))?;
            }
            Host::Open => {}
        }
    }
    Ok(())
}

/// A notification that cannot be written out, because of a bug or a broken row, must not stand in everybody's way: it
/// is looked at again later, and the log says so.
fn leave(turn: &mut Turn<'_>, notice: &StoredNotice, fault: Fault) -> Result<(), Fault> {
    let Fault::Invariant(what) = fault else { return Err(fault) };
    tracing::error!(thread = notice.thread.as_str(), what, "a notification cannot be written out");
    notice::reschedule(turn.tx, &notice.thread, notice.seq, Some(turn.now.plus(BROKEN_ASIDE)))
}

/// Where a notification goes, and the host by which slots are counted; `None` if it goes nowhere.
pub(crate) fn address(notify_url: &str) -> Option<(Uri, String)> {
    let uri: Uri = notify_url.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().filter(|_| is_web)?.as_str().to_ascii_lowercase();
    Some((uri, host))
}

fn claim(
    turn: &mut Turn<'_>,
    plans: &[Plan],
    notice: &StoredNotice,
    uri: Uri,
    host: String,
) -> Result<(), Fault> {
    if notice.awaiting && !may_follow_lost_try(turn, notice)? {
        return Ok(());
    }
    let key = AttemptKey { thread: notice.thread.clone(), seq: notice.seq, attempt: notice.attempts + 1 };
    let ordeal = fault_plan::meet(turn, plans, notice)?;
    if let Some(put_off) = ordeal.put_off {
        return notice::put_off(turn.tx, notice, put_off.until, put_off.lets_pass);
    }
    let first_sent_at = notice.first_sent_at.unwrap_or(turn.now);
    let request = write(turn, notice, first_sent_at, uri, &ordeal)?;
    notice::begin_attempt(turn.tx, &key, turn.now.plus(turn.config.answer_within), turn.now)?;
    if let Some(no_answer) = ordeal.lost() {
        return end_try(turn, &key, true, &Err(no_answer));
    }
    for at in &ordeal.copies_at {
        resend::insert(turn.tx, &key.thread, key.seq, "duplicate", *at)?;
    }
    turn.send(Sending::Try { key, is_spoiled: ordeal.is_spoiled() }, host, request);
    Ok(())
}

/// The answer to the last try never came: the process that asked is gone. That try is over and has failed like any
/// other: if the list of waiting times wants more patience than the waiting for the answer has cost, the next one is
/// put off, so that a process that dies often does not use up the tries of a day in an hour.
fn may_follow_lost_try(turn: &mut Turn<'_>, notice: &StoredNotice) -> Result<bool, Fault> {
    let sent_at = notice.sent_at.unwrap_or(turn.now);
    let attempt = StoredAttempt {
        attempt: notice.attempts,
        sent_at,
        duration_ms: millis(turn.now.since(sent_at)),
        outcome: "lost".to_owned(),
        status: None,
        answer: Vec::new(),
    };
    record(turn, notice, &attempt)?;
    let (tries, first) = notice.tried();
    let next = turn.config.retries.next_try(tries, first.unwrap_or(sent_at), sent_at);
    if next.is_some_and(|at| at <= turn.now) {
        return Ok(true);
    }
    try_again(turn, notice, next)?;
    Ok(false)
}

/// The next try is due then. When the tries are over and a fault plan has spoiled some, they begin anew with its end: a
/// plan may delay what is owed, but not lose it.
fn try_again(turn: &mut Turn<'_>, notice: &StoredNotice, next: Option<Timestamp>) -> Result<(), Fault> {
    if next.is_none()
        && turn.config.is_sandbox
        && let Some(until) = plans::spoiled_until(turn.tx, notice)?
    {
        return notice::begin_anew(turn.tx, notice, until.max(turn.now));
    }
    notice::reschedule(turn.tx, &notice.thread, notice.seq, next)
}

/// Writes down what came of a try.
fn record(turn: &mut Turn<'_>, notice: &StoredNotice, attempt: &StoredAttempt) -> Result<(), Fault> {
    notice::insert_attempt(turn.tx, &notice.thread, notice.seq, attempt)?;
    if turn.config.is_sandbox {
        resend::tell(turn.tx, &notice.thread, notice.seq, &Ended::Attempt(attempt.attempt), turn.now)?;
    }
    Ok(())
}

/// Writes a notification out: the same at every try, but for an address that the buyer has settled anew in between.
pub(crate) fn write(
    turn: &mut Turn<'_>,
    notice: &StoredNotice,
    notify_time: Timestamp,
    uri: Uri,
    ordeal: &Ordeal,
) -> Result<Request, Fault> {
    let (params, charset) = say(turn, notice, notify_time)?;
    let params = ordeal.spoil(params, charset);
    let mut request = Request::new(Bytes::from(params.to_urlencoded()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let content_type = format!("application/x-www-form-urlencoded; charset={}", charset.label());
    let headers = request.headers_mut();
    if let Ok(content_type) = HeaderValue::from_str(&content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    // The name that shops of the time let through their filters (protocol.md §1.5).
    headers.insert(USER_AGENT, HeaderValue::from_static("Mozilla/4.0"));
    if let Some(carriage) = ordeal.carriage(request.body().len()) {
        request.extensions_mut().insert(carriage);
    }
    Ok(request)
}

/// What a notification says, signed, and in which charset.
pub(crate) fn say(
    turn: &mut Turn<'_>,
    notice: &StoredNotice,
    notify_time: Timestamp,
) -> Result<(Params, Charset), Fault> {
    match &notice.said {
        Said::Trade(facts) => write_trade(turn, notice, facts, notify_time),
        Said::Letter(letter) => Ok((write_letter(turn, notice, letter, notify_time)?, letter.charset)),
    }
}

fn write_trade(
    turn: &mut Turn<'_>,
    notice: &StoredNotice,
    facts: &TradeFacts,
    notify_time: Timestamp,
) -> Result<(Params, Charset), Fault> {
    let trade_no = TradeNo::new(notice.thread.as_str());
    let trade = trade::load(turn.tx, &trade_no)?
        .ok_or_else(|| Fault::invariant(format!("a notice without its trade {trade_no}")))?;
    let charset = trade.request.charset;
    let message = message::of_notice(turn, &trade, notice, facts, notify_time)?;
    let mut params = notify::build(&message, charset)
        .map_err(|error| Fault::invariant(format!("{trade_no} cannot be written out: {error}")))?;
    sign(turn, &trade.request, &mut params)?;
    Ok((params, charset))
}

fn write_letter(
    turn: &mut Turn<'_>,
    notice: &StoredNotice,
    letter: &Letter,
    notify_time: Timestamp,
) -> Result<Params, Fault> {
    let broken = || Fault::invariant(format!("the letter {} cannot be read", notice.thread));
    let mut params = Params::parse_urlencoded(&letter.params).map_err(|_| broken())?;
    params.push("notify_id", notice.notify_id.as_str().as_bytes());
    params.push("notify_time", notify_time.wire().as_bytes());
    sign_for(turn, &letter.partner, letter.sign_type, &mut params)?;
    Ok(params)
}

/// Signs what is sent back for a request as the request itself was signed (protocol.md §2.2).
pub(crate) fn sign(turn: &mut Turn<'_>, request: &PaymentRequest, params: &mut Params) -> Result<(), Fault> {
    sign_for(turn, &request.partner, request.sign_type, params)
}

fn sign_for(
    turn: &mut Turn<'_>,
    partner: &PartnerId,
    sign_type: SignType,
    params: &mut Params,
) -> Result<(), Fault> {
    let lost = || Fault::invariant(format!("partner {partner} has lost its key"));
    let partner = turn.partner(partner)?.ok_or_else(lost)?;
    let signer = turn.signer(&partner, sign_type)?.ok_or_else(lost)?;
    sign::append(params, &signer).map_err(|error| Fault::invariant(error.to_string()))
}

/// Hears what came of a send.
pub(crate) fn hear(
    turn: &mut Turn<'_>,
    id: SendId,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    match turn.memory.on_its_way.sending(id).cloned() {
        Some(Sending::Try { key, is_spoiled }) => end_try(turn, &key, is_spoiled, outcome)?,
        Some(Sending::Resend(key)) => resends::end(turn, &key, outcome)?,
        None => return Ok(()),
    }
    turn.memory.on_its_way.heard(id);
    Ok(())
}

/// A try is over.
fn end_try(
    turn: &mut Turn<'_>,
    key: &AttemptKey,
    is_spoiled: bool,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Some(notice) = notice::load(turn.tx, &key.thread, key.seq)? else { return Ok(()) };
    let heard = Heard::of(turn, outcome);
    let sent_at = notice.sent_at.unwrap_or(turn.now);
    let attempt = StoredAttempt {
        attempt: key.attempt,
        sent_at,
        duration_ms: millis(turn.now.since(sent_at)),
        outcome: heard.outcome.to_owned(),
        status: heard.status,
        answer: heard.answer,
    };
    record(turn, &notice, &attempt)?;
    if heard.is_acknowledged && !is_spoiled {
        notice::acknowledge(turn.tx, &key.thread, key.seq, turn.now)?;
    } else if notice.awaiting && notice.attempts == key.attempt {
        let (tries, first) = notice.tried();
        let next = turn.config.retries.next_try(tries, first.unwrap_or(turn.now), turn.now);
        try_again(turn, &notice, next)?;
    }
    Ok(())
}

/// What an answer says.
pub(crate) struct Heard {
    pub(crate) is_acknowledged: bool,
    /// `acknowledged`, `refused`, or why there is none.
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<i64>,
    /// The first bytes of it.
    pub(crate) answer: Vec<u8>,
}

impl Heard {
    pub(crate) fn of(turn: &Turn<'_>, outcome: &Result<Response, NoAnswer>) -> Heard {
        let is_acknowledged = matches!(outcome, Ok(response)
            if notices::acknowledges(response.status().as_u16(), response.body(), turn.config.strict_success));
        Heard {
            is_acknowledged,
            outcome: match outcome {
                Ok(_) if is_acknowledged => "acknowledged",
                Ok(_) => "refused",
                Err(no_answer) => no_answer.as_str(),
            },
            status: outcome.as_ref().ok().map(|response| i64::from(response.status().as_u16())),
            answer: outcome.as_ref().map_or_else(|_| Vec::new(), |response| first_bytes(response.body())),
        }
    }
}

fn first_bytes(body: &[u8]) -> Vec<u8> {
    body[..body.len().min(ANSWER_KEPT_BYTES)].to_vec()
}

pub(crate) fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
