//! What is kept for a while only: answers under an Idempotency-Key, visits, and returns that were let in.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

/// How each table tells its oldest row, and how it loses rows from before an instant, so many at most.
const TABLES: [(&str, &str); 3] = [
    (
        "SELECT MIN(created_at) FROM idempotency",
        "DELETE FROM idempotency WHERE key_hash IN
             (SELECT key_hash FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
    ),
    (
        "SELECT MIN(created_at) FROM visit",
        "DELETE FROM visit WHERE id IN
             (SELECT id FROM visit WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
    ),
    (
        "SELECT MIN(at) FROM used_return",
        "DELETE FROM used_return WHERE (partner, notify_id) IN
             (SELECT partner, notify_id FROM used_return WHERE at < $1 ORDER BY at LIMIT $2)",
    ),
];

/// When the oldest row of all came to be.
pub(crate) fn oldest(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let mut oldest: Option<i64> = None;
    for (sql, _) in TABLES {
        oldest = oldest.into_iter().chain(conn.query_one(sql, &[])?.get::<Option<i64>>(0)?).min();
    }
    Ok(oldest.map(Timestamp))
}

/// Deletes rows from before an instant, at most so many; how many those were.
pub(crate) fn forget(conn: &mut dyn Conn, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let mut gone = 0;
    for (_, sql) in TABLES {
        let rest = i64::try_from(u64::from(limit).saturating_sub(gone)).unwrap_or(0);
        gone += conn.execute(sql, &[before.0.into(), rest.into()])?;
    }
    Ok(gone)
}
