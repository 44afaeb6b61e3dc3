//! Messages from the gateway: `return_url` and `notify_url`, two doors to one inbox.

use danbao_merchant::inbox::{self, Outcome, Receipt};
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::{Genuine, Received, Rejected, Signed, Way, answer};
use danbao_node::Fault;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;

use crate::turn::{Turn, Waiting};
use crate::visitor::Visitor;
use crate::{order, pages, rows, web};

/// `GET /pay/return`: the buyer's browser, with what it says is the result of a payment.
pub(crate) fn page_return(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &Visitor,
) -> Result<Option<Response>, Fault> {
    let raw = request.uri().query().unwrap_or_default().as_bytes();
    let received = Received::page_return(raw, &["lang"]);
    take_in(turn, ask, Way::Return, raw, received, visitor)
}

/// `POST /pay/notify`: somebody who says that he is the gateway.
pub(crate) fn notification(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &Visitor,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::notification(content_type, request.body());
    take_in(turn, ask, Way::Notify, request.body(), received, visitor)
}

/// Keeps the message, checks its signature, and asks the gateway.
fn take_in(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    way: Way,
    raw: &[u8],
    received: Result<Received, Rejected>,
    visitor: &Visitor,
) -> Result<Option<Response>, Fault> {
    if received.as_ref().is_err_and(|rejected| *rejected == Rejected::NoParameters) {
        return refuse(turn, way, &Rejected::NoParameters, None, visitor).map(Some);
    }
    let message_id = turn.new_message_id();
    inbox::arrive(turn.tx, &message_id, way, raw, turn.now)?;
    let account = &turn.base.config.account;
    match received.and_then(|received| received.check_sign(account)) {
        Ok(signed) => {
            let question = signed.question();
            let (signed, visitor) = (Box::new(signed), visitor.clone());
            turn.send(question, Waiting::Verify { ask, way, message_id, signed, visitor });
            Ok(None)
        }
        Err(rejected) => {
            inbox::settle(turn.tx, &message_id, &Outcome::Rejected(rejected.clone()), turn.now)?;
            refuse(turn, way, &rejected, named(raw), visitor).map(Some)
        }
    }
}

/// What becomes of a signed message, now that the gateway has spoken on it or has not.
pub(crate) fn believe(signed: Signed, outcome: &Result<Response, NoAnswer>) -> Result<Genuine, Rejected> {
    match outcome {
        Ok(answer) => signed.hear(answer),
        Err(why) => Err(signed.unheard(*why)),
    }
}

/// The gateway has spoken on a message, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    way: Way,
    message_id: &str,
    signed: Signed,
    outcome: &Result<Response, NoAnswer>,
    visitor: &Visitor,
) -> Result<Response, Fault> {
    let claimed = signed.order_claimed();
    let genuine = match believe(signed, outcome) {
        Ok(genuine) => genuine,
        Err(rejected) => {
            inbox::settle(turn.tx, message_id, &Outcome::Rejected(rejected.clone()), turn.now)?;
            return refuse(turn, way, &rejected, claimed, visitor);
        }
    };
    let receipt = inbox::receive(turn.tx, message_id, genuine, turn.now)?;
    if let (true, Some(order)) = (receipt.became_paid, &receipt.order) {
        // The shop's own side of the payment, in the same transaction: it happens exactly as often as the change.
        rows::delivery::insert(&mut **turn.tx, &order.facts.out_trade_no, turn.now)?;
    }
    match way {
        Way::Notify => Ok(receipt.outcome.answer()),
        Way::Return | Way::Query => returned(turn, &receipt, visitor),
    }
}

/// A browser whose message was genuine is sent on to the order: a page that can be reloaded, as the link cannot.
fn returned(turn: &mut Turn<'_, '_>, receipt: &Receipt, visitor: &Visitor) -> Result<Response, Fault> {
    let number = receipt.order.as_ref().map(|order| order.facts.out_trade_no.clone());
    let note = match &receipt.outcome {
        Outcome::Applied => "?note=just_paid",
        Outcome::AlreadyDone | Outcome::Stale => "?note=just_known",
        Outcome::Rejected(rejected) => return refuse(turn, Way::Return, rejected, number, visitor),
        Outcome::Waiting | Outcome::Conflict(_) | Outcome::Unknown(_) => "",
    };
    Ok(match number {
        Some(number) => web::see_other(&format!("/orders/{number}{note}")),
        None => web::see_other("/orders"),
    })
}

#[derive(Debug, Serialize)]
struct Returned {
    check: &'static str,
    order: Option<Truth>,
}

/// What the shop's own records say, whatever the message said.
#[derive(Debug, Serialize)]
struct Truth {
    out_trade_no: String,
    status: &'static str,
}

/// Says that a message was not believed: to the gateway in four bytes, to a person on a page.
fn refuse(
    turn: &mut Turn<'_, '_>,
    way: Way,
    rejected: &Rejected,
    claimed: Option<OutTradeNo>,
    visitor: &Visitor,
) -> Result<Response, Fault> {
    if way == Way::Notify {
        return Ok(answer::fail());
    }
    let known = match claimed {
        Some(number) => order::load(turn, number.as_str())?,
        None => None,
    };
    let truth = known.map(|(row, heard)| Truth {
        out_trade_no: row.out_trade_no.to_string(),
        status: order::status_word(heard.state.trade_status()),
    });
    let page = Returned { check: rejected.check().as_str(), order: truth };
    let status = match rejected {
        Rejected::NoAnswer(_) | Rejected::AnswerIllegible { .. } => StatusCode::BAD_GATEWAY,
        _ => StatusCode::BAD_REQUEST,
    };
    Ok(web::html(status, pages::render(turn, visitor, "returned.html", &page)?))
}

/// The order that unbelieved bytes name: good for finding our own record of it, and for nothing else.
fn named(raw: &[u8]) -> Option<OutTradeNo> {
    let params = Params::parse_urlencoded(raw).ok()?;
    let number = params.get("out_trade_no").filter(|number| number.iter().all(u8::is_ascii_graphic))?;
    Some(OutTradeNo::new(String::from_utf8_lossy(number)))
}
