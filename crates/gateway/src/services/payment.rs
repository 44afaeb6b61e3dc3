//! The three payment services: what is asked is checked and kept, and the buyer is sent to the cashier
//! (protocol.md §3.1-3.7, §8.5 items 7 to 11).

use std::net::Ipv4Addr;
use std::sync::Arc;

use danbao_engine::refusal::Refusal;
use danbao_engine::repeat;
use danbao_engine::settlement::Royalty;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{Party, PaymentRequest, PaymentService};

use super::{Call, Refused};
use crate::fault::Fault;
use crate::rows::anti_phishing;
use crate::rows::partner::Partner;
use crate::rows::payment_request::{self, StoredRequest};
use crate::rows::trade;
use crate::rows::users::User;
use crate::turn::Turn;

/// Checks a payment request and keeps it; the same request again leads to the same cashier page.
pub(crate) fn accept(turn: &mut Turn<'_>, call: &Call) -> Result<Result<StoredRequest, Refused>, Fault> {
    let accepted = match PaymentRequest::parse(&call.params, call.charset) {
        Ok(request) => check_and_keep(turn, call, request)?,
        Err(code) => Err(code),
    };
    Ok(accepted.map_err(|code| {
        Refused::new(code, Some(call.service), call.charset).with_params(call.params.clone())
    }))
}

fn check_and_keep(
    turn: &mut Turn<'_>,
    call: &Call,
    request: PaymentRequest,
) -> Result<Result<StoredRequest, ErrorCode>, Fault> {
    let checks = [check_contract, check_anti_phishing, check_parties, check_royalty];
    for check in checks {
        if let Err(code) = check(turn, &call.partner, &request)? {
            return Ok(Err(code));
        }
    }
    if let Some(first) =
        payment_request::load_by_out_trade_no(turn.tx, &request.partner, &request.out_trade_no)?
    {
        let status = trade::load(turn.tx, &first.trade_no)?.map(|trade| trade.trade_status);
        let again = named_as_before(turn, &first.request, request)?;
        return match repeat::check(&first.request, &again, status) {
            Ok(()) => Ok(Ok(first)),
            Err(Refusal::Wire(code)) => Ok(Err(code)),
            Err(other) => Err(Fault::invariant(format!("a repeat was refused with {other}"))),
        };
    }
    let stored = StoredRequest {
        trade_no: next_trade_no(turn)?,
        secret: turn.memory.entropy.text(26),
        request: Arc::new(request),
    };
    let params = call.params.to_urlencoded();
    payment_request::insert(turn.tx, &stored, params.as_bytes(), turn.now)?;
    Ok(Ok(stored))
}

/// The repeat with its parties named as the first request named them, where they are the same people: by e-mail once and
/// by id the next time is no other seller.
fn named_as_before(
    turn: &mut Turn<'_>,
    first: &PaymentRequest,
    again: PaymentRequest,
) -> Result<PaymentRequest, Fault> {
    let mut named = again;
    if is_same(turn, &first.seller, &named.seller)? {
        named.seller = first.seller.clone();
    }
    if let (Some(before), Some(now)) = (&first.buyer, &named.buyer)
        && is_same(turn, before, now)?
    {
        named.buyer = first.buyer.clone();
    }
    Ok(named)
}

fn is_same(turn: &mut Turn<'_>, one: &Party, other: &Party) -> Result<bool, Fault> {
    let (one, other) = (turn.party(one)?, turn.party(other)?);
    Ok(one.is_some() && one == other)
}

/// 16 digits, the date first (protocol.md §4.1).
pub(crate) fn next_trade_no(turn: &mut Turn<'_>) -> Result<TradeNo, Fault> {
    let number = turn.number("trade")?;
    Ok(TradeNo::new(format!("{}{:08}", turn.now.wire_day(), number.rem_euclid(100_000_000))))
}

type Checked = Result<Result<(), ErrorCode>, Fault>;

/// What the contract does not include (protocol.md §8.5 item 7: after the form of the parameters).
fn check_contract(_: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    if !partner.custom_timeouts && !request.timeouts.is_empty() {
        return Ok(Err(ErrorCode::SelfTimeoutNotSupport));
    }
    Ok(Ok(()))
}

/// Timestamp and client IP, where the contract demands them (protocol.md §3.3; direct-pay tutorial 5.1: once used,
/// the IP may not be empty).
fn check_anti_phishing(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let direct = &request.direct;
    if request.service != PaymentService::CreateDirectPayByUser {
        return Ok(Ok(()));
    }
    match &direct.anti_phishing_key {
        Some(key) => {
            let Some(issued_at) = anti_phishing::issued_at(turn.tx, key, &partner.partner)? else {
                return Ok(Err(ErrorCode::IllegalAntiPhishingKey));
            };
            if turn.now.since(issued_at) > turn.config.anti_phishing_key {
                return Ok(Err(ErrorCode::AntiPhishingKeyTimeout));
            }
        }
        None if partner.anti_phishing => return Ok(Err(ErrorCode::IllegalAntiPhishingKey)),
        None => {}
    }
    let ip = direct.exter_invoke_ip.as_deref();
    let is_wrong = ip.is_some_and(|ip| ip.parse::<Ipv4Addr>().is_err());
    if partner.anti_phishing && (is_wrong || ip.is_none()) {
        return Ok(Err(ErrorCode::IllegalExterInvokeIp));
    }
    Ok(Ok(()))
}

/// Seller, then named buyer (protocol.md §8.5 items 9 and 10).
fn check_parties(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let Some(seller) = turn.party(&request.seller)? else {
        return Ok(Err(ErrorCode::SellerNotExist));
    };
    if !partner.sellers.contains(&seller.user_id) {
        return Ok(Err(ErrorCode::SellerNotInSpecifiedSellers));
    }
    let Some(buyer) = &request.buyer else { return Ok(Ok(())) };
    match turn.party(buyer)? {
        // A buyer who is named by e-mail may open an account on the way; one named by id must have it.
        None if matches!(buyer, Party::Id(_)) => Ok(Err(ErrorCode::BuyerNotExist)),
        Some(User { user_id, .. }) if user_id == seller.user_id => Ok(Err(ErrorCode::BuyerSellerEqual)),
        _ => Ok(Ok(())),
    }
}

fn check_royalty(turn: &mut Turn<'_>, _: &Partner, request: &PaymentRequest) -> Checked {
    Ok(load_royalty(turn, request)?.map(|_| ()))
}

/// The request's royalty shares with their parties looked up (protocol.md §3.10).
pub(crate) fn load_royalty(
    turn: &mut Turn<'_>,
    request: &PaymentRequest,
) -> Result<Result<Vec<Royalty>, ErrorCode>, Fault> {
    let mut shares = Vec::with_capacity(request.direct.royalty.len());
    for share in &request.direct.royalty {
        let payer = match &share.payer_email {
            Some(email) => turn.user_by_email(email)?,
            None => turn.party(&request.seller)?,
        };
        let Some(payer) = payer else { return Ok(Err(ErrorCode::RoyaltyPayEmailNotExist)) };
        let Some(receiver) = turn.user_by_email(&share.receiver_email)? else {
            return Ok(Err(ErrorCode::RoyaltyReceiveEmailNotExist));
        };
        if payer.user_id == receiver.user_id {
            return Ok(Err(ErrorCode::RoyaltyForamtError));
        }
        shares.push(Royalty {
            payer: payer.user_id,
            receiver: receiver.user_id,
            amount: share.amount,
            memo: share.memo.clone(),
            refunded: Fen::ZERO,
        });
    }
    Ok(Ok(shares))
}
