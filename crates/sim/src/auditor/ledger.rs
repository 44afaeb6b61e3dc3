//! The second set of books: what every account must hold, computed from the trades alone and from the postings alone.

use std::collections::BTreeMap;

use super::Auditor;
use super::books::{Account, Event, Gateway, Posting, Trade};

/// postings of journal j have the numbers from j * 100.
const LINES: i64 = 100;

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway) {
    audit_balances(auditor, gateway);
    audit_journals(auditor, gateway);
    for account in &gateway.accounts {
        audit_chain(auditor, account, &gateway.postings);
    }
    for trade in &gateway.trades {
        audit_trade(auditor, gateway, trade);
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

fn lines_of(gateway: &Gateway, journal_id: i64) -> Vec<&Posting> {
    gateway.postings.iter().filter(|posting| posting.posting_id / LINES == journal_id).collect()
}

/// From the account's newest posting back to its first: every posting of the account, each once.
fn audit_chain(auditor: &mut Auditor, account: &Account, postings: &[Posting]) {
    let name = account.account.as_str();
    let own: BTreeMap<i64, i64> = postings
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
    let mut at = account.last_posting;
    let mut walked = 0;
    while let Some(previous) = own.get(&at) {
        walked += 1;
        if walked == 1 && *previous != account.previous_posting {
            auditor.find(format!("{name} misremembers the posting before its last"));
        }
        if *previous >= at {
            auditor.find(format!("the chain of {name} goes forwards at {at}"));
            return;
        }
        at = *previous;
    }
    if at != 0 || walked != own.len() {
        auditor.find(format!("the chain of {name} ends at {at} after {walked} of {} postings", own.len()));
    }
}

/// What a trade must have moved, by its history alone.
fn audit_trade(auditor: &mut Auditor, gateway: &Gateway, trade: &Trade) {
    let trade_no = trade.trade_no.as_str();
    let (escrow, seller) = (format!("escrow:{trade_no}"), format!("user:{}", trade.seller));
    let history = gateway.events.iter().filter(|event| event.trade_no == trade_no);
    let mut held = 0;
    for event in history {
        let moved: Vec<(&str, &str, i64)> = match event.journal_id {
            Some(journal_id) => lines_of(gateway, journal_id)
                .into_iter()
                .map(|posting| (posting.debit.as_str(), posting.credit.as_str(), posting.amount))
                .collect(),
            None => Vec::new(),
        };
        let source = moved.first().map_or("", |line| line.0).to_owned();
        let (expected, held_after) = expected(trade, event, &source, &escrow, &seller);
        held = held_after.unwrap_or(held);
        if moved != expected {
            auditor.find(format!(
                "{trade_no}: {} moved {moved:?}, should have moved {expected:?}",
                event.command
            ));
        }
        let is_lawful_source = event.command != "pay"
            || source == format!("user:{}", trade.buyer)
            || source.starts_with("bank:");
        if !is_lawful_source {
            auditor.find(format!("{trade_no}: was paid by {source}"));
        }
    }
    let should_hold = match trade.trade_status.as_str() {
        "WAIT_SELLER_SEND_GOODS" | "WAIT_BUYER_CONFIRM_GOODS" => trade.total_fee,
        _ => 0,
    };
    let holds =
        gateway.accounts.iter().find(|account| account.account == escrow).map_or(0, |found| found.balance);
    if holds != should_hold || held != should_hold {
        auditor.find(format!("{escrow} holds {holds}, should hold {should_hold} in {}", trade.trade_status));
    }
}

type Lines<'a> = Vec<(&'a str, &'a str, i64)>;

/// The lines that a change must write, and what is in escrow after it if that has changed.
fn expected<'a>(
    trade: &Trade,
    event: &Event,
    source: &'a str,
    escrow: &'a str,
    seller: &'a str,
) -> (Lines<'a>, Option<i64>) {
    let total = trade.total_fee;
    let paid_out = |from: &'a str| {
        // Parts per million, rounded half up.
        let fee = (total * trade.fee_ppm + 500_000) / 1_000_000;
        let mut lines = vec![(from, seller, total)];
        if fee > 0 {
            lines.push((seller, "fee", fee));
        }
        lines
    };
    match (event.command.as_str(), trade.mode.as_str()) {
        ("pay", "escrow") => (vec![(source, escrow, total)], Some(total)),
        ("pay", _) => (paid_out(source), None),
        ("confirm_goods", _) => (paid_out(escrow), Some(0)),
        _ => (Vec::new(), None),
    }
}
