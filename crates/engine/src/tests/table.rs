//! Tables of commands: the left column is what is done, the right column what comes of it.
//!
//! The first line is the merchant's request, with `key value` pairs after service and price: `fee 6000` (parts per
//! million), `express 5.00` / `post 5.00` (a way to ship; the buyer pays), `it_b_pay 1h`, `t_b_rec_post 7`, `named bob`,
//! `royalty carol 1.00`, `purse 20.00`, and the words `refundable`, `quiet` (no notify_url), `addressed`.
//!
//! Each further line is one command at one instant: who acts is the buyer or the seller unless `by` says otherwise.

use std::fmt::Write as _;
use std::time::Duration;

use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PayTimeout, PaymentService, TransportType,
};
use danbao_protocol::time::Timestamp;
use expect_test::Expect;

use super::{BUYER, Books, NOON, SELLER, choice, home, opening, parcel, request, user};
use crate::change::{Actor, Change};
use crate::chart::Account;
use crate::deadlines::{Clocks, DeadlineKind};
use crate::machine::{self, Choice, Means, Opening};
use crate::refusal::Refusal;
use crate::settlement::Royalty;
use crate::trade::{Mode, Trade};

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

/// One trade at a counter, its books, and the clock on the wall.
struct Counter {
    opening: Opening,
    trade: Option<Trade>,
    books: Books,
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
                "t_b_rec_post" => asked.timeouts.t_b_rec_post_days = words.must().parse().ok(),
                "royalty" => opening.royalty.push(Royalty {
                    payer: user(SELLER),
                    receiver: user(words.must()),
                    amount: words.money(),
                    memo: String::new(),
                }),
                kind => asked.logistics.push(LogisticsGroup {
                    logistics_type: LogisticsType::from_wire(&kind.to_uppercase()).unwrap(),
                    logistics_fee: words.money(),
                    logistics_payment: LogisticsPayment::BuyerPay,
                }),
            }
        }
        opening.request = asked.into();
        Counter { opening, trade: None, books: Books::with_purse(purse), now: NOON }
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
        match self.decide(verb, &mut words) {
            Err(refusal) => refusal.code().to_owned(),
            Ok(None) => "nothing changes".to_owned(),
            Ok(Some(change)) => self.apply(&change),
        }
    }

    fn decide(&mut self, verb: &str, words: &mut Words<'_>) -> Result<Option<Change>, Refusal> {
        let clocks = Clocks::default();
        let mut buyer = user(BUYER);
        let mut wish: Choice = choice(None, 0, None);
        let mut means = Means::Balance(self.books.purse());
        let mut by_post = TransportType::Express;
        while let Some(word) = words.next() {
            match word {
                "by" => buyer = user(words.must()),
                "mode" => wish.mode = Mode::from_name(words.must()),
                "way" => wish.logistics = words.must().parse().unwrap(),
                "home" => wish.receive = Some(home()),
                "balance" => {}
                "bank" => means = Means::Bank("ICBCB2C".to_owned()),
                transport => by_post = TransportType::from_wire(transport).unwrap(),
            }
        }
        let seller = Actor::Seller(user(SELLER));
        if verb == "create" {
            let opening = Opening { buyer, choice: wish, ..self.opening.clone() };
            return machine::create(opening, &clocks, self.now).map(Some);
        }
        let trade = self.trade.clone().expect("the trade was created");
        match verb {
            "arrange" => machine::arrange(&trade, &buyer, wish, self.now),
            "pay" => machine::pay(&trade, &buyer, &means, wish.receive, &clocks, self.now).map(Some),
            "ship" => machine::send_goods(&trade, seller, parcel(by_post), &clocks, self.now),
            "confirm" => machine::confirm_goods(&trade, Actor::Buyer(buyer), self.now).map(Some),
            "close" => machine::close(&trade, seller, self.now).map(Some),
            "ring" => Ok(DeadlineKind::ALL.iter().find_map(|kind| machine::expire(&trade, *kind, self.now))),
            other => panic!("{other} is no command"),
        }
    }

    /// Books the change and writes it down: state, total if it is new, postings, notice, deadlines.
    fn apply(&mut self, change: &Change) -> String {
        let total_before = self.trade.as_ref().map(|trade| trade.total_fee);
        let mut said = change.trade.trade_status.to_string();
        if total_before != Some(change.trade.total_fee) {
            write!(said, " total {}", change.trade.total_fee).unwrap();
        }
        for posting in change.journal.iter().flat_map(|journal| &journal.postings) {
            let (debit, credit) = (short(&posting.debit), short(&posting.credit));
            write!(said, ", {debit} > {credit} {}", posting.amount).unwrap();
        }
        said.push_str(if change.notice.is_some() { ", told" } else { ", untold" });
        for deadline in &change.set_deadlines {
            write!(said, ", {} {}", deadline.kind.as_str(), deadline.due_at.wire()).unwrap();
        }
        if let Some(journal) = &change.journal {
            self.books.post(journal);
        }
        self.trade = Some(change.trade.clone());
        said
    }
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
