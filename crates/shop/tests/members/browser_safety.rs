//! What a browser is spared: planted cookies, other sites' forms, other people's orders, frames, foreign links.

use danbao_merchant::protocol::login_return::Arrival;
use danbao_merchant::protocol::service::payment::PaymentService;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, SET_COOKIE, X_FRAME_OPTIONS,
};
use http::{HeaderName, StatusCode};

use crate::town::{Browser, LI, Town, buyer, form, get, location, post, returns, text, zhang};

const RECEIVER: [(&str, &str); 4] = [
    ("receive_name", "王五"),
    ("receive_address", "世纪大道 1 号"),
    ("receive_mobile", "13700000000"),
    ("charset", "utf-8"),
];

#[test]
fn whoever_planted_a_browsers_cookie_is_not_signed_in_with_it() {
    let (mut town, mut thief) = (Town::new(), Browser::default());
    town.put_into_cart(&mut thief, "tea");
    let mut victim = Browser { cookies: thief.cookies.clone() };
    town.sign_in(&mut victim, "/cart", "n1");
    assert!(town.page(&mut victim, "/cart").contains("支付宝用户张三"));
    assert!(!town.page(&mut thief, "/cart").contains("张三"));
    // A sign-in that the thief has begun is not the victim's.
    town.begin(&mut thief, "/cart");
    let mut planted = Browser { cookies: thief.cookies.clone() };
    town.sign_in(&mut planted, "/cart", "n5");
    assert!(!town.page(&mut thief, "/cart").contains("张三"));
    // Nor whoever knew an earlier sign-in.
    let earlier = Browser { cookies: victim.cookies.clone() };
    town.post(&mut victim, "/logout", &[("back", "/")]);
    town.sign_in(&mut victim, "/cart", "n2");
    let mut earlier = earlier;
    assert!(!town.page(&mut earlier, "/cart").contains("张三"));
    assert!(town.page(&mut victim, "/cart").contains("支付宝用户张三"));
}

#[test]
fn a_members_orders_are_not_shown_to_the_next_person_on_the_browser() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    let guests = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &RECEIVER);
    town.put_into_cart(&mut browser, "cup");
    town.sign_in(&mut browser, "/checkout", "n1");
    let members = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &RECEIVER);
    let seen = |town: &mut Town, browser: &mut Browser| {
        let page = town.page(browser, "/orders");
        [&guests, &members].map(|order| page.contains(order.out_trade_no.as_str()))
    };
    assert_eq!(seen(&mut town, &mut browser), [true, true]);
    town.post(&mut browser, "/logout", &[("back", "/")]);
    assert_eq!(seen(&mut town, &mut browser), [true, false], "signed out");
    town.begin(&mut browser, "/");
    town.get(&mut browser, &returns("n2", Arrival::QuickLogin(buyer(LI, "李四"))));
    assert_eq!(seen(&mut town, &mut browser), [true, false], "somebody else");
    town.begin(&mut browser, "/");
    town.get(&mut browser, &returns("n3", Arrival::QuickLogin(zhang())));
    assert_eq!(seen(&mut town, &mut browser), [true, true], "back again");
    let mut elsewhere = Browser::default();
    town.sign_in(&mut elsewhere, "/", "n4");
    assert_eq!(seen(&mut town, &mut elsewhere), [false, true], "on another browser");
}

