//! A little shop in no particular language: wants things of the sidecar by REST, applies webhooks exactly once, and lets
//! buyers in who come back from the gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{AskId, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Tx};
use hmac::{Hmac, KeyInit, Mac};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::recipe::{self, Care};
use super::visitors::{self, Errand};
use super::wishes::{self, Kind, Wish};
use super::{SIDECAR, WEBHOOK_KEY, call};
use crate::chance::Chance;
use crate::stage::SHOP;
use crate::world::Birth;

/// How old a webhook may be, or how far ahead: five minutes (docs/exactly-once.md).
const AGE_MAX_MS: i64 = 300_000;

/// Whoever wants no webhooks for longer does so by mistake.
const HOLIDAY_MAX: Duration = Duration::from_secs(7200);
/// A mistake is noticed by the first webhook that is turned away.
const NOTICED_WITHIN: Duration = Duration::from_millis(500);

/// What the sidecar was asked.
enum Waiting {
    /// Something that is written down.
    Wish(String, Kind),
    /// To say that goods are on their way.
    Ship(AskId),
    /// Where to send a browser, which has this number.
    Errand(AskId, Errand, String),
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
    chance: Chance,
    waiting: BTreeMap<SendId, Waiting>,
    customers: BTreeMap<String, Customer>,
    sends: u64,
}

/// Builds the shop.
pub(super) fn shop(care: Care) -> Birth {
    Box::new(move |mut conn, [a, b, c, d, e, f, g, h, ..], _| {
        recipe::prepare(&mut *conn).map_err(|error| Crash(error.to_string()))?;
        let chance = Chance::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let (waiting, customers) = (BTreeMap::new(), BTreeMap::new());
        Ok(Box::new(LittleShop { conn, care, chance, waiting, customers, sends: 0 }))
    })
}

impl Node for LittleShop {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut outputs = Vec::new();
        for input in inputs {
            let taken = match input {
                Input::Request { id, request } => self.serve(now, id, &request, &mut outputs),
                Input::Answer { id, outcome } => self.hear(now, id, &outcome, &mut outputs),
                Input::Due => match self.work(now, &mut outputs) {
                    // Still due.
                    Err(error) if error.is_conflict() => Ok(()),
                    done => done,
                },
            };
            taken.map_err(|error| Crash(error.to_string()))?;
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let crash = |error: Error| Crash(error.to_string());
        let wishes = wishes::next_due(&mut *self.conn).map_err(crash)?;
        let holiday = holiday_until(&mut *self.conn).map_err(crash)?;
        Ok(wishes.into_iter().chain(holiday).min())
    }
}

