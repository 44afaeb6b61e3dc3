//! What a message says of a trade: the engine's facts in the wire's struct.

use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::NotifyId;
use danbao_protocol::service::payment::{Amount, LogisticsGroup, Receive};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_protocol::trade_message::TradeMessage;

use crate::rows::notice::{StoredNotice, TradeFacts};
use crate::turn::Turn;

/// The message of a page return: the trade as it is now (protocol.md §4.2, §4.7).
pub(crate) fn of_return(
    turn: &mut Turn<'_>,
    trade: &Trade,
    notify_id: NotifyId,
) -> Result<TradeMessage, Fault> {
    let mut message = of_trade(turn, trade, notify_id, turn.now)?;
    // The documents' own sample; afterwards it names no actions (protocol.md §4.4).
    if trade.trade_status == TradeStatus::WaitSellerSendGoods {
        message.seller_actions = vec!["SEND_GOODS"];
    }
    Ok(message)
}

/// The message of a notification: the trade as it was when the notice came to be owed, whatever has happened since,
/// so that every try says the same.
pub(crate) fn of_notice(
    turn: &mut Turn<'_>,
    trade: &Trade,
    notice: &StoredNotice,
    facts: &TradeFacts,
    notify_time: Timestamp,
) -> Result<TradeMessage, Fault> {
    let mut message = of_trade(turn, trade, notice.notify_id.clone(), notify_time)?;
    message.trade_status = facts.trade_status;
    message.refund_status = facts.refund_status;
    message.price = facts.price;
    message.discount = facts.discount;
    let first = &trade.request.amount;
    message.is_total_fee_adjust = (facts.price, facts.discount) != (first.price, first.discount);
    message.total_fee = facts.total_fee;
    // What came later may have come at the same instant: the state says how far the trade was.
    let was = facts.trade_status;
    let then = |at: Option<Timestamp>, reached: bool| at.filter(|at| reached && *at <= notice.created_at);
    let is_unpaid = was == TradeStatus::WaitBuyerPay;
    let is_unshipped = is_unpaid || was == TradeStatus::WaitSellerSendGoods;
    message.gmt_payment = then(message.gmt_payment, !is_unpaid);
    message.gmt_send_goods = then(message.gmt_send_goods, !is_unshipped);
    message.gmt_close = then(message.gmt_close, was.is_final());
    // Refunded again since: this refund was made when its notice came to be owed.
    let is_refunded = facts.refund_status == Some(RefundStatus::RefundSuccess);
    message.gmt_refund = message.gmt_refund.filter(|_| is_refunded).map(|at| at.min(notice.created_at));
    message.logistics = group(trade, facts.logistics);
    if message.logistics.is_none() {
        (message.gmt_logistics_modify, message.receive) = (None, None);
    }
    // Settled anew since: the notice itself was made when it was settled before.
    message.gmt_logistics_modify = message.gmt_logistics_modify.map(|at| at.min(notice.created_at));
    Ok(message)
}

fn group(trade: &Trade, index: Option<i64>) -> Option<LogisticsGroup> {
    let index = usize::try_from(index?).ok()?;
    trade.request.logistics.get(index).copied()
}

fn of_trade(
    turn: &mut Turn<'_>,
    trade: &Trade,
    notify_id: NotifyId,
    notify_time: Timestamp,
) -> Result<TradeMessage, Fault> {
    let request = &trade.request;
    let Amount { price, quantity, discount } = trade.amount;
    let is_settled = trade.gmt.logistics_modify.is_some();
    Ok(TradeMessage {
        service: request.service,
        notify_id,
        notify_time,
        out_trade_no: request.out_trade_no.clone(),
        trade_no: trade.trade_no.clone(),
        trade_status: trade.trade_status,
        refund_status: trade.refund_status,
        subject: request.subject.clone(),
        body: request.body.clone(),
        payment_type: request.payment_type.clone(),
        price,
        quantity,
        discount,
        total_fee: trade.total_fee,
        is_total_fee_adjust: trade.amount != request.amount,
        use_coupon: false,
        seller_email: email(turn, &trade.seller)?,
        seller_id: trade.seller.clone(),
        buyer_email: email(turn, &trade.buyer)?,
        buyer_id: trade.buyer.clone(),
        logistics: trade.logistics.filter(|_| is_settled),
        gmt_logistics_modify: trade.gmt.logistics_modify,
        receive: trade.receive.as_ref().filter(|_| is_settled).map(|to| fit_address(request.charset, to)),
        gmt_create: trade.gmt.create,
        gmt_payment: trade.gmt.payment,
        gmt_send_goods: trade.gmt.send_goods,
        gmt_refund: trade.gmt.refund,
        gmt_close: trade.gmt.close,
        seller_actions: Vec::new(),
        buyer_actions: Vec::new(),
        extra_common_param: request.direct.extra_common_param.clone(),
    })
}

/// A text that came in another charset or was typed on our page, in the merchant's charset: what the charset does not
/// have becomes `?`, because the message must go out all the same.
pub(crate) fn fit(charset: Charset, text: &str) -> String {
    if charset.encode(text).is_ok() {
        return text.to_owned();
    }
    let has_code = |c: char| charset.encode(c.encode_utf8(&mut [0; 4])).is_ok();
    text.chars().map(|c| if has_code(c) { c } else { '?' }).collect()
}

fn fit_address(charset: Charset, to: &Receive) -> Receive {
    Receive {
        name: fit(charset, &to.name),
        address: fit(charset, &to.address),
        zip: fit(charset, &to.zip),
        phone: fit(charset, &to.phone),
        mobile: fit(charset, &to.mobile),
    }
}

fn email(turn: &mut Turn<'_>, user_id: &danbao_protocol::ids::UserId) -> Result<String, Fault> {
    let user = turn
        .user(user_id)?
        .ok_or_else(|| Fault::invariant(format!("a trade names the unknown user {user_id}")))?;
    Ok(user.email)
}
