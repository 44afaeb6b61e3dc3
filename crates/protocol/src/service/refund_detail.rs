//! `detail_data` of a refund batch: items joined with `#`, each a trade, an amount and a reason, with royalty parts
//! after `|` (protocol.md §7.5).

use std::collections::BTreeSet;

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{TradeNo, UserId};
use crate::money::Fen;

/// Items of one batch.
pub const ITEMS_MAX: usize = 1_000;
/// A reason is shorter than this, in bytes of the request's charset.
pub const REASON_BYTES: usize = 256;
/// Bytes of one item in the request's charset, all its parts together; our choice, since no source gives a number.
pub const ITEM_BYTES_MAX: usize = 4_000;

/// One item: what goes back of one trade.
///
/// ```
/// use danbao_protocol::ids::TradeNo;
/// use danbao_protocol::money::Fen;
/// use danbao_protocol::service::refund_detail::RefundItem;
///
/// let item = RefundItem {
///     trade_no: TradeNo::new("2012022900000001"),                         // the gateway's number, not the order's
///     amount: Fen(400),
///     reason: "颜色不符".into(),
///     royalty: Vec::new(),
/// };
/// # assert!(item.amount.is_positive());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundItem {
    /// The gateway's number of the trade.
    pub trade_no: TradeNo,
    /// How much goes back to the buyer; more than zero.
    pub amount: Fen,
    /// Why; may be empty, and holds none of `^ | $ #`.
    pub reason: String,
    /// The royalty shares that are given back with it.
    pub royalty: Vec<RoyaltyRefund>,
}

/// `payer_email^payer_id^receiver_email^receiver_id^amount^reason`: a royalty share on its way back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoyaltyRefund {
    /// Who gives it back: whoever had received the share.
    pub payer: AccountRef,
    /// Who gets it: whoever had given the share.
    pub receiver: AccountRef,
    /// How much; more than zero.
    pub amount: Fen,
    /// Why; may be empty.
    pub reason: String,
}

/// How a refund names an account: by its name, its id, or both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountRef {
    /// E-mail address or mobile number.
    pub email: Option<String>,
    /// The id, which decides when both are there.
    pub user_id: Option<UserId>,
}

impl AccountRef {
    /// By name.
    pub fn by_email(email: impl Into<String>) -> AccountRef {
        AccountRef { email: Some(email.into()), user_id: None }
    }

    /// Takes two texts of which one may be empty; `None` if both are.
    pub fn of(email: &str, user_id: &str) -> Option<AccountRef> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let account = AccountRef { email: text(email), user_id: text(user_id).map(UserId::new) };
        (account.email.is_some() || account.user_id.is_some()).then_some(account)
    }

    fn wire(&self) -> String {
        let id = self.user_id.as_ref().map_or("", UserId::as_str);
        format!("{}^{id}", self.email.as_deref().unwrap_or_default())
    }
}

/// Reads `detail_data`.
///
/// # Errors
/// DETAIL_DATA_FORMAT_ERROR, BATCH_NUM_NOT_EQUAL_TOTAL, DUBL_TRADE_NO_IN_SAME_BATCH, and those of [`RefundItem::parse`],
/// the first that an item in their order meets.
pub(super) fn parse(text: &str, count: usize, charset: Charset) -> Result<Vec<RefundItem>, ErrorCode> {
    if text.is_empty() {
        return Err(ErrorCode::DetailDataFormatError);
    }
    if text.split('#').count() != count {
        return Err(ErrorCode::BatchNumNotEqualTotal);
    }
    let mut seen = BTreeSet::new();
    let mut items = Vec::with_capacity(count.min(ITEMS_MAX));
    for item in text.split('#') {
        let item = RefundItem::parse(item, charset)?;
        if !seen.insert(item.trade_no.clone()) {
            return Err(ErrorCode::DublTradeNoInSameBatch);
        }
        items.push(item);
    }
    Ok(items)
}

/// The text of `detail_data`.
pub(super) fn wire(items: &[RefundItem]) -> String {
    items.iter().map(RefundItem::wire).collect::<Vec<_>>().join("#")
}

