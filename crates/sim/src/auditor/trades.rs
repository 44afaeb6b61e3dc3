//! Every trade's history is a path of the diagram, asks for what the merchant asked for, and has come to its end.

use danbao_protocol::time::Timestamp;

use super::Auditor;
use super::books::{Event, Gateway, Trade};
use crate::people::Town;

/// The diagram (protocol.md §5.3, §5.5, §5.6 without refunds): from, command, to, and for which trades.
const EDGES: &[(&str, &str, &str, Who)] = &[
    ("", "create", "WAIT_BUYER_PAY", Who::All),
    ("WAIT_BUYER_PAY", "arrange", "WAIT_BUYER_PAY", Who::All),
    ("WAIT_BUYER_PAY", "close", "TRADE_CLOSED", Who::All),
    ("WAIT_BUYER_PAY", "pay", "WAIT_SELLER_SEND_GOODS", Who::Escrow),
    ("WAIT_SELLER_SEND_GOODS", "advise_refund", "WAIT_SELLER_SEND_GOODS", Who::Escrow),
    ("WAIT_SELLER_SEND_GOODS", "send_goods", "WAIT_BUYER_CONFIRM_GOODS", Who::Escrow),
    ("WAIT_BUYER_CONFIRM_GOODS", "confirm_goods", "TRADE_FINISHED", Who::Escrow),
    ("WAIT_BUYER_PAY", "pay", "TRADE_FINISHED", Who::Instant),
    ("WAIT_BUYER_PAY", "pay", "TRADE_SUCCESS", Who::InstantRefundable),
    ("TRADE_SUCCESS", "finish", "TRADE_FINISHED", Who::InstantRefundable),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    Escrow,
    Instant,
    InstantRefundable,
}

/// States in which a trade may stay for ever: it is over, or nobody ships and nobody can be made to.
const RESTS: [&str; 3] = ["TRADE_FINISHED", "TRADE_CLOSED", "WAIT_SELLER_SEND_GOODS"];

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town, now: Timestamp) {
    for trade in &gateway.trades {
        let history: Vec<&Event> =
            gateway.events.iter().filter(|event| event.trade_no == trade.trade_no).collect();
        for problem in history_problems(trade, &history) {
            auditor.find(format!("{}: {problem}", trade.trade_no));
        }
        if !RESTS.contains(&trade.trade_status.as_str()) {
            auditor.find(format!("{}: is left in {}", trade.trade_no, trade.trade_status));
        }
        let order = town.orders.iter().find(|order| order.out_trade_no == trade.out_trade_no);
        if let Some(order) = order.filter(|order| !order.totals().contains(&trade.total_fee)) {
            let (totals, total) = (order.totals(), trade.total_fee);
            auditor.find(format!("{}: costs {total}, asked for were {totals:?}", trade.trade_no));
        }
        let same_order = |other: &&Trade| other.out_trade_no == trade.out_trade_no;
        if gateway.trades.iter().filter(same_order).count() > 1 {
            auditor.find(format!("{}: another trade has its out_trade_no", trade.trade_no));
        }
    }
    for event in &gateway.events {
        if gateway.trades.iter().all(|trade| trade.trade_no != event.trade_no) {
            auditor.find(format!("{}: a history without a trade", event.trade_no));
        }
    }
    for (trade_no, kind, due_at) in &gateway.deadlines {
        let is_over =
            gateway.trades.iter().any(|t| t.trade_no == *trade_no && t.trade_status.starts_with("TRADE_C"));
        if *due_at <= now.0 || is_over {
            auditor.find(format!("{trade_no}: deadline {kind} was never taken"));
        }
    }
}

fn history_problems(trade: &Trade, history: &[&Event]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut from = "";
    let mut earlier = i64::MIN;
    for (version, event) in (1..).zip(history) {
        let (command, to) = (event.command.as_str(), event.trade_status.as_str());
        let is_edge = EDGES
            .iter()
            .any(|edge| (edge.0, edge.1, edge.2) == (from, command, to) && concerns(edge.3, trade));
        if !is_edge {
            problems.push(format!("{command} led from `{from}` to {to}, which the diagram does not have"));
        }
        if event.version != version || event.at < earlier {
            problems.push(format!("its history has a gap or goes backwards at version {}", event.version));
        }
        problems.extend(timer_problem(event, history));
        let moves_money = matches!(command, "pay" | "confirm_goods");
        if event.journal_id.is_some() != moves_money {
            problems
                .push(format!("{command} has a journal where it should have none, or none where it should"));
        }
        (from, earlier) = (to, event.at);
    }
    let length = i64::try_from(history.len()).unwrap_or(-1);
    if from != trade.trade_status || length != trade.version {
        problems.push(format!("is in {}, its history ends in {from}", trade.trade_status));
    }
    let was_paid = history.iter().any(|event| event.command == "pay");
    if was_paid != trade.gmt_payment.is_some() {
        problems.push("its instant of payment and its history differ".to_owned());
    }
    problems
}

/// What the clock did, it did in time. Every clock is longer than the trouble, so nothing can excuse a delay.
fn timer_problem(event: &Event, history: &[&Event]) -> Option<String> {
    const DAY_MS: i64 = 86_400_000;
    // A process may have been dead at the very moment, in the lives in which every moment is tried.
    const SLACK_MS: i64 = 5_000;
    let (began_by, days) = match event.command.as_str() {
        _ if event.actor != "timer" => return None,
        "close" => ("create", 15),
        "confirm_goods" => ("send_goods", 10),
        "advise_refund" => ("pay", 7),
        "finish" => ("pay", 90),
        command => return Some(format!("{command} was done by nobody")),
    };
    let began = history.iter().find(|began| began.command == began_by)?;
    let late_ms = event.at - began.at - days * DAY_MS;
    let is_in_time = (0..=SLACK_MS).contains(&late_ms);
    (!is_in_time).then(|| format!("{} came {late_ms} ms after its time", event.command))
}

fn concerns(who: Who, trade: &Trade) -> bool {
    match who {
        Who::All => true,
        Who::Escrow => trade.mode == "escrow",
        Who::Instant => trade.mode == "direct" && !trade.is_refundable,
        Who::InstantRefundable => trade.mode == "direct" && trade.is_refundable,
    }
}
