//! A sidecar between a gateway and a shop that do as the test says.

use std::sync::LazyLock;

use base64ct::{Base64UrlUnpadded, Encoding};
use bytes::Bytes;
use danbao_merchant::Account;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::{
    AskId, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId,
};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::reply::{self, Success};
use danbao_merchant::protocol::sign::{Md5Key, Signer, Verifier, append, rsa};
use danbao_merchant::protocol::time::Timestamp;
use danbao_sidecar::{Accounts, Config, Secret, Sidecar, Webhook};
use danbao_store::Conn;
use danbao_store::testing::Database;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
pub(crate) const OLD_KEY: &str = "old1k2k3k4k5k6k7k8k9kakbkckdkekf";
pub(crate) const TOKEN: &str = "a-token-of-the-shop-itself";
pub(crate) const RESULT_SECRET: &str = "a-secret-of-the-results";
pub(crate) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// 2012-03-01 00:00:00 in Beijing.
pub(crate) const MIDNIGHT: Timestamp = Timestamp(1_330_531_200_000);

pub(crate) const DIRECT: &str = "create_direct_pay_by_user";
pub(crate) const ESCROW: &str = "create_partner_trade_by_buyer";

fn account(key: &str) -> Account {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    Account::new(partner, Md5Key::new(key), "seller@example.com", seller, "http://gateway/gateway.do")
        .unwrap()
}

/// The merchant's own pair, and the gateway's.
static PAIRS: LazyLock<[Signer; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| Signer::Rsa(rsa::PrivateKey::generate([seed; 32], 1024).unwrap())));

/// With what the gateway signs under RSA.
pub(crate) fn gateways_rsa() -> &'static Signer {
    &PAIRS[1]
}

/// With what the merchant's RSA signatures are verified.
pub(crate) fn merchants_rsa() -> Verifier {
    PAIRS[0].verifier()
}

/// The same contract under another kind of signature.
fn rsa_account() -> Account {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    let (signer, verifier) = (PAIRS[0].clone(), PAIRS[1].verifier());
    let gateway = "http://gateway/gateway.do";
    Account::with_keys(partner, signer, verifier, "seller@example.com", seller, gateway).unwrap()
}

pub(crate) fn config() -> Config {
    Config {
        public_url: "http://sidecar:8082".into(),
        accounts: Accounts::new(vec![account(KEY), account(OLD_KEY), rsa_account()]).unwrap(),
        api_tokens: vec![Secret::new(TOKEN).unwrap()],
        return_page: "http://shop/thanks?lang=zh".into(),
        result_secret: Secret::new(RESULT_SECRET).unwrap(),
        webhook: Some(Webhook {
            url: "http://shop/hooks".into(),
            secrets: vec![Secret::new(WEBHOOK_SECRET).unwrap()],
        }),
    }
}

/// The settings of an instance that does not know the contract.
pub(crate) fn config_of_another_partner() -> Config {
    let (partner, seller) = (PartnerId::new("2088000000000099"), UserId::new("2088000000000099"));
    let key = Md5Key::new(KEY);
    let account = Account::new(partner, key, "other@example.com", seller, "http://gateway/gateway.do");
    Config { accounts: Accounts::new(vec![account.unwrap()]).unwrap(), ..config() }
}

pub(crate) fn open(conn: Box<dyn Conn>) -> Sidecar {
    Sidecar::open(conn, config(), [7; 32]).unwrap()
}

pub(crate) struct World {
    pub(crate) sidecar: Sidecar,
    pub(crate) now: Timestamp,
    asks: u64,
    keys: u64,
    outputs: Vec<Output>,
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) fn on_both_databases(test: impl Fn(&mut World)) {
    for database in Database::of_each_kind().unwrap() {
        let mut world = World::on(open(database.connect().unwrap()));
        test(&mut world);
        drop(world);
    }
}

