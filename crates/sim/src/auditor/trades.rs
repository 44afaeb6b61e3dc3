//! Every trade's history is a path of the diagrams, each step taken by somebody who may, asks for what the merchant
//! asked for, and has come to its end.

use danbao_protocol::time::Timestamp;

use super::books::{Event, Gateway, Status, Trade};
use super::{Auditor, clocks};
use crate::people::{KnownOrder, Town};

/// One line of the tables of protocol.md §5.3-5.6: in this state of a trade, with a refund in one of these, who may give
/// the command, and where it leads. `""` stands for "not yet" and for "none".
struct Edge {
    from: &'static str,
    refunds: &'static [&'static str],
    command: &'static str,
    by: &'static [&'static str],
    to: &'static str,
    refund: &'static str,
    of: Who,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    All,
    Escrow,
    Instant,
    InstantRefundable,
}

const UNPAID: &str = "WAIT_BUYER_PAY";
const READY: &str = "WAIT_SELLER_SEND_GOODS";
const SENT: &str = "WAIT_BUYER_CONFIRM_GOODS";
const PENDING: &str = "TRADE_PENDING";
const SUCCESS: &str = "TRADE_SUCCESS";
const FINISHED: &str = "TRADE_FINISHED";
const CLOSED: &str = "TRADE_CLOSED";

const NONE: &str = "";
const APPLIED: &str = "WAIT_SELLER_AGREE";
const REFUSED: &str = "SELLER_REFUSE_BUYER";
const TO_RETURN: &str = "WAIT_BUYER_RETURN_GOODS";
const RETURNED: &str = "WAIT_SELLER_CONFIRM_GOODS";
const REFUNDED: &str = "REFUND_SUCCESS";
const WITHDRAWN: &str = "REFUND_CLOSED";

const NEITHER: &[&str] = &[NONE];
/// A refund that may be applied for, or for once more.
const CALM: &[&str] = &[NONE, WITHDRAWN];
const BUYER: &[&str] = &["buyer"];
const SELLER: &[&str] = &["seller"];
const ALONE: &[&str] = &["timer"];
/// Who refunds a direct payment: a batch, or the seller at the desk.
const GIVERS: &[&str] = &["partner", "seller"];

/// A line of the tables, in the order of [`Edge`]'s fields.
const fn edge(
    from: &'static str,
    refunds: &'static [&'static str],
    command: &'static str,
    by: &'static [&'static str],
    to: &'static str,
    refund: &'static str,
    of: Who,
) -> Edge {
    Edge { from, refunds, command, by, to, refund, of }
}

