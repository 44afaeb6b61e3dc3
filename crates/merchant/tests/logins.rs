//! Quick login and logistics address from the merchant's side: what is asked, what is believed, what is kept.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::login::DISPLAY_PREFIX;
use danbao_merchant::protocol::address_post::{AddressError, AddressPost, ReceiveAddress};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{NotifyId, OutTradeNo, PartnerId, Token, UserId};
use danbao_merchant::protocol::login_return::{Arrival, Buyer, LoginReturn};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::Response;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::address_query::AddressQuery;
use danbao_merchant::protocol::service::authorize::Authorize;
use danbao_merchant::protocol::service::payment::{Amount, PaymentRequest, PaymentService};
use danbao_merchant::protocol::sign::{Md5Key, Signer, append, md5};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{
    Account, BuyerSession, CameBy, ChosenAddress, Login, PaymentError, Received, Rejected,
};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const TOKEN: &str = "20120229fedcba9876543210fedcba9876543210";
const NOW: Timestamp = Timestamp(1_330_531_199_000);

fn account() -> Account {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://gateway/gateway.do")
        .unwrap()
}

fn buyer(real_name: Option<&str>) -> Buyer {
    Buyer {
        user_id: UserId::new("2088000000000003"),
        token: Token::new(TOKEN),
        real_name: real_name.map(Into::into),
        email: Some("zhang@example.com".into()),
        grade: None,
    }
}

fn signed(mut params: Params, key: &str) -> String {
    append(&mut params, &Signer::Md5(Md5Key::new(key))).unwrap();
    params.to_urlencoded()
}

fn comes(arrival: Arrival) -> Params {
    LoginReturn { notify_id: NotifyId::new("n1"), arrival }.build(Charset::Utf8).unwrap()
}

fn believed(query: &str, word: &'static str) -> Result<Login, Rejected> {
    let signed = Received::page_return(query.as_bytes(), &[])?.check_sign(&account())?;
    signed.hear(&Response::new(Bytes::from_static(word.as_bytes())))?.login(Charset::Utf8)
}

fn posted(body: &str) -> Result<ChosenAddress, Rejected> {
    let form = Some("application/x-www-form-urlencoded");
    let signed = Received::posted_return(form, body.as_bytes())?.check_sign(&account())?;
    signed.hear(&Response::new(Bytes::from_static(b"true")))?.address(Charset::Utf8)
}

fn address_post(xml: &str) -> String {
    let mut params = Params::new();
    for (name, value) in
        [("is_success", "T"), ("notify_id", "n2"), ("receive_address", xml), ("user_id", "2088000000000003")]
    {
        params.push(name, value.as_bytes());
    }
    signed(params, KEY)
}

fn read_back(url: &str) -> Params {
    let (address, query) = url.split_once('?').unwrap();
    assert_eq!(address, "http://gateway/gateway.do");
    let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
    md5::verify(&params, &Md5Key::new(KEY)).unwrap();
    params
}

#[test]
fn the_gateway_reads_both_requests_and_the_address_query_carries_the_token() {
    let request = account().quick_login(Charset::Gbk, "http://shop/login/return");
    let params = read_back(&account().quick_login_url(&request).unwrap());
    assert_eq!(Authorize::parse(&params, Charset::Gbk).unwrap(), request);

    let session = BuyerSession::of(&login(Arrival::QuickLogin(buyer(None))), NOW).unwrap();
    let query = account().address_query(Charset::Utf8, "http://shop/address/return", &session);
    let params = read_back(&account().address_query_url(&query).unwrap());
    assert_eq!(AddressQuery::parse(&params, Charset::Utf8).unwrap().token, Some(Token::new(TOKEN)));

    let mut foreign = request;
    foreign.partner = PartnerId::new("2088000000000009");
    assert_eq!(account().quick_login_url(&foreign), Err(PaymentError::OtherPartner));
    let bad = account().quick_login(Charset::Utf8, "not an address");
    assert!(matches!(account().quick_login_url(&bad), Err(PaymentError::Build(_))));
}

fn login(arrival: Arrival) -> Login {
    believed(&signed(comes(arrival), KEY), "true").unwrap()
}

#[test]
fn the_three_ways_of_coming_are_told_apart() {
    let target_url = "http://shop/goods/tea".to_owned();
    let quick = login(Arrival::QuickLogin(buyer(Some("张三"))));
    assert!(matches!(quick.arrival(), Arrival::QuickLogin(_)) && quick.target_url().is_none());
    let etao = login(Arrival::Etao { buyer: buyer(Some("三儿")), target_url: target_url.clone() });
    assert_eq!(etao.target_url(), Some("http://shop/goods/tea"));
    assert_eq!(BuyerSession::of(&etao, NOW).unwrap().came_by, CameBy::Etao);
    let unknown = login(Arrival::EtaoUnknown { target_url });
    assert_eq!((unknown.buyer(), BuyerSession::of(&unknown, NOW)), (None, None));
}

