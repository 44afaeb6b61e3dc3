//! Notifications that are owed, and what came of each try. A trade's are inserted by [`super::apply`] with the change they
//! report; letters are for everything else.

use std::fmt;
use std::time::Duration;

use danbao_node::{Entropy, Fault};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, PartnerId, TradeNo};
use danbao_protocol::money::Fen;
use danbao_protocol::sign::SignType;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Reader, Row};

use crate::rows::word;

/// Whose notifications keep their order among themselves: a number of the trades' series, a trade's own or one that was
/// drawn for something else that is announced.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thread(String);

impl Thread {
    /// The thread of this number.
    pub(crate) fn new(number: impl Into<String>) -> Thread {
        Thread(number.into())
    }

    /// The number.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&TradeNo> for Thread {
    fn from(trade_no: &TradeNo) -> Thread {
        Thread(trade_no.as_str().to_owned())
    }
}

impl fmt::Display for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one try of one notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttemptKey {
    pub(crate) thread: Thread,
    pub(crate) seq: i64,
    pub(crate) attempt: i64,
}

/// What a notification is fixed to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// How a trade was; what never changes is taken from the trade itself.
    Trade(TradeFacts),
    /// Anything else.
    Letter(Letter),
}

/// What a trade said of itself when the notification came to be owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TradeFacts {
    pub(crate) trade_status: TradeStatus,
    pub(crate) refund_status: Option<RefundStatus>,
    pub(crate) price: Fen,
    pub(crate) discount: Fen,
    pub(crate) total_fee: Fen,
    pub(crate) logistics: Option<i64>,
}

/// A notification that is kept as it will be sent, but for its id, its time and its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Who is told.
    pub(crate) partner: PartnerId,
    /// How the call was signed that this answers.
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    /// The parameters, URL-encoded.
    pub(crate) params: Vec<u8>,
}

/// A notification as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredNotice {
    pub(crate) thread: Thread,
    /// Ascending, not without gaps; of a trade: the version that it announces.
    pub(crate) seq: i64,
    pub(crate) notify_id: NotifyId,
    pub(crate) notify_url: String,
    pub(crate) said: Said,
    pub(crate) created_at: Timestamp,
    pub(crate) first_sent_at: Option<Timestamp>,
    pub(crate) sent_at: Option<Timestamp>,
    pub(crate) attempts: i64,
    pub(crate) awaiting: bool,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) acknowledged_at: Option<Timestamp>,
    /// The schedule has begun anew then, because a fault plan had spoiled what was tried before.
    pub(crate) begun_anew_at: Option<Timestamp>,
    /// Tries that do not count for the schedule.
    pub(crate) tries_before: i64,
}

impl StoredNotice {
    /// How many tries count, and since when.
    pub(crate) fn tried(&self) -> (usize, Option<Timestamp>) {
        let tries = usize::try_from(self.attempts - self.tries_before).unwrap_or(usize::MAX);
        (tries, self.begun_anew_at.or(self.first_sent_at))
    }

    /// What it says of a trade; `None` for a letter.
    pub(crate) fn facts(&self) -> Option<&TradeFacts> {
        match &self.said {
            Said::Trade(facts) => Some(facts),
            Said::Letter(_) => None,
        }
    }

    /// The word for its state: `pending`, `acknowledged` or `given_up`.
    pub(crate) fn state(&self) -> &'static str {
        match (self.acknowledged_at, self.due_at) {
            (Some(_), _) => "acknowledged",
            (None, Some(_)) => "pending",
            (None, None) => "given_up",
        }
    }
}

/// An id that finds its notification by itself and that nobody can guess: 16 digits of the thread, 16 random
/// hexadecimal digits, the sequence number in two; 34 characters as on the wire of 2010 (protocol.md §4.1).
pub(crate) fn make_notify_id(thread: &Thread, seq: i64, entropy: &mut Entropy) -> NotifyId {
    NotifyId::new(format!("{thread}{}{}", entropy.hex(16), two_digits(seq)))
}

/// What of an id is its thread.
const THREAD_CHARS: usize = 16;

/// Two digits to the base 36; a trade changed more than 1295 times repeats them.
fn two_digits(number: i64) -> String {
    let digit =
        |value: i64| char::from_digit(u32::try_from(value.rem_euclid(36)).unwrap_or(0), 36).unwrap_or('0');
    [digit(number / 36), digit(number)].iter().collect()
}

/// A letter is the only one of its thread.
const LETTER_SEQ: i64 = 1;

