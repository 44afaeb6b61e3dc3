//! `batch_refund_notify`: the POST by which the gateway tells a merchant what came of a refund batch
//! (protocol.md §7.5).

use crate::charset::{Charset, Unmappable};
use crate::ids::{BatchNo, NotifyId, TradeNo, UserId};
use crate::message::Writer;
use crate::money::Fen;
use crate::params::{Params, Text};
use crate::reported::MissingField;
use crate::time::Timestamp;

/// `notify_type` of this message (protocol.md §4.10).
pub const BATCH_REFUND_NOTIFY: &str = "batch_refund_notify";

/// The word of an item that was refunded.
pub const SUCCESS: &str = "SUCCESS";

/// What the message says, apart from its id and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResults {
    /// `batch_no`
    pub batch_no: BatchNo,
    /// `success_num`: how many items were refunded.
    pub success_num: usize,
    /// `result_details`, one for each item and in their order.
    pub results: Vec<ItemResult>,
}

/// What came of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemResult {
    /// The trade.
    pub trade_no: TradeNo,
    /// What was asked for.
    pub amount: Fen,
    /// Refunded, or why not.
    pub outcome: Outcome,
    /// The part of the platform's charge that was given back, if there is one.
    pub charge: Option<ReturnedCharge>,
}

/// `SUCCESS`, or the code of a refusal, which may be one that this release does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Success,
    /// It is not, for this reason.
    Failed(String),
}

impl Outcome {
    /// Takes the word.
    pub fn from_wire(word: &str) -> Outcome {
        if word == SUCCESS { Outcome::Success } else { Outcome::Failed(word.to_owned()) }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        match self {
            Outcome::Success => SUCCESS,
            Outcome::Failed(code) => code,
        }
    }
}

/// `$charge_email^charge_id^amount^CODE`: the charge that went back to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedCharge {
    /// The account's name; empty if it holds a separator of the list.
    pub email: String,
    /// The account's id.
    pub user_id: UserId,
    /// How much.
    pub amount: Fen,
    /// Whether it went.
    pub outcome: Outcome,
}

/// The same message as a merchant reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedBatch {
    /// `notify_id`, to be asked about with `notify_verify`
    pub notify_id: NotifyId,
    /// `notify_time`
    pub notify_time: Timestamp,
    /// What came of the batch.
    pub results: BatchResults,
}

/// Builds the body without `notify_id`, `notify_time` and signature, which each sending adds.
///
/// # Errors
/// [`Unmappable`] if the charset cannot write an account's name.
pub fn build(results: &BatchResults, charset: Charset) -> Result<Params, Unmappable> {
    let details: Vec<String> = results.results.iter().map(ItemResult::wire).collect();
    let mut body = Writer::new(charset);
    body.text("notify_type", BATCH_REFUND_NOTIFY)?
        .text("batch_no", results.batch_no.as_str())?
        .text("success_num", &results.success_num.to_string())?
        .text("result_details", &details.join("#"))?;
    Ok(body.finish())
}

/// Reads the message. Only what has been verified deserves to be read.
///
/// # Errors
/// [`MissingField`] if a field is absent or malformed.
pub fn parse(text: &Text) -> Result<ReportedBatch, MissingField> {
    let needed = |name: &'static str| text.get(name).ok_or(MissingField::Absent(name));
    if needed("notify_type")? != BATCH_REFUND_NOTIFY {
        return Err(MissingField::Malformed("notify_type"));
    }
    let notify_time = Timestamp::parse_wire(needed("notify_time")?);
    let success_num = needed("success_num")?.parse();
    let results = needed("result_details")?.split('#').map(ItemResult::parse).collect::<Option<_>>();
    Ok(ReportedBatch {
        notify_id: NotifyId::new(needed("notify_id")?),
        notify_time: notify_time.ok_or(MissingField::Malformed("notify_time"))?,
        results: BatchResults {
            batch_no: BatchNo::new(needed("batch_no")?),
            success_num: success_num.map_err(|_| MissingField::Malformed("success_num"))?,
            results: results.ok_or(MissingField::Malformed("result_details"))?,
        },
    })
}

impl ItemResult {
    fn parse(text: &str) -> Option<ItemResult> {
        let (item, charge) = match text.split_once('$') {
            Some((item, charge)) => (item, Some(charge)),
            None => (text, None),
        };
        let parts: Vec<&str> = item.split('^').collect();
        let [trade_no, amount, code] = parts[..] else { return None };
        let charge = match charge {
            Some(charge) => Some(ReturnedCharge::parse(charge)?),
            None => None,
        };
        Some(ItemResult {
            trade_no: TradeNo::new(trade_no),
            amount: Fen::parse(amount).ok()?,
            outcome: Outcome::from_wire(code),
            charge,
        })
    }

    fn wire(&self) -> String {
        let charge = self.charge.as_ref().map(ReturnedCharge::wire).unwrap_or_default();
        format!("{}^{}^{}{charge}", self.trade_no, self.amount, self.outcome.as_str())
    }
}

impl ReturnedCharge {
    fn parse(text: &str) -> Option<ReturnedCharge> {
        let parts: Vec<&str> = text.split('^').collect();
        let [email, user_id, amount, code] = parts[..] else { return None };
        Some(ReturnedCharge {
            email: email.to_owned(),
            user_id: UserId::new(user_id),
            amount: Fen::parse(amount).ok()?,
            outcome: Outcome::from_wire(code),
        })
    }

    fn wire(&self) -> String {
        let email = if self.email.contains(['^', '|', '$', '#']) { "" } else { &self.email };
        format!("${email}^{}^{}^{}", self.user_id, self.amount, self.outcome.as_str())
    }
}
