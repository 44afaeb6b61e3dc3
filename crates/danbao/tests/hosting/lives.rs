//! Groups, crashes, rebuilds, time and the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::bail;
use bytes::Bytes;
use danbao::host::client::{Client, ClientLimits};
use danbao::host::clock::{SteadyClock, wall_now};
use danbao::host::runner::{Pace, Runner};
use danbao_protocol::node::{Crash, Input, Node, Output, Response};
use danbao_protocol::time::Timestamp;

use crate::toys::{Hosted, Toy, echo};

fn ok(id: danbao_protocol::node::AskId, text: String) -> Output {
    Output::Respond { id, response: Response::new(Bytes::from(text)) }
}

/// Dies at its n-th step; how is up to the test.
struct Mortal {
    life: usize,
    steps_left: usize,
    die: fn() -> Result<Vec<Output>, Crash>,
}

impl Node for Mortal {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        if self.steps_left == 0 {
            return (self.die)();
        }
        self.steps_left -= 1;
        let life = self.life;
        Ok(inputs
            .into_iter()
            .filter_map(|input| match input {
                Input::Request { id, .. } => Some(ok(id, format!("life {life}"))),
                _ => None,
            })
            .collect())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

fn three_lives(die: fn() -> Result<Vec<Output>, Crash>) {
    let mut lives = 0;
    let toy = Hosted::new(move || {
        lives += 1;
        Ok(Box::new(Mortal { life: lives, steps_left: 2, die }))
    });
    let mut heard = Vec::new();
    while heard.len() < 9 {
        let answer = toy.get("/");
        // Between two lives everybody is turned away; how often depends on the machine.
        if answer.status == 503 && heard.last().is_some_and(|last: &String| last == "gone") {
            continue;
        }
        heard.push(if answer.status == 503 { "gone".to_owned() } else { answer.text() });
    }
    assert_eq!(heard, ["life 1", "life 1", "gone", "life 2", "life 2", "gone", "life 3", "life 3", "gone"]);
    toy.stop();
}

#[test]
fn a_crash_is_503_and_the_node_is_built_anew() {
    three_lives(|| Err(Crash("the outcome of a commit is unknown".to_owned())));
}

#[test]
fn a_panic_is_a_crash() {
    three_lives(|| panic!("a bug in the toy"));
}

#[test]
fn a_node_that_cannot_be_rebuilt_at_once_is_tried_again() {
    let mut builds = 0;
    let toy = Hosted::new(move || {
        builds += 1;
        match builds {
            1 => Ok(Box::new(Mortal { life: 1, steps_left: 0, die: || Err(Crash("at once".into())) })),
            2 | 3 => bail!("the database is away"),
            4 => panic!("the database is strange"),
            _ => Ok(echo()),
        }
    });
    assert_eq!(toy.get("/").status, 503);
    let started = Instant::now();
    while toy.get("/").status == 503 {
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert!(started.elapsed() >= Duration::from_millis(50 + 100 + 200), "rebuilt without a pause");
    toy.stop();
}

fn start(
    clock: SteadyClock,
    build: impl FnMut() -> anyhow::Result<Box<dyn Node>> + Send + 'static,
) -> (tokio::runtime::Runtime, anyhow::Result<Runner>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
    let runner = Runner::start("toy", Pace::default(), clock, client, build);
    (runtime, runner)
}

#[test]
fn a_node_that_cannot_be_built_at_all_is_reported_to_whoever_starts_it() {
    let (_runtime, runner) = start(SteadyClock::wall(), || bail!("no such database"));
    assert_eq!(runner.err().unwrap().to_string(), "no such database");
    let (_runtime, runner) = start(SteadyClock::wall(), || panic!("a bug"));
    assert_eq!(runner.err().unwrap().to_string(), "panic: a bug");
}

/// Wants `Due` at the instants it is given, and tells when it came.
struct Planner {
    plan: Vec<Timestamp>,
    told: mpsc::Sender<Timestamp>,
}

impl Node for Planner {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        assert!(matches!(inputs[..], [Input::Due]));
        assert!(self.plan[0] <= now, "fed early");
        self.plan.remove(0);
        self.told.send(now).unwrap();
        Ok(vec![])
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(self.plan.first().copied())
    }
}

#[test]
fn what_is_due_comes_in_time_and_what_is_overdue_at_once() {
    let (told, due) = mpsc::channel();
    let started = wall_now();
    let plan = [-5000, 100, 250].map(|ms: i64| Timestamp(started.0 + ms)).to_vec();
    let (_runtime, runner) =
        start(SteadyClock::wall(), move || Ok(Box::new(Planner { plan: plan.clone(), told: told.clone() })));
    for expected in [0, 100, 250] {
        let came = due.recv_timeout(Duration::from_secs(5)).unwrap().since(started).as_millis();
        assert!((expected..expected + 90).contains(&came), "{expected} came at {came}");
    }
    runner.unwrap().stop();
}

/// What another node on the same database has made due, and whether somebody has taken it up.
#[derive(Default)]
struct Rows {
    due: Option<Timestamp>,
    is_looked_at: bool,
}

struct OnStandby {
    rows: Arc<Mutex<Rows>>,
    told: mpsc::Sender<()>,
}

impl Node for OnStandby {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        assert!(matches!(inputs[..], [Input::Due]));
        self.rows.lock().unwrap().due = None;
        self.told.send(()).unwrap();
        Ok(vec![])
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let mut rows = self.rows.lock().unwrap();
        rows.is_looked_at = true;
        Ok(rows.due)
    }
}

