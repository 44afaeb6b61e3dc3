//! Refunds of direct payments: what batches asked for, what had to come of each item, and the letter that says so
//! (protocol.md §7.5, docs/adr/0015, written down a second time).

use std::collections::{BTreeMap, BTreeSet};

use danbao_protocol::node::{Request, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::Bind;
use danbao_store::faulty::Disk;
use http::Method;
use http::header::LOCATION;

use super::Auditor;
use super::books::{Batch, Event, Gateway, Item, Merchant, Notice, Posting, Trade};
use super::ledger::{self, Line, returned_shares};
use super::notices;
use super::refusals::is_of_refusal;
use super::traffic::{Fields, has};
use crate::people::{Town, fen};

/// (trade_no, fen, royalty parts as on the wire)
type Asked = (String, i64, String);

/// What was seen of batches on the wire.
#[derive(Debug, Default)]
pub(super) struct Repayments {
    /// What the merchant asked for, by batch_no.
    asked: BTreeMap<String, Vec<Asked>>,
    /// Batches that the gateway said were kept.
    kept: BTreeSet<String>,
    /// Letters on the wire by notify_id, as (batch_no, success_num, result_details).
    letters: BTreeMap<String, (String, String, String)>,
    /// When the page of a batch was first given out, by its thread and by the gateway's clock.
    shown: BTreeMap<String, Timestamp>,
    /// When somebody first sent a page's form with the right password, by the batch's thread.
    confirmed: BTreeMap<String, Timestamp>,
    /// How often each thing happened on such pages.
    pub(super) marks: BTreeMap<String, u64>,
}

impl Repayments {
    /// The merchant asks for a batch, or somebody confirms one on its page; `now` is by the gateway's clock.
    pub(super) fn hear_asked(&mut self, now: Timestamp, request: &Request, town: &Town) {
        if let Some(thread) = page_of(request, town).filter(|_| request.method() == Method::POST) {
            let entered = Fields::read(request.body()).get("payment_password");
            if entered.as_deref() == Some(town.merchant.payment_password.as_str()) {
                self.confirmed.entry(thread).or_insert(now);
            }
        }
        let Some(form) = batch_call(request, town) else { return };
        let Some(batch_no) = form.get("batch_no") else { return };
        let items = form.get_in_own_charset("detail_data").unwrap_or_default();
        self.asked.insert(batch_no, items.split('#').filter_map(read_item).collect());
    }

    /// The gateway says that a batch is kept, or that it is confirmed: it must be committed at this very moment.
    pub(super) fn hear_answered(
        &mut self,
        now: Timestamp,
        request: &Request,
        response: &Response,
        town: &Town,
        gateway: &Disk,
    ) -> Option<String> {
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        if let Some(thread) = page_of(request, town) {
            let is_confirmed = request.method() == Method::POST && to == request.uri().path();
            let sql = "SELECT thread FROM refund_batch WHERE thread = $1 AND confirmed_at IS NOT NULL";
            let is_lie = is_confirmed && !has(gateway, sql, &[Bind::Text(&thread)]);
            if request.method() == Method::POST {
                self.mark_page(now, &thread, request, is_confirmed, town);
            }
            return is_lie.then(|| format!("batch {thread} is said to be confirmed before it is"));
        }
        let batch_no = batch_call(request, town)?.get("batch_no")?;
        if let Some(thread) = to.strip_prefix("/refunds/").and_then(|id| id.get(..16)) {
            self.shown.entry(thread.to_owned()).or_insert(now);
            self.kept.insert(batch_no);
            let sql = "SELECT thread FROM refund_batch WHERE thread = $1";
            let is_there = has(gateway, sql, &[Bind::Text(thread)]);
            return (!is_there).then(|| format!("batch {thread} has a page before it is kept"));
        }
        if !String::from_utf8_lossy(response.body()).contains("<is_success>T") {
            return None;
        }
        let sql = "SELECT thread FROM refund_batch WHERE batch_no = $1";
        let is_there = has(gateway, sql, &[Bind::Text(&batch_no)]);
        self.kept.insert(batch_no.clone());
        (!is_there).then(|| format!("batch {batch_no} is said to be kept before it is"))
    }

    fn mark_page(
        &mut self,
        now: Timestamp,
        thread: &str,
        request: &Request,
        is_confirmed: bool,
        town: &Town,
    ) {
        let entered = Fields::read(request.body()).get("payment_password");
        let is_right = entered.as_deref() == Some(town.merchant.payment_password.as_str());
        let shown = self.shown.get(thread);
        let is_late = shown.is_some_and(|shown| now.0 >= shown.0 + CONFIRM_WITHIN_MS);
        let what = match (is_confirmed, is_right) {
            (true, _) => "confirmed",
            (false, false) => "wrong password",
            (false, true) if is_late => "too late",
            (false, true) => "not now",
        };
        *self.marks.entry(format!("page of a batch: {what}")).or_default() += 1;
    }

    /// The result of a batch leaves for the merchant: it must be owed at this moment, and every try says the same.
    pub(super) fn hear_letter(&mut self, request: &Request, town: &Town, gateway: &Disk) -> Option<String> {
        let form = letter(request, town)?;
        let notify_id = form.get("notify_id")?;
        let word = |name| form.get(name).unwrap_or_default();
        let said = (word("batch_no"), word("success_num"), word("result_details"));
        let sql = "SELECT thread FROM notice WHERE notify_id = $1";
        if !has(gateway, sql, &[Bind::Text(&notify_id)]) {
            return Some(format!("the result of batch {} is told before it is committed", said.0));
        }
        let first = self.letters.entry(notify_id).or_insert_with(|| said.clone());
        (*first != said).then(|| format!("the result of batch {} was told in two ways", said.0))
    }

    /// The id of a letter that the merchant has just acknowledged.
    pub(super) fn acknowledged(request: &Request, response: &Response, town: &Town) -> Option<String> {
        let form = letter(request, town)?;
        form.get("notify_id").filter(|_| response.body().as_ref() == b"success")
    }

    /// Whether a letter of this id was on the wire.
    pub(super) fn is_sent(&self, notify_id: &str) -> bool {
        self.letters.contains_key(notify_id)
    }
}

fn letter(request: &Request, town: &Town) -> Option<Fields> {
    let is_letter = request.method() == Method::POST && request.uri().to_string() == town.refund_notify_url();
    is_letter.then(|| Fields::read(request.body()))
}

/// The thread of the batch whose page is asked for.
fn page_of(request: &Request, town: &Town) -> Option<String> {
    let url = request.uri().to_string();
    let id = url.strip_prefix(&town.gateway)?.strip_prefix("/refunds/")?;
    id.get(..16).map(str::to_owned)
}

fn batch_call(request: &Request, town: &Town) -> Option<Fields> {
    if !request.uri().to_string().starts_with(&format!("{}/gateway.do", town.gateway)) {
        return None;
    }
    let form = Fields::read(request.body());
    let is_batch =
        form.get("service").is_some_and(|service| service.starts_with("refund_fastpay_by_platform_"));
    is_batch.then_some(form)
}

/// `trade_no^amount^reason`, royalty parts after `|`.
fn read_item(text: &str) -> Option<Asked> {
    let (item, royalty) = text.split_once('|').unwrap_or((text, ""));
    match item.split('^').collect::<Vec<_>>()[..] {
        [trade_no, amount, _] => Some((trade_no.to_owned(), fen(amount)?, royalty.to_owned())),
        _ => None,
    }
}

pub(super) fn audit(
    auditor: &mut Auditor,
    gateway: &Gateway,
    merchant: &Merchant,
    town: &Town,
    quiet_since: Timestamp,
) {
    for batch_no in auditor.repayments.kept.clone() {
        if gateway.batches.iter().all(|batch| batch.batch_no != batch_no) {
            auditor.find(format!("batch {batch_no} was said to be kept and is gone"));
        }
    }
    for batch in &gateway.batches {
        let items: Vec<&Item> = gateway.items.iter().filter(|item| item.thread == batch.thread).collect();
        for problem in problems(auditor, gateway, batch, &items) {
            auditor.find(format!("batch {}: {problem}", batch.batch_no));
        }
        audit_letter(auditor, gateway, merchant, town, batch, &items, quiet_since);
    }
    for letter in gateway.letters.iter().filter(|letter| !is_of_refusal(letter, town)) {
        if gateway.batches.iter().all(|batch| batch.thread != letter.trade_no) {
            auditor.find(format!("letter {} is about nothing", letter.trade_no));
        }
    }
}

fn problems(auditor: &Auditor, gateway: &Gateway, batch: &Batch, items: &[&Item]) -> Vec<String> {
    let mut problems = Vec::new();
    let written: Vec<Asked> =
        items.iter().map(|item| (item.trade_no.clone(), item.amount, item.royalty.clone())).collect();
    let is_asked = match batch.origin.as_str() {
        "nopwd" | "pwd" => auditor.repayments.asked.get(&batch.batch_no) == Some(&written),
        _ => written.iter().all(|(trade_no, amount, _)| auditor.deeds.is_repayment_asked(trade_no, *amount)),
    };
    if !is_asked {
        problems.push("is not what was asked for".to_owned());
    }
    if batch.confirmed_at.is_none() {
        let is_untouched = batch.done == 0 && items.iter().all(|item| item.result.is_empty());
        if !is_untouched || batch.origin != "pwd" {
            problems.push("was worked on and nobody had confirmed it".to_owned());
        }
        return problems;
    }
    let succeeded = items.iter().filter(|item| item.result == "SUCCESS").count();
    let counts = [batch.items, batch.done, i64::try_from(items.len()).unwrap_or(-1)];
    if counts.iter().any(|count| *count != batch.items) || i64::try_from(succeeded) != Ok(batch.succeeded) {
        problems.push(format!("counts {counts:?} items, {} of {succeeded} refunds", batch.succeeded));
    }
    problems.extend(confirmation_problems(auditor, batch, items));
    if batch.finished_at.is_none() || items.iter().any(|item| item.result.is_empty()) {
        problems.push("was never finished".to_owned());
    }
    for item in items {
        let mut lawful = BTreeSet::new();
        if auditor.standing.may_be_free(&batch.seller, item.done_at) {
            lawful.extend(verdicts(gateway, batch, item));
        }
        if auditor.standing.may_be_frozen(&batch.seller, item.done_at) {
            lawful.extend(["TXN_RESULT_ACCOUNT_STATUS_NOT_VALID", "TRADE_NOT_EXISTS"]);
        }
        if !lawful.contains(item.result.as_str()) {
            problems.push(format!("item {} came to {}, lawful were {lawful:?}", item.line, item.result));
        }
    }
    problems
}

/// How long a batch waits for its password.
const CONFIRM_WITHIN_MS: i64 = 86_400_000;

/// A page's batch is confirmed by whoever has the password, in time, and by nobody else.
fn confirmation_problems(auditor: &Auditor, batch: &Batch, items: &[&Item]) -> Vec<String> {
    let mut problems = Vec::new();
    let (Some(at), "pwd") = (batch.confirmed_at, batch.origin.as_str()) else { return problems };
    match auditor.repayments.confirmed.get(&batch.thread) {
        Some(asked) if asked.0 <= at => {}
        _ => problems.push("counts as confirmed, and nobody had entered the password".to_owned()),
    }
    let shown = auditor.repayments.shown.get(&batch.thread).map_or(batch.received_at, |shown| shown.0);
    if at < batch.received_at {
        problems.push("was confirmed before it came".to_owned());
    }
    if at >= shown + CONFIRM_WITHIN_MS {
        let hours = (at - shown) / 3_600_000;
        problems.push(format!("was confirmed {hours} hours after its page was shown"));
    }
    if items.iter().any(|item| item.done_at < at) {
        problems.push("had items taken before it was confirmed".to_owned());
    }
    if !auditor.standing.may_be_free(&batch.seller, at) {
        problems.push("was confirmed by a frozen seller".to_owned());
    }
    problems
}

/// What may come of an item at the instant at which it was taken. What happened at that instant, before or after, is not
/// known; so there may be more than one answer.
fn verdicts(gateway: &Gateway, batch: &Batch, item: &Item) -> BTreeSet<&'static str> {
    let Some(trade) = gateway.trades.iter().find(|trade| trade.trade_no == item.trade_no) else {
        return BTreeSet::from(["TRADE_NOT_EXISTS"]);
    };
    let history = gateway.history(trade);
    let mut lawful = BTreeSet::new();
    for version in 0..=history.len() {
        let (past, future) = history.split_at(version);
        let began = past.last().is_none_or(|event| event.at <= item.done_at);
        let not_over = future.first().is_none_or(|event| event.at >= item.done_at);
        if began && not_over {
            for balances in balances_at(gateway, item.done_at) {
                lawful.insert(verdict(gateway, batch, item, trade, past, balances));
            }
        }
    }
    lawful
}

