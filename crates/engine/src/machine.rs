//! The trade machine: which command leads from which state to which (protocol.md §5.3, §5.5, §5.6).
//!
//! [`next`] is the whole of it; [`create`], [`arrange`], [`pay`], [`send_goods`], [`confirm_goods`], [`close`] and
//! [`finish`] add what each command moves, announces and plans. Refunds have a machine of their own ([`crate::refund`]).

use std::sync::Arc;
use std::time::Duration;

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::amount;
use danbao_protocol::service::payment::{LogisticsGroup, PaymentRequest, Receive};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::change::{Actor, Change, Command, Event, Journal, Posting};
use crate::chart::Account;
use crate::deadlines::{self, Clocks, Deadline, DeadlineKind};
use crate::notices;
use crate::refund;
use crate::refusal::Refusal;
use crate::settlement::{self, Royalty};
use crate::standing::Parties;
use crate::trade::{Instants, Mode, Shipment, Trade};
use crate::triggers::Triggers;

/// Where a command leads; `None` if the state does not allow it.
pub fn next(mode: Mode, is_refundable: bool, from: TradeStatus, command: Command) -> Option<TradeStatus> {
    use TradeStatus::*;
    match (from, command, mode) {
        (WaitBuyerPay, Command::Arrange | Command::AdjustPrice, _) => Some(WaitBuyerPay),
        (WaitBuyerPay, Command::Pay, Mode::Escrow) => Some(WaitSellerSendGoods),
        (WaitBuyerPay, Command::Pay, Mode::Direct) if is_refundable => Some(TradeSuccess),
        (WaitBuyerPay, Command::Pay, Mode::Direct) => Some(TradeFinished),
        (WaitBuyerPay, Command::PayHeld, Mode::Direct) => Some(TradePending),
        (TradePending, Command::Release, _) => Some(if is_refundable { TradeSuccess } else { TradeFinished }),
        (WaitBuyerPay, Command::Close, _) => Some(TradeClosed),
        (WaitSellerSendGoods, Command::AdviseRefund, _) => Some(WaitSellerSendGoods),
        (WaitSellerSendGoods, Command::SendGoods, _) => Some(WaitBuyerConfirmGoods),
        (WaitBuyerConfirmGoods, Command::ConfirmGoods, _) => Some(TradeFinished),
        (TradeSuccess, Command::Finish, _) => Some(TradeFinished),
        _ => None,
    }
}

/// What the cashier knows when the buyer confirms its first page.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The number set aside for the trade when its request arrived.
    pub trade_no: TradeNo,
    /// The request.
    pub request: Arc<PaymentRequest>,
    /// The seller that the request names.
    pub seller: UserId,
    /// The buyer that the request names, if it names one.
    pub named_buyer: Option<UserId>,
    /// Who confirms.
    pub buyer: UserId,
    /// What the buyer chose.
    pub choice: Choice,
    /// From the partner's contract: whether direct pay stays refundable; no other service listens.
    pub is_refundable: bool,
    /// From the partner's contract: the platform's charge in parts per million.
    pub fee_ppm: i64,
    /// From the partner's contract: which changes of direct pay are announced.
    pub triggers: Triggers,
    /// The request's royalty, its parties looked up.
    pub royalty: Vec<Royalty>,
}

/// What a buyer chooses on the cashier page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Escrow or instant; only a dual trade listens.
    pub mode: Option<Mode>,
    /// Index of the logistics group in the request; ignored for direct pay.
    pub logistics: usize,
    /// Where the goods go; `None` leaves what is known already.
    pub receive: Option<Receive>,
}

/// How the buyer pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// 余额: from the buyer's balance, which holds this much.
    Balance(Fen),
    /// 网银: through a bank, by its code.
    Bank(String),
}

