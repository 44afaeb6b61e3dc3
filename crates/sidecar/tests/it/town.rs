//! A gateway with books and a shop with a table, and between them sidecars on one disk. Whatever is said may be lost, and
//! whoever speaks may die; the gateway repeats its letters until it hears `success`, and once more.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use danbao_merchant::protocol::batch_refund_notify::BATCH_REFUND_NOTIFY;
use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::node::{AskId, Crash, Input, NoAnswer, Node, Output, Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::time::Timestamp;
use danbao_sidecar::{Config, OpenError, Sidecar};
use danbao_store::faulty::{Death, Disk};
use danbao_store::testing::Database;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::refusals;
use crate::world::{Bought, KEY, MIDNIGHT, asked, call, config, done, open, plain, read, refused, text};

/// What becomes of something that a sidecar sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Nobody is reached, and that is known.
    Unreachable,
    /// It does not arrive, and nothing is heard.
    Request,
    /// It arrives, and its answer does not.
    Answer,
    /// It arrives, and the host never says what came of it.
    Silence,
    /// It arrives, and whoever sent it dies before the answer.
    Asker,
}

pub(crate) const LOSSES: [Loss; 5] =
    [Loss::Unreachable, Loss::Request, Loss::Answer, Loss::Silence, Loss::Asker];

/// A batch as the gateway keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    /// Trade and amount, as they were asked for.
    items: Vec<(String, String)>,
}

/// A trade as the gateway has it.
#[derive(Debug, Clone)]
struct Trade {
    bought: Bought,
    status: &'static str,
    changed: String,
}

/// A letter that the gateway owes.
#[derive(Debug, Clone)]
struct Letter {
    request: Request,
    heard: u32,
}

/// The gateway's books.
#[derive(Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) batches: BTreeMap<String, Batch>,
    /// The number of each call for a refund that has arrived.
    pub(crate) calls: Vec<String>,
    /// What went back, in text, for each trade.
    pub(crate) refunded: Vec<(String, String)>,
    /// Refunds of these trades fail.
    pub(crate) failing: BTreeSet<String>,
    /// What it says to every call for a refund, whatever it keeps.
    pub(crate) refuses: Option<&'static str>,
    /// The questions how a trade stands, and the wishes that one be closed, by order number.
    pub(crate) asked: Vec<(String, String)>,
    trades: BTreeMap<String, Trade>,
    letters: Vec<Letter>,
}

impl Gateway {
    pub(crate) fn hear(&mut self, request: &Request, now: Timestamp) -> Response {
        let said: BTreeMap<String, String> = asked(request).into_iter().collect();
        match said["service"].as_str() {
            "notify_verify" => Response::new(Bytes::from_static(b"true")),
            "refund_fastpay_by_platform_nopwd" => self.refund(&said, now),
            service => {
                let number = said.get("out_trade_no").or(said.get("out_order_no")).unwrap().clone();
                self.asked.push((service.to_owned(), number.clone()));
                self.about_a_trade(service, &number, now)
            }
        }
    }

    fn refund(&mut self, said: &BTreeMap<String, String>, now: Timestamp) -> Response {
        let number = said["batch_no"].clone();
        self.calls.push(number.clone());
        if !number.starts_with(&now.wire_day()) {
            return refused("BATCH_NO_FORMAT_ERROR");
        }
        if let Some(code) = self.refuses {
            return refused(code);
        }
        if self.batches.contains_key(&number) {
            return refused("DUPLICATE_BATCH_NO");
        }
        let parts = |item: &str| {
            let mut parts = item.split('^').map(str::to_owned);
            (parts.next().unwrap(), parts.next().unwrap())
        };
        let items: Vec<(String, String)> = said["detail_data"].split('#').map(parts).collect();
        let paid_back = items.iter().filter(|(trade, _)| !self.failing.contains(trade)).cloned();
        self.refunded.extend(paid_back.collect::<Vec<_>>());
        let batch = Batch { items };
        self.letters.push(Letter { request: self.letter_about(&number, &batch), heard: 0 });
        self.batches.insert(number, batch);
        done()
    }

    fn letter_about(&self, number: &str, batch: &Batch) -> Request {
        let outcome =
            |trade: &str| if self.failing.contains(trade) { "TRADE_HAS_FINISHED" } else { "SUCCESS" };
        let details =
            batch.items.iter().map(|(trade, amount)| format!("{trade}^{amount}^{}", outcome(trade)));
        let details: Vec<String> = details.collect();
        let succeeded = details.iter().filter(|item| item.ends_with("SUCCESS")).count();
        refund_letter(number, succeeded, &details.join("#"))
    }

