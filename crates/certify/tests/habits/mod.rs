//! A tiny shop that does everything right, unless it is given a bad habit: each is something that the tutorials warn of.
#![allow(dead_code, reason = "each test file uses its part")]

mod slips;

use std::collections::{BTreeMap, BTreeSet};

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

pub(crate) use slips::Slip;

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
    /// Something finer.
    pub(crate) slip: Option<Slip>,
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
    /// Those of the return page, which is a program of its own.
    at_return: Habits,
    place: Place,
    orders: BTreeMap<String, Order>,
    waiting: BTreeMap<SendId, Waiting>,
    sends: u64,
    /// What a second worker will do once more.
    jobs: Vec<String>,
    /// Every `notify_id` that has been taken in.
    ids: BTreeSet<Vec<u8>>,
    newest: String,
}

#[derive(Debug, Clone)]
struct Order {
    charset: Charset,
    total: Fen,
    trade_no: Option<String>,
    /// What the first message said that it costs.
    learned: Option<Fen>,
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
    /// What the signature is checked over.
    signed: Params,
}

const CARRIAGE: Fen = Fen(800);

impl HabitShop {
    pub(crate) fn new(habits: Habits, place: Place) -> HabitShop {
        HabitShop::of_two_programs(habits.clone(), habits, place)
    }

    /// A shop whose return page was written by somebody else.
    pub(crate) fn of_two_programs(habits: Habits, at_return: Habits, place: Place) -> HabitShop {
        HabitShop {
            habits,
            at_return,
            place,
            orders: BTreeMap::new(),
            waiting: BTreeMap::new(),
            sends: 0,
            jobs: Vec::new(),
            ids: BTreeSet::new(),
            newest: String::new(),
        }
    }

    fn of(&self, is_return: bool) -> &Habits {
        if is_return { &self.at_return } else { &self.habits }
    }

    fn read(&self, is_return: bool, bytes: &[u8]) -> Option<Message> {
        let [params, signed] = match self.of(is_return).slip {
            Some(Slip::ReadsTheLastValue) => [slips::read(bytes, true)?, slips::read(bytes, false)?],
            Some(Slip::ReadsTheFirstValue) => [slips::read(bytes, false)?, slips::read(bytes, true)?],
            Some(Slip::ChecksKnownParameters) => {
                let params = Params::receive(bytes, None, b"").ok()?;
                let known = slips::known(&params);
                [params, known]
            }
            _ => {
                let params = Params::receive(bytes, None, b"").ok()?;
                [params.clone(), params]
            }
        };
        Some(Message { is_return, params, signed })
    }

    fn request(&mut self, ask: AskId, request: &Request, out: &mut Vec<Output>) {
        let path = request.uri().path().to_owned();
        let response = match path.as_str() {
            "/orders" => self.place_order(request),
            "/return.php" => {
                let query = request.uri().query().unwrap_or_default();
                let message = self.read(true, query.as_bytes());
                return self.take_in(ask, message, true, out);
            }
            "/notify.php" => {
                let body = request.body().trim_ascii_end();
                let message = self.read(false, body);
                return self.take_in(ask, message, false, out);
            }
            _ => self.tell(&path),
        };
        out.push(Output::Respond { id: ask, response });
    }

