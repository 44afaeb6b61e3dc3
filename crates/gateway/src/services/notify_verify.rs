//! notify_verify: did the platform really send this? (protocol.md §6.1-6.3)

use danbao_node::Fault;
use danbao_protocol::ids::{NotifyId, PartnerId, TradeNo};
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};

use super::receive;
use crate::rows::notice::{Said, StoredNotice};
use crate::rows::page_return::MARK;
use crate::rows::{login, notice, page_return, payment_request};
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
        Some(question) if check(turn, &question.partner, &question.notify_id)? => Verdict::True,
        Some(_) => Verdict::False,
    };
    Ok(web::plain(verdict.as_str()))
}

/// Finds the message by its id, and says whether it was sent to this partner and is still valid.
fn check(turn: &mut Turn<'_>, partner: &PartnerId, notify_id: &NotifyId) -> Result<bool, Fault> {
    if notify_id.as_str().starts_with(MARK) {
        return check_return(turn, partner, notify_id);
    }
    if notify_id.as_str().starts_with(login::MARK) {
        let not_before = turn.now.minus(turn.config.return_link);
        return login::verify(turn.tx, notify_id, partner, not_before, turn.now);
    }
    let Some(notice) = notice::load_by_id(turn.tx, notify_id.as_str())? else { return Ok(false) };
    let is_theirs = match &notice.said {
        Said::Trade(_) => is_of(turn, partner, &TradeNo::new(notice.thread.as_str()))?,
        Said::Letter(letter) => letter.partner == *partner,
    };
    Ok(is_theirs && is_valid(turn, &notice))
}

fn is_of(turn: &mut Turn<'_>, partner: &PartnerId, trade_no: &TradeNo) -> Result<bool, Fault> {
    let stored = payment_request::load(turn.tx, trade_no)?;
    Ok(stored.is_some_and(|stored| stored.request.partner == *partner))
}

/// One minute from the redirect (escrow tutorial 4.2 E).
fn check_return(turn: &mut Turn<'_>, partner: &PartnerId, notify_id: &NotifyId) -> Result<bool, Fault> {
    let Some(handed_out) = page_return::load(turn.tx, notify_id)? else { return Ok(false) };
    let is_fresh = turn.now.since(handed_out.issued_at) <= turn.config.return_link;
    if !is_fresh || !is_of(turn, partner, &handed_out.trade_no)? {
        return Ok(false);
    }
    if handed_out.verified_at.is_none() {
        page_return::verified(turn.tx, notify_id, turn.now)?;
    }
    Ok(true)
}

/// From the first sending until shortly after the merchant has acknowledged (protocol.md §6.3).
fn is_valid(turn: &Turn<'_>, notice: &StoredNotice) -> bool {
    notice.first_sent_at.is_some()
        && notice
            .acknowledged_at
            .is_none_or(|at| turn.now.since(at) <= turn.config.notify_id_after_acknowledged)
}
