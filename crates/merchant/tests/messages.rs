//! A message is believed one step at a time, and each step that fails says which one it was.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{NoAnswer, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::reported::Reported;
use danbao_merchant::protocol::service::payment::PaymentService;
use danbao_merchant::protocol::sign::{Md5Key, Signer, Verifier, append, rsa};
use danbao_merchant::protocol::status::TradeStatus;
use danbao_merchant::{Account, AccountError, Check, Checked, OrderFacts, Received, Rejected, Way};
use http::StatusCode;

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

fn account() -> Account {
    Account::new(
        PartnerId::new("2088000000000001"),
        Md5Key::new(KEY),
        "seller@example.com",
        UserId::new("2088000000000002"),
        "http://127.0.0.1:8080/gateway.do",
    )
    .unwrap()
}

fn facts() -> OrderFacts {
    OrderFacts {
        partner: PartnerId::new("2088000000000001"),
        service: PaymentService::CreatePartnerTradeByBuyer,
        charset: Charset::Gbk,
        out_trade_no: OutTradeNo::new("20120229-1"),
        seller_email: "seller@example.com".into(),
        seller_id: UserId::new("2088000000000002"),
        total_fees: vec![Fen(1), Fen(1201)],
    }
}

/// A message as the gateway writes it, with some values changed before it is signed.
fn message(changes: &[(&str, &str)]) -> Params {
    let mut values = vec![
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", "20120229-1"),
        ("trade_no", "2012022900000001"),
        ("trade_status", "WAIT_SELLER_SEND_GOODS"),
        ("subject", "测试：油纸伞"),
        ("total_fee", "12.01"),
        ("seller_email", "seller@example.com"),
        ("seller_id", "2088000000000002"),
        ("buyer_email", "buyer@example.com"),
        ("buyer_id", "2088000000000009"),
    ];
    for (name, value) in changes {
        values.retain(|(known, _)| known != name);
        if !value.is_empty() {
            values.push((name, value));
        }
    }
    let mut params = Params::new();
    for (name, value) in values {
        params.push_text(name, value, Charset::Gbk).unwrap();
    }
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    params
}

/// The merchant has a pair of its own, and the gateway's public key instead of a shared one.
#[test]
fn under_rsa_the_gateways_public_key_verifies_and_the_merchants_own_signs() {
    let [merchants, gateways] = [1, 2].map(|seed| rsa::PrivateKey::generate([seed; 32], 1024).unwrap());
    let [merchants, gateways] = [Signer::Rsa(merchants), Signer::Rsa(gateways)];
    let with = |signer: &Signer, verifier| {
        let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
        let gateway = "http://gateway/gateway.do";
        Account::with_keys(partner, signer.clone(), verifier, "seller@example.com", seller, gateway)
    };
    let account = with(&merchants, gateways.verifier()).unwrap();
    let mut params = message(&[]);
    append(&mut params, &gateways).unwrap();
    let body = params.to_urlencoded();
    assert!(Received::notification(None, body.as_bytes()).unwrap().check_sign(&account).is_ok());
    append(&mut params, &merchants).unwrap();
    let forged = Received::notification(None, params.to_urlencoded().as_bytes()).unwrap();
    assert_eq!(forged.check_sign(&account).unwrap_err(), Rejected::Sign);
    assert_eq!(with(&merchants, Verifier::Md5(Md5Key::new(KEY))).unwrap_err(), AccountError::KeyKinds);
}

fn says(word: &'static str) -> Response {
    Response::new(Bytes::from_static(word.as_bytes()))
}

fn check(body: &str) -> Result<Checked, Rejected> {
    Received::notification(None, body.as_bytes())?
        .check_sign(&account())?
        .hear(&says("true"))?
        .against(&facts())
}

fn check_changed(changes: &[(&str, &str)]) -> Result<Checked, Rejected> {
    check(&message(changes).to_urlencoded())
}

#[test]
fn a_genuine_message_in_gbk_is_read_after_all_four_checks() {
    let checked = check_changed(&[]).unwrap();
    assert_eq!(checked.way(), Way::Notify);
    assert_eq!(checked.trade().trade_status, Reported::Known(TradeStatus::WaitSellerSendGoods));
    assert_eq!(checked.trade().total_fee, Fen(1201));
    assert_eq!(checked.get("subject"), Some("测试：油纸伞"));
    assert_eq!(checked.get("refund_status"), None);
}

