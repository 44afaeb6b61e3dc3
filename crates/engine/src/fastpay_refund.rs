//! Refunds of direct payments (protocol.md §5.6, §7.5): by the seller's own decision, as long as the trade is refundable,
//! in parts or at once.
//!
//! The order in which money moves is the one in which nobody need be overdrawn who can pay at all: first the platform
//! gives back its charge on what is refunded, then the royalty parties give back their shares, then the seller pays
//! the buyer (docs/adr/0015).

use std::collections::BTreeMap;

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::change::{Actor, Change, Command, Journal, Posting};
use crate::chart::Account;
use crate::machine::announce;
use crate::refusal::Refusal;
use crate::settlement::{self, Royalty};
use crate::trade::{Mode, Trade};

/// What a seller gives back of one paid trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidRefund {
    /// How much goes back to the buyer; more than zero, at most what is left of the total.
    pub amount: Fen,
    /// The shares that are given back with it, in this order; no pair of accounts twice.
    pub royalty: Vec<ReturnedShare>,
}

/// A royalty share on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedShare {
    /// Who gives it back: the receiver of the share.
    pub payer: UserId,
    /// Who gets it back: the payer of the share.
    pub receiver: UserId,
    /// How much; more than zero.
    pub amount: Fen,
}

/// What the parties of a refund hold before it; whoever is not named holds nothing.
pub type Balances = BTreeMap<UserId, Fen>;

/// A refund that may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    /// Everything that it changes.
    pub change: Change,
    /// The part of the platform's charge that goes back to the seller; zero if there is none.
    pub charge: Fen,
}

/// Where a refund of this amount leads (protocol.md §5.6): the trade stays refundable after a part and is closed when
/// nothing is left.
pub fn next(from: TradeStatus, left: Fen, amount: Fen) -> Option<TradeStatus> {
    match from {
        TradeStatus::TradeSuccess if amount < left => Some(TradeStatus::TradeSuccess),
        TradeStatus::TradeSuccess if amount == left => Some(TradeStatus::TradeClosed),
        _ => None,
    }
}

/// What can still be refunded of a paid trade.
pub fn left(trade: &Trade) -> Fen {
    trade.total_fee.checked_sub(trade.refunded).unwrap_or(Fen::ZERO)
}

/// Whether a refund by this machine is possible at all; of how much, [`left`] says.
///
/// # Errors
/// TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND for an escrow trade; TRADE_HAS_FINISHED, TRADE_HAS_CLOSED, and
/// TRADE_STATUS_ERROR while unpaid or frozen.
pub fn check_state(trade: &Trade) -> Result<(), ErrorCode> {
    if trade.mode == Mode::Escrow {
        return Err(ErrorCode::TradeProductTypeNotAllowRefund);
    }
    match trade.trade_status {
        TradeStatus::TradeSuccess => Ok(()),
        TradeStatus::TradeFinished => Err(ErrorCode::TradeHasFinished),
        TradeStatus::TradeClosed => Err(ErrorCode::TradeHasClosed),
        TradeStatus::WaitBuyerPay
        | TradeStatus::WaitSellerSendGoods
        | TradeStatus::WaitBuyerConfirmGoods
        | TradeStatus::TradePending => Err(ErrorCode::TradeStatusError),
    }
}

