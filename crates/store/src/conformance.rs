//! What a program may rely on with either database: one suite, run on both drivers.
//!
//! A behaviour is checked by assertions; an error is a failure as well.

use crate::conn::{Conn, Tx};
use crate::dialect::Dialect;
use crate::dump;
use crate::error::Error;
use crate::value::{Bind, Value};

/// Opens one more connection to the database under test.
pub type Connect<'a> = dyn FnMut() -> Result<Box<dyn Conn>, Error> + 'a;

/// One thing that both databases do alike.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// A sentence.
    pub name: &'static str,
    /// How many connections to the same database it needs: a database in memory has only one.
    pub connections: usize,
    /// Takes an empty database and panics if it does not behave.
    pub check: fn(&mut Connect<'_>) -> Result<(), Error>,
}

macro_rules! behaviours {
    ($($connections:literal $name:ident,)*) => {
        &[$(Behaviour { name: stringify!($name), connections: $connections, check: $name }),*]
    };
}

/// All of them.
pub const BEHAVIOURS: &[Behaviour] = behaviours! {
    1 values_come_back_as_they_were_written,
    1 placeholders_are_numbers_not_positions,
    1 a_dollar_in_a_literal_is_no_placeholder,
    1 changes_are_counted,
    1 a_second_row_with_the_same_key_is_refused_and_named,
    1 a_key_may_be_unique_among_some_rows_only,
    1 other_constraints_are_bugs,
    1 a_change_returns_what_it_wrote,
    1 due_work_is_claimed_once,
    1 counts_and_sums_are_numbers,
    1 texts_are_compared_letter_by_letter,
    1 floats_do_not_get_in,
    1 only_what_is_committed_stays,
    1 a_failed_statement_leaves_only_a_rollback,
    1 a_savepoint_fences_off_a_failure,
    1 savepoints_nest,
    1 misuse_is_refused_and_does_no_harm,
    1 a_statement_notices_a_new_column,
    1 a_dump_is_sorted_and_complete,
    2 what_is_not_committed_is_nobody_elses,
    2 a_dropped_connection_leaves_nothing_behind,
    2 of_two_who_decide_on_the_same_rows_one_must_retry,
};

const TABLE: &str = "
    CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, b BYTEA, n BIGINT);
    CREATE TABLE k (partner TEXT NOT NULL, out_trade_no TEXT NOT NULL, PRIMARY KEY (partner, out_trade_no))";

const INSERT: &str = "INSERT INTO t (id, a, b, n) VALUES ($1, $2, $3, $4)";

fn one(connect: &mut Connect<'_>) -> Result<Box<dyn Conn>, Error> {
    let mut conn = connect()?;
    conn.batch(TABLE)?;
    Ok(conn)
}

fn insert(conn: &mut dyn Conn, id: i64) -> Result<u64, Error> {
    conn.execute(INSERT, &[id.into(), "a".into(), Bind::Null, (id * 10).into()])
}

fn ids(conn: &mut dyn Conn) -> Result<Vec<i64>, Error> {
    conn.query("SELECT id FROM t ORDER BY id", &[])?.iter().map(|row| row.get(0)).collect()
}

fn values_come_back_as_they_were_written(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let all_bytes: Vec<u8> = (0..=255).collect();
    let rows = [
        [Value::Int(i64::MIN), Value::Text(String::new()), Value::Bytes(Vec::new()), Value::Int(i64::MAX)],
        [
            Value::Int(0),
            Value::Text("担保 🀄 'q' \"d\" \\ %_\n".into()),
            Value::Bytes(all_bytes),
            Value::Null,
        ],
        // What looks like a number stays what it is.
        [Value::Int(1), Value::Text("007".into()), Value::Bytes(b"12".to_vec()), Value::Int(-1)],
        [Value::Int(i64::MAX), Value::Text("1e3".into()), Value::Bytes(b"1e3".to_vec()), Value::Int(0)],
        [Value::Int(2), Value::Null, Value::Null, Value::Null],
    ];
    for row in &rows {
        let binds: Vec<Bind<'_>> = row.iter().map(Bind::from).collect();
        assert_eq!(conn.execute(INSERT, &binds)?, 1);
        let back = conn.query_one("SELECT id, a, b, n FROM t WHERE id = $1", &binds[..1])?;
        assert_eq!(back.values(), row);
    }
    let long = "长".repeat(100_000);
    conn.execute("UPDATE t SET a = $1, b = $2 WHERE id = 2", &[(&long).into(), long.as_bytes().into()])?;
    let back = conn.query_one("SELECT a, b FROM t WHERE id = 2", &[])?;
    assert_eq!((back.get::<&str>(0)?, back.get::<&[u8]>(1)?), (long.as_str(), long.as_bytes()));
    Ok(())
}

