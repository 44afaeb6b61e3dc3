//! A sandbox gateway with its demo people, a clock that the scenario moves, and a merchant that hears notifications.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use danbao_gateway::password::PasswordCost;
use danbao_gateway::{Config, DemoBuyer, DemoWorld, Gateway, keys};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{AskId, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_protocol::params::{Params, Text};
use danbao_protocol::sign::{self, Leniency, Md5Key, SignType, Verifier};
use danbao_protocol::time::Timestamp;
use danbao_store::dump::dump_all;
use danbao_store::faulty::{Death, Disk};
use danbao_store::testing::Database;
use danbao_store::{Bind, Conn, sqlite};
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// 2012-02-29 12:00:00 in Beijing.
pub(crate) const NOON: Timestamp = Timestamp(1_330_488_000_000);
pub(crate) const NOTIFY_URL: &str = "http://shop.example/notify";
pub(crate) const RETURN_URL: &str = "http://shop.example/return";

/// Plays a scenario on SQLite in memory and, where there is a server, on PostgreSQL, and holds that both databases
/// hold the same afterwards. Without a server it says that it skipped that half, or fails if there must be one.
pub(crate) fn on_both_databases(scenario: impl Fn(&mut World)) {
    on_both_databases_with(|_| {}, scenario);
}

/// As [`on_both_databases`], with other settings than a sandbox's.
pub(crate) fn on_both_databases_with(settings: impl Fn(&mut Config), scenario: impl Fn(&mut World)) {
    let play = |conn: Box<dyn Conn>| {
        let mut config = Config::sandbox("http://pay.example");
        config.password_cost = PasswordCost::SIMULATED;
        settings(&mut config);
        let mut world = World::new(conn, config);
        scenario(&mut world);
        world.audit();
        world.dump()
    };
    let on_sqlite = play(sqlite::memory().unwrap());
    if let Some(database) = Database::postgres().unwrap() {
        let on_postgres = play(database.connect().unwrap());
        for (line, (one, other)) in on_sqlite.lines().zip(on_postgres.lines()).enumerate() {
            assert_eq!(one, other, "SQLite and PostgreSQL differ from line {line} of the dump on");
        }
        assert_eq!(on_sqlite.len(), on_postgres.len());
    }
}

/// A merchant under contract.
#[derive(Debug, Clone)]
pub(crate) struct Merchant {
    pub(crate) partner: String,
    pub(crate) key: Md5Key,
    pub(crate) seller_email: String,
    pub(crate) seller_id: String,
}

/// A notification that the gateway has sent and that nobody has answered yet.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) id: SendId,
    pub(crate) request: Request,
    pub(crate) said: Message,
}

/// A message about a trade whose signature was checked.
#[derive(Debug, Clone)]
pub(crate) struct Message(Text);

impl Message {
    /// Checks the signature over the bytes and reads them in their charset.
    pub(crate) fn read(urlencoded: &[u8], key: &Md5Key, charset: Charset) -> Message {
        Message::verified(urlencoded, &Verifier::Md5(key.clone()), charset)
    }

    /// The same under any kind of signature.
    pub(crate) fn verified(urlencoded: &[u8], verifier: &Verifier, charset: Charset) -> Message {
        let params = Params::parse_urlencoded(urlencoded).unwrap();
        assert_eq!(params.get("sign_type"), Some(verifier.sign_type().as_str().as_bytes()));
        sign::verify(&params, verifier, &Leniency::STRICT).expect("the gateway signed what it says");
        assert!(params.iter().all(|(_, value)| !value.is_empty()), "an empty parameter (trap 4)");
        Message(params.decode(charset).unwrap())
    }

    /// What a fault may have spoiled: not checked, and empty if it cannot be read.
    pub(crate) fn unchecked(urlencoded: &[u8], charset: Charset) -> Message {
        let params = Params::parse_urlencoded(urlencoded).unwrap();
        Message(params.decode(charset).unwrap_or_else(|_| Params::new().decode(charset).unwrap()))
    }

    /// A parameter; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }
}

/// Everything that one scenario is about.
pub(crate) struct World {
    disk: Disk,
    config: Config,
    gateway: Gateway,
    pub(crate) now: Timestamp,
    asks: u64,
    lives: u8,
    pub(crate) demo: DemoWorld,
    /// The demo shop.
    pub(crate) shop: Merchant,
    merchants: Vec<Merchant>,
    /// Notifications on their way, oldest first.
    pub(crate) sent: VecDeque<Sent>,
    /// A fault plan may have spoiled what is sent: nobody checks it.
    pub(crate) is_rough: bool,
}

