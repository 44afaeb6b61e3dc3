//! Refunds of direct payments over REST: a batch is written down, told to the gateway until it answers, and done when
//! the gateway has told what came of it (protocol.md §7.5).
//!
//! Telling it again is safe: the gateway knows a batch by its number, and refunds nothing twice. Believing a no is not: once
//! a try may have arrived, the gateway may have kept the batch and refuse the next try for a reason of its own, at the
//! latest because its number is of yesterday. A failure is told only when it is certain, because the shop will ask anew.

use std::time::Duration;

use danbao_merchant::inbox::{Mode, Outcome};
use danbao_merchant::protocol::batch_refund_notify;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::ids::{BatchNo, TradeNo};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::refund::{RefundBatch, RefundItem};
use danbao_merchant::{Account, Genuine, Received, Rejected, Reply, answer, read_reply};
use danbao_node::Fault;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::belief::{self, Door, Taken};
use crate::idempotency::{self, Made};
use crate::problem::Problem;
use crate::router::REFUND_PATH;
use crate::rows::payment_request::RequestRow;
use crate::rows::refund_batch::{self, BatchRow, BatchState};
use crate::stuck::{STUCK_WAIT, stuck};
use crate::terms;
use crate::turn::{Background, Turn, Waiting};
use crate::{events, payment_requests, web};

/// An answer is waited for so long; the host gives up well before.
const LEASE: Duration = Duration::from_secs(120);
/// The first wait after a try that brought neither yes nor no; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(10);
/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(3600);
/// A batch number has at most so many letters and digits after its day (protocol.md §7.5).
const SEQUENCE_DIGITS: usize = 24;

/// The body of `POST /v1/refunds`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    #[serde(default = "utf8")]
    charset: String,
    items: Vec<NewItem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewItem {
    out_trade_no: String,
    amount: String,
    #[serde(default)]
    reason: String,
}

fn utf8() -> String {
    "utf-8".to_owned()
}

/// An item as it is kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(crate) struct Item {
    pub(crate) out_trade_no: String,
    pub(crate) order_no: String,
    pub(crate) trade_no: String,
    /// In fen.
    pub(crate) amount: i64,
    pub(crate) reason: String,
    /// `waiting`, `succeeded`, `failed`
    pub(crate) state: String,
    pub(crate) error_code: Option<String>,
}

/// `POST /v1/refunds`
pub(crate) fn create(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let body = match web::read::<NewRefund>(request) {
        Ok(body) => body,
        Err(problem) => return Ok(problem.respond()),
    };
    let name = idempotency::name(request, &body.hash);
    idempotency::once(turn, request, &body.hash, |turn| make(turn, &body.value, &name))
}

fn make(turn: &mut Turn<'_, '_>, wish: &NewRefund, name: &str) -> Made {
    let charset = match terms::known("charset", &wish.charset, Charset::from_label) {
        Ok(charset) => charset,
        Err(problem) => return Ok(Err(problem)),
    };
    let (items, first) = match items(turn, &wish.items)? {
        Ok(found) => found,
        Err(problem) => return Ok(Err(problem)),
    };
    let account = match payment_requests::account_of(turn, &first) {
        Ok(account) => account,
        Err(problem) => return Ok(Err(problem)),
    };
    let row = BatchRow {
        batch_no: numbered(turn, name),
        partner: account.partner().clone(),
        sign_type: account.sign_type(),
        charset,
        items: to_json(&items)?,
        state: BatchState::Waiting,
        error_code: None,
        tries: 0,
        send_due_at: Some(turn.now),
        created_at: turn.now,
        done_at: None,
    };
    let written = account.refund_request(&batch(turn, account, &row)?);
    if let Err(why) = written {
        return Ok(Err(Problem::unprocessable("refund_refused", why.to_string())));
    }
    refund_batch::insert(&mut **turn.tx, &row)?;
    Ok(Ok((StatusCode::CREATED, shown(&row)?)))
}

/// The number of a batch: the day, and what the shop has called its wish, so that a database that was restored from an
/// older copy gives the same wish the same number, and the gateway knows it.
fn numbered(turn: &Turn<'_, '_>, name: &str) -> BatchNo {
    BatchNo::new(format!("{}{}", turn.now.wire_day(), name.get(..SEQUENCE_DIGITS).unwrap_or(name)))
}

type Found = Result<(Vec<Item>, RequestRow), Problem>;

