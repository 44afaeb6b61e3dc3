//! A little shop in no particular language: orders by REST under a key of its own, and applies webhooks exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{AskId, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Tx};
use hmac::{Hmac, KeyInit, Mac};
use http::header::LOCATION;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::recipe::{self, Care};
use super::{SIDECAR, WEBHOOK_KEY, call};
use crate::world::Birth;

/// A call without an answer is repeated after this, at first.
const REPEAT_AFTER: Duration = Duration::from_secs(5);
/// And no later than after this.
const REPEAT_MAX: Duration = Duration::from_secs(1800);
/// An answer is waited for so long; longer than the world lets it take.
const LEASE: Duration = Duration::from_secs(60);
/// How old a webhook may be, or how far ahead: five minutes (docs/exactly-once.md).
const AGE_MAX_MS: i64 = 300_000;

/// What the sidecar was asked.
enum Waiting {
    /// To make an order.
    Order(String),
    /// To say that goods are on their way.
    Ship(AskId),
}

/// A customer who waits for the address of the cashier.
struct Customer {
    ask: AskId,
    /// Wants to be sent there, as a browser does, and not to read the address.
    is_browser: bool,
}

struct LittleShop {
    conn: Box<dyn Conn>,
    care: Care,
    waiting: BTreeMap<SendId, Waiting>,
    customers: BTreeMap<String, Customer>,
    sends: u64,
}

/// Builds the shop.
pub(super) fn shop(care: Care) -> Birth {
    Box::new(move |mut conn, _, _| {
        recipe::prepare(&mut *conn).map_err(|error| Crash(error.to_string()))?;
        let (waiting, customers) = (BTreeMap::new(), BTreeMap::new());
        Ok(Box::new(LittleShop { conn, care, waiting, customers, sends: 0 }))
    })
}

impl Node for LittleShop {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut outputs = Vec::new();
        for input in inputs {
            let taken = match input {
                Input::Request { id, request } => self.serve(now, id, &request, &mut outputs),
                Input::Answer { id, outcome } => self.hear(now, id, &outcome, &mut outputs),
                Input::Due => self.repeat(now, &mut outputs),
            };
            taken.map_err(|error| Crash(error.to_string()))?;
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let row = self.conn.query_one("SELECT min(due_at) FROM wish", &[]);
        let due = row.and_then(|row| row.get::<Option<i64>>(0));
        due.map(|due| due.map(Timestamp)).map_err(|error| Crash(error.to_string()))
    }
}

