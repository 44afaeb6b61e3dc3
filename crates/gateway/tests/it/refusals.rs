//! Every code of the tutorials that belongs to these services, raised by its own cause (protocol.md §8.3), said to a
//! browser by the debug-error page and to a server by XML, in one fixed order (§8.5).

use danbao_protocol::reply::Reply;
use serde_json::{Value, json};

use super::browser::Page;
use super::order::Call;
use super::world::{Merchant, World, body_text, on_both_databases};

/// What the debug-error page says: its code, or what stands in its place.
fn refused_on_a_page(world: &mut World, url: &str) -> String {
    let response = world.get(url);
    if let Some(location) = response.headers().get(http::header::LOCATION) {
        return format!("goes on to {}", location.to_str().unwrap());
    }
    assert_eq!(response.status(), http::StatusCode::OK, "a page of the time (§8.1)");
    assert_eq!(response.headers()[http::header::CONTENT_TYPE], "text/html; charset=utf-8");
    let page = Page { status: response.status(), at: url.to_owned(), html: body_text(&response) };
    assert!(page.shows("调试错误，请回到请求来源地，重新发起请求。"), "{}", page.html);
    let code = page.code();
    assert!(page.shows("错误代码") || code.is_empty());
    code
}

fn refused_in_xml(world: &mut World, url: &str) -> String {
    let response = world.get(url);
    assert_eq!(response.status(), http::StatusCode::OK);
    let reply = Reply::parse(response.body()).unwrap();
    assert!(!reply.is_success);
    reply.error.unwrap()
}

/// A partner's number that nobody has.
const NOBODY: &str = "2088999999999999";

#[test]
fn each_code_of_the_tutorials_is_raised_by_its_own_cause_at_all_three_services() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let stranger = world.merchant("stranger@shop.example", json!({}));
        let bare = world.merchant("bare@shop.example", json!({ "services": ["single_trade_query"] }));
        let plain = world.merchant("plain@shop.example", json!({}));
        let zhang = world.zhang();
        type Make = fn(&Merchant, &str, &str) -> Call;
        let services: [(&str, Make); 3] = [("E", Call::escrow), ("D", Call::direct), ("B", Call::dual)];
        for (service, order) in services {
            let good = |number: &str| order(&shop, &format!("r{service}-{number}"), "10.00");
            world.checkout(&good("paid").url(), &zhang.email, Value::Null);
            let closed = world.checkout(&good("closed").url(), &zhang.email, json!({ "stop_unpaid": true }));
            world.act(closed["trade_no"].as_str().unwrap(), json!({ "action": "close" }));
            world.get(&good("open").url());
            let amount = if service == "D" { "total_fee" } else { "price" };
            let rows = [
                ("HAS_NO_PRIVILEGE", "the contract does not name it", order(&bare, "1", "10.00").url()),
                ("ILLEGAL_PARTNER", "no such partner", good("1").with("partner", NOBODY).url()),
                ("ILLEGAL_PARTNER", "none", good("1").without("partner").url()),
                ("ILLEGAL_PARTNER", "not 16 digits", good("1").with("partner", " 2088000000000001").url()),
                ("ILLEGAL_ARGUMENT", "no order number", good("1").without("out_trade_no").url()),
                ("ILLEGAL_ARGUMENT", "no subject", good("1").without("subject").url()),
                ("ILLEGAL_ARGUMENT", "too long", good("1").with("out_trade_no", &"1".repeat(65)).url()),
                ("ILLEGAL_ARGUMENT", "no address", good("1").with("notify_url", "shop.example/notify").url()),
                ("ILLEGAL_ARGUMENT", "no seller", good("1").without("seller_email").url()),
                ("ILLEGAL_OUTTIME_ARGUMENT", "not a time", good("1").with("it_b_pay", "1.5h").url()),
                ("ILLEGAL_SIGN", "another key", good("1").keyed("0123456789abcdef0123456789abcdef").url()),
                ("ILLEGAL_SIGN", "altered after signing", good("1").signed_then("subject", "x")),
                ("ILLEGAL_SIGN", "one more than was signed", good("1").signed_then("submit", "x")),
                ("ILLEGAL_SIGN", "no signature", good("1").signed_then("sign", "")),
                ("ILLEGAL_SIGN", "unsigned", format!("{}&sign_type=MD5", good("1").unsigned_url())),
                ("ILLEGAL_SIGN_TYPE", "lower case", good("1").signed_then("sign_type", "md5")),
                ("ILLEGAL_SIGN_TYPE", "none", good("1").signed_then("sign_type", "")),
                (
                    "ILLEGAL_SECURITY_PROFILE",
                    "no key of that kind",
                    good("1").signed_then("sign_type", "RSA"),
                ),
                (
                    "seller_not_in_specified_sellers",
                    "another's seller",
                    good("1").with("seller_email", &stranger.seller_email).url(),
                ),
                ("SELLER_NOT_EXIST", "nobody", good("1").with("seller_email", "nobody@x.example").url()),
                ("SELLER_NOT_EXIST", "the id wins", good("1").with("seller_id", NOBODY).url()),
                ("BUYER_SELLER_EQUAL", "named", good("1").with("buyer_email", &shop.seller_email).url()),
                ("TRADE_NOT_ALLOWED_PAY", "paid", good("paid").url()),
                ("TRADE_NOT_ALLOWED_PAY", "closed", good("closed").url()),
                ("TRADE_NOT_ALLOWED_PAY", "before the data", good("paid").with(amount, "9.00").url()),
                ("TRADE_DATA_MATCH_ERROR", "another amount", good("open").with(amount, "9.00").url()),
                (
                    "TRADE_DATA_MATCH_ERROR",
                    "another buyer",
                    good("open").with("buyer_id", &zhang.user_id).url(),
                ),
                ("TRADE_DATA_MATCH_ERROR", "another time-out", good("open").with("it_b_pay", "1h").url()),
                ("ILLEGAL_SERVICE", "misspelt", good("1").with("service", "create_direct_pay").url()),
                ("ILLEGAL_SERVICE", "none", good("1").without("service").url()),
                ("ILLEGAL_SERVICE", "nothing arrived", "/gateway.do".to_owned()),
                ("ILLEGAL_CHARSET", "unknown", good("1").with("_input_charset", "big5").url()),
                ("ILLEGAL_FEE_PARAM", "three decimals", good("1").with(amount, "0.001").url()),
                ("ILLEGAL_FEE_PARAM", "negative", good("1").with(amount, "-1.00").url()),
                ("ILLEGAL_FEE_PARAM", "no number", good("1").with(amount, "1e3").url()),
                ("ILLEGAL_FEE_PARAM", "huge", good("1").with(amount, "99999999999999999999").url()),
                ("ILLEGAL_PAYMENT_TYPE", "unknown kind", good("1").with("payment_type", "9").url()),
                (
                    "SELF_TIMEOUT_NOT_SUPPORT",
                    "not agreed",
                    order(&plain, "1", "1.00").with("it_b_pay", "1h").url(),
                ),
            ];
            for (code, cause, url) in rows {
                assert_eq!(refused_on_a_page(world, &url), code, "{service}: {cause}");
            }
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM trade"), 6, "nothing but what was bought");
    });
}

