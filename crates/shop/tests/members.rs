//! The integration rules of the quick-login tutorial (tables 4 and 5), each a test by its name; and what tries to break
//! them.
#![expect(clippy::unwrap_used, reason = "a test")]

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
use danbao_shop::{Config, Lang, Members, OpenError, Shop};
use danbao_store::testing::Database;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, StatusCode};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const TOKEN: &str = "20120229fedcba9876543210fedcba9876543210";
const ZHANG: &str = "2088000000000003";
const LI: &str = "2088000000000004";

fn config(members: Members) -> Config {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    let gateway = "http://gateway:8080/gateway.do";
    let account = Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, gateway).unwrap();
    Config { own_url: "http://shop:8081".into(), account, lang: Lang::Zh, members }
}

/// A shop, and the gateway's word on whatever it is asked.
struct Town {
    shop: Shop,
    now: Timestamp,
    asks: u64,
    word: Result<&'static str, NoAnswer>,
    _database: Option<Database>,
}

/// One browser: it keeps cookies, and sends them along unless another site makes it POST.
#[derive(Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

impl Town {
    fn new() -> Town {
        Town::with(Members::default())
    }

    fn with(members: Members) -> Town {
        let conn = danbao_store::open("sqlite::memory:").unwrap();
        Town::on(conn, members, None)
    }

    fn on(conn: Box<dyn danbao_store::Conn>, members: Members, database: Option<Database>) -> Town {
        let now = Timestamp(1_330_531_199_000);
        let shop = Shop::open(conn, config(members), [7; 32], now).unwrap();
        Town { shop, now, asks: 0, word: Ok("true"), _database: database }
    }

    fn pass(&mut self, minutes: i64) {
        self.now = Timestamp(self.now.0 + minutes * 60_000);
    }

