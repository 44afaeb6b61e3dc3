//! 物流地址查询: the buyer chooses an address, and its browser brings it to the merchant.

use danbao_protocol::address_post::{AddressPost, ReceiveAddress};
use danbao_protocol::charset::Charset;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Leniency, SignType, Verifier};
use http::StatusCode;
use serde_json::json;

use super::browser::{Browser, Page};
use super::keys::{add, own, pair};
use super::login::{login, token_of};
use super::order::Call;
use super::world::{Merchant, World, minutes, on_both_databases};

const ADDRESS_RETURN: &str = "http://shop.example/address?own=1";

/// A request for an address.
pub(crate) fn query(merchant: &Merchant) -> Call {
    Call::new(merchant, "user.logistics.address.query").with("return_url", ADDRESS_RETURN)
}

/// What a browser would POST for the form on the page: its fields in the form's charset.
fn posted(page: &Page, verifier: &Verifier, charset: Charset) -> (Params, AddressPost) {
    let form = page.form_with("receive_address");
    assert_eq!(form.action, ADDRESS_RETURN);
    let label = format!("accept-charset=\"{}\"", charset.label());
    assert!(page.html.contains(&label), "{}", page.html);
    assert!(!form.fields.contains_key("csrf"), "our secret is none of the merchant's business");
    let mut params = Params::new();
    for (name, value) in &form.fields {
        params.push_text(name, value, charset).expect("the browser can write it");
    }
    let params = Params::parse_urlencoded(params.to_urlencoded().as_bytes()).unwrap();
    sign::verify(&params, verifier, &Leniency::STRICT).expect("the gateway signed what it says");
    let said = AddressPost::read(&params.decode(charset).unwrap()).unwrap();
    (params, said)
}

fn posted_to(merchant: &Merchant, page: &Page) -> AddressPost {
    posted(page, &Verifier::Md5(merchant.key.clone()), Charset::Utf8).1
}

fn with_token(world: &mut World, merchant: &Merchant, account: &str) -> Call {
    let token = token_of(world, merchant, account);
    query(merchant).with("token", &token)
}

#[test]
fn a_buyer_with_a_token_chooses_an_address_and_brings_it() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let url = with_token(world, &shop, &zhang.email).url();
        let page = browser.open(world, &url);
        assert!(
            page.shows("竹里小铺 想知道您的收货地址") && page.shows("上海 普陀区 某路100号"),
            "{}",
            page.html
        );
        let page = browser.send(world, &page.form("/choose"));
        let post = posted_to(&shop, &page);
        assert_eq!(post.user_id.as_str(), zhang.user_id);
        let expected = ReceiveAddress {
            prov: "上海".to_owned(),
            city: "上海".to_owned(),
            area: "普陀区".to_owned(),
            address_code: "310107".to_owned(),
            address: "某路100号".to_owned(),
            fullname: "张三".to_owned(),
            mobile_phone: "13900000000".to_owned(),
            phone: String::new(),
            post: "200062".to_owned(),
        };
        assert_eq!(post.receive_address, expected);
        // The id holds once; the page goes back before its minute is over.
        assert!(page.html.contains("http-equiv=\"refresh\" content=\"50;url="));
        let question = format!(
            "/gateway.do?service=notify_verify&partner={}&notify_id={}",
            shop.partner, post.notify_id
        );
        assert_eq!(world.get_text(&question), "true");
        assert_eq!(world.get_text(&question), "false");
        // The token opens this book on this way alone.
        assert!(browser.open(world, "/desk/addresses").has_form("/desk/sign-in"));
    });
}

#[test]
fn without_a_token_that_holds_the_sign_in_comes_first() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let other = world.merchant("other@shop.example", json!({}));
        let foreign = token_of(world, &other, &zhang.email);
        let expired = token_of(world, &shop, &zhang.email);
        world.later(minutes(31));
        for token in ["", &foreign, &expired, "x"] {
            let mut browser = Browser::default();
            let page = browser.open(world, &query(&shop).with("token", token).url());
            assert!(page.shows("登录后为 竹里小铺 选择收货地址"), "{token}");
            let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
            let page = browser.send(world, &form);
            assert!(page.has_form("/choose") && page.has_form("/other"));
            assert_eq!(
                posted_to(&shop, &browser.send(world, &page.form("/choose"))).user_id.as_str(),
                zhang.user_id
            );
            // And the login state saves it the next time.
            assert!(browser.open(world, &query(&shop).url()).has_form("/choose"));
        }
    });
}