/// When the shop wants webhooks again; `None` if it does.
fn holiday_until(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let row = conn.query_opt("SELECT value FROM counter WHERE name = 'holiday until'", &[])?;
    row.map(|row| row.get(0).map(Timestamp)).transpose()
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
        let done = match path.as_slice() {
            ["hooks"] => self.webhook(now, request, outputs).map(|status| plain(status, "")),
            ["holiday"] => self.begin_holiday(now, request),
            ["in" | "thanks"] => self.come_back(now, request),
            ["cart"] => Ok(plain(StatusCode::OK, "<a href=\"/checkout\">a newspaper</a>")),
            ["login"] => return self.send_away(id, request, Errand::Login, outputs),
            ["address"] => return self.send_away(id, request, Errand::Address, outputs),
            ["orders"] | ["checkout"] | ["orders", _, "again"] => {
                let asked = self.order(now, id, request, outputs);
                return asked.or_else(|error| give_up(id, error, outputs));
            }
            ["orders", order_no, "close"] => self.want(
                now,
                Kind::CloseOrder,
                |_| (format!("/v1/orders/{order_no}/close"), json!({})),
                outputs,
            ),
            ["requests", number, "close"] => {
                let path = format!("/v1/payment_requests/{number}/close");
                self.want(now, Kind::CloseRequest, |_| (path, json!({})), outputs)
            }
            ["refunds"] => self.refund(now, request, outputs),
            ["orders", number, "ship"] => {
                let path = format!("/v1/payment_requests/{number}/ship");
                let parcel =
                    json!({ "transport_type": "EXPRESS", "logistics_name": "顺丰速运", "invoice_no": "SF1" });
                self.post(&path, &parcel.to_string(), Waiting::Ship(id), outputs);
                return Ok(());
            }
            _ => Ok(plain(StatusCode::OK, "thank you")),
        };
        match done {
            Ok(response) => outputs.push(Output::Respond { id, response }),
            Err(error) if matches!(error, Error::Broken(_)) => return Err(error),
            // The transaction is undone; whoever asked may ask again.
            Err(_) => {
                let response = plain(StatusCode::INTERNAL_SERVER_ERROR, "");
                outputs.push(Output::Respond { id, response });
            }
        }
        Ok(())
    }

    /// The recipe: verify, one transaction, and only then 204.
    fn webhook(
        &mut self,
        now: Timestamp,
        request: &Request,
        outputs: &mut Vec<Output>,
    ) -> Result<StatusCode, Error> {
        if self.care != Care::NoSignature && !is_genuine(now, request) {
            return Ok(StatusCode::UNAUTHORIZED);
        }
        if let Some(until) = holiday_until(&mut *self.conn)? {
            // Somebody notices at once, and takes it back.
            let soon = now.plus(NOTICED_WITHIN);
            if until > now.plus(HOLIDAY_MAX) {
                let sql = "UPDATE counter SET value = $1 WHERE name = 'holiday until'";
                self.conn.execute(sql, &[soon.0.into()])?;
            }
            return Ok(StatusCode::GONE);
        }
        let Ok(event) = serde_json::from_slice::<Value>(request.body()) else {
            return Ok(StatusCode::BAD_REQUEST);
        };
        let mut tx = Tx::begin(&mut *self.conn)?;
        let applied = recipe::apply(&mut tx, self.care, &event)?;
        let mut wish = None;
        if let (Some(true), Some("address.chosen"), Some(id)) =
            (applied, event["type"].as_str(), event["data"]["address_id"].as_str())
        {
            let key = format!("address-{id}");
            let path = format!("/v1/addresses/{id}");
            let fetch = wish.insert(Wish { key, kind: Kind::Address, path, body: String::new() });
            wishes::keep(&mut tx, now, fetch)?;
        }
        tx.commit()?;
        if let Some(wish) = wish {
            self.ask(&wish, outputs);
        }
        Ok(applied.map_or(StatusCode::BAD_REQUEST, |_| StatusCode::NO_CONTENT))
    }

    /// From now on webhooks are answered by 410, for so many seconds; those of a mistake until it is noticed.
    fn begin_holiday(&mut self, now: Timestamp, request: &Request) -> Result<Response, Error> {
        let seconds = String::from_utf8_lossy(request.body()).parse().unwrap_or(0);
        let lasts = if seconds == 0 { HOLIDAY_MAX * 3 } else { Duration::from_secs(seconds) };
        let until = now.plus(lasts.min(HOLIDAY_MAX * 3));
        let mut tx = Tx::begin(&mut *self.conn)?;
        tx.execute(
            "INSERT INTO counter (name, value) VALUES ('holiday until', $1) ON CONFLICT DO NOTHING",
            &[until.0.into()],
        )?;
        tx.commit()?;
        Ok(plain(StatusCode::OK, ""))
    }

    /// What is due: the end of a holiday, and what has to be asked for again.
    fn work(&mut self, now: Timestamp, outputs: &mut Vec<Output>) -> Result<(), Error> {
        if holiday_until(&mut *self.conn)?.is_some_and(|until| until <= now) {
            let mut tx = Tx::begin(&mut *self.conn)?;
            tx.execute("DELETE FROM counter WHERE name = 'holiday until'", &[])?;
            let key = format!("enable-{}", wishes::count(&mut *tx, "enable")?);
            let path = "/v1/webhook/enable".to_owned();
            let wish = Wish { key, kind: Kind::Enable, path, body: "{}".to_owned() };
            wishes::keep(&mut tx, now, &wish)?;
            tx.commit()?;
            self.ask(&wish, outputs);
        }
        for wish in wishes::claim_due(&mut *self.conn, now)? {
            self.ask(&wish, outputs);
        }
        Ok(())
    }

    /// Writes down what somebody at the shop wants, then asks the sidecar; nobody waits.
    fn want(
        &mut self,
        now: Timestamp,
        kind: Kind,
        words: impl FnOnce(&str) -> (String, Value),
        outputs: &mut Vec<Output>,
    ) -> Result<Response, Error> {
        let mut tx = Tx::begin(&mut *self.conn)?;
        let key = format!("{}-{}", kind.as_str().replace(' ', "-"), wishes::count(&mut *tx, kind.as_str())?);
        let (path, body) = words(&key);
        let wish = Wish { key, kind, path, body: body.to_string() };
        wishes::keep(&mut tx, now, &wish)?;
        tx.commit()?;
        self.ask(&wish, outputs);
        Ok(plain(StatusCode::ACCEPTED, &wish.key))
    }

    /// `{"items": [{"out_trade_no", "amount"}], "charset"}`: the reason of each item is the name of the wish, so that money
    /// can be followed from the wish to the ledger.
    fn refund(
        &mut self,
        now: Timestamp,
        request: &Request,
        outputs: &mut Vec<Output>,
    ) -> Result<Response, Error> {
        let mut batch: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        self.want(
            now,
            Kind::Refund,
            |key| {
                for item in batch["items"].as_array_mut().into_iter().flatten() {
                    item["reason"] = json!(key);
                }
                ("/v1/refunds".to_owned(), batch)
            },
            outputs,
        )
    }

    /// Writes down what is wanted, then asks the sidecar; the customer waits.
    fn order(
        &mut self,
        now: Timestamp,
        ask: AskId,
        request: &Request,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let order_no =
            request.uri().path().strip_suffix("/again").and_then(|path| path.strip_prefix("/orders/"));
        let is_browser = request.uri().path() != "/orders";
        let mut terms = terms(request, is_browser);
        let sid = visitors::sid(request).unwrap_or_default();
        let mut tx = Tx::begin(&mut *self.conn)?;
        if let Some(user_id) = visitors::user_of(&mut *tx, &sid)? {
            terms["user_id"] = json!(user_id);
        }
        let wish = match order_no {
            None => {
                let order_no = format!("little-{}", wishes::count(&mut *tx, "order")?);
                let body = json!({
                    "order_no": order_no, "subject": "报纸", "price": "12.34", "payment_request": terms,
                });
                Wish { key: order_no, kind: Kind::Order, path: "/v1/orders".into(), body: body.to_string() }
            }
            Some(order_no) => {
                if request.uri().query() == Some("keep") {
                    terms["keep_others"] = json!(true);
                }
                let key = format!("again-{}", wishes::count(&mut *tx, "again")?);
                let path = format!("/v1/orders/{order_no}/payment_requests");
                Wish { key, kind: Kind::Again, path, body: terms.to_string() }
            }
        };
        wishes::keep(&mut tx, now, &wish)?;
        tx.commit()?;
        self.customers.insert(wish.key.clone(), Customer { ask, is_browser });
        self.ask(&wish, outputs);
        Ok(())
    }

    /// A browser is to sign in or to choose an address: the sidecar says where.
    fn send_away(
        &mut self,
        ask: AskId,
        request: &Request,
        errand: Errand,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let sent = self.note_errand(request, errand);
        match sent {
            Ok(Some((sid, body))) => {
                self.post(errand.path(), &body.to_string(), Waiting::Errand(ask, errand, sid), outputs);
                Ok(())
            }
            Ok(None) => {
                outputs
                    .push(Output::Respond { id: ask, response: plain(StatusCode::FORBIDDEN, "who is it?") });
                Ok(())
            }
            Err(error) => give_up(ask, error, outputs),
        }
    }

    fn note_errand(&mut self, request: &Request, errand: Errand) -> Result<Option<(String, Value)>, Error> {
        let (mut fresh, mut guess) = (self.chance.fork(), self.chance.fork());
        let text = |chance: &mut Chance| format!("{:016x}", chance.below(u64::MAX));
        let sid = visitors::sid(request).unwrap_or_else(|| text(&mut fresh));
        let state = text(&mut guess);
        let mut tx = Tx::begin(&mut *self.conn)?;
        let mut body = json!({ "state": state, "return_page": format!("http://{SHOP}/in") });
        if errand == Errand::Address {
            let Some(user_id) = visitors::user_of(&mut *tx, &sid)? else { return Ok(None) };
            body["user_id"] = json!(user_id);
        }
        visitors::send_away(&mut tx, &sid, errand, &state)?;
        tx.commit()?;
        Ok(Some((sid, body)))
    }

    /// A browser comes with a result.
    fn come_back(&mut self, now: Timestamp, request: &Request) -> Result<Response, Error> {
        let Some(claims) = visitors::claims(now, request) else {
            return Ok(plain(StatusCode::FORBIDDEN, "this is not a result"));
        };
        let mut fresh = self.chance.fork();
        let sid = visitors::sid(request).unwrap_or_else(|| format!("{:016x}", fresh.below(u64::MAX)));
        let mut tx = Tx::begin(&mut *self.conn)?;
        let is_let_on = visitors::come_back(&mut tx, self.care, &sid, &claims)?;
        tx.commit()?;
        let status = if is_let_on { StatusCode::OK } else { StatusCode::FORBIDDEN };
        Ok(with_cookie(plain(status, "thank you"), &sid))
    }

    fn ask(&mut self, wish: &Wish, outputs: &mut Vec<Output>) {
        let body = Some(wish.body.as_str()).filter(|body| !body.is_empty());
        let Some(mut request) = call(SIDECAR, wish.kind.method(), &wish.path, body) else { return };
        if let Ok(key) = HeaderValue::from_str(&wish.key) {
            request.headers_mut().insert("idempotency-key", key);
        }
        self.send(request, Waiting::Wish(wish.key.clone(), wish.kind), outputs);
    }

    fn post(&mut self, path: &str, body: &str, waiting: Waiting, outputs: &mut Vec<Output>) {
        if let Some(request) = call(SIDECAR, http::Method::POST, path, Some(body)) {
            self.send(request, waiting, outputs);
        }
    }

    fn send(&mut self, request: Request, waiting: Waiting, outputs: &mut Vec<Output>) {
        self.sends += 1;
        let id = SendId(self.sends);
        self.waiting.insert(id, waiting);
        outputs.push(Output::Send { id, request });
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
            Some(Waiting::Ship(id)) => {
                let is_done = outcome.as_ref().is_ok_and(|answer| answer.status().is_success());
                let status = if is_done { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
                outputs.push(Output::Respond { id, response: plain(status, "") });
                Ok(())
            }
            Some(Waiting::Errand(id, errand, sid)) => {
                let made: Value = read(outcome).unwrap_or_default();
                let response = match made[errand.url()].as_str() {
                    Some(url) => redirect(url),
                    None => plain(StatusCode::BAD_GATEWAY, ""),
                };
                outputs.push(Output::Respond { id, response: with_cookie(response, &sid) });
                Ok(())
            }
            Some(Waiting::Wish(key, kind)) => self.hear_of_wish(now, &key, kind, outcome, outputs),
        }
    }

    fn hear_of_wish(
        &mut self,
        now: Timestamp,
        key: &str,
        kind: Kind,
        outcome: &Result<Response, NoAnswer>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Error> {
        let answer = match outcome {
            Ok(answer) if answer.status().is_success() || answer.status().is_client_error() => answer,
            _ => return wishes::put_off(&mut *self.conn, now, key),
        };
        let text = String::from_utf8_lossy(answer.body());
        wishes::settle(&mut *self.conn, now, key, answer.status().as_u16(), &text)?;
        let Some(Customer { ask: id, is_browser }) = self.customers.remove(key) else { return Ok(()) };
        let made: Value = serde_json::from_str(&text).unwrap_or_default();
        let made = if kind == Kind::Order { &made["payment_requests"][0] } else { &made };
        let response = match made["payment_url"].as_str() {
            Some(url) if is_browser => redirect(url),
            Some(url) => plain(StatusCode::OK, &json!({ "payment_url": url }).to_string()),
            None => plain(StatusCode::CONFLICT, "there is nothing to pay"),
        };
        outputs.push(Output::Respond { id, response });
        Ok(())
    }
}

