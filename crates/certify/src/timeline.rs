//! What happened in one scenario, in the order in which this gateway saw it.

use danbao_protocol::status::{RefundStatus, TradeStatus};

use crate::scenario::{Bare, Door, Mood, Twist};

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Milliseconds since the scenario began.
    pub at_ms: u64,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The shop has placed an order of this number.
    Placed(String),
    /// A message was sent.
    Sent {
        /// Its place among what was sent, from 1.
        number: usize,
        /// By which way.
        door: Door,
        /// `trade_status`
        trade_status: TradeStatus,
        /// `refund_status`
        refund_status: Option<RefundStatus>,
        /// What is different about it.
        twist: Twist,
    },
    /// A call that is no message about a trade.
    Called {
        /// Its place among what was sent, from 1.
        number: usize,
        /// Which.
        bare: Bare,
    },
    /// The shop asks `notify_verify`; about which message, if it is one of this scenario.
    Asked(Option<usize>),
    /// The gateway has answered the question.
    Told {
        /// About which message.
        number: Option<usize>,
        /// What it said: HTTP status and the beginning of the body.
        said: String,
    },
    /// The shop has answered.
    Answered {
        /// To what.
        number: usize,
        /// HTTP status and the beginning of the body, or where a redirect leads.
        said: String,
    },
    /// The browser follows the shop's redirect.
    Followed {
        /// Of what.
        number: usize,
        /// Where to.
        to: String,
    },
    /// There was no answer.
    Silent {
        /// To what.
        number: usize,
        /// Why.
        why: &'static str,
    },
    /// From now on the gateway answers so.
    Gateway(Mood),
    /// The shop has called another service of the gateway.
    OtherService(String),
    /// The shop has told the order's state.
    Order {
        /// `trade_status`
        trade_status: Option<TradeStatus>,
        /// `refund_status`
        refund_status: Option<RefundStatus>,
        /// How often the shop has delivered.
        deliveries: i64,
        /// How often the order has moved, if the shop counts it.
        changes: Option<i64>,
        /// Whether that is what it must be.
        is_right: bool,
    },
    /// The order of an earlier scenario is not what it was.
    Moved {
        /// Which.
        out_trade_no: String,
        /// What the shop tells of it now.
        is: String,
    },
}