impl World {
    fn new(conn: Box<dyn Conn>, config: Config) -> World {
        let disk = Disk::new(conn);
        let mut gateway = Gateway::open(disk.connect(), config.clone(), [7; 32], NOON).unwrap();
        let demo = gateway.ensure_demo(NOON, None).unwrap();
        let shop = Merchant {
            partner: demo.partner.partner.clone(),
            key: Md5Key::new(demo.partner.key.clone()),
            seller_email: demo.partner.seller_email.clone(),
            seller_id: demo.partner.seller_id.clone(),
        };
        let merchants = vec![shop.clone()];
        let sent = VecDeque::new();
        World {
            disk,
            config,
            gateway,
            now: NOON,
            asks: 0,
            lives: 1,
            demo,
            shop,
            merchants,
            sent,
            is_rough: false,
        }
    }

    /// 张三
    pub(crate) fn zhang(&self) -> DemoBuyer {
        self.demo.buyers[0].clone()
    }

    /// 李四
    pub(crate) fn li(&self) -> DemoBuyer {
        self.demo.buyers[1].clone()
    }

    /// The process ends, with whatever it kept in memory, and another begins on the same database.
    pub(crate) fn restart(&mut self) {
        self.lives += 1;
        self.gateway =
            Gateway::open(self.disk.connect(), self.config.clone(), [self.lives; 32], self.now).unwrap();
    }

    /// Gives the gateway inputs as one group, a little later than the last.
    pub(crate) fn step(&mut self, inputs: Vec<Input>) -> Vec<(AskId, Response)> {
        self.now = self.now.plus(Duration::from_millis(10));
        let outputs = self.gateway.step(self.now, inputs).unwrap();
        self.hear(outputs)
    }

    /// Keeps what was sent, its signature checked, and hands the answers on.
    fn hear(&mut self, outputs: Vec<Output>) -> Vec<(AskId, Response)> {
        let mut answers = Vec::new();
        for output in outputs {
            match output {
                Output::Respond { id, response } => answers.push((id, response)),
                Output::Send { id, request } => {
                    let said = self.read_notification(&request);
                    self.sent.push_back(Sent { id, request, said });
                }
            }
        }
        answers
    }

    fn read_notification(&self, request: &Request) -> Message {
        let headers = request.headers();
        let content_type = headers[http::header::CONTENT_TYPE].to_str().unwrap();
        let charset = match content_type.split_once("charset=") {
            Some((_, label)) => Charset::from_label(label).unwrap(),
            None => panic!("{content_type} names no charset"),
        };
        assert_eq!(request.method(), Method::POST);
        if self.is_rough {
            return Message::unchecked(request.body(), charset);
        }
        let params = Params::parse_urlencoded(request.body()).unwrap();
        // A trade's message names the seller, a refused request's its partner; a batch's result is for whom its key fits.
        let named = |name| params.get_text(name, charset).unwrap().unwrap_or_default();
        let (seller_id, partner) = (named("seller_id"), named("partner"));
        let is_named = !seller_id.is_empty() || !partner.is_empty();
        let is_for = |told: &&Merchant| match is_named {
            true => told.seller_id == seller_id || told.partner == partner,
            false => sign::verify(&params, &Verifier::Md5(told.key.clone()), &Leniency::STRICT).is_ok(),
        };
        match params.get("sign_type") {
            Some(b"MD5") => {
                let merchant = self.merchants.iter().find(is_for).expect("the message is for a merchant");
                Message::read(request.body(), &merchant.key, charset)
            }
            _ => Message::verified(request.body(), &self.gateways_verifier(&params), charset),
        }
    }

    /// Reads and changes keys, at the time that the gateway's clock shows.
    pub(crate) fn keys<T>(&self, work: impl FnOnce(&mut dyn Conn, Timestamp) -> T) -> T {
        self.disk.inspect(|conn| {
            let now = keys::open(conn, self.now).unwrap();
            work(conn, now)
        })
    }

    /// What verifies the gateway's messages of the kind that these parameters name.
    pub(crate) fn gateways_verifier(&self, params: &Params) -> Verifier {
        let sign_type = params.get_text("sign_type", Charset::Utf8).unwrap().unwrap();
        let sign_type = SignType::from_wire(&sign_type).unwrap();
        let (own, now) = self.keys(|conn, now| (keys::list(conn, &keys::Owner::Gateway).unwrap(), now));
        keys::signing(&own, sign_type, now).unwrap().key.verifier(sign_type).unwrap()
    }

    /// Names a new question.
    pub(crate) fn input(&mut self, request: Request) -> Input {
        self.asks += 1;
        Input::Request { id: AskId(self.asks), request }
    }

