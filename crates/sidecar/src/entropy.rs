//! Randomness from the seed that the node was given at birth.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of texts that nothing else has drawn.
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

    /// 48 bits as twelve hexadecimal digits.
    pub(crate) fn twelve_digits(&mut self) -> String {
        format!("{:012x}", self.0.next_u64() >> 16)
    }
}
