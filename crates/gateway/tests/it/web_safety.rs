//! What a browser is told and what it is spared: headers, cookies, links, guesses; and tables that anybody could fill.

use danbao_protocol::login_return::LoginReturn;
use danbao_protocol::sign::SignType;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{Method, StatusCode};
use serde_json::json;

use super::address_query::query;
use super::browser::{Browser, Page};
use super::keys::{add, own, pair};
use super::login::{login, returned, token_of};
use super::order::Call;
use super::world::{World, body_text, minutes, on_both_databases, on_both_databases_with, request};

fn signed_in(world: &mut World, browser: &mut Browser, account: &str) {
    let page = browser.open(world, "/desk/sign-in");
    let form = page.form("/sign-in").with("account", account).with("login_password", "login123");
    assert_eq!(browser.send(world, &form).at, "/desk");
}

fn asks_for_a_password(page: &Page) -> bool {
    page.form("/member").fields.contains_key("login_password")
}

#[test]
fn a_page_is_kept_by_nobody_framed_by_nobody_and_runs_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let handover = browser.open(world, &login(&shop).url()).at;
        signed_in(world, &mut browser, &zhang.email);
        let address = browser.open(world, &query(&shop).url()).at;
        let cashier = browser.open(world, &Call::direct(&shop, "w1", "1.00").url()).at;
        let entry = format!("{address}/entry");
        for path in ["/", "/nothing", "/etao", "/desk", "/desk/addresses", "/desk/sign-in"]
            .into_iter()
            .chain([handover.as_str(), address.as_str(), entry.as_str(), cashier.as_str()])
        {
            let response = browser.ask(world, request(Method::GET, path, ""));
            let headers = response.headers();
            assert!(!response.status().is_redirection(), "{path}");
            assert_eq!(headers[CACHE_CONTROL], "no-store", "{path}");
            assert_eq!(headers[REFERRER_POLICY], "same-origin", "{path}");
            assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
            assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{path}");
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(part), "{path}: {policy}");
            }
            assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{path}: {policy}");
        }
        let state = world.sandbox(Method::GET, "/state", &json!(null));
        assert_eq!(state.0, StatusCode::OK);
        let refused = world.get("/sandbox/v1/state");
        assert_eq!(refused.headers()[CACHE_CONTROL], "no-store");
    });
}

#[test]
fn behind_https_no_cookie_travels_without_it() {
    on_both_databases_with(
        |config| config.public_url = "https://pay.example".to_owned(),
        |world| {
            let response = world.get("/?lang=en");
            let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
            assert!(!cookies.is_empty());
            for cookie in cookies {
                let cookie = cookie.to_str().unwrap();
                for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/;"] {
                    assert!(cookie.contains(part), "{cookie}");
                }
            }
        },
    );
}

#[test]
fn no_link_of_a_page_leads_to_another_origin_because_its_address_looks_like_one() {
    on_both_databases(|world| {
        for path in ["//elsewhere.example", "//elsewhere.example/a?b=c", "///elsewhere.example/"] {
            let page = body_text(&world.get(path)).replace("&#x2f;", "/");
            assert!(!page.contains("elsewhere"), "{path}: {page}");
            assert!(page.contains("href=\"/?"), "{path}: the language is chosen on the first page");
        }
        let next = "/desk/sign-in?next=";
        for elsewhere in ["//elsewhere.example", "%2F%2Felsewhere.example", "/%5Celsewhere.example", "%0A//e"]
        {
            let mut browser = Browser::default();
            let page = browser.open(world, &format!("{next}{elsewhere}"));
            assert_eq!(page.form("/sign-in").fields["next"], "/desk", "{elsewhere}");
        }
    });
}

#[test]
fn the_site_that_a_buyer_is_shown_is_the_one_that_the_browser_would_go_to() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        for disguised in ["http://bank.example@shop.example/a", "http://shop.example\\@bank.example/a"] {
            let mut browser = Browser::default();
            let page = browser.open(world, &login(&shop).with("return_url", disguised).url());
            let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
            let page = browser.send(world, &form);
            assert!(page.shows("http://shop.example") && !page.shows("bank.example"), "{}", page.html);
        }
    });
}

#[test]
fn a_login_state_that_is_put_off_is_put_off_in_the_browser_too() {
    on_both_databases(|world| {
        let zhang = world.zhang();
        let mut browser = Browser::default();
        signed_in(world, &mut browser, &zhang.email);
        world.later(minutes(9));
        let response = browser.ask(world, request(Method::GET, "/desk", ""));
        let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert!(cookie.starts_with("danbao_session=") && cookie.contains("Max-Age=600"), "{cookie}");
    });
}

#[test]
fn every_sign_in_is_a_session_of_its_own_and_ends_the_one_before() {
    on_both_databases(|world| {
        let (zhang, li) = (world.zhang(), world.li());
        let mut browser = Browser::default();
        signed_in(world, &mut browser, &zhang.email);
        let first = world.texts("SELECT session_id FROM session");
        signed_in(world, &mut browser, &li.email);
        let second = world.texts("SELECT session_id FROM session");
        assert_eq!((first.len(), second.len()), (1, 1));
        assert_ne!(first, second);
    });
}

