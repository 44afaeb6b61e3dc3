//! What happens by itself when its time has come.

use danbao_engine::machine;

use crate::fault::Fault;
use crate::rows::{apply, deadline, trade};
use crate::turn::Turn;

/// Deadlines taken in one transaction; what is left over is due at once again.
const DEADLINES_MAX: i64 = 200;

/// Lets every deadline that has come do what it is for.
pub(crate) fn run(turn: &mut Turn<'_>) -> Result<(), Fault> {
    for (trade_no, kind) in deadline::load_due(turn.tx, turn.now, DEADLINES_MAX)? {
        let trade = trade::load(turn.tx, &trade_no)?
            .ok_or_else(|| Fault::invariant(format!("a deadline without its trade {trade_no}")))?;
        match machine::expire(&trade, kind, turn.now) {
            Some(change) => {
                apply::apply(turn, &change)?;
            }
            None => deadline::delete(turn.tx, &trade_no, kind)?,
        }
    }
    Ok(())
}
