//! Events, in the order of the changes that they tell of.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventRow {
    /// Its place, from 1 and without gaps.
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) order_no: String,
    pub(crate) at: Timestamp,
    /// JSON, as the feed shows it and a webhook carries it.
    pub(crate) body: String,
}

const COLUMNS: &str = "seq, id, order_no, at, body";

/// Writes an event.
pub(crate) fn insert(conn: &mut dyn Conn, event: &EventRow) -> Result<(), Error> {
    conn.execute(
        &format!("INSERT INTO event ({COLUMNS}) VALUES ($1, $2, $3, $4, $5)"),
        &[
            event.seq.into(),
            (&event.id).into(),
            (&event.order_no).into(),
            event.at.0.into(),
            (&event.body).into(),
        ],
    )?;
    Ok(())
}

/// Finds an event by its place.
pub(crate) fn load(conn: &mut dyn Conn, seq: i64) -> Result<Option<EventRow>, Error> {
    let row = conn.query_opt(&format!("SELECT {COLUMNS} FROM event WHERE seq = $1"), &[seq.into()])?;
    row.as_ref().map(read).transpose()
}

/// The events after a place, at most `count`; of one order, if it is named.
pub(crate) fn after(
    conn: &mut dyn Conn,
    seq: i64,
    order_no: Option<&str>,
    count: i64,
) -> Result<Vec<EventRow>, Error> {
    let rows = match order_no {
        None => conn.query(
            &format!("SELECT {COLUMNS} FROM event WHERE seq > $1 ORDER BY seq LIMIT $2"),
            &[seq.into(), count.into()],
        )?,
        Some(order_no) => conn.query(
            &format!("SELECT {COLUMNS} FROM event WHERE order_no = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
            &[order_no.into(), seq.into(), count.into()],
        )?,
    };
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<EventRow, Error> {
    let mut columns = row.reader();
    Ok(EventRow {
        seq: columns.next()?,
        id: columns.next()?,
        order_no: columns.next()?,
        at: Timestamp(columns.next()?),
        body: columns.next()?,
    })
}