    fn about_a_trade(&mut self, service: &str, number: &str, now: Timestamp) -> Response {
        let Some(trade) = self.trades.get_mut(number) else { return refused("TRADE_NOT_EXIST") };
        if service == "close_trade" {
            if trade.status != "WAIT_BUYER_PAY" {
                return refused("TRADE_STATUS_NOT_AVAILD");
            }
            trade.status = "TRADE_CLOSED";
            trade.changed = now.wire();
            return done();
        }
        trade.bought.queried(trade.status, &trade.changed)
    }

    /// The buyer does something at the cashier; `tell` says whether a letter follows.
    pub(crate) fn moves(
        &mut self,
        bought: &Bought,
        status: &'static str,
        now: Timestamp,
        tell: bool,
    ) -> bool {
        let known = self.trades.get(&bought.number).map(|trade| trade.status);
        if matches!(known, Some("TRADE_CLOSED" | "TRADE_FINISHED")) {
            return false;
        }
        let changed = now.wire();
        if tell {
            let id = format!("{}:{status}", bought.number);
            let changes = [("notify_id", id.as_str()), ("notify_time", changed.as_str())];
            let request = bought.notify_with(0, status, &changes);
            self.letters.push(Letter { request, heard: 0 });
        }
        let trade = Trade { bought: bought.clone(), status, changed };
        self.trades.insert(bought.number.clone(), trade);
        true
    }

    /// The gateway turns a buyer away, and owes a letter about it.
    pub(crate) fn refuses(&mut self, bought: &Bought, code: ErrorCode, now: Timestamp) {
        let id = format!("{}:{}", bought.number, code.as_str());
        let request = refusals::letter(bought, &id, &now.wire(), code);
        self.letters.push(Letter { request, heard: 0 });
    }

    pub(crate) fn status_of(&self, bought: &Bought) -> Option<&'static str> {
        self.trades.get(&bought.number).map(|trade| trade.status)
    }

    pub(crate) fn owed(&self) -> Vec<Request> {
        self.letters.iter().map(|letter| letter.request.clone()).collect()
    }
}

/// What the gateway tells of a batch.
pub(crate) fn refund_letter(number: &str, succeeded: usize, details: &str) -> Request {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_type", BATCH_REFUND_NOTIFY),
        ("batch_no", number),
        ("success_num", &succeeded.to_string()),
        ("result_details", details),
        ("notify_id", &format!("of-{number}")),
        ("notify_time", "2012-03-01 00:01:00"),
    ] {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    let mut request = plain(Method::POST, "/pay/refund_notify", params.to_urlencoded());
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

pub(crate) struct Town<'d> {
    disk: &'d Disk,
    sidecars: Vec<Sidecar>,
    /// Who takes what comes next.
    turn: usize,
    pub(crate) now: Timestamp,
    pub(crate) gateway: Gateway,
    /// Whether a letter is there before the answer to the call that it follows from.
    pub(crate) letters_first: bool,
    /// The shop's own table: events by id, and how often each was told.
    pub(crate) told: BTreeMap<String, (Value, u32)>,
    pub(crate) deaths: u32,
    pub(crate) losses: u32,
    loss: Option<(Loss, u32)>,
    is_mute: bool,
}

/// Somebody has died, and lives again.
#[derive(Debug)]
pub(crate) struct Died;

