//! What a sandbox does not keep for ever (docs/adr/0027-what-is-kept-and-for-how-long.md). Everything that the books or the
//! record of a trade's notifications need stays; sessions, tokens and the like are forgotten where new ones are written.

use std::time::Duration;

use danbao_node::{Fault, sweep};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Tx};

use crate::rows::age;
use crate::rows::resend;

/// How long the feed and an ended fault plan are kept: whoever listens has long come back, and no notification is tried
/// for longer than a day.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// Lines of the feed that are kept at most.
const TELLINGS_MAX: i64 = 100_000;

/// When there is something to forget.
pub(crate) fn next(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Fault> {
    // What is exactly as old as it may be is kept a moment longer.
    let over = |at: Timestamp| Timestamp(at.plus(KEPT).0.saturating_add(1));
    let told = match age::first_told(conn)? {
        Some((first, at)) if first <= resend::last_told(conn)? - TELLINGS_MAX => Some(at),
        told => told.map(|(_, at)| over(at)),
    };
    let ended = age::first_ended(conn)?.map(|(_, until)| over(until));
    Ok(told.into_iter().chain(ended).min())
}

/// Forgets one slice; how many rows those were.
pub(crate) fn slice(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, Fault> {
    let before = now.minus(KEPT);
    let half = i64::from(sweep::SLICE / 2);
    let up_to = resend::last_told(&mut **tx)? - TELLINGS_MAX;
    let told = age::forget_tellings(&mut **tx, up_to, before, half)?;
    let planned = match age::first_ended(&mut **tx)? {
        Some((plan_id, until)) if until < before => age::forget_plan(&mut **tx, plan_id, half)?,
        _ => 0,
    };
    Ok(told + planned)
}
