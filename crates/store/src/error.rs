//! What can go wrong between a program and its database, sorted by what the program must do about it.

/// Why a statement, a transaction or a connection failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row with this key exists already. Often an answer, not a failure: somebody was first.
    #[error("a row with this key exists already in `{table}`: {detail}")]
    Unique {
        /// The table that refused the row, the same word on both databases.
        table: String,
        /// The database's own words, for people.
        detail: String,
    },
    /// Nothing was written because others were at work: serialization failure, deadlock, busy. Retry the whole group.
    #[error("others were at work: {0}")]
    Conflict(String),
    /// The connection or the disk is gone. What the open transaction did is unknown; the connection is of no more use.
    #[error("the database is gone: {0}")]
    Broken(String),
    /// The statement is wrong, or used where it must not be: a bug.
    #[error("wrong SQL: {0}")]
    Sql(String),
    /// A value or a number of rows that the caller did not expect: a bug, or a database that somebody else wrote to.
    #[error("unexpected shape: {0}")]
    Shape(String),
    /// The database cannot be opened: wrong URL, no such directory, no rights, not a database, server not there.
    #[error("the database cannot be opened: {0}")]
    Open(String),
}

impl Error {
    /// Whether trying the whole group again may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Error::Conflict(_))
    }

    /// Whether a row with this key existed already.
    pub fn is_unique(&self) -> bool {
        matches!(self, Error::Unique { .. })
    }
}
