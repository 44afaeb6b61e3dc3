//! What happens to a message between two programs.

use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::node::Response;
use http::StatusCode;

use crate::chance::Chance;

/// How bad the network is. Rates are in a thousand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weather {
    /// Requests that never arrive.
    pub request_lost: u32,
    /// Answers that never arrive, though the receiver has acted.
    pub answer_lost: u32,
    /// Answers in whose place something between the two says that it is out of order; the receiver has acted.
    pub answer_replaced: u32,
    /// Requests that arrive twice.
    pub doubled: u32,
    /// Second copies that come much later, up to [`Weather::LATE_MAX`].
    pub copy_late: u32,
    /// Messages that take seconds, and so overtake each other and run into time-outs.
    pub slow: u32,
    /// How long an ordinary message takes at most, in milliseconds.
    pub delay_max_ms: u64,
}

impl Weather {
    /// The latest that a second copy comes.
    const LATE_MAX: Duration = Duration::from_secs(3 * 3600);
    /// How long a slow message takes at most; longer than anybody waits for an answer.
    const SLOW_MAX_MS: u64 = 40_000;

    /// Everything arrives, once and at once.
    pub const CALM: Weather = Weather {
        request_lost: 0,
        answer_lost: 0,
        answer_replaced: 0,
        doubled: 0,
        copy_late: 0,
        slow: 0,
        delay_max_ms: 20,
    };

    /// When a request arrives; `None` if it is lost.
    pub(crate) fn request(&self, chance: &mut Chance) -> Option<Duration> {
        (!chance.per_mille(self.request_lost)).then(|| self.delay(chance))
    }

    /// When an answer arrives; `None` if it is lost.
    pub(crate) fn answer(&self, chance: &mut Chance) -> Option<Duration> {
        (!chance.per_mille(self.answer_lost)).then(|| self.delay(chance))
    }

    /// What arrives in place of an answer; mostly the answer itself.
    pub(crate) fn pass_on(&self, chance: &mut Chance, response: Response) -> Response {
        if !chance.per_mille(self.answer_replaced) {
            return response;
        }
        let mut page = Response::new(Bytes::from_static(b"<html><h1>502 Bad Gateway</h1></html>"));
        *page.status_mut() = StatusCode::BAD_GATEWAY;
        page
    }

    /// When a second copy of a request arrives; mostly there is none.
    pub(crate) fn copy(&self, chance: &mut Chance) -> Option<Duration> {
        if !chance.per_mille(self.doubled) {
            return None;
        }
        if chance.per_mille(self.copy_late) {
            let late_max_ms = u64::try_from(Weather::LATE_MAX.as_millis()).unwrap_or(u64::MAX);
            return Some(chance.millis(0, late_max_ms));
        }
        Some(self.delay(chance))
    }

    fn delay(&self, chance: &mut Chance) -> Duration {
        let longest = if chance.per_mille(self.slow) { Weather::SLOW_MAX_MS } else { self.delay_max_ms };
        chance.millis(1, longest.max(1))
    }
}
