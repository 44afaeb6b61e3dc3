//! Randomness from the seed that the node was given at birth.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A source of unguessable texts. Only the host knows where the seed came from.
#[derive(Debug)]
pub struct Entropy(ChaCha20Rng);

impl Entropy {
    /// Starts from a seed; the same seed gives the same texts.
    pub fn new(seed: [u8; 32]) -> Entropy {
        Entropy(ChaCha20Rng::from_seed(seed))
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
}
