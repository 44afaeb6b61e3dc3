//! What happens by itself, and when (protocol.md §5.7). Every default is a setting.

use std::time::Duration;

use danbao_protocol::service::payment::{PayTimeout, TransportType};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::trade::Trade;

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// What a deadline does when it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineKind {
    /// The unpaid trade closes.
    CloseUnpaid,
    /// The platform advises a refund of what was not shipped.
    AdviseRefund,
    /// The shipped trade is taken as received.
    ConfirmGoods,
    /// The refund period of an advanced direct-pay contract ends.
    FinishRefundable,
    /// The seller has not answered an application: agreed.
    AgreeRefund,
    /// The seller has not said that the goods are back: they are.
    ConfirmReturn,
    /// The buyer has not done what the refund waits for: it falls away.
    WithdrawRefund,
    /// The account of the seller can take what was held for it: it is passed on. Set when the account is released, for
    /// every trade that waits for it, and due at once.
    Release,
}

impl DeadlineKind {
    /// Every kind.
    pub const ALL: [DeadlineKind; 8] = [
        DeadlineKind::CloseUnpaid,
        DeadlineKind::AdviseRefund,
        DeadlineKind::ConfirmGoods,
        DeadlineKind::FinishRefundable,
        DeadlineKind::AgreeRefund,
        DeadlineKind::ConfirmReturn,
        DeadlineKind::WithdrawRefund,
        DeadlineKind::Release,
    ];

    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeadlineKind::CloseUnpaid => "close_unpaid",
            DeadlineKind::AdviseRefund => "advise_refund",
            DeadlineKind::ConfirmGoods => "confirm_goods",
            DeadlineKind::FinishRefundable => "finish_refundable",
            DeadlineKind::AgreeRefund => "agree_refund",
            DeadlineKind::ConfirmReturn => "confirm_return",
            DeadlineKind::WithdrawRefund => "withdraw_refund",
            DeadlineKind::Release => "release",
        }
    }

    /// Reads the word in the database.
    pub fn from_name(name: &str) -> Option<DeadlineKind> {
        DeadlineKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// A moment at which something happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// What.
    pub kind: DeadlineKind,
    /// When.
    pub due_at: Timestamp,
}

/// The clock that runs while a trade is as it is now: that of an open refund before the trade's own. That of the seller's
/// shipping changes no state: the platform advises a refund, once. That of a pending trade stands still until the account
/// is released.
pub fn running(trade: &Trade) -> Option<DeadlineKind> {
    use RefundStatus::*;
    match (trade.refund_status, trade.trade_status) {
        (Some(WaitSellerAgree), _) => Some(DeadlineKind::AgreeRefund),
        (Some(SellerRefuseBuyer | WaitBuyerReturnGoods), _) => Some(DeadlineKind::WithdrawRefund),
        (Some(WaitSellerConfirmGoods), _) => Some(DeadlineKind::ConfirmReturn),
        (None | Some(RefundClosed | RefundSuccess), status) => match status {
            TradeStatus::WaitBuyerPay => Some(DeadlineKind::CloseUnpaid),
            TradeStatus::WaitSellerSendGoods => Some(DeadlineKind::AdviseRefund),
            TradeStatus::WaitBuyerConfirmGoods => Some(DeadlineKind::ConfirmGoods),
            TradeStatus::TradeSuccess => Some(DeadlineKind::FinishRefundable),
            TradeStatus::TradePending => Some(DeadlineKind::Release),
            TradeStatus::TradeFinished | TradeStatus::TradeClosed => None,
        },
    }
}

