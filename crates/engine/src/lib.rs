//! What may happen to money, and who must be told. Ring 0: pure functions from facts to a [`change::Change`] or a
//! [`refusal::Refusal`]; the gateway loads the facts before and writes the change after, and decides nothing itself.

pub mod change;
pub mod chart;
pub mod deadlines;
pub mod fastpay_refund;
pub mod machine;
pub mod notices;
pub mod refund;
pub mod refusal;
pub mod repeat;
pub mod settlement;
pub mod standing;
pub mod trade;
pub mod triggers;

#[cfg(test)]
mod tests;
