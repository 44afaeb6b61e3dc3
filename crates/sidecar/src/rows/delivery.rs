//! Events on their way to the shop.

use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Reader, Row};

use super::event::EventRow;

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
    /// What came of the last try, in a word.
    pub(crate) outcome: Option<String>,
    /// The beginning of what the shop answered to it, if it did not take it.
    pub(crate) answer: Option<String>,
    /// When that was known.
    pub(crate) tried_at: Option<Timestamp>,
}

/// What came of a try.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tried<'a> {
    pub(crate) outcome: &'a str,
    pub(crate) answer: Option<&'a str>,
    pub(crate) at: Timestamp,
}

/// The states of a delivery that a person may have to look at. Each has an index of its own, so the state stands in the
/// text of the SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undelivered {
    Waiting,
    GivenUp,
}

impl Undelivered {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Undelivered::Waiting => "waiting",
            Undelivered::GivenUp => "given_up",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Undelivered> {
        [Undelivered::Waiting, Undelivered::GivenUp].into_iter().find(|known| known.as_str() == word)
    }
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
         ON CONFLICT (seq) DO UPDATE SET state = 'waiting', tries = 0, awaiting = 0, due_at = $3, outcome = NULL,
             answer = NULL, tried_at = NULL",
        &[seq.into(), order_no.into(), now.0.into()],
    )?;
    Ok(())
}

/// Takes what is due, at most `count`, until `leased_until`: if nothing is heard, because the process that has asked is gone,
/// it falls due again by itself, and the same try is made again. Counted anew, a process that dies often would use up the
/// tries of three days in an hour.
pub(crate) fn claim_due(
    conn: &mut dyn Conn,
    now: Timestamp,
    leased_until: Timestamp,
    count: i64,
) -> Result<Vec<Claimed>, Error> {
    let rows = conn.query(
        &format!(
            "UPDATE delivery SET tries = tries + 1 - awaiting, awaiting = 1, due_at = $1
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
    tried: Tried<'_>,
    due_at: Option<Timestamp>,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE delivery SET state = $1, outcome = $2, answer = $3, tried_at = $4, awaiting = 0, due_at = $5
         WHERE seq = $6 AND tries = $7 AND awaiting = 1",
        &[
            state.into(),
            tried.outcome.into(),
            tried.answer.into(),
            tried.at.0.into(),
            due_at.map(|at| at.0).into(),
            claimed.seq.into(),
            claimed.nth.into(),
        ],
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
    let sql = "SELECT state, tries, due_at, outcome, answer, tried_at FROM delivery WHERE seq = $1";
    let row = conn.query_opt(sql, &[seq.into()])?;
    row.map(|row| read(&mut row.reader())).transpose()
}

fn read(columns: &mut Reader<'_>) -> Result<DeliveryRow, Error> {
    Ok(DeliveryRow {
        state: columns.next()?,
        tries: columns.next()?,
        due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        outcome: columns.next()?,
        answer: columns.next()?,
        tried_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}

/// The deliveries in a state after a place, at most `count`, with their events.
pub(crate) fn undelivered(
    conn: &mut dyn Conn,
    state: Undelivered,
    seq: i64,
    count: i64,
) -> Result<Vec<(EventRow, DeliveryRow)>, Error> {
    let rows = conn.query(&undelivered_sql(state), &[seq.into(), count.into()])?;
    let both = |row: &Row| {
        let mut columns = row.reader();
        let event = EventRow {
            seq: columns.next()?,
            id: columns.next()?,
            order_no: columns.next()?,
            at: Timestamp(columns.next()?),
            body: columns.next()?,
        };
        Ok((event, read(&mut columns)?))
    };
    rows.iter().map(both).collect()
}

/// How many deliveries are in a state, counted up to `most`.
pub(crate) fn count(conn: &mut dyn Conn, state: Undelivered, most: i64) -> Result<i64, Error> {
    conn.query_one(&count_sql(state), &[most.into()])?.get(0)
}

fn undelivered_sql(state: Undelivered) -> String {
    format!(
        "SELECT e.seq, e.id, e.order_no, e.at, e.body, d.state, d.tries, d.due_at, d.outcome, d.answer, d.tried_at
         FROM delivery d JOIN event e ON e.seq = d.seq
         WHERE d.state = '{}' AND d.seq > $1 ORDER BY d.seq LIMIT $2",
        state.as_str()
    )
}

fn count_sql(state: Undelivered) -> String {
    format!(
        "SELECT count(*) FROM (SELECT seq FROM delivery WHERE state = '{}' LIMIT $1) AS counted",
        state.as_str()
    )
}

/// When the oldest event that still waits was written.
pub(crate) fn oldest_waiting(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT e.at FROM delivery d JOIN event e ON e.seq = d.seq WHERE d.state = 'waiting'
               ORDER BY d.seq LIMIT 1";
    conn.query_opt(sql, &[])?.map(|row| row.get(0).map(Timestamp)).transpose()
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

#[cfg(test)]
mod tests {
    use danbao_store::testing::Database;
    use danbao_store::{Dialect, migrate};

    use super::*;

    /// Every delivery that ever was is in the table. Nobody who watches may go through all of it.
    #[test]
    fn what_is_late_or_was_given_up_is_found_by_an_index_and_not_by_going_through_the_table() {
        for database in Database::of_each_kind().unwrap() {
            let mut conn = database.connect().unwrap();
            if conn.dialect() != Dialect::Sqlite {
                continue;
            }
            migrate(&mut *conn, super::super::MIGRATIONS).unwrap();
            for state in [Undelivered::Waiting, Undelivered::GivenUp] {
                let index = format!("delivery_{}", state.as_str());
                for sql in [count_sql(state), undelivered_sql(state)] {
                    let plan = conn
                        .query(
                            &format!("EXPLAIN QUERY PLAN {sql}"),
                            &[1.into(), 1.into()][..sql.matches('$').count()],
                        )
                        .unwrap();
                    let plan: Vec<String> = plan.iter().map(|row| row.get::<String>(3).unwrap()).collect();
                    assert!(plan.iter().any(|step| step.contains(&index)), "{sql}: {plan:?}");
                    assert!(!plan.iter().any(|step| step.starts_with("SCAN e")), "{sql}: {plan:?}");
                }
            }
        }
    }
}
