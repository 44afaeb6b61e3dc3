//! Trades: what the sidecar has told of each is a part of the gateway's history, and both shops end where that ends.

use std::collections::{BTreeMap, BTreeSet};

use danbao_store::Error;

use super::{Audit, Books, Case, Event, rows};

/// A step of a trade: its state and that of its refund.
type Standing = (String, Option<String>);

/// How each trade stands in the gateway's books, by `out_trade_no`.
pub(super) type Finals = BTreeMap<String, String>;

fn standing(event: &Event) -> Standing {
    (event.text("trade_status"), event.body["data"]["refund_status"].as_str().map(str::to_owned))
}

pub(super) fn audit(audit: &mut Audit, case: &Case<'_>, events: &[Event]) -> Result<Finals, Error> {
    numbered(audit, events);
    true_to_gateway(audit, case, events)
}

/// Events have places without gaps and names of their own; the changes of a trade are counted without gaps.
fn numbered(audit: &mut Audit, events: &[Event]) {
    let mut changes: BTreeMap<String, i64> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (place, event) in (1..).zip(events) {
        if event.seq != place {
            audit.find(format!("sidecar: event {} stands at {place}", event.seq));
        }
        if !ids.insert(&event.id) {
            audit.find(format!("sidecar: two events are named {}", event.id));
        }
        let Some(change) = event.change() else { continue };
        let last = changes.entry(event.text("out_trade_no")).or_default();
        *last += 1;
        if change != *last {
            let number = event.text("out_trade_no");
            audit.find(format!("sidecar: {number} has change {change} where {last} is next"));
        }
    }
}

/// What the sidecar has told of a trade is a part of the gateway's history, in its order, and ends where that ends.
fn true_to_gateway(audit: &mut Audit, case: &Case<'_>, events: &[Event]) -> Result<Finals, Error> {
    let history = rows(
        &case.disks.gateway,
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
    for event in events.iter().filter(|event| event.change().is_some()) {
        told.entry(event.text("out_trade_no")).or_default().push(standing(event));
    }
    for (number, told) in &told {
        let steps = lived.get(number).map(Vec::as_slice).unwrap_or_default();
        let mut rest = steps.iter();
        if let Some(untrue) = told.iter().find(|said| !rest.any(|step| step == *said)) {
            audit.find(format!("sidecar: {number} was never {untrue:?} at that point; it was {steps:?}"));
        }
    }
    for (number, steps) in &lived {
        let heard = told.get(number).and_then(|told| told.last());
        if heard != steps.last() {
            audit.find(format!("sidecar: {number} ended as {:?}, last told was {heard:?}", steps.last()));
        }
        audit.mark(format!("ended {}", steps.last().map(|(status, _)| status.as_str()).unwrap_or_default()));
    }
    let last = |(number, steps): (String, Vec<Standing>)| Some((number, steps.last()?.0.clone()));
    Ok(lived.into_iter().filter_map(last).collect())
}

/// A shop's trades stand as the gateway's do, at the newest change that it was told of.
pub(super) fn holds(
    audit: &mut Audit,
    who: &str,
    books: &Books,
    events: &[Event],
    lost: &[Event],
    finals: &Finals,
) {
    let held: Finals =
        books.trades.iter().map(|(number, (_, status))| (number.clone(), status.clone())).collect();
    if held != *finals {
        audit.find(format!("{who}: the trades stand at {held:?}, at the gateway {finals:?}"));
    }
    // A history that begins anew counts anew.
    if !lost.is_empty() {
        return;
    }
    let of_trade = |event: &Event| Some((event.text("out_trade_no"), event.change()?));
    let newest: BTreeMap<String, i64> = events.iter().filter_map(of_trade).collect();
    let changes: BTreeMap<String, i64> =
        books.trades.iter().map(|(number, (change, _))| (number.clone(), *change)).collect();
    if newest != changes {
        audit.find(format!("{who}: the trades are at changes {changes:?}, the newest are {newest:?}"));
    }
}
