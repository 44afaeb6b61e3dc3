//! Buyers who sign in and choose an address: believed once, given back to the browser that was sent, and remembered in
//! their payment requests.

use danbao_merchant::protocol::address_post::{AddressPost, ReceiveAddress};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{NotifyId, Token, UserId};
use danbao_merchant::protocol::login_return::{Arrival, Buyer, LoginReturn};
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{DIRECT, ESCROW, KEY, MIDNIGHT, World, on_both_databases, plain, result};

pub(crate) const USER: &str = "2088000000000003";
const TOKEN: &str = "20120301fedcba9876543210fedcba9876543210";

pub(crate) fn somebody() -> Buyer {
    Buyer {
        user_id: UserId::new(USER),
        token: Token::new(TOKEN),
        real_name: Some("张三".into()),
        email: Some("zhang@example.com".into()),
        grade: None,
    }
}

fn signed(mut params: Params, key: &str) -> String {
    append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
    params.to_urlencoded()
}

pub(crate) fn comes_with(
    path: &str,
    arrival: Arrival,
    notify_id: &str,
    charset: Charset,
    key: &str,
) -> Request {
    let params = LoginReturn { notify_id: NotifyId::new(notify_id), arrival }.build(charset).unwrap();
    plain(Method::GET, &format!("{path}?{}", signed(params, key)), String::new())
}

pub(crate) fn comes(path: &str, notify_id: &str) -> Request {
    comes_with(path, Arrival::QuickLogin(somebody()), notify_id, Charset::Utf8, KEY)
}

fn create(world: &mut World, path: &str, body: &Value) -> Value {
    let (status, visit) = world.api(Method::POST, path, body);
    assert_eq!(status, StatusCode::CREATED, "{visit}");
    visit
}

/// The parameters of an address at the gateway.
pub(crate) fn sent(url: &Value) -> Params {
    let (address, query) = url.as_str().unwrap().split_once('?').unwrap();
    assert_eq!(address, "http://gateway/gateway.do");
    Params::parse_urlencoded(query.as_bytes()).unwrap()
}

pub(crate) fn value(params: &Params, name: &str) -> String {
    String::from_utf8(params.get(name).unwrap_or_default().to_vec()).unwrap()
}

/// Sends somebody to sign in; the path where the browser comes back.
pub(crate) fn sent_to_sign_in(world: &mut World) -> (String, String) {
    let login = create(world, "/v1/logins", &json!({ "state": "s1", "return_page": "http://shop/in" }));
    let params = sent(&login["login_url"]);
    assert_eq!(value(&params, "service"), "alipay.auth.authorize");
    let back = value(&params, "return_url");
    let path = back.strip_prefix("http://sidecar:8082").unwrap().to_owned();
    (login["login_id"].as_str().unwrap().to_owned(), path)
}

pub(crate) fn signed_in(world: &mut World) {
    let (_, path) = sent_to_sign_in(world);
    let _ = world.bring(comes(&path, "n1"), "true");
}

pub(crate) fn claims(response: &Response) -> Value {
    result(response).1
}

#[test]
fn a_login_is_given_back_once_to_the_page_and_the_state_that_asked_for_it() {
    on_both_databases(|world| {
        let (login_id, path) = sent_to_sign_in(world);
        let (page, said) = result(&world.bring(comes(&path, "n1"), "true"));
        assert_eq!(page, "http://shop/in");
        assert_eq!(
            (&said["kind"], &said["verified"], &said["state"], &said["user_id"], &said["came_by"]),
            (&json!("login"), &json!(true), &json!("s1"), &json!(USER), &json!("quick_login"))
        );
        assert!(!said.to_string().contains(TOKEN) && !said.to_string().contains("张三"));
        let (_, login) = world.api(Method::GET, &format!("/v1/logins/{login_id}"), &Value::Null);
        assert_eq!((&login["user_id"], &login["login_url"]), (&json!(USER), &Value::Null));
        let (_, buyer) = world.api(Method::GET, &format!("/v1/buyers/{USER}"), &Value::Null);
        assert_eq!((&buyer["real_name"], buyer.get("token")), (&json!("张三"), None));

        // The same return again, and another one for the same visit.
        for notify_id in ["n1", "n2"] {
            let again = claims(&world.bring(comes(&path, notify_id), "true"));
            assert_eq!((&again["verified"], &again["user_id"]), (&json!(false), &Value::Null));
        }
        assert_eq!(world.kinds(), ["buyer.signed_in"]);
    });
}

