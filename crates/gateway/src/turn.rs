//! One input's turn: everything that taking it may touch.

use std::collections::BTreeMap;

use danbao_protocol::node::{AskId, Output, Request, Response, SendId};
use danbao_protocol::time::Timestamp;
use danbao_store::Conn;

use crate::config::Config;
use crate::entropy::Entropy;
use crate::fault::Fault;
use crate::numbers::Numbers;
use crate::rows::notice::AttemptKey;

/// What a gateway keeps in memory. All of it may be lost: numbers leave a gap, and a send without an answer is tried
/// again when its waiting time is over.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) entropy: Entropy,
    pub(crate) numbers: Numbers,
    pub(crate) sends: BTreeMap<SendId, AttemptKey>,
    pub(crate) next_send: u64,
    /// Sends whose answers this group has taken; struck from `sends` once it is committed.
    pub(crate) heard: Vec<SendId>,
}

/// The world as one input sees it: the open transaction, the instant, the settings, and where outputs go.
pub(crate) struct Turn<'a> {
    pub(crate) tx: &'a mut dyn Conn,
    pub(crate) now: Timestamp,
    pub(crate) config: &'a Config,
    pub(crate) memory: &'a mut Memory,
    pub(crate) outputs: &'a mut Vec<Output>,
    /// Set by the sandbox when it has moved the clock; the next turn sees the new time.
    pub(crate) clock_moved_ms: i64,
}

impl Turn<'_> {
    /// Answers a request, once this group of turns has been committed.
    pub(crate) fn respond(&mut self, id: AskId, response: Response) {
        self.outputs.push(Output::Respond { id, response });
    }

    /// Sends a request, once this group of turns has been committed.
    pub(crate) fn send(&mut self, attempt: AttemptKey, request: Request) {
        let id = SendId(self.memory.next_send);
        self.memory.next_send += 1;
        self.memory.sends.insert(id, attempt);
        self.outputs.push(Output::Send { id, request });
    }

    /// A number never used before in this series.
    pub(crate) fn number(&mut self, series: &'static str) -> Result<i64, Fault> {
        self.memory.numbers.next(self.tx, series)
    }
}