/// How an order is to be paid, as a browser's form or a program's JSON has it.
fn terms(request: &Request, is_form: bool) -> Value {
    let word = |name: &str| {
        if is_form {
            let form = Params::parse_urlencoded(request.body()).unwrap_or_default();
            return form.get_text(name, Charset::Utf8).ok().flatten();
        }
        let wish: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        wish[name].as_str().map(str::to_owned)
    };
    let service = word("service").unwrap_or_default();
    let mut terms = json!({ "service": service, "charset": word("charset").unwrap_or_default() });
    if service != "create_direct_pay_by_user" {
        terms["logistics"] = json!([
            { "logistics_type": "EXPRESS", "logistics_fee": "1.00", "logistics_payment": "BUYER_PAY" }
        ]);
    }
    terms
}

fn read(outcome: &Result<Response, NoAnswer>) -> Option<Value> {
    let answer = outcome.as_ref().ok().filter(|answer| answer.status().is_success())?;
    serde_json::from_slice(answer.body()).ok()
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

fn redirect(url: &str) -> Response {
    let mut response = plain(StatusCode::SEE_OTHER, "");
    response.headers_mut().extend(HeaderValue::from_str(url).ok().map(|to| (LOCATION, to)));
    response
}

fn with_cookie(mut response: Response, sid: &str) -> Response {
    let line = format!("{}={sid}; Path=/; HttpOnly", visitors::COOKIE_NAME);
    response.headers_mut().extend(HeaderValue::from_str(&line).ok().map(|line| (SET_COOKIE, line)));
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
