//! The names of things on the wire. Each is text with a meaning of its own, so that none can be passed for another.
//! Making one checks nothing: what has a form is checked where it is used, with the code of the wire.

use std::fmt::{self, Write as _};

use crate::time::Timestamp;

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; whether it is well formed is for the parser of the message to say.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text as on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_ids! {
    /// 合作者身份: the merchant's id, 16 digits beginning 2088 (protocol.md §3.1).
    ///
    /// ```
    /// use danbao_protocol::ids::PartnerId;
    ///
    /// assert!(PartnerId::new("2088000000000001").is_well_formed());
    /// assert!(!PartnerId::new("2088000000000001 ").is_well_formed());         // pasted with a blank
    /// ```
    PartnerId;
    /// An account holder, buyer or seller: 16 digits beginning 2088 (protocol.md §4.1).
    ///
    /// ```
    /// use danbao_protocol::ids::UserId;
    ///
    /// assert!(UserId::new("2088000000000002").is_well_formed());
    /// assert!(!UserId::new("seller@example.com").is_well_formed());
    /// ```
    UserId;
    /// 商户订单号: the merchant's order number, 1 to 64 characters, unique per partner (protocol.md §3.2). Use a new one
    /// for a new attempt with another amount; the same one leads to the same trade (protocol.md §3.7).
    ///
    /// ```
    /// use danbao_protocol::ids::OutTradeNo;
    ///
    /// let number = OutTradeNo::new("20120229000001");
    /// assert_eq!(number.as_str(), "20120229000001");
    /// ```
    OutTradeNo;
    /// 交易号: the gateway's number of a trade; ours are 16 digits, date first (protocol.md §4.1). A merchant never makes
    /// one up: it comes with the first message of a trade.
    ///
    /// ```
    /// use danbao_protocol::ids::TradeNo;
    ///
    /// assert_eq!(TradeNo::new("2012022900000001").to_string(), "2012022900000001");
    /// ```
    TradeNo;
    /// 退款批次号: a merchant's own number of a refund batch, the day first (protocol.md §7.5).
    ///
    /// ```
    /// use danbao_protocol::ids::BatchNo;
    ///
    /// let first_of_the_day = BatchNo::new("20120229001");
    /// assert!(first_of_the_day.as_str().starts_with("20120229"));
    /// ```
    BatchNo;
    /// The id that a merchant hands back to `notify_verify`; ours are letters and digits, at most 64 (protocol.md §6.1).
    /// Every try of one notification has the same.
    ///
    /// ```
    /// use danbao_protocol::ids::NotifyId;
    ///
    /// assert_eq!(NotifyId::new("0123456789abcdef").as_str(), "0123456789abcdef");
    /// ```
    NotifyId;
}

impl PartnerId {
    /// Whether the text has the form of a merchant id: 16 digits beginning 2088 (protocol.md §3.1).
    pub fn is_well_formed(&self) -> bool {
        is_2088(&self.0)
    }
}

impl UserId {
    /// Whether the text has the form of an account holder's id: 16 digits beginning 2088 (protocol.md §4.1).
    pub fn is_well_formed(&self) -> bool {
        is_2088(&self.0)
    }
}

/// 免登令牌: the right of one partner to skip one buyer's sign-in for half an hour (protocol.md §3.13). At most 40
/// characters on the wire; ours are 8 digits of date and 32 lower-case hex digits. Whoever has it may use it, so that
/// it is not written into logs.
///
/// ```
/// use danbao_protocol::ids::Token;
///
/// let token = Token::new("20120229fedcba9876543210fedcba9876543210");
/// assert!(token.is_well_formed());
/// assert_eq!(format!("{token:?}"), "Token(20120229…)");                   // what a log would show
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(String);

impl Token {
    /// The longest that a request may carry, in characters.
    pub const CHARS_MAX: usize = 40;

    /// Takes the text as it is.
    pub fn new(text: impl Into<String>) -> Token {
        Token(text.into())
    }

    /// Composes a token of our form from the day that it is issued and sixteen random bytes.
    pub fn compose(issued_at: Timestamp, random: [u8; 16]) -> Token {
        let mut text = issued_at.wire_day();
        for byte in random {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Token(text)
    }

    /// The text as on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text has the form of our tokens; one of another form is merely unknown.
    pub fn is_well_formed(&self) -> bool {
        let Some((day, random)) = self.0.split_at_checked(8) else { return false };
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        random.len() == 32 && day.bytes().all(|byte| byte.is_ascii_digit()) && random.bytes().all(is_hex)
    }
}

/// The date alone.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = if self.is_well_formed() { self.0.get(..8).unwrap_or_default() } else { "" };
        write!(f, "Token({day}…)")
    }
}

fn is_2088(text: &str) -> bool {
    text.len() == 16 && text.starts_with("2088") && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_date_and_thirty_two_hex_digits() {
        let token = Token::compose(Timestamp(1_330_531_199_000), [0xfe; 16]);
        assert_eq!(token.as_str(), format!("20120229{}", "fe".repeat(16)));
        assert!(token.is_well_formed());
        for other in ["", "20120229", &token.as_str().to_uppercase(), &format!("{}0", token.as_str()), "笔"]
        {
            assert!(!Token::new(other).is_well_formed(), "{other}");
        }
    }

    #[test]
    fn a_token_is_not_written_into_logs() {
        let token = Token::new("20120229fedcba9876543210fedcba9876543210");
        assert_eq!(format!("{token:?}"), "Token(20120229…)");
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(…)");
    }
}
