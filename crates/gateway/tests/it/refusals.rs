//! How a refusal is said, and in which order the checks run (protocol.md §8.1, §8.5). That each code is raised by its own
//! cause is the business of `error_codes`.

use danbao_protocol::reply::Reply;
use serde_json::{Value, json};

use super::browser::Page;
use super::order::Call;
use super::world::{World, body_text, on_both_databases};

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

/// A partner's number that nobody has.
const NOBODY: &str = "2088999999999999";

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
