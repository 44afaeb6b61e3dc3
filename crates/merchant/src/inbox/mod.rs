//! The inbox: what one more message means for an order, decided without any storage.
//!
//! Return and notification tell the same change, retries repeat it, an older state may come after a newer one, and
//! all of it may come at the same instant (protocol.md §6.4, §10 traps 18-20). A message is therefore never an
//! *event*; it is a *claim* of a state, compared with the stored one ([`verdict`]). Whatever the order of arrival, an
//! order that has heard the same messages is in the same state, and each change was applied once.
//!
//! The rule of the tutorials ("was this order handled already? then do nothing") is [`Verdict::AlreadyDone`]; what
//! they do not say, an older state after a newer one, is [`Verdict::Stale`].

mod progress;
#[cfg(feature = "inbox")]
mod pruning;
#[cfg(feature = "inbox")]
mod reading;
#[cfg(feature = "inbox")]
mod rows;

use std::fmt;

use danbao_protocol::ids::{NotifyId, TradeNo};
use danbao_protocol::money::Fen;
use danbao_protocol::reported::Reported;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

pub use self::progress::{Position, Standing};
#[cfg(feature = "inbox")]
pub use self::pruning::{Keep, next_prune, prune};
#[cfg(feature = "inbox")]
pub use self::rows::{
    MIGRATION_2_SQL, MIGRATION_SQL, MessageRow, Order, Outcome, RAW_BYTES_MAX, Receipt, arrive, conclude,
    load_order, messages_of, messages_of_after, open_order, receive, receive_queried, settle,
};
use crate::message::Checked;

/// What the merchant knows of one order's trade: the messages it has believed, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The service by which the order is to be paid.
    pub service: PaymentService,
    /// What was heard of the trade; `None` until the first message.
    pub heard: Option<Heard>,
    /// Escrow or instant; for a dual trade it is inferred, and `None` while nothing tells.
    pub choice: Option<Choice>,
}

/// The newest thing that was heard of a trade.
#[derive(Clone, PartialEq, Eq)]
pub struct Heard {
    /// `trade_no`
    pub trade_no: TradeNo,
    /// `trade_status` and `refund_status`
    pub position: Position,
    /// `total_fee`, in fen
    pub total_fee: Fen,
    /// `buyer_id`, empty if no message named it
    pub buyer_id: String,
    /// `buyer_email`, empty if no message named it
    pub buyer_email: String,
    /// When the gateway said so.
    pub moment: Moment,
}

/// The order of messages that tell states on one level: by their time, then (a second is long) by the usual course of
/// a refund, then by their ids, so that every arrival order ends alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// `notify_time`
    pub notify_time: Timestamp,
    /// The place of `refund_status` in [`RefundStatus::ALL`], from 1; 0 without one.
    pub refund_rank: i64,
    /// `notify_id`
    pub notify_id: NotifyId,
}

/// 买家付款方式: how the buyer of a dual trade chose to pay (dual tutorial 4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 担保交易
    Escrow,
    /// 即时到账
    Direct,
}

/// Why the mode is believed to be what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// The service leaves no choice.
    Service,
    /// The tutorials' rule: WAIT_BUYER_PAY was stored when the paid status came.
    StoredUnpaid,
    /// The paid status came and nothing was stored: WAIT_BUYER_PAY was lost, or is late.
    NothingStored,
    /// Only an escrow trade can be shipped or refunded in this way.
    Shipping,
    /// A message that came late showed that the first inference was wrong.
    LateMessage,
}

/// A mode, and what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// Escrow or instant.
    pub mode: Mode,
    /// What speaks for it.
    pub basis: Basis,
}

/// What one more message means for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a verdict that nobody carries out loses a change"]
pub enum Verdict {
    /// A newer state: store this one, and do what follows from it, once.
    Apply(OrderState),
    /// The stored state again. The order stays as it is; only the moment and the choice may be better known now.
    AlreadyDone(OrderState),
    /// An older state after a newer one. The order stays as it is; only the choice may be better known now.
    Stale(OrderState),
    /// No lawful history holds both. Nothing may be changed; a person, or a query, must look.
    Conflict(Conflict),
    /// A status that the protocol does not know. The message is kept and never applied.
    Unknown {
        /// `trade_status`, or `refund_status`
        name: &'static str,
        /// The word that came.
        value: String,
    },
}