impl LittleShop {
    fn serve(
        &mut self,
        now: Timestamp,
        id: AskId,
        request: &Request,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let response = match path.as_slice() {
            ["hooks"] => match self.webhook(now, request) {
                Ok(status) => plain(status, ""),
                Err(error) if matches!(error, Error::Broken(_)) => return Err(error),
                // The transaction is undone; the event will come again.
                Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, ""),
            },
            ["cart"] => plain(StatusCode::OK, "<a href=\"/checkout\">a newspaper</a>"),
            ["orders"] => {
                let wish: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                let word = |name: &str| wish[name].as_str().map(str::to_owned);
                return self.order(now, id, word("service"), word("charset"), false, outputs);
            }
            ["checkout"] => {
                let form = Params::parse_urlencoded(request.body()).unwrap_or_default();
                let word = |name| form.get_text(name, Charset::Utf8).ok().flatten();
                return self.order(now, id, word("service"), word("charset"), true, outputs);
            }
            ["orders", number, "ship"] => {
                let path = format!("/v1/payment_requests/{number}/ship");
                let parcel =
                    json!({ "transport_type": "EXPRESS", "logistics_name": "顺丰速运", "invoice_no": "SF1" });
                self.send(&path, None, &parcel.to_string(), Waiting::Ship(id), outputs);
                return Ok(());
            }
            _ => plain(StatusCode::OK, "thank you"),
        };
        outputs.push(Output::Respond { id, response });
        Ok(())
    }

    /// The recipe: verify, one transaction, and only then 204.
    fn webhook(&mut self, now: Timestamp, request: &Request) -> Result<StatusCode, Error> {
        if self.care != Care::NoSignature && !is_genuine(now, request) {
            return Ok(StatusCode::UNAUTHORIZED);
        }
        let Ok(event) = serde_json::from_slice::<Value>(request.body()) else {
            return Ok(StatusCode::BAD_REQUEST);
        };
        let mut tx = Tx::begin(&mut *self.conn)?;
        let applied = recipe::apply(&mut tx, self.care, &event)?;
        tx.commit()?;
        Ok(applied.map_or(StatusCode::BAD_REQUEST, |_| StatusCode::NO_CONTENT))
    }

    /// Writes down what is wanted, then asks the sidecar; the customer waits.
    fn order(
        &mut self,
        now: Timestamp,
        ask: AskId,
        service: Option<String>,
        charset: Option<String>,
        is_browser: bool,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let service = service.unwrap_or_default();
        let is_direct = service == "create_direct_pay_by_user";
        let logistics = json!([
            { "logistics_type": "EXPRESS", "logistics_fee": "1.00", "logistics_payment": "BUYER_PAY" }
        ]);
        let mut tx = match Tx::begin(&mut *self.conn) {
            Ok(tx) => tx,
            Err(error) => return give_up(ask, error, outputs),
        };
        let placed = place(&mut tx, now, |order_no| {
            let mut terms = json!({ "service": service, "charset": charset.unwrap_or_default() });
            if !is_direct {
                terms["logistics"] = logistics;
            }
            json!({ "order_no": order_no, "subject": "报纸", "price": "12.34", "payment_request": terms })
        });
        let (order_no, body) = match placed.and_then(|placed| tx.commit().map(|()| placed)) {
            Ok(placed) => placed,
            Err(error) => return give_up(ask, error, outputs),
        };
        self.customers.insert(order_no.clone(), Customer { ask, is_browser });
        self.send("/v1/orders", Some(&order_no), &body, Waiting::Order(order_no.clone()), outputs);
        Ok(())
    }

    fn send(
        &mut self,
        path: &str,
        key: Option<&str>,
        body: &str,
        waiting: Waiting,
        outputs: &mut Vec<Output>,
    ) {
        let Some(mut request) = call(SIDECAR, Method::POST, path, Some(body)) else { return };
        if let Some(key) = key.and_then(|key| HeaderValue::from_str(key).ok()) {
            request.headers_mut().insert("idempotency-key", key);
        }
        self.sends += 1;
        let id = SendId(self.sends);
        self.waiting.insert(id, waiting);
        outputs.push(Output::Send { id, request });
    }

    /// Asks again, in the same words and under the same key, for every order of which nothing was heard.
    fn repeat(&mut self, now: Timestamp, outputs: &mut Vec<Output>) -> Result<(), Error> {
        let rows = self.conn.query(
            "UPDATE wish SET tries = tries + 1, due_at = $1 WHERE due_at <= $2 RETURNING order_no, body",
            &[now.plus(LEASE).0.into(), now.0.into()],
        )?;
        let read = |row: &danbao_store::Row| Ok::<(String, String), Error>((row.get(0)?, row.get(1)?));
        let mut wishes = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
        wishes.sort();
        for (order_no, body) in wishes {
            self.send("/v1/orders", Some(&order_no), &body, Waiting::Order(order_no.clone()), outputs);
        }
        Ok(())
    }

    fn hear(
        &mut self,
        now: Timestamp,
        id: SendId,
        outcome: &Result<Response, NoAnswer>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        match self.waiting.remove(&id) {
            None => Ok(()),
            Some(Waiting::Ship(ask)) => {
                let is_done = outcome.as_ref().is_ok_and(|answer| answer.status().is_success());
                let status = if is_done { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
                outputs.push(Output::Respond { id: ask, response: plain(status, "") });
                Ok(())
            }
            Some(Waiting::Order(order_no)) => self.hear_of_order(now, &order_no, outcome, outputs),
        }
    }

    fn hear_of_order(
        &mut self,
        now: Timestamp,
        order_no: &str,
        outcome: &Result<Response, NoAnswer>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let answer = match outcome {
            Ok(answer) if answer.status() == StatusCode::CREATED => answer,
            // It will never be taken: that is for a person.
            Ok(answer) if answer.status().is_client_error() => {
                let why = String::from_utf8_lossy(answer.body()).into_owned();
                let sql =
                    "UPDATE wish SET due_at = NULL, refused = $1 WHERE order_no = $2 AND payment_url IS NULL";
                self.conn.execute(sql, &[why.as_str().into(), order_no.into()])?;
                return Ok(());
            }
            _ => {
                let row =
                    self.conn.query_one("SELECT tries FROM wish WHERE order_no = $1", &[order_no.into()])?;
                let tries: i64 = row.get(0)?;
                let doublings = u32::try_from(tries.clamp(0, 10)).unwrap_or(0);
                let at = now.plus(REPEAT_AFTER.saturating_mul(1 << doublings).min(REPEAT_MAX));
                let sql = "UPDATE wish SET due_at = $1 WHERE order_no = $2 AND due_at IS NOT NULL";
                self.conn.execute(sql, &[at.0.into(), order_no.into()])?;
                return Ok(());
            }
        };
        let made: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let url = made["payment_requests"][0]["payment_url"].as_str().unwrap_or_default();
        let sql = "UPDATE wish SET due_at = NULL, payment_url = $1 WHERE order_no = $2";
        self.conn.execute(sql, &[url.into(), order_no.into()])?;
        if let Some(Customer { ask, is_browser }) = self.customers.remove(order_no) {
            let mut response = plain(StatusCode::OK, &json!({ "payment_url": url }).to_string());
            if let Some(to) = HeaderValue::from_str(url).ok().filter(|_| is_browser) {
                response = plain(StatusCode::SEE_OTHER, "");
                response.headers_mut().insert(LOCATION, to);
            }
            outputs.push(Output::Respond { id: ask, response });
        }
        Ok(())
    }
}