const EDGES: &[Edge] = &[
    edge(NONE, NEITHER, "create", BUYER, UNPAID, NONE, Who::All),
    edge(UNPAID, NEITHER, "arrange", BUYER, UNPAID, NONE, Who::All),
    edge(UNPAID, NEITHER, "adjust_price", SELLER, UNPAID, NONE, Who::All),
    edge(UNPAID, NEITHER, "close", &["buyer", "seller", "partner", "timer"], CLOSED, NONE, Who::All),
    edge(UNPAID, NEITHER, "pay", BUYER, READY, NONE, Who::Escrow),
    edge(UNPAID, NEITHER, "pay", BUYER, FINISHED, NONE, Who::Instant),
    edge(UNPAID, NEITHER, "pay", BUYER, SUCCESS, NONE, Who::InstantRefundable),
    edge(UNPAID, NEITHER, "pay_held", BUYER, PENDING, NONE, Who::Instant),
    edge(UNPAID, NEITHER, "pay_held", BUYER, PENDING, NONE, Who::InstantRefundable),
    edge(PENDING, NEITHER, "release", &["platform"], FINISHED, NONE, Who::Instant),
    edge(PENDING, NEITHER, "release", &["platform"], SUCCESS, NONE, Who::InstantRefundable),
    edge(SUCCESS, NEITHER, "finish", ALONE, FINISHED, NONE, Who::InstantRefundable),
    edge(SUCCESS, &[REFUNDED], "finish", ALONE, FINISHED, REFUNDED, Who::InstantRefundable),
    edge(SUCCESS, &[NONE, REFUNDED], "refund_paid", GIVERS, SUCCESS, REFUNDED, Who::InstantRefundable),
    edge(SUCCESS, &[NONE, REFUNDED], "refund_paid", GIVERS, CLOSED, REFUNDED, Who::InstantRefundable),
    edge(READY, NEITHER, "advise_refund", ALONE, READY, NONE, Who::Escrow),
    edge(READY, &[WITHDRAWN], "advise_refund", ALONE, READY, WITHDRAWN, Who::Escrow),
    edge(READY, NEITHER, "send_goods", &["seller", "partner"], SENT, NONE, Who::Escrow),
    edge(
        READY,
        &[APPLIED, REFUSED, WITHDRAWN],
        "send_goods",
        &["seller", "partner"],
        SENT,
        WITHDRAWN,
        Who::Escrow,
    ),
    edge(SENT, NEITHER, "confirm_goods", &["buyer", "timer"], FINISHED, NONE, Who::Escrow),
    edge(SENT, &[WITHDRAWN], "confirm_goods", &["buyer", "timer"], FINISHED, WITHDRAWN, Who::Escrow),
    edge(
        SENT,
        &[APPLIED, REFUSED, TO_RETURN, RETURNED],
        "confirm_goods",
        BUYER,
        FINISHED,
        WITHDRAWN,
        Who::Escrow,
    ),
    edge(SENT, NEITHER, "extend_timeout", SELLER, SENT, NONE, Who::Escrow),
    edge(SENT, &[WITHDRAWN], "extend_timeout", SELLER, SENT, WITHDRAWN, Who::Escrow),
    edge(READY, &[NONE, WITHDRAWN, REFUSED], "apply_refund", BUYER, READY, APPLIED, Who::Escrow),
    edge(SENT, &[NONE, WITHDRAWN, REFUSED], "apply_refund", BUYER, SENT, APPLIED, Who::Escrow),
    edge(READY, &[APPLIED], "refuse_refund", SELLER, READY, REFUSED, Who::Escrow),
    edge(SENT, &[APPLIED], "refuse_refund", SELLER, SENT, REFUSED, Who::Escrow),
    edge(READY, &[APPLIED], "agree_refund", &["seller", "timer"], CLOSED, REFUNDED, Who::Escrow),
    edge(SENT, &[APPLIED], "agree_refund", &["seller", "timer"], CLOSED, REFUNDED, Who::Escrow),
    edge(SENT, &[APPLIED], "agree_refund", &["seller", "timer"], FINISHED, REFUNDED, Who::Escrow),
    edge(SENT, &[APPLIED], "agree_refund", &["seller", "timer"], SENT, TO_RETURN, Who::Escrow),
    edge(SENT, &[TO_RETURN], "return_goods", BUYER, SENT, RETURNED, Who::Escrow),
    edge(SENT, &[RETURNED], "confirm_return", &["seller", "timer"], CLOSED, REFUNDED, Who::Escrow),
    edge(SENT, &[RETURNED], "confirm_return", &["seller", "timer"], FINISHED, REFUNDED, Who::Escrow),
    edge(READY, &[APPLIED], "withdraw_refund", BUYER, READY, WITHDRAWN, Who::Escrow),
    edge(READY, &[REFUSED], "withdraw_refund", &["buyer", "timer"], READY, WITHDRAWN, Who::Escrow),
    edge(SENT, &[APPLIED, RETURNED], "withdraw_refund", BUYER, SENT, WITHDRAWN, Who::Escrow),
    edge(SENT, &[REFUSED, TO_RETURN], "withdraw_refund", &["buyer", "timer"], SENT, WITHDRAWN, Who::Escrow),
];

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town, now: Timestamp) {
    for trade in &gateway.trades {
        let history = gateway.history(trade);
        for problem in history_problems(trade, &history) {
            auditor.find(format!("{}: {problem}", trade.trade_no));
        }
        for problem in standing_problems(auditor, trade, &history) {
            auditor.find(format!("{}: {problem}", trade.trade_no));
        }
        // It is over, or nobody ships and nobody can be made to.
        let may_rest = matches!(trade.status.trade.as_str(), FINISHED | CLOSED)
            || (trade.status.trade == READY && CALM.contains(&trade.status.refund.as_str()));
        if !may_rest {
            auditor.find(format!("{}: is left in {}", trade.trade_no, trade.status));
        }
        let order = town.order(&trade.out_trade_no);
        if let Some(problem) = order.and_then(|order| price_problem(trade, order)) {
            auditor.find(format!("{}: {problem}", trade.trade_no));
        }
        let same_order = |other: &&Trade| other.out_trade_no == trade.out_trade_no;
        if gateway.trades.iter().filter(same_order).count() > 1 {
            auditor.find(format!("{}: another trade has its out_trade_no", trade.trade_no));
        }
        clocks::audit(auditor, gateway, trade, order);
    }
    for event in &gateway.events {
        if gateway.trades.iter().all(|trade| trade.trade_no != event.trade_no) {
            auditor.find(format!("{}: a history without a trade", event.trade_no));
        }
    }
    for (trade_no, kind, due_at) in &gateway.deadlines {
        let is_over = |trade: &Trade| matches!(trade.status.trade.as_str(), FINISHED | CLOSED);
        let of_over = gateway.trades.iter().any(|trade| trade.trade_no == *trade_no && is_over(trade));
        if *due_at <= now.0 || of_over {
            auditor.find(format!("{trade_no}: deadline {kind} was never taken"));
        }
    }
}

