//! "You have paid": the last page, and the way back to the merchant.

use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::page_return;
use danbao_protocol::status::TradeStatus;

use super::At;
use crate::delivery;
use crate::message;
use crate::pages::{NextStep, Paid, Return};
use crate::rows;
use crate::turn::Turn;
use crate::web::Fields;

/// How long the page is shown before the browser goes on (escrow tutorial 3.3: 等待几秒).
const COUNTDOWN_SECONDS: u32 = 5;

/// GET `/paid`; with `stay=1` the browser goes on only when it is told to.
pub(super) fn show(at: At, request: &Request) -> Result<Response, Fault> {
    let Some(trade) = paid_trade(&at) else { return Ok(at.go("")) };
    let stays = Fields::of_query(request).get("stay") == "1";
    let page = Paid {
        amount: trade.total_fee.to_string(),
        merchant: at.merchant.clone(),
        trade_no: trade.trade_no.to_string(),
        out_trade_no: trade.request.out_trade_no.to_string(),
        next: match trade.trade_status {
            TradeStatus::WaitSellerSendGoods | TradeStatus::WaitBuyerConfirmGoods => NextStep::SellerShips,
            TradeStatus::TradePending => NextStep::Pending,
            _ => NextStep::Done,
        },
        back: trade.request.return_url.as_ref().map(|_| Return {
            url: format!("{}/return", super::path(&at.stored)),
            seconds: (!stays).then_some(COUNTDOWN_SECONDS),
            stay_url: format!("{}/paid?stay=1", super::path(&at.stored)),
        }),
        trade_url: at.visit.member().map(|_| format!("/desk/trades/{}", trade.trade_no)),
    };
    Ok(at.visit.page(&page))
}

/// The trade, if it is paid and this visitor is its buyer: the link back carries what nobody else may see.
fn paid_trade(at: &At) -> Option<&Trade> {
    let trade = at.trade.as_ref().filter(|trade| trade.gmt.payment.is_some())?;
    let payer = at.visit.payer(&trade.trade_no)?;
    (payer.user_id == trade.buyer).then_some(trade)
}

/// GET `/return`: a fresh link, valid for one minute, is made at the very moment the browser follows it.
pub(super) fn go_back(turn: &mut Turn<'_>, at: At) -> Result<Response, Fault> {
    let Some(trade) = paid_trade(&at) else { return Ok(at.go("")) };
    match return_url(turn, trade)? {
        Some(url) => Ok(at.visit.see_other(&url)),
        None => Ok(at.go("/paid")),
    }
}

/// The signed page return of a paid trade; `None` if the request named no return_url (protocol.md §1.5, §4).
pub(crate) fn return_url(turn: &mut Turn<'_>, trade: &Trade) -> Result<Option<String>, Fault> {
    let Some(url) = trade.request.return_url.clone() else { return Ok(None) };
    let forget_before = turn.now.minus(turn.config.return_link);
    let entropy = &mut turn.memory.entropy;
    let notify_id = rows::page_return::issue(turn.tx, entropy, &trade.trade_no, forget_before, turn.now)?;
    let message = message::of_return(turn, trade, notify_id)?;
    let mut params = page_return::build(&message, trade.request.charset)
        .map_err(|error| Fault::invariant(format!("{} has no page return: {error}", trade.trade_no)))?;
    delivery::sign(turn, &trade.request, &mut params)?;
    Ok(Some(page_return::append_to_url(&url, &params)))
}
