//! The only door to a disk: one small synchronous trait, [`Conn`], over two databases.
//!
//! SQL is written once and runs on SQLite and on PostgreSQL. What keeps it portable:
//!
//! * column types are `BIGINT`, `TEXT` and `BYTEA`, nothing else; a truth is a `BIGINT` of 0 or 1;
//! * placeholders are `$1..$n`; a placeholder whose type PostgreSQL cannot infer is written `CAST($1 AS BIGINT)`;
//! * `sum` of `BIGINT` is written `CAST(sum(x) AS BIGINT)`, because PostgreSQL widens it to `NUMERIC`;
//! * ids and instants are arguments, there is no `now()` and no sequence;
//! * `ON CONFLICT`, `RETURNING`, partial indexes and `LIMIT` mean the same on both;
//! * texts hold no NUL, and an order by text is for people, not for decisions: a PostgreSQL database has its own
//!   collation.
//!
//! After a statement has failed inside a transaction, both databases accept nothing more in it but its end, and that
//! end is a rollback; [`Tx::savepoint`] fences off what may fail. [`conformance`] holds both drivers to one behaviour.
//!
//! Statements run on the caller's thread. A program owns one connection and one thread.
//!
//! Each driver is a feature, `sqlite` and `postgres`, both on by default; [`testing`] needs both.

mod conn;
#[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "half of it is SQLite's"))]
mod dialect;
mod error;
mod migrate;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod state;
#[cfg_attr(
    not(any(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "a driver makes the rows")
)]
mod value;

pub mod conformance;
pub mod dump;
pub mod faulty;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(all(feature = "sqlite", feature = "postgres"))]
pub mod testing;

pub use conn::{Conn, Tx};
pub use dialect::Dialect;
pub use error::Error;
pub use migrate::{MigrateError, Migration, migrate};
pub use value::{Bind, FromValue, Reader, Row, Value};

/// Opens the database that a URL names: `sqlite:///var/lib/danbao/gateway.db`, the bare path of a SQLite file,
/// `sqlite::memory:`, or `postgres://user@host/database` (see [`postgres::connect`]).
///
/// # Errors
/// [`Error::Open`] if the URL or the database cannot be used, or its driver is not built in.
pub fn open(url: &str) -> Result<Box<dyn Conn>, Error> {
    if matches!(url, "sqlite::memory:" | "sqlite://:memory:" | ":memory:") {
        return open_memory();
    }
    if let Some(path) = url.strip_prefix("sqlite://") {
        return open_file(path);
    }
    match url.split_once("://") {
        Some(("postgres" | "postgresql", _)) => open_postgres(url),
        Some((scheme, _)) => Err(Error::Open(format!("`{scheme}` is neither `sqlite` nor `postgres`"))),
        None => open_file(url),
    }
}

#[cfg(feature = "sqlite")]
fn open_memory() -> Result<Box<dyn Conn>, Error> {
    sqlite::memory()
}

#[cfg(feature = "sqlite")]
fn open_file(path: &str) -> Result<Box<dyn Conn>, Error> {
    sqlite::open(path.as_ref())
}

#[cfg(feature = "postgres")]
fn open_postgres(url: &str) -> Result<Box<dyn Conn>, Error> {
    postgres::connect(url)
}

#[cfg(not(feature = "sqlite"))]
fn open_memory() -> Result<Box<dyn Conn>, Error> {
    Err(Error::Open("built without the feature `sqlite`".to_owned()))
}

#[cfg(not(feature = "sqlite"))]
fn open_file(_path: &str) -> Result<Box<dyn Conn>, Error> {
    Err(Error::Open("built without the feature `sqlite`".to_owned()))
}

#[cfg(not(feature = "postgres"))]
fn open_postgres(_url: &str) -> Result<Box<dyn Conn>, Error> {
    Err(Error::Open("built without the feature `postgres`".to_owned()))
}
