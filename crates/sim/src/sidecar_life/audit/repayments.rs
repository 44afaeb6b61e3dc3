//! Refunds by REST: each was asked for, each was made once, and what came of each was told once, unless the gateway's letter
//! was lost for good: then the batch stays accepted or unclear, and the trades speak for themselves.

use std::collections::BTreeMap;

use danbao_store::Error;
use serde_json::Value;

use super::{Audit, Case, Event, Wish, json, rows, yuan};
use crate::people::fen;

/// An item: out_trade_no and fen.
type Item = (String, i64);

/// A batch in the gateway's books.
struct Batch {
    /// By line: the wish that it is for, the item, and what came of it.
    items: Vec<(String, Item, String)>,
    /// The letter was never acknowledged, and is not tried any more.
    is_letter_lost: bool,
}

/// A batch as the sidecar has it.
struct Kept {
    batch_no: String,
    items: Value,
    state: String,
}

/// What a shop has to know of: batch_no, out_trade_no, yuan, code.
type Told = [String; 4];

/// Returns everything that was told, sorted.
pub(super) fn audit(
    audit: &mut Audit,
    case: &Case<'_>,
    events: &[Event],
    wishes: &[Wish],
) -> Result<Vec<Told>, Error> {
    let batches = batches(case)?;
    let kept = rows(
        &case.disks.sidecar,
        "SELECT batch_no, items, state FROM refund_batch ORDER BY batch_no",
        |c| Ok(Kept { batch_no: c.next()?, items: json(c.next()?), state: c.next()? }),
    )?;
    let asked: BTreeMap<&str, Vec<Item>> = wishes
        .iter()
        .filter(|wish| wish.kind == "refund")
        .map(|wish| (wish.key.as_str(), items(&wish.body["items"])))
        .collect();
    for wish in wishes.iter().filter(|wish| wish.kind == "refund" && wish.is_granted()) {
        if !kept.iter().any(|kept| wish.answer["batch_no"] == kept.batch_no) {
            audit.find(format!("sidecar: {} was granted and is forgotten", wish.key));
        }
    }
    made_as_asked(audit, &batches, &asked);
    given_as_made(audit, case, &batches)?;
    for event in events.iter().filter(|event| event.kind().starts_with("refund.")) {
        if event.text("error_code").is_empty() != (event.kind() == "refund.succeeded") {
            audit.find(format!("sidecar: {} is told as {}", event.text("error_code"), event.kind()));
        }
    }
    let mut told: Vec<Told> = events.iter().filter_map(said).collect();
    told.sort();
    for kept in &kept {
        told_as_made(audit, kept, batches.get(&kept.batch_no), &told);
    }
    for batch_no in batches.keys().filter(|batch_no| kept.iter().all(|kept| kept.batch_no != **batch_no)) {
        audit.find(format!("sidecar: the gateway has batch {batch_no}, which is forgotten"));
    }
    Ok(told)
}

fn items(items: &Value) -> Vec<Item> {
    let item =
        |item: &Value| Some((item["out_trade_no"].as_str()?.to_owned(), fen(item["amount"].as_str()?)?));
    items.as_array().into_iter().flatten().filter_map(item).collect()
}

fn said(event: &Event) -> Option<Told> {
    // That nobody knows what came of it is no result.
    matches!(event.kind(), "refund.succeeded" | "refund.failed")
        .then(|| ["batch_no", "out_trade_no", "amount", "error_code"].map(|name| event.text(name)))
}

/// All batches that came by a call; what a seller gives back at the desk is nobody's wish, and is in the ledger all the same.
fn batches(case: &Case<'_>) -> Result<BTreeMap<String, Batch>, Error> {
    let letters = rows(
        &case.disks.gateway,
        "SELECT b.batch_no, n.acknowledged_at, n.due_at FROM refund_batch b LEFT JOIN notice n ON n.thread = b.thread
         WHERE b.origin = 'nopwd'",
        |c| {
            let (batch_no, acknowledged, due): (String, Option<i64>, Option<i64>) = (c.next()?, c.next()?, c.next()?);
            Ok((batch_no, acknowledged.is_none() && due.is_none()))
        },
    )?;
    let mut batches: BTreeMap<String, Batch> = letters
        .into_iter()
        .map(|(batch_no, is_letter_lost)| (batch_no, Batch { items: Vec::new(), is_letter_lost }))
        .collect();
    let items = rows(
        &case.disks.gateway,
        "SELECT b.batch_no, i.reason, r.out_trade_no, i.amount, i.result
         FROM refund_item i JOIN refund_batch b ON b.thread = i.thread
         JOIN payment_request r ON r.trade_no = i.trade_no ORDER BY i.thread, i.line",
        |c| {
            let batch_no: String = c.next()?;
            let (reason, number, amount): (String, String, i64) = (c.next()?, c.next()?, c.next()?);
            Ok((batch_no, (reason, (number, amount), c.next::<Option<String>>()?.unwrap_or_default())))
        },
    )?;
    for (batch_no, item) in items {
        batches.entry(batch_no).and_modify(|batch| batch.items.push(item));
    }
    Ok(batches)
}

