//! Bringing a database to the program's shape, on both databases.

use std::thread;

use danbao_store::testing::Database;
use danbao_store::{Error, MigrateError, Migration, dump, migrate};

const FIRST: Migration = Migration {
    version: 1,
    name: "trades",
    sql: "CREATE TABLE trade (trade_no TEXT PRIMARY KEY, fee BIGINT)",
};
const SECOND: Migration = Migration {
    version: 2,
    name: "notices",
    sql: "CREATE TABLE notice (id BIGINT PRIMARY KEY); ALTER TABLE trade ADD COLUMN due_at BIGINT;
          INSERT INTO trade (trade_no, fee, due_at) VALUES ('1', 2, 3);",
};

#[test]
fn migrations_are_applied_once_and_in_order() -> Result<(), MigrateError> {
    for database in Database::of_each_kind()? {
        let mut conn = database.connect()?;
        assert_eq!(migrate(&mut *conn, &[FIRST])?, 1);
        assert_eq!(migrate(&mut *conn, &[FIRST])?, 0);
        assert_eq!(migrate(&mut *conn, &[FIRST, SECOND])?, 1);
        assert_eq!(migrate(&mut *conn, &[FIRST, SECOND])?, 0);
        let dump = dump::dump_all(&mut *conn)?;
        assert_eq!(dump, "notice\ntrade\n  trade_no=\"1\" fee=2 due_at=3\n");
    }
    Ok(())
}

#[test]
fn a_database_from_the_future_is_left_alone() -> Result<(), MigrateError> {
    for database in Database::of_each_kind()? {
        let mut conn = database.connect()?;
        migrate(&mut *conn, &[FIRST, SECOND])?;
        let refused = migrate(&mut *conn, &[FIRST]);
        assert_eq!(refused, Err(MigrateError::Future { found: 2, known: 1 }));
    }
    Ok(())
}

#[test]
fn a_migration_that_was_applied_may_not_change() -> Result<(), MigrateError> {
    for database in Database::of_each_kind()? {
        let mut conn = database.connect()?;
        migrate(&mut *conn, &[FIRST])?;
        for changed in [Migration { sql: "SELECT 1", ..FIRST }, Migration { name: "trade", ..FIRST }] {
            let refused = migrate(&mut *conn, &[changed, SECOND]);
            assert_eq!(refused, Err(MigrateError::Changed { version: 1, name: "trades".into() }));
        }
    }
    Ok(())
}

#[test]
fn a_migration_that_fails_leaves_nothing_of_itself() -> Result<(), MigrateError> {
    for database in Database::of_each_kind()? {
        let mut conn = database.connect()?;
        let broken =
            Migration { sql: "CREATE TABLE notice (id BIGINT); INSERT INTO nowhere VALUES (1)", ..SECOND };
        let refused = migrate(&mut *conn, &[FIRST, broken]);
        assert!(matches!(refused, Err(MigrateError::Store(Error::Sql(_)))), "{refused:?}");
        assert_eq!(dump::tables(&mut *conn)?, ["trade"]);
        assert_eq!(migrate(&mut *conn, &[FIRST, SECOND])?, 1);
    }
    Ok(())
}

#[test]
fn a_list_with_a_gap_is_a_bug() -> Result<(), MigrateError> {
    let database = Database::sqlite()?;
    let refused = migrate(&mut *database.connect()?, &[FIRST, Migration { version: 3, ..SECOND }]);
    assert_eq!(refused, Err(MigrateError::Order { wanted: 2, found: 3 }));
    Ok(())
}

#[test]
fn instances_that_start_together_migrate_once() -> Result<(), MigrateError> {
    for database in Database::of_each_kind()? {
        let applied = thread::scope(|scope| {
            let start = || migrate(&mut *database.connect()?, &[FIRST, SECOND]);
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect::<Result<Vec<_>, _>>()
        })?;
        assert_eq!(applied.iter().sum::<usize>(), 2, "{:?}: {applied:?}", database.dialect());
    }
    Ok(())
}
