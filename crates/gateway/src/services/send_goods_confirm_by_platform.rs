//! send_goods_confirm_by_platform: the merchant's server has shipped (protocol.md §7.1).

use danbao_engine::change::Actor;
use danbao_engine::machine;
use danbao_engine::refund;
use danbao_engine::refusal::Refusal;
use danbao_engine::standing::AccountKind;
use danbao_engine::trade::{Shipment, Trade};
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::service::send_goods_confirm_by_platform::SendGoods;
use danbao_protocol::service::single_trade_query::TradeRef;

use super::{Answer, Call, find_trade};
use crate::rows::apply;
use crate::turn::Turn;
use crate::web;

/// Ships; a second call for goods on their way succeeds again, because merchants ship from the return and from the
/// notification (trap 22).
pub(super) fn answer(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let request = match SendGoods::parse(&call.params, call.charset) {
        Ok(request) => request,
        Err(code) => return Ok(Err(call.refused(code))),
    };
    let Some(trade) = find_trade(turn, call, &TradeRef::TradeNo(request.trade_no))? else {
        return Ok(Err(call.refused(ErrorCode::TradeNotExist)));
    };
    let shipment = Shipment {
        transport_type: request.transport_type,
        logistics_name: request.logistics_name.unwrap_or_default(),
        invoice_no: request.invoice_no.unwrap_or_default(),
    };
    match machine::send_goods(&trade, Actor::Partner, shipment, &turn.config.clocks, turn.now) {
        Ok(Some(change)) => {
            let shipped = apply::apply(turn, &change)?;
            describe(turn, call, &shipped)
        }
        Ok(None) => describe(turn, call, &trade),
        Err(Refusal::Wire(code)) => Ok(Err(call.refused(code))),
        Err(other) => Err(Fault::invariant(format!("shipping was refused with {other}"))),
    }
}

fn describe(turn: &mut Turn<'_>, call: &Call, trade: &Trade) -> Answer {
    let email =
        |turn: &mut Turn<'_>, id| Ok::<_, Fault>(turn.user(id)?.map(|user| user.email).unwrap_or_default());
    let modified = trade.gmt.close.or(trade.gmt.send_goods).unwrap_or(trade.gmt.create);
    let children = [
        ("buyer_account", format!("{}0156", trade.buyer)),
        ("buyer_actions", "[REFUND, CONFIRM_GOODS]".to_owned()),
        ("buyer_login_email", email(turn, &trade.buyer)?),
        ("buyer_type", kind(turn, &trade.buyer)?),
        ("buyer_user_id", trade.buyer.to_string()),
        ("channel", "interface/escrow".to_owned()),
        ("create_time", trade.gmt.create.wire()),
        ("currency", "156".to_owned()),
        ("gathering_type", trade.request.payment_type.clone()),
        ("last_modified_time", modified.wire()),
        ("operator_role", "B".to_owned()),
        ("out_trade_no", trade.request.out_trade_no.to_string()),
        ("partner_id", trade.request.partner.to_string()),
        ("seller_account", format!("{}0156", trade.seller)),
        ("seller_actions", "[EXTEND_TIMEOUT]".to_owned()),
        ("seller_login_email", email(turn, &trade.seller)?),
        ("seller_type", kind(turn, &trade.seller)?),
        ("seller_user_id", trade.seller.to_string()),
        ("service_fee", "0.00".to_owned()),
        ("service_fee_ratio", "0.0".to_owned()),
        ("stop_timeout", stop_timeout(trade).to_owned()),
        ("total_fee", trade.total_fee.to_string()),
        ("trade_from", "INST_PARTNER".to_owned()),
        ("trade_no", trade.trade_no.to_string()),
        ("trade_status", trade.trade_status.to_string()),
        ("trade_type", "S".to_owned()),
    ];
    Ok(Ok(web::xml(call.charset, super::success(call, "tradeBase", &children)?)))
}

/// Whether a refund makes the clock of the automatic confirmation stand still; `F` says that it does and `T` that it
/// does not, contrary to the name (protocol.md §5.4).
fn stop_timeout(trade: &Trade) -> &'static str {
    if trade.refund_status.is_some_and(refund::is_open) { "F" } else { "T" }
}

fn kind(turn: &mut Turn<'_>, id: &UserId) -> Result<String, Fault> {
    let kind = turn.user(id)?.map_or(AccountKind::Private, |user| user.kind);
    Ok(match kind {
        AccountKind::Private => "PRIVATE_ACCOUNT",
        AccountKind::Company => "COMPANY_ACCOUNT",
    }
    .to_owned())
}
