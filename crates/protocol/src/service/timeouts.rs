//! The time-outs that a merchant may set with an agreement of its own (protocol.md §3.2, §5.7).

use std::time::Duration;

use crate::error_code::ErrorCode;
use crate::params::Text;
use crate::service::payment::{CustomTimeouts, PayTimeout};

/// What a malformed time-out is refused with: a code of its own in the interface document, which the tutorials leave
/// out. Whether the contract allows any is asked afterwards (protocol.md §8.5 item 7), with another code.
const MALFORMED: ErrorCode = ErrorCode::IllegalOuttimeArgument;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Fifteen days.
const PAY_TIMEOUT_MAX: Duration = Duration::from_secs(15 * DAY);

/// Reads `it_b_pay` alone, as direct pay has it.
pub(super) fn read_it_b_pay(text: &Text) -> Result<Option<PayTimeout>, ErrorCode> {
    text.get("it_b_pay").map(|value| PayTimeout::parse(value).ok_or(MALFORMED)).transpose()
}

/// Reads all four, as escrow and dual trades have them.
pub(super) fn read(text: &Text) -> Result<CustomTimeouts, ErrorCode> {
    let days = |name| text.get(name).map(|value| parse_days(value).ok_or(MALFORMED)).transpose();
    Ok(CustomTimeouts {
        it_b_pay: read_it_b_pay(text)?,
        t_s_send_1_days: days("t_s_send_1")?,
        t_s_send_2_days: days("t_s_send_2")?,
        t_b_rec_post_days: days("t_b_rec_post")?,
    })
}

impl PayTimeout {
    /// Reads `90m`, `2h`, `3d` or `1c`; `None` for anything else, decimals and more than 15 days among it.
    pub fn parse(text: &str) -> Option<PayTimeout> {
        if text == "1c" {
            return Some(PayTimeout::Today);
        }
        let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            _ => return None,
        };
        let length = Duration::from_secs(u64::from(parse_count(count)?) * unit);
        (length <= PAY_TIMEOUT_MAX).then_some(PayTimeout::After(length))
    }

    /// The text on the wire, in the largest unit that says it exactly; parts below a minute are dropped.
    pub fn wire(&self) -> String {
        match self {
            PayTimeout::Today => "1c".to_owned(),
            PayTimeout::After(length) => match length.as_secs() {
                s if s % DAY == 0 => format!("{}d", s / DAY),
                s if s % HOUR == 0 => format!("{}h", s / HOUR),
                s => format!("{}m", s / MINUTE),
            },
        }
    }
}

/// `7d`
fn parse_days(text: &str) -> Option<u16> {
    parse_count(text.strip_suffix('d')?)
}

fn parse_count(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|&count| plain && count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpaid_trade_may_wait_from_a_minute_to_fifteen_days() {
        let after = |seconds| Some(PayTimeout::After(Duration::from_secs(seconds)));
        assert_eq!(PayTimeout::parse("1m"), after(60));
        assert_eq!(PayTimeout::parse("90m"), after(5_400));
        assert_eq!(PayTimeout::parse("2h"), after(7_200));
        assert_eq!(PayTimeout::parse("15d"), after(15 * 86_400));
        assert_eq!(PayTimeout::parse("1c"), Some(PayTimeout::Today));
        for bad in
            ["", "m", "0m", "1.5h", "16d", "361h", "2c", "1D", "+1m", "1", "1 m", "99999999999d", "１d", "中"]
        {
            assert_eq!(PayTimeout::parse(bad), None, "{bad}");
        }
        for text in ["1m", "90m", "2h", "15d", "1c"] {
            assert_eq!(PayTimeout::parse(text).map(|t| t.wire()).as_deref(), Some(text));
        }
    }

    #[test]
    fn days_are_whole_days() {
        assert_eq!(parse_days("7d"), Some(7));
        for bad in ["7", "7h", "0d", "-7d", "d", "70000d"] {
            assert_eq!(parse_days(bad), None, "{bad}");
        }
    }
}
