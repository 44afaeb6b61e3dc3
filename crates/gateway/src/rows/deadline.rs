//! What happens by itself: due deadlines. Set and cleared by [`super::apply`] with the change that makes them; only the
//! release of an account sets those of trades that it does not change itself.

use danbao_engine::deadlines::DeadlineKind;
use danbao_node::Fault;
use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use crate::rows::word;

/// A deadline that has come, its kind as it was written: one that cannot be read must be found all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueDeadline {
    pub(crate) trade_no: TradeNo,
    pub(crate) kind: String,
}

/// Deadlines that have come, oldest first.
pub(crate) fn load_due(tx: &mut dyn Conn, now: Timestamp, limit: i64) -> Result<Vec<DueDeadline>, Fault> {
    let rows = tx.query(
        "SELECT trade_no, kind FROM deadline WHERE due_at <= $1 ORDER BY due_at, trade_no, kind LIMIT $2",
        &[Bind::Int(now.0), Bind::Int(limit)],
    )?;
    rows.iter()
        .map(|row| Ok(DueDeadline { trade_no: TradeNo::new(row.get::<String>(0)?), kind: row.get(1)? }))
        .collect()
}

/// The account of this seller is released: what waits for it is due at once. One statement, however much that is.
pub(crate) fn plan_releases(tx: &mut dyn Conn, seller: &UserId, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO deadline (trade_no, kind, due_at)
         SELECT trade_no, 'release', CAST($2 AS BIGINT) FROM trade
         WHERE seller = $1 AND trade_status = 'TRADE_PENDING'
         ON CONFLICT (trade_no, kind) DO UPDATE SET due_at = excluded.due_at",
        &[Bind::Text(seller.as_str()), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// The account of this seller is frozen: what was not passed on yet waits again.
pub(crate) fn drop_releases(tx: &mut dyn Conn, seller: &UserId) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM deadline WHERE kind = 'release'
           AND trade_no IN (SELECT trade_no FROM trade WHERE seller = $1 AND trade_status = 'TRADE_PENDING')",
        &[Bind::Text(seller.as_str())],
    )?;
    Ok(())
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
pub(crate) fn put_off(tx: &mut dyn Conn, deadline: &DueDeadline, due_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE deadline SET due_at = $3 WHERE trade_no = $1 AND kind = $2",
        &[Bind::Text(deadline.trade_no.as_str()), Bind::Text(&deadline.kind), Bind::Int(due_at.0)],
    )?;
    Ok(())
}

/// When the next deadline comes.
pub(crate) fn next_due(tx: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_one("SELECT MIN(due_at) FROM deadline", &[])?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}
