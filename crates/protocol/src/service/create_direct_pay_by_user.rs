//! 即时到账, `create_direct_pay_by_user`: what it asks for beyond the common ground (protocol.md §3.3).
//!
//! It has no carriage and no delivery address; shops that send them all the same are not refused.

use crate::error_code::ErrorCode;
use crate::service::fields::Fields;
use crate::service::payment::{CustomTimeouts, DirectTerms, Terms};
use crate::service::{amount, bank, extend_param, royalty, timeouts};

/// The ways to pay by their canonical spelling; shops of the time did not agree on letter case.
pub(super) const PAYMETHODS: &[&str] = &["directPay", "bankPay", "cartoon", "CASH", "creditPay"];

/// Characters of `enable_paymethod`.
pub(super) const CHANNELS_CHARS_MAX: usize = 400;
/// The channels of `enable_paymethod` by their canonical spelling: those of 2011, then those that came later
/// (protocol.md §3.3).
const CHANNELS: &[&str] = &[
    "directPay",
    "bankPay",
    "cartoon",
    "cash",
    "creditPay",
    "creditCardExpress",
    "debitCardExpress",
    "coupon",
    "point",
    "voucher",
    "credit_group",
];

/// Reads what belongs to this service.
pub(super) fn read(fields: Fields<'_>) -> Result<Terms, ErrorCode> {
    // The default of the table; the other services have none.
    let payment_type = fields.0.get("payment_type").unwrap_or("1");
    fields.one_of("payment_type", &["1"], ErrorCode::IllegalPaymentType)?;
    Ok(Terms {
        payment_type: payment_type.to_owned(),
        amount: amount::read_direct(fields.0)?,
        logistics: Vec::new(),
        receive: None,
        timeouts: CustomTimeouts {
            it_b_pay: timeouts::read_it_b_pay(fields.0)?,
            ..CustomTimeouts::default()
        },
        token: fields.token()?,
        direct: read_terms(fields)?,
    })
}

fn read_terms(fields: Fields<'_>) -> Result<DirectTerms, ErrorCode> {
    let royalty = royalty::read(fields.0)?;
    let (paymethod, defaultbank) = read_paymethod(fields)?;
    fields.one_of("need_ctu_check", &["Y", "N"], ErrorCode::NeedCtuCheckParameterError)?;
    fields.one_of("default_login", &["Y", "N"], ErrorCode::IllegalArgument)?;
    Ok(DirectTerms {
        paymethod,
        defaultbank,
        enable_paymethod: read_enable_paymethod(fields)?,
        royalty,
        anti_phishing_key: fields.owned("anti_phishing_key", 512)?,
        exter_invoke_ip: read_exter_invoke_ip(fields)?,
        extra_common_param: read_extra_common_param(fields)?,
        extend_param: extend_param::read(fields)?,
        error_notify_url: fields.url("error_notify_url", 200)?,
        item_orders_info: fields.owned("item_orders_info", 40_000)?,
    })
}

/// The channels that the cashier is to show, joined with `^`; one that no list has does not exist.
fn read_enable_paymethod(fields: Fields<'_>) -> Result<Vec<String>, ErrorCode> {
    let list = fields.optional("enable_paymethod", CHANNELS_CHARS_MAX)?.unwrap_or_default();
    let canonical = |asked: &str| CHANNELS.iter().find(|known| known.eq_ignore_ascii_case(asked));
    let channels = list.split('^').filter(|asked| !asked.is_empty());
    let channel = |asked| canonical(asked).map(|known| (*known).to_owned()).ok_or(ErrorCode::ChannelNotExist);
    channels.map(channel).collect()
}

fn read_paymethod(fields: Fields<'_>) -> Result<(Option<String>, Option<String>), ErrorCode> {
    let canonical = |asked: &str| PAYMETHODS.iter().find(|known| known.eq_ignore_ascii_case(asked));
    let paymethod = match fields.0.get("paymethod") {
        None => None,
        Some(asked) => Some(*canonical(asked).ok_or(ErrorCode::IllegalArgument)?),
    };
    let defaultbank = fields.0.get("defaultbank");
    let bank_is_missing = paymethod == Some("bankPay") && defaultbank.is_none();
    if bank_is_missing || defaultbank.is_some_and(|code| !bank::is_known(code)) {
        return Err(ErrorCode::DefaultBankInvalid);
    }
    Ok((paymethod.map(str::to_owned), defaultbank.map(str::to_owned)))
}

/// Kept even when it is empty, which is not the same as absent; whether it must be there depends on the contract.
fn read_exter_invoke_ip(fields: Fields<'_>) -> Result<Option<String>, ErrorCode> {
    fields.exter_invoke_ip()?;
    Ok(fields.0.get_even_empty("exter_invoke_ip").map(str::to_owned))
}

fn read_extra_common_param(fields: Fields<'_>) -> Result<Option<String>, ErrorCode> {
    match fields.owned("extra_common_param", 100) {
        Ok(Some(value)) if value.contains(['=', '&']) => Err(ErrorCode::IllegalExtraCommonParam),
        Err(_) => Err(ErrorCode::IllegalExtraCommonParam),
        Ok(value) => Ok(value),
    }
}
