//! Purchases by the headless buyer: money, trade, notifications and page return agree.

use danbao_protocol::charset::Charset;
use http::Method;
use serde_json::{Value, json};

use super::order::Call;
use super::world::{Merchant, Message, NOTIFY_URL, RETURN_URL, World, minutes, on_both_databases};

/// The page return that the buyer's browser was given, its signature checked.
fn page_return(return_url: &Value, merchant: &Merchant) -> Message {
    let url = return_url.as_str().expect("there is a page return");
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, RETURN_URL);
    let page = Message::read(query.as_bytes(), &merchant.key, Charset::Utf8);
    assert_eq!(page.get("is_success"), "T");
    page
}

/// Whether the gateway stands by a notify_id, by both of its addresses.
fn verify(world: &mut World, partner: &str, notify_id: &str) -> String {
    let question = format!("partner={partner}&notify_id={notify_id}");
    let new = world.get_text(&format!("/gateway.do?service=notify_verify&{question}"));
    let old = world.get_text(&format!("/trade/notify_query.do?&{question}"));
    assert_eq!(new, old, "both addresses answer alike (trap 36)");
    new
}

#[test]
fn direct_pay_by_balance_is_finished_at_once() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let paid = world.checkout(&Call::direct(&shop, "1001", "10.00").url(), &zhang.email, Value::Null);
        let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
        assert!(trade_no.len() == 16 && trade_no.starts_with("20120229"), "{trade_no}");

        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "9990.00");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "9.94");
        assert_eq!(world.balance("fee"), "0.06");

        // Direct pay tells of the payment alone.
        assert_eq!(world.sent.len(), 1);
        assert_eq!(world.sent[0].request.uri(), NOTIFY_URL);
        let told = world.acknowledge();
        for (name, value) in [
            ("trade_status", "TRADE_FINISHED"),
            ("out_trade_no", "1001"),
            ("trade_no", &trade_no),
            ("total_fee", "10.00"),
            ("price", "10.00"),
            ("quantity", "1"),
            ("subject", "录音笔 2G"),
            ("buyer_id", &zhang.user_id),
            ("buyer_email", &zhang.email),
            ("seller_id", &shop.seller_id),
            ("notify_type", "trade_status_sync"),
            ("gmt_create", "2012-02-29 12:00:00"),
            ("gmt_payment", "2012-02-29 12:00:00"),
            ("gmt_close", "2012-02-29 12:00:00"),
        ] {
            assert_eq!(told.get(name), value, "{name}");
        }
        assert!(world.sent.is_empty());

        let page = page_return(&paid["return_url"], &shop);
        assert_eq!(page.get("trade_status"), "TRADE_FINISHED");
        assert_eq!(page.get("total_fee"), "10.00");
        assert_eq!(page.get("exterface"), "create_direct_pay_by_user");
        assert!(!page.has("gmt_payment"), "a direct page return carries no times");
    });
}

#[test]
fn direct_pay_by_a_bank_leaves_the_balance_alone() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "1002", "0.01").url();
        let paid = world.checkout(&url, &zhang.email, json!({ "method": "bank", "bank": "CMB" }));
        assert!(paid["return_url"].is_string());
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), "10000.00");
        assert_eq!(world.balance("bank:CMB"), "-0.01");
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "0.01");
        assert_eq!(world.balance("fee"), "0.00", "0.6 % of a fen rounds to nothing");
    });
}

#[test]
fn a_bank_that_does_not_exist_pays_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "1003", "1.00").url();
        let body = json!({ "url": url, "buyer": zhang.email, "method": "bank", "bank": "NOBANK" });
        let (status, problem) = world.sandbox(Method::POST, "/checkout", &body);
        assert_eq!((status.as_u16(), problem["code"].as_str()), (422, Some("choice_unknown")));
        assert_eq!(world.balance("bank:NOBANK"), "0.00");
    });
}

