//! Messages from the gateway: `return_url`, `notify_url` and answers to our questions. Three doors to one inbox.

use danbao_merchant::inbox::{self, Outcome, Receipt};
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::protocol::status::{RefundStatus, TradeStatus};
use danbao_merchant::{Queried, Received, Rejected, Signed, Unheard, Way, answer};
use danbao_node::Fault;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::terms::Terms;
use crate::turn::{Turn, Waiting};
use crate::{events, payment_requests, polling, rows, signing, web};

/// Under this name the result is added to the address of the shop's page.
const RESULT_PARAMETER: &str = "danbao_result";

/// `GET /pay/return`: the buyer's browser, with what it says is the result of a payment.
pub(crate) fn page_return(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
) -> Result<Option<Response>, Fault> {
    let raw = request.uri().query().unwrap_or_default().as_bytes();
    take_in(turn, ask, Way::Return, raw, Received::page_return(raw, &[]))
}

/// `POST /pay/notify`: somebody who says that he is the gateway.
pub(crate) fn notification(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::notification(content_type, request.body());
    take_in(turn, ask, Way::Notify, request.body(), received)
}

/// Keeps the message, checks its signature, and asks the gateway.
fn take_in(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    way: Way,
    raw: &[u8],
    received: Result<Received, Rejected>,
) -> Result<Option<Response>, Fault> {
    if received.as_ref().is_err_and(|rejected| *rejected == Rejected::NoParameters) {
        turn.counts.message(way, &Outcome::Rejected(Rejected::NoParameters));
        return refuse(turn, way, &Rejected::NoParameters, None).map(Some);
    }
    let message_id = turn.new_message_id();
    inbox::arrive(turn.tx, &message_id, way, raw, turn.now)?;
    match received.and_then(|received| received.check_sign_of(turn.config.accounts.iter())) {
        Ok(signed) => {
            let question = signed.question();
            let signed = Box::new(signed);
            turn.send(question, Waiting::Verify { ask, way, message_id, signed });
            Ok(None)
        }
        Err(rejected) => {
            let outcome = Outcome::Rejected(rejected.clone());
            turn.counts.message(way, &outcome);
            inbox::settle(turn.tx, &message_id, &outcome, turn.now)?;
            refuse(turn, way, &rejected, None).map(Some)
        }
    }
}

/// The gateway has spoken on a message, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    way: Way,
    message_id: &str,
    signed: Signed,
    outcome: &Result<Response, NoAnswer>,
) -> Result<Response, Fault> {
    let claimed = signed.order_claimed();
    let genuine = match outcome {
        Ok(answer) => signed.hear(answer),
        Err(why) => Err(signed.unheard(*why)),
    };
    let genuine = match genuine {
        Ok(genuine) => genuine,
        Err(rejected) => {
            let outcome = Outcome::Rejected(rejected.clone());
            turn.counts.message(way, &outcome);
            inbox::settle(turn.tx, message_id, &outcome, turn.now)?;
            return refuse(turn, way, &rejected, claimed);
        }
    };
    let receipt = inbox::receive(turn.tx, message_id, genuine, turn.now)?;
    book(turn, way, &receipt)?;
    match (&receipt.outcome, way) {
        (outcome, Way::Notify) => Ok(outcome.answer()),
        (Outcome::Rejected(rejected), _) => refuse(turn, way, rejected, claimed),
        _ => send_on(turn, claimed, None),
    }
}

/// The gateway has said how a trade stands, or has not. Somebody may wait for it.
pub(crate) fn queried(
    turn: &mut Turn<'_, '_>,
    number: &OutTradeNo,
    outcome: &Result<Response, NoAnswer>,
) -> Result<Response, Fault> {
    let Some((_, row)) = payment_requests::find(turn, number.as_str())? else {
        return Ok(Problem::not_found("payment request").respond());
    };
    let answer = match outcome {
        Ok(answer) => answer,
        Err(why) => {
            tracing::warn!(%number, why = why.as_str(), "a query was in vain");
            polling::plan_next(turn, number)?;
            return Ok(Problem::unheard(why.as_str()).respond());
        }
    };
    let charset = Terms::stored(&row.terms)?.charset()?;
    let account = match payment_requests::account_of(turn, &row) {
        Ok(account) => account,
        Err(problem) => return Ok(problem.respond()),
    };
    let problem = match account.read_queried(answer, charset, turn.now) {
        // True or not, it is no answer to this question.
        Ok(Queried::Trade(genuine)) if genuine.order_named().ok().as_ref() != Some(number) => {
            Some(Problem::unheard("it is about another trade"))
        }
        Ok(Queried::Trade(genuine)) => {
            let message_id = turn.new_message_id();
            let receipt = inbox::receive_queried(turn.tx, &message_id, genuine, answer.body(), turn.now)?;
            book(turn, Way::Query, &receipt)?;
            match &receipt.outcome {
                Outcome::Rejected(rejected) => Some(Problem::unheard(&rejected.to_string())),
                Outcome::Conflict(why) => Some(Problem::conflict("contradiction", why.clone())),
                _ => None,
            }
        }
        Ok(Queried::Refused(no)) => Some(Problem::refused(no.as_str().to_owned())),
        Err(Unheard::NoReply(why)) => Some(Problem::unheard(&why.to_string())),
        Err(Unheard::Rejected(why)) => {
            let problem = Problem::unheard(&why.to_string());
            turn.counts.message(Way::Query, &Outcome::Rejected(why));
            Some(problem)
        }
    };
    polling::plan_next(turn, number)?;
    match problem {
        Some(problem) => {
            if !problem.is_of_no_trade() {
                tracing::warn!(%number, why = problem.detail(), code = problem.error_code(), "a query was in vain");
            }
            Ok(problem.respond())
        }
        None => payment_requests::show(turn, number.as_str()),
    }
}

