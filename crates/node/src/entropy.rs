//! Randomness from the seed that the node was given at birth.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A source of unguessable texts. Only the host knows where the seed came from.
///
/// What is drawn, and how much of the stream each draw uses up, stays as it is: a recorded seed of the simulation is to
/// mean the same run tomorrow.
#[derive(Debug)]
pub struct Entropy(ChaCha20Rng);

impl Entropy {
    /// Starts from a seed; the same seed gives the same texts.
    pub fn new(seed: [u8; 32]) -> Entropy {
        Entropy(ChaCha20Rng::from_seed(seed))
    }

    /// Starts from a seed and the number of a life. `life` tells apart the lives of one database, so that even the same
    /// seed given twice draws nothing twice.
    pub fn of_life(seed: [u8; 32], life: u64) -> Entropy {
        let mut rng = ChaCha20Rng::from_seed(seed);
        rng.set_stream(life);
        Entropy(rng)
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A text of lower-case letters and digits; each character carries 5 bits, so 26 of them are as good as a
    /// 128-bit key.
    pub fn text(&mut self, length: usize) -> String {
        let mut text = String::with_capacity(length);
        for _ in 0..length {
            let [byte] = self.bytes::<1>();
            text.push(char::from(DIGITS[usize::from(byte % 32)]));
        }
        text
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(DIGITS[usize::from(self.bytes::<1>()[0] % 16)])).collect()
    }

    /// 128 bits as 32 lower-case hexadecimal digits, in two draws.
    pub fn id(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }

    /// 48 bits as twelve lower-case hexadecimal digits.
    pub fn short_id(&mut self) -> String {
        format!("{:012x}", self.0.next_u64() >> 16)
    }

    /// Twelve decimal digits, for numbers that people read out.
    pub fn twelve_digits(&mut self) -> String {
        format!("{:012}", self.0.next_u64() % 1_000_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_today_and_tomorrow() {
        let mut entropy = Entropy::new([7; 32]);
        let drawn =
            [entropy.text(26), entropy.hex(16), entropy.id(), entropy.short_id(), entropy.twelve_digits()];
        let recorded = [
            "knkccki75pbi30okn009mharuj",
            "3b5fde2813806d87",
            "200a9b4d849f67d3a0bb84dad0800b20",
            "a484c1da89b8",
            "972651386999",
        ];
        assert_eq!(drawn, recorded);
        assert_eq!(u32::from_le_bytes(entropy.bytes()), 238_836_265);
    }

    #[test]
    fn two_lives_of_one_seed_draw_nothing_alike_and_the_first_stream_is_the_seeds_own() {
        let first = |mut entropy: Entropy| entropy.id();
        assert_ne!(first(Entropy::of_life([7; 32], 1)), first(Entropy::of_life([7; 32], 2)));
        assert_eq!(first(Entropy::of_life([7; 32], 0)), first(Entropy::new([7; 32])));
    }
}
