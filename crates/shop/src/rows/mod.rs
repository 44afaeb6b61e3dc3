//! All SQL of the shop. The inbox's tables are the kit's and are written by the kit alone.

pub(crate) mod cart;
pub(crate) mod delivery;
pub(crate) mod member;
pub(crate) mod orders;

use danbao_merchant::inbox;
use danbao_store::{Conn, Error, Migration, Tx};

/// The shop's schema, and the inbox's in it.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "inbox", sql: inbox::MIGRATION_SQL },
    Migration { version: 2, name: "shop", sql: include_str!("../../migrations/002_shop.sql") },
    Migration { version: 3, name: "members", sql: include_str!("../../migrations/003_members.sql") },
    Migration { version: 4, name: "inbox_2", sql: inbox::MIGRATION_2_SQL },
];

/// Counts one more life of this database and says which it is, from 1.
pub(crate) fn begin_life(conn: &mut dyn Conn) -> Result<i64, Error> {
    let mut tx = Tx::begin(conn)?;
    let row = tx.query_one(
        "INSERT INTO life (only_row, count) VALUES (1, 1)
         ON CONFLICT (only_row) DO UPDATE SET count = life.count + 1 RETURNING count",
        &[],
    )?;
    let count = row.get(0)?;
    tx.commit()?;
    Ok(count)
}
