//! An example as a running shop with a database of its own.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
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
    /// It is run by a server that is not meant for the world.
    pub(super) is_served_by_toy: bool,
    is_here: fn() -> bool,
    /// The command that takes in webhooks on a port, over a database.
    webhook: fn(u16, &str) -> Command,
    /// The command that applies what is new in the feed to a database.
    feed: fn(&str) -> Command,
    /// The command that judges a result.
    judge: fn(&str) -> Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    SqliteFile,
    Postgres,
}

pub(super) const ALL: [&Language; 4] = [&PYTHON, &PHP, &NODE, &JAVA];

pub(super) const PYTHON: Language = Language {
    name: "python3",
    database: Kind::SqliteFile,
    is_served_by_toy: false,
    is_here: || runs(Command::new("python3").args(["-c", "import sqlite3"])),
    webhook: |port, database| script("python3", "webhook.py", &[&port.to_string(), database]),
    feed: |database| script("python3", "feed.py", &[database]),
    judge: |token| script("python3", "result.py", &[token]),
};

pub(super) const PHP: Language = Language {
    name: "php with pdo_sqlite",
    database: Kind::SqliteFile,
    is_served_by_toy: true,
    is_here: || runs(Command::new("php").args(["-r", "exit(extension_loaded('pdo_sqlite') ? 0 : 1);"])),
    webhook: |port, database| {
        let mut php = Command::new("php");
        // Without a php.ini, PHP shows errors to the caller, and then answers 200 with them.
        php.args(["-d", "display_errors=1", "-S"])
            .arg(format!("127.0.0.1:{port}"))
            .arg(example("webhook.php"));
        php.env("DATABASE", database);
        php
    },
    feed: |database| script("php", "feed.php", &[database]),
    judge: |token| script("php", "result.php", &[token]),
};

pub(super) const NODE: Language = Language {
    name: "node with the package pg",
    database: Kind::Postgres,
    is_served_by_toy: false,
    is_here: || runs(Command::new("node").args(["-e", "require('pg')"]).env("NODE_PATH", node_modules())),
    webhook: |port, database| script("node", "webhook.js", &[&port.to_string(), database]),
    feed: |database| script("node", "feed.js", &[database]),
    judge: |token| script("node", "result.js", &[token]),
};

/// Debian's drivers; both are one jar without dependencies but SQLite itself.
const JARS: &str = "/usr/share/java/sqlite-jdbc.jar:/usr/share/java/gson.jar";

pub(super) const JAVA: Language = Language {
    name: "java with sqlite-jdbc and gson",
    database: Kind::SqliteFile,
    is_served_by_toy: false,
    is_here: || {
        runs(Command::new("javac").arg("-version")) && JARS.split(':').all(|jar| Path::new(jar).exists())
    },
    webhook: |port, database| java("Webhook", &[&port.to_string(), &format!("jdbc:sqlite:{database}")]),
    feed: |database| java("Feed", &[&format!("jdbc:sqlite:{database}")]),
    judge: |token| java("Result", &[token]),
};

impl Language {
    /// Something, if the machine has it.
    pub(super) fn is_here(&self) -> Option<()> {
        (self.is_here)().then_some(())
    }

    /// Whether the example takes the result for paid; it says so by its status, and says nothing else.
    pub(super) fn believes(&self, token: &str, secret: &str) -> bool {
        let said = (self.judge)(token).env("RESULT_SECRET", secret).output().unwrap();
        let text = String::from_utf8_lossy(&said.stderr);
        assert!(text.is_empty() && said.stdout.is_empty(), "{}, {token:?}: {text}", self.name);
        said.status.success()
    }
}

fn example(name: &str) -> PathBuf {
    requirement::workspace().join("examples").join(name)
}

/// Where `cargo xtask setup` puts the packages for Node.
fn node_modules() -> PathBuf {
    requirement::target().join("e2e-node/node_modules")
}

fn script(program: &str, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg(example(name)).args(arguments).env("NODE_PATH", node_modules());
    command
}

fn java(class: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("java");
    let path = format!("{}:{JARS}", java_classes().display());
    command.args(["-cp", &path, class]).args(arguments);
    command
}

/// The examples in Java, translated once.
fn java_classes() -> &'static Path {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let directory = requirement::target().join("e2e-java");
        let listed = std::fs::read_dir(example("")).unwrap().map(|entry| entry.unwrap().path());
        let sources = listed.filter(|path| path.extension().is_some_and(|extension| extension == "java"));
        let mut javac = Command::new("javac");
        javac.args(["-Xlint:all", "-Werror", "-encoding", "UTF-8", "-cp", JARS, "-d"]).arg(&directory);
        assert!(javac.args(sources).status().unwrap().success(), "the examples in Java do not compile");
        directory
    })
}

