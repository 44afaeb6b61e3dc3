//! 1 E and 2 A: the shop's clock and its log.

use danbao_protocol::time::Timestamp;
use http::header::DATE;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::Facts;
use crate::finding::{About, Lack, Verdict};
use crate::settings::Place;

/// Half of the minute that a page return is valid for (protocol.md §6.3), in milliseconds.
const SKEW_MAX_MS: u64 = 30_000;

/// A clock that is wrong makes links look older than they are, and `notify_time` strange.
pub(super) fn clock(facts: &Facts) -> Verdict {
    let mut is_any = false;
    let mut about = Vec::new();
    for &place in Place::ALL {
        let exchanges = facts.exchanges.iter().filter(|(probe, _)| probe.place() == place);
        let skew = exchanges.filter_map(|(_, exchange)| {
            let date = exchange.outcome.as_ref().ok()?.headers().get(DATE)?.to_str().ok()?;
            skew_ms(date, exchange.sent_at, exchange.ended_at)
        });
        let Some(skew) = skew.min_by_key(|skew| skew.unsigned_abs()) else { continue };
        is_any = true;
        if skew.unsigned_abs() > SKEW_MAX_MS {
            about.push(About::Text(format!("{}: {:+} s", place.name(), skew / 1000)));
        }
    }
    if is_any { Verdict::of(about) } else { Verdict::NotLooked(Lack::Answer) }
}

/// How far a clock is ahead, given what it said at some moment between two by the clock here; zero if it may be right.
/// A date has no parts of a second.
fn skew_ms(date: &str, sent_at: Timestamp, ended_at: Timestamp) -> Option<i64> {
    let said = DateTimeParser::new().parse_timestamp(date).ok()?.as_millisecond();
    let earliest = sent_at.0.saturating_sub(1000);
    Some(match said {
        said if said < earliest => said.saturating_sub(earliest),
        said if said > ended_at.0 => said.saturating_sub(ended_at.0),
        _ => 0,
    })
}

pub(super) fn log(facts: &Facts) -> Verdict {
    match &facts.log {
        None => Verdict::NotLooked(Lack::Option("--log")),
        Some(log) => match &log.writable {
            Ok(()) => Verdict::Fine,
            Err(why) => Verdict::about(format!("{}: {why}", log.path)),
        },
    }
}
