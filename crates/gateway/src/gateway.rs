//! The node: groups of inputs in, one transaction, outputs out.

use danbao_node::{Again, Entropy, Fault, Program, Sweep, Untaken, group};
use danbao_protocol::node::{Crash, Input, Node, Output, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, MigrateError, Tx};
use http::StatusCode;

use crate::config::Config;
use crate::numbers::Numbers;
use crate::on_its_way::OnItsWay;
use crate::rows::{self, deadline, notice, refund_batch, resend, setting};
use crate::setbacks::Setbacks;
use crate::turn::{Known, Memory, Turn};
use crate::{clockwork, delivery, forgetting, router, sandbox, web};

/// A payment gateway over one database connection.
pub struct Gateway {
    conn: Box<dyn Conn>,
    program: GatewayProgram,
    sweep: Sweep,
}

/// A gateway without its connection.
struct GatewayProgram {
    config: Config,
    memory: Memory,
}

/// Why a gateway cannot be opened on a database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database does not have the shape of this release and cannot be brought to it.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Gateway {
    /// Brings the database to the shape of this release and opens a gateway on it; a sandbox gets its token. The same
    /// call serves a first start, a later start and the recovery from a crash.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(
        mut conn: Box<dyn Conn>,
        config: Config,
        seed: [u8; 32],
        now: Timestamp,
    ) -> Result<Gateway, OpenError> {
        danbao_store::migrate(conn.as_mut(), rows::MIGRATIONS)?;
        let memory = Memory {
            entropy: Entropy::new(seed),
            numbers: Numbers::default(),
            on_its_way: OnItsWay::new(),
            setbacks: Setbacks::default(),
        };
        let program = GatewayProgram { config, memory };
        let mut gateway = Gateway { conn, program, sweep: Sweep::default() };
        if gateway.program.config.is_sandbox {
            gateway.with_turn(now, sandbox::ensure_token)?;
        }
        Ok(gateway)
    }

    /// Runs one piece of work in a transaction of its own: seeding and reading by the process that owns this gateway.
    ///
    /// # Errors
    /// [`Fault`]; nothing was changed then, unless the commit itself broke.
    pub(crate) fn with_turn<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&mut Turn<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut outputs = Vec::new();
        let mut known = Known::default();
        let mut tx = Tx::begin(self.conn.as_mut()).map_err(Fault::from)?;
        let mut turn = self.program.turn(&mut tx, now, &mut outputs, &mut known);
        let done = work(&mut turn);
        match done {
            Ok(value) => {
                tx.commit().map_err(Fault::from)?;
                Ok(value)
            }
            Err(fault) => {
                drop(tx);
                self.program.memory.numbers.forget();
                Err(fault)
            }
        }
    }

    /// By the host's clock.
    fn due(&mut self) -> Result<Option<Timestamp>, Fault> {
        let Gateway { conn, program: GatewayProgram { config, memory, .. }, sweep } = self;
        // With every slot taken, nothing can go before an answer comes.
        let has_slot = memory.on_its_way.len() < config.sends_max;
        let notice = if has_slot { notice::next_due(conn.as_mut())? } else { None };
        let resend = match has_slot && config.is_sandbox {
            true => resend::next_due(conn.as_mut())?,
            false => None,
        };
        let notice = notice.into_iter().chain(resend).min();
        let held_until = memory.on_its_way.held_until();
        let notice = notice.map(|due| held_until.map_or(due, |until| due.max(until)));
        let deadline = deadline::next_due(conn.as_mut())?;
        let refunds = refund_batch::next_due(conn.as_mut())?;
        let forgetting = if config.is_sandbox { forgetting::next(conn.as_mut())? } else { None };
        let forgetting = sweep.next(forgetting);
        let due = notice.into_iter().chain(deadline).chain(refunds).chain(forgetting).min();
        let Some(due) = due.filter(|_| config.is_sandbox) else { return Ok(due) };
        // Read anew each time: another node may have moved the clock.
        Ok(Some(Timestamp(due.0.saturating_sub(setting::clock_offset_ms(conn.as_mut())?))))
    }
}

