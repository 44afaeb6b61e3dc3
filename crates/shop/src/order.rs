//! An order: placing it, paying for it, looking at it.

use danbao_merchant::inbox::{self, MessageRow, Mode, Order};
use danbao_merchant::protocol::ids::{OutTradeNo, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::{
    Amount, LogisticsGroup, LogisticsPayment, LogisticsType, PaymentRequest, PaymentService, Receive,
};
use danbao_merchant::protocol::status::TradeStatus;
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{BuyerSession, OrderFacts, PaymentError};
use danbao_node::{Fault, Lang};
use http::StatusCode;
use serde::Serialize;

use crate::pages::{self, LineShown};
use crate::router::{NOTIFY_PATH, RETURN_PATH};
use crate::rows::orders::OrderRow;
use crate::shop::Config;
use crate::turn::Turn;
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::words::word;
use crate::{login, rows};

/// What the shop offers for parcels: the first is free, so that a thing for one fen can be paid with one fen.
const LOGISTICS: [LogisticsGroup; 3] = [
    LogisticsGroup {
        logistics_type: LogisticsType::Express,
        logistics_fee: Fen::ZERO,
        logistics_payment: LogisticsPayment::SellerPay,
    },
    LogisticsGroup {
        logistics_type: LogisticsType::Ems,
        logistics_fee: Fen(1_200),
        logistics_payment: LogisticsPayment::BuyerPay,
    },
    LogisticsGroup {
        logistics_type: LogisticsType::Post,
        logistics_fee: Fen(500),
        logistics_payment: LogisticsPayment::BuyerPayAfterReceive,
    },
];

/// What is asked of the gateway for an order; the same again whenever it is asked again (protocol.md §3.7), but for what
/// concerns who is signed in: the token, and the items for etao.
pub(crate) fn payment_request(
    config: &Config,
    order: &OrderRow,
    member: Option<&BuyerSession>,
) -> PaymentRequest {
    let amount = Amount { price: order.goods_total, quantity: 1, discount: Fen::ZERO };
    let number = order.out_trade_no.clone();
    let mut request = config.account.payment(order.service, order.charset, number, &order.subject, amount);
    request.body = Some(order.body.clone()).filter(|body| !body.is_empty());
    request.return_url = Some(format!("{}{RETURN_PATH}", config.own_url));
    request.notify_url = Some(format!("{}{NOTIFY_PATH}", config.own_url));
    if order.service == PaymentService::CreateDirectPayByUser {
        request.direct.paymethod = order.paymethod.clone();
        request.direct.defaultbank = order.defaultbank.clone();
    } else {
        request.logistics = LOGISTICS.to_vec();
        request.receive = Some(order.receive.clone()).filter(|receive| *receive != Receive::default());
    }
    if let Some(member) = member {
        member.equip(&mut request, || item_orders_info(order));
    }
    request
}

/// 商户回传业务参数 of a direct payment of etao's: `good^name^price^quantity`, groups joined by `|`. The form of the time was
/// never made public; this one is ours (protocol.md §3.14).
fn item_orders_info(order: &OrderRow) -> String {
    let plain = |text: &str| text.replace(['^', '|'], " ");
    let of_line = |line: &crate::catalogue::Line| {
        let name = word(Lang::Zh, &["goods", line.good.id, "name"]);
        format!("{}^{}^{}^{}", line.good.id, plain(name), line.price, line.quantity)
    };
    match order.lines.as_slice() {
        [] => format!("direct^{}^{}^1", plain(&order.subject), order.goods_total),
        lines => lines.iter().map(of_line).collect::<Vec<_>>().join("|"),
    }
}

/// Writes an order and opens it in the inbox. The first to see whether the gateway could take it; `Err` inside says
/// why not, and then nothing is written.
pub(crate) fn open(
    turn: &mut Turn<'_, '_>,
    order: &OrderRow,
    member: Option<&BuyerSession>,
) -> Result<Result<String, PaymentError>, Fault> {
    let account = &turn.base.config.account;
    let request = payment_request(&turn.base.config, order, member);
    let url = match account.payment_url(&request) {
        Ok(url) => url,
        Err(why) => return Ok(Err(why)),
    };
    let facts = match OrderFacts::of(account, &request) {
        Ok(facts) => facts,
        Err(why) => return Ok(Err(why)),
    };
    rows::orders::insert(&mut **turn.tx, order)?;
    if let Some(member) = member {
        rows::member::own_order(&mut **turn.tx, &order.out_trade_no, &member.user_id)?;
    }
    inbox::open_order(turn.tx, &facts, turn.now)?;
    Ok(Ok(url))
}

/// A number that no order has: the day, for people, and twelve random digits, for nobody to guess.
pub(crate) fn new_number(turn: &mut Turn<'_, '_>) -> OutTradeNo {
    OutTradeNo::new(format!("{}{}", turn.now.wire_day(), turn.entropy.twelve_digits()))
}

/// An order with what was heard of it; `None` if there is no such order.
pub(crate) fn load(turn: &mut Turn<'_, '_>, number: &str) -> Result<Option<(OrderRow, Order)>, Fault> {
    let number = OutTradeNo::new(number);
    let Some(row) = rows::orders::load(&mut **turn.tx, &number)? else {
        return Ok(None);
    };
    let heard = inbox::load_order(&mut **turn.tx, turn.base.config.account.partner(), &number)?;
    Ok(heard.map(|heard| (row, heard)))
}

/// `POST /orders/{out_trade_no}/pay`
pub(crate) fn pay_again(turn: &mut Turn<'_, '_>, visitor: &Visitor, number: &str) -> Result<Response, Fault> {
    let Some((row, heard)) = load(turn, number)? else {
        return pages::problem(turn, visitor, StatusCode::NOT_FOUND);
    };
    if !heard.state.is_payable() {
        return Ok(web::see_other(&format!("/orders/{number}")));
    }
    let member = login::session(turn, visitor)?;
    let request = payment_request(&turn.base.config, &row, member.as_ref());
    match turn.base.config.account.payment_url(&request) {
        Ok(url) => Ok(web::see_other(&url)),
        Err(why) => Err(Fault::invariant(format!("order {number} can no longer be paid: {why}"))),
    }
}

/// `GET /orders`
pub(crate) fn list(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Response, Fault> {
    #[derive(Serialize)]
    struct Row {
        out_trade_no: String,
        service: &'static str,
        placed_at: String,
        total: String,
        status: &'static str,
        goods: Vec<&'static str>,
    }
    #[derive(Serialize)]
    struct List {
        orders: Vec<Row>,
    }
    let member = login::session(turn, visitor)?.map(|session| session.user_id);
    let user_id = member.as_ref().map_or("", UserId::as_str);
    let own = rows::orders::newest(&mut **turn.tx, visitor.id().unwrap_or_default(), user_id)?;
    let mut orders = Vec::new();
    for row in own {
        let partner = turn.base.config.account.partner();
        let heard = inbox::load_order(&mut **turn.tx, partner, &row.out_trade_no)?;
        orders.push(Row {
            service: row.service.as_str(),
            placed_at: row.placed_at.wire(),
            total: row.goods_total.to_string(),
            status: status_word(heard.and_then(|heard| heard.state.trade_status())),
            goods: row.lines.iter().map(|line| line.good.id).collect(),
            out_trade_no: row.out_trade_no.to_string(),
        });
    }
    Ok(web::html(StatusCode::OK, pages::render(turn, visitor, "orders.html", &List { orders })?))
}

/// The wire's word, or `none` while nothing was heard.
pub(crate) fn status_word(status: Option<TradeStatus>) -> &'static str {
    status.map_or("none", TradeStatus::as_str)
}

#[derive(Debug, Serialize)]
struct OrderPage {
    out_trade_no: String,
    subject: String,
    trade_no: Option<String>,
    service: &'static str,
    is_dual: bool,
    charset: &'static str,
    status: &'static str,
    is_payable: bool,
    awaits_shipping: bool,
    goods_total: String,
    paid: Option<String>,
    buyer_email: Option<String>,
    mode: Option<&'static str>,
    basis: Option<&'static str>,
    times_applied: i64,
    placed_at: String,
    delivered_at: Option<String>,
    shipped_at: Option<String>,
    receive: Option<ReceiveShown>,
    lines: Vec<LineShown>,
    steps: Vec<Step>,
    messages: Vec<MessageShown>,
    note: Option<Note>,
}

#[derive(Debug, Serialize)]
struct ReceiveShown {
    name: String,
    address: String,
    zip: String,
    mobile: String,
}

#[derive(Debug, Serialize)]
struct Step {
    status: &'static str,
    tense: &'static str,
}

#[derive(Debug, Serialize)]
struct MessageShown {
    received_at: String,
    way: &'static str,
    outcome: String,
    note: String,
    /// The check that it failed, if it was not believed.
    check: Option<String>,
    /// The states that the bytes claim, believed or not.
    said: Option<String>,
    raw: String,
}

/// What has just happened, told once by the address that the browser was sent to.
#[derive(Debug, Serialize)]
struct Note {
    word: &'static str,
    tone: &'static str,
    detail: String,
}

impl Note {
    /// Only words of ours that the order's own record bears out, and an error code: anybody may write an address.
    fn of(request: &Request, row: &OrderRow, heard: &Order) -> Option<Note> {
        let fields = Fields::of_query(request);
        let (word, is_true, tone) = match fields.get("note") {
            "just_paid" => ("just_paid", heard.state.is_paid(), "good-news"),
            "just_known" => ("just_known", heard.state.is_paid(), "good-news"),
            "just_shipped" => ("just_shipped", row.shipped_at.is_some(), "good-news"),
            "ship_refused" => ("ship_refused", heard.state.awaits_shipping(), "bad-news"),
            "ship_unheard" => ("ship_unheard", heard.state.awaits_shipping(), "bad-news"),
            _ => return None,
        };
        let code = fields.get("code");
        let is_code = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let detail = if is_code && word == "ship_refused" { code.to_owned() } else { String::new() };
        is_true.then_some(Note { word, tone, detail })
    }
}

/// `GET /orders/{out_trade_no}`
pub(crate) fn show(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &Visitor,
    number: &str,
) -> Result<Response, Fault> {
    let Some((row, heard)) = load(turn, number)? else {
        return pages::problem(turn, visitor, StatusCode::NOT_FOUND);
    };
    let delivered_at = rows::delivery::made_at(&mut **turn.tx, &row.out_trade_no)?;
    let messages = inbox::messages_of(&mut **turn.tx, &row.out_trade_no)?;
    let state = &heard.state;
    let said = state.heard.as_ref();
    let page = OrderPage {
        subject: row.subject.clone(),
        trade_no: said.map(|h| h.trade_no.to_string()),
        service: row.service.as_str(),
        is_dual: row.service == PaymentService::TradeCreateByBuyer,
        charset: row.charset.label(),
        status: status_word(state.trade_status()),
        is_payable: state.is_payable(),
        awaits_shipping: state.awaits_shipping(),
        goods_total: row.goods_total.to_string(),
        paid: said.filter(|_| state.is_paid()).map(|h| h.total_fee.to_string()),
        buyer_email: said.map(|h| h.buyer_email.clone()).filter(|email| !email.is_empty()),
        mode: state.choice.map(|choice| choice.mode.as_str()),
        basis: state.choice.map(|choice| choice.basis.as_str()),
        times_applied: heard.times_applied,
        placed_at: row.placed_at.wire(),
        delivered_at: delivered_at.map(Timestamp::wire),
        shipped_at: row.shipped_at.map(Timestamp::wire),
        receive: shown_receive(&row),
        lines: LineShown::all(&row.lines),
        steps: steps(&heard),
        messages: messages.iter().map(shown_message).collect(),
        note: Note::of(request, &row, &heard),
        out_trade_no: row.out_trade_no.to_string(),
    };
    Ok(web::html(StatusCode::OK, pages::render(turn, visitor, "order.html", &page)?))
}

fn shown_receive(row: &OrderRow) -> Option<ReceiveShown> {
    let Receive { name, address, zip, mobile, .. } = row.receive.clone();
    let is_empty = row.receive == Receive::default();
    (!is_empty).then_some(ReceiveShown { name, address, zip, mobile })
}

/// The way that this order goes, as far as it is known; none for one that was closed.
fn steps(order: &Order) -> Vec<Step> {
    use TradeStatus::{
        TradeClosed, TradeFinished, TradePending, TradeSuccess, WaitBuyerConfirmGoods, WaitBuyerPay,
        WaitSellerSendGoods,
    };
    let now = order.state.trade_status().unwrap_or(WaitBuyerPay);
    let way: &[TradeStatus] = match (now, order.state.choice.map(|choice| choice.mode)) {
        (TradeClosed, _) => &[],
        (TradePending, _) => &[WaitBuyerPay, TradePending, TradeFinished],
        (TradeSuccess, _) => &[WaitBuyerPay, TradeSuccess, TradeFinished],
        (_, Some(Mode::Escrow)) => &[WaitBuyerPay, WaitSellerSendGoods, WaitBuyerConfirmGoods, TradeFinished],
        (_, Some(Mode::Direct)) | (_, None) => &[WaitBuyerPay, TradeFinished],
    };
    let here = way.iter().position(|status| *status == now).unwrap_or_default();
    let tense = |at: usize| match at.cmp(&here) {
        _ if now == TradeFinished => "done",
        std::cmp::Ordering::Less => "done",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "later",
    };
    way.iter().enumerate().map(|(at, status)| Step { status: status.as_str(), tense: tense(at) }).collect()
}

fn shown_message(message: &MessageRow) -> MessageShown {
    let check = message.note.split_once(": ").filter(|_| message.outcome == "rejected");
    MessageShown {
        check: check.map(|(check, _)| check.to_owned()),
        received_at: message.received_at.wire(),
        way: message.way.as_str(),
        outcome: message.outcome.clone(),
        note: message.note.clone(),
        said: claimed_states(&message.raw),
        raw: String::from_utf8_lossy(&message.raw).into_owned(),
    }
}

fn claimed_states(raw: &[u8]) -> Option<String> {
    let params = Params::parse_urlencoded(raw).ok()?;
    let word = |name| {
        let value = params.get(name).filter(|value| value.len() <= 64 && value.is_ascii())?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let words: Vec<String> = ["trade_status", "refund_status"].into_iter().filter_map(word).collect();
    (!words.is_empty()).then(|| words.join(" + "))
}
