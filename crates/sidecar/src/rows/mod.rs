//! All SQL of the sidecar. The inbox's tables are the kit's and are written by the kit alone.

pub(crate) mod age;
pub(crate) mod buyer;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod idempotency;
pub(crate) mod orders;
pub(crate) mod payment_request;
pub(crate) mod refund_batch;
pub(crate) mod refusal;
pub(crate) mod visit;

use danbao_merchant::inbox;
use danbao_store::{Conn, Error, Migration, Tx};

/// The sidecar's schema, and the inbox's in it.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "inbox", sql: inbox::MIGRATION_SQL },
    Migration { version: 2, name: "sidecar", sql: include_str!("../../migrations/002_sidecar.sql") },
    Migration { version: 3, name: "refunds", sql: include_str!("../../migrations/003_refunds.sql") },
    Migration { version: 4, name: "visits", sql: include_str!("../../migrations/004_visits.sql") },
    Migration { version: 5, name: "refusals", sql: include_str!("../../migrations/005_refusals.sql") },
    Migration { version: 6, name: "deliveries", sql: include_str!("../../migrations/006_deliveries.sql") },
    Migration { version: 7, name: "ages", sql: include_str!("../../migrations/007_ages.sql") },
    Migration { version: 8, name: "inbox_2", sql: inbox::MIGRATION_2_SQL },
];

/// Counts one more life of this database and says which it is, from 1.
pub(crate) fn begin_life(conn: &mut dyn Conn) -> Result<i64, Error> {
    let mut tx = Tx::begin(conn)?;
    let count = next_number(&mut *tx, "life")?;
    tx.commit()?;
    Ok(count)
}

/// The next number of a counter, from 1. The row is held until the transaction ends, so numbers become visible to
/// readers in their order and without gaps.
pub(crate) fn next_number(conn: &mut dyn Conn, name: &str) -> Result<i64, Error> {
    let row = conn.query_one(
        "INSERT INTO counter (name, value) VALUES ($1, 1)
         ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        &[name.into()],
    )?;
    row.get(0)
}

fn word<T>(text: &str, known: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    known(text).ok_or_else(|| Error::Shape(format!("`{text}` is not a word of the sidecar")))
}
