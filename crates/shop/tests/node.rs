//! The shop as a node, driven without sockets: what it says, what it asks, and what it stores.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::{AskId, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append, md5};
use danbao_merchant::protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, OpenError, Shop};
use danbao_store::testing::Database;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const NOW: Timestamp = Timestamp(1_330_531_199_000);

fn account() -> Account {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://gateway:8080/gateway.do")
        .unwrap()
}

fn config() -> Config {
    Config {
        own_url: "http://shop:8081".into(),
        account: account(),
        lang: Lang::Zh,
        members: Members::default(),
    }
}

struct World {
    shop: Shop,
    asks: u64,
    outputs: Vec<Output>,
}

impl World {
    fn new() -> World {
        let conn = danbao_store::open("sqlite::memory:").unwrap();
        World { shop: Shop::open(conn, config(), [7; 32], NOW).unwrap(), asks: 0, outputs: Vec::new() }
    }

    fn ask(&mut self, request: Request) -> (AskId, Input) {
        self.asks += 1;
        let id = AskId(self.asks);
        (id, Input::Request { id, request })
    }

    fn step(&mut self, inputs: Vec<Input>) {
        let more = self.shop.step(NOW, inputs).unwrap();
        self.outputs.extend(more);
    }

    /// The answer to a request that needs nobody else.
    fn get(&mut self, request: Request) -> Response {
        let (id, input) = self.ask(request);
        self.step(vec![input]);
        self.answered(id).unwrap()
    }

    fn answered(&mut self, wanted: AskId) -> Option<Response> {
        let at =
            self.outputs.iter().position(|o| matches!(o, Output::Respond { id, .. } if *id == wanted))?;
        match self.outputs.remove(at) {
            Output::Respond { response, .. } => Some(response),
            Output::Send { .. } => None,
        }
    }

    fn asked(&mut self) -> Option<(SendId, Request)> {
        let at = self.outputs.iter().position(|o| matches!(o, Output::Send { .. }))?;
        match self.outputs.remove(at) {
            Output::Send { id, request } => Some((id, request)),
            Output::Respond { .. } => None,
        }
    }

    /// Brings a message and lets the gateway say `word` on it.
    fn bring(&mut self, request: Request, word: &'static str) -> Response {
        let (id, input) = self.ask(request);
        self.step(vec![input]);
        let (send, question) = self.asked().unwrap();
        assert_eq!(question.uri().host(), Some("gateway"));
        self.step(vec![says(send, word)]);
        self.answered(id).unwrap()
    }

    fn place(&mut self, service: &str, charset: &str) -> Order {
        let wish = json!({
            "service": service, "charset": charset, "lines": [{"good": "bookmark", "quantity": 1}],
            "receive": {"name": "张三", "address": "浙江省 杭州市 西湖区 文三路 1 号", "zip": "310000", "mobile": "13800000000"},
        });
        let response = self.get(post_json("/orders", &wish));
        assert_eq!(response.status(), StatusCode::CREATED, "{:?}", response.body());
        let placed: Value = serde_json::from_slice(response.body()).unwrap();
        Order {
            number: placed["out_trade_no"].as_str().unwrap().to_owned(),
            payment_url: placed["payment_url"].as_str().unwrap().to_owned(),
            charset: Charset::from_label(charset).unwrap(),
            service: service.to_owned(),
        }
    }

    fn state(&mut self, order: &Order) -> Value {
        let response = self.get(get(&format!("/orders/{}.json", order.number)));
        assert_eq!(response.status(), StatusCode::OK);
        serde_json::from_slice(response.body()).unwrap()
    }
}

fn says(id: SendId, word: &'static str) -> Input {
    Input::Answer { id, outcome: Ok(Response::new(Bytes::from_static(word.as_bytes()))) }
}

struct Order {
    number: String,
    payment_url: String,
    charset: Charset,
    service: String,
}

