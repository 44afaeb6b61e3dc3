//! What the little shop wants of the sidecar: written down first, asked for under a key of its own, and asked for again in
//! the same words until something is heard.

use std::time::Duration;

use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Reader, Tx};
use http::Method;

/// A call without an answer is repeated after this, at first.
const REPEAT_AFTER: Duration = Duration::from_secs(5);
/// And no later than after this.
const REPEAT_MAX: Duration = Duration::from_secs(1800);
/// An answer is waited for so long; longer than the world lets it take.
const LEASE: Duration = Duration::from_secs(60);

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An order, and a payment request for it.
    Order,
    /// Another payment request.
    Again,
    /// An order given up.
    CloseOrder,
    /// A payment request given up.
    CloseRequest,
    /// Money given back.
    Refund,
    /// Webhooks again.
    Enable,
    /// The parts of an address that was chosen.
    Address,
}

impl Kind {
    const ALL: [Kind; 7] = [
        Kind::Order,
        Kind::Again,
        Kind::CloseOrder,
        Kind::CloseRequest,
        Kind::Refund,
        Kind::Enable,
        Kind::Address,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Kind::Order => "order",
            Kind::Again => "again",
            Kind::CloseOrder => "close order",
            Kind::CloseRequest => "close request",
            Kind::Refund => "refund",
            Kind::Enable => "enable",
            Kind::Address => "address",
        }
    }

    fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    pub(super) fn method(self) -> Method {
        if self == Kind::Address { Method::GET } else { Method::POST }
    }
}

/// A wish as it is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) path: String,
    pub(super) body: String,
}

/// The next number of a counter, from 1.
pub(super) fn count(conn: &mut dyn Conn, name: &str) -> Result<i64, Error> {
    let row = conn.query_one(
        "INSERT INTO counter (name, value) VALUES ($1, 1)
         ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        &[name.into()],
    )?;
    row.get(0)
}

/// Writes a wish down; it is to be asked for at once.
pub(super) fn keep(tx: &mut Tx<'_>, now: Timestamp, wish: &Wish) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO wish (key, kind, path, body, tries, asked_at, due_at) VALUES ($1, $2, $3, $4, 1, $5, $6)",
        &[
            (&wish.key).into(),
            wish.kind.as_str().into(),
            (&wish.path).into(),
            (&wish.body).into(),
            now.0.into(),
            now.plus(LEASE).0.into(),
        ],
    )?;
    Ok(())
}

/// Everything of which nothing was heard for too long.
pub(super) fn claim_due(conn: &mut dyn Conn, now: Timestamp) -> Result<Vec<Wish>, Error> {
    let rows = conn.query(
        "UPDATE wish SET tries = tries + 1, due_at = $1 WHERE due_at <= $2 RETURNING key, kind, path, body",
        &[now.plus(LEASE).0.into(), now.0.into()],
    )?;
    let read = |c: &mut Reader<'_>| -> Result<Wish, Error> {
        let (key, word): (String, String) = (c.next()?, c.next()?);
        let kind = Kind::from_word(&word).ok_or(Error::Shape(word))?;
        Ok(Wish { key, kind, path: c.next()?, body: c.next()? })
    };
    let mut wishes = rows.iter().map(|row| read(&mut row.reader())).collect::<Result<Vec<_>, _>>()?;
    wishes.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(wishes)
}

/// When something is to be asked for again.
pub(super) fn next_due(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    Ok(conn.query_one("SELECT min(due_at) FROM wish", &[])?.get::<Option<i64>>(0)?.map(Timestamp))
}

/// A yes, or a no that will not change: the first counts.
pub(super) fn settle(
    conn: &mut dyn Conn,
    now: Timestamp,
    key: &str,
    status: u16,
    answer: &str,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE wish SET due_at = NULL, status = $1, answer = $2, answered_at = COALESCE(answered_at, $3)
         WHERE key = $4 AND (status IS NULL OR due_at IS NOT NULL)",
        &[i64::from(status).into(), answer.into(), now.0.into(), key.into()],
    )?;
    Ok(())
}

/// Nothing was heard: later again.
pub(super) fn put_off(conn: &mut dyn Conn, now: Timestamp, key: &str) -> Result<(), Error> {
    let row = conn.query_one("SELECT tries FROM wish WHERE key = $1", &[key.into()])?;
    let tries: i64 = row.get(0)?;
    let doublings = u32::try_from(tries.clamp(0, 10)).unwrap_or(0);
    let at = now.plus(REPEAT_AFTER.saturating_mul(1 << doublings).min(REPEAT_MAX));
    let sql = "UPDATE wish SET due_at = $1 WHERE key = $2 AND due_at IS NOT NULL";
    conn.execute(sql, &[at.0.into(), key.into()])?;
    Ok(())
}
