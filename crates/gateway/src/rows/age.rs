//! What a sandbox keeps for a while only: the feed of sends that are over, and fault plans with what they did. Notices,
//! their attempts and their resends are the record and stay: a notice may be acknowledged by a resend alone.

use danbao_node::Fault;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

/// The oldest line of the feed that may go: its number, and when its send was over. The last line never goes: the next
/// number is counted from it.
pub(crate) fn first_told(tx: &mut dyn Conn) -> Result<Option<(i64, Timestamp)>, Fault> {
    let row = tx.query_opt(
        "SELECT telling_no, at FROM telling
         WHERE telling_no < (SELECT MAX(telling_no) FROM telling) ORDER BY telling_no LIMIT 1",
        &[],
    )?;
    row.map(|row: Row| Ok((row.get(0)?, Timestamp(row.get(1)?)))).transpose()
}

/// Deletes lines from the beginning of the feed, at most so many: those up to a number, and those that were over before
/// an instant. What is left has no gaps. How many lines those were.
pub(crate) fn forget_tellings(
    tx: &mut dyn Conn,
    up_to: i64,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Fault> {
    let rows = tx.query(
        "SELECT telling_no, at FROM telling WHERE telling_no < (SELECT MAX(telling_no) FROM telling)
         ORDER BY telling_no LIMIT $1",
        &[Bind::Int(limit)],
    )?;
    let mut last = None;
    for row in &rows {
        let (number, at): (i64, i64) = (row.get(0)?, row.get(1)?);
        if number > up_to && at >= before.0 {
            break;
        }
        last = Some(number);
    }
    let Some(last) = last else { return Ok(0) };
    Ok(tx.execute("DELETE FROM telling WHERE telling_no <= $1", &[Bind::Int(last)])?)
}

/// The fault plan that ended first, and when. The newest plan never goes: the next number is counted from it.
pub(crate) fn first_ended(tx: &mut dyn Conn) -> Result<Option<(i64, Timestamp)>, Fault> {
    let row = tx.query_opt(
        "SELECT plan_id, until_at FROM fault_plan
         WHERE plan_id < (SELECT MAX(plan_id) FROM fault_plan) ORDER BY until_at LIMIT 1",
        &[],
    )?;
    row.map(|row: Row| Ok((row.get(0)?, Timestamp(row.get(1)?)))).transpose()
}

/// Deletes a plan that is over, at most so many rows of it at a time: what it did, then the plan. What it did to a
/// notification that is still owed stays until that is over, and the plan with it: the tries of such a one begin anew
/// with the end of the plan.
pub(crate) fn forget_plan(tx: &mut dyn Conn, plan_id: i64, limit: i64) -> Result<u64, Fault> {
    let binds = [Bind::Int(plan_id), Bind::Int(limit)];
    let mishaps = tx.execute(
        "DELETE FROM mishap WHERE (thread, seq, attempt, fault) IN
             (SELECT m.thread, m.seq, m.attempt, m.fault FROM mishap m
              WHERE m.plan_id = $1 AND NOT EXISTS
                  (SELECT 1 FROM notice n WHERE n.thread = m.thread AND n.seq = m.seq AND n.due_at IS NOT NULL)
              LIMIT $2)",
        &binds,
    )?;
    if mishaps > 0 || tx.query_opt("SELECT 1 FROM mishap WHERE plan_id = $1 LIMIT 1", &binds[..1])?.is_some()
    {
        return Ok(mishaps);
    }
    let places = tx.execute(
        "DELETE FROM fault_place WHERE (plan_id, thread, seq) IN
             (SELECT plan_id, thread, seq FROM fault_place WHERE plan_id = $1 LIMIT $2)",
        &binds,
    )?;
    if places > 0 {
        return Ok(places);
    }
    let rules = tx.execute("DELETE FROM fault_rule WHERE plan_id = $1", &binds[..1])?;
    Ok(rules + tx.execute("DELETE FROM fault_plan WHERE plan_id = $1", &binds[..1])?)
}
