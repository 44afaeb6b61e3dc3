//! Refunds of direct payments: what was asked for in one call or at the desk, and what came of each item.

use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{BatchNo, PartnerId, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::refund_detail::RefundItem;
use danbao_protocol::sign::SignType;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Error, Row};

use super::notice::Thread;
use crate::rows::word;

/// Where a batch came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// By a merchant's page, for the seller to confirm.
    Pwd,
    /// By a merchant's server.
    Nopwd,
    /// By the seller at the desk: one item, done at once.
    Desk,
}

impl Origin {
    /// The word in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Origin::Pwd => "pwd",
            Origin::Nopwd => "nopwd",
            Origin::Desk => "desk",
        }
    }

    fn from_name(name: &str) -> Option<Origin> {
        [Origin::Pwd, Origin::Nopwd, Origin::Desk].into_iter().find(|origin| origin.as_str() == name)
    }
}

/// A batch as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredBatch {
    /// A number of the trades' series, under which the result is announced.
    pub(crate) thread: Thread,
    pub(crate) partner: PartnerId,
    pub(crate) batch_no: BatchNo,
    pub(crate) origin: Origin,
    pub(crate) seller: UserId,
    /// The unguessable half of the page's address.
    pub(crate) secret: String,
    /// How the call was signed; the desk's were not.
    pub(crate) sign_type: Option<SignType>,
    pub(crate) charset: Charset,
    pub(crate) notify_url: Option<String>,
    pub(crate) items: i64,
    pub(crate) done: i64,
    pub(crate) succeeded: i64,
    pub(crate) received_at: Timestamp,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
}

/// One item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredItem {
    pub(crate) line: i64,
    pub(crate) trade_no: TradeNo,
    pub(crate) amount: Fen,
    pub(crate) reason: String,
    /// The royalty parts as on the wire.
    pub(crate) royalty: String,
    /// `SUCCESS` or a code; `None` until the item is taken.
    pub(crate) result: Option<String>,
    /// What went back to the seller of the platform's charge.
    pub(crate) charge: Fen,
    pub(crate) done_at: Option<Timestamp>,
}

