//! Notifications whose answers are waited for: in memory alone, because the database knows until when each is waited
//! for and what to do when its answer never comes.

use std::collections::BTreeMap;
use std::time::Duration;

use danbao_protocol::node::SendId;
use danbao_protocol::time::Timestamp;

use crate::rows::notice::AttemptKey;
use crate::rows::resend::ResendKey;

/// Sends to one host at once: a quarter of the default for all, so that no merchant can take every slot.
pub(crate) const PER_HOST_MAX: usize = 64;
/// A full host whose oldest send has waited longer than this is slow; what it is owed steps aside.
const SLOW_AFTER: Duration = Duration::from_secs(2);

/// What a send was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sending {
    /// A try of a notification's schedule.
    Try {
        key: AttemptKey,
        /// A fault plan has spoiled it: no answer to it acknowledges anything.
        is_spoiled: bool,
    },
    /// One beside it.
    Resend(ResendKey),
}

/// One send.
#[derive(Debug, Clone)]
struct Sent {
    what: Sending,
    host: String,
    sent_at: Timestamp,
}

/// How a merchant's host is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// More may be sent to it.
    Open,
    /// It has as many as it may have, and answers them; soon there is room, or it counts as slow from this instant on.
    Busy(Timestamp),
    /// It has as many as it may have, and does not answer.
    Slow,
}

/// Everything that is on its way.
#[derive(Debug)]
pub(crate) struct OnItsWay {
    sends: BTreeMap<SendId, Sent>,
    next: u64,
    /// The first number that no committed group has given.
    uncommitted: u64,
    /// Answers that this group has taken; struck out once it is committed.
    heard: Vec<SendId>,
    /// Until when what is due waits for the answers of a busy host.
    held_until: Option<Timestamp>,
}

impl OnItsWay {
    pub(crate) fn new() -> OnItsWay {
        OnItsWay { sends: BTreeMap::new(), next: 1, uncommitted: 1, heard: Vec::new(), held_until: None }
    }

    /// How many are on their way.
    pub(crate) fn len(&self) -> usize {
        self.sends.len()
    }

    /// Notes a send and names it.
    pub(crate) fn begin(&mut self, what: Sending, host: String, now: Timestamp) -> SendId {
        let id = SendId(self.next);
        self.next += 1;
        self.sends.insert(id, Sent { what, host, sent_at: now });
        id
    }

    /// What a send was for.
    pub(crate) fn sending(&self, id: SendId) -> Option<&Sending> {
        self.sends.get(&id).map(|sent| &sent.what)
    }

    /// Notes that an answer was taken; it counts when the group is committed.
    pub(crate) fn heard(&mut self, id: SendId) {
        self.heard.push(id);
    }

    /// How a host is doing.
    pub(crate) fn host(&self, host: &str, now: Timestamp) -> Host {
        let to_host = || self.sends.values().filter(|sent| sent.host == host);
        if to_host().count() < PER_HOST_MAX {
            return Host::Open;
        }
        let slow_at = to_host().map(|sent| sent.sent_at.plus(SLOW_AFTER)).min();
        slow_at.filter(|at| now < *at).map_or(Host::Slow, Host::Busy)
    }

    /// Notes that something due was left lying because its host is busy; `None` forgets it.
    pub(crate) fn hold(&mut self, until: Option<Timestamp>) {
        self.held_until = until;
    }

    /// No sooner than this is a wake-up of use, unless an answer comes before.
    pub(crate) fn held_until(&self) -> Option<Timestamp> {
        self.held_until
    }

    /// The group was committed: what it heard is over, and makes room.
    pub(crate) fn committed(&mut self) {
        self.uncommitted = self.next;
        if !self.heard.is_empty() {
            self.held_until = None;
        }
        for id in std::mem::take(&mut self.heard) {
            self.sends.remove(&id);
        }
    }

    /// The group was rolled back: what it heard is unheard, and what it sent was never sent.
    pub(crate) fn rolled_back(&mut self) {
        self.heard.clear();
        self.sends.retain(|id, _| id.0 < self.uncommitted);
    }
}

#[cfg(test)]
mod tests {
    use crate::rows::notice::Thread;

    use super::*;

    fn key() -> Sending {
        let key = AttemptKey { thread: Thread::new("1"), seq: 1, attempt: 1 };
        Sending::Try { key, is_spoiled: false }
    }

    #[test]
    fn a_host_that_answers_is_busy_and_one_that_does_not_is_slow() {
        let mut sends = OnItsWay::new();
        let at = |ms: i64| Timestamp(1_000_000 + ms);
        let ids: Vec<SendId> =
            (0..PER_HOST_MAX).map(|_| sends.begin(key(), "dead.example".to_owned(), at(0))).collect();
        assert_eq!(sends.host("dead.example", at(1_000)), Host::Busy(at(2_000)));
        assert_eq!(sends.host("dead.example", at(3_000)), Host::Slow);
        assert_eq!(sends.host("shop.example", at(3_000)), Host::Open);
        sends.heard(ids[0]);
        assert_eq!(sends.host("dead.example", at(3_000)), Host::Slow, "not committed yet");
        sends.committed();
        assert_eq!(sends.host("dead.example", at(3_000)), Host::Open);
    }

    #[test]
    fn a_group_that_is_rolled_back_has_sent_and_heard_nothing() {
        let mut sends = OnItsWay::new();
        let kept = sends.begin(key(), "a".to_owned(), Timestamp(0));
        sends.committed();
        let lost = sends.begin(key(), "a".to_owned(), Timestamp(0));
        sends.heard(kept);
        sends.rolled_back();
        sends.rolled_back();
        sends.committed();
        assert!(sends.sending(kept).is_some() && sends.sending(lost).is_none());
    }
}
