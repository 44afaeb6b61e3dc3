//! Opening databases, and losing them.

use danbao_store::testing::Database;
use danbao_store::{Dialect, Error, open};

#[test]
fn a_url_names_a_database() -> Result<(), Error> {
    assert_eq!(open("sqlite::memory:")?.dialect(), Dialect::Sqlite);
    let database = Database::sqlite()?;
    open(database.url())?.batch("CREATE TABLE t (id BIGINT)")?;
    // The same file by its bare path.
    let path = database.url().trim_start_matches("sqlite://");
    assert_eq!(open(path)?.query("SELECT id FROM t", &[])?, vec![]);
    for wrong in [
        "mysql://h/d",
        "sqlite:///nowhere/at/all/x.db",
        "postgres:///d?host=/nowhere&user=u",
        "postgres://h:x/",
    ] {
        let refused = open(wrong).map(|conn| conn.dialect());
        assert!(matches!(refused, Err(Error::Open(_))), "{wrong}: {refused:?}");
    }
    Ok(())
}

#[test]
fn a_file_is_written_so_that_a_loss_of_power_does_not_lose_a_commit() -> Result<(), Error> {
    let database = Database::sqlite()?;
    let mut conn = database.connect()?;
    let mut pragma = |name: &str| conn.query_one(&format!("PRAGMA {name}"), &[]);
    assert_eq!(pragma("journal_mode")?.get::<&str>(0)?, "wal");
    assert_eq!(pragma("synchronous")?.get::<i64>(0)?, 2);
    assert_eq!(pragma("foreign_keys")?.get::<i64>(0)?, 1);
    Ok(())
}

#[test]
fn bytes_that_look_like_a_number_stay_bytes() -> Result<(), Error> {
    let mut conn = open("sqlite::memory:")?;
    conn.batch("CREATE TABLE t (b BYTEA)")?;
    conn.execute("INSERT INTO t (b) VALUES ($1)", &[b"0012".into()])?;
    let kept = conn.query_one("SELECT b, typeof(b) FROM t", &[])?;
    assert_eq!((kept.get::<&[u8]>(0)?, kept.get::<&str>(1)?), (b"0012".as_slice(), "blob"));
    Ok(())
}

#[test]
fn a_lost_connection_is_broken_for_good() -> Result<(), Error> {
    let Some(database) = Database::postgres()? else { return Ok(()) };
    let mut killer = database.connect()?;
    let mut conn = database.connect()?;
    conn.batch("CREATE TABLE t (id BIGINT PRIMARY KEY)")?;
    let server = conn.query_one("SELECT CAST(pg_backend_pid() AS BIGINT)", &[])?.get::<i64>(0)?;
    conn.begin()?;
    conn.execute("INSERT INTO t (id) VALUES (1)", &[])?;
    killer.query("SELECT pg_terminate_backend(CAST(CAST($1 AS BIGINT) AS INTEGER))", &[server.into()])?;
    let lost = conn.commit();
    assert!(matches!(lost, Err(Error::Broken(_))), "{lost:?}");
    assert!(matches!(conn.query("SELECT 1", &[]), Err(Error::Broken(_))));
    assert!(matches!(conn.begin(), Err(Error::Broken(_))));
    assert!(matches!(conn.rollback(), Err(Error::Broken(_))));
    assert_eq!(killer.query("SELECT id FROM t", &[])?, vec![]);
    Ok(())
}

#[test]
fn postgres_is_asked_for_what_it_takes_a_bind_to_be() -> Result<(), Error> {
    let Some(database) = Database::postgres()? else { return Ok(()) };
    let mut conn = database.connect()?;
    let wrong = conn.query("SELECT length($1)", &[7.into()]);
    assert!(matches!(wrong, Err(Error::Sql(_))), "{wrong:?}");
    let too_large = conn.query("SELECT 1 WHERE 1 = $1", &[(1_i64 << 40).into()]);
    assert!(matches!(too_large, Err(Error::Sql(_))), "{too_large:?}");
    assert_eq!(conn.query("SELECT 1 WHERE 1 = $1", &[1.into()])?.len(), 1);
    assert!(matches!(conn.query("SELECT 1.5", &[]), Err(Error::Shape(_))));
    Ok(())
}