/// The buyer confirms the cashier page: the trade comes into being, unpaid.
///
/// # Errors
/// `BUYER_SELLER_EQUAL`, `TRADE_BUYER_NOT_MATCH`, `LOGISTICS_CHOOSE_ERROR` in this order (protocol.md §8.5 item 12),
/// then what [`settlement::check_royalty`] says; `ILLEGAL_FEE_PARAM` on overflow.
pub fn create(opening: Opening, clocks: &Clocks, now: Timestamp) -> Result<Change, Refusal> {
    let Opening { trade_no, request, seller, named_buyer, buyer, choice, .. } = opening;
    let Opening { is_refundable, fee_ppm, triggers, royalty, .. } = opening;
    check_buyer(&seller, named_buyer.as_ref(), &buyer)?;
    let (mode, logistics) = choose(&request, &choice)?;
    let receive = choice.receive.or_else(|| request.receive.clone());
    let total_fee = request.amount.payable(logistics.as_ref()).ok_or(ErrorCode::IllegalFeeParam)?;
    let income =
        total_fee.checked_sub(settlement::fee(total_fee, fee_ppm)?).ok_or(ErrorCode::IllegalFeeParam)?;
    settlement::check_royalty(&seller, income, &royalty)?;
    let gmt = Instants {
        create: now,
        logistics_modify: receive.as_ref().map(|_| now),
        payment: None,
        send_goods: None,
        refund: None,
        close: None,
    };
    let trade = Trade {
        trade_no,
        seller,
        mode,
        // The instant branch of a dual trade is done at once (protocol.md §5.5).
        is_refundable: is_refundable && request.service.is_direct(),
        fee_ppm,
        triggers,
        royalty,
        trade_status: TradeStatus::WaitBuyerPay,
        refund_status: None,
        amount: request.amount,
        logistics,
        receive,
        total_fee,
        shipment: None,
        paid_from: None,
        refund: None,
        refunded: Fen::ZERO,
        gmt,
        version: 0,
        request,
        buyer: buyer.clone(),
    };
    let deadline = deadlines::close_unpaid(trade.request.timeouts.it_b_pay, clocks, now);
    let mut change = announce(trade, Command::Create, Actor::Buyer(buyer), now);
    change.is_new = true;
    change.set_deadlines.push(deadline);
    Ok(change)
}

/// The buyer chooses the address, or otherwise than before, while unpaid: announced once more (protocol.md §4.3 step
/// 2). [`None`] if nothing is different.
///
/// # Errors
/// As [`create`]; `TRADE_NOT_ALLOWED_PAY` once paid or closed; as [`adjust_price`] for the total.
pub fn arrange(
    trade: &Trade,
    buyer: &UserId,
    choice: Choice,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    check_buyer(&trade.seller, Some(&trade.buyer), buyer)?;
    let status = step(trade, Command::Arrange)?;
    let (mode, logistics) = choose(&trade.request, &choice)?;
    let receive = choice.receive.or_else(|| trade.receive.clone());
    if mode == trade.mode && logistics == trade.logistics && receive == trade.receive {
        return Ok(None);
    }
    let mut after = moved(trade, status);
    check_total(trade, logistics.as_ref())?;
    after.total_fee = trade.amount.payable(logistics.as_ref()).ok_or(ErrorCode::IllegalFeeParam)?;
    after.gmt.logistics_modify = receive.as_ref().map(|_| now);
    (after.mode, after.logistics, after.receive) = (mode, logistics, receive);
    Ok(Some(announce(after, Command::Arrange, Actor::Buyer(buyer.clone()), now)))
}

