//! Refunds of direct payments over REST: a batch is written down, told to the gateway until it answers, and done when
//! the gateway has told what came of it (protocol.md §7.5).
//!
//! Telling it again is safe: the gateway knows a batch by its number, and refunds nothing twice.

use std::time::Duration;

use danbao_merchant::inbox::{Mode, Outcome};
use danbao_merchant::protocol::batch_refund_notify;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{BatchNo, TradeNo};
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::refund::{RefundBatch, RefundItem};
use danbao_merchant::{Account, Genuine, Received, Rejected, answer, read_reply};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::belief::{self, Door, Taken};
use crate::fault::Fault;
use crate::idempotency::{self, Made};
use crate::problem::Problem;
use crate::router::REFUND_PATH;
use crate::rows::payment_request::RequestRow;
use crate::rows::refund_batch::{self, BatchRow, BatchState};
use crate::terms;
use crate::turn::{Background, Turn, Waiting};
use crate::{events, payment_requests, rows, web};

/// An answer is waited for so long; the host gives up well before.
const LEASE: Duration = Duration::from_secs(120);
/// The first wait after a try that brought neither yes nor no; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_secs(10);
/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Refusals for the day of the call or the state of the account. An earlier try of which no answer came may have come in
/// time: they do not say that it did not. The gateway's message will tell, if there is a batch.
const OF_THE_MOMENT: [&str; 3] = ["BATCH_NO_FORMAT_ERROR", "REFUND_DATE_ERROR", "SELLER_STATUS_NOT_ALLOW"];

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
struct Item {
    out_trade_no: String,
    order_no: String,
    trade_no: String,
    /// In fen.
    amount: i64,
    reason: String,
    /// `waiting`, `succeeded`, `failed`
    state: String,
    error_code: Option<String>,
}

/// `POST /v1/refunds`
pub(crate) fn create(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    let body = match web::read::<NewRefund>(request) {
        Ok(body) => body,
        Err(problem) => return Ok(problem.respond()),
    };
    idempotency::once(turn, request, &body.hash, |turn| make(turn, &body.value))
}

