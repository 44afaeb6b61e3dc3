//! Runs one node on one thread: collects what waits, steps the node once for all of it, sends out what it says.
//!
//! The channel is `std::sync::mpsc`: lock-free on the senders' side, and its receiver sleeps with a time limit, which
//! is all that "wait for mail or until something is due" needs. It has no bound of its own; the server bounds the
//! asks in flight and the client the sends, and nothing else writes to it.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use danbao_protocol::node::{AskId, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId};
use danbao_protocol::time::Timestamp;
use tokio::sync::oneshot;

use super::client::Client;
use super::clock::SteadyClock;
use super::tally::Tally;

/// How a node is driven.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Inputs taken in one step at most, that is: in one database transaction.
    pub group_max: usize,
    /// Wait before the second of two rebuilds in a row; doubles with each further one.
    pub rebuild_wait_min: Duration,
    /// Longest wait before a rebuild.
    pub rebuild_wait_max: Duration,
    /// An idle node is asked this often what is due: other nodes of its database may have written something and be gone,
    /// and the wall clock may jump (a laptop that slept).
    pub look_again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            group_max: 256,
            rebuild_wait_min: Duration::from_millis(50),
            rebuild_wait_max: Duration::from_secs(5),
            look_again: Duration::from_secs(5),
        }
    }
}

/// A node that has lived this long has recovered: its next crash is rebuilt from without waiting.
const RECOVERED_AFTER: Duration = Duration::from_secs(5);
/// Wait between two `Due` that changed nothing: a node that plans the past must not take a whole core.
const IDLE_DUE_WAIT: Duration = Duration::from_millis(20);

enum Mail {
    Ask { request: Request, reply: oneshot::Sender<Response> },
    Answer { life: u64, id: SendId, outcome: Result<Response, NoAnswer> },
    Stop,
}

/// The way to ask a node something. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    mail: Sender<Mail>,
    tally: Arc<Tally>,
}

impl Door {
    /// Hands a request to the node; `None` if the node died before it answered, or is gone for good.
    pub async fn ask(&self, request: Request) -> Option<Response> {
        let (reply, answer) = oneshot::channel();
        self.mail.send(Mail::Ask { request, reply }).ok()?;
        answer.await.ok()
    }