#[test]
fn a_return_is_read_from_the_query_without_the_merchants_own_parameters() {
    let query = format!("lang=en&{}", message(&[("is_success", "T")]).to_urlencoded());
    let signed = Received::page_return(query.as_bytes(), &["lang"]).unwrap().check_sign(&account()).unwrap();
    let checked = signed.hear(&says("true")).unwrap().against(&facts()).unwrap();
    assert_eq!(checked.way(), Way::Return);
    let with_own = Received::page_return(query.as_bytes(), &[]).unwrap();
    assert_eq!(with_own.check_sign(&account()).unwrap_err(), Rejected::Sign);
}

#[test]
fn each_wrong_value_fails_the_check_of_its_name() {
    for (changes, check) in [
        (vec![("out_trade_no", "20120229-2")], Check::OutTradeNo),
        (vec![("partner", "2088000000000008")], Check::Partner),
        (vec![("seller_id", "2088000000000008")], Check::Seller),
        (vec![("seller_email", "other@example.com")], Check::Seller),
        (vec![("total_fee", "0.02")], Check::TotalFee),
        (vec![("total_fee", "1e3")], Check::Form),
        (vec![("total_fee", "")], Check::Form),
        (vec![("notify_time", "yesterday")], Check::Form),
        (vec![("notify_id", "")], Check::Form),
        (vec![("notify_type", "batch_refund_notify")], Check::Form),
        (vec![("seller_id", "")], Check::Form),
    ] {
        let rejected = check_changed(&changes).unwrap_err();
        assert_eq!(rejected.check(), check, "{changes:?}: {rejected}");
    }
}

#[test]
fn the_amount_of_an_unpaid_trade_may_still_change_and_that_of_a_paid_one_may_not() {
    let unpaid = check_changed(&[("trade_status", "WAIT_BUYER_PAY"), ("total_fee", "5.00")]).unwrap();
    assert_eq!(unpaid.trade().total_fee, Fen(500));
    for status in ["WAIT_SELLER_SEND_GOODS", "TRADE_FINISHED", "TRADE_PENDING", "SOMETHING_NEW"] {
        let rejected = check_changed(&[("trade_status", status), ("total_fee", "5.00")]).unwrap_err();
        assert_eq!(rejected, Rejected::OtherAmount { said: Fen(500) }, "{status}");
    }
}

/// The seller gave one yuan off at the gateway's desk, and the buyer has paid that.
#[test]
fn a_price_that_the_seller_has_changed_is_believed_where_the_message_says_so_and_bears_it_out() {
    let told = [
        ("price", "12.01"),
        ("quantity", "1"),
        ("discount", "-1.00"),
        ("total_fee", "11.01"),
        ("is_total_fee_adjust", "Y"),
    ];
    assert_eq!(check_changed(&told).unwrap().trade().total_fee, Fen(1_101));
    // An instant trade's message does not say what its carriage was.
    assert!(check_changed(&[told.as_slice(), &[("total_fee", "16.01")]].concat()).is_ok());
    for wrong in [
        ("is_total_fee_adjust", "N"),
        ("is_total_fee_adjust", ""),
        ("total_fee", "0.02"),
        ("price", ""),
        ("quantity", "9223372036854775807"),
    ] {
        let rejected = check_changed(&[told.as_slice(), &[wrong]].concat()).unwrap_err();
        assert_eq!(rejected.check(), Check::TotalFee, "{wrong:?}");
    }
}

#[test]
fn an_unknown_status_is_kept_as_it_came() {
    let checked = check_changed(&[("trade_status", "COD_WAIT_BUYER_PAY")]).unwrap();
    assert_eq!(checked.trade().trade_status, Reported::Unknown("COD_WAIT_BUYER_PAY".into()));
}