/// What is to come of an item of a trade with this past while everybody holds this.
fn verdict(
    gateway: &Gateway,
    batch: &Batch,
    item: &Item,
    trade: &Trade,
    past: &[&Event],
    balances: Balances,
) -> &'static str {
    match past.last().map_or("", |event| event.status.trade.as_str()) {
        "" => "TRADE_NOT_EXISTS",
        _ if trade.mode == "escrow" => "TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND",
        "WAIT_BUYER_PAY" | "TRADE_PENDING" => "TRADE_STATUS_ERROR",
        "TRADE_FINISHED" => "TRADE_HAS_FINISHED",
        "TRADE_CLOSED" => "TRADE_HAS_CLOSED",
        _ => verdict_of_money(gateway, batch, item, trade, past, balances),
    }
}

/// The same of a trade that can be refunded: whether everybody can give what the item says.
fn verdict_of_money(
    gateway: &Gateway,
    batch: &Batch,
    item: &Item,
    trade: &Trade,
    past: &[&Event],
    mut balances: Balances,
) -> &'static str {
    let moved = |commands: &[&str]| -> Vec<Vec<&Posting>> {
        let events = past.iter().filter(|event| commands.contains(&event.command.as_str()));
        events.filter_map(|event| Some(ledger::lines_of(gateway, event.journal_id?))).collect()
    };
    // The buyer's is the last line of a refund.
    let gone: i64 = moved(&["refund_paid"]).iter().filter_map(|lines| Some(lines.last()?.amount)).sum();
    let left = trade.total_fee - gone;
    if item.amount > left {
        return "REFUND_TRADE_FEE_ERROR";
    }
    let seller = format!("user:{}", batch.seller);
    let charge = ledger::fee(left, trade.fee_ppm) - ledger::fee(left - item.amount, trade.fee_ppm);
    *balances.entry(seller.clone()).or_default() += charge;
    for Line { debit, credit, amount } in returned_shares(&gateway.users, &item.royalty) {
        let between = |lines: Vec<Vec<&Posting>>, from: &str, to: &str| -> i64 {
            let lines = lines.into_iter().flatten().filter(|line| line.debit == from && line.credit == to);
            lines.map(|line| line.amount).sum()
        };
        let given = between(moved(&["pay", "release"]), &credit, &debit);
        if between(moved(&["refund_paid"]), &debit, &credit) + amount > given {
            return "REFUND_ROYALTY_FEE_ERROR";
        }
        let purse = balances.entry(debit).or_default();
        *purse -= amount;
        if *purse < 0 {
            return "REASON_REFUND_ROYALTY_ERROR";
        }
        *balances.entry(credit).or_default() += amount;
    }
    match balances.get(&seller) {
        Some(held) if *held >= item.amount => "SUCCESS",
        _ => "TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH",
    }
}