    /// Asks the shop, and answers for the gateway as often as the shop asks it.
    fn ask(&mut self, request: Request) -> Response {
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

    fn get(&mut self, browser: &mut Browser, path: &str) -> Response {
        let response = self.ask(browser.with_cookies(get(path)));
        browser.keep(&response);
        response
    }

    fn post(&mut self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Response {
        let response = self.ask(browser.with_cookies(post(path, form(fields))));
        browser.keep(&response);
        response
    }

    fn page(&mut self, browser: &mut Browser, path: &str) -> String {
        let response = self.get(browser, path);
        assert_eq!(response.status(), StatusCode::OK, "{path} {:?}", response.headers());
        text(&response)
    }

    fn put_into_cart(&mut self, browser: &mut Browser, good: &str) {
        self.post(browser, "/cart", &[("good", good), ("add", "1")]);
    }

    /// Goes by the login page of `back` to the gateway: what the shop asks it.
    fn begin(&mut self, browser: &mut Browser, back: &str) -> Authorize {
        let response = self.post(browser, "/login", &[("back", back)]);
        Authorize::parse(&signed_by_shop(&location(&response)), Charset::Utf8).unwrap()
    }

    /// Signs in from a page, to where the shop leads.
    fn sign_in(&mut self, browser: &mut Browser, back: &str, id: &str) -> Response {
        let asked = self.begin(browser, back);
        assert_eq!(asked.return_url, "http://shop:8081/login/return");
        self.get(browser, &returns(id, Arrival::QuickLogin(zhang())))
    }

    fn place(
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
    fn choose(&mut self, browser: &mut Browser, id: &str, address: ReceiveAddress) -> Response {
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
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn get(path: &str) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn post(path: &str, body: String) -> Request {
    let mut request = get(path);
    *request.method_mut() = Method::POST;
    *request.body_mut() = Bytes::from(body);
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut params = Params::new();
    for (name, value) in fields {
        params.push(name, value.as_bytes());
    }
    params.to_urlencoded()
}

/// A page as a browser reads its addresses.
fn text(response: &Response) -> String {
    String::from_utf8(response.body().to_vec()).unwrap().replace("&#x2f;", "/")
}

fn location(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response));
    response.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn signed_by_shop(url: &str) -> Params {
    let query = url.strip_prefix("http://gateway:8080/gateway.do?").unwrap();
    let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
    md5::verify(&params, &Md5Key::new(KEY)).unwrap();
    params
}

fn signed(mut params: Params) -> String {
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    params.to_urlencoded()
}

fn buyer(user_id: &str, real_name: &str) -> Buyer {
    Buyer {
        user_id: UserId::new(user_id),
        token: Token::new(TOKEN),
        real_name: Some(real_name.into()),
        email: Some("zhang@example.com".into()),
        grade: None,
    }
}

fn zhang() -> Buyer {
    buyer(ZHANG, "张三")
}

fn returns(id: &str, arrival: Arrival) -> String {
    let login = LoginReturn { notify_id: NotifyId::new(id), arrival };
    format!("/login/return?{}", signed(login.build(Charset::Utf8).unwrap()))
}

fn etao(id: &str, real_name: &str, target_url: &str) -> String {
    returns(id, Arrival::Etao { buyer: buyer(ZHANG, real_name), target_url: target_url.into() })
}

fn address_post(id: &str, user_id: &str, receive_address: ReceiveAddress) -> String {
    let post = AddressPost { notify_id: NotifyId::new(id), user_id: UserId::new(user_id), receive_address };
    signed(post.build(Charset::Utf8).unwrap())
}

fn pudong() -> ReceiveAddress {
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

mod table_4 {
    use super::*;

    #[test]
    fn login_first_then_buy() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        assert!(town.page(&mut browser, "/goods/tea").contains("href=\"/login?back=%2Fgoods%2Ftea\""));
        assert_eq!(location(&town.sign_in(&mut browser, "/goods/tea", "n1")), "/goods/tea");
        town.put_into_cart(&mut browser, "tea");
        assert!(town.page(&mut browser, "/cart").contains("href=\"/checkout\""));
        let request = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
        assert_eq!(request.token, Some(Token::new(TOKEN)));
        assert!(town.page(&mut browser, "/orders").contains(request.out_trade_no.as_str()));
    }

    #[test]
    fn cart_first_then_login_leads_to_the_first_page_of_the_order() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        assert!(town.page(&mut browser, "/cart").contains("class=\"button\" href=\"/login?back=/checkout\""));
        assert!(town.page(&mut browser, "/login?back=/checkout").contains("value=\"/checkout\""));
        assert_eq!(location(&town.sign_in(&mut browser, "/checkout", "n1")), "/checkout");
        assert!(town.page(&mut browser, "/checkout").contains("明前龙井"));
    }

    #[test]
    fn after_login_the_buyer_is_back_on_the_very_page_that_was_left() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        for (at, page) in
            ["/", "/goods/cup", "/cart", "/orders", "/direct", "/orders?x=%E7%AC%94&y=1"].iter().enumerate()
        {
            assert_eq!(location(&town.sign_in(&mut browser, page, &format!("n{at}"))), *page);
            town.post(&mut browser, "/logout", &[]);
        }
    }

    #[test]
    fn login_does_not_empty_the_cart() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        town.put_into_cart(&mut browser, "cup");
        let before = town.page(&mut browser, "/cart");
        town.sign_in(&mut browser, "/checkout", "n1");
        let after = town.page(&mut browser, "/cart");
        for good in ["明前龙井", "缠枝青花杯", "¥173.50"] {
            assert!(before.contains(good) && after.contains(good), "{good}");
        }
    }

    #[test]
    fn no_page_says_that_the_login_succeeded_or_makes_an_account_of_the_shop() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        let response = town.sign_in(&mut browser, "/goods/tea", "n1");
        assert_eq!((response.status(), response.body().len()), (StatusCode::SEE_OTHER, 0));
        // The login page of somebody who is in shows nothing either.
        assert_eq!(location(&town.get(&mut browser, "/login?back=/cart")), "/cart");
        for path in ["/", "/login", "/cart", "/orders", "/direct"] {
            let page = text(&town.get(&mut browser, path));
            assert!(!page.contains("type=\"password\""), "{path}");
        }
    }