impl World {
    pub(crate) fn on(sidecar: Sidecar) -> World {
        World { sidecar, now: MIDNIGHT, asks: 0, keys: 0, outputs: Vec::new() }
    }

    pub(crate) fn ask(&mut self, request: Request) -> (AskId, Input) {
        self.asks += 1;
        let id = AskId(self.asks);
        (id, Input::Request { id, request })
    }

    pub(crate) fn step(&mut self, inputs: Vec<Input>) {
        self.try_step(inputs).unwrap();
    }

    pub(crate) fn try_step(&mut self, inputs: Vec<Input>) -> Result<(), Crash> {
        let more = self.sidecar.step(self.now, inputs)?;
        self.outputs.extend(more);
        Ok(())
    }

    /// Does what is due now.
    pub(crate) fn due(&mut self) {
        self.step(vec![Input::Due]);
    }

    /// Whether nothing is planned but to forget what is a month old.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.sidecar.next_due().unwrap().is_none_or(|due| due.0 > self.now.0 + 2 * 86_400_000)
    }

    /// Moves the clock to the next thing that is planned, does it, and says how many seconds that took.
    pub(crate) fn wait(&mut self) -> i64 {
        let due = self.sidecar.next_due().unwrap().expect("something is planned");
        let seconds = (due.0 - self.now.0).max(0) / 1000;
        self.now = self.now.max(due);
        self.due();
        seconds
    }

    /// The answer to a request that needs nobody else.
    pub(crate) fn get(&mut self, request: Request) -> Response {
        let (id, input) = self.ask(request);
        self.step(vec![input]);
        self.answered(id).expect("an answer at once")
    }

    pub(crate) fn answered(&mut self, wanted: AskId) -> Option<Response> {
        let at =
            self.outputs.iter().position(|o| matches!(o, Output::Respond { id, .. } if *id == wanted))?;
        match self.outputs.remove(at) {
            Output::Respond { response, .. } => Some(response),
            Output::Send { .. } => None,
        }
    }

    /// The oldest thing that was sent to this host.
    pub(crate) fn sent_to(&mut self, host: &str) -> Option<(SendId, Request)> {
        let is_for =
            |o: &Output| matches!(o, Output::Send { request, .. } if request.uri().host() == Some(host));
        let at = self.outputs.iter().position(is_for)?;
        match self.outputs.remove(at) {
            Output::Send { id, request } => Some((id, request)),
            Output::Respond { .. } => None,
        }
    }

    /// Brings a message and lets the gateway say `word` on it.
    pub(crate) fn bring(&mut self, request: Request, word: &'static str) -> Response {
        let (id, input) = self.ask(request);
        self.step(vec![input]);
        let (send, _) = self.sent_to("gateway").expect("a question to the gateway");
        self.step(vec![says(send, word)]);
        self.answered(id).unwrap()
    }

    /// Lets the gateway say this to the question that waits.
    pub(crate) fn gateway_says(&mut self, answer: Response) -> Request {
        let (id, question) = self.sent_to("gateway").expect("a question to the gateway");
        self.step(vec![Input::Answer { id, outcome: Ok(answer) }]);
        question
    }

    /// Lets the shop answer the webhook that waits; the event that it carries.
    pub(crate) fn shop_says(&mut self, status: u16) -> Value {
        let (id, hook) = self.sent_to("shop").expect("a webhook");
        let mut answer = Response::new(Bytes::new());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        self.step(vec![Input::Answer { id, outcome: Ok(answer) }]);
        serde_json::from_slice(hook.body()).unwrap()
    }

    /// One call of the API.
    pub(crate) fn api(&mut self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        self.keys += 1;
        let key = format!("key {}", self.keys);
        self.api_with_key(method, path, body, &key)
    }

    pub(crate) fn api_with_key(
        &mut self,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> (StatusCode, Value) {
        read(&self.get(call(method, path, body, key)))
    }

    pub(crate) fn order(&mut self, order_no: &str, terms: &Value) -> Bought {
        let wish = json!({
            "order_no": order_no, "subject": "一盒月饼", "price": "12.50", "payment_request": terms,
        });
        let (status, order) = self.api(Method::POST, "/v1/orders", &wish);
        assert_eq!(status, StatusCode::CREATED, "{order}");
        Bought::of(&order["payment_requests"][0])
    }

    pub(crate) fn direct(&mut self, order_no: &str) -> Bought {
        self.order(order_no, &json!({ "service": DIRECT }))
    }

    pub(crate) fn escrow(&mut self, order_no: &str) -> Bought {
        self.order(order_no, &escrow_terms())
    }

    pub(crate) fn state(&mut self, bought: &Bought) -> Value {
        let path = format!("/v1/payment_requests/{}", bought.number);
        let (status, state) = self.api(Method::GET, &path, &Value::Null);
        assert_eq!(status, StatusCode::OK, "{state}");
        state
    }

    /// All events, by type and what they say.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        let (status, page) = self.api(Method::GET, "/v1/events?limit=1000", &Value::Null);
        assert_eq!(status, StatusCode::OK, "{page}");
        page["events"].as_array().unwrap().clone()
    }

    pub(crate) fn kinds(&mut self) -> Vec<String> {
        self.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

pub(crate) fn escrow_terms() -> Value {
    let express =
        json!({ "logistics_type": "EXPRESS", "logistics_fee": "0.00", "logistics_payment": "SELLER_PAY" });
    json!({ "service": ESCROW, "charset": "gbk", "logistics": [express] })
}

pub(crate) fn call(method: Method, path: &str, body: &Value, key: &str) -> Request {
    let mut request = plain(method, path, if body.is_null() { String::new() } else { body.to_string() });
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, format!("Bearer {TOKEN}").parse().unwrap());
    headers.insert("idempotency-key", key.parse().unwrap());
    request
}

