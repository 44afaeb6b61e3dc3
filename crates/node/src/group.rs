//! Groups: one transaction over all inputs that wait; after a fault, one over each of them
//! (docs/adr/0002-a-step-takes-a-group.md).

use danbao_protocol::node::{Crash, Input, Output};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Tx};

use crate::fault::Fault;

/// A node without its connection: what it is told, what it keeps in memory, and how it takes inputs.
///
/// Of each transaction the program sees [`take`](Program::take), and then exactly one of three things:
/// [`committed`](Program::committed), [`rolled_back`](Program::rolled_back), or nothing at all, because the database is
/// gone and the node dies. If the transaction cannot even be opened, `rolled_back` comes without `take`.
pub trait Program {
    /// What a transaction wants done once it is committed: outputs, and what is to be remembered. Dropped if it is not,
    /// so what is not in here and not in `rolled_back` must be safe to have done in vain.
    type Effects;

    /// How often a group is tried as a whole while others are at work on the same rows, before its inputs are taken one
    /// by one; at least 1.
    const GROUP_TRIES_MAX: u32;

    /// How often an input is then tried alone; at least 1.
    const ALONE_TRIES_MAX: u32;

    /// Takes inputs, in order, at one instant, in an open transaction. A lawful no is an answer; it is among the
    /// effects.
    ///
    /// # Errors
    /// [`Fault`]: nothing of this transaction will have happened.
    fn take(&mut self, tx: &mut Tx<'_>, now: Timestamp, inputs: &[Input]) -> Result<Self::Effects, Fault>;

    /// The transaction is committed: remembers what is to be remembered, and gives out what may be told now.
    fn committed(&mut self, effects: Self::Effects) -> Vec<Output>;

    /// The transaction is rolled back: forgets what it has put into memory, and says whether to try the same again. By
    /// itself, for a program that keeps everything in its effects: after a conflict and after nothing else.
    fn rolled_back(&mut self, fault: &Fault) -> Again {
        if fault.is_conflict() { Again::InConflict } else { Again::No }
    }

    /// What to say to an input that was not taken, not even alone; `None` if nobody waits for an answer.
    fn apologise(&mut self, input: &Input, why: &Untaken) -> Option<Output>;
}

/// Whether what was rolled back is to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// No: it would fail again.
    No,
    /// Others were in the way. Tried again, as often as the program's limit says.
    InConflict,
    /// The program will do it otherwise the next time. Tried again without being counted, so the program must run out of
    /// other ways.
    Otherwise,
}

/// Why an input, or a group of them, was given up. Nothing of it has happened.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// Others were in the way each time. It may well succeed later.
    #[error("in conflict too often: {0}")]
    InConflict(Fault),
    /// It fails.
    #[error(transparent)]
    Faulty(Fault),
}

/// One step of a node ([`Node::step`](danbao_protocol::node::Node::step)) over its connection.
///
/// The inputs are taken as one transaction. If that is rolled back for good, each of them is taken in a transaction of
/// its own, in order, so that a fault costs only the one that has it: the program apologises for that one alone. Outputs
/// are those of committed transactions, in the order of their inputs; there are no savepoints.
///
/// # Errors
/// [`Crash`] if the database is gone. Then the outcome of the last transaction is unknown, and outputs of those that were
/// committed before it in this step are lost, as they are in any death between a commit and a send.
pub fn step<P: Program>(
    conn: &mut dyn Conn,
    program: &mut P,
    now: Timestamp,
    inputs: &[Input],
) -> Result<Vec<Output>, Crash> {
    match take(conn, program, now, inputs, P::GROUP_TRIES_MAX)? {
        Ok(outputs) => return Ok(outputs),
        Err(why) if inputs.len() > 1 => {
            tracing::warn!(%why, inputs = inputs.len(), "a group was rolled back; its inputs are taken one by one");
        }
        Err(_) => {}
    }
    let mut outputs = Vec::new();
    for input in inputs {
        match take(conn, program, now, std::slice::from_ref(input), P::ALONE_TRIES_MAX)? {
            Ok(more) => outputs.extend(more),
            Err(why) => {
                match &why {
                    Untaken::InConflict(_) => {
                        tracing::warn!(%why, "an input was not taken; nothing was changed")
                    }
                    Untaken::Faulty(_) => {
                        tracing::error!(%why, "an input was not taken; nothing was changed")
                    }
                }
                outputs.extend(program.apologise(input, &why));
            }
        }
    }
    Ok(outputs)
}

/// Takes inputs as one transaction, and again for as long as the program and its limit want that.
fn take<P: Program>(
    conn: &mut dyn Conn,
    program: &mut P,
    now: Timestamp,
    inputs: &[Input],
    tries_max: u32,
) -> Result<Result<Vec<Output>, Untaken>, Crash> {
    let mut tries = 1;
    loop {
        let fault = match in_transaction(conn, program, now, inputs) {
            Ok(effects) => return Ok(Ok(program.committed(effects))),
            Err(fault) if fault.is_fatal() => return Err(Crash(fault.to_string())),
            Err(fault) => fault,
        };
        match program.rolled_back(&fault) {
            Again::Otherwise => {}
            Again::InConflict if tries < tries_max => tries += 1,
            Again::InConflict => return Ok(Err(Untaken::InConflict(fault))),
            Again::No => return Ok(Err(Untaken::Faulty(fault))),
        }
    }
}

/// Opens, takes and commits. On an error the transaction is closed and, unless the error is fatal, nothing is written.
fn in_transaction<P: Program>(
    conn: &mut dyn Conn,
    program: &mut P,
    now: Timestamp,
    inputs: &[Input],
) -> Result<P::Effects, Fault> {
    let mut tx = Tx::begin(conn)?;
    let effects = program.take(&mut tx, now, inputs)?;
    tx.commit()?;
    Ok(effects)
}
