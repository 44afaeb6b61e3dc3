//! Notifications on their way (protocol.md §6.4, §6.5): claimed, sent, heard.
//!
//! A try is written down before it is sent, with the instant until which its answer is waited for. The process may
//! die at any point: what was not written was not sent, and what was sent without an answer being written is sent
//! again, under the same notify_id.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use danbao_engine::notices;
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

use crate::fault::Fault;
use crate::message;
use crate::on_its_way::Host;
use crate::rows::notice::{self, AttemptKey, Letter, Said, StoredAttempt, StoredNotice, TradeFacts};
use crate::rows::trade;
use crate::turn::Turn;

/// Notifications claimed in one transaction.
const CLAIM_MAX: usize = 256;
/// How much of a merchant's answer is kept.
const ANSWER_KEPT_BYTES: usize = 256;

/// How far what a slow host is owed steps aside, so that others are found in its place.
const ASIDE: Duration = Duration::from_secs(10);

/// How long what is broken is left alone.
pub(crate) const BROKEN_ASIDE: Duration = Duration::from_secs(3_600);

/// Sends what is due, as far as there is room: no merchant takes every slot, however dead it is.
pub(crate) fn send_due(turn: &mut Turn<'_>) -> Result<(), Fault> {
    turn.memory.on_its_way.hold(None);
    let room = turn.config.sends_max.saturating_sub(turn.memory.on_its_way.len()).min(CLAIM_MAX);
    if room == 0 {
        return Ok(());
    }
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let due = notice::load_due(turn.tx, turn.now, limit, BROKEN_ASIDE)?;
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
                claim(turn, &notice, uri, host).or_else(|fault| leave(turn, &notice, fault))?;
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
fn address(notify_url: &str) -> Option<(Uri, String)> {
    let uri: Uri = notify_url.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().filter(|_| is_web)?.as_str().to_ascii_lowercase();
    Some((uri, host))
}

fn claim(turn: &mut Turn<'_>, notice: &StoredNotice, uri: Uri, host: String) -> Result<(), Fault> {
    if notice.awaiting && !may_follow_lost_try(turn, notice)? {
        return Ok(());
    }
    let key = AttemptKey { thread: notice.thread.clone(), seq: notice.seq, attempt: notice.attempts + 1 };
    let first_sent_at = notice.first_sent_at.unwrap_or(turn.now);
    let request = write(turn, notice, first_sent_at, uri)?;
    notice::begin_attempt(turn.tx, &key, turn.now.plus(turn.config.answer_within), turn.now)?;
    turn.send(key, host, request);
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
    notice::insert_attempt(turn.tx, &notice.thread, notice.seq, &attempt)?;
    let tries = usize::try_from(notice.attempts).unwrap_or(usize::MAX);
    let first = notice.first_sent_at.unwrap_or(sent_at);
    let next = turn.config.retries.next_try(tries, first, sent_at);
    if next.is_some_and(|at| at <= turn.now) {
        return Ok(true);
    }
    notice::reschedule(turn.tx, &notice.thread, notice.seq, next)?;
    Ok(false)
}

/// Writes a notification out: the same at every try, but for an address that the buyer has settled anew in between.
fn write(
    turn: &mut Turn<'_>,
    notice: &StoredNotice,
    notify_time: Timestamp,
    uri: Uri,
) -> Result<Request, Fault> {
    let (params, charset) = match &notice.said {
        Said::Trade(facts) => write_trade(turn, notice, facts, notify_time)?,
        Said::Letter(letter) => (write_letter(turn, notice, letter, notify_time)?, letter.charset),
    };
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
    Ok(request)
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

/// Hears what came of a try.
pub(crate) fn hear(
    turn: &mut Turn<'_>,
    id: SendId,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Some(key) = turn.memory.on_its_way.attempt(id).cloned() else { return Ok(()) };
    let Some(notice) = notice::load(turn.tx, &key.thread, key.seq)? else { return Ok(()) };
    let acknowledged = matches!(outcome, Ok(response)
        if notices::acknowledges(response.status().as_u16(), response.body(), turn.config.strict_success));
    let sent_at = notice.sent_at.unwrap_or(turn.now);
    let attempt = StoredAttempt {
        attempt: key.attempt,
        sent_at,
        duration_ms: millis(turn.now.since(sent_at)),
        outcome: match outcome {
            Ok(_) if acknowledged => "acknowledged",
            Ok(_) => "refused",
            Err(no_answer) => no_answer.as_str(),
        }
        .to_owned(),
        status: outcome.as_ref().ok().map(|response| i64::from(response.status().as_u16())),
        answer: outcome.as_ref().map_or_else(|_| Vec::new(), |response| first_bytes(response.body())),
    };
    notice::insert_attempt(turn.tx, &key.thread, key.seq, &attempt)?;
    if acknowledged {
        notice::acknowledge(turn.tx, &key.thread, key.seq, turn.now)?;
    } else if notice.awaiting && notice.attempts == key.attempt {
        let tries = usize::try_from(notice.attempts).unwrap_or(usize::MAX);
        let first = notice.first_sent_at.unwrap_or(turn.now);
        let next = turn.config.retries.next_try(tries, first, turn.now);
        notice::reschedule(turn.tx, &key.thread, key.seq, next)?;
    }
    turn.memory.on_its_way.heard(id);
    Ok(())
}

fn first_bytes(body: &[u8]) -> Vec<u8> {
    body[..body.len().min(ANSWER_KEPT_BYTES)].to_vec()
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