    #[test]
    fn a_member_is_greeted_as_prefix_and_real_name() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.sign_in(&mut browser, "/", "n1");
        assert!(town.page(&mut browser, "/").contains("你好，<b>支付宝用户张三</b>"));
        assert!(town.page(&mut browser, "/?lang=en").contains("Hello, <b>支付宝用户张三</b>"));
        let members = Members { display_prefix: "平台用户".into(), ..Members::default() };
        let (mut town, mut browser) = (Town::with(members), Browser::default());
        town.sign_in(&mut browser, "/", "n1");
        assert!(town.page(&mut browser, "/").contains("<b>平台用户张三</b>"));
    }

    #[test]
    fn a_member_is_the_user_id_and_never_the_email() {
        let (mut town, mut first, mut second) = (Town::new(), Browser::default(), Browser::default());
        town.sign_in(&mut first, "/", "n1");
        town.put_into_cart(&mut first, "bookmark");
        let order = town.place(&mut first, PaymentService::CreateDirectPayByUser, &[]);
        // The same e-mail, another person: it has changed hands at the gateway.
        town.begin(&mut second, "/orders");
        town.get(&mut second, &returns("n2", Arrival::QuickLogin(buyer(LI, "李四"))));
        assert!(!town.page(&mut second, "/orders").contains(order.out_trade_no.as_str()));
        // The same person, another e-mail and browser.
        let mut third = Browser::default();
        town.begin(&mut third, "/orders");
        let moved = Buyer { email: Some("new@example.com".into()), ..zhang() };
        town.get(&mut third, &returns("n3", Arrival::QuickLogin(moved)));
        assert!(town.page(&mut third, "/orders").contains(order.out_trade_no.as_str()));
    }

    #[test]
    fn the_token_is_kept_and_goes_with_the_address_query_and_every_payment() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.sign_in(&mut browser, "/", "n1");
        for service in PaymentService::ALL {
            town.put_into_cart(&mut browser, "bookmark");
            assert!(town.choose(&mut browser, service.as_str(), pudong()).status().is_redirection());
            town.pass(1);
            let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "x")];
            let request = town.place(&mut browser, *service, &fields);
            assert_eq!(request.token, Some(Token::new(TOKEN)), "{service:?}");
            let again = town.post(&mut browser, &format!("/orders/{}/pay", request.out_trade_no), &[]);
            let again = PaymentRequest::parse(&signed_by_shop(&location(&again)), Charset::Utf8).unwrap();
            assert_eq!(again.token, Some(Token::new(TOKEN)));
        }
        town.post(&mut browser, "/logout", &[]);
        town.put_into_cart(&mut browser, "bookmark");
        assert_eq!(town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]).token, None);
    }

    #[test]
    fn a_member_is_offered_the_gateways_ways_to_pay_and_no_other() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "bookmark");
        town.sign_in(&mut browser, "/checkout", "n1");
        let page = town.page(&mut browser, "/checkout");
        let offered: Vec<&str> = page
            .split("name=\"service\" value=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let gateways: Vec<&str> = PaymentService::ALL.iter().map(|service| service.as_str()).collect();
        assert_eq!(offered, gateways);
        for other in ["other_online_bank", "alipay.auth.authorize", ""] {
            let response = town.post(&mut browser, "/checkout", &[("service", other)]);
            let is_refused = response.status() == StatusCode::UNPROCESSABLE_ENTITY;
            let is_gateways = response
                .headers()
                .get(LOCATION)
                .is_some_and(|to| to.to_str().unwrap().starts_with("http://gateway"));
            assert!(is_refused || (other.is_empty() && is_gateways), "{other}");
        }
    }

    #[test]
    fn use_my_address_fills_in_the_order() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        town.sign_in(&mut browser, "/checkout", "n1");
        assert!(town.page(&mut browser, "/checkout").contains("formaction=\"/address\""));
        assert_eq!(location(&town.choose(&mut browser, "a1", pudong())), "/checkout");
        let page = town.page(&mut browser, "/checkout");
        for value in ["张三丰", "13900000001", "200120", "世纪大道 1 号"] {
            assert!(page.contains(&format!("value=\"{value}\"")), "{value}");
        }
        let fields = [
            ("receive_name", "张三丰"),
            ("receive_mobile", "13900000001"),
            ("receive_zip", "200120"),
            ("receive_address", "世纪大道 1 号"),
        ];
        let request = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &fields);
        let receive = request.receive.unwrap();
        // The shop's own names, not the gateway's.
        assert_eq!(receive.address, "上海市 浦东 世纪大道 1 号");
        assert_eq!((receive.name.as_str(), receive.mobile.as_str()), ("张三丰", "13900000001"));
        // The next order begins without it.
        town.put_into_cart(&mut browser, "tea");
        assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
    }

    #[test]
    fn an_address_that_fits_the_shops_list_too_loosely_is_the_buyers_to_choose() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        town.sign_in(&mut browser, "/checkout", "n1");
        let hotan = ReceiveAddress {
            prov: "新疆维吾尔自治区".into(),
            city: "和田地区".into(),
            area: "和田县".into(),
            address_code: "653221".into(),
            ..pudong()
        };
        town.choose(&mut browser, "a1", hotan);
        let page = town.page(&mut browser, "/checkout");
        assert!(page.contains("新疆维吾尔自治区 和田地区 和田县") && page.contains("新疆 和田地区 和田<"));
        let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "1 号")];
        let mut escrow = vec![("service", "create_partner_trade_by_buyer")];
        escrow.extend(fields);
        let unchosen = town.post(&mut browser, "/checkout", &escrow);
        assert_eq!(unchosen.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(text(&unchosen).contains("请先选好地区"));
        let key = page.split("name=\"region\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        escrow.push(("region", key));
        let request = location(&town.post(&mut browser, "/checkout", &escrow));
        let request = PaymentRequest::parse(&signed_by_shop(&request), Charset::Utf8).unwrap();
        assert_eq!(request.receive.unwrap().address, "新疆 和田地区 和田 1 号");
    }

    #[test]
    fn a_place_that_the_shop_does_not_know_is_chosen_from_its_list_and_nothing_else() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        town.sign_in(&mut browser, "/checkout", "n1");
        let gusu = ReceiveAddress {
            prov: "江苏省".into(),
            city: "苏州市".into(),
            area: "姑苏区".into(),
            address_code: "320508".into(),
            ..pudong()
        };
        town.choose(&mut browser, "a1", gusu);
        let page = town.page(&mut browser, "/checkout");
        assert!(page.contains("<select name=\"region\" required>") && page.contains("江苏 苏州市 平江"));
        let fields = |key| {
            [
                ("service", "create_partner_trade_by_buyer"),
                ("receive_name", "张三"),
                ("receive_mobile", "1"),
                ("receive_address", "1 号"),
                ("region", key),
            ]
        };
        // Beijing is in the list, and is not one of what was offered.
        let foreign = town.post(&mut browser, "/checkout", &fields("1"));
        assert_eq!(foreign.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let key = page.split("江苏 苏州市 平江").next().unwrap().rsplit("value=\"").next().unwrap();
        let key = key.split('"').next().unwrap();
        assert!(town.post(&mut browser, "/checkout", &fields(key)).status().is_redirection());
    }

    #[test]
    fn a_login_return_is_handled_once() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        let link = returns("n1", Arrival::QuickLogin(zhang()));
        town.begin(&mut browser, "/cart");
        assert_eq!(location(&town.get(&mut browser, &link)), "/cart");
        town.post(&mut browser, "/logout", &[]);
        town.begin(&mut browser, "/cart");
        let replayed = town.get(&mut browser, &link);
        assert_eq!(replayed.status(), StatusCode::BAD_REQUEST);
        assert!(text(&replayed).contains("已经用过") && text(&replayed).contains("购物车里的东西都还在"));
        assert!(!town.page(&mut browser, "/").contains("张三"));
    }
}

