//! What a page return and a notification say of a trade (protocol.md §4.2, 4.3, 4.7-4.9).
//!
//! One struct for all of them: which fields travel in which message is decided by [`crate::notify`] and
//! [`crate::page_return`]; what is absent here is left out of the message, never sent empty (protocol.md §4.1).

use crate::ids::{NotifyId, OutTradeNo, TradeNo, UserId};
use crate::money::Fen;
use crate::service::payment::{LogisticsGroup, PaymentService, Receive};
use crate::status::{RefundStatus, TradeStatus};
use crate::time::Timestamp;

/// Everything that one message may say of a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeMessage {
    /// The service that made the trade; decides which fields are sent.
    pub service: PaymentService,
    /// `notify_id`
    pub notify_id: NotifyId,
    /// `notify_time`
    pub notify_time: Timestamp,
    /// `out_trade_no`
    pub out_trade_no: OutTradeNo,
    /// `trade_no`
    pub trade_no: TradeNo,
    /// `trade_status`
    pub trade_status: TradeStatus,
    /// `refund_status`, once a refund was applied for
    pub refund_status: Option<RefundStatus>,
    /// `subject`, as requested
    pub subject: String,
    /// `body`, if requested
    pub body: Option<String>,
    /// `payment_type`
    pub payment_type: String,
    /// `price`
    pub price: Fen,
    /// `quantity`
    pub quantity: i64,
    /// `discount`
    pub discount: Fen,
    /// `total_fee`: the payable total
    pub total_fee: Fen,
    /// `is_total_fee_adjust`, Y or N
    pub is_total_fee_adjust: bool,
    /// `use_coupon`, Y or N
    pub use_coupon: bool,
    /// `seller_email`
    pub seller_email: String,
    /// `seller_id`
    pub seller_id: UserId,
    /// `buyer_email`
    pub buyer_email: String,
    /// `buyer_id`
    pub buyer_id: UserId,
    /// `logistics_*`: the chosen group
    pub logistics: Option<LogisticsGroup>,
    /// `gmt_logistics_modify`
    pub gmt_logistics_modify: Option<Timestamp>,
    /// `receive_*`; empty parts are left out
    pub receive: Option<Receive>,
    /// `gmt_create`
    pub gmt_create: Timestamp,
    /// `gmt_payment`
    pub gmt_payment: Option<Timestamp>,
    /// `gmt_send_goods`
    pub gmt_send_goods: Option<Timestamp>,
    /// `gmt_refund`
    pub gmt_refund: Option<Timestamp>,
    /// `gmt_close`
    pub gmt_close: Option<Timestamp>,
    /// `seller_actions`, page return only
    pub seller_actions: Vec<&'static str>,
    /// `buyer_actions`, page return only
    pub buyer_actions: Vec<&'static str>,
    /// `extra_common_param`, direct pay only
    pub extra_common_param: Option<String>,
}
