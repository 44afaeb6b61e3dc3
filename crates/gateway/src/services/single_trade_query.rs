//! single_trade_query: the merchant's server asks how a trade stands (protocol.md §7.3).

use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::service::single_trade_query::SingleTradeQuery;
use danbao_protocol::time::Timestamp;

use super::{Answer, Call, find_trade};
use crate::rows::trade as trades;
use crate::turn::Turn;
use crate::web;

/// Describes the trade; what it does not have is left out.
pub(super) fn answer(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let request = match SingleTradeQuery::parse(&call.params, call.charset) {
        Ok(request) => request,
        Err(code) => return Ok(Err(call.refused(code))),
    };
    let Some(trade) = find_trade(turn, call, &request.trade)? else {
        return Ok(Err(call.refused(ErrorCode::TradeNotExist)));
    };
    let children = describe(turn, &trade)?;
    Ok(Ok(web::xml(call.charset, super::success(call, "trade", &children)?)))
}

fn describe(turn: &mut Turn<'_>, trade: &Trade) -> Result<Vec<(&'static str, String)>, Fault> {
    let email = |turn: &mut Turn<'_>, id| Ok::<_, Fault>(turn.user(id)?.map(|user| user.email));
    let wire = |at: Option<Timestamp>| at.map(Timestamp::wire);
    let request = &trade.request;
    // Truths are T and F here, unlike in messages (trap 26).
    let truth = |is_true: bool| Some(if is_true { "T" } else { "F" }.to_owned());
    let gmt = trade.gmt;
    // All of it is money: there are no coupons here.
    let refunded = trade.refunded.is_positive().then(|| trade.refunded.to_string());
    let modified = trades::load_history(turn.tx, &trade.trade_no)?.last().map(|event| event.at);
    let children = [
        ("body", request.body.clone()),
        ("buyer_email", email(turn, &trade.buyer)?),
        ("buyer_id", Some(trade.buyer.to_string())),
        ("discount", Some(trade.amount.discount.to_string())),
        ("flag_trade_locked", Some("0".to_owned())),
        ("gmt_close", wire(gmt.close)),
        ("gmt_create", wire(Some(gmt.create))),
        ("gmt_last_modified_time", wire(modified.or(Some(gmt.create)))),
        ("gmt_logistics_modify", wire(gmt.logistics_modify)),
        ("gmt_payment", wire(gmt.payment)),
        ("gmt_refund", gmt.refund.map(|at| format!("{}.{:03}", at.wire(), at.0.rem_euclid(1000)))),
        ("gmt_send_goods", wire(gmt.send_goods)),
        ("is_total_fee_adjust", truth(trade.amount != request.amount)),
        ("logistics_fee", trade.logistics.map(|group| group.logistics_fee.to_string())),
        ("operator_role", Some("B".to_owned())),
        ("out_trade_no", Some(request.out_trade_no.to_string())),
        ("payment_type", Some(request.payment_type.clone())),
        ("price", Some(trade.amount.price.to_string())),
        ("quantity", Some(trade.amount.quantity.to_string())),
        ("refund_cash_fee", refunded.clone()),
        ("refund_fee", refunded),
        ("refund_status", trade.refund_status.map(|status| status.to_string())),
        ("seller_email", email(turn, &trade.seller)?),
        ("seller_id", Some(trade.seller.to_string())),
        ("subject", Some(request.subject.clone())),
        ("total_fee", Some(trade.total_fee.to_string())),
        ("trade_no", Some(trade.trade_no.to_string())),
        ("trade_status", Some(trade.trade_status.to_string())),
        ("use_coupon", truth(false)),
    ];
    Ok(children.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}