#[test]
fn what_concerns_carriage_is_raised_where_goods_are_carried() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let makes: [fn(&Merchant, &str, &str) -> Call; 2] = [Call::escrow, Call::dual];
        for (number, order) in makes.into_iter().enumerate() {
            let good = order(&shop, &format!("rl-{number}"), "10.00");
            let rows = [
                ("ILLEGAL_LOGISTICS_FORMAT", good.clone().without("logistics_type")),
                ("ILLEGAL_LOGISTICS_FORMAT", good.clone().with("logistics_type", "ROCKET")),
                ("ILLEGAL_LOGISTICS_FORMAT", good.clone().with("logistics_payment", "NOBODY_PAYS")),
                ("ILLEGAL_LOGISTICS_FORMAT", good.clone().with("logistics_fee", "-1.00")),
                ("ILLEGAL_LOGISTICS_FORMAT", good.clone().with("logistics_type_1", "EMS")),
                (
                    "ILLEGAL_LOGISTICS_FORMAT",
                    good.clone().with("logistics_type_2", "EMS").with("logistics_payment_2", "SELLER_PAY"),
                ),
                ("TOTAL_FEE_LESSEQUAL_ZERO", good.clone().with("discount", "-10.00")),
                ("ILLEGAL_FEE_PARAM", good.clone().with("total_fee", "11.00")),
                ("ILLEGAL_ARGUMENT", good.clone().with("quantity", "0")),
                ("TOTAL_FEE_GREATER_THAN_MAX", good.clone().with("quantity", "100001")),
            ];
            for (code, call) in rows {
                assert_eq!(refused_on_a_page(world, &call.url()), code, "{call:?}");
            }
            // The message without a code is shown for a cashier address that was altered (tutorials, 4.1).
            let cashier = refused_on_a_page(world, &good.url());
            let altered = format!("{}x", cashier.strip_prefix("goes on to ").unwrap());
            assert_eq!(refused_on_a_page(world, &altered), "");
            let choice = json!({ "logistics": 1 });
            let refused = world.checkout(&good.url(), &zhang.email, choice);
            assert_eq!(refused["error_code"], "LOGISTICS_CHOOSE_ERROR");
        }
    });
}

