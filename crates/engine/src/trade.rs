//! A trade: what was asked for, and what has happened since.

use std::sync::Arc;

use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    Amount, LogisticsGroup, PaymentRequest, PaymentService, Receive, TransportType,
};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::chart::Account;
use crate::refund::Refund;
use crate::settlement::Royalty;
use crate::triggers::Triggers;

/// How the money goes to the seller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 担保交易: held by the platform until the buyer has the goods.
    Escrow,
    /// 即时到账: at once.
    Direct,
}

impl Mode {
    /// The word in the database and in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Escrow => "escrow",
            Mode::Direct => "direct",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn from_name(name: &str) -> Option<Mode> {
        [Mode::Escrow, Mode::Direct].into_iter().find(|mode| mode.as_str() == name)
    }

    /// What a service allows: direct pay is instant, escrow is escrow, and only dual leaves the buyer a choice, escrow
    /// being preselected (protocol.md §3.4).
    pub fn chosen(service: PaymentService, wish: Option<Mode>) -> Mode {
        match service {
            PaymentService::CreateDirectPayByUser => Mode::Direct,
            PaymentService::CreatePartnerTradeByBuyer => Mode::Escrow,
            PaymentService::TradeCreateByBuyer => wish.unwrap_or(Mode::Escrow),
        }
    }
}

/// How the goods went off (protocol.md §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// `transport_type`
    pub transport_type: TransportType,
    /// `logistics_name`, the carrier; empty when none is needed.
    pub logistics_name: String,
    /// `invoice_no`, the way-bill number; may be empty.
    pub invoice_no: String,
}

/// The instants of a trade's life (protocol.md §4.3). Absent until they have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instants {
    /// `gmt_create`
    pub create: Timestamp,
    /// `gmt_logistics_modify`: when address and logistics were settled; until then no message carries either.
    pub logistics_modify: Option<Timestamp>,
    /// `gmt_payment`
    pub payment: Option<Timestamp>,
    /// `gmt_send_goods`
    pub send_goods: Option<Timestamp>,
    /// `gmt_refund`
    pub refund: Option<Timestamp>,
    /// `gmt_close`
    pub close: Option<Timestamp>,
}

/// 交易. The request stays what it was; everything else is what the commands made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// 交易号
    pub trade_no: TradeNo,
    /// What the merchant asked for, once and for all.
    pub request: Arc<PaymentRequest>,
    /// Who is paid.
    pub seller: UserId,
    /// Who pays.
    pub buyer: UserId,
    /// Escrow or instant.
    pub mode: Mode,
    /// Whether the money stays refundable after an instant payment (advanced direct-pay contract, protocol.md §5.6).
    pub is_refundable: bool,
    /// What the platform charges the seller, in parts per million of the total.
    pub fee_ppm: i64,
    /// Which changes of direct pay are announced, by the contract under which the trade was made.
    pub triggers: Triggers,
    /// Shares of the seller's money.
    pub royalty: Vec<Royalty>,
    /// 交易状态
    pub trade_status: TradeStatus,
    /// 退款状态, once a refund was applied for.
    pub refund_status: Option<RefundStatus>,
    /// Price, quantity and discount as they are now.
    pub amount: Amount,
    /// The chosen way to ship; `None` for direct pay.
    pub logistics: Option<LogisticsGroup>,
    /// Where the goods go, once known.
    pub receive: Option<Receive>,
    /// What the buyer pays.
    pub total_fee: Fen,
    /// How the goods went off, once they have.
    pub shipment: Option<Shipment>,
    /// Where the money came from, once it has: a refund goes back there.
    pub paid_from: Option<Account>,
    /// What the buyer wants back, and how it stands beside `refund_status`.
    pub refund: Option<Refund>,
    /// How much of the total has gone back to the buyer so far.
    pub refunded: Fen,
    /// The instants of its life.
    pub gmt: Instants,
    /// Counts the changes; two decisions on the same version cannot both be written.
    pub version: i64,
}

impl Trade {
    /// The service that made it.
    pub fn service(&self) -> PaymentService {
        self.request.service
    }
}
