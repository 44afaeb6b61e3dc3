//! The tutorials' check-lists for orders that are not updated, as functions.
//!
//! Ring 0: no I/O, no clock, no randomness. A host gathers [`Facts`] by carrying out the bounded [`probe::plan`]; each
//! of [`CHECKS`] looks at them and gives a [`Verdict`]. Every check stands under the paragraph of the tutorials that it
//! automates: step 1 A-G, step 2 A-E, step 3 A-C of the chapter 订单更新异常 (escrow and dual tutorial 4.2, direct-pay
//! tutorial 5.2, quick-login tutorial 8.2).

pub mod allow_list;
mod checks;
pub mod facts;
mod finding;
pub mod hex;
pub mod message;
pub mod probe;
pub mod settings;
pub mod stand_in;

pub use checks::CHECKS;
pub use facts::Facts;
pub use finding::{About, Check, Evidence, Lack, Severity, Step, TERMS, Verdict};

/// Holds every check against the facts, in the order of the tutorials.
pub fn examine(facts: &Facts) -> Vec<(&'static Check, Verdict)> {
    CHECKS.iter().map(|check| (check, (check.judge)(facts))).collect()
}
