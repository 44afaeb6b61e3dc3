//! 快捷登录: sign-in, consent, the way back as somebody; and the token that saves the next sign-in.

use danbao_protocol::charset::Charset;
use danbao_protocol::login_return::{Arrival, Buyer, LoginReturn};
use danbao_protocol::params::Params;
use danbao_protocol::reported::Reported;
use danbao_protocol::sign::{self, Leniency, SignType, Verifier};
use danbao_protocol::status::{UserGrade, UserGradeType};
use http::{Method, StatusCode};
use serde_json::json;

use super::browser::{Browser, Page};
use super::keys::{add, own, pair};
use super::order::Call;
use super::world::{Merchant, World, minutes, on_both_databases, on_both_databases_with};

const LOGIN_RETURN: &str = "http://shop.example/login/return";

/// A request for a quick login.
pub(crate) fn login(merchant: &Merchant) -> Call {
    Call::new(merchant, "alipay.auth.authorize")
        .with("target_service", "user.auth.quick.login")
        .with("return_url", LOGIN_RETURN)
}

/// Reads a quick-login return whose signature fits.
pub(crate) fn returned(url: &str, verifier: &Verifier, charset: Charset) -> LoginReturn {
    let query = url.strip_prefix(LOGIN_RETURN).and_then(|rest| rest.strip_prefix('?'));
    let params = Params::parse_urlencoded(query.expect(url).as_bytes()).unwrap();
    sign::verify(&params, verifier, &Leniency::STRICT).expect("the gateway signed what it says");
    assert!(params.iter().all(|(_, value)| !value.is_empty()), "an empty parameter (trap 4)");
    LoginReturn::read(&params.decode(charset).unwrap()).unwrap()
}

fn returned_to(merchant: &Merchant, page: &Page) -> LoginReturn {
    returned(&page.at, &Verifier::Md5(merchant.key.clone()), Charset::Utf8)
}

fn buyer(login: &LoginReturn) -> Buyer {
    login.buyer().cloned().expect("somebody")
}

/// Goes through sign-in and consent.
fn sign_in(world: &mut World, browser: &mut Browser, url: &str, account: &str) -> Page {
    let page = browser.open(world, url);
    let form = page.form("/sign-in").with("account", account).with("login_password", "login123");
    let page = browser.send(world, &form);
    if page.at.starts_with('/') { browser.send(world, &page.form("/consent")) } else { page }
}

/// A login by a browser of its own: the token.
pub(crate) fn token_of(world: &mut World, merchant: &Merchant, account: &str) -> String {
    let back = sign_in(world, &mut Browser::default(), &login(merchant).url(), account);
    buyer(&returned_to(merchant, &back)).token.as_str().to_owned()
}

fn verify(world: &mut World, merchant: &Merchant, notify_id: &str) -> String {
    let question =
        format!("/gateway.do?service=notify_verify&partner={}&notify_id={notify_id}", merchant.partner);
    world.get_text(&question)
}

#[test]
fn a_buyer_signs_in_agrees_and_comes_back_as_somebody() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).url());
        assert!(page.shows("用担保账户登录 竹里小铺") && page.has_form("/sign-in"), "{}", page.html);
        let form = page.form("/sign-in").with("account", &zhang.email);
        assert!(browser.send(world, &form).says("sign_in_empty"));
        assert!(browser.send(world, &form.clone().with("login_password", "no")).says("sign_in_wrong"));
        let page = browser.send(world, &form.with("login_password", "login123"));
        assert!(page.has_form("/consent") && page.shows("张三") && page.shows("http://shop.example"));
        let back = browser.send(world, &page.form("/consent"));
        let said = returned_to(&shop, &back);
        let Arrival::QuickLogin(buyer) = &said.arrival else { panic!("{said:?}") };
        assert_eq!(buyer.user_id.as_str(), zhang.user_id);
        assert_eq!(buyer.real_name.as_deref(), Some("张三"));
        assert_eq!((&buyer.email, &buyer.grade), (&None, &None), "not without the permission");
        assert!(buyer.token.is_well_formed() && buyer.token.as_str().starts_with("20120229"));
    });
}

