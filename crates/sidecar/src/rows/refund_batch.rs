//! Batches of refunds.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{BatchNo, PartnerId};
use danbao_merchant::protocol::sign::SignType;
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

use super::word;

/// How a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BatchState {
    /// The gateway cannot have heard of it yet.
    Waiting,
    /// The gateway may have heard of it, and we have not heard its yes or no. To the shop this is waiting too.
    Asked,
    /// It has said yes, and works on it.
    Accepted,
    /// It has said no, but not before it may have said yes to an earlier try; there is no more to be asked.
    Unclear,
    /// It has said no to all of it.
    Refused,
    /// It has not told what came of each item, and a person has.
    Settled,
    /// It has told what came of each item.
    Done,
}

impl BatchState {
    const ALL: [BatchState; 7] = [
        BatchState::Waiting,
        BatchState::Asked,
        BatchState::Accepted,
        BatchState::Unclear,
        BatchState::Refused,
        BatchState::Settled,
        BatchState::Done,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            BatchState::Waiting => "waiting",
            BatchState::Asked => "asked",
            BatchState::Accepted => "accepted",
            BatchState::Unclear => "unclear",
            BatchState::Refused => "refused",
            BatchState::Settled => "settled",
            BatchState::Done => "done",
        }
    }

    fn from_word(word: &str) -> Option<BatchState> {
        BatchState::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether a person may say what came of it: the gateway is not asked any more, and has not told.
    pub(crate) const fn is_a_persons(self) -> bool {
        matches!(self, BatchState::Accepted | BatchState::Unclear | BatchState::Settled)
    }

    /// Whether the gateway's yes is still to come, or would be news.
    pub(crate) const fn is_unanswered(self) -> bool {
        matches!(self, BatchState::Waiting | BatchState::Asked | BatchState::Unclear)
    }
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BatchRow {
    pub(crate) batch_no: BatchNo,
    pub(crate) partner: PartnerId,
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    /// JSON.
    pub(crate) items: String,
    pub(crate) state: BatchState,
    /// The gateway's last no. While the batch waits it is not the last word.
    pub(crate) error_code: Option<String>,
    /// How often the gateway was told.
    pub(crate) tries: i64,
    pub(crate) send_due_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) done_at: Option<Timestamp>,
}

const COLUMNS: &str = "batch_no, partner, sign_type, charset, items, state, error_code, tries, send_due_at, \
                       created_at, done_at";

/// Writes a new batch.
pub(crate) fn insert(conn: &mut dyn Conn, batch: &BatchRow) -> Result<(), Error> {
    conn.execute(
        &format!(
            "INSERT INTO refund_batch ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        ),
        &[
            batch.batch_no.as_str().into(),
            batch.partner.as_str().into(),
            batch.sign_type.as_str().into(),
            batch.charset.label().into(),
            (&batch.items).into(),
            batch.state.as_str().into(),
            batch.error_code.as_deref().into(),
            batch.tries.into(),
            batch.send_due_at.map(|at| at.0).into(),
            batch.created_at.0.into(),
            batch.done_at.map(|at| at.0).into(),
        ],
    )?;
    Ok(())
}

/// Finds a batch.
pub(crate) fn load(conn: &mut dyn Conn, batch_no: &BatchNo) -> Result<Option<BatchRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM refund_batch WHERE batch_no = $1");
    let row = conn.query_opt(&sql, &[batch_no.as_str().into()])?;
    row.as_ref().map(read).transpose()
}

/// Writes down how a batch stands now.
pub(crate) fn update(conn: &mut dyn Conn, batch: &BatchRow) -> Result<(), Error> {
    conn.execute(
        "UPDATE refund_batch SET items = $1, state = $2, error_code = $3, send_due_at = $4, done_at = $5
         WHERE batch_no = $6",
        &[
            (&batch.items).into(),
            batch.state.as_str().into(),
            batch.error_code.as_deref().into(),
            batch.send_due_at.map(|at| at.0).into(),
            batch.done_at.map(|at| at.0).into(),
            batch.batch_no.as_str().into(),
        ],
    )?;
    Ok(())
}

/// Takes what is due, at most `count`, until `leased_until`: if nothing is heard, it falls due again by itself. Each is
/// given with the state that it had before, which says whether an earlier try may have arrived; from now on this one may.
///
/// # Errors
/// [`Error::Conflict`] if another instance takes the same.
pub(crate) fn claim_due(
    conn: &mut dyn Conn,
    now: Timestamp,
    leased_until: Timestamp,
    count: i64,
) -> Result<Vec<BatchRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM refund_batch WHERE send_due_at <= $1 ORDER BY send_due_at, batch_no LIMIT $2"
    );
    let due = conn.query(&sql, &[now.0.into(), count.into()])?;
    let mut claimed = Vec::with_capacity(due.len());
    for row in &due {
        let batch = read(row)?;
        let rows = conn.execute(
            "UPDATE refund_batch SET state = $1, send_due_at = $2, tries = tries + 1
             WHERE batch_no = $3 AND tries = $4",
            &[
                BatchState::Asked.as_str().into(),
                leased_until.0.into(),
                batch.batch_no.as_str().into(),
                batch.tries.into(),
            ],
        )?;
        if rows != 1 {
            return Err(Error::Conflict(format!("batch {} was taken by another instance", batch.batch_no)));
        }
        claimed.push(BatchRow { tries: batch.tries + 1, send_due_at: Some(leased_until), ..batch });
    }
    Ok(claimed)
}

/// How many batches are in each state of which it is not known what came.
pub(crate) fn count_open(conn: &mut dyn Conn) -> Result<Vec<(BatchState, i64)>, Error> {
    let sql = "SELECT state, count(*) FROM refund_batch WHERE done_at IS NULL GROUP BY state";
    let rows = conn.query(sql, &[])?;
    rows.iter().map(|row| Ok((word(row.get(0)?, BatchState::from_word)?, row.get(1)?))).collect()
}

/// When the next one is due.
pub(crate) fn next_due(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT min(send_due_at) FROM refund_batch WHERE send_due_at IS NOT NULL";
    Ok(conn.query_one(sql, &[])?.get::<Option<i64>>(0)?.map(Timestamp))
}

fn read(row: &Row) -> Result<BatchRow, Error> {
    let mut columns = row.reader();
    Ok(BatchRow {
        batch_no: BatchNo::new(columns.next::<String>()?),
        partner: PartnerId::new(columns.next::<String>()?),
        sign_type: word(columns.next()?, SignType::from_wire)?,
        charset: word(columns.next()?, Charset::from_label)?,
        items: columns.next()?,
        state: word(columns.next()?, BatchState::from_word)?,
        error_code: columns.next()?,
        tries: columns.next()?,
        send_due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        created_at: Timestamp(columns.next()?),
        done_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}