/// Writes what follows from a change of a trade, in the transaction of the change: the order's own state, the event
/// that tells of it, and when to ask again.
fn book(turn: &mut Turn<'_, '_>, way: Way, receipt: &Receipt) -> Result<(), Fault> {
    turn.counts.message(way, &receipt.outcome);
    let (Outcome::Applied, Some(heard)) = (&receipt.outcome, &receipt.order) else {
        // The gateway vouches for it, so nobody can fill the log with these; and somebody's money may have moved.
        if let Outcome::Conflict(_) | Outcome::Unknown(_) | Outcome::Rejected(_) = &receipt.outcome {
            let why = receipt.outcome.note();
            let number = receipt.order.as_ref().map(|order| order.facts.out_trade_no.as_str());
            tracing::warn!(way = way.as_str(), number, why, "a genuine message does not fit its order");
        }
        return Ok(());
    };
    let number = &heard.facts.out_trade_no;
    let Some((order, row)) = payment_requests::find(turn, number.as_str())? else {
        return Err(Fault::invariant(format!("{number} was opened without a payment request")));
    };
    let kind = match receipt.became_paid {
        true if rows::orders::set_paid(&mut **turn.tx, &order.order_no, number)? => "order.paid",
        true => "order.paid_again",
        false => "trade.changed",
    };
    let state = &heard.state;
    let said = state.heard.as_ref();
    let data = json!({
        "order_no": order.order_no,
        "out_trade_no": number.as_str(),
        "change": heard.times_applied,
        "trade_no": said.map(|heard| heard.trade_no.as_str()),
        "trade_status": state.trade_status().map(TradeStatus::as_str),
        "refund_status": state.refund_status().map(RefundStatus::as_str),
        "total_fee": said.map(|heard| heard.total_fee.to_string()),
        "mode": state.choice.map(|choice| choice.mode.as_str()),
        "paid": state.is_paid(),
        "late": receipt.became_paid && (order.closed_at.is_some() || row.closing),
        "way": way.as_str(),
    });
    events::write(turn, kind, &order.order_no, &data)?;
    if receipt.became_paid {
        // Every other address that the buyer may still hold would take the money once more.
        payment_requests::close_all_but(turn, &order.order_no, Some(number))?;
    }
    tracing::info!(kind, %number, way = way.as_str(), status = %data["trade_status"], "a trade has changed");
    polling::plan_next(turn, number)
}

/// Says that a message was not believed: to the gateway in four bytes, to the shop's page in the result. The order is
/// named only if the key fitted: else anybody could ask for the state of any order.
fn refuse(
    turn: &mut Turn<'_, '_>,
    way: Way,
    rejected: &Rejected,
    claimed: Option<OutTradeNo>,
) -> Result<Response, Fault> {
    tracing::info!(way = way.as_str(), check = rejected.check().as_str(), %rejected, "a message was not believed");
    match way {
        Way::Notify => Ok(answer::fail()),
        Way::Return | Way::Query => send_on(turn, claimed, Some(rejected)),
    }
}

/// Sends the browser on to the shop's page, with what our own records say, whatever the message said.
fn send_on(
    turn: &mut Turn<'_, '_>,
    number: Option<OutTradeNo>,
    rejected: Option<&Rejected>,
) -> Result<Response, Fault> {
    let found = match &number {
        Some(number) => payment_requests::find(turn, number.as_str())?,
        None => None,
    };
    let mut claims = json!({
        "verified": rejected.is_none(),
        "check": rejected.map(|rejected| rejected.check().as_str()),
        "order_no": Value::Null,
        "out_trade_no": Value::Null,
        "trade_status": Value::Null,
        "paid": false,
    });
    let mut page = turn.config.return_page.clone();
    if let Some((order, row)) = found {
        let heard = payment_requests::heard(turn, &row)?;
        claims["order_no"] = json!(order.order_no);
        claims["out_trade_no"] = json!(row.out_trade_no.as_str());
        claims["trade_status"] = json!(heard.state.trade_status().map(TradeStatus::as_str));
        claims["paid"] = json!(heard.state.is_paid());
        page = order.return_page.unwrap_or(page);
    }
    Ok(with_result(turn, Some(page), claims))
}

/// Sends the browser on to a page of the shop, the configured one by default, with these claims as the result.
pub(crate) fn with_result(turn: &Turn<'_, '_>, page: Option<String>, claims: Value) -> Response {
    let page = page.unwrap_or_else(|| turn.config.return_page.clone());
    let token = signing::result_token(&turn.config.result_secret, claims, turn.now);
    let (page, fragment) = page.split_once('#').map_or((&*page, None), |(page, rest)| (page, Some(rest)));
    let joint = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|rest| format!("#{rest}")).unwrap_or_default();
    web::see_other(&format!("{page}{joint}{RESULT_PARAMETER}={token}{fragment}"))
}
