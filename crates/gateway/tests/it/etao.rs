//! etao: visitors who are sent straight to the merchant's quick-login return address, known or not.

use danbao_protocol::charset::Charset;
use danbao_protocol::login_return::{Arrival, LoginReturn};
use danbao_protocol::sign::Verifier;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::browser::{Browser, Page};
use super::login::{login, returned, token_of};
use super::order::Call;
use super::world::{Merchant, World, body_text, minutes, on_both_databases, request};

const GOODS: &str = "http://shop.example/goods.php?id=7&from=etao&kw=%E4%B9%A6";

fn said(merchant: &Merchant, url: &str) -> LoginReturn {
    returned(url, &Verifier::Md5(merchant.key.clone()), Charset::Utf8)
}

/// A browser that is signed in at the platform.
fn member(world: &mut World, account: &str) -> Browser {
    let mut browser = Browser::default();
    let page = browser.open(world, "/desk/sign-in?next=/etao");
    let form = page.form("/desk/sign-in").with("account", account).with("login_password", "login123");
    assert_eq!(browser.send(world, &form).at, "/etao");
    browser
}

/// A click on the shop's goods.
fn click(world: &mut World, browser: &mut Browser, visitor: &str) -> Page {
    let page = browser.open(world, "/etao");
    browser.send(world, &page.form("/etao").with("target_url", GOODS).with("visitor", visitor))
}

/// The shop asks for a login once, and etao knows where it wants its visitors.
fn known_shop(world: &mut World) -> Merchant {
    let shop = world.shop.clone();
    assert!(Browser::default().open(world, "/etao").shows("还没有可以进入的商户"));
    Browser::default().open(world, &login(&shop).url());
    shop
}

#[test]
fn three_kinds_of_visitors_come_by_etao() {
    on_both_databases(|world| {
        let (shop, zhang) = (known_shop(world), world.zhang());
        let mut browser = member(world, &zhang.email);
        for (visitor, name) in [("platform", "张三"), ("market", "三月竹")] {
            let back = click(world, &mut browser, visitor);
            let said = said(&shop, &back.at);
            let Arrival::Etao { buyer, target_url } = &said.arrival else { panic!("{said:?}") };
            assert_eq!(target_url, GOODS);
            assert_eq!(buyer.user_id.as_str(), zhang.user_id);
            assert_eq!(buyer.real_name.as_deref(), Some(name));
        }
        let back = click(world, &mut Browser::default(), "nobody");
        assert_eq!(said(&shop, &back.at).arrival, Arrival::EtaoUnknown { target_url: GOODS.to_owned() });
        for name in ["user_id", "token", "real_name"] {
            assert!(!back.at.contains(&format!("{name}=")), "{name}: {}", back.at);
        }
        // Who is signed in may go as nobody, too.
        assert!(said(&shop, &click(world, &mut browser, "nobody").at).buyer().is_none());
        let id = said(&shop, &back.at).notify_id;
        let question = format!("/gateway.do?service=notify_verify&partner={}&notify_id={id}", shop.partner);
        assert_eq!(world.get_text(&question), "true");
        world.later(minutes(2));
        let back = click(world, &mut Browser::default(), "nobody");
        let id = said(&shop, &back.at).notify_id;
        world.later(minutes(2));
        let question = format!("/gateway.do?service=notify_verify&partner={}&notify_id={id}", shop.partner);
        assert_eq!(world.get_text(&question), "false");
    });
}

#[test]
fn nobody_goes_as_somebody_without_signing_in() {
    on_both_databases(|world| {
        let shop = known_shop(world);
        world.member("plain@x.example", "0.00");
        let mut stranger = Browser::default();
        for visitor in ["platform", "market"] {
            assert!(click(world, &mut stranger, visitor).says("sign_in_first"));
        }
        let mut plain = member(world, "plain@x.example");
        assert!(click(world, &mut plain, "market").says("no_nickname"));
        let page = plain.open(world, "/etao");
        for target in ["", "javascript:alert(1)", "//shop.example", "http://shop.example/书", "http://a b"] {
            let form = page.form("/etao").with("target_url", target);
            assert!(plain.send(world, &form).says("link_wrong"), "{target}");
        }
        let long = format!("http://shop.example/{}", "x".repeat(1000));
        assert!(plain.send(world, &page.form("/etao").with("target_url", &long)).says("link_wrong"));
        let form = page.form("/etao").with("target_url", GOODS);
        assert!(plain.send(world, &form.clone().with("partner", "2088999999999999")).says("shop_wrong"));
        assert!(plain.send(world, &form.clone().with("csrf", "x")).says("form_expired"));
        assert!(said(&shop, &plain.send(world, &form).at).buyer().is_some());
    });
}

#[test]
fn a_merchant_gets_its_visitors_as_it_last_asked_for_a_login() {
    on_both_databases(|world| {
        let (shop, zhang) = (known_shop(world), world.zhang());
        Browser::default().open(world, &login(&shop).in_gbk().url());
        let mut browser = member(world, &zhang.email);
        let back = click(world, &mut browser, "market");
        let said = returned(&back.at, &Verifier::Md5(shop.key.clone()), Charset::Gbk);
        assert_eq!(said.buyer().unwrap().real_name.as_deref(), Some("三月竹"));
        assert_eq!(said.target_url(), Some(GOODS), "one value, its own query and escapes kept");
    });
}