pub(crate) fn plain(method: Method, path: &str, body: String) -> Request {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request
}

pub(crate) fn read(response: &Response) -> (StatusCode, Value) {
    let value = serde_json::from_slice(response.body()).unwrap();
    let kind = if response.status().is_success() { "application/json" } else { "application/problem+json" };
    assert_eq!(response.headers()[CONTENT_TYPE], kind, "{value}");
    (response.status(), value)
}

pub(crate) fn text(response: &Response) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

pub(crate) fn says(id: SendId, word: &'static str) -> Input {
    Input::Answer { id, outcome: Ok(Response::new(Bytes::from_static(word.as_bytes()))) }
}

pub(crate) fn silent(id: SendId) -> Input {
    Input::Answer { id, outcome: Err(NoAnswer::TimedOut) }
}

/// The result that the browser carries on, its signature checked as the documents say.
pub(crate) fn result(response: &Response) -> (String, Value) {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response));
    let location = response.headers()[LOCATION].to_str().unwrap();
    let (page, token) = location.split_once("danbao_result=").unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap();
    (page.trim_end_matches(['?', '&']).to_owned(), claims)
}

/// A payment request, as its buyer and the gateway see it.
#[derive(Debug, Clone)]
pub(crate) struct Bought {
    pub(crate) number: String,
    pub(crate) url: String,
    charset: Charset,
    trade_no: String,
}

impl Bought {
    pub(crate) fn of(request: &Value) -> Bought {
        let text = |name: &str| request[name].as_str().unwrap().to_owned();
        Bought {
            number: text("out_trade_no"),
            url: text("payment_url"),
            charset: Charset::from_label(&text("charset")).unwrap(),
            trade_no: "2012030100000001".to_owned(),
        }
    }

    /// The same, under another number of the gateway's.
    pub(crate) fn with_trade_no(self, trade_no: &str) -> Bought {
        Bought { trade_no: trade_no.to_owned(), ..self }
    }

