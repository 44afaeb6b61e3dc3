//! Events on their way to the shop.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

/// A delivery that was taken to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Claimed {
    pub(crate) seq: i64,
    /// Which try this is, from 1.
    pub(crate) nth: i64,
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryRow {
    pub(crate) state: String,
    pub(crate) tries: i64,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) outcome: Option<String>,
}

/// First tries go in the order of the events, one of an order at a time; retries may interleave, and orders never wait
/// for each other.
const IS_FREE: &str = "NOT EXISTS (SELECT 1 FROM delivery e WHERE e.order_no = d.order_no AND e.seq < d.seq
    AND e.due_at IS NOT NULL AND (e.tries = 0 OR e.awaiting = 1))";

/// Plans an event's delivery for now, from the first try on, whatever came of earlier ones.
pub(crate) fn begin(conn: &mut dyn Conn, seq: i64, order_no: &str, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO delivery (seq, order_no, state, tries, awaiting, due_at, outcome)
         VALUES ($1, $2, 'waiting', 0, 0, $3, NULL)
         ON CONFLICT (seq) DO UPDATE SET state = 'waiting', tries = 0, awaiting = 0, due_at = $3, outcome = NULL",
        &[seq.into(), order_no.into(), now.0.into()],
    )?;
    Ok(())
}

/// Takes what is due, at most `count`, until `leased_until`: if nothing is heard, it falls due again by itself.
pub(crate) fn claim_due(
    conn: &mut dyn Conn,
    now: Timestamp,
    leased_until: Timestamp,
    count: i64,
) -> Result<Vec<Claimed>, Error> {
    let rows = conn.query(
        &format!(
            "UPDATE delivery SET tries = tries + 1, awaiting = 1, due_at = $1
             WHERE due_at <= $2 AND seq IN (
                 SELECT d.seq FROM delivery d WHERE d.due_at <= $2 AND {IS_FREE}
                 ORDER BY d.due_at, d.seq LIMIT $3)
             RETURNING seq, tries"
        ),
        &[leased_until.0.into(), now.0.into(), count.into()],
    )?;
    let read = |row: &danbao_store::Row| Ok(Claimed { seq: row.get(0)?, nth: row.get(1)? });
    let mut claimed = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    // RETURNING has no order.
    claimed.sort();
    Ok(claimed)
}

/// Writes down what came of a try, unless another try or a replay has begun since; whether it counted. `due_at` is when
/// to try again; without it the delivery is over.
pub(crate) fn settle(
    conn: &mut dyn Conn,
    claimed: Claimed,
    state: &str,
    outcome: &str,
    due_at: Option<Timestamp>,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE delivery SET state = $1, outcome = $2, awaiting = 0, due_at = $3
         WHERE seq = $4 AND tries = $5 AND awaiting = 1",
        &[state.into(), outcome.into(), due_at.map(|at| at.0).into(), claimed.seq.into(), claimed.nth.into()],
    )?;
    Ok(rows == 1)
}

/// When the next one is due that waits for no other.
pub(crate) fn next_due(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let row = conn.query_opt(
        &format!(
            "SELECT d.due_at FROM delivery d WHERE d.due_at IS NOT NULL AND {IS_FREE}
             ORDER BY d.due_at, d.seq LIMIT 1"
        ),
        &[],
    )?;
    row.map(|row| row.get(0).map(Timestamp)).transpose()
}

/// Finds an event's delivery.
pub(crate) fn load(conn: &mut dyn Conn, seq: i64) -> Result<Option<DeliveryRow>, Error> {
    let row =
        conn.query_opt("SELECT state, tries, due_at, outcome FROM delivery WHERE seq = $1", &[seq.into()])?;
    let read = |row: danbao_store::Row| {
        let mut columns = row.reader();
        Ok(DeliveryRow {
            state: columns.next()?,
            tries: columns.next()?,
            due_at: columns.next::<Option<i64>>()?.map(Timestamp),
            outcome: columns.next()?,
        })
    };
    row.map(read).transpose()
}

/// How many deliveries are in each state.
pub(crate) fn count_by_state(conn: &mut dyn Conn) -> Result<Vec<(String, i64)>, Error> {
    let rows = conn.query("SELECT state, count(*) FROM delivery GROUP BY state ORDER BY state", &[])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Since when an address wants no more; `None` if it does.
pub(crate) fn gone_since(conn: &mut dyn Conn, url: &str) -> Result<Option<Timestamp>, Error> {
    let row = conn.query_opt("SELECT gone_at FROM gone_endpoint WHERE url = $1", &[url.into()])?;
    row.map(|row| row.get(0).map(Timestamp)).transpose()
}

/// Notes that an address wants no more.
pub(crate) fn set_gone(conn: &mut dyn Conn, url: &str, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO gone_endpoint (url, gone_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[url.into(), now.0.into()],
    )?;
    Ok(())
}

/// Forgets that an address wanted no more. Tries on their way are begun anew: what is still answered to them was said
/// before.
pub(crate) fn unset_gone(conn: &mut dyn Conn, url: &str, now: Timestamp) -> Result<(), Error> {
    conn.execute("DELETE FROM gone_endpoint WHERE url = $1", &[url.into()])?;
    conn.execute("UPDATE delivery SET awaiting = 0, due_at = $1 WHERE awaiting = 1", &[now.0.into()])?;
    Ok(())
}