fn make(turn: &mut Turn<'_, '_>, wish: &NewRefund) -> Made {
    let charset = match terms::known("charset", &wish.charset, Charset::from_label) {
        Ok(charset) => charset,
        Err(problem) => return Ok(Err(problem)),
    };
    let (items, first) = match items(turn, &wish.items)? {
        Ok(found) => found,
        Err(problem) => return Ok(Err(problem)),
    };
    let account = payment_requests::account_of(turn, &first)?;
    let mut row = BatchRow {
        // Stands for the number until it is known that the batch can be.
        batch_no: numbered(turn, "00000000000000000001"),
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
    let count = rows::next_number(&mut **turn.tx, "refund")?;
    // The tail keeps a database that was restored from a copy from giving a number twice.
    let tail = turn.entropy.twelve_digits();
    row.batch_no = numbered(turn, &format!("{count:08}{tail}"));
    refund_batch::insert(&mut **turn.tx, &row)?;
    Ok(Ok((StatusCode::CREATED, shown(&row)?)))
}

fn numbered(turn: &Turn<'_, '_>, sequence: &str) -> BatchNo {
    BatchNo::new(format!("{}{sequence}", turn.now.wire_day()))
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

fn shown(row: &BatchRow) -> Result<Value, Fault> {
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
        "state": row.state.as_str(),
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
        let Some(account) = turn.config.accounts.of(&row.partner, row.sign_type) else {
            tracing::error!(batch_no = %row.batch_no, partner = %row.partner, "no account is left to refund with");
            let stopped = BatchRow { send_due_at: None, ..row };
            refund_batch::update(&mut **turn.tx, &stopped)?;
            continue;
        };
        let call = account.refund_request(&batch(turn, account, &row)?);
        let call = call.map_err(|why| Fault::Invariant(format!("{}: {why}", row.batch_no)))?;
        turn.send(call, Waiting::Refund { batch_no: row.batch_no, nth: row.tries });
    }
    Ok(())
}

/// The gateway has answered on a batch, or has not.
pub(crate) fn answered(
    turn: &mut Turn<'_, '_>,
    batch_no: &BatchNo,
    nth: i64,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Some(row) = refund_batch::load(&mut **turn.tx, batch_no)? else { return Ok(()) };
    if row.state != BatchState::Waiting {
        return Ok(());
    }
    let reply = outcome.as_ref().ok().and_then(|answer| read_reply(answer).ok());
    let accepted = BatchRow { state: BatchState::Accepted, send_due_at: None, ..row.clone() };
    match reply {
        Some(reply) if reply.is_success => Ok(refund_batch::update(&mut **turn.tx, &accepted)?),
        Some(reply) => match reply.error.as_deref() {
            // An earlier try had arrived.
            Some("DUPLICATE_BATCH_NO") => Ok(refund_batch::update(&mut **turn.tx, &accepted)?),
            None | Some("SYSTEM_ERROR") => try_again(turn, row, nth),
            Some(code) if row.tries > 1 && OF_THE_MOMENT.contains(&code) => {
                tracing::error!(%batch_no, code, "a batch was refused that an earlier try may have brought");
                let unclear = BatchRow { error_code: Some(code.to_owned()), ..accepted };
                Ok(refund_batch::update(&mut **turn.tx, &unclear)?)
            }
            Some(code) => refused(turn, row, code),
        },
        None => try_again(turn, row, nth),
    }
}

fn try_again(turn: &mut Turn<'_, '_>, row: BatchRow, nth: i64) -> Result<(), Fault> {
    // A later try has a lease of its own.
    if row.tries != nth {
        return Ok(());
    }
    let doubled = u32::try_from(nth.clamp(1, 16) - 1).map_or(WAIT_MAX, |by| WAIT_FIRST * (1 << by));
    let due = turn.now.plus(doubled.min(WAIT_MAX));
    tracing::warn!(batch_no = %row.batch_no, nth, "a batch of refunds has no answer yet");
    Ok(refund_batch::update(&mut **turn.tx, &BatchRow { send_due_at: Some(due), ..row })?)
}

fn refused(turn: &mut Turn<'_, '_>, row: BatchRow, code: &str) -> Result<(), Fault> {
    tracing::warn!(batch_no = %row.batch_no, code, "the gateway refuses a batch of refunds");
    let failed = |item: Item| Item { state: "failed".into(), error_code: Some(code.to_owned()), ..item };
    let items = stored(&row)?.into_iter().map(failed).collect();
    finish(turn, row, BatchState::Refused, Some(code.to_owned()), items)
}

/// Writes what came of a batch, and an event for each item, in one transaction.
fn finish(
    turn: &mut Turn<'_, '_>,
    row: BatchRow,
    state: BatchState,
    error_code: Option<String>,
    items: Vec<Item>,
) -> Result<(), Fault> {
    for item in &items {
        let kind = if item.state == "succeeded" { "refund.succeeded" } else { "refund.failed" };
        let data = json!({
            "batch_no": row.batch_no.as_str(),
            "order_no": item.order_no,
            "out_trade_no": item.out_trade_no,
            "trade_no": item.trade_no,
            "amount": Fen(item.amount).to_string(),
            "error_code": item.error_code,
        });
        events::write(turn, kind, &item.order_no, &data)?;
    }
    let done_at = Some(turn.now);
    let items = to_json(&items)?;
    let over = BatchRow { state, error_code, items, send_due_at: None, done_at, ..row };
    Ok(refund_batch::update(&mut **turn.tx, &over)?)
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
    if row.state.is_over() {
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

fn stored(row: &BatchRow) -> Result<Vec<Item>, Fault> {
    serde_json::from_str(&row.items).map_err(|error| Fault::Invariant(format!("{}: {error}", row.batch_no)))
}

fn to_json(items: &[Item]) -> Result<String, Fault> {
    serde_json::to_string(items).map_err(|error| Fault::Invariant(format!("items: {error}")))
}