/// The items with what our records say of their trades, and the payment request whose account all of them share.
fn items(turn: &mut Turn<'_, '_>, wished: &[NewItem]) -> Result<Found, Fault> {
    let mut items: Vec<Item> = Vec::with_capacity(wished.len());
    let mut first: Option<RequestRow> = None;
    for wish in wished {
        let amount = match terms::fen("amount", &wish.amount, Fen::parse) {
            Ok(amount) => amount,
            Err(problem) => return Ok(Err(problem)),
        };
        let Some((_, row)) = payment_requests::find(turn, &wish.out_trade_no)? else {
            let detail = format!("there is no payment request {}", wish.out_trade_no);
            return Ok(Err(Problem::unprocessable("payment_request_unknown", detail)));
        };
        if items.iter().any(|known| known.out_trade_no == wish.out_trade_no) {
            let detail = format!("{} stands there twice: add the amounts", wish.out_trade_no);
            return Ok(Err(Problem::unprocessable("item_twice", detail)));
        }
        let heard = payment_requests::heard(turn, &row)?;
        let (Some(said), true) = (&heard.state.heard, heard.state.is_paid()) else {
            let detail = format!("{} is not paid", wish.out_trade_no);
            return Ok(Err(Problem::conflict("not_to_be_refunded", detail)));
        };
        if heard.state.choice.is_some_and(|choice| choice.mode == Mode::Escrow) {
            let detail = format!("{} is an escrow trade: its buyer asks for the refund", wish.out_trade_no);
            return Ok(Err(Problem::conflict("not_to_be_refunded", detail)));
        }
        if first.as_ref().is_some_and(|first| first.partner != row.partner) {
            let detail = "the items belong to several partners: send a batch for each";
            return Ok(Err(Problem::unprocessable("several_partners", detail)));
        }
        items.push(Item {
            out_trade_no: row.out_trade_no.as_str().to_owned(),
            order_no: row.order_no.clone(),
            trade_no: said.trade_no.as_str().to_owned(),
            amount: amount.0,
            reason: wish.reason.clone(),
            state: "waiting".to_owned(),
            error_code: None,
        });
        first.get_or_insert(row);
    }
    Ok(match first {
        Some(first) => Ok((items, first)),
        None => Err(Problem::unprocessable("refund_refused", "a batch has at least one item")),
    })
}

/// `GET /v1/refunds/{batch_no}`
pub(crate) fn show(turn: &mut Turn<'_, '_>, batch_no: &str) -> Result<Response, Fault> {
    Ok(match refund_batch::load(&mut **turn.tx, &BatchNo::new(batch_no))? {
        Some(row) => web::json(StatusCode::OK, &shown(&row)?),
        None => Problem::not_found("refund").respond(),
    })
}

/// The batch as the API shows it.
pub(crate) fn shown(row: &BatchRow) -> Result<Value, Fault> {
    let items: Vec<Value> = stored(row)?
        .iter()
        .map(|item| {
            json!({
                "out_trade_no": item.out_trade_no,
                "order_no": item.order_no,
                "trade_no": item.trade_no,
                "amount": Fen(item.amount).to_string(),
                "reason": item.reason,
                "state": item.state,
                "error_code": item.error_code,
            })
        })
        .collect();
    Ok(json!({
        "batch_no": row.batch_no.as_str(),
        "partner": row.partner.as_str(),
        "state": if row.state == BatchState::Asked { BatchState::Waiting } else { row.state }.as_str(),
        "error_code": row.error_code,
        "items": items,
        "created_at": web::rfc3339(row.created_at),
        "done_at": row.done_at.map(web::rfc3339),
    }))
}

/// Tells the gateway of what is due.
pub(crate) fn send_due(turn: &mut Turn<'_, '_>) -> Result<(), Fault> {
    let free = turn.free(Background::Queries);
    for row in refund_batch::claim_due(&mut **turn.tx, turn.now, turn.now.plus(LEASE), free)? {
        let is_sole = row.state == BatchState::Waiting;
        match stuck(call(turn, &row))? {
            Ok(call) => turn.send(call, Waiting::Refund { batch_no: row.batch_no, nth: row.tries, is_sole }),
            Err(why) => {
                tracing::error!(batch_no = %row.batch_no, why, "a batch of refunds cannot be sent; tried again in an hour");
                let later = BatchRow { send_due_at: Some(turn.now.plus(STUCK_WAIT)), ..row };
                refund_batch::update(&mut **turn.tx, &later)?;
            }
        }
    }
    Ok(())
}

