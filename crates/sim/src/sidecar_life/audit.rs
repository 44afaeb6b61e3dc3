//! Four databases against each other: what the gateway did, what the sidecar says of it, and what two shops hold.
//!
//! The truth about a trade is the gateway's history. The truth about an event is the sidecar's table, after it has been
//! held against that history.

use std::collections::{BTreeMap, BTreeSet};

use danbao_store::faulty::Disk;
use danbao_store::{Conn, Error, Reader};
use serde_json::Value;

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

/// A step of a trade: its state and that of its refund.
type Standing = (String, Option<String>);

/// An event as the sidecar has it.
struct Event {
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

    fn change(&self) -> i64 {
        self.body["data"]["change"].as_i64().unwrap_or_default()
    }

    fn standing(&self) -> Standing {
        (self.text("trade_status"), self.body["data"]["refund_status"].as_str().map(str::to_owned))
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

fn events(disk: &Disk) -> Result<Vec<Event>, Error> {
    rows(disk, "SELECT seq, id, order_no, body FROM event ORDER BY seq", |c| {
        Ok(Event { seq: c.next()?, id: c.next()?, order_no: c.next()?, body: json(c.next()?) })
    })
}

fn books(disk: &Disk) -> Result<Books, Error> {
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
            |c| Ok((c.next()?, c.next()?)),
        )?,
    })
}

/// What was paid at the gateway, by its own books: order and yuan.
fn payments(disk: &Disk) -> Result<Vec<(String, String)>, Error> {
    let mut paid = rows(
        disk,
        "SELECT r.out_trade_no, t.total_fee FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no
         WHERE t.gmt_payment IS NOT NULL",
        |c| {
            let (number, fen): (String, i64) = (c.next()?, c.next()?);
            let order_no = number.rsplit_once('-').map_or(number.as_str(), |(order_no, _)| order_no);
            Ok((order_no.to_owned(), format!("{}.{:02}", fen / 100, fen % 100)))
        },
    )?;
    paid.sort();
    Ok(paid)
}

/// What the sidecar has told of as paid: order and yuan.
fn told_as_paid(events: &[Event]) -> Vec<(String, String)> {
    let paid = events.iter().filter(|event| event.kind() == "order.paid");
    paid.map(|event| (event.order_no.clone(), event.text("total_fee"))).collect()
}