fn placeholders_are_numbers_not_positions(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    conn.execute(
        "INSERT INTO t (n, a, id, b) VALUES ($2, $3, $1, $4)",
        &[1.into(), 2.into(), "x".into(), b"y".into()],
    )?;
    let row = conn
        .query_one("SELECT id, n, a, b FROM t WHERE n = $2 AND id = $1 AND n > $1", &[1.into(), 2.into()])?;
    let mut row = row.reader();
    assert_eq!((row.next::<i64>()?, row.next::<i64>()?), (1, 2));
    assert_eq!((row.next::<&str>()?, row.next::<&[u8]>()?), ("x", b"y".as_slice()));
    // Eleven of them: `$1` is not the beginning of `$11`.
    let binds: Vec<Bind<'_>> = (1..=11).map(|n: i64| Bind::Int(n)).collect();
    let sum = "SELECT CAST($11 AS BIGINT) * 100 + CAST($1 AS BIGINT), \
               CAST($2 AS BIGINT) + $3 + $4 + $5 + $6 + $7 + $8 + $9 + $10";
    let row = conn.query_one(sum, &binds)?;
    assert_eq!((row.get::<i64>(0)?, row.get::<i64>(1)?), (1101, 54));
    Ok(())
}

fn a_dollar_in_a_literal_is_no_placeholder(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let sql = "SELECT 'a$1''$2', /* $3 */ CAST($1 AS BIGINT) AS \"x$4\" -- $5";
    let row = conn.query_one(sql, &[7.into()])?;
    assert_eq!((row.get::<&str>(0)?, row.get::<i64>(1)?), ("a$1'$2", 7));
    Ok(())
}

fn changes_are_counted(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    for id in 1..=3 {
        assert_eq!(insert(&mut *conn, id)?, 1);
    }
    // A row that is written as it was counts as well.
    assert_eq!(conn.execute("UPDATE t SET n = n WHERE id <= $1", &[2.into()])?, 2);
    assert_eq!(conn.execute("UPDATE t SET n = 0 WHERE id = $1", &[9.into()])?, 0);
    let upsert = "INSERT INTO t (id, n) VALUES ($1, 5) ON CONFLICT (id) DO NOTHING";
    assert_eq!(conn.execute(upsert, &[1.into()])?, 0);
    assert_eq!(conn.execute(upsert, &[4.into()])?, 1);
    assert_eq!(conn.execute("DELETE FROM t", &[])?, 4);
    assert_eq!(conn.query("UPDATE t SET n = 1", &[])?, vec![]);
    Ok(())
}

fn a_second_row_with_the_same_key_is_refused_and_named(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    insert(&mut *conn, 1)?;
    assert!(matches!(insert(&mut *conn, 1), Err(Error::Unique { table, .. }) if table == "t"));
    let key = "INSERT INTO k (partner, out_trade_no) VALUES ($1, $2)";
    conn.execute(key, &["p".into(), "1".into()])?;
    conn.execute(key, &["p".into(), "2".into()])?;
    let refused = conn.execute(key, &["p".into(), "2".into()]);
    assert!(matches!(refused, Err(Error::Unique { table, .. }) if table == "k"));
    // Outside a transaction a failure leaves no trace.
    assert_eq!(ids(&mut *conn)?, [1]);
    Ok(())
}

fn a_key_may_be_unique_among_some_rows_only(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    conn.batch("CREATE UNIQUE INDEX t_open ON t (a) WHERE n IS NULL")?;
    let add = "INSERT INTO t (id, a, n) VALUES ($1, 'x', $2)";
    conn.execute(add, &[1.into(), Bind::Null])?;
    conn.execute(add, &[2.into(), 0.into()])?;
    conn.execute(add, &[3.into(), 0.into()])?;
    assert!(
        matches!(conn.execute(add, &[4.into(), Bind::Null]), Err(Error::Unique { table, .. }) if table == "t")
    );
    let other = "INSERT INTO t (id, a) VALUES ($1, 'x') ON CONFLICT (a) WHERE n IS NULL DO NOTHING";
    assert_eq!(conn.execute(other, &[5.into()])?, 0);
    Ok(())
}

