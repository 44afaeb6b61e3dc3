//! What must not happen: a broken disk or a bug. Not to be mistaken for a no, which is a lawful answer.

use danbao_store::Error;

/// Why an input could not be taken. Everything that its turn has written is rolled back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The database said no.
    #[error(transparent)]
    Store(#[from] Error),
    /// A row that the sidecar wrote itself makes no sense to it.
    #[error("invariant broken: {0}")]
    Invariant(String),
}

impl Fault {
    /// The database cannot be trusted to say what it has stored: the node must die.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, Fault::Store(Error::Broken(_)))
    }

    /// Trying the same again may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Fault::Store(error) if error.is_conflict())
    }
}
