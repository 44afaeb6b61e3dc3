//! What a scenario leaves open is decided by a seed, for each scenario by itself: the same seed and the same scenario
//! give the same run, whichever others run beside it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A source of chance for one scenario.
#[derive(Debug, Clone)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    pub(crate) fn new(seed: u64, scenario: &str) -> Chance {
        let fold = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Chance(ChaCha8Rng::seed_from_u64(scenario.bytes().fold(seed, fold)))
    }

    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        // The bias of a remainder is nothing that a scenario could notice.
        self.0.next_u64().checked_rem(end).and_then(|at| usize::try_from(at).ok()).unwrap_or(0)
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }

    /// In any order, some of them twice.
    pub(crate) fn some_twice<T: Clone>(&mut self, list: Vec<T>) -> Vec<T> {
        let mut all = list.clone();
        all.extend(list.into_iter().filter(|_| self.below(2) == 0));
        self.shuffle(&mut all);
        all
    }
}
