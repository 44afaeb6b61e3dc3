//! The second set of books: what every account must hold, computed from the trades alone and from the postings alone.
//! Nobody gets back more than was paid, and nothing stays in escrow.

use std::collections::{BTreeMap, BTreeSet};

use super::Auditor;
use super::books::{Account, Event, Gateway, Item, Journal, Posting, Trade};
use crate::people::{Town, fen};

/// postings of journal j have the numbers from j * 100.
const LINES: i64 = 100;

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town) {
    audit_balances(auditor, gateway);
    audit_journals(auditor, gateway);
    for account in &gateway.accounts {
        audit_chain(auditor, account, gateway);
    }
    for trade in &gateway.trades {
        audit_trade(auditor, gateway, town, trade);
    }
}

fn audit_balances(auditor: &mut Auditor, gateway: &Gateway) {
    let mut computed: BTreeMap<&str, i64> = BTreeMap::new();
    for posting in &gateway.postings {
        if posting.amount <= 0 || posting.debit == posting.credit {
            auditor.find(format!("posting {} moves nothing", posting.posting_id));
        }
        *computed.entry(&posting.debit).or_default() -= posting.amount;
        *computed.entry(&posting.credit).or_default() += posting.amount;
    }
    for Account { account, balance, .. } in &gateway.accounts {
        let postings = computed.remove(account.as_str()).unwrap_or_default();
        if postings != *balance {
            auditor.find(format!("{account} holds {balance}, its postings say {postings}"));
        }
        let stands_for_outside = account.starts_with("bank:") || account == "sandbox";
        if *balance < 0 && !stands_for_outside {
            auditor.find(format!("{account} is overdrawn: {balance}"));
        }
    }
    for account in computed.keys() {
        auditor.find(format!("{account} has postings and no row"));
    }
    let sum: i64 = gateway.accounts.iter().map(|account| account.balance).sum();
    if sum != 0 {
        auditor.find(format!("all balances together are {sum}"));
    }
}

/// Each journal has its lines without a gap and belongs to one line of one history, or to no trade at all.
fn audit_journals(auditor: &mut Auditor, gateway: &Gateway) {
    for journal in &gateway.journals {
        let lines = lines_of(gateway, journal.journal_id);
        let is_whole =
            (0..).zip(&lines).all(|(line, posting)| posting.posting_id == journal.journal_id * LINES + line);
        if lines.is_empty() || !is_whole {
            auditor.find(format!("journal {} has no lines, or a gap in them", journal.journal_id));
        }
        let of_history = gateway
            .events
            .iter()
            .filter(|event| event.journal_id == Some(journal.journal_id))
            .collect::<Vec<_>>();
        let fits = match &journal.trade_no {
            None => of_history.is_empty(),
            Some(trade_no) => {
                of_history.len() == 1 && of_history.iter().all(|event| event.trade_no == *trade_no)
            }
        };
        if !fits {
            auditor.find(format!("journal {} is not the journal of one change", journal.journal_id));
        }
    }
    for posting in &gateway.postings {
        if gateway.journals.iter().all(|journal| journal.journal_id != posting.posting_id / LINES) {
            auditor.find(format!("posting {} has no journal", posting.posting_id));
        }
    }
}

pub(super) fn lines_of(gateway: &Gateway, journal_id: i64) -> Vec<&Posting> {
    gateway.postings.iter().filter(|posting| posting.posting_id / LINES == journal_id).collect()
}

