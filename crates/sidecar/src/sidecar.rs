//! The sidecar as a node: groups of inputs, one transaction each.

use std::collections::BTreeMap;
use std::fmt;

use danbao_merchant::answer;
use danbao_merchant::protocol::node::{AskId, Crash, Input, Node, Output, SendId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::{Effects, Entropy, Fault, Names, Program, Sweep, Untaken, group};
use danbao_store::{Conn, Error, MigrateError, Tx, migrate};
use http::StatusCode;

use crate::config::{Config, ConfigError};
use crate::counts::Counts;
use crate::problem::Problem;
use crate::turn::{Background, Turn, Waiting};
use crate::{forgetting, polling, refunds, router, rows, webhooks};

/// Why a sidecar cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not fit.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// The settings cannot be right.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// The merchant's kit as a service beside a shop.
pub struct Sidecar {
    conn: Box<dyn Conn>,
    program: SidecarProgram,
    sweep: Sweep,
}

/// A sidecar without its connection.
struct SidecarProgram {
    config: Config,
    memory: Memory,
}

/// What may be lost.
#[derive(Debug)]
struct Memory {
    entropy: Entropy,
    names: Names,
    waiting: BTreeMap<SendId, Waiting>,
    counted: Counts,
}

/// What a group wants done and has counted. Dropped with the group if the group is not committed.
#[derive(Default)]
struct Taken {
    effects: Effects<Waiting>,
    counts: Counts,
}

/// How often the start of a life is tried when another instance is being opened at the same time.
const LIFE_TRIES_MAX: u32 = 20;

impl Sidecar {
    /// Opens the sidecar on its database, which is brought up to date first. Randomness comes from `seed` alone.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(mut conn: Box<dyn Conn>, config: Config, seed: [u8; 32]) -> Result<Sidecar, OpenError> {
        config.check()?;
        migrate(&mut *conn, rows::MIGRATIONS)?;
        let life = u64::try_from(begin_life(&mut *conn)?).unwrap_or_default();
        let names = Names::new(life);
        let memory = Memory {
            entropy: Entropy::of_life(seed, life),
            names,
            waiting: BTreeMap::new(),
            counted: Counts::default(),
        };
        Ok(Sidecar { conn, program: SidecarProgram { config, memory }, sweep: Sweep::default() })
    }
}

impl Program for SidecarProgram {
    type Effects = Taken;
    const GROUP_TRIES_MAX: u32 = 20;
    const ALONE_TRIES_MAX: u32 = 20;

    fn take(&mut self, tx: &mut Tx<'_>, now: Timestamp, inputs: &[Input]) -> Result<Self::Effects, Fault> {
        let SidecarProgram { config, memory } = self;
        let mut taken = Taken::default();
        let mut turn = Turn {
            tx,
            now,
            config,
            entropy: &mut memory.entropy,
            names: &mut memory.names,
            effects: &mut taken.effects,
            waiting: &memory.waiting,
            counts: &mut taken.counts,
            counted: &memory.counted,
        };
        for input in inputs {
            match input {
                Input::Request { id, request } => router::request(&mut turn, *id, request)?,
                Input::Answer { id, outcome } => {
                    if let Some(waiting) = memory.waiting.get(id) {
                        turn.effects.heard(*id);
                        turn.counts.asked(waiting, outcome);
                        router::answer(&mut turn, waiting.clone(), outcome)?;
                    }
                }
                Input::Due => {
                    webhooks::send_due(&mut turn)?;
                    refunds::send_due(&mut turn)?;
                    polling::ask_due(&mut turn)?;
                }
            }
        }
        Ok(taken)
    }

    fn committed(&mut self, taken: Taken) -> Vec<Output> {
        self.memory.counted.add(taken.counts);
        taken.effects.settle(&mut self.memory.waiting)
    }

    fn apologise(&mut self, input: &Input, _: &Untaken) -> Option<Output> {
        let (id, to_gateway): (AskId, bool) = match input {
            Input::Request { id, request } => (*id, router::is_notification(request)),
            Input::Answer { id, .. } => {
                let waiting = self.memory.waiting.remove(id)?;
                (waiting.ask()?, waiting.is_notification())
            }
            Input::Due => return None,
        };
        let mut response = if to_gateway { answer::fail() } else { Problem::internal().respond() };
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Some(Output::Respond { id, response })
    }
}

/// Another instance may be opened at the same time.
fn begin_life(conn: &mut dyn Conn) -> Result<i64, Error> {
    let mut tries = 1;
    loop {
        match rows::begin_life(conn) {
            Err(error) if error.is_conflict() && tries < LIFE_TRIES_MAX => tries += 1,
            done => return done,
        }
    }
}

impl Node for Sidecar {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        if inputs.iter().any(|input| matches!(input, Input::Due)) {
            // In a transaction of its own: what is forgotten is nobody's business here.
            self.sweep.run(&mut *self.conn, now, forgetting::next, |tx| forgetting::slice(tx, now))?;
        }
        group::step(&mut *self.conn, &mut self.program, now, &inputs)
    }

    /// What cannot be begun now, because too much is on its way, is not due: an answer comes first, and the host asks
    /// again after it.
    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let crash = |error: Error| Crash(error.to_string());
        let mut next: Option<Timestamp> = None;
        for work in [Background::Deliveries, Background::Queries] {
            if work.free(self.program.memory.waiting.values()) == 0 {
                continue;
            }
            let due = match work {
                Background::Deliveries => {
                    webhooks::next_due(&mut *self.conn, self.program.config.webhook.as_ref())
                        .map_err(crash)?
                }
                Background::Queries => {
                    let query = rows::payment_request::next_due(&mut *self.conn).map_err(crash)?;
                    let refund = rows::refund_batch::next_due(&mut *self.conn).map_err(crash)?;
                    query.into_iter().chain(refund).min()
                }
            };
            next = next.into_iter().chain(due).min();
        }
        let forgetting = forgetting::next(&mut *self.conn).map_err(|fault| Crash(fault.to_string()))?;
        Ok(next.into_iter().chain(self.sweep.next(forgetting)).min())
    }
}

impl fmt::Debug for Sidecar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sidecar").field("config", &self.program.config).finish_non_exhaustive()
    }
}
