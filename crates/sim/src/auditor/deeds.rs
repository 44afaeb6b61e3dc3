//! What buyers and sellers were seen to ask for at the desk and by the sandbox API, and what they were told was done.
//! Nothing may have been done to a trade that nobody asked for, nor with other words than were asked.

use std::collections::{BTreeMap, BTreeSet};

use danbao_protocol::node::{Request, Response};
use http::Method;
use http::header::LOCATION;
use serde_json::Value;

use super::Auditor;
use super::books::{Batch, Event, Gateway, Refund, Trade};
use super::traffic::Fields;
use crate::people::{Town, fen};

/// What a deed says beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Words {
    goods_received: Option<bool>,
    /// In fen.
    amount: Option<i64>,
    /// In fen.
    discount: Option<i64>,
    days: Option<i64>,
    transport_type: Option<String>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Deeds {
    asked: BTreeMap<(String, String), Vec<Words>>,
    /// How often somebody was told that it was done.
    done: BTreeMap<(String, String), usize>,
    /// The totals that pages of the cashier showed to those who then paid, by trade_no, in fen.
    shown: BTreeMap<String, BTreeSet<i64>>,
}

/// Commands that each succeed at most as often as their history has them; others may find nothing left to do and
/// succeed all the same.
const ONCE_EACH: [&str; 9] = [
    "agree_refund",
    "apply_refund",
    "confirm_goods",
    "confirm_return",
    "extend_timeout",
    "refund_paid",
    "refuse_refund",
    "return_goods",
    "withdraw_refund",
];

impl Deeds {
    /// Somebody asks for something.
    pub(super) fn hear_asked(&mut self, request: &Request, town: &Town) {
        if let Some((trade_no, command, words)) = read(request, town) {
            self.asked.entry((trade_no, command)).or_default().push(words);
        }
        if let Some((trade_no, shown)) = read_shown_total(request, town) {
            self.shown.entry(trade_no).or_default().insert(shown);
        }
    }

    /// Somebody is told that it was done, if the gateway says so.
    pub(super) fn hear_answered(&mut self, request: &Request, response: &Response, town: &Town) {
        let Some((trade_no, command, _)) = read(request, town) else { return };
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let at_desk = to.is_some_and(|to| to.ends_with(&format!("/desk/trades/{trade_no}?done={command}")));
        let by_sandbox = || {
            let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
            answer["trade_no"] == trade_no.as_str()
        };
        if at_desk || (response.status().is_success() && by_sandbox()) {
            *self.done.entry((trade_no, command)).or_default() += 1;
        }
    }

    fn words<'d>(&'d self, trade_no: &str, command: &str) -> impl Iterator<Item = &'d Words> + use<'d> {
        self.asked.get(&(trade_no.to_owned(), command.to_owned())).into_iter().flatten()
    }

    /// The lengths of the extensions that a seller asked for.
    pub(super) fn days_asked(&self, trade_no: &str) -> Vec<i64> {
        let mut days: Vec<i64> =
            self.words(trade_no, "extend_timeout").filter_map(|words| words.days).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// Whether the seller asked for a refund of this much of a direct payment; without a word on it all that is left.
    pub(super) fn is_repayment_asked(&self, trade_no: &str, amount: i64) -> bool {
        self.words(trade_no, "refund_paid").any(|words| words.amount.is_none_or(|asked| asked == amount))
    }

    /// Whether a seller asked for this discount.
    pub(super) fn is_discount_asked(&self, trade_no: &str, discount: i64) -> bool {
        self.words(trade_no, "adjust_price").any(|words| words.discount == Some(discount))
    }
}

pub(super) fn audit(auditor: &mut Auditor, gateway: &Gateway, town: &Town) {
    for trade in &gateway.trades {
        let history = gateway.history(trade);
        for problem in problems(&auditor.deeds, gateway, trade, &history, town) {
            auditor.find(format!("{}: {problem}", trade.trade_no));
        }
    }
}