#[test]
fn who_is_signed_in_and_has_agreed_is_asked_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let first = sign_in(world, &mut browser, &login(&shop).url(), &zhang.email);
        let second = browser.open(world, &login(&shop).url());
        let (first, second) = (returned_to(&shop, &first), returned_to(&shop, &second));
        assert_eq!(buyer(&first).user_id, buyer(&second).user_id);
        assert_ne!(buyer(&first).token, buyer(&second).token);
        assert_ne!(first.notify_id, second.notify_id);
        // Another merchant asks for itself.
        let other = world.merchant("other@shop.example", json!({ "display_name": "别家" }));
        let page = browser.open(world, &login(&other).url());
        assert!(page.has_form("/consent") && page.shows("别家"));
        // The login state lasts ten minutes, the agreement for good.
        world.later(minutes(11));
        let page = browser.open(world, &login(&shop).url());
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        assert!(returned_to(&shop, &browser.send(world, &form)).buyer().is_some());
    });
}

#[test]
fn e_mail_and_grade_are_told_with_the_permission_alone() {
    on_both_databases(|world| {
        let contract = json!({ "display_name": "贵宾店", "permissions": ["email", "grade"] });
        let shop = world.merchant("vip@shop.example", contract);
        let vip = json!({ "email": "vip@x.example", "display_name": "王贵", "user_grade": "VIP",
                          "user_grade_type": "1", "gmt_decay": "2013-02-28 00:00:00" });
        world.done(Method::POST, "/users", &vip);
        world.member("plain@x.example", "0.00");
        for (account, grade, kind, decay) in [
            ("vip@x.example", UserGrade::Vip, UserGradeType::Activated, Some("2013-02-28 00:00:00")),
            ("plain@x.example", UserGrade::Normal, UserGradeType::NotActivated, None),
        ] {
            let back = sign_in(world, &mut Browser::default(), &login(&shop).url(), account);
            let buyer = buyer(&returned_to(&shop, &back));
            assert_eq!(buyer.email.as_deref(), Some(account));
            let told = buyer.grade.unwrap();
            assert_eq!(told.user_grade, Reported::Known(grade));
            assert_eq!(told.user_grade_type, Some(Reported::Known(kind)));
            assert_eq!(told.gmt_decay.as_deref(), decay);
        }
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).with("email", "vip@x.example").url());
        assert_eq!(page.form("/sign-in").fields["account"], "vip@x.example", "the request's wish");
        let form = page.form("/sign-in").with("login_password", "login123");
        let third = world.merchant("3@shop.example", json!({}));
        let other = browser.open(world, &login(&third).url());
        browser.send(world, &form);
        let page = browser.open(world, &other.at);
        assert!(!page.shows("会员等级"), "this one may not know");
    });
}

#[test]
fn a_merchant_that_speaks_gbk_or_signs_with_rsa_is_answered_so() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let back = sign_in(world, &mut Browser::default(), &login(&shop).in_gbk().url(), &zhang.email);
        assert!(back.at.contains("real_name=%D5%C5%C8%FD"), "{}", back.at);
        let said = returned(&back.at, &Verifier::Md5(shop.key.clone()), Charset::Gbk);
        assert_eq!(buyer(&said).real_name.as_deref(), Some("张三"));
        // A name that GBK cannot write is told as far as it can be.
        let rare = json!({ "email": "rare@x.example", "display_name": "𠮷田" });
        world.done(Method::POST, "/users", &rare);
        let back = sign_in(world, &mut Browser::default(), &login(&shop).in_gbk().url(), "rare@x.example");
        let said = returned(&back.at, &Verifier::Md5(shop.key.clone()), Charset::Gbk);
        assert_eq!(buyer(&said).real_name.as_deref(), Some("?田"));
        for sign_type in [SignType::Rsa, SignType::Rsa2] {
            let signer = pair(sign_type);
            add(world, &shop, &signer, None);
            let url = login(&shop).signed_by(&signer).url();
            let back = sign_in(world, &mut Browser::default(), &url, &zhang.email);
            assert!(returned(&back.at, &own(world, sign_type), Charset::Utf8).buyer().is_some());
        }
    });
}