/// What everybody holds, by account.
type Balances = BTreeMap<String, i64>;

/// What everybody held at an instant: after all that was before it, and after each thing that happened at it.
fn balances_at(gateway: &Gateway, at: i64) -> Vec<Balances> {
    let mut balances = Balances::new();
    let mut all = Vec::new();
    for journal in &gateway.journals {
        if journal.at > at {
            break;
        }
        if journal.at == at {
            all.push(balances.clone());
        }
        for line in ledger::lines_of(gateway, journal.journal_id) {
            *balances.entry(line.debit.clone()).or_default() -= line.amount;
            *balances.entry(line.credit.clone()).or_default() += line.amount;
        }
    }
    all.push(balances);
    all
}

/// A batch of a call owes one letter that says what the books say; a refund from the desk owes none.
fn audit_letter(
    auditor: &mut Auditor,
    gateway: &Gateway,
    merchant: &Merchant,
    town: &Town,
    batch: &Batch,
    items: &[&Item],
    quiet_since: Timestamp,
) {
    let name = format!("the letter of batch {}", batch.batch_no);
    let letters: Vec<&Notice> =
        gateway.letters.iter().filter(|letter| letter.trade_no == batch.thread).collect();
    let owed = usize::from(batch.notify_url.is_some() && batch.confirmed_at.is_some());
    if letters.len() != owed || (batch.origin == "desk") != batch.notify_url.is_none() {
        auditor.find(format!("{name}: owed {owed}, wrote {}", letters.len()));
    }
    let Some(letter) = letters.first() else { return };
    let details = items.iter().map(|item| details(item, batch, town)).collect::<Vec<_>>().join("#");
    let said = (batch.batch_no.clone(), batch.succeeded.to_string(), details);
    let form = Fields::read(&letter.letter);
    let word = |name| form.get(name).unwrap_or_default();
    let written = (word("batch_no"), word("success_num"), word("result_details"));
    if written != said {
        auditor.find(format!("{name} says {written:?}, the books say {said:?}"));
    }
    match auditor.repayments.letters.get(&letter.notify_id) {
        None => auditor.find(format!("{name} was never seen on the wire")),
        Some(sent) if *sent != said => auditor.find(format!("{name} said something else on the wire")),
        Some(_) => {}
    }
    if letter.due_at.is_some() {
        auditor.find(format!("{name} is still pending"));
    }
    notices::audit_tries(auditor, gateway, letter, quiet_since, &name);
    let believed: Vec<_> =
        merchant.batch_results.iter().filter(|(batch_no, ..)| *batch_no == batch.batch_no).collect();
    let is_right = believed.len() == items.len()
        && believed.iter().zip(items).all(|((_, trade_no, amount, outcome, charge), item)| {
            (trade_no, *amount, outcome, *charge) == (&item.trade_no, item.amount, &item.result, item.charge)
        });
    if (letter.acknowledged_at.is_some() || !believed.is_empty()) && !is_right {
        auditor.find(format!("{name} was acknowledged, and the merchant believes {believed:?}"));
    }
}

/// `trade_no^amount^CODE`, and after `$` the charge that went back.
fn details(item: &Item, batch: &Batch, town: &Town) -> String {
    let yuan = |fen: i64| format!("{}.{:02}", fen / 100, fen % 100);
    let charge = match item.charge {
        0 => String::new(),
        charge => format!("${}^{}^{}^SUCCESS", town.merchant.seller_email, batch.seller, yuan(charge)),
    };
    format!("{}^{}^{}{charge}", item.trade_no, yuan(item.amount), item.result)
}
