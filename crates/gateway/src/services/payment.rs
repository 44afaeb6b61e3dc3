//! The three payment services: what is asked is checked and kept, and the buyer is sent to the cashier
//! (protocol.md §3.1-3.7, §8.5 items 7 to 11).

use std::net::Ipv4Addr;
use std::sync::Arc;

use danbao_engine::refusal::Refusal;
use danbao_engine::repeat;
use danbao_engine::settlement::Royalty;
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::money::Fen;
use danbao_protocol::service::misfit;
use danbao_protocol::service::payment::{Party, PaymentRequest, PaymentService};

use super::{Call, Refused, contract, standing};
use crate::cashier;
use crate::login;
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
    Ok(accepted.map_err(|code| refused(call, code)))
}

/// A refusal, with the parameter at fault where one can be named, by the finer code if the contract wants those.
fn refused(call: &Call, code: ErrorCode) -> Refused {
    let text = call.params.decode(call.charset);
    let misfit = match (call.service.payment(), &text) {
        (Some(service), Ok(text)) => misfit::finer(code, service, text),
        _ => None,
    };
    let wants_finer = call.partner.terms.fine_error_codes;
    let code = match misfit {
        Some(misfit) if wants_finer => misfit.code,
        None if wants_finer && text.is_err() => ErrorCode::IllegalEncoding,
        _ => code,
    };
    Refused::new(code, Some(call.service), call.charset)
        .with_params(call.params.clone())
        .signed_by(&call.partner)
        .with_parameter(misfit.map(|misfit| misfit.parameter))
}

fn check_and_keep(
    turn: &mut Turn<'_>,
    call: &Call,
    request: PaymentRequest,
) -> Result<Result<StoredRequest, ErrorCode>, Fault> {
    let partner = &call.partner;
    if let Err(code) = check_contract(turn, partner, &request)? {
        return Ok(Err(code));
    }
    if let Err(code) = contract::check_request(turn, call, &request)? {
        return Ok(Err(code));
    }
    let anti_phishing = check_anti_phishing(turn, partner, &request)?;
    if let Err(code) =
        anti_phishing.and_then(|()| contract::check_browser(call, request.direct.exter_invoke_ip.as_deref()))
    {
        return Ok(Err(code));
    }
    for check in [check_etao, check_parties, check_royalty] {
        if let Err(code) = check(turn, partner, &request)? {
            return Ok(Err(code));
        }
    }
    if let Some(first) =
        payment_request::load_by_out_trade_no(turn.tx, &request.partner, &request.out_trade_no)?
    {
        let status = trade::load(turn.tx, &first.trade_no)?.map(|trade| trade.trade_status);
        let again = named_as_before(turn, &first.request, request)?;
        return match repeat::check(&first.request, &again, status) {
            Ok(()) => {
                payment_request::note_repeat(turn.tx, &first.trade_no, turn.now)?;
                Ok(Ok(StoredRequest { asked_at: turn.now, ..first }))
            }
            Err(Refusal::Wire(ErrorCode::TradeDataMatchError)) if partner.terms.fine_error_codes => {
                Ok(Err(difference(call, &first.request, &again)))
            }
            Err(Refusal::Wire(code)) => Ok(Err(code)),
            Err(other) => Err(Fault::invariant(format!("a repeat was refused with {other}"))),
        };
    }
    if let Err(code) = standing::check(turn, &request)? {
        return Ok(Err(code));
    }
    let stored = StoredRequest {
        trade_no: next_trade_no(turn)?,
        secret: turn.memory.entropy.text(26),
        request: Arc::new(request),
        asked_at: turn.now,
    };
    let params = call.params.to_urlencoded();
    payment_request::insert(turn.tx, &stored, params.as_bytes(), turn.now)?;
    Ok(Ok(stored))
}

