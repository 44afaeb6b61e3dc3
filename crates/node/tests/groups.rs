//! What becomes of a group when its inputs, its commit or its database fail: a small program that writes one row for
//! each request, over a database that fails as planned.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use danbao_node::{Again, Fault, Program, Untaken, group};
use danbao_protocol::node::{AskId, Crash, Input, Output, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::faulty::{Death, Disk};
use danbao_store::{Bind, Conn, Dialect, Error, Row, Tx, sqlite};
use http::StatusCode;

const NOW: Timestamp = Timestamp(1_330_000_000_000);

/// What happened, in order, as the connection and the program saw it.
type Record = Arc<Mutex<Vec<String>>>;

fn note(record: &Record, what: &str) {
    record.lock().unwrap().push(what.to_owned());
}

/// Keeps each request's path as a row. `/broken` is a bug; `/busy` is in conflict for as long as the program is told;
/// `/unlucky` is a bug until the program has put it aside; `/poison` is a bug unless it is alone.
struct Keeper {
    record: Record,
    conflicts_left: u32,
    has_put_aside: bool,
    /// Survives a rollback unless the program cleans up.
    in_memory: Vec<String>,
    kept_in_memory: usize,
}

impl Program for Keeper {
    type Effects = Vec<Output>;
    const GROUP_TRIES_MAX: u32 = 2;
    const ALONE_TRIES_MAX: u32 = 3;

    fn take(&mut self, tx: &mut Tx<'_>, _: Timestamp, inputs: &[Input]) -> Result<Vec<Output>, Fault> {
        let mut outputs = Vec::new();
        for input in inputs {
            let Input::Request { id, request } = input else { continue };
            let path = request.uri().path();
            tx.execute("INSERT INTO kept (path) VALUES ($1)", &[Bind::Text(path)])?;
            self.in_memory.push(path.to_owned());
            match path {
                "/broken" => return Err(Fault::invariant("a bug")),
                "/poison" if inputs.len() > 1 => return Err(Fault::invariant("in company")),
                "/unlucky" if !self.has_put_aside => return Err(Fault::invariant("what happens by itself")),
                "/busy" if self.conflicts_left > 0 => {
                    self.conflicts_left -= 1;
                    return Err(Error::Conflict("others".into()).into());
                }
                _ => {}
            }
            note(&self.record, &format!("took {path}"));
            outputs.push(Output::Respond { id: *id, response: Response::default() });
        }
        Ok(outputs)
    }

    fn committed(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        note(&self.record, "told");
        self.kept_in_memory = self.in_memory.len();
        outputs
    }

    fn rolled_back(&mut self, fault: &Fault) -> Again {
        note(&self.record, "undone");
        self.in_memory.truncate(self.kept_in_memory);
        match fault {
            Fault::Invariant(what) if what == "what happens by itself" => {
                self.has_put_aside = true;
                Again::Otherwise
            }
            fault if fault.is_conflict() => Again::InConflict,
            _ => Again::No,
        }
    }

    fn apologise(&mut self, input: &Input, why: &Untaken) -> Option<Output> {
        let Input::Request { id, .. } = input else { return None };
        let mut response = Response::default();
        *response.status_mut() = match why {
            Untaken::InConflict(_) => StatusCode::SERVICE_UNAVAILABLE,
            Untaken::Faulty(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Some(Output::Respond { id: *id, response })
    }
}

/// A connection whose next commits fail as they are told, and that notes how transactions end.
struct Reluctant {
    inner: Box<dyn Conn>,
    record: Record,
    commits: VecDeque<Option<Error>>,
}

impl Conn for Reluctant {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        self.inner.execute(sql, binds)
    }
    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        self.inner.query(sql, binds)
    }
    fn begin(&mut self) -> Result<(), Error> {
        note(&self.record, "begin");
        self.inner.begin()
    }
    fn commit(&mut self) -> Result<(), Error> {
        if let Some(error) = self.commits.pop_front().flatten() {
            self.inner.rollback()?;
            note(&self.record, "commit failed");
            return Err(error);
        }
        note(&self.record, "commit");
        self.inner.commit()
    }
    fn rollback(&mut self) -> Result<(), Error> {
        note(&self.record, "rollback");
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

/// A keeper, its disk, and what has happened.
struct World {
    disk: Disk,
    conn: Reluctant,
    keeper: Keeper,
    record: Record,
}

impl World {
    fn new() -> World {
        let record = Record::default();
        let mut conn = sqlite::memory().unwrap();
        conn.batch("CREATE TABLE kept (path TEXT NOT NULL)").unwrap();
        let disk = Disk::new(conn);
        let conn = Reluctant { inner: disk.connect(), record: Arc::clone(&record), commits: VecDeque::new() };
        let keeper = Keeper {
            record: Arc::clone(&record),
            conflicts_left: 0,
            has_put_aside: false,
            in_memory: Vec::new(),
            kept_in_memory: 0,
        };
        World { disk, conn, keeper, record }
    }

    /// One step over requests for these paths; what was answered, by position and status.
    fn step(&mut self, paths: &[&str]) -> Result<Vec<(u64, u16)>, Crash> {
        let inputs: Vec<Input> = (0..).zip(paths).map(|(nth, path)| request(nth, path)).collect();
        let outputs = group::step(&mut self.conn, &mut self.keeper, NOW, &inputs)?;
        Ok(outputs.iter().map(answered).collect())
    }

    /// The rows that a restart would find.
    fn kept(&self) -> Vec<String> {
        self.disk.inspect(|conn| {
            let rows = conn.query("SELECT path FROM kept ORDER BY path", &[]).unwrap();
            rows.iter().map(|row| row.get(0).unwrap()).collect()
        })
    }

    fn happened(&self) -> Vec<String> {
        std::mem::take(&mut *self.record.lock().unwrap())
    }
}

fn request(nth: u64, path: &str) -> Input {
    let request = http::Request::get(path).body(Bytes::new()).unwrap();
    Input::Request { id: AskId(nth), request }
}

fn answered(output: &Output) -> (u64, u16) {
    match output {
        Output::Respond { id, response } => (id.0, response.status().as_u16()),
        Output::Send { .. } => unreachable!("the keeper sends nothing"),
    }
}

#[test]
fn a_group_is_one_transaction_and_nothing_is_told_before_its_commit() {
    let mut world = World::new();
    assert_eq!(world.step(&["/a", "/b", "/c"]).unwrap(), [(0, 200), (1, 200), (2, 200)]);
    assert_eq!(world.happened(), ["begin", "took /a", "took /b", "took /c", "commit", "told"]);
    assert_eq!(world.kept(), ["/a", "/b", "/c"]);
}

#[test]
fn a_fault_in_the_middle_costs_only_the_one_that_has_it() {
    let mut world = World::new();
    assert_eq!(world.step(&["/a", "/broken", "/c"]).unwrap(), [(0, 200), (1, 500), (2, 200)]);
    let alone = ["begin", "took /a", "commit", "told", "begin", "rollback", "undone", "begin", "took /c"];
    assert_eq!(
        world.happened(),
        [&["begin", "took /a", "rollback", "undone"][..], &alone, &["commit", "told"]].concat()
    );
    assert_eq!(world.kept(), ["/a", "/c"]);
    assert_eq!(world.keeper.in_memory, ["/a", "/c"], "memory and rows say the same");
}

#[test]
fn what_fails_in_company_alone_is_taken_alone() {
    let mut world = World::new();
    assert_eq!(world.step(&["/a", "/poison"]).unwrap(), [(0, 200), (1, 200)]);
    assert_eq!(world.kept(), ["/a", "/poison"]);
}

#[test]
fn a_commit_that_fails_tells_nothing_and_the_inputs_are_taken_one_by_one() {
    let mut world = World::new();
    world.conn.commits = [Some(Error::Sql("a constraint that is checked late".into()))].into();
    assert_eq!(world.step(&["/a", "/b"]).unwrap(), [(0, 200), (1, 200)]);
    let happened = world.happened();
    assert_eq!(happened[..5], ["begin", "took /a", "took /b", "commit failed", "undone"]);
    assert_eq!(happened.iter().filter(|what| *what == "told").count(), 2);
    assert_eq!(world.kept(), ["/a", "/b"]);
    assert_eq!(world.keeper.in_memory, ["/a", "/b"]);
}

#[test]
fn a_commit_that_fails_again_on_the_replay_is_apologised_for() {
    let mut world = World::new();
    let late = || Some(Error::Sql("a constraint that is checked late".into()));
    world.conn.commits = [late(), None, late()].into();
    assert_eq!(world.step(&["/a", "/b"]).unwrap(), [(0, 200), (1, 500)]);
    assert_eq!(world.kept(), ["/a"]);
}

#[test]
fn a_conflict_is_tried_again_as_a_group_and_then_alone_as_often_as_the_limits_say() {
    let mut world = World::new();
    world.keeper.conflicts_left = 1;
    assert_eq!(world.step(&["/a", "/busy"]).unwrap(), [(0, 200), (1, 200)]);
    assert_eq!(world.happened().iter().filter(|what| *what == "commit").count(), 1, "still one transaction");

    // Two tries of the group, two alone, and the third succeeds.
    world.keeper.conflicts_left = 4;
    assert_eq!(world.step(&["/busy"]).unwrap(), [(0, 200)]);
    world.keeper.conflicts_left = 5;
    assert_eq!(world.step(&["/b", "/busy"]).unwrap(), [(0, 200), (1, 503)]);
    assert_eq!(world.keeper.conflicts_left, 0);
    assert_eq!(world.kept(), ["/a", "/b", "/busy", "/busy"]);
}

#[test]
fn a_transaction_that_cannot_be_opened_is_in_conflict_like_any_other() {
    let mut world = World::new();
    let mut other = world.disk.connect();
    other.begin().unwrap();
    assert_eq!(world.step(&["/a"]).unwrap(), [(0, 503)]);
    other.rollback().unwrap();
    assert_eq!(world.step(&["/a"]).unwrap(), [(0, 200)]);
    assert_eq!(world.keeper.in_memory, ["/a"]);
}

#[test]
fn what_the_program_does_otherwise_is_not_counted_as_a_try() {
    let mut world = World::new();
    assert_eq!(world.step(&["/a", "/unlucky", "/c"]).unwrap(), [(0, 200), (1, 200), (2, 200)]);
    let happened = world.happened();
    assert_eq!(happened.iter().filter(|what| *what == "commit").count(), 1, "the group stays a group");
    assert_eq!(world.kept(), ["/a", "/c", "/unlucky"]);
}

#[test]
fn whatever_dies_at_any_statement_the_node_dies_and_nothing_is_half_written() {
    let statements = {
        let mut world = World::new();
        let before = world.disk.statements();
        world.step(&["/a", "/broken", "/c"]).unwrap();
        world.disk.statements() - before
    };
    for nth in 1..=statements {
        let mut world = World::new();
        world.disk.plan(Some(Death::BeforeStatement(nth)));
        let crash = world.step(&["/a", "/broken", "/c"]);
        if world.disk.planned().is_some() {
            unreachable!("statement {nth} is never reached");
        }
        // A rollback that dies leaves nothing behind; the next transaction finds the connection gone.
        assert!(crash.is_err(), "statement {nth}");
        let kept = world.kept();
        assert!(kept.is_empty() || kept == ["/a"], "statement {nth}: {kept:?}");
    }
}

#[test]
fn a_commit_whose_outcome_is_unknown_is_told_to_nobody() {
    let mut world = World::new();
    world.disk.plan(Some(Death::AfterCommit(1)));
    assert!(world.step(&["/a", "/b"]).is_err());
    assert_eq!(world.kept(), ["/a", "/b"], "it was written");
    assert!(!world.happened().contains(&"told".to_owned()));

    let mut world = World::new();
    world.disk.plan(Some(Death::AfterCommit(1)));
    assert!(world.step(&["/a", "/broken"]).is_err(), "on the replay too");
    assert_eq!(world.kept(), ["/a"]);
    assert!(!world.happened().contains(&"told".to_owned()));
}

#[test]
fn an_empty_group_is_a_transaction_all_the_same() {
    let mut world = World::new();
    assert_eq!(world.step(&[]).unwrap(), []);
    assert_eq!(world.happened(), ["begin", "commit", "told"]);
}
