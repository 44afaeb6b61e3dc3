//! The real host under toy nodes and rude peers, over real sockets.
#![allow(clippy::disallowed_methods, reason = "these tests are about real time and real threads")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "hosting/limits.rs"]
mod limits;
#[path = "hosting/lives.rs"]
mod lives;
#[path = "hosting/sends.rs"]
mod sends;
#[path = "hosting/throughput.rs"]
mod throughput;
#[path = "hosting/toys.rs"]
mod toys;
#[path = "hosting/watchers.rs"]
mod watchers;
#[path = "hosting/wire.rs"]
mod wire;
