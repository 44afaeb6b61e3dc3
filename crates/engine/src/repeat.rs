//! The same order number again (protocol.md §3.7).

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::status::TradeStatus;

use crate::refusal::Refusal;

/// Whether a repeated request may go on to the cashier of the first one. Texts and addresses may differ, the first
/// ones stay; what the buyer agrees to may not.
///
/// # Errors
/// `TRADE_NOT_ALLOWED_PAY` if the trade is paid or closed, before `TRADE_DATA_MATCH_ERROR` if service, seller, named
/// buyer, amounts, logistics, time-outs or royalty differ (protocol.md §8.5 item 11).
pub fn check(
    first: &PaymentRequest,
    again: &PaymentRequest,
    status: Option<TradeStatus>,
) -> Result<(), Refusal> {
    if status.is_some_and(|status| status != TradeStatus::WaitBuyerPay) {
        return Err(ErrorCode::TradeNotAllowedPay.into());
    }
    let agrees = first.service == again.service
        && first.seller == again.seller
        && first.buyer == again.buyer
        && first.amount == again.amount
        && first.logistics == again.logistics
        && first.timeouts == again.timeouts
        && first.direct.royalty == again.direct.royalty;
    if agrees { Ok(()) } else { Err(ErrorCode::TradeDataMatchError.into()) }
}
