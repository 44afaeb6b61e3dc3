//! What is to be paid, and the rules that amounts keep (protocol.md §3.5, §9).

use std::ops::RangeInclusive;

use crate::error_code::ErrorCode;
use crate::money::{Fen, FenError};
use crate::params::Text;
use crate::service::payment::{Amount, LogisticsGroup};

/// 1,000,000.00 yuan: no price and no total of an escrow trade is above it.
pub const ESCROW_MAX: Fen = Fen(100_000_000);
/// 100,000,000.00 yuan: no total of a direct payment is above it, and no discount of any trade beyond it.
pub const DIRECT_MAX: Fen = Fen(10_000_000_000);

const CENT: Fen = Fen(1);

/// Reads price, quantity, discount and the optional total of an escrow or dual trade.
///
/// The total may be absent, zero, the goods with their discount, or these with the carriage of one of the groups;
/// the documents disagree whether it includes carriage, and what is paid is computed here anyway.
pub(super) fn read_escrow(text: &Text, logistics: &[LogisticsGroup]) -> Result<Amount, ErrorCode> {
    let price = text.get("price").ok_or(ErrorCode::IllegalArgument)?;
    let quantity = text.get("quantity").ok_or(ErrorCode::IllegalArgument)?;
    let amount = Amount {
        price: within(Fen::parse(price), CENT..=ESCROW_MAX)?,
        quantity: parse_quantity(quantity)?,
        discount: match text.get("discount") {
            None => Fen::ZERO,
            Some(discount) => within(Fen::parse_signed(discount), Fen(-DIRECT_MAX.0)..=DIRECT_MAX)?,
        },
    };
    let goods = amount.goods_total().ok_or(ErrorCode::TotalFeeGreaterThanMax)?;
    for group in logistics {
        let payable = amount.payable(Some(group)).ok_or(ErrorCode::TotalFeeGreaterThanMax)?;
        check_total(payable)?;
    }
    if let Some(total_fee) = text.get("total_fee") {
        let total_fee = within(Fen::parse(total_fee), Fen::ZERO..=Fen(i64::MAX))?;
        let with_carriage =
            |group: &LogisticsGroup| goods.checked_add(group.logistics_fee) == Some(total_fee);
        if total_fee != Fen::ZERO && total_fee != goods && !logistics.iter().any(with_carriage) {
            return Err(ErrorCode::IllegalFeeParam);
        }
    }
    Ok(amount)
}

/// Reads `total_fee`, or `price` and `quantity`, of a direct payment; both ways at once contradict each other.
pub(super) fn read_direct(text: &Text) -> Result<Amount, ErrorCode> {
    let (total_fee, price, quantity) = (text.get("total_fee"), text.get("price"), text.get("quantity"));
    let (price, quantity) = match (total_fee, price, quantity) {
        (Some(total_fee), None, None) => (Fen::parse(total_fee), 1),
        (None, Some(price), Some(quantity)) => (Fen::parse(price), parse_quantity(quantity)?),
        (Some(_), _, _) => return Err(ErrorCode::IllegalFeeParam),
        (None, _, _) => return Err(ErrorCode::IllegalArgument),
    };
    let price = within(price, Fen::ZERO..=DIRECT_MAX)?;
    if price == Fen::ZERO {
        return Err(ErrorCode::TotalFeeLessequalZero);
    }
    let amount = Amount { price, quantity, discount: Fen::ZERO };
    match amount.goods_total() {
        Some(total) if total <= DIRECT_MAX => Ok(amount),
        _ => Err(ErrorCode::IllegalFeeParam),
    }
}

fn check_total(payable: Fen) -> Result<(), ErrorCode> {
    if !payable.is_positive() {
        Err(ErrorCode::TotalFeeLessequalZero)
    } else if payable > ESCROW_MAX {
        Err(ErrorCode::TotalFeeGreaterThanMax)
    } else {
        Ok(())
    }
}

fn within(amount: Result<Fen, FenError>, range: RangeInclusive<Fen>) -> Result<Fen, ErrorCode> {
    amount.ok().filter(|amount| range.contains(amount)).ok_or(ErrorCode::IllegalFeeParam)
}

/// A natural number: `1`, never `1.0`.
fn parse_quantity(text: &str) -> Result<i64, ErrorCode> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|&count: &i64| plain && count > 0).ok_or(ErrorCode::IllegalArgument)
}