    fn place_order(&mut self, request: &Request) -> Response {
        let wish: Value = serde_json::from_slice(request.body()).unwrap();
        let service = PaymentService::from_wire(wish["service"].as_str().unwrap()).unwrap();
        let charset = Charset::from_label(wish["charset"].as_str().unwrap()).unwrap();
        for number in std::mem::take(&mut self.jobs) {
            if let Some(order) = self.orders.get_mut(&number) {
                order.deliveries += 1;
            }
        }
        let number = format!("HABIT-{}", self.orders.len() + 1);
        self.newest.clone_from(&number);
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
            learned: None,
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
        let Some(message) = message.filter(|message| self.is_signed(message)) else {
            return self.answer(ask, is_return, false, out);
        };
        if self.of(is_return).forgets_notifications && !is_return {
            return self.answer(ask, is_return, true, out);
        }
        let notify_id = message.params.get_text("notify_id", Charset::Utf8).ok().flatten();
        let before = self.order_of(&message.params).map(|(_, order)| order.clone());
        let is_vouched_for = self.of(is_return).slip == Some(Slip::AsksOnceAnOrder)
            && before.as_ref().is_some_and(|order| order.position.is_some());
        if self.of(is_return).asks_nobody || is_vouched_for {
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

    fn is_signed(&self, message: &Message) -> bool {
        let Message { is_return, signed: params, .. } = message;
        let habits = self.of(*is_return);
        if habits.reads_utf8_only && params.iter().any(|(_, value)| std::str::from_utf8(value).is_err()) {
            return false;
        }
        let key = Md5Key::new(self.place.key.as_str());
        let is_let_through = match habits.slip {
            Some(Slip::TrustsOtherSignTypes) => params.get("sign_type") != Some(b"MD5"),
            Some(Slip::TakesAListForASign) => params.get("sign[]").is_some(),
            Some(Slip::ComparesTheBeginningOfTheSign) => {
                let mut own = params.clone();
                own.remove("sign");
                own.remove("sign_type");
                let is_written = sign::append(&mut own, &Signer::Md5(key.clone())).is_ok();
                let sent = params.get("sign").filter(|sent| !sent.is_empty());
                is_written
                    && sent.is_some_and(|sent| own.get("sign").is_some_and(|own| own.starts_with(sent)))
            }
            _ => habits.trusts_any_signature,
        };
        is_let_through || sign::verify(params, &Verifier::Md5(key), &Leniency::STRICT).is_ok()
    }

    fn heard(&mut self, waiting: Waiting, answer: Option<Response>, out: &mut Vec<Output>) {
        let Waiting { ask, message, before } = waiting;
        let is_true = answer.is_some_and(|answer| match self.of(message.is_return).takes_a_page_for_true {
            true => answer.body().ends_with(b"true"),
            false => answer.status() == StatusCode::OK && answer.body() == "true",
        });
        let is_done = is_true && self.apply(&message, before);
        let gbk = message.params.decode(Charset::Gbk);
        let text = message.params.decode(Charset::Utf8).or(gbk);
        let is_known = text.is_ok_and(|text| position(&text).is_some());
        if is_true && !is_known && self.of(message.is_return).slip == Some(Slip::FailsOnWords) {
            let mut response = Response::new(Bytes::from_static(b"IllegalArgumentException"));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            out.push(Output::Respond { id: ask, response });
            return;
        }
        self.answer(ask, message.is_return, is_done, out);
    }

    fn order_of(&self, params: &Params) -> Option<(String, &Order)> {
        let number = match self.habits.slip {
            Some(Slip::ForgetsTheNumber) => self.newest.clone(),
            _ => params.get_text("out_trade_no", Charset::Utf8).ok()??,
        };
        self.orders.get(&number).map(|order| (number, order))
    }

    /// Holds the message against the order and moves it; whether the message was taken in.
    fn apply(&mut self, message: &Message, before: Option<Order>) -> bool {
        let habits = self.of(message.is_return).clone();
        let Some((number, order)) = self.order_of(&message.params) else { return false };
        let Ok(text) = message.params.decode(order.charset) else { return false };
        if !self.agrees(&habits, order, &text) {
            return false;
        }
        let Some(said) = position(&text) else { return habits.goes_back };
        let seen = match (habits.decides_before_asking, before) {
            (true, Some(before)) => before,
            _ => order.clone(),
        };
        let notify_time = text.get("notify_time").unwrap_or_default().to_owned();
        let Some(is_newer) = is_newer(&habits, &seen, said, &notify_time) else { return false };
        let is_for_money = message.is_return && habits.slip == Some(Slip::TakesAReturnForAPayment);
        let pays = is_for_money || slips::pays(habits.slip, said.trade_status);
        let was_paid = seen.deliveries > 0
            || seen.position.is_some_and(|known| slips::pays(habits.slip, known.trade_status));
        let is_new_id = self.ids.insert(message.params.get("notify_id").unwrap_or_default().to_vec());
        let delivers = match habits.slip {
            Some(Slip::CountsIds) => pays && is_new_id,
            _ if habits.delivers_again => pays,
            _ => pays && is_newer && !was_paid,
        };
        if delivers && habits.slip == Some(Slip::DeliversAgainLater) {
            self.jobs.push(number.clone());
        }
        let all = habits.slip == Some(Slip::PaysAllOrders) && delivers;
        for (other, order) in &mut self.orders {
            if *other == number || all && order.deliveries == 0 && order.position.is_none() {
                order.take(&text, said, is_newer, delivers);
            }
        }
        true
    }

    fn agrees(&self, habits: &Habits, order: &Order, text: &Text) -> bool {
        let is_unpaid = matches!(text.get("trade_status"), Some("WAIT_BUYER_PAY" | "TRADE_CLOSED"));
        let total = text.get("total_fee").and_then(|fee| Fen::parse(fee).ok());
        let learned = order.learned.filter(|_| habits.slip == Some(Slip::LearnsTheAmount));
        let wanted = learned.unwrap_or(order.total);
        let amount = match (habits.slip, total) {
            (Some(Slip::ForgetsFractions), Some(total)) => total.0 / 100 == wanted.0 / 100,
            (Some(Slip::TakesMore), Some(total)) => total >= wanted,
            _ => habits.trusts_the_amount || is_unpaid || total == Some(wanted),
        };
        let seller = habits.trusts_the_seller
            || UserId::new(text.get("seller_id").unwrap_or_default()).as_str() == self.place.seller_id
                && text.get("seller_email") == Some(&self.place.seller_email);
        let trade_no = text.get("trade_no").map(str::to_owned);
        let trade = habits.trusts_the_trade || order.trade_no.is_none() || order.trade_no == trade_no;
        amount && seller && trade
    }

    fn answer(&self, ask: AskId, is_return: bool, is_done: bool, out: &mut Vec<Output>) {
        let slip = self.habits.slip;
        let (status, body) = match (is_return, is_done) {
            (false, false) if slip == Some(Slip::SaysSuccessAlways) => (StatusCode::OK, "success"),
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

/// Whether the message says something newer than the order has; `None` if the two cannot both be true.
fn is_newer(habits: &Habits, seen: &Order, said: Position, notify_time: &str) -> Option<bool> {
    let Some(known) = seen.position else {
        let is_first = said.trade_status == TradeStatus::WaitBuyerPay;
        return Some(is_first || habits.slip != Some(Slip::WantsTheFirstWord));
    };
    if habits.goes_back {
        return Some(known != said);
    }
    match habits.slip {
        Some(Slip::WantsALaterTime) => return Some(notify_time > seen.notify_time.as_str()),
        Some(Slip::GoesByTheTime) => {
            return Some(known != said && notify_time >= seen.notify_time.as_str());
        }
        Some(Slip::ClosesTheFinished) if said.trade_status == TradeStatus::TradeClosed => {
            return Some(known != said);
        }
        _ => {}
    }
    match said.seen_from(known) {
        Standing::After => Some(true),
        Standing::Level => Some(said != known && notify_time > seen.notify_time.as_str()),
        Standing::Before => Some(false),
        Standing::Apart => None,
    }
}

impl Order {
    fn take(&mut self, text: &Text, said: Position, is_newer: bool, delivers: bool) {
        let total = text.get("total_fee").and_then(|fee| Fen::parse(fee).ok());
        self.deliveries += i64::from(delivers);
        if is_newer {
            self.changes += 1;
            self.position = Some(said);
            self.notify_time = text.get("notify_time").unwrap_or_default().to_owned();
            self.trade_no = text.get("trade_no").map(str::to_owned);
            self.learned = self.learned.or(total);
        }
        if delivers {
            self.paid_total = total;
        }
    }
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
