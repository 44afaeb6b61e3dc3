//! Certifies a merchant's pages: plays the gateway to a real shop through scenarios of trouble, and looks whether each
//! order has moved exactly once, and never on a message that the gateway has not sent.
//!
//! [`Certifier`] is a [`Node`](danbao_protocol::node::Node): it opens no socket and reads no clock. [`scenario::all`]
//! is what it plays, as data; [`report`] writes down what came of it.

mod answer;
mod batch;
mod browser;
mod case;
mod chance;
mod issue;
mod look;
mod offer;
mod probe;
pub mod problem;
pub mod report;
mod run;
pub mod scenario;
mod terms;
pub mod timeline;
pub mod words;

pub use case::CaseReport;
pub use run::{Certifier, Progress};
pub use terms::Terms;
