//! 即时到账批量退款, `refund_fastpay_by_platform_pwd` and `_nopwd`: a seller gives money of direct payments back
//! (protocol.md §7.5). The first leads the seller's browser to a page that asks for the payment password, the second is
//! a call from the merchant's server that is carried out as it comes.

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{BatchNo, PartnerId, UserId};
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;
use crate::service::refund_detail::{self, AccountRef, ITEMS_MAX, RefundItem};
use crate::status::wire_enum;
use crate::time::Timestamp;

wire_enum! {
    /// The two ways to ask.
    RefundService {
        /// With the seller's payment password, on a page.
        Pwd = "refund_fastpay_by_platform_pwd",
        /// Without one, from server to server.
        Nopwd = "refund_fastpay_by_platform_nopwd",
    }
}

/// A batch of refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundBatch {
    /// How it is confirmed.
    pub service: RefundService,
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request, its answer and its notification.
    pub charset: Charset,
    /// `seller_email` and `seller_user_id`: whose trades they are, and who pays.
    pub seller: AccountRef,
    /// `refund_date`: when the merchant asked, by its own clock.
    pub refund_date: Timestamp,
    /// `batch_no`: the day, and 3 to 24 letters or digits that are not `000`; never used before.
    pub batch_no: BatchNo,
    /// `detail_data`, one to 1000 items, each of another trade.
    pub items: Vec<RefundItem>,
    /// Told of the results.
    pub notify_url: Option<String>,
    /// `dback_notify_url`, of refunds that go back through a bank.
    pub dback_notify_url: Option<String>,
    /// `use_freeze_amount`: whether frozen money may be used.
    pub use_freeze_amount: Option<bool>,
}

impl RefundBatch {
    /// Reads a request whose signature has been checked; `now` says which day it is.
    ///
    /// # Errors
    /// INVALID_CHARACTER_SET, ILLEGAL_SERVICE, ILLEGAL_PARTNER; ILLEGAL_ARGUMENT without a seller and for the
    /// parameters that have no code of their own; then in this order BATCH_NUM_ERROR, BATCH_NUM_EXCEED_LIMIT,
    /// REFUND_DATE_ERROR, BATCH_NO_FORMAT_ERROR, and what `detail_data` says.
    pub fn parse(params: &Params, charset: Charset, now: Timestamp) -> Result<RefundBatch, ErrorCode> {
        let text = params.decode(charset).map_err(|_| ErrorCode::InvalidCharacterSet)?;
        let fields = Fields(&text);
        let service = text.get("service").and_then(RefundService::from_wire);
        let service = service.ok_or(ErrorCode::IllegalService)?;
        let partner = fields.partner()?;
        let email = fields.optional("seller_email", 100)?.unwrap_or_default();
        let user_id = fields.optional("seller_user_id", 30)?.unwrap_or_default();
        let seller = AccountRef::of(email, user_id).ok_or(ErrorCode::IllegalArgument)?;
        let notify_url = fields.url("notify_url", 190)?;
        let dback_notify_url = fields.url("dback_notify_url", 190)?;
        fields.one_of("use_freeze_amount", &["Y", "N"], ErrorCode::IllegalArgument)?;
        fields.one_of("return_type", &["xml"], ErrorCode::IllegalArgument)?;
        let count = count(text.get("batch_num").unwrap_or_default())?;
        let refund_date = text.get("refund_date").and_then(Timestamp::parse_wire);
        let batch_no = text.get("batch_no").unwrap_or_default();
        Ok(RefundBatch {
            service,
            partner,
            charset,
            seller,
            refund_date: refund_date.ok_or(ErrorCode::RefundDateError)?,
            batch_no: check_batch_no(batch_no, now)?,
            items: refund_detail::parse(text.get("detail_data").unwrap_or_default(), count, charset)?,
            notify_url,
            dback_notify_url,
            use_freeze_amount: text.get("use_freeze_amount").map(|value| value == "Y"),
        })
    }

    /// Writes the request as unsigned parameters, for the merchant's side. `refund_date` says which day it is.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", self.service.as_str())?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        draft.optional("seller_email", self.seller.email.as_deref())?;
        draft.optional("seller_user_id", self.seller.user_id.as_ref().map(UserId::as_str))?;
        draft.push("refund_date", &self.refund_date.wire())?;
        draft.push("batch_no", self.batch_no.as_str())?;
        draft.push("batch_num", &self.items.len().to_string())?;
        draft.push("detail_data", &refund_detail::wire(&self.items))?;
        draft.optional("notify_url", self.notify_url.as_deref())?;
        draft.optional("dback_notify_url", self.dback_notify_url.as_deref())?;
        draft.optional("use_freeze_amount", self.use_freeze_amount.map(|may| if may { "Y" } else { "N" }))?;
        let now = self.refund_date;
        draft.finish(|params, charset| RefundBatch::parse(params, charset, now))
    }
}

/// `batch_num`: digits alone.
fn count(text: &str) -> Result<usize, ErrorCode> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ErrorCode::BatchNumError);
    }
    match text.parse::<usize>() {
        Ok(0) => Err(ErrorCode::BatchNumError),
        Ok(count) if count <= ITEMS_MAX => Ok(count),
        // More digits than any number has are too many items all the same.
        _ => Err(ErrorCode::BatchNumExceedLimit),
    }
}

fn check_batch_no(text: &str, now: Timestamp) -> Result<BatchNo, ErrorCode> {
    let sequence = text.strip_prefix(now.wire_day().as_str()).ok_or(ErrorCode::BatchNoFormatError)?;
    let is_sequence =
        (3..=24).contains(&sequence.len()) && sequence.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_sequence && sequence != "000" { Ok(BatchNo::new(text)) } else { Err(ErrorCode::BatchNoFormatError) }
}
