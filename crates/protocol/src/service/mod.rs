//! The services of `gateway.do`, one file each, named as on the wire (protocol.md §3, §7).

pub mod address_query;
pub mod amount;
pub mod authorize;
pub mod bank;
pub mod close_trade;
mod create_direct_pay_by_user;
mod create_partner_trade_by_buyer;
mod draft;
pub mod error_notify;
mod extend_param;
mod fields;
mod logistics;
pub mod misfit;
pub mod notify_verify;
pub mod payment;
mod payment_wire;
pub mod query_timestamp;
pub mod refund_detail;
pub mod refund_fastpay_by_platform;
mod royalty;
pub mod send_goods_confirm_by_platform;
pub mod single_trade_query;
mod timeouts;
mod trade_create_by_buyer;

pub use draft::BuildError;

use crate::service::payment::PaymentService;
use crate::status::wire_enum;

wire_enum! {
    /// Every service of this release; any other name is ILLEGAL_SERVICE (protocol.md §8.5, first check).
    Service {
        /// 即时到账
        CreateDirectPayByUser = "create_direct_pay_by_user",
        /// 担保交易
        CreatePartnerTradeByBuyer = "create_partner_trade_by_buyer",
        /// 标准双接口
        TradeCreateByBuyer = "trade_create_by_buyer",
        /// 快捷登录: the buyer signs in here and is sent back to the shop as somebody (protocol.md §3.11).
        AlipayAuthAuthorize = "alipay.auth.authorize",
        /// 物流地址查询: the buyer chooses a delivery address here and brings it to the shop (protocol.md §3.12).
        UserLogisticsAddressQuery = "user.logistics.address.query",
        /// 确认发货: the merchant says that it has shipped (protocol.md §7.1).
        SendGoodsConfirmByPlatform = "send_goods_confirm_by_platform",
        /// 防钓鱼时间戳: gives a key for `anti_phishing_key` (protocol.md §7.2).
        QueryTimestamp = "query_timestamp",
        /// 单笔交易查询 (protocol.md §7.3).
        SingleTradeQuery = "single_trade_query",
        /// 关闭交易: closes an unpaid trade (protocol.md §7.4).
        CloseTrade = "close_trade",
        /// 批量退款, confirmed by the seller on a page (protocol.md §7.5).
        RefundFastpayByPlatformPwd = "refund_fastpay_by_platform_pwd",
        /// 批量退款, from server to server (protocol.md §7.5).
        RefundFastpayByPlatformNopwd = "refund_fastpay_by_platform_nopwd",
        /// 通知验证: asks whether a notification is genuine (protocol.md §6.1).
        NotifyVerify = "notify_verify",
    }
}

/// Who calls a service, and so how it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person's browser: refused with the debug-error page (protocol.md §8.1).
    Browser,
    /// The merchant's server: refused with the XML error (protocol.md §8.2), `notify_verify` with its own words (§6.2).
    Server,
}

impl Service {
    /// Who calls it.
    pub const fn kind(self) -> Kind {
        match self {
            Service::CreateDirectPayByUser
            | Service::CreatePartnerTradeByBuyer
            | Service::TradeCreateByBuyer
            | Service::RefundFastpayByPlatformPwd
            | Service::AlipayAuthAuthorize
            | Service::UserLogisticsAddressQuery => Kind::Browser,
            Service::SendGoodsConfirmByPlatform
            | Service::QueryTimestamp
            | Service::SingleTradeQuery
            | Service::CloseTrade
            | Service::RefundFastpayByPlatformNopwd
            | Service::NotifyVerify => Kind::Server,
        }
    }

    /// The payment service, if it is one.
    pub const fn payment(self) -> Option<PaymentService> {
        match self {
            Service::CreateDirectPayByUser => Some(PaymentService::CreateDirectPayByUser),
            Service::CreatePartnerTradeByBuyer => Some(PaymentService::CreatePartnerTradeByBuyer),
            Service::TradeCreateByBuyer => Some(PaymentService::TradeCreateByBuyer),
            _ => None,
        }
    }

    /// Whether a call must be signed; the check of a notification never is, the time stamp may be (protocol.md §2.4).
    pub const fn must_be_signed(self) -> bool {
        !matches!(self, Service::NotifyVerify | Service::QueryTimestamp)
    }
}
