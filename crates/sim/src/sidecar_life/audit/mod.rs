//! Four databases against each other: what the gateway did, what the sidecar says of it, and what two shops hold.
//!
//! The truth about a trade and about money is the gateway's books. The truth about an event is the sidecar's table, after
//! it has been held against those books. What no book has was seen by the [`Lookout`].

mod closings;
mod payments;
mod refusals;
mod repayments;
mod trades;
mod visits;

use std::collections::BTreeMap;

use danbao_protocol::time::Timestamp;
use danbao_store::faulty::Disk;
use danbao_store::{Conn, Error, Reader};
use serde_json::Value;

use super::lookout::Lookout;

/// Everything that was found and counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Audit {
    pub(super) findings: Vec<String>,
    pub(super) marks: BTreeMap<String, u64>,
}

/// The disks of a life.
pub(super) struct Disks {
    pub(super) gateway: Disk,
    pub(super) sidecar: Disk,
    pub(super) shop: Disk,
    pub(super) reader: Disk,
}

/// What the auditor knows beside the disks.
pub(super) struct Case<'c> {
    pub(super) disks: &'c Disks,
    pub(super) lookout: &'c Lookout,
    /// Events of a history of the sidecar's that was lost.
    pub(super) lost: &'c [Event],
    pub(super) quiet_since: Timestamp,
}

/// An event as the sidecar has it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    seq: i64,
    id: String,
    order_no: String,
    body: Value,
}

impl Event {
    fn text(&self, name: &str) -> String {
        self.body["data"][name].as_str().unwrap_or_default().to_owned()
    }

    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    /// Which change of its trade it tells of; nothing if it is about no trade.
    fn change(&self) -> Option<i64> {
        self.body["data"]["change"].as_i64()
    }

    fn is_paid(&self) -> bool {
        matches!(self.kind(), "order.paid" | "order.paid_again")
    }
}

/// What a shop has taken in, in its order.
struct Taken {
    id: String,
    body: Value,
}

/// What a shop holds.
struct Books {
    journal: Vec<Taken>,
    /// By `out_trade_no`: change and state.
    trades: BTreeMap<String, (i64, String)>,
    deliveries: Vec<(String, String)>,
    second_money: Vec<(String, String)>,
    money_back: Vec<[String; 4]>,
}

/// Something that the shop wants of the sidecar, and what came of it.
#[derive(Debug)]
struct Wish {
    key: String,
    kind: String,
    path: String,
    body: Value,
    tries: i64,
    status: Option<i64>,
    answer: Value,
    answered_at: i64,
}

