//! Gateway, merchant's kit and shop in virtual time: one seed, one thread, one life.
//!
//! [`world`] drives any set of nodes as the real host does, but out of an event queue: messages are lost, late, doubled
//! and reordered ([`wire`]), processes die between any two statements and just after a commit, people click twice, close
//! the page, haggle and quarrel ([`people`]). Then comes quiet: nothing is lost any more and everything that is due happens, months
//! of it. Then the [`auditor`] holds both databases against a second set of books.
//!
//! [`sidecar_life`] is the same for a shop in any language: the sidecar stands between it and the gateway.
//!
//! A seed that fails is lived again with
//! `DANBAO_SIM_SEED=n cargo test -p danbao-sim one_seed -- --nocapture`, which prints every event. Seeds that have once
//! found a bug are in `seeds.txt` and are lived by every test run.

pub mod auditor;
pub mod chance;
pub mod contended;
mod keys;
pub mod kiosk;
pub mod log;
pub mod meeting;
pub mod options;
pub mod people;
pub mod sidecar_life;
pub mod stage;
pub mod tampered;
pub mod wire;
pub mod world;

pub use options::Options;
pub use stage::{Cast, Report, Stage, Victim, live};
