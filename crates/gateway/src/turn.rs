//! One input's turn: everything that taking it may touch.

use std::collections::BTreeMap;
use std::sync::Arc;

use danbao_node::{Entropy, Fault};
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::{AskId, Output, Request, Response};
use danbao_protocol::service::payment::Party;
use danbao_protocol::sign::{SignType, Signer};
use danbao_protocol::time::Timestamp;
use danbao_store::Conn;

use crate::config::Config;
use crate::numbers::Numbers;
use crate::on_its_way::{OnItsWay, Sending};
use crate::rows::contract::{self, Terms};
use crate::rows::key::{self, StoredKey};
use crate::rows::partner::{self, Partner};
use crate::rows::setting;
use crate::rows::users::{self, User};
use crate::setbacks::Setbacks;

/// What a gateway keeps in memory. All of it may be lost: numbers leave a gap, and a send without an answer is tried
/// again when its waiting time is over.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) entropy: Entropy,
    pub(crate) numbers: Numbers,
    pub(crate) on_its_way: OnItsWay,
    pub(crate) setbacks: Setbacks,
}

/// What this transaction has read already and nobody can change before it ends, but the transaction itself.
#[derive(Debug, Default)]
pub(crate) struct Known {
    partners: BTreeMap<PartnerId, Option<Arc<Partner>>>,
    /// By id, and the ids by account name. Only who is there is kept: somebody may be registered in between.
    users: BTreeMap<UserId, User>,
    user_ids: BTreeMap<String, UserId>,
    own_signers: BTreeMap<SignType, Option<Arc<Signer>>>,
    sandbox_token: Option<String>,
}

impl Known {
    fn keep(&mut self, user: &User) {
        self.user_ids.insert(user.email.clone(), user.user_id.clone());
        self.users.insert(user.user_id.clone(), user.clone());
    }
}

/// The world as one input sees it: the open transaction, the instant, the settings, and where outputs go.
pub(crate) struct Turn<'a> {
    pub(crate) tx: &'a mut dyn Conn,
    pub(crate) now: Timestamp,
    pub(crate) config: &'a Config,
    pub(crate) memory: &'a mut Memory,
    pub(crate) outputs: &'a mut Vec<Output>,
    pub(crate) known: &'a mut Known,
    /// Set by the sandbox when it has moved the clock; the next turn sees the new time.
    pub(crate) clock_moved_ms: i64,
}

impl Turn<'_> {
    /// Answers a request, once this group of turns has been committed.
    pub(crate) fn respond(&mut self, id: AskId, response: Response) {
        self.outputs.push(Output::Respond { id, response });
    }

    /// Sends a request, once this group of turns has been committed.
    pub(crate) fn send(&mut self, what: Sending, host: String, request: Request) {
        let id = self.memory.on_its_way.begin(what, host, self.now);
        self.outputs.push(Output::Send { id, request });
    }

    /// An account holder.
    pub(crate) fn user(&mut self, id: &UserId) -> Result<Option<User>, Fault> {
        if let Some(known) = self.known.users.get(id) {
            return Ok(Some(known.clone()));
        }
        let user = users::load(self.tx, id)?;
        Ok(user.inspect(|user| self.known.keep(user)))
    }

    /// An account holder by account name.
    pub(crate) fn user_by_email(&mut self, email: &str) -> Result<Option<User>, Fault> {
        if let Some(known) = self.known.user_ids.get(email).and_then(|id| self.known.users.get(id)) {
            return Ok(Some(known.clone()));
        }
        let user = users::load_by_email(self.tx, email)?;
        Ok(user.inspect(|user| self.known.keep(user)))
    }

    /// Freezes, releases or certifies an account, or makes it another kind.
    pub(crate) fn change_user(&mut self, user: &User) -> Result<(), Fault> {
        users::update_standing(self.tx, user)?;
        self.known.keep(user);
        Ok(())
    }

    /// Whom a request names. An alias is the account's name here: this gateway gives no other.
    pub(crate) fn party(&mut self, party: &Party) -> Result<Option<User>, Fault> {
        match party {
            Party::Id(id) => self.user(id),
            Party::Email(name) | Party::AccountName(name) => self.user_by_email(name),
        }
    }

    /// A partner with its keys and its contract.
    pub(crate) fn partner(&mut self, id: &PartnerId) -> Result<Option<Arc<Partner>>, Fault> {
        if let Some(known) = self.known.partners.get(id) {
            return Ok(known.clone());
        }
        let partner = partner::load(self.tx, id)?.map(Arc::new);
        self.known.partners.insert(id.clone(), partner.clone());
        Ok(partner)
    }

    /// What is signed for a partner under this kind: with the key that both share, or with the gateway's own private
    /// key. `None` if there is none of the kind.
    pub(crate) fn signer(
        &mut self,
        partner: &Partner,
        sign_type: SignType,
    ) -> Result<Option<Arc<Signer>>, Fault> {
        if sign_type == SignType::Md5 {
            return Ok(partner.md5_key(self.now).map(|key| Arc::new(Signer::Md5(key))));
        }
        if let Some(known) = self.known.own_signers.get(&sign_type) {
            return Ok(known.clone());
        }
        let own = key::load_own(self.tx, sign_type)?;
        let signing = key::signing(&own, sign_type, self.now);
        let signer = signing.and_then(|stored| stored.key.signer(sign_type)).map(Arc::new);
        self.known.own_signers.insert(sign_type, signer.clone());
        Ok(signer)
    }

    /// Notes that a partner has signed with a key, if that is new: from now on the partner is known to have it.
    pub(crate) fn note_use(&mut self, partner: &PartnerId, used: &StoredKey) -> Result<(), Fault> {
        if used.first_used_at.is_none() {
            key::note_first_use(self.tx, partner, used, self.now)?;
            self.known.partners.remove(partner);
        }
        Ok(())
    }

    /// Signs a new contract.
    pub(crate) fn insert_partner(&mut self, partner: &Partner) -> Result<(), Fault> {
        partner::insert(self.tx, partner, self.now)?;
        self.known.partners.remove(&partner.partner);
        Ok(())
    }

    /// Changes what a partner is told of.
    pub(crate) fn change_partner(&mut self, partner: &Partner) -> Result<(), Fault> {
        partner::update_telling(self.tx, partner)?;
        self.known.partners.remove(&partner.partner);
        Ok(())
    }

    /// Changes what a contract says beyond its interfaces.
    pub(crate) fn change_terms(&mut self, partner: &PartnerId, terms: &Terms) -> Result<(), Fault> {
        contract::save_terms(self.tx, partner, terms)?;
        self.known.partners.remove(partner);
        Ok(())
    }

    /// The sandbox API's bearer token; empty before it was given one.
    pub(crate) fn sandbox_token(&mut self) -> Result<&str, Fault> {
        if self.known.sandbox_token.is_none() {
            self.known.sandbox_token = setting::load(self.tx, setting::SANDBOX_TOKEN)?;
        }
        Ok(self.known.sandbox_token.as_deref().unwrap_or(""))
    }

    /// A number never used before in this series.
    pub(crate) fn number(&mut self, series: &'static str) -> Result<i64, Fault> {
        self.memory.numbers.next(self.tx, series)
    }
}
