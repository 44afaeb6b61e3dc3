//! What a merchant's server asks for: shipping, queries, closing, time stamps.

use danbao_protocol::reply::Reply;
use danbao_protocol::sign::Verifier;
use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{Merchant, World, days, on_both_databases, request};

/// Calls as a server and reads the XML.
fn call(world: &mut World, call: &Call) -> Reply {
    let response = world.get(&call.url());
    assert_eq!(response.headers()[http::header::CONTENT_TYPE], "text/xml; charset=utf-8");
    Reply::parse(response.body()).unwrap()
}

/// What a refused call hears.
fn refused(world: &mut World, asked: &Call) -> String {
    let reply = call(world, asked);
    assert!(!reply.is_success);
    reply.error.unwrap()
}

/// The answer of a call that was carried out, its signature checked.
fn carried_out(world: &mut World, merchant: &Merchant, asked: &Call) -> Reply {
    let reply = call(world, asked);
    assert!(reply.is_success, "{reply:?}");
    reply.verify(&Verifier::Md5(merchant.key.clone())).expect("the gateway signed the answer");
    reply
}

fn bought(world: &mut World, order: &Call, wish: Value) -> String {
    let zhang = world.zhang();
    let bought = world.checkout(&order.url(), &zhang.email, wish);
    world.acknowledge_all();
    bought["trade_no"].as_str().unwrap().to_owned()
}

fn ship(merchant: &Merchant, trade_no: &str) -> Call {
    Call::new(merchant, "send_goods_confirm_by_platform")
        .with("trade_no", trade_no)
        .with("logistics_name", "顺丰速运")
        .with("invoice_no", "SF10086")
        .with("transport_type", "EXPRESS")
}

fn query(merchant: &Merchant) -> Call {
    Call::new(merchant, "single_trade_query")
}

#[test]
fn a_merchants_server_ships_and_may_say_so_twice() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = bought(world, &Call::escrow(&shop, "i1", "8.00"), Value::Null);
        let reply = carried_out(world, &shop, &ship(&shop, &trade_no));
        assert_eq!(reply.element.as_deref(), Some("tradeBase"));
        for (name, value) in [
            ("trade_no", trade_no.as_str()),
            ("out_trade_no", "i1"),
            ("trade_status", "WAIT_BUYER_CONFIRM_GOODS"),
            ("total_fee", "8.00"),
            ("partner_id", &shop.partner),
            ("buyer_actions", "[REFUND, CONFIRM_GOODS]"),
        ] {
            assert_eq!(reply.get(name), Some(value), "{name}");
        }
        assert!(
            reply.request.contains(&("invoice_no".to_owned(), "SF10086".to_owned())),
            "the request comes back"
        );
        assert!(reply.request.iter().all(|(name, _)| name != "sign"));
        let told = world.acknowledge();
        assert_eq!(told.get("trade_status"), "WAIT_BUYER_CONFIRM_GOODS");
        assert!(told.has("gmt_send_goods"));

        let again = carried_out(world, &shop, &ship(&shop, &trade_no).with("invoice_no", "OTHER"));
        assert_eq!(again.get("trade_status"), Some("WAIT_BUYER_CONFIRM_GOODS"));
        assert!(world.sent.is_empty(), "nothing changed, so nobody is told");

        world.act(&trade_no, json!({ "action": "confirm_goods" }));
        assert_eq!(refused(world, &ship(&shop, &trade_no)), "TRADE_STATUS_NOT_AVAILD", "it is over");
    });
}

