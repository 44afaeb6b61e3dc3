//! The names of things on the wire. Each is text with a meaning of its own, so that none can be passed for another.

use std::fmt;

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
    PartnerId;
    /// An account holder, buyer or seller: 16 digits beginning 2088 (protocol.md §4.1).
    UserId;
    /// 商户订单号: the merchant's order number, up to 64 characters, unique per partner (protocol.md §3.2).
    OutTradeNo;
    /// 交易号: the gateway's number of a trade; ours are 16 digits, date first (protocol.md §4.1).
    TradeNo;
    /// 退款批次号: a merchant's own number of a refund batch, the day first (protocol.md §7.5).
    BatchNo;
    /// The id that a merchant hands back to `notify_verify`; ours are letters and digits, at most 64 (protocol.md §6.1).
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

fn is_2088(text: &str) -> bool {
    text.len() == 16 && text.starts_with("2088") && text.bytes().all(|b| b.is_ascii_digit())
}
