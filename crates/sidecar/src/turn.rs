//! One input's turn: everything that taking it may touch, and what is to be done once the group has been committed.

use std::collections::BTreeMap;

use danbao_merchant::protocol::ids::{BatchNo, OutTradeNo};
use danbao_merchant::protocol::node::{AskId, Request, Response, SendId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Signed, Way};
use danbao_node::{Effects, Entropy, Names};
use danbao_store::Tx;

use crate::belief::Door;
use crate::config::Config;
use crate::counts::Counts;

/// What we wait for from somebody else. Kept in memory: if the process dies, whoever asked us sees its request fail,
/// the gateway repeats its notification, and what was claimed falls due again.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    /// A message is signed and the gateway was asked whether it is genuine.
    Verify { ask: AskId, way: Way, message_id: String, signed: Box<Signed> },
    /// The gateway was asked how a trade stands: by the shop, or because it was due.
    Query { ask: Option<AskId>, out_trade_no: OutTradeNo },
    /// The gateway was told that the goods are on their way.
    Ship { ask: AskId, out_trade_no: OutTradeNo },
    /// The gateway was told that a trade is not to be paid any more.
    Close { out_trade_no: OutTradeNo },
    /// As `Verify`, for a message that tells of no trade.
    Believe { ask: AskId, door: Door, message_id: String, signed: Box<Signed> },
    /// The gateway was told of a batch of refunds, for the nth time; whether no earlier time can have arrived.
    Refund { batch_no: BatchNo, nth: i64, is_sole: bool },
    /// The shop was told of an event, for the nth time.
    Deliver { seq: i64, nth: i64 },
}

impl Waiting {
    /// Who waits.
    pub(crate) fn ask(&self) -> Option<AskId> {
        match self {
            Waiting::Verify { ask, .. } | Waiting::Believe { ask, .. } | Waiting::Ship { ask, .. } => {
                Some(*ask)
            }
            Waiting::Query { ask, .. } => *ask,
            Waiting::Close { .. } | Waiting::Refund { .. } | Waiting::Deliver { .. } => None,
        }
    }

    /// Whether it is the gateway that waits.
    pub(crate) fn is_notification(&self) -> bool {
        match self {
            Waiting::Verify { way, .. } => *way == Way::Notify,
            Waiting::Believe { door, .. } => door.way() == Way::Notify,
            _ => false,
        }
    }
}

/// The world as one input sees it.
pub(crate) struct Turn<'t, 'c> {
    pub(crate) tx: &'t mut Tx<'c>,
    pub(crate) now: Timestamp,
    pub(crate) config: &'t Config,
    pub(crate) entropy: &'t mut Entropy,
    pub(crate) names: &'t mut Names,
    pub(crate) effects: &'t mut Effects<Waiting>,
    /// What was on its way before this group.
    pub(crate) waiting: &'t BTreeMap<SendId, Waiting>,
    /// What this group counts.
    pub(crate) counts: &'t mut Counts,
    /// What was counted before this group.
    pub(crate) counted: &'t Counts,
}

/// Work that nobody but we ourselves wait for. Bounded, so that a peer who hangs does not pile up sends whose leases run
/// out before they have begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Background {
    /// Webhooks.
    Deliveries,
    /// Questions to the gateway that were due, and refunds.
    Queries,
}

impl Background {
    /// How many may be on their way at once.
    const fn at_once(self) -> usize {
        match self {
            Background::Deliveries => 32,
            Background::Queries => 16,
        }
    }

    fn is(self, waiting: &Waiting) -> bool {
        match self {
            Background::Deliveries => matches!(waiting, Waiting::Deliver { .. }),
            Background::Queries => {
                let is_ours = matches!(waiting, Waiting::Close { .. } | Waiting::Refund { .. });
                is_ours || matches!(waiting, Waiting::Query { ask: None, .. })
            }
        }
    }

    /// How many more may be begun while these are on their way.
    pub(crate) fn free<'w>(self, on_their_way: impl Iterator<Item = &'w Waiting>) -> usize {
        self.at_once().saturating_sub(on_their_way.filter(|waiting| self.is(waiting)).count())
    }
}

impl Turn<'_, '_> {
    /// An id that no message has, later ones sorting after earlier ones.
    pub(crate) fn new_message_id(&mut self) -> String {
        self.names.message(self.now)
    }

    /// How much more of this work may be begun, as a limit for SQL.
    pub(crate) fn free(&self, work: Background) -> i64 {
        let on_their_way = self.effects.on_their_way(self.waiting);
        i64::try_from(work.free(on_their_way)).unwrap_or(0)
    }

    /// Answers a request, once this group has been committed.
    pub(crate) fn respond(&mut self, id: AskId, response: Response) {
        self.effects.respond(id, response);
    }

    /// Asks somebody, once this group has been committed.
    pub(crate) fn send(&mut self, request: Request, waiting: Waiting) {
        let id = self.names.send();
        self.effects.send(id, request, waiting);
    }
}
