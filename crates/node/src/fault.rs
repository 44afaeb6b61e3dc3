//! What must not happen: a broken disk or a bug. Not to be mistaken for a no, which is a lawful answer.

use danbao_store::Error;

/// Why an input could not be taken. Everything that its turn has written is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// An invariant of the program does not hold; the text says which.
    #[error("invariant broken: {0}")]
    Invariant(String),
}

impl Fault {
    /// An invariant that does not hold.
    pub fn invariant(what: impl Into<String>) -> Fault {
        Fault::Invariant(what.into())
    }

    /// Whether the database cannot be trusted to say what it has stored: the node must die.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Fault::Store(Error::Broken(_)))
    }

    /// Whether others were at work on the same rows: trying the whole group again may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Fault::Store(error) if error.is_conflict())
    }
}
