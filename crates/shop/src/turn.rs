//! One input's turn: everything that taking it may touch, and what is to be done once the group has been committed.

use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::node::{AskId, Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::targets::Targets;
use danbao_merchant::{Signed, Way};
use danbao_node::{Effects, Entropy, Names};
use danbao_store::Tx;

use crate::pages::Pages;
use crate::shop::Config;
use crate::visitor::Visitor;

/// Somebody waits until the gateway has answered us. Kept in memory: if the process dies, a browser sees its request
/// fail, and the gateway repeats its notification.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    /// A message is signed and the gateway was asked whether it is genuine.
    Verify { ask: AskId, way: Way, message_id: String, signed: Box<Signed>, visitor: Visitor },
    /// A quick-login return is signed and the gateway was asked whether it is genuine.
    Login { ask: AskId, signed: Box<Signed>, visitor: Visitor },
    /// The same for a chosen address.
    Address { ask: AskId, signed: Box<Signed>, visitor: Visitor },
    /// The gateway was told of shipping.
    Ship { ask: AskId, out_trade_no: OutTradeNo },
}

impl Waiting {
    /// Who waits.
    pub(crate) fn ask(&self) -> AskId {
        match self {
            Waiting::Verify { ask, .. }
            | Waiting::Login { ask, .. }
            | Waiting::Address { ask, .. }
            | Waiting::Ship { ask, .. } => *ask,
        }
    }

    /// Whether it is the gateway that waits.
    pub(crate) fn is_notification(&self) -> bool {
        matches!(self, Waiting::Verify { way: Way::Notify, .. })
    }
}

/// What a shop is, apart from its database and its memory.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) config: Config,
    pub(crate) pages: Pages,
    /// Where `target_url` may lead.
    pub(crate) targets: Targets,
}

/// The world as one input sees it.
pub(crate) struct Turn<'t, 'c> {
    pub(crate) tx: &'t mut Tx<'c>,
    pub(crate) now: Timestamp,
    pub(crate) base: &'t Base,
    pub(crate) entropy: &'t mut Entropy,
    pub(crate) names: &'t mut Names,
    pub(crate) effects: &'t mut Effects<Waiting>,
}

impl Turn<'_, '_> {
    /// An id that no message has, later ones sorting after earlier ones.
    pub(crate) fn new_message_id(&mut self) -> String {
        self.names.message(self.now)
    }

    /// Answers a request, once this group has been committed.
    pub(crate) fn respond(&mut self, id: AskId, response: Response) {
        self.effects.respond(id, response);
    }

    /// Asks the gateway, once this group has been committed.
    pub(crate) fn send(&mut self, request: Request, waiting: Waiting) {
        let id = self.names.send();
        self.effects.send(id, request, waiting);
    }
}
