//! An order whose notification was lost is repaired by asking.
#![cfg(feature = "inbox")]
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::inbox::{self, Outcome};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::Response;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::reply::{self, Success};
use danbao_merchant::protocol::service::payment::PaymentService;
use danbao_merchant::protocol::sign::{Md5Key, Signer};
use danbao_merchant::protocol::status::TradeStatus;
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Account, Genuine, OrderFacts, Queried, Rejected, Unheard};
use danbao_store::{Conn, Migration, Tx, migrate};

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const MIGRATIONS: &[Migration] = &[Migration { version: 1, name: "inbox", sql: inbox::MIGRATION_SQL }];

fn account() -> Account {
    let seller = UserId::new("2088000000000002");
    let partner = PartnerId::new("2088000000000001");
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://gateway/gateway.do")
        .unwrap()
}

/// An answer of the gateway, in GBK, signed with this key.
fn answer(status: &str, total_fee: &str, key: &str) -> Response {
    answer_with(status, total_fee, &[], key)
}

fn answer_with(status: &str, total_fee: &str, more: &[(&'static str, &str)], key: &str) -> Response {
    let children = [
        ("out_trade_no", "A-1"),
        ("trade_no", "2012022900000001"),
        ("trade_status", status),
        ("subject", "一盒月饼"),
        ("total_fee", total_fee),
        ("seller_id", "2088000000000002"),
        ("seller_email", "seller@example.com"),
        ("gmt_last_modified_time", "2012-02-29 12:00:00"),
    ]
    .iter()
    .chain(more)
    .map(|(name, value)| (*name, (*value).to_owned()))
    .collect::<Vec<_>>();
    let request = Params::new().decode(Charset::Gbk).unwrap();
    let success = Success { request: &request, element: "trade", children: &children };
    let bytes = reply::success(&success, Charset::Gbk, &Signer::Md5(Md5Key::new(key))).unwrap();
    Response::new(Bytes::from(bytes))
}

fn read(answer: &Response) -> Result<Genuine, Unheard> {
    match account().read_queried(answer, Charset::Gbk, Timestamp(0))? {
        Queried::Trade(genuine) => Ok(genuine),
        Queried::Refused(no) => panic!("{no}"),
    }
}

fn opened() -> Box<dyn Conn> {
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    migrate(&mut *conn, MIGRATIONS).unwrap();
    let facts = OrderFacts {
        partner: account().partner().clone(),
        service: PaymentService::CreateDirectPayByUser,
        charset: Charset::Gbk,
        out_trade_no: OutTradeNo::new("A-1"),
        seller_email: "seller@example.com".into(),
        seller_id: UserId::new("2088000000000002"),
        total_fees: vec![Fen(1)],
    };
    let mut tx = Tx::begin(&mut *conn).unwrap();
    inbox::open_order(&mut tx, &facts, Timestamp(0)).unwrap();
    tx.commit().unwrap();
    conn
}

#[test]
fn a_paid_trade_that_nobody_told_of_is_found_by_asking_once() {
    let mut conn = opened();
    let mut tx = Tx::begin(&mut *conn).unwrap();
    let said = answer("TRADE_FINISHED", "0.01", KEY);
    let mut paid = 0;
    for (id, outcome) in [("q1", Outcome::Applied), ("q2", Outcome::AlreadyDone)] {
        let genuine = read(&said).unwrap();
        let receipt = inbox::receive_queried(&mut tx, id, genuine, said.body(), Timestamp(9)).unwrap();
        assert_eq!(receipt.outcome, outcome);
        assert_eq!(receipt.order.unwrap().state.trade_status(), Some(TradeStatus::TradeFinished));
        paid += u32::from(receipt.became_paid);
    }
    assert_eq!(paid, 1);
    let kept = inbox::messages_of(&mut *tx, &OutTradeNo::new("A-1")).unwrap();
    assert_eq!(kept.len(), 1, "an answer that says nothing new is not kept");
    assert_eq!((kept[0].way.as_str(), kept[0].outcome.as_str()), ("query", "applied"));
    assert_eq!(kept[0].raw, said.body());
}

#[test]
fn an_answer_is_held_against_signature_and_order_like_any_message() {
    let mut conn = opened();
    let mut tx = Tx::begin(&mut *conn).unwrap();
    let forged = read(&answer("TRADE_FINISHED", "0.01", "another key")).unwrap_err();
    assert_eq!(forged, Unheard::Rejected(Rejected::Sign));
    let said = answer("TRADE_FINISHED", "9.99", KEY);
    let receipt =
        inbox::receive_queried(&mut tx, "q", read(&said).unwrap(), said.body(), Timestamp(9)).unwrap();
    assert_eq!(receipt.outcome, Outcome::Rejected(Rejected::OtherAmount { said: Fen(999) }));
    assert!(!receipt.became_paid);
}

/// Answers say T where messages say Y. Found by the simulation of the sidecar (frost 14): the seller had changed the price,
/// and no notification came; asked every day, the kit refused every answer.
#[test]
fn a_price_that_the_seller_has_changed_is_believed_of_an_answer_that_says_so() {
    let changed = |word| {
        let more =
            [("price", "0.01"), ("quantity", "1"), ("discount", "0.50"), ("is_total_fee_adjust", word)];
        answer_with("TRADE_FINISHED", "0.51", &more, KEY)
    };
    for (word, outcome) in
        [("F", Outcome::Rejected(Rejected::OtherAmount { said: Fen(51) })), ("T", Outcome::Applied)]
    {
        let mut conn = opened();
        let mut tx = Tx::begin(&mut *conn).unwrap();
        let said = changed(word);
        let receipt =
            inbox::receive_queried(&mut tx, "q", read(&said).unwrap(), said.body(), Timestamp(9)).unwrap();
        assert_eq!(receipt.outcome, outcome, "{word}");
    }
}

#[test]
fn a_trade_that_does_not_exist_yet_is_a_refusal_and_not_silence() {
    let no =
        "<?xml version=\"1.0\"?><alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
    let heard = account().read_queried(&Response::new(Bytes::from(no)), Charset::Utf8, Timestamp(0)).unwrap();
    assert!(matches!(heard, Queried::Refused(no) if no.as_str() == "TRADE_NOT_EXIST"));
    let proxy = Response::new(Bytes::from_static(b"<html>"));
    assert!(matches!(account().read_queried(&proxy, Charset::Utf8, Timestamp(0)), Err(Unheard::NoReply(_))));
}
