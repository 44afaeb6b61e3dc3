//! Which changes are announced, in which order, and how often it is tried (protocol.md §5.6, §6.4, §6.5).

use std::time::Duration;

use danbao_protocol::notify;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::trade::Trade;
use crate::triggers::Triggers;

/// A notification that is owed. What it says of the trade is fixed here; it is written out when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where it goes.
    pub notify_url: String,
    /// The state that it reports.
    pub trade_status: TradeStatus,
    /// The refund's state that it reports.
    pub refund_status: Option<RefundStatus>,
}

/// Whether a change to this state is announced. Escrow and dual trades announce every change (escrow tutorial 4.4);
/// direct pay announces what the partner's switches want, by default the payment alone (protocol.md §5.6). A refund of
/// direct pay has no switch.
pub fn announces(
    service: PaymentService,
    triggers: Triggers,
    status: TradeStatus,
    refund_status: Option<RefundStatus>,
) -> bool {
    match service {
        PaymentService::CreatePartnerTradeByBuyer | PaymentService::TradeCreateByBuyer => true,
        PaymentService::CreateDirectPayByUser => {
            let is_refund = refund_status.is_some() && status != TradeStatus::TradeFinished;
            is_refund || triggers.wants(status)
        }
    }
}

/// The notice that a change to the trade's present state owes; `None` without a notify_url.
pub(crate) fn owed(trade: &Trade) -> Option<Notice> {
    let notify_url = trade.request.notify_url.clone()?;
    let is_announced = announces(trade.service(), trade.triggers, trade.trade_status, trade.refund_status);
    is_announced.then_some(Notice {
        notify_url,
        trade_status: trade.trade_status,
        refund_status: trade.refund_status,
    })
}

/// How often a notification is tried (protocol.md §6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The waiting time after each failed try.
    pub waits: Vec<Duration>,
    /// No try starts later than this after the first one.
    pub give_up_after: Duration,
}

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

const GIVE_UP_AFTER: Duration = minutes(24 * 60 + 22);

impl RetrySchedule {
    /// The list of the 2011 document: 5 s, 2 m, 10 m, 15 m, 1 h, 2 h, 6 h, 15 h, given up 24 h 22 m after the first.
    pub fn of_2011() -> Self {
        let waits = [5, 120, 600, 900, 3_600, 7_200, 21_600, 54_000].map(Duration::from_secs).to_vec();
        RetrySchedule { waits, give_up_after: GIVE_UP_AFTER }
    }

    /// The list of the 2016 page: 2 m, 10 m, 10 m, 1 h, 2 h, 6 h, 15 h: 24 h 22 m, and the time that the merchant's
    /// answers take on top, so that its last try needs the 25 hours that the documents allow.
    pub fn of_2016() -> Self {
        let waits = [120, 600, 600, 3_600, 7_200, 21_600, 54_000].map(Duration::from_secs).to_vec();
        RetrySchedule { waits, give_up_after: minutes(25 * 60) }
    }

    /// When the next try is due after `tries` failed ones, the first of which began at `first_sent_at`; `None` when
    /// it is over.
    pub fn next_try(&self, tries: usize, first_sent_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let wait = self.waits.get(tries.checked_sub(1)?)?;
        let due_at = now.plus(*wait);
        (due_at.since(first_sent_at) <= self.give_up_after).then_some(due_at)
    }
}

/// Whether a merchant's answer acknowledges a notification: status 200, so that a redirect is a failure, and the seven
/// bytes `success` (protocol.md §6.5).
pub fn acknowledges(status: u16, body: &[u8], strict: bool) -> bool {
    status == 200 && notify::is_acknowledgement(body, strict)
}
