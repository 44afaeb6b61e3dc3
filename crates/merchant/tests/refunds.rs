//! A refund batch as a merchant sends it, and its result as a merchant comes to believe it.
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::protocol::batch_refund_notify::Outcome;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{BatchNo, PartnerId, TradeNo, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::Response;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append, md5};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::refund::{RefundBatch, RefundItem};
use danbao_merchant::{Account, Check, CheckedBatch, PaymentError, Received, Rejected};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
/// 2012-02-29 12:00:00 in Beijing.
const NOON: Timestamp = Timestamp(1_330_488_000_000);

fn account() -> Account {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://127.0.0.1:8080/gateway.do")
        .unwrap()
}

fn item(trade_no: &str, amount: i64, reason: &str) -> RefundItem {
    RefundItem {
        trade_no: TradeNo::new(trade_no),
        amount: Fen(amount),
        reason: reason.to_owned(),
        royalty: Vec::new(),
    }
}

fn batch() -> RefundBatch {
    let items = vec![item("2012022900000001", 400, "颜色不符"), item("2012022900000002", 100, "")];
    account().refund_batch("001", items, Charset::Gbk, NOON)
}

#[test]
fn a_batch_is_a_signed_call_or_a_form_for_the_seller() {
    let request = account().refund_request(&batch()).unwrap();
    let query = request.uri().query().unwrap_or_default();
    let params = Params::receive(query.as_bytes(), None, request.body()).unwrap();
    md5::verify(&params, &Md5Key::new(KEY)).unwrap();
    assert_eq!(params.get("service"), Some(b"refund_fastpay_by_platform_nopwd".as_slice()));
    assert_eq!(params.get("batch_num"), Some(b"2".as_slice()));
    let heard = RefundBatch::parse(&params, Charset::Gbk, NOON).unwrap();
    assert_eq!(heard, batch());

    let form = account().refund_form(&batch(), "退款").unwrap();
    assert!(form.contains("value=\"refund_fastpay_by_platform_pwd\"") && form.contains(">退款<"), "{form}");

    let wrong = account().refund_batch("000", batch().items, Charset::Gbk, NOON);
    assert!(account().refund_request(&wrong).is_err(), "000 is no sequence");
    let foreign = RefundBatch { partner: PartnerId::new("2088000000000009"), ..batch() };
    assert_eq!(account().refund_request(&foreign).unwrap_err(), PaymentError::OtherPartner);
}

/// The gateway's message with some values changed before it is signed, believed step by step.
fn believed(changes: &[(&str, &str)], batch: &RefundBatch) -> Result<CheckedBatch, Rejected> {
    let details = "2012022900000001^4.00^SUCCESS$seller@example.com^2088000000000002^0.02^SUCCESS\
                   #2012022900000002^1.00^TRADE_HAS_FINISHED";
    let mut params = Params::new();
    for (name, value) in [
        ("notify_type", "batch_refund_notify"),
        ("batch_no", "20120229001"),
        ("success_num", "1"),
        ("result_details", details),
        ("notify_id", "0123456789abcdef"),
        ("notify_time", "2012-02-29 12:00:01"),
    ] {
        let changed = changes.iter().find(|(known, _)| *known == name).map_or(value, |(_, value)| *value);
        params.push(name, changed.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    let received = Received::notification(None, params.to_urlencoded().as_bytes())?;
    let genuine = received.check_sign(&account())?.hear(&Response::new(Bytes::from_static(b"true")))?;
    assert_eq!(
        genuine.batch_named()?,
        BatchNo::new(params.get_text("batch_no", Charset::Gbk).unwrap().unwrap())
    );
    genuine.against_batch(batch)
}

#[test]
fn a_result_is_read_once_it_agrees_with_the_batch() {
    let checked = believed(&[], &batch()).unwrap();
    assert_eq!(checked.batch_no().as_str(), "20120229001");
    assert_eq!(checked.partner().as_str(), "2088000000000001");
    let outcomes: Vec<&Outcome> = checked.results().iter().map(|result| &result.outcome).collect();
    assert_eq!(outcomes, [&Outcome::Success, &Outcome::Failed("TRADE_HAS_FINISHED".to_owned())]);
    assert_eq!(checked.results()[0].charge.as_ref().unwrap().amount, Fen(2));
}

#[test]
fn a_result_that_is_about_something_else_is_refused_by_name() {
    let foreign = RefundBatch { partner: PartnerId::new("2088000000000009"), ..batch() };
    assert_eq!(believed(&[], &foreign).unwrap_err().check(), Check::Partner);
    let fewer = RefundBatch { items: batch().items[..1].to_vec(), ..batch() };
    assert_eq!(believed(&[], &fewer), Err(Rejected::OtherBatch));
    for (name, value, check) in [
        ("batch_no", "20120229002", Check::BatchNo),
        ("result_details", "2012022900000001^4.00^SUCCESS", Check::BatchNo),
        ("result_details", "2012022900000001^4.01^SUCCESS#2012022900000002^1.00^SUCCESS", Check::BatchNo),
        ("result_details", "x", Check::Form),
        ("notify_type", "trade_status_sync", Check::Form),
    ] {
        assert_eq!(believed(&[(name, value)], &batch()).unwrap_err().check(), check, "{name}={value}");
    }
}
