//! Why a message is not believed.

use danbao_protocol::address_post::AddressError;
use danbao_protocol::money::Fen;
use danbao_protocol::node::NoAnswer;
use danbao_protocol::params::ParamsError;
use danbao_protocol::reported::MissingField;

/// The checks that a message passes on its way to an order, in their order.
///
/// ```
/// use danbao_merchant::{Check, Rejected};
///
/// assert_eq!(Rejected::Sign.check(), Check::Sign);
/// assert_eq!(Check::TotalFee.as_str(), "total_fee");                      // for a log or a metric
/// assert!(Check::Sign < Check::TotalFee);                                 // the signature is looked at first
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The bytes are parameters at all, and the ones that every message has are there.
    Form,
    /// The signature, over the bytes as they came (protocol.md §2).
    Sign,
    /// The gateway itself says that it sent the message (protocol.md §6.1).
    NotifyVerify,
    /// The message names the order that it is held against.
    OutTradeNo,
    /// The message tells of the refund batch that it is held against, item by item.
    BatchNo,
    /// The message was signed for the partner that the order belongs to.
    Partner,
    /// The money went to the order's seller.
    Seller,
    /// The buyer paid what the order costs.
    TotalFee,
    /// The address is that of the buyer for whom it was asked.
    UserId,
}

impl Check {
    /// A stable word: `form`, `sign`, `notify_verify`, `out_trade_no`, `batch_no`, `partner`, `seller`, `total_fee`,
    /// `user_id`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Check::Form => "form",
            Check::Sign => "sign",
            Check::NotifyVerify => "notify_verify",
            Check::OutTradeNo => "out_trade_no",
            Check::BatchNo => "batch_no",
            Check::Partner => "partner",
            Check::Seller => "seller",
            Check::TotalFee => "total_fee",
            Check::UserId => "user_id",
        }
    }
}

/// A message that must change nothing, and the check that it failed. Says enough to look for the cause and never what
/// would help a forger: neither the key nor the signature that would have been right.
///
/// ```
/// use danbao_merchant::Rejected;
/// use danbao_merchant::protocol::money::Fen;
///
/// let rejected = Rejected::OtherAmount { said: Fen(1) };
/// let line = format!("{}: {rejected}", rejected.check().as_str());
/// assert_eq!(line, "total_fee: the amount 0.01 is not what the order costs");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// A call without any parameters: a health check, a curious person, an empty POST (protocol.md §10, trap 42).
    #[error("no parameters")]
    NoParameters,
    /// The bytes are not parameters.
    #[error("malformed: {0}")]
    Malformed(#[from] ParamsError),
    /// A parameter that every message has is absent or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A parameter does not have the form of its kind.
    #[error("{0} is malformed")]
    Illegible(&'static str),
    /// A parameter's bytes are not text in the charset of the order.
    #[error("{0} is not text in the charset of the order")]
    NotText(String),
    /// `sign` is not there.
    #[error("not signed")]
    Unsigned,
    /// `sign_type` is not one that the account has a key for.
    #[error("signed by a method that this account has no key for")]
    SignType,
    /// The signature does not fit the bytes and the account's key.
    #[error("the signature does not fit")]
    Sign,
    /// The gateway says `false`: it did not send this, or the link's minute is over (protocol.md §6.2, 6.3).
    #[error("the gateway does not know this message, or it has expired")]
    NotGenuine,
    /// The gateway says `invalid`: partner or notify_id are not what it expects.
    #[error("the gateway calls the question invalid")]
    QuestionInvalid,
    /// The gateway answered something that is none of its three words.
    #[error("the gateway's answer (HTTP {status}) is neither true nor false")]
    AnswerIllegible {
        /// HTTP status of the answer.
        status: u16,
    },
    /// The gateway did not answer.
    #[error("the gateway did not answer: {}", .0.as_str())]
    NoAnswer(NoAnswer),
    /// No order of this number is known here.
    #[error("no such order here")]
    NoSuchOrder,
    /// The message names another order than the one it was held against.
    #[error("the message is about another order")]
    OtherOrder,
    /// The message is about another refund batch than it was held against, or about other items.
    #[error("the message is about another refund batch")]
    OtherBatch,
    /// The message was signed for another partner than the order's.
    #[error("the message is for another partner than the order's")]
    OtherPartner,
    /// The money went to another seller than the order's.
    #[error("the seller is not the order's seller")]
    OtherSeller,
    /// The amount is not one that the order may cost.
    #[error("the amount {said} is not what the order costs")]
    OtherAmount {
        /// `total_fee` of the message.
        said: Fen,
    },
    /// The gateway says itself that the login failed (`is_success=F`).
    #[error("the gateway says that the login failed: {}", error.as_deref().unwrap_or("no error code"))]
    LoginRefused {
        /// The code as it was written.
        error: Option<String>,
    },
    /// `receive_address` is not a document that may be read (protocol.md §4.6).
    #[error("receive_address: {0}")]
    NoAddress(AddressError),
    /// The address is another buyer's than the one for whom it was asked.
    #[error("the address is another buyer's")]
    OtherBuyer,
}

impl Rejected {
    /// The check that the message failed.
    pub const fn check(&self) -> Check {
        match self {
            Rejected::NoParameters
            | Rejected::Malformed(_)
            | Rejected::Missing(_)
            | Rejected::Illegible(_)
            | Rejected::NotText(_)
            | Rejected::LoginRefused { .. }
            | Rejected::NoAddress(_) => Check::Form,
            Rejected::Unsigned | Rejected::SignType | Rejected::Sign => Check::Sign,
            Rejected::NotGenuine
            | Rejected::QuestionInvalid
            | Rejected::AnswerIllegible { .. }
            | Rejected::NoAnswer(_) => Check::NotifyVerify,
            Rejected::NoSuchOrder | Rejected::OtherOrder => Check::OutTradeNo,
            Rejected::OtherBatch => Check::BatchNo,
            Rejected::OtherPartner => Check::Partner,
            Rejected::OtherSeller => Check::Seller,
            Rejected::OtherAmount { .. } => Check::TotalFee,
            Rejected::OtherBuyer => Check::UserId,
        }
    }
}

impl From<MissingField> for Rejected {
    fn from(missing: MissingField) -> Rejected {
        match missing {
            MissingField::Absent(name) => Rejected::Missing(name),
            MissingField::Malformed(name) => Rejected::Illegible(name),
        }
    }
}
