//! The shop as a node: groups of inputs, one transaction each.

use std::collections::BTreeMap;
use std::fmt;

use danbao_merchant::inbox::{self, Keep};
use danbao_merchant::login::DISPLAY_PREFIX;
use danbao_merchant::protocol::node::{AskId, Crash, Input, Node, Output, Request, SendId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::targets::{NotAnOrigin, Targets};
use danbao_merchant::{Account, answer};
use danbao_node::{Effects, Entropy, Fault, Lang, Names, Program, Sweep, Untaken, group, sweep};
use danbao_store::{Conn, Error, MigrateError, Tx, migrate};
use http::StatusCode;

use crate::pages::Pages;
use crate::turn::{Base, Turn, Waiting};
use crate::{router, rows};

/// What a shop has to be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where buyers and the gateway reach this shop, without a slash at the end: `http://127.0.0.1:8081`.
    pub own_url: String,
    /// The contract with the gateway, and where the gateway is.
    pub account: Account,
    /// The language for visitors who ask for none.
    pub lang: Lang,
    /// What concerns buyers who sign in at the gateway.
    pub members: Members,
}

/// How the shop treats members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    /// What stands before a member's name; the integration rules want 支付宝用户.
    pub display_prefix: String,
    /// Origins beside the shop's own that etao's `target_url` may lead to, such as `https://m.shop.example`.
    pub targets: Vec<String>,
}

impl Default for Members {
    /// The prefix of the rules, and no origin but the shop's own.
    fn default() -> Members {
        Members { display_prefix: DISPLAY_PREFIX.to_owned(), targets: Vec::new() }
    }
}

/// Why a shop cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not fit.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
    /// `own_url` is not an absolute address that the gateway could call.
    #[error("`{0}` is not an absolute http or https address without a slash at its end")]
    OwnUrl(String),
    /// One of [`Members::targets`] is not an absolute address.
    #[error(transparent)]
    Target(#[from] NotAnOrigin),
    /// A page template of the program does not parse: a bug.
    #[error("a page does not parse: {0}")]
    Pages(String),
}

/// The model shop.
pub struct Shop {
    conn: Box<dyn Conn>,
    program: ShopProgram,
    sweep: Sweep,
}

/// A shop without its connection.
struct ShopProgram {
    base: Base,
    memory: Memory,
}

/// What may be lost.
#[derive(Debug)]
struct Memory {
    entropy: Entropy,
    names: Names,
    waiting: BTreeMap<SendId, Waiting>,
}

impl Shop {
    /// Opens the shop on its database, which is brought up to date first. Randomness comes from `seed` alone.
    ///
    /// `now` is not used yet: everything that a shop remembers is in its rows.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        mut conn: Box<dyn Conn>,
        config: Config,
        seed: [u8; 32],
        _now: Timestamp,
    ) -> Result<Shop, OpenError> {
        let is_http = config.own_url.starts_with("http://") || config.own_url.starts_with("https://");
        if !is_http || config.own_url.ends_with('/') || config.own_url.contains(['?', '#', ' ']) {
            return Err(OpenError::OwnUrl(config.own_url));
        }
        let targets = Targets::new(&config.own_url, config.members.targets.iter().map(String::as_str))?;
        migrate(&mut *conn, rows::MIGRATIONS)?;
        let life = u64::try_from(rows::begin_life(&mut *conn)?).unwrap_or_default();
        let pages = Pages::new().map_err(|error| OpenError::Pages(format!("{error:#}")))?;
        let entropy = Entropy::of_life(seed, life);
        let memory = Memory { entropy, names: Names::new(life), waiting: BTreeMap::new() };
        let program = ShopProgram { base: Base { config, pages, targets }, memory };
        Ok(Shop { conn, program, sweep: Sweep::default() })
    }
}

impl Program for ShopProgram {
    type Effects = Effects<Waiting>;
    const GROUP_TRIES_MAX: u32 = 5;
    const ALONE_TRIES_MAX: u32 = 5;

    fn take(&mut self, tx: &mut Tx<'_>, now: Timestamp, inputs: &[Input]) -> Result<Self::Effects, Fault> {
        let ShopProgram { base, memory } = self;
        let mut effects = Effects::default();
        for input in inputs {
            let mut turn = Turn {
                tx: &mut *tx,
                now,
                base,
                entropy: &mut memory.entropy,
                names: &mut memory.names,
                effects: &mut effects,
            };
            match input {
                Input::Request { id, request } => router::request(&mut turn, *id, request)?,
                Input::Answer { id, outcome } => {
                    if let Some(waiting) = memory.waiting.get(id) {
                        turn.effects.heard(*id);
                        router::answer(&mut turn, waiting.clone(), outcome)?;
                    }
                }
                Input::Due => {}
            }
        }
        Ok(effects)
    }

    fn committed(&mut self, effects: Self::Effects) -> Vec<Output> {
        effects.settle(&mut self.memory.waiting)
    }

    fn apologise(&mut self, input: &Input, _: &Untaken) -> Option<Output> {
        let (id, to_gateway, request) = match input {
            Input::Request { id, request } => (*id, router::is_notification(request), Some(request)),
            Input::Answer { id, .. } => {
                let waiting = self.memory.waiting.remove(id)?;
                (waiting.ask(), waiting.is_notification(), None)
            }
            Input::Due => return None,
        };
        Some(self.sorry(id, to_gateway, request))
    }
}

impl ShopProgram {
    fn sorry(&self, id: AskId, to_gateway: bool, request: Option<&Request>) -> Output {
        let mut response = match to_gateway {
            true => answer::fail(),
            false => self.base.pages.broken(request, self.base.config.lang),
        };
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        Output::Respond { id, response }
    }
}

impl Node for Shop {
    fn step(&mut self, now: Timestamp, mut inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let asked = inputs.len();
        inputs.retain(|input| !matches!(input, Input::Due));
        if inputs.len() < asked {
            self.forget(now)?;
        }
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        group::step(&mut *self.conn, &mut self.program, now, &inputs)
    }

    /// A shop plans nothing but to forget: what it waits for comes as an answer or not at all.
    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let due = inbox::next_prune(&mut *self.conn, Keep::USUAL);
        Ok(self.sweep.next(due.map_err(|error| Crash(error.to_string()))?))
    }
}

impl Shop {
    /// Messages that were not believed have an end. What visitors leave behind is forgotten when more of it comes.
    fn forget(&mut self, now: Timestamp) -> Result<(), Crash> {
        let Shop { conn, sweep, .. } = self;
        let due = |conn: &mut dyn Conn| Ok(inbox::next_prune(conn, Keep::USUAL)?);
        sweep.run(&mut **conn, now, due, |tx| Ok(inbox::prune(tx, Keep::USUAL, now, sweep::SLICE)?))
    }
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("config", &self.program.base.config).finish_non_exhaustive()
    }
}
