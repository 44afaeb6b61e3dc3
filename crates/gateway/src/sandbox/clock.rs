//! The sandbox's clock, which can be moved forward.

use danbao_protocol::node::Request;
use danbao_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Problem, read};
use crate::rows::setting;
use crate::turn::Turn;

/// The furthest that the clock is moved at once: ten years.
const SECONDS_MAX: i64 = 10 * 366 * 86_400;

/// `GET /clock`.
pub(super) fn show(turn: &mut Turn<'_>) -> Answer {
    let offset = setting::clock_offset_ms(turn.tx)?;
    Ok(Ok(json!({ "now": turn.now.wire(), "now_ms": turn.now.0, "offset_seconds": offset / 1000 })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

/// `POST /clock/advance`: every timer of the gateway sees the new time at once, because all of them are rows with an
/// instant.
pub(super) fn advance(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let Advance { seconds } = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    if !(0..=SECONDS_MAX).contains(&seconds) {
        return Ok(Err(Problem::unprocessable(
            "seconds_out_of_range",
            "0 to ten years; time does not go backwards",
        )));
    }
    let offset = setting::clock_offset_ms(turn.tx)?.saturating_add(seconds * 1000);
    setting::save(turn.tx, setting::CLOCK_OFFSET_MS, &offset.to_string())?;
    turn.clock_moved_ms = seconds * 1000;
    let now = Timestamp(turn.now.0.saturating_add(seconds * 1000));
    Ok(Ok(json!({ "now": now.wire(), "now_ms": now.0, "offset_seconds": offset / 1000 })))
}
