//! Forgetting: only when it is due, apart from everything else, and left alone after a setback.
#![expect(clippy::unwrap_used, reason = "a test")]

use danbao_node::{Fault, Sweep};
use danbao_protocol::time::Timestamp;
use danbao_store::faulty::{Death, Disk};
use danbao_store::{Error, Tx};

const NOW: Timestamp = Timestamp(1_330_000_000_000);
const HOUR_MS: i64 = 3_600_000;

fn disk() -> Disk {
    let mut conn = danbao_store::open("sqlite::memory:").unwrap();
    conn.batch("CREATE TABLE kept (n BIGINT PRIMARY KEY)").unwrap();
    conn.batch("INSERT INTO kept (n) VALUES (1), (2), (3)").unwrap();
    Disk::new(conn)
}

fn left(disk: &Disk) -> i64 {
    disk.inspect(|conn| conn.query_one("SELECT COUNT(*) FROM kept", &[])).unwrap().get(0).unwrap()
}

fn one(tx: &mut Tx<'_>) -> Result<u64, Fault> {
    Ok(tx.execute("DELETE FROM kept WHERE n = (SELECT MIN(n) FROM kept)", &[])?)
}

#[test]
fn a_slice_is_taken_when_it_is_due_and_not_before() {
    let disk = disk();
    let (mut conn, mut sweep) = (disk.connect(), Sweep::default());
    let later = Some(Timestamp(NOW.0 + 1));
    sweep.run(&mut *conn, NOW, |_| Ok(None), one).unwrap();
    sweep.run(&mut *conn, NOW, |_| Ok(later), one).unwrap();
    assert_eq!((left(&disk), sweep.next(later)), (3, later));
    sweep.run(&mut *conn, NOW, |_| Ok(Some(NOW)), one).unwrap();
    assert_eq!((left(&disk), sweep.next(Some(NOW))), (2, Some(NOW)), "and the next one at once");
    assert_eq!(sweep.next(None), None);
}

#[test]
fn a_slice_that_fails_changes_nothing_kills_nobody_and_waits_for_an_hour() {
    let disk = disk();
    let (mut conn, mut sweep) = (disk.connect(), Sweep::default());
    let bug = |tx: &mut Tx<'_>| one(tx).and_then(|_| Err(Fault::invariant("a bug")));
    sweep.run(&mut *conn, NOW, |_| Ok(Some(NOW)), bug).unwrap();
    let again = Timestamp(NOW.0 + HOUR_MS);
    assert_eq!((left(&disk), sweep.next(Some(NOW))), (3, Some(again)));
    sweep.run(&mut *conn, Timestamp(again.0 - 1), |_| Ok(Some(NOW)), one).unwrap();
    assert_eq!(left(&disk), 3, "left alone");
    sweep.run(&mut *conn, again, |_| Ok(Some(NOW)), one).unwrap();
    assert_eq!((left(&disk), sweep.next(Some(NOW))), (2, Some(NOW)));
}

#[test]
fn what_others_are_at_or_still_need_is_looked_at_again_soon() {
    let disk = disk();
    let mut conn = disk.connect();
    let busy = |_: &mut Tx<'_>| Err(Fault::Store(Error::Conflict("others".into())));
    let none = |_: &mut Tx<'_>| Ok(0);
    for setback in [busy as fn(&mut Tx<'_>) -> Result<u64, Fault>, none] {
        let mut sweep = Sweep::default();
        sweep.run(&mut *conn, NOW, |_| Ok(Some(NOW)), setback).unwrap();
        assert_eq!(sweep.next(Some(NOW)), Some(Timestamp(NOW.0 + 10_000)), "and not at once, over and over");
    }
}

#[test]
fn a_database_that_is_gone_is_the_end_of_the_node() {
    let disk = disk();
    for nth in 1..4 {
        let mut conn = disk.connect();
        disk.plan(Some(Death::BeforeStatement(nth)));
        let died = Sweep::default().run(&mut *conn, NOW, |_| Ok(Some(NOW)), one);
        assert!(died.is_err() || left(&disk) < 3, "statement {nth}");
        disk.plan(None);
    }
}
