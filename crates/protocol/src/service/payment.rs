//! What the three payment services ask for, in types: the common ground of `create_direct_pay_by_user`,
//! `create_partner_trade_by_buyer` and `trade_create_by_buyer` (protocol.md §3.1-3.7).

use std::time::Duration;

use crate::charset::Charset;
use crate::ids::{OutTradeNo, PartnerId, Token, UserId};
use crate::money::Fen;
pub use crate::service::draft::BuildError;
use crate::sign::SignType;
use crate::status::wire_enum;

wire_enum! {
    /// The three services that lead to the cashier (protocol.md §3.2-3.4).
    ///
    /// ```
    /// use danbao_protocol::service::payment::PaymentService;
    ///
    /// let escrow = PaymentService::CreatePartnerTradeByBuyer;
    /// assert_eq!(escrow.as_str(), "create_partner_trade_by_buyer");
    /// assert!(PaymentService::CreateDirectPayByUser.is_direct() && !escrow.is_direct());
    /// ```
    PaymentService {
        /// 即时到账: the seller has the money at once.
        CreateDirectPayByUser = "create_direct_pay_by_user",
        /// 担保交易: the platform holds the money until the buyer has the goods.
        CreatePartnerTradeByBuyer = "create_partner_trade_by_buyer",
        /// 标准双接口: the buyer chooses between the two at the cashier.
        TradeCreateByBuyer = "trade_create_by_buyer",
    }
}

impl PaymentService {
    /// Whether this is direct pay, which has no carriage and no buyer's confirmation.
    pub const fn is_direct(self) -> bool {
        matches!(self, PaymentService::CreateDirectPayByUser)
    }
}

wire_enum! {
    /// 物流类型 of a request (protocol.md §3.9).
    LogisticsType {
        /// 平邮
        Post = "POST",
        /// 快递
        Express = "EXPRESS",
        /// 邮政特快
        Ems = "EMS",
    }
}

wire_enum! {
    /// 物流支付类型: who bears the carriage (protocol.md §3.6).
    LogisticsPayment {
        /// The fee is added to the total.
        BuyerPay = "BUYER_PAY",
        /// The fee is shown and not added.
        SellerPay = "SELLER_PAY",
        /// The fee is shown, not added, and paid to the carrier.
        BuyerPayAfterReceive = "BUYER_PAY_AFTER_RECEIVE",
    }
}

wire_enum! {
    /// 发货方式: how the goods travel when they are shipped (protocol.md §3.9 transport_type).
    TransportType {
        /// 平邮
        Post = "POST",
        /// 快递
        Express = "EXPRESS",
        /// 邮政特快
        Ems = "EMS",
        /// Virtual goods.
        Virtual = "VIRTUAL",
        /// 货运: freight
        Logistics = "LOGISTICS",
        /// Packaged
        Packaged = "PACKAGED",
        /// Insured
        Insurance = "INSURANCE",
        /// No carrier needed.
        Direct = "DIRECT",
        /// Virtual goods, received after ten days at the latest.
        Virtual10 = "VIRTUAL_10",
        /// Virtual goods, received after thirty days at the latest.
        Virtual30 = "VIRTUAL_30",
    }
}

/// One of up to three ways to ship that the merchant offers (protocol.md §3.6). Escrow and dual trades need one.
///
/// ```
/// use danbao_protocol::money::Fen;
/// use danbao_protocol::service::payment::{Amount, LogisticsGroup, LogisticsPayment, LogisticsType};
///
/// let express = LogisticsGroup {
///     logistics_type: LogisticsType::Express,
///     logistics_fee: Fen(1000),
///     logistics_payment: LogisticsPayment::BuyerPay,
/// };
/// let amount = Amount { price: Fen(1990), quantity: 1, discount: Fen::ZERO };
/// assert_eq!(amount.payable(Some(&express)), Some(Fen(2990)));            // the buyer pays the carriage too
/// let free = LogisticsGroup { logistics_payment: LogisticsPayment::SellerPay, ..express };
/// assert_eq!(amount.payable(Some(&free)), Some(Fen(1990)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogisticsGroup {
    /// `logistics_type`
    pub logistics_type: LogisticsType,
    /// `logistics_fee`, not negative
    pub logistics_fee: Fen,
    /// `logistics_payment`
    pub logistics_payment: LogisticsPayment,
}

