//! close_trade: the merchant's server gives an unpaid trade up (protocol.md §7.4).

use danbao_engine::change::Actor;
use danbao_engine::machine;
use danbao_engine::refusal::Refusal;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::reply;
use danbao_protocol::service::close_trade::CloseTrade;

use super::{Answer, Call, find_trade};
use crate::rows::apply;
use crate::turn::Turn;
use crate::web;

/// Closes.
pub(super) fn answer(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let request = match CloseTrade::parse(&call.params, call.charset) {
        Ok(request) => request,
        Err(code) => return Ok(Err(call.refused(code))),
    };
    let Some(trade) = find_trade(turn, call, &request.trade)? else {
        return Ok(Err(call.refused(ErrorCode::TradeNotExist)));
    };
    match machine::close(&trade, Actor::Partner, turn.now) {
        Ok(change) => {
            apply::apply(turn, &change)?;
            Ok(Ok(web::xml(call.charset, reply::done(call.charset))))
        }
        Err(Refusal::Wire(code)) => Ok(Err(call.refused(code))),
        Err(other) => Err(Fault::invariant(format!("closing was refused with {other}"))),
    }
}
