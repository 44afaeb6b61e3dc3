//! A whole database as text, the same text for the same rows on both databases.

use std::fmt::Write as _;

use crate::conn::Conn;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::migrate::MIGRATION_TABLE;
use crate::value::{Bind, Value};

/// The names of all tables in the database, sorted, without the table of migrations.
///
/// # Errors
/// Those of [`Conn::query`].
pub fn tables(conn: &mut dyn Conn) -> Result<Vec<String>, Error> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND name <> $1"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' \
             AND CAST(table_name AS TEXT) <> $1"
        }
    };
    let mut names = texts(conn, sql, MIGRATION_TABLE)?;
    names.sort();
    Ok(names)
}

/// All rows of all tables: see [`dump`].
///
/// # Errors
/// Those of [`Conn::query`].
pub fn dump_all(conn: &mut dyn Conn) -> Result<String, Error> {
    let tables = tables(conn)?;
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    dump(conn, &names)
}

/// All rows of these tables, in the order given: a line with the table's name, then a line a row, sorted by all columns
/// from left to right. Two databases hold the same exactly if their dumps are equal.
///
/// # Errors
/// Those of [`Conn::query`]; [`Error::Sql`] if there is no such table.
pub fn dump(conn: &mut dyn Conn, tables: &[&str]) -> Result<String, Error> {
    let mut out = String::new();
    for table in tables {
        dump_table(conn, table, &mut out)?;
    }
    Ok(out)
}

fn dump_table(conn: &mut dyn Conn, table: &str, out: &mut String) -> Result<(), Error> {
    let columns = columns(conn, table)?;
    if columns.is_empty() {
        return Err(Error::Sql(format!("there is no table `{table}`")));
    }
    let list = columns.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", ");
    let mut rows = conn.query(&format!("SELECT {list} FROM {}", quoted(table)), &[])?;
    rows.sort();
    out.push_str(table);
    out.push('\n');
    for row in &rows {
        out.push(' ');
        for (column, value) in columns.iter().zip(row.values()) {
            out.push(' ');
            out.push_str(column);
            out.push('=');
            push_value(out, value);
        }
        out.push('\n');
    }
    Ok(())
}

fn columns(conn: &mut dyn Conn, table: &str) -> Result<Vec<String>, Error> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT CAST(column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = current_schema() AND CAST(table_name AS TEXT) = $1 ORDER BY ordinal_position"
        }
    };
    texts(conn, sql, table)
}

fn texts(conn: &mut dyn Conn, sql: &str, argument: &str) -> Result<Vec<String>, Error> {
    conn.query(sql, &[Bind::Text(argument)])?.iter().map(|row| row.get(0)).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn push_value(out: &mut String, value: &Value) {
    // Writing to a `String` cannot fail.
    let _ = match value {
        Value::Null => write!(out, "NULL"),
        Value::Int(int) => write!(out, "{int}"),
        Value::Text(text) => write!(out, "{text:?}"),
        Value::Bytes(bytes) => {
            out.push_str("x'");
            for byte in bytes {
                let _ = write!(out, "{byte:02x}");
            }
            write!(out, "'")
        }
    };
}