fn runs(command: &mut Command) -> bool {
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// The database of a shop, with the tables of the document.
pub(super) struct Tables {
    database: String,
    kind: Kind,
    /// Held for as long as the shop uses it.
    _server: Option<Database>,
}

impl Tables {
    /// Makes them, but for the key of `delivery`: it would hide that an event is taken in twice. `None` if there is no database for this language here, which is then said.
    pub(super) fn make(language: &Language, directory: &Path) -> Option<Tables> {
        let (database, server) = match language.database {
            Kind::SqliteFile => (directory.join("shop.db").to_str().unwrap().to_owned(), None),
            Kind::Postgres => {
                let server = Database::postgres().unwrap()?;
                (server.url().to_owned(), Some(server))
            }
        };
        let tables = Tables { database, kind: language.database, _server: server };
        for file in ["schema.sql", "feed.sql"] {
            tables.batch(&std::fs::read_to_string(example(file)).unwrap());
        }
        tables.batch(
            "DROP TABLE delivery; CREATE TABLE delivery (order_no TEXT NOT NULL, total_fee TEXT NOT NULL)",
        );
        Some(tables)
    }

    pub(super) fn connect(&self) -> Box<dyn Conn> {
        danbao_store::open(&self.database).unwrap()
    }

    pub(super) fn is_postgres(&self) -> bool {
        self.kind == Kind::Postgres
    }

    pub(super) fn batch(&self, sql: &str) {
        self.connect().batch(sql).unwrap();
    }

    /// The rows of a table.
    pub(super) fn count(&self, table: &str) -> i64 {
        let row = self.connect().query_one(&format!("SELECT count(*) FROM {table}"), &[]).unwrap();
        row.get(0).unwrap()
    }

    /// How many events, trades and deliveries there are.
    pub(super) fn counts(&self) -> [i64; 3] {
        ["danbao_event", "danbao_trade", "delivery"].map(|table| self.count(table))
    }

    /// The one text that a query finds.
    pub(super) fn text(&self, sql: &str) -> String {
        self.connect().query_one(sql, &[]).unwrap().get(0).unwrap()
    }

    /// Reads the feed of a sidecar to its end; whether the example says that it did.
    pub(super) fn read_feed(&self, language: &Language, sidecar: &str, token: &str) -> bool {
        runs((language.feed)(&self.database).env("SIDECAR", sidecar).env("API_TOKEN", token))
    }
}

/// The example that takes in webhooks, running.
pub(super) struct Shop {
    child: Child,
    pub(super) url: String,
    pub(super) tables: Tables,
    pub(super) language: &'static Language,
    log: PathBuf,
}

impl Shop {
    /// Makes its tables and starts it; `None` if there is no database for it here, which is then said.
    pub(super) fn open(language: &'static Language, directory: &Path) -> Option<Shop> {
        let tables = Tables::make(language, directory)?;
        let log = directory.join("shop.log");
        let (child, url) = serve(language, &tables, &log);
        Some(Shop { child, url, tables, language, log })
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after [`Shop::kill`], on a port of its own.
    pub(super) fn start_again(&mut self) {
        (self.child, self.url) = serve(self.language, &self.tables, &self.log);
    }

    /// What it has printed.
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until so many goods are to be packed.
    pub(super) fn await_deliveries(&mut self, count: i64) {
        let since = Instant::now();
        while self.tables.count("delivery") < count {
            assert!(self.child.try_wait().unwrap().is_none(), "the shop has ended: {}", self.log());
            assert!(since.elapsed() < DELIVERED_MAX, "not {count} deliveries: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn serve(language: &Language, tables: &Tables, log: &Path) -> (Child, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let log = File::options().create(true).append(true).open(log).unwrap();
    let mut serve = (language.webhook)(port, &tables.database);
    // Whoever reads bytes in the encoding of the place spoils them here.
    serve.env("WEBHOOK_SECRET", WEBHOOK_SECRET).env("LC_ALL", "C").stdin(Stdio::null());
    serve.stdout(log.try_clone().unwrap()).stderr(log);
    let mut child = serve.spawn().unwrap();
    let since = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(child.try_wait().unwrap().is_none(), "{} ended before it listened", language.name);
        assert!(since.elapsed() < START_MAX, "{} does not listen", language.name);
        std::thread::sleep(Duration::from_millis(20));
    }
    (child, format!("http://127.0.0.1:{port}"))
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