#[test]
fn every_changed_byte_breaks_the_signature() {
    let body = message(&[]).to_urlencoded();
    for (from, to) in [
        ("total_fee=12.01", "total_fee=0.01"),
        ("20120229-1", "20120229-2"),
        ("WAIT_SELLER_SEND_GOODS", "TRADE_FINISHED"),
        ("sign=", "sign=0"),
        ("buyer_id=2088000000000009", "buyer_id="),
    ] {
        assert!(body.contains(from));
        assert_eq!(check(&body.replacen(from, to, 1)).unwrap_err(), Rejected::Sign, "{from}");
    }
    assert_eq!(check(&format!("{body}&extra=1")).unwrap_err(), Rejected::Sign);
    assert_eq!(check(&body.replace("&sign=", "&nosign=")).unwrap_err(), Rejected::Unsigned);
    assert_eq!(check(&body.replace("sign_type=MD5", "sign_type=RSA")).unwrap_err(), Rejected::SignType);
    assert_eq!(check("").unwrap_err(), Rejected::NoParameters);
    assert_eq!(check("a=1&a=2").unwrap_err().check(), Check::Form);
    assert_eq!(check("a=%zz").unwrap_err().check(), Check::Form);
}

#[test]
fn only_true_with_status_200_is_a_yes() {
    let signed = || {
        let body = message(&[]).to_urlencoded();
        Received::notification(None, body.as_bytes()).unwrap().check_sign(&account()).unwrap()
    };
    assert!(signed().hear(&says("true")).is_ok());
    assert!(signed().hear(&says("true\r\n")).is_ok());
    assert_eq!(signed().hear(&says("false")).unwrap_err(), Rejected::NotGenuine);
    assert_eq!(signed().hear(&says("invalid")).unwrap_err(), Rejected::QuestionInvalid);
    for word in ["", "TRUE", "untrue", "truetrue", "<html>true</html>"] {
        assert_eq!(
            signed().hear(&says(word)).unwrap_err(),
            Rejected::AnswerIllegible { status: 200 },
            "{word}"
        );
    }
    let mut redirect = says("true");
    *redirect.status_mut() = StatusCode::FOUND;
    assert_eq!(signed().hear(&redirect).unwrap_err(), Rejected::AnswerIllegible { status: 302 });
    assert_eq!(signed().unheard(NoAnswer::TimedOut).check(), Check::NotifyVerify);
}

#[test]
fn the_question_goes_to_the_gateway_and_partner_whose_key_fitted() {
    let body = message(&[("notify_id", "Rq%2Fvw+b")]).to_urlencoded();
    let signed = Received::notification(None, body.as_bytes()).unwrap().check_sign(&account()).unwrap();
    let question = signed.question();
    assert_eq!(question.uri().to_string(), "http://127.0.0.1:8080/gateway.do");
    let asked = Params::parse_urlencoded(question.body()).unwrap();
    assert_eq!(asked.get("service"), Some(b"notify_verify".as_slice()));
    assert_eq!(asked.get("partner"), Some(b"2088000000000001".as_slice()));
    assert_eq!(asked.get("notify_id"), Some(b"Rq%2Fvw+b".as_slice()));
}

#[test]
fn a_message_for_another_partner_is_not_held_against_this_order() {
    let order = OrderFacts { partner: PartnerId::new("2088000000000008"), ..facts() };
    let body = message(&[]).to_urlencoded();
    let signed = Received::notification(None, body.as_bytes()).unwrap().check_sign(&account()).unwrap();
    assert_eq!(signed.hear(&says("true")).unwrap().against(&order).unwrap_err(), Rejected::OtherPartner);
}

#[test]
fn neither_a_rejection_nor_any_step_shows_the_key_or_a_name() {
    let body = message(&[("total_fee", "0.02")]).to_urlencoded();
    let received = Received::notification(None, body.as_bytes()).unwrap();
    let mut shown = format!("{received:?}");
    let signed = received.check_sign(&account()).unwrap();
    shown += &format!("{signed:?}");
    let genuine = signed.hear(&says("true")).unwrap();
    shown += &format!("{genuine:?}");
    let rejected = genuine.against(&facts()).unwrap_err();
    shown += &format!("{rejected:?} {rejected}");
    shown += &format!("{:?}", check_changed(&[]).unwrap());
    for secret in [KEY, "buyer@example.com", "油纸伞"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
