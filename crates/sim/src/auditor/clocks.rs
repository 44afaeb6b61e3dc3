//! What the clock did, it did in time (protocol.md §5.7, written down a second time).

use danbao_protocol::time::Timestamp;

use super::Auditor;
use super::books::{Event, Gateway, Trade};
use crate::people::KnownOrder;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A process may have been dead at the very moment, in the lives in which every moment is tried.
const SLACK_MS: i64 = 5_000;

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, trade: &Trade, order: Option<&KnownOrder>) {
    let history = gateway.history(trade);
    for (index, event) in history.iter().enumerate().filter(|(_, event)| event.actor == "timer") {
        let before = &history[..index];
        let due = due_at(auditor, gateway, trade, order, before, event);
        // Every clock is longer than the trouble, so nothing can excuse a delay; but for that which the merchant has set
        // itself, which may come due while nobody lives who could take it.
        let is_short =
            event.command == "close" && order.is_some_and(|order| order.asked("it_b_pay").is_some());
        let excused_until = if is_short { auditor.quiet_since.0 } else { i64::MIN };
        let is_in_time = |due: i64| event.at >= due && event.at <= due.max(excused_until) + SLACK_MS;
        if !due.iter().any(|due| is_in_time(*due)) {
            let late: Vec<i64> = due.iter().map(|due| event.at - due).collect();
            auditor.find(format!("{}: {} came {late:?} ms after its time", trade.trade_no, event.command));
        }
    }
    if let Some(problem) = order.and_then(|order| early_application(order, &history)) {
        auditor.find(format!("{}: {problem}", trade.trade_no));
    }
}

/// When the clock had to do this; more than one instant where the seller asked for extensions of several lengths.
fn due_at(
    auditor: &Auditor,
    gateway: &Gateway,
    trade: &Trade,
    order: Option<&KnownOrder>,
    before: &[&Event],
    event: &Event,
) -> Vec<i64> {
    let last =
        |commands: &[&str]| before.iter().rposition(|event| commands.contains(&event.command.as_str()));
    let after = |commands: &[&str], length: i64| {
        last(commands).map(|began| before[began].at + length).into_iter().collect::<Vec<i64>>()
    };
    let is_sent = before.iter().any(|event| event.command == "send_goods");
    match event.command.as_str() {
        "close" => {
            let created = before.first().map_or(0, |event| event.at);
            vec![pay_until(order.and_then(|order| order.asked("it_b_pay")), created)]
        }
        "advise_refund" => {
            let days = order.and_then(|order| order.days("t_s_send_2")).unwrap_or(7);
            after(&["pay"], days * DAY_MS)
        }
        "finish" => after(&["pay", "release"], 90 * DAY_MS),
        "agree_refund" => after(&["apply_refund"], if is_sent { 15 * DAY_MS } else { 7 * DAY_MS }),
        "withdraw_refund" => after(&["refuse_refund", "agree_refund"], 7 * DAY_MS),
        "confirm_return" => {
            let by_post = gateway.refund(trade).is_some_and(|refund| is_post(&refund.transport_type));
            after(&["return_goods"], if by_post { 30 * DAY_MS } else { 10 * DAY_MS })
        }
        // Begins with the parcel, and anew when a refund has come to nothing; each extension adds to it.
        "confirm_goods" => {
            let Some(began) = last(&["send_goods", "withdraw_refund"]) else { return Vec::new() };
            let extended = before[began..].iter().filter(|event| event.command == "extend_timeout").count();
            let plain = before[began].at + confirm_days(trade, order) * DAY_MS;
            let sums = sums(&auditor.deeds.days_asked(&trade.trade_no), extended);
            sums.into_iter().map(|days| plain + days * DAY_MS).collect()
        }
        _ => Vec::new(),
    }
}

/// it_b_pay: minutes, hours, days, or until midnight in Beijing; else 15 days.
fn pay_until(it_b_pay: Option<String>, created: i64) -> i64 {
    const BEIJING_MS: i64 = 8 * HOUR_MS;
    let Some(text) = it_b_pay else { return created + 15 * DAY_MS };
    let count = text.get(..text.len() - 1).and_then(|count| count.parse::<i64>().ok()).unwrap_or(0);
    match text.chars().last() {
        Some('m') => created + count * MINUTE_MS,
        Some('h') => created + count * HOUR_MS,
        Some('d') => created + count * DAY_MS,
        _ => ((created + BEIJING_MS).div_euclid(DAY_MS) + 1) * DAY_MS - BEIJING_MS,
    }
}

fn is_post(transport_type: &Option<String>) -> bool {
    transport_type.as_deref() == Some("POST")
}

fn confirm_days(trade: &Trade, order: Option<&KnownOrder>) -> i64 {
    match trade.transport_type.as_deref() {
        Some("POST") => order.and_then(|order| order.days("t_b_rec_post")).unwrap_or(30),
        Some("VIRTUAL_30") => 30,
        Some("VIRTUAL" | "DIRECT") => 3,
        _ => 10,
    }
}

/// Everything that so many extensions can come to, each of one of these lengths.
fn sums(days: &[i64], count: usize) -> Vec<i64> {
    let mut sums = vec![0];
    for _ in 0..count {
        sums = sums.iter().flat_map(|sum| days.iter().map(move |days| sum + days)).collect();
        sums.sort_unstable();
        sums.dedup();
    }
    sums
}

/// Before t_s_send_1 is over nobody applies for a refund of what was not sent.
fn early_application(order: &KnownOrder, history: &[&Event]) -> Option<String> {
    let days = order.days("t_s_send_1")?;
    let paid = Timestamp(history.iter().find(|event| event.command == "pay")?.at);
    let unsent = history.iter().take_while(|event| event.command != "send_goods");
    let mut early = unsent
        .filter(|event| event.command == "apply_refund" && event.at < paid.0.saturating_add(days * DAY_MS));
    early.next().map(|_| format!("a refund was applied for within {days} days of the payment"))
}
