//! Bugs that are planted in the sidecar and in the shops behind it: the audit finds each of them.

use danbao_sim::sidecar_life::{Care, Cast, draw, live};
use danbao_store::{Bind, Conn, Dialect, Error, Row};

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
    is_found(
        Cast { sidecar_conn: |conn| Planted::boxed(conn, Plant::Dropped), ..Cast::PRODUCT },
        "stands at",
    );
}

#[test]
fn a_sidecar_that_writes_an_event_twice_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Plant::Doubled), ..Cast::PRODUCT };
    is_found(cast, "feed shop: packed were");
}

#[test]
fn a_sidecar_that_forgets_what_it_answered_to_a_key_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Plant::Forgetful), ..Cast::PRODUCT };
    is_found(cast, "was not ordered");
}

#[test]
fn a_sidecar_that_never_asks_by_itself_is_found() {
    let cast = Cast { sidecar_conn: |conn| Planted::boxed(conn, Plant::NeverAsks), ..Cast::PRODUCT };
    is_found(cast, "last told was");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    /// Every third event is not written, nor is its delivery.
    Dropped,
    /// Every event of a payment is written once more, under a name and a place of its own.
    Doubled,
    /// No answer is kept under its Idempotency-Key.
    Forgetful,
    /// No trade is ever asked after.
    NeverAsks,
}

/// A connection on which a statement is not what it should be.
struct Planted {
    conn: Box<dyn Conn>,
    plant: Plant,
}

impl Planted {
    fn boxed(conn: Box<dyn Conn>, plant: Plant) -> Box<dyn Conn> {
        Box::new(Planted { conn, plant })
    }

    /// The same event again, as if it had been written by two.
    fn double(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<(), Error> {
        let [Bind::Int(seq), Bind::Text(id), order_no, at, Bind::Text(body)] = binds else { return Ok(()) };
        let next = seq + 1;
        let tail = id.rsplit('_').next().unwrap_or_default();
        let second = format!("evt_{next:016}_{tail}");
        let body = body.replace(*id, &second);
        self.conn.execute("UPDATE counter SET value = value + 1 WHERE name = 'event'", &[])?;
        self.conn.execute(sql, &[next.into(), (&second).into(), *order_no, *at, (&body).into()])?;
        Ok(())
    }
}

fn is_third(binds: &[Bind<'_>]) -> bool {
    matches!(binds.first(), Some(Bind::Int(seq)) if seq % 3 == 0)
}

impl Conn for Planted {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        let is_event = sql.starts_with("INSERT INTO event ");
        let is_told = is_event || sql.starts_with("INSERT INTO delivery ");
        let is_paid = is_event && matches!(binds, [.., Bind::Text(body)] if body.contains("\"order.paid\""));
        match self.plant {
            Plant::Dropped if is_told && is_third(binds) => return Ok(1),
            Plant::Doubled if is_paid => self.double(sql, binds)?,
            Plant::Forgetful if sql.starts_with("INSERT INTO idempotency ") => return Ok(1),
            _ => {}
        }
        self.conn.execute(sql, binds)
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        match self.plant {
            Plant::NeverAsks if sql.starts_with("UPDATE payment_request SET query_due_at") => Ok(Vec::new()),
            Plant::NeverAsks if sql.starts_with("SELECT min(query_due_at)") => {
                self.conn.query("SELECT min(query_due_at) FROM payment_request WHERE 1 = 0", &[])
            }
            _ => self.conn.query(sql, binds),
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.conn.commit()
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.conn.rollback()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.conn.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.conn.release()
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.conn.rollback_to()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.conn.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }
}
