//! The settings are changed, or wrong for a while, under orders that are open.

use danbao_merchant::Account;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::Md5Key;
use danbao_merchant::protocol::time::Timestamp;
use danbao_sidecar::{Accounts, Config, ConfigError, Sidecar};
use danbao_store::testing::Database;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{DIRECT, KEY, World, asked, config, done, service, silent};

fn account(partner: &str, email: &str) -> Account {
    let (partner, seller) = (PartnerId::new(partner), UserId::new("2088000000000002"));
    Account::new(partner, Md5Key::new(KEY), email, seller, "http://gateway/gateway.do").unwrap()
}

fn with(account: Account) -> Config {
    Config { accounts: Accounts::new(vec![account]).unwrap(), ..config() }
}

/// A sidecar that is started again with other settings, on each database.
fn restarted(test: impl Fn(&mut dyn FnMut(Config, Timestamp) -> World)) {
    for database in Database::of_each_kind().unwrap() {
        test(&mut |config, now| {
            let sidecar = Sidecar::open(database.connect().unwrap(), config, [7; 32]).unwrap();
            let mut world = World::on(sidecar);
            world.now = now;
            world
        });
    }
}

fn seller_of(url: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
    String::from_utf8(params.get("seller_email").unwrap().to_vec()).unwrap()
}

#[test]
fn an_open_order_is_still_paid_to_the_seller_of_whom_it_will_be_believed() {
    restarted(|start| {
        let mut world = start(config(), crate::world::MIDNIGHT);
        let bought = world.direct("A");
        assert_eq!(seller_of(&bought.url), "seller@example.com");
        let now = world.now;
        drop(world);
        let mut world = start(with(account("2088000000000001", "other@example.com")), now);
        let state = world.state(&bought);
        assert_eq!(seller_of(state["payment_url"].as_str().unwrap()), "seller@example.com");
        assert_eq!(state["payment_url"], bought.url);
        let _ = world.bring(bought.notify(1, "TRADE_FINISHED"), "true");
        assert_eq!(world.kinds(), ["order.paid"]);
        assert_eq!(seller_of(&world.direct("B").url), "other@example.com");
    });
}

#[test]
fn while_a_contract_is_missing_nothing_of_it_is_forgotten() {
    restarted(|start| {
        let mut world = start(Config { webhook: None, ..config() }, crate::world::MIDNIGHT);
        let (paid, open) = (world.direct("A"), world.direct("B"));
        let _ = world.bring(paid.notify(1, "TRADE_SUCCESS"), "true");
        let wish = json!({ "items": [{ "out_trade_no": paid.number, "amount": "4.00" }] });
        let (_, refund) = world.api(Method::POST, "/v1/refunds", &wish);
        let now = world.now;
        drop(world);

        let foreign = Config { webhook: None, ..with(account("2088000000000009", "seller@example.com")) };
        let mut world = start(foreign, now);
        assert_eq!(world.wait(), 0, "the refund was due");
        assert_eq!(world.wait(), 120, "and the open one is to be asked after");
        assert!(world.sent_to("gateway").is_none(), "nobody else's account is used");
        let (status, order) = world.api(Method::GET, "/v1/orders/B", &Value::Null);
        assert_eq!((status, &order["payment_requests"][0]["payment_url"]), (StatusCode::OK, &Value::Null));
        let query = format!("/v1/payment_requests/{}/query", open.number);
        for (path, body) in [(query.as_str(), &Value::Null), ("/v1/refunds", &wish)] {
            let (status, problem) = world.api_with_key(Method::POST, path, body, "a new wish");
            assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("account_gone")), "{path}");
        }
        let now = world.now;
        drop(world);

        let mut world = start(Config { webhook: None, ..config() }, now);
        assert_eq!(world.state(&open)["payment_url"], open.url);
        let mut services = Vec::new();
        while !services.contains(&"refund_fastpay_by_platform_nopwd".to_owned())
            || !services.contains(&"single_trade_query".to_owned())
        {
            assert!(world.wait() <= 3600);
            while let Some((send, question)) = world.sent_to("gateway") {
                services.push(service(&question));
                if services.last().is_some_and(|service| service.starts_with("refund")) {
                    let batch_no = refund["batch_no"].as_str().unwrap().to_owned();
                    assert!(asked(&question).contains(&("batch_no".into(), batch_no)));
                }
                world.step(vec![silent(send)]);
            }
        }
    });
}

#[test]
fn a_row_that_makes_no_sense_keeps_nothing_else_from_being_done() {
    for database in Database::of_each_kind().unwrap() {
        let mut world = World::on(crate::world::open(database.connect().unwrap()));
        let (paid, other) = (world.direct("A"), world.direct("B"));
        let _ = world.bring(paid.notify(1, "TRADE_SUCCESS"), "true");
        let _ = world.direct("C");
        let mut conn = database.connect().unwrap();
        conn.execute("UPDATE payment_request SET terms = 'nonsense' WHERE order_no = 'C'", &[]).unwrap();
        drop(conn);
        world.due();
        assert_eq!(world.shop_says(204)["type"], "order.paid");
        assert_eq!(world.wait(), 120);
        let question = world.gateway_says(other.queried("TRADE_FINISHED", "2012-03-01 00:02:00"));
        assert_eq!(service(&question), "single_trade_query");
        world.due();
        assert_eq!(world.shop_says(204)["data"]["order_no"], "B");
        let wish = json!({ "items": [{ "out_trade_no": paid.number, "amount": "4.00" }] });
        let (_, _) = world.api(Method::POST, "/v1/refunds", &wish);
        world.due();
        assert_eq!(service(&world.gateway_says(done())), "refund_fastpay_by_platform_nopwd");
    }
}

#[test]
fn an_address_that_the_gateway_would_refuse_is_refused_at_the_start() {
    let long = Config { public_url: format!("http://{}", "x".repeat(154)), ..config() };
    assert_eq!(long.check(), Err(ConfigError::LongPublicUrl));
    // What is just short enough does for every address of ours.
    let config = Config { public_url: format!("http://{}", "x".repeat(153)), ..config() };
    let conn = Database::sqlite().unwrap();
    let mut world = World::on(Sidecar::open(conn.connect().unwrap(), config, [7; 32]).unwrap());
    let bought = world.order("A", &json!({ "service": DIRECT }));
    let _ = world.bring(bought.notify(1, "TRADE_SUCCESS"), "true");
    let wish = json!({ "items": [{ "out_trade_no": bought.number, "amount": "4.00" }] });
    let (status, refund) = world.api(Method::POST, "/v1/refunds", &wish);
    assert_eq!(status, StatusCode::CREATED, "{refund}");
    let (status, login) = world.api(Method::POST, "/v1/logins", &json!({ "state": "s" }));
    assert_eq!(status, StatusCode::CREATED, "{login}");
}
