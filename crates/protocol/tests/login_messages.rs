//! Quick login, its return, and the address that a buyer brings: requests, messages, and what is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::address_post::{AddressError, AddressPost, NoAddress, ReceiveAddress};
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode::{self, *};
use danbao_protocol::ids::{NotifyId, PartnerId, Token, UserId};
use danbao_protocol::login_return::{Arrival, Buyer, Grade, LoginReturn, NoLogin};
use danbao_protocol::params::Params;
use danbao_protocol::reported::{MissingField, Reported};
use danbao_protocol::service::BuildError;
use danbao_protocol::service::address_query::AddressQuery;
use danbao_protocol::service::authorize::Authorize;
use danbao_protocol::sign::{SignType, Signer, md5};
use danbao_protocol::status::{UserGrade, UserGradeType};
use proptest::prelude::*;
use serde_json::Value;

const TOKEN: &str = "20120229fedcba9876543210fedcba9876543210";

/// The unsigned parameters and the signature of the vector whose name begins like this.
fn vector(number: &str) -> (Params, String) {
    let file: Value = serde_json::from_str(include_str!("sign-vectors.json")).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let vector = vectors.iter().find(|v| v["name"].as_str().unwrap().starts_with(number)).unwrap();
    let mut params = Params::new();
    for (name, value) in vector["params"].as_object().unwrap() {
        params.push_text(name, value.as_str().unwrap(), Charset::Utf8).unwrap();
    }
    params.sort();
    let signer = Signer::Md5(danbao_protocol::sign::Md5Key::new(vector["key"].as_str().unwrap()));
    assert_eq!(signer.sign(&params).unwrap(), vector["md5"].as_str().unwrap());
    (params, vector["md5"].as_str().unwrap().to_owned())
}

fn signed_with_the_vectors_key(params: &Params) -> String {
    md5::sign(params, &danbao_protocol::sign::Md5Key::new("00112233445566778899aabbccddeeff"))
}

fn notify_id() -> NotifyId {
    NotifyId::new("RqPnCoPT3K9%2Fvwbh3I%2BFexampleexampleexampleexampleexample00")
}

fn buyer() -> Buyer {
    Buyer {
        user_id: UserId::new("2088000000000002"),
        token: Token::new(TOKEN),
        real_name: Some("张三".to_owned()),
        email: None,
        grade: Some(Grade {
            user_grade: Reported::Known(UserGrade::Normal),
            user_grade_type: Some(Reported::Known(UserGradeType::NotActivated)),
            gmt_decay: None,
        }),
    }
}

fn login_return(arrival: Arrival) -> LoginReturn {
    LoginReturn { notify_id: notify_id(), arrival }
}

fn address() -> ReceiveAddress {
    ReceiveAddress {
        prov: "上海".to_owned(),
        city: "上海".to_owned(),
        area: "普陀区".to_owned(),
        address_code: "310107".to_owned(),
        address: "某路100号 & 2单元".to_owned(),
        fullname: "张三".to_owned(),
        mobile_phone: "13800000000".to_owned(),
        phone: String::new(),
        post: "200062".to_owned(),
    }
}

fn address_post(receive_address: ReceiveAddress) -> AddressPost {
    AddressPost { notify_id: notify_id(), user_id: UserId::new("2088000000000002"), receive_address }
}

fn params(query: &str) -> Params {
    Params::parse_urlencoded(query.as_bytes()).unwrap()
}

#[test]
fn the_return_of_a_buyer_from_etao_is_the_one_of_the_vector() {
    let target_url = "http://shop.example/goods.php?id=7&from=etao&kw=%E4%B9%A6".to_owned();
    let (expected, md5) = vector("14-");
    let etao = login_return(Arrival::Etao { buyer: buyer(), target_url });
    let built = etao.build(Charset::Utf8).unwrap();
    assert_eq!(built, expected);
    assert_eq!(signed_with_the_vectors_key(&built), md5);
    assert_eq!(LoginReturn::read(&expected.decode(Charset::Utf8).unwrap()), Ok(etao));
}

