//! What happens by itself is many pieces of work in one transaction, and one that fails takes the others with it: there
//! are no savepoints (docs/adr/0002). So the piece at hand is remembered outside the transaction. When it breaks, the
//! transaction is taken once more, and that piece is put aside in it instead of being tried.

use std::collections::BTreeSet;

use danbao_node::Fault;
use danbao_protocol::ids::TradeNo;
use danbao_store::Error;

use crate::rows::notice::Thread;

/// Something that happens by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// A due deadline, by its trade and the word of its kind.
    Deadline(TradeNo, String),
    /// A refund batch, before its items are known.
    Batch(Thread),
    /// One item of a refund batch, by its line.
    Item(Thread, i64),
    /// Telling the merchant what came of a batch.
    Letter(Thread),
}

/// Which piece of work is at hand, and which ones have failed. Lost with the process, which then finds out anew.
#[derive(Debug, Default)]
pub(crate) struct Setbacks {
    at_hand: Option<Work>,
    broken: BTreeSet<Work>,
}

impl Setbacks {
    /// Begins a piece of work, unless it has failed before and is to be put aside.
    pub(crate) fn may_begin(&mut self, work: Work) -> bool {
        if self.broken.contains(&work) {
            self.at_hand = None;
            return false;
        }
        self.at_hand = Some(work);
        true
    }

    /// Nothing is at hand any more: what fails from now on is something else's fault.
    pub(crate) fn end(&mut self) {
        self.at_hand = None;
    }

    /// The transaction was rolled back over this: whether a piece of work was at fault, so that it may be taken once
    /// more without it. Others at work and a database that is gone are nobody's fault.
    pub(crate) fn blames(&mut self, fault: &Fault) -> bool {
        let Some(work) = self.at_hand.take() else { return false };
        let is_bug = matches!(fault, Fault::Invariant(_) | Fault::Store(Error::Sql(_) | Error::Shape(_)));
        if is_bug {
            tracing::error!(?work, %fault, "this cannot be done and is put aside");
        }
        is_bug && self.broken.insert(work)
    }

    /// The transaction was committed: what had failed is put aside in it.
    pub(crate) fn committed(&mut self) {
        self.broken.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bug_in_the_work_at_hand_is_blamed_and_each_work_once() {
        let work = |line| Work::Item(Thread::new("1"), line);
        let mut setbacks = Setbacks::default();
        assert!(!setbacks.blames(&Fault::invariant("nothing was at hand")));
        assert!(setbacks.may_begin(work(1)));
        let conflict = Fault::Store(Error::Conflict(String::new()));
        assert!(!setbacks.blames(&conflict), "others were at work");
        assert!(setbacks.may_begin(work(1)));
        assert!(setbacks.blames(&Fault::invariant("overdrawn")));
        assert!(!setbacks.may_begin(work(1)) && setbacks.may_begin(work(2)));
        setbacks.end();
        assert!(!setbacks.blames(&Fault::invariant("somebody else's")));
        setbacks.committed();
        assert!(setbacks.may_begin(work(1)), "in an hour it is tried again");
    }
}