#[test]
fn goods_are_not_shipped_before_payment_nor_for_instant_trades_nor_for_others() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let other = world.merchant("other@shop.example", json!({}));
        let unpaid = bought(world, &Call::escrow(&shop, "i2", "8.00"), json!({ "stop_unpaid": true }));
        let direct = bought(world, &Call::direct(&shop, "i3", "8.00"), Value::Null);
        let instant = bought(world, &Call::dual(&shop, "i4", "8.00"), json!({ "mode": "direct" }));
        let paid = bought(world, &Call::dual(&shop, "i5", "8.00"), Value::Null);
        for (asked, code) in [
            (ship(&shop, &unpaid), "TRADE_STATUS_NOT_AVAILD"),
            (ship(&shop, &direct), "TRADE_STATUS_NOT_AVAILD"),
            (ship(&shop, &instant), "TRADE_STATUS_NOT_AVAILD"),
            (ship(&other, &paid), "TRADE_NOT_EXIST"),
            (ship(&shop, "2012022999999999"), "TRADE_NOT_EXIST"),
            (ship(&shop, "i5"), "TRADE_NOT_EXIST"),
            (ship(&shop, &paid).without("trade_no"), "ILLEGAL_ARGUMENT"),
            (ship(&shop, &paid).without("transport_type"), "ILLEGAL_ARGUMENT"),
            (ship(&shop, &paid).with("transport_type", "ROCKET"), "ILLEGAL_ARGUMENT"),
            (ship(&shop, &paid).without("logistics_name"), "ILLEGAL_ARGUMENT"),
            (ship(&shop, &paid).with("logistics_name", &"长".repeat(65)), "ILLEGAL_ARGUMENT"),
        ] {
            assert_eq!(refused(world, &asked), code, "{asked:?}");
        }
        assert!(world.sent.is_empty());
        let without_carrier = ship(&shop, &paid)
            .without("logistics_name")
            .without("transport_type")
            .with("create_transport_type", "DIRECT");
        let _ = carried_out(world, &shop, &without_carrier);
        assert_eq!(
            world.acknowledge_all(),
            ["WAIT_BUYER_CONFIRM_GOODS"],
            "the escrow branch of a dual trade"
        );
    });
}

#[test]
fn a_call_may_come_by_get_by_post_or_as_multipart() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = bought(world, &Call::escrow(&shop, "i6", "8.00"), Value::Null);
        let signed = query(&shop).with("trade_no", &trade_no).signed();
        let mut asked = vec![
            request(Method::GET, &format!("/gateway.do?{signed}"), ""),
            request(Method::GET, &format!("/cooperate/gateway.do?&{signed}"), ""),
            request(Method::POST, "/gateway.do?_input_charset=utf-8", format!("{signed}\r\n\r\n")),
            request(Method::POST, "/gateway.do?_input_charset=", signed.clone()),
        ];
        let parts: String = signed
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| {
                format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
            })
            .collect();
        let mut multipart =
            request(Method::POST, "/gateway.do?_input_charset=utf-8", format!("{parts}--x--\r\n"));
        let content_type = "multipart/form-data; boundary=x".parse().unwrap();
        multipart.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
        asked.push(multipart);
        for asked in asked {
            let what = format!("{} {}", asked.method(), asked.uri());
            let reply = Reply::parse(world.ask(asked).body()).unwrap();
            assert_eq!(reply.get("trade_no"), Some(trade_no.as_str()), "{what}: {reply:?}");
        }
    });
}

#[test]
fn a_trade_is_queried_by_either_number() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let other = world.merchant("other@shop.example", json!({}));
        let trade_no = bought(world, &Call::escrow(&shop, "i7", "8.00").with("body", "说明"), Value::Null);
        for asked in [
            query(&shop).with("out_trade_no", "i7"),
            query(&shop).with("trade_no", &trade_no),
            query(&shop).with("trade_no", &trade_no).with("out_trade_no", "another"),
        ] {
            let reply = carried_out(world, &shop, &asked);
            assert_eq!(reply.element.as_deref(), Some("trade"));
            for (name, value) in [
                ("trade_no", trade_no.as_str()),
                ("trade_status", "WAIT_SELLER_SEND_GOODS"),
                ("subject", "录音笔 2G"),
                ("body", "说明"),
                ("is_total_fee_adjust", "F"),
                ("use_coupon", "F"),
                ("gmt_payment", "2012-02-29 12:00:00"),
            ] {
                assert_eq!(reply.get(name), Some(value), "{name}");
            }
            assert_eq!(reply.get("gmt_close"), None, "what is not yet is left out");
        }
        assert_eq!(refused(world, &query(&other).with("trade_no", &trade_no)), "TRADE_NOT_EXIST");
        assert_eq!(refused(world, &query(&other).with("out_trade_no", "i7")), "TRADE_NOT_EXIST");
        assert_eq!(refused(world, &query(&shop).with("out_trade_no", "nothing")), "TRADE_NOT_EXIST");
        assert_eq!(refused(world, &query(&shop)), "ILLEGAL_ARGUMENT");
        let never_confirmed = Call::direct(&shop, "i8", "1.00").url();
        world.get(&never_confirmed);
        assert_eq!(
            refused(world, &query(&shop).with("out_trade_no", "i8")),
            "TRADE_NOT_EXIST",
            "no trade yet"
        );
    });
}