#[test]
fn a_member_is_the_user_id_and_is_shown_as_prefix_and_real_name() {
    let session = BuyerSession::of(&login(Arrival::QuickLogin(buyer(Some("张三")))), NOW).unwrap();
    assert_eq!(session.user_id.as_str(), "2088000000000003");
    assert_eq!(session.display_name(DISPLAY_PREFIX), "支付宝用户张三");
    assert_eq!(session.display_name("担保用户"), "担保用户张三");
    assert!(!format!("{session:?}").contains("zhang@example.com"));
    assert!(!format!("{session:?}").contains(TOKEN));
    let nameless = BuyerSession::of(&login(Arrival::QuickLogin(buyer(None))), NOW).unwrap();
    assert_eq!(nameless.display_name(DISPLAY_PREFIX), "支付宝用户");
}

fn payment(service: PaymentService) -> PaymentRequest {
    let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
    account().payment(service, Charset::Utf8, OutTradeNo::new("A-1"), "书签", amount)
}

#[test]
fn every_payment_of_a_member_carries_the_token_and_direct_pay_from_etao_the_items() {
    let target_url = "http://shop/".to_owned();
    let quick = BuyerSession::of(&login(Arrival::QuickLogin(buyer(None))), NOW).unwrap();
    let etao = BuyerSession::of(&login(Arrival::Etao { buyer: buyer(None), target_url }), NOW).unwrap();
    for service in PaymentService::ALL {
        for session in [&quick, &etao] {
            let mut request = payment(*service);
            session.equip(&mut request, || "bookmark^1".into());
            assert_eq!(request.token, Some(Token::new(TOKEN)));
            let has_items = request.direct.item_orders_info.is_some();
            assert_eq!(has_items, session.came_by == CameBy::Etao && service.is_direct());
        }
    }
}

#[test]
fn a_forged_expired_or_foreign_login_is_nobody() {
    let params = || comes(Arrival::QuickLogin(buyer(Some("张三"))));
    let good = signed(params(), KEY);
    assert!(believed(&good, "true").is_ok());
    assert_eq!(believed(&signed(params(), "another key"), "true"), Err(Rejected::Sign));
    let changed = good.replace("2088000000000003", "2088000000000004");
    assert_eq!(believed(&changed, "true"), Err(Rejected::Sign));
    assert_eq!(believed(&good, "false"), Err(Rejected::NotGenuine));
    assert_eq!(believed(&params().to_urlencoded(), "true"), Err(Rejected::Unsigned));
    assert_eq!(believed("", "true"), Err(Rejected::NoParameters));
}

#[test]
fn a_message_about_a_trade_or_an_address_is_no_login() {
    let mut trade = comes(Arrival::QuickLogin(buyer(None)));
    trade.push("trade_no", b"2012022900000001");
    assert_eq!(believed(&signed(trade, KEY), "true"), Err(Rejected::Illegible("user_id")));
    let address = address_post("<receiveAddress/>");
    assert_eq!(believed(&address, "true"), Err(Rejected::Illegible("user_id")));
    let login = signed(comes(Arrival::QuickLogin(buyer(None))), KEY);
    assert_eq!(posted(&login), Err(Rejected::Missing("receive_address")));
    let mut refused = Params::new();
    for (name, value) in [("is_success", "F"), ("error", "ILLEGAL_TARGET_SERVICE"), ("notify_id", "n1")] {
        refused.push(name, value.as_bytes());
    }
    let error = Some("ILLEGAL_TARGET_SERVICE".to_owned());
    assert_eq!(believed(&signed(refused, KEY), "true"), Err(Rejected::LoginRefused { error }));
}

#[test]
fn an_address_is_believed_for_the_buyer_who_asked_and_nobody_else() {
    let receive_address = ReceiveAddress {
        prov: "上海".into(),
        area: "浦东新区".into(),
        address: "世纪大道 <b>1</b> 号 & 2 号".into(),
        ..ReceiveAddress::default()
    };
    let post = AddressPost {
        notify_id: NotifyId::new("n2"),
        user_id: UserId::new("2088000000000003"),
        receive_address: receive_address.clone(),
    };
    let body = signed(post.build(Charset::Utf8).unwrap(), KEY);
    let chosen = posted(&body).unwrap();
    assert_eq!(chosen.user_id().as_str(), "2088000000000003");
    assert_eq!(chosen.of(&UserId::new("2088000000000003")), Ok(&receive_address));
    assert_eq!(chosen.of(&UserId::new("2088000000000004")), Err(Rejected::OtherBuyer));
}

#[test]
fn a_hostile_document_is_refused_even_when_it_is_signed() {
    let bomb = r#"<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><receiveAddress><address>&b;</address></receiveAddress>"#;
    let refused = |xml: &str| match posted(&address_post(xml)) {
        Err(Rejected::NoAddress(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(bomb), AddressError::DocumentType);
    assert_eq!(refused("<receiveAddress><city>&own;</city></receiveAddress>"), AddressError::Entity);
    assert_eq!(refused(&format!("<receiveAddress>{}", "<a>".repeat(5000))), AddressError::TooLarge);
    assert_eq!(refused("<html/>"), AddressError::Foreign);
}