/// Several nodes share a database: what one of them owes when it is killed is done by whoever is left, although nobody
/// has ever called them.
#[test]
fn a_node_to_which_nobody_speaks_takes_up_what_others_have_left_behind() {
    for first in [None, Some(Timestamp(wall_now().0 + 86_400_000))] {
        let rows = Arc::new(Mutex::new(Rows { due: first, is_looked_at: false }));
        let (shared, (told, taken_up)) = (Arc::clone(&rows), mpsc::channel());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
        let pace = Pace { look_again: Duration::from_millis(10), ..Pace::default() };
        let build = move || {
            let node = OnStandby { rows: Arc::clone(&shared), told: told.clone() };
            Ok(Box::new(node) as Box<dyn Node>)
        };
        let runner = Runner::start("toy", pace, SteadyClock::wall(), client, build).unwrap();
        while !rows.lock().unwrap().is_looked_at {
            std::thread::yield_now();
        }
        rows.lock().unwrap().due = Some(Timestamp(0));
        taken_up.recv_timeout(Duration::from_secs(10)).unwrap();
        runner.stop();
    }
}

#[test]
fn a_node_that_plans_the_past_for_ever_does_not_take_a_core() {
    struct Stuck(Arc<AtomicUsize>);
    impl Node for Stuck {
        fn step(&mut self, _: Timestamp, _: Vec<Input>) -> Result<Vec<Output>, Crash> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(vec![])
        }
        fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
            Ok(Some(Timestamp(0)))
        }
    }
    let steps = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&steps);
    let (_runtime, runner) = start(SteadyClock::wall(), move || Ok(Box::new(Stuck(Arc::clone(&counter)))));
    std::thread::sleep(Duration::from_millis(300));
    runner.unwrap().stop();
    let steps = steps.load(Ordering::Relaxed);
    assert!((2..40).contains(&steps), "{steps} steps");
}

/// Notes the size of each group, and is slow.
struct Grouper {
    groups: Arc<Mutex<Vec<(usize, Timestamp)>>>,
}

impl Node for Grouper {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        self.groups.lock().unwrap().push((inputs.len(), now));
        std::thread::sleep(Duration::from_millis(100));
        let answer = |input| match input {
            Input::Request { id, .. } => Some(ok(id, String::new())),
            _ => None,
        };
        Ok(inputs.into_iter().filter_map(answer).collect())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

#[test]
fn what_waits_is_taken_as_one_group_and_time_never_goes_back() {
    let groups = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&groups);
    let mut reading = 1_000_000;
    let clock = SteadyClock::over(move || {
        reading -= 1;
        Timestamp(reading)
    });
    let (runtime, runner) = start(clock, move || Ok(Box::new(Grouper { groups: Arc::clone(&seen) })));
    let runner = runner.unwrap();
    let door = runner.door();
    runtime.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for n in 0..301 {
            let door = door.clone();
            asking.spawn(async move { door.ask(http::Request::new(Bytes::new())).await.unwrap() });
            if n == 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        assert_eq!(asking.join_all().await.len(), 301);
    });
    runner.stop();
    let groups = groups.lock().unwrap().clone();
    assert_eq!(groups.iter().map(|group| group.0).collect::<Vec<_>>(), [1, 256, 44]);
    assert!(groups.is_sorted_by_key(|group| group.1));
}

#[test]
fn a_server_that_stops_lets_the_open_request_finish_and_closes_idle_connections() {
    let toy = Hosted::new(|| {
        Ok(Box::new(Toy(|input| {
            std::thread::sleep(Duration::from_millis(300));
            match input {
                Input::Request { id, .. } => vec![ok(id, "done".into())],
                _ => vec![],
            }
        })))
    });
    let address = toy.address;
    let mut idle = toy.connect();
    let mut open = toy.connect();
    open.say("GET / HTTP/1.1\r\nHost: toy\r\n\r\n");
    std::thread::sleep(Duration::from_millis(50));
    let started = Instant::now();
    let stopping = std::thread::spawn(move || toy.stop());
    assert_eq!(open.hear().text(), "done");
    assert_eq!(open.rest(), b"");
    assert_eq!(idle.rest(), b"");
    drop((open, idle));
    stopping.join().unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn whoever_asks_a_stopped_node_hears_503() {
    let mut toy = Hosted::new(|| Ok(echo()));
    assert_eq!(toy.get("/").status, 200);
    toy.runner.take().unwrap().stop();
    assert_eq!(toy.get("/").status, 503);
}