impl Audit {
    /// Holds the four databases against each other.
    pub(super) fn of(disks: &Disks) -> Audit {
        let mut audit = Audit::default();
        if let Err(error) = audit.look(disks) {
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

    fn look(&mut self, disks: &Disks) -> Result<(), Error> {
        let events = events(&disks.sidecar)?;
        for event in &events {
            self.mark(format!("{} by {}", event.kind(), event.text("way")));
            self.mark(format!("state {}", event.text("trade_status")));
        }
        self.numbered(&events);
        self.true_to_gateway(disks, &events)?;
        self.orders_once(disks, &events)?;
        self.told(disks)?;
        let (shop, reader) = (books(&disks.shop)?, books(&disks.reader)?);
        let paid = payments(&disks.gateway)?;
        self.holds_all("webhook shop", &shop, &events, &paid);
        self.holds_all("feed shop", &reader, &events, &paid);
        if !reader.journal.iter().map(|taken| &taken.id).eq(events.iter().map(|event| &event.id)) {
            self.find("feed shop: not in the order of the changes".to_owned());
        }
        Ok(())
    }

    /// Events have places without gaps and names of their own; the changes of a trade are counted without gaps.
    fn numbered(&mut self, events: &[Event]) {
        let mut changes: BTreeMap<String, i64> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for (place, event) in (1..).zip(events) {
            if event.seq != place {
                self.find(format!("sidecar: event {} stands at {place}", event.seq));
            }
            if !ids.insert(&event.id) {
                self.find(format!("sidecar: two events are named {}", event.id));
            }
            let last = changes.entry(event.text("out_trade_no")).or_default();
            *last += 1;
            if event.change() != *last {
                let number = event.text("out_trade_no");
                self.find(format!("sidecar: {number} has change {} where {last} is next", event.change()));
            }
        }
    }

    /// What the sidecar has told of a trade is a part of the gateway's history, in its order, and ends where that ends.
    fn true_to_gateway(&mut self, disks: &Disks, events: &[Event]) -> Result<(), Error> {
        let history = rows(
            &disks.gateway,
            "SELECT r.out_trade_no, e.trade_status, e.refund_status
             FROM trade_event e JOIN payment_request r ON r.trade_no = e.trade_no
             JOIN trade t ON t.trade_no = e.trade_no ORDER BY e.trade_no, e.version",
            |c| Ok((c.next::<String>()?, (c.next()?, c.next()?))),
        )?;
        let mut lived: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        for (number, standing) in history {
            lived.entry(number).or_default().push(standing);
        }
        let mut told: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
        for event in events {
            told.entry(event.text("out_trade_no")).or_default().push(event.standing());
        }
        for (number, told) in &told {
            let steps = lived.get(number).map(Vec::as_slice).unwrap_or_default();
            let mut rest = steps.iter();
            if let Some(untrue) = told.iter().find(|said| !rest.any(|step| step == *said)) {
                self.find(format!("sidecar: {number} was never {untrue:?} at that point; it was {steps:?}"));
            }
        }
        for (number, steps) in &lived {
            let heard = told.get(number).and_then(|told| told.last());
            if heard != steps.last() {
                self.find(format!("sidecar: {number} ended as {:?}, last told was {heard:?}", steps.last()));
            }
            self.mark(format!(
                "ended {}",
                steps.last().map(|(status, _)| status.as_str()).unwrap_or_default()
            ));
        }
        Ok(())
    }

    /// Each wish became one order with one payment request and at most one trade; each paid order was told of as paid
    /// once.
    fn orders_once(&mut self, disks: &Disks, events: &[Event]) -> Result<(), Error> {
        let text = |c: &mut Reader<'_>| c.next::<String>();
        let wishes = rows(
            &disks.shop,
            "SELECT order_no, tries, payment_url, refused FROM wish ORDER BY order_no",
            |c| {
                Ok((
                    c.next::<String>()?,
                    c.next::<i64>()?,
                    c.next::<Option<String>>()?,
                    c.next::<Option<String>>()?,
                ))
            },
        )?;
        let wanted: Vec<&String> = wishes.iter().map(|(order_no, ..)| order_no).collect();
        let orders = rows(&disks.sidecar, "SELECT order_no FROM orders ORDER BY order_no", text)?;
        let requests = rows(&disks.sidecar, "SELECT order_no FROM payment_request ORDER BY order_no", text)?;
        for (name, found) in [("orders", &orders), ("payment requests", &requests)] {
            if !found.iter().eq(wanted.iter().copied()) {
                self.find(format!("sidecar: the shop wants {wanted:?}, the {name} are of {found:?}"));
            }
        }
        for (order_no, tries, url, refused) in &wishes {
            self.mark(if *tries > 1 { "order asked for again" } else { "order asked for once" });
            if url.is_none() || refused.is_some() {
                self.find(format!("shop: {order_no} was not ordered: {refused:?}"));
            }
        }
        let trades = rows(
            &disks.gateway,
            "SELECT r.out_trade_no FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no
             ORDER BY r.out_trade_no",
            text,
        )?;
        if trades.windows(2).any(|pair| pair[0] == pair[1]) {
            self.find(format!("gateway: two trades of one number: {trades:?}"));
        }
        let paid = payments(&disks.gateway)?;
        let mut told = told_as_paid(events);
        told.sort();
        if paid != told {
            self.find(format!("sidecar: paid were {paid:?}, told as paid {told:?}"));
        }
        Ok(())
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

    /// A shop holds every event once and as the sidecar has it, every trade at its newest, every payment once.
    fn holds_all(&mut self, who: &str, books: &Books, events: &[Event], paid: &[(String, String)]) {
        let mut times: BTreeMap<&str, u64> = BTreeMap::new();
        for taken in &books.journal {
            *times.entry(&taken.id).or_default() += 1;
            let told = events.iter().find(|event| event.id == taken.id);
            match told {
                None => self.find(format!("{who}: {} was never told by the sidecar", taken.id)),
                Some(event) if event.body != taken.body => {
                    self.find(format!("{who}: {} says something else than the sidecar", taken.id));
                }
                Some(_) => {}
            }
        }
        for event in events {
            let times = times.get(event.id.as_str()).copied().unwrap_or(0);
            if times != 1 {
                self.find(format!("{who}: {} of {} was taken in {times} times", event.id, event.order_no));
            }
        }
        let newest: BTreeMap<String, (i64, String)> = events
            .iter()
            .map(|event| (event.text("out_trade_no"), (event.change(), event.text("trade_status"))))
            .collect();
        if newest != books.trades {
            self.find(format!("{who}: the trades stand at {:?}, the newest is {newest:?}", books.trades));
        }
        if paid != books.deliveries.as_slice() {
            self.find(format!("{who}: packed were {:?}, paid {paid:?}", books.deliveries));
        }
    }
}
