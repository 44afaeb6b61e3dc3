//! Tables of commands: the left column is what is done, the right column what comes of it.
//!
//! The first line is the merchant's request, with `key value` pairs after service and price: `fee 6000` (parts per
//! million), `express 5.00` / `post 5.00` (a way to ship; the buyer pays), `it_b_pay 1h`, `t_b_rec_post 7`,
//! `t_s_send_1 3`, `t_s_send_2 3`, `triggers TRADE_CLOSED+TRADE_FINISHED`, `named bob`, `royalty carol 1.00`, `purse 20.00`, and the words `refundable`, `quiet` (no notify_url), `addressed`.
//!
//! Each further line is one command at one instant: who acts is the buyer or the seller unless `by` says otherwise.
//! `ring` lets time go by until the next deadline, and what is planned for it happen. The refund's commands are
//! `apply`, with `received` and an amount if it is not all, `agree`, `refuse`, `return EXPRESS`, `back` and `withdraw`;
//! A paid direct trade is refunded by `give 4.00`, with `share carol 1.00` for each share that goes back.
//! `pay` may say `frozen-seller`, `frozen-buyer` or `company 50.00` (how much one may pay a person); `release` is the
//! platform's. `adjust -1.00` is another discount, `extend 3` more days to confirm.

use std::fmt::Write as _;
use std::time::Duration;

use danbao_protocol::ids::UserId;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PayTimeout, PaymentService, TransportType,
};
use danbao_protocol::time::Timestamp;
use expect_test::Expect;

use super::{
    BUYER, Books, NOON, SELLER, choice, company, frozen_buyer, frozen_seller, home, opening, parcel, parties,
    request, user,
};
use crate::change::{Actor, Change, Grounds};
use crate::chart::Account;
use crate::deadlines::{Clocks, Deadline, DeadlineKind};
use crate::fastpay_refund::{self, Balances, PaidRefund, ReturnedShare};
use crate::machine::{self, Choice, Means, Opening};
use crate::refund::{self, Application};
use crate::refusal::Refusal;
use crate::settlement::Royalty;
use crate::standing::Parties;
use crate::trade::{Mode, Trade};
use crate::triggers::Triggers;

/// Carries the table's left column out and holds that its right column is what came of it.
pub(super) fn story(expected: &Expect) {
    let lines: Vec<&str> = expected.data().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (offer, commands) = lines.split_first().expect("a story begins with the request");
    let mut counter = Counter::open(offer);
    let mut out = format!("{offer}\n");
    for line in commands {
        let command = line.split(" | ").next().unwrap_or(line).trim();
        writeln!(out, "{command:<34} | {}", counter.carry_out(command)).unwrap();
    }
    expected.assert_eq(&out);
}

/// One trade at a counter, its books, what is planned for it, and the clock on the wall.
struct Counter {
    opening: Opening,
    trade: Option<Trade>,
    books: Books,
    deadlines: Vec<Deadline>,
    now: Timestamp,
}

struct Words<'a>(std::slice::Iter<'a, &'a str>);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.0.next().copied()
    }

    fn must(&mut self) -> &'a str {
        self.next().expect("a word is missing")
    }

    fn money(&mut self) -> Fen {
        Fen::parse(self.must()).unwrap()
    }
}

impl Counter {
    fn open(offer: &str) -> Counter {
        let words: Vec<&str> = offer.split_whitespace().collect();
        let mut words = Words(words.iter());
        let service = match words.must() {
            "direct" => PaymentService::CreateDirectPayByUser,
            "escrow" => PaymentService::CreatePartnerTradeByBuyer,
            "dual" => PaymentService::TradeCreateByBuyer,
            other => panic!("{other} is no service"),
        };
        let mut asked = request(service, words.money());
        let mut opening = opening(asked.clone());
        let mut purse = Fen(100_000);
        while let Some(word) = words.next() {
            match word {
                "fee" => opening.fee_ppm = words.must().parse().unwrap(),
                "refundable" => opening.is_refundable = true,
                "quiet" => asked.notify_url = None,
                "addressed" => asked.receive = Some(home()),
                "purse" => purse = words.money(),
                "named" => opening.named_buyer = Some(user(words.must())),
                "it_b_pay" => asked.timeouts.it_b_pay = PayTimeout::parse(words.must()),
                "t_s_send_1" => asked.timeouts.t_s_send_1_days = words.must().parse().ok(),
                "t_s_send_2" => asked.timeouts.t_s_send_2_days = words.must().parse().ok(),
                "triggers" => {
                    opening.triggers = Triggers::from_words(&words.must().replace('+', " ")).unwrap()
                }
                "t_b_rec_post" => asked.timeouts.t_b_rec_post_days = words.must().parse().ok(),
                "royalty" => opening.royalty.push(Royalty {
                    payer: user(SELLER),
                    receiver: user(words.must()),
                    amount: words.money(),
                    memo: String::new(),
                    refunded: Fen::ZERO,
                }),
                kind => asked.logistics.push(LogisticsGroup {
                    logistics_type: LogisticsType::from_wire(&kind.to_uppercase()).unwrap(),
                    logistics_fee: words.money(),
                    logistics_payment: LogisticsPayment::BuyerPay,
                }),
            }
        }
        opening.request = asked.into();
        Counter { opening, trade: None, books: Books::with_purse(purse), deadlines: Vec::new(), now: NOON }
    }

