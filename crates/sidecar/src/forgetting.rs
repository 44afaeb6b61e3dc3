//! What is not kept for ever (docs/adr/0027-what-is-kept-and-for-how-long.md): messages that were not believed, answers
//! under an Idempotency-Key, visits, and returns that were let in.

use std::time::Duration;

use danbao_merchant::inbox::{self, Keep};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::{Fault, sweep};
use danbao_store::{Conn, Tx};

use crate::rows::age;

/// For so long a question under the same Idempotency-Key is answered alike, and a shop can look up what a buyer has
/// chosen. A visit lasts an hour and the gateway calls a return genuine for a minute, so nothing is let in again because
/// it was forgotten.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// When there is something to forget.
pub(crate) fn next(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    let message = inbox::next_prune(conn, Keep::USUAL)?;
    // What is exactly as old as it may be is kept a moment longer.
    let row = age::oldest(conn)?.map(|at| Timestamp(at.plus(KEPT).0.saturating_add(1)));
    Ok(message.into_iter().chain(row).min())
}

/// Forgets one slice of what has had its time; how many rows those were.
pub(crate) fn slice(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Fault> {
    let messages = inbox::prune(tx, Keep::USUAL, now, sweep::SLICE)?;
    let rest = sweep::SLICE.saturating_sub(u32::try_from(messages).unwrap_or(u32::MAX));
    Ok(messages + age::forget(&mut **tx, now.minus(KEPT), rest)?)
}