/// From the account's newest posting back to its first: every posting of the account, each once, and none before a later
/// one. Several nodes take their numbers from blocks, so the numbers alone say nothing of the order.
fn audit_chain(auditor: &mut Auditor, account: &Account, gateway: &Gateway) {
    let name = account.account.as_str();
    let mut own: BTreeMap<i64, i64> = gateway
        .postings
        .iter()
        .filter_map(|posting| {
            let previous = match name {
                _ if posting.debit == name => posting.debit_previous,
                _ if posting.credit == name => posting.credit_previous,
                _ => return None,
            };
            Some((posting.posting_id, previous))
        })
        .collect();
    let instant = |posting_id: i64| {
        let of_journal = |journal: &&Journal| journal.journal_id == posting_id / LINES;
        gateway.journals.iter().find(of_journal).map_or(i64::MIN, |journal| journal.at)
    };
    let (mut at, all) = (account.last_posting, own.len());
    while let Some(previous) = own.remove(&at) {
        if own.len() + 1 == all && previous != account.previous_posting {
            auditor.find(format!("{name} misremembers the posting before its last"));
        }
        if instant(previous) > instant(at) {
            auditor.find(format!("the chain of {name} goes forwards at {at}"));
        }
        at = previous;
    }
    if at != 0 || !own.is_empty() {
        let walked = all - own.len();
        auditor.find(format!("the chain of {name} ends at {at} after {walked} of {all} postings"));
    }
}

/// What a trade must have moved, by its history and by what was asked for, alone.
fn audit_trade(auditor: &mut Auditor, gateway: &Gateway, town: &Town, trade: &Trade) {
    let trade_no = trade.trade_no.as_str();
    let mut told = Told::of(gateway, town, trade);
    for event in gateway.history(trade) {
        let moved: Vec<Line> = match event.journal_id {
            Some(journal_id) => lines_of(gateway, journal_id).into_iter().map(Line::of).collect(),
            None => Vec::new(),
        };
        let expected = match event.command.as_str() {
            "refund_paid" => told.repaid(gateway, event, &moved),
            _ => told.lines_of(event, &moved),
        };
        if moved != expected {
            auditor.find(format!(
                "{trade_no}: {} moved {moved:?}, should have moved {expected:?}",
                event.command
            ));
        }
        if matches!(event.command.as_str(), "pay" | "pay_held") && !told.is_lawful_source() {
            auditor.find(format!("{trade_no}: was paid by {}", told.source));
        }
    }
    let should_hold = match trade.status.trade.as_str() {
        "WAIT_SELLER_SEND_GOODS" | "WAIT_BUYER_CONFIRM_GOODS" | "TRADE_PENDING" => trade.total_fee,
        _ => 0,
    };
    let escrow = &told.escrow;
    let holds =
        gateway.accounts.iter().find(|account| account.account == *escrow).map_or(0, |found| found.balance);
    if holds != should_hold || told.held != should_hold {
        auditor.find(format!("{escrow} holds {holds}, should hold {should_hold} in {}", trade.status));
    }
    audit_given_back(auditor, gateway, &told);
    for item in gateway.items.iter().filter(|item| item.trade_no == trade_no && item.result == "SUCCESS") {
        if !told.repaid.contains(&(item.thread.as_str(), item.line)) {
            auditor.find(format!(
                "{trade_no}: item {} of {} succeeded without a refund",
                item.line, item.thread
            ));
        }
    }
    let refunded = trade.total_fee - told.kept;
    if refunded > trade.total_fee || (trade.mode == "direct" && refunded != trade.refunded) {
        auditor.find(format!("{trade_no}: {refunded} were refunded, it says {}", trade.refunded));
    }
}

/// Over all journals of a trade: nobody who paid gets back more than was paid, whatever the changes were called.
fn audit_given_back(auditor: &mut Auditor, gateway: &Gateway, told: &Told<'_>) {
    let trade_no = told.trade.trade_no.as_str();
    let own = gateway.journals.iter().filter(|journal| journal.trade_no.as_deref() == Some(trade_no));
    let shared: i64 =
        told.shares.iter().filter(|share| share.credit == told.source).map(|share| share.amount).sum();
    let (mut paid, mut given_back) = (0, -shared);
    for line in own.flat_map(|journal| lines_of(gateway, journal.journal_id)) {
        paid += if line.debit == told.source { line.amount } else { 0 };
        given_back += if line.credit == told.source { line.amount } else { 0 };
    }
    if given_back > paid {
        auditor.find(format!("{trade_no}: of {paid} that were paid {given_back} were given back"));
    }
}