fn call(turn: &Turn<'_, '_>, row: &BatchRow) -> Result<Request, Fault> {
    let account = turn.config.accounts.of(&row.partner, row.sign_type);
    let account =
        account.ok_or_else(|| Fault::invariant(format!("no account of partner {}", row.partner)))?;
    let call = account.refund_request(&batch(turn, account, row)?);
    call.map_err(|why| Fault::invariant(why.to_string()))
}

/// One telling of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Try {
    /// Which it is, from 1.
    pub(crate) nth: i64,
    /// No earlier one can have arrived.
    pub(crate) is_sole: bool,
}

/// The gateway has answered on a batch, or has not.
pub(crate) fn answered(
    turn: &mut Turn<'_, '_>,
    batch_no: &BatchNo,
    told: Try,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Some(row) = refund_batch::load(&mut **turn.tx, batch_no)? else { return Ok(()) };
    if !row.state.is_unanswered() {
        return Ok(());
    }
    let reply = match outcome {
        Ok(answer) => read_reply(answer).ok(),
        // It stays certain that none has arrived.
        Err(NoAnswer::Unreachable) if told.is_sole && row.tries == told.nth => {
            return try_again(turn, BatchRow { state: BatchState::Waiting, ..row }, told);
        }
        Err(_) => None,
    };
    match reply.map(Reply::accepted) {
        Some(Ok(_)) => accepted(turn, row),
        // An earlier try had arrived.
        Some(Err(no)) if no.is(ErrorCode::DuplicateBatchNo) => accepted(turn, row),
        None => try_again(turn, row, told),
        // Without a code, or by an accident, it is no answer to the batch.
        Some(Err(no)) if no.as_str().is_empty() || no.is(ErrorCode::SystemError) => {
            try_again(turn, row, told)
        }
        Some(Err(no)) if told.is_sole && row.tries == told.nth => refused(turn, row, no.as_str()),
        Some(Err(no)) => doubt(turn, row, told, no.as_str()),
    }
}

fn accepted(turn: &mut Turn<'_, '_>, row: BatchRow) -> Result<(), Fault> {
    let kept = BatchRow { state: BatchState::Accepted, error_code: None, send_due_at: None, ..row };
    Ok(refund_batch::update(&mut **turn.tx, &kept)?)
}

fn try_again(turn: &mut Turn<'_, '_>, row: BatchRow, told: Try) -> Result<(), Fault> {
    // A later try has a lease of its own.
    if row.tries != told.nth || row.state == BatchState::Unclear {
        return Ok(());
    }
    let doubled = u32::try_from(told.nth.clamp(1, 16) - 1).map_or(WAIT_MAX, |by| WAIT_FIRST * (1 << by));
    let due = turn.now.plus(doubled.min(WAIT_MAX));
    tracing::warn!(batch_no = %row.batch_no, told.nth, "a batch of refunds has no answer yet");
    Ok(refund_batch::update(&mut **turn.tx, &BatchRow { send_due_at: Some(due), ..row })?)
}

/// The gateway says no, and may have said yes to an earlier try. As long as the batch's number is of this day another try may
/// be called a duplicate; afterwards only the notification can tell, or a person who has looked: the shop hears of that.
fn doubt(turn: &mut Turn<'_, '_>, row: BatchRow, told: Try, code: &str) -> Result<(), Fault> {
    if row.tries != told.nth || row.state == BatchState::Unclear {
        return Ok(());
    }
    let row = BatchRow { error_code: Some(code.to_owned()), ..row };
    if row.batch_no.as_str().starts_with(&turn.now.wire_day()) {
        return try_again(turn, row, told);
    }
    tracing::error!(batch_no = %row.batch_no, code, "a batch of refunds is refused, and may have been kept before");
    let unclear = BatchRow { state: BatchState::Unclear, send_due_at: None, ..row };
    for item in stored(&unclear)? {
        let item = Item { error_code: Some(code.to_owned()), ..item };
        tell(turn, &unclear, "refund.unclear", &item)?;
    }
    Ok(refund_batch::update(&mut **turn.tx, &unclear)?)
}

fn refused(turn: &mut Turn<'_, '_>, row: BatchRow, code: &str) -> Result<(), Fault> {
    tracing::warn!(batch_no = %row.batch_no, code, "the gateway refuses a batch of refunds");
    let failed = |item: Item| Item { state: "failed".into(), error_code: Some(code.to_owned()), ..item };
    let items = stored(&row)?.into_iter().map(failed).collect();
    finish(turn, row, BatchState::Refused, Some(code.to_owned()), items)?;
    Ok(())
}

