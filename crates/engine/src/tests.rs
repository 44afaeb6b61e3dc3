//! The engine on trial: a counter at which trades are made and led through their lives, with a ledger beside it.

mod accounts;
mod diagram;
mod fastpay_stories;
mod properties;
mod refund_stories;
mod retries;
mod stories;
mod table;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{OutTradeNo, PartnerId, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    Amount, CustomTimeouts, DirectTerms, LogisticsGroup, LogisticsPayment, LogisticsType, Party,
    PaymentRequest, PaymentService, Receive, TransportType,
};
use danbao_protocol::sign::SignType;
use danbao_protocol::time::Timestamp;

use crate::change::Journal;
use crate::chart::Account;
use crate::machine::{Choice, Opening};
use crate::standing::{AccountKind, COMPANY_TO_PRIVATE_MAX, Holder, Parties, UserStatus};
use crate::trade::{Mode, Shipment};
use crate::triggers::Triggers;

/// 2012-02-29 12:00:00 in Beijing.
const NOON: Timestamp = Timestamp(1_330_488_000_000);
const SELLER: &str = "seller";
const BUYER: &str = "buyer";

fn user(name: &str) -> UserId {
    UserId::new(name)
}

/// A request for one thing at this price, by the seller's express service free of charge where goods are carried.
fn request(service: PaymentService, price: Fen) -> PaymentRequest {
    let express = LogisticsGroup {
        logistics_type: LogisticsType::Express,
        logistics_fee: Fen::ZERO,
        logistics_payment: LogisticsPayment::SellerPay,
    };
    PaymentRequest {
        service,
        partner: PartnerId::new("2088000000000001"),
        charset: Charset::Utf8,
        charset_label: "utf-8".to_owned(),
        sign_type: SignType::Md5,
        notify_url: Some("http://shop.example/notify".to_owned()),
        return_url: None,
        out_trade_no: OutTradeNo::new("order-1"),
        subject: "录音笔".to_owned(),
        body: None,
        payment_type: "1".to_owned(),
        show_url: None,
        seller: Party::Id(user(SELLER)),
        buyer: None,
        amount: Amount { price, quantity: 1, discount: Fen::ZERO },
        logistics: if service.is_direct() { Vec::new() } else { vec![express] },
        receive: None,
        timeouts: CustomTimeouts::default(),
        token: None,
        direct: DirectTerms::default(),
    }
}

/// The buyer at the first page of the cashier, with nothing chosen.
fn opening(request: PaymentRequest) -> Opening {
    Opening {
        trade_no: TradeNo::new("2012022900000001"),
        request: Arc::new(request),
        seller: user(SELLER),
        named_buyer: None,
        buyer: user(BUYER),
        choice: choice(None, 0, None),
        is_refundable: false,
        fee_ppm: 0,
        triggers: Triggers::STANDARD,
        royalty: Vec::new(),
    }
}

/// A person who buys from a person, nobody frozen.
fn parties() -> Parties {
    let holder = Holder { status: UserStatus::Member, kind: AccountKind::Private, is_frozen: false };
    Parties { buyer: holder, seller: holder, company_to_private_max: COMPANY_TO_PRIVATE_MAX }
}

/// The same with the seller's account frozen.
fn frozen_seller() -> Parties {
    let free = parties();
    Parties { seller: Holder { is_frozen: true, ..free.seller }, ..free }
}

/// The same with the buyer's account frozen.
fn frozen_buyer() -> Parties {
    let free = parties();
    Parties { buyer: Holder { is_frozen: true, ..free.buyer }, ..free }
}

/// A company that buys from a person, and may pay this much at once.
fn company(company_to_private_max: Fen) -> Parties {
    let free = parties();
    Parties { buyer: Holder { kind: AccountKind::Company, ..free.buyer }, company_to_private_max, ..free }
}

fn choice(mode: Option<Mode>, logistics: usize, receive: Option<Receive>) -> Choice {
    Choice { mode, logistics, receive }
}

fn home() -> Receive {
    let address = "上海市 普陀区 某路100号".to_owned();
    Receive { name: "张三".to_owned(), address, mobile: "13900000000".to_owned(), ..Receive::default() }
}

fn parcel(transport_type: TransportType) -> Shipment {
    Shipment { transport_type, logistics_name: "顺丰速运".to_owned(), invoice_no: "1".to_owned() }
}

/// All balances, moved by journals alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Books(BTreeMap<Account, Fen>);

impl Books {
    /// The buyer's purse, filled from the sandbox.
    fn with_purse(amount: Fen) -> Books {
        let mut books = Books::default();
        books.add(&Account::Sandbox, Fen(-amount.0));
        books.add(&Account::User(user(BUYER)), amount);
        books
    }

    fn of(&self, account: &Account) -> Fen {
        self.0.get(account).copied().unwrap_or(Fen::ZERO)
    }

    fn purse(&self) -> Fen {
        self.of(&Account::User(user(BUYER)))
    }

    fn add(&mut self, account: &Account, amount: Fen) {
        let sum = self.of(account).checked_add(amount).unwrap();
        self.0.insert(account.clone(), sum);
    }

    /// Posts, and holds that every posting moves something and that nobody is overdrawn at any moment.
    fn post(&mut self, journal: &Journal) {
        assert!(!journal.postings.is_empty(), "an empty journal");
        for posting in &journal.postings {
            assert!(posting.amount.is_positive(), "{posting:?}");
            assert_ne!(posting.debit, posting.credit);
            self.add(&posting.debit, Fen(-posting.amount.0));
            self.add(&posting.credit, posting.amount);
            let left = self.of(&posting.debit);
            assert!(left >= Fen::ZERO || posting.debit.may_be_negative(), "{} has {left}", posting.debit);
        }
        let sum: i64 = self.0.values().map(|balance| balance.0).sum();
        assert_eq!(sum, 0, "the books do not balance");
    }
}