fn other_constraints_are_bugs(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    conn.batch(
        "CREATE TABLE c (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n > 0), t_id BIGINT REFERENCES t (id))",
    )?;
    let add = "INSERT INTO c (id, n, t_id) VALUES ($1, $2, $3)";
    for binds in
        [[1.into(), 0.into(), Bind::Null], [1.into(), Bind::Null, Bind::Null], [1.into(), 1.into(), 9.into()]]
    {
        let refused = conn.execute(add, &binds);
        assert!(matches!(refused, Err(Error::Sql(_))), "{refused:?}");
    }
    insert(&mut *conn, 9)?;
    conn.execute(add, &[1.into(), 1.into(), 9.into()])?;
    Ok(())
}

fn a_change_returns_what_it_wrote(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let upsert = "INSERT INTO t (id, n) VALUES ($1, $2) \
                  ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n RETURNING id, n";
    for (added, total) in [(5, 5), (7, 12)] {
        let row = conn.query_one(upsert, &[1.into(), Bind::Int(added)])?;
        assert_eq!((row.get::<i64>(0)?, row.get::<i64>(1)?), (1, total));
    }
    assert_eq!(conn.query("UPDATE t SET n = 0 WHERE id = 2 RETURNING n", &[])?, vec![]);
    let gone = conn.query_one("DELETE FROM t WHERE id = 1 RETURNING n", &[])?;
    assert_eq!(gone.get::<i64>(0)?, 12);
    assert_eq!(ids(&mut *conn)?, []);
    Ok(())
}

fn due_work_is_claimed_once(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    for id in 1..=5 {
        insert(&mut *conn, id)?;
    }
    let claim = "UPDATE t SET n = $3 WHERE n <= $1 \
                 AND id IN (SELECT id FROM t WHERE n <= $1 ORDER BY n, id LIMIT $2) RETURNING id";
    let mut claimed = |now: i64, most: i64| -> Result<Vec<i64>, Error> {
        let rows = conn.query(claim, &[now.into(), most.into(), 1_000.into()])?;
        let mut ids = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, Error>>()?;
        ids.sort_unstable();
        Ok(ids)
    };
    assert_eq!(claimed(40, 3)?, [1, 2, 3]);
    assert_eq!(claimed(40, 3)?, [4]);
    assert_eq!(claimed(40, 3)?, []);
    Ok(())
}

fn counts_and_sums_are_numbers(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let sql =
        "SELECT count(*), CAST(sum(n) AS BIGINT), max(n), min(a), CAST(COALESCE(sum(n), 0) AS BIGINT) FROM t";
    let row = conn.query_one(sql, &[])?;
    assert_eq!(row.values(), [Value::Int(0), Value::Null, Value::Null, Value::Null, Value::Int(0)]);
    for id in 1..=3 {
        insert(&mut *conn, id)?;
    }
    let row = conn.query_one(sql, &[])?;
    assert_eq!(
        row.values(),
        [3, 60, 30]
            .map(Value::Int)
            .into_iter()
            .chain([Value::Text("a".into()), Value::Int(60)])
            .collect::<Vec<_>>()
    );
    let row = conn.query_one("SELECT n > 15, n = 0, -7 / 2, n IS NULL FROM t WHERE id = 2", &[])?;
    assert_eq!((row.get::<bool>(0)?, row.get::<bool>(1)?, row.get::<bool>(3)?), (true, false, false));
    assert_eq!(row.get::<i64>(2)?, -3);
    Ok(())
}

