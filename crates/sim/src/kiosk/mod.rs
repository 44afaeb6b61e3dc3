//! The smallest merchant that there can be, on the kit alone: takes orders, believes messages, delivers.
//!
//! It asks for what the model shop does not: shares for others, and times of its own. And it can be careless on demand
//! ([`Care`]), for the tests that see whether the auditor notices.

mod complaints;
mod refunds;

use std::collections::BTreeMap;
use std::time::Duration;

use danbao_merchant::inbox::{self, MIGRATION_SQL};
use danbao_merchant::{Account, OrderFacts, Received, Signed, Way, answer};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::OutTradeNo;
use danbao_protocol::money::Fen;
use danbao_protocol::node::{AskId, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::{
    Amount, LogisticsGroup, LogisticsPayment, LogisticsType, PayTimeout, PaymentRequest, PaymentService,
    RoyaltyShare,
};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Migration, Tx, migrate};
use serde_json::{Value, json};

use crate::stage::{PARTNERS_OF_SELLER, SHOP};
use crate::world::Birth;

/// What this merchant takes care of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Everything that the kit's documentation says.
    All,
    /// Delivers whenever a message says "paid".
    NoDuplicateCheck,
    /// Believes what is signed, without asking the gateway.
    NoNotifyVerify,
    /// Says `success` to what tells of a refund, and forgets it.
    NoRefunds,
}

/// What this merchant asks for beside the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// Nothing.
    Plain,
    /// Now and then shares for [`PARTNERS_OF_SELLER`] (protocol.md §3.10) or times of its own (§5.7).
    Varied,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "inbox", sql: MIGRATION_SQL },
    Migration {
        version: 2,
        name: "kiosk",
        sql: "CREATE TABLE delivery (out_trade_no TEXT NOT NULL);
              CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);",
    },
    Migration { version: 3, name: "refunds", sql: refunds::SCHEMA },
    Migration { version: 4, name: "complaints", sql: complaints::SCHEMA },
];

struct Kiosk {
    conn: Box<dyn Conn>,
    account: Account,
    care: Care,
    terms: Terms,
    /// How far the gateway's clock is ahead: a batch is numbered by the gateway's day.
    gateway_ahead: Duration,
    waiting: BTreeMap<SendId, Waiting>,
    next_send: u64,
}

/// What the gateway was asked, and who waits for what comes of it.
enum Waiting {
    /// Whether a message about a trade is its own.
    Message { ask: AskId, way: Way, message: String, signed: Signed },
    /// Whether the result of a batch is its own.
    Letter { ask: AskId, signed: Signed },
    /// Whether a letter of a refusal is its own.
    Complaint { ask: AskId, signed: Signed, charset: Charset },
    /// To keep a batch.
    Batch { ask: AskId, batch_no: String },
}

/// Builds the merchant; `gateway_ahead` is how far the gateway's clock is ahead of the world's.
pub fn kiosk(account: Account, care: Care, terms: Terms, gateway_ahead: Duration) -> Birth {
    Box::new(move |mut conn, _, _| {
        migrate(&mut *conn, MIGRATIONS).map_err(|error| Crash(error.to_string()))?;
        let account = account.clone();
        let waiting = BTreeMap::new();
        Ok(Box::new(Kiosk { conn, account, care, terms, gateway_ahead, waiting, next_send: 1 }))
    })
}