/// The buyer pays in full. What a frozen seller cannot take is held in the trade's own account until [`release`].
///
/// # Errors
/// `TRADE_BUYER_NOT_MATCH`; `TRADE_NOT_ALLOWED_PAY` (already paid, or closed); what [`Parties::check`] says; an escrow
/// trade without an address; a balance too low.
pub fn pay(
    trade: &Trade,
    buyer: &UserId,
    means: &Means,
    receive: Option<Receive>,
    parties: &Parties,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Change, Refusal> {
    check_buyer(&trade.seller, Some(&trade.buyer), buyer)?;
    let is_held = trade.mode == Mode::Direct && parties.seller.is_frozen;
    let command = if is_held { Command::PayHeld } else { Command::Pay };
    let status = step(trade, command)?;
    parties.check(trade.total_fee)?;
    let mut after = moved(trade, status);
    if receive.is_some() && receive != trade.receive {
        (after.receive, after.gmt.logistics_modify) = (receive, Some(now));
    }
    if trade.mode == Mode::Escrow && after.receive.is_none() {
        return Err(Refusal::AddressMissing);
    }
    let source = match means {
        Means::Balance(balance) if *balance < trade.total_fee => return Err(Refusal::BalanceNotEnough),
        Means::Balance(_) => Account::User(buyer.clone()),
        Means::Bank(code) => Account::Bank(code.clone()),
    };
    after.paid_from = Some(source.clone());
    after.gmt.payment = Some(now);
    let actor = Actor::Buyer(buyer.clone());
    if trade.mode == Mode::Direct && !is_held {
        return settled(after, source, command, actor, clocks, now);
    }
    let credit = Account::Escrow(trade.trade_no.clone());
    if is_held {
        // What cannot be settled later must not be taken now.
        settlement::pay_seller(&after, credit.clone(), after.total_fee)?;
    }
    let postings = vec![Posting { debit: source, credit, amount: trade.total_fee }];
    let mut change = announce(after, command, actor, now);
    change.clear_deadlines = true;
    change.journal = Some(Journal { postings });
    let advice = deadlines::advise_refund(&change.trade, clocks);
    change.set_deadlines.extend(advice.filter(|_| !is_held));
    Ok(change)
}

/// The seller's account can take what was held for it: the trade goes on as if it had been paid now (protocol.md §5.6).
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` in any other state than TRADE_PENDING.
pub fn release(trade: &Trade, clocks: &Clocks, now: Timestamp) -> Result<Change, Refusal> {
    let after = moved(trade, step(trade, Command::Release)?);
    let held = Account::Escrow(trade.trade_no.clone());
    settled(after, held, Command::Release, Actor::Platform, clocks, now)
}

/// The seller of an instant payment has the money; the trade is over, or can still be refunded for a while.
fn settled(
    mut after: Trade,
    source: Account,
    command: Command,
    by: Actor,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let postings = settlement::pay_seller(&after, source, after.total_fee)?;
    if after.trade_status.is_final() {
        after.gmt.close = Some(now);
    }
    let mut change = announce(after, command, by, now);
    change.clear_deadlines = true;
    change.journal = Some(Journal { postings });
    if change.trade.trade_status == TradeStatus::TradeSuccess {
        let due_at = now.plus(clocks.refundable);
        change.set_deadlines.push(Deadline { kind: DeadlineKind::FinishRefundable, due_at });
    }
    Ok(change)
}

/// The seller has not shipped for long (t_s_send_2, protocol.md §5.7): the platform advises the buyer to apply for a
/// refund. No state changes, so nobody is told.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless the goods are to be shipped.
pub fn advise_refund(trade: &Trade, now: Timestamp) -> Result<Change, Refusal> {
    let after = moved(trade, step(trade, Command::AdviseRefund)?);
    let mut change = announce(after, Command::AdviseRefund, Actor::Timer, now);
    change.notice = None;
    change.clear_deadlines = true;
    Ok(change)
}

/// The seller ships. [`None`] if the goods are on their way already: shipping twice must succeed, because merchants
/// ship from the return and from the notification (protocol.md §7.1, trap 22).
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` before payment, after completion, and for instant payments.
pub fn send_goods(
    trade: &Trade,
    by: Actor,
    shipment: Shipment,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    if trade.trade_status == TradeStatus::WaitBuyerConfirmGoods {
        return Ok(None);
    }
    let mut after = moved(trade, step(trade, Command::SendGoods)?);
    // The goods are the answer to a buyer who has applied for having received nothing (docs/adr/0014).
    close_refund(&mut after);
    let deadline = deadlines::confirm_goods(trade, shipment.transport_type, clocks, now);
    after.shipment = Some(shipment);
    after.gmt.send_goods = Some(now);
    let mut change = announce(after, Command::SendGoods, by, now);
    change.clear_deadlines = true;
    change.set_deadlines.push(deadline);
    Ok(Some(change))
}

/// The buyer has the goods, or the time for saying otherwise is over: the seller is paid.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless the goods are on their way.
pub fn confirm_goods(trade: &Trade, by: Actor, now: Timestamp) -> Result<Change, Refusal> {
    let mut after = moved(trade, step(trade, Command::ConfirmGoods)?);
    close_refund(&mut after);
    after.gmt.close = Some(now);
    let postings = settlement::pay_seller(trade, Account::Escrow(trade.trade_no.clone()), trade.total_fee)?;
    let mut change = announce(after, Command::ConfirmGoods, by, now);
    change.clear_deadlines = true;
    change.journal = Some(Journal { postings });
    Ok(change)
}

/// The unpaid trade is given up, by the buyer, the seller, the merchant's server or the clock.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` once paid or closed.
pub fn close(trade: &Trade, by: Actor, now: Timestamp) -> Result<Change, Refusal> {
    let mut after = moved(trade, step(trade, Command::Close)?);
    after.gmt.close = Some(now);
    let mut change = announce(after, Command::Close, by, now);
    change.clear_deadlines = true;
    Ok(change)
}

/// The refund period of an advanced contract is over (protocol.md §5.6).
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` in any other state than TRADE_SUCCESS.
pub fn finish(trade: &Trade, now: Timestamp) -> Result<Change, Refusal> {
    let mut after = moved(trade, step(trade, Command::Finish)?);
    after.gmt.close = Some(now);
    let mut change = announce(after, Command::Finish, Actor::Timer, now);
    change.clear_deadlines = true;
    Ok(change)
}

/// The seller changes the price of an unpaid trade: the discount becomes another, and the buyer is told so by one more
/// WAIT_BUYER_PAY (protocol.md §3.5).
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` once paid or closed; `TOTAL_FEE_LESSEQUAL_ZERO` or `TOTAL_FEE_GREATER_THAN_MAX` for a
/// total that cannot be, whatever way of the request the buyer chooses in the end; what [`settlement::check_royalty`]
/// says; `ILLEGAL_FEE_PARAM` on overflow.
pub fn adjust_price(
    trade: &Trade,
    seller: &UserId,
    discount: Fen,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    let mut after = moved(trade, step(trade, Command::AdjustPrice)?);
    if discount == trade.amount.discount {
        return Ok(None);
    }
    after.amount.discount = discount;
    for way in ways(&trade.request) {
        check_total(&after, way.as_ref())?;
    }
    after.total_fee = after.amount.payable(after.logistics.as_ref()).ok_or(ErrorCode::IllegalFeeParam)?;
    Ok(Some(announce(after, Command::AdjustPrice, Actor::Seller(seller.clone()), now)))
}

/// Every way to ship that the buyer may still choose; without any there is the one of not shipping.
fn ways(request: &PaymentRequest) -> Vec<Option<LogisticsGroup>> {
    if request.logistics.is_empty() {
        vec![None]
    } else {
        request.logistics.iter().copied().map(Some).collect()
    }
}

/// A total that the buyer can pay, and out of which the seller can give what was promised to others.
fn check_total(trade: &Trade, way: Option<&LogisticsGroup>) -> Result<(), Refusal> {
    let total = trade.amount.payable(way).ok_or(ErrorCode::IllegalFeeParam)?;
    let most = if trade.service().is_direct() { amount::DIRECT_MAX } else { amount::ESCROW_MAX };
    if !total.is_positive() {
        return Err(ErrorCode::TotalFeeLessequalZero.into());
    }
    if total > most {
        return Err(ErrorCode::TotalFeeGreaterThanMax.into());
    }
    let income = total.checked_sub(settlement::fee(total, trade.fee_ppm)?);
    settlement::check_royalty(&trade.seller, income.ok_or(ErrorCode::IllegalFeeParam)?, &trade.royalty)
}

/// The days by which a seller may extend the buyer's time to confirm (protocol.md §5.7).
pub const EXTENSION_DAYS: [u64; 4] = [3, 5, 7, 10];

/// The seller gives the buyer more time before the goods count as received. No state changes, so nobody is told.
///
/// # Errors
/// `TRADE_STATUS_NOT_AVAILD` unless the goods are on their way, the clock is running (`due_at`) and no refund stops it;
/// `ILLEGAL_ARGUMENT` for a number of days that is not offered.
pub fn extend_timeout(
    trade: &Trade,
    seller: &UserId,
    days: u64,
    due_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Change, Refusal> {
    let is_running = deadlines::running(trade) == Some(DeadlineKind::ConfirmGoods);
    let (true, Some(due_at)) = (is_running, due_at) else {
        return Err(ErrorCode::TradeStatusNotAvaild.into());
    };
    if !EXTENSION_DAYS.contains(&days) {
        return Err(ErrorCode::IllegalArgument.into());
    }
    let actor = Actor::Seller(seller.clone());
    let mut change = announce(trade.clone(), Command::ExtendTimeout, actor, now);
    change.notice = None;
    let due_at = due_at.plus(Duration::from_secs(days * 86_400));
    change.set_deadlines.push(Deadline { kind: DeadlineKind::ConfirmGoods, due_at });
    Ok(change)
}

/// What a due deadline does; [`None`] if the trade has moved on and the deadline means nothing any more.
///
/// # Errors
/// What the deadline stands for was refused, which no lawful trade does: the deadline must not be forgotten over it.
pub fn expire(
    trade: &Trade,
    kind: DeadlineKind,
    clocks: &Clocks,
    now: Timestamp,
) -> Result<Option<Change>, Refusal> {
    if deadlines::running(trade) != Some(kind) {
        return Ok(None);
    }
    match kind {
        DeadlineKind::AgreeRefund => refund::agree(trade, Actor::Timer, clocks, now),
        DeadlineKind::ConfirmReturn => refund::confirm_return(trade, Actor::Timer, now),
        DeadlineKind::WithdrawRefund => refund::withdraw(trade, Actor::Timer, clocks, now),
        DeadlineKind::AdviseRefund => advise_refund(trade, now),
        DeadlineKind::CloseUnpaid => close(trade, Actor::Timer, now),
        DeadlineKind::ConfirmGoods => confirm_goods(trade, Actor::Timer, now),
        DeadlineKind::FinishRefundable => finish(trade, now),
        DeadlineKind::Release => release(trade, clocks, now),
    }
    .map(Some)
}

fn step(trade: &Trade, command: Command) -> Result<TradeStatus, Refusal> {
    next(trade.mode, trade.is_refundable, trade.trade_status, command).ok_or(Refusal::Wire(match command {
        Command::Create | Command::Arrange | Command::Pay | Command::PayHeld => ErrorCode::TradeNotAllowedPay,
        _ => ErrorCode::TradeStatusNotAvaild,
    }))
}

/// An open refund falls away with what happens instead; the message of that carries both.
fn close_refund(after: &mut Trade) {
    if after.refund_status.is_some_and(refund::is_open) {
        after.refund_status = Some(RefundStatus::RefundClosed);
    }
}

fn moved(trade: &Trade, status: TradeStatus) -> Trade {
    Trade { trade_status: status, ..trade.clone() }
}

/// A change to `after` with its line of history and the notice it owes, and nothing else yet.
pub(crate) fn announce(after: Trade, command: Command, actor: Actor, now: Timestamp) -> Change {
    Change {
        notice: notices::owed(&after),
        trade: after,
        is_new: false,
        event: Event { at: now, actor, command, grounds: None },
        journal: None,
        set_deadlines: Vec::new(),
        clear_deadlines: false,
    }
}

fn check_buyer(seller: &UserId, expected: Option<&UserId>, buyer: &UserId) -> Result<(), Refusal> {
    if buyer == seller {
        return Err(ErrorCode::BuyerSellerEqual.into());
    }
    match expected {
        Some(expected) if expected != buyer => Err(ErrorCode::TradeBuyerNotMatch.into()),
        _ => Ok(()),
    }
}

fn choose(request: &PaymentRequest, choice: &Choice) -> Result<(Mode, Option<LogisticsGroup>), Refusal> {
    let mode = Mode::chosen(request.service, choice.mode);
    if request.logistics.is_empty() {
        return Ok((mode, None));
    }
    match request.logistics.get(choice.logistics) {
        Some(group) => Ok((mode, Some(*group))),
        None => Err(ErrorCode::LogisticsChooseError.into()),
    }
}
