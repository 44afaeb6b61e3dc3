//! Table 5: the rules for merchants of etao.

use danbao_merchant::protocol::login_return::Arrival;
use danbao_merchant::protocol::service::payment::PaymentService;
use danbao_shop::Members;
use http::StatusCode;
use http::header::LOCATION;

use crate::town::{Browser, Town, etao, location, returns, text};
const TEA: &str = "http://shop:8081/goods/tea?from=etao";

#[test]
fn target_url_is_followed_after_login() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    assert_eq!(location(&town.get(&mut browser, &etao("n1", "张三", TEA))), TEA);
    assert!(town.page(&mut browser, "/goods/tea").contains("支付宝用户张三"));
}

#[test]
fn the_real_name_that_came_is_shown_though_it_be_a_nickname() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.sign_in(&mut browser, "/", "n1");
    town.get(&mut browser, &etao("n2", "三儿爱喝茶", TEA));
    assert!(town.page(&mut browser, "/").contains("支付宝用户三儿爱喝茶"));
    // Another name does not make another member.
    town.put_into_cart(&mut browser, "bookmark");
    let order = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
    let mut other = Browser::default();
    town.sign_in(&mut other, "/orders", "n3");
    let page = town.page(&mut other, "/orders");
    assert!(page.contains(order.out_trade_no.as_str()) && page.contains("支付宝用户张三"));
}

#[test]
fn a_buyer_whom_nobody_knows_is_sent_on_and_signed_in_as_nobody() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    let link = returns("n1", Arrival::EtaoUnknown { target_url: TEA.into() });
    assert_eq!(location(&town.get(&mut browser, &link)), TEA);
    assert!(!town.page(&mut browser, "/goods/tea").contains("支付宝用户"));
}

#[test]
fn direct_payments_of_buyers_from_etao_carry_item_orders_info_and_others_do_not() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.get(&mut browser, &etao("n1", "张三", TEA));
    town.put_into_cart(&mut browser, "tea");
    let direct = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
    assert_eq!(direct.direct.item_orders_info.as_deref(), Some("tea^明前龙井^128.00^1"));
    town.put_into_cart(&mut browser, "tea");
    let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "x")];
    let escrow = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &fields);
    assert_eq!((escrow.direct.item_orders_info, escrow.token.is_some()), (None, true));
    let mut other = Browser::default();
    town.sign_in(&mut other, "/", "n2");
    town.put_into_cart(&mut other, "tea");
    let own = town.place(&mut other, PaymentService::CreateDirectPayByUser, &[]);
    assert_eq!(own.direct.item_orders_info, None);
}

#[test]
fn a_target_elsewhere_is_refused_and_nobody_is_signed_in() {
    let members = Members { targets: vec!["https://m.shop.example".into()], ..Members::default() };
    let (mut town, mut browser) = (Town::with(members), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    for (at, target) in [
        "http://elsewhere.example/",
        "http://shop:8081@elsewhere.example/",
        "//elsewhere.example",
        "javascript:alert(1)",
    ]
    .iter()
    .enumerate()
    {
        let response = town.get(&mut browser, &etao(&format!("n{at}"), "张三", target));
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{target}");
        assert!(response.headers().get(LOCATION).is_none() && !text(&response).contains("elsewhere"));
        let page = town.page(&mut browser, "/cart");
        assert!(!page.contains("张三") && page.contains("明前龙井"));
    }
    let allowed = "https://m.shop.example/goods/tea";
    assert_eq!(location(&town.get(&mut browser, &etao("m1", "张三", allowed))), allowed);
}
