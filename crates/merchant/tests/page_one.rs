//! The example of the crate's first page, as a program that compiles and runs.
#![cfg(feature = "inbox")]
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::inbox::{self, MIGRATION_SQL};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Account, OrderFacts, Received, Rejected, Signed, Way, answer};
use danbao_store::{Error, Migration, Tx, migrate};

/// The order is opened first, and then the buyer is sent to the cashier.
fn checkout(
    account: &Account,
    tx: &mut Tx<'_>,
    now: Timestamp,
) -> Result<String, Box<dyn std::error::Error>> {
    let amount = Amount { price: Fen::parse("0.01")?, quantity: 1, discount: Fen::ZERO };
    let number = OutTradeNo::new("20120229000001");
    let direct = PaymentService::CreateDirectPayByUser;
    let mut request = account.payment(direct, Charset::Utf8, number, "剪纸书签", amount);
    request.return_url = Some("http://shop.example/pay/return".into());
    request.notify_url = Some("http://shop.example/pay/notify".into());
    let facts = OrderFacts::of(account, &request)?;
    inbox::open_order(tx, &facts, now)?;
    Ok(account.payment_url(&request)?)
}

/// `notify_url`, first half: keep the message, check its signature, and ask the gateway. To be sent: the question.
fn notified(
    account: &Account,
    tx: &mut Tx<'_>,
    id: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Signed, Rejected> {
    inbox::arrive(tx, id, Way::Notify, body, now).unwrap();
    Received::notification(None, body)?.check_sign(account)
}

/// Second half: hear the gateway, hold the message against the order, change the order once, and answer.
fn heard(
    tx: &mut Tx<'_>,
    id: &str,
    signed: Signed,
    said: &Response,
    now: Timestamp,
) -> Result<Response, Error> {
    let Ok(genuine) = signed.hear(said) else {
        return Ok(answer::fail());
    };
    let receipt = inbox::receive(tx, id, genuine, now)?;
    if receipt.became_paid {
        // Deliver, credit: in this same transaction, so exactly once.
        tx.execute("INSERT INTO delivery (out_trade_no) VALUES ($1)", &["20120229000001".into()])?;
    }
    Ok(receipt.outcome.answer())
}

#[test]
fn the_first_page_of_the_documentation_works() {
    let account = Account::new(
        PartnerId::new("2088000000000001"),
        Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"),
        "seller@example.com",
        UserId::new("2088000000000002"),
        "http://127.0.0.1:8080/gateway.do",
    )
    .unwrap();
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    migrate(&mut *conn, &[Migration { version: 1, name: "inbox", sql: MIGRATION_SQL }]).unwrap();
    conn.batch("CREATE TABLE delivery (out_trade_no TEXT PRIMARY KEY)").unwrap();
    let mut tx = Tx::begin(&mut *conn).unwrap();
    let url = checkout(&account, &mut tx, Timestamp(0)).unwrap();
    assert!(url.starts_with("http://127.0.0.1:8080/gateway.do?"));
    tx.commit().unwrap();

    let body = paid_as_the_gateway_says_it();
    for id in ["first", "again"] {
        let mut tx = Tx::begin(&mut *conn).unwrap();
        let signed = notified(&account, &mut tx, id, body.as_bytes(), Timestamp(1)).unwrap();
        let question: Request = signed.question();
        assert_eq!(question.uri().path(), "/gateway.do");
        let said = Response::new(Bytes::from_static(b"true"));
        let answer = heard(&mut tx, id, signed, &said, Timestamp(2)).unwrap();
        tx.commit().unwrap();
        assert_eq!(answer.body().as_ref(), b"success");
    }
    assert_eq!(conn.query("SELECT out_trade_no FROM delivery", &[]).unwrap().len(), 1);
}

fn paid_as_the_gateway_says_it() -> String {
    let mut params = Params::new();
    for (name, value) in [
        ("notify_id", "0123456789abcdef"),
        ("notify_type", "trade_status_sync"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("out_trade_no", "20120229000001"),
        ("trade_no", "2012022900000001"),
        ("trade_status", "TRADE_FINISHED"),
        ("total_fee", "0.01"),
        ("seller_id", "2088000000000002"),
    ] {
        params.push(name, value.as_bytes());
    }
    append(&mut params, &Signer::Md5(Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"))).unwrap();
    params.to_urlencoded()
}
