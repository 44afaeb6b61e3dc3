//! Brings a database to the shape that the program was written for.

use crate::conn::{Conn, Tx};
use crate::error::Error;

/// One step of a schema. Once released it never changes; a mistake is mended by the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// 1, 2, 3 and so on, without gaps.
    pub version: i64,
    /// What it does, in a few words.
    pub name: &'static str,
    /// Statements in the SQL of both databases, separated by `;`.
    pub sql: &'static str,
}

/// Why a database does not fit the program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A newer program has been here; going on might destroy what it knows and we do not.
    #[error("the database is at version {found}, this program knows {known}: use the newer program")]
    Future {
        /// The version of the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A migration that has been applied reads differently now.
    #[error("migration {version} (`{name}`) has been changed after it was applied")]
    Changed {
        /// Its version.
        version: i64,
        /// Its name, as applied.
        name: String,
    },
    /// The program's list of migrations has a gap or is out of order: a bug.
    #[error("migration {found} stands where {wanted} must be")]
    Order {
        /// The version that must stand here.
        wanted: i64,
        /// The version that does.
        found: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How often a migration is tried again when another instance migrates at the same time.
const TRIES_MAX: u32 = 10;

/// Where a database keeps what was applied to it.
pub(crate) const MIGRATION_TABLE: &str = "schema_migration";

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS schema_migration (
        version BIGINT PRIMARY KEY,
        name TEXT NOT NULL,
        sql TEXT NOT NULL
    )";

/// Applies the migrations that the database does not have yet, one transaction each, and says how many those were.
/// Several instances may do this at once: each migration is applied by one of them.
///
/// # Errors
/// [`MigrateError`]; what was applied before stays applied.
pub fn migrate(conn: &mut dyn Conn, migrations: &[Migration]) -> Result<usize, MigrateError> {
    check_order(migrations)?;
    make_table(conn)?;
    let mut applied = 0;
    while again_if_disturbed(|| apply_next(conn, migrations))? {
        applied += 1;
    }
    Ok(applied)
}

fn check_order(migrations: &[Migration]) -> Result<(), MigrateError> {
    for (wanted, migration) in (1..).zip(migrations) {
        if migration.version != wanted {
            return Err(MigrateError::Order { wanted, found: migration.version });
        }
    }
    Ok(())
}

/// PostgreSQL's `IF NOT EXISTS` looks before it creates: of two instances that create at once, one is told of a table, a
/// type or a row of the catalogue that is there already. Its second try finds the table.
fn make_table(conn: &mut dyn Conn) -> Result<(), Error> {
    let mut tries = 1;
    loop {
        match conn.batch(TABLE) {
            Err(Error::Conflict(_) | Error::Unique { .. } | Error::Sql(_)) if tries < TRIES_MAX => tries += 1,
            done => return done,
        }
    }
}

/// Of two instances that apply the same migration at once, one is told of a conflict or that its row is there already.
fn again_if_disturbed<T>(mut work: impl FnMut() -> Result<T, MigrateError>) -> Result<T, MigrateError> {
    let mut tries = 1;
    loop {
        match work() {
            Err(MigrateError::Store(Error::Conflict(_) | Error::Unique { .. })) if tries < TRIES_MAX => {
                tries += 1
            }
            done => return done,
        }
    }
}

/// Compares what was applied with what we know, and applies the first that is missing; `false` if none is.
fn apply_next(conn: &mut dyn Conn, migrations: &[Migration]) -> Result<bool, MigrateError> {
    let mut tx = Tx::begin(conn)?;
    let applied = tx.query("SELECT version, name, sql FROM schema_migration ORDER BY version", &[])?;
    let mut known = migrations.iter();
    for row in &applied {
        let found: i64 = row.get(0)?;
        let Some(migration) = known.next() else {
            let known = migrations.last().map_or(0, |last| last.version);
            return Err(MigrateError::Future { found, known });
        };
        if (migration.version, migration.name, migration.sql) != (found, row.get(1)?, row.get(2)?) {
            return Err(MigrateError::Changed { version: found, name: row.get(1)? });
        }
    }
    let Some(next) = known.next() else {
        return Ok(false);
    };
    tx.execute(
        "INSERT INTO schema_migration (version, name, sql) VALUES ($1, $2, $3)",
        &[next.version.into(), next.name.into(), next.sql.into()],
    )?;
    tx.batch(next.sql)?;
    tx.commit()?;
    Ok(true)
}
