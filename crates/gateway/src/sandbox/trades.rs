//! Looking at trades, and acting on them without a browser.

use danbao_engine::change::Grounds;
use danbao_engine::fastpay_refund;
use danbao_engine::refund::Application;
use danbao_engine::trade::{Mode, Shipment, Trade};
use danbao_node::Fault;
use danbao_protocol::ids::{OutTradeNo, PartnerId, TradeNo};
use danbao_protocol::money::Fen;
use danbao_protocol::node::Request;
use danbao_protocol::service::payment::TransportType;
use danbao_protocol::status::TradeStatus;
use serde::Deserialize;
use serde_json::{Value, json};

use super::checkout::first_address;
use super::{Answer, Problem, notices, read};
use crate::cashier::{self, Source};
use crate::deed::{self, Deed, EVIDENCE_MAX, REASON_MAX, Side};
use crate::refunds::DeskRefund;
use crate::rows::notice::Thread;
use crate::rows::{account, deadline, notice, payment_request, trade as trades};
use crate::turn::Turn;
use crate::web::Fields;

/// `GET /trades?out_trade_no=&partner=`.
pub(super) fn find(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let query = Fields::of_query(request);
    let out_trade_no = query.get("out_trade_no");
    if out_trade_no.is_empty() {
        return Ok(Err(Problem::unprocessable("out_trade_no_missing", "say which: out_trade_no=")));
    }
    let partner = Some(query.get("partner")).filter(|partner| !partner.is_empty()).map(PartnerId::new);
    let numbers = payment_request::load_trade_nos(turn.tx, partner.as_ref(), &OutTradeNo::new(out_trade_no))?;
    let mut found = Vec::new();
    for trade_no in numbers {
        if let Some(trade) = trades::load(turn.tx, &trade_no)? {
            found.push(describe(turn, &trade)?);
        }
    }
    Ok(Ok(json!({ "trades": found })))
}

/// `GET /trades/{trade_no}`.
pub(super) fn show(turn: &mut Turn<'_>, trade_no: &str) -> Answer {
    match trades::load(turn.tx, &TradeNo::new(trade_no))? {
        Some(trade) => describe(turn, &trade).map(Ok),
        None => Ok(Err(Problem::not_found("such trade"))),
    }
}

