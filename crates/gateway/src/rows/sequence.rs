//! Series of numbers that are never used twice.

use danbao_node::Fault;
use danbao_store::{Bind, Conn};

/// Reserves the next `count` numbers of a series, which starts at 1, and returns the first number after them.
pub(crate) fn reserve(tx: &mut dyn Conn, series: &str, count: i64) -> Result<i64, Fault> {
    let row = tx.query_one(
        "INSERT INTO sequence (name, next) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET next = sequence.next + $3 RETURNING next",
        &[Bind::Text(series), Bind::Int(1 + count), Bind::Int(count)],
    )?;
    Ok(row.get(0)?)
}
