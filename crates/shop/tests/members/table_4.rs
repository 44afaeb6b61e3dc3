//! Table 4: the rules for every merchant.

use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::Token;
use danbao_merchant::protocol::login_return::Arrival;
use danbao_merchant::protocol::login_return::Buyer;
use danbao_merchant::protocol::service::payment::PaymentRequest;
use danbao_merchant::protocol::service::payment::PaymentService;
use danbao_shop::Members;
use danbao_store::testing::Database;
use http::StatusCode;
use http::header::LOCATION;

use crate::town::{
    Browser, LI, TOKEN, Town, buyer, etao, location, pudong, returns, signed_by_shop, text, zhang,
};
#[test]
fn login_first_then_buy() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    assert!(town.page(&mut browser, "/goods/tea").contains("href=\"/login?back=%2Fgoods%2Ftea\""));
    assert_eq!(location(&town.sign_in(&mut browser, "/goods/tea", "n1")), "/goods/tea");
    town.put_into_cart(&mut browser, "tea");
    assert!(town.page(&mut browser, "/cart").contains("href=\"/checkout\""));
    let request = town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]);
    assert_eq!(request.token, Some(Token::new(TOKEN)));
    assert!(town.page(&mut browser, "/orders").contains(request.out_trade_no.as_str()));
}

#[test]
fn cart_first_then_login_leads_to_the_first_page_of_the_order() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    assert!(town.page(&mut browser, "/cart").contains("class=\"button\" href=\"/login?back=/checkout\""));
    assert!(town.page(&mut browser, "/login?back=/checkout").contains("value=\"/checkout\""));
    assert_eq!(location(&town.sign_in(&mut browser, "/checkout", "n1")), "/checkout");
    assert!(town.page(&mut browser, "/checkout").contains("明前龙井"));
}

#[test]
fn after_login_the_buyer_is_back_on_the_very_page_that_was_left() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    for (at, page) in
        ["/", "/goods/cup", "/cart", "/orders", "/direct", "/orders?x=%E7%AC%94&y=1"].iter().enumerate()
    {
        assert_eq!(location(&town.sign_in(&mut browser, page, &format!("n{at}"))), *page);
        town.post(&mut browser, "/logout", &[]);
    }
}

#[test]
fn login_does_not_empty_the_cart() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.put_into_cart(&mut browser, "cup");
    let before = town.page(&mut browser, "/cart");
    town.sign_in(&mut browser, "/checkout", "n1");
    let after = town.page(&mut browser, "/cart");
    for good in ["明前龙井", "缠枝青花杯", "¥173.50"] {
        assert!(before.contains(good) && after.contains(good), "{good}");
    }
}

#[test]
fn no_page_says_that_the_login_succeeded_or_makes_an_account_of_the_shop() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    let response = town.sign_in(&mut browser, "/goods/tea", "n1");
    assert_eq!((response.status(), response.body().len()), (StatusCode::SEE_OTHER, 0));
    // The login page of somebody who is in shows nothing either.
    assert_eq!(location(&town.get(&mut browser, "/login?back=/cart")), "/cart");
    for path in ["/", "/login", "/cart", "/orders", "/direct"] {
        let page = text(&town.get(&mut browser, path));
        assert!(!page.contains("type=\"password\""), "{path}");
    }
}

#[test]
fn a_member_is_greeted_as_prefix_and_real_name() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.sign_in(&mut browser, "/", "n1");
    assert!(town.page(&mut browser, "/").contains("你好，<b>支付宝用户张三</b>"));
    assert!(town.page(&mut browser, "/?lang=en").contains("Hello, <b>支付宝用户张三</b>"));
    let members = Members { display_prefix: "平台用户".into(), ..Members::default() };
    let (mut town, mut browser) = (Town::with(members), Browser::default());
    town.sign_in(&mut browser, "/", "n1");
    assert!(town.page(&mut browser, "/").contains("<b>平台用户张三</b>"));
}

