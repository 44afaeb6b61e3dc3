//! What can be wrong with a shop, and how it is found.

use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};

use crate::probe::Probe;
use crate::scenario::State;

/// One thing that is not as it must be: which, and what the words are filled in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub kind: Kind,
    /// What fills the gaps of its sentence, in order.
    pub about: Vec<String>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// Kinds of [`Problem`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)+];

            /// A stable word, and the key of its sentence in the text files.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$name => $word,)+
                }
            }
        }
    };
}

kinds! {
    /// The shop did not place an order.
    NoOrder = "no_order",
    /// Its payment URL cannot be read as a request.
    Unreadable = "unreadable",
    /// A page is not at the target.
    Elsewhere = "elsewhere",
    /// A message cannot be written for this order.
    CannotSay = "cannot_say",
    /// The request's signature does not fit.
    Signature = "signature",
    /// The request leads to another gateway.
    Address = "address",
    /// The request does not name one of the pages.
    PageMissing = "page_missing",
    /// A page's address has parameters of its own.
    OwnParameters = "own_parameters",
    /// The request asks for another amount than the order costs.
    Total = "total",
    /// The request or a second order has the wrong number.
    Number = "number",
    /// The request is of another service or charset than the order.
    OtherRequest = "other_request",
    /// No answer.
    NoAnswer = "no_answer",
    /// The shop's program has failed.
    ServerError = "server_error",
    /// A genuine message was not acknowledged.
    NotAcknowledged = "not_acknowledged",
    /// The acknowledgement is not the seven bytes alone.
    NotExact = "not_exact",
    /// It sets a cookie.
    Cookie = "cookie",
    /// Something was acknowledged that must not be.
    Acknowledged = "acknowledged",
    /// An empty call was not answered by `fail`.
    NotFail = "not_fail",
    /// The buyer came back to no page.
    NoPage = "no_page",
    /// The order's state cannot be read.
    NoState = "no_state",
    /// The order is in the wrong state.
    TradeStatus = "trade_status",
    /// The order's refund is in the wrong state.
    RefundStatus = "refund_status",
    /// Delivered too often, or not at all.
    Deliveries = "deliveries",
    /// The order has moved too often.
    Changes = "changes",
    /// The order says that it was paid another amount.
    PaidTotal = "paid_total",
    /// An order has moved after all messages about it had been answered.
    Moved = "moved",
    /// The run had no time left.
    OutOfTime = "out_of_time",
}

impl Kind {
    /// Whether it is about the answer to a message, whose number then comes first.
    pub const fn is_about_an_answer(self) -> bool {
        matches!(
            self,
            Kind::NoAnswer
                | Kind::ServerError
                | Kind::NotAcknowledged
                | Kind::NotExact
                | Kind::Cookie
                | Kind::Acknowledged
                | Kind::NotFail
                | Kind::NoPage
        )
    }
}

impl Problem {
    /// A problem and what fills its sentence.
    pub(crate) fn new<const N: usize>(kind: Kind, about: [String; N]) -> Problem {
        Problem { kind, about: about.into() }
    }
}

/// What is wrong with an order that must be in this state. `total` is what it costs.
pub(crate) fn compare(state: &State, probe: &Probe, total: Option<Fen>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !state.trade_status.contains(&probe.trade_status) {
        let wanted = one_of(&state.trade_status, TradeStatus::as_str);
        let got = probe.trade_status.map_or("-", TradeStatus::as_str).to_owned();
        problems.push(Problem::new(Kind::TradeStatus, [wanted, got]));
    }
    if let Some(refund_status) = probe.refund_status
        && !state.refund_status.is_empty()
        && !state.refund_status.contains(&refund_status)
    {
        let wanted = one_of(&state.refund_status, RefundStatus::as_str);
        let got = refund_status.map_or("-", RefundStatus::as_str).to_owned();
        problems.push(Problem::new(Kind::RefundStatus, [wanted, got]));
    }
    if probe.deliveries != state.deliveries {
        let counts = [state.deliveries.to_string(), probe.deliveries.to_string()];
        problems.push(Problem::new(Kind::Deliveries, counts));
    }
    if let Some(changes) = probe.changes
        && changes > state.changes_max
    {
        problems.push(Problem::new(Kind::Changes, [state.changes_max.to_string(), changes.to_string()]));
    }
    if let (Some(paid), Some(total)) = (probe.paid_total, total)
        && paid != total
        && state.deliveries > 0
    {
        problems.push(Problem::new(Kind::PaidTotal, [total.to_string(), paid.to_string()]));
    }
    problems
}

fn one_of<T: Copy>(wanted: &[Option<T>], word: impl Fn(T) -> &'static str) -> String {
    let words: Vec<&str> = wanted.iter().map(|status| status.map_or("-", &word)).collect();
    words.join(" / ")
}
