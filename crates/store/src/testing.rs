//! Databases for tests: each its own, made when asked for and removed when dropped, so that tests run side by side.
//!
//! PostgreSQL is the server that `DANBAO_TEST_POSTGRES` names, by the URL of a database in which databases can be
//! created. Without it, tests of PostgreSQL say that they were skipped; with `DANBAO_TEST_REQUIRE_POSTGRES=1` they fail.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::conn::Conn;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::{open, postgres};

/// Where the URL of the server for tests stands.
pub const SERVER_VARIABLE: &str = "DANBAO_TEST_POSTGRES";
/// Set to `1`, tests without a server fail instead of being skipped.
pub const REQUIRE_VARIABLE: &str = "DANBAO_TEST_REQUIRE_POSTGRES";

/// An empty database that is removed when this is dropped. Connections to it must be dropped before.
#[derive(Debug)]
pub struct Database {
    url: String,
    remains: Remains,
}

/// What is left behind by a test.
#[derive(Debug)]
enum Remains {
    Directory(PathBuf),
    Database { server: String, name: String },
}

impl Database {
    /// A SQLite file in a directory of its own.
    ///
    /// # Errors
    /// [`Error::Open`].
    pub fn sqlite() -> Result<Database, Error> {
        let directory = std::env::temp_dir().join(unique_name());
        let cannot = |error: std::io::Error| Error::Open(format!("{}: {error}", directory.display()));
        if directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(cannot)?;
        }
        std::fs::create_dir(&directory).map_err(cannot)?;
        let url = format!("sqlite://{}", directory.join("test.db").display());
        Ok(Database { url, remains: Remains::Directory(directory) })
    }

    /// A database on the server for tests; `None` if there is none, which is then said on the standard error output.
    ///
    /// # Errors
    /// [`Error::Open`] if there is none and there must be one; those of the server.
    pub fn postgres() -> Result<Option<Database>, Error> {
        let Some(server) = variable(SERVER_VARIABLE) else {
            if variable(REQUIRE_VARIABLE).as_deref() == Some("1") {
                return Err(Error::Open(format!(
                    "{REQUIRE_VARIABLE}=1, but {SERVER_VARIABLE} names no server"
                )));
            }
            say_skipped();
            return Ok(None);
        };
        let name = unique_name();
        let mut admin = postgres::connect(&server)?;
        admin.execute(&format!("DROP DATABASE IF EXISTS {name}"), &[])?;
        admin.execute(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"), &[])?;
        Ok(Some(Database { url: with_database(&server, &name), remains: Remains::Database { server, name } }))
    }

    /// One database of each kind there is.
    ///
    /// # Errors
    /// As [`Database::sqlite`] and [`Database::postgres`].
    pub fn of_each_kind() -> Result<Vec<Database>, Error> {
        let mut all = vec![Database::sqlite()?];
        all.extend(Database::postgres()?);
        Ok(all)
    }

    /// Its URL, for [`crate::open`].
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its kind.
    pub fn dialect(&self) -> Dialect {
        match self.remains {
            Remains::Directory(_) => Dialect::Sqlite,
            Remains::Database { .. } => Dialect::Postgres,
        }
    }

    /// A new connection to it.
    ///
    /// # Errors
    /// As [`crate::open`].
    pub fn connect(&self) -> Result<Box<dyn Conn>, Error> {
        open(&self.url)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test's outcome does not depend on its remains.
        match &self.remains {
            Remains::Directory(directory) => {
                let _ = std::fs::remove_dir_all(directory);
            }
            Remains::Database { server, name } => {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let _ = postgres::connect(server).and_then(|mut admin| admin.execute(&drop, &[]));
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment is how a test command tells tests of its server"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn say_skipped() {
    eprintln!("SKIPPED on PostgreSQL: {SERVER_VARIABLE} is not set");
}

/// Unique among the processes that run now; what an earlier one of the same number left behind is removed.
fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("danbao_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `postgres://host/a?b=c` with another database in place of `a`.
fn with_database(url: &str, name: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, None), |(a, p)| (a, Some(p)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    let parameters = parameters.map(|p| format!("?{p}")).unwrap_or_default();
    format!("{scheme}://{authority}/{name}{parameters}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_another_database_on_the_same_server() {
        let cases = [
            ("postgres://u:p@h:1/a?x=/y", "postgres://u:p@h:1/t?x=/y"),
            ("postgres:///a?host=/run/x&user=y", "postgres:///t?host=/run/x&user=y"),
            ("postgresql://h", "postgresql://h/t"),
        ];
        for (url, other) in cases {
            assert_eq!(with_database(url, "t"), other);
        }
    }
}
