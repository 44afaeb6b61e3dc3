//! Notifications that are owed, and what came of each try. Inserted by [`super::apply`] with the change they report.

use danbao_protocol::ids::{NotifyId, TradeNo};
use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::entropy::Entropy;
use crate::fault::Fault;
use crate::rows::word;

/// Names one try of one notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptKey {
    pub(crate) trade_no: TradeNo,
    pub(crate) seq: i64,
    pub(crate) attempt: i64,
}

/// A notification as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredNotice {
    pub(crate) trade_no: TradeNo,
    /// The version of the trade that it announces: ascending, not without gaps.
    pub(crate) seq: i64,
    pub(crate) notify_id: NotifyId,
    pub(crate) notify_url: String,
    pub(crate) trade_status: TradeStatus,
    pub(crate) refund_status: Option<RefundStatus>,
    pub(crate) price: Fen,
    pub(crate) discount: Fen,
    pub(crate) total_fee: Fen,
    pub(crate) logistics: Option<i64>,
    pub(crate) created_at: Timestamp,
    pub(crate) first_sent_at: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) attempts: i64,
    pub(crate) awaiting: bool,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) acknowledged_at: Option<Timestamp>,
}

impl StoredNotice {
    /// The word for its state: `pending`, `acknowledged` or `given_up`.
    pub(crate) fn state(&self) -> &'static str {
        match (self.acknowledged_at, self.due_at) {
            (Some(_), _) => "acknowledged",
            (None, Some(_)) => "pending",
            (None, None) => "given_up",
        }
    }
}

/// An id that finds its notification by itself and that nobody can guess: 16 digits of the trade number, 16 random
/// hexadecimal digits, the sequence number in two; 34 characters as on the wire of 2010 (protocol.md §4.1).
pub(crate) fn make_notify_id(trade_no: &TradeNo, seq: i64, entropy: &mut Entropy) -> NotifyId {
    NotifyId::new(format!("{trade_no}{}{}", entropy.hex(16), two_digits(seq)))
}

/// Two digits to the base 36; a trade changed more than 1295 times repeats them, which no lawful life of a trade comes
/// near.
fn two_digits(number: i64) -> String {
    let digit =
        |value: i64| char::from_digit(u32::try_from(value.rem_euclid(36)).unwrap_or(0), 36).unwrap_or('0');
    [digit(number / 36), digit(number)].iter().collect()
}