/// Gives money back. Announced to the trade's own notify_url, also where closing is not.
///
/// # Errors
/// As [`check_state`]; REFUND_TRADE_FEE_ERROR for an amount that is not more than zero or more than what is left;
/// REFUND_ROYALTY_FEE_ERROR for a share of which that much was not given, or not kept; REASON_REFUND_ROYALTY_ERROR and
/// TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH if a royalty party or the seller does not hold what it would give.
pub fn refund(
    trade: &Trade,
    asked: &PaidRefund,
    balances: &Balances,
    by: Actor,
    now: Timestamp,
) -> Result<Refunded, Refusal> {
    check_state(trade)?;
    let left = left(trade);
    let status = next(trade.trade_status, left, asked.amount).filter(|_| asked.amount.is_positive());
    let status = status.ok_or(ErrorCode::RefundTradeFeeError)?;
    let after_left = left.checked_sub(asked.amount).ok_or(ErrorCode::RefundTradeFeeError)?;
    let refunded = trade.refunded.checked_add(asked.amount).ok_or(ErrorCode::RefundTradeFeeError)?;

    let mut after = Trade {
        trade_status: status,
        refund_status: Some(RefundStatus::RefundSuccess),
        refunded,
        ..trade.clone()
    };
    after.gmt.refund = Some(now);
    if status.is_final() {
        after.gmt.close = Some(now);
    }
    let charge = returned_charge(trade, left, after_left)?;
    let seller = Account::User(trade.seller.clone());
    let mut purses = Purses { balances: balances.clone(), postings: Vec::new() };
    if charge.is_positive() {
        purses.give(Account::Fee, seller.clone(), charge, ErrorCode::ReasonRefundChargeErr)?;
    }
    for share in &asked.royalty {
        take_back(&mut after.royalty, share)?;
        let (payer, receiver) = (share.payer.clone(), share.receiver.clone());
        let short = ErrorCode::ReasonRefundRoyaltyError;
        purses.give(Account::User(payer), Account::User(receiver), share.amount, short)?;
    }
    let back = trade.paid_from.clone().unwrap_or_else(|| Account::User(trade.buyer.clone()));
    purses.give(seller, back, asked.amount, ErrorCode::TxnResultAccountBalanceNotEnough)?;

    let mut change = announce(after, Command::RefundPaid, by, now);
    change.clear_deadlines = status.is_final();
    change.journal = Some(Journal { postings: purses.postings });
    Ok(Refunded { change, charge })
}

/// The charge was on all that was not refunded, and is now on less: what is given back adds up to the whole charge when
/// everything is refunded, however the parts were rounded.
fn returned_charge(trade: &Trade, before: Fen, after: Fen) -> Result<Fen, Refusal> {
    let charged = settlement::fee(before, trade.fee_ppm)?;
    let still = settlement::fee(after, trade.fee_ppm)?;
    charged.checked_sub(still).ok_or(Refusal::Wire(ErrorCode::RefundChargeFeeError))
}

/// Notes on the trade's shares that one of them goes back, the earliest first where two accounts have several.
fn take_back(shares: &mut [Royalty], returned: &ReturnedShare) -> Result<(), Refusal> {
    const WRONG: Refusal = Refusal::Wire(ErrorCode::RefundRoyaltyFeeError);
    if !returned.amount.is_positive() {
        return Err(WRONG);
    }
    let mut rest = returned.amount;
    let given = |share: &&mut Royalty| share.receiver == returned.payer && share.payer == returned.receiver;
    for share in shares.iter_mut().filter(given) {
        let kept = share.amount.checked_sub(share.refunded).ok_or(WRONG)?;
        let part = rest.min(kept);
        share.refunded = share.refunded.checked_add(part).ok_or(WRONG)?;
        rest = rest.checked_sub(part).ok_or(WRONG)?;
    }
    if rest == Fen::ZERO { Ok(()) } else { Err(WRONG) }
}

/// What everybody holds while the postings of one refund are made.
struct Purses {
    balances: Balances,
    postings: Vec<Posting>,
}

impl Purses {
    /// One posting, unless a person would give more than it holds.
    fn give(
        &mut self,
        debit: Account,
        credit: Account,
        amount: Fen,
        short: ErrorCode,
    ) -> Result<(), Refusal> {
        if let Account::User(payer) = &debit {
            let left = self.held(payer).checked_sub(amount).filter(|left| *left >= Fen::ZERO).ok_or(short)?;
            self.balances.insert(payer.clone(), left);
        }
        if let Account::User(receiver) = &credit {
            let sum = self.held(receiver).checked_add(amount).ok_or(short)?;
            self.balances.insert(receiver.clone(), sum);
        }
        self.postings.push(Posting { debit, credit, amount });
        Ok(())
    }

    fn held(&self, user: &UserId) -> Fen {
        self.balances.get(user).copied().unwrap_or(Fen::ZERO)
    }
}