impl Order {
    /// A message about this order as the gateway signs it, some values changed before.
    fn message(&self, second: u8, status: &str, changes: &[(&str, &str)]) -> Params {
        let mut values: Vec<(String, String)> = [
            ("notify_id", format!("id{second}")),
            ("notify_type", "trade_status_sync".into()),
            ("notify_time", format!("2012-03-01 00:00:{second:02}")),
            ("out_trade_no", self.number.clone()),
            ("trade_no", "2012030100000001".into()),
            ("trade_status", status.into()),
            ("subject", "剪纸书签".into()),
            ("total_fee", "0.01".into()),
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
        append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
        params
    }

    fn notify(&self, second: u8, status: &str) -> Request {
        post("/pay/notify", self.message(second, status, &[]).to_urlencoded())
    }

    fn returns(&self, second: u8, status: &str) -> Request {
        let changes = [("is_success", "T"), ("notify_id", "return"), ("exterface", self.service.as_str())];
        get(&format!("/pay/return?{}", self.message(second, status, &changes).to_urlencoded()))
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

fn post_json(path: &str, body: &Value) -> Request {
    let mut request = post(path, body.to_string());
    request.headers_mut().insert(CONTENT_TYPE, "application/json".parse().unwrap());
    request
}

fn text(response: &Response) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response));
    response.headers()[LOCATION].to_str().unwrap()
}

const DIRECT: &str = "create_direct_pay_by_user";
const ESCROW: &str = "create_partner_trade_by_buyer";
const DUAL: &str = "trade_create_by_buyer";

#[test]
fn an_order_leads_to_a_signed_address_of_the_cashier_in_either_charset() {
    let mut world = World::new();
    for service in [DIRECT, ESCROW, DUAL] {
        for charset in ["gbk", "utf-8"] {
            let order = world.place(service, charset);
            let query = order.payment_url.strip_prefix("http://gateway:8080/gateway.do?").unwrap();
            let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
            assert_eq!(md5::verify(&params, &Md5Key::new(KEY)), Ok(()));
            let value = |name| params.get_text(name, order.charset).unwrap().unwrap();
            assert_eq!(value("service"), service);
            assert_eq!(value("subject"), "剪纸书签");
            assert_eq!(value("notify_url"), "http://shop:8081/pay/notify");
            assert_eq!(world.state(&order)["payment_url"], json!(order.payment_url));
        }
    }
}

#[test]
fn a_notification_is_believed_after_the_gateway_has_said_true() {
    let mut world = World::new();
    let order = world.place(DIRECT, "gbk");
    let response = world.bring(order.notify(1, "TRADE_FINISHED"), "true");
    assert_eq!((response.status(), text(&response)), (StatusCode::OK, "success"));
    let state = world.state(&order);
    assert_eq!(state["status"], "TRADE_FINISHED");
    assert_eq!(state["paid_total"], "0.01");
    assert_eq!((&state["times_applied"], &state["delivered"]), (&json!(1), &json!(true)));
    assert_eq!(state["payment_url"], Value::Null);
}

#[test]
fn return_and_notification_in_one_group_deliver_once() {
    for return_first in [true, false] {
        let mut world = World::new();
        let order = world.place(DUAL, "utf-8");
        let (returned, a) = world.ask(order.returns(2, "WAIT_SELLER_SEND_GOODS"));
        let (notified, b) = world.ask(order.notify(2, "WAIT_SELLER_SEND_GOODS"));
        world.step(if return_first { vec![a, b] } else { vec![b, a] });
        let answers = [world.asked().unwrap().0, world.asked().unwrap().0].map(|send| says(send, "true"));
        world.step(answers.into());
        assert_eq!(text(&world.answered(notified).unwrap()), "success");
        let note = if return_first { "just_paid" } else { "just_known" };
        let page = format!("/orders/{}?note={note}", order.number);
        assert_eq!(location(&world.answered(returned).unwrap()), page);
        let state = world.state(&order);
        assert_eq!((&state["times_applied"], &state["delivered"]), (&json!(1), &json!(true)));
        assert_eq!((&state["mode"], &state["mode_basis"]), (&json!("escrow"), &json!("nothing_stored")));
        assert_eq!(world.get(get(&page)).status(), StatusCode::OK);
    }
}

