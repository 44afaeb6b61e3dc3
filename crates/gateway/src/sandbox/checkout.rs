//! A headless buyer: goes through the cashier for a signed URL, as a browser would, and says where it would be sent.

use danbao_engine::machine::Choice;
use danbao_engine::trade::Mode;
use danbao_node::Fault;
use danbao_protocol::ids::UserId;
use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::service::Service;
use danbao_protocol::service::bank;
use danbao_protocol::service::payment::Receive;
use danbao_region::Code;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Problem, read};
use crate::cashier::{self, Checkout, Source};
use crate::rows::address::{self, Address};
use crate::rows::payment_request::StoredRequest;
use crate::rows::trade;
use crate::rows::users::User;
use crate::services::{self, Refused, payment};
use crate::turn::Turn;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// The signed address of `gateway.do` that the merchant made.
    url: String,
    /// E-mail address or user id.
    buyer: String,
    /// `escrow` or `direct`; listened to by dual trades alone.
    #[serde(default)]
    mode: Option<String>,
    /// `balance` or `bank`.
    #[serde(default)]
    method: Option<String>,
    /// Code of the bank.
    #[serde(default)]
    bank: Option<String>,
    /// Index of the logistics group.
    #[serde(default)]
    logistics: usize,
    /// Whether to stop at the cashier with the trade unpaid.
    #[serde(default)]
    stop_unpaid: bool,
}

/// `POST /checkout`.
pub(super) fn run(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let body: Body = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(buyer) = find_user(turn, &body.buyer)? else { return Ok(Err(Problem::not_found("such buyer"))) };
    let wish = body.mode.as_deref().map(Mode::from_name);
    let source = match body.method.as_deref() {
        None | Some("balance") => Some(Source::Balance),
        Some("bank") => Some(body.bank.as_deref().unwrap_or("ICBCB2C"))
            .filter(|code| bank::is_known(code))
            .map(|code| Source::Bank(code.to_owned())),
        Some(_) => None,
    };
    let (Some(source), false) = (source, wish == Some(None)) else {
        let detail = "mode is escrow or direct, method is balance or bank, bank is a code as on the wire";
        return Ok(Err(Problem::unprocessable("choice_unknown", detail)));
    };
    let stored = match accept(turn, &body.url)? {
        Ok(stored) => stored,
        Err(code) => return Ok(Ok(json!({ "error_code": code }))),
    };
    let choice = Choice { mode: wish.flatten(), logistics: body.logistics, receive: None };
    buy(turn, &stored, &buyer, choice, source, body.stop_unpaid)
}

/// A user by e-mail address or id.
pub(super) fn find_user(turn: &mut Turn<'_>, name: &str) -> Result<Option<User>, Fault> {
    let id = UserId::new(name);
    if id.is_well_formed() {
        return turn.user(&id);
    }
    turn.user_by_email(name)
}

/// What `gateway.do` does with the URL; a refusal by its code.
fn accept(turn: &mut Turn<'_>, url: &str) -> Result<Result<StoredRequest, &'static str>, Fault> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let params = match Params::receive(query.as_bytes(), None, b"") {
        Ok(params) => params,
        Err(_) => return Ok(Err("ILLEGAL_ARGUMENT")),
    };
    let service =
        params.get("service").and_then(|name| std::str::from_utf8(name).ok()).and_then(Service::from_wire);
    let call =
        match services::admit(turn, params, service.filter(|service| service.payment().is_some()), None)? {
            Ok(call) => call,
            Err(refused) => return no(turn, &refused),
        };
    match payment::accept(turn, &call)? {
        Ok(stored) => Ok(Ok(stored)),
        Err(refused) => no(turn, &refused),
    }
}

/// The merchant is told of a refusal as if a browser had met it.
fn no<T>(turn: &mut Turn<'_>, refused: &Refused) -> Result<Result<T, &'static str>, Fault> {
    services::owe_error_notice(turn, refused)?;
    Ok(Err(refused.code.as_str()))
}

fn buy(
    turn: &mut Turn<'_>,
    stored: &StoredRequest,
    buyer: &User,
    choice: Choice,
    source: Source,
    stop_unpaid: bool,
) -> Answer {
    let before = trade::load(turn.tx, &stored.trade_no)?;
    let checkout = Checkout { stored, trade: before.as_ref(), buyer: &buyer.user_id, choice };
    let unpaid = match cashier::open(turn, checkout)? {
        Ok(trade) => trade,
        Err(refusal) => return Ok(Ok(json!({ "error_code": refusal.code() }))),
    };
    if stop_unpaid {
        return Ok(Ok(json!({ "trade_no": unpaid.trade_no.as_str(), "return_url": null })));
    }
    let receive = match (unpaid.mode, &unpaid.receive) {
        (Mode::Escrow, None) => Some(first_address(turn, buyer)?),
        _ => None,
    };
    match cashier::pay_trade(turn, &unpaid, &buyer.user_id, source, receive)? {
        Ok(paid) => {
            let return_url = cashier::return_url(turn, &paid)?;
            Ok(Ok(json!({ "trade_no": paid.trade_no.as_str(), "return_url": return_url })))
        }
        Err(refusal) => Ok(Ok(json!({ "error_code": refusal.code() }))),
    }
}

/// The first entry of the buyer's address book, or an invented address for a buyer without one.
pub(super) fn first_entry(turn: &mut Turn<'_>, buyer: &User) -> Result<Address, Fault> {
    let book = address::load_of(turn.tx, &buyer.user_id)?;
    Ok(book.into_iter().next().unwrap_or_else(invented_address))
}

/// The same, as a trade has it.
pub(super) fn first_address(turn: &mut Turn<'_>, buyer: &User) -> Result<Receive, Fault> {
    Ok(first_entry(turn, buyer)?.receive())
}

/// 浙江省 杭州市 西湖区
const INVENTED_AREA_CODE: u32 = 330_106;

fn invented_address() -> Address {
    let to = Receive {
        name: "测试收货人".to_owned(),
        address: "某路1号".to_owned(),
        zip: "310000".to_owned(),
        phone: String::new(),
        mobile: "13800000000".to_owned(),
    };
    Address { address_id: 0, area_code: Code::new(INVENTED_AREA_CODE), to }
}