#[test]
fn a_form_of_another_site_does_nothing_and_takes_no_cookie_away() {
    let mut town = Town::new();
    let foreign: [&[(HeaderName, &str)]; 4] = [
        &[(ORIGIN, "http://elsewhere.example")],
        &[(ORIGIN, "http://shop.elsewhere:8081"), (HOST, "shop:8081")],
        &[(ORIGIN, "null"), (HOST, "shop:8081")],
        &[(HeaderName::from_static("sec-fetch-site"), "cross-site"), (ORIGIN, "http://shop:8081")],
    ];
    let cart = form(&[("good", "tea"), ("add", "1")]);
    for headers in foreign {
        for path in ["/cart", "/login", "/logout", "/address", "/checkout", "/direct", "/orders/1/pay"] {
            let mut asked = post(path, cart.clone());
            for (name, value) in headers {
                asked.headers_mut().insert(name, value.parse().unwrap());
            }
            let response = town.ask(asked);
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(!response.headers().contains_key(SET_COOKIE), "{path} {headers:?}");
        }
    }
    let own: [&[(HeaderName, &str)]; 4] = [
        &[],
        &[(ORIGIN, "http://shop:8081")],
        &[(ORIGIN, "http://localhost:8081"), (HOST, "localhost:8081")],
        &[(ORIGIN, "http://SHOP:8081"), (HOST, "10.0.0.7:80")],
    ];
    for headers in own {
        let mut asked = post("/cart", cart.clone());
        for (name, value) in headers {
            asked.headers_mut().insert(name, value.parse().unwrap());
        }
        assert_eq!(location(&town.ask(asked)), "/cart?added=1", "{headers:?}");
    }
    // The gateway's page brings an address from its own site: whether it is believed is another question.
    let mut brought = post("/address/return", form(&[("a", "b")]));
    brought.headers_mut().insert(ORIGIN, "http://gateway:8080".parse().unwrap());
    assert_eq!(town.ask(brought).status(), StatusCode::BAD_REQUEST);
}

#[test]
fn behind_https_no_cookie_travels_without_it() {
    let mut town = Town::behind_https();
    let mut asked = post("/cart?lang=en", form(&[("good", "tea"), ("add", "1")]));
    asked.headers_mut().insert(ORIGIN, "https://shop:8443".parse().unwrap());
    let response = town.ask(asked);
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies.len(), 2);
    for cookie in cookies {
        let cookie = cookie.to_str().unwrap();
        for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/;"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
}

#[test]
fn a_page_is_kept_and_framed_by_nobody_and_runs_one_script_at_most() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    let pages = ["/", "/cart", "/checkout", "/orders", "/login", "/direct", "/nothing", "/login/return?a=b"];
    for path in pages {
        let response = town.get(&mut browser, path);
        let headers = response.headers();
        if response.status().is_redirection() {
            continue;
        }
        assert_eq!(headers[CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(headers[X_FRAME_OPTIONS], "DENY", "{path}");
        assert_eq!(headers[REFERRER_POLICY], "same-origin", "{path}");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"), "{policy}");
    }
    let mut fields = vec![("service", PaymentService::CreatePartnerTradeByBuyer.as_str()), ("via", "form")];
    fields.extend(RECEIVER);
    let response = town.post(&mut browser, "/checkout", &fields);
    let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");
    // The digest in the policy is of this text, to the byte.
    assert!(policy.contains("script-src 'sha256-+2wdFkcQh0HFcMCmxKInCpsRYFWEyle9kG8cJ2dOwcc='"));
    assert!(text(&response).contains("<script>document.getElementById(\"payment\").submit()</script>"));
}

#[test]
fn no_link_of_a_page_leads_to_another_origin_because_its_address_looks_like_one() {
    let mut town = Town::new();
    for path in ["//elsewhere.example", "//elsewhere.example/goods", "///elsewhere.example/"] {
        let page = text(&town.ask(get(path)));
        assert!(!page.contains("elsewhere"), "{path}: {page}");
    }
}

#[test]
fn what_has_had_its_time_is_deleted_and_never_all_at_once() {
    let mut town = Town::new();
    for number in 0..130 {
        let mut browser = Browser::default();
        town.put_into_cart(&mut browser, "tea");
        town.sign_in(&mut browser, "/", &format!("n{number}"));
        town.begin(&mut Browser::default(), "/");
    }
    let tables = ["login_begun", "used_return", "member_session", "cart_line"];
    let counted = |town: &Town| tables.map(|table| town.rows(table));
    assert_eq!(counted(&town), [130; 4]);
    town.pass(91 * 24 * 60);
    // A login that was begun is over with its sign-in.
    for (number, begun, others) in [("m1", 30, 31), ("m2", 0, 2)] {
        let mut browser = Browser::default();
        town.put_into_cart(&mut browser, "tea");
        town.sign_in(&mut browser, "/", number);
        assert_eq!(counted(&town), [begun, others, others, others]);
    }
}
