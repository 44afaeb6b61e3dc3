//! Randomness from the operating system. Nodes never ask for it: each gets a seed at birth.

use anyhow::Context;

/// A fresh seed for a node's own generator.
///
/// # Errors
/// If the operating system has no randomness to give; nothing can be run safely then.
pub fn seed() -> anyhow::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the operating system gives no randomness")?;
    Ok(seed)
}
