//! PostgreSQL, for those who outgrow one machine.
//!
//! Every transaction and every single statement is SERIALIZABLE: a decision is made on rows that were read, and only
//! this level promises that those rows still stand when the decision is written, without a word of locking in the SQL.
//! It is also the level of the PostgreSQL-compatible distributed databases. Its price is [`Error::Conflict`], upon which
//! the group is run again.
//!
//! There is no TLS yet: use a Unix socket, the loopback address or a tunnel. `sslmode=require` is refused.
//!
//! The driver brings its own event loop, which runs inside each call: it must not be called on a thread that runs an
//! asynchronous task.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::time::Duration;

use ::postgres::error::{DbError, SqlState};
use ::postgres::fallible_iterator::FallibleIterator;
use ::postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut};
use ::postgres::{Client, Config, NoTls, Statement};

use crate::conn::Conn;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::state::{State, check_binds};
use crate::value::{Bind, Row, Value};

const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long sent data may stay unacknowledged before the connection counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// Statements that are kept prepared; more than a program of Danbao has.
const STATEMENTS_MAX: usize = 512;
/// `standard_conforming_strings` is what the rest of the world calls strings.
const SESSION: &str = "
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;
    SET standard_conforming_strings = on;
    SET client_min_messages = warning";

/// Connects to `postgres://user:password@host:port/database`, or through a Unix socket to
/// `postgres:///database?host=/run/postgresql&user=danbao`. The database's encoding must be UTF8.
///
/// # Errors
/// [`Error::Open`].
pub fn connect(url: &str) -> Result<Box<dyn Conn>, Error> {
    let cannot = |error: ::postgres::Error| Error::Open(describe(&error));
    let mut config: Config = url.parse().map_err(cannot)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE_MAX);
    }
    if config.get_application_name().is_none() {
        config.application_name("danbao");
    }
    let mut client = config.connect(NoTls).map_err(cannot)?;
    client.batch_execute(SESSION).map_err(cannot)?;
    let mut conn = Postgres { client, statements: BTreeMap::new(), state: State::default() };
    let encoding: String = conn.query_one("SHOW server_encoding", &[])?.get(0)?;
    if encoding != "UTF8" {
        return Err(Error::Open(format!("the database's encoding is {encoding}, it must be UTF8")));
    }
    Ok(Box::new(conn))
}

struct Postgres {
    client: Client,
    statements: BTreeMap<Box<str>, Statement>,
    state: State,
}

impl Postgres {
    fn prepared(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Statement, Error> {
        let statement = match self.statements.get(sql) {
            Some(statement) => statement.clone(),
            None => {
                let statement = self.client.prepare(sql).map_err(|e| translate(&e))?;
                // Texts that are put together at run time must not fill the server's memory.
                if self.statements.len() >= STATEMENTS_MAX {
                    self.statements.clear();
                }
                self.statements.insert(sql.into(), statement.clone());
                statement
            }
        };
        check_binds(sql, statement.params().len(), binds)?;
        for (index, (bind, ty)) in binds.iter().zip(statement.params()).enumerate() {
            if !fits(bind, ty) {
                return Err(Error::Sql(format!(
                    "${} is a {ty} for PostgreSQL, not {bind:?}: {sql}",
                    index + 1
                )));
            }
        }
        Ok(statement)
    }

    fn run_execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        let statement = self.prepared(sql, binds)?;
        if !statement.columns().is_empty() {
            return Err(Error::Sql(format!("this statement returns rows: {sql}")));
        }
        let mut rows = self.client.query_raw(&statement, binds).map_err(|e| translate(&e))?;
        while rows.next().map_err(|e| translate(&e))?.is_some() {}
        Ok(rows.rows_affected().unwrap_or(0))
    }

    fn run_query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        let statement = self.prepared(sql, binds)?;
        for (index, column) in statement.columns().iter().enumerate() {
            if !Column::accepts(column.type_()) {
                return Err(Error::Shape(format!("column {index} is of type {}: {sql}", column.type_())));
            }
        }
        let columns = statement.columns().len();
        let mut rows = self.client.query_raw(&statement, binds).map_err(|e| translate(&e))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(|e| translate(&e))? {
            let mut values = Vec::with_capacity(columns);
            for index in 0..columns {
                let Column(value) = row.try_get(index).map_err(|e| Error::Shape(describe(&e)))?;
                values.push(value);
            }
            all.push(Row::new(values));
        }
        Ok(all)
    }

    /// A failed statement; its plan may be what is wrong, if somebody has changed the schema.
    fn failed(&mut self, sql: &str, error: Error) -> Error {
        self.statements.remove(sql);
        self.state.note(error)
    }

    fn control(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).map_err(|e| translate(&e))
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        if self.state.is_open()
            && let Err(error) = self.control("ROLLBACK")
        {
            return Err(self.state.break_off(format!("rollback failed: {error}")));
        }
        self.state.ended();
        Ok(())
    }
}

