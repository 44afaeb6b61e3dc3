//! A connection with a bug in it: what a mistake in a program's code would have written instead of what was meant.
//!
//! None of this is in the product. The tests put such a connection between a program and its disk, to see that the
//! simulation finds what it is there to find.

use danbao_store::{Bind, Conn, Dialect, Error, Row, Value};

/// A bug, as the program's disk sees it.
pub trait Plant: Send {
    /// A statement is about to run. Its binds may be changed; others may be run before it.
    ///
    /// # Errors
    /// Those of [`Conn::execute`].
    fn execute(&mut self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let _ = (conn, sql, binds);
        Ok(Fate::Done)
    }

    /// A question is about to be asked. Its binds may be changed; `Some` is asked in its place.
    ///
    /// # Errors
    /// Those of [`Conn::query`].
    fn query(
        &mut self,
        conn: &mut dyn Conn,
        sql: &str,
        binds: &mut Vec<Value>,
    ) -> Result<Option<String>, Error> {
        let _ = (conn, sql, binds);
        Ok(None)
    }

    /// A transaction has been committed.
    ///
    /// # Errors
    /// Those of [`Conn::execute`].
    fn committed(&mut self, conn: &mut dyn Conn) -> Result<(), Error> {
        let _ = conn;
        Ok(())
    }

    /// A transaction has been rolled back.
    fn rolled_back(&mut self) {}
}

/// What becomes of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is run, with the binds as they are now.
    Done,
    /// It is not run, and looks as if it was.
    Skipped,
}

/// See the module.
pub struct Tampered<P> {
    conn: Box<dyn Conn>,
    plant: P,
}

impl<P: Plant + 'static> Tampered<P> {
    /// Stands between a program and its connection.
    pub fn boxed(conn: Box<dyn Conn>, plant: P) -> Box<dyn Conn> {
        Box::new(Tampered { conn, plant })
    }
}

/// Runs a statement with values that are kept.
///
/// # Errors
/// Those of [`Conn::execute`].
pub fn run(conn: &mut dyn Conn, sql: &str, values: &[Value]) -> Result<u64, Error> {
    let binds: Vec<Bind<'_>> = values.iter().map(Bind::from).collect();
    conn.execute(sql, &binds)
}

/// A text among the values; empty if it is none.
pub fn text(values: &[Value], index: usize) -> &str {
    match values.get(index) {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

/// A number among the values; 0 if it is none.
pub fn int(values: &[Value], index: usize) -> i64 {
    match values.get(index) {
        Some(Value::Int(int)) => *int,
        _ => 0,
    }
}

fn owned(bind: &Bind<'_>) -> Value {
    match *bind {
        Bind::Null => Value::Null,
        Bind::Int(int) => Value::Int(int),
        Bind::Text(text) => Value::Text(text.to_owned()),
        Bind::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
    }
}

impl<P: Plant> Conn for Tampered<P> {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        let mut values: Vec<Value> = binds.iter().map(owned).collect();
        match self.plant.execute(&mut *self.conn, sql, &mut values)? {
            Fate::Done => run(&mut *self.conn, sql, &values),
            Fate::Skipped => Ok(1),
        }
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        let mut values: Vec<Value> = binds.iter().map(owned).collect();
        let other = self.plant.query(&mut *self.conn, sql, &mut values)?;
        let binds: Vec<Bind<'_>> = values.iter().map(Bind::from).collect();
        self.conn.query(other.as_deref().unwrap_or(sql), &binds)
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.conn.commit()?;
        self.plant.committed(&mut *self.conn)
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.plant.rolled_back();
        self.conn.rollback()
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