fn texts_are_compared_letter_by_letter(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    for (id, text) in [(1, "Ab"), (2, "ab"), (3, "ab "), (4, "é"), (5, "e\u{301}")] {
        conn.execute("INSERT INTO t (id, a) VALUES ($1, $2)", &[Bind::Int(id), text.into()])?;
    }
    let mut found = |condition: &str, text: &str| -> Result<Vec<i64>, Error> {
        let rows = conn.query(&format!("SELECT id FROM t WHERE {condition} ORDER BY id"), &[text.into()])?;
        rows.iter().map(|row| row.get(0)).collect()
    };
    assert_eq!(found("a = $1", "ab")?, [2]);
    assert_eq!(found("a = $1", "é")?, [4]);
    assert_eq!(found("a LIKE $1", "a%")?, [2, 3]);
    assert_eq!(found("a LIKE 'A' || $1", "_")?, [1]);
    assert_eq!(found("length(a) = length($1)", "xx")?, [1, 2, 5]);
    Ok(())
}

fn floats_do_not_get_in(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let refused = conn.query("SELECT CAST(1 AS DOUBLE PRECISION)", &[]);
    assert!(matches!(refused, Err(Error::Shape(_))), "{refused:?}");
    Ok(())
}

fn only_what_is_committed_stays(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 1)?;
    assert_eq!(ids(&mut *tx)?, [1]);
    tx.commit()?;
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 2)?;
    drop(tx);
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 3)?;
    tx.rollback()?;
    assert_eq!(ids(&mut *conn)?, [1]);
    conn.rollback()
}

fn a_failed_statement_leaves_only_a_rollback(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 1)?;
    assert!(insert(&mut *tx, 1).is_err_and(|error| error.is_unique()));
    assert!(matches!(insert(&mut *tx, 2), Err(Error::Sql(_))));
    assert!(matches!(ids(&mut *tx), Err(Error::Sql(_))));
    // A commit must not look as if it had kept anything.
    assert!(matches!(tx.commit(), Err(Error::Sql(_))));
    assert_eq!(ids(&mut *conn)?, []);
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 3)?;
    tx.commit()?;
    assert_eq!(ids(&mut *conn)?, [3]);
    Ok(())
}

fn a_savepoint_fences_off_a_failure(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 1)?;
    let mut inner = tx.savepoint()?;
    insert(&mut *inner, 2)?;
    assert!(insert(&mut *inner, 1).is_err_and(|error| error.is_unique()));
    assert!(matches!(inner.commit(), Err(Error::Sql(_))));
    let mut inner = tx.savepoint()?;
    insert(&mut *inner, 3)?;
    inner.commit()?;
    insert(&mut *tx, 4)?;
    tx.commit()?;
    assert_eq!(ids(&mut *conn)?, [1, 3, 4]);
    Ok(())
}

fn savepoints_nest(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    let mut tx = Tx::begin(&mut *conn)?;
    insert(&mut *tx, 1)?;
    let mut outer = tx.savepoint()?;
    insert(&mut *outer, 2)?;
    let mut inner = outer.savepoint()?;
    insert(&mut *inner, 3)?;
    drop(inner);
    let mut inner = outer.savepoint()?;
    insert(&mut *inner, 4)?;
    inner.commit()?;
    assert_eq!(ids(&mut *outer)?, [1, 2, 4]);
    drop(outer);
    tx.commit()?;
    assert_eq!(ids(&mut *conn)?, [1]);
    Ok(())
}

