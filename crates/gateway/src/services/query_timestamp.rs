//! query_timestamp: hands out an anti-phishing key (protocol.md §7.2).

use super::{Answer, Call};
use crate::rows::anti_phishing;
use crate::turn::Turn;
use crate::web;

/// Hands out a key that lives for half a minute.
pub(super) fn answer(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let encrypt_key = turn.memory.entropy.text(32);
    let life_ms = i64::try_from(turn.config.anti_phishing_key.as_millis()).unwrap_or(0);
    // Kept longer than it lives, so that a late use is told apart from an invented key.
    let forget_before = danbao_protocol::time::Timestamp(turn.now.0 - 100 * life_ms);
    anti_phishing::insert(turn.tx, &encrypt_key, &call.partner.partner, forget_before, turn.now)?;
    let body = super::success(call, "timestamp", &[("encrypt_key", encrypt_key)])?;
    Ok(Ok(web::xml(call.charset, body)))
}