#[test]
fn the_id_of_a_login_holds_for_one_question_within_one_minute() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let other = world.merchant("other@shop.example", json!({}));
        let mut browser = Browser::default();
        let back = sign_in(world, &mut browser, &login(&shop).url(), &zhang.email);
        let id = returned_to(&shop, &back).notify_id.to_string();
        assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(verify(world, &other, &id), "false", "it was not told to this partner");
        assert_eq!(verify(world, &shop, &id), "true");
        assert_eq!(
            verify(world, &shop, &id),
            "false",
            "used up: a link that somebody has seen is worth nothing"
        );
        let back = browser.open(world, &login(&shop).url());
        let id = returned_to(&shop, &back).notify_id.to_string();
        world.later(minutes(1) + std::time::Duration::from_secs(1));
        assert_eq!(verify(world, &shop, &id), "false", "replayed after a minute");
        assert_eq!(verify(world, &shop, &format!("q{}", "0".repeat(42))), "false");
    });
}

#[test]
fn a_request_that_is_not_as_it_should_be_is_a_debugging_error() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let poor = world.merchant("poor@shop.example", json!({ "services": ["create_direct_pay_by_user"] }));
        let careful = world.merchant("careful@shop.example", json!({ "anti_phishing": true }));
        let good = login(&shop);
        for (code, url) in [
            ("ILLEGAL_TARGET_SERVICE", good.clone().without("target_service").url()),
            ("ILLEGAL_TARGET_SERVICE", good.clone().with("target_service", "user.auth.login").url()),
            ("ILLEGAL_ARGUMENT", good.clone().without("return_url").url()),
            ("ILLEGAL_ARGUMENT", good.clone().with("return_url", "javascript:alert(1)").url()),
            ("ILLEGAL_SIGN", good.clone().keyed("0123456789abcdef0123456789abcdef").url()),
            ("ILLEGAL_SIGN", good.signed_then("return_url", "http://evil.example/")),
            ("ILLEGAL_SIGN_TYPE", good.unsigned_url()),
            ("ILLEGAL_PARTNER", good.clone().with("partner", "2088999999999999").url()),
            ("HAS_NO_PRIVILEGE", login(&poor).url()),
            ("ILLEGAL_ANTI_PHISHING_KEY", login(&careful).url()),
            ("ILLEGAL_ANTI_PHISHING_KEY", good.clone().with("anti_phishing_key", "invented").url()),
            ("ILLEGAL_EXTER_INVOKE_IP", good.clone().with("exter_invoke_ip", "1234567890123456").url()),
        ] {
            let page = Browser::default().open(world, &url);
            assert_eq!(page.code(), code, "{url}");
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM handover"), 0);
    });
}

#[test]
fn a_buyer_who_declines_tells_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).url());
        let declined = browser.send(world, &page.form("/decline"));
        assert!(declined.shows("商户没有得知任何信息"));
        assert_eq!(declined.link("http"), "http://shop.example", "the site, which takes nobody for a login");
        assert_eq!(browser.open(world, &page.at).status, StatusCode::GONE);
        // The same after the sign-in.
        let page = browser.open(world, &login(&shop).url());
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let page = browser.send(world, &form);
        let declined = browser.send(world, &page.form("/consent").by_button_to("decline"));
        assert!(declined.shows("商户没有得知任何信息"));
        assert_eq!(world.count("SELECT COUNT(*) FROM token"), 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM consent"), 0);
    });
}

