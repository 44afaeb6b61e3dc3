//! A tiny shop that does everything right, unless it is given a bad habit: each is something that the tutorials warn of.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use bytes::Bytes;
use danbao_merchant::inbox::{Position, Standing};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo, PartnerId, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::node::{AskId, Crash, Input, Node, Output, Request, Response, SendId};
use danbao_protocol::params::{Params, Text};
use danbao_protocol::service::notify_verify::NotifyVerify;
use danbao_protocol::service::payment::{
    Amount, CustomTimeouts, DirectTerms, LogisticsGroup, LogisticsPayment, LogisticsType, Party,
    PaymentRequest, PaymentService,
};
use danbao_protocol::sign::{self, Leniency, Md5Key, SignType, Signer, Verifier};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use http::StatusCode;
use serde_json::{Value, json};

/// What this shop does that it should not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Habits {
    /// Looks at no signature.
    pub(crate) trusts_any_signature: bool,
    /// Never asks `notify_verify`.
    pub(crate) asks_nobody: bool,
    /// Takes any answer that ends in "true" for a yes, as one of the samples does.
    pub(crate) takes_a_page_for_true: bool,
    /// Delivers at each message that tells of money.
    pub(crate) delivers_again: bool,
    /// Looks at the order first, asks the gateway then, and writes what it had decided before.
    pub(crate) decides_before_asking: bool,
    /// Takes whatever state comes last.
    pub(crate) goes_back: bool,
    /// Believes the amount of the message.
    pub(crate) trusts_the_amount: bool,
    /// Does not look who was paid.
    pub(crate) trusts_the_seller: bool,
    /// Does not look which trade it is about.
    pub(crate) trusts_the_trade: bool,
    /// Does everything on the return page alone; `notify_url` says `success` and does nothing.
    pub(crate) forgets_notifications: bool,
    /// Thinks that all the world writes UTF-8.
    pub(crate) reads_utf8_only: bool,
    /// Dresses its answer.
    pub(crate) answers_a_page: bool,
    /// Fails on whatever it did not expect.
    pub(crate) crashes: bool,
    /// Signs its requests wrongly, leads them elsewhere, and gives its pages parameters.
    pub(crate) asks_badly: bool,
}

impl Habits {
    /// The shop of a merchant who has read none of the warnings.
    pub(crate) fn naive() -> Habits {
        Habits {
            trusts_any_signature: true,
            asks_nobody: true,
            delivers_again: true,
            goes_back: true,
            trusts_the_amount: true,
            trusts_the_seller: true,
            trusts_the_trade: true,
            ..Habits::default()
        }
    }
}

/// Where the shop is, and whose.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) own_url: String,
    pub(crate) gateway_url: String,
    pub(crate) partner: String,
    pub(crate) key: String,
    pub(crate) seller_id: String,
    pub(crate) seller_email: String,
}

pub(crate) struct HabitShop {
    habits: Habits,
    place: Place,
    orders: BTreeMap<String, Order>,
    waiting: BTreeMap<SendId, Waiting>,
    sends: u64,
}

#[derive(Debug, Clone)]
struct Order {
    charset: Charset,
    total: Fen,
    trade_no: Option<String>,
    position: Option<Position>,
    notify_time: String,
    deliveries: i64,
    changes: i64,
    paid_total: Option<Fen>,
}

struct Waiting {
    ask: AskId,
    message: Message,
    /// The order as it was when the message came.
    before: Option<Order>,
}

#[derive(Debug, Clone)]
struct Message {
    is_return: bool,
    params: Params,
}

const CARRIAGE: Fen = Fen(800);

impl HabitShop {
    pub(crate) fn new(habits: Habits, place: Place) -> HabitShop {
        HabitShop { habits, place, orders: BTreeMap::new(), waiting: BTreeMap::new(), sends: 0 }
    }

    fn request(&mut self, ask: AskId, request: &Request, out: &mut Vec<Output>) {
        let path = request.uri().path().to_owned();
        let message = |is_return, bytes: &[u8]| {
            Params::receive(bytes, None, b"").ok().map(|params| Message { is_return, params })
        };
        let response = match path.as_str() {
            "/orders" => self.place_order(request),
            "/return.php" => {
                let query = request.uri().query().unwrap_or_default();
                return self.take_in(ask, message(true, query.as_bytes()), true, out);
            }
            "/notify.php" => {
                let body = request.body().trim_ascii_end();
                return self.take_in(ask, message(false, body), false, out);
            }
            _ => self.tell(&path),
        };
        out.push(Output::Respond { id: ask, response });
    }

