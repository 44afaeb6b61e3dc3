//! A shop, a gateway that says what it is told to, and browsers with cookies.

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_merchant::protocol::address_post::{AddressPost, ReceiveAddress};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{NotifyId, PartnerId, Token, UserId};
use danbao_merchant::protocol::login_return::{Arrival, Buyer, LoginReturn};
use danbao_merchant::protocol::node::{AskId, Input, NoAnswer, Node, Output, Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::address_query::AddressQuery;
use danbao_merchant::protocol::service::authorize::Authorize;
use danbao_merchant::protocol::service::payment::{PaymentRequest, PaymentService};
use danbao_merchant::protocol::sign::{Md5Key, Signer, append, md5};
use danbao_merchant::protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use danbao_store::faulty::Disk;
use danbao_store::testing::Database;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, StatusCode};

pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
pub(crate) const TOKEN: &str = "20120229fedcba9876543210fedcba9876543210";
pub(crate) const ZHANG: &str = "2088000000000003";
pub(crate) const LI: &str = "2088000000000004";

pub(crate) fn config(members: Members) -> Config {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    let gateway = "http://gateway:8080/gateway.do";
    let account = Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, gateway).unwrap();
    Config { own_url: "http://shop:8081".into(), account, lang: Lang::Zh, members }
}

/// A shop, and the gateway's word on whatever it is asked.
pub(crate) struct Town {
    shop: Shop,
    disk: Disk,
    now: Timestamp,
    asks: u64,
    pub(crate) word: Result<&'static str, NoAnswer>,
    _database: Option<Database>,
}

/// One browser: it keeps cookies, and sends them along unless another site makes it POST.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Vec<(String, String)>,
}

impl Town {
    pub(crate) fn new() -> Town {
        Town::with(Members::default())
    }

    /// A shop that is reached by https.
    pub(crate) fn behind_https() -> Town {
        let mut config = config(Members::default());
        config.own_url = "https://shop:8443".into();
        Town::of(danbao_store::open("sqlite::memory:").unwrap(), config, None)
    }

    pub(crate) fn with(members: Members) -> Town {
        let conn = danbao_store::open("sqlite::memory:").unwrap();
        Town::on(conn, members, None)
    }

    pub(crate) fn on(
        conn: Box<dyn danbao_store::Conn>,
        members: Members,
        database: Option<Database>,
    ) -> Town {
        Town::of(conn, config(members), database)
    }

    fn of(conn: Box<dyn danbao_store::Conn>, config: Config, database: Option<Database>) -> Town {
        let now = Timestamp(1_330_531_199_000);
        let disk = Disk::new(conn);
        let shop = Shop::open(disk.connect(), config, [7; 32], now).unwrap();
        Town { shop, disk, now, asks: 0, word: Ok("true"), _database: database }
    }

    /// How many rows a table has.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        self.disk.inspect(|conn| conn.query_one(&sql, &[])).unwrap().get(0).unwrap()
    }

    pub(crate) fn pass(&mut self, minutes: i64) {
        self.now = Timestamp(self.now.0 + minutes * 60_000);
    }

    /// Asks the shop, and answers for the gateway as often as the shop asks it.
    pub(crate) fn ask(&mut self, request: Request) -> Response {
        self.asks += 1;
        let mut outputs =
            self.shop.step(self.now, vec![Input::Request { id: AskId(self.asks), request }]).unwrap();
        loop {
            match outputs.pop().unwrap() {
                Output::Respond { response, .. } => return response,
                Output::Send { id, request } => {
                    assert_eq!(request.uri().host(), Some("gateway"));
                    let outcome = self.word.map(|word| Response::new(Bytes::from_static(word.as_bytes())));
                    outputs = self.shop.step(self.now, vec![Input::Answer { id, outcome }]).unwrap();
                }
            }
        }
    }

    pub(crate) fn get(&mut self, browser: &mut Browser, path: &str) -> Response {
        let response = self.ask(browser.with_cookies(get(path)));
        browser.keep(&response);
        response
    }

    pub(crate) fn post(&mut self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.ask(browser.with_cookies(post(path, form(fields))));
        browser.keep(&response);
        response
    }

    pub(crate) fn page(&mut self, browser: &mut Browser, path: &str) -> String {
        let response = self.get(browser, path);
        assert_eq!(response.status(), StatusCode::OK, "{path} {:?}", response.headers());
        text(&response)
    }

    pub(crate) fn put_into_cart(&mut self, browser: &mut Browser, good: &str) {
        self.post(browser, "/cart", &[("good", good), ("add", "1")]);
    }

    /// Goes by the login page of `back` to the gateway: what the shop asks it.
    pub(crate) fn begin(&mut self, browser: &mut Browser, back: &str) -> Authorize {
        let response = self.post(browser, "/login", &[("back", back)]);
        Authorize::parse(&signed_by_shop(&location(&response)), Charset::Utf8).unwrap()
    }

    /// Signs in from a page, to where the shop leads.
    pub(crate) fn sign_in(&mut self, browser: &mut Browser, back: &str, id: &str) -> Response {
        let asked = self.begin(browser, back);
        assert_eq!(asked.return_url, "http://shop:8081/login/return");
        self.get(browser, &returns(id, Arrival::QuickLogin(zhang())))
    }

    pub(crate) fn place(
        &mut self,
        browser: &mut Browser,
        service: PaymentService,
        fields: &[(&str, &str)],
    ) -> PaymentRequest {
        let mut all = vec![("service", service.as_str())];
        all.extend_from_slice(fields);
        let response = self.post(browser, "/checkout", &all);
        PaymentRequest::parse(&signed_by_shop(&location(&response)), Charset::Utf8).unwrap()
    }

    /// Asks for an address and chooses this one, as the gateway's page POSTs it: without the shop's cookies.
    pub(crate) fn choose(&mut self, browser: &mut Browser, id: &str, address: ReceiveAddress) -> Response {
        let asked = self.post(browser, "/address", &[]);
        let query = AddressQuery::parse(&signed_by_shop(&location(&asked)), Charset::Utf8).unwrap();
        assert_eq!(query.token, Some(Token::new(TOKEN)), "物流地址: the token goes along");
        assert_eq!(query.return_url, "http://shop:8081/address/return");
        self.ask(post("/address/return", address_post(id, ZHANG, address)))
    }
}

