//! The interface `gateway.do`: who calls, may they, and what is it.
//!
//! The checks run in one fixed order (protocol.md §8.5), so that each code is raised by its own cause:
//! service, charset, partner, signature type, signature, contract; then each service checks its own parameters.

mod close_trade;
mod contract;
mod error_notice;
mod notify_verify;
pub(crate) mod payment;
mod query_timestamp;
mod refund_fastpay_by_platform;
mod refused;
mod send_goods_confirm_by_platform;
mod single_trade_query;
mod standing;

pub(crate) use contract::{Asker, check_browser};
pub(crate) use error_notice::owe as owe_error_notice;
pub(crate) use notify_verify::notify_query;
pub(crate) use refused::Refused;

use std::sync::Arc;

use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::reply::{self, Success};
use danbao_protocol::service::Service;
use danbao_protocol::service::single_trade_query::TradeRef;
use danbao_protocol::sign::{self, Leniency, SignType, Signer};
use http::header::CONTENT_TYPE;

use crate::login;
use crate::message::fit;
use crate::rows::key::StoredKey;
use crate::rows::partner::Partner;
use crate::rows::{self, payment_request};
use crate::turn::Turn;

/// A call whose caller is known and allowed.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) partner: Arc<Partner>,
    /// What its answer is signed with.
    pub(crate) signer: Arc<Signer>,
    pub(crate) charset: Charset,
    pub(crate) params: Params,
    /// Where it comes from; `None` if it came over no wire (the sandbox's headless buyer).
    pub(crate) asker: Option<Asker>,
}

/// The parameters of a request to the interface, from query and body.
pub(crate) fn receive(request: &Request) -> Result<Params, ErrorCode> {
    let query = request.uri().query().unwrap_or("").as_bytes();
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(Params::receive(query, content_type, request.body())?)
}

/// `/gateway.do`.
pub(crate) fn gateway_do(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let params = match receive(request) {
        Ok(params) => params,
        Err(code) => return Refused::new(code, None, Charset::Utf8).respond(turn, request),
    };
    let service = service_of(&params);
    if service == Some(Service::NotifyVerify) {
        return notify_verify::answer(turn, &params);
    }
    match dispatch(turn, request, params, service)? {
        Ok(response) => Ok(response),
        Err(refused) => {
            error_notice::owe(turn, &refused)?;
            refused.respond(turn, request)
        }
    }
}

/// A service's answer: a lawful no is a value, a fault is not.
pub(crate) type Answer = Result<Result<Response, Refused>, Fault>;

fn dispatch(turn: &mut Turn<'_>, request: &Request, params: Params, service: Option<Service>) -> Answer {
    let call = match admit(turn, params, service, Some(Asker::of(request)))? {
        Ok(call) => call,
        Err(refused) => return Ok(Err(refused)),
    };
    match call.service {
        Service::CreateDirectPayByUser | Service::CreatePartnerTradeByBuyer | Service::TradeCreateByBuyer => {
            match payment::accept(turn, &call)? {
                Ok(stored) => crate::cashier::enter(turn, request, &call, &stored).map(Ok),
                Err(refused) => Ok(Err(refused)),
            }
        }
        Service::SendGoodsConfirmByPlatform => send_goods_confirm_by_platform::answer(turn, &call),
        Service::QueryTimestamp => query_timestamp::answer(turn, &call),
        Service::SingleTradeQuery => single_trade_query::answer(turn, &call),
        Service::CloseTrade => close_trade::answer(turn, &call),
        Service::RefundFastpayByPlatformPwd | Service::RefundFastpayByPlatformNopwd => {
            refund_fastpay_by_platform::answer(turn, &call)
        }
        Service::AlipayAuthAuthorize | Service::UserLogisticsAddressQuery => login::arrive(turn, &call),
        Service::NotifyVerify => Err(Fault::invariant("notify_verify is answered before")),
    }
}

fn service_of(params: &Params) -> Option<Service> {
    Service::from_wire(std::str::from_utf8(params.get("service")?).ok()?)
}

/// Checks 1 to 6 of protocol.md §8.5.
pub(crate) fn admit(
    turn: &mut Turn<'_>,
    params: Params,
    service: Option<Service>,
    asker: Option<Asker>,
) -> Result<Result<Call, Refused>, Fault> {
    let Some(service) = service else {
        let charset = params.charset().unwrap_or_default();
        return Ok(Err(Refused::new(ErrorCode::IllegalService, None, charset).with_params(params)));
    };
    let charset = match params.charset() {
        Ok(charset) => charset,
        Err(error) => {
            return Ok(Err(Refused::new(error.into(), Some(service), Charset::Utf8).with_params(params)));
        }
    };
    let no = |code: ErrorCode, params: Params| {
        Ok(Err(Refused::new(code, Some(service), charset).with_params(params)))
    };
    let Some(partner) = caller(turn, &params)? else { return no(ErrorCode::IllegalPartner, params) };
    let signer = match authenticate(turn, &partner, service, &params)? {
        Ok(signer) => signer,
        Err(code) => return no(code, params),
    };
    if !partner.services.contains(&service) {
        let refused = Refused::new(ErrorCode::HasNoPrivilege, Some(service), charset).with_params(params);
        return Ok(Err(refused.signed_by(&partner)));
    }
    let call = Call { service, partner, signer, charset, params, asker };
    if let Err(code) = contract::check_call(&call) {
        return Ok(Err(call.refused(code)));
    }
    match planned_refusal(turn, &call)? {
        Some(code) => Ok(Err(call.refused(code).planned())),
        None => Ok(Ok(call)),
    }
}

