//! The dual write: a notice is not written with the change that it reports, but in a transaction of its own, just after.

use danbao_store::{Bind, Conn, Dialect, Error, Row, Value};

/// A connection that holds every notice back until its transaction has been committed.
pub(crate) struct LateNotices {
    conn: Box<dyn Conn>,
    held: Vec<(String, Vec<Value>)>,
}

impl LateNotices {
    pub(crate) fn new(conn: Box<dyn Conn>) -> LateNotices {
        LateNotices { conn, held: Vec::new() }
    }
}

impl Conn for LateNotices {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        if sql.starts_with("INSERT INTO notice ") {
            self.held.push((sql.to_owned(), binds.iter().map(crate::owned).collect()));
            return Ok(1);
        }
        self.conn.execute(sql, binds)
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.conn.commit()?;
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        self.conn.begin()?;
        for (sql, values) in &held {
            let binds: Vec<Bind<'_>> = values.iter().map(Bind::from).collect();
            self.conn.execute(sql, &binds)?;
        }
        self.conn.commit()
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.held.clear();
        self.conn.rollback()
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.conn.query(sql, binds)
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.conn.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.conn.release()
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.conn.rollback_to()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.conn.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }
}