#[test]
fn an_escrow_trade_pays_the_seller_when_the_goods_are_confirmed() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let paid = world.checkout(&Call::escrow(&shop, "2001", "100.00").url(), &zhang.email, Value::Null);
        let trade_no = paid["trade_no"].as_str().unwrap().to_owned();
        let (seller, escrow) = (format!("user:{}", shop.seller_id), format!("escrow:{trade_no}"));
        assert_eq!(page_return(&paid["return_url"], &shop).get("trade_status"), "WAIT_SELLER_SEND_GOODS");
        assert_eq!((world.balance(&escrow), world.balance(&seller)), ("100.00".into(), "0.00".into()));

        let shipped = world.act(&trade_no, json!({ "action": "send_goods", "invoice_no": "SF1" }));
        assert_eq!(shipped["trade_status"], "WAIT_BUYER_CONFIRM_GOODS");
        let done = world.act(&trade_no, json!({ "action": "confirm_goods" }));
        assert_eq!(done["trade_status"], "TRADE_FINISHED");
        assert_eq!((world.balance(&escrow), world.balance(&seller)), ("0.00".into(), "99.40".into()));

        let expected =
            ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_FINISHED"];
        assert_eq!(world.acknowledge_all(), expected);
        let trade = world.trade(&trade_no);
        let history: Vec<&str> = trade["history"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["trade_status"].as_str().unwrap())
            .collect();
        assert_eq!(history, expected);
        for notice in trade["notices"].as_array().unwrap() {
            assert_eq!(notice["state"], "acknowledged");
            assert_eq!(notice["attempts"].as_array().unwrap().len(), 1);
        }
    });
}

#[test]
fn a_notification_tells_of_its_own_moment_even_if_the_next_came_in_the_same_instant() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        // The headless buyer creates and pays within one step, so at one instant.
        world.checkout(&Call::escrow(&shop, "2002", "1.00").url(), &zhang.email, Value::Null);
        let unpaid = world.acknowledge();
        assert_eq!(unpaid.get("trade_status"), "WAIT_BUYER_PAY");
        for later in ["gmt_payment", "gmt_send_goods", "gmt_close", "receive_address", "gmt_logistics_modify"]
        {
            assert!(!unpaid.has(later), "{later} was not yet");
        }
        let paid = world.acknowledge();
        assert_eq!(paid.get("trade_status"), "WAIT_SELLER_SEND_GOODS");
        assert_eq!(paid.get("receive_address"), "上海 普陀区 某路100号");
        assert_eq!(paid.get("logistics_type"), "EXPRESS");
        assert!(paid.has("gmt_payment") && paid.has("gmt_logistics_modify") && !paid.has("gmt_close"));

        world.checkout(&Call::dual(&shop, "2003", "1.00").url(), &zhang.email, json!({ "mode": "direct" }));
        let unpaid = world.acknowledge();
        assert!(!unpaid.has("gmt_payment") && !unpaid.has("gmt_close"));
        let paid = world.acknowledge();
        assert!(paid.has("gmt_payment") && paid.has("gmt_close"));
    });
}