mod table_5_etao {
    use super::*;

    const TEA: &str = "http://shop:8081/goods/tea?from=etao";

    #[test]
    fn target_url_is_followed_after_login() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        assert_eq!(location(&town.get(&mut browser, &etao("n1", "张三", TEA))), TEA);
        assert!(town.page(&mut browser, "/goods/tea").contains("支付宝用户张三"));
    }

    #[test]
    fn the_real_name_that_came_is_shown_though_it_be_a_nickname() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.sign_in(&mut browser, "/", "n1");
        town.get(&mut browser, &etao("n2", "三儿爱喝茶", TEA));
        assert!(town.page(&mut browser, "/").contains("支付宝用户三儿爱喝茶"));
        // Another name does not make another member.
        town.put_into_cart(&mut browser, "bookmark");
        let order = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
        let mut other = Browser::default();
        town.sign_in(&mut other, "/orders", "n3");
        let page = town.page(&mut other, "/orders");
        assert!(page.contains(order.out_trade_no.as_str()) && page.contains("支付宝用户张三"));
    }

    #[test]
    fn a_buyer_whom_nobody_knows_is_sent_on_and_signed_in_as_nobody() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        let link = returns("n1", Arrival::EtaoUnknown { target_url: TEA.into() });
        assert_eq!(location(&town.get(&mut browser, &link)), TEA);
        assert!(!town.page(&mut browser, "/goods/tea").contains("支付宝用户"));
    }

    #[test]
    fn direct_payments_of_buyers_from_etao_carry_item_orders_info_and_others_do_not() {
        let (mut town, mut browser) = (Town::new(), Browser::default());
        town.get(&mut browser, &etao("n1", "张三", TEA));
        town.put_into_cart(&mut browser, "tea");
        let direct = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
        assert_eq!(direct.direct.item_orders_info.as_deref(), Some("tea^明前龙井^128.00^1"));
        town.put_into_cart(&mut browser, "tea");
        let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "x")];
        let escrow = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &fields);
        assert_eq!((escrow.direct.item_orders_info, escrow.token.is_some()), (None, true));
        let mut other = Browser::default();
        town.sign_in(&mut other, "/", "n2");
        town.put_into_cart(&mut other, "tea");
        let own = town.place(&mut other, PaymentService::CreateDirectPayByUser, &[]);
        assert_eq!(own.direct.item_orders_info, None);
    }

    #[test]
    fn a_target_elsewhere_is_refused_and_nobody_is_signed_in() {
        let members = Members { targets: vec!["https://m.shop.example".into()], ..Members::default() };
        let (mut town, mut browser) = (Town::with(members), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        for (at, target) in [
            "http://elsewhere.example/",
            "http://shop:8081@elsewhere.example/",
            "//elsewhere.example",
            "javascript:alert(1)",
        ]
        .iter()
        .enumerate()
        {
            let response = town.get(&mut browser, &etao(&format!("n{at}"), "张三", target));
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{target}");
            assert!(response.headers().get(LOCATION).is_none() && !text(&response).contains("elsewhere"));
            let page = town.page(&mut browser, "/cart");
            assert!(!page.contains("张三") && page.contains("明前龙井"));
        }
        let allowed = "https://m.shop.example/goods/tea";
        assert_eq!(location(&town.get(&mut browser, &etao("m1", "张三", allowed))), allowed);
    }
}

