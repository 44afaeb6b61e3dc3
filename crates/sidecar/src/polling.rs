//! Asking the gateway by ourselves: for trades that should have moved and of which nobody has told us, and for those
//! that are to be closed. When to ask is a column, not a timer.

use std::time::Duration;

use danbao_merchant::inbox::Order;
use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{NoAnswer, Response};
use danbao_merchant::protocol::status::TradeStatus;
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::read_reply;
use danbao_node::Fault;

use crate::rows::payment_request::RequestRow;
use crate::stuck::{STUCK_WAIT, stuck};
use crate::turn::{Background, Turn, Waiting};
use crate::{payment_requests, rows};

/// An unpaid trade is asked after no earlier than this.
pub(crate) const UNPAID_WAIT_MIN: Duration = Duration::from_secs(120);
/// A paid trade moves by people and parcels: it is asked after no earlier than this.
const PAID_WAIT_MIN: Duration = Duration::from_secs(3600);
/// Nothing is asked after more seldom than this.
const WAIT_MAX: Duration = Duration::from_secs(86_400);
/// After a call of ours that should have changed something.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// An unpaid trade closes after 15 days at the latest (protocol.md §3.2); a day more for the answer.
const UNPAID_END: Duration = Duration::from_secs(16 * 86_400);
/// A paid trade that nothing was heard of for so long is for a person.
const PAID_END: Duration = Duration::from_secs(120 * 86_400);
/// An answer is waited for so long; the host gives up well before.
const LEASE: Duration = Duration::from_secs(120);

/// Asks what is due to be asked.
pub(crate) fn ask_due(turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
    let until = turn.now.plus(LEASE);
    let free = turn.free(Background::Queries);
    for row in rows::payment_request::claim_due(&mut **turn.tx, turn.now, until, free)? {
        if let Err(why) = stuck(ask(turn, &row))? {
            let later = turn.now.plus(STUCK_WAIT);
            tracing::error!(number = %row.out_trade_no, why, "a trade cannot be asked after; tried again in an hour");
            rows::payment_request::plan(&mut **turn.tx, &row.out_trade_no, row.closing, Some(later))?;
        }
    }
    Ok(())
}

fn ask(turn: &mut Turn<'_, '_>, row: &RequestRow) -> Result<(), Fault> {
    let account = payment_requests::account_of(turn, row);
    let account = account.map_err(|problem| Fault::Invariant(problem.detail().to_owned()))?;
    let out_trade_no = row.out_trade_no.clone();
    if row.closing && payment_requests::heard(turn, row)?.state.is_payable() {
        let call = payment_requests::close_call(account, row)?;
        turn.send(call, Waiting::Close { out_trade_no });
    } else {
        let call = payment_requests::query_call(account, row)?;
        turn.send(call, Waiting::Query { ask: None, out_trade_no });
    }
    Ok(())
}

/// The gateway has answered on the closing of a trade, or has not. Yes or no, how the trade stands now is asked at once,
/// and until that is heard the request stays one that is not to be paid.
///
/// A trade that does not exist may still come into being, by a buyer who holds an old address: it is to be closed for as
/// long as that can happen.
pub(crate) fn closed(
    turn: &mut Turn<'_, '_>,
    number: &OutTradeNo,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Ok(Ok(reply)) = outcome.as_ref().map(read_reply) else {
        return plan_next(turn, number);
    };
    match reply.accepted() {
        Err(no) if no.is(ErrorCode::TradeNotExist) => return plan_next(turn, number),
        Err(no) => tracing::warn!(%number, code = no.as_str(), "the gateway refuses to close a trade"),
        Ok(_) => {}
    }
    let Some((_, row)) = payment_requests::find(turn, number.as_str())? else {
        return Ok(());
    };
    let Ok(account) = payment_requests::account_of(turn, &row) else { return plan_next(turn, number) };
    let lease = turn.now.plus(LEASE);
    rows::payment_request::plan(&mut **turn.tx, number, row.closing, Some(lease))?;
    let call = payment_requests::query_call(account, &row)?;
    turn.send(call, Waiting::Query { ask: None, out_trade_no: number.clone() });
    Ok(())
}

/// Plans the next question, from what is known now.
pub(crate) fn plan_next(turn: &mut Turn<'_, '_>, number: &OutTradeNo) -> Result<(), Fault> {
    let Some((_, row)) = payment_requests::find(turn, number.as_str())? else {
        return Ok(());
    };
    let heard = payment_requests::heard(turn, &row)?;
    let closing = row.closing && heard.state.is_payable();
    let next = next_query(&heard, turn.now);
    Ok(rows::payment_request::plan(&mut **turn.tx, number, closing, next)?)
}

/// When to ask next: after as long again as nothing has changed, within bounds. `None` once nothing can change, or once
/// it is useless to ask.
fn next_query(order: &Order, now: Timestamp) -> Option<Timestamp> {
    let silence = now.since(order.changed_at);
    let status = order.state.trade_status();
    let (wait_min, end) = match status {
        Some(TradeStatus::TradeFinished | TradeStatus::TradeClosed) => return None,
        None | Some(TradeStatus::WaitBuyerPay) => (UNPAID_WAIT_MIN, UNPAID_END),
        Some(_) => (PAID_WAIT_MIN, PAID_END),
    };
    (silence < end).then(|| now.plus(silence.clamp(wait_min, WAIT_MAX)))
}