#[test]
fn a_dual_trade_tells_the_buyers_choice_by_the_state_after_waiting() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::dual(&shop, "3001", "5.00").url();
        world.checkout(&url, &zhang.email, json!({ "mode": "direct" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "TRADE_FINISHED"]);
        let url = Call::dual(&shop, "3002", "5.00").url();
        world.checkout(&url, &zhang.email, json!({ "mode": "escrow" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"]);
        let url = Call::dual(&shop, "3003", "5.00").url();
        world.checkout(&url, &zhang.email, Value::Null);
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS"], "preselected");
    });
}

#[test]
fn an_advanced_contract_stays_refundable_for_direct_pay_and_not_for_dual_trades() {
    on_both_databases(|world| {
        let shop = world.merchant("advanced@shop.example", json!({ "is_refundable": true }));
        let zhang = world.zhang();
        world.checkout(&Call::direct(&shop, "1", "5.00").url(), &zhang.email, Value::Null);
        assert_eq!(world.acknowledge_all(), ["TRADE_SUCCESS"]);
        world.checkout(&Call::dual(&shop, "2", "5.00").url(), &zhang.email, json!({ "mode": "direct" }));
        assert_eq!(world.acknowledge_all(), ["WAIT_BUYER_PAY", "TRADE_FINISHED"]);
    });
}

#[test]
fn the_buyer_bears_the_carriage_of_the_way_that_was_chosen() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let ways = |out_trade_no| {
            Call::escrow(&shop, out_trade_no, "3003.00")
                .with("discount", "-3.00")
                .with("logistics_type_1", "EMS")
                .with("logistics_fee_1", "10.00")
                .with("logistics_payment_1", "BUYER_PAY")
                .with("logistics_type_2", "POST")
                .with("logistics_fee_2", "7.00")
                .with("logistics_payment_2", "BUYER_PAY_AFTER_RECEIVE")
        };
        for (out_trade_no, way, total_fee, logistics_type, logistics_fee) in [
            ("4000", 0, "3000.00", "EXPRESS", "0.00"),
            ("4001", 1, "3010.00", "EMS", "10.00"),
            ("4002", 2, "3000.00", "POST", "7.00"),
        ] {
            world.checkout(&ways(out_trade_no).url(), &zhang.email, json!({ "logistics": way }));
            world.acknowledge();
            let paid = world.acknowledge();
            assert_eq!(paid.get("total_fee"), total_fee);
            assert_eq!(paid.get("discount"), "-3.00");
            assert_eq!(paid.get("logistics_type"), logistics_type);
            assert_eq!(paid.get("logistics_fee"), logistics_fee);
        }
        let refused = world.checkout(&ways("4003").url(), &zhang.email, json!({ "logistics": 3 }));
        assert_eq!(refused, json!({ "error_code": "LOGISTICS_CHOOSE_ERROR" }));
        let balance = world.balance(&format!("user:{}", zhang.user_id));
        assert_eq!(balance, "990.00");
        let refused = world.checkout(&ways("4004").url(), &zhang.email, Value::Null);
        assert_eq!(refused, json!({ "error_code": "BALANCE_NOT_ENOUGH" }));
        assert_eq!(world.balance(&format!("user:{}", zhang.user_id)), balance);
    });
}

#[test]
fn the_return_link_is_good_for_one_minute() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let paid = world.checkout(&Call::direct(&shop, "5001", "1.00").url(), &zhang.email, Value::Null);
        let id = page_return(&paid["return_url"], &shop).get("notify_id").to_owned();
        assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
        assert_eq!(verify(world, &shop.partner, &id), "true");
        assert_eq!(verify(world, &shop.partner, &id), "true", "asked twice within its minute");
        world.later(minutes(1));
        assert_eq!(verify(world, &shop.partner, &id), "false", "61 s later");
    });
}

#[test]
fn a_notification_can_be_verified_until_a_minute_after_it_was_acknowledged() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        world.checkout(&Call::direct(&shop, "5002", "1.00").url(), &zhang.email, Value::Null);
        let id = world.sent[0].said.get("notify_id").to_owned();
        assert_eq!(id.len(), 34);
        assert_eq!(verify(world, &shop.partner, &id), "true", "while the merchant has it in hand");
        world.answer_with(200, "fail");
        world.later(minutes(9 * 60));
        assert_eq!(verify(world, &shop.partner, &id), "true", "as long as it is tried");
        assert_eq!(world.acknowledge().get("notify_id"), id, "a retry keeps its id");
        assert_eq!(verify(world, &shop.partner, &id), "true");
        world.later(minutes(1));
        assert_eq!(verify(world, &shop.partner, &id), "false");
    });
}

