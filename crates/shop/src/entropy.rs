//! Randomness from the seed that the node was given at birth.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of unguessable texts.
#[derive(Debug)]
pub(crate) struct Entropy(ChaCha20Rng);

impl Entropy {
    /// Starts from a seed. `life` tells apart the lives of one database, so that even the same seed given twice draws
    /// nothing twice.
    pub(crate) fn new(seed: [u8; 32], life: u64) -> Entropy {
        let mut rng = ChaCha20Rng::from_seed(seed);
        rng.set_stream(life);
        Entropy(rng)
    }

    /// 128 bits as 32 lower-case hexadecimal digits.
    pub(crate) fn id(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }

    /// Twelve decimal digits.
    pub(crate) fn twelve_digits(&mut self) -> String {
        format!("{:012}", self.0.next_u64() % 1_000_000_000_000)
    }
}