#[test]
fn a_login_that_is_forged_expired_late_or_somebody_elses_is_nobody() {
    on_both_databases(|world| {
        let (_, path) = sent_to_sign_in(world);
        let forged = comes_with(&path, Arrival::QuickLogin(somebody()), "n1", Charset::Utf8, "another key");
        let said = claims(&world.get(forged));
        assert_eq!((&said["verified"], &said["check"]), (&json!(false), &json!("sign")));
        let said = claims(&world.bring(comes(&path, "n1"), "false"));
        assert_eq!((&said["verified"], &said["check"]), (&json!(false), &json!("notify_verify")));
        let said = claims(&world.bring(comes("/pay/login/0123456789abcdef", "n1"), "true"));
        assert_eq!((&said["verified"], &said["state"]), (&json!(false), &Value::Null));
        // A message about a trade is signed by the same key.
        let bought = world.direct("A");
        let trade = bought.message(1, "TRADE_FINISHED", &[("is_success", "T"), ("user_id", USER)], KEY);
        let trade = plain(Method::GET, &format!("{path}?{}", trade.to_urlencoded()), String::new());
        assert_eq!(claims(&world.bring(trade, "true"))["verified"], false);
        world.now = MIDNIGHT.plus(std::time::Duration::from_secs(3601));
        assert_eq!(claims(&world.bring(comes(&path, "n1"), "true"))["verified"], false);
        assert_eq!(world.kinds(), Vec::<String>::new());
    });
}

#[test]
fn a_login_cannot_be_lent_by_leaving_the_visit_out_of_its_address() {
    on_both_databases(|world| {
        let (login_id, path) = sent_to_sign_in(world);
        let said = claims(&world.bring(comes("/pay/login", "n1"), "true"));
        assert_eq!((&said["verified"], &said["user_id"]), (&json!(false), &Value::Null));
        assert_eq!(world.kinds(), Vec::<String>::new());
        let said = claims(&world.bring(comes(&path, "n1"), "true"));
        assert_eq!(
            (&said["login_id"], &said["state"]),
            (&json!(login_id), &json!("s1")),
            "it was not used up"
        );
    });
}

#[test]
fn buyers_from_etao_come_unsent_and_go_on_only_to_the_shops_own_pages() {
    on_both_databases(|world| {
        let target_url = "http://shop/goods/tea".to_owned();
        let known = Arrival::Etao { buyer: somebody(), target_url: target_url.clone() };
        let said = claims(&world.bring(comes_with("/pay/login", known, "n1", Charset::Utf8, KEY), "true"));
        assert_eq!((&said["came_by"], &said["target_url"]), (&json!("etao"), &json!(target_url)));
        let unknown = Arrival::EtaoUnknown { target_url };
        let said = claims(&world.bring(comes_with("/pay/login", unknown, "n2", Charset::Utf8, KEY), "true"));
        assert_eq!((&said["verified"], &said["user_id"]), (&json!(true), &Value::Null));
        let away = Arrival::EtaoUnknown { target_url: "http://elsewhere/".into() };
        let said = claims(&world.bring(comes_with("/pay/login", away, "n3", Charset::Utf8, KEY), "true"));
        assert_eq!(said["target_url"], Value::Null);
        assert_eq!(world.kinds(), ["buyer.signed_in"]);

        let terms = json!({ "service": DIRECT, "user_id": USER, "item_orders_info": "bookmark^1" });
        let bought = world.order("A", &terms);
        assert_eq!(value(&sent(&json!(bought.url)), "item_orders_info"), "bookmark^1");
    });
}