/// What differs in a repeat, by the finer code if there is one (protocol.md §3.7, §8.6): those of the amount are direct
/// pay's alone. A request with `total_fee` has no price of its own.
fn difference(call: &Call, first: &PaymentRequest, again: &PaymentRequest) -> ErrorCode {
    let has_total = call.params.get("total_fee").is_some_and(|total| !total.is_empty());
    if first.service != again.service {
        ErrorCode::TradeDataMatchError
    } else if first.seller != again.seller {
        ErrorCode::TradeSellerNotMatch
    } else if first.buyer != again.buyer {
        ErrorCode::TradeBuyerNotMatch
    } else if !first.service.is_direct() || first.amount == again.amount {
        ErrorCode::TradeDataMatchError
    } else if first.amount.quantity != again.amount.quantity {
        ErrorCode::TradeQuantityNotMatch
    } else if has_total {
        ErrorCode::TradeTotalfeeNotMatch
    } else {
        ErrorCode::TradePriceNotMatch
    }
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

pub(crate) type Checked = Result<Result<(), ErrorCode>, Fault>;

/// What the contract does not include (protocol.md §8.5 item 7: after the form of the parameters).
fn check_contract(_: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    if !partner.custom_timeouts && !request.timeouts.is_empty() {
        return Ok(Err(ErrorCode::SelfTimeoutNotSupport));
    }
    let enabled = &request.direct.enable_paymethod;
    let is_served = |channel: &String| cashier::CHANNELS.contains(&channel.as_str());
    if !enabled.is_empty() && !enabled.iter().any(is_served) {
        // A cashier without a single way to pay would be a dead end.
        return Ok(Err(ErrorCode::ChannelNotExist));
    }
    Ok(Ok(()))
}

/// Timestamp and client IP (protocol.md §3.3, §3.4): dual trades have the timestamp alone, escrow neither.
fn check_anti_phishing(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let direct = &request.direct;
    let key = direct.anti_phishing_key.as_deref();
    match request.service {
        PaymentService::CreatePartnerTradeByBuyer => return Ok(Ok(())),
        PaymentService::TradeCreateByBuyer => return check_timestamp(turn, partner, key),
        PaymentService::CreateDirectPayByUser => {}
    }
    check_origin(turn, partner, key, direct.exter_invoke_ip.as_deref())
}

/// Timestamp and client IP, where the contract demands them (direct-pay tutorial 5.1: once used, the IP may not be
/// empty).
pub(crate) fn check_origin(
    turn: &mut Turn<'_>,
    partner: &Partner,
    anti_phishing_key: Option<&str>,
    exter_invoke_ip: Option<&str>,
) -> Checked {
    let is_right = |ip: &str| ip.parse::<Ipv4Addr>().is_ok();
    Ok(match check_timestamp(turn, partner, anti_phishing_key)? {
        Ok(()) if partner.anti_phishing && !exter_invoke_ip.is_some_and(is_right) => {
            Err(ErrorCode::IllegalExterInvokeIp)
        }
        checked => checked,
    })
}

fn check_timestamp(turn: &mut Turn<'_>, partner: &Partner, key: Option<&str>) -> Checked {
    let Some(key) = key else {
        let is_missing = partner.anti_phishing;
        return Ok(if is_missing { Err(ErrorCode::IllegalAntiPhishingKey) } else { Ok(()) });
    };
    let Some(issued_at) = anti_phishing::issued_at(turn.tx, key, &partner.partner)? else {
        return Ok(Err(ErrorCode::IllegalAntiPhishingKey));
    };
    let is_old = turn.now.since(issued_at) > turn.config.anti_phishing_key;
    Ok(if is_old { Err(ErrorCode::AntiPhishingKeyTimeout) } else { Ok(()) })
}

/// 商户回传业务参数: direct pay must carry `item_orders_info` for a buyer who came by etao and was signed in there, which
/// the token tells (quick-login tutorial 5). What is in it is the market's affair; its length was checked with its form.
fn check_etao(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let is_missing = request.service.is_direct() && request.direct.item_orders_info.is_none();
    let Some(token) = request.token.as_ref().filter(|_| is_missing) else { return Ok(Ok(())) };
    let held = login::token::load(turn, token, &partner.partner)?;
    Ok(if held.is_some_and(|held| held.is_from_etao) { Err(ErrorCode::IllegalArgument) } else { Ok(()) })
}

/// Seller, then named buyer (protocol.md §8.5 items 9 and 10).
fn check_parties(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let Some(seller) = turn.party(&request.seller)? else {
        return Ok(Err(ErrorCode::SellerNotExist));
    };
    if !partner.sellers.contains(&seller.user_id) {
        return Ok(Err(turn.config.seller_code.code()));
    }
    let Some(buyer) = &request.buyer else { return Ok(Ok(())) };
    match turn.party(buyer)? {
        // A buyer who is named by e-mail may open an account on the way; one named by id must have it.
        None if matches!(buyer, Party::Id(_)) => Ok(Err(ErrorCode::BuyerNotExist)),
        Some(User { user_id, .. }) if user_id == seller.user_id => Ok(Err(ErrorCode::BuyerSellerEqual)),
        _ => Ok(Ok(())),
    }
}

fn check_royalty(turn: &mut Turn<'_>, partner: &Partner, request: &PaymentRequest) -> Checked {
    let agreed = &partner.terms.royalty_receivers;
    let has_agreed = |receiver: &String| agreed.is_empty() || agreed.contains(receiver);
    let found = load_royalty(turn, request)?;
    let mut receivers = request.direct.royalty.iter().map(|share| &share.receiver_email);
    Ok(found.and_then(|_| {
        if receivers.all(has_agreed) { Ok(()) } else { Err(ErrorCode::RoyaltyReceiverNotInSpecifiedAccounts) }
    }))
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