macro_rules! select_notice {
    ($rest:literal) => {
        concat!(
            "SELECT n.thread, n.seq, n.notify_id, n.notify_url, n.trade_status, n.refund_status, n.price, n.discount,
                    n.total_fee, n.logistics, n.partner, n.sign_type, n.charset, n.letter, n.created_at,
                    n.first_sent_at, n.sent_at, n.attempts, n.awaiting, n.due_at, n.acknowledged_at,
                    n.begun_anew_at, n.tries_before
             FROM notice n ",
            $rest
        )
    };
}

fn read(row: &Row) -> Result<StoredNotice, Fault> {
    let mut columns = row.reader();
    Ok(StoredNotice {
        thread: Thread(columns.next()?),
        seq: columns.next()?,
        notify_id: NotifyId::new(columns.next::<String>()?),
        notify_url: columns.next()?,
        said: read_said(&mut columns)?,
        created_at: Timestamp(columns.next()?),
        first_sent_at: columns.next::<Option<i64>>()?.map(Timestamp),
        sent_at: columns.next::<Option<i64>>()?.map(Timestamp),
        attempts: columns.next()?,
        awaiting: columns.next()?,
        due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        acknowledged_at: columns.next::<Option<i64>>()?.map(Timestamp),
        begun_anew_at: columns.next::<Option<i64>>()?.map(Timestamp),
        tries_before: columns.next()?,
    })
}

fn read_said(columns: &mut Reader<'_>) -> Result<Said, Fault> {
    let trade_status: Option<String> = columns.next()?;
    let refund_status: Option<String> = columns.next()?;
    let (price, discount, total_fee): (Option<i64>, Option<i64>, Option<i64>) =
        (columns.next()?, columns.next()?, columns.next()?);
    let logistics = columns.next()?;
    let (partner, sign_type, charset): (Option<String>, Option<String>, Option<String>) =
        (columns.next()?, columns.next()?, columns.next()?);
    let params: Option<Vec<u8>> = columns.next()?;
    if let (Some(status), Some(price), Some(discount), Some(total_fee)) =
        (trade_status, price, discount, total_fee)
    {
        return Ok(Said::Trade(TradeFacts {
            trade_status: word(&status, TradeStatus::from_wire)?,
            refund_status: refund_status.map(|status| word(&status, RefundStatus::from_wire)).transpose()?,
            price: Fen(price),
            discount: Fen(discount),
            total_fee: Fen(total_fee),
            logistics,
        }));
    }
    let (Some(partner), Some(sign_type), Some(charset), Some(params)) = (partner, sign_type, charset, params)
    else {
        return Err(Fault::invariant("a notice that speaks of no trade and is no letter"));
    };
    Ok(Said::Letter(Letter {
        partner: PartnerId::new(partner),
        sign_type: word(&sign_type, SignType::from_wire)?,
        charset: word(&charset, Charset::from_label)?,
        params,
    }))
}

/// Writes a letter down that is owed from now on; its id.
pub(crate) fn insert_letter(
    tx: &mut dyn Conn,
    thread: &Thread,
    notify_url: &str,
    letter: &Letter,
    entropy: &mut Entropy,
    now: Timestamp,
) -> Result<NotifyId, Fault> {
    let notify_id = make_notify_id(thread, LETTER_SEQ, entropy);
    tx.execute(
        "INSERT INTO notice (thread, seq, notify_id, notify_url, partner, sign_type, charset, letter, created_at,
             attempts, awaiting, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $9)",
        &[
            Bind::Text(thread.as_str()),
            Bind::Int(LETTER_SEQ),
            Bind::Text(notify_id.as_str()),
            Bind::Text(notify_url),
            Bind::Text(letter.partner.as_str()),
            Bind::Text(letter.sign_type.as_str()),
            Bind::Text(letter.charset.label()),
            Bind::Bytes(&letter.params),
            Bind::Int(now.0),
        ],
    )?;
    Ok(notify_id)
}

/// Whether the same letter is on its way to the same address already.
pub(crate) fn is_owed(tx: &mut dyn Conn, notify_url: &str, letter: &Letter) -> Result<bool, Fault> {
    let row = tx.query_opt(
        "SELECT 1 FROM notice WHERE partner = $1 AND notify_url = $2 AND letter = $3
             AND due_at IS NOT NULL AND letter IS NOT NULL LIMIT 1",
        &[Bind::Text(letter.partner.as_str()), Bind::Text(notify_url), Bind::Bytes(&letter.params)],
    )?;
    Ok(row.is_some())
}