#[test]
fn a_member_is_the_user_id_and_never_the_email() {
    let (mut town, mut first, mut second) = (Town::new(), Browser::default(), Browser::default());
    town.sign_in(&mut first, "/", "n1");
    town.put_into_cart(&mut first, "bookmark");
    let order = town.place(&mut first, PaymentService::CreateDirectPayByUser, &[]);
    // The same e-mail, another person: it has changed hands at the gateway.
    town.begin(&mut second, "/orders");
    town.get(&mut second, &returns("n2", Arrival::QuickLogin(buyer(LI, "李四"))));
    assert!(!town.page(&mut second, "/orders").contains(order.out_trade_no.as_str()));
    // The same person, another e-mail and browser.
    let mut third = Browser::default();
    town.begin(&mut third, "/orders");
    let moved = Buyer { email: Some("new@example.com".into()), ..zhang() };
    town.get(&mut third, &returns("n3", Arrival::QuickLogin(moved)));
    assert!(town.page(&mut third, "/orders").contains(order.out_trade_no.as_str()));
}

#[test]
fn the_token_is_kept_and_goes_with_the_address_query_and_every_payment() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.sign_in(&mut browser, "/", "n1");
    for service in PaymentService::ALL {
        town.put_into_cart(&mut browser, "bookmark");
        assert!(town.choose(&mut browser, service.as_str(), pudong()).status().is_redirection());
        town.pass(1);
        let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "x")];
        let request = town.place(&mut browser, *service, &fields);
        assert_eq!(request.token, Some(Token::new(TOKEN)), "{service:?}");
        let again = town.post(&mut browser, &format!("/orders/{}/pay", request.out_trade_no), &[]);
        let again = PaymentRequest::parse(&signed_by_shop(&location(&again)), Charset::Utf8).unwrap();
        assert_eq!(again.token, Some(Token::new(TOKEN)));
    }
    town.post(&mut browser, "/logout", &[]);
    town.put_into_cart(&mut browser, "bookmark");
    assert_eq!(town.place(&mut browser, PaymentService::CreateDirectPayByUser, &[]).token, None);
}

#[test]
fn a_member_is_offered_the_gateways_ways_to_pay_and_no_other() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "bookmark");
    town.sign_in(&mut browser, "/checkout", "n1");
    let page = town.page(&mut browser, "/checkout");
    let offered: Vec<&str> =
        page.split("name=\"service\" value=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let gateways: Vec<&str> = PaymentService::ALL.iter().map(|service| service.as_str()).collect();
    assert_eq!(offered, gateways);
    for other in ["other_online_bank", "alipay.auth.authorize", ""] {
        let response = town.post(&mut browser, "/checkout", &[("service", other)]);
        let is_refused = response.status() == StatusCode::UNPROCESSABLE_ENTITY;
        let is_gateways = response
            .headers()
            .get(LOCATION)
            .is_some_and(|to| to.to_str().unwrap().starts_with("http://gateway"));
        assert!(is_refused || (other.is_empty() && is_gateways), "{other}");
    }
}

#[test]
fn use_my_address_fills_in_the_order() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    assert!(town.page(&mut browser, "/checkout").contains("formaction=\"/address\""));
    assert_eq!(location(&town.choose(&mut browser, "a1", pudong())), "/checkout");
    let page = town.page(&mut browser, "/checkout");
    for value in ["张三丰", "13900000001", "200120", "世纪大道 1 号"] {
        assert!(page.contains(&format!("value=\"{value}\"")), "{value}");
    }
    let fields = [
        ("receive_name", "张三丰"),
        ("receive_mobile", "13900000001"),
        ("receive_zip", "200120"),
        ("receive_address", "世纪大道 1 号"),
    ];
    let request = town.place(&mut browser, PaymentService::CreatePartnerTradeByBuyer, &fields);
    let receive = request.receive.unwrap();
    // The shop's own names, not the gateway's.
    assert_eq!(receive.address, "上海市 浦东 世纪大道 1 号");
    assert_eq!((receive.name.as_str(), receive.mobile.as_str()), ("张三丰", "13900000001"));
    // The next order begins without it.
    town.put_into_cart(&mut browser, "tea");
    assert!(!town.page(&mut browser, "/checkout").contains("世纪大道"));
}

