//! JSON for programs: placing an order without a browser, and looking at what the shop knows of it.
//!
//! # `POST /orders`
//!
//! ```json
//! {
//!   "service": "create_direct_pay_by_user | create_partner_trade_by_buyer | trade_create_by_buyer",
//!   "charset": "utf-8",
//!   "lines": [{"good": "bookmark", "quantity": 1}],
//!   "receive": {"name": "张三", "address": "浙江省 杭州市 西湖区 文三路 1 号", "zip": "310000", "mobile": "13800000000"},
//!   "subject": "剪纸书签", "body": "...", "paymethod": "bankPay", "defaultbank": "ICBCB2C"
//! }
//! ```
//!
//! Only `service` and `lines` are needed; `charset` is `utf-8` without one. Goods: [`crate::GOODS`]. 201 with
//!
//! ```json
//! {"out_trade_no": "...", "payment_url": "http://.../gateway.do?...", "total_fees": ["0.01", "12.01"],
//!  "order_url": "http://.../orders/...", "state_url": "http://.../orders/....json"}
//! ```
//!
//! `total_fees` are the totals that the buyer may pay, one for each way to ship. 400 with an RFC 9457 problem
//! otherwise, and then nothing was placed.
//!
//! # `GET /orders/{out_trade_no}.json`
//!
//! ```json
//! {"out_trade_no": "...", "service": "...", "charset": "utf-8", "trade_no": "... | null",
//!  "status": "TRADE_FINISHED | null", "refund_status": null, "times_applied": 2, "paid_total": "0.01 | null",
//!  "mode": "escrow | direct | null", "mode_basis": "stored_unpaid | ... | null",
//!  "shipped": false, "delivered": true, "deliveries": 1, "payment_url": "... while it can be paid, or null",
//!  "messages": [{"way": "notify", "received_at": "2012-02-29 23:59:59", "outcome": "applied", "note": ""}]}
//! ```
//!
//! `status` is the trade's, by its wire name; `delivered` says that the shop's own side of the payment (its delivery
//! note) was written, and `deliveries` how often, which is once at most; `shipped` that the gateway has said yes to the
//! shipping or has told of it.