    /// A message about it as the gateway signs it, some values changed before.
    pub(crate) fn message(&self, second: u8, status: &str, changes: &[(&str, &str)], key: &str) -> Params {
        let mut values: Vec<(String, String)> = [
            ("notify_id", format!("id{second}")),
            ("notify_type", "trade_status_sync".into()),
            ("notify_time", format!("2012-03-01 00:00:{second:02}")),
            ("out_trade_no", self.number.clone()),
            ("trade_no", self.trade_no()),
            ("trade_status", status.into()),
            ("subject", "一盒月饼".into()),
            ("total_fee", "12.50".into()),
            ("seller_email", "seller@example.com".into()),
            ("seller_id", "2088000000000002".into()),
            ("buyer_email", "buyer@example.com".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        for (name, value) in changes {
            values.retain(|(known, _)| known != name);
            values.push(((*name).to_owned(), (*value).to_owned()));
        }
        let mut params = Params::new();
        for (name, value) in &values {
            params.push_text(name, value, self.charset).unwrap();
        }
        append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
        params
    }

    pub(crate) fn trade_no(&self) -> String {
        self.trade_no.clone()
    }

    pub(crate) fn notify(&self, second: u8, status: &str) -> Request {
        self.notify_with(second, status, &[])
    }

    pub(crate) fn notify_with(&self, second: u8, status: &str, changes: &[(&str, &str)]) -> Request {
        notification(self.message(second, status, changes, KEY).to_urlencoded())
    }

    pub(crate) fn returns(&self, second: u8, status: &str) -> Request {
        let changes = [("is_success", "T"), ("notify_id", "return")];
        let query = self.message(second, status, &changes, KEY).to_urlencoded();
        plain(Method::GET, &format!("/pay/return?{query}"), String::new())
    }

    /// The gateway's answer to a question about it.
    pub(crate) fn queried(&self, status: &str, changed: &str) -> Response {
        self.queried_with(status, changed, &[])
    }

    /// The same, some values changed before it is signed.
    pub(crate) fn queried_with(
        &self,
        status: &str,
        changed: &str,
        changes: &[(&'static str, &str)],
    ) -> Response {
        let mut children = vec![
            ("out_trade_no", self.number.clone()),
            ("trade_no", self.trade_no()),
            ("trade_status", status.to_owned()),
            ("subject", "一盒月饼".to_owned()),
            ("total_fee", "12.50".to_owned()),
            ("seller_id", "2088000000000002".to_owned()),
            ("gmt_last_modified_time", changed.to_owned()),
        ];
        for (name, value) in changes {
            children.retain(|(known, _)| known != name);
            children.push((*name, (*value).to_owned()));
        }
        let request = Params::new().decode(self.charset).unwrap();
        let success = Success { request: &request, element: "trade", children: &children };
        let bytes = reply::success(&success, self.charset, &Signer::Md5(Md5Key::new(KEY))).unwrap();
        Response::new(Bytes::from(bytes))
    }
}

pub(crate) fn notification(body: String) -> Request {
    let mut request = plain(Method::POST, "/pay/notify", body);
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

/// The gateway does as it was asked, or says no with this code.
pub(crate) fn done() -> Response {
    Response::new(Bytes::from_static(b"<alipay><is_success>T</is_success></alipay>"))
}

pub(crate) fn refused(code: &str) -> Response {
    let xml = format!("<alipay><is_success>F</is_success><error>{code}</error></alipay>");
    Response::new(Bytes::from(xml))
}

/// The parameters of a question to the gateway.
pub(crate) fn asked(question: &Request) -> Vec<(String, String)> {
    let params = Params::receive(b"", None, question.body()).unwrap();
    let text = params.decode(Charset::Gbk).unwrap();
    text.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(crate) fn service(question: &Request) -> String {
    asked(question).into_iter().find(|(name, _)| name == "service").unwrap().1
}
