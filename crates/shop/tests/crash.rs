//! The shop dies in every gap between two statements of a notification, and just after each commit; built anew from its
//! database, with a gateway that repeats what was not answered, it ends where it would have ended anyway.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::{AskId, Crash, Input, Node, Output, Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use danbao_store::faulty::{Death, Disk};
use danbao_store::testing::Database;
use http::Method;
use http::header::{COOKIE, SET_COOKIE};
use serde_json::Value;

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

fn open(conn: Box<dyn danbao_store::Conn>) -> Result<Shop, danbao_shop::OpenError> {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    let gateway = "http://gateway/gateway.do";
    let account = Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, gateway).unwrap();
    let config =
        Config { own_url: "http://shop".into(), account, lang: Lang::Zh, members: Members::default() };
    Shop::open(conn, config, [7; 32], Timestamp(0))
}

fn request(method: Method, path: &str, body: String) -> Request {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn notification(number: &str, status: &str) -> Request {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_id", status),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", number),
        ("trade_no", "2012022900000001"),
        ("trade_status", status),
        ("total_fee", "0.01"),
        ("seller_id", "2088000000000002"),
    ] {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    request(Method::POST, "/pay/notify", params.to_urlencoded())
}

/// Asks once; the gateway, where it is asked in turn, says `true`.
fn ask(shop: &mut Shop, request: Request) -> Result<Response, Crash> {
    let mut outputs = shop.step(Timestamp(1), vec![Input::Request { id: AskId(1), request }])?;
    loop {
        match outputs.pop() {
            Some(Output::Respond { response, .. }) => return Ok(response),
            Some(Output::Send { id, .. }) => {
                let outcome = Ok(Response::new(Bytes::from_static(b"true")));
                outputs = shop.step(Timestamp(1), vec![Input::Answer { id, outcome }])?;
            }
            None => return Err(Crash("no answer".into())),
        }
    }
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Places an order and tells the shop of its payment until it says `success`, building it anew whenever it dies.
fn live_through(disk: &Disk, death: Option<Death>) -> (Value, bool) {
    let mut shop = open(disk.connect()).unwrap();
    let wish = r#"{"service": "trade_create_by_buyer", "lines": [{"good": "bookmark", "quantity": 1}]}"#;
    let placed = ask(&mut shop, request(Method::POST, "/orders", wish.into())).unwrap();
    let number = json(&placed)["out_trade_no"].as_str().unwrap().to_owned();
    disk.plan(death);
    let mut died = false;
    for status in ["WAIT_BUYER_PAY", "TRADE_FINISHED"] {
        loop {
            match ask(&mut shop, notification(&number, status)) {
                Ok(answer) => {
                    assert_eq!(answer.body().as_ref(), b"success");
                    break;
                }
                Err(_) => {
                    died = true;
                    shop = open(disk.connect()).unwrap();
                }
            }
        }
    }
    disk.plan(None);
    let state =
        ask(&mut shop, request(Method::GET, &format!("/orders/{number}.json"), String::new())).unwrap();
    (json(&state), died)
}

fn check(state: &Value, death: Option<Death>) {
    assert_eq!(state["status"], "TRADE_FINISHED", "{death:?}");
    assert_eq!(state["times_applied"], 2, "{death:?}");
    assert_eq!(state["delivered"], true, "{death:?}");
    assert_eq!(state["mode"], "direct", "{death:?}");
    assert_eq!(state["mode_basis"], "stored_unpaid", "{death:?}");
}

#[test]
fn a_death_at_any_moment_changes_nothing_in_the_end_on_either_database() {
    for database in Database::of_each_kind().unwrap() {
        let disk = Disk::new(database.connect().unwrap());
        let (state, _) = live_through(&disk, None);
        check(&state, None);
        let mut deaths = 0;
        for plan in [Death::BeforeStatement as fn(u64) -> Death, Death::AfterCommit] {
            for n in 1.. {
                let death = Some(plan(n));
                let (state, died) = live_through(&disk, death);
                check(&state, death);
                if !died {
                    break;
                }
                deaths += 1;
            }
        }
        assert!(deaths > 20, "{deaths}");
        let notes = disk.inspect(|conn| {
            let sql =
                "SELECT count(*) FROM orders WHERE out_trade_no NOT IN (SELECT out_trade_no FROM delivery)";
            conn.query_one(sql, &[]).unwrap().get::<i64>(0).unwrap()
        });
        assert_eq!(notes, 0, "every order was delivered, and the key of the table allows no second time");
    }
}

fn as_visitor(mut request: Request, cookie: &str) -> Request {
    request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
    request
}

/// Signs in with a full cart; after a death the browser loads the same link again.
fn sign_in_through(disk: &Disk, death: Option<Death>, id: &str) -> bool {
    let mut shop = open(disk.connect()).unwrap();
    let cart = ask(&mut shop, request(Method::POST, "/cart", "good=tea&add=1".into())).unwrap();
    let cookie = cart.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let begin = request(Method::POST, "/login", "back=%2Fcheckout".into());
    let begun = ask(&mut shop, as_visitor(begin, &cookie)).unwrap();
    let session = begun.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let cookie = format!("{cookie}; {session}");
    let mut params = Params::new();
    let token = "20120229fedcba9876543210fedcba9876543210";
    for (name, value) in [
        ("is_success", "T"),
        ("notify_id", id),
        ("real_name", "张三"),
        ("token", token),
        ("user_id", "2088000000000003"),
    ] {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    let link = format!("/login/return?{}", params.to_urlencoded());
    disk.plan(death);
    let first = ask(&mut shop, as_visitor(request(Method::GET, &link, String::new()), &cookie));
    let died = first.is_err();
    disk.plan(None);
    if died {
        shop = open(disk.connect()).unwrap();
        let again = ask(&mut shop, as_visitor(request(Method::GET, &link, String::new()), &cookie)).unwrap();
        // Either nothing had happened and the link still works, or everything had and it says that it is used.
        assert!(matches!(again.status().as_u16(), 303 | 400), "{death:?}");
    }
    let page = request(Method::GET, "/checkout", String::new());
    let page = ask(&mut shop, as_visitor(page, &cookie)).unwrap();
    let page = String::from_utf8_lossy(page.body()).into_owned();
    assert!(page.contains("支付宝用户张三") && page.contains("明前龙井"), "{death:?}");
    died
}

#[test]
fn a_death_in_the_middle_of_a_login_loses_neither_the_buyer_nor_the_cart() {
    for database in Database::of_each_kind().unwrap() {
        let disk = Disk::new(database.connect().unwrap());
        let mut deaths = 0;
        for (way, plan) in
            [Death::BeforeStatement as fn(u64) -> Death, Death::AfterCommit].into_iter().enumerate()
        {
            let mut n = 1;
            while sign_in_through(&disk, Some(plan(n)), &format!("{way}-{n}")) {
                (n, deaths) = (n + 1, deaths + 1);
            }
        }
        assert!(deaths > 5, "{deaths}");
    }
}