use danbao_merchant::inbox;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::service::payment::{PaymentService, Receive};
use danbao_merchant::protocol::status::{RefundStatus, TradeStatus};
use danbao_node::{Fault, Lang};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::catalogue::{Line, total};
use crate::rows::orders::OrderRow;
use crate::turn::Turn;
use crate::{checkout, order, rows, web};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    service: String,
    #[serde(default)]
    charset: Option<String>,
    lines: Vec<WishedLine>,
    #[serde(default)]
    receive: WishedReceive,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    paymethod: Option<String>,
    #[serde(default)]
    defaultbank: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WishedLine {
    good: String,
    quantity: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct WishedReceive {
    name: String,
    address: String,
    zip: String,
    phone: String,
    mobile: String,
}

/// `POST /orders`
pub(crate) fn place(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let wish: Wish = match serde_json::from_slice(request.body()) {
        Ok(wish) => wish,
        Err(error) => return Ok(problem(StatusCode::BAD_REQUEST, &format!("the body: {error}"))),
    };
    let row = match wish.order(turn) {
        Ok(row) => row,
        Err(what) => return Ok(problem(StatusCode::BAD_REQUEST, what)),
    };
    let payment_url = match order::open(turn, &row, None)? {
        Ok(url) => url,
        Err(why) => return Ok(problem(StatusCode::BAD_REQUEST, &why.to_string())),
    };
    let partner = turn.base.config.account.partner();
    let opened = inbox::load_order(&mut **turn.tx, partner, &row.out_trade_no)?;
    let total_fees: Vec<String> =
        opened.iter().flat_map(|o| &o.facts.total_fees).map(ToString::to_string).collect();
    let order_url = format!("{}/orders/{}", turn.base.config.own_url, row.out_trade_no);
    let placed = json!({
        "out_trade_no": row.out_trade_no.as_str(),
        "payment_url": payment_url,
        "total_fees": total_fees,
        "state_url": format!("{order_url}.json"),
        "order_url": order_url,
    });
    Ok(web::json(StatusCode::CREATED, &placed))
}

/// `GET /orders/{out_trade_no}.json`
pub(crate) fn state(turn: &mut Turn<'_, '_>, number: &str) -> Result<Response, Fault> {
    let Some((row, heard)) = order::load(turn, number)? else {
        return Ok(problem(StatusCode::NOT_FOUND, "no such order"));
    };
    let delivered = rows::delivery::made_at(&mut **turn.tx, &row.out_trade_no)?;
    let messages = inbox::messages_of(&mut **turn.tx, &row.out_trade_no)?;
    let state = &heard.state;
    let said = state.heard.as_ref();
    let is_shipped = matches!(state.trade_status(), Some(TradeStatus::WaitBuyerConfirmGoods));
    let request = order::payment_request(&turn.base.config, &row, None);
    let payment_url = turn.base.config.account.payment_url(&request).ok().filter(|_| state.is_payable());
    let messages: Vec<_> = messages
        .iter()
        .map(|m| {
            json!({
                "way": m.way.as_str(), "received_at": m.received_at.wire(),
                "outcome": m.outcome, "note": m.note,
            })
        })
        .collect();
    let state = json!({
        "out_trade_no": row.out_trade_no.as_str(),
        "service": row.service.as_str(),
        "charset": row.charset.label(),
        "trade_no": said.map(|h| h.trade_no.as_str()),
        "status": state.trade_status().map(TradeStatus::as_str),
        "refund_status": state.refund_status().map(RefundStatus::as_str),
        "times_applied": heard.times_applied,
        "paid_total": said.filter(|_| state.is_paid()).map(|h| h.total_fee.to_string()),
        "mode": state.choice.map(|choice| choice.mode.as_str()),
        "mode_basis": state.choice.map(|choice| choice.basis.as_str()),
        "shipped": row.shipped_at.is_some() || is_shipped,
        "delivered": delivered.is_some(),
        "deliveries": i64::from(delivered.is_some()),
        "payment_url": payment_url,
        "messages": messages,
    });
    Ok(web::json(StatusCode::OK, &state))
}

impl Wish {
    fn order(self, turn: &mut Turn<'_, '_>) -> Result<OrderRow, &'static str> {
        let service = PaymentService::from_wire(&self.service).ok_or("service is none of the three")?;
        let label = self.charset.as_deref().unwrap_or("utf-8");
        let charset = Charset::from_label(label).ok_or("charset is neither utf-8 nor gbk")?;
        let lines: Option<Vec<Line>> = self.lines.iter().map(|l| Line::new(&l.good, l.quantity)).collect();
        let lines = lines.ok_or("a line names no good, or a quantity out of 1 to 99")?;
        if lines.is_empty() || lines.len() > 20 {
            return Err("lines must be 1 to 20");
        }
        let WishedReceive { name, address, zip, phone, mobile } = self.receive;
        let row = OrderRow {
            out_trade_no: order::new_number(turn),
            visitor: String::new(),
            service,
            charset,
            subject: self.subject.unwrap_or_else(|| checkout::subject(Lang::Zh, &lines)),
            body: self.body.unwrap_or_else(|| checkout::body(Lang::Zh, &lines)),
            goods_total: total(&lines),
            receive: Receive { name, address, zip, phone, mobile },
            paymethod: self.paymethod,
            defaultbank: self.defaultbank,
            placed_at: turn.now,
            shipped_at: None,
            lines,
        };
        let Receive { name, address, zip, phone, mobile } = &row.receive;
        let texts = [&row.subject, &row.body, name, address, zip, phone, mobile];
        let options = row.paymethod.iter().chain(&row.defaultbank);
        if texts.into_iter().chain(options).any(|text| text.contains('\0')) {
            return Err("NUL is not text");
        }
        Ok(row)
    }
}

fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    web::json(status, &body)
}