fn problems(deeds: &Deeds, gateway: &Gateway, trade: &Trade, history: &[&Event], town: &Town) -> Vec<String> {
    let mut problems = Vec::new();
    let key = |command: &str| (trade.trade_no.clone(), command.to_owned());
    for event in history {
        // At the cashier and by the interfaces trades are opened, paid and sent; everything else has its form.
        let is_by_form = matches!(event.actor.as_str(), "buyer" | "seller")
            && !matches!(event.command.as_str(), "create" | "arrange" | "pay" | "pay_held");
        if is_by_form && !deeds.asked.contains_key(&key(&event.command)) && !is_of_page(gateway, event) {
            problems.push(format!("{} was done by the {} and asked by nobody", event.command, event.actor));
        }
    }
    for command in ONCE_EACH {
        let done = deeds.done.get(&key(command)).copied().unwrap_or(0);
        let by_form = |event: &&&Event| event.command == command && event.actor != "partner";
        let times = history.iter().filter(by_form).count();
        if done > times {
            problems.push(format!("{command} was said to be done {done} times and was done {times} times"));
        }
    }
    let first = town.order(&trade.out_trade_no).map_or(0, |order| order.discount());
    if trade.discount != first && !deeds.is_discount_asked(&trade.trade_no, trade.discount) {
        problems.push(format!("has the discount {}, for which nobody asked", trade.discount));
    }
    let shown = deeds.shown.get(&trade.trade_no).filter(|_| trade.gmt_payment.is_some());
    if let Some(shown) = shown.filter(|shown| !shown.contains(&trade.total_fee)) {
        problems.push(format!("was paid with {}, the buyer was shown {shown:?}", trade.total_fee));
    }
    let refund = gateway.refund(trade);
    if refund.is_some_and(|refund| !is_asked(deeds, trade, refund)) {
        problems.push("its refund is not one that was applied for".to_owned());
    }
    problems
}

/// Whether a seller's refund is one of a batch that was confirmed on its page, which is held against the batch's call.
fn is_of_page(gateway: &Gateway, event: &Event) -> bool {
    let mut items = gateway.items.iter();
    event.command == "refund_paid"
        && items.any(|item| {
            let is_taken = item.trade_no == event.trade_no && item.done_at == event.at;
            let is_page = |batch: &&Batch| batch.thread == item.thread && batch.origin == "pwd";
            is_taken && gateway.batches.iter().any(|batch| is_page(&batch))
        })
}

/// Whether the buyer has applied for just this, and sent the goods back just so.
fn is_asked(deeds: &Deeds, trade: &Trade, refund: &Refund) -> bool {
    let mut applications = deeds.words(&trade.trade_no, "apply_refund");
    let is_applied = applications.any(|words| {
        // Without a word on it everything is wanted, and by whom nothing was sent nothing was received.
        words.amount.unwrap_or(trade.total_fee) == refund.amount
            && words.goods_received.is_none_or(|received| received == refund.goods_received)
    });
    let by = &refund.transport_type;
    let mut parcels = deeds.words(&trade.trade_no, "return_goods");
    is_applied && (by.is_none() || parcels.any(|words| words.transport_type == *by))
}

/// A form of the cashier by which somebody pays: of which trade, and what its page showed.
fn read_shown_total(request: &Request, town: &Town) -> Option<(String, i64)> {
    let url = request.uri().to_string();
    let id = url.strip_prefix(&format!("{}/cashier/", town.gateway))?;
    let shown = Fields::read(request.body()).get("shown_total")?;
    Some((id.get(..16)?.to_owned(), fen(&shown)?))
}

/// A deed on the wire: of which trade, which, and with what words.
fn read(request: &Request, town: &Town) -> Option<(String, String, Words)> {
    if request.method() != Method::POST {
        return None;
    }
    let url = request.uri().to_string();
    let path = url.strip_prefix(&town.gateway)?.split('?').next()?;
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["desk", "trades", trade_no, command] => {
            let form = Fields::read(request.body());
            let said = |name| form.get(name);
            let words = Words {
                goods_received: said("goods_received").map(|word| word == "yes"),
                amount: said("amount").as_deref().and_then(fen),
                discount: said("discount").as_deref().and_then(fen),
                days: said("days").and_then(|days| days.parse().ok()),
                transport_type: said("transport_type"),
            };
            Some(((*trade_no).to_owned(), (*command).to_owned(), words))
        }
        ["sandbox", "v1", "trades", trade_no, "actions"] => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let words = Words {
                goods_received: body["goods_received"].as_bool(),
                amount: body["amount"].as_str().and_then(fen),
                discount: body["discount"].as_str().and_then(fen),
                days: body["days"].as_i64(),
                transport_type: body["transport_type"].as_str().map(str::to_owned),
            };
            Some(((*trade_no).to_owned(), body["action"].as_str()?.to_owned(), words))
        }
        _ => None,
    }
}