impl Browser {
    fn with_cookies(&self, mut request: Request) -> Request {
        let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !line.is_empty() {
            request.headers_mut().insert(COOKIE, line.join("; ").parse().unwrap());
        }
        request
    }

    fn keep(&mut self, response: &Response) {
        for value in response.headers().get_all(SET_COOKIE) {
            let (name, rest) = value.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !rest.contains("Max-Age=0;") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

pub(crate) fn get(path: &str) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.parse().unwrap();
    request
}

pub(crate) fn post(path: &str, body: String) -> Request {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    *request.body_mut() = Bytes::from(body);
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let mut params = Params::new();
    for (name, value) in fields {
        params.push(name, value.as_bytes());
    }
    params.to_urlencoded()
}

/// A page as a browser reads its addresses.
pub(crate) fn text(response: &Response) -> String {
    String::from_utf8(response.body().to_vec()).unwrap().replace("&#x2f;", "/")
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response));
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

pub(crate) fn signed_by_shop(url: &str) -> Params {
    let query = url.strip_prefix("http://gateway:8080/gateway.do?").unwrap();
    let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
    md5::verify(&params, &Md5Key::new(KEY)).unwrap();
    params
}

pub(crate) fn signed(mut params: Params) -> String {
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    params.to_urlencoded()
}

pub(crate) fn buyer(user_id: &str, real_name: &str) -> Buyer {
    Buyer {
        user_id: UserId::new(user_id),
        token: Token::new(TOKEN),
        real_name: Some(real_name.into()),
        email: Some("zhang@example.com".into()),
        grade: None,
    }
}

pub(crate) fn zhang() -> Buyer {
    buyer(ZHANG, "张三")
}

pub(crate) fn returns(id: &str, arrival: Arrival) -> String {
    let login = LoginReturn { notify_id: NotifyId::new(id), arrival };
    format!("/login/return?{}", signed(login.build(Charset::Utf8).unwrap()))
}

pub(crate) fn etao(id: &str, real_name: &str, target_url: &str) -> String {
    returns(id, Arrival::Etao { buyer: buyer(ZHANG, real_name), target_url: target_url.into() })
}

pub(crate) fn address_post(id: &str, user_id: &str, receive_address: ReceiveAddress) -> String {
    let post = AddressPost { notify_id: NotifyId::new(id), user_id: UserId::new(user_id), receive_address };
    signed(post.build(Charset::Utf8).unwrap())
}

pub(crate) fn pudong() -> ReceiveAddress {
    ReceiveAddress {
        prov: "上海".into(),
        city: "上海".into(),
        area: "浦东新区".into(),
        address_code: "310115".into(),
        address: "世纪大道 1 号".into(),
        fullname: "张三丰".into(),
        mobile_phone: "13900000001".into(),
        phone: String::new(),
        post: "200120".into(),
    }
}