/// Why an order and a message do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The message tells of another trade of the gateway than the order knows.
    #[error("the order knows trade {known}, the message tells of trade {said}")]
    OtherTrade {
        /// The stored `trade_no`.
        known: TradeNo,
        /// The message's `trade_no`.
        said: TradeNo,
    },
    /// A trade of the order's service never has this status.
    #[error("a trade of {} is never in {}", service.as_str(), said.trade_status)]
    ForeignStatus {
        /// The order's service.
        service: PaymentService,
        /// What the message says.
        said: Position,
    },
    /// From neither state can the other be reached.
    #[error("no history holds both {known} and {said}")]
    NoHistory {
        /// The stored state.
        known: Position,
        /// What the message says.
        said: Position,
    },
}

/// Decides what a believed message means for an order. Pure; the order of the states is protocol.md §5.3-5.6.
///
/// This is the inbox without a database: keep the [`OrderState`] where you like, in the transaction in which you deliver.
///
/// ```
/// use danbao_merchant::inbox::{OrderState, Verdict, verdict};
/// use danbao_merchant::protocol::service::payment::PaymentService;
/// use danbao_merchant::protocol::status::TradeStatus;
/// use danbao_merchant::{OrderFacts, Received, Rejected};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
/// # let (account, facts) = (example::account(), example::order("A-1"));
/// # let checked = |trade_status: &str| {
/// #     let body = example::told("A-1", trade_status, "19.90");
/// #     let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
/// #     signed.hear(&example::answered("true"))?.against(&facts)
/// # };
/// let mut stored = OrderState::new(PaymentService::CreateDirectPayByUser);
///
/// // The gateway says TRADE_FINISHED, then the same once more, and then something older, that was late:
/// let mut deliveries = 0;
/// for (trade_status, means) in
///     [("TRADE_FINISHED", "apply"), ("TRADE_FINISHED", "already_done"), ("WAIT_BUYER_PAY", "stale")]
/// {
///     let verdict = verdict(&stored, &checked(trade_status)?);
///     assert_eq!(verdict.as_str(), means);
///     match verdict {
///         Verdict::Apply(next) => {
///             let became_paid = !stored.is_paid() && next.is_paid();
///             deliveries += u32::from(became_paid);                           // deliver, and store `next`, together
///             stored = next;
///         }
///         Verdict::AlreadyDone(next) | Verdict::Stale(next) => stored = next, // answer `success`
///         Verdict::Unknown { .. } => {}                                       // keep the message; answer `success`
///         Verdict::Conflict(_) => {}                                          // a person must look; answer `fail`
///     }
/// }
/// assert_eq!((deliveries, stored.trade_status()), (1, Some(TradeStatus::TradeFinished)));
/// # Ok::<(), Rejected>(())
/// ```
pub fn verdict(stored: &OrderState, incoming: &Checked) -> Verdict {
    match Incoming::of(incoming) {
        Ok(incoming) => judge(stored, &incoming),
        Err(UnknownWord { name, value }) => Verdict::Unknown { name, value },
    }
}

impl OrderState {
    /// An order of which nothing was heard yet.
    ///
    /// ```
    /// use danbao_merchant::inbox::{Mode, OrderState};
    /// use danbao_merchant::protocol::service::payment::PaymentService;
    ///
    /// let escrow = OrderState::new(PaymentService::CreatePartnerTradeByBuyer);
    /// assert!(escrow.is_payable() && !escrow.is_paid() && !escrow.awaits_shipping());
    /// assert_eq!(escrow.choice.map(|choice| choice.mode), Some(Mode::Escrow));
    /// assert_eq!(OrderState::new(PaymentService::TradeCreateByBuyer).choice, None);          // the buyer decides
    /// ```
    pub fn new(service: PaymentService) -> OrderState {
        let choice = match service {
            PaymentService::CreateDirectPayByUser => Some(Mode::Direct),
            PaymentService::CreatePartnerTradeByBuyer => Some(Mode::Escrow),
            PaymentService::TradeCreateByBuyer => None,
        };
        let choice = choice.map(|mode| Choice { mode, basis: Basis::Service });
        OrderState { service, heard: None, choice }
    }