#[test]
fn what_direct_pay_alone_has_is_refused_by_its_own_codes() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let good = Call::direct(&shop, "rd", "10.00");
        let royalty = |list: &str| good.clone().with("royalty_type", "10").with("royalty_parameters", list);
        let known = "zhang@danbao.example";
        let rows = [
            ("ROYALTY_FORAMT_ERROR", royalty("zhang@danbao.example")),
            ("ROYALTY_FORAMT_ERROR", royalty(&format!("{known}^0.00^"))),
            ("ROYALTY_FORAMT_ERROR", royalty(&format!("{known}^-1.00^"))),
            ("ROYALTY_FORAMT_ERROR", royalty(&[format!("{known}^0.01^").as_str(); 11].join("|"))),
            ("ROYALTY_FORAMT_ERROR", good.clone().with("royalty_type", "10")),
            ("ROYALTY_FORAMT_ERROR", royalty(&format!("{}^1.00^", shop.seller_email))),
            ("ROYALTY_TYPE_ERROR", royalty(&format!("{known}^1.00^")).with("royalty_type", "11")),
            ("ROYALTY_LENGTH_ERROR", royalty(&format!("{known}^1.00^{}", "备".repeat(1000)))),
            ("ROYALTY_RECEIVE_EMAIL_NOT_EXIST", royalty("nobody@x.example^1.00^")),
            ("ROYALTY_PAY_EMAIL_NOT_EXIST", royalty(&format!("nobody@x.example^{known}^1.00^"))),
            ("TOTAL_FEE_LESSEQUAL_ZERO", good.clone().with("total_fee", "0.00")),
            ("ILLEGAL_FEE_PARAM", good.clone().with("total_fee", "100000000.01")),
            ("ILLEGAL_FEE_PARAM", good.clone().with("price", "10.00").with("quantity", "1")),
            ("ILLEGAL_ARGUMENT", good.clone().without("total_fee")),
            ("DEFAULT_BANK_INVALID", good.clone().with("defaultbank", "NOBANK")),
            ("DEFAULT_BANK_INVALID", good.clone().with("paymethod", "bankPay")),
            ("ILLEGAL_ARGUMENT", good.clone().with("paymethod", "barter")),
            ("ILLEGAL_EXTRA_COMMON_PARAM", good.clone().with("extra_common_param", "a=b")),
            ("BUYER_NOT_EXIST", good.clone().with("buyer_id", NOBODY)),
            ("TOKEN_LEN_TOO_LONG", good.clone().with("token", &"t".repeat(41))),
        ];
        for (code, call) in rows {
            assert_eq!(refused_on_a_page(world, &call.url()), code, "{call:?}");
        }
    });
}

#[test]
fn a_server_hears_its_refusals_in_xml() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let bare = world.merchant("bare@shop.example", json!({ "services": ["create_direct_pay_by_user"] }));
        for service in ["send_goods_confirm_by_platform", "single_trade_query", "close_trade"] {
            let good = Call::new(&shop, service).with("trade_no", "2012022999999999");
            let good = if service.starts_with("send") { good.with("transport_type", "DIRECT") } else { good };
            let rows = [
                ("TRADE_NOT_EXIST", good.url()),
                ("ILLEGAL_ARGUMENT", good.clone().without("trade_no").url()),
                ("ILLEGAL_SIGN", good.clone().keyed("x").url()),
                ("ILLEGAL_SIGN", good.signed_then("trade_no", "1")),
                ("ILLEGAL_SIGN_TYPE", good.signed_then("sign_type", "md5")),
                ("ILLEGAL_SIGN_TYPE", good.unsigned_url()),
                ("ILLEGAL_PARTNER", good.clone().with("partner", NOBODY).url()),
                ("ILLEGAL_CHARSET", good.clone().with("_input_charset", "big5").url()),
                ("HAS_NO_PRIVILEGE", Call::new(&bare, service).url()),
            ];
            for (code, url) in rows {
                assert_eq!(refused_in_xml(world, &url), code, "{service}: {url}");
            }
        }
        let stamp = |partner: &str| format!("/gateway.do?service=query_timestamp&partner={partner}");
        assert_eq!(refused_in_xml(world, &stamp(NOBODY)), "ILLEGAL_PARTNER");
        assert_eq!(refused_in_xml(world, &stamp(&bare.partner)), "HAS_NO_PRIVILEGE");
    });
}

