//! Work that is due and cannot be done. It must not keep from its turn what is due beside it.

use std::time::Duration;

use danbao_store::Error;

use danbao_node::Fault;

/// What cannot be done because of the settings, or of its own row, is tried again after this: not at once, for nothing
/// will have changed, and not never, for settings that were wrong are put right.
pub(crate) const STUCK_WAIT: Duration = Duration::from_secs(3600);

/// Why a piece of work is stuck, if that is its own affair. It must have written nothing by then.
///
/// # Errors
/// What is everybody's affair: the database failed.
pub(crate) fn stuck<T>(done: Result<T, Fault>) -> Result<Result<T, String>, Fault> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Fault::Invariant(why) | Fault::Store(Error::Shape(why))) => Ok(Err(why)),
        Err(fault) => Err(fault),
    }
}
