//! 标准双接口, `trade_create_by_buyer`: the escrow terms and the anti-phishing key (protocol.md §3.4).
//!
//! Carriage is required although the buyer may choose to pay at once, and the total keeps the escrow ceiling
//! whichever way is chosen later.

use crate::error_code::ErrorCode;
use crate::service::create_partner_trade_by_buyer::read_escrow;
use crate::service::fields::Fields;
use crate::service::payment::{DirectTerms, Terms};

/// Goods only.
const PAYMENT_TYPES: &[&str] = &["1"];

/// Reads what belongs to this service.
pub(super) fn read(fields: Fields<'_>) -> Result<Terms, ErrorCode> {
    let terms = read_escrow(fields, PAYMENT_TYPES)?;
    let anti_phishing_key = fields.owned("anti_phishing_key", 512)?;
    Ok(Terms { direct: DirectTerms { anti_phishing_key, ..DirectTerms::default() }, ..terms })
}