/// What the gateway was asked for is what the shop wants, each wish at most once.
fn made_as_asked(audit: &mut Audit, batches: &BTreeMap<String, Batch>, asked: &BTreeMap<&str, Vec<Item>>) {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    for (batch_no, batch) in batches {
        let wish = batch.items.first().map_or("", |(wish, ..)| wish.as_str());
        *times.entry(wish).or_default() += 1;
        let wanted = batch.items.iter().map(|(_, item, _)| item.clone()).collect::<Vec<_>>();
        let is_whole = batch.items.iter().all(|(of, ..)| of == wish);
        if asked.get(wish) != Some(&wanted) || !is_whole {
            audit.find(format!("gateway: batch {batch_no} is {wanted:?}, which the shop did not ask for"));
        }
        for (_, _, result) in &batch.items {
            audit.mark(format!("refund {result}"));
        }
        let done = batch.items.iter().filter(|(_, _, result)| result == "SUCCESS").count();
        if (1..batch.items.len()).contains(&done) {
            audit.mark("batch succeeded in part");
        }
    }
    for (wish, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        audit.find(format!("gateway: {wish} was asked for once and is {times} batches"));
    }
}

/// What the ledger gave back of direct payments is what the items say.
fn given_as_made(audit: &mut Audit, case: &Case<'_>, batches: &BTreeMap<String, Batch>) -> Result<(), Error> {
    // The buyer's is the last line of a refund.
    let mut given = rows(
        &case.disks.gateway,
        "SELECT r.out_trade_no, p.amount FROM journal j JOIN payment_request r ON r.trade_no = j.trade_no
         JOIN posting p ON p.posting_id = (
             SELECT max(q.posting_id) FROM posting q WHERE q.posting_id / 100 = j.journal_id)
         WHERE j.reason = 'refund_paid'",
        |c| Ok((c.next::<String>()?, c.next::<i64>()?)),
    )?;
    let desk = rows(
        &case.disks.gateway,
        "SELECT r.out_trade_no, i.amount FROM refund_item i JOIN refund_batch b ON b.thread = i.thread
         JOIN payment_request r ON r.trade_no = i.trade_no WHERE b.origin <> 'nopwd' AND i.result = 'SUCCESS'",
        |c| Ok((c.next::<String>()?, c.next::<i64>()?)),
    )?;
    let succeeded =
        batches.values().flat_map(|batch| &batch.items).filter(|(_, _, result)| result == "SUCCESS");
    let mut made: Vec<Item> = succeeded.map(|(_, item, _)| item.clone()).chain(desk).collect();
    given.sort();
    made.sort();
    if given != made {
        audit.find(format!("gateway: the ledger gave back {given:?}, the batches say {made:?}"));
    }
    Ok(())
}

/// What is told of a batch is what the gateway made of it.
fn told_as_made(audit: &mut Audit, kept: &Kept, batch: Option<&Batch>, told: &[Told]) {
    let Kept { batch_no, items, state } = kept;
    let told: Vec<&Told> = told.iter().filter(|said| said[0] == *batch_no).collect();
    let mut made: Vec<Told> = Vec::new();
    for (_, (number, amount), result) in batch.iter().flat_map(|batch| &batch.items) {
        let code = if result == "SUCCESS" { "" } else { result };
        made.push([batch_no.clone(), number.clone(), yuan(*amount), code.to_owned()]);
    }
    made.sort();
    let is_told = told.iter().copied().eq(&made);
    match (state.as_str(), batch) {
        ("done", Some(_)) if is_told => audit.mark("batch told"),
        // All of it was refused at once.
        ("refused", None) if Some(told.len()) == items.as_array().map(Vec::len) => {
            audit.mark("batch refused")
        }
        ("unclear", None) if told.is_empty() => audit.mark("batch of which nobody knows"),
        ("accepted" | "unclear", Some(batch)) if batch.is_letter_lost && told.is_empty() => {
            audit.mark("batch of which the letter is lost");
        }
        _ => audit.find(format!("sidecar: batch {batch_no} is {state}, told {told:?}, made were {made:?}")),
    }
}