/// Everything about a trade.
fn describe(turn: &mut Turn<'_>, trade: &Trade) -> Result<Value, Fault> {
    let mut history = Vec::new();
    let mut journals = Vec::new();
    for event in trades::load_history(turn.tx, &trade.trade_no)? {
        history.push(json!({
            "at": event.at.wire(),
            "actor": event.actor,
            "command": event.command.as_str(),
            "trade_status": event.trade_status.as_str(),
            "refund_status": event.refund_status.map(|status| status.as_str()),
            "reason": event.grounds.as_ref().map(|grounds| grounds.reason.as_str()),
            "evidence": event.grounds.as_ref().map(|grounds| grounds.evidence.as_str()),
        }));
        if let Some(journal_id) = event.journal_id {
            let postings = account::postings(turn.tx, journal_id)?;
            journals.push(json!({
                "journal_id": journal_id,
                "at": event.at.wire(),
                "postings": postings.iter().map(|posting| json!({
                    "debit": posting.debit,
                    "credit": posting.credit,
                    "amount": posting.amount.to_string(),
                })).collect::<Vec<_>>(),
            }));
        }
    }
    let mut told = Vec::new();
    for owed in notice::load_of(turn.tx, &Thread::from(&trade.trade_no))? {
        told.push(notices::describe(turn, &owed)?);
    }
    let deadlines = deadline::load_of(turn.tx, &trade.trade_no)?;
    Ok(json!({
        "trade_no": trade.trade_no.as_str(),
        "out_trade_no": trade.request.out_trade_no.as_str(),
        "partner": trade.request.partner.as_str(),
        "service": trade.service().as_str(),
        "mode": trade.mode.as_str(),
        "trade_status": trade.trade_status.as_str(),
        "refund_status": trade.refund_status.map(|status| status.as_str()),
        "total_fee": trade.total_fee.to_string(),
        "refunded": trade.refunded.to_string(),
        "buyer_id": trade.buyer.as_str(),
        "seller_id": trade.seller.as_str(),
        "refund": trade.refund.as_ref().map(|refund| json!({
            "goods_received": refund.application.goods_received,
            "amount": refund.application.amount.to_string(),
            "reason": refund.application.reason,
            "evidence": refund.application.evidence,
            "answer": refund.answer,
            "answer_evidence": refund.answer_evidence,
            "parcel": refund.parcel.as_ref().map(|parcel| json!({
                "transport_type": parcel.transport_type.as_str(),
                "logistics_name": parcel.logistics_name,
                "invoice_no": parcel.invoice_no,
            })),
        })),
        "deadlines": deadlines.iter().map(|(kind, at)| json!({
            "kind": kind.as_str(), "due_at": at.wire(),
        })).collect::<Vec<_>>(),
        "history": history,
        "journals": journals,
        "notices": told,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    action: String,
    /// For `pay`: `balance` or `bank`.
    #[serde(default)]
    method: Option<String>,
    /// For `send_goods` and `return_goods`.
    #[serde(default)]
    transport_type: Option<String>,
    /// For `send_goods` and `return_goods`.
    #[serde(default)]
    logistics_name: Option<String>,
    /// For `send_goods` and `return_goods`.
    #[serde(default)]
    invoice_no: Option<String>,
    /// For `apply_refund`: whether the buyer has the goods; true once they were sent, if not said.
    #[serde(default)]
    goods_received: Option<bool>,
    /// For `apply_refund` and `refund_paid`: yuan; all, or all that is left, if not said.
    #[serde(default)]
    amount: Option<String>,
    /// For `apply_refund`, `refuse_refund` and `refund_paid`.
    #[serde(default)]
    reason: Option<String>,
    /// For `apply_refund` and `refuse_refund`.
    #[serde(default)]
    evidence: Option<String>,
    /// For `adjust_price`: yuan, negative for a reduction.
    #[serde(default)]
    discount: Option<String>,
    /// For `extend_timeout`: 3, 5, 7 or 10.
    #[serde(default)]
    days: Option<u64>,
}

/// `POST /trades/{trade_no}/actions`: as the buyer or the seller, whoever may.
pub(super) fn act(turn: &mut Turn<'_>, request: &Request, trade_no: &str) -> Answer {
    let body: Body = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(trade) = trades::load(turn.tx, &TradeNo::new(trade_no))? else {
        return Ok(Err(Problem::not_found("such trade")));
    };
    if body.action == "pay" {
        return pay(turn, &trade, &body);
    }
    let (side, deed) = match deed(&trade, &body) {
        Ok(deed) => deed,
        Err(problem) => return Ok(Err(problem)),
    };
    match deed::carry_out(turn, &trade, side, deed)? {
        Ok(after) => describe(turn, &after).map(Ok),
        Err(refusal) => Ok(Ok(json!({ "error_code": refusal.code() }))),
    }
}

fn deed(trade: &Trade, body: &Body) -> Result<(Side, Deed), Problem> {
    Ok(match body.action.as_str() {
        "adjust_price" => (Side::Seller, Deed::AdjustPrice(yuan(body.discount.as_deref().unwrap_or("0"))?)),
        "agree_refund" => (Side::Seller, Deed::AgreeRefund),
        "apply_refund" => (Side::Buyer, Deed::ApplyRefund(application(trade, body)?)),
        "close" => (Side::Seller, Deed::Close),
        "confirm_goods" => (Side::Buyer, Deed::ConfirmGoods),
        "confirm_return" => (Side::Seller, Deed::ConfirmReturn),
        "extend_timeout" => (Side::Seller, Deed::ExtendTimeout(body.days.unwrap_or(3))),
        "refund_paid" => (Side::Seller, Deed::RefundPaid(desk_refund(trade, body)?)),
        "refuse_refund" => (Side::Seller, Deed::RefuseRefund(grounds(body)?)),
        "return_goods" => (Side::Buyer, Deed::ReturnGoods(shipment(body)?)),
        "send_goods" => (Side::Seller, Deed::SendGoods(shipment(body)?)),
        "withdraw_refund" => (Side::Buyer, Deed::WithdrawRefund),
        _ => {
            let detail = "pay, send_goods, confirm_goods, close, adjust_price, extend_timeout, apply_refund, \
                          agree_refund, refuse_refund, return_goods, confirm_return, withdraw_refund or refund_paid";
            return Err(Problem::unprocessable("action_unknown", detail));
        }
    })
}

fn application(trade: &Trade, body: &Body) -> Result<Application, Problem> {
    let is_sent = trade.trade_status == TradeStatus::WaitBuyerConfirmGoods;
    let Grounds { reason, evidence } = grounds(body)?;
    Ok(Application {
        goods_received: body.goods_received.unwrap_or(is_sent),
        amount: body.amount.as_deref().map(yuan).transpose()?.unwrap_or(trade.total_fee),
        reason,
        evidence,
    })
}

fn desk_refund(trade: &Trade, body: &Body) -> Result<DeskRefund, Problem> {
    let amount = body.amount.as_deref().map(yuan).transpose()?;
    Ok(DeskRefund {
        amount: amount.unwrap_or_else(|| fastpay_refund::left(trade)),
        reason: grounds(body)?.reason,
    })
}

/// A reason and what shows it, no longer than at the desk.
fn grounds(body: &Body) -> Result<Grounds, Problem> {
    let (reason, evidence) = (body.reason.as_deref(), body.evidence.as_deref());
    let (reason, evidence) = (reason.unwrap_or_default(), evidence.unwrap_or_default());
    for (code, text, most) in
        [("reason_too_long", reason, REASON_MAX), ("evidence_too_long", evidence, EVIDENCE_MAX)]
    {
        if text.chars().count() > most {
            return Err(Problem::unprocessable(code, format!("at most {most} characters")));
        }
    }
    Ok(Grounds { reason: reason.to_owned(), evidence: evidence.to_owned() })
}

fn yuan(text: &str) -> Result<Fen, Problem> {
    Fen::parse_signed(text).map_err(|error| Problem::unprocessable("amount_malformed", error.to_string()))
}

fn pay(turn: &mut Turn<'_>, trade: &Trade, body: &Body) -> Answer {
    let source = match body.method.as_deref() {
        None | Some("balance") => Source::Balance,
        Some("bank") => Source::Bank("ICBCB2C".to_owned()),
        Some(_) => return Ok(Err(Problem::unprocessable("method_unknown", "balance or bank"))),
    };
    let receive = match (trade.mode, &trade.receive) {
        (Mode::Escrow, None) => {
            let buyer =
                turn.user(&trade.buyer)?.ok_or_else(|| Fault::invariant("a trade without its buyer"))?;
            Some(first_address(turn, &buyer)?)
        }
        _ => None,
    };
    match cashier::pay_trade(turn, trade, &trade.buyer, source, receive)? {
        Ok(paid) => describe(turn, &paid).map(Ok),
        Err(refusal) => Ok(Ok(json!({ "error_code": refusal.code() }))),
    }
}

fn shipment(body: &Body) -> Result<Shipment, Problem> {
    let transport_type = body.transport_type.as_deref().unwrap_or("EXPRESS");
    let transport_type = TransportType::from_wire(transport_type).ok_or_else(|| {
        Problem::unprocessable("transport_type_unknown", "as on the wire: EXPRESS, POST, EMS, ...")
    })?;
    Ok(Shipment {
        transport_type,
        logistics_name: body.logistics_name.clone().unwrap_or_else(|| "顺丰速运".to_owned()),
        invoice_no: body.invoice_no.clone().unwrap_or_default(),
    })
}
