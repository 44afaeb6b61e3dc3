//! SQLite, the embedded default: one file, one writer, the bundled library.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, ffi};

use crate::conn::Conn;
use crate::dialect::{self, Dialect};
use crate::error::Error;
use crate::state::{State, check_binds};
use crate::value::{Bind, Row, Value};

/// How long a statement waits for another process that writes.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// How long to wait before trying again to open a file that another process is opening.
const OPEN_PAUSE: Duration = Duration::from_millis(5);
/// Compiled statements and rewritten texts that are kept; more than a program of Danbao has.
const STATEMENTS_MAX: usize = 512;

/// One setting a line. `synchronous=FULL` is what makes a commit survive a loss of power; the cache is bounded at
/// 8 MiB and filled on demand; LIKE tells `a` from `A`, as PostgreSQL does.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -8192;
    PRAGMA trusted_schema = OFF;
    PRAGMA case_sensitive_like = ON;
";

/// Opens a database file, made if it is not there. Its directory must exist.
///
/// # Errors
/// [`Error::Open`].
pub fn open(path: &Path) -> Result<Box<dyn Conn>, Error> {
    connect(Connection::open(path), &path.display().to_string())
}

/// Opens a new database that lives in memory as long as this connection does.
///
/// # Errors
/// [`Error::Open`].
pub fn memory() -> Result<Box<dyn Conn>, Error> {
    connect(Connection::open_in_memory(), ":memory:")
}

fn connect(opened: rusqlite::Result<Connection>, name: &str) -> Result<Box<dyn Conn>, Error> {
    let cannot = |error: rusqlite::Error| Error::Open(format!("{name}: {error}"));
    let conn = opened.map_err(cannot)?;
    conn.busy_timeout(BUSY_WAIT).map_err(cannot)?;
    // A misspelt "name" must be an error, as on PostgreSQL, not a literal.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(cannot)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false).map_err(cannot)?;
    // One plan a statement: otherwise every new value of a bound limit has the statement prepared again, which costs
    // more than running it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(cannot)?;
    set_pragmas(&conn).map_err(cannot)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(Box::new(Sqlite { conn, rewritten: BTreeMap::new(), state: State::default() }))
}

/// Turning a new file into a WAL needs the file alone, and SQLite does not wait for that by itself: others that open it
/// at the same moment must.
#[expect(clippy::disallowed_methods, reason = "waits for another process, as SQLite's own busy handler does")]
fn set_pragmas(conn: &Connection) -> rusqlite::Result<()> {
    let mut left = BUSY_WAIT;
    loop {
        match conn.execute_batch(PRAGMAS) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && !left.is_zero() => {
                std::thread::sleep(OPEN_PAUSE);
                left = left.saturating_sub(OPEN_PAUSE);
            }
            done => return done,
        }
    }
}

struct Sqlite {
    conn: Connection,
    /// From the SQL of the caller to SQLite's, for texts with placeholders.
    rewritten: BTreeMap<Box<str>, Box<str>>,
    state: State,
}

impl Sqlite {
    /// The compiled statement, its arguments bound.
    fn bound(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<CachedStatement<'_>, Error> {
        let rewritten = rewritten(&mut self.rewritten, sql);
        let mut statement = self.conn.prepare_cached(rewritten).map_err(|e| translate(&e))?;
        check_binds(sql, statement.parameter_count(), binds)?;
        for (index, bind) in binds.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, bind).map_err(|e| translate(&e))?;
        }
        Ok(statement)
    }

    /// A statement of transaction control, outside the rules for those of the caller.
    fn control(&self, sql: &str) -> Result<(), Error> {
        let mut statement = self.conn.prepare_cached(sql).map_err(|e| translate(&e))?;
        statement.raw_execute().map(drop).map_err(|e| translate(&e))
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        // SQLite has already rolled back by itself after some errors.
        if !self.conn.is_autocommit()
            && let Err(error) = self.control("ROLLBACK")
        {
            return Err(self.state.break_off(format!("rollback failed: {error}")));
        }
        self.state.ended();
        Ok(())
    }
}