#[test]
fn the_page_of_a_login_serves_the_browser_that_came_with_it_and_for_half_an_hour() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).url());
        let stranger = Browser::default().open(world, &page.at);
        assert_eq!((stranger.status, stranger.code().as_str()), (StatusCode::GONE, "SESSION_TIMEOUT"));
        // A form of somebody else's making is not ours.
        let forged = page.form("/sign-in").with("csrf", "x").with("account", &zhang.email);
        assert_eq!(browser.send(world, &forged).status, StatusCode::FORBIDDEN);
        assert!(browser.open(world, &page.at).has_form("/sign-in"));
        // Another account than the one that is signed in.
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let asked = browser.send(world, &form);
        let again = browser.send(world, &asked.form("/other"));
        assert!(again.has_form("/sign-in"));
        world.later(minutes(31));
        assert_eq!(browser.open(world, &page.at).status, StatusCode::GONE);
        assert_eq!(browser.open(world, "/handover/nothing").status, StatusCode::GONE);
        assert_eq!(browser.open(world, &format!("{}/consent", page.at)).status, StatusCode::GONE);
    });
}

#[test]
fn a_login_state_that_ends_on_the_consent_page_asks_for_the_sign_in_again() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &login(&shop).url());
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let page = browser.send(world, &form);
        world.later(minutes(11));
        let page = browser.send(world, &page.form("/consent"));
        assert!(page.has_form("/sign-in"));
        assert_eq!(world.count("SELECT COUNT(*) FROM consent"), 0);
    });
}

#[test]
fn a_valid_token_saves_the_sign_in_at_the_cashier() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let token = token_of(world, &shop, &zhang.email);
        for (number, call) in [
            Call::direct(&shop, "t1", "1.00"),
            Call::escrow(&shop, "t2", "1.00").addressed(),
            Call::dual(&shop, "t3", "1.00").addressed(),
        ]
        .into_iter()
        .enumerate()
        {
            let mut browser = Browser::default();
            let page = browser.open(world, &call.with("token", &token).url());
            let form = page.form("/member");
            assert!(!form.fields.contains_key("login_password") && page.shows(&zhang.email), "{number}");
            let pay = browser.send(world, &form);
            let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
            let paid = browser.send(world, &form);
            assert!(paid.at.ends_with("/paid"), "{}", paid.html);
            // It signs in for this trade and nothing else.
            assert!(browser.open(world, "/desk").has_form("/desk/sign-in"));
            let elsewhere = browser.open(world, &Call::direct(&shop, &format!("u{number}"), "1.00").url());
            assert!(elsewhere.form("/member").fields.contains_key("login_password"));
        }
        world.acknowledge_all();
    });
}

#[test]
fn a_token_that_does_not_hold_shows_the_sign_in_and_is_no_error() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let other = world.merchant("other@shop.example", json!({}));
        let foreign = token_of(world, &other, &zhang.email);
        let expired = token_of(world, &shop, &zhang.email);
        world.later(minutes(29));
        let page =
            Browser::default().open(world, &Call::direct(&shop, "x0", "1.00").with("token", &expired).url());
        assert!(!page.form("/member").fields.contains_key("login_password"), "29 minutes are fewer than 30");
        world.later(minutes(2));
        let fresh = token_of(world, &shop, &zhang.email);
        let unknown = format!("20120229{}", "0".repeat(32));
        for (number, token) in [&expired, &foreign, &unknown, "x"].into_iter().enumerate() {
            let call = Call::direct(&shop, &format!("x1{number}"), "1.00").with("token", token);
            let page = Browser::default().open(world, &call.url());
            assert!(page.form("/member").fields.contains_key("login_password"), "{number}");
        }
        // The same order again with a fresh token: it is the token of this call that counts.
        let again = Call::direct(&shop, "x10", "1.00").with("token", &fresh);
        let page = Browser::default().open(world, &again.url());
        assert!(!page.form("/member").fields.contains_key("login_password"));
        for call in [Call::direct(&shop, "x2", "1.00"), Call::escrow(&shop, "x2", "1.00")] {
            let page = Browser::default().open(world, &call.with("token", &"0".repeat(41)).url());
            assert_eq!(page.code(), "TOKEN_LEN_TOO_LONG");
        }
    });
}