#[test]
fn a_token_that_ends_while_the_buyer_is_choosing_asks_for_the_sign_in_and_keeps_what_was_saved() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let token = token_of(world, &shop, &zhang.email);
        world.later(minutes(20));
        let mut browser = Browser::default();
        let page = browser.open(world, &query(&shop).with("token", &token).url());
        let entry = browser.open(world, &format!("{}/entry", page.at));
        let form = entry
            .form("/entry")
            .with("region_1", "110000")
            .with("region_3", "110108")
            .with("receive_address", "某村2号")
            .with("receive_name", "张三")
            .with("receive_mobile", "13900000001");
        let page = browser.send(world, &form);
        assert!(page.shows("北京 海淀区 某村2号"));
        world.later(minutes(11));
        let page = browser.send(world, &page.form("/choose"));
        assert!(page.has_form("/sign-in"), "{}", page.html);
        let form = page.form("/sign-in").with("account", &zhang.email).with("login_password", "login123");
        assert!(browser.send(world, &form).shows("北京 海淀区 某村2号"));
    });
}

#[test]
fn an_address_is_added_changed_and_completed_on_the_way() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        world.member("new@x.example", "10.00");
        let mut browser = Browser::default();
        let url = with_token(world, &shop, "new@x.example").url();
        let page = browser.open(world, &url);
        let handover =
            page.at.strip_suffix("/entry").expect("an empty book begins with its first entry").to_owned();
        let form = page.form("/entry");
        assert!(form.fields.contains_key("region_1") && !form.fields.contains_key("region_2"));
        // Level by level: what is asked for is no error.
        let page = browser.send(world, &form.with("region_1", "330000").with("list", "1"));
        assert!(!page.says("region_incomplete") && page.shows("杭州市"));
        let page = browser.send(world, &page.form("/entry").with("region_2", "330100"));
        assert!(page.says("region_incomplete") && page.shows("西湖区"));
        let form = page.form("/entry").with("region_3", "330106").with("receive_address", "某路1号");
        assert!(browser.send(world, &form).says("address_incomplete"));
        let form = form.with("receive_name", "新人").with("receive_phone", "0571-1");
        let page = browser.send(world, &form);
        assert!(page.shows("浙江省 杭州市 西湖区 某路1号"));
        let edit = page.link(&format!("{handover}/entry?edit="));
        let page = browser.open(world, &edit);
        let page = browser.send(world, &page.form("/entry").with("receive_name", "新人二"));
        let page = browser.send(world, &page.form("/choose"));
        assert_eq!(posted_to(&shop, &page).receive_address.fullname, "新人二");

        // An address of one line, as the cashier keeps it, is completed before a merchant is told it.
        let sql = "UPDATE address SET area_code = '', address = $1 WHERE name = $2";
        world.vandalize(sql, &["浙江省 杭州市 某路1号".into(), "新人二".into()]);
        let page = browser.open(world, &handover);
        assert!(page.shows("还没有所在地区"));
        let page = browser.send(world, &page.form("/choose"));
        assert!(
            page.says("region_incomplete")
                && page.form("/entry").fields["receive_address"].contains("某路1号")
        );
    });
}