    /// Asks one question and hears its one answer. No question from outside may ever meet a fault.
    pub(crate) fn ask(&mut self, request: Request) -> Response {
        let what = format!("{} {}", request.method(), request.uri());
        let input = self.input(request);
        let mut answers = self.step(vec![input]);
        assert_eq!(answers.len(), 1, "{what}");
        let (_, response) = answers.remove(0);
        assert!(!response.status().is_server_error(), "{what}: {}", response.status());
        response
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.ask(request(Method::GET, path, ""))
    }

    pub(crate) fn get_text(&mut self, path: &str) -> String {
        body_text(&self.get(path))
    }

    /// Asks the sandbox.
    pub(crate) fn sandbox(&mut self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut asked = request(method, &format!("/sandbox/v1{path}"), body);
        let bearer = format!("Bearer {}", self.demo.sandbox_token);
        asked.headers_mut().insert(http::header::AUTHORIZATION, bearer.parse().unwrap());
        let response = self.ask(asked);
        let answer = serde_json::from_slice(response.body()).unwrap();
        (response.status(), answer)
    }

    /// As [`World::sandbox`], for what must succeed.
    pub(crate) fn done(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.sandbox(method, path, body);
        assert_eq!(status, StatusCode::OK, "{path} {body}: {answer}");
        answer
    }

    /// A new merchant with these words in its contract.
    pub(crate) fn merchant(&mut self, seller_email: &str, contract: Value) -> Merchant {
        let mut body = contract;
        body["seller_email"] = json!(seller_email);
        let made = self.done(Method::POST, "/partners", &body);
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let merchant = Merchant {
            partner: text("partner"),
            key: Md5Key::new(text("key")),
            seller_email: text("seller_email"),
            seller_id: text("seller_id"),
        };
        self.merchants.push(merchant.clone());
        merchant
    }

    /// A new member with this balance.
    pub(crate) fn member(&mut self, email: &str, balance: &str) -> Value {
        self.done(Method::POST, "/users", &json!({ "email": email, "balance": balance }))
    }

    /// Time goes by, for the gateway alone; what came due was done and told before this returns.
    pub(crate) fn later(&mut self, length: Duration) {
        let seconds = json!({ "seconds": length.as_secs() });
        self.done(Method::POST, "/clock/advance", &seconds);
    }

    /// What the gateway's clock says.
    pub(crate) fn clock(&mut self) -> Timestamp {
        let clock = self.done(Method::GET, "/clock", &Value::Null);
        Timestamp(clock["now_ms"].as_i64().unwrap())
    }

    /// The host wakes the gateway as it asked for, if it asked for anything up to now.
    pub(crate) fn wake(&mut self) {
        self.step(vec![Input::Due]);
    }