#[test]
fn whoever_knows_the_login_password_cannot_guess_at_the_payment_password_for_ever() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::direct(&shop, "w2", "1.00").url());
        let sign_in = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &sign_in);
        let guess = pay.form("/pay").with("method", "balance").with("payment_password", "guess");
        for _ in 0..4 {
            assert!(browser.send(world, &guess).says("payment_password_wrong"));
        }
        browser.send(world, &sign_in);
        assert!(browser.send(world, &guess).says("payment_password_wrong"), "the fifth");
        assert!(browser.send(world, &guess).says("locked"), "though a right login password came in between");
        world.later(minutes(16));
        let form = guess.with("payment_password", "pay123");
        let back = browser.open(world, &page.at);
        let pay = browser.send(
            world,
            &back.form("/member").with("account", &zhang.email).with("login_password", "login123"),
        );
        assert!(pay.has_form("/pay"), "{}", pay.html);
        assert!(browser.send(world, &form).at.ends_with("/paid"));
        world.acknowledge_all();
    });
}

#[test]
fn what_has_had_its_time_is_deleted_and_never_all_at_once() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let url = login(&shop).url();
        let key = format!("/gateway.do?service=query_timestamp&partner={}", shop.partner);
        for _ in 0..130 {
            assert!(world.get(&url).headers().contains_key(LOCATION));
            world.get(&key);
        }
        let rows = |world: &mut World, table: &str| world.count(&format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!((rows(world, "handover"), rows(world, "anti_phishing")), (130, 130));
        world.later(minutes(60));
        for left in [31, 2] {
            world.get(&url);
            world.get(&key);
            assert_eq!((rows(world, "handover"), rows(world, "anti_phishing")), (left, left));
        }
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::direct(&shop, "w3", "1.00").url());
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let paid = browser.send(world, &form);
        for _ in 0..5 {
            browser.open(world, &paid.at.replace("/paid", "/return"));
        }
        assert_eq!(rows(world, "page_return"), 5);
        world.later(minutes(2));
        browser.open(world, &paid.at.replace("/paid", "/return"));
        assert_eq!(rows(world, "page_return"), 1);
        world.acknowledge_all();
    });
}

/// A merchant that speaks GBK and signs with RSA.
#[test]
fn a_token_saves_the_sign_in_whatever_the_merchants_charset_and_signature() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let other = world.merchant("other@shop.example", json!({}));
        let signer = pair(SignType::Rsa);
        add(world, &shop, &signer, None);
        let foreign = token_of(world, &other, &zhang.email);
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).in_gbk().signed_by(&signer).url());
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let page = browser.send(world, &form);
        let back = browser.send(world, &page.form("/consent"));
        let said: LoginReturn =
            returned(&back.at, &own(world, SignType::Rsa), danbao_protocol::charset::Charset::Gbk);
        let buyer = said.buyer().unwrap().clone();
        assert_eq!(buyer.real_name.as_deref(), Some("张三"));
        let token = buyer.token.as_str();
        let order = |number: &str, token: &str| {
            Call::direct(&shop, number, "1.00").in_gbk().with("token", token).signed_by(&signer).url()
        };
        // A token of ours: no sign-in. Nobody's, or another merchant's: the sign-in, and no error.
        let page = Browser::default().open(world, &order("g1", token));
        assert!(!asks_for_a_password(&page) && page.shows(&zhang.email));
        for (number, stale) in [("g2", foreign.as_str()), ("g3", "20120229"), ("g4", "令牌\\'")] {
            let page = Browser::default().open(world, &order(number, stale));
            assert!(page.status == StatusCode::OK && asks_for_a_password(&page), "{stale}");
        }
        // The login state comes first, whoever the token is of.
        let mut signed = Browser::default();
        signed_in(world, &mut signed, &li.email);
        let page = signed.open(world, &order("g5", token));
        assert!(page.shows(&li.email) && !page.shows(&zhang.email));
        world.later(minutes(31));
        assert!(
            asks_for_a_password(&Browser::default().open(world, &order("g6", token))),
            "half an hour is over"
        );
        assert!(asks_for_a_password(&signed.open(world, &order("g7", token))), "and so are ten minutes");
    });
}

#[test]
fn a_backslash_that_is_half_a_character_of_gbk_is_no_backslash() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        // 誠 is D55C: its second byte is that of a backslash. The name of the goods ends a quoted text in nobody's eyes.
        let call = Call::direct(&shop, "b1", "1.00").in_gbk().with("subject", "真誠'\"<b>");
        let page = Browser::default().open(world, &call.url());
        assert!(page.shows("真誠'\"<b>") && !page.html.contains("<b>"), "{}", page.html);
        let paid = world.checkout(&call.url(), &zhang.email, json!({}));
        assert!(paid["return_url"].as_str().unwrap().contains("%D5%5C%27%22"), "{paid}");
        world.acknowledge_all();
    });
}