impl Node for Kiosk {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut outputs = Vec::new();
        for input in inputs {
            self.take(now, input, &mut outputs).map_err(|error| Crash(error.to_string()))?;
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

impl Kiosk {
    fn take(&mut self, now: Timestamp, input: Input, outputs: &mut Vec<Output>) -> Result<(), Error> {
        match input {
            Input::Request { id, request } => match request.uri().path() {
                "/orders" => {
                    let wish: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                    let word = |name: &str| wish[name].as_str().map(str::to_owned);
                    let url = self.place(now, word("service"), word("charset"))?;
                    let response = Response::new(json!({ "payment_url": url }).to_string().into());
                    outputs.push(Output::Respond { id, response });
                }
                // For people: there is one thing to buy.
                "/cart" => {
                    let response = Response::new("<a href=\"/checkout\">a newspaper</a>".into());
                    outputs.push(Output::Respond { id, response });
                }
                "/checkout" => {
                    let form = Params::parse_urlencoded(request.body()).unwrap_or_default();
                    let word = |name| form.get_text(name, Charset::Utf8).ok().flatten();
                    let url = self.place(now, word("service"), word("charset"))?;
                    let mut response = Response::default();
                    *response.status_mut() = http::StatusCode::SEE_OTHER;
                    let to = url.and_then(|url| http::HeaderValue::from_str(&url).ok());
                    response.headers_mut().extend(to.map(|to| (http::header::LOCATION, to)));
                    outputs.push(Output::Respond { id, response });
                }
                "/refunds" => self.refund(now, id, request.body(), outputs)?,
                "/pay/error/utf-8" => self.complaint(id, request.body(), Charset::Utf8, outputs),
                "/pay/error/gbk" => self.complaint(id, request.body(), Charset::Gbk, outputs),
                "/refunds/notify" => self.letter(id, request.body(), outputs),
                "/pay/notify" => {
                    let received = Received::notification(None, request.body());
                    self.arrive(now, id, Way::Notify, request.body(), received.ok(), outputs)?;
                }
                "/pay/return" => {
                    let raw = request.uri().query().unwrap_or_default().as_bytes();
                    self.arrive(now, id, Way::Return, raw, Received::page_return(raw, &[]).ok(), outputs)?;
                }
                _ => {
                    let mut response = Response::new("there is nothing here".into());
                    *response.status_mut() = http::StatusCode::NOT_FOUND;
                    outputs.push(Output::Respond { id, response });
                }
            },
            Input::Answer { id, outcome } => {
                let Some(waiting) = self.waiting.remove(&id) else { return Ok(()) };
                let (ask, response) = match waiting {
                    Waiting::Message { ask, way, message, signed } => {
                        (ask, self.hear(now, way, &message, signed, &outcome)?)
                    }
                    Waiting::Letter { ask, signed } => (ask, self.hear_letter(signed, &outcome)?),
                    Waiting::Complaint { ask, signed, charset } => {
                        (ask, self.hear_complaint(signed, charset, &outcome)?)
                    }
                    Waiting::Batch { ask, batch_no } => (ask, Kiosk::answer_clerk(&batch_no, &outcome)),
                };
                outputs.push(Output::Respond { id: ask, response });
            }
            Input::Due => {}
        }
        Ok(())
    }

    fn send(&mut self, request: Request, waiting: Waiting, outputs: &mut Vec<Output>) {
        let id = SendId(self.next_send);
        self.next_send += 1;
        outputs.push(Output::Send { id, request });
        self.waiting.insert(id, waiting);
    }

    fn count(tx: &mut Tx<'_>) -> Result<i64, Error> {
        let row = tx.query_one(
            "INSERT INTO counter (name, value) VALUES ('all', 1)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
            &[],
        )?;
        row.get(0)
    }

    /// Opens an order; the address of the cashier for it.
    fn place(
        &mut self,
        now: Timestamp,
        service: Option<String>,
        charset: Option<String>,
    ) -> Result<Option<String>, Error> {
        let service = service.and_then(|service| PaymentService::from_wire(&service));
        let charset = charset.and_then(|charset| Charset::from_label(&charset));
        let (Some(service), Some(charset)) = (service, charset) else { return Ok(None) };
        let mut tx = Tx::begin(&mut *self.conn)?;
        let count = Kiosk::count(&mut tx)?;
        let number = OutTradeNo::new(format!("kiosk-{count}"));
        let amount = Amount { price: Fen(1234), quantity: 1, discount: Fen::ZERO };
        let mut request = self.account.payment(service, charset, number, "报纸", amount);
        request.notify_url = Some(format!("http://{SHOP}/pay/notify"));
        request.return_url = Some(format!("http://{SHOP}/pay/return"));
        if !service.is_direct() {
            request.logistics.push(LogisticsGroup {
                logistics_type: LogisticsType::Express,
                logistics_fee: Fen(100),
                logistics_payment: LogisticsPayment::BuyerPay,
            });
        }
        if self.terms == Terms::Varied {
            if service.is_direct() {
                // Which charset a letter will be in, the request itself says; so its address does too.
                let url = format!("http://{SHOP}/pay/error/{}", charset.label().to_ascii_lowercase());
                request.direct.error_notify_url = Some(url);
            }
            ask_for_more(&mut request, count);
        }
        let facts = OrderFacts::of(&self.account, &request).map_err(|why| Error::Shape(why.to_string()))?;
        inbox::open_order(&mut tx, &facts, now)?;
        tx.commit()?;
        Ok(self.account.payment_url(&request).ok())
    }

    fn arrive(
        &mut self,
        now: Timestamp,
        ask: AskId,
        way: Way,
        raw: &[u8],
        received: Option<Received>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let mut tx = Tx::begin(&mut *self.conn)?;
        let message = format!("message {}", Kiosk::count(&mut tx)?);
        inbox::arrive(&mut tx, &message, way, raw, now)?;
        tx.commit()?;
        if self.care == Care::NoRefunds && raw.windows(13).any(|word| word == b"refund_status") {
            outputs.push(Output::Respond { id: ask, response: answer::success() });
            return Ok(());
        }
        match received.and_then(|received| received.check_sign(&self.account).ok()) {
            None => outputs.push(Output::Respond { id: ask, response: answer::fail() }),
            Some(signed) if self.care == Care::NoNotifyVerify => {
                let yes = Ok(Response::new("true".into()));
                let response = self.hear(now, way, &message, signed, &yes)?;
                outputs.push(Output::Respond { id: ask, response });
            }
            Some(signed) => {
                self.send(signed.question(), Waiting::Message { ask, way, message, signed }, outputs);
            }
        }
        Ok(())
    }

    fn hear(
        &mut self,
        now: Timestamp,
        way: Way,
        message: &str,
        signed: Signed,
        outcome: &Result<Response, NoAnswer>,
    ) -> Result<Response, Error> {
        let Some(genuine) = outcome.as_ref().ok().and_then(|said| signed.hear(said).ok()) else {
            return Ok(answer::fail());
        };
        let mut tx = Tx::begin(&mut *self.conn)?;
        let receipt = inbox::receive(&mut tx, message, genuine, now)?;
        let order = receipt.order.as_ref();
        let is_paid = order.is_some_and(|order| order.state.is_paid());
        let delivers = match self.care {
            Care::NoDuplicateCheck => is_paid,
            Care::All | Care::NoNotifyVerify | Care::NoRefunds => receipt.became_paid,
        };
        if let Some(order) = order.filter(|_| delivers) {
            let number = order.facts.out_trade_no.as_str();
            tx.execute("INSERT INTO delivery (out_trade_no) VALUES ($1)", &[number.into()])?;
        }
        tx.commit()?;
        Ok(if way == Way::Notify { receipt.outcome.answer() } else { Response::new("thank you".into()) })
    }
}

/// One order in a few has terms of its own, by its number.
fn ask_for_more(request: &mut PaymentRequest, count: i64) {
    let share = |payer: Option<&str>, receiver: &str, amount| RoyaltyShare {
        payer_email: payer.map(str::to_owned),
        receiver_email: receiver.to_owned(),
        amount,
        memo: "share".to_owned(),
    };
    let [first, second] = PARTNERS_OF_SELLER;
    let timeouts = &mut request.timeouts;
    match count.rem_euclid(5) {
        0 => timeouts.it_b_pay = Some(PayTimeout::After(Duration::from_secs(3 * 3600))),
        1 => timeouts.it_b_pay = Some(PayTimeout::Today),
        2 | 3 if request.service.is_direct() => {
            request.direct.royalty = vec![share(None, first, Fen(900)), share(Some(first), second, Fen(199))];
        }
        4 if request.service.is_direct() => request.direct.royalty = vec![share(None, second, Fen(1))],
        2 => (timeouts.t_s_send_1_days, timeouts.t_b_rec_post_days) = (Some(1), Some(4)),
        3 => timeouts.t_b_rec_post_days = Some(2),
        _ => {}
    }
}