/// The lengths of all clocks (protocol.md §5.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocks {
    /// An unpaid trade closes after this, unless the request says otherwise; 15 days, the upper bound of it_b_pay.
    pub close_unpaid: Duration,
    /// A refund of what was not shipped may be applied for after this, unless the request says otherwise; at once.
    pub apply_refund: Duration,
    /// The platform advises a refund of what was not shipped after this, unless the request says otherwise; 7 days.
    pub advise_refund: Duration,
    /// Goods sent by express or EMS count as received after this; 10 days.
    pub confirm_express: Duration,
    /// Goods sent by post count as received after this; 30 days.
    pub confirm_post: Duration,
    /// Goods that need no carrier count as received after this; 3 days.
    pub confirm_virtual: Duration,
    /// Direct pay under an advanced contract can be refunded this long; 90 days.
    pub refundable: Duration,
    /// An application for a refund counts as agreed after this when the goods were not sent; 7 days.
    pub agree_unshipped: Duration,
    /// The same when they were; 15 days.
    pub agree_shipped: Duration,
    /// A refused application falls away unless the buyer applies again within this; 7 days.
    pub change_refund: Duration,
    /// A refund that was agreed falls away unless the buyer sends the goods back within this; 7 days.
    pub return_goods: Duration,
    /// Goods sent back by express or EMS count as received after this; 10 days.
    pub return_express: Duration,
    /// Goods sent back by post count as received after this; 30 days.
    pub return_post: Duration,
}

impl Default for Clocks {
    fn default() -> Self {
        Clocks {
            close_unpaid: days(15),
            apply_refund: Duration::ZERO,
            advise_refund: days(7),
            confirm_express: days(10),
            confirm_post: days(30),
            confirm_virtual: days(3),
            refundable: days(90),
            agree_unshipped: days(7),
            agree_shipped: days(15),
            change_refund: days(7),
            return_goods: days(7),
            return_express: days(10),
            return_post: days(30),
        }
    }
}

/// When an unpaid trade closes (protocol.md §3.2 it_b_pay).
pub fn close_unpaid(it_b_pay: Option<PayTimeout>, clocks: &Clocks, now: Timestamp) -> Deadline {
    let due_at = match it_b_pay {
        Some(PayTimeout::After(length)) => now.plus(length),
        Some(PayTimeout::Today) => now.next_beijing_midnight(),
        None => now.plus(clocks.close_unpaid),
    };
    Deadline { kind: DeadlineKind::CloseUnpaid, due_at }
}

/// When the platform advises a refund of what was paid and not shipped (t_s_send_2, protocol.md §5.7); `None` before
/// payment.
pub(crate) fn advise_refund(trade: &Trade, clocks: &Clocks) -> Option<Deadline> {
    let own = trade.request.timeouts.t_s_send_2_days.map(|count| days(u64::from(count)));
    let due_at = trade.gmt.payment?.plus(own.unwrap_or(clocks.advise_refund));
    Some(Deadline { kind: DeadlineKind::AdviseRefund, due_at })
}

/// When shipped goods count as received (protocol.md §5.7). t_b_rec_post concerns parcels by post alone: the
/// parameter table has none for express (§3.2).
pub(crate) fn confirm_goods(trade: &Trade, by: TransportType, clocks: &Clocks, now: Timestamp) -> Deadline {
    let length = match by {
        TransportType::Post => match trade.request.timeouts.t_b_rec_post_days {
            Some(count) => days(u64::from(count)),
            None => clocks.confirm_post,
        },
        TransportType::Virtual10 => days(10),
        TransportType::Virtual30 => days(30),
        TransportType::Virtual | TransportType::Direct => clocks.confirm_virtual,
        TransportType::Express
        | TransportType::Ems
        | TransportType::Logistics
        | TransportType::Packaged
        | TransportType::Insurance => clocks.confirm_express,
    };
    Deadline { kind: DeadlineKind::ConfirmGoods, due_at: now.plus(length) }
}

/// From when a buyer may apply for a refund of goods that were not sent (t_s_send_1, protocol.md §5.7); `None` before
/// payment.
pub(crate) fn refund_from(trade: &Trade, clocks: &Clocks) -> Option<Timestamp> {
    let own = trade.request.timeouts.t_s_send_1_days.map(|count| days(u64::from(count)));
    Some(trade.gmt.payment?.plus(own.unwrap_or(clocks.apply_refund)))
}

/// How long goods that are sent back may be on their way before they count as received (protocol.md §5.7).
pub(crate) fn confirm_return(by: TransportType, clocks: &Clocks) -> Duration {
    if by == TransportType::Post { clocks.return_post } else { clocks.return_express }
}
