//! 退款: the page of a refund batch, and refunds wherever they are listed.

use serde::Serialize;

use super::Page;
use super::order::{FormError, text_keys};

text_keys! {
    /// How far a batch is (tables `refund_batch.heading` and `refund_batch.text`).
    BatchState {
        /// The seller has not given the payment password.
        Unconfirmed = "unconfirmed",
        /// Nor can it be given any more.
        Expired = "expired",
        /// Its items are being taken.
        Running = "running",
        /// Every item has come to something.
        Finished = "finished",
    }
}

/// GET `/refunds/{id}`; while unconfirmed it POSTs `csrf` and `payment_password` to the same.
#[derive(Debug, Clone, Serialize)]
pub struct RefundBatch {
    /// The last part of the address.
    pub id: String,
    /// How far it is; a running one shows itself again and again.
    pub state: BatchState,
    /// Name of the merchant.
    pub merchant: String,
    /// `batch_no`
    pub batch_no: String,
    /// The seller's account.
    pub seller: String,
    /// Yuan; `None` for more than can be written.
    pub total: Option<String>,
    /// How many items there are.
    pub count: i64,
    /// How many have come to something.
    pub done: i64,
    /// How many were refunded.
    pub succeeded: i64,
    /// How many were not.
    pub failed: i64,
    /// Whether the form for the payment password is shown.
    pub may_confirm: bool,
    /// Until when it can be confirmed, Beijing time.
    pub confirm_by: String,
    /// The items of this page.
    pub lines: Vec<RefundLine>,
    /// Which page of the items, from 1.
    pub page: i64,
    /// How many pages there are.
    pub pages: i64,
    /// Why the form came back.
    pub error: Option<FormError>,
}

impl Page for RefundBatch {
    const TEMPLATE: &'static str = "refund_batch.html";
}

/// One refund of a direct payment.
#[derive(Debug, Clone, Serialize)]
pub struct RefundLine {
    /// 交易号
    pub trade_no: String,
    /// The merchant's number of the batch, or one of ours for a refund from the desk.
    pub batch_no: String,
    /// Yuan.
    pub amount: String,
    /// Why; may be empty.
    pub reason: String,
    /// Whether royalty shares go back with it.
    pub has_royalty: bool,
    /// `SUCCESS` or an error code; `None` while it waits.
    pub result: Option<String>,
    /// What came back of the platform's charge, yuan.
    pub charge: Option<String>,
    /// When it came to something, Beijing time.
    pub at: Option<String>,
}

/// What stands in the desk's form for refunding a paid trade.
#[derive(Debug, Clone, Serialize)]
pub struct RefundPaid {
    /// What can still be refunded, yuan.
    pub left: String,
    /// Yuan.
    pub amount: String,
    /// Why.
    pub reason: String,
}