#[test]
fn a_forged_or_late_login_executes_nothing_and_keeps_the_cart() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.begin(&mut browser, "/cart");
    let good = returns("n1", Arrival::QuickLogin(zhang()));
    let forged = good.replace(ZHANG, LI);
    let mut unasked = Vec::new();
    town.word = Ok("false");
    unasked.push((text(&town.get(&mut browser, &good)), "超过一分钟"));
    town.word = Err(NoAnswer::Unreachable);
    unasked.push((text(&town.get(&mut browser, &good)), "没有回答"));
    town.word = Ok("true");
    unasked.push((text(&town.get(&mut browser, &forged)), "签名对不上"));
    unasked.push((text(&town.get(&mut browser, "/login/return")), "不完整"));
    for (page, why) in unasked {
        assert!(page.contains(why) && page.contains("购物车里的东西都还在"), "{why}");
        assert!(page.contains("href=\"/login?back=/checkout\""));
    }
    assert!(!town.page(&mut browser, "/cart").contains("支付宝用户"));
    // The real one still works.
    assert_eq!(location(&town.get(&mut browser, &good)), "/cart");
}

#[test]
fn a_link_of_somebody_elses_login_signs_nobody_in() {
    let (mut town, mut thief, mut victim) = (Town::new(), Browser::default(), Browser::default());
    town.begin(&mut thief, "/");
    let link = returns("n1", Arrival::QuickLogin(buyer(LI, "李四")));
    let fresh = town.get(&mut victim, &link);
    assert_eq!(fresh.status(), StatusCode::BAD_REQUEST);
    town.put_into_cart(&mut victim, "tea");
    assert_eq!(town.get(&mut victim, &link).status(), StatusCode::BAD_REQUEST);
    assert!(!town.page(&mut victim, "/cart").contains("李四"));
}