#[test]
fn an_unknown_buyer_from_etao_brings_an_address_and_nothing_else() {
    let unknown = login_return(Arrival::EtaoUnknown { target_url: "http://shop.example/goods/7".to_owned() });
    let built = unknown.build(Charset::Gbk).unwrap();
    let names: Vec<&[u8]> = built.iter().map(|(name, _)| name).collect();
    assert_eq!(names, [b"is_success".as_slice(), b"notify_id", b"target_url"]);
    assert_eq!(unknown.buyer(), None);
    assert_eq!(LoginReturn::read(&built.decode(Charset::Gbk).unwrap()), Ok(unknown));
}

#[test]
fn a_quick_login_has_no_target_and_leaves_out_what_is_not_permitted() {
    let bare = Buyer { grade: None, ..buyer() };
    let login = login_return(Arrival::QuickLogin(bare));
    for charset in [Charset::Gbk, Charset::Utf8] {
        let built = login.build(charset).unwrap();
        for absent in ["target_url", "email", "user_grade", "user_grade_type", "gmt_decay"] {
            assert_eq!(built.get(absent), None, "{absent}");
        }
        assert_eq!(LoginReturn::read(&built.decode(charset).unwrap()), Ok(login.clone()));
    }
}

#[test]
fn a_grade_that_nobody_knows_is_kept_as_it_was_written() {
    let mut built = login_return(Arrival::QuickLogin(buyer())).build(Charset::Utf8).unwrap();
    built.remove("user_grade");
    built.push("user_grade", b"EMPEROR");
    let read = LoginReturn::read(&built.decode(Charset::Utf8).unwrap()).unwrap();
    let grade = read.buyer().unwrap().grade.clone().unwrap();
    assert_eq!(grade.user_grade, Reported::Unknown("EMPEROR".to_owned()));
    assert_eq!(read.build(Charset::Utf8).unwrap(), {
        built.sort();
        built
    });
}

#[test]
fn a_login_that_failed_or_lacks_its_buyer_is_no_login() {
    let read = |query: &str| LoginReturn::read(&params(query).decode(Charset::Utf8).unwrap());
    let refused = |error: Option<&str>| Err(NoLogin::Refused { error: error.map(str::to_owned) });
    assert_eq!(read("is_success=F&error=alipayuser_status_error"), refused(Some("alipayuser_status_error")));
    assert_eq!(read("is_success=F&user_id=2088000000000002"), refused(None));
    let user = "user_id=2088000000000002";
    let long = format!("is_success=T&notify_id=n&{user}&token={TOKEN}0");
    for (query, field) in [
        ("", MissingField::Absent("is_success")),
        ("is_success=true", MissingField::Malformed("is_success")),
        ("is_success=T", MissingField::Absent("notify_id")),
        ("is_success=T&notify_id=n", MissingField::Absent("user_id")),
        ("is_success=T&notify_id=n&token=t", MissingField::Absent("user_id")),
        ("is_success=T&notify_id=n&target_url=u&token=t", MissingField::Absent("user_id")),
        ("is_success=T&notify_id=n&user_id=1&token=t", MissingField::Malformed("user_id")),
        (&format!("is_success=T&notify_id=n&{user}"), MissingField::Absent("token")),
        (&long, MissingField::Malformed("token")),
    ] {
        assert_eq!(read(query), Err(NoLogin::Field(field)), "{query}");
    }
}

#[test]
fn the_post_of_an_address_is_the_one_of_the_vector() {
    let (expected, md5) = vector("15-");
    let built = address_post(address()).build(Charset::Utf8).unwrap();
    assert_eq!(built, expected);
    assert_eq!(signed_with_the_vectors_key(&built), md5);
    let read = AddressPost::read(&expected.decode(Charset::Utf8).unwrap());
    assert_eq!(read, Ok(address_post(address())));
}

