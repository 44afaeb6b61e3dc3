//! The auditor: sees all traffic, keeps a second set of books, and after the world has come to rest holds both
//! databases against them.
//!
//! It shares no code with the engine on purpose. Its diagram of states, its rule of who is told and its arithmetic are
//! written down here a second time, from the documents (protocol.md §3.5, §5.3-5.6, §6.5).

mod books;
mod ledger;
mod notices;
mod orders;
mod trades;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::Bind;
use danbao_store::faulty::Disk;
use http::Method;
use http::header::LOCATION;

use crate::people::Town;
use crate::stage::GATEWAY;
use crate::world::Witness;
use books::{Gateway, Merchant};

/// How long a page return can be verified.
const RETURN_LINK: Duration = Duration::from_secs(60);

/// The auditor.
pub struct Auditor {
    gateway: Disk,
    merchant: Disk,
    /// How far the gateway's clock is ahead of the world's.
    clock_ahead: Duration,
    /// What is wrong, in the order in which it was found.
    findings: Vec<String>,
    /// What the gateway has told the world: (trade_no, trade_status), and when first.
    told: BTreeMap<(String, String), Timestamp>,
    /// Notifications that were seen on the wire.
    sent: BTreeSet<String>,
    /// Notifications that the merchant was seen to answer with `success`.
    acknowledged: BTreeSet<String>,
    /// Page returns that were handed out, and when first.
    returned: BTreeMap<String, Timestamp>,
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
    /// outcome and failed check.
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
            sent: BTreeSet::new(),
            acknowledged: BTreeSet::new(),
            returned: BTreeMap::new(),
        }
    }

    /// Holds both databases against everything that was seen. Trouble must be over and nothing left to do;
    /// `quiet_since` says since when nothing was lost any more.
    pub fn audit(&mut self, town: &Town, now: Timestamp, quiet_since: Timestamp) -> Tally {
        let (gateway, merchant) = match (Gateway::load(&self.gateway), Merchant::load(&self.merchant)) {
            (Ok(gateway), Ok(merchant)) => (gateway, merchant),
            (Err(error), _) | (_, Err(error)) => {
                self.find(format!("a database cannot be read: {error}"));
                return Tally::default();
            }
        };
        let (now, quiet_since) = (now.plus(self.clock_ahead), quiet_since.plus(self.clock_ahead));
        trades::audit(self, &gateway, town, now);
        ledger::audit(self, &gateway);
        notices::audit(self, &gateway, town, quiet_since);
        orders::audit(self, &gateway, &merchant);
        self.audit_told(&gateway);
        let count = |is: fn(&&books::Trade) -> bool| gateway.trades.iter().filter(is).count();
        Tally {
            trades: gateway.trades.len(),
            paid: count(|trade| trade.gmt_payment.is_some()),
            finished: count(|trade| trade.trade_status == "TRADE_FINISHED"),
            notices: gateway.notices.len(),
            attempts: gateway.attempts.len(),
            given_up: gateway.notices.iter().filter(|notice| notice.is_given_up()).count(),
            orders: merchant.orders.len(),
            messages: merchant.messages.len(),
            marks: marks(&gateway, &merchant),
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
                .any(|event| event.trade_no == trade_no && event.trade_status == status && event.at <= at.0);
            if !is_history {
                self.find(format!("{trade_no}: {status} was told at {at} and is not in its history"));
            }
        }
    }

    /// The gateway says that a trade is in a state: it must be committed at this very moment.
    fn hear_told(&mut self, now: Timestamp, trade_no: &str, status: &str, how: &str) {
        let binds = [Bind::Text(trade_no), Bind::Text(status)];
        let sql = "SELECT version FROM trade_event WHERE trade_no = $1 AND trade_status = $2";
        let rows = self.gateway.inspect(|conn| conn.query(sql, &binds));
        if rows.is_ok_and(|rows| rows.is_empty()) {
            self.find(format!("{trade_no}: {status} is told by {how} before it is committed"));
        }
        self.told.entry((trade_no.to_owned(), status.to_owned())).or_insert(now);
    }

    /// The gateway says of an id that it is its own: it must have been seen on the wire, and a page return's must not be
    /// older than one minute (protocol.md §6.1, §6.3).
    fn hear_verified(&mut self, now: Timestamp, question: &[u8]) {
        let asked = Params::parse_urlencoded(question).ok();
        let Some(notify_id) =
            asked.and_then(|params| params.get_text("notify_id", Charset::Utf8).ok().flatten())
        else {
            return;
        };
        match self.returned.get(&notify_id) {
            Some(at) if now.since(*at) > RETURN_LINK => {
                self.find(format!("{notify_id} is confirmed {:?} after the return", now.since(*at)));
            }
            None if !self.sent.contains(&notify_id) => {
                self.find(format!("{notify_id} is confirmed and was never given out"));
            }
            _ => {}
        }
    }

    /// A browser is sent on: back to the shop with a result, or to "you have paid".
    fn hear_location(&mut self, now: Timestamp, to: &str, town: &Town) {
        if let Some(said) = Said::in_return(to, town) {
            self.hear_told(now, &said.trade_no, &said.trade_status, "a page return");
            self.returned.entry(said.notify_id).or_insert(now);
            return;
        }
        let cashier = to.strip_prefix("/cashier/").and_then(|rest| rest.strip_suffix("/paid"));
        let Some(trade_no) = cashier.and_then(|id| id.get(..16)) else { return };
        let sql = "SELECT gmt_payment FROM trade WHERE trade_no = $1 AND gmt_payment IS NOT NULL";
        let rows = self.gateway.inspect(|conn| conn.query(sql, &[Bind::Text(trade_no)]));
        if rows.is_ok_and(|rows| rows.is_empty()) {
            self.find(format!("{trade_no}: a buyer is shown that it is paid before it is"));
        }
    }
}