#[test]
fn the_token_goes_with_every_payment_request_of_the_buyer_and_stays_the_same_in_it() {
    on_both_databases(|world| {
        signed_in(world);
        let express = json!({ "logistics_type": "EXPRESS", "logistics_fee": "0.00", "logistics_payment": "SELLER_PAY" });
        let escrow = world.order("A", &json!({ "service": ESCROW, "user_id": USER, "logistics": [express] }));
        let direct = world.order("B", &json!({ "service": DIRECT, "user_id": USER }));
        let nobody = world.direct("C");
        for (bought, token) in [(&escrow, TOKEN), (&direct, TOKEN), (&nobody, "")] {
            assert_eq!(value(&sent(&json!(bought.url)), "token"), token, "{}", bought.number);
        }
        let (_, path) = sent_to_sign_in(world);
        let newer = Buyer { token: Token::new(TOKEN.replace("fedc", "0000")), ..somebody() };
        let newer = comes_with(&path, Arrival::QuickLogin(newer), "n9", Charset::Utf8, KEY);
        let _ = world.bring(newer, "true");
        assert_eq!(world.state(&direct)["payment_url"], json!(direct.url), "what was sent is not changed");
        let next = world.order("D", &json!({ "service": DIRECT, "user_id": USER }));
        assert_ne!(value(&sent(&json!(next.url)), "token"), TOKEN);
        let (_, problem) = world.api(
            Method::POST,
            "/v1/orders/C/payment_requests",
            &json!({ "service": DIRECT, "user_id": "2088000000000009" }),
        );
        assert_eq!(problem["code"], "buyer_unknown");
    });
}

pub(crate) fn posted(path: &str, user_id: &str, notify_id: &str) -> Request {
    let receive_address = ReceiveAddress {
        prov: "上海".into(),
        area: "浦东新区".into(),
        address: "世纪大道 1 号 & <b>".into(),
        ..ReceiveAddress::default()
    };
    let post =
        AddressPost { notify_id: NotifyId::new(notify_id), user_id: UserId::new(user_id), receive_address };
    let mut request = plain(Method::POST, path, signed(post.build(Charset::Gbk).unwrap(), KEY));
    request.headers_mut().insert(CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    request
}

#[test]
fn an_address_is_taken_once_for_the_buyer_who_was_sent_for_it() {
    on_both_databases(|world| {
        signed_in(world);
        let wish = json!({ "state": "s2", "user_id": USER, "charset": "gbk" });
        let visit = create(world, "/v1/addresses", &wish);
        let params = sent(&visit["address_url"]);
        assert_eq!(value(&params, "token"), TOKEN);
        let back = value(&params, "return_url");
        let path = back.strip_prefix("http://sidecar:8082").unwrap();

        let other = claims(&world.bring(posted(path, "2088000000000004", "n5"), "true"));
        assert_eq!((&other["verified"], &other["check"]), (&json!(false), &json!("user_id")));
        let said = claims(&world.bring(posted(path, USER, "n6"), "true"));
        assert_eq!(
            (&said["kind"], &said["verified"], &said["state"], &said["user_id"]),
            (&json!("address"), &json!(true), &json!("s2"), &json!(USER))
        );
        assert!(!said.to_string().contains("世纪大道"), "an address does not travel in an address");
        assert_eq!(claims(&world.bring(posted(path, USER, "n6"), "true"))["verified"], false);

        let path = format!("/v1/addresses/{}", visit["address_id"].as_str().unwrap());
        let (_, shown) = world.api(Method::GET, &path, &Value::Null);
        assert_eq!(shown["address"]["area"], "浦东新区");
        assert_eq!(shown["address"]["address"], "世纪大道 1 号 & <b>");
        assert_eq!(world.kinds(), ["buyer.signed_in", "address.chosen"]);
    });
}

#[test]
fn what_cannot_be_asked_for_is_a_problem() {
    on_both_databases(|world| {
        for (path, body, code) in [
            ("/v1/logins", json!({}), "malformed_json"),
            ("/v1/logins", json!({ "state": "" }), "state_malformed"),
            ("/v1/logins", json!({ "state": "s", "user_id": USER }), "malformed_json"),
            ("/v1/logins", json!({ "state": "s", "return_page": "/in" }), "address_malformed"),
            ("/v1/logins", json!({ "state": "s", "partner": "2088000000000009" }), "account_unknown"),
            ("/v1/logins", json!({ "state": "s", "charset": "latin1" }), "word_unknown"),
            ("/v1/addresses", json!({ "state": "s" }), "buyer_unknown"),
            ("/v1/addresses", json!({ "state": "s", "user_id": USER }), "buyer_unknown"),
        ] {
            let (_, problem) = world.api(Method::POST, path, &body);
            assert_eq!(problem["code"], code, "{path} {body}: {problem}");
        }
        for path in ["/v1/logins/x", "/v1/addresses/x", "/v1/buyers/x"] {
            let (status, _) = world.api(Method::GET, path, &Value::Null);
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
        for path in ["/pay/login", "/pay/login/x"] {
            assert_eq!(claims(&world.get(plain(Method::GET, path, String::new())))["verified"], false);
        }
    });
}
