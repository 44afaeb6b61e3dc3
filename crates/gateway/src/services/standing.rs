//! Whether the accounts of a new direct payment may take part in it (protocol.md §3.3, §3.10). A request that was
//! accepted stays accepted: what happens to an account afterwards is the payment's business (§5.6 TRADE_PENDING).

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::service::payment::PaymentRequest;

use crate::turn::Turn;

/// Seller first, then the royalty's parties in their order. An account that is not there was refused before.
pub(super) fn check(turn: &mut Turn<'_>, request: &PaymentRequest) -> Result<Result<(), ErrorCode>, Fault> {
    if !request.service.is_direct() {
        return Ok(Ok(()));
    }
    let Some(seller) = turn.party(&request.seller)? else { return Ok(Err(ErrorCode::SellerNotExist)) };
    let has_royalty = !request.direct.royalty.is_empty();
    if seller.is_frozen {
        let code = if has_royalty {
            ErrorCode::RoyaltySellerEnableStatusForbid
        } else {
            ErrorCode::SellerEnableStatusForbid
        };
        return Ok(Err(code));
    }
    if has_royalty && !seller.is_certified {
        return Ok(Err(ErrorCode::RoyaltySellerNotCertify));
    }
    for share in &request.direct.royalty {
        let Some(receiver) = turn.user_by_email(&share.receiver_email)? else { continue };
        if receiver.is_frozen {
            return Ok(Err(ErrorCode::RoyaltySellerEnableStatusForbid));
        }
        if !receiver.is_certified {
            return Ok(Err(ErrorCode::RoyaltyReceiveEmailNotCertify));
        }
    }
    Ok(Ok(()))
}