#[test]
fn the_checks_run_in_one_fixed_order() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let poor = world.merchant("poor@shop.example", json!({ "services": [] }));
        let rich = world.merchant("rich@shop.example", json!({ "anti_phishing": true }));
        let stamp = |world: &mut World| {
            let url = format!("/gateway.do?service=query_timestamp&partner={}", rich.partner);
            Reply::parse(world.get(&url).body()).unwrap().get("encrypt_key").unwrap().to_owned()
        };
        let lawful = Call::direct(&rich, "o-paid", "1.00").with("exter_invoke_ip", "203.0.113.7");
        let key = stamp(world);
        let paid = lawful.clone().with("anti_phishing_key", &key);
        assert!(world.checkout(&paid.url(), &zhang.email, Value::Null)["return_url"].is_string());
        let open = paid.clone().with("out_trade_no", "o-open").with("buyer_id", &zhang.user_id);
        assert!(refused_on_a_page(world, &open.url()).starts_with("goes on"));

        // Everything is wrong; then one thing after the other is put right, and the next one shows.
        let wrong = lawful
            .with("service", "buy")
            .with("_input_charset", "big5")
            .with("partner", NOBODY)
            .with("total_fee", "9.00")
            .with("it_b_pay", "1h")
            .with("anti_phishing_key", "invented")
            .with("exter_invoke_ip", "localhost")
            .with("seller_email", "nobody@x.example")
            .with("buyer_id", NOBODY)
            .without("subject");
        assert_eq!(refused_on_a_page(world, &wrong.signed_then("sign_type", "x")), "ILLEGAL_SERVICE");
        let call = wrong.with("service", "create_direct_pay_by_user");
        assert_eq!(refused_on_a_page(world, &call.signed_then("sign_type", "x")), "ILLEGAL_CHARSET");
        let call = call.with("_input_charset", "utf-8");
        assert_eq!(refused_on_a_page(world, &call.signed_then("sign_type", "x")), "ILLEGAL_PARTNER");
        let call = call.with("partner", &poor.partner);
        assert_eq!(refused_on_a_page(world, &call.signed_then("sign_type", "x")), "ILLEGAL_SIGN_TYPE");
        assert_eq!(refused_on_a_page(world, &call.url()), "ILLEGAL_SIGN", "signed with the other's key");
        let with_poor_key = call.clone().keyed(poor.key.reveal());
        assert_eq!(refused_on_a_page(world, &with_poor_key.url()), "HAS_NO_PRIVILEGE");
        let call = call.with("partner", &rich.partner);
        assert_eq!(refused_on_a_page(world, &call.url()), "ILLEGAL_ARGUMENT");
        let call = call.with("subject", "书");
        assert_eq!(refused_on_a_page(world, &call.url()), "SELF_TIMEOUT_NOT_SUPPORT");
        let call = call.without("it_b_pay");
        assert_eq!(refused_on_a_page(world, &call.url()), "ILLEGAL_ANTI_PHISHING_KEY");
        let key = stamp(world);
        let call = call.with("anti_phishing_key", &key);
        assert_eq!(refused_on_a_page(world, &call.url()), "ILLEGAL_EXTER_INVOKE_IP");
        let call = call.with("exter_invoke_ip", "203.0.113.7");
        assert_eq!(refused_on_a_page(world, &call.url()), "SELLER_NOT_EXIST");
        let call = call.with("seller_email", &poor.seller_email);
        assert_eq!(refused_on_a_page(world, &call.url()), "seller_not_in_specified_sellers");
        let call = call.with("seller_email", &rich.seller_email);
        assert_eq!(refused_on_a_page(world, &call.url()), "BUYER_NOT_EXIST");
        let call = call.with("buyer_id", &rich.seller_id);
        assert_eq!(refused_on_a_page(world, &call.url()), "BUYER_SELLER_EQUAL");
        let call = call.with("buyer_id", &zhang.user_id);
        assert_eq!(refused_on_a_page(world, &call.url()), "TRADE_NOT_ALLOWED_PAY");
        let call = call.with("out_trade_no", "o-open");
        assert_eq!(refused_on_a_page(world, &call.url()), "TRADE_DATA_MATCH_ERROR");
        let call = call.with("total_fee", "1.00");
        assert!(refused_on_a_page(world, &call.url()).starts_with("goes on to /cashier/"));
    });
}

#[test]
fn the_page_shows_a_sandboxs_developer_what_arrived_and_never_the_key() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let url = Call::direct(&shop, "rp", "1.00").signed_then("subject", "<script>alert(1)</script>");
        let response = world.get(&url);
        let html = body_text(&response);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
        assert!(html.contains("out_trade_no=rp&amp;partner="), "the text that must be signed");
        assert!(!html.contains(shop.key.reveal()));
    });
}
