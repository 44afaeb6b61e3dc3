//! A bank's page, simulated: the buyer says yes or no.

use danbao_node::Fault;
use danbao_protocol::node::Response;
use danbao_protocol::service::bank;

use super::At;
use super::checkout::{self, Source};
use super::front::refused;
use super::pay::{is_shown_total, payer};
use crate::pages::{Bank, NoticeKind};
use crate::turn::Turn;
use crate::web::Fields;
use http::StatusCode;

/// GET: the page.
pub(super) fn show(_: &mut Turn<'_>, at: At, code: &str) -> Result<Response, Fault> {
    if !bank::is_known(code) {
        return Ok(at.visit.not_found());
    }
    let trade = match payer(&at) {
        Ok((trade, _)) => trade,
        Err(response) => return Ok(response),
    };
    let page = Bank {
        id: super::id(&at.stored),
        bank: code.to_owned(),
        payee: at.merchant.clone(),
        subject: trade.request.subject.clone(),
        trade_no: trade.trade_no.to_string(),
        amount: trade.total_fee.to_string(),
    };
    Ok(at.visit.page(&page))
}

/// POST: the bank pays, or the buyer goes back to choose again.
pub(super) fn submit(turn: &mut Turn<'_>, at: At, code: &str, form: &Fields) -> Result<Response, Fault> {
    if !bank::is_known(code) {
        return Ok(at.visit.not_found());
    }
    let (trade, buyer) = match payer(&at) {
        Ok((trade, user)) => (trade.clone(), user.user_id.clone()),
        Err(response) => return Ok(response),
    };
    if form.get("decision") != "pay" {
        return Ok(at.go("/pay?declined=1"));
    }
    if !is_shown_total(&trade, form) {
        return Ok(at.go("/pay?changed=1"));
    }
    match checkout::pay(turn, &trade, &buyer, Source::Bank(code.to_owned()), None)? {
        Ok(_) => Ok(at.go("/paid")),
        Err(refusal) => {
            tracing::info!(code = refused(refusal).code.as_deref(), "a bank payment was refused");
            Ok(at.visit.notice(StatusCode::CONFLICT, NoticeKind::CashierOutOfOrder, vec![at.cashier_link()]))
        }
    }
}