/// An order's number and the body that asks for it, which is the same however often it is sent.
fn place(
    tx: &mut Tx<'_>,
    now: Timestamp,
    body: impl FnOnce(&str) -> Value,
) -> Result<(String, String), Error> {
    let row = tx.query_one(
        "INSERT INTO counter (name, value) VALUES ('order', 1)
         ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        &[],
    )?;
    let number: i64 = row.get(0)?;
    let order_no = format!("little-{number}");
    let body = body(&order_no).to_string();
    tx.execute(
        "INSERT INTO wish (order_no, body, tries, due_at) VALUES ($1, $2, 1, $3)",
        &[order_no.as_str().into(), body.as_str().into(), now.plus(LEASE).0.into()],
    )?;
    Ok((order_no, body))
}

/// Nothing was written: the customer may ask again.
fn give_up(ask: AskId, error: Error, outputs: &mut Vec<Output>) -> Result<(), Error> {
    if matches!(error, Error::Broken(_)) {
        return Err(error);
    }
    outputs.push(Output::Respond { id: ask, response: plain(StatusCode::SERVICE_UNAVAILABLE, "") });
    Ok(())
}

fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(text.to_owned().into());
    *response.status_mut() = status;
    response
}

/// Standard Webhooks 1.0, by hand and not with the sidecar's own code.
fn is_genuine(now: Timestamp, request: &Request) -> bool {
    let word =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp) = (word("webhook-id"), word("webhook-timestamp"));
    let is_fresh = timestamp
        .parse::<i64>()
        .ok()
        .and_then(|seconds| seconds.checked_mul(1000)?.checked_sub(now.0))
        .is_some_and(|ahead| ahead.unsigned_abs() <= AGE_MAX_MS.unsigned_abs());
    let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", request.body()].concat();
    let is_signed = |word: &str| {
        let given = word.strip_prefix("v1,").and_then(|text| Base64::decode_vec(text).ok());
        let mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_KEY).ok();
        given.zip(mac).is_some_and(|(given, mac)| mac.chain_update(&signed).verify_slice(&given).is_ok())
    };
    is_fresh && word("webhook-signature").split(' ').any(is_signed)
}
