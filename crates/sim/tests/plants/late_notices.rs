//! The dual write: a notice is not written with the change that it reports, but in a transaction of its own, just after.

use danbao_sim::tampered::{Fate, Plant, run};
use danbao_store::{Conn, Error, Value};

/// Holds every notice back until its transaction has been committed.
#[derive(Debug, Default)]
pub(crate) struct LateNotices {
    held: Vec<(String, Vec<Value>)>,
}

impl Plant for LateNotices {
    fn execute(&mut self, _: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        if !sql.starts_with("INSERT INTO notice ") {
            return Ok(Fate::Done);
        }
        self.held.push((sql.to_owned(), binds.to_vec()));
        Ok(Fate::Skipped)
    }

    fn committed(&mut self, conn: &mut dyn Conn) -> Result<(), Error> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        conn.begin()?;
        for (sql, values) in &held {
            run(conn, sql, values)?;
        }
        conn.commit()
    }

    fn rolled_back(&mut self) {
        self.held.clear();
    }
}
