//! 担保交易, `create_partner_trade_by_buyer`: what it asks for beyond the common ground (protocol.md §3.2).

use crate::error_code::ErrorCode;
use crate::service::fields::Fields;
use crate::service::payment::{DirectTerms, Terms};
use crate::service::{amount, logistics, timeouts};

/// 1 goods; 01 goods, 02 settlement by red packet, 04 goods shipped by themselves.
const PAYMENT_TYPES: &[&str] = &["1", "01", "02", "04"];

/// Reads what belongs to this service.
pub(super) fn read(fields: Fields<'_>) -> Result<Terms, ErrorCode> {
    read_escrow(fields, PAYMENT_TYPES)
}

/// Escrow terms, which dual trades share.
pub(super) fn read_escrow(fields: Fields<'_>, payment_types: &[&str]) -> Result<Terms, ErrorCode> {
    let payment_type = fields.0.get("payment_type").ok_or(ErrorCode::IllegalPaymentType)?;
    fields.one_of("payment_type", payment_types, ErrorCode::IllegalPaymentType)?;
    let receive = logistics::read_receive(fields)?;
    let logistics = logistics::read(fields.0)?;
    Ok(Terms {
        payment_type: payment_type.to_owned(),
        amount: amount::read_escrow(fields.0, &logistics)?,
        logistics,
        receive,
        timeouts: timeouts::read(fields.0)?,
        token: fields.token()?,
        direct: DirectTerms::default(),
    })
}