impl GatewayProgram {
    fn turn<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
        now: Timestamp,
        outputs: &'a mut Vec<Output>,
        known: &'a mut Known,
    ) -> Turn<'a> {
        let GatewayProgram { config, memory, .. } = self;
        Turn { tx: &mut **tx, now, config, memory, outputs, known, clock_moved_ms: 0 }
    }
}

impl Program for GatewayProgram {
    type Effects = Vec<Output>;
    /// A group in which others are in the way is taken one by one at once: most of its inputs have nothing to do with them.
    const GROUP_TRIES_MAX: u32 = 1;
    const ALONE_TRIES_MAX: u32 = 20;

    fn take(&mut self, tx: &mut Tx<'_>, host_now: Timestamp, inputs: &[Input]) -> Result<Vec<Output>, Fault> {
        self.memory.setbacks.end();
        let mut outputs = Vec::with_capacity(inputs.len());
        let mut known = Known::default();
        let mut offset = if self.config.is_sandbox { setting::clock_offset_ms(&mut **tx)? } else { 0 };
        for input in inputs {
            let now = Timestamp(host_now.0.saturating_add(offset));
            let mut turn = self.turn(tx, now, &mut outputs, &mut known);
            take_one(&mut turn, input)?;
            offset = offset.saturating_add(turn.clock_moved_ms);
        }
        let now = Timestamp(host_now.0.saturating_add(offset));
        let mut turn = self.turn(tx, now, &mut outputs, &mut known);
        // What this very group made due goes out with it: a payment's notification does not wait for a wake-up.
        clockwork::run(&mut turn)?;
        delivery::send_due(&mut turn)?;
        Ok(outputs)
    }

    fn committed(&mut self, outputs: Vec<Output>) -> Vec<Output> {
        self.memory.on_its_way.committed();
        self.memory.setbacks.committed();
        outputs
    }

    /// Once more for each piece of work of the clockwork that turns out to be broken.
    fn rolled_back(&mut self, fault: &Fault) -> Again {
        self.memory.numbers.forget();
        self.memory.on_its_way.rolled_back();
        if self.memory.setbacks.blames(fault) {
            return Again::Otherwise;
        }
        match fault {
            Fault::Store(Error::Conflict(_) | Error::Unique { .. }) => Again::InConflict,
            _ => Again::No,
        }
    }

    /// Only somebody who asked hears of it.
    fn apologise(&mut self, input: &Input, why: &Untaken) -> Option<Output> {
        let Input::Request { id, .. } = input else { return None };
        let mut response: Response = web::plain("");
        *response.status_mut() = match why {
            Untaken::InConflict(_) => StatusCode::SERVICE_UNAVAILABLE,
            Untaken::Faulty(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Some(Output::Respond { id: *id, response })
    }
}

impl Node for Gateway {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        if self.program.config.is_sandbox && inputs.iter().any(|input| matches!(input, Input::Due)) {
            let offset = setting::clock_offset_ms(self.conn.as_mut());
            let offset = offset.map_err(|error| Crash(error.to_string()))?;
            let now = Timestamp(now.0.saturating_add(offset));
            self.sweep.run(self.conn.as_mut(), now, forgetting::next, |tx| forgetting::slice(tx, now))?;
        }
        group::step(self.conn.as_mut(), &mut self.program, now, &inputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        self.due().map_err(|fault| Crash(fault.to_string()))
    }
}

fn take_one(turn: &mut Turn<'_>, input: &Input) -> Result<(), Fault> {
    match input {
        Input::Request { id, request } => {
            let response = router::route(turn, request)?;
            turn.respond(*id, response);
            Ok(())
        }
        Input::Answer { id, outcome } => delivery::hear(turn, *id, outcome),
        Input::Due => Ok(()),
    }
}