    /// `trade_status`, if anything was heard.
    pub fn trade_status(&self) -> Option<TradeStatus> {
        self.heard.as_ref().map(|heard| heard.position.trade_status)
    }

    /// `refund_status`, if a refund was heard of.
    pub fn refund_status(&self) -> Option<RefundStatus> {
        self.heard.as_ref().and_then(|heard| heard.position.refund_status)
    }

    /// Whether the buyer's money is the seller's or in escrow for him: deliver. A closed trade is not paid, whatever
    /// it was before; `TRADE_PENDING` is not paid yet.
    pub fn is_paid(&self) -> bool {
        self.trade_status().is_some_and(is_paid)
    }

    /// Whether the goods are to be sent and the gateway to be told so: escrow alone.
    pub fn awaits_shipping(&self) -> bool {
        self.trade_status() == Some(TradeStatus::WaitSellerSendGoods)
    }

    /// Whether the buyer can still be sent to the cashier with this order number (protocol.md §3.7).
    pub fn is_payable(&self) -> bool {
        matches!(self.trade_status(), None | Some(TradeStatus::WaitBuyerPay))
    }
}

fn is_paid(status: TradeStatus) -> bool {
    match status {
        TradeStatus::WaitSellerSendGoods
        | TradeStatus::WaitBuyerConfirmGoods
        | TradeStatus::TradeSuccess
        | TradeStatus::TradeFinished => true,
        TradeStatus::WaitBuyerPay | TradeStatus::TradePending | TradeStatus::TradeClosed => false,
    }
}

/// What the decision looks at.
#[derive(Debug, Clone)]
struct Incoming {
    heard: Heard,
    /// `gmt_send_goods` is there: the trade was shipped at some time.
    shipped: bool,
}

/// A status that the protocol does not have.
struct UnknownWord {
    name: &'static str,
    value: String,
}

impl Incoming {
    fn of(message: &Checked) -> Result<Incoming, UnknownWord> {
        let trade = message.trade();
        let trade_status = known("trade_status", &trade.trade_status)?;
        let refund_status =
            trade.refund_status.as_ref().map(|status| known("refund_status", status)).transpose()?;
        Ok(Incoming {
            heard: Heard {
                trade_no: trade.trade_no.clone(),
                position: Position { trade_status, refund_status },
                total_fee: trade.total_fee,
                buyer_id: trade.buyer_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                buyer_email: trade.buyer_email.clone().unwrap_or_default(),
                moment: Moment {
                    notify_time: trade.notify_time,
                    refund_rank: refund_rank(refund_status),
                    notify_id: trade.notify_id.clone(),
                },
            },
            shipped: message.get("gmt_send_goods").is_some(),
        })
    }
}

fn known<T: Copy>(name: &'static str, said: &Reported<T>) -> Result<T, UnknownWord> {
    match said {
        Reported::Known(status) => Ok(*status),
        Reported::Unknown(value) => Err(UnknownWord { name, value: value.clone() }),
    }
}

fn refund_rank(status: Option<RefundStatus>) -> i64 {
    let place = status.and_then(|s| RefundStatus::ALL.iter().position(|known| *known == s));
    place.and_then(|p| i64::try_from(p + 1).ok()).unwrap_or(0)
}

fn judge(stored: &OrderState, incoming: &Incoming) -> Verdict {
    let said = incoming.heard.position;
    if !said.belongs_to(stored.service) {
        return Verdict::Conflict(Conflict::ForeignStatus { service: stored.service, said });
    }
    let choice = choice_after(stored, incoming);
    let applied = || OrderState { choice, heard: Some(incoming.heard.clone()), ..stored.clone() };
    let kept = || OrderState { choice, ..stored.clone() };
    let Some(heard) = &stored.heard else {
        return Verdict::Apply(applied());
    };
    if heard.trade_no != incoming.heard.trade_no {
        let (known, said) = (heard.trade_no.clone(), incoming.heard.trade_no.clone());
        return Verdict::Conflict(Conflict::OtherTrade { known, said });
    }
    let newer = incoming.heard.moment > heard.moment;
    let same = heard.position == said && heard.total_fee == incoming.heard.total_fee;
    match said.seen_from(heard.position) {
        Standing::After => Verdict::Apply(applied()),
        Standing::Before => Verdict::Stale(kept()),
        Standing::Apart => Verdict::Conflict(Conflict::NoHistory { known: heard.position, said }),
        Standing::Level if same && newer => Verdict::AlreadyDone(applied()),
        Standing::Level if same => Verdict::AlreadyDone(kept()),
        Standing::Level if newer => Verdict::Apply(applied()),
        Standing::Level => Verdict::Stale(kept()),
    }
}