    /// What is counted of the node.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// A running node and its thread.
pub struct Runner {
    mail: Sender<Mail>,
    tally: Arc<Tally>,
    thread: JoinHandle<()>,
}

impl Runner {
    /// Starts a thread named `name`, builds the node on it and runs it until [`Runner::stop`]. Returns when the node
    /// has been built for the first time. After a crash `build` is called again, as often as it takes.
    ///
    /// Blocks while the node is built; do not call it on a thread of the async runtime.
    ///
    /// # Errors
    /// What the first `build` says, or that there is no thread to be had.
    pub fn start(
        name: &str,
        pace: Pace,
        clock: SteadyClock,
        client: Client,
        build: impl FnMut() -> anyhow::Result<Box<dyn Node>> + Send + 'static,
    ) -> anyhow::Result<Runner> {
        let (mail, inbox) = mpsc::channel();
        let (built, first_build) = mpsc::channel();
        let looped = mail.clone();
        let tally = Arc::new(Tally::new(name));
        let mut run = Run {
            name: name.to_owned(),
            tally: Arc::clone(&tally),
            pace,
            clock,
            client,
            build: Box::new(build),
            mail: looped,
            inbox,
            life: 0,
            asks: 0,
            open: BTreeMap::new(),
        };
        let body = move || match run.first_build() {
            Ok(node) => {
                // Nobody listens any more if the starter has died; the node is then told to stop soon enough.
                let _ = built.send(Ok(()));
                run.run(node);
            }
            Err(error) => drop(built.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        let thread = thread.with_context(|| format!("no thread for {name}"))?;
        first_build.recv().map_err(|_| anyhow!("{name} died while it was built"))??;
        Ok(Runner { mail, tally, thread })
    }

    /// The way to this node.
    pub fn door(&self) -> Door {
        Door { mail: self.mail.clone(), tally: Arc::clone(&self.tally) }
    }

    /// Lets the node finish what it was handed before this call, then ends it. Blocks until it has ended; later asks
    /// find nobody.
    pub fn stop(self) {
        // A thread that is gone already needs no telling.
        let _ = self.mail.send(Mail::Stop);
        if self.thread.join().is_err() {
            tracing::error!("a node's thread panicked outside the node");
        }
    }
}

struct Run {
    name: String,
    tally: Arc<Tally>,
    pace: Pace,
    clock: SteadyClock,
    client: Client,
    build: Box<dyn FnMut() -> anyhow::Result<Box<dyn Node>> + Send>,
    mail: Sender<Mail>,
    inbox: Receiver<Mail>,
    /// Counts the nodes built, so that answers to a dead node's sends do not reach its successor.
    life: u64,
    /// Counts the asks, over all lives.
    asks: u64,
    open: BTreeMap<AskId, oneshot::Sender<Response>>,
}

/// What one wait brought.
struct Group {
    inputs: Vec<Input>,
    stop: bool,
}

impl Run {
    fn first_build(&mut self) -> anyhow::Result<Box<dyn Node>> {
        guarded(|| (self.build)()).unwrap_or_else(|panic| Err(anyhow!("panic: {panic}")))
    }

    fn run(&mut self, mut node: Box<dyn Node>) {
        let mut wait = Duration::ZERO;
        loop {
            self.life += 1;
            self.tally.set_up(true);
            let born = Instant::now();
            let ended = guarded(|| self.live(node.as_mut()));
            match ended {
                Ok(Ok(())) => self.tally.set_up(false),
                _ => self.tally.died(),
            }
            // Dropping the replies is what answers the open asks with 503.
            self.open.clear();
            if let Err(panic) = guarded(move || drop(node)) {
                tracing::error!(node = self.name, panic, "a node panicked while it was dropped");
            }
            match ended {
                Ok(Ok(())) => return,
                Ok(Err(Crash(reason))) => tracing::error!(node = self.name, reason, "a node crashed"),
                Err(panic) => tracing::error!(node = self.name, panic, "a node panicked"),
            }
            if born.elapsed() >= RECOVERED_AFTER {
                wait = Duration::ZERO;
            }
            node = match self.rebuild(&mut wait) {
                Some(node) => node,
                None => return,
            };
            tracing::info!(node = self.name, "rebuilt");
        }
    }

    /// Drives one node until it is told to stop.
    fn live(&mut self, node: &mut dyn Node) -> Result<(), Crash> {
        let mut due = node.next_due()?;
        let mut idle_due = false;
        loop {
            let group = self.collect(due, idle_due);
            if group.inputs.is_empty() {
                // Nothing came for a while: what is due may have been written by others.
                due = node.next_due()?;
            } else {
                let only_due = matches!(group.inputs[..], [Input::Due]);
                let now = self.clock.now();
                let (inputs, began) = (group.inputs.len(), Instant::now());
                let outputs = node.step(now, group.inputs)?;
                self.tally.stepped(inputs, began.elapsed());
                let quiet = outputs.is_empty();
                self.dispatch(outputs);
                let next = node.next_due()?;
                idle_due = only_due && quiet && next == due;
                due = next;
            }
            if group.stop {
                return Ok(());
            }
        }
    }

    /// Waits for mail or for `due`, though not for ever, then takes whatever else waits already. A lone message is not kept
    /// waiting for company: groups form by themselves while the node is at work.
    fn collect(&mut self, due: Option<Timestamp>, idle_due: bool) -> Group {
        let mut group = Group { inputs: Vec::new(), stop: false };
        let wait = due.map_or(self.pace.look_again, |due| due.since(self.clock.now()));
        let wait = wait.min(self.pace.look_again);
        let first = self.inbox.recv_timeout(if idle_due { wait.max(IDLE_DUE_WAIT) } else { wait });
        match first {
            Ok(mail) => self.admit(mail, &mut group),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => group.stop = true,
        }
        while group.inputs.len() < self.pace.group_max && !group.stop {
            match self.inbox.try_recv() {
                Ok(mail) => self.admit(mail, &mut group),
                Err(_) => break,
            }
        }
        if due.is_some_and(|due| due <= self.clock.now()) {
            group.inputs.push(Input::Due);
        }
        group
    }

    fn admit(&mut self, mail: Mail, group: &mut Group) {
        match mail {
            Mail::Ask { request, reply } => {
                self.asks += 1;
                let id = AskId(self.asks);
                self.open.insert(id, reply);
                group.inputs.push(Input::Request { id, request });
            }
            Mail::Answer { life, id, outcome } if life == self.life => {
                group.inputs.push(Input::Answer { id, outcome });
            }
            Mail::Answer { .. } => {}
            Mail::Stop => group.stop = true,
        }
    }

    fn dispatch(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Respond { id, response } => match self.open.remove(&id) {
                    // Whoever asked may have hung up; what was decided stays decided.
                    Some(reply) => drop(reply.send(response)),
                    None => tracing::error!(node = self.name, ask = id.0, "a node answered nobody"),
                },
                Output::Send { id, request } => {
                    let mail = self.mail.clone();
                    let life = self.life;
                    self.client.send(request, move |outcome| {
                        // A node that has stopped does not want to know.
                        let _ = mail.send(Mail::Answer { life, id, outcome });
                    });
                }
            }
        }
        // Those who gave up waiting for a node that never answered must not pile up.
        if self.open.len() > 4 * self.pace.group_max && self.asks.is_multiple_of(64) {
            self.open.retain(|_, reply| !reply.is_closed());
        }
    }

    /// Builds a new node, waiting longer from try to try; meanwhile whoever asks hears 503. `None`: told to stop.
    fn rebuild(&mut self, wait: &mut Duration) -> Option<Box<dyn Node>> {
        loop {
            if self.turn_away(*wait) {
                return None;
            }
            *wait = (*wait * 2).clamp(self.pace.rebuild_wait_min, self.pace.rebuild_wait_max);
            match guarded(|| (self.build)()) {
                Ok(Ok(node)) => return Some(node),
                Ok(Err(error)) => tracing::error!(node = self.name, "cannot be built: {error:#}"),
                Err(panic) => tracing::error!(node = self.name, panic, "panicked while it was built"),
            }
        }
    }

    /// Drops all mail for a while; true if told to stop.
    fn turn_away(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Mail::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

/// Runs what belongs to the node; a panic in there becomes a value.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // What the closure touched is either dropped afterwards (the node) or only ever changed between two calls of the
    // node, so nothing half-done is seen again.
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_text(panic.as_ref()))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
