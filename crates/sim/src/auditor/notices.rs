//! Every change was told, in its order, until it was heard or its tries were over (protocol.md §5.6, §6.4, §6.5).

use danbao_protocol::time::Timestamp;

use super::books::{Attempt, Event, Gateway, Notice, Status, Trade};
use super::{Auditor, plans};
use crate::people::{KnownOrder, Town};

/// The waiting times of the 2011 list, in seconds, and the end of all tries.
const WAITS_SECONDS: [i64; 8] = [5, 120, 600, 900, 3_600, 7_200, 21_600, 54_000];
const GIVE_UP_SECONDS: i64 = 24 * 3_600 + 22 * 60;

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town, quiet_since: Timestamp) {
    for trade in &gateway.trades {
        let notices: Vec<&Notice> =
            gateway.notices.iter().filter(|notice| notice.trade_no == trade.trade_no).collect();
        let written: Vec<(i64, &Status)> =
            notices.iter().map(|notice| (notice.seq, &notice.status)).collect();
        // Which switches a trade was made under is not certain if they were turned at that instant.
        let began = gateway.history(trade).first().map_or(0, |event| event.at);
        let owed: Vec<_> = auditor
            .standing
            .triggers(began)
            .into_iter()
            .map(|triggers| owed(gateway, town, trade, triggers))
            .collect();
        if !owed.contains(&written) {
            let owed = owed.first().map(|owed| list(owed)).unwrap_or_default();
            let written = list(&written);
            auditor.find(format!("{}: owed notices of {owed}, wrote {written}", trade.trade_no));
        }
        audit_order(auditor, gateway, trade, &notices);
        audit_amounts(auditor, gateway, town, trade, &notices);
    }
    for notice in &gateway.notices {
        let name = format!("notice {} of {}", notice.seq, notice.trade_no);
        if notice.due_at.is_some() {
            auditor.find(format!("{name} is still pending"));
        }
        match auditor.sent.get(&notice.notify_id) {
            None => auditor.find(format!("{name} was never seen on the wire")),
            Some(sent) if !sent.said.is_of(notice) => {
                let said = format!("{:?}", sent.said);
                auditor.find(format!("{name} said something else on the wire: {said}"));
            }
            Some(_) => {}
        }
        audit_tries(auditor, gateway, notice, quiet_since, &name);
    }
}

/// What holds of every notification, whatever it tells.
pub(super) fn audit_tries(
    auditor: &mut Auditor,
    gateway: &Gateway,
    notice: &Notice,
    quiet_since: Timestamp,
    name: &str,
) {
    audit_pace(auditor, gateway, notice, name);
    if notice.acknowledged_at.is_some() {
        audit_acknowledged(auditor, gateway, notice, name);
    } else {
        audit_given_up(auditor, notice, quiet_since, name);
    }
}

/// The states of direct pay that a merchant may do without (protocol.md §5.6).
const SWITCHED: [&str; 4] = ["TRADE_FINISHED", "TRADE_SUCCESS", "WAIT_BUYER_PAY", "TRADE_CLOSED"];

/// The changes that had to be announced, by version and state, in their order: all but an extension and an advice, which
/// change no state; of direct pay, what the merchant's switches wanted when the trade was made, every refund, and what has
/// no switch.
fn owed<'g>(gateway: &'g Gateway, town: &Town, trade: &Trade, triggers: &str) -> Vec<(i64, &'g Status)> {
    let order = town.order(&trade.out_trade_no);
    let is_direct = order.is_some_and(is_direct);
    let is_silent = |event: &Event| {
        matches!(event.command.as_str(), "extend_timeout" | "advise_refund")
            || (is_direct
                && event.command != "refund_paid"
                && SWITCHED.contains(&event.status.trade.as_str())
                && triggers.split(' ').all(|state| state != event.status.trade))
    };
    let history = gateway.events.iter().filter(|event| event.trade_no == trade.trade_no);
    history.filter(|event| !is_silent(event)).map(|event| (event.version, &event.status)).collect()
}

fn list(states: &[(i64, &Status)]) -> String {
    let states: Vec<String> = states.iter().map(|(version, status)| format!("{version}: {status}")).collect();
    format!("[{}]", states.join(", "))
}

/// Each change's first try went out after the one before it had been tried. A first try that was written down and lost
/// with its process, or that a fault plan held back, may have been seen by nobody; then the order of the wire says nothing.
/// What a fault plan put off so that others may pass keeps no order.
fn audit_order(auditor: &mut Auditor, gateway: &Gateway, trade: &Trade, notices: &[&Notice]) {
    let is_lost = |notice: &Notice| {
        let of_notice = |attempt: &&Attempt| attempt.trade_no == trade.trade_no && attempt.seq == notice.seq;
        let first = gateway.attempts.iter().find(of_notice);
        first.is_some_and(|first| first.outcome == "lost" || plans::has_held_back(gateway, first))
    };
    let seen: Vec<(usize, i64)> = notices
        .iter()
        .filter(|notice| !is_lost(notice) && !notice.passes)
        .filter_map(|notice| Some((auditor.sent.get(&notice.notify_id)?.place, notice.seq)))
        .collect();
    for pair in seen.windows(2) {
        if let [(earlier, first), (later, second)] = pair
            && earlier > later
        {
            auditor.find(format!("{}: notice {second} was sent before notice {first}", trade.trade_no));
        }
    }
}

