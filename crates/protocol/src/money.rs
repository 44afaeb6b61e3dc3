//! Money in fen, the hundredth of a yuan (protocol.md §9: amounts sent always carry two decimals).

use std::fmt;

/// An amount of money in fen (0.01 yuan). Never a float, never unchecked arithmetic.
///
/// ```
/// use danbao_protocol::money::{Fen, FenError};
///
/// let price = Fen::parse("19.90")?;                                       // yuan, as a person writes them
/// assert_eq!(price, Fen(1990));                                           // fen
/// assert_eq!(price.checked_mul(3).map(|total| total.to_string()).as_deref(), Some("59.70"));
/// assert_eq!(Fen(i64::MAX).checked_add(price), None);
/// assert_eq!(Fen::parse("19.901"), Err(FenError::Decimals));
/// # Ok::<(), FenError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(pub i64);

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FenError {
    /// Nothing there.
    #[error("empty amount")]
    Empty,
    /// A byte that no amount may hold: an exponent, a blank, a thousands mark, a full-width digit.
    #[error("byte {byte:#04x} at offset {at} is not part of an amount")]
    Byte {
        /// Offset of the offending byte.
        at: usize,
        /// The byte itself.
        byte: u8,
    },
    /// Digits are missing before or after the point (`.5`, `5.`).
    #[error("digits are missing around the decimal point")]
    Digits,
    /// More than two decimals.
    #[error("more than two decimals")]
    Decimals,
    /// A sign where none is allowed.
    #[error("a sign is not allowed here")]
    Sign,
    /// Too large for any account.
    #[error("the amount is too large")]
    TooLarge,
}

impl Fen {
    /// No money.
    pub const ZERO: Fen = Fen(0);

    /// Parses an unsigned amount of yuan with up to two decimals: `10`, `10.0`, `10.00`.
    ///
    /// # Errors
    /// [`FenError`] names the offending byte; a sign is refused.
    pub fn parse(text: &str) -> Result<Fen, FenError> {
        match text.as_bytes().first() {
            None => Err(FenError::Empty),
            Some(b'-' | b'+') => Err(FenError::Sign),
            Some(_) => parse_digits(text, 0),
        }
    }

    /// Parses an amount that may be negative, as `discount` is (protocol.md §3.2: a reduction is negative).
    ///
    /// # Errors
    /// As [`Fen::parse`]; a plus sign is refused.
    pub fn parse_signed(text: &str) -> Result<Fen, FenError> {
        match text.strip_prefix('-') {
            Some("") => Err(FenError::Digits),
            Some(rest) => parse_digits(rest, 1).map(|fen| Fen(-fen.0)),
            None => Fen::parse(text),
        }
    }

    /// Sum, or `None` on overflow.
    pub fn checked_add(self, other: Fen) -> Option<Fen> {
        self.0.checked_add(other.0).map(Fen)
    }

    /// Difference, or `None` on overflow.
    pub fn checked_sub(self, other: Fen) -> Option<Fen> {
        self.0.checked_sub(other.0).map(Fen)
    }

    /// Product with a count, or `None` on overflow.
    pub fn checked_mul(self, count: i64) -> Option<Fen> {
        self.0.checked_mul(count).map(Fen)
    }

    /// This amount with the other sign, or `None` on overflow.
    pub fn checked_neg(self) -> Option<Fen> {
        self.0.checked_neg().map(Fen)
    }

    /// The share of this amount at a rate of `rate_ppm` parts per million, rounded half up to the fen; `None` on
    /// overflow or a negative amount.
    pub fn share_ppm(self, rate_ppm: i64) -> Option<Fen> {
        if self.0 < 0 || rate_ppm < 0 {
            return None;
        }
        let parts = i128::from(self.0) * i128::from(rate_ppm) + 500_000;
        i64::try_from(parts / 1_000_000).ok().map(Fen)
    }

    /// Whether this is more than nothing.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

fn parse_digits(digits: &str, offset: usize) -> Result<Fen, FenError> {
    let bytes = digits.as_bytes();
    let mut fen: i64 = 0;
    let mut point: Option<usize> = None;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                if point.is_some_and(|p| at - p > 2) {
                    return Err(FenError::Decimals);
                }
                fen = fen
                    .checked_mul(10)
                    .and_then(|f| f.checked_add(i64::from(byte - b'0')))
                    .ok_or(FenError::TooLarge)?;
            }
            b'.' if point.is_none() => point = Some(at),
            byte => return Err(FenError::Byte { at: at + offset, byte }),
        }
    }
    let decimals = match point {
        Some(0) => return Err(FenError::Digits),
        Some(p) if p + 1 == bytes.len() => return Err(FenError::Digits),
        Some(p) => bytes.len() - p - 1,
        None => 0,
    };
    let scale = if decimals == 0 {
        100
    } else if decimals == 1 {
        10
    } else {
        1
    };
    fen.checked_mul(scale).map(Fen).ok_or(FenError::TooLarge)
}

/// Yuan with two decimals, as every message of the gateway writes it: `338.00`, `-3.00`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_merchants_write_them() {
        let good = [("0", 0), ("10", 1000), ("10.0", 1000), ("10.00", 1000), ("0.01", 1), ("328.5", 32850)];
        for (text, fen) in good {
            assert_eq!(Fen::parse(text), Ok(Fen(fen)), "{text}");
        }
        let bad = [
            ("", FenError::Empty),
            (".5", FenError::Digits),
            ("5.", FenError::Digits),
            ("0.001", FenError::Decimals),
            ("-1", FenError::Sign),
            ("+1", FenError::Sign),
            ("1e3", FenError::Byte { at: 1, byte: b'e' }),
            (" 1", FenError::Byte { at: 0, byte: b' ' }),
            ("1,000", FenError::Byte { at: 1, byte: b',' }),
            ("１", FenError::Byte { at: 0, byte: 0xEF }),
            ("1.2.3", FenError::Byte { at: 3, byte: b'.' }),
            ("99999999999999999999", FenError::TooLarge),
        ];
        for (text, error) in bad {
            assert_eq!(Fen::parse(text), Err(error), "{text}");
        }
        assert_eq!(Fen::parse_signed("-3.00"), Ok(Fen(-300)));
        assert_eq!(Fen::parse_signed("-"), Err(FenError::Digits));
        assert_eq!(Fen::parse_signed("--1"), Err(FenError::Byte { at: 1, byte: b'-' }));
    }

    #[test]
    fn every_amount_reads_back_as_it_was_written() {
        for fen in [-1, 0, 1, 9, 10, 99, 100, 101, 12345, i64::from(i32::MAX), -300] {
            assert_eq!(Fen::parse_signed(&Fen(fen).to_string()), Ok(Fen(fen)));
        }
    }

    #[test]
    fn shares_round_half_up() {
        assert_eq!(Fen(100).share_ppm(6_000), Some(Fen(1)));
        assert_eq!(Fen(1).share_ppm(6_000), Some(Fen(0)));
        assert_eq!(Fen(10_000).share_ppm(6_000), Some(Fen(60)));
        assert_eq!(Fen(-1).share_ppm(6_000), None);
    }
}