    /// Does one thing and says what came of it.
    fn carry_out(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split_whitespace().collect();
        let mut words = Words(words.iter());
        let verb = words.must();
        if verb == "wait" {
            self.now = self.now.plus(length(words.must()));
            return self.now.wire();
        }
        if let ("ring", Some(due_at)) = (verb, self.deadlines.iter().map(|planned| planned.due_at).min()) {
            self.now = self.now.max(due_at);
        }
        match self.decide(verb, &mut words) {
            Err(refusal) => refusal.code().to_owned(),
            Ok(None) => "nothing changes".to_owned(),
            Ok(Some(change)) => self.apply(&change),
        }
    }

    fn decide(&mut self, verb: &str, words: &mut Words<'_>) -> Result<Option<Change>, Refusal> {
        let clocks = Clocks::default();
        let asked = Asked::read(words, self.books.purse());
        let seller = Actor::Seller(user(SELLER));
        if verb == "create" {
            let opening = Opening { buyer: asked.buyer, choice: asked.wish, ..self.opening.clone() };
            return machine::create(opening, &clocks, self.now).map(Some);
        }
        let trade = self.trade.clone().expect("the trade was created");
        let (Asked { buyer, wish, means, by_post, .. }, now) = (&asked, self.now);
        match verb {
            "arrange" => machine::arrange(&trade, buyer, wish.clone(), now),
            "adjust" => machine::adjust_price(&trade, &user(SELLER), asked.money().unwrap(), now),
            "pay" => {
                let (receive, parties) = (wish.receive.clone(), &asked.parties);
                machine::pay(&trade, buyer, means, receive, parties, &clocks, now).map(Some)
            }
            "release" => machine::release(&trade, &clocks, now).map(Some),
            "ship" => machine::send_goods(&trade, seller, parcel(*by_post), &clocks, now),
            "extend" => {
                let due_at = self.planned(DeadlineKind::ConfirmGoods);
                machine::extend_timeout(&trade, &user(SELLER), asked.days(), due_at, now).map(Some)
            }
            "confirm" => machine::confirm_goods(&trade, Actor::Buyer(buyer.clone()), now).map(Some),
            "close" => machine::close(&trade, seller, now).map(Some),
            "apply" => refund::apply_for(&trade, buyer, asked.application(&trade), &clocks, now).map(Some),
            "agree" => refund::agree(&trade, seller, &clocks, now).map(Some),
            "refuse" => refund::refuse(&trade, &user(SELLER), no(), &clocks, now).map(Some),
            "return" => refund::return_goods(&trade, buyer, parcel(*by_post), &clocks, now).map(Some),
            "back" => refund::confirm_return(&trade, seller, now).map(Some),
            "give" => {
                let by = Actor::Partner;
                let refunded = fastpay_refund::refund(&trade, &asked.given(), &self.held(), by, now)?;
                Ok(Some(refunded.change))
            }
            "withdraw" => refund::withdraw(&trade, Actor::Buyer(buyer.clone()), &clocks, now).map(Some),
            "ring" => {
                let ring = |kind: &DeadlineKind| machine::expire(&trade, *kind, &clocks, now);
                let is_planned = |kind: &&DeadlineKind| self.planned(**kind).is_some();
                let rung = DeadlineKind::ALL.iter().filter(is_planned).map(ring);
                rung.collect::<Result<Vec<_>, _>>().map(|changes| changes.into_iter().flatten().next())
            }
            other => panic!("{other} is no command"),
        }
    }

    /// What every person holds.
    fn held(&self) -> Balances {
        let person = |(account, balance): (&Account, &Fen)| match account {
            Account::User(id) => Some((id.clone(), *balance)),
            _ => None,
        };
        self.books.0.iter().filter_map(person).collect()
    }