impl Conn for Postgres {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.state.ready()?;
        self.run_execute(sql, binds).map_err(|error| self.failed(sql, error))
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.state.ready()?;
        self.run_query(sql, binds).map_err(|error| self.failed(sql, error))
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.state.may_begin()?;
        self.control("BEGIN").map_err(|error| self.state.note(error))?;
        self.state.begun();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        if let Err(error) = self.state.may_go_on() {
            // To COMMIT a failed transaction, PostgreSQL answers with a ROLLBACK and no error.
            if self.state.alive().is_ok() {
                self.roll_back()?;
            }
            return Err(error);
        }
        match self.control("COMMIT") {
            Ok(()) => {
                self.state.ended();
                Ok(())
            }
            Err(error @ (Error::Conflict(_) | Error::Unique { .. })) => {
                // The server has said that it did not commit, and has closed the transaction.
                self.state.ended();
                Err(error)
            }
            Err(error) => Err(self.state.break_off(format!("commit failed: {error}"))),
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
        self.control("RELEASE SAVEPOINT s").map_err(|error| self.state.note(error))?;
        self.state.shallower();
        Ok(())
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.state.alive()?;
        if !self.state.has_savepoint() {
            return Ok(());
        }
        if let Err(error) = self.control("ROLLBACK TO SAVEPOINT s; RELEASE SAVEPOINT s") {
            return Err(self.state.break_off(format!("rollback to a savepoint failed: {error}")));
        }
        self.state.shallower();
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.state.ready()?;
        // A batch changes the schema, and with it the plans of what was prepared.
        self.statements.clear();
        self.control(sql).map_err(|error| self.state.note(error))
    }

    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }
}

/// Whether a bind can be sent as what PostgreSQL has inferred for its place.
fn fits(bind: &Bind<'_>, ty: &Type) -> bool {
    match bind {
        Bind::Null => true,
        Bind::Int(int) => match *ty {
            Type::INT8 => true,
            Type::INT4 => i32::try_from(*int).is_ok(),
            Type::INT2 => i16::try_from(*int).is_ok(),
            _ => false,
        },
        Bind::Text(_) => is_text(ty),
        Bind::Bytes(_) => *ty == Type::BYTEA,
    }
}

fn is_text(ty: &Type) -> bool {
    matches!(*ty, Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME)
}

impl ToSql for Bind<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match *self {
            Bind::Null => return Ok(IsNull::Yes),
            Bind::Int(int) => match *ty {
                Type::INT4 => out.extend_from_slice(&i32::try_from(int)?.to_be_bytes()),
                Type::INT2 => out.extend_from_slice(&i16::try_from(int)?.to_be_bytes()),
                _ => out.extend_from_slice(&int.to_be_bytes()),
            },
            Bind::Text(text) => out.extend_from_slice(text.as_bytes()),
            Bind::Bytes(bytes) => out.extend_from_slice(bytes),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        // `fits` has looked at the value as well.
        true
    }

    ::postgres::types::to_sql_checked!();
}

/// A column as one of our values.
struct Column(Value);

impl<'a> FromSql<'a> for Column {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Column, Box<dyn StdError + Sync + Send>> {
        Ok(Column(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i64::from(i32::from_sql(ty, raw)?)),
            Type::INT2 => Value::Int(i64::from(i16::from_sql(ty, raw)?)),
            Type::BOOL => Value::Int(i64::from(bool::from_sql(ty, raw)?)),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            _ => Value::Text(std::str::from_utf8(raw)?.to_owned()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Column, Box<dyn StdError + Sync + Send>> {
        Ok(Column(Value::Null))
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::BYTEA) || is_text(ty)
    }
}

/// What PostgreSQL's error means for the program.
fn translate(error: &::postgres::Error) -> Error {
    let text = describe(error);
    let Some(refused) = error.as_db_error() else {
        // Not a word from the server about the statement: the connection failed, whatever the statement did.
        return Error::Broken(text);
    };
    let code = refused.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return Error::Unique { table: refused.table().unwrap_or_default().to_owned(), detail: text };
    }
    if is_conflict(code) {
        return Error::Conflict(text);
    }
    if is_broken(code) {
        return Error::Broken(text);
    }
    Error::Sql(text)
}

fn is_conflict(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ]
    .contains(code)
}

/// By class: connection, outcome unknown, resources, operator, system, internal; and a primary that has become a replica.
fn is_broken(code: &SqlState) -> bool {
    let code = code.code();
    code == "40003"
        || code == "25006"
        || ["08", "53", "57", "58", "F0", "XX"].iter().any(|class| code.starts_with(class))
}

/// The error with what the server or the system says about it, which `Display` alone leaves out.
fn describe(error: &::postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(refused), _) => describe_refusal(refused),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

fn describe_refusal(refused: &DbError) -> String {
    let mut text = format!("{} ({})", refused.message(), refused.code().code());
    for more in [refused.detail(), refused.hint(), refused.constraint()].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(more);
    }
    text
}