/// The amounts that were told follow the seller's changes of the price, each of which somebody asked for, and once it
/// is paid they are those of the trade.
fn audit_amounts(auditor: &mut Auditor, gateway: &Gateway, town: &Town, trade: &Trade, notices: &[&Notice]) {
    let Some(order) = town.order(&trade.out_trade_no) else { return };
    let mut discount = order.discount();
    for event in gateway.events.iter().filter(|event| event.trade_no == trade.trade_no) {
        let Some(notice) = notices.iter().find(|notice| notice.seq == event.version) else { continue };
        let name = format!("notice {} of {}", notice.seq, trade.trade_no);
        if event.command == "adjust_price" {
            if notice.discount == discount {
                auditor.find(format!("{name} tells of a changed price without a change"));
            }
            if !auditor.deeds.is_discount_asked(&trade.trade_no, notice.discount) {
                auditor.find(format!("{name} tells of the discount {}, asked by nobody", notice.discount));
            }
            discount = notice.discount;
        }
        let first = order.discount();
        let mut totals = order.totals().into_iter().map(|total| total + discount - first);
        if !is_direct(order)
            && (notice.discount != discount || !totals.any(|total| total == notice.total_fee))
        {
            auditor.find(format!(
                "{name} names {} with a discount of {}, which was {discount}",
                notice.total_fee, notice.discount
            ));
        }
        let flag = if notice.discount == first { "N" } else { "Y" };
        let sent = auditor.sent.get(&notice.notify_id);
        if sent.is_some_and(|sent| sent.said.is_total_fee_adjust.as_deref() != Some(flag)) {
            auditor.find(format!("{name} does not say is_total_fee_adjust={flag}"));
        }
        let is_unpaid = notice.status.trade == "WAIT_BUYER_PAY";
        if !is_unpaid && (notice.total_fee, notice.discount) != (trade.total_fee, trade.discount) {
            auditor.find(format!("{name} names another amount than its trade"));
        }
    }
}

/// Whose changes of the price nobody is told of.
fn is_direct(order: &KnownOrder) -> bool {
    order.service == "create_direct_pay_by_user"
}

fn audit_acknowledged(auditor: &mut Auditor, gateway: &Gateway, notice: &Notice, name: &str) {
    if !auditor.acknowledged.contains(&notice.notify_id) {
        auditor.find(format!("{name} counts as acknowledged, but the merchant never said success"));
    }
    let heard = gateway.attempts.iter().any(|attempt| {
        attempt.trade_no == notice.trade_no
            && attempt.seq == notice.seq
            && attempt.outcome == "acknowledged"
            && !plans::has_spoiled(gateway, attempt)
    });
    let by_copy = gateway.resends.iter().any(|resend| {
        (&resend.thread, resend.seq) == (&notice.trade_no, notice.seq) && resend.outcome == "acknowledged"
    });
    if !heard && !by_copy {
        auditor.find(format!("{name} counts as acknowledged without a try that was"));
    }
}

/// How long the answer to a try is waited for at least, in milliseconds, before somebody else may take it for lost.
const LEASE_MS: i64 = 45_000;

/// No try comes before its time, and none while another one is on its way.
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
    for attempt in tries.iter().filter(|attempt| attempt.outcome == "lost") {
        if attempt.duration_ms < LEASE_MS {
            let ms = attempt.duration_ms;
            auditor.find(format!("{name}: try {} was taken for lost after {ms} ms", attempt.attempt));
        }
    }
    for pair in tries.windows(2) {
        if let [earlier, later] = pair
            && later.sent_at < earlier.sent_at + earlier.duration_ms
        {
            auditor.find(format!("{name}: try {} went while the one before was on its way", later.attempt));
        }
    }
    // Which waiting times held before the tries began anew is not known: they may have done so more than once.
    let counted: Vec<_> = tries.into_iter().filter(|attempt| attempt.attempt > notice.tries_before).collect();
    for (pair, wait) in counted.windows(2).zip(WAITS_SECONDS) {
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
    let first = notice.begun_anew_at.or(notice.first_sent_at);
    let (Some(first), Some(last)) = (first, notice.sent_at) else {
        auditor.find(format!("{name} was given up without a try"));
        return;
    };
    if last > quiet_since.0 + 60_000 {
        auditor.find(format!("{name} was given up though the merchant could be reached"));
    }
    let tries = usize::try_from(notice.attempts - notice.tries_before).unwrap_or_default();
    let all = WAITS_SECONDS.len() + 1;
    let next_wait = WAITS_SECONDS.get(tries.saturating_sub(1)).copied();
    // A try may be heard of up to 45 s after it began.
    let would_be_late =
        next_wait.is_none_or(|wait| last - first + (wait + 45) * 1000 > GIVE_UP_SECONDS * 1000);
    if tries < all && !would_be_late {
        auditor.find(format!("{name} was given up after {tries} tries in {} s", (last - first) / 1000));
    }
}