    /// Whether nothing is planned but to forget what was told a quarter of a year ago.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.next_due().is_none_or(|due| due.since(self.now) > Duration::from_secs(20 * 86_400))
    }

    /// When the gateway wants to be woken, by the host's clock.
    pub(crate) fn next_due(&mut self) -> Option<Timestamp> {
        self.gateway.next_due().unwrap()
    }

    /// The headless buyer goes through the cashier.
    pub(crate) fn checkout(&mut self, url: &str, buyer: &str, wish: Value) -> Value {
        let mut body = wish;
        if body.is_null() {
            body = json!({});
        }
        body["url"] = json!(url);
        body["buyer"] = json!(buyer);
        self.done(Method::POST, "/checkout", &body)
    }

    /// Everything that the sandbox tells of a trade.
    pub(crate) fn trade(&mut self, trade_no: &str) -> Value {
        self.done(Method::GET, &format!("/trades/{trade_no}"), &Value::Null)
    }

    pub(crate) fn status(&mut self, trade_no: &str) -> String {
        self.trade(trade_no)["trade_status"].as_str().unwrap().to_owned()
    }

    /// Acts on a trade without a browser.
    pub(crate) fn act(&mut self, trade_no: &str, action: Value) -> Value {
        self.done(Method::POST, &format!("/trades/{trade_no}/actions"), &action)
    }

    /// What an account of the ledger holds; `0.00` if nothing.
    pub(crate) fn balance(&mut self, account: &str) -> String {
        let ledger = self.done(Method::GET, "/ledger", &Value::Null);
        ledger["accounts"][account].as_str().unwrap_or("0.00").to_owned()
    }

    /// The merchant answers its oldest open notification with this status and body, and what it said is handed on.
    pub(crate) fn answer_with(&mut self, status: u16, body: &'static str) -> Message {
        let sent = self.sent.pop_front().expect("a notification is on its way");
        self.answer(sent.id, Ok(answer(status, body)));
        sent.said
    }

    /// The merchant says `success`.
    pub(crate) fn acknowledge(&mut self) -> Message {
        self.answer_with(200, "success")
    }

    /// The merchant says `success` until nothing is on its way; the states that it was told.
    pub(crate) fn acknowledge_all(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while !self.sent.is_empty() {
            told.push(self.acknowledge().get("trade_status").to_owned());
        }
        told
    }

    pub(crate) fn answer(&mut self, id: SendId, outcome: Result<Response, NoAnswer>) {
        let answers = self.step(vec![Input::Answer { id, outcome }]);
        assert!(answers.is_empty());
    }

    /// Lets a partner ask for money on behalf of one more seller.
    pub(crate) fn add_seller(&mut self, partner: &str, user_id: &str) {
        let is_new = format!(
            "SELECT COUNT(*) FROM partner_seller WHERE partner = '{partner}' AND user_id = '{user_id}'"
        );
        if self.count(&is_new) == 0 {
            let sql = "INSERT INTO partner_seller (partner, user_id) VALUES ($1, $2)";
            self.vandalize(sql, &[Bind::Text(partner), Bind::Text(user_id)]);
        }
    }

    /// Writes into the database behind the gateway's back.
    pub(crate) fn vandalize(&mut self, sql: &str, binds: &[Bind<'_>]) {
        let changed = self.disk.inspect(|conn| conn.execute(sql, binds)).unwrap();
        assert!(changed > 0, "{sql}");
    }

    /// A number out of the database.
    pub(crate) fn count(&mut self, sql: &str) -> i64 {
        self.disk.inspect(|conn| conn.query_one(sql, &[])).unwrap().get(0).unwrap()
    }

    /// The first column of a query.
    pub(crate) fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = self.disk.inspect(|conn| conn.query(sql, &[])).unwrap();
        rows.iter().map(|row| row.get(0).unwrap()).collect()
    }

    /// Asks, while the database dies as planned; says whether it did before the answer.
    pub(crate) fn dies(&mut self, death: Death, asked: Request) -> bool {
        self.disk.plan(Some(death));
        let input = self.input(asked);
        self.now = self.now.plus(Duration::from_millis(10));
        let stepped = self.gateway.step(self.now, vec![input]);
        let died = self.disk.planned().is_none();
        assert_eq!(stepped.is_err(), died, "a dead database is a crash and nothing else is");
        self.disk.plan(None);
        self.hear(stepped.unwrap_or_default());
        died
    }

    pub(crate) fn dump(&self) -> String {
        self.disk.inspect(dump_all).unwrap()
    }

    /// What is true of the books after every scenario.
    fn audit(&mut self) {
        let ledger = self.done(Method::GET, "/ledger", &Value::Null);
        assert_eq!(ledger["imbalance"], "0.00");
        let posted = self.count(
            "SELECT COUNT(*) FROM posting p WHERE amount <= 0
             OR NOT EXISTS (SELECT 1 FROM journal j WHERE j.journal_id = p.posting_id / 100)",
        );
        assert_eq!(posted, 0, "postings without a journal");
        let wrong = self.count(
            "SELECT COUNT(*) FROM account a WHERE a.balance <>
                 (SELECT COALESCE(CAST(SUM(amount) AS BIGINT), 0) FROM posting p WHERE p.credit = a.account)
               - (SELECT COALESCE(CAST(SUM(amount) AS BIGINT), 0) FROM posting p WHERE p.debit = a.account)",
        );
        assert_eq!(wrong, 0, "balances that are not the sum of their postings");
        let held = self.count(
            "SELECT COUNT(*) FROM trade t LEFT JOIN account a ON a.account = 'escrow:' || t.trade_no
             WHERE COALESCE(a.balance, 0) <> CASE WHEN t.trade_status IN
                 ('WAIT_SELLER_SEND_GOODS', 'WAIT_BUYER_CONFIRM_GOODS', 'TRADE_PENDING') THEN t.total_fee ELSE 0 END",
        );
        assert_eq!(held, 0, "escrow accounts that do not hold their trade's amount");
        let over = self.count(
            "SELECT COUNT(*) FROM trade t WHERE t.refunded < 0 OR t.refunded > t.total_fee
             OR (t.mode = 'direct' AND t.refunded <> (SELECT COALESCE(CAST(SUM(i.amount) AS BIGINT), 0)
                 FROM refund_item i WHERE i.trade_no = t.trade_no AND i.result = 'SUCCESS'))",
        );
        assert_eq!(over, 0, "trades of which another amount was refunded than their items say");
    }
}

/// A request in origin form, as the host hands it to the gateway.
pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request {
    http::Request::builder().method(method).uri(path).body(body.into()).unwrap()
}

/// A merchant's answer.
pub(crate) fn answer(status: u16, body: &'static str) -> Response {
    http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

pub(crate) fn body_text(response: &Response) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

pub(crate) fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

pub(crate) fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}
