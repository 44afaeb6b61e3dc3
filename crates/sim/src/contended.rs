//! A connection that is told "others were at work" now and then, as on a database that many nodes share.
//!
//! SQLite with one node never says so; PostgreSQL does, to any statement and to any commit. What must then happen is
//! that the whole group is tried again and nobody notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use danbao_store::{Bind, Conn, Dialect, Error, Row};

use crate::chance::Chance;

/// How often it happens, in a thousand; shared, so that it can be ended for all.
pub type Rate = Arc<AtomicU32>;

/// See the module.
pub struct Contended {
    conn: Box<dyn Conn>,
    rate: Rate,
    chance: Chance,
    is_open: bool,
    /// The open transaction can only be rolled back.
    is_doomed: bool,
}

impl Contended {
    /// Stands between a program and its connection.
    pub fn new(conn: Box<dyn Conn>, rate: Rate, chance: Chance) -> Contended {
        Contended { conn, rate, chance, is_open: false, is_doomed: false }
    }

    /// Only transactions come into each other's way.
    fn contend(&mut self) -> Result<(), Error> {
        if !self.is_open {
            return Ok(());
        }
        if self.is_doomed {
            return Err(Error::Sql("the transaction is aborted".into()));
        }
        if self.chance.per_mille(self.rate.load(Ordering::Relaxed)) {
            self.is_doomed = true;
            return Err(Error::Conflict("somebody else, for once".into()));
        }
        Ok(())
    }
}

impl Conn for Contended {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.contend()?;
        self.conn.execute(sql, binds)
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.contend()?;
        self.conn.query(sql, binds)
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()?;
        self.is_open = true;
        self.is_doomed = false;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        let contended = self.contend();
        self.is_open = false;
        match contended {
            Ok(()) => self.conn.commit(),
            Err(error) => {
                self.conn.rollback()?;
                Err(error)
            }
        }
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.is_open = false;
        self.conn.rollback()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.contend()?;
        self.conn.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.contend()?;
        self.conn.release()
    }

    /// The savepoint is undone, but the transaction around it stays lost.
    fn rollback_to(&mut self) -> Result<(), Error> {
        self.conn.rollback_to()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.contend()?;
        self.conn.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }
}