#[test]
fn a_token_that_ends_in_the_middle_of_a_purchase_loses_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let token = token_of(world, &shop, &zhang.email);
        let call = Call::direct(&shop, "m1", "1.00").with("token", &token);
        let mut browser = Browser::default();
        let page = browser.open(world, &call.url());
        world.later(minutes(31));
        // Neither token nor login state is left: the same page asks for the password.
        let page = browser.send(world, &page.form("/member"));
        assert!(page.says("sign_in_empty"), "{}", page.html);
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        assert!(browser.send(world, &form).at.ends_with("/paid"));
        world.acknowledge_all();
    });
}

#[test]
fn the_login_state_is_looked_at_before_the_token() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let token = token_of(world, &shop, &zhang.email);
        let mut browser = Browser::default();
        sign_in(world, &mut browser, &login(&shop).url(), &li.email);
        let page = browser.open(world, &Call::direct(&shop, "s1", "1.00").with("token", &token).url());
        assert!(page.shows(&li.email) && !page.shows(&zhang.email));
        assert!(browser.open(world, "/desk").shows(&li.email), "the login state is as it was");
        // A token of somebody else than the buyer whom the order names signs nobody in.
        let named = Call::direct(&shop, "s2", "1.00").with("buyer_email", &li.email).with("token", &token);
        let page = Browser::default().open(world, &named.url());
        assert!(page.form("/member").fields.contains_key("login_password"));
    });
}

#[test]
fn a_token_and_a_login_state_live_as_long_as_they_are_set_to() {
    on_both_databases_with(
        |config| config.token = minutes(5),
        |world| {
            let (shop, zhang) = (world.shop.clone(), world.zhang());
            let token = token_of(world, &shop, &zhang.email);
            world.later(minutes(6));
            let call = Call::direct(&shop, "l1", "1.00").with("token", &token);
            let page = Browser::default().open(world, &call.url());
            assert!(page.form("/member").fields.contains_key("login_password"));
        },
    );
}

#[test]
fn nobody_comes_to_a_merchant_as_a_frozen_account() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let token = token_of(world, &shop, &zhang.email);
        let mut browser = Browser::default();
        let consent = browser.open(world, &login(&shop).url());
        let freeze = |world: &mut World, is_frozen: bool| {
            let body = json!({ "is_frozen": is_frozen });
            world.done(Method::POST, &format!("/users/{}", zhang.user_id), &body)
        };
        freeze(world, true);
        let form = consent.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        let page = browser.send(world, &form);
        assert!(page.says("account_status") && page.has_form("/sign-in"), "{}", page.html);
        assert_eq!(page.code(), "alipayuser_status_error");
        let page = browser.send(world, &page.form("/sign-in").by_button_to("consent"));
        assert!(page.says("account_status"));
        let body = json!({ "url": login(&shop).url(), "user": zhang.email });
        let answer = world.done(Method::POST, "/login", &body);
        assert_eq!(answer["error_code"], "alipayuser_status_error");
        let click =
            json!({ "partner": shop.partner, "target_url": "http://shop.example/", "user": zhang.email });
        assert_eq!(world.done(Method::POST, "/etao", &click)["error_code"], "alipayuser_status_error");
        let page = browser.open(world, "/etao");
        assert!(browser.send(world, &page.form("/etao").with("visitor", "platform")).says("account_status"));
        freeze(world, false);
        let back = browser.open(world, &consent.at);
        assert!(returned_to(&shop, &back).buyer().is_some(), "and what was agreed to before still is");
        assert!(!token.is_empty());
    });
}
