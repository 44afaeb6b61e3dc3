//! Forgetting, in slices: what a node keeps for a while only is deleted a little at a time, each time in a transaction of
//! its own, so that whoever waits waits for one slice at most and a fault in here costs nobody anything.

use std::time::Duration;

use danbao_protocol::node::Crash;
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Tx};

use crate::fault::Fault;

/// Rows that one slice may delete. More than a group has inputs, so that what comes in does not outrun what goes out.
pub const SLICE: u32 = 500;

/// After a slice that others were in the way of, or that found nothing: another instance is most likely forgetting the
/// same, or something still needs what is old.
const AFTER_NOTHING: Duration = Duration::from_secs(10);

/// After a slice that failed.
const AFTER_FAULT: Duration = Duration::from_secs(3600);

/// A node's forgetting. When it is due is read from the rows; what is kept here is only how long to leave it alone after
/// a setback, and may be lost.
#[derive(Debug, Default)]
pub struct Sweep {
    held_until: Option<Timestamp>,
}

impl Sweep {
    /// When the next slice is to be taken, if the rows say `due`: for the node's `next_due`.
    pub fn next(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        due.map(|due| self.held_until.map_or(due, |until| due.max(until)))
    }

    /// Takes one slice if it is due by `due`, which reads the rows. `forget` deletes at most [`SLICE`] rows and says how
    /// many.
    ///
    /// # Errors
    /// [`Crash`] if the database is gone. Any other fault is logged, has changed nothing, and puts the next slice off.
    pub fn run(
        &mut self,
        conn: &mut dyn Conn,
        now: Timestamp,
        due: impl FnOnce(&mut dyn Conn) -> Result<Option<Timestamp>, Fault>,
        forget: impl FnOnce(&mut Tx<'_>) -> Result<u64, Fault>,
    ) -> Result<(), Crash> {
        if self.held_until.is_some_and(|until| until > now) {
            return Ok(());
        }
        let forgotten = match due(conn) {
            Ok(due) if due.is_none_or(|due| due > now) => return Ok(()),
            Ok(_) => in_transaction(conn, forget),
            Err(fault) => Err(fault),
        };
        self.held_until = match forgotten {
            Ok(0) => Some(now.plus(AFTER_NOTHING)),
            Ok(rows) => {
                tracing::debug!(rows, "forgotten");
                None
            }
            Err(fault) if fault.is_fatal() => return Err(Crash(fault.to_string())),
            Err(fault) if fault.is_conflict() => Some(now.plus(AFTER_NOTHING)),
            Err(fault) => {
                tracing::error!(%fault, "what has had its time cannot be forgotten");
                Some(now.plus(AFTER_FAULT))
            }
        };
        Ok(())
    }
}

fn in_transaction(
    conn: &mut dyn Conn,
    forget: impl FnOnce(&mut Tx<'_>) -> Result<u64, Fault>,
) -> Result<u64, Fault> {
    let mut tx = Tx::begin(conn)?;
    let rows = forget(&mut tx)?;
    tx.commit()?;
    Ok(rows)
}
