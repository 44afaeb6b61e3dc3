//! The merchant's orders say what the gateway says, and each effect happened once.

use std::collections::BTreeSet;

use super::Auditor;
use super::books::{Event, Gateway, Merchant, Message, Notice, Order, Status, Trade};
use super::traffic::Fields;

const PAID: [&str; 4] =
    ["WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_SUCCESS", "TRADE_FINISHED"];

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, merchant: &Merchant) {
    let issued: BTreeSet<&str> = gateway
        .notices
        .iter()
        .map(|notice| notice.notify_id.as_str())
        .chain(gateway.page_return_ids.iter().map(String::as_str))
        .collect();
    for (notify_id, out_trade_no) in &merchant.heard {
        if !issued.contains(notify_id.as_str()) {
            auditor
                .find(format!("{out_trade_no} has taken in {notify_id}, which the gateway never gave out"));
        }
    }
    // The amount is looked at last, when a message is known to be genuine. A page return of direct pay cannot say that
    // the price was changed; a notification can.
    for message in &merchant.messages {
        if message.way == "notify" && message.outcome == "rejected" && message.note.starts_with("total_fee") {
            let number = Fields::read(&message.raw).get("out_trade_no").unwrap_or_default();
            auditor.find(format!("order {number}: a genuine notification's amount was not believed"));
        }
    }
    for order in &merchant.orders {
        let trade = gateway.trades.iter().find(|trade| trade.out_trade_no == order.out_trade_no);
        for problem in problems(order, trade, gateway, merchant) {
            auditor.find(format!("order {}: {problem}", order.out_trade_no));
        }
    }
    for trade in &gateway.trades {
        if merchant.orders.iter().all(|order| order.out_trade_no != trade.out_trade_no) {
            auditor.find(format!("{}: the merchant has no order {}", trade.trade_no, trade.out_trade_no));
        }
    }
}

fn problems(order: &Order, trade: Option<&Trade>, gateway: &Gateway, merchant: &Merchant) -> Vec<String> {
    let mut problems = Vec::new();
    let status = order.status.as_ref();
    let is_paid = status.is_some_and(is_paid);
    let delivered = merchant
        .deliveries
        .iter()
        .find(|(number, _)| *number == order.out_trade_no)
        .map_or(0, |(_, count)| *count);
    let is_refunded = status.is_some_and(|status| status.refund == "REFUND_SUCCESS");
    let was_paid =
        is_paid || (is_refunded && merchant.messages.iter().any(|message| made_paid(order, message)));
    if delivered != i64::from(was_paid) {
        problems.push(format!("was delivered {delivered} times in {}", shown(status)));
    }
    let Some(trade) = trade else {
        if let Some(status) = status {
            problems.push(format!("is in {status}, but there is no trade"));
        }
        return problems;
    };
    let history: Vec<&Event> =
        gateway.events.iter().filter(|event| event.trade_no == trade.trade_no).collect();
    if let Some(status) = status {
        if history.iter().all(|event| event.status != *status) {
            problems.push(format!("is in {status}, where {} never was", trade.trade_no));
        }
        let is_other_total = is_paid && order.total_fee != Some(trade.total_fee);
        if order.trade_no.as_deref() != Some(trade.trade_no.as_str()) || is_other_total {
            problems.push(format!("names another trade or amount than {}", trade.trade_no));
        }
    }
    let notices: Vec<&Notice> =
        gateway.notices.iter().filter(|notice| notice.trade_no == trade.trade_no).collect();
    let last_acknowledged = notices.last().filter(|notice| notice.acknowledged_at.is_some());
    // What is not announced a page return may tell.
    let is_later =
        |last: &Notice| history.iter().any(|event| event.version > last.seq && status == Some(&event.status));
    let is_behind = |last: &&&Notice| status != Some(&last.status) && !is_later(last);
    if let Some(last) = last_acknowledged.filter(is_behind) {
        problems.push(format!("is in {}, the gateway was acknowledged {}", shown(status), last.status));
    }
    // Whether by return or by notification, each change is applied once; a silent change cannot be.
    let silent = history
        .iter()
        .filter(|event| is_paid_by(event))
        .filter(|event| notices.iter().all(|notice| notice.seq != event.version));
    let applied_max = i64::try_from(notices.len() + silent.count()).unwrap_or(i64::MAX);
    if order.times_applied > applied_max || (order.times_applied == 0) != status.is_none() {
        problems.push(format!("{} changes were told, {} applied", notices.len(), order.times_applied));
    }
    problems.extend(mode_problem(order, trade, &notices));
    problems
}

/// Whether a page return may have told of this.
fn is_paid_by(event: &Event) -> bool {
    matches!(event.command.as_str(), "pay" | "pay_held" | "release")
}

fn is_paid(status: &Status) -> bool {
    PAID.contains(&status.trade.as_str())
}

/// Whether this message has once made the order a paid one, which a refund may have undone since.
fn made_paid(order: &Order, message: &Message) -> bool {
    if message.outcome != "applied" {
        return false;
    }
    let fields = Fields::read(&message.raw);
    let said = |name| fields.get(name).unwrap_or_default();
    said("out_trade_no") == order.out_trade_no && PAID.contains(&said("trade_status").as_str())
}

fn shown(status: Option<&Status>) -> String {
    status.map_or_else(|| "no state".to_owned(), ToString::to_string)
}

/// The inferred choice of a dual trade is right where every message has come.
fn mode_problem(order: &Order, trade: &Trade, notices: &[&Notice]) -> Option<String> {
    let is_certain = matches!(order.mode_basis.as_deref(), Some("service" | "shipping" | "late_message"));
    let is_settled = notices.iter().all(|notice| notice.acknowledged_at.is_some());
    let mode = order.mode.as_deref()?;
    let right = if trade.mode == "escrow" { "escrow" } else { "direct" };
    let is_wrong = mode != right && (is_certain || is_settled);
    is_wrong.then(|| format!("is taken for {mode}, was {right} ({:?})", order.mode_basis))
}
