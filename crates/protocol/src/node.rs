//! The one interface between a program of Danbao and its world.
//!
//! A node takes inputs at an instant and gives outputs; it never waits, never reads a clock and never opens a socket.
//! A host (real sockets, or the simulation) drives it:
//!
//! 1. the host collects the inputs that wait, up to a bound, and calls [`Node::step`] once for all of them;
//! 2. the node takes them in order inside **one** database transaction and returns what is to be sent;
//! 3. the host sends nothing before `step` has returned, so nothing is told that was not committed;
//! 4. the host asks [`Node::next_due`] and feeds [`Input::Due`] when that instant has come.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;

use crate::time::Timestamp;

/// An HTTP request as a value. Over a socket its URI is origin-form (`/path?query`) when it arrives at a node and
/// absolute (`http://host:port/path?query`) when a node sends it.
pub type Request = http::Request<Bytes>;

/// Who asks, as an extension of a [`Request`]: the address at the other end, or the one that a trusted proxy names.
/// A host without addresses (the simulation, a test) puts none; what a node holds against an address is then not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// An extension of a [`Request`] that a host makes by itself: it asks for whoever has shown that they may see how the node
/// does. A host hands on no extension from outside, so a node may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watcher;

/// How badly the body of a [`Request`] is to be carried, as an extension of one that a node sends: a fault of the wire on
/// demand. A host without a wire (the simulation, a test) may carry it whole; what the node makes of the answer must not
/// rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// In pieces, spread evenly over this time.
    Slow(Duration),
    /// So many bytes of it, then the connection breaks. The head has promised the whole.
    Cut {
        /// Bytes that still arrive.
        after_bytes: usize,
    },
}

/// An HTTP response as a value.
pub type Response = http::Response<Bytes>;

/// Names one request that waits for this node's answer. Chosen by the host, unique while the node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// Names one request that this node has sent. Chosen by the node, unique while the node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendId(pub u64);

/// What happens to a node.
#[derive(Debug)]
pub enum Input {
    /// Somebody asks.
    Request {
        /// To be repeated in [`Output::Respond`].
        id: AskId,
        /// The whole request, its body already read and bounded by the host.
        request: Request,
    },
    /// What came of an [`Output::Send`].
    Answer {
        /// The id that the node gave with the send.
        id: SendId,
        /// The other side's response, or why there is none.
        outcome: Result<Response, NoAnswer>,
    },
    /// The instant named by [`Node::next_due`] has come. May also be fed early or twice; then nothing is due.
    Due,
}

/// What a node wants done. Only ever returned after the transaction that decided it has committed.
#[derive(Debug)]
pub enum Output {
    /// The answer to an [`Input::Request`]. Exactly one for each, not necessarily in the same step.
    Respond {
        /// Whose question this answers.
        id: AskId,
        /// The answer.
        response: Response,
    },
    /// Ask somebody; one [`Input::Answer`] with this id follows unless the node dies first.
    Send {
        /// Chosen by the node.
        id: SendId,
        /// The question, with an absolute URI.
        request: Request,
    },
}

/// Why a send has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoAnswer {
    /// No connection: name not found, refused, TLS failed, or the address is not allowed.
    Unreachable,
    /// Connected, but nothing complete came within the host's time limit.
    TimedOut,
    /// The connection broke, or what came is not HTTP or exceeds the host's limits.
    Broken,
}

impl NoAnswer {
    /// A stable word for logs and for the record of a delivery attempt.
    pub fn as_str(self) -> &'static str {
        match self {
            NoAnswer::Unreachable => "unreachable",
            NoAnswer::TimedOut => "timed_out",
            NoAnswer::Broken => "broken",
        }
    }
}

/// The node must die: the outcome of a commit is unknown, or its storage is gone.
///
/// The host drops the node, answers its open requests with 503, and builds it anew from its database. The recovery
/// path is the start-up path.
#[derive(Debug, thiserror::Error)]
#[error("the node must be restarted: {0}")]
pub struct Crash(pub String);

/// A program of Danbao: the gateway, the shop, the merchant's sidecar.
pub trait Node: Send {
    /// Takes a group of inputs at one instant, in order, as one database transaction, and says what is to be done.
    ///
    /// `now` never goes backwards between two steps. Time does not pass inside a step.
    ///
    /// # Errors
    /// [`Crash`]: nothing of this group may be told to anybody, and the node must not be used again.
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash>;

    /// When [`Input::Due`] is wanted next; `None` if nothing is planned. Read from the database, so that it survives
    /// a crash. The host asks after every step.
    ///
    /// # Errors
    /// [`Crash`], as for `step`.
    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash>;
}