impl Wish {
    fn is_granted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

fn rows<T>(
    disk: &Disk,
    sql: &str,
    read: impl Fn(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    disk.inspect(|conn: &mut dyn Conn| {
        conn.query(sql, &[])?.iter().map(|row| read(&mut row.reader())).collect()
    })
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

pub(super) fn events(disk: &Disk) -> Result<Vec<Event>, Error> {
    rows(disk, "SELECT seq, id, order_no, body FROM event ORDER BY seq", |c| {
        Ok(Event { seq: c.next()?, id: c.next()?, order_no: c.next()?, body: json(c.next()?) })
    })
}

fn books(disk: &Disk) -> Result<Books, Error> {
    let pair = |c: &mut Reader<'_>| Ok((c.next()?, c.next()?));
    Ok(Books {
        journal: rows(disk, "SELECT id, body FROM journal ORDER BY rowid", |c| {
            Ok(Taken { id: c.next()?, body: json(c.next()?) })
        })?,
        trades: rows(disk, "SELECT out_trade_no, change, trade_status FROM danbao_trade", |c| {
            Ok((c.next()?, (c.next()?, c.next()?)))
        })?
        .into_iter()
        .collect(),
        deliveries: rows(
            disk,
            "SELECT order_no, total_fee FROM delivery ORDER BY order_no, total_fee",
            pair,
        )?,
        second_money: rows(
            disk,
            "SELECT order_no, total_fee FROM second_money ORDER BY order_no, total_fee",
            pair,
        )?,
        money_back: rows(
            disk,
            "SELECT batch_no, out_trade_no, amount, error_code FROM money_back
             ORDER BY batch_no, out_trade_no, amount, error_code",
            |c| Ok([c.next()?, c.next()?, c.next()?, c.next()?]),
        )?,
    })
}

fn wishes(disk: &Disk) -> Result<Vec<Wish>, Error> {
    let sql = "SELECT key, kind, path, body, tries, status, answer, answered_at FROM wish ORDER BY key";
    rows(disk, sql, |c| {
        Ok(Wish {
            key: c.next()?,
            kind: c.next()?,
            path: c.next()?,
            body: json(c.next()?),
            tries: c.next()?,
            status: c.next()?,
            answer: json(c.next::<Option<&str>>()?.unwrap_or_default()),
            answered_at: c.next::<Option<i64>>()?.unwrap_or(i64::MAX),
        })
    })
}

impl Audit {
    /// Holds the four databases against each other.
    pub(super) fn of(case: &Case<'_>) -> Audit {
        let mut audit = Audit { findings: Vec::new(), marks: case.lookout.marks.clone() };
        if let Err(error) = audit.look(case) {
            audit.find(format!("the books cannot be read: {error}"));
        }
        audit
    }

    fn find(&mut self, finding: String) {
        self.findings.push(finding);
    }

    fn mark(&mut self, mark: impl Into<String>) {
        *self.marks.entry(mark.into()).or_default() += 1;
    }

    fn look(&mut self, case: &Case<'_>) -> Result<(), Error> {
        let events = events(&case.disks.sidecar)?;
        for event in &events {
            match event.change() {
                Some(_) => {
                    self.mark(format!("{} by {}", event.kind(), event.text("way")));
                    self.mark(format!("state {}", event.text("trade_status")));
                }
                None => self.mark(event.kind()),
            }
        }
        if !case.lost.is_empty() {
            self.mark("history lost");
        }
        let wishes = wishes(&case.disks.shop)?;
        self.answered(&wishes);
        let finals = trades::audit(self, case, &events)?;
        payments::audit(self, case, &events, &wishes)?;
        closings::audit(self, case, &events, &wishes)?;
        let money_back = repayments::audit(self, case, &events, &wishes)?;
        visits::audit(self, case, &events, &wishes)?;
        refusals::audit(self, case, &events)?;
        self.told(case.disks)?;
        for (who, disk) in [("webhook shop", &case.disks.shop), ("feed shop", &case.disks.reader)] {
            let books = books(disk)?;
            self.holds_all(who, &books, &events, case.lost);
            trades::holds(self, who, &books, &events, case.lost, &finals);
            payments::holds(self, who, &books, &events, case.lost);
            if books.money_back != money_back {
                self.find(format!(
                    "{who}: heard of refunds {:?}, made were {money_back:?}",
                    books.money_back
                ));
            }
        }
        self.in_order(case.disks, &events)
    }

    /// The sidecar has answered everything that the shop wants of it.
    fn answered(&mut self, wishes: &[Wish]) {
        for Wish { key, kind, tries, status, answer, .. } in wishes {
            self.mark(format!("{kind} asked for {}", if *tries > 1 { "again" } else { "once" }));
            match status {
                None => self.find(format!("shop: {key} was asked for {tries} times and never answered")),
                Some(200..300) => self.mark(format!("{kind} granted")),
                Some(_) if matches!(kind.as_str(), "order" | "enable" | "address") => {
                    self.find(format!("shop: {key} was refused: {answer}"));
                }
                Some(_) => {
                    self.mark(format!("{kind} refused: {}", answer["code"].as_str().unwrap_or_default()))
                }
            }
        }
    }

    /// No webhook was given up: the quiet is long enough for one try at least.
    fn told(&mut self, disks: &Disks) -> Result<(), Error> {
        let deliveries = rows(&disks.sidecar, "SELECT seq, state, tries FROM delivery ORDER BY seq", |c| {
            Ok((c.next::<i64>()?, c.next::<String>()?, c.next::<i64>()?))
        })?;
        for (seq, state, tries) in deliveries {
            self.mark(if tries > 1 { "webhook tried again" } else { "webhook tried once" });
            if state != "delivered" {
                self.find(format!("sidecar: the webhook of event {seq} is {state} after {tries} tries"));
            }
        }
        Ok(())
    }

    /// A shop holds every event once and as the sidecar has it.
    fn holds_all(&mut self, who: &str, books: &Books, events: &[Event], lost: &[Event]) {
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        for taken in &books.journal {
            *times.entry(&taken.id).or_default() += 1;
            let told = events.iter().chain(lost).find(|event| event.id == taken.id);
            match told {
                None => self.find(format!("{who}: {} was never told by the sidecar", taken.id)),
                Some(event) if event.body != taken.body => {
                    self.find(format!("{who}: {} says something else than the sidecar", taken.id));
                }
                Some(_) => {}
            }
        }
        for event in events {
            let times = times.remove(event.id.as_str()).unwrap_or(0);
            if times != 1 {
                self.find(format!("{who}: {} of {} was taken in {times} times", event.id, event.order_no));
            }
        }
        for (id, times) in times {
            self.mark("taken in from a lost history");
            if times != 1 {
                self.find(format!("{who}: {id} of the lost history was taken in {times} times"));
            }
        }
    }

    /// The feed is in the order of the changes.
    fn in_order(&mut self, disks: &Disks, events: &[Event]) -> Result<(), Error> {
        let read = rows(&disks.reader, "SELECT id FROM journal ORDER BY rowid", |c| c.next::<String>())?;
        let place = |id: &String| events.iter().find(|event| event.id == *id).map(|event| event.seq);
        if !read.iter().filter_map(place).is_sorted() {
            self.find("feed shop: not in the order of the changes".to_owned());
        }
        Ok(())
    }
}