#[test]
fn nothing_but_an_own_address_can_be_chosen_or_changed() {
    on_both_databases(|world| {
        let (shop, zhang, li) = (world.shop.clone(), world.zhang(), world.li());
        let mut browser = Browser::default();
        let url = with_token(world, &shop, &zhang.email).url();
        let page = browser.open(world, &url);
        let choose = page.form("/choose");
        let ids = world.texts("SELECT CAST(address_id AS TEXT) FROM address ORDER BY address_id");
        let theirs = ids.iter().find(|id| **id != choose.fields["address"]).unwrap().clone();
        for address in [theirs.as_str(), "", "x", "-1", "99999999999999999999"] {
            let page = browser.send(world, &choose.clone().with("address", address));
            assert!(page.says("address_not_chosen"), "{address}");
        }
        let entry = browser.open(world, &format!("{}/entry?edit={theirs}", page.at));
        assert!(!entry.form("/entry").fields.contains_key("id"), "another's address is not there");
        let form = entry
            .form("/entry")
            .with("id", &theirs)
            .with("region_1", "310000")
            .with("region_3", "310107")
            .with("receive_name", "强盗")
            .with("receive_address", "x")
            .with("receive_mobile", "1");
        browser.send(world, &form);
        let sql = format!("SELECT name FROM address WHERE address_id = {theirs}");
        assert_eq!(world.texts(&sql), ["李四"], "{}", li.email);
        // A forged form, and somebody else's browser.
        assert_eq!(browser.send(world, &choose.clone().with("csrf", "x")).status, StatusCode::FORBIDDEN);
        assert_eq!(Browser::default().open(world, &page.at).code(), "SESSION_TIMEOUT");
        assert_eq!(Browser::default().send(world, &choose).code(), "SESSION_TIMEOUT");
        // The way to an address does not give a login, nor the other way round.
        let consent = choose.by_button_to("consent");
        let page = browser.send(world, &consent);
        assert!(page.has_form("/choose"));
        let page = browser.open(world, &login(&shop).url());
        let sneaky = page.form("/sign-in").by_button_to("choose").with("address", "1");
        assert_eq!(browser.send(world, &sneaky).status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn an_address_is_written_in_the_charset_of_the_request_whatever_is_in_it() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let hostile = "</receiveAddress><!DOCTYPE x>&amp;&#0;\"'𠮷\r\n路\u{e78d}";
        world.vandalize("UPDATE address SET address = $1 WHERE name = $2", &[hostile.into(), "张三".into()]);
        let mut browser = Browser::default();
        let call = with_token(world, &shop, &zhang.email);
        for (call, charset) in [(call.clone().in_gbk(), Charset::Gbk), (call, Charset::Utf8)] {
            let page = browser.open(world, &call.url());
            let page = browser.send(world, &page.form("/choose"));
            let (params, post) = posted(&page, &Verifier::Md5(shop.key.clone()), charset);
            let written = params.get_text("receive_address", charset).unwrap().unwrap();
            assert_eq!(written.contains("encoding=\"GBK\""), charset == Charset::Gbk, "{written}");
            assert_eq!(written.contains("&#134071;"), charset == Charset::Gbk, "{written}");
            assert!(!written.contains(['\r', '\n']), "a browser would change them on the way");
            assert_eq!(
                post.receive_address.address,
                "</receiveAddress><!DOCTYPE x>&amp;&#0;\"'𠮷  路\u{e78d}"
            );
            assert_eq!(post.receive_address.prov, "上海");
        }
    });
}

#[test]
fn the_answer_is_signed_as_the_request_was() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let signer = pair(SignType::Rsa);
        add(world, &shop, &signer, None);
        let url = with_token(world, &shop, &zhang.email).signed_by(&signer).url();
        let mut browser = Browser::default();
        let page = browser.open(world, &url);
        let page = browser.send(world, &page.form("/choose"));
        posted(&page, &own(world, SignType::Rsa), Charset::Utf8);
    });
}

#[test]
fn a_request_that_is_not_as_it_should_be_is_a_debugging_error() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let poor = world.merchant("poor@shop.example", json!({ "services": ["alipay.auth.authorize"] }));
        let good = query(&shop);
        for (code, url) in [
            ("ILLEGAL_ARGUMENT", good.clone().without("return_url").url()),
            ("ILLEGAL_ARGUMENT", good.clone().with("return_url", "/address").url()),
            ("TOKEN_LEN_TOO_LONG", good.clone().with("token", &"0".repeat(41)).url()),
            ("ILLEGAL_SIGN", good.signed_then("token", "0")),
            ("HAS_NO_PRIVILEGE", query(&poor).url()),
        ] {
            assert_eq!(Browser::default().open(world, &url).code(), code, "{url}");
        }
    });
}

#[test]
fn a_buyer_who_does_not_want_to_tells_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let url = with_token(world, &shop, &zhang.email).url();
        let page = browser.open(world, &url);
        let declined = browser.send(world, &page.form("/choose").by_button_to("decline"));
        assert!(declined.shows("商户没有得知任何信息"));
        assert_eq!(browser.open(world, &page.at).status, StatusCode::GONE);
    });
}