/// One notification.
pub(crate) fn load(tx: &mut dyn Conn, thread: &Thread, seq: i64) -> Result<Option<StoredNotice>, Fault> {
    let sql = select_notice!("WHERE n.thread = $1 AND n.seq = $2");
    tx.query_opt(sql, &[Bind::Text(thread.as_str()), Bind::Int(seq)])?.as_ref().map(read).transpose()
}

/// The notification of this id, which begins with its thread: its last two digits are those of the sequence number and
/// are not asked, because a trade that is refunded in very many parts has more changes than two digits count.
pub(crate) fn load_by_id(tx: &mut dyn Conn, notify_id: &str) -> Result<Option<StoredNotice>, Fault> {
    let sql = select_notice!("WHERE n.thread = $1 AND n.notify_id = $2");
    let thread = notify_id.get(..THREAD_CHARS).unwrap_or_default();
    tx.query_opt(sql, &[Bind::Text(thread), Bind::Text(notify_id)])?.as_ref().map(read).transpose()
}

/// Which notifications are looked for. An empty text is any.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) partner: &'a str,
    pub(crate) thread: &'a str,
    /// A word of [`StoredNotice::state`].
    pub(crate) state: &'a str,
    /// Those that came to be owed then or later.
    pub(crate) since: Timestamp,
}

/// Notifications in the order of their threads, behind this one.
pub(crate) fn load_page(
    tx: &mut dyn Conn,
    wanted: &Wanted<'_>,
    after: (&str, i64),
    limit: i64,
) -> Result<Vec<StoredNotice>, Fault> {
    let sql = select_notice!(
        "LEFT JOIN payment_request r ON r.trade_no = n.thread
         WHERE (n.thread > $1 OR (n.thread = $1 AND n.seq > $2))
           AND ($3 = '' OR COALESCE(n.partner, r.partner) = $3)
           AND ($4 = '' OR n.thread = $4)
           AND ($5 = '' OR $5 = CASE WHEN n.acknowledged_at IS NOT NULL THEN 'acknowledged'
                                     WHEN n.due_at IS NOT NULL THEN 'pending' ELSE 'given_up' END)
           AND n.created_at >= $6
         ORDER BY n.thread, n.seq LIMIT $7"
    );
    let binds = [
        Bind::Text(after.0),
        Bind::Int(after.1),
        Bind::Text(wanted.partner),
        Bind::Text(wanted.thread),
        Bind::Text(wanted.state),
        Bind::Int(wanted.since.0),
        Bind::Int(limit),
    ];
    tx.query(sql, &binds)?.iter().map(read).collect()
}

/// Whose request a thread goes back to, and under which number of theirs; `None` for a letter's.
pub(crate) fn load_request_of(
    tx: &mut dyn Conn,
    thread: &Thread,
) -> Result<Option<(PartnerId, String)>, Fault> {
    let sql = "SELECT partner, out_trade_no FROM payment_request WHERE trade_no = $1";
    let row = tx.query_opt(sql, &[Bind::Text(thread.as_str())])?;
    row.map(|row| Ok((PartnerId::new(row.get::<String>(0)?), row.get(1)?))).transpose()
}

/// A thread's notifications, oldest first.
pub(crate) fn load_of(tx: &mut dyn Conn, thread: &Thread) -> Result<Vec<StoredNotice>, Fault> {
    let sql = select_notice!("WHERE n.thread = $1 ORDER BY n.seq");
    tx.query(sql, &[Bind::Text(thread.as_str())])?.iter().map(read).collect()
}

/// Notifications that are due and may go now. First in, first out for each thread: none goes before an older one of
/// it has been tried, and none while another of it is on its way; retries of an older state may follow a newer one
/// (escrow tutorial 4.4). Other threads never wait. One that cannot be read is left alone for so long.
pub(crate) fn load_due(
    tx: &mut dyn Conn,
    now: Timestamp,
    limit: i64,
    broken_aside: Duration,
) -> Result<Vec<StoredNotice>, Fault> {
    let sql = select_notice!(
        "WHERE n.due_at <= $1
           AND NOT EXISTS (SELECT 1 FROM notice o WHERE o.thread = n.thread AND o.seq <> n.seq
                           AND o.due_at IS NOT NULL
                           AND ((o.awaiting = 1 AND o.due_at > $1)
                             OR (o.attempts = 0 AND o.passes = 0 AND o.seq < n.seq)))
         ORDER BY n.due_at, n.thread, n.seq LIMIT $2"
    );
    let rows = tx.query(sql, &[Bind::Int(now.0), Bind::Int(limit)])?;
    let mut due = Vec::with_capacity(rows.len());
    for row in &rows {
        match read(row) {
            Err(Fault::Invariant(what)) => {
                // One broken row must not stand in everybody's way.
                let (thread, seq) = (Thread(row.get(0)?), row.get(1)?);
                tracing::error!(thread = thread.as_str(), seq, what, "a notification cannot be read");
                reschedule(tx, &thread, seq, Some(now.plus(broken_aside)))?;
            }
            read => due.push(read?),
        }
    }
    Ok(due)
}

