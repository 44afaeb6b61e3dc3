//! The inbox in a database: each change once, whatever arrives, and every message kept.
#![cfg(feature = "inbox")]
#![expect(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use danbao_merchant::inbox::{self, Basis, Choice, Mode, Order, Outcome, Receipt};
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId, UserId};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::Response;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::service::payment::PaymentService;
use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
use danbao_merchant::protocol::status::{RefundStatus, TradeStatus};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Account, Genuine, OrderFacts, Received, Rejected, Way};
use danbao_store::{Conn, Error, Migration, Tx, migrate};
use proptest::prelude::*;

const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
const NUMBER: &str = "20120229-1";
const MIGRATIONS: &[Migration] = &[Migration { version: 1, name: "inbox", sql: inbox::MIGRATION_SQL }];

fn account() -> Account {
    let partner = PartnerId::new("2088000000000001");
    let seller = UserId::new("2088000000000002");
    Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://gateway/gateway.do")
        .unwrap()
}

fn facts(service: PaymentService) -> OrderFacts {
    OrderFacts {
        partner: account().partner().clone(),
        service,
        charset: Charset::Utf8,
        out_trade_no: OutTradeNo::new(NUMBER),
        seller_email: "seller@example.com".into(),
        seller_id: UserId::new("2088000000000002"),
        total_fees: vec![Fen(1)],
    }
}

struct Shop {
    conn: Box<dyn Conn>,
    messages: u32,
    paid: u32,
}

impl Shop {
    fn open(service: PaymentService) -> Shop {
        let mut conn = danbao_store::open("sqlite::memory:").unwrap();
        migrate(&mut *conn, MIGRATIONS).unwrap();
        let mut tx = Tx::begin(&mut *conn).unwrap();
        inbox::open_order(&mut tx, &facts(service), Timestamp(0)).unwrap();
        tx.commit().unwrap();
        Shop { conn, messages: 0, paid: 0 }
    }

    fn hear(&mut self, message: &Message) -> Receipt {
        self.messages += 1;
        let id = format!("message {}", self.messages);
        let now = Timestamp(i64::from(self.messages));
        let (way, raw) = (message.way, message.raw());
        let mut tx = Tx::begin(&mut *self.conn).unwrap();
        inbox::arrive(&mut tx, &id, way, raw.as_bytes(), now).unwrap();
        let receipt = inbox::receive(&mut tx, &id, message.genuine(), now).unwrap();
        tx.commit().unwrap();
        self.paid += u32::from(receipt.became_paid);
        receipt
    }

    fn order(&mut self) -> Order {
        let number = OutTradeNo::new(NUMBER);
        inbox::load_order(&mut *self.conn, account().partner(), &number).unwrap().unwrap()
    }
}

#[derive(Debug, Clone, Copy)]
struct Message {
    way: Way,
    second: u8,
    status: &'static str,
    refund_status: &'static str,
    number: &'static str,
}

impl Message {
    fn raw(&self) -> String {
        let mut params = Params::new();
        for (name, value) in [
            ("notify_id", format!("{}{}", self.way.as_str(), self.second)),
            ("notify_type", "trade_status_sync".to_owned()),
            ("notify_time", format!("2012-02-29 00:00:{:02}", self.second)),
            ("out_trade_no", self.number.to_owned()),
            ("trade_no", "2012022900000001".to_owned()),
            ("trade_status", self.status.to_owned()),
            ("total_fee", "0.01".to_owned()),
            ("seller_id", "2088000000000002".to_owned()),
            ("buyer_email", "买家@example.com".to_owned()),
        ] {
            params.push(name, value.as_bytes());
        }
        if !self.refund_status.is_empty() {
            params.push("refund_status", self.refund_status.as_bytes());
        }
        if self.refund_status == "REFUND_SUCCESS" {
            params.push("gmt_refund", b"2012-02-29 00:00:59");
            params.push("gmt_close", b"2012-02-29 00:00:59");
        }
        if self.way == Way::Return {
            params.push("is_success", b"T");
        }
        append(&mut params, &Signer::Md5(Md5Key::new(KEY))).unwrap();
        params.to_urlencoded()
    }

    fn genuine(&self) -> Genuine {
        let raw = self.raw();
        let received = match self.way {
            Way::Return => Received::page_return(raw.as_bytes(), &[]),
            Way::Notify | Way::Query => Received::notification(None, raw.as_bytes()),
        };
        let signed = received.unwrap().check_sign(&account()).unwrap();
        signed.hear(&Response::new(Bytes::from_static(b"true"))).unwrap()
    }
}

const fn notify(second: u8, status: &'static str) -> Message {
    Message { way: Way::Notify, second, status, refund_status: "", number: NUMBER }
}

const fn refund(second: u8, status: &'static str, refund_status: &'static str) -> Message {
    Message { refund_status, ..notify(second, status) }
}