#[test]
fn notify_verify_knows_what_it_sent_to_whom() {
    on_both_databases(|world| {
        let other = world.merchant("other@shop.example", json!({}));
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        world.checkout(&Call::direct(&shop, "5003", "1.00").url(), &zhang.email, Value::Null);
        let id = world.sent[0].said.get("notify_id").to_owned();
        assert_eq!(verify(world, &other.partner, &id), "false", "not yours");
        assert_eq!(verify(world, "2088999999999999", &id), "false", "no partner at all");
        let forged = format!("{}0{}", &id[..20], &id[21..]);
        let forged = if forged == id { format!("{}1{}", &id[..20], &id[21..]) } else { forged };
        for unknown in [forged.as_str(), "1", "p", "%E4%B8%AD", &"9".repeat(34), &"x".repeat(5000)] {
            assert_eq!(verify(world, &shop.partner, unknown), "false", "{unknown}");
        }
        for incomplete in
            ["", "&partner=", "&notify_id=1", "&partner=&notify_id=1", "&partner=1&notify_id=%00"]
        {
            let new = world.get_text(&format!("/gateway.do?service=notify_verify{incomplete}"));
            assert_eq!(new, "invalid", "{incomplete}");
            let old = world.get_text(&format!("/trade/notify_query.do?{incomplete}"));
            assert_eq!(old, "invalid", "{incomplete}");
        }
        let asked = super::world::request(
            Method::POST,
            "/gateway.do",
            format!("service=notify_verify&partner={}&notify_id={id}\r\n\r\n", shop.partner),
        );
        assert_eq!(super::world::body_text(&world.ask(asked)), "true", "POST, as the PHP samples ask");
    });
}

#[test]
fn royalty_shares_go_out_with_the_payment() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let carol = world.member("carol@danbao.example", "0.00");
        let dave = world.member("dave@danbao.example", "0.00");
        let list = "carol@danbao.example^3.00^一级|carol@danbao.example^dave@danbao.example^1.00^二级";
        let order = |out_trade_no, list| {
            Call::direct(&shop, out_trade_no, "10.00")
                .with("royalty_type", "10")
                .with("royalty_parameters", list)
        };
        world.checkout(&order("6001", list).url(), &zhang.email, Value::Null);
        assert_eq!(world.balance(&format!("user:{}", shop.seller_id)), "6.94");
        assert_eq!(world.balance(&format!("user:{}", carol["user_id"].as_str().unwrap())), "2.00");
        assert_eq!(world.balance(&format!("user:{}", dave["user_id"].as_str().unwrap())), "1.00");
        let refused =
            world.checkout(&order("6002", "carol@danbao.example^9.95^").url(), &zhang.email, Value::Null);
        assert_eq!(refused["error_code"], "NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT");
    });
}

#[test]
fn a_buyer_named_by_an_address_that_nobody_has_is_nobody_else() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = Call::direct(&shop, "7001", "1.00").with("buyer_email", "new@danbao.example").url();
        let refused = world.checkout(&url, &zhang.email, Value::Null);
        assert_eq!(refused, json!({ "error_code": "TRADE_BUYER_NOT_MATCH" }));
        world.member("new@danbao.example", "5.00");
        let paid = world.checkout(&url, "new@danbao.example", Value::Null);
        assert!(paid["return_url"].is_string(), "{paid}");
    });
}

#[test]
fn a_merchants_own_query_comes_back_and_is_not_signed() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let call =
            Call::direct(&shop, "8001", "1.00").with("return_url", "http://shop.example/r?code=a&x=%2B");
        let paid = world.checkout(&call.url(), &zhang.email, Value::Null);
        let url = paid["return_url"].as_str().unwrap();
        let query = url.strip_prefix("http://shop.example/r?code=a&x=%2B&").unwrap();
        Message::read(query.as_bytes(), &shop.key, Charset::Utf8);
        let none = Call::direct(&shop, "8002", "1.00").without("return_url").without("notify_url");
        let paid = world.checkout(&none.url(), &zhang.email, Value::Null);
        assert_eq!(paid["return_url"], Value::Null);
        world.acknowledge();
        assert!(world.sent.is_empty(), "without a notify_url nobody is told");
    });
}
