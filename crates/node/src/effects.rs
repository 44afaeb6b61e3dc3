//! What a group wants done, and whose answers are waited for afterwards.

use std::collections::BTreeMap;

use danbao_protocol::node::{AskId, Output, Request, Response, SendId};

/// What a group of inputs wants done. Dropped with the group if the group is not committed.
///
/// `W` says why something was sent and who waits for its answer. What is waited for is kept in memory: if the process dies,
/// whoever asked sees its request fail, and what is owed is a row.
#[derive(Debug)]
pub struct Effects<W> {
    outputs: Vec<Output>,
    asked: BTreeMap<SendId, W>,
    answered: Vec<SendId>,
}

impl<W> Default for Effects<W> {
    fn default() -> Effects<W> {
        Effects { outputs: Vec::new(), asked: BTreeMap::new(), answered: Vec::new() }
    }
}

impl<W> Effects<W> {
    /// Answers a request.
    pub fn respond(&mut self, id: AskId, response: Response) {
        self.outputs.push(Output::Respond { id, response });
    }

    /// Asks somebody, and waits for the answer.
    pub fn send(&mut self, id: SendId, request: Request, waiting: W) {
        self.asked.insert(id, waiting);
        self.outputs.push(Output::Send { id, request });
    }

    /// The answer to this send was taken: it is waited for no more.
    pub fn heard(&mut self, id: SendId) {
        self.answered.push(id);
    }

    /// What will be on its way once this group is committed, given what was before it.
    pub fn on_their_way<'a>(&'a self, before: &'a BTreeMap<SendId, W>) -> impl Iterator<Item = &'a W> {
        let before = before.iter().filter(|(id, _)| !self.answered.contains(id));
        before.map(|(_, waiting)| waiting).chain(self.asked.values())
    }

    /// The group is committed: what was heard is waited for no more, what was asked is, and this is what may be told.
    pub fn settle(mut self, waiting: &mut BTreeMap<SendId, W>) -> Vec<Output> {
        for id in self.answered {
            waiting.remove(&id);
        }
        waiting.append(&mut self.asked);
        self.outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_is_waited_for_no_more_and_what_is_asked_is() {
        let mut waiting = BTreeMap::from([(SendId(1), "old"), (SendId(2), "older")]);
        let mut effects = Effects::default();
        effects.heard(SendId(2));
        effects.send(SendId(3), Request::default(), "new");
        effects.respond(AskId(7), Response::default());
        assert_eq!(effects.on_their_way(&waiting).copied().collect::<Vec<_>>(), ["old", "new"]);
        let outputs = effects.settle(&mut waiting);
        assert!(matches!(
            outputs[..],
            [Output::Send { id: SendId(3), .. }, Output::Respond { id: AskId(7), .. }]
        ));
        assert_eq!(waiting, BTreeMap::from([(SendId(1), "old"), (SendId(3), "new")]));
    }

    #[test]
    fn effects_that_are_dropped_have_changed_nothing() {
        let mut waiting = BTreeMap::from([(SendId(1), "old")]);
        let mut effects = Effects::default();
        effects.heard(SendId(1));
        effects.send(SendId(2), Request::default(), "new");
        drop(effects);
        assert!(Effects::default().settle(&mut waiting).is_empty());
        assert_eq!(waiting, BTreeMap::from([(SendId(1), "old")]));
    }
}
