//! The connection, and the guard of a transaction.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::value::{Bind, Row};

/// One connection to one database. All calls run on the caller's thread and return when the database has answered.
///
/// Inside a transaction, after a statement has failed, every further statement fails with [`Error::Sql`] until the
/// transaction (or the savepoint around the statement) is rolled back. After [`Error::Broken`] the connection is of no
/// more use: every further call returns [`Error::Broken`]. Dropping a connection rolls back what is open.
pub trait Conn: Send {
    /// Runs one statement that returns no rows and says how many rows it has changed.
    ///
    /// # Errors
    /// [`Error::Sql`] also if the statement returns rows or the number of binds is wrong.
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error>;

    /// Runs one statement and returns all its rows: `SELECT`, or a change with `RETURNING`.
    ///
    /// # Errors
    /// [`Error::Shape`] if a column is anything but `BIGINT`, `TEXT` or `BYTEA`.
    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error>;

    /// Opens a transaction that will see no one else's writes and that no one else's writes can make wrong. Prefer
    /// [`Tx::begin`], which cannot be forgotten.
    ///
    /// # Errors
    /// [`Error::Conflict`] if others hold the database for too long; [`Error::Sql`] if a transaction is open already.
    fn begin(&mut self) -> Result<(), Error>;

    /// Ends the transaction. When this returns `Ok`, its writes survive a loss of power.
    ///
    /// # Errors
    /// After [`Error::Broken`] nobody knows whether the writes are there; after any other error they are not. No
    /// transaction is open afterwards in either case.
    fn commit(&mut self) -> Result<(), Error>;

    /// Gives up the transaction. Without an open transaction it does nothing.
    ///
    /// # Errors
    /// [`Error::Broken`].
    fn rollback(&mut self) -> Result<(), Error>;

    /// Opens a savepoint inside the transaction. They nest. Prefer [`Tx::savepoint`].
    ///
    /// # Errors
    /// [`Error::Sql`] outside a transaction.
    fn savepoint(&mut self) -> Result<(), Error>;

    /// Keeps what was done since the innermost savepoint, as a part of what is around it.
    ///
    /// # Errors
    /// [`Error::Sql`] if there is no savepoint or a statement has failed since.
    fn release(&mut self) -> Result<(), Error>;

    /// Undoes what was done since the innermost savepoint, and removes it. Without a savepoint it does nothing.
    ///
    /// # Errors
    /// [`Error::Broken`].
    fn rollback_to(&mut self) -> Result<(), Error>;

    /// Runs several statements, separated by `;`, without binds: migrations.
    ///
    /// # Errors
    /// The first statement's that fails; those before it have been run.
    fn batch(&mut self, sql: &str) -> Result<(), Error>;

    /// Which database this is. For catalogues only: SQL is written once.
    fn dialect(&self) -> Dialect;

    /// The only row of an answer.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is none or more than one.
    fn query_one(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Row, Error> {
        self.query_opt(sql, binds)?.ok_or_else(|| Error::Shape(format!("no row where one must be: {sql}")))
    }

    /// The only row of an answer, or `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is more than one.
    fn query_opt(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Option<Row>, Error> {
        let mut rows = self.query(sql, binds)?;
        if rows.len() > 1 {
            return Err(Error::Shape(format!("{} rows where one may be: {sql}", rows.len())));
        }
        Ok(rows.pop())
    }
}

/// An open transaction, or a savepoint inside one. All of [`Conn`] can be called on it; dropped without
/// [`Tx::commit`], it undoes what was done since it was opened.
#[must_use = "dropping it at once undoes nothing and keeps nothing"]
pub struct Tx<'c> {
    conn: &'c mut (dyn Conn + 'c),
    kind: Kind,
    open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Transaction,
    Savepoint,
}

impl<'c> Tx<'c> {
    /// Opens a transaction.
    ///
    /// # Errors
    /// As [`Conn::begin`].
    pub fn begin(conn: &'c mut (dyn Conn + 'c)) -> Result<Tx<'c>, Error> {
        conn.begin()?;
        Ok(Tx { conn, kind: Kind::Transaction, open: true })
    }

    /// Fences off what may fail: dropped, only what was done since is undone, and the transaction around it goes on.
    ///
    /// # Errors
    /// As [`Conn::savepoint`].
    pub fn savepoint(&mut self) -> Result<Tx<'_>, Error> {
        self.conn.savepoint()?;
        Ok(Tx { conn: &mut *self.conn, kind: Kind::Savepoint, open: true })
    }

    /// Keeps what was done: for good if this is the transaction, as a part of what is around it if a savepoint.
    ///
    /// # Errors
    /// As [`Conn::commit`] or [`Conn::release`].
    pub fn commit(mut self) -> Result<(), Error> {
        match self.kind {
            Kind::Transaction => {
                // A failed commit has left nothing open.
                self.open = false;
                self.conn.commit()
            }
            Kind::Savepoint => {
                self.conn.release()?;
                self.open = false;
                Ok(())
            }
        }
    }

    /// Undoes what was done, as dropping does, and says whether that worked.
    ///
    /// # Errors
    /// [`Error::Broken`].
    pub fn rollback(mut self) -> Result<(), Error> {
        self.close()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.open = false;
        match self.kind {
            Kind::Transaction => self.conn.rollback(),
            Kind::Savepoint => self.conn.rollback_to(),
        }
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if self.open {
            // A connection whose rollback fails is broken and says so at its next call.
            let _ = self.close();
        }
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = dyn Conn + 'c;

    fn deref(&self) -> &Self::Target {
        self.conn
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.conn
    }
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("kind", &self.kind).field("open", &self.open).finish_non_exhaustive()
    }
}