impl RefundItem {
    /// Reads one item.
    ///
    /// # Errors
    /// SINGLE_DETAIL_DATA_ENCODING_NOT_SUPPORT, SINGLE_DETAIL_DATA_EXCEED_LIMIT; REFUND_SUBTRADE_FEE_ERROR for a part
    /// after `$$` and NO_REFUND_CHARGE_PRIVILEDGE for one after `$`; DETAIL_DATA_FORMAT_ERROR,
    /// REFUND_AMOUNT_NOT_VALID, REFUND_TRADE_FEE_ERROR, BATCH_MEMO_LENGTH_EXCEED_LIMIT; those of
    /// [`RefundItem::parse_royalty`].
    pub fn parse(text: &str, charset: Charset) -> Result<RefundItem, ErrorCode> {
        if text.contains(char::is_control) {
            return Err(ErrorCode::SingleDetailDataEncodingNotSupport);
        }
        if bytes(text, charset) > ITEM_BYTES_MAX {
            return Err(ErrorCode::SingleDetailDataExceedLimit);
        }
        if text.contains("$$") {
            return Err(ErrorCode::RefundSubtradeFeeError);
        }
        if text.contains('$') {
            return Err(ErrorCode::NoRefundChargePriviledge);
        }
        let (head, royalty) = match text.split_once('|') {
            Some((head, royalty)) => (head, Some(royalty)),
            None => (text, None),
        };
        let parts: Vec<&str> = head.split('^').collect();
        let [trade_no, amount, reason] = parts[..] else {
            return Err(ErrorCode::DetailDataFormatError);
        };
        let is_number = (1..=64).contains(&trade_no.len()) && trade_no.bytes().all(|b| b.is_ascii_graphic());
        if !is_number {
            return Err(ErrorCode::DetailDataFormatError);
        }
        Ok(RefundItem {
            trade_no: TradeNo::new(trade_no),
            amount: positive(amount, ErrorCode::RefundTradeFeeError)?,
            reason: memo(reason, charset)?,
            royalty: royalty.map_or(Ok(Vec::new()), |parts| RefundItem::parse_royalty(parts, charset))?,
        })
    }

    /// Reads an item's royalty parts, joined with `|`.
    ///
    /// # Errors
    /// DETAIL_DATA_FORMAT_ERROR, REFUND_AMOUNT_NOT_VALID, REFUND_ROYALTY_FEE_ERROR, BATCH_MEMO_LENGTH_EXCEED_LIMIT;
    /// DUP_ROYALTY_REFUND_ITEM for a part that comes twice as it is, DUBL_ROYALTY_IN_DETAIL for two parts between the
    /// same accounts.
    pub fn parse_royalty(text: &str, charset: Charset) -> Result<Vec<RoyaltyRefund>, ErrorCode> {
        let mut parts: Vec<RoyaltyRefund> = Vec::new();
        for part in text.split('|') {
            let part = parse_royalty_part(part, charset)?;
            if parts.contains(&part) {
                return Err(ErrorCode::DupRoyaltyRefundItem);
            }
            let pair = (&part.payer, &part.receiver);
            if parts.iter().any(|known| (&known.payer, &known.receiver) == pair) {
                return Err(ErrorCode::DublRoyaltyInDetail);
            }
            parts.push(part);
        }
        Ok(parts)
    }

    /// The item's royalty parts as on the wire; empty without.
    pub fn royalty_wire(&self) -> String {
        let wire = |part: &RoyaltyRefund| {
            let RoyaltyRefund { payer, receiver, amount, reason } = part;
            format!("{}^{}^{amount}^{reason}", payer.wire(), receiver.wire())
        };
        self.royalty.iter().map(wire).collect::<Vec<_>>().join("|")
    }

    /// The item as on the wire.
    pub fn wire(&self) -> String {
        let bar = if self.royalty.is_empty() { "" } else { "|" };
        format!("{}^{}^{}{bar}{}", self.trade_no, self.amount, self.reason, self.royalty_wire())
    }
}

fn parse_royalty_part(part: &str, charset: Charset) -> Result<RoyaltyRefund, ErrorCode> {
    let fields: Vec<&str> = part.split('^').collect();
    let [payer_email, payer_id, receiver_email, receiver_id, amount, reason] = fields[..] else {
        return Err(ErrorCode::DetailDataFormatError);
    };
    let account = |email, id| AccountRef::of(email, id).ok_or(ErrorCode::DetailDataFormatError);
    Ok(RoyaltyRefund {
        payer: account(payer_email, payer_id)?,
        receiver: account(receiver_email, receiver_id)?,
        amount: positive(amount, ErrorCode::RefundRoyaltyFeeError)?,
        reason: memo(reason, charset)?,
    })
}

/// An amount by its form, then by its sign.
fn positive(text: &str, not_positive: ErrorCode) -> Result<Fen, ErrorCode> {
    let amount = Fen::parse_signed(text).map_err(|_| ErrorCode::RefundAmountNotValid)?;
    if amount.is_positive() { Ok(amount) } else { Err(not_positive) }
}

fn memo(text: &str, charset: Charset) -> Result<String, ErrorCode> {
    if bytes(text, charset) >= REASON_BYTES {
        return Err(ErrorCode::BatchMemoLengthExceedLimit);
    }
    Ok(text.to_owned())
}

/// Text that came from bytes of this charset has as many again.
fn bytes(text: &str, charset: Charset) -> usize {
    charset.encode(text).map_or(text.len(), |bytes| bytes.len())
}
