//! A disk that dies when it is told to, for the simulation.
//!
//! A [`Disk`] owns a real connection. What it hands out behaves like a connection of its own until the planned death:
//! from then on every call returns [`Error::Broken`], the open transaction is gone, and what was committed is still
//! there for the next [`Disk::connect`] - as after `kill -9` and a restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::conn::Conn;
use crate::dialect::Dialect;
use crate::error::Error;
use crate::value::{Bind, Row};

/// When a disk is to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// Instead of the n-th statement from now; 1 is the next. `BEGIN`, `COMMIT`, savepoints and rollbacks that the
    /// program asks for count as statements, so every gap between two statements is met by some n.
    BeforeStatement(u64),
    /// Just after the n-th commit from now has succeeded; 1 is the next. The program is told [`Error::Broken`], though
    /// its writes are there.
    AfterCommit(u64),
}

/// A database that survives the deaths of those who use it. Clones are the same disk.
#[derive(Clone)]
pub struct Disk {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    conn: Box<dyn Conn>,
    /// Statements run since the disk was made, dead ones not counted.
    statements: u64,
    /// Counts down to the death of the one who is calling then.
    plan: Option<Death>,
    /// Names the next connection.
    next_id: u64,
    /// Who has the open transaction.
    holder: Option<u64>,
}

impl Disk {
    /// Takes over a database.
    pub fn new(conn: Box<dyn Conn>) -> Disk {
        let shared = Shared { conn, statements: 0, plan: None, next_id: 0, holder: None };
        Disk { shared: Arc::new(Mutex::new(shared)) }
    }

    /// A new connection. While one of them has a transaction open, the others are told [`Error::Conflict`].
    pub fn connect(&self) -> Box<dyn Conn> {
        let mut shared = lock(&self.shared);
        let id = shared.next_id;
        shared.next_id += 1;
        Box::new(Faulty { shared: Arc::clone(&self.shared), id, dead: false })
    }

    /// Plans a death, in place of the one planned before; `None` lets live. A death happens once.
    pub fn plan(&self, death: Option<Death>) {
        lock(&self.shared).plan = death;
    }

    /// The death that is still to come.
    pub fn planned(&self) -> Option<Death> {
        lock(&self.shared).plan
    }

    /// How many statements have been run through all connections so far.
    pub fn statements(&self) -> u64 {
        lock(&self.shared).statements
    }

    /// Looks at the database past all counting and dying. An open transaction is seen from inside.
    pub fn inspect<T>(&self, look: impl FnOnce(&mut dyn Conn) -> T) -> T {
        look(&mut *lock(&self.shared).conn)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // A panic elsewhere leaves nothing half done in here: the database has its own transactions.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Faulty {
    shared: Arc<Mutex<Shared>>,
    id: u64,
    dead: bool,
}

/// What a statement does to the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    None,
    Begins,
    Commits,
    RollsBack,
}

impl Shared {
    /// Counts down to a death before this statement.
    fn dies_now(&mut self) -> bool {
        match self.plan {
            Some(Death::BeforeStatement(0 | 1)) => {
                self.plan = None;
                true
            }
            Some(Death::BeforeStatement(n)) => {
                self.plan = Some(Death::BeforeStatement(n - 1));
                false
            }
            _ => false,
        }
    }

    /// Counts down to a death after this commit.
    fn dies_after_commit(&mut self) -> bool {
        match self.plan {
            Some(Death::AfterCommit(0 | 1)) => {
                self.plan = None;
                true
            }
            Some(Death::AfterCommit(n)) => {
                self.plan = Some(Death::AfterCommit(n - 1));
                false
            }
            _ => false,
        }
    }

    fn run<T>(
        &mut self,
        id: u64,
        effect: Effect,
        statement: impl FnOnce(&mut dyn Conn) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.holder.is_some_and(|holder| holder != id) {
            return Err(Error::Conflict("another connection has a transaction open".into()));
        }
        if self.dies_now() {
            return Err(Error::Broken("died before a statement, as planned".into()));
        }
        self.statements += 1;
        let done = statement(&mut *self.conn);
        match effect {
            Effect::Begins if done.is_ok() => self.holder = Some(id),
            Effect::Commits | Effect::RollsBack => self.holder = None,
            Effect::Begins | Effect::None => {}
        }
        if effect == Effect::Commits && done.is_ok() && self.dies_after_commit() {
            return Err(Error::Broken("died after a commit, as planned".into()));
        }
        done
    }

    /// Gives up the transaction of one who has died or left.
    fn bury(&mut self, id: u64) {
        if self.holder == Some(id) {
            self.holder = None;
            // If this fails the real connection is broken and says so at its next use.
            let _ = self.conn.rollback();
        }
    }
}

impl Faulty {
    fn run<T>(
        &mut self,
        effect: Effect,
        statement: impl FnOnce(&mut dyn Conn) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.dead {
            return Err(Error::Broken("this connection has died".into()));
        }
        let mut shared = lock(&self.shared);
        let done = shared.run(self.id, effect, statement);
        if matches!(done, Err(Error::Broken(_))) {
            self.dead = true;
            shared.bury(self.id);
        }
        done
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        lock(&self.shared).bury(self.id);
    }
}

impl Conn for Faulty {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.run(Effect::None, |conn| conn.execute(sql, binds))
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.run(Effect::None, |conn| conn.query(sql, binds))
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.run(Effect::Begins, |conn| conn.begin())
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.run(Effect::Commits, |conn| conn.commit())
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.run(Effect::RollsBack, |conn| conn.rollback())
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.run(Effect::None, |conn| conn.savepoint())
    }

    fn release(&mut self) -> Result<(), Error> {
        self.run(Effect::None, |conn| conn.release())
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.run(Effect::None, |conn| conn.rollback_to())
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.run(Effect::None, |conn| conn.batch(sql))
    }

    fn dialect(&self) -> Dialect {
        lock(&self.shared).conn.dialect()
    }
}