#[test]
fn a_sign_in_page_left_open_for_too_long_has_to_be_begun_again() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.begin(&mut browser, "/cart");
    town.pass(61);
    let response = town.get(&mut browser, &returns("n1", Arrival::QuickLogin(zhang())));
    assert!(text(&response).contains("隔得太久"));
}

#[test]
fn the_page_to_come_back_to_is_always_the_shops_own() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    for (at, back) in [
        "//elsewhere.example",
        "http://elsewhere.example/",
        "/\\elsewhere.example",
        "javascript:x",
        "",
        "goods",
        "/\t/x",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(location(&town.sign_in(&mut browser, back, &format!("n{at}"))), "/", "{back}");
        assert_eq!(location(&town.post(&mut browser, "/logout", &[("back", back)])), "/");
    }
    let long = format!("/{}", "x".repeat(400));
    assert_eq!(location(&town.sign_in(&mut browser, &long, "long")), "/");
}

#[test]
fn an_address_that_nobody_asked_for_is_not_taken() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    let unasked = town.ask(post("/address/return", address_post("a1", ZHANG, pudong())));
    assert!(text(&unasked).contains("不是从这里发起的"));
    assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
    // Asked for, but another buyer's: it is not this member's.
    town.post(&mut browser, "/address", &[]);
    let other = town.ask(post("/address/return", address_post("a2", LI, pudong())));
    assert_eq!(other.status(), StatusCode::BAD_REQUEST);
    assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
    // Used once.
    assert_eq!(location(&town.choose(&mut browser, "a3", pudong())), "/checkout");
    let replayed = town.ask(post("/address/return", address_post("a3", ZHANG, pudong())));
    assert!(text(&replayed).contains("已经用过"));
}

#[test]
fn markup_in_an_address_or_a_name_stays_text() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.begin(&mut browser, "/checkout");
    let name = "<script>alert(1)</script>";
    town.get(&mut browser, &returns("n1", Arrival::QuickLogin(buyer(ZHANG, name))));
    let nasty = ReceiveAddress {
        address: "\"><img src=x onerror=alert(1)>".into(),
        fullname: name.into(),
        ..pudong()
    };
    town.choose(&mut browser, "a1", nasty);
    let page = town.page(&mut browser, "/checkout");
    assert!(!page.contains("<script") && !page.contains("<img src=x"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn a_bomb_in_the_place_of_an_address_is_refused() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.sign_in(&mut browser, "/checkout", "n1");
    town.post(&mut browser, "/address", &[]);
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><receiveAddress><address>&a;</address></receiveAddress>";
    let mut params = Params::new();
    for (name, value) in
        [("is_success", "T"), ("notify_id", "a1"), ("receive_address", bomb), ("user_id", ZHANG)]
    {
        params.push(name, value.as_bytes());
    }
    let response = town.ask(post("/address/return", signed(params)));
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(&response).contains("地址没有采用"));
}

