//! Deaths of a disk: what a program is told, and what is there when it comes back.

use danbao_store::faulty::{Death, Disk};
use danbao_store::testing::Database;
use danbao_store::{Bind, Conn, Error, Tx, sqlite};

fn disk() -> Result<Disk, Error> {
    let mut conn = sqlite::memory()?;
    conn.batch("CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)")?;
    conn.batch("INSERT INTO account (id, balance) VALUES (1, 100), (2, 0)")?;
    Ok(Disk::new(conn))
}

/// Moves 1 fen, in `STATEMENTS` statements: transaction control counts as well.
fn pay(conn: &mut dyn Conn) -> Result<(), Error> {
    let mut tx = Tx::begin(conn)?;
    let balance: i64 = tx.query_one("SELECT balance FROM account WHERE id = 1", &[])?.get(0)?;
    tx.execute("UPDATE account SET balance = $1 WHERE id = 1", &[Bind::Int(balance - 1)])?;
    let mut inner = tx.savepoint()?;
    inner.execute("UPDATE account SET balance = balance + 1 WHERE id = 2", &[])?;
    inner.commit()?;
    tx.commit()
}

const STATEMENTS: u64 = 7;

fn balances(disk: &Disk) -> Result<Vec<i64>, Error> {
    disk.inspect(|conn| {
        let rows = conn.query("SELECT balance FROM account ORDER BY id", &[])?;
        rows.iter().map(|row| row.get(0)).collect()
    })
}

#[test]
fn a_payment_killed_before_any_of_its_statements_has_not_happened() -> Result<(), Error> {
    let disk = disk()?;
    for n in 1..=STATEMENTS {
        disk.plan(Some(Death::BeforeStatement(n)));
        let mut conn = disk.connect();
        assert!(matches!(pay(&mut *conn), Err(Error::Broken(_))), "statement {n}");
        assert_eq!(disk.planned(), None);
        assert_eq!(balances(&disk)?, [100, 0], "statement {n}");
        // The dead stay dead, and do not disturb those who come after them.
        assert!(matches!(conn.query("SELECT 1", &[]), Err(Error::Broken(_))));
        assert!(matches!(conn.rollback(), Err(Error::Broken(_))));
        pay(&mut *disk.connect())?;
        drop(conn);
        disk.inspect(|conn| conn.execute("UPDATE account SET balance = 100 * (2 - id)", &[]))?;
    }
    disk.plan(Some(Death::BeforeStatement(STATEMENTS + 1)));
    let mut conn = disk.connect();
    pay(&mut *conn)?;
    assert_eq!(balances(&disk)?, [99, 1]);
    assert_eq!(disk.planned(), Some(Death::BeforeStatement(1)));
    Ok(())
}

#[test]
fn a_payment_whose_commit_was_never_confirmed_has_happened() -> Result<(), Error> {
    let disk = disk()?;
    disk.plan(Some(Death::AfterCommit(2)));
    let mut conn = disk.connect();
    pay(&mut *conn)?;
    assert!(matches!(pay(&mut *conn), Err(Error::Broken(_))));
    assert!(matches!(pay(&mut *conn), Err(Error::Broken(_))));
    assert_eq!(balances(&disk)?, [98, 2]);
    pay(&mut *disk.connect())?;
    assert_eq!(balances(&disk)?, [97, 3]);
    Ok(())
}

#[test]
fn statements_are_counted_and_inspection_is_not() -> Result<(), Error> {
    let disk = disk()?;
    let mut conn = disk.connect();
    pay(&mut *conn)?;
    assert_eq!(balances(&disk)?, [99, 1]);
    assert_eq!(disk.statements(), STATEMENTS);
    Ok(())
}

#[test]
fn one_transaction_at_a_time_and_none_outlives_its_connection() -> Result<(), Error> {
    let disk = disk()?;
    let mut first = disk.connect();
    let mut second = disk.connect();
    first.begin()?;
    first.execute("UPDATE account SET balance = 0", &[])?;
    assert!(second.begin().is_err_and(|error| error.is_conflict()));
    drop(first);
    assert_eq!(balances(&disk)?, [100, 0]);
    pay(&mut *second)?;
    assert_eq!(balances(&disk)?, [99, 1]);
    Ok(())
}

#[test]
fn a_planned_death_can_be_called_off() -> Result<(), Error> {
    let disk = disk()?;
    disk.plan(Some(Death::BeforeStatement(2)));
    disk.plan(None);
    pay(&mut *disk.connect())?;
    Ok(())
}

#[test]
fn a_disk_in_front_of_either_database_dies_alike() -> Result<(), Error> {
    for database in Database::of_each_kind()? {
        let mut conn = database.connect()?;
        conn.batch("CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)")?;
        conn.batch("INSERT INTO account (id, balance) VALUES (1, 100), (2, 0)")?;
        let disk = Disk::new(conn);
        disk.plan(Some(Death::BeforeStatement(STATEMENTS)));
        assert!(matches!(pay(&mut *disk.connect()), Err(Error::Broken(_))));
        assert_eq!(balances(&disk)?, [100, 0]);
        disk.plan(Some(Death::AfterCommit(1)));
        assert!(matches!(pay(&mut *disk.connect()), Err(Error::Broken(_))));
        assert_eq!(balances(&disk)?, [99, 1]);
    }
    Ok(())
}
