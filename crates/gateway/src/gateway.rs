//! The node: groups of inputs in, one transaction, outputs out.

use danbao_protocol::node::{AskId, Crash, Input, Node, Output, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, MigrateError, Tx};
use http::StatusCode;

use crate::config::Config;
use crate::entropy::Entropy;
use crate::fault::Fault;
use crate::numbers::Numbers;
use crate::on_its_way::OnItsWay;
use crate::rows::{self, deadline, notice, refund_batch, resend, setting};
use crate::turn::{Known, Memory, Turn};
use crate::{clockwork, delivery, router, sandbox, web};

/// A payment gateway over one database connection.
pub struct Gateway {
    conn: Box<dyn Conn>,
    config: Config,
    memory: Memory,
    /// How far this gateway's clock is ahead of the host's; always 0 but in a sandbox.
    clock_offset_ms: i64,
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

/// How often an input is tried again when another node has changed the same rows.
const CONFLICT_TRIES_MAX: u32 = 20;

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
        let memory =
            Memory { entropy: Entropy::new(seed), numbers: Numbers::default(), on_its_way: OnItsWay::new() };
        let mut gateway = Gateway { conn, config, memory, clock_offset_ms: 0 };
        if gateway.config.is_sandbox {
            gateway.with_turn(now, sandbox::ensure_token)?;
            gateway.clock_offset_ms = setting::clock_offset_ms(gateway.conn.as_mut())?;
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
        let mut turn = Turn {
            tx: &mut *tx,
            now,
            config: &self.config,
            memory: &mut self.memory,
            outputs: &mut outputs,
            known: &mut known,
            clock_moved_ms: 0,
        };
        let done = work(&mut turn);
        match done {
            Ok(value) => {
                tx.commit().map_err(Fault::from)?;
                Ok(value)
            }
            Err(fault) => {
                drop(tx);
                self.memory.numbers.forget();
                Err(fault)
            }
        }
    }

    /// Takes inputs as one transaction. `Err` with nothing done and nothing written.
    fn take(&mut self, host_now: Timestamp, inputs: &[Input]) -> Result<Vec<Output>, Fault> {
        let mut outputs = Vec::with_capacity(inputs.len());
        let mark = self.memory.on_its_way.mark();
        let taken = self.take_in_transaction(host_now, inputs, &mut outputs);
        if taken.is_ok() {
            self.memory.on_its_way.committed();
        } else {
            self.memory.numbers.forget();
            self.memory.on_its_way.rolled_back(mark);
        }
        taken.map(|()| outputs)
    }

    fn take_in_transaction(
        &mut self,
        host_now: Timestamp,
        inputs: &[Input],
        outputs: &mut Vec<Output>,
    ) -> Result<(), Fault> {
        let mut known = Known::default();
        let mut tx = Tx::begin(self.conn.as_mut())?;
        let mut offset = if self.config.is_sandbox { setting::clock_offset_ms(&mut *tx)? } else { 0 };
        for input in inputs {
            let mut turn = Turn {
                tx: &mut *tx,
                now: Timestamp(host_now.0.saturating_add(offset)),
                config: &self.config,
                memory: &mut self.memory,
                outputs,
                known: &mut known,
                clock_moved_ms: 0,
            };
            take_one(&mut turn, input)?;
            offset = offset.saturating_add(turn.clock_moved_ms);
        }
        let mut turn = Turn {
            tx: &mut *tx,
            now: Timestamp(host_now.0.saturating_add(offset)),
            config: &self.config,
            memory: &mut self.memory,
            outputs,
            known: &mut known,
            clock_moved_ms: 0,
        };
        // What this very group made due goes out with it: a payment's notification does not wait for a wake-up.
        clockwork::run(&mut turn)?;
        delivery::send_due(&mut turn)?;
        tx.commit()?;
        self.clock_offset_ms = offset;
        Ok(())
    }

    /// Takes one input alone, again and again while another node is in the way; a fault becomes its answer.
    fn take_alone(&mut self, now: Timestamp, input: &Input) -> Result<Vec<Output>, Crash> {
        for _ in 0..CONFLICT_TRIES_MAX {
            match self.take(now, std::slice::from_ref(input)) {
                Ok(outputs) => return Ok(outputs),
                Err(Fault::Store(Error::Conflict(_) | Error::Unique { .. })) => {}
                Err(Fault::Store(Error::Broken(what))) => return Err(Crash(what)),
                Err(fault) => {
                    tracing::error!(%fault, "an input was not taken; nothing was changed");
                    return Ok(apology(input, StatusCode::INTERNAL_SERVER_ERROR));
                }
            }
        }
        tracing::warn!("an input was in conflict too often; nothing was changed");
        Ok(apology(input, StatusCode::SERVICE_UNAVAILABLE))
    }
}

impl Node for Gateway {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        match self.take(now, &inputs) {
            Ok(outputs) => return Ok(outputs),
            Err(Fault::Store(Error::Broken(what))) => return Err(Crash(what)),
            Err(fault) if inputs.len() > 1 => {
                tracing::warn!(%fault, inputs = inputs.len(), "a group was rolled back; its inputs are taken one by one");
            }
            Err(_) => {}
        }
        let mut outputs = Vec::new();
        for input in &inputs {
            outputs.extend(self.take_alone(now, input)?);
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let offset = self.clock_offset_ms;
        let due = |gateway: &mut Gateway| -> Result<Option<Timestamp>, Fault> {
            // With every slot taken, nothing can go before an answer comes.
            let has_slot = gateway.memory.on_its_way.len() < gateway.config.sends_max;
            let notice = if has_slot { notice::next_due(gateway.conn.as_mut())? } else { None };
            let resend = match has_slot && gateway.config.is_sandbox {
                true => resend::next_due(gateway.conn.as_mut())?,
                false => None,
            };
            let notice = notice.into_iter().chain(resend).min();
            let held_until = gateway.memory.on_its_way.held_until();
            let notice = notice.map(|due| held_until.map_or(due, |until| due.max(until)));
            let deadline = deadline::next_due(gateway.conn.as_mut())?;
            let refunds = refund_batch::next_due(gateway.conn.as_mut())?;
            Ok(notice.into_iter().chain(deadline).chain(refunds).min())
        };
        match due(self) {
            Ok(at) => Ok(at.map(|at| Timestamp(at.0.saturating_sub(offset)))),
            Err(fault) => Err(Crash(fault.to_string())),
        }
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

/// The answer to an input that could not be taken: only somebody who asked hears of it.
fn apology(input: &Input, status: StatusCode) -> Vec<Output> {
    let respond = |id: AskId| {
        let mut response: Response = web::plain("");
        *response.status_mut() = status;
        Output::Respond { id, response }
    };
    match input {
        Input::Request { id, .. } => vec![respond(*id)],
        Input::Answer { .. } | Input::Due => Vec::new(),
    }
}
