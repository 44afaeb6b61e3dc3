//! What happens by itself: due deadlines. Set and cleared by [`super::apply`] with the change that makes them.

use danbao_engine::deadlines::DeadlineKind;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use crate::fault::Fault;
use crate::rows::word;

/// Deadlines that have come, oldest first.
pub(crate) fn load_due(
    tx: &mut dyn Conn,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<(TradeNo, DeadlineKind)>, Fault> {
    let rows = tx.query(
        "SELECT trade_no, kind FROM deadline WHERE due_at <= $1 ORDER BY due_at, trade_no, kind LIMIT $2",
        &[Bind::Int(now.0), Bind::Int(limit)],
    )?;
    rows.iter()
        .map(|row| {
            let kind: String = row.get(1)?;
            Ok((TradeNo::new(row.get::<String>(0)?), word(&kind, DeadlineKind::from_name)?))
        })
        .collect()
}

/// The deadlines of one trade, by kind.
pub(crate) fn load_of(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
) -> Result<Vec<(DeadlineKind, Timestamp)>, Fault> {
    let rows = tx.query(
        "SELECT kind, due_at FROM deadline WHERE trade_no = $1 ORDER BY kind",
        &[Bind::Text(trade_no.as_str())],
    )?;
    rows.iter()
        .map(|row| Ok((word(&row.get::<String>(0)?, DeadlineKind::from_name)?, Timestamp(row.get(1)?))))
        .collect()
}

/// Strikes out one deadline that meant nothing any more.
pub(crate) fn delete(tx: &mut dyn Conn, trade_no: &TradeNo, kind: DeadlineKind) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM deadline WHERE trade_no = $1 AND kind = $2",
        &[Bind::Text(trade_no.as_str()), Bind::Text(kind.as_str())],
    )?;
    Ok(())
}

/// Puts one deadline off that cannot be kept now.
pub(crate) fn put_off(
    tx: &mut dyn Conn,
    trade_no: &TradeNo,
    kind: DeadlineKind,
    due_at: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE deadline SET due_at = $3 WHERE trade_no = $1 AND kind = $2",
        &[Bind::Text(trade_no.as_str()), Bind::Text(kind.as_str()), Bind::Int(due_at.0)],
    )?;
    Ok(())
}

/// When the next deadline comes.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_one("SELECT MIN(due_at) FROM deadline", &[])?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}
