//! Carts.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

use crate::catalogue::{Line, QUANTITY_MAX};

/// What is in a visitor's cart, by id. What is no longer sold is left out.
pub(crate) fn load(conn: &mut dyn Conn, visitor: &str) -> Result<Vec<Line>, Error> {
    let rows = conn
        .query("SELECT good, quantity FROM cart_line WHERE visitor = $1 ORDER BY good", &[visitor.into()])?;
    let mut lines = Vec::new();
    for row in &rows {
        lines.extend(Line::new(row.get(0)?, row.get(1)?));
    }
    Ok(lines)
}

/// How many things are in a visitor's cart.
pub(crate) fn count(conn: &mut dyn Conn, visitor: &str) -> Result<i64, Error> {
    let row = conn.query_one(
        "SELECT CAST(COALESCE(sum(quantity), 0) AS BIGINT) FROM cart_line WHERE visitor = $1",
        &[visitor.into()],
    )?;
    row.get(0)
}

/// Adds so many of a thing, up to the most that an order may hold.
pub(crate) fn add(conn: &mut dyn Conn, visitor: &str, line: Line, now: Timestamp) -> Result<(), Error> {
    let here: i64 =
        load(conn, visitor)?.iter().filter(|l| l.good.id == line.good.id).map(|l| l.quantity).sum();
    set(conn, visitor, Line { quantity: (here + line.quantity).min(QUANTITY_MAX), ..line }, now)
}

/// Sets how many of a thing there are to be.
pub(crate) fn set(conn: &mut dyn Conn, visitor: &str, line: Line, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO cart_line (visitor, good, quantity, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (visitor, good) DO UPDATE SET quantity = excluded.quantity, changed_at = excluded.changed_at",
        &[visitor.into(), line.good.id.into(), line.quantity.into(), now.0.into()],
    )?;
    Ok(())
}

/// Takes a thing out.
pub(crate) fn remove(conn: &mut dyn Conn, visitor: &str, good: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM cart_line WHERE visitor = $1 AND good = $2", &[visitor.into(), good.into()])?;
    Ok(())
}

/// Takes everything out.
pub(crate) fn clear(conn: &mut dyn Conn, visitor: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM cart_line WHERE visitor = $1", &[visitor.into()])?;
    Ok(())
}

/// Forgets some of what nobody has touched since: anybody may fill carts without end.
pub(crate) fn forget(conn: &mut dyn Conn, forget_before: Timestamp) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM cart_line WHERE changed_at < $1 AND visitor IN
             (SELECT visitor FROM cart_line WHERE changed_at < $1 ORDER BY changed_at LIMIT 100)",
        &[forget_before.0.into()],
    )?;
    Ok(())
}
