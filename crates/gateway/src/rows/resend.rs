//! Sends of a notification beside its schedule, and the numbers of all sends in the order in which they ended.

use danbao_node::Fault;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::rows::notice::Thread;

/// Names one resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResendKey {
    pub(crate) thread: Thread,
    pub(crate) seq: i64,
    pub(crate) resend_no: i64,
}

/// A resend as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredResend {
    pub(crate) key: ResendKey,
    /// `asked` or `duplicate`.
    pub(crate) reason: String,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) duration_ms: Option<i64>,
    /// The words of an attempt's.
    pub(crate) outcome: Option<String>,
    pub(crate) status: Option<i64>,
    /// The first bytes of the answer.
    pub(crate) answer: Option<Vec<u8>>,
}

macro_rules! select_resend {
    ($rest:literal) => {
        concat!(
            "SELECT thread, seq, resend_no, reason, due_at, sent_at, duration_ms, outcome, status, answer
             FROM resend ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<StoredResend, Fault> {
    let mut columns = row.reader();
    Ok(StoredResend {
        key: ResendKey {
            thread: Thread::new(columns.next::<String>()?),
            seq: columns.next()?,
            resend_no: columns.next()?,
        },
        reason: columns.next()?,
        due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        sent_at: columns.next::<Option<i64>>()?.map(Timestamp),
        duration_ms: columns.next()?,
        outcome: columns.next()?,
        status: columns.next()?,
        answer: columns.next()?,
    })
}

fn binds(key: &ResendKey) -> [Bind<'_>; 3] {
    [Bind::Text(key.thread.as_str()), Bind::Int(key.seq), Bind::Int(key.resend_no)]
}

/// Plans a resend; its number.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    thread: &Thread,
    seq: i64,
    reason: &'static str,
    due_at: Timestamp,
) -> Result<i64, Fault> {
    let row = tx.query_one(
        "SELECT COALESCE(MAX(resend_no), 0) + 1 FROM resend WHERE thread = $1 AND seq = $2",
        &[Bind::Text(thread.as_str()), Bind::Int(seq)],
    )?;
    let resend_no = row.get(0)?;
    tx.execute(
        "INSERT INTO resend (thread, seq, resend_no, reason, due_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            Bind::Text(thread.as_str()),
            Bind::Int(seq),
            Bind::Int(resend_no),
            Bind::Text(reason),
            Bind::Int(due_at.0),
        ],
    )?;
    Ok(resend_no)
}

/// A notification's resends, in order.
pub(crate) fn load_of(tx: &mut dyn Conn, thread: &Thread, seq: i64) -> Result<Vec<StoredResend>, Fault> {
    let sql = select_resend!("WHERE thread = $1 AND seq = $2 ORDER BY resend_no");
    tx.query(sql, &[Bind::Text(thread.as_str()), Bind::Int(seq)])?.iter().map(read).collect()
}

/// One resend.
pub(crate) fn load(tx: &mut dyn Conn, key: &ResendKey) -> Result<Option<StoredResend>, Fault> {
    let sql = select_resend!("WHERE thread = $1 AND seq = $2 AND resend_no = $3");
    tx.query_opt(sql, &binds(key))?.as_ref().map(read).transpose()
}

/// Resends that are due, with those whose answer never came.
pub(crate) fn load_due(tx: &mut dyn Conn, now: Timestamp, limit: i64) -> Result<Vec<StoredResend>, Fault> {
    let sql = select_resend!("WHERE due_at <= $1 ORDER BY due_at, thread, seq, resend_no LIMIT $2");
    tx.query(sql, &[Bind::Int(now.0), Bind::Int(limit)])?.iter().map(read).collect()
}

/// When the next one is due.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_one("SELECT MIN(due_at) FROM resend WHERE due_at IS NOT NULL", &[])?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}

/// Notes that it goes now, and until when its answer is waited for.
pub(crate) fn begin(
    tx: &mut dyn Conn,
    key: &ResendKey,
    answer_due_at: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let [thread, seq, resend_no] = binds(key);
    tx.execute(
        "UPDATE resend SET due_at = $4, sent_at = $5 WHERE thread = $1 AND seq = $2 AND resend_no = $3",
        &[thread, seq, resend_no, Bind::Int(answer_due_at.0), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// Lets others go first.
pub(crate) fn put_off(tx: &mut dyn Conn, key: &ResendKey, due_at: Timestamp) -> Result<(), Fault> {
    let [thread, seq, resend_no] = binds(key);
    tx.execute(
        "UPDATE resend SET due_at = $4 WHERE thread = $1 AND seq = $2 AND resend_no = $3",
        &[thread, seq, resend_no, Bind::Int(due_at.0)],
    )?;
    Ok(())
}

/// What came of it; it is over.
pub(crate) fn end(
    tx: &mut dyn Conn,
    key: &ResendKey,
    duration_ms: i64,
    outcome: &str,
    status: Option<i64>,
    answer: &[u8],
) -> Result<(), Fault> {
    let [thread, seq, resend_no] = binds(key);
    tx.execute(
        "UPDATE resend SET due_at = NULL, duration_ms = $4, outcome = $5, status = $6, answer = $7
         WHERE thread = $1 AND seq = $2 AND resend_no = $3",
        &[
            thread,
            seq,
            resend_no,
            Bind::Int(duration_ms),
            Bind::Text(outcome),
            status.into(),
            Bind::Bytes(answer),
        ],
    )?;
    Ok(())
}

/// A send that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// A try of the schedule.
    Attempt(i64),
    /// One beside it.
    Resend(i64),
}

/// A line of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Telling {
    pub(crate) telling_no: i64,
    pub(crate) thread: Thread,
    pub(crate) seq: i64,
    pub(crate) ended: Ended,
}

/// Numbers a send that is over. The next number is one more than the last that is there: two transactions that end at
/// once are in conflict, so no reader of the feed can miss the slower one.
pub(crate) fn tell(
    tx: &mut dyn Conn,
    thread: &Thread,
    seq: i64,
    ended: &Ended,
    now: Timestamp,
) -> Result<(), Fault> {
    let (attempt, resend_no) = match ended {
        Ended::Attempt(attempt) => (Some(*attempt), None),
        Ended::Resend(resend_no) => (None, Some(*resend_no)),
    };
    let next = last_told(tx)? + 1;
    tx.execute(
        "INSERT INTO telling (telling_no, thread, seq, attempt, resend_no, at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            Bind::Int(next),
            Bind::Text(thread.as_str()),
            Bind::Int(seq),
            attempt.into(),
            resend_no.into(),
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

/// The last number of the feed; 0 before the first.
pub(crate) fn last_told(tx: &mut dyn Conn) -> Result<i64, Fault> {
    Ok(tx.query_one("SELECT COALESCE(MAX(telling_no), 0) FROM telling", &[])?.get(0)?)
}

/// The first number of the feed that is still there; 0 before the first.
pub(crate) fn first_told(tx: &mut dyn Conn) -> Result<i64, Fault> {
    Ok(tx.query_one("SELECT COALESCE(MIN(telling_no), 0) FROM telling", &[])?.get(0)?)
}

/// The feed behind a number.
pub(crate) fn load_tellings(tx: &mut dyn Conn, after: i64, limit: i64) -> Result<Vec<Telling>, Fault> {
    let rows = tx.query(
        "SELECT telling_no, thread, seq, attempt, resend_no FROM telling WHERE telling_no > $1
         ORDER BY telling_no LIMIT $2",
        &[Bind::Int(after), Bind::Int(limit)],
    )?;
    let line = |row: &Row| -> Result<Telling, Fault> {
        let ended = match (row.get::<Option<i64>>(3)?, row.get::<Option<i64>>(4)?) {
            (Some(attempt), None) => Ended::Attempt(attempt),
            (None, Some(resend_no)) => Ended::Resend(resend_no),
            _ => return Err(Fault::invariant("a telling of neither an attempt nor a resend")),
        };
        let thread = Thread::new(row.get::<String>(1)?);
        Ok(Telling { telling_no: row.get(0)?, thread, seq: row.get(2)?, ended })
    };
    rows.iter().map(line).collect()
}
