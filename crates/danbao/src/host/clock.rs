//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use danbao_protocol::time::Timestamp;

/// What the machine believes the time to be. May go backwards; the runner sees to it that no node notices.
pub fn wall_now() -> Timestamp {
    let ms = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp(ms)
}

/// A clock that never goes backwards, whatever the one beneath does (protocol: `now` never goes backwards between
/// two steps). While the wall clock is behind, it stands still.
pub struct SteadyClock {
    beneath: Box<dyn FnMut() -> Timestamp + Send>,
    latest: Timestamp,
}

impl SteadyClock {
    /// Steadies the wall clock.
    pub fn wall() -> SteadyClock {
        SteadyClock::over(wall_now)
    }

    /// Steadies any clock.
    pub fn over(beneath: impl FnMut() -> Timestamp + Send + 'static) -> SteadyClock {
        SteadyClock { beneath: Box::new(beneath), latest: Timestamp(i64::MIN) }
    }

    /// Now, and never earlier than the last answer.
    pub fn now(&mut self) -> Timestamp {
        self.latest = self.latest.max((self.beneath)());
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_stands_still_until_it_has_caught_up() {
        let mut readings = [5, 9, 3, 8, 10].map(Timestamp).into_iter();
        let mut clock = SteadyClock::over(move || readings.next().unwrap());
        let seen: Vec<i64> = (0..5).map(|_| clock.now().0).collect();
        assert_eq!(seen, [5, 9, 9, 9, 10]);
    }

    #[test]
    fn the_wall_clock_counts_from_1970() {
        assert!(wall_now() > Timestamp::parse_wire("2020-01-01 00:00:00").unwrap());
    }
}