    fn place_order(&mut self, request: &Request) -> Response {
        let wish: Value = serde_json::from_slice(request.body()).unwrap();
        let service = PaymentService::from_wire(wish["service"].as_str().unwrap()).unwrap();
        let charset = Charset::from_label(wish["charset"].as_str().unwrap()).unwrap();
        let number = format!("HABIT-{}", self.orders.len() + 1);
        let price = Fen(wish["lines"][0]["quantity"].as_i64().unwrap());
        let request = self.payment(service, charset, &number, price);
        let group = request.logistics.first();
        let total = request.amount.payable(group).unwrap();
        let mut params = request.to_params().unwrap();
        let key = if self.habits.asks_badly { "" } else { self.place.key.as_str() };
        sign::append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
        let path = if self.habits.asks_badly { "pay.do" } else { "gateway.do" };
        let url = format!("{}/{path}?{}", self.place.gateway_url, params.to_urlencoded());
        let order = Order {
            charset,
            total,
            trade_no: None,
            position: None,
            notify_time: String::new(),
            deliveries: 0,
            changes: 0,
            paid_total: None,
        };
        self.orders.insert(number.clone(), order);
        let placed = json!({ "out_trade_no": number, "payment_url": url, "total_fee": total.to_string() });
        let mut response = Response::new(Bytes::from(placed.to_string()));
        *response.status_mut() = StatusCode::CREATED;
        response
    }

    fn payment(&self, service: PaymentService, charset: Charset, number: &str, price: Fen) -> PaymentRequest {
        let own = if self.habits.asks_badly { "?id=123" } else { "" };
        let page = |name: &str| Some(format!("{}/{name}{own}", self.place.own_url));
        let logistics = LogisticsGroup {
            logistics_type: LogisticsType::Express,
            logistics_fee: CARRIAGE,
            logistics_payment: LogisticsPayment::BuyerPay,
        };
        PaymentRequest {
            service,
            partner: PartnerId::new(self.place.partner.as_str()),
            charset,
            charset_label: charset.label().to_owned(),
            sign_type: SignType::Md5,
            notify_url: page("notify.php"),
            return_url: page("return.php"),
            out_trade_no: OutTradeNo::new(number),
            subject: "剪纸书签 & more".to_owned(),
            body: None,
            payment_type: "1".to_owned(),
            show_url: None,
            seller: Party::Email(self.place.seller_email.clone()),
            buyer: None,
            amount: Amount { price, quantity: 1, discount: Fen::ZERO },
            logistics: if service.is_direct() { Vec::new() } else { vec![logistics] },
            receive: None,
            timeouts: CustomTimeouts::default(),
            token: None,
            direct: DirectTerms::default(),
        }
    }

