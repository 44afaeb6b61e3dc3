//! Shipping: tells the gateway, server to server, that the goods are on their way.

use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::protocol::service::send_goods_confirm_by_platform::TransportType;
use danbao_merchant::{Parcel, read_reply};
use danbao_node::Fault;
use http::StatusCode;

use crate::turn::{Turn, Waiting};
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::{order, pages, rows};

/// `POST /orders/{out_trade_no}/ship`: `logistics_name`, and `invoice_no` if there is one.
pub(crate) fn ship(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &Visitor,
    number: &str,
) -> Result<Option<Response>, Fault> {
    let Some((row, heard)) = order::load(turn, number)? else {
        return pages::problem(turn, visitor, StatusCode::NOT_FOUND).map(Some);
    };
    let trade_no = heard.state.heard.as_ref().filter(|_| heard.state.awaits_shipping()).map(|h| &h.trade_no);
    let Some(trade_no) = trade_no else {
        return Ok(Some(web::see_other(&format!("/orders/{number}"))));
    };
    let fields = Fields::of_body(request);
    let given = |name| Some(fields.get(name).to_owned()).filter(|text| !text.is_empty());
    let parcel = Parcel {
        transport_type: TransportType::Express,
        logistics_name: given("logistics_name"),
        invoice_no: given("invoice_no"),
    };
    match turn.base.config.account.send_goods_request(trade_no, &parcel, row.charset) {
        Ok(call) => {
            turn.send(call, Waiting::Ship { ask, out_trade_no: row.out_trade_no });
            Ok(None)
        }
        Err(why) => {
            tracing::info!(%why, "shipping cannot be told");
            pages::problem(turn, visitor, StatusCode::BAD_REQUEST).map(Some)
        }
    }
}

/// The gateway has answered, or has not. The order's state is not changed here: that is for the notification.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    number: &OutTradeNo,
    outcome: &Result<Response, NoAnswer>,
) -> Result<Response, Fault> {
    let note = match outcome.as_ref().map(read_reply) {
        Ok(Ok(reply)) if reply.is_success => {
            rows::orders::set_shipped(&mut **turn.tx, number, turn.now)?;
            "just_shipped".to_owned()
        }
        Ok(Ok(reply)) => format!("ship_refused&code={}", reply.error.unwrap_or_default()),
        Ok(Err(_)) | Err(_) => "ship_unheard".to_owned(),
    };
    Ok(web::see_other(&format!("/orders/{number}?note={note}")))
}