    fn planned(&self, kind: DeadlineKind) -> Option<Timestamp> {
        self.deadlines.iter().find(|planned| planned.kind == kind).map(|planned| planned.due_at)
    }

    /// Books the change and writes it down: states, total if it is new, postings, notice, deadlines.
    fn apply(&mut self, change: &Change) -> String {
        let total_before = self.trade.as_ref().map(|trade| trade.total_fee);
        let mut said = change.trade.trade_status.to_string();
        if let Some(refund_status) = change.trade.refund_status {
            write!(said, " {refund_status}").unwrap();
        }
        if total_before != Some(change.trade.total_fee) {
            write!(said, " total {}", change.trade.total_fee).unwrap();
        }
        for posting in change.journal.iter().flat_map(|journal| &journal.postings) {
            let (debit, credit) = (short(&posting.debit), short(&posting.credit));
            write!(said, ", {debit} > {credit} {}", posting.amount).unwrap();
        }
        said.push_str(if change.notice.is_some() { ", told" } else { ", untold" });
        if change.clear_deadlines {
            self.deadlines.clear();
        }
        for deadline in &change.set_deadlines {
            self.deadlines.retain(|planned| planned.kind != deadline.kind);
            self.deadlines.push(*deadline);
            write!(said, ", {} {}", deadline.kind.as_str(), deadline.due_at.wire()).unwrap();
        }
        if let Some(journal) = &change.journal {
            self.books.post(journal);
        }
        self.trade = Some(change.trade.clone());
        said
    }
}

/// The words after a verb.
struct Asked {
    buyer: UserId,
    wish: Choice,
    means: Means,
    by_post: TransportType,
    parties: Parties,
    is_received: bool,
    number: Option<String>,
    shares: Vec<ReturnedShare>,
}

impl Asked {
    fn read(words: &mut Words<'_>, purse: Fen) -> Asked {
        let mut asked = Asked {
            buyer: user(BUYER),
            wish: choice(None, 0, None),
            means: Means::Balance(purse),
            by_post: TransportType::Express,
            parties: parties(),
            is_received: false,
            number: None,
            shares: Vec::new(),
        };
        while let Some(word) = words.next() {
            match word {
                "by" => asked.buyer = user(words.must()),
                "mode" => asked.wish.mode = Mode::from_name(words.must()),
                "way" => asked.wish.logistics = words.must().parse().unwrap(),
                "home" => asked.wish.receive = Some(home()),
                "balance" => {}
                "bank" => asked.means = Means::Bank("ICBCB2C".to_owned()),
                "frozen-seller" => asked.parties = frozen_seller(),
                "frozen-buyer" => asked.parties = frozen_buyer(),
                "company" => asked.parties = company(words.money()),
                "received" => asked.is_received = true,
                "share" => asked.shares.push(ReturnedShare {
                    payer: user(words.must()),
                    receiver: user(SELLER),
                    amount: Fen::parse_signed(words.must()).unwrap(),
                }),
                number if number.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                    asked.number = Some(number.to_owned());
                }
                transport => asked.by_post = TransportType::from_wire(transport).unwrap(),
            }
        }
        asked
    }

    fn money(&self) -> Option<Fen> {
        self.number.as_deref().map(|text| Fen::parse_signed(text).unwrap())
    }

    fn given(&self) -> PaidRefund {
        PaidRefund { amount: self.money().expect("how much"), royalty: self.shares.clone() }
    }

    fn days(&self) -> u64 {
        self.number.as_deref().expect("how many days").parse().unwrap()
    }

    fn application(&self, trade: &Trade) -> Application {
        let amount = self.money().unwrap_or(trade.total_fee);
        let (reason, evidence) = ("不想要了".to_owned(), "照片两张".to_owned());
        Application { goods_received: self.is_received, amount, reason, evidence }
    }
}

fn no() -> Grounds {
    Grounds { reason: "完好无损".to_owned(), evidence: "出库录像".to_owned() }
}

/// `90d`, `1h`
fn length(text: &str) -> Duration {
    let (count, unit) = text.split_at(text.len() - 1);
    let seconds = match unit {
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other} is no unit of time"),
    };
    Duration::from_secs(count.parse::<u64>().unwrap() * seconds)
}

fn short(account: &Account) -> String {
    match account {
        Account::User(id) => id.to_string(),
        Account::Escrow(_) => "escrow".to_owned(),
        Account::Bank(_) => "bank".to_owned(),
        Account::Fee => "fee".to_owned(),
        Account::Sandbox => "sandbox".to_owned(),
    }
}