/// How the request names an account holder; one of three, by this precedence: id, e-mail, alias (protocol.md §3.3).
///
/// ```
/// use danbao_protocol::ids::UserId;
/// use danbao_protocol::service::payment::Party;
///
/// // A buyer who has signed in is named by id: e-mail addresses change.
/// let buyer = Party::Id(UserId::new("2088000000000003"));
/// # assert_ne!(buyer, Party::Email("buyer@example.com".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// `seller_id` / `buyer_id`
    Id(UserId),
    /// `seller_email` / `buyer_email`: an e-mail address or a mobile number
    Email(String),
    /// `seller_account_name` / `buyer_account_name`
    AccountName(String),
}

/// What the goods cost (protocol.md §3.5).
///
/// ```
/// use danbao_protocol::money::Fen;
/// use danbao_protocol::service::payment::Amount;
///
/// let amount = Amount { price: Fen::parse("19.90")?, quantity: 2, discount: Fen::parse_signed("-3.00")? };
/// assert_eq!(amount.goods_total(), Some(Fen(3680)));
/// # Ok::<(), danbao_protocol::money::FenError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Unit price; equals the total when the request had `total_fee` alone (protocol.md §3.3).
    pub price: Fen,
    /// Count; 1 when the request had `total_fee` alone.
    pub quantity: i64,
    /// Added to the goods' price; a reduction is negative. Zero for direct pay.
    pub discount: Fen,
}

impl Amount {
    /// `price * quantity + discount`, without carriage; `None` on overflow.
    pub fn goods_total(&self) -> Option<Fen> {
        self.price.checked_mul(self.quantity)?.checked_add(self.discount)
    }

    /// What the buyer pays when this logistics group is chosen (protocol.md §3.5); `None` on overflow.
    pub fn payable(&self, chosen: Option<&LogisticsGroup>) -> Option<Fen> {
        let goods = self.goods_total()?;
        match chosen {
            Some(group) if group.logistics_payment == LogisticsPayment::BuyerPay => {
                goods.checked_add(group.logistics_fee)
            }
            _ => Some(goods),
        }
    }
}

/// `receive_*`: where the goods go. Parts that the request left out are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receive {
    /// `receive_name`
    pub name: String,
    /// `receive_address`, one line: province city area street, blanks between
    pub address: String,
    /// `receive_zip`
    pub zip: String,
    /// `receive_phone`
    pub phone: String,
    /// `receive_mobile`
    pub mobile: String,
}

/// `it_b_pay`: when an unpaid trade closes (protocol.md §3.2). Needs an agreement with the gateway.
///
/// ```
/// use std::time::Duration;
///
/// use danbao_protocol::service::payment::{CustomTimeouts, PayTimeout};
///
/// let in_two_hours = PayTimeout::After(Duration::from_secs(2 * 3600));
/// let timeouts = CustomTimeouts { it_b_pay: Some(in_two_hours), ..CustomTimeouts::default() };
/// # assert!(!timeouts.is_empty());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayTimeout {
    /// `90m`, `2h`, `3d`: this long after the trade was created; 1 minute to 15 days.
    After(Duration),
    /// `1c`: at the next 0:00, Beijing time.
    Today,
}

/// The time-outs that need an agreement of their own; all absent without one (protocol.md §3.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CustomTimeouts {
    /// `it_b_pay`
    pub it_b_pay: Option<PayTimeout>,
    /// `t_s_send_1`, in days
    pub t_s_send_1_days: Option<u16>,
    /// `t_s_send_2`, in days
    pub t_s_send_2_days: Option<u16>,
    /// `t_b_rec_post`, in days
    pub t_b_rec_post_days: Option<u16>,
}

