//! What happens by itself when its time has come.

use danbao_engine::deadlines::DeadlineKind;
use danbao_engine::machine;
use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::ids::TradeNo;

use crate::delivery::BROKEN_ASIDE;
use crate::refunds;
use crate::rows::deadline::DueDeadline;
use crate::rows::{apply, deadline, trade};
use crate::setbacks::Work;
use crate::turn::Turn;

/// Deadlines taken in one transaction; what is left over is due at once again.
const DEADLINES_MAX: usize = 200;

/// Lets every deadline that has come do what it is for, then takes the next items of refund batches. A batch does not
/// overtake deadlines: what could be refunded until yesterday is over, also when the clock has jumped over both.
pub(crate) fn run(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let limit = i64::try_from(DEADLINES_MAX).unwrap_or(i64::MAX);
    let due = deadline::load_due(turn.tx, turn.now, limit)?;
    for deadline in &due {
        let work = Work::Deadline(deadline.trade_no.clone(), deadline.kind.clone());
        if turn.memory.setbacks.may_begin(work) {
            keep(turn, deadline)?;
        } else {
            put_off(turn, deadline)?;
        }
    }
    turn.memory.setbacks.end();
    if due.len() < DEADLINES_MAX { refunds::run(turn) } else { Ok(()) }
}

fn keep(turn: &mut Turn<'_>, due: &DueDeadline) -> Result<(), Fault> {
    let broken = |what: String| Fault::invariant(format!("{} {}: {what}", due.trade_no, due.kind));
    let kind = DeadlineKind::from_name(&due.kind).ok_or_else(|| broken("no such deadline".to_owned()))?;
    let trade = load(turn, &due.trade_no)?;
    match machine::expire(&trade, kind, &turn.config.clocks, turn.now) {
        Ok(Some(change)) => apply::apply(turn, &change).map(|_| ()),
        Ok(None) => deadline::delete(turn.tx, &due.trade_no, kind),
        Err(refusal) => Err(broken(refusal.to_string())),
    }
}

/// A deadline that cannot be kept must not stand in everybody's way.
fn put_off(turn: &mut Turn<'_>, due: &DueDeadline) -> Result<(), Fault> {
    deadline::put_off(turn.tx, due, turn.now.plus(BROKEN_ASIDE))
}

fn load(turn: &mut Turn<'_>, trade_no: &TradeNo) -> Result<Trade, Fault> {
    trade::load(turn.tx, trade_no)?
        .ok_or_else(|| Fault::invariant(format!("a deadline without its trade {trade_no}")))
}
