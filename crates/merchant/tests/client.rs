//! The kit's client against a gateway that says what each test has it say.
#![cfg(all(feature = "client", feature = "axum"))]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use axum::Router;
use axum::routing::any;
use danbao_merchant::client::{CallError, Client, Limits};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, TradeNo, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::NoAnswer;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::TransportType;
use danbao_merchant::protocol::service::single_trade_query::TradeRef;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::refund::RefundItem;
use danbao_merchant::{Account, NoReply, Parcel, Queried, Received, Rejected};
use http::StatusCode;

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const NOW: Timestamp = Timestamp(1_330_488_000_000);

fn account(gateway: &str) -> Account {
    let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, gateway).unwrap()
}

/// A gateway that answers everything alike.
async fn saying(status: StatusCode, body: &'static str) -> Account {
    let router = Router::new().route("/gateway.do", any(move || async move { (status, body) }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    account(&format!("http://{address}/gateway.do"))
}

fn client() -> Client {
    Client::new(Limits::default()).unwrap()
}

fn number() -> TradeRef {
    TradeRef::OutTradeNo(OutTradeNo::new("A-1"))
}

fn message() -> Received {
    let mut params = Params::new();
    params.push("notify_id", b"n1");
    append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
    Received::notification(None, params.to_urlencoded().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_message_is_believed_only_if_its_gateway_says_true() {
    let good = saying(StatusCode::OK, "true").await;
    assert!(client().believe(message(), [&good]).await.is_ok());
    for (status, body, why) in [
        (StatusCode::OK, "false", Rejected::NotGenuine),
        (StatusCode::OK, "invalid", Rejected::QuestionInvalid),
        (StatusCode::BAD_GATEWAY, "true", Rejected::AnswerIllegible { status: 502 }),
    ] {
        let account = saying(status, body).await;
        assert_eq!(client().believe(message(), [&account]).await.unwrap_err(), why);
    }
    let nowhere = account("http://127.0.0.1:1/gateway.do");
    let unheard = client().believe(message(), [&nowhere]).await.unwrap_err();
    assert_eq!(unheard, Rejected::NoAnswer(NoAnswer::Unreachable));
}

#[tokio::test]
async fn the_gateways_yes_and_no_are_answers_and_a_proxys_page_is_none() {
    let parcel =
        Parcel { transport_type: TransportType::Express, logistics_name: Some("x".into()), invoice_no: None };
    let trade_no = TradeNo::new("2012022900000001");
    let item =
        RefundItem { trade_no: trade_no.clone(), amount: Fen(1), reason: String::new(), royalty: Vec::new() };
    let yes = saying(StatusCode::OK, "<alipay><is_success>T</is_success></alipay>").await;
    assert!(client().send_goods(&yes, &trade_no, &parcel, Charset::Gbk).await.unwrap().is_success);
    assert!(client().close(&yes, number(), Charset::Utf8).await.unwrap().is_success);
    let batch = yes.refund_batch("001", vec![item.clone()], Charset::Utf8, NOW);
    assert!(client().refund(&yes, &batch).await.unwrap().is_success);

    let body = "<alipay><is_success>F</is_success><error>DUPLICATE_BATCH_NO</error></alipay>";
    let no = saying(StatusCode::OK, body).await;
    let refused = client().refund(&no, &batch).await.unwrap();
    assert_eq!(refused.error.as_deref(), Some("DUPLICATE_BATCH_NO"));

    let unwritten = no.refund_batch("000", vec![item], Charset::Utf8, NOW);
    assert!(matches!(client().refund(&no, &unwritten).await, Err(CallError::Payment(_))));
    let proxy = saying(StatusCode::OK, "<html>sign in first</html>").await;
    let told = client().close(&proxy, number(), Charset::Utf8).await;
    assert!(matches!(told, Err(CallError::NoReply(NoReply::Illegible(_)))), "{told:?}");
}

#[tokio::test]
async fn an_unsigned_answer_about_a_trade_is_not_believed_and_a_refusal_is_told() {
    let body = "<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
    let no = saying(StatusCode::OK, body).await;
    let told = client().query(&no, number(), Charset::Utf8, NOW).await.unwrap();
    assert!(matches!(told.queried, Queried::Refused(no) if no.as_str() == "TRADE_NOT_EXIST"));
    assert_eq!(told.raw, body.as_bytes());
    let body = "<alipay><is_success>T</is_success><response><trade/></response></alipay>";
    let unsigned = saying(StatusCode::OK, body).await;
    let told = client().query(&unsigned, number(), Charset::Utf8, NOW).await;
    assert_eq!(told.unwrap_err(), CallError::Rejected(Rejected::Sign));
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_none() {
    let account = saying(StatusCode::OK, "true").await;
    let short = Client::new(Limits { answer_bytes_max: 3, ..Limits::default() }).unwrap();
    let told = short.close(&account, number(), Charset::Utf8).await;
    assert_eq!(told.unwrap_err(), CallError::NoAnswer(NoAnswer::Broken));
}

/// The paused clock goes on as soon as nothing else can: to the end of the exchange, which is the nearest.
#[tokio::test(start_paused = true)]
async fn a_gateway_that_hangs_has_not_answered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = account(&format!("http://{}/gateway.do", listener.local_addr().unwrap()));
    let limits = Limits { connect_max: Duration::from_secs(3600), ..Limits::default() };
    let told = Client::new(limits).unwrap().close(&hanging, number(), Charset::Utf8).await;
    assert_eq!(told.unwrap_err(), CallError::NoAnswer(NoAnswer::TimedOut));
    drop(listener);
}