/// The choice as it is known when this message has been heard too. Escrow is shown by what only escrow does; instant
/// only by the absence of that, so proof of escrow overrules it, whenever it comes.
fn choice_after(stored: &OrderState, incoming: &Incoming) -> Option<Choice> {
    let Some(evidence) = evidence(stored, incoming) else {
        return stored.choice;
    };
    match stored.choice {
        None => Some(evidence),
        Some(Choice { mode: Mode::Direct, basis })
            if basis != Basis::Service && evidence.mode == Mode::Escrow =>
        {
            Some(Choice { mode: Mode::Escrow, basis: Basis::LateMessage })
        }
        known => known,
    }
}

fn evidence(stored: &OrderState, incoming: &Incoming) -> Option<Choice> {
    let basis = match stored.trade_status() {
        None => Basis::NothingStored,
        Some(TradeStatus::WaitBuyerPay) => Basis::StoredUnpaid,
        Some(_) => Basis::LateMessage,
    };
    let (mode, basis) = match incoming.heard.position {
        Position { refund_status: Some(_), .. } => (Mode::Escrow, Basis::Shipping),
        Position { trade_status: TradeStatus::TradeFinished, .. } if incoming.shipped => {
            (Mode::Escrow, Basis::Shipping)
        }
        Position { trade_status: TradeStatus::TradeFinished, .. } => (Mode::Direct, basis),
        // Only an instant payment waits for a frozen seller.
        Position { trade_status: TradeStatus::TradePending, .. } => (Mode::Direct, basis),
        Position { trade_status: TradeStatus::WaitSellerSendGoods, .. } => (Mode::Escrow, basis),
        Position { trade_status: TradeStatus::WaitBuyerConfirmGoods, .. } => (Mode::Escrow, basis),
        _ => return None,
    };
    Some(Choice { mode, basis })
}

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 2] = [Mode::Escrow, Mode::Direct];

    /// A stable word: `escrow`, `direct`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Escrow => "escrow",
            Mode::Direct => "direct",
        }
    }
}

impl Basis {
    /// Every basis.
    pub const ALL: [Basis; 5] =
        [Basis::Service, Basis::StoredUnpaid, Basis::NothingStored, Basis::Shipping, Basis::LateMessage];

    /// A stable word: `service`, `stored_unpaid`, `nothing_stored`, `shipping`, `late_message`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Basis::Service => "service",
            Basis::StoredUnpaid => "stored_unpaid",
            Basis::NothingStored => "nothing_stored",
            Basis::Shipping => "shipping",
            Basis::LateMessage => "late_message",
        }
    }
}

impl Verdict {
    /// A stable word: `apply`, `already_done`, `stale`, `conflict`, `unknown`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Verdict::Apply(_) => "apply",
            Verdict::AlreadyDone(_) => "already_done",
            Verdict::Stale(_) => "stale",
            Verdict::Conflict(_) => "conflict",
            Verdict::Unknown { .. } => "unknown",
        }
    }
}

/// What may go into a log: no accounts.
impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard")
            .field("trade_no", &self.trade_no)
            .field("position", &self.position)
            .field("total_fee", &self.total_fee)
            .field("moment", &self.moment)
            .finish_non_exhaustive()
    }
}

/// `WAIT_BUYER_PAY`, or `TRADE_CLOSED with REFUND_SUCCESS`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refund_status {
            None => write!(f, "{}", self.trade_status),
            Some(refund_status) => write!(f, "{} with {refund_status}", self.trade_status),
        }
    }
}

#[cfg(test)]
mod tests;
