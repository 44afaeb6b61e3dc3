//! An example as a running shop with a database of its own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use danbao_store::Conn;
use danbao_store::testing::Database;

use super::service::WEBHOOK_SECRET;
use crate::requirement;

const START_MAX: Duration = Duration::from_secs(60);
const DELIVERED_MAX: Duration = Duration::from_secs(60);

/// A language, and how its examples are run.
pub(super) struct Language {
    pub(super) name: &'static str,
    /// What a shop in this language usually has.
    database: Kind,
    is_here: fn() -> bool,
    /// The command that serves on a port, over a database.
    serve: fn(u16, &str) -> Command,
    /// The command that judges a result.
    judge: fn(&str) -> Command,
}

enum Kind {
    SqliteFile,
    Postgres,
}

pub(super) const PYTHON: Language = Language {
    name: "python3",
    database: Kind::SqliteFile,
    is_here: || runs(Command::new("python3").args(["-c", "import sqlite3"])),
    serve: |port, database| on(port, Command::new("python3").arg(example("exactly_once.py")), &[database]),
    judge: |token| command("python3", &["result.py"], token),
};

pub(super) const PHP: Language = Language {
    name: "php with pdo_sqlite",
    database: Kind::SqliteFile,
    is_here: || runs(Command::new("php").args(["-r", "exit(extension_loaded('pdo_sqlite') ? 0 : 1);"])),
    serve: |port, database| {
        let mut php = Command::new("php");
        php.arg("-S").arg(format!("127.0.0.1:{port}")).arg(example("exactly_once.php"));
        php.env("DATABASE", database);
        php
    },
    judge: |token| command("php", &["result.php"], token),
};

pub(super) const NODE: Language = Language {
    name: "node with the package pg",
    database: Kind::Postgres,
    is_here: || runs(Command::new("node").args(["-e", "require('pg')"]).env("NODE_PATH", node_modules())),
    serve: |port, database| {
        let mut node = on(port, Command::new("node").arg(example("exactly_once.js")), &[database]);
        node.env("NODE_PATH", node_modules());
        node
    },
    judge: |token| command("node", &["result.js"], token),
};

/// Debian's drivers; both are one jar without dependencies but SQLite itself.
const JARS: &str = "/usr/share/java/sqlite-jdbc.jar:/usr/share/java/gson.jar";

pub(super) const JAVA: Language = Language {
    name: "java with sqlite-jdbc and gson",
    database: Kind::SqliteFile,
    is_here: || {
        runs(Command::new("javac").arg("-version")) && JARS.split(':').all(|jar| Path::new(jar).exists())
    },
    serve: |port, database| {
        let mut java = Command::new("java");
        java.args(["-cp", JARS]).arg(example("ExactlyOnce.java"));
        on(port, &mut java, &[&format!("jdbc:sqlite:{database}")])
    },
    judge: |token| {
        let mut java = Command::new("java");
        java.args(["-cp", JARS]).arg(example("Result.java")).arg(token);
        java
    },
};

impl Language {
    /// Something, if the machine has it.
    pub(super) fn is_here(&self) -> Option<()> {
        (self.is_here)().then_some(())
    }

    /// Whether the example takes the result for paid.
    pub(super) fn believes(&self, token: &str, secret: &str) -> bool {
        runs((self.judge)(token).env("RESULT_SECRET", secret))
    }
}

fn example(name: &str) -> PathBuf {
    requirement::workspace().join("examples").join(name)
}

/// Where `cargo xtask setup` puts the packages for Node.
fn node_modules() -> PathBuf {
    requirement::target().join("e2e-node/node_modules")
}

fn on(port: u16, command: &mut Command, more: &[&str]) -> Command {
    let mut whole = Command::new(command.get_program());
    whole.args(command.get_args()).arg(port.to_string()).args(more);
    whole
}

fn command(program: &str, examples: &[&str], token: &str) -> Command {
    let mut command = Command::new(program);
    command.args(examples.iter().map(|name| example(name))).arg(token);
    command
}

fn runs(command: &mut Command) -> bool {
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// The running example.
pub(super) struct Shop {
    child: Child,
    pub(super) url: String,
    database: String,
    /// Held for as long as the shop uses it.
    _server: Option<Database>,
}

impl Shop {
    /// Makes its tables and starts it; `None` if there is no database for it here, which is then said.
    pub(super) fn open(language: &Language, directory: &Path) -> Option<Shop> {
        let (database, server) = match language.database {
            Kind::SqliteFile => (directory.join("shop.db").to_str().unwrap().to_owned(), None),
            Kind::Postgres => {
                let server = Database::postgres().unwrap()?;
                (server.url().to_owned(), Some(server))
            }
        };
        let schema = std::fs::read_to_string(example("schema.sql")).unwrap();
        danbao_store::open(&database).unwrap().batch(&schema).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut serve = (language.serve)(port, &database);
        serve.env("WEBHOOK_SECRET", WEBHOOK_SECRET).stdin(Stdio::null());
        serve.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = serve.spawn().unwrap();
        let since = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "{} ended before it listened", language.name);
            assert!(since.elapsed() < START_MAX, "{} does not listen", language.name);
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Shop { child, url: format!("http://127.0.0.1:{port}"), database, _server: server })
    }

    fn connect(&self) -> Box<dyn Conn> {
        danbao_store::open(&self.database).unwrap()
    }

    /// The rows of a table.
    pub(super) fn count(&self, table: &str) -> i64 {
        let row = self.connect().query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap();
        row.get(0).unwrap()
    }

    /// Waits until so many goods are to be packed.
    pub(super) fn await_deliveries(&mut self, count: i64) {
        let since = Instant::now();
        while self.count("delivery") < count {
            assert!(self.child.try_wait().unwrap().is_none(), "the shop has ended");
            assert!(since.elapsed() < DELIVERED_MAX, "{} of {count} deliveries", self.count("delivery"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