/// What a trade costs is what the merchant asked for, less or plus what its seller has taken off or put on.
fn price_problem(trade: &Trade, order: &KnownOrder) -> Option<String> {
    let changed = trade.discount - order.discount();
    let totals: Vec<i64> = order.totals().into_iter().map(|total| total + changed).collect();
    let is_right = totals.contains(&trade.total_fee);
    (!is_right).then(|| format!("costs {}, asked for were {totals:?}", trade.total_fee))
}

/// A frozen account pays nothing, and an instant payment to one waits for its release (docs/adr/0016).
fn standing_problems(auditor: &Auditor, trade: &Trade, history: &[&Event]) -> Vec<String> {
    let standing = &auditor.standing;
    let mut problems = Vec::new();
    for event in history {
        let command = event.command.as_str();
        let is_paid = matches!(command, "pay" | "pay_held");
        if is_paid && !standing.may_be_free(&trade.buyer, event.at) {
            problems.push("was paid by a frozen buyer");
        }
        let takes = matches!(command, "pay" | "release") && trade.mode == "direct";
        if takes && !standing.may_be_free(&trade.seller, event.at) {
            problems.push("was settled with a frozen seller");
        }
        if command == "pay_held" && !standing.may_be_frozen(&trade.seller, event.at) {
            problems.push("was held though nobody was frozen");
        }
        if command == "refund_paid" && !standing.may_be_free(&trade.seller, event.at) {
            problems.push("was refunded by a frozen seller");
        }
    }
    problems.into_iter().map(str::to_owned).collect()
}

fn history_problems(trade: &Trade, history: &[&Event]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut from = Status { trade: String::new(), refund: String::new() };
    let mut earlier = i64::MIN;
    for (version, event) in (1..).zip(history) {
        if !EDGES.iter().any(|edge| edge.is(&from, event, trade)) {
            let Event { actor, command, status, .. } = event;
            problems.push(format!(
                "{command} by {actor} led from `{from}` to {status}, which the diagram does not have"
            ));
        }
        if event.version != version || event.at < earlier {
            problems.push(format!("its history has a gap or goes backwards at version {}", event.version));
        }
        if event.journal_id.is_some() != event.moves_money() {
            problems.push(format!(
                "{} has a journal where it should have none, or none where it should",
                event.command
            ));
        }
        (from, earlier) = (event.status.clone(), event.at);
    }
    let length = i64::try_from(history.len()).unwrap_or(-1);
    if from != trade.status || length != trade.version {
        problems.push(format!("is in {}, its history ends in {from}", trade.status));
    }
    let was_paid = history.iter().any(|event| matches!(event.command.as_str(), "pay" | "pay_held"));
    if was_paid != trade.gmt_payment.is_some() {
        problems.push("its instant of payment and its history differ".to_owned());
    }
    problems
}

impl Edge {
    fn is(&self, from: &Status, event: &Event, trade: &Trade) -> bool {
        let concerns = match self.of {
            Who::All => true,
            Who::Escrow => trade.mode == "escrow",
            Who::Instant => trade.mode == "direct" && !trade.is_refundable,
            Who::InstantRefundable => trade.mode == "direct" && trade.is_refundable,
        };
        concerns
            && self.from == from.trade
            && self.refunds.contains(&from.refund.as_str())
            && self.command == event.command
            && self.by.contains(&event.actor.as_str())
            && (self.to, self.refund) == (event.status.trade.as_str(), event.status.refund.as_str())
    }
}

impl Event {
    /// Whether this change has a journal.
    fn moves_money(&self) -> bool {
        match self.command.as_str() {
            "pay" | "pay_held" | "release" | "confirm_goods" | "refund_paid" => true,
            "agree_refund" | "confirm_return" => self.status.refund == REFUNDED,
            _ => false,
        }
    }
}