/// Checks 4 and 5: any key of the kind that is not retired will do. Gives what the answer is signed with, of the same
/// kind, so that whoever signs with RSA need not know of MD5; a shared key is the very one that the caller has used.
fn authenticate(
    turn: &mut Turn<'_>,
    partner: &Partner,
    service: Service,
    params: &Params,
) -> Result<Result<Arc<Signer>, ErrorCode>, Fault> {
    let has_sign = params.get("sign").is_some_and(|sign| !sign.is_empty());
    if !service.must_be_signed() && !has_sign {
        let kinds = || partner.keys.iter().map(|stored| stored.sign_type);
        let usual = kinds().find(|kind| *kind == SignType::Md5).or_else(|| kinds().next());
        let signer = turn.signer(partner, usual.unwrap_or(SignType::Md5))?;
        return Ok(signer.ok_or(ErrorCode::IllegalSecurityProfile));
    }
    let Some(sign_type) = sign_type_of(params) else { return Ok(Err(ErrorCode::IllegalSignType)) };
    let accepted = partner.accepted(sign_type, turn.now);
    if accepted.is_empty() {
        // The quick login has a word of its own for a public key that was never brought (protocol.md §8.3).
        let is_login = service == Service::AlipayAuthAuthorize && sign_type != SignType::Md5;
        let code = if is_login { ErrorCode::HasNoPublickey } else { ErrorCode::IllegalSecurityProfile };
        return Ok(Err(code));
    }
    let has_signed = |stored: &&&StoredKey| {
        let verifier = stored.key.verifier(sign_type);
        verifier.is_some_and(|verifier| sign::verify(params, &verifier, &Leniency::default()).is_ok())
    };
    let Some(used) = accepted.iter().find(has_signed) else { return Ok(Err(ErrorCode::IllegalSign)) };
    turn.note_use(&partner.partner, used)?;
    match used.key.signer(sign_type) {
        Some(shared) => Ok(Ok(Arc::new(shared))),
        None => Ok(turn.signer(partner, sign_type)?.ok_or(ErrorCode::IllegalSecurityProfile)),
    }
}

/// What a test has asked for ahead, in a sandbox (protocol.md §8.7).
fn planned_refusal(turn: &mut Turn<'_>, call: &Call) -> Result<Option<ErrorCode>, Fault> {
    if !turn.config.is_sandbox {
        return Ok(None);
    }
    rows::planned_refusal::take(turn.tx, &call.partner.partner, call.service)
}

fn caller(turn: &mut Turn<'_>, params: &Params) -> Result<Option<Arc<Partner>>, Fault> {
    let id = params.get("partner").and_then(|id| std::str::from_utf8(id).ok());
    let Some(id) = id.map(PartnerId::new).filter(PartnerId::is_well_formed) else { return Ok(None) };
    turn.partner(&id)
}

fn sign_type_of(params: &Params) -> Option<SignType> {
    SignType::from_wire(std::str::from_utf8(params.get("sign_type")?).ok()?)
}

impl Call {
    /// A refusal of this call.
    pub(crate) fn refused(&self, code: ErrorCode) -> Refused {
        let refused = Refused::new(code, Some(self.service), self.charset);
        refused.with_params(self.params.clone()).signed_by(&self.partner)
    }
}

/// The XML answer of a call that was carried out, signed as the call was.
fn success(
    call: &Call,
    element: &'static str,
    children: &[(&'static str, String)],
) -> Result<Vec<u8>, Fault> {
    let request = call.params.decode(call.charset).map_err(|error| Fault::invariant(error.to_string()))?;
    let children: Vec<(&'static str, String)> =
        children.iter().map(|(name, value)| (*name, fit(call.charset, value))).collect();
    let answer = Success { request: &request, element, children: &children };
    reply::success(&answer, call.charset, &call.signer).map_err(|error| Fault::invariant(error.to_string()))
}

/// The partner's own trade; somebody else's does not exist for it (protocol.md §7.1).
fn find_trade(turn: &mut Turn<'_>, call: &Call, trade: &TradeRef) -> Result<Option<Trade>, Fault> {
    let trade_no = match trade {
        TradeRef::TradeNo(trade_no) => Some(trade_no.clone()),
        TradeRef::OutTradeNo(out_trade_no) => {
            let found = payment_request::load_trade_nos(turn.tx, Some(&call.partner.partner), out_trade_no)?;
            found.into_iter().next()
        }
    };
    let Some(trade_no) = trade_no else { return Ok(None) };
    let trade = rows::trade::load(turn.tx, &trade_no)?;
    Ok(trade.filter(|trade| trade.request.partner == call.partner.partner))
}
