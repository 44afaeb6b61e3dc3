//! What was not believed has an end: anybody may POST to `notify_url`, as often as he likes.
//!
//! Whether a message is taken in is decided by `order_state` and `heard` alone, and neither is ever pruned. `message` is
//! written and shown and never asked, so nothing is taken in twice because a message is gone.

use std::time::Duration;

use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row, Tx};

/// How much is kept of what was not believed. Both hold: the older ones go, and so do the oldest of too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How long.
    pub age: Duration,
    /// How many rejected messages, the newest. Each has up to [`RAW_BYTES_MAX`](super::RAW_BYTES_MAX) bytes.
    pub count: u32,
}

impl Keep {
    /// Thirty days, and the 2000 newest: at the worst 125 MiB, which is what a stranger can fill. Whoever looks for the
    /// reason why his messages are not believed looks at the newest ones.
    pub const USUAL: Keep = Keep { age: Duration::from_secs(30 * 86_400), count: 2000 };
}

impl Default for Keep {
    fn default() -> Keep {
        Keep::USUAL
    }
}

/// Deletes messages that were not believed, at most `limit` of them, the oldest first, and says how many: as many as
/// `limit`, and there may be more to delete. Call it again then, in another transaction, so that no payment waits for it.
///
/// What goes: rejected messages of which there are too many or that are too old, and messages that are still
/// `waiting` and as old, because the process that asked for the gateway's word on them has died. All others stay: they
/// are the record of what was believed and of what the gateway vouches for.
///
/// # Errors
/// The store's.
///
/// ```
/// use danbao_merchant::inbox::{self, Keep, Outcome};
/// use danbao_merchant::store::Tx;
/// use danbao_merchant::{Rejected, Way, protocol::ids::OutTradeNo};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (mut conn, now) = (example::database(), example::NOON);
///
/// let mut tx = Tx::begin(&mut *conn)?;
/// for id in ["1", "2", "3"] {
///     inbox::arrive(&mut tx, id, Way::Notify, b"out_trade_no=A-1&sign=forged", now)?;
///     inbox::settle(&mut tx, id, &Outcome::Rejected(Rejected::Sign), now)?;
/// }
/// tx.commit()?;
///
/// let keep = Keep { count: 2, ..Keep::USUAL };
/// while inbox::next_prune(&mut *conn, keep)?.is_some_and(|due| due <= now) {
///     let mut tx = Tx::begin(&mut *conn)?;
///     inbox::prune(&mut tx, keep, now, 500)?;
///     tx.commit()?;
/// }
/// let left = inbox::messages_of(&mut *conn, &OutTradeNo::new("A-1"))?;
/// assert_eq!(left.iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
/// # Ok::<(), danbao_merchant::store::Error>(())
/// ```
pub fn prune(tx: &mut Tx<'_>, keep: Keep, now: Timestamp, limit: u32) -> Result<u64, Error> {
    let limit = i64::from(limit);
    let before = now.minus(keep.age).0;
    let mut gone = 0;
    for sql in [REJECTED_BEFORE, WAITING_BEFORE] {
        gone += deleted(tx.execute(sql, &[before.into(), (limit - gone).into()])?);
    }
    if gone < limit
        && let Some((received_at, id)) = newest_beyond(&mut **tx, keep.count)?
    {
        let binds = [received_at.into(), (&id).into(), (limit - gone).into()];
        gone += deleted(tx.execute(REJECTED_UP_TO, &binds)?);
    }
    Ok(gone.unsigned_abs())
}

fn deleted(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The outcomes stand in the text, because the indexes hold these rows alone.
const REJECTED_BEFORE: &str = "DELETE FROM message WHERE id IN
    (SELECT id FROM message WHERE outcome = 'rejected' AND received_at < $1 ORDER BY received_at, id LIMIT $2)";
const WAITING_BEFORE: &str = "DELETE FROM message WHERE id IN
    (SELECT id FROM message WHERE outcome = 'waiting' AND received_at < $1 ORDER BY received_at, id LIMIT $2)";
const REJECTED_UP_TO: &str = "DELETE FROM message WHERE id IN
    (SELECT id FROM message WHERE outcome = 'rejected' AND (received_at, id) <= ($1, $2)
     ORDER BY received_at, id LIMIT $3)";

/// When [`prune`] has something to delete next: an instant in the past if it has now, `None` while there is nothing.
///
/// # Errors
/// The store's.
pub fn next_prune(conn: &mut dyn Conn, keep: Keep) -> Result<Option<Timestamp>, Error> {
    if let Some((received_at, _)) = newest_beyond(conn, keep.count)? {
        return Ok(Some(Timestamp(received_at)));
    }
    let mut oldest: Option<i64> = None;
    for sql in [
        "SELECT MIN(received_at) FROM message WHERE outcome = 'rejected'",
        "SELECT MIN(received_at) FROM message WHERE outcome = 'waiting'",
    ] {
        oldest = oldest.into_iter().chain(conn.query_one(sql, &[])?.get::<Option<i64>>(0)?).min();
    }
    // What is exactly as old as it may be is kept a moment longer.
    Ok(oldest.map(|at| Timestamp(Timestamp(at).plus(keep.age).0.saturating_add(1))))
}

/// The newest of the rejected messages that are too many.
fn newest_beyond(conn: &mut dyn Conn, count: u32) -> Result<Option<(i64, String)>, Error> {
    let row = conn.query_opt(
        "SELECT received_at, id FROM message WHERE outcome = 'rejected'
         ORDER BY received_at DESC, id DESC LIMIT 1 OFFSET $1",
        &[i64::from(count).into()],
    )?;
    row.map(|row: Row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
