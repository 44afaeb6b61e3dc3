//! Orders and money that comes in: each wish became one order or one payment request, and each payment was told of once,
//! the first of an order as its payment and every further one as money that has to go back.

use std::collections::{BTreeMap, BTreeSet};

use danbao_store::{Error, Reader};

use super::{Audit, Books, Case, Event, Wish, rows, yuan};
use crate::sidecar_life::office::order_no;

pub(super) fn audit(
    audit: &mut Audit,
    case: &Case<'_>,
    events: &[Event],
    wishes: &[Wish],
) -> Result<(), Error> {
    requested(audit, case, wishes)?;
    let trades = rows(
        &case.disks.gateway,
        "SELECT r.out_trade_no FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no
         ORDER BY r.out_trade_no",
        |c| c.next::<String>(),
    )?;
    if trades.windows(2).any(|pair| pair[0] == pair[1]) {
        audit.find(format!("gateway: two trades of one number: {trades:?}"));
    }
    paid(audit, case, events)
}

/// What the shop was granted and what the sidecar has are the same orders and payment requests.
fn requested(audit: &mut Audit, case: &Case<'_>, wishes: &[Wish]) -> Result<(), Error> {
    let text = |c: &mut Reader<'_>| c.next::<String>();
    let granted =
        |kind: &'static str| wishes.iter().filter(move |wish| wish.kind == kind && wish.is_granted());
    let number = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let wanted: BTreeSet<String> = granted("order").map(|wish| number(&wish.answer["order_no"])).collect();
    let first = granted("order").map(|wish| number(&wish.answer["payment_requests"][0]["out_trade_no"]));
    let again = granted("again").map(|wish| number(&wish.answer["out_trade_no"]));
    let numbers: Vec<String> = first.chain(again).collect();
    let distinct: BTreeSet<String> = numbers.iter().cloned().collect();
    if distinct.len() != numbers.len() {
        audit.find(format!("sidecar: a payment request was granted to two wishes: {numbers:?}"));
    }
    let orders = rows(&case.disks.sidecar, "SELECT order_no FROM orders ORDER BY order_no", text)?;
    let requests =
        rows(&case.disks.sidecar, "SELECT out_trade_no FROM payment_request ORDER BY out_trade_no", text)?;
    for (name, found, wanted) in [("orders", &orders, &wanted), ("payment requests", &requests, &distinct)] {
        if !found.iter().eq(wanted) {
            audit.find(format!("sidecar: the shop wants the {name} {wanted:?}, there are {found:?}"));
        }
    }
    Ok(())
}

/// What was paid at the gateway by its own books was told of once each: the first of an order as its payment, all others
/// as money that came again.
fn paid(audit: &mut Audit, case: &Case<'_>, events: &[Event]) -> Result<(), Error> {
    let paid: BTreeMap<String, String> = rows(
        &case.disks.gateway,
        "SELECT r.out_trade_no, t.total_fee FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no
         WHERE t.gmt_payment IS NOT NULL",
        |c| Ok((c.next::<String>()?, yuan(c.next()?))),
    )?
    .into_iter()
    .collect();
    let told: Vec<(String, String)> = events
        .iter()
        .filter(|event| event.is_paid())
        .map(|event| (event.text("out_trade_no"), event.text("total_fee")))
        .collect();
    for (number, fee) in &paid {
        let times = told.iter().filter(|said| *said == &(number.clone(), fee.clone())).count();
        let was_heard = events
            .iter()
            .any(|event| event.text("out_trade_no") == *number && event.body["data"]["paid"] == true);
        match times {
            1 => {}
            0 if !was_heard => audit.mark("paid and given back before it was heard"),
            _ => audit
                .find(format!("sidecar: {number} was paid {fee}, and told as paid {times} times: {told:?}")),
        }
    }
    for (number, fee) in &told {
        if paid.get(number) != Some(fee) {
            audit.find(format!(
                "sidecar: {number} is told as paid {fee}, and was not: {:?}",
                paid.get(number)
            ));
        }
    }
    let mut orders = BTreeSet::new();
    for event in events.iter().filter(|event| event.is_paid()) {
        let is_first = orders.insert(order_no(&event.text("out_trade_no")).to_owned());
        if is_first != (event.kind() == "order.paid") {
            audit.find(format!(
                "sidecar: {} is {}, first: {is_first}",
                event.text("out_trade_no"),
                event.kind()
            ));
        }
    }
    Ok(())
}

/// A shop packs each paid order once, and holds all money that came again once.
pub(super) fn holds(audit: &mut Audit, who: &str, books: &Books, events: &[Event], lost: &[Event]) {
    let told = |kind: &str| {
        let of_kind = events.iter().chain(lost).filter(|event| event.kind() == kind);
        let mut told: Vec<(String, String)> =
            of_kind.map(|event| (event.order_no.clone(), event.text("total_fee"))).collect();
        told.sort();
        told
    };
    let mut paid = told("order.paid");
    // The lost history and the present one may both tell of it.
    if !lost.is_empty() {
        paid.dedup();
    }
    if paid != books.deliveries {
        audit.find(format!("{who}: packed were {:?}, paid {paid:?}", books.deliveries));
    }
    let again = told("order.paid_again");
    if again != books.second_money {
        audit.find(format!("{who}: came again {again:?}, the shop holds {:?}", books.second_money));
    }
}