#[test]
fn an_address_that_fits_the_shops_list_too_loosely_is_the_buyers_to_choose() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    let hotan = ReceiveAddress {
        prov: "新疆维吾尔自治区".into(),
        city: "和田地区".into(),
        area: "和田县".into(),
        address_code: "653221".into(),
        ..pudong()
    };
    town.choose(&mut browser, "a1", hotan);
    let page = town.page(&mut browser, "/checkout");
    assert!(page.contains("新疆维吾尔自治区 和田地区 和田县") && page.contains("新疆 和田地区 和田<"));
    let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "1 号")];
    let mut escrow = vec![("service", "create_partner_trade_by_buyer")];
    escrow.extend(fields);
    let unchosen = town.post(&mut browser, "/checkout", &escrow);
    assert_eq!(unchosen.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(&unchosen).contains("请先选好地区"));
    let key = page.split("name=\"region\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    escrow.push(("region", key));
    let request = location(&town.post(&mut browser, "/checkout", &escrow));
    let request = PaymentRequest::parse(&signed_by_shop(&request), Charset::Utf8).unwrap();
    assert_eq!(request.receive.unwrap().address, "新疆 和田地区 和田 1 号");
}

#[test]
fn a_place_that_the_shop_does_not_know_is_chosen_from_its_list_and_nothing_else() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    town.sign_in(&mut browser, "/checkout", "n1");
    let gusu = ReceiveAddress {
        prov: "江苏省".into(),
        city: "苏州市".into(),
        area: "姑苏区".into(),
        address_code: "320508".into(),
        ..pudong()
    };
    town.choose(&mut browser, "a1", gusu);
    let page = town.page(&mut browser, "/checkout");
    assert!(page.contains("<select name=\"region\" required>") && page.contains("江苏 苏州市 平江"));
    let fields = |key| {
        [
            ("service", "create_partner_trade_by_buyer"),
            ("receive_name", "张三"),
            ("receive_mobile", "1"),
            ("receive_address", "1 号"),
            ("region", key),
        ]
    };
    // Beijing is in the list, and is not one of what was offered.
    let foreign = town.post(&mut browser, "/checkout", &fields("1"));
    assert_eq!(foreign.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let key = page.split("江苏 苏州市 平江").next().unwrap().rsplit("value=\"").next().unwrap();
    let key = key.split('"').next().unwrap();
    assert!(town.post(&mut browser, "/checkout", &fields(key)).status().is_redirection());
}

#[test]
fn a_login_return_is_handled_once() {
    let (mut town, mut browser) = (Town::new(), Browser::default());
    town.put_into_cart(&mut browser, "tea");
    let link = returns("n1", Arrival::QuickLogin(zhang()));
    town.begin(&mut browser, "/cart");
    assert_eq!(location(&town.get(&mut browser, &link)), "/cart");
    town.post(&mut browser, "/logout", &[]);
    town.begin(&mut browser, "/cart");
    let replayed = town.get(&mut browser, &link);
    assert_eq!(replayed.status(), StatusCode::BAD_REQUEST);
    assert!(text(&replayed).contains("已经用过") && text(&replayed).contains("购物车里的东西都还在"));
    assert!(!town.page(&mut browser, "/").contains("张三"));
}

#[test]
fn both_flows_do_the_same_on_either_database() {
    for database in Database::of_each_kind().unwrap() {
        let conn = database.connect().unwrap();
        let (mut town, mut browser) =
            (Town::on(conn, Members::default(), Some(database)), Browser::default());
        town.put_into_cart(&mut browser, "tea");
        assert_eq!(location(&town.sign_in(&mut browser, "/checkout", "n1")), "/checkout");
        town.choose(&mut browser, "a1", pudong());
        assert!(town.page(&mut browser, "/checkout").contains("上海市 浦东"));
        let fields = [("receive_name", "张三"), ("receive_mobile", "1"), ("receive_address", "1 号")];
        let order = town.place(&mut browser, PaymentService::TradeCreateByBuyer, &fields);
        town.get(&mut browser, &etao("n2", "三儿", "/goods/tea"));
        assert!(town.page(&mut browser, "/orders").contains(order.out_trade_no.as_str()));
    }
}
