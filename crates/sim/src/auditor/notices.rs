//! Every change was told, in its order, until it was heard or its tries were over (protocol.md §5.6, §6.4, §6.5).

use danbao_protocol::time::Timestamp;

use super::Auditor;
use super::books::{Attempt, Event, Gateway, Notice, Trade};
use crate::people::Town;

/// The waiting times of the 2011 list, in seconds, and the end of all tries.
const WAITS_SECONDS: [i64; 8] = [5, 120, 600, 900, 3_600, 7_200, 21_600, 54_000];
const GIVE_UP_SECONDS: i64 = 24 * 3_600 + 22 * 60;

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town, quiet_since: Timestamp) {
    for trade in &gateway.trades {
        let owed = owed(gateway, town, trade);
        let notices = gateway.notices.iter().filter(|notice| notice.trade_no == trade.trade_no);
        let written: Vec<&str> = notices.map(|notice| notice.trade_status.as_str()).collect();
        if owed != written {
            auditor.find(format!("{}: owed notices of {owed:?}, wrote {written:?}", trade.trade_no));
        }
    }
    for notice in &gateway.notices {
        let trade = gateway.trades.iter().find(|trade| trade.trade_no == notice.trade_no);
        let name = format!("notice {} of {}", notice.seq, notice.trade_no);
        if trade.is_none_or(|trade| {
            trade.total_fee != notice.total_fee && notice.trade_status != "WAIT_BUYER_PAY"
        }) {
            auditor.find(format!("{name} names another amount than its trade"));
        }
        if notice.due_at.is_some() {
            auditor.find(format!("{name} is still pending"));
        }
        if !auditor.sent.contains(&notice.notify_id) {
            auditor.find(format!("{name} was never seen on the wire"));
        }
        audit_pace(auditor, gateway, notice, &name);
        if notice.acknowledged_at.is_some() {
            audit_acknowledged(auditor, gateway, notice, &name);
        } else {
            audit_given_up(auditor, notice, quiet_since, &name);
        }
    }
}

/// The states that had to be announced, in their order: of direct pay, only that it was paid and what came later.
fn owed<'g>(gateway: &'g Gateway, town: &Town, trade: &Trade) -> Vec<&'g str> {
    let service = town.orders.iter().find(|order| order.out_trade_no == trade.out_trade_no);
    let is_direct = service.is_some_and(|order| order.service == "create_direct_pay_by_user");
    let is_silent = |event: &Event| {
        let is_off = matches!(event.trade_status.as_str(), "WAIT_BUYER_PAY" | "TRADE_CLOSED");
        (is_direct && is_off) || event.command == "advise_refund"
    };
    let history = gateway.events.iter().filter(|event| event.trade_no == trade.trade_no);
    history.filter(|event| !is_silent(event)).map(|event| event.trade_status.as_str()).collect()
}

fn audit_acknowledged(auditor: &mut Auditor, gateway: &Gateway, notice: &Notice, name: &str) {
    if !auditor.acknowledged.contains(&notice.notify_id) {
        auditor.find(format!("{name} counts as acknowledged, but the merchant never said success"));
    }
    let heard = gateway.attempts.iter().any(|attempt| {
        attempt.trade_no == notice.trade_no && attempt.seq == notice.seq && attempt.outcome == "acknowledged"
    });
    if !heard {
        auditor.find(format!("{name} counts as acknowledged without a try that was"));
    }
}

/// No try comes before its time.
fn audit_pace(auditor: &mut Auditor, gateway: &Gateway, notice: &Notice, name: &str) {
    let tries: Vec<&Attempt> = gateway
        .attempts
        .iter()
        .filter(|attempt| attempt.trade_no == notice.trade_no && attempt.seq == notice.seq)
        .collect();
    for (number, attempt) in (1..).zip(&tries) {
        if attempt.attempt != number {
            auditor.find(format!("{name} has no record of try {number}"));
            return;
        }
    }
    for (pair, wait) in tries.windows(2).zip(WAITS_SECONDS) {
        if let [earlier, later] = pair
            && later.sent_at - earlier.sent_at < wait * 1000
        {
            let passed = (later.sent_at - earlier.sent_at) / 1000;
            auditor.find(format!("{name}: try {} came {passed} s after the one before", later.attempt));
        }
    }
}

/// The tries of a notice may end only where the list ends, and never in quiet times.
fn audit_given_up(auditor: &mut Auditor, notice: &Notice, quiet_since: Timestamp, name: &str) {
    let (Some(first), Some(last)) = (notice.first_sent_at, notice.sent_at) else {
        auditor.find(format!("{name} was given up without a try"));
        return;
    };
    if last > quiet_since.0 + 60_000 {
        auditor.find(format!("{name} was given up though the merchant could be reached"));
    }
    let tries = usize::try_from(notice.attempts).unwrap_or_default();
    let all = WAITS_SECONDS.len() + 1;
    let next_wait = WAITS_SECONDS.get(tries.saturating_sub(1)).copied();
    // A try may be heard of up to 45 s after it began.
    let would_be_late =
        next_wait.is_none_or(|wait| last - first + (wait + 45) * 1000 > GIVE_UP_SECONDS * 1000);
    if tries < all && !would_be_late {
        auditor.find(format!("{name} was given up after {tries} tries in {} s", (last - first) / 1000));
    }
}
