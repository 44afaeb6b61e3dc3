//! Instants, and the Beijing time that every message carries (protocol.md §4.1, §9).

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

/// An instant: milliseconds since 1970-01-01 00:00 UTC. It is always an argument; nothing below the hosts reads a
/// clock.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use danbao_protocol::time::Timestamp;
///
/// // Where the clock is read: Timestamp::from(SystemTime::now())
/// let noon = Timestamp::from(UNIX_EPOCH + Duration::from_secs(1_330_488_000));
/// assert_eq!(noon, Timestamp(1_330_488_000_000));                         // milliseconds, not seconds
/// assert_eq!(noon.wire(), "2012-02-29 12:00:00");                         // in Beijing
/// assert_eq!(Timestamp::parse_wire("2012-02-29 12:00:00"), Some(noon));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// China has one time zone and, in the years that matter here, no daylight saving.
const BEIJING: Offset = Offset::constant(8);
const WIRE_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

impl Timestamp {
    /// This instant plus a length of time; saturates at the end of time.
    pub fn plus(self, length: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant minus a length of time; saturates at the beginning of time.
    pub fn minus(self, length: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(i64::try_from(length.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The length of time since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `yyyy-MM-dd HH:mm:ss` in Beijing time, as messages carry it. The part below a second is dropped.
    pub fn wire(self) -> String {
        self.civil().strftime(WIRE_FORMAT).to_string()
    }

    /// `yyyyMMdd` in Beijing time: the first half of a trade number.
    pub fn wire_day(self) -> String {
        self.civil().strftime("%Y%m%d").to_string()
    }

    /// Reads `yyyy-MM-dd HH:mm:ss` as Beijing time; `None` if it is anything else.
    pub fn parse_wire(text: &str) -> Option<Timestamp> {
        if text.len() != 19 {
            return None;
        }
        let civil = DateTime::strptime(WIRE_FORMAT, text).ok()?;
        let instant = civil.to_zoned(TimeZone::fixed(BEIJING)).ok()?.timestamp();
        Some(Timestamp(instant.as_millisecond()))
    }

    /// The next 0:00 in Beijing strictly after this instant: where `it_b_pay=1c` closes (protocol.md §3.2).
    pub fn next_beijing_midnight(self) -> Timestamp {
        const DAY_MS: i64 = 86_400_000;
        const OFFSET_MS: i64 = 8 * 3_600_000;
        let local = self.0.saturating_add(OFFSET_MS);
        let next = (local.div_euclid(DAY_MS) + 1).saturating_mul(DAY_MS);
        Timestamp(next - OFFSET_MS)
    }

    fn civil(self) -> DateTime {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        BEIJING.to_datetime(instant)
    }
}

/// An instant of the system's clock, wherever that was read; the part below a millisecond is dropped.
impl From<SystemTime> for Timestamp {
    fn from(instant: SystemTime) -> Timestamp {
        match instant.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp(0).plus(after),
            Err(before) => Timestamp(0).minus(before.duration()),
        }
    }
}

/// The wire form, so that logs and pages agree with messages.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wire())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_speak_beijing_time() {
        // 2012-02-29 23:59:59 +08:00, a leap day.
        let t = Timestamp(1_330_531_199_000);
        assert_eq!(t.wire(), "2012-02-29 23:59:59");
        assert_eq!(t.wire_day(), "20120229");
        assert_eq!(Timestamp::parse_wire("2012-02-29 23:59:59"), Some(t));
        assert_eq!(Timestamp::parse_wire("2012-02-30 23:59:59"), None);
        assert_eq!(Timestamp::parse_wire("2012-02-29T23:59:59"), None);
        assert_eq!(Timestamp::parse_wire("2012-2-29 23:59:59"), None);
        assert_eq!(t.next_beijing_midnight(), Timestamp(1_330_531_200_000));
        assert_eq!(Timestamp(1_330_531_200_000).next_beijing_midnight().wire(), "2012-03-02 00:00:00");
    }

    #[test]
    fn the_end_of_time_does_not_panic() {
        assert!(Timestamp(i64::MAX).wire().starts_with("9999-"));
        assert!(Timestamp(i64::MIN).wire().starts_with("-"));
        assert_eq!(Timestamp(0).since(Timestamp(5)), Duration::ZERO);
        assert_eq!(Timestamp(i64::MAX).plus(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN).minus(Duration::MAX), Timestamp(i64::MIN));
    }
}
