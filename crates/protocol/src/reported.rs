//! What a merchant reads in a message about a trade, whichever way it came.

use crate::ids::{NotifyId, OutTradeNo, TradeNo, UserId};
use crate::message::TRADE_STATUS_SYNC;
use crate::money::Fen;
use crate::params::Text;
use crate::service::payment::Receive;
use crate::status::{RefundStatus, TradeStatus};
use crate::time::Timestamp;

/// A state by its wire name; the platform may say one that this release does not know.
///
/// ```
/// use danbao_protocol::reported::Reported;
/// use danbao_protocol::status::TradeStatus;
///
/// let said = Reported::read("TRADE_REFUSE_DEALING", TradeStatus::from_wire);
/// assert_eq!(said.known(), None);
/// assert_eq!(said.wire(TradeStatus::as_str), "TRADE_REFUSE_DEALING");     // kept, and never applied
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported<T> {
    /// One of ours.
    Known(T),
    /// Any other name.
    Unknown(String),
}

impl<T: Copy> Reported<T> {
    /// Reads a name with the parser of the names that this release knows.
    pub fn read(text: &str, from_wire: impl Fn(&str) -> Option<T>) -> Reported<T> {
        from_wire(text).map_or_else(|| Reported::Unknown(text.to_owned()), Reported::Known)
    }

    /// The name on the wire.
    pub fn wire(&self, name: impl Fn(T) -> &'static str) -> &str {
        match self {
            Reported::Known(known) => name(*known),
            Reported::Unknown(text) => text,
        }
    }

    /// The state, if it is one of ours.
    pub fn known(&self) -> Option<T> {
        match self {
            Reported::Known(state) => Some(*state),
            Reported::Unknown(_) => None,
        }
    }
}

/// A message that says something of a trade but lacks what every such message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MissingField {
    /// The field is not there, or empty.
    #[error("{0} is missing")]
    Absent(&'static str),
    /// The field is not an amount, a count, a time or whatever it has to be.
    #[error("{0} is malformed")]
    Malformed(&'static str),
}

/// What a page return or a notification says (protocol.md §4.2, 4.3, 4.7, 4.8). Optional fields are those that some
/// service, state or kind of message leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedTrade {
    /// `notify_id`, to be asked about with `notify_verify`
    pub notify_id: NotifyId,
    /// `notify_time`
    pub notify_time: Timestamp,
    /// `out_trade_no`
    pub out_trade_no: OutTradeNo,
    /// `trade_no`
    pub trade_no: TradeNo,
    /// `trade_status`
    pub trade_status: Reported<TradeStatus>,
    /// `refund_status`
    pub refund_status: Option<Reported<RefundStatus>>,
    /// `subject`
    pub subject: String,
    /// `body`
    pub body: Option<String>,
    /// `total_fee`: the payable total
    pub total_fee: Fen,
    /// `price`; a direct page return has none
    pub price: Option<Fen>,
    /// `quantity`; a direct page return has none
    pub quantity: Option<i64>,
    /// `discount`; a direct page return has none
    pub discount: Option<Fen>,
    /// `seller_id`
    pub seller_id: UserId,
    /// `seller_email`
    pub seller_email: Option<String>,
    /// `buyer_id`
    pub buyer_id: Option<UserId>,
    /// `buyer_email`
    pub buyer_email: Option<String>,
    /// `logistics_fee` of the chosen group
    pub logistics_fee: Option<Fen>,
    /// `receive_*`
    pub receive: Option<Receive>,
    /// `gmt_create`
    pub gmt_create: Option<Timestamp>,
    /// `gmt_payment`
    pub gmt_payment: Option<Timestamp>,
    /// `extra_common_param`
    pub extra_common_param: Option<String>,
}

impl ReportedTrade {
    pub(crate) fn read(text: &Text) -> Result<ReportedTrade, MissingField> {
        let owned = |name| text.get(name).map(str::to_owned);
        if needed(text, "notify_type")? != TRADE_STATUS_SYNC {
            return Err(MissingField::Malformed("notify_type"));
        }
        Ok(ReportedTrade {
            notify_id: NotifyId::new(needed(text, "notify_id")?),
            notify_time: read(text, "notify_time", Timestamp::parse_wire)?
                .ok_or(MissingField::Absent("notify_time"))?,
            out_trade_no: OutTradeNo::new(needed(text, "out_trade_no")?),
            trade_no: TradeNo::new(needed(text, "trade_no")?),
            trade_status: Reported::read(needed(text, "trade_status")?, TradeStatus::from_wire),
            refund_status: text
                .get("refund_status")
                .map(|status| Reported::read(status, RefundStatus::from_wire)),
            subject: owned("subject").unwrap_or_default(),
            body: owned("body"),
            total_fee: read(text, "total_fee", amount)?.ok_or(MissingField::Absent("total_fee"))?,
            price: read(text, "price", amount)?,
            quantity: read(text, "quantity", |count| count.parse().ok())?,
            discount: read(text, "discount", |discount| Fen::parse_signed(discount).ok())?,
            seller_id: UserId::new(needed(text, "seller_id")?),
            seller_email: owned("seller_email"),
            buyer_id: owned("buyer_id").map(UserId::new),
            buyer_email: owned("buyer_email"),
            logistics_fee: read(text, "logistics_fee", amount)?,
            receive: read_receive(text),
            gmt_create: read(text, "gmt_create", Timestamp::parse_wire)?,
            gmt_payment: read(text, "gmt_payment", Timestamp::parse_wire)?,
            extra_common_param: owned("extra_common_param"),
        })
    }
}

fn needed<'a>(text: &'a Text, name: &'static str) -> Result<&'a str, MissingField> {
    text.get(name).ok_or(MissingField::Absent(name))
}

fn read<T>(
    text: &Text,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, MissingField> {
    text.get(name).map(|value| parse(value).ok_or(MissingField::Malformed(name))).transpose()
}

fn amount(text: &str) -> Option<Fen> {
    Fen::parse(text).ok()
}

fn read_receive(text: &Text) -> Option<Receive> {
    let part = |name| text.get(name).unwrap_or_default().to_owned();
    let receive = Receive {
        name: part("receive_name"),
        address: part("receive_address"),
        zip: part("receive_zip"),
        phone: part("receive_phone"),
        mobile: part("receive_mobile"),
    };
    Some(receive).filter(|receive| *receive != Receive::default())
}
