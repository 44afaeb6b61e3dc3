//! Who gets what when a seller is paid: the seller's money, the platform's fee, the royalty shares
//! (protocol.md §3.10).

use std::collections::BTreeMap;

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::money::Fen;

use crate::change::Posting;
use crate::chart::Account;
use crate::refusal::Refusal;
use crate::trade::Trade;

/// One agreed share of the seller's money, its parties already known to the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Royalty {
    /// Who gives: the seller, or the receiver of an earlier share.
    pub payer: UserId,
    /// Who takes.
    pub receiver: UserId,
    /// How much; more than zero.
    pub amount: Fen,
    /// Free text of the request.
    pub memo: String,
    /// How much of it has been given back with refunds.
    pub refunded: Fen,
}

/// The postings that pay the seller `amount` out of `source`, then the fee on it, then the shares in their order.
///
/// # Errors
/// `NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT` if a party would give more than it gets (protocol.md §3.10);
/// `ILLEGAL_FEE_PARAM` on overflow.
pub fn pay_seller(trade: &Trade, source: Account, amount: Fen) -> Result<Vec<Posting>, Refusal> {
    let fee = fee(amount, trade.fee_ppm)?;
    let seller = Account::User(trade.seller.clone());
    let mut postings = vec![Posting { debit: source, credit: seller.clone(), amount }];
    if fee.is_positive() {
        postings.push(Posting { debit: seller, credit: Account::Fee, amount: fee });
    }
    let income = amount.checked_sub(fee).ok_or(ErrorCode::IllegalFeeParam)?;
    check_royalty(&trade.seller, income, &trade.royalty)?;
    postings.extend(trade.royalty.iter().map(|share| Posting {
        debit: Account::User(share.payer.clone()),
        credit: Account::User(share.receiver.clone()),
        amount: share.amount,
    }));
    Ok(postings)
}

/// The platform's charge on a total at a rate in parts per million, rounded half up.
///
/// # Errors
/// `ILLEGAL_FEE_PARAM` on overflow.
pub fn fee(total: Fen, fee_ppm: i64) -> Result<Fen, Refusal> {
    total.share_ppm(fee_ppm).filter(|fee| *fee <= total).ok_or(Refusal::Wire(ErrorCode::IllegalFeeParam))
}

/// Checks that nobody gives away more of this trade's money than it has brought them so far.
///
/// # Errors
/// `NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT`.
pub fn check_royalty(seller: &UserId, income: Fen, shares: &[Royalty]) -> Result<(), Refusal> {
    let over = Refusal::Wire(ErrorCode::NavigationIncomeOfRoyaltyAccount);
    let mut held: BTreeMap<&UserId, Fen> = BTreeMap::from([(seller, income)]);
    for share in shares {
        let payer = held.get(&share.payer).copied().unwrap_or(Fen::ZERO);
        let left = payer.checked_sub(share.amount).filter(|left| *left >= Fen::ZERO).ok_or(over)?;
        held.insert(&share.payer, left);
        let receiver = held.get(&share.receiver).copied().unwrap_or(Fen::ZERO);
        held.insert(&share.receiver, receiver.checked_add(share.amount).ok_or(over)?);
    }
    Ok(())
}