    fn tell(&self, path: &str) -> Response {
        let number = path.strip_prefix("/orders/").and_then(|rest| rest.strip_suffix(".json"));
        let Some(order) = number.and_then(|number| self.orders.get(number)) else {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let position = order.position;
        let refund = position.and_then(|position| position.refund_status);
        let state = json!({
            "status": position.map(|position| position.trade_status.as_str()),
            "refund_status": refund.map(RefundStatus::as_str),
            "deliveries": order.deliveries,
            "times_applied": order.changes,
            "paid_total": order.paid_total.map(|fen| fen.to_string()),
        });
        Response::new(Bytes::from(state.to_string()))
    }

    fn take_in(&mut self, ask: AskId, message: Option<Message>, is_return: bool, out: &mut Vec<Output>) {
        let message = message.filter(|message| !message.params.is_empty());
        let Some(message) = message.filter(|message| self.is_signed(&message.params)) else {
            return self.answer(ask, is_return, false, out);
        };
        if self.habits.forgets_notifications && !is_return {
            return self.answer(ask, is_return, true, out);
        }
        let notify_id = message.params.get_text("notify_id", Charset::Utf8).ok().flatten();
        let before = self.order_of(&message.params).map(|(_, order)| order.clone());
        if self.habits.asks_nobody {
            let is_done = self.apply(&message, before);
            return self.answer(ask, is_return, is_done, out);
        }
        let Some(notify_id) = notify_id else { return self.answer(ask, is_return, false, out) };
        let question = NotifyVerify {
            partner: PartnerId::new(self.place.partner.as_str()),
            notify_id: NotifyId::new(notify_id),
        };
        let query = question.to_params().to_urlencoded();
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = format!("{}/gateway.do?{query}", self.place.gateway_url).parse().unwrap();
        self.sends += 1;
        let id = SendId(self.sends);
        self.waiting.insert(id, Waiting { ask, message, before });
        out.push(Output::Send { id, request });
    }

    fn is_signed(&self, params: &Params) -> bool {
        if self.habits.reads_utf8_only && params.iter().any(|(_, value)| std::str::from_utf8(value).is_err())
        {
            return false;
        }
        let verifier = Verifier::Md5(Md5Key::new(self.place.key.as_str()));
        self.habits.trusts_any_signature || sign::verify(params, &verifier, &Leniency::STRICT).is_ok()
    }

    fn heard(&mut self, waiting: Waiting, answer: Option<Response>, out: &mut Vec<Output>) {
        let Waiting { ask, message, before } = waiting;
        let is_true = answer.is_some_and(|answer| match self.habits.takes_a_page_for_true {
            true => answer.body().ends_with(b"true"),
            false => answer.status() == StatusCode::OK && answer.body() == "true",
        });
        let is_done = is_true && self.apply(&message, before);
        self.answer(ask, message.is_return, is_done, out);
    }

    fn order_of(&self, params: &Params) -> Option<(String, &Order)> {
        let number = params.get_text("out_trade_no", Charset::Utf8).ok()??;
        self.orders.get(&number).map(|order| (number, order))
    }

    /// Holds the message against the order and moves it; whether the message was taken in.
    fn apply(&mut self, message: &Message, before: Option<Order>) -> bool {
        let Some((number, order)) = self.order_of(&message.params) else { return false };
        let Ok(text) = message.params.decode(order.charset) else { return false };
        if !self.agrees(order, &text) {
            return false;
        }
        let Some(said) = position(&text) else { return self.habits.goes_back };
        let seen = match (self.habits.decides_before_asking, before) {
            (true, Some(before)) => before,
            _ => order.clone(),
        };
        let notify_time = text.get("notify_time").unwrap_or_default().to_owned();
        let is_newer = match seen.position {
            None => true,
            Some(_) if self.habits.goes_back => seen.position != Some(said),
            Some(known) => match said.seen_from(known) {
                Standing::After => true,
                Standing::Level => said != known && notify_time > seen.notify_time,
                Standing::Before => false,
                Standing::Apart => return false,
            },
        };
        let became_paid = is_newer && is_paid(Some(said)) && !is_paid(seen.position);
        let delivers = if self.habits.delivers_again { is_paid(Some(said)) } else { became_paid };
        let Some(order) = self.orders.get_mut(&number) else { return false };
        order.deliveries += i64::from(delivers);
        if is_newer {
            order.changes += 1;
            order.position = Some(said);
            order.notify_time = notify_time;
            order.trade_no = text.get("trade_no").map(str::to_owned);
        }
        if delivers {
            order.paid_total = text.get("total_fee").and_then(|fee| Fen::parse(fee).ok());
        }
        true
    }

    fn agrees(&self, order: &Order, text: &Text) -> bool {
        let is_unpaid = matches!(text.get("trade_status"), Some("WAIT_BUYER_PAY" | "TRADE_CLOSED"));
        let total = text.get("total_fee").and_then(|fee| Fen::parse(fee).ok());
        let amount = self.habits.trusts_the_amount || is_unpaid || total == Some(order.total);
        let seller = self.habits.trusts_the_seller
            || UserId::new(text.get("seller_id").unwrap_or_default()).as_str() == self.place.seller_id
                && text.get("seller_email") == Some(&self.place.seller_email);
        let trade_no = text.get("trade_no").map(str::to_owned);
        let trade = self.habits.trusts_the_trade || order.trade_no.is_none() || order.trade_no == trade_no;
        amount && seller && trade
    }

    fn answer(&self, ask: AskId, is_return: bool, is_done: bool, out: &mut Vec<Output>) {
        let (status, body) = match (is_return, is_done) {
            (_, false) if self.habits.crashes => (StatusCode::INTERNAL_SERVER_ERROR, "Undefined index"),
            (true, _) => (StatusCode::OK, "<html><body>Thank you</body></html>"),
            (false, true) if self.habits.answers_a_page => {
                (StatusCode::OK, "<html><body>success</body></html>")
            }
            (false, true) => (StatusCode::OK, "success"),
            (false, false) => (StatusCode::OK, "fail"),
        };
        let mut response = Response::new(Bytes::from_static(body.as_bytes()));
        *response.status_mut() = status;
        out.push(Output::Respond { id: ask, response });
    }
}

fn position(text: &Text) -> Option<Position> {
    let trade_status = TradeStatus::from_wire(text.get("trade_status")?)?;
    let refund_status = match text.get("refund_status") {
        Some(word) => Some(RefundStatus::from_wire(word)?),
        None => None,
    };
    Some(Position { trade_status, refund_status })
}

fn is_paid(position: Option<Position>) -> bool {
    use TradeStatus::{TradeFinished, TradeSuccess, WaitBuyerConfirmGoods, WaitSellerSendGoods};
    let paid = [WaitSellerSendGoods, WaitBuyerConfirmGoods, TradeSuccess, TradeFinished];
    position.is_some_and(|position| paid.contains(&position.trade_status))
}

impl Node for HabitShop {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut out = Vec::new();
        for input in inputs {
            match input {
                Input::Request { id, request } => self.request(id, &request, &mut out),
                Input::Answer { id, outcome } => {
                    if let Some(waiting) = self.waiting.remove(&id) {
                        self.heard(waiting, outcome.ok(), &mut out);
                    }
                }
                Input::Due => {}
            }
        }
        Ok(out)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}
