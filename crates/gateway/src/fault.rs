//! What must not happen: a broken disk or a bug. Not to be mistaken for a refusal, which is a lawful answer.

use danbao_store::Error;

/// Why an input could not be taken. Everything that its turn has written is rolled back.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// An invariant of ours does not hold; the text says which.
    #[error("invariant broken: {0}")]
    Invariant(String),
}

impl Fault {
    /// An invariant that does not hold.
    pub(crate) fn invariant(what: impl Into<String>) -> Fault {
        Fault::Invariant(what.into())
    }
}