#[test]
fn an_address_says_its_charset_and_may_hold_what_the_charset_cannot_write() {
    let rare = ReceiveAddress { fullname: "𠮷田\u{E78D} <b>&\"'</b>".to_owned(), ..address() };
    let xml = rare.to_xml(Charset::Gbk);
    assert!(xml.starts_with(r#"<?xml version="1.0" encoding="GBK"?>"#), "{xml}");
    assert!(xml.contains("&#134071;田&#59277; &lt;b&gt;&amp;"), "{xml}");
    assert!(rare.to_xml(Charset::Utf8).contains("𠮷田"));
    let post = address_post(rare);
    let built = post.build(Charset::Gbk).unwrap();
    assert_eq!(AddressPost::read(&built.decode(Charset::Gbk).unwrap()), Ok(post));
}

#[test]
fn an_address_may_lack_parts_and_have_others() {
    let read = ReceiveAddress::read(
        "\u{FEFF}<?xml version='1.0'?>\n<receiveAddress>\n <prov>浙江</prov><!-- --><phone/><town>x</town>\
         <area><![CDATA[<余杭区>]]></area></receiveAddress>\n",
    );
    let expected =
        ReceiveAddress {
            prov: "浙江".to_owned(), area: "<余杭区>".to_owned(), ..ReceiveAddress::default()
        };
    assert_eq!(read, Ok(expected));
}

#[test]
fn a_document_with_a_type_entities_depth_or_size_of_its_own_is_refused() {
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><receiveAddress><prov>&b;</prov></receiveAddress>";
    let of = |inner: &str| format!("<receiveAddress>{inner}</receiveAddress>");
    let table = [
        (bomb.to_owned(), AddressError::DocumentType),
        (
            "<!DOCTYPE receiveAddress SYSTEM \"file:///etc/passwd\"><receiveAddress/>".to_owned(),
            AddressError::DocumentType,
        ),
        (of("<prov>&b;</prov>"), AddressError::Entity),
        (of("<prov><prov></prov></prov>"), AddressError::TooLarge),
        (of(&(0..64).map(|n| format!("<x{n}/>")).collect::<String>()), AddressError::TooLarge),
        (of(&format!("<prov>{}</prov>", "a".repeat(16 * 1024))), AddressError::TooLarge),
        (of("<prov>a</prov><prov>b</prov>"), AddressError::Twice("prov".to_owned())),
        (String::new(), AddressError::Foreign),
        ("13800000000".to_owned(), AddressError::Malformed("text between the parts".to_owned())),
        ("<address/>".to_owned(), AddressError::Foreign),
        ("<receiveAddress/><receiveAddress/>".to_owned(), AddressError::Foreign),
    ];
    for (xml, refusal) in table {
        assert_eq!(ReceiveAddress::read(&xml), Err(refusal), "{xml:.80}");
    }
    for broken in [
        "<receiveAddress>",
        "<receiveAddress></receiveaddress>",
        "<receiveAddress><prov>&#0;</prov></receiveAddress>",
        "<receiveAddress><prov>&#1;</prov></receiveAddress>",
        "<receiveAddress><prov>\u{1}</prov></receiveAddress>",
        "<receiveAddress><prov>&#xD800;</prov></receiveAddress>",
        "<receiveAddress><prov>a & b</prov></receiveAddress>",
        "</receiveAddress>",
    ] {
        let refusal = ReceiveAddress::read(broken);
        assert!(
            matches!(refusal, Err(AddressError::Malformed(_) | AddressError::Entity)),
            "{broken} {refusal:?}"
        );
    }
}

#[test]
fn a_post_without_its_fields_brings_no_address() {
    let good = address_post(address()).build(Charset::Utf8).unwrap();
    let read = |params: &Params| AddressPost::read(&params.decode(Charset::Utf8).unwrap());
    for name in ["is_success", "notify_id", "user_id", "receive_address"] {
        let mut without = good.clone();
        without.remove(name);
        assert_eq!(read(&without), Err(NoAddress::Field(MissingField::Absent(name))));
    }
    for (name, value) in [("is_success", "F"), ("user_id", "1")] {
        let mut changed = good.clone();
        changed.remove(name);
        changed.push(name, value.as_bytes());
        assert_eq!(read(&changed), Err(NoAddress::Field(MissingField::Malformed(name))));
    }
    let mut foreign = good;
    foreign.remove("receive_address");
    foreign.push("receive_address", b"<html/>");
    assert_eq!(read(&foreign), Err(NoAddress::Document(AddressError::Foreign)));
}

#[test]
fn a_login_is_asked_for_with_its_target_service_and_a_way_back() {
    let good =
        "partner=2088000000000001&target_service=user.auth.quick.login&return_url=http://shop.example/r";
    let table: &[(&str, Result<(), ErrorCode>)] = &[
        ("", Ok(())),
        ("&email=a@b.example&anti_phishing_key=k&exter_invoke_ip=1.2.3.4", Ok(())),
        ("&exter_invoke_ip=&anti_phishing_key=", Ok(())),
        ("&exter_invoke_ip=1234567890123456", Err(IllegalExterInvokeIp)),
        ("&email=%00", Err(IllegalArgument)),
        ("&email=%FF", Err(IllegalCharset)),
    ];
    for (more, verdict) in table {
        let request = Authorize::parse(&params(&format!("{good}{more}&sign_type=RSA")), Charset::Gbk);
        assert_eq!(request.as_ref().map(|_| ()).map_err(|code| *code), *verdict, "{more}");
        if let Ok(request) = request {
            assert_eq!(request.sign_type, SignType::Rsa);
            let again = Authorize::parse(&request.to_params().unwrap(), Charset::Gbk).unwrap();
            assert_eq!(Authorize { sign_type: SignType::Rsa, ..again }, request);
        }
    }
    for (from, to, code) in [
        ("&target_service=user.auth.quick.login", "", IllegalTargetService),
        ("user.auth.quick.login", "user.auth.login", IllegalTargetService),
        ("&return_url=http://shop.example/r", "", IllegalArgument),
        ("http://shop.example/r", "//shop.example/r", IllegalArgument),
        ("http://shop.example/r", "javascript:alert(1)", IllegalArgument),
        ("2088000000000001", "1", IllegalPartner),
    ] {
        assert_eq!(Authorize::parse(&params(&good.replace(from, to)), Charset::Gbk), Err(code), "{to}");
    }
    let nowhere = Authorize::parse(&params(good), Charset::Utf8).unwrap();
    let nowhere = Authorize { return_url: "shop".to_owned(), ..nowhere };
    assert_eq!(nowhere.to_params(), Err(BuildError::Refused(IllegalArgument)));
}

#[test]
fn an_address_is_asked_for_with_a_token_or_without_one() {
    let good = "partner=2088000000000001&return_url=https://shop.example/a";
    let parse = |more: &str| AddressQuery::parse(&params(&format!("{good}{more}")), Charset::Utf8);
    for more in ["", "&token=", &format!("&token={TOKEN}"), "&token=some-other-form"] {
        let query = parse(more).unwrap();
        assert_eq!(AddressQuery::parse(&query.to_params().unwrap(), Charset::Utf8), Ok(query));
    }
    assert_eq!(parse("").unwrap().token, None);
    assert_eq!(parse("").unwrap().partner, PartnerId::new("2088000000000001"));
    assert_eq!(parse(&format!("&token={TOKEN}0")), Err(TokenLenTooLong));
    assert_eq!(parse("&token=%00"), Err(IllegalArgument));
    let no_return = AddressQuery::parse(&params("partner=2088000000000001"), Charset::Utf8);
    assert_eq!(no_return, Err(IllegalArgument));
}

proptest! {
    /// Whatever stands in an address comes out again on the other side, in either charset.
    #[test]
    fn every_text_that_xml_can_hold_survives_the_way(parts in proptest::array::uniform9("[^\\p{Cc}\u{FFFE}\u{FFFF}]{0,40}")) {
        let [prov, city, area, address_code, address, fullname, mobile_phone, phone, post] = parts;
        let address =
            ReceiveAddress { prov, city, area, address_code, address, fullname, mobile_phone, phone, post };
        for charset in [Charset::Gbk, Charset::Utf8] {
            let built = address_post(address.clone()).build(charset).unwrap();
            let read = AddressPost::read(&built.decode(charset).unwrap());
            prop_assert_eq!(&read.unwrap().receive_address, &address);
        }
    }

    /// No text makes the reader panic.
    #[test]
    fn any_text_is_read_or_refused(text in "(<[/!?]?|&#?x?|;|>|receiveAddress|prov|[\\PC\\p{Cc}]){0,60}") {
        let _ = ReceiveAddress::read(&text);
        let _ = ReceiveAddress::read(&format!("<receiveAddress><prov>{text}</prov></receiveAddress>"));
    }
}
