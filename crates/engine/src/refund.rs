//! The refund machine of escrow trades, which runs beside the trade (protocol.md §5.4).
//!
//! [`next`] is the whole of it. What the tutorials leave open is decided in docs/adr/0014: a refund of a part ends the
//! trade as finished, shipping answers an application of a buyer who has received nothing, and the clock of the
//! automatic confirmation stands still while a refund is open.

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::change::{Actor, Change, Command, Grounds, Journal, Posting};
use crate::chart::Account;
use crate::deadlines::{self, Clocks, Deadline, DeadlineKind};
use crate::machine::announce;
use crate::refusal::Refusal;
use crate::settlement;
use crate::trade::{Mode, Shipment, Trade};

/// What a buyer applies for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Whether the buyer has the goods; then they go back before the money does.
    pub goods_received: bool,
    /// How much; more than zero, at most the trade's total, and all of it while nothing was sent.
    pub amount: Fen,
    /// Why, in the buyer's words.
    pub reason: String,
    /// 凭证: what shows that it is so; may be empty.
    pub evidence: String,
}

impl Application {
    fn grounds(&self) -> Grounds {
        Grounds { reason: self.reason.clone(), evidence: self.evidence.clone() }
    }
}

/// A refund as it stands beside its trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// What was applied for.
    pub application: Application,
    /// Why the seller refused, once it has.
    pub answer: String,
    /// 凭证: what the seller has against it; may be empty.
    pub answer_evidence: String,
    /// How the goods came back, once they are on their way.
    pub parcel: Option<Shipment>,
}

/// Where a command leads; `None` if the state does not allow it. `received` says whether the buyer has the goods.
pub fn next(from: Option<RefundStatus>, received: bool, command: Command) -> Option<RefundStatus> {
    use RefundStatus::*;
    match (from, command) {
        (None | Some(RefundClosed | SellerRefuseBuyer), Command::ApplyRefund) => Some(WaitSellerAgree),
        (Some(WaitSellerAgree), Command::AgreeRefund) if received => Some(WaitBuyerReturnGoods),
        (Some(WaitSellerAgree), Command::AgreeRefund) => Some(RefundSuccess),
        (Some(WaitSellerAgree), Command::RefuseRefund) => Some(SellerRefuseBuyer),
        (Some(WaitBuyerReturnGoods), Command::ReturnGoods) => Some(WaitSellerConfirmGoods),
        (Some(WaitSellerConfirmGoods), Command::ConfirmReturn) => Some(RefundSuccess),
        (Some(status), Command::WithdrawRefund) if is_open(status) => Some(RefundClosed),
        _ => None,
    }
}

/// Whether somebody still has to do something about the refund.
pub const fn is_open(status: RefundStatus) -> bool {
    !matches!(status, RefundStatus::RefundSuccess | RefundStatus::RefundClosed)
}

/// Whether the buyer may apply now: the money is held, no application waits, and the seller's time to ship is over
/// (t_s_send_1, protocol.md §5.7) or it has shipped.
pub fn may_apply(trade: &Trade, clocks: &Clocks, now: Timestamp) -> bool {
    let is_time = is_sent(trade) || deadlines::refund_from(trade, clocks).is_none_or(|from| now >= from);
    is_time && check_held(trade).is_ok() && step(trade, false, Command::ApplyRefund).is_ok()
}