const LIFE: [Message; 4] = [
    notify(1, "WAIT_BUYER_PAY"),
    notify(2, "WAIT_SELLER_SEND_GOODS"),
    notify(3, "WAIT_BUYER_CONFIRM_GOODS"),
    notify(4, "TRADE_FINISHED"),
];

#[test]
fn an_order_opens_once_and_is_read_back_as_it_was() {
    let mut shop = Shop::open(PaymentService::TradeCreateByBuyer);
    let order = shop.order();
    assert_eq!(order.facts, facts(PaymentService::TradeCreateByBuyer));
    assert_eq!((order.state.heard, order.state.choice, order.times_applied), (None, None, 0));
    let mut tx = Tx::begin(&mut *shop.conn).unwrap();
    let again = inbox::open_order(&mut tx, &facts(PaymentService::TradeCreateByBuyer), Timestamp(1));
    assert!(again.unwrap_err().is_unique());
}

#[test]
fn return_and_notification_of_one_payment_change_the_order_once() {
    let mut shop = Shop::open(PaymentService::TradeCreateByBuyer);
    let _ = shop.hear(&LIFE[0]);
    let back = Message { way: Way::Return, ..LIFE[1] };
    assert!(shop.hear(&back).became_paid);
    let receipt = shop.hear(&LIFE[1]);
    assert_eq!((receipt.outcome, receipt.became_paid), (Outcome::AlreadyDone, false));
    let order = shop.order();
    assert_eq!(order.times_applied, 2);
    assert_eq!(order.state.choice, Some(Choice { mode: Mode::Escrow, basis: Basis::StoredUnpaid }));
    assert_eq!(order.state.heard.unwrap().buyer_email, "买家@example.com");
}

#[test]
fn what_never_arrived_cannot_be_settled_and_changes_nothing() {
    let mut shop = Shop::open(PaymentService::CreateDirectPayByUser);
    let message = notify(1, "TRADE_FINISHED");
    let mut tx = Tx::begin(&mut *shop.conn).unwrap();
    inbox::arrive(&mut tx, "m1", Way::Notify, message.raw().as_bytes(), Timestamp(1)).unwrap();
    let typo = inbox::receive(&mut tx, "m2", message.genuine(), Timestamp(1)).unwrap_err();
    assert!(matches!(&typo, Error::Shape(why) if why.contains("m2")), "{typo}");
    tx.rollback().unwrap();
    assert!(!shop.order().state.is_paid());
}

#[test]
fn every_message_is_kept_with_what_became_of_it() {
    let mut shop = Shop::open(PaymentService::CreatePartnerTradeByBuyer);
    let _ = shop.hear(&LIFE[1]);
    let _ = shop.hear(&LIFE[1]);
    let _ = shop.hear(&LIFE[0]);
    let _ = shop.hear(&notify(5, "TRADE_SUCCESS"));
    let _ = shop.hear(&notify(6, "COD_WAIT_BUYER_PAY"));
    let mut tx = Tx::begin(&mut *shop.conn).unwrap();
    inbox::arrive(&mut tx, "forged", Way::Notify, b"out_trade_no=20120229-1&sign=0", Timestamp(9)).unwrap();
    inbox::settle(&mut tx, "forged", &Outcome::Rejected(Rejected::Sign), Timestamp(9)).unwrap();
    tx.commit().unwrap();
    let kept = inbox::messages_of(&mut *shop.conn, &OutTradeNo::new(NUMBER)).unwrap();
    let outcomes: Vec<&str> = kept.iter().map(|m| m.outcome.as_str()).collect();
    assert_eq!(outcomes, ["applied", "already_done", "stale", "conflict", "unknown", "rejected"]);
    assert_eq!(kept[0].raw, LIFE[1].raw());
    assert_eq!(kept[5].note, "sign: the signature does not fit");
    assert_eq!(shop.order().state.trade_status(), Some(TradeStatus::WaitSellerSendGoods));
}

#[test]
fn a_retry_that_was_taken_in_once_is_never_news_again() {
    let mut shop = Shop::open(PaymentService::CreatePartnerTradeByBuyer);
    for message in &LIFE {
        let _ = shop.hear(message);
    }
    for message in &LIFE {
        assert_eq!(shop.hear(message).outcome, Outcome::AlreadyDone);
    }
    assert_eq!(shop.order().times_applied, 4);
}

/// The order of the escrow tutorial's 4.4, with a refusal and a second application, as the gateway tells it.
const REFUNDED: [Message; 9] = [
    LIFE[0],
    LIFE[1],
    LIFE[2],
    refund(4, "WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"),
    refund(5, "WAIT_BUYER_CONFIRM_GOODS", "SELLER_REFUSE_BUYER"),
    refund(6, "WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"),
    refund(7, "WAIT_BUYER_CONFIRM_GOODS", "WAIT_BUYER_RETURN_GOODS"),
    refund(8, "WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_CONFIRM_GOODS"),
    refund(9, "TRADE_CLOSED", "REFUND_SUCCESS"),
];

