//! A copy of a database, and putting it back: what its keeper does after the disk was lost.

use std::cell::RefCell;
use std::rc::Rc;

use danbao_protocol::time::Timestamp;
use danbao_store::dump::tables;
use danbao_store::faulty::Disk;
use danbao_store::{Bind, Conn, Error, Value};

use super::audit::{self, Event};

/// All rows of all tables.
type Tables = Vec<(String, Vec<Vec<Value>>)>;

/// The copy that was taken, and the events of the history that was lost when it was put back.
#[derive(Clone, Default)]
pub(super) struct Copies {
    taken: Rc<RefCell<Option<Tables>>>,
    lost: Rc<RefCell<Vec<Event>>>,
    problems: Rc<RefCell<Vec<String>>>,
}

fn read(conn: &mut dyn Conn) -> Result<Tables, Error> {
    let names = tables(conn)?;
    let rows = |name: String| {
        let rows = conn.query(&format!("SELECT * FROM \"{name}\""), &[])?;
        Ok((name, rows.into_iter().map(danbao_store::Row::into_values).collect()))
    };
    names.into_iter().map(rows).collect()
}

fn write(conn: &mut dyn Conn, copy: &Tables) -> Result<(), Error> {
    conn.begin()?;
    for (name, rows) in copy {
        conn.execute(&format!("DELETE FROM \"{name}\""), &[])?;
        for row in rows {
            let places: Vec<String> = (1..=row.len()).map(|place| format!("${place}")).collect();
            let sql = format!("INSERT INTO \"{name}\" VALUES ({})", places.join(", "));
            conn.execute(&sql, &row.iter().map(Bind::from).collect::<Vec<_>>())?;
        }
    }
    conn.commit()
}

impl Copies {
    pub(super) fn note(&self, done: Result<(), Error>) {
        self.problems.borrow_mut().extend(done.err().map(|error| format!("no copy: {error}")));
    }

    /// Copies a database as it stands.
    pub(super) fn take(&self, disk: &Disk) {
        self.note(disk.inspect(read).map(|copy| *self.taken.borrow_mut() = Some(copy)));
    }

    /// Puts the copy back, if there is one; what has happened since is lost.
    pub(super) fn put_back(&self, disk: &Disk) {
        let Some(copy) = self.taken.borrow().clone() else { return };
        self.note(audit::events(disk).map(|events| *self.lost.borrow_mut() = events));
        self.note(disk.inspect(|conn| write(conn, &copy)));
    }

    /// The events of the lost history.
    pub(super) fn lost(&self) -> Vec<Event> {
        self.lost.borrow().clone()
    }

    /// What has gone wrong with the copying itself.
    pub(super) fn problems(&self) -> Vec<String> {
        self.problems.borrow().clone()
    }
}

/// What is done at the shop that is told by webhooks, before the sidecar is started on an older copy (docs/merchant.md):
/// numbers of changes are forgotten, and every order is asked for again under its key.
pub(super) fn prepare_shop(disk: &Disk, care: super::Care, now: Timestamp) -> Result<(), Error> {
    disk.inspect(|conn| {
        super::recipe::forget_changes(conn, care)?;
        conn.execute("UPDATE wish SET due_at = $1 WHERE kind = 'order'", &[now.0.into()])?;
        Ok(())
    })
}