impl<'d> Town<'d> {
    pub(crate) fn new(disk: &'d Disk, instances: usize) -> Town<'d> {
        let sidecars = (0..instances).map(|_| open(disk.connect())).collect();
        Town {
            disk,
            sidecars,
            turn: 0,
            now: MIDNIGHT,
            gateway: Gateway::default(),
            letters_first: false,
            told: BTreeMap::new(),
            deaths: 0,
            losses: 0,
            loss: None,
            is_mute: false,
        }
    }

    /// Another sidecar than the last time.
    fn somebody(&mut self) -> usize {
        self.turn += 1;
        self.turn % self.sidecars.len()
    }

    /// The nth thing that is sent from now on is lost in this way.
    pub(crate) fn lose(&mut self, loss: Loss, nth: u32) {
        self.loss = Some((loss, nth));
    }

    pub(crate) fn die(&mut self, death: Option<Death>) {
        self.disk.plan(death);
    }

    /// Everything goes well from now on.
    pub(crate) fn heal(&mut self) {
        self.loss = None;
        self.disk.plan(None);
    }

    pub(crate) fn kill(&mut self, who: usize) {
        self.reopen(who, config);
    }

    /// All instances come back with other settings.
    pub(crate) fn restart_with(&mut self, config: impl Fn() -> Config) {
        for who in 0..self.sidecars.len() {
            self.reopen(who, &config);
        }
    }

    /// All instances come back in this way.
    pub(crate) fn restart_as(&mut self, open: impl Fn(&Disk) -> Result<Sidecar, OpenError>) {
        let disk = self.disk;
        self.sidecars.iter_mut().for_each(|sidecar| *sidecar = open(disk).unwrap());
    }

    fn reopen(&mut self, who: usize, config: impl Fn() -> Config) {
        self.deaths += 1;
        self.sidecars[who] = loop {
            match Sidecar::open(self.disk.connect(), config(), [7; 32]) {
                Ok(sidecar) => break sidecar,
                // The disk may die once more while it is opened.
                Err(error) => assert!(!matches!(error, OpenError::Config(_)), "{error}"),
            }
        };
    }

    fn fate(&mut self) -> Option<Loss> {
        let (loss, nth) = self.loss.take()?;
        if nth > 1 {
            self.loss = Some((loss, nth - 1));
            return None;
        }
        self.losses += 1;
        Some(loss)
    }

    fn step(&mut self, who: usize, inputs: Vec<Input>) -> Result<Vec<Output>, Died> {
        match self.sidecars[who].step(self.now, inputs) {
            Ok(outputs) => Ok(outputs),
            Err(Crash(_)) => {
                self.reopen(who, config);
                Err(Died)
            }
        }
    }

    /// One sidecar takes this, and whatever follows, until nothing is on its way; the answer to the first request.
    fn settle(&mut self, who: usize, inputs: Vec<Input>) -> Result<Option<Response>, Died> {
        let mut answered = None;
        let mut outputs = self.step(who, inputs)?;
        while let Some(output) = outputs.pop() {
            let (id, request) = match output {
                Output::Respond { response, .. } => {
                    answered = Some(response);
                    continue;
                }
                Output::Send { id, request } => (id, request),
            };
            let outcome = match self.fate() {
                None => Ok(self.hear(&request)),
                Some(Loss::Unreachable) => Err(NoAnswer::Unreachable),
                Some(Loss::Request) => Err(NoAnswer::TimedOut),
                Some(Loss::Answer) => {
                    let _ = self.hear(&request);
                    Err(NoAnswer::TimedOut)
                }
                Some(Loss::Silence) => {
                    let _ = self.hear(&request);
                    continue;
                }
                Some(Loss::Asker) => {
                    let _ = self.hear(&request);
                    self.kill(who);
                    return Err(Died);
                }
            };
            outputs.extend(self.step(who, vec![Input::Answer { id, outcome }])?);
        }
        Ok(answered)
    }

    fn hear(&mut self, request: &Request) -> Response {
        if request.uri().host() == Some("gateway") {
            let letters = self.gateway.letters.len();
            let answer = self.gateway.hear(request, self.now);
            if self.letters_first && self.gateway.letters.len() > letters && self.sidecars.len() > 1 {
                self.bring_letters();
            }
            return answer;
        }
        let event: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(request.headers()["webhook-id"], event["id"].as_str().unwrap());
        let entry = self.told.entry(event["id"].as_str().unwrap().to_owned()).or_insert((event.clone(), 0));
        assert_eq!(entry.0, event, "one id, one event");
        entry.1 += 1;
        Response::new(Bytes::new())
    }

    /// Asks one sidecar after the other until there is an answer.
    pub(crate) fn insist(&mut self, request: &Request) -> Response {
        loop {
            if let Some(response) = self.ask_once(request) {
                return response;
            }
        }
    }

    /// Asks somebody; `None` if there was no answer.
    pub(crate) fn ask_once(&mut self, request: &Request) -> Option<Response> {
        let who = self.somebody();
        let input = Input::Request { id: AskId(1), request: request.clone() };
        self.settle(who, vec![input]).ok().flatten()
    }

    /// A call of the API, repeated until it is answered.
    pub(crate) fn api(&mut self, method: Method, path: &str, body: &Value, key: &str) -> (StatusCode, Value) {
        read(&self.insist(&call(method, path, body, key)))
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        let (status, shown) = self.api(Method::GET, path, &Value::Null, "k");
        assert_eq!(status, StatusCode::OK, "{shown}");
        shown
    }

    /// Every letter of the gateway, until each was heard, and once more.
    fn bring_letters(&mut self) {
        for index in 0..self.gateway.letters.len() {
            if self.gateway.letters[index].heard > 1 {
                continue;
            }
            let request = self.gateway.letters[index].request.clone();
            let heard = self.ask_once(&request).is_some_and(|answer| text(&answer) == "success");
            self.gateway.letters[index].heard += u32::from(heard);
        }
    }

    /// Lets minutes pass; in each in which there is something to do, every sidecar does what is due.
    pub(crate) fn pass(&mut self, minutes: i64) {
        let until = Timestamp(self.now.0 + minutes * 60_000);
        while self.now < until {
            let minute = Timestamp(self.now.0 + 60_000);
            self.now = match self.is_owed() {
                true => minute,
                false => self.next_due().map_or(until, |due| due.max(minute)).min(until),
            };
            self.work();
        }
    }

    /// When some sidecar wants to do something.
    fn next_due(&mut self) -> Option<Timestamp> {
        let who = self.somebody();
        match self.sidecars[who].next_due() {
            Ok(due) => due,
            Err(Crash(_)) => {
                self.reopen(who, config);
                Some(self.now)
            }
        }
    }

    /// Whether the gateway has a letter to bring.
    fn is_owed(&self) -> bool {
        !self.is_mute && self.gateway.letters.iter().any(|letter| letter.heard < 2)
    }

    /// What happens while the gateway brings no letters.
    pub(crate) fn gateway_is_mute(&mut self, meanwhile: impl FnOnce(&mut Town<'d>)) {
        self.is_mute = true;
        meanwhile(self);
        self.is_mute = false;
    }

    /// Every sidecar does what is due now, and the gateway brings its letters.
    pub(crate) fn work(&mut self) {
        for _ in 0..self.sidecars.len() {
            let who = self.somebody();
            let _ = self.settle(who, vec![Input::Due]);
        }
        if !self.is_mute {
            self.bring_letters();
        }
        // So that not the same one is always first.
        self.turn += 1;
    }

    /// An order with a direct payment request.
    pub(crate) fn direct(&mut self, order_no: &str) -> Bought {
        let wish = json!({
            "order_no": order_no, "subject": "x", "price": "12.50",
            "payment_request": { "service": "create_direct_pay_by_user" },
        });
        let (status, order) = self.api(Method::POST, "/v1/orders", &wish, &format!("key of {order_no}"));
        assert_eq!(status, StatusCode::CREATED, "{order}");
        Bought::of(&order["payment_requests"][0])
    }

    /// The events of one order, or of one buyer: all of them are in the shop's table, and nothing else of theirs is.
    pub(crate) fn events_of(&mut self, order_no: &str) -> Vec<Value> {
        let feed = self.get(&format!("/v1/events?limit=1000&order_no={order_no}"));
        let events = feed["events"].as_array().unwrap().clone();
        let ids: BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), events.len());
        for event in &events {
            let told = self.told.get(event["id"].as_str().unwrap());
            assert_eq!(told.map(|(event, _)| event), Some(event), "the shop has heard what the feed says");
        }
        events
    }