/// Money that goes from one account to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) debit: String,
    pub(super) credit: String,
    pub(super) amount: i64,
}

impl Line {
    fn new(debit: &str, credit: &str, amount: i64) -> Line {
        Line { debit: debit.to_owned(), credit: credit.to_owned(), amount }
    }

    fn of(posting: &Posting) -> Line {
        Line::new(&posting.debit, &posting.credit, posting.amount)
    }
}

/// What is known of a trade's money while its history is read.
struct Told<'g> {
    trade: &'g Trade,
    escrow: String,
    seller: String,
    /// Where the money came from; empty until it has.
    source: String,
    /// What is in escrow.
    held: i64,
    /// What goes back to the buyer if a refund succeeds.
    back: i64,
    /// What was promised to others out of the seller's money.
    shares: Vec<Line>,
    /// What of a direct payment was not refunded yet.
    kept: i64,
    /// What of the shares came back, by who gave it back and to whom.
    returned: BTreeMap<(String, String), i64>,
    /// Items of batches by which money went back, as (thread, line).
    repaid: BTreeSet<(&'g str, i64)>,
    users: &'g [(String, String)],
}

impl<'g> Told<'g> {
    fn of(gateway: &'g Gateway, town: &Town, trade: &'g Trade) -> Told<'g> {
        let account = |email: &str| {
            let user = gateway.users.iter().find(|(_, known)| known == email);
            user.map_or_else(|| format!("nobody:{email}"), |(user_id, _)| format!("user:{user_id}"))
        };
        let seller = format!("user:{}", trade.seller);
        let shares = town.order(&trade.out_trade_no).map(|order| order.shares()).unwrap_or_default();
        let share = |(payer, receiver, amount): (Option<String>, String, i64)| {
            let payer = payer.map_or_else(|| seller.clone(), |email| account(&email));
            Line::new(&payer, &account(&receiver), amount)
        };
        Told {
            trade,
            escrow: format!("escrow:{}", trade.trade_no),
            source: String::new(),
            held: 0,
            back: gateway.refund(trade).map_or(0, |refund| refund.amount),
            shares: shares.into_iter().map(share).collect(),
            seller,
            kept: trade.total_fee,
            returned: BTreeMap::new(),
            repaid: BTreeSet::new(),
            users: &gateway.users,
        }
    }

    fn is_lawful_source(&self) -> bool {
        self.source == format!("user:{}", self.trade.buyer) || self.source.starts_with("bank:")
    }

    /// The lines that a change must write.
    fn lines_of(&mut self, event: &Event, moved: &[Line]) -> Vec<Line> {
        let total = self.trade.total_fee;
        match (event.command.as_str(), self.trade.mode.as_str()) {
            ("pay", mode) => {
                self.source = moved.first().map(|line| line.debit.clone()).unwrap_or_default();
                if mode == "escrow" {
                    self.held = total;
                    return vec![Line::new(&self.source, &self.escrow, total)];
                }
                self.sold(&self.source.clone(), total)
            }
            ("pay_held", _) => {
                self.source = moved.first().map(|line| line.debit.clone()).unwrap_or_default();
                self.held = total;
                vec![Line::new(&self.source, &self.escrow, total)]
            }
            ("confirm_goods" | "release", _) => {
                self.held = 0;
                self.sold(&self.escrow, total)
            }
            ("agree_refund" | "confirm_return", _) if event.status.refund == "REFUND_SUCCESS" => {
                self.held = 0;
                let mut lines = vec![Line::new(&self.escrow, &self.source, self.back)];
                if self.back < total {
                    lines.extend(self.sold(&self.escrow, total - self.back));
                }
                lines
            }
            _ => Vec::new(),
        }
    }

    /// A refund of a direct payment: that item of a batch which was taken at this instant and moved just this. If none
    /// did, what the first of them should have moved.
    fn repaid(&mut self, gateway: &'g Gateway, event: &Event, moved: &[Line]) -> Vec<Line> {
        let of_event = |item: &&Item| {
            item.trade_no == self.trade.trade_no
                && item.result == "SUCCESS"
                && item.done_at == event.at
                && !self.repaid.contains(&(item.thread.as_str(), item.line))
        };
        let items: Vec<&Item> = gateway.items.iter().filter(of_event).collect();
        let fits = |item: &&&Item| {
            let charge = self.charge(item.amount);
            item.charge == charge && self.repayment(item) == moved && self.is_within_shares(item)
        };
        let Some(item) = items.iter().find(fits).or_else(|| items.first()) else { return Vec::new() };
        let lines = self.repayment(item);
        for share in returned_shares(self.users, &item.royalty) {
            *self.returned.entry((share.debit, share.credit)).or_default() += share.amount;
        }
        self.kept -= item.amount;
        self.repaid.insert((item.thread.as_str(), item.line));
        lines
    }

    /// Nobody gives back more of a share than was given and is still kept.
    fn is_within_shares(&self, item: &Item) -> bool {
        returned_shares(self.users, &item.royalty).iter().all(|back| {
            let given =
                self.shares.iter().filter(|share| share.debit == back.credit && share.credit == back.debit);
            let given: i64 = given.map(|share| share.amount).sum();
            let before = self.returned.get(&(back.debit.clone(), back.credit.clone())).copied().unwrap_or(0);
            before + back.amount <= given
        })
    }

    /// The part of the charge that comes back with so much: it stays that on what the seller keeps.
    fn charge(&self, amount: i64) -> i64 {
        fee(self.kept, self.trade.fee_ppm) - fee(self.kept - amount, self.trade.fee_ppm)
    }

    /// First the charge, then the shares, then the buyer (docs/adr/0015).
    fn repayment(&self, item: &Item) -> Vec<Line> {
        let charge = self.charge(item.amount);
        let mut lines = Vec::new();
        if charge > 0 {
            lines.push(Line::new("fee", &self.seller, charge));
        }
        lines.extend(returned_shares(self.users, &item.royalty));
        lines.push(Line::new(&self.seller, &self.source, item.amount));
        lines
    }

    /// The seller is paid, gives the platform its charge, and gives the others their shares.
    fn sold(&self, from: &str, amount: i64) -> Vec<Line> {
        let fee = fee(amount, self.trade.fee_ppm);
        let mut lines = vec![Line::new(from, &self.seller, amount)];
        if fee > 0 {
            lines.push(Line::new(&self.seller, "fee", fee));
        }
        lines.extend(self.shares.iter().cloned());
        lines
    }
}

/// Parts per million, rounded half up.
pub(super) fn fee(amount: i64, fee_ppm: i64) -> i64 {
    (amount * fee_ppm + 500_000) / 1_000_000
}

/// `payer_email^payer_id^receiver_email^receiver_id^amount^reason`, joined with `|`: from whom to whom.
pub(super) fn returned_shares(users: &[(String, String)], royalty: &str) -> Vec<Line> {
    let account = |email: &str, user_id: &str| {
        let named = users.iter().find(|(known, known_email)| known == user_id || known_email == email);
        named.map_or_else(|| format!("nobody:{email}"), |(user_id, _)| format!("user:{user_id}"))
    };
    let share = |text: &str| match text.split('^').collect::<Vec<_>>()[..] {
        [payer, payer_id, receiver, receiver_id, amount, _] => {
            Some(Line::new(&account(payer, payer_id), &account(receiver, receiver_id), fen(amount)?))
        }
        _ => None,
    };
    royalty.split('|').filter_map(share).collect()
}
