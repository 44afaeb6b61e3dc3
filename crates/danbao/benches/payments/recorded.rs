//! The rows of a payment, taken from the gateway itself: a connection that writes down every writing statement.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use danbao_gateway::Gateway;
use danbao_protocol::node::{AskId, Input, Node, Output};
use danbao_protocol::sign::Md5Key;
use danbao_store::{Bind, Conn, Dialect, Error, Row, Value};
use tempfile::TempDir;

use super::subject::{EPOCH, checkout_body, config};

/// One statement and what was bound to it.
pub(crate) type Statement = (String, Vec<Value>);

/// The writes of many purchases, and the database that they begin from.
pub(crate) struct Recorded {
    pub(crate) start: std::path::PathBuf,
    pub(crate) purchases: Vec<Vec<Statement>>,
    _directory: TempDir,
}

impl Recorded {
    pub(crate) fn per_purchase(&self) -> f64 {
        let writes: usize = self.purchases.iter().map(Vec::len).sum();
        writes as f64 / self.purchases.len() as f64
    }
}

/// Lets a gateway take so many purchases, each in a transaction of its own, and keeps what it wrote.
pub(crate) fn purchases(count: usize) -> Recorded {
    let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = directory.path().join("recorded.db");
    let log: Log = Log::default();
    let conn = Box::new(Recorder { inner: danbao_store::sqlite::open(&path).unwrap(), log: log.clone() });
    let mut gateway = Gateway::open(conn, config(), [7; 32], EPOCH).unwrap();
    let world = gateway.ensure_demo(EPOCH, None).unwrap();
    log.lock().unwrap().clear();
    drop(gateway);
    let start = directory.path().join("start.db");
    std::fs::copy(&path, &start).unwrap();
    let conn = Box::new(Recorder { inner: danbao_store::sqlite::open(&path).unwrap(), log: log.clone() });
    let mut gateway = Gateway::open(conn, config(), [8; 32], EPOCH).unwrap();
    let key = Md5Key::new(world.partner.key.clone());
    let mut purchases = Vec::with_capacity(count);
    for number in 0..count {
        log.lock().unwrap().clear();
        let request = http::Request::post("/sandbox/v1/checkout")
            .header("authorization", format!("Bearer {}", world.sandbox_token))
            .body(Bytes::from(checkout_body(&world, &key, &format!("ORDER-{number}"))))
            .unwrap();
        let id = AskId(number as u64);
        let outputs = gateway.step(EPOCH, vec![Input::Request { id, request }]).unwrap();
        let Some(Output::Respond { response, .. }) = outputs.first() else { panic!("no answer") };
        assert!(response.body().starts_with(b"{\"return_url\""), "{:?}", response.body());
        purchases.push(std::mem::take(&mut *log.lock().unwrap()));
    }
    Recorded { start, purchases, _directory: directory }
}

type Log = Arc<Mutex<Vec<Statement>>>;

struct Recorder {
    inner: Box<dyn Conn>,
    log: Log,
}

impl Recorder {
    fn note(&self, sql: &str, binds: &[Bind<'_>]) {
        let own = |bind: &Bind<'_>| match bind {
            Bind::Null => Value::Null,
            Bind::Int(int) => Value::Int(*int),
            Bind::Text(text) => Value::Text((*text).to_owned()),
            Bind::Bytes(bytes) => Value::Bytes((*bytes).to_vec()),
        };
        self.log.lock().unwrap().push((sql.to_owned(), binds.iter().map(own).collect()));
    }
}

impl Conn for Recorder {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.note(sql, binds);
        self.inner.execute(sql, binds)
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        if !sql.trim_start().starts_with("SELECT") {
            self.note(sql, binds);
        }
        self.inner.query(sql, binds)
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.inner.begin()
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.inner.commit()
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.inner.rollback()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.inner.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.inner.release()
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.inner.rollback_to()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.inner.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
}