#[test]
fn an_unpaid_trade_is_closed_by_the_merchants_server() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let other = world.merchant("other@shop.example", json!({}));
        let close = |merchant: &Merchant| Call::new(merchant, "close_trade");
        let unpaid = bought(world, &Call::escrow(&shop, "i9", "8.00"), json!({ "stop_unpaid": true }));
        let paid = bought(world, &Call::escrow(&shop, "i10", "8.00"), Value::Null);
        for (asked, code) in [
            (close(&other).with("trade_no", &unpaid), "TRADE_NOT_EXIST"),
            (close(&shop).with("out_trade_no", "i9"), "ILLEGAL_ARGUMENT"),
            (close(&shop).with("trade_no", &unpaid).with("trade_role", "X"), "ILLEGAL_ARGUMENT"),
            (close(&shop).with("trade_no", &paid), "TRADE_STATUS_NOT_AVAILD"),
        ] {
            assert_eq!(refused(world, &asked), code);
        }
        let reply = call(world, &close(&shop).with("out_order_no", "i9").with("trade_role", "S"));
        assert!(reply.is_success);
        assert_eq!(world.acknowledge_all(), ["TRADE_CLOSED"]);
        assert_eq!(refused(world, &close(&shop).with("trade_no", &unpaid)), "TRADE_STATUS_NOT_AVAILD");

        let quiet = bought(world, &Call::direct(&shop, "i11", "8.00"), json!({ "stop_unpaid": true }));
        assert!(call(world, &close(&shop).with("trade_no", &quiet)).is_success);
        assert!(world.sent.is_empty(), "direct pay does not tell of closings");
    });
}

#[test]
fn a_time_stamp_lives_for_half_a_minute_and_for_its_partner() {
    on_both_databases(|world| {
        let strict = json!({ "anti_phishing": true });
        let careful = world.merchant("careful@shop.example", strict.clone());
        let other = world.merchant("other@shop.example", strict);
        let stamp = |world: &mut World, merchant: &Merchant| {
            let url = format!("/gateway.do?service=query_timestamp&partner={}", merchant.partner);
            let reply = Reply::parse(world.get(&url).body()).unwrap();
            reply.verify(&Verifier::Md5(merchant.key.clone())).unwrap();
            assert_eq!(reply.element.as_deref(), Some("timestamp"));
            reply.get("encrypt_key").unwrap().to_owned()
        };
        let order = |out_trade_no: &str, key: &str| {
            Call::direct(&careful, out_trade_no, "1.00")
                .with("anti_phishing_key", key)
                .with("exter_invoke_ip", "203.0.113.7")
        };
        let zhang = world.zhang();
        let fresh = stamp(world, &careful);
        let paid = world.checkout(&order("t1", &fresh).url(), &zhang.email, Value::Null);
        assert!(paid["return_url"].is_string(), "{paid}");
        world.acknowledge_all();
        let foreign = stamp(world, &other);
        let old = stamp(world, &careful);
        world.later(std::time::Duration::from_secs(31));
        for (asked, code) in [
            (order("t2", &foreign), "ILLEGAL_ANTI_PHISHING_KEY"),
            (order("t2", "invented"), "ILLEGAL_ANTI_PHISHING_KEY"),
            (order("t2", "").without("anti_phishing_key"), "ILLEGAL_ANTI_PHISHING_KEY"),
            (order("t2", &old), "ANTI_PHISHING_KEY_TIMEOUT"),
        ] {
            assert_eq!(world.checkout(&asked.url(), &zhang.email, Value::Null)["error_code"], code);
        }
        let fresh = stamp(world, &careful);
        for bad in ["", "1.2.3", "::1", "256.1.1.1"] {
            let asked = order("t3", &fresh).with("exter_invoke_ip", bad);
            let refused = world.checkout(&asked.url(), &zhang.email, Value::Null);
            assert_eq!(refused["error_code"], "ILLEGAL_EXTER_INVOKE_IP", "{bad:?}");
        }
        let url =
            format!("/gateway.do?service=query_timestamp&partner={}&sign=x&sign_type=MD5", careful.partner);
        let reply = Reply::parse(world.get(&url).body()).unwrap();
        assert_eq!(reply.error.as_deref(), Some("ILLEGAL_SIGN"), "a signature that is there must be right");
    });
}

#[test]
fn a_trade_of_the_past_is_still_described() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let trade_no = bought(world, &Call::escrow(&shop, "i12", "8.00"), Value::Null);
        let _ = carried_out(world, &shop, &ship(&shop, &trade_no));
        world.acknowledge_all();
        world.later(days(10));
        let reply = carried_out(world, &shop, &query(&shop).with("trade_no", &trade_no));
        assert_eq!(reply.get("trade_status"), Some("TRADE_FINISHED"));
        assert_eq!(reply.get("gmt_close"), reply.get("gmt_last_modified_time"));
    });
}