macro_rules! select_notice {
    ($rest:literal) => {
        concat!(
            "SELECT n.trade_no, n.seq, n.notify_id, n.notify_url, n.trade_status, n.refund_status, n.price,
                    n.discount, n.total_fee, n.logistics, n.created_at, n.first_sent_at, n.sent_at, n.attempts,
                    n.awaiting, n.due_at, n.acknowledged_at
             FROM notice n ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<StoredNotice, Fault> {
    let mut columns = row.reader();
    Ok(StoredNotice {
        trade_no: TradeNo::new(columns.next::<String>()?),
        seq: columns.next()?,
        notify_id: NotifyId::new(columns.next::<String>()?),
        notify_url: columns.next()?,
        trade_status: word(&columns.next::<String>()?, TradeStatus::from_wire)?,
        refund_status: columns
            .next::<Option<String>>()?
            .map(|status| word(&status, RefundStatus::from_wire))
            .transpose()?,
        price: Fen(columns.next()?),
        discount: Fen(columns.next()?),
        total_fee: Fen(columns.next()?),
        logistics: columns.next()?,
        created_at: Timestamp(columns.next()?),
        first_sent_at: columns.next::<Option<i64>>()?.map(Timestamp),
        sent_at: columns.next::<Option<i64>>()?.map(Timestamp),
        attempts: columns.next()?,
        awaiting: columns.next()?,
        due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        acknowledged_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}

/// One notification.
pub(crate) fn load(tx: &mut dyn Conn, trade_no: &TradeNo, seq: i64) -> Result<Option<StoredNotice>, Fault> {
    let sql = select_notice!("WHERE n.trade_no = $1 AND n.seq = $2");
    tx.query_opt(sql, &[Bind::Text(trade_no.as_str()), Bind::Int(seq)])?.as_ref().map(read).transpose()
}

/// A trade's notifications, oldest first.
pub(crate) fn load_of(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Vec<StoredNotice>, Fault> {
    let sql = select_notice!("WHERE n.trade_no = $1 ORDER BY n.seq");
    tx.query(sql, &[Bind::Text(trade_no.as_str())])?.iter().map(read).collect()
}

/// Notifications that are due and may go now. First in, first out for each trade: none goes before an older one of
/// its trade has been tried, and none while another of its trade is on its way; retries of an older state may follow
/// a newer one (escrow tutorial 4.4). Other trades never wait.
pub(crate) fn load_due(tx: &mut dyn Conn, now: Timestamp, limit: i64) -> Result<Vec<StoredNotice>, Fault> {
    let sql = select_notice!(
        "WHERE n.due_at <= $1
           AND NOT EXISTS (SELECT 1 FROM notice o WHERE o.trade_no = n.trade_no AND o.seq <> n.seq
                           AND o.due_at IS NOT NULL
                           AND ((o.awaiting = 1 AND o.due_at > $1) OR (o.attempts = 0 AND o.seq < n.seq)))
         ORDER BY n.due_at, n.trade_no, n.seq LIMIT $2"
    );
    tx.query(sql, &[Bind::Int(now.0), Bind::Int(limit)])?.iter().map(read).collect()
}

/// When the next notification may go that nothing of its own trade holds back by then; what is held back goes with the
/// answer that it waits for. One on its way counts with the end of the waiting, and holds nothing back beyond it: two of
/// a trade can have lost their processes, and both must wake somebody.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_opt(
        "SELECT n.due_at FROM notice n WHERE n.due_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM notice o WHERE o.trade_no = n.trade_no AND o.seq <> n.seq
                           AND o.due_at IS NOT NULL
                           AND ((o.awaiting = 1 AND o.due_at > n.due_at) OR (o.attempts = 0 AND o.seq < n.seq)))
         ORDER BY n.due_at LIMIT 1",
        &[],
    )?;
    Ok(row.map(|row| row.get(0)).transpose()?.map(Timestamp))
}

/// Notes that a try begins, before it is sent: a process that dies now has lost a try and not the notification.
pub(crate) fn begin_attempt(
    tx: &mut dyn Conn,
    key: &AttemptKey,
    answer_due_at: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET attempts = $3, awaiting = 1, due_at = $4, sent_at = $5,
                first_sent_at = COALESCE(first_sent_at, $5)
         WHERE trade_no = $1 AND seq = $2",
        &[
            Bind::Text(key.trade_no.as_str()),
            Bind::Int(key.seq),
            Bind::Int(key.attempt),
            Bind::Int(answer_due_at.0),
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAttempt {
    pub(crate) attempt: i64,
    pub(crate) sent_at: Timestamp,
    pub(crate) duration_ms: i64,
    /// `acknowledged`, `refused` (answered, but not `success`), or why nothing was answered.
    pub(crate) outcome: String,
    pub(crate) status: Option<i64>,
    /// The first bytes of the answer.
    pub(crate) answer: Vec<u8>,
}

/// Writes down what came of a try; a second answer to one try changes nothing.
pub(crate) fn insert_attempt(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
    seq: i64,
    attempt: &StoredAttempt,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO attempt (trade_no, seq, attempt, sent_at, duration_ms, outcome, status, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (trade_no, seq, attempt) DO NOTHING",
        &[
            Bind::Text(trade_no.as_str()),
            Bind::Int(seq),
            Bind::Int(attempt.attempt),
            Bind::Int(attempt.sent_at.0),
            Bind::Int(attempt.duration_ms),
            Bind::Text(&attempt.outcome),
            attempt.status.into(),
            Bind::Bytes(&attempt.answer),
        ],
    )?;
    Ok(())
}

/// The tries of one notification, in order.
pub(crate) fn load_attempts(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
    seq: i64,
) -> Result<Vec<StoredAttempt>, Fault> {
    let rows = tx.query(
        "SELECT attempt, sent_at, duration_ms, outcome, status, answer FROM attempt
         WHERE trade_no = $1 AND seq = $2 ORDER BY attempt",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq)],
    )?;
    let read = |row: &Row| {
        Ok(StoredAttempt {
            attempt: row.get(0)?,
            sent_at: Timestamp(row.get(1)?),
            duration_ms: row.get(2)?,
            outcome: row.get(3)?,
            status: row.get(4)?,
            answer: row.get(5)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The merchant has said `success`: nothing more is sent.
pub(crate) fn acknowledge(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
    seq: i64,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = NULL, acknowledged_at = COALESCE(acknowledged_at, $3)
         WHERE trade_no = $1 AND seq = $2",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// The try failed: the next one is due then, or never.
pub(crate) fn reschedule(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
    seq: i64,
    due_at: Option<Timestamp>,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = $3 WHERE trade_no = $1 AND seq = $2",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq), due_at.map(|at| at.0).into()],
    )?;
    Ok(())
}

/// Lets others go first: what a slow host is owed, together with later notices of the same trade.
pub(crate) fn step_aside(tx: &mut dyn Conn, notice: &StoredNotice, due_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET due_at = $3 WHERE trade_no = $1 AND seq >= $2 AND awaiting = 0 AND due_at < $3",
        &[Bind::Text(notice.trade_no.as_str()), Bind::Int(notice.seq), Bind::Int(due_at.0)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notify_id_has_34_characters_and_ends_in_its_sequence_number() {
        let id = make_notify_id(&TradeNo::new("2012022900000001"), 37, &mut Entropy::new([1; 32]));
        assert_eq!(id.as_str().len(), 34);
        assert!(id.as_str().starts_with("2012022900000001") && id.as_str().ends_with("11"), "{id}");
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
