//! The real host: runs any [`Node`](danbao_protocol::node::Node) over real sockets, wall clock and entropy.
//!
//! ```text
//!  sockets ──> server ──ask──> ┌────────────────┐
//!                              │ runner: a thread│ ──respond──> server
//!  sockets <── client <──send──│ that owns a node│
//!        └────────answer──────>└────────────────┘
//! ```
//!
//! Async lives in `server` and `client`, where slow peers are; a node is plain sequential code on its own thread.
//! A message crosses threads once on its way in and once on its way out, because such a wake-up costs more than the
//! work it announces.
#![allow(clippy::disallowed_methods, reason = "the host is where clock, threads and entropy are at home")]

mod carriage;
pub mod client;
pub mod clock;
pub mod entropy;
mod refusal;
pub mod runner;
pub mod server;
mod tally;
pub mod watcher;