#[test]
fn a_notification_that_comes_twice_is_acknowledged_twice_and_applied_once() {
    let mut world = World::new();
    let order = world.place(DIRECT, "utf-8");
    for _ in 0..2 {
        assert_eq!(text(&world.bring(order.notify(1, "TRADE_SUCCESS"), "true")), "success");
    }
    assert_eq!(text(&world.bring(order.notify(0, "WAIT_BUYER_PAY"), "true")), "success");
    let state = world.state(&order);
    assert_eq!((&state["status"], &state["times_applied"]), (&json!("TRADE_SUCCESS"), &json!(1)));
    let outcomes: Vec<&str> =
        state["messages"].as_array().unwrap().iter().map(|m| m["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.len(), 3);
    for outcome in ["applied", "already_done", "stale"] {
        assert!(outcomes.contains(&outcome), "{outcomes:?}");
    }
}

#[test]
fn what_is_not_genuine_is_answered_fail_and_changes_nothing() {
    let mut world = World::new();
    let order = world.place(DIRECT, "gbk");
    let forged = order.message(1, "TRADE_FINISHED", &[]).to_urlencoded().replace("sign=", "sign=0");
    let response = world.get(post("/pay/notify", forged));
    assert_eq!(text(&response), "fail");
    assert!(world.asked().is_none(), "a forged signature is not worth a question");
    assert_eq!(text(&world.bring(order.notify(1, "TRADE_FINISHED"), "false")), "fail");
    for change in [("total_fee", "0.02"), ("seller_id", "2088000000000008"), ("out_trade_no", "1")] {
        let body = order.message(1, "TRADE_FINISHED", &[change]).to_urlencoded();
        assert_eq!(text(&world.bring(post("/pay/notify", body), "true")), "fail", "{change:?}");
    }
    let state = world.state(&order);
    assert_eq!((&state["status"], &state["times_applied"]), (&Value::Null, &json!(0)));
    let notes: Vec<&str> =
        state["messages"].as_array().unwrap().iter().map(|m| m["note"].as_str().unwrap()).collect();
    for check in ["sign:", "notify_verify:", "total_fee:", "seller:"] {
        assert!(notes.iter().any(|note| note.starts_with(check)), "{check} {notes:?}");
    }
}

#[test]
fn a_gateway_that_does_not_answer_is_told_fail_and_may_come_again() {
    let mut world = World::new();
    let order = world.place(DIRECT, "utf-8");
    let (id, input) = world.ask(order.notify(1, "TRADE_FINISHED"));
    world.step(vec![input]);
    let (send, _) = world.asked().unwrap();
    world.step(vec![Input::Answer { id: send, outcome: Err(NoAnswer::TimedOut) }]);
    assert_eq!(text(&world.answered(id).unwrap()), "fail");
    world.step(vec![says(send, "true")]);
    assert_eq!(world.state(&order)["status"], Value::Null, "an answer to nothing was believed");
    assert_eq!(text(&world.bring(order.notify(1, "TRADE_FINISHED"), "true")), "success");
}

#[test]
fn a_call_without_parameters_is_answered_fail() {
    let mut world = World::new();
    assert_eq!(text(&world.get(get("/pay/notify"))), "fail");
    assert_eq!(text(&world.get(post("/pay/notify", String::new()))), "fail");
    assert!(world.get(get("/pay/return")).status().is_client_error());
}

#[test]
fn a_return_that_fails_says_which_check_and_shows_the_shops_own_record() {
    let mut world = World::new();
    let order = world.place(DIRECT, "utf-8");
    let response = world.bring(order.returns(1, "TRADE_FINISHED"), "false");
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    for expected in ["向网关核实", &order.number, "等待付款"] {
        assert!(text(&response).contains(expected), "{expected}");
    }
    let altered = order.returns(1, "TRADE_FINISHED").uri().to_string().replace("0.01", "9.99");
    let response = world.get(get(&altered));
    assert!(text(&response).contains("签名"));
    let lie = world.get(get(&format!("/orders/{}?note=just_paid&code=PAID", order.number)));
    assert!(!text(&lie).contains("已经核实"), "an address cannot make an order paid, not even in words");
    assert_eq!(world.state(&order)["times_applied"], 0);
}

#[test]
fn an_escrow_order_is_shipped_server_to_server() {
    let mut world = World::new();
    let order = world.place(ESCROW, "gbk");
    let ship = || {
        let body = "logistics_name=%E9%A1%BA%E4%B8%B0&invoice_no=SF1".to_owned();
        post(&format!("/orders/{}/ship", order.number), body)
    };
    assert_eq!(location(&world.get(ship())), format!("/orders/{}", order.number), "not paid yet");
    world.bring(order.notify(1, "WAIT_SELLER_SEND_GOODS"), "true");
    let (id, input) = world.ask(ship());
    world.step(vec![input]);
    let (send, call) = world.asked().unwrap();
    let params = Params::receive(call.uri().query().unwrap().as_bytes(), None, call.body()).unwrap();
    assert_eq!(md5::verify(&params, &Md5Key::new(KEY)), Ok(()));
    assert_eq!(params.get_text("logistics_name", Charset::Gbk).unwrap().unwrap(), "顺丰");
    assert_eq!(params.get("trade_no"), Some(b"2012030100000001".as_slice()));
    world.step(vec![says(send, "<alipay><is_success>T</is_success></alipay>")]);
    assert!(location(&world.answered(id).unwrap()).ends_with("note=just_shipped"));
    assert_eq!(world.state(&order)["shipped"], true);
    assert_eq!(world.state(&order)["status"], "WAIT_SELLER_SEND_GOODS", "only a message changes the state");
    world.bring(order.notify(2, "WAIT_BUYER_CONFIRM_GOODS"), "true");
    world.bring(order.notify(3, "TRADE_FINISHED"), "true");
    let state = world.state(&order);
    assert_eq!((&state["status"], &state["times_applied"]), (&json!("TRADE_FINISHED"), &json!(3)));
}

#[test]
fn a_refused_shipping_says_the_code() {
    let mut world = World::new();
    let order = world.place(ESCROW, "utf-8");
    world.bring(order.notify(1, "WAIT_SELLER_SEND_GOODS"), "true");
    let ship = post(&format!("/orders/{}/ship", order.number), "logistics_name=SF".into());
    let no = "<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
    let response = world.bring(ship, no);
    let page = location(&response).to_owned();
    assert!(page.ends_with("note=ship_refused&code=TRADE_NOT_EXIST"));
    assert!(text(&world.get(get(&page))).contains("TRADE_NOT_EXIST"));
    assert_eq!(world.state(&order)["shipped"], false);
}

#[test]
fn a_visitor_buys_with_a_browser_and_pays_again_with_the_same_number() {
    for database in Database::of_each_kind().unwrap() {
        let shop = Shop::open(database.connect().unwrap(), config(), [7; 32], NOW).unwrap();
        buy_and_pay_again(World { shop, asks: 0, outputs: Vec::new() });
    }
}

fn buy_and_pay_again(mut world: World) {
    let response = world.get(post("/cart", "good=bookmark&add=2".into()));
    assert_eq!(location(&response), "/cart?added=1");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut as_visitor = |mut request: Request| {
        request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        world.get(request)
    };
    assert!(text(&as_visitor(get("/cart"))).contains("¥0.02"));
    assert!(text(&as_visitor(get("/checkout"))).contains("剪纸书签"));
    let missing = as_visitor(post("/checkout", format!("service={ESCROW}&charset=gbk")));
    assert_eq!(missing.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let emoji =
        format!("service={ESCROW}&charset=gbk&receive_name=%F0%9F%98%80&receive_address=x&receive_mobile=1");
    assert!(text(&as_visitor(post("/checkout", emoji))).contains("😀"));
    let form =
        format!("service={ESCROW}&charset=gbk&receive_name=%E5%BC%A0&receive_address=x&receive_mobile=1");
    let url = location(&as_visitor(post("/checkout", form))).to_owned();
    let query = url.split_once('?').unwrap().1;
    let number = Params::parse_urlencoded(query.as_bytes()).unwrap().get_text("out_trade_no", Charset::Gbk);
    let number = number.unwrap().unwrap();
    assert!(text(&as_visitor(get("/orders"))).contains(&number));
    let again = as_visitor(post(&format!("/orders/{number}/pay"), String::new()));
    assert_eq!(location(&again), url);
    assert_eq!(location(&as_visitor(get("/checkout"))), "/cart", "the cart is empty now");
    let twice = as_visitor(post("/checkout", "service=create_direct_pay_by_user&charset=utf-8".to_owned()));
    assert!(location(&twice).starts_with("/orders/"), "who clicked twice is led to the order");
    as_visitor(post("/cart", "good=tea&set=3".into()));
    as_visitor(post("/cart", "good=tea&set=0".into()));
    assert!(text(&as_visitor(get("/cart"))).contains("购物车还是空的"));
}

#[test]
fn a_form_that_submits_itself_is_the_other_way_to_the_cashier() {
    let mut world = World::new();
    let cart = world.get(post("/cart", "good=dragonfly&add=1".into()));
    let cookie = cart.headers()[SET_COOKIE].clone();
    let mut request = post("/checkout", format!("service={DIRECT}&charset=gbk&via=form"));
    request.headers_mut().insert(COOKIE, cookie);
    let response = world.get(request);
    assert!(text(&response).contains("accept-charset=\"gbk\""));
    assert!(text(&response).contains("name=\"sign\""));
    assert!(!text(&response).contains(KEY));
}

#[test]
fn pages_speak_two_languages_and_the_choice_is_kept() {
    let mut world = World::new();
    assert!(text(&world.get(get("/"))).contains("竹里小铺"));
    let english = world.get(get("/?lang=en"));
    assert!(text(&english).contains("Bamboo Lane"));
    let mut request = get("/goods/tea");
    request.headers_mut().insert(COOKIE, english.headers()[SET_COOKIE].clone());
    assert!(text(&world.get(request)).contains("Spring Longjing"));
}

#[test]
fn odd_requests_get_an_answer_and_no_panic() {
    let mut world = World::new();
    for (request, status) in [
        (get("/nowhere"), StatusCode::NOT_FOUND),
        (get("/goods/nothing"), StatusCode::NOT_FOUND),
        (get("/orders/1"), StatusCode::NOT_FOUND),
        (get("/orders/1.json"), StatusCode::NOT_FOUND),
        (get("/static/../secret"), StatusCode::NOT_FOUND),
        (post("/", String::new()), StatusCode::METHOD_NOT_ALLOWED),
        (post("/cart", "good=tea&add=-1".into()), StatusCode::BAD_REQUEST),
        (post("/cart", "good=tea&add=100".into()), StatusCode::BAD_REQUEST),
        (post("/cart", "good=%00&set=0".into()), StatusCode::BAD_REQUEST),
        (post("/orders", "{".into()), StatusCode::BAD_REQUEST),
        (post("/orders", r#"{"service":"x","lines":[]}"#.into()), StatusCode::BAD_REQUEST),
        (post("/orders/1/ship", String::new()), StatusCode::NOT_FOUND),
        (post("/orders/1/pay", String::new()), StatusCode::NOT_FOUND),
        (post("/pay/notify", "%zz".into()), StatusCode::OK),
        (post("/pay/notify", "a&".repeat(20_000)), StatusCode::OK),
        (get("/pay/return?%FF=1"), StatusCode::BAD_REQUEST),
        (get("/static/shop.css"), StatusCode::OK),
        (get("/static/goods/tea.svg"), StatusCode::OK),
    ] {
        let shown = format!("{} {}", request.method(), request.uri());
        assert_eq!(world.get(request).status(), status, "{shown}");
    }
}

#[test]
fn after_a_restart_the_gateway_repeats_itself_and_nothing_is_lost_or_doubled() {
    let file = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", file.path().join("shop.db").display());
    let open = || Shop::open(danbao_store::open(&url).unwrap(), config(), [7; 32], NOW).unwrap();
    let mut world = World { shop: open(), asks: 0, outputs: Vec::new() };
    let order = world.place(DIRECT, "gbk");
    let (_, input) = world.ask(order.notify(1, "TRADE_FINISHED"));
    world.step(vec![input]);
    let (send, _) = world.asked().unwrap();
    world.shop = open();
    world.step(vec![says(send, "true")]);
    assert_eq!(world.state(&order)["status"], Value::Null);
    assert_eq!(text(&world.bring(order.notify(1, "TRADE_FINISHED"), "true")), "success");
    assert_eq!(world.state(&order)["times_applied"], 1);
    assert_ne!(world.place(DIRECT, "gbk").number, order.number, "the same seed drew the same number again");
}

#[test]
fn an_input_that_cannot_be_taken_is_answered_500_and_does_not_harm_its_group() {
    let file = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", file.path().join("shop.db").display());
    let shop = Shop::open(danbao_store::open(&url).unwrap(), config(), [7; 32], NOW).unwrap();
    let mut world = World { shop, asks: 0, outputs: Vec::new() };
    let (broken, sound) = (world.place(DIRECT, "gbk"), world.place(DIRECT, "gbk"));
    let mut other = danbao_store::open(&url).unwrap();
    other
        .execute("UPDATE order_line SET good = 'gone' WHERE out_trade_no = $1", &[(&broken.number).into()])
        .unwrap();
    let (ask, input) = world.ask(sound.notify(1, "TRADE_FINISHED"));
    world.step(vec![input]);
    let (send, _) = world.asked().unwrap();
    let (bad, page) = world.ask(get(&format!("/orders/{}", broken.number)));
    let (good, shelf) = world.ask(get("/"));
    world.step(vec![page, says(send, "true"), shelf]);
    let apology = world.answered(bad).unwrap();
    assert_eq!(apology.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text(&apology).contains("商店出了点问题"));
    assert_eq!(text(&world.answered(ask).unwrap()), "success");
    assert_eq!(world.answered(good).unwrap().status(), StatusCode::OK);
    assert_eq!(world.state(&sound)["times_applied"], 1);
}

#[test]
fn the_same_life_says_the_same_things() {
    let run = || {
        let mut world = World::new();
        let order = world.place(DUAL, "gbk");
        let answer = world.bring(order.notify(1, "TRADE_FINISHED"), "true");
        (order.payment_url.clone(), format!("{answer:?}"), world.state(&order).to_string())
    };
    assert_eq!(run(), run());
}

#[test]
fn an_address_that_the_gateway_could_not_call_is_refused_at_once() {
    for own_url in ["", "shop:8081", "http://shop:8081/", "http://shop?x"] {
        let conn = danbao_store::open("sqlite::memory:").unwrap();
        let opened = Shop::open(conn, Config { own_url: own_url.into(), ..config() }, [0; 32], NOW);
        assert!(matches!(opened, Err(OpenError::OwnUrl(_))), "{own_url}");
    }
}

/// Writes the pages to the directory named by `SHOP_PAGES`, to be looked at in a browser.
#[test]
#[ignore = "writes files, for eyes"]
#[expect(clippy::disallowed_methods, reason = "a test for eyes writes files")]
fn pages_for_eyes() {
    let Ok(directory) = std::env::var("SHOP_PAGES") else { return };
    let mut world = World::new();
    let mut cookie = String::new();
    for good in ["bookmark&add=1", "tea&add=2", "cup&add=1"] {
        let mut request = post("/cart", format!("good={good}"));
        if !cookie.is_empty() {
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        }
        let response = world.get(request);
        if let Some(set) = response.headers().get(SET_COOKIE) {
            cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
    }
    let dual = world.place(DUAL, "gbk");
    world.bring(dual.notify(1, "WAIT_BUYER_PAY"), "true");
    world.bring(dual.returns(2, "WAIT_SELLER_SEND_GOODS"), "true");
    world.bring(dual.notify(3, "WAIT_SELLER_SEND_GOODS"), "true");
    world
        .get(post("/pay/notify", format!("out_trade_no={}&trade_status=TRADE_FINISHED&sign=0", dual.number)));
    let unpaid = world.place(ESCROW, "utf-8");
    let failed = world.bring(unpaid.returns(1, "WAIT_SELLER_SEND_GOODS"), "false");
    let mut pages = vec![("returned".to_owned(), failed)];
    for lang in ["zh", "en"] {
        for (name, path) in [
            ("home", "/".to_owned()),
            ("good", "/goods/umbrella".to_owned()),
            ("cart", "/cart".to_owned()),
            ("checkout", "/checkout".to_owned()),
            ("order", format!("/orders/{}", dual.number)),
            ("unpaid", format!("/orders/{}", unpaid.number)),
            ("orders", "/orders".to_owned()),
            ("problem", "/nowhere".to_owned()),
        ] {
            let mut request = get(&format!("{path}?lang={lang}&note=just_paid"));
            request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
            pages.push((format!("{name}-{lang}"), world.get(request)));
        }
        let body = format!("service={ESCROW}&charset=gbk&receive_name=x&lang={lang}");
        let mut request = post(&format!("/checkout?lang={lang}"), body);
        request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        pages.push((format!("mistake-{lang}"), world.get(request)));
    }
    let mut request = post("/checkout", format!("service={DIRECT}&charset=utf-8"));
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    world.get(request);
    let mut request = get("/orders");
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    pages.push(("orders".to_owned(), world.get(request)));
    for (name, page) in pages {
        let html = text(&page).replace("\"/static/", &format!("\"{}/static/", directory));
        std::fs::write(format!("{directory}/{name}.html"), html).unwrap();
    }
}
