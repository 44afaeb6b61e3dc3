//! Two nodes on one database, in the middle of each other's transactions.
//!
//! Under SERIALIZABLE what was committed is as if it had been done one after the other. All that a node sees of others
//! beyond that is a transaction of its own that fails at any statement, and rows that are different when it begins again.
//! So that is what happens here: at some statement a node's transaction is rolled back, another node takes a whole step
//! on the same rows, and only then the first one is told [`Error::Conflict`].

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use danbao_protocol::node::{Crash, Input, Node, Output};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Dialect, Error, Row};

use crate::chance::Chance;
use crate::contended::Rate;

/// Where a node waits that may come in between. Clones are the same place.
#[derive(Clone, Default)]
pub struct Meeting(Arc<Mutex<Option<Guest>>>);

/// The node that may come in between, with what it has to do.
pub(crate) struct Guest {
    pub(crate) node: Box<dyn Node>,
    pub(crate) now: Timestamp,
    /// Taken when it has come.
    pub(crate) inputs: Vec<Input>,
    /// `None` until it has come.
    pub(crate) came_of: Option<Result<Vec<Output>, Crash>>,
}

impl Meeting {
    fn place(&self) -> MutexGuard<'_, Option<Guest>> {
        // Whoever panicked here has taken the guest along, and left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a node wait.
    pub(crate) fn invite(&self, guest: Guest) {
        *self.place() = Some(guest);
    }

    /// The node that waited, come or not.
    pub(crate) fn leave(&self) -> Option<Guest> {
        self.place().take()
    }

    fn is_awaited(&self) -> bool {
        self.place().as_ref().is_some_and(|guest| guest.came_of.is_none())
    }

    /// The node takes its step. Nobody else can meet it meanwhile: its place is empty.
    fn come(&self) {
        let Some(mut guest) = self.leave() else { return };
        let inputs = std::mem::take(&mut guest.inputs);
        guest.came_of = Some(guest.node.step(guest.now, inputs));
        self.invite(guest);
    }
}

/// What a database promises to those who share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// What the product asks for.
    Serializable,
    /// What many databases do unasked: what was read may be old when it is acted on, and nobody is told.
    ReadCommitted,
}

/// A connection in whose transactions another node may come in between.
pub struct Met {
    conn: Box<dyn Conn>,
    meeting: Meeting,
    rate: Rate,
    chance: Chance,
    isolation: Isolation,
    is_open: bool,
    has_written: bool,
    /// The open transaction can only be rolled back.
    is_doomed: bool,
}

impl Met {
    /// Stands between a program and its connection.
    pub fn new(
        conn: Box<dyn Conn>,
        meeting: Meeting,
        rate: Rate,
        chance: Chance,
        isolation: Isolation,
    ) -> Met {
        let (is_open, has_written, is_doomed) = (false, false, false);
        Met { conn, meeting, rate, chance, isolation, is_open, has_written, is_doomed }
    }

    fn meet(&mut self) -> Result<(), Error> {
        if !self.is_open {
            return Ok(());
        }
        if self.is_doomed {
            return Err(Error::Sql("the transaction is aborted".into()));
        }
        // What was written could not be put back as it was.
        let is_too_late = self.isolation == Isolation::ReadCommitted && self.has_written;
        if is_too_late
            || !self.meeting.is_awaited()
            || !self.chance.per_mille(self.rate.load(Ordering::Relaxed))
        {
            return Ok(());
        }
        self.conn.rollback()?;
        self.meeting.come();
        match self.isolation {
            Isolation::Serializable => {
                self.is_doomed = true;
                Err(Error::Conflict("another node was at work".into()))
            }
            Isolation::ReadCommitted => self.conn.begin(),
        }
    }

    fn end(&mut self) {
        (self.is_open, self.has_written, self.is_doomed) = (false, false, false);
    }
}

fn writes(sql: &str) -> bool {
    !sql.trim_start().starts_with("SELECT")
}

impl Conn for Met {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.meet()?;
        self.has_written = true;
        self.conn.execute(sql, binds)
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.meet()?;
        self.has_written |= writes(sql);
        self.conn.query(sql, binds)
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()?;
        self.end();
        self.is_open = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        let met = self.meet();
        self.end();
        match met {
            Ok(()) => self.conn.commit(),
            Err(error) => {
                self.conn.rollback()?;
                Err(error)
            }
        }
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.end();
        self.conn.rollback()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.meet()?;
        self.has_written = true;
        self.conn.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.meet()?;
        self.conn.release()
    }

    /// The savepoint is undone, but the transaction around it stays lost.
    fn rollback_to(&mut self) -> Result<(), Error> {
        if self.is_doomed { Ok(()) } else { self.conn.rollback_to() }
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.meet()?;
        self.has_written = true;
        self.conn.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }
}
