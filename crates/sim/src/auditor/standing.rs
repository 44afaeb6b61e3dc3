//! What stood in the gateway's books about accounts and contracts, and from when to when: who was frozen, and which
//! states the merchant wanted to be told of (protocol.md §5.6, docs/adr/0016).

use std::collections::{BTreeMap, BTreeSet};

use danbao_protocol::node::{Request, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::Error;
use danbao_store::faulty::Disk;
use serde_json::Value;

use crate::people::Town;

/// A value that is read whenever the gateway has come to rest, and the times at which it may have changed.
#[derive(Debug)]
struct Watched<T> {
    /// The value from the last instant of its change on; that it became so from the first on is possible.
    changes: Vec<(Timestamp, Timestamp, T)>,
    last_seen: Timestamp,
}

impl<T: PartialEq> Watched<T> {
    fn new() -> Watched<T> {
        Watched { changes: Vec::new(), last_seen: Timestamp(i64::MIN) }
    }

    fn see(&mut self, now: Timestamp, value: T) {
        if self.changes.last().is_none_or(|(_, _, known)| *known != value) {
            self.changes.push((self.last_seen, now, value));
        }
        self.last_seen = now;
    }

    /// Every value that it may have had at an instant.
    fn at(&self, at: Timestamp) -> Vec<&T> {
        let began = |index: usize| self.changes.get(index).is_none_or(|(first, ..)| *first <= at);
        let over = |index: usize| self.changes.get(index + 1).is_some_and(|(_, last, _)| *last < at);
        let values = self.changes.iter().enumerate();
        values.filter(|(index, _)| began(*index) && !over(*index)).map(|(_, (.., value))| value).collect()
    }
}

/// Who was frozen when, and what a merchant wanted to be told of.
#[derive(Debug)]
pub(super) struct Standing {
    frozen: Watched<BTreeSet<String>>,
    triggers: Watched<String>,
    /// What the gateway has said of accounts since it last came to rest.
    said: BTreeMap<String, bool>,
}

impl Standing {
    pub(super) fn new() -> Standing {
        Standing { frozen: Watched::new(), triggers: Watched::new(), said: BTreeMap::new() }
    }

    /// The gateway says what an account is from now on.
    pub(super) fn hear(&mut self, request: &Request, response: &Response, town: &Town) {
        let url = request.uri().to_string();
        let users = format!("{}/sandbox/v1/users/", town.gateway);
        if !url.starts_with(&users) || !response.status().is_success() {
            return;
        }
        let said: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if let (Some(user_id), Some(is_frozen)) = (said["user_id"].as_str(), said["is_frozen"].as_bool()) {
            self.said.insert(user_id.to_owned(), is_frozen);
        }
    }

    /// The gateway has come to rest; `now` is by its clock. Says what it has said and not done.
    pub(super) fn see(&mut self, now: Timestamp, gateway: &Disk, partner: &str) -> Vec<String> {
        let seen: Result<(), Error> = gateway.inspect(|conn| {
            let rows = conn.query("SELECT user_id FROM users WHERE is_frozen = 1", &[])?;
            self.frozen.see(now, rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?);
            let rows = conn.query("SELECT triggers FROM partner WHERE partner = $1", &[partner.into()])?;
            if let Some(row) = rows.first() {
                self.triggers.see(now, row.get(0)?);
            }
            Ok(())
        });
        // A table that is not there yet has nobody in it.
        drop(seen);
        let frozen = self.frozen.changes.last().map(|(.., frozen)| frozen);
        let is_frozen = |user_id: &String| frozen.is_some_and(|frozen| frozen.contains(user_id));
        let said = std::mem::take(&mut self.said).into_iter();
        said.filter(|(user_id, said)| is_frozen(user_id) != *said)
            .map(|(user_id, said)| format!("{user_id} is said to be frozen: {said}, and is not so"))
            .collect()
    }

    /// Whether an account may have been frozen at an instant of the gateway's clock.
    pub(super) fn may_be_frozen(&self, user_id: &str, at: i64) -> bool {
        self.frozen.at(Timestamp(at)).iter().any(|frozen| frozen.contains(user_id))
    }

    /// Whether an account may have been in order at an instant of the gateway's clock.
    pub(super) fn may_be_free(&self, user_id: &str, at: i64) -> bool {
        let values = self.frozen.at(Timestamp(at));
        values.is_empty() || values.iter().any(|frozen| !frozen.contains(user_id))
    }

    /// Which states the merchant may have wanted to be told of at an instant, each as words between blanks.
    pub(super) fn triggers(&self, at: i64) -> Vec<&String> {
        self.triggers.at(Timestamp(at))
    }
}
