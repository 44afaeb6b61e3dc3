//! The auditor: sees all traffic, keeps a second set of books, and after the world has come to rest holds both
//! databases against them.
//!
//! It shares no code with the engine on purpose. Its diagram of states, its rule of who is told and its arithmetic are
//! written down here a second time, from the documents (protocol.md §3.5, §3.10, §5.3-5.8, §6.5).

mod books;
mod clocks;
mod deeds;
mod forgotten;
mod ledger;
mod logins;
mod notices;
mod orders;
mod plans;
mod refusals;
mod repayments;
mod standing;
mod trades;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use danbao_protocol::time::Timestamp;
use danbao_store::faulty::Disk;

use crate::people::Town;
use books::{Gateway, Merchant, Message, Status};
use deeds::Deeds;
use forgotten::Forgotten;
pub(crate) use forgotten::LOOK_EVERY;
use logins::Logins;
use refusals::Refusals;
use repayments::Repayments;
use standing::Standing;
use traffic::Sent;

/// The auditor.
pub struct Auditor {
    gateway: Disk,
    merchant: Disk,
    /// How far the gateway's clock is ahead of the world's.
    clock_ahead: Duration,
    /// What is wrong, in the order in which it was found.
    findings: Vec<String>,
    /// What the gateway has told the world: (trade_no, both states), and when first.
    told: BTreeMap<(String, Status), Timestamp>,
    /// Notifications that were seen on the wire, by notify_id.
    sent: BTreeMap<String, Sent>,
    /// How often each has left the gateway.
    sends: BTreeMap<String, i64>,
    /// Notifications that the merchant was seen to answer with `success`.
    acknowledged: BTreeSet<String>,
    /// Page returns that were handed out, and when first.
    returned: BTreeMap<String, Timestamp>,
    /// What people asked for at the desk.
    deeds: Deeds,
    /// Refund batches that went over the wire.
    repayments: Repayments,
    /// Links that were refused.
    refusals: Refusals,
    /// Who signed in, and what was told of it.
    logins: Logins,
    /// Who was frozen, and what the merchant wanted to hear.
    standing: Standing,
    /// What the programs have forgotten since.
    forgotten: Forgotten,
    /// Since when, by the gateway's clock, nothing was lost any more.
    quiet_since: Timestamp,
}

/// What an audit has counted, to tell a run in which much happened from one in which nothing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Trades that came into being.
    pub trades: usize,
    /// Trades that were paid.
    pub paid: usize,
    /// Trades that ended in TRADE_FINISHED.
    pub finished: usize,
    /// Notifications that were owed.
    pub notices: usize,
    /// Tries that were needed for them.
    pub attempts: usize,
    /// Notifications whose tries came to their end.
    pub given_up: usize,
    /// Orders that the merchant holds.
    pub orders: usize,
    /// Messages that the merchant has kept.
    pub messages: usize,
    /// How often each kind of thing happened: changes by command, actor and state, tries by outcome, messages by way,
    /// outcome and failed check, and what the merchant asked for with a trade that was paid.
    pub marks: BTreeMap<String, u64>,
}

impl Auditor {
    /// An auditor of these two databases, of a gateway whose clock is so far ahead of the world's.
    pub fn new(gateway: Disk, merchant: Disk, clock_ahead: Duration) -> Auditor {
        Auditor {
            gateway,
            merchant,
            clock_ahead,
            findings: Vec::new(),
            told: BTreeMap::new(),
            sent: BTreeMap::new(),
            sends: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            returned: BTreeMap::new(),
            deeds: Deeds::default(),
            repayments: Repayments::default(),
            refusals: Refusals::default(),
            logins: Logins::default(),
            standing: Standing::new(),
            forgotten: Forgotten::default(),
            quiet_since: Timestamp(0),
        }
    }

    /// An auditor who knows whether the merchant's contract has it told of refusals.
    pub fn with_refusals_told(mut self, are_told: bool) -> Auditor {
        self.refusals.are_told = are_told;
        self
    }

    /// Notes what the programs may forget before the audit. To be called every [`LOOK_EVERY`].
    pub(crate) fn look(&mut self) {
        if let Err(error) = self.forgotten.look(&self.gateway, &self.merchant) {
            self.find(format!("a database cannot be read: {error}"));
        }
    }