#[test]
fn the_direct_payment_page_needs_no_order_and_passes_the_bank_on() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    let page = town.page(&mut browser, "/direct");
    assert!(page.contains("收款方") && page.contains("竹里小铺") && page.contains("中国工商银行"));
    let pay = |town: &mut Town, browser: &mut Browser, bank: &str| {
        let fields = [("subject", "三月茶叶尾款"), ("body", "谢谢"), ("total_fee", "12.30"), ("bank", bank)];
        let response = town.post(browser, "/direct", &fields);
        PaymentRequest::parse(&signed_by_shop(&location(&response)), Charset::Utf8).unwrap()
    };
    let bank = pay(&mut town, &mut browser, "CMB");
    assert_eq!(bank.service, PaymentService::CreateDirectPayByUser);
    assert_eq!(
        (bank.direct.paymethod.as_deref(), bank.direct.defaultbank.as_deref()),
        (Some("bankPay"), Some("CMB"))
    );
    assert_eq!(bank.amount.goods_total().unwrap().to_string(), "12.30");
    assert_eq!((bank.subject.as_str(), bank.body.as_deref()), ("三月茶叶尾款", Some("谢谢")));
    let balance = pay(&mut town, &mut browser, "directPay");
    assert_eq!((balance.direct.paymethod.as_deref(), balance.direct.defaultbank), (Some("directPay"), None));
    let open = pay(&mut town, &mut browser, "");
    assert_eq!(open.direct.paymethod, None);
    assert!(town.page(&mut browser, &format!("/orders/{}", open.out_trade_no)).contains("三月茶叶尾款"));
    for (name, value, why) in [
        ("subject", "", "付款事由"),
        ("total_fee", "0", "金额要大于零"),
        ("total_fee", "-1", "金额要大于零"),
        ("total_fee", "1.234", "金额要大于零"),
        ("bank", "NOBANK", "没有这样一种付法"),
    ] {
        let mut fields = vec![("subject", "x"), ("total_fee", "1"), ("bank", "")];
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        let response = town.post(&mut browser, "/direct", &fields);
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        assert!(text(&response).contains(why), "{name}={value}");
    }
}

#[test]
fn a_shop_with_a_target_that_is_no_address_does_not_open() {
    let conn = danbao_store::open("sqlite::memory:").unwrap();
    let members = Members { targets: vec!["elsewhere".into()], ..Members::default() };
    let opened = Shop::open(conn, config(members), [7; 32], Timestamp(0));
    assert!(matches!(opened, Err(OpenError::Target(_))));
}

#[test]
fn both_flows_do_the_same_on_either_database() {
    for database in Database::of_each_kind().unwrap() {
        let conn = database.connect().unwrap();
        let (mut town, mut browser) =
            (Town::on(conn, Members::default(), Some(database)), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        assert_eq!(location(&town.sign_in(&mut browser, "/checkout", "n1")), "/checkout");
        town.choose(&mut browser, "a1", pudong());
        assert!(town.page(&mut browser, "/checkout").contains("上海市 浦东"));
        let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "1 号")];
        let order = town.place(&mut browser, PaymentService::TradeCreateByBuyer, &fields);
        town.get(&mut browser, &etao("n2", "三儿", "/goods/tea"));
        assert!(town.page(&mut browser, "/orders").contains(order.out_trade_no.as_str()));
    }
}
