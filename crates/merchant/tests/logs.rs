//! What a program prints of the kit's values may end in a log: no key, no signature, no person.
#![expect(clippy::unwrap_used, reason = "a test")]

use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign;
use danbao_merchant::{
    Account, Amount, Charset, Fen, Md5Key, OrderFacts, OutTradeNo, PartnerId, PaymentService, Received,
    Response, Signer, UserId,
};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const BUYER: &str = "buyer@private.example";

fn account() -> Account {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    let gateway = "http://127.0.0.1:8080/gateway.do";
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, gateway).unwrap()
}

/// A notification of a payment, and its signature.
fn paid() -> (String, String) {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", "A-1"),
        ("trade_no", "2012022900000001"),
        ("trade_status", "TRADE_FINISHED"),
        ("total_fee", "0.01"),
        ("seller_id", "2088000000000002"),
        ("buyer_email", BUYER),
    ] {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    let sign = String::from_utf8(params.get("sign").unwrap().to_vec()).unwrap();
    (params.to_urlencoded(), sign)
}

fn facts() -> OrderFacts {
    let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
    let direct = PaymentService::CreateDirectPayByUser;
    let request = account().payment(direct, Charset::Utf8, OutTradeNo::new("A-1"), "书签", amount);
    OrderFacts::of(&account(), &request).unwrap()
}

#[test]
fn a_message_is_printed_without_what_it_says_at_every_step_of_belief() {
    let (body, sign) = paid();
    let mut shown = vec![format!("{:?}", account())];
    let received = Received::notification(None, body.as_bytes()).unwrap();
    shown.push(format!("{received:?}"));
    let signed = received.check_sign(&account()).unwrap();
    shown.push(format!("{signed:?}"));
    let genuine = signed.hear(&Response::new("true".into())).unwrap();
    shown.push(format!("{genuine:?}"));
    let checked = genuine.against(&facts()).unwrap();
    shown.push(format!("{checked:?}"));
    let state = danbao_merchant::inbox::OrderState::new(PaymentService::CreateDirectPayByUser);
    shown.push(format!("{:?}", danbao_merchant::inbox::verdict(&state, &checked)));
    for shown in shown {
        for secret in [KEY, sign.as_str(), BUYER] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[cfg(feature = "inbox")]
#[test]
fn what_was_kept_is_printed_without_what_it_says() {
    use danbao_merchant::inbox::{self, MIGRATION_SQL};
    use danbao_merchant::store::{Migration, Tx, migrate};
    use danbao_merchant::{Timestamp, Way};

    let (body, sign) = paid();
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    migrate(&mut *conn, &[Migration { version: 1, name: "inbox", sql: MIGRATION_SQL }]).unwrap();
    let mut tx = Tx::begin(&mut *conn).unwrap();
    inbox::open_order(&mut tx, &facts(), Timestamp(0)).unwrap();
    inbox::arrive(&mut tx, "1", Way::Notify, body.as_bytes(), Timestamp(0)).unwrap();
    let signed = Received::notification(None, body.as_bytes()).unwrap().check_sign(&account()).unwrap();
    let genuine = signed.hear(&Response::new("true".into()));
    let receipt = inbox::conclude(&mut tx, "1", genuine, Timestamp(0)).unwrap();
    assert!(receipt.became_paid);
    let kept = inbox::messages_of(&mut *tx, &OutTradeNo::new("A-1")).unwrap();
    assert_eq!((kept[0].raw.as_ref(), kept[0].outcome.as_str()), (body.as_bytes(), "applied"));
    for shown in [format!("{receipt:?}"), format!("{kept:?}")] {
        for secret in [sign.as_str(), BUYER] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn a_request_is_printed_by_its_length_alone() {
    use axum::body::Body;
    use axum::extract::{FromRequest, Request};
    use danbao_merchant::axum::{Notification, PageReturn, PostedReturn};

    let (body, _) = paid();
    let request = || Request::post(format!("/pay/notify?{body}")).body(Body::from(body.clone())).unwrap();
    let shown = [
        format!("{:?}", Notification::from_request(request(), &()).await.unwrap()),
        format!("{:?}", PageReturn::from_request(request(), &()).await.unwrap()),
        format!("{:?}", PostedReturn::from_request(request(), &()).await.unwrap()),
    ];
    for shown in shown {
        assert!(shown.contains(&body.len().to_string()) && !shown.contains("sign"), "{shown}");
    }
}
