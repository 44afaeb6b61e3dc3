//! notify_verify: did the platform really send this? (protocol.md §6.1-6.3)

use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};

use super::receive;
use crate::fault::Fault;
use crate::rows::notice::StoredNotice;
use crate::rows::page_return::MARK;
use crate::rows::{notice, page_return, payment_request};
use crate::turn::Turn;
use crate::web;

/// `/trade/notify_query.do`, the old address of the check.
pub(crate) fn notify_query(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    match receive(request) {
        Ok(params) => answer(turn, &params),
        Err(_) => Ok(web::plain(Verdict::Invalid.as_str())),
    }
}

/// The answer, its bytes alone. The call is not signed and names no charset.
pub(crate) fn answer(turn: &mut Turn<'_>, params: &Params) -> Result<Response, Fault> {
    let verdict = match NotifyVerify::parse(params) {
        None => Verdict::Invalid,
        Some(question) if check(turn, &question.partner, question.notify_id.as_str())? => Verdict::True,
        Some(_) => Verdict::False,
    };
    Ok(web::plain(verdict.as_str()))
}

/// Finds the message by what its id carries, and says whether the id is that message's, was sent to this partner, and
/// is still valid.
fn check(turn: &mut Turn<'_>, partner: &PartnerId, notify_id: &str) -> Result<bool, Fault> {
    let is_return = notify_id.starts_with(MARK);
    let rest = if is_return { &notify_id[MARK.len_utf8()..] } else { notify_id };
    let Some((trade_no, seq)) = locate(rest) else { return Ok(false) };
    let Some(stored) = payment_request::load(turn.tx, &trade_no)? else { return Ok(false) };
    if stored.request.partner != *partner {
        return Ok(false);
    }
    if is_return {
        return check_return(turn, &trade_no, seq, notify_id);
    }
    let notice = notice::load(turn.tx, &trade_no, seq)?;
    Ok(notice.is_some_and(|notice| notice.notify_id.as_str() == notify_id && is_valid(turn, &notice)))
}

/// The trade number in front and the sequence number behind.
fn locate(id: &str) -> Option<(TradeNo, i64)> {
    let trade_no = id.get(..16)?;
    let seq = id.get(id.len().checked_sub(2)?..)?;
    Some((TradeNo::new(trade_no), i64::from_str_radix(seq, 36).ok()?))
}

/// One minute from the redirect (escrow tutorial 4.2 E).
fn check_return(turn: &mut Turn<'_>, trade_no: &TradeNo, seq: i64, notify_id: &str) -> Result<bool, Fault> {
    let Some(handed_out) = page_return::load(turn.tx, trade_no, seq)? else { return Ok(false) };
    let is_valid = handed_out.notify_id.as_str() == notify_id
        && turn.now.since(handed_out.issued_at) <= turn.config.return_link;
    if is_valid && handed_out.verified_at.is_none() {
        page_return::verified(turn.tx, trade_no, seq, turn.now)?;
    }
    Ok(is_valid)
}

/// From the first sending until shortly after the merchant has acknowledged (protocol.md §6.3).
fn is_valid(turn: &Turn<'_>, notice: &StoredNotice) -> bool {
    notice.first_sent_at.is_some()
        && notice
            .acknowledged_at
            .is_none_or(|at| turn.now.since(at) <= turn.config.notify_id_after_acknowledged)
}