/// When the next notification may go that nothing of its own thread holds back by then; what is held back goes with the
/// answer that it waits for. One on its way counts with the end of the waiting, and holds nothing back beyond it: two of
/// a thread can have lost their processes, and both must wake somebody.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_opt(
        "SELECT n.due_at FROM notice n WHERE n.due_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM notice o WHERE o.thread = n.thread AND o.seq <> n.seq
                           AND o.due_at IS NOT NULL
                           AND ((o.awaiting = 1 AND o.due_at > n.due_at)
                             OR (o.attempts = 0 AND o.passes = 0 AND o.seq < n.seq)))
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
         WHERE thread = $1 AND seq = $2",
        &[
            Bind::Text(key.thread.as_str()),
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
    thread: &Thread,
    seq: i64,
    attempt: &StoredAttempt,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO attempt (thread, seq, attempt, sent_at, duration_ms, outcome, status, answer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (thread, seq, attempt) DO NOTHING",
        &[
            Bind::Text(thread.as_str()),
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
    thread: &Thread,
    seq: i64,
) -> Result<Vec<StoredAttempt>, Fault> {
    let rows = tx.query(
        "SELECT attempt, sent_at, duration_ms, outcome, status, answer FROM attempt
         WHERE thread = $1 AND seq = $2 ORDER BY attempt",
        &[Bind::Text(thread.as_str()), Bind::Int(seq)],
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
pub(crate) fn acknowledge(tx: &mut dyn Conn, thread: &Thread, seq: i64, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = NULL, acknowledged_at = COALESCE(acknowledged_at, $3)
         WHERE thread = $1 AND seq = $2",
        &[Bind::Text(thread.as_str()), Bind::Int(seq), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// The try failed: the next one is due then, or never.
pub(crate) fn reschedule(
    tx: &mut dyn Conn,
    thread: &Thread,
    seq: i64,
    due_at: Option<Timestamp>,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = $3 WHERE thread = $1 AND seq = $2",
        &[Bind::Text(thread.as_str()), Bind::Int(seq), due_at.map(|at| at.0).into()],
    )?;
    Ok(())
}

/// A fault plan puts the next try off; with `passes`, newer ones of the thread need not wait for it.
pub(crate) fn put_off(
    tx: &mut dyn Conn,
    notice: &StoredNotice,
    due_at: Timestamp,
    passes: bool,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = $3, passes = $4 WHERE thread = $1 AND seq = $2",
        &[Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq), Bind::Int(due_at.0), passes.into()],
    )?;
    Ok(())
}

/// The schedule begins anew then: what was tried before does not count.
pub(crate) fn begin_anew(tx: &mut dyn Conn, notice: &StoredNotice, at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET awaiting = 0, due_at = $3, begun_anew_at = $3, tries_before = attempts
         WHERE thread = $1 AND seq = $2",
        &[Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq), Bind::Int(at.0)],
    )?;
    Ok(())
}

/// Notes that it was sent for the first time beside its schedule.
pub(crate) fn note_first_sent(tx: &mut dyn Conn, notice: &StoredNotice, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET first_sent_at = COALESCE(first_sent_at, $3) WHERE thread = $1 AND seq = $2",
        &[Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// Lets others go first: what a slow host is owed, together with later notices of the same thread.
pub(crate) fn step_aside(tx: &mut dyn Conn, notice: &StoredNotice, due_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE notice SET due_at = $3 WHERE thread = $1 AND seq >= $2 AND awaiting = 0 AND due_at < $3",
        &[Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq), Bind::Int(due_at.0)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notify_id_has_34_characters_and_ends_in_its_sequence_number() {
        let id = make_notify_id(&Thread::new("2012022900000001"), 37, &mut Entropy::new([1; 32]));
        assert_eq!(id.as_str().len(), 34);
        assert!(id.as_str().starts_with("2012022900000001") && id.as_str().ends_with("11"), "{id}");
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