#[test]
fn every_step_of_a_refund_is_applied_once_and_its_end_carries_both_states() {
    let mut shop = Shop::open(PaymentService::CreatePartnerTradeByBuyer);
    for message in &REFUNDED {
        assert_eq!(shop.hear(message).outcome, Outcome::Applied, "{message:?}");
        assert_eq!(shop.hear(message).outcome, Outcome::AlreadyDone, "{message:?}");
    }
    let heard = shop.order().state.heard.unwrap().position;
    assert_eq!(heard.trade_status, TradeStatus::TradeClosed);
    assert_eq!(heard.refund_status, Some(RefundStatus::RefundSuccess));
    assert_eq!((shop.order().times_applied, shop.paid), (9, 1));
    let late = Message { second: 5, ..REFUNDED[4] };
    assert_ne!(shop.hear(&late).outcome, Outcome::Applied, "a refusal that comes after the money is back");
}

#[test]
fn a_refund_that_is_heard_of_last_step_first_ends_the_same() {
    let mut shop = Shop::open(PaymentService::CreatePartnerTradeByBuyer);
    for message in REFUNDED.iter().rev() {
        let receipt = shop.hear(message);
        assert_eq!(receipt.outcome.answer().body().as_ref(), b"success", "{message:?}");
    }
    let heard = shop.order().state.heard.unwrap().position;
    assert_eq!(heard.refund_status, Some(RefundStatus::RefundSuccess));
    assert_eq!(shop.order().times_applied, 1);
}

#[test]
fn a_refund_of_a_part_finishes_the_order_and_shipping_closes_an_application() {
    let mut shop = Shop::open(PaymentService::TradeCreateByBuyer);
    let told = [
        LIFE[0],
        LIFE[1],
        refund(3, "WAIT_SELLER_SEND_GOODS", "WAIT_SELLER_AGREE"),
        refund(4, "WAIT_BUYER_CONFIRM_GOODS", "REFUND_CLOSED"),
        refund(5, "WAIT_BUYER_CONFIRM_GOODS", "WAIT_SELLER_AGREE"),
        refund(6, "TRADE_FINISHED", "REFUND_SUCCESS"),
    ];
    for message in &told {
        assert_eq!(shop.hear(message).outcome, Outcome::Applied, "{message:?}");
    }
    let heard = shop.order().state.heard.unwrap().position;
    assert_eq!(heard.trade_status, TradeStatus::TradeFinished);
    assert_eq!((shop.order().times_applied, shop.paid), (6, 1));
}

#[test]
fn a_message_about_no_order_changes_nothing_and_is_refused() {
    let mut shop = Shop::open(PaymentService::CreateDirectPayByUser);
    let receipt = shop.hear(&Message { number: "another", ..notify(1, "TRADE_FINISHED") });
    assert_eq!(receipt.outcome, Outcome::Rejected(Rejected::NoSuchOrder));
    assert_eq!(receipt.outcome.answer().body().as_ref(), b"fail");
    let receipt = shop.hear(&Message { number: "nul\0nul", ..notify(1, "TRADE_FINISHED") });
    assert_eq!(receipt.outcome, Outcome::Rejected(Rejected::NoSuchOrder));
}

#[test]
fn what_was_not_committed_was_not_heard() {
    let mut shop = Shop::open(PaymentService::CreateDirectPayByUser);
    let message = notify(1, "TRADE_FINISHED");
    let mut tx = Tx::begin(&mut *shop.conn).unwrap();
    inbox::arrive(&mut tx, "lost", Way::Notify, message.raw().as_bytes(), Timestamp(1)).unwrap();
    let receipt = inbox::receive(&mut tx, "lost", message.genuine(), Timestamp(1)).unwrap();
    assert!(receipt.became_paid);
    drop(tx);
    assert_eq!(shop.order().times_applied, 0);
    assert!(shop.hear(&message).became_paid);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_arrivals_that_hold_the_last_message_end_in_its_state_and_are_paid_at_most_once(
        arrivals in proptest::collection::vec((0..4_usize, any::<bool>()), 0..12),
        last_at in 0..12_usize,
    ) {
        let mut shop = Shop::open(PaymentService::CreatePartnerTradeByBuyer);
        let mut arrivals: Vec<Message> = arrivals
            .into_iter()
            .map(|(i, by_return)| if by_return { Message { way: Way::Return, ..LIFE[i] } } else { LIFE[i] })
            .collect();
        arrivals.insert(last_at.min(arrivals.len()), LIFE[3]);
        for message in &arrivals {
            let receipt = shop.hear(message);
            let answer = receipt.outcome.answer();
            prop_assert_eq!(answer.body().as_ref(), b"success");
        }
        let order = shop.order();
        prop_assert_eq!(order.state.trade_status(), Some(TradeStatus::TradeFinished));
        prop_assert_eq!(shop.paid, 1);
        prop_assert!(order.times_applied <= 4);
    }
}