    pub(crate) fn kinds_of(&mut self, order_no: &str) -> Vec<String> {
        self.events_of(order_no).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

/// Runs a test on a disk of SQLite, and of PostgreSQL where there is one. SQLite's lives in memory: what dies here is who
/// uses it, and thousands do.
pub(crate) fn on_each_disk(test: impl Fn(&Disk)) {
    test(&Disk::new(danbao_store::open("sqlite::memory:").unwrap()));
    if let Some(database) = Database::postgres().unwrap() {
        let disk = Disk::new(database.connect().unwrap());
        test(&disk);
        drop(disk);
    }
}

/// Every death of a disk that a story can meet: the story is told with the first, the second and so on, until it no longer
/// reaches the one that is planned. It says whether somebody has died.
pub(crate) fn each_death(mut story: impl FnMut(Option<Death>, String) -> bool) -> u32 {
    assert!(!story(None, "n".to_owned()), "nobody dies by himself");
    let mut deaths = 0;
    for (prefix, plan) in [("s", Death::BeforeStatement as fn(u64) -> Death), ("c", Death::AfterCommit)] {
        for n in 1.. {
            if !story(Some(plan(n)), format!("{prefix}{n}")) {
                break;
            }
            deaths += 1;
        }
    }
    deaths
}

/// Every loss of every thing that a story sends, in the same way.
pub(crate) fn each_loss(mut story: impl FnMut(Loss, u32, String) -> bool) -> u32 {
    let mut losses = 0;
    for loss in LOSSES {
        for n in 1.. {
            if !story(loss, n, format!("{loss:?}{n}")) {
                break;
            }
            losses += 1;
        }
    }
    losses
}