#[test]
fn direct_pay_of_a_buyer_from_etao_must_carry_the_goods_data() {
    on_both_databases(|world| {
        let (shop, zhang) = (known_shop(world), world.zhang());
        let mut browser = member(world, &zhang.email);
        let back = click(world, &mut browser, "platform");
        let token = said(&shop, &back.at).buyer().unwrap().token.as_str().to_owned();
        let code = |world: &mut World, call: Call| Browser::default().open(world, &call.url()).code();
        let direct = |order: &str| Call::direct(&shop, order, "1.00").with("token", &token);
        assert_eq!(code(world, direct("e1")), "ILLEGAL_ARGUMENT");
        assert_eq!(code(world, direct("e1").with("item_orders_info", "")), "ILLEGAL_ARGUMENT");
        // Too long for an address: a form.
        let sent = |world: &mut World, info: &str| {
            let body = direct("e1").with("item_orders_info", info).signed();
            Browser::default().ask(world, request(Method::POST, "/gateway.do", body))
        };
        let most = "笔".repeat(40_000);
        assert!(body_text(&sent(world, &format!("{most}x"))).contains("ILLEGAL_ARGUMENT"));
        assert_eq!(sent(world, &most).status(), StatusCode::SEE_OTHER);
        let page = Browser::default().open(world, &direct("e1").with("item_orders_info", "x").url());
        assert!(page.shows(&zhang.email), "and the token saves the sign-in");
        // The other services do without it, and so does who came by the quick login, or as nobody.
        let escrow = Call::escrow(&shop, "e2", "1.00").addressed().with("token", &token);
        assert!(Browser::default().open(world, &escrow.url()).has_form("/member"));
        let plain = token_of(world, &shop, &zhang.email);
        let call = Call::direct(&shop, "e3", "1.00").with("token", &plain);
        assert!(Browser::default().open(world, &call.url()).has_form("/member"));
        assert!(Browser::default().open(world, &Call::direct(&shop, "e4", "1.00").url()).has_form("/member"));
        // A token of another merchant, or one that is over, tells nothing.
        let other = world.merchant("other@shop.example", json!({}));
        let call = Call::direct(&other, "e5", "1.00").with("token", &token);
        assert!(Browser::default().open(world, &call.url()).has_form("/member"));
        world.later(minutes(31));
        assert!(Browser::default().open(world, &direct("e6").url()).has_form("/member"));
    });
}

#[test]
fn a_tester_needs_no_browser() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let arrived =
            world.done(Method::POST, "/login", &json!({ "url": login(&shop).url(), "user": zhang.user_id }));
        let url = arrived["return_url"].as_str().unwrap();
        let token = said(&shop, url).buyer().unwrap().token.clone();
        assert_eq!(arrived["token"], token.as_str());
        // It has agreed: its browser is not asked again.
        assert_eq!(world.count("SELECT COUNT(*) FROM consent"), 1);
        for (call, code) in [
            (login(&shop).without("target_service"), "ILLEGAL_TARGET_SERVICE"),
            (login(&shop).keyed("0123456789abcdef0123456789abcdef"), "ILLEGAL_SIGN"),
            (Call::direct(&shop, "n1", "1.00"), "ILLEGAL_SERVICE"),
        ] {
            let body = json!({ "url": call.url(), "user": zhang.email });
            assert_eq!(world.done(Method::POST, "/login", &body)["error_code"], code);
        }
        let visitor = Call::direct(&shop, "n2", "1.00").with("buyer_email", "visitor@x.example");
        let page = Browser::default().open(world, &visitor.url());
        Browser::default().open(world, &page.at);
        let mut browser = Browser::default();
        let page = browser.open(world, &visitor.url());
        browser
            .send(world, &page.form("/member").by_button_to("visitor").with("contact", "visitor@x.example"));
        let body = json!({ "url": login(&shop).url(), "user": "visitor@x.example" });
        assert_eq!(world.done(Method::POST, "/login", &body)["error_code"], "alipayuser_status_error");

        let click = json!({ "partner": shop.partner, "target_url": GOODS });
        let nobody = world.done(Method::POST, "/etao", &click);
        assert_eq!(nobody["token"], Value::Null);
        assert!(said(&shop, nobody["return_url"].as_str().unwrap()).buyer().is_none());
        let poor = world.merchant("poor@shop.example", json!({ "services": ["close_trade"] }));
        let body = json!({ "partner": poor.partner, "target_url": GOODS });
        assert_eq!(world.done(Method::POST, "/etao", &body)["error_code"], "HAS_NO_PRIVILEGE");
        let body = json!({ "partner": shop.partner, "target_url": GOODS, "sign_type": "RSA",
                           "return_url": "http://shop.example/login/return" });
        assert_eq!(world.done(Method::POST, "/etao", &body)["error_code"], "ILLEGAL_SECURITY_PROFILE");
        world.acknowledge_all();
    });
}

#[test]
fn there_is_no_etao_outside_a_sandbox() {
    super::world::on_both_databases_with(
        |_| {},
        |world| {
            assert_eq!(world.get("/etao").status(), StatusCode::OK);
        },
    );
    let database = danbao_store::sqlite::memory().unwrap();
    let mut config = danbao_gateway::Config::sandbox("http://pay.example");
    config.is_sandbox = false;
    let now = super::world::NOON;
    let mut gateway = danbao_gateway::Gateway::open(database, config, [7; 32], now).unwrap();
    let request = request(Method::GET, "/etao", "");
    let input = danbao_protocol::node::Input::Request { id: danbao_protocol::node::AskId(1), request };
    let outputs = danbao_protocol::node::Node::step(&mut gateway, now, vec![input]).unwrap();
    let [danbao_protocol::node::Output::Respond { response, .. }] = &outputs[..] else {
        panic!("one answer")
    };
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}