impl CustomTimeouts {
    /// Whether the request sets none of them.
    pub fn is_empty(&self) -> bool {
        *self == CustomTimeouts::default()
    }
}

/// One share of `royalty_parameters` (protocol.md §3.10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoyaltyShare {
    /// The payer's e-mail; `None` means the seller pays.
    pub payer_email: Option<String>,
    /// The receiver's e-mail.
    pub receiver_email: String,
    /// How much.
    pub amount: Fen,
    /// Free text.
    pub memo: String,
}

/// One pair of `extend_param`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// What it is for; never empty.
    pub name: String,
    /// What it says; may be empty.
    pub value: String,
}

/// What only direct pay (and the instant branch) knows (protocol.md §3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectTerms {
    /// `paymethod`: `directPay`, `bankPay`, `cartoon`, `CASH`, `creditPay`
    pub paymethod: Option<String>,
    /// `defaultbank`, a code of protocol.md §3.8
    pub defaultbank: Option<String>,
    /// `enable_paymethod`, split at `^`
    pub enable_paymethod: Vec<String>,
    /// `royalty_parameters`, in order; empty without royalty
    pub royalty: Vec<RoyaltyShare>,
    /// `anti_phishing_key`
    pub anti_phishing_key: Option<String>,
    /// `exter_invoke_ip`; `Some("")` when it was sent empty, which is not the same as absent (direct-pay tutorial 5.1)
    pub exter_invoke_ip: Option<String>,
    /// `extra_common_param`, given back as it came
    pub extra_common_param: Option<String>,
    /// `extend_param`: kept, without effect
    pub extend_param: Vec<Extension>,
    /// `error_notify_url`
    pub error_notify_url: Option<String>,
    /// `item_orders_info`
    pub item_orders_info: Option<String>,
}

/// What a service asks for beyond the common ground; each service's file reads its own.
pub(super) struct Terms {
    pub(super) payment_type: String,
    pub(super) amount: Amount,
    pub(super) logistics: Vec<LogisticsGroup>,
    pub(super) receive: Option<Receive>,
    pub(super) timeouts: CustomTimeouts,
    pub(super) token: Option<Token>,
    pub(super) direct: DirectTerms,
}

/// A request of any of the three payment services, every parameter checked for its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Which service.
    pub service: PaymentService,
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of all that is sent back for it (protocol.md §1.4).
    pub charset: Charset,
    /// The value of `_input_charset` as it was sent, letter case kept; empty if absent.
    pub charset_label: String,
    /// The kind of its signature, and so of all that is sent back for it (protocol.md §2.2). Signing writes the
    /// parameter; what stands here does not change what is written.
    pub sign_type: SignType,
    /// Where notifications go; none are sent without it.
    pub notify_url: Option<String>,
    /// Where the buyer's browser goes after payment.
    pub return_url: Option<String>,
    /// The merchant's order number.
    pub out_trade_no: OutTradeNo,
    /// 商品名称
    pub subject: String,
    /// 商品描述
    pub body: Option<String>,
    /// 收款类型, `1` for goods
    pub payment_type: String,
    /// Goods page.
    pub show_url: Option<String>,
    /// Who is paid.
    pub seller: Party,
    /// Who is to pay, if the merchant says so.
    pub buyer: Option<Party>,
    /// Price, quantity and discount.
    pub amount: Amount,
    /// Ways to ship, in the order of the request; empty for direct pay.
    pub logistics: Vec<LogisticsGroup>,
    /// Delivery address, if the merchant knows it.
    pub receive: Option<Receive>,
    /// Time-outs of its own.
    pub timeouts: CustomTimeouts,
    /// 快捷登录授权令牌
    pub token: Option<Token>,
    /// What only direct pay knows.
    pub direct: DirectTerms,
}