/// The text in SQLite's dialect, rewritten once.
fn rewritten<'a>(cache: &'a mut BTreeMap<Box<str>, Box<str>>, sql: &'a str) -> &'a str {
    if !sql.contains('$') {
        return sql;
    }
    if !cache.contains_key(sql) {
        // Texts that are put together at run time must not fill the memory.
        if cache.len() >= STATEMENTS_MAX {
            cache.clear();
        }
        cache.insert(sql.into(), dialect::placeholders_for_sqlite(sql).into());
    }
    cache.get(sql).map_or(sql, |text| text)
}

impl Conn for Sqlite {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.state.ready()?;
        let done = self.bound(sql, binds).and_then(|mut statement| {
            if statement.column_count() > 0 {
                return Err(Error::Sql(format!("this statement returns rows: {sql}")));
            }
            let changed = statement.raw_execute().map_err(|e| translate(&e))?;
            u64::try_from(changed).map_err(|e| Error::Shape(e.to_string()))
        });
        done.map_err(|error| self.state.note(error))
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.state.ready()?;
        let done = self.bound(sql, binds).and_then(|mut statement| {
            let mut rows = statement.raw_query();
            let mut all = Vec::new();
            while let Some(row) = rows.next().map_err(|e| translate(&e))? {
                // Asked only now: the first step compiles the statement anew if the schema has changed.
                let columns = row.as_ref().column_count();
                let mut values = Vec::with_capacity(columns);
                for index in 0..columns {
                    values.push(value(index, row.get_ref(index).map_err(|e| translate(&e))?)?);
                }
                all.push(Row::new(values));
            }
            Ok(all)
        });
        done.map_err(|error| self.state.note(error))
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.state.may_begin()?;
        // IMMEDIATE: a transaction that reads before it writes must not find out at its end that others wrote.
        self.control("BEGIN IMMEDIATE").map_err(|error| self.state.note(error))?;
        self.state.begun();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        if let Err(error) = self.state.may_go_on() {
            if self.state.is_open() && self.state.alive().is_ok() {
                self.roll_back()?;
            }
            return Err(error);
        }
        match self.control("COMMIT") {
            Ok(()) => {
                self.state.ended();
                Ok(())
            }
            Err(Error::Broken(why)) => Err(self.state.break_off(why)),
            Err(error) => {
                self.roll_back()?;
                Err(error)
            }
        }
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.state.alive()?;
        self.roll_back()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.state.may_go_on()?;
        self.control("SAVEPOINT s").map_err(|error| self.state.note(error))?;
        self.state.deeper();
        Ok(())
    }

    fn release(&mut self) -> Result<(), Error> {
        self.state.may_release()?;
        self.control("RELEASE s").map_err(|error| self.state.note(error))?;
        self.state.shallower();
        Ok(())
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.state.alive()?;
        if !self.state.has_savepoint() {
            return Ok(());
        }
        if let Err(error) = self.control("ROLLBACK TO s").and_then(|()| self.control("RELEASE s")) {
            return Err(self.state.break_off(format!("rollback to a savepoint failed: {error}")));
        }
        self.state.shallower();
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.state.ready()?;
        let done = self.conn.execute_batch(&dialect::schema_for_sqlite(sql));
        done.map_err(|e| self.state.note(translate(&e)))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Bind::Null => ValueRef::Null,
            Bind::Int(int) => ValueRef::Integer(int),
            Bind::Text(text) => ValueRef::Text(text.as_bytes()),
            Bind::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(index: usize, value: ValueRef<'_>) -> Result<Value, Error> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(int) => Ok(Value::Int(int)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(Error::Shape(format!("column {index} is not UTF-8: {error}"))),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        ValueRef::Real(_) => Err(Error::Shape(format!("column {index} holds a float"))),
    }
}

/// What SQLite's error means for the program.
fn translate(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return Error::Sql(text);
    };
    match failure.code {
        ErrorCode::ConstraintViolation => match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => Error::Unique { table: refusing_table(&text), detail: text },
            _ => Error::Sql(text),
        },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Conflict(text),
        ErrorCode::SystemIoFailure
        | ErrorCode::DiskFull
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::PermissionDenied => Error::Broken(text),
        _ => Error::Sql(text),
    }
}

/// `trade` of `UNIQUE constraint failed: trade.partner, trade.out_trade_no`.
fn refusing_table(text: &str) -> String {
    let columns = text.rsplit_once("failed: ").map_or("", |(_, columns)| columns);
    columns.split_once('.').map_or("", |(table, _)| table).to_owned()
}
