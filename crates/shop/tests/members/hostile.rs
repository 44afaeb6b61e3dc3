//! Forged, late, replayed, unasked, and booby-trapped.

use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::protocol::login_return::Arrival;
use danbao_merchant::protocol::node::NoAnswer;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::time::Timestamp;
use danbao_shop::Members;
use danbao_shop::OpenError;
use danbao_shop::Shop;
use http::StatusCode;

use crate::town::{
    Browser, LI, Town, ZHANG, address_post, buyer, config, location, post, pudong, returns, signed, text,
    zhang,
};
#[test]
fn a_forged_or_late_login_executes_nothing_and_keeps_the_cart() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.begin(&mut browser, "/cart");
    let good = returns("n1", Arrival::QuickLogin(zhang()));
    let forged = good.replace(ZHANG, LI);
    let mut unasked = Vec::new();
    town.word = Ok("false");
    unasked.push((text(&town.get(&mut browser, &good)), "超过一分钟"));
    town.word = Err(NoAnswer::Unreachable);
    unasked.push((text(&town.get(&mut browser, &good)), "没有回答"));
    town.word = Ok("true");
    unasked.push((text(&town.get(&mut browser, &forged)), "签名对不上"));
    unasked.push((text(&town.get(&mut browser, "/login/return")), "不完整"));
    for (page, why) in unasked {
        assert!(page.contains(why) && page.contains("购物车里的东西都还在"), "{why}");
        assert!(page.contains("href=\"/login?back=/checkout\""));
    }
    assert!(!town.page(&mut browser, "/cart").contains("支付宝用户"));
    // The real one still works.
    assert_eq!(location(&town.get(&mut browser, &good)), "/cart");
}

#[test]
fn a_link_of_somebody_elses_login_signs_nobody_in() {
    let (mut town, mut thief, mut victim) = (Town::new(), Browser::default(), Browser::default());
    town.begin(&mut thief, "/");
    let link = returns("n1", Arrival::QuickLogin(buyer(LI, "李四")));
    let fresh = town.get(&mut victim, &link);
    assert_eq!(fresh.status(), StatusCode::BAD_REQUEST);
    town.put_into_cart(&mut victim, "tea");
    assert_eq!(town.get(&mut victim, &link).status(), StatusCode::BAD_REQUEST);
    assert!(!town.page(&mut victim, "/cart").contains("李四"));
}

#[test]
fn a_sign_in_page_left_open_for_too_long_has_to_be_begun_again() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.begin(&mut browser, "/cart");
    town.pass(61);
    let response = town.get(&mut browser, &returns("n1", Arrival::QuickLogin(zhang())));
    assert!(text(&response).contains("隔得太久"));
}

#[test]
fn the_page_to_come_back_to_is_always_the_shops_own() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    for (at, back) in [
        "//elsewhere.example",
        "http://elsewhere.example/",
        "/\\elsewhere.example",
        "javascript:x",
        "",
        "goods",
        "/\t/x",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(location(&town.sign_in(&mut browser, back, &format!("n{at}"))), "/", "{back}");
        assert_eq!(location(&town.post(&mut browser, "/logout", &[("back", back)])), "/");
    }
    let long = format!("/{}", "x".repeat(400));
    assert_eq!(location(&town.sign_in(&mut browser, &long, "long")), "/");
}

#[test]
fn an_address_that_nobody_asked_for_is_not_taken() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    let unasked = town.ask(post("/address/return", address_post("a1", ZHANG, pudong())));
    assert!(text(&unasked).contains("不是从这里发起的"));
    assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
    // Asked for, but another buyer's: it is not this member's.
    town.post(&mut browser, "/address", &[]);
    let other = town.ask(post("/address/return", address_post("a2", LI, pudong())));
    assert_eq!(other.status(), StatusCode::BAD_REQUEST);
    assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
    // Used once.
    assert_eq!(location(&town.choose(&mut browser, "a3", pudong())), "/checkout");
    let replayed = town.ask(post("/address/return", address_post("a3", ZHANG, pudong())));
    assert!(text(&replayed).contains("已经用过"));
}

#[test]
fn markup_in_an_address_or_a_name_stays_text() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.begin(&mut browser, "/checkout");
    let name = "<script>alert(1)</script>";
    town.get(&mut browser, &returns("n1", Arrival::QuickLogin(buyer(ZHANG, name))));
    let nasty = ReceiveAddress {
        address: "\"><img src=x onerror=alert(1)>".into(),
        fullname: name.into(),
        ..pudong()
    };
    town.choose(&mut browser, "a1", nasty);
    let page = town.page(&mut browser, "/checkout");
    assert!(!page.contains("<script") && !page.contains("<img src=x"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn a_bomb_in_the_place_of_an_address_is_refused() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.sign_in(&mut browser, "/checkout", "n1");
    town.post(&mut browser, "/address", &[]);
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><receiveAddress><address>&a;</address></receiveAddress>";
    let mut params = Params::new();
    for (name, value) in
        [("is_success", "T"), ("notify_id", "a1"), ("receive_address", bomb), ("user_id", ZHANG)]
    {
        params.push(name, value.as_bytes());
    }
    let response = town.ask(post("/address/return", signed(params)));
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(text(&response).contains("地址没有采用"));
}

#[test]
fn a_shop_with_a_target_that_is_no_address_does_not_open() {
    let conn = danbao_store::open("sqlite::memory:").unwrap();
    let members = Members { targets: vec!["elsewhere".into()], ..Members::default() };
    let opened = Shop::open(conn, config(members), [7; 32], Timestamp(0));
    assert!(matches!(opened, Err(OpenError::Target(_))));
}
