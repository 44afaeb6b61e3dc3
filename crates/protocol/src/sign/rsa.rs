//! RSA, PKCS#1 v1.5, base64 (protocol.md §2.2): with SHA-1 as `RSA`, and with SHA-256 as `RSA2`, which is ours.
//!
//! It signs the same text as MD5, without a key appended. The merchant gives the gateway its public key, and the
//! gateway's own public key verifies returns and notifications.
//!
//! The library behind it has a history of leaking private keys through its timing (RUSTSEC-2023-0071), so it is used
//! in this module alone, never decrypts, and every private operation is blinded. The blinding's randomness comes from
//! the key and the text: the same text always has the same signature, and nobody else can foresee the blinding.

use std::fmt;

use ::rsa::pkcs1v15::Pkcs1v15Sign;
use ::rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use ::rsa::traits::{PrivateKeyParts, PublicKeyParts};
use ::rsa::{RsaPrivateKey, RsaPublicKey};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{BadSign, CannotSign, base64};

/// The digest that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    /// `RSA`
    Sha1,
    /// `RSA2`
    Sha256,
}

impl Hash {
    fn of(self, text: &[u8]) -> (Pkcs1v15Sign, Vec<u8>) {
        match self {
            Hash::Sha1 => (Pkcs1v15Sign::new::<Sha1>(), Sha1::digest(text).to_vec()),
            Hash::Sha256 => (Pkcs1v15Sign::new::<Sha256>(), Sha256::digest(text).to_vec()),
        }
    }
}

/// Moduli shorter than this are refused, in bits: those of the time had this length.
pub const BITS_MIN: usize = RsaPublicKey::MIN_SIZE;
/// Moduli longer than this are refused, in bits: each signature would take a while.
pub const BITS_MAX: usize = 4096;

/// The half of a pair that verifies.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(RsaPublicKey);

/// The half of a pair that signs.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(RsaPrivateKey);

impl PublicKey {
    /// Takes a key of a legal length.
    pub(super) fn new(key: RsaPublicKey) -> Option<PublicKey> {
        (BITS_MIN..=BITS_MAX).contains(&bits(&key)).then_some(PublicKey(key))
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        bits(&self.0)
    }

    /// As a `PUBLIC KEY` block, the form that every other tool reads.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        self.0.to_public_key_der().map(|der| der.into_vec()).unwrap_or_default()
    }

    pub(super) fn verify(&self, text: &[u8], sign: &[u8], hash: Hash) -> Result<(), BadSign> {
        let sign = base64::decode(sign).ok_or(BadSign)?;
        let (padding, digest) = hash.of(text);
        self.0.verify(padding, &digest, &sign).map_err(|_| BadSign)
    }
}

impl PrivateKey {
    /// Takes a key of a legal length.
    pub(super) fn new(key: RsaPrivateKey) -> Option<PrivateKey> {
        (BITS_MIN..=BITS_MAX).contains(&bits(&key)).then_some(PrivateKey(key))
    }

    /// Makes a new pair; the same seed gives the same one. Takes seconds for long moduli.
    ///
    /// # Errors
    /// [`CannotSign`] if `bits` is not within [`BITS_MIN`] and [`BITS_MAX`].
    pub fn generate(seed: [u8; 32], bits: usize) -> Result<PrivateKey, CannotSign> {
        if !(BITS_MIN..=BITS_MAX).contains(&bits) {
            return Err(CannotSign);
        }
        let mut random = ChaCha20Rng::from_seed(seed);
        RsaPrivateKey::new(&mut random, bits).map(PrivateKey).map_err(|_| CannotSign)
    }

    /// The other half of the pair.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.to_public_key())
    }

    /// As a PKCS#8 `PRIVATE KEY` block: for a file or for storage, never for a log.
    pub fn to_pem(&self) -> String {
        self.0.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.as_str().to_owned()).unwrap_or_default()
    }

    pub(super) fn sign(&self, text: &[u8], hash: Hash) -> Result<String, CannotSign> {
        let (padding, digest) = hash.of(text);
        let secret = self.0.d().to_be_bytes();
        let seed = Sha256::new().chain_update(&secret).chain_update(text).finalize();
        let mut blinding = ChaCha20Rng::from_seed(seed.into());
        let sign = self.0.sign_with_rng(&mut blinding, padding, &digest).map_err(|_| CannotSign)?;
        Ok(base64::encode(&sign))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rsa::PublicKey({} bits)", self.bits())
    }
}

/// Says that there is a key and nothing of it.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rsa::PrivateKey(..)")
    }
}

fn bits(key: &impl PublicKeyParts) -> usize {
    usize::try_from(key.n().bits_vartime()).unwrap_or(usize::MAX)
}