macro_rules! select_batch {
    ($rest:literal) => {
        concat!(
            "SELECT b.thread, b.partner, b.batch_no, b.origin, b.seller, b.secret, b.sign_type, b.charset,
                    b.notify_url, b.items, b.done, b.succeeded, b.received_at, b.confirmed_at, b.finished_at
             FROM refund_batch b ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<StoredBatch, Fault> {
    let mut columns = row.reader();
    Ok(StoredBatch {
        thread: Thread::new(columns.next::<String>()?),
        partner: PartnerId::new(columns.next::<String>()?),
        batch_no: BatchNo::new(columns.next::<String>()?),
        origin: word(&columns.next::<String>()?, Origin::from_name)?,
        seller: UserId::new(columns.next::<String>()?),
        secret: columns.next()?,
        sign_type: columns
            .next::<Option<String>>()?
            .map(|name| word(&name, SignType::from_wire))
            .transpose()?,
        charset: word(&columns.next::<String>()?, Charset::from_label)?,
        notify_url: columns.next()?,
        items: columns.next()?,
        done: columns.next()?,
        succeeded: columns.next()?,
        received_at: Timestamp(columns.next()?),
        confirmed_at: columns.next::<Option<i64>>()?.map(Timestamp),
        finished_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}

macro_rules! select_item {
    ($rest:literal) => {
        concat!(
            "SELECT line, trade_no, amount, reason, royalty, result, charge, done_at FROM refund_item ",
            $rest
        )
    };
}

fn read_item(row: &Row) -> Result<StoredItem, Fault> {
    let mut columns = row.reader();
    Ok(StoredItem {
        line: columns.next()?,
        trade_no: TradeNo::new(columns.next::<String>()?),
        amount: Fen(columns.next()?),
        reason: columns.next()?,
        royalty: columns.next()?,
        result: columns.next()?,
        charge: Fen(columns.next()?),
        done_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}

/// Keeps a batch that is begun, with its items; `params` are the call's verified parameters, urlencoded. A confirmed one
/// is due at once.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    batch: &StoredBatch,
    params: Option<&[u8]>,
    items: &[RefundItem],
) -> Result<(), Fault> {
    let due_at = batch.confirmed_at.filter(|_| batch.finished_at.is_none());
    tx.execute(
        "INSERT INTO refund_batch (thread, partner, batch_no, origin, seller, secret, params, sign_type, charset,
             notify_url, items, done, succeeded, received_at, confirmed_at, finished_at, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        &[
            Bind::Text(batch.thread.as_str()),
            Bind::Text(batch.partner.as_str()),
            Bind::Text(batch.batch_no.as_str()),
            Bind::Text(batch.origin.as_str()),
            Bind::Text(batch.seller.as_str()),
            Bind::Text(&batch.secret),
            params.map_or(Bind::Null, Bind::Bytes),
            batch.sign_type.map(SignType::as_str).into(),
            Bind::Text(batch.charset.label()),
            batch.notify_url.as_deref().into(),
            Bind::Int(batch.items),
            Bind::Int(batch.done),
            Bind::Int(batch.succeeded),
            Bind::Int(batch.received_at.0),
            batch.confirmed_at.map(|at| at.0).into(),
            batch.finished_at.map(|at| at.0).into(),
            due_at.map(|at| at.0).into(),
        ],
    )?;
    for (line, item) in (1_i64..).zip(items) {
        tx.execute(
            "INSERT INTO refund_item (thread, line, trade_no, amount, reason, royalty, charge)
             VALUES ($1, $2, $3, $4, $5, $6, 0)",
            &[
                Bind::Text(batch.thread.as_str()),
                Bind::Int(line),
                Bind::Text(item.trade_no.as_str()),
                Bind::Int(item.amount.0),
                Bind::Text(&item.reason),
                Bind::Text(&item.royalty_wire()),
            ],
        )?;
    }
    Ok(())
}

/// One batch.
pub(crate) fn load(tx: &mut dyn Conn, thread: &Thread) -> Result<Option<StoredBatch>, Fault> {
    let sql = select_batch!("WHERE b.thread = $1");
    tx.query_opt(sql, &[Bind::Text(thread.as_str())])?.as_ref().map(read).transpose()
}

/// A batch by the merchant's number.
pub(crate) fn load_by_batch_no(
    tx: &mut dyn Conn,
    partner: &PartnerId,
    batch_no: &BatchNo,
) -> Result<Option<StoredBatch>, Fault> {
    let sql = select_batch!("WHERE b.partner = $1 AND b.batch_no = $2");
    let binds = [Bind::Text(partner.as_str()), Bind::Text(batch_no.as_str())];
    tx.query_opt(sql, &binds)?.as_ref().map(read).transpose()
}

/// The call that a batch came with, as parameters; `None` for the desk's.
pub(crate) fn load_params(tx: &mut dyn Conn, thread: &Thread) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT params FROM refund_batch WHERE thread = $1";
    let row = tx.query_opt(sql, &[Bind::Text(thread.as_str())])?;
    Ok(row.map(|row| row.get::<Option<Vec<u8>>>(0)).transpose()?.flatten())
}

/// A batch's items, in their order.
pub(crate) fn load_items(tx: &mut dyn Conn, thread: &Thread) -> Result<Vec<StoredItem>, Fault> {
    let sql = select_item!("WHERE thread = $1 ORDER BY line");
    tx.query(sql, &[Bind::Text(thread.as_str())])?.iter().map(read_item).collect()
}

/// What each item of a batch asks for.
pub(crate) fn load_amounts(tx: &mut dyn Conn, thread: &Thread) -> Result<Vec<Fen>, Fault> {
    let sql = "SELECT amount FROM refund_item WHERE thread = $1";
    let rows = tx.query(sql, &[Bind::Text(thread.as_str())])?;
    rows.iter().map(|row| Ok(Fen(row.get(0)?))).collect()
}

/// The items of a batch after this line, in their order: they are taken one after another, so these are the next ones.
pub(crate) fn load_items_after(
    tx: &mut dyn Conn,
    thread: &Thread,
    line: i64,
    limit: i64,
) -> Result<Vec<StoredItem>, Fault> {
    let sql = select_item!("WHERE thread = $1 AND line > $2 ORDER BY line LIMIT $3");
    let binds = [Bind::Text(thread.as_str()), Bind::Int(line), Bind::Int(limit)];
    tx.query(sql, &binds)?.iter().map(read_item).collect()
}

/// What was asked for of one trade by its own partner and seller and has come to something, the latest, oldest first,
/// each with the number of its batch. What strangers asked for is refused to them and is nobody else's business.
pub(crate) fn load_of_trade(
    tx: &mut dyn Conn,
    trade: &Trade,
    only_refunded: bool,
) -> Result<Vec<(BatchNo, StoredItem)>, Fault> {
    let rows = tx.query(
        "SELECT i.line, i.trade_no, i.amount, i.reason, i.royalty, i.result, i.charge, i.done_at, b.batch_no
         FROM refund_item i JOIN refund_batch b ON b.thread = i.thread
         WHERE i.trade_no = $1 AND i.result IS NOT NULL AND b.partner = $2 AND b.seller = $3
           AND ($4 = 0 OR i.result = 'SUCCESS')
         ORDER BY i.done_at DESC, i.thread DESC LIMIT 200",
        &[
            Bind::Text(trade.trade_no.as_str()),
            Bind::Text(trade.request.partner.as_str()),
            Bind::Text(trade.seller.as_str()),
            Bind::Int(i64::from(only_refunded)),
        ],
    )?;
    let read = |row: &Row| Ok((BatchNo::new(row.get::<String>(8)?), read_item(row)?));
    rows.iter().rev().map(read).collect()
}

/// Batches whose next items may be taken, the longest waiting first.
pub(crate) fn load_due(tx: &mut dyn Conn, now: Timestamp, limit: i64) -> Result<Vec<Thread>, Fault> {
    let sql = "SELECT thread FROM refund_batch WHERE due_at <= $1 ORDER BY due_at, thread LIMIT $2";
    let rows = tx.query(sql, &[Bind::Int(now.0), Bind::Int(limit)])?;
    rows.iter().map(|row| Ok(Thread::new(row.get::<String>(0)?))).collect()
}

/// Puts a batch off that cannot be worked on now.
pub(crate) fn put_off(tx: &mut dyn Conn, thread: &Thread, due_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE refund_batch SET due_at = $2 WHERE thread = $1",
        &[Bind::Text(thread.as_str()), Bind::Int(due_at.0)],
    )?;
    Ok(())
}

/// When the next batch wants to be worked on.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_one("SELECT MIN(due_at) FROM refund_batch WHERE due_at IS NOT NULL", &[])?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}

/// The seller has confirmed: the first items are due at once. Says whether nobody was faster.
pub(crate) fn confirm(tx: &mut dyn Conn, thread: &Thread, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx.execute(
        "UPDATE refund_batch SET confirmed_at = $2, due_at = $2 WHERE thread = $1 AND confirmed_at IS NULL",
        &[Bind::Text(thread.as_str()), Bind::Int(now.0)],
    )?;
    Ok(changed == 1)
}

/// Writes down what came of an item.
///
/// # Errors
/// [`Error::Conflict`] if it was taken before.
pub(crate) fn note_result(
    tx: &mut dyn Conn,
    thread: &Thread,
    line: i64,
    result: &str,
    charge: Fen,
    now: Timestamp,
) -> Result<(), Fault> {
    let changed = tx.execute(
        "UPDATE refund_item SET result = $3, charge = $4, done_at = $5
         WHERE thread = $1 AND line = $2 AND result IS NULL",
        &[
            Bind::Text(thread.as_str()),
            Bind::Int(line),
            Bind::Text(result),
            Bind::Int(charge.0),
            Bind::Int(now.0),
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    Err(Error::Conflict(format!("item {line} of batch {thread} was taken before")).into())
}

/// Writes down how far a batch is that stood at `before`, and when it wants to be worked on again.
///
/// # Errors
/// [`Error::Conflict`] if somebody else has worked on it since.
pub(crate) fn note_progress(
    tx: &mut dyn Conn,
    after: &StoredBatch,
    before: i64,
    due_at: Option<Timestamp>,
) -> Result<(), Fault> {
    let changed = tx.execute(
        "UPDATE refund_batch SET done = $3, succeeded = $4, finished_at = $5, due_at = $6
         WHERE thread = $1 AND done = $2",
        &[
            Bind::Text(after.thread.as_str()),
            Bind::Int(before),
            Bind::Int(after.done),
            Bind::Int(after.succeeded),
            after.finished_at.map(|at| at.0).into(),
            due_at.map(|at| at.0).into(),
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    Err(Error::Conflict(format!("batch {} is no longer at item {before}", after.thread)).into())
}
