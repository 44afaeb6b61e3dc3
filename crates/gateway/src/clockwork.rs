//! What happens by itself when its time has come.

use danbao_engine::machine;
use danbao_engine::trade::Trade;
use danbao_protocol::ids::TradeNo;

use crate::delivery::BROKEN_ASIDE;
use crate::fault::Fault;
use crate::refunds;
use crate::rows::{apply, deadline, trade};
use crate::turn::Turn;

/// Deadlines taken in one transaction; what is left over is due at once again.
const DEADLINES_MAX: i64 = 200;

/// Lets every deadline that has come do what it is for, then takes the next items of refund batches.
pub(crate) fn run(turn: &mut Turn<'_>) -> Result<(), Fault> {
    for (trade_no, kind) in deadline::load_due(turn.tx, turn.now, DEADLINES_MAX)? {
        let trade = match load(turn, &trade_no) {
            Err(Fault::Invariant(what)) => {
                // One broken row must not stand in everybody's way.
                tracing::error!(trade_no = trade_no.as_str(), what, "a deadline cannot be kept");
                deadline::put_off(turn.tx, &trade_no, kind, turn.now.plus(BROKEN_ASIDE))?;
                continue;
            }
            loaded => loaded?,
        };
        match machine::expire(&trade, kind, &turn.config.clocks, turn.now) {
            Some(change) => {
                apply::apply(turn, &change)?;
            }
            None => deadline::delete(turn.tx, &trade_no, kind)?,
        }
    }
    refunds::run(turn)
}

fn load(turn: &mut Turn<'_>, trade_no: &TradeNo) -> Result<Trade, Fault> {
    trade::load(turn.tx, trade_no)?
        .ok_or_else(|| Fault::invariant(format!("a deadline without its trade {trade_no}")))
}
