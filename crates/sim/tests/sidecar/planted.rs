//! Bugs that are planted in the sidecar and in the shops behind it: the audit finds each of them.

use danbao_sim::sidecar_life::{Care, Cast, draw, live};
use danbao_sim::tampered::{Fate, Plant, Tampered, int, run, text};
use danbao_store::{Conn, Error, Value};

/// Seeds in one of which a bug must have shown.
const SEEDS: u64 = 12;

/// Whether a bug is found in one of the seeds, in these words.
fn is_found(cast: Cast, words: &str) {
    let mut others = Vec::new();
    for seed in 0..SEEDS {
        let findings = live(&draw(seed), cast, false).unwrap().findings;
        if findings.iter().any(|finding| finding.contains(words)) {
            return;
        }
        others.extend(findings);
    }
    panic!("nobody says {words:?}; said was {others:?}");
}

#[test]
fn a_shop_that_forgets_which_events_it_has_taken_in_is_found() {
    is_found(Cast { shop: Care::NoEventRow, ..Cast::PRODUCT }, "taken in 2 times");
}

#[test]
fn a_shop_that_believes_unsigned_webhooks_is_found() {
    is_found(Cast { shop: Care::NoSignature, ..Cast::PRODUCT }, "was never told by the sidecar");
}

#[test]
fn a_shop_that_keeps_its_place_in_another_transaction_is_found() {
    is_found(Cast { reader: Care::CursorFirst, ..Cast::PRODUCT }, "taken in 0 times");
}

#[test]
fn a_sidecar_that_drops_an_event_is_found() {
    is_found(Cast { sidecar_conn: |conn| Planted::boxed(conn, Bug::Dropped), ..Cast::PRODUCT }, "stands at");
}

#[test]
fn a_sidecar_that_writes_an_event_twice_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Bug::Doubled), ..Cast::PRODUCT };
    is_found(cast, "feed shop: packed were");
}

#[test]
fn a_sidecar_that_forgets_what_it_answered_to_a_key_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Bug::Forgetful), ..Cast::PRODUCT };
    is_found(cast, "was not ordered");
}

#[test]
fn a_sidecar_that_never_asks_by_itself_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Bug::NeverAsks), ..Cast::PRODUCT };
    is_found(cast, "last told was");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Every third event is not written, nor is its delivery.
    Dropped,
    /// Every event of a payment is written once more, under a name and a place of its own.
    Doubled,
    /// No answer is kept under its Idempotency-Key.
    Forgetful,
    /// No trade is ever asked after.
    NeverAsks,
}

/// One bug in the sidecar.
struct Planted(Bug);

impl Planted {
    fn boxed(conn: Box<dyn Conn>, bug: Bug) -> Box<dyn Conn> {
        Tampered::boxed(conn, Planted(bug))
    }
}

/// The same event again, as if it had been written by two.
fn double(conn: &mut dyn Conn, sql: &str, binds: &[Value]) -> Result<(), Error> {
    let [Value::Int(seq), Value::Text(id), order_no, at, Value::Text(body)] = binds else { return Ok(()) };
    let next = seq + 1;
    let tail = id.rsplit('_').next().unwrap_or_default();
    let second = format!("evt_{next:016}_{tail}");
    let body = body.replace(id, &second);
    conn.execute("UPDATE counter SET value = value + 1 WHERE name = 'event'", &[])?;
    let again = [Value::Int(next), Value::Text(second), order_no.clone(), at.clone(), Value::Text(body)];
    run(conn, sql, &again)?;
    Ok(())
}

impl Plant for Planted {
    fn execute(&mut self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let is_event = sql.starts_with("INSERT INTO event ");
        let is_told = is_event || sql.starts_with("INSERT INTO delivery ");
        let is_paid = is_event && text(binds, 4).contains("\"order.paid\"");
        match self.0 {
            Bug::Dropped if is_told && int(binds, 0) % 3 == 0 => return Ok(Fate::Skipped),
            Bug::Doubled if is_paid => double(conn, sql, binds)?,
            Bug::Forgetful if sql.starts_with("INSERT INTO idempotency ") => return Ok(Fate::Skipped),
            _ => {}
        }
        Ok(Fate::Done)
    }

    fn query(
        &mut self,
        _: &mut dyn Conn,
        sql: &str,
        binds: &mut Vec<Value>,
    ) -> Result<Option<String>, Error> {
        let none = match self.0 {
            Bug::NeverAsks if sql.starts_with("UPDATE payment_request SET query_due_at") => {
                "SELECT 1 FROM payment_request WHERE 1 = 0"
            }
            Bug::NeverAsks if sql.starts_with("SELECT min(query_due_at)") => {
                "SELECT min(query_due_at) FROM payment_request WHERE 1 = 0"
            }
            _ => return Ok(None),
        };
        binds.clear();
        Ok(Some(none.to_owned()))
    }
}