    /// Holds both databases against everything that was seen. Trouble must be over and nothing left to do;
    /// `quiet_since` says since when nothing was lost any more.
    pub fn audit(&mut self, town: &Town, now: Timestamp, quiet_since: Timestamp) -> Tally {
        self.look();
        let (mut gateway, mut merchant) = match (Gateway::load(&self.gateway), Merchant::load(&self.merchant))
        {
            (Ok(gateway), Ok(merchant)) => (gateway, merchant),
            (Err(error), _) | (_, Err(error)) => {
                self.find(format!("a database cannot be read: {error}"));
                return Tally::default();
            }
        };
        self.forgotten.complete(&mut gateway, &mut merchant);
        let (now, quiet_since) = (now.plus(self.clock_ahead), quiet_since.plus(self.clock_ahead));
        self.quiet_since = quiet_since;
        trades::audit(self, &gateway, town, now);
        deeds::audit(self, &gateway, town);
        ledger::audit(self, &gateway, town);
        notices::audit(self, &gateway, town, quiet_since);
        plans::audit(self, &gateway, town);
        repayments::audit(self, &gateway, &merchant, town, quiet_since);
        refusals::audit(self, &gateway, &merchant, town, quiet_since);
        orders::audit(self, &gateway, &merchant);
        logins::audit(self, town);
        self.audit_told(&gateway);
        let count = |is: fn(&&books::Trade) -> bool| gateway.trades.iter().filter(is).count();
        Tally {
            trades: gateway.trades.len(),
            paid: count(|trade| trade.gmt_payment.is_some()),
            finished: count(|trade| trade.status.trade == "TRADE_FINISHED"),
            notices: gateway.notices.len(),
            attempts: gateway.attempts.len(),
            given_up: gateway.notices.iter().filter(|notice| notice.is_given_up()).count(),
            orders: merchant.orders.len(),
            messages: merchant.messages.len(),
            marks: {
                let mut marks = marks(&gateway, &merchant, town);
                marks.append(&mut self.logins.marks);
                marks.append(&mut self.repayments.marks);
                marks.append(&mut self.refusals.marks);
                marks
            },
        }
    }

    /// What is wrong.
    pub fn findings(&self) -> &[String] {
        &self.findings
    }

    fn find(&mut self, what: String) {
        self.findings.push(what);
    }

    /// Nothing was told that is not in the history with an earlier or equal instant.
    fn audit_told(&mut self, gateway: &Gateway) {
        for ((trade_no, status), at) in std::mem::take(&mut self.told) {
            let at = at.plus(self.clock_ahead);
            let is_history = gateway
                .events
                .iter()
                .any(|event| event.trade_no == trade_no && event.status == status && event.at <= at.0);
            if !is_history {
                self.find(format!("{trade_no}: {status} was told at {at} and is not in its history"));
            }
        }
    }
}

/// Counts what happened, by kind.
fn marks(gateway: &Gateway, merchant: &Merchant, town: &Town) -> BTreeMap<String, u64> {
    let changes =
        gateway.events.iter().map(|event| format!("{} by {}: {}", event.command, event.actor, event.status));
    let tries = gateway.attempts.iter().map(|attempt| format!("try {}", attempt.outcome));
    let messages = merchant.messages.iter().map(|Message { way, outcome, note, .. }| {
        let check = note.split_once(':').map_or("", |(check, _)| check);
        format!("{way} {outcome} {check}").trim_end().to_owned()
    });
    let paid = gateway.trades.iter().filter(|trade| trade.gmt_payment.is_some());
    let asked = paid.filter_map(|trade| town.order(&trade.out_trade_no)).flat_map(|order| {
        let terms = ["it_b_pay", "t_s_send_1", "t_b_rec_post"];
        let terms = terms.into_iter().filter(|term| order.asked(term).is_some());
        let sign_type = order.asked("sign_type").unwrap_or_default();
        let shares = (!order.shares().is_empty()).then(|| "shares given".to_owned());
        shares
            .into_iter()
            .chain(terms.map(|term| format!("term {term}")))
            .chain([format!("signed {sign_type}")])
    });
    let batches = gateway.batches.iter().filter(|batch| batch.origin == "pwd");
    let batches = batches.map(|batch| match batch.confirmed_at {
        Some(_) => "batch confirmed by the seller".to_owned(),
        None => "batch never confirmed".to_owned(),
    });
    let taken = gateway.items.iter().filter(|item| !item.result.is_empty());
    let items = taken.map(|item| format!("refund {}", item.result));
    let letters = gateway.letters.iter().map(|letter| match letter.acknowledged_at {
        Some(_) => "letter acknowledged".to_owned(),
        None => "letter given up".to_owned(),
    });
    let mut marks = BTreeMap::new();
    let plans = plans::marks(gateway, town).into_iter();
    for mark in changes
        .chain(tries)
        .chain(messages)
        .chain(asked)
        .chain(items)
        .chain(batches)
        .chain(letters)
        .chain(plans)
    {
        *marks.entry(mark).or_default() += 1;
    }
    marks
}