/// The buyer applies, or applies again after a refusal.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless [`may_apply`]; `ILLEGAL_ARGUMENT` if goods are said to be received that were never
/// sent; `REFUND_TRADE_FEE_ERROR` for an amount that cannot be: a part while nothing was sent, which would pay the
/// seller for goods that need not come, or one whose rest does not cover the shares promised to others.
pub fn apply_for(
    trade: &Trade,
    buyer: &UserId,
    application: Application,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Change, Refusal> {
    if !may_apply(trade, clocks, now) {
        return Err(ErrorCode::TradeStatusNotAvaild.into());
    }
    let is_sent = is_sent(trade);
    if application.goods_received && !is_sent {
        return Err(ErrorCode::IllegalArgument.into());
    }
    check_amount(trade, application.amount)?;
    let status = step(trade, application.goods_received, Command::ApplyRefund)?;
    let mut after = moved(trade, status);
    let grounds = application.grounds();
    let (answer, answer_evidence) = (String::new(), String::new());
    after.refund = Some(Refund { application, answer, answer_evidence, parcel: None });
    let length = if is_sent { clocks.agree_shipped } else { clocks.agree_unshipped };
    let actor = Actor::Buyer(buyer.clone());
    let mut change = waiting(after, Command::ApplyRefund, actor, DeadlineKind::AgreeRefund, length, now);
    change.event.grounds = Some(grounds);
    Ok(change)
}

/// The seller agrees, or has said nothing in time: the money goes back, or first the goods.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless an application waits for an answer.
pub fn agree(trade: &Trade, by: Actor, clocks: &Clocks, now: Timestamp) -> Result<Change, Refusal> {
    let refund = check_open(trade)?;
    let status = step(trade, refund.application.goods_received, Command::AgreeRefund)?;
    if status == RefundStatus::RefundSuccess {
        return succeed(trade, &refund.application, Command::AgreeRefund, by, now);
    }
    let after = moved(trade, status);
    Ok(waiting(after, Command::AgreeRefund, by, DeadlineKind::WithdrawRefund, clocks.return_goods, now))
}

/// The seller refuses and says why; the buyer may apply again.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless an application waits for an answer.
pub fn refuse(
    trade: &Trade,
    seller: &UserId,
    answer: Grounds,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let refund = check_open(trade)?;
    let status = step(trade, refund.application.goods_received, Command::RefuseRefund)?;
    let mut after = moved(trade, status);
    let Grounds { reason, evidence } = answer.clone();
    after.refund = Some(Refund { answer: reason, answer_evidence: evidence, ..refund.clone() });
    let actor = Actor::Seller(seller.clone());
    let length = clocks.change_refund;
    let mut change = waiting(after, Command::RefuseRefund, actor, DeadlineKind::WithdrawRefund, length, now);
    change.event.grounds = Some(answer);
    Ok(change)
}

/// The buyer has sent the goods back.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless the seller has agreed and waits for them.
pub fn return_goods(
    trade: &Trade,
    buyer: &UserId,
    parcel: Shipment,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let refund = check_open(trade)?;
    let status = step(trade, true, Command::ReturnGoods)?;
    let length = deadlines::confirm_return(parcel.transport_type, clocks);
    let mut after = moved(trade, status);
    after.refund = Some(Refund { parcel: Some(parcel), ..refund.clone() });
    let actor = Actor::Buyer(buyer.clone());
    Ok(waiting(after, Command::ReturnGoods, actor, DeadlineKind::ConfirmReturn, length, now))
}

/// The goods are back, or the time for saying otherwise is over: the money follows.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless the goods are on their way back.
pub fn confirm_return(trade: &Trade, by: Actor, now: Timestamp) -> Result<Change, Refusal> {
    let refund = check_open(trade)?;
    step(trade, true, Command::ConfirmReturn)?;
    succeed(trade, &refund.application, Command::ConfirmReturn, by, now)
}

/// The buyer withdraws, or has let a step of its own lapse. The clock of the automatic confirmation begins anew;
/// that of the platform's advice goes on, if it had not come yet.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless a refund is open.
pub fn withdraw(trade: &Trade, by: Actor, clocks: &Clocks, now: Timestamp) -> Result<Change, Refusal> {
    check_open(trade)?;
    let after = moved(trade, step(trade, false, Command::WithdrawRefund)?);
    let restart = after.shipment.as_ref().map(|shipment| shipment.transport_type);
    let restart = match restart {
        Some(by) => Some(deadlines::confirm_goods(trade, by, clocks, now)),
        None => deadlines::advise_refund(trade, clocks).filter(|advice| advice.due_at > now),
    };
    let mut change = announce(after, Command::WithdrawRefund, by, now);
    change.clear_deadlines = true;
    change.set_deadlines.extend(restart);
    Ok(change)
}

/// The money goes back to where it came from; what is not refunded is the seller's.
fn succeed(
    trade: &Trade,
    application: &Application,
    command: Command,
    by: Actor,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let source = Account::Escrow(trade.trade_no.clone());
    let back = trade.paid_from.clone().unwrap_or_else(|| Account::User(trade.buyer.clone()));
    let mut postings = vec![Posting { debit: source.clone(), credit: back, amount: application.amount }];
    let rest = rest(trade, application.amount)?;
    let mut after = moved(trade, RefundStatus::RefundSuccess);
    after.refunded = application.amount;
    if rest.is_positive() {
        after.trade_status = TradeStatus::TradeFinished;
        postings.extend(settlement::pay_seller(trade, source, rest)?);
    } else {
        after.trade_status = TradeStatus::TradeClosed;
    }
    (after.gmt.refund, after.gmt.close) = (Some(now), Some(now));
    let mut change = announce(after, command, by, now);
    change.clear_deadlines = true;
    change.journal = Some(Journal { postings });
    Ok(change)
}

/// What the seller keeps of the total.
fn rest(trade: &Trade, amount: Fen) -> Result<Fen, Refusal> {
    trade.total_fee.checked_sub(amount).ok_or(Refusal::Wire(ErrorCode::RefundTradeFeeError))
}

/// What is applied for must be what can be given, so that no agreement and no clock fails on it later.
fn check_amount(trade: &Trade, amount: Fen) -> Result<(), Refusal> {
    let error = Refusal::Wire(ErrorCode::RefundTradeFeeError);
    let rest = rest(trade, amount)?;
    if !amount.is_positive() || rest < Fen::ZERO || (rest.is_positive() && !is_sent(trade)) {
        return Err(error);
    }
    if rest.is_positive() {
        let source = Account::Escrow(trade.trade_no.clone());
        settlement::pay_seller(trade, source, rest).map_err(|_| error)?;
    }
    Ok(())
}

fn is_sent(trade: &Trade) -> bool {
    trade.trade_status == TradeStatus::WaitBuyerConfirmGoods
}

fn step(trade: &Trade, received: bool, command: Command) -> Result<RefundStatus, Refusal> {
    next(trade.refund_status, received, command).ok_or(Refusal::Wire(ErrorCode::TradeStatusNotAvaild))
}

fn moved(trade: &Trade, status: RefundStatus) -> Trade {
    Trade { refund_status: Some(status), ..trade.clone() }
}

/// Only money that is held can be given back by this machine.
fn check_held(trade: &Trade) -> Result<(), Refusal> {
    use TradeStatus::{WaitBuyerConfirmGoods, WaitSellerSendGoods};
    let is_held = matches!(trade.trade_status, WaitSellerSendGoods | WaitBuyerConfirmGoods);
    if is_held && trade.mode == Mode::Escrow { Ok(()) } else { Err(ErrorCode::TradeStatusNotAvaild.into()) }
}

fn check_open(trade: &Trade) -> Result<&Refund, Refusal> {
    check_held(trade)?;
    let is_open = trade.refund_status.is_some_and(is_open);
    trade.refund.as_ref().filter(|_| is_open).ok_or(Refusal::Wire(ErrorCode::TradeStatusNotAvaild))
}

/// A change after which one side has so long to do something; every other clock of the trade stands still.
fn waiting(
    after: Trade,
    command: Command,
    by: Actor,
    kind: DeadlineKind,
    length: std::time::Duration,
    now: Timestamp,
) -> Change {
    let mut change = announce(after, command, by, now);
    change.clear_deadlines = true;
    change.set_deadlines.push(Deadline { kind, due_at: now.plus(length) });
    change
}