fn misuse_is_refused_and_does_no_harm(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    assert!(matches!(conn.commit(), Err(Error::Sql(_))));
    assert!(matches!(conn.savepoint(), Err(Error::Sql(_))));
    assert!(matches!(conn.release(), Err(Error::Sql(_))));
    conn.rollback()?;
    conn.rollback_to()?;
    conn.begin()?;
    assert!(matches!(conn.begin(), Err(Error::Sql(_))));
    insert(&mut *conn, 1)?;
    conn.commit()?;
    let wrong: [(&str, &[Bind<'_>]); 6] = [
        ("SELEC 1", &[]),
        ("INSERT INTO nowhere (id) VALUES (1)", &[]),
        ("UPDATE t SET n = $1", &[]),
        ("UPDATE t SET n = $1", &[Bind::Int(1), Bind::Int(2)]),
        ("UPDATE t SET a = $1", &[Bind::Text("nul\0")]),
        ("SELECT id FROM t", &[]),
    ];
    for (sql, binds) in wrong {
        let refused = conn.execute(sql, binds);
        assert!(matches!(refused, Err(Error::Sql(_))), "{sql}: {refused:?}");
    }
    assert!(matches!(conn.query("SELECT \"nowhere\" FROM t", &[]), Err(Error::Sql(_))));
    assert!(matches!(conn.query_one("SELECT id FROM t WHERE id = 9", &[]), Err(Error::Shape(_))));
    insert(&mut *conn, 2)?;
    assert!(matches!(conn.query_opt("SELECT id FROM t", &[]), Err(Error::Shape(_))));
    assert_eq!(ids(&mut *conn)?, [1, 2]);
    Ok(())
}

fn a_statement_notices_a_new_column(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    insert(&mut *conn, 1)?;
    assert_eq!(conn.query_one("SELECT * FROM t", &[])?.values().len(), 4);
    conn.batch("ALTER TABLE t ADD COLUMN more BIGINT; UPDATE t SET more = 6")?;
    let row = conn.query_one("SELECT * FROM t", &[])?;
    assert_eq!(row.get::<i64>(4)?, 6);
    Ok(())
}

fn a_dump_is_sorted_and_complete(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut conn = one(connect)?;
    for (id, a, b, n) in [(10, Some("é\n"), None, Some(1)), (9, None, Some(b"\x00\xff"), None)] {
        conn.execute(INSERT, &[Bind::Int(id), a.into(), b.into(), n.map(Bind::Int).into()])?;
    }
    let key = "INSERT INTO k (partner, out_trade_no) VALUES ($1, $2)";
    for partner in ["b", "a", "B"] {
        conn.execute(key, &[partner.into(), "1".into()])?;
    }
    let expected = "k\n  partner=\"B\" out_trade_no=\"1\"\n  partner=\"a\" out_trade_no=\"1\"\n  \
                    partner=\"b\" out_trade_no=\"1\"\n\
                    t\n  id=9 a=NULL b=x'00ff' n=NULL\n  id=10 a=\"é\\n\" b=NULL n=1\n";
    assert_eq!(dump::dump_all(&mut *conn)?, expected);
    assert!(expected.ends_with(&dump::dump(&mut *conn, &["t"])?));
    assert!(matches!(dump::dump(&mut *conn, &["nowhere"]), Err(Error::Sql(_))));
    Ok(())
}

fn what_is_not_committed_is_nobody_elses(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut writer = one(connect)?;
    let mut reader = connect()?;
    let mut tx = Tx::begin(&mut *writer)?;
    insert(&mut *tx, 1)?;
    assert_eq!(ids(&mut *reader)?, []);
    tx.commit()?;
    assert_eq!(ids(&mut *reader)?, [1]);
    Ok(())
}

fn a_dropped_connection_leaves_nothing_behind(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut stays = one(connect)?;
    let mut goes = connect()?;
    goes.begin()?;
    insert(&mut *goes, 1)?;
    drop(goes);
    assert_eq!(ids(&mut *stays)?, []);
    let mut tx = Tx::begin(&mut *stays)?;
    insert(&mut *tx, 1)?;
    tx.commit()
}

/// Each reads the sum and adds a row that is lawful only if the other's is not there: one must be told to try again,
/// at its beginning (SQLite) or at its end (PostgreSQL).
fn of_two_who_decide_on_the_same_rows_one_must_retry(connect: &mut Connect<'_>) -> Result<(), Error> {
    let mut first = one(connect)?;
    let mut second = connect()?;
    if second.dialect() == Dialect::Sqlite {
        second.query("PRAGMA busy_timeout = 20", &[])?;
    }
    insert(&mut *first, 1)?;
    let decide = |conn: &mut dyn Conn, id: i64| -> Result<(), Error> {
        let sum = conn.query_one("SELECT CAST(sum(n) AS BIGINT) FROM t", &[])?.get::<i64>(0)?;
        if sum == 10 { insert(conn, id).map(drop) } else { Ok(()) }
    };
    let mut one = Tx::begin(&mut *first)?;
    decide(&mut *one, 2)?;
    let late = Tx::begin(&mut *second).and_then(|mut two| {
        decide(&mut *two, 3)?;
        one.commit()?;
        two.commit()
    });
    assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
    let mut again = Tx::begin(&mut *second)?;
    decide(&mut *again, 3)?;
    again.commit()?;
    let kept = ids(&mut *second)?;
    assert_eq!(kept.len(), 2, "{kept:?}");
    Ok(())
}