/// Writes what came of a batch, and an event for each item of which it is news, in one transaction. The batch as it is now.
pub(crate) fn finish(
    turn: &mut Turn<'_, '_>,
    row: BatchRow,
    state: BatchState,
    error_code: Option<String>,
    items: Vec<Item>,
) -> Result<BatchRow, Fault> {
    let before = stored(&row)?;
    for (item, _) in items.iter().zip(&before).filter(|(item, before)| item.state != before.state) {
        let kind = if item.state == "succeeded" { "refund.succeeded" } else { "refund.failed" };
        tell(turn, &row, kind, item)?;
    }
    let done_at = Some(turn.now);
    let items = to_json(&items)?;
    let over = BatchRow { state, error_code, items, send_due_at: None, done_at, ..row };
    refund_batch::update(&mut **turn.tx, &over)?;
    Ok(over)
}

/// Tells the shop of one item.
fn tell(turn: &mut Turn<'_, '_>, row: &BatchRow, kind: &str, item: &Item) -> Result<(), Fault> {
    let data = json!({
        "batch_no": row.batch_no.as_str(),
        "order_no": item.order_no,
        "out_trade_no": item.out_trade_no,
        "trade_no": item.trade_no,
        "amount": Fen(item.amount).to_string(),
        "error_code": item.error_code,
    });
    events::write(turn, kind, &item.order_no, &data)
}

/// `POST /pay/refund_notify`: somebody who says that he is the gateway and tells what came of a batch.
pub(crate) fn notification(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::notification(content_type, request.body());
    belief::take_in(turn, ask, Door::RefundResult, request.body(), received)
}

/// Takes a genuine result: holds it against the batch, item by item, and writes it down once.
pub(crate) fn take_result(turn: &mut Turn<'_, '_>, genuine: Genuine) -> Result<Taken, Fault> {
    let batch_no = match genuine.batch_named() {
        Ok(batch_no) => batch_no,
        Err(rejected) => return Ok(Err(rejected)),
    };
    let Some(row) = refund_batch::load(&mut **turn.tx, &batch_no)? else {
        return Ok(Err(Rejected::OtherBatch));
    };
    let Some(account) = turn.config.accounts.of(&row.partner, row.sign_type) else {
        return Ok(Err(Rejected::OtherPartner));
    };
    let checked = match genuine.against_batch(&batch(turn, account, &row)?) {
        Ok(checked) => checked,
        Err(rejected) => return Ok(Err(rejected)),
    };
    // A refusal is not the last word: this is, and it tells of money.
    if row.state == BatchState::Done {
        return Ok(Ok((Outcome::AlreadyDone, answer::success())));
    }
    // They agree one by one: trade and amount were compared.
    let told = checked.results().iter().map(|result| match &result.outcome {
        batch_refund_notify::Outcome::Success => ("succeeded", None),
        batch_refund_notify::Outcome::Failed(code) => ("failed", Some(code.clone())),
    });
    let items = stored(&row)?.into_iter().zip(told);
    let items = items.map(|(item, (state, code))| Item { state: state.into(), error_code: code, ..item });
    let items = items.collect();
    finish(turn, row, BatchState::Done, None, items)?;
    Ok(Ok((Outcome::Applied, answer::success())))
}

/// The kit's batch.
fn batch(turn: &Turn<'_, '_>, account: &Account, row: &BatchRow) -> Result<RefundBatch, Fault> {
    let items = stored(row)?.into_iter().map(|item| RefundItem {
        trade_no: TradeNo::new(item.trade_no),
        amount: Fen(item.amount),
        reason: item.reason,
        royalty: Vec::new(),
    });
    let mut batch = account.refund_batch("", items.collect(), row.charset, row.created_at);
    batch.batch_no = row.batch_no.clone();
    batch.notify_url = Some(format!("{}{REFUND_PATH}", turn.config.public_url));
    Ok(batch)
}

/// The items of a batch.
pub(crate) fn stored(row: &BatchRow) -> Result<Vec<Item>, Fault> {
    serde_json::from_str(&row.items).map_err(|error| Fault::invariant(format!("{}: {error}", row.batch_no)))
}

fn to_json(items: &[Item]) -> Result<String, Fault> {
    serde_json::to_string(items).map_err(|error| Fault::invariant(format!("items: {error}")))
}