/// Counts what happened, by kind.
fn marks(gateway: &Gateway, merchant: &Merchant) -> BTreeMap<String, u64> {
    let changes = gateway
        .events
        .iter()
        .map(|event| format!("{} by {}: {}", event.command, event.actor, event.trade_status));
    let tries = gateway.attempts.iter().map(|attempt| format!("try {}", attempt.outcome));
    let messages = merchant.messages.iter().map(|(way, outcome, note)| {
        let check = note.split_once(':').map_or("", |(check, _)| check);
        format!("{way} {outcome} {check}").trim_end().to_owned()
    });
    let mut marks = BTreeMap::new();
    for mark in changes.chain(tries).chain(messages) {
        *marks.entry(mark).or_default() += 1;
    }
    marks
}

/// What a message says, as far as the auditor listens.
struct Said {
    notify_id: String,
    trade_no: String,
    trade_status: String,
}

impl Said {
    fn read(encoded: &[u8]) -> Option<Said> {
        let params = Params::parse_urlencoded(encoded).ok()?;
        // The fields are plain ASCII in either charset.
        let text = |name| params.get_text(name, Charset::Gbk).ok().flatten();
        Some(Said {
            notify_id: text("notify_id")?,
            trade_no: text("trade_no")?,
            trade_status: text("trade_status")?,
        })
    }

    fn in_return(url: &str, town: &Town) -> Option<Said> {
        let query = url.strip_prefix(&town.return_url())?.strip_prefix('?')?;
        Said::read(query.as_bytes())
    }
}

impl Witness for Auditor {
    fn asked(&mut self, now: Timestamp, request: &Request, town: &Town) {
        let is_notification =
            request.method() == Method::POST && request.uri().to_string() == town.notify_url();
        if !is_notification || town.forgeries.contains(request.body().as_ref()) {
            return;
        }
        match Said::read(request.body()) {
            Some(said) => {
                self.hear_told(now, &said.trade_no, &said.trade_status, "a notification");
                self.sent.insert(said.notify_id);
            }
            None => self.find("a notification cannot be read".to_owned()),
        }
    }

    /// What is owed must wake its debtor: a gateway with something due never sleeps for ever.
    fn rested(&mut self, now: Timestamp, site: &str, until: Option<Timestamp>) {
        if until.is_some() || site != GATEWAY {
            return;
        }
        let sql = "SELECT trade_no FROM notice WHERE due_at IS NOT NULL UNION SELECT trade_no FROM deadline";
        let rows = self.gateway.inspect(|conn| conn.query(sql, &[]));
        let owed = rows.ok().and_then(|rows| rows.first()?.get::<String>(0).ok());
        if let Some(trade_no) = owed {
            self.find(format!("{trade_no}: something is due and at {now} nobody wants to be woken for it"));
        }
    }

    fn answered(&mut self, now: Timestamp, request: &Request, response: &Response, town: &Town) {
        let url = request.uri().to_string();
        let body = response.body().as_ref();
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let said = if request.method() == Method::POST {
            request.body().as_ref()
        } else {
            request.uri().query().unwrap_or_default().as_bytes()
        };
        if town.forgeries.contains(said) {
            let text = String::from_utf8_lossy(body);
            let is_believed = body == b"success" || text.contains("<is_success>T") || location.is_some();
            if is_believed {
                self.find(format!("a forged message is believed: {}", String::from_utf8_lossy(said)));
            }
            return;
        }
        if url == town.notify_url() {
            if let Some(said) = Said::read(said).filter(|_| body == b"success") {
                self.acknowledged.insert(said.notify_id);
            }
        } else if url.starts_with(&town.gateway) {
            if body == b"true" {
                self.hear_verified(now, said);
            }
            if let Some(to) = location {
                self.hear_location(now, to, town);
            }
            let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
            if let Some(to) = answer["return_url"].as_str() {
                self.hear_location(now, to, town);
            }
        }
    }
}
