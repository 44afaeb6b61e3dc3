//! Answers that were given under an Idempotency-Key.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) request_hash: String,
    pub(crate) status: i64,
    pub(crate) body: String,
}

/// Finds the answer given under a key.
pub(crate) fn load(conn: &mut dyn Conn, key_hash: &str) -> Result<Option<Given>, Error> {
    let row = conn.query_opt(
        "SELECT request_hash, status, body FROM idempotency WHERE key_hash = $1",
        &[key_hash.into()],
    )?;
    let read = |row: danbao_store::Row| {
        Ok(Given { request_hash: row.get(0)?, status: row.get(1)?, body: row.get::<&str>(2)?.to_owned() })
    };
    row.map(read).transpose()
}

/// Keeps an answer under its key.
///
/// # Errors
/// [`Error::Conflict`] if another instance has used the key meanwhile: taken again, the group finds its answer.
pub(crate) fn insert(
    conn: &mut dyn Conn,
    key_hash: &str,
    given: &Given,
    now: Timestamp,
) -> Result<(), Error> {
    let rows = conn.execute(
        "INSERT INTO idempotency (key_hash, request_hash, status, body, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            key_hash.into(),
            (&given.request_hash).into(),
            given.status.into(),
            (&given.body).into(),
            now.0.into(),
        ],
    )?;
    if rows == 1 { Ok(()) } else { Err(Error::Conflict("the key was used at the same time".into())) }
}
