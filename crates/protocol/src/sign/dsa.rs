//! SHA-1 with DSA (protocol.md §2.2).
//!
//! It signs the same text as MD5, without a key appended. Three spellings of a signature are read: base64 of DER,
//! base64 of the raw bytes of r and then s, and the latter with each capital written as an underscore and its small
//! letter. The first is written.
//!
//! The secret number of each signature follows from key and text (RFC 6979), so none is ever used twice.

use std::fmt;

use ::dsa::pkcs8::der::asn1::UintRef;
use ::dsa::pkcs8::der::{self, Decode, Encode, Reader, SliceReader};
use ::dsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use ::dsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding, PrivateKeyInfoRef};
use ::dsa::signature::SignatureEncoding;
use ::dsa::signature::hazmat::PrehashVerifier;
use ::dsa::{BoxedUint, Components, KeySize, Signature, SigningKey, VerifyingKey};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use sha1::{Digest, Sha1};

use super::{BadSign, CannotSign, base64};

/// The half of a pair that verifies.
#[derive(Clone, PartialEq)]
pub struct PublicKey(VerifyingKey);

/// The half of a pair that signs.
#[derive(Clone, PartialEq)]
pub struct PrivateKey(SigningKey);

impl Eq for PublicKey {}
impl Eq for PrivateKey {}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo in DER.
    pub(super) fn from_spki(der: &[u8]) -> Option<PublicKey> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        info.algorithm.assert_algorithm_oid(::dsa::OID).ok()?;
        let parameters = info.algorithm.parameters_any().ok()?.to_der().ok()?;
        let y = UintRef::from_der(info.subject_public_key.as_bytes()?).ok()?;
        verifying_key(read_components(&parameters)?, y.as_bytes()).map(PublicKey)
    }

    /// The length of the prime p in bits.
    pub fn bits(&self) -> usize {
        usize::try_from(self.0.components().p().bits_vartime()).unwrap_or(usize::MAX)
    }

    /// As a `PUBLIC KEY` block, the form that every other tool reads.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).unwrap_or_default()
    }

    pub(super) fn to_der(&self) -> Vec<u8> {
        self.0.to_public_key_der().map(|der| der.into_vec()).unwrap_or_default()
    }

    pub(super) fn verify(&self, text: &[u8], sign: &[u8]) -> Result<(), BadSign> {
        let digest = Sha1::digest(text);
        let bytes = base64::decode(&capitals(sign)).ok_or(BadSign)?;
        let candidates = [self.raw(&bytes), Signature::try_from(bytes.as_slice()).ok()];
        let mut signatures = candidates.into_iter().flatten();
        let verifies = |signature| self.0.verify_prehash(&digest, &signature).is_ok();
        if signatures.any(verifies) { Ok(()) } else { Err(BadSign) }
    }

    /// A signature of twice the length of q: r, then s.
    fn raw(&self, bytes: &[u8]) -> Option<Signature> {
        let half = usize::try_from(self.0.components().q().bits_vartime().div_ceil(8)).ok()?;
        let (r, s) = bytes.split_at_checked(half).filter(|(_, s)| s.len() == half)?;
        Signature::from_components(BoxedUint::from_be_slice_vartime(r), BoxedUint::from_be_slice_vartime(s))
    }
}

impl PrivateKey {
    /// Reads a PKCS#8 PrivateKeyInfo in DER.
    pub(super) fn from_pkcs8(der: &[u8]) -> Option<PrivateKey> {
        let info = PrivateKeyInfoRef::from_der(der).ok()?;
        info.algorithm.assert_algorithm_oid(::dsa::OID).ok()?;
        let components = read_components(&info.algorithm.parameters_any().ok()?.to_der().ok()?)?;
        let x = UintRef::from_der(info.private_key.as_bytes()).ok()?;
        PrivateKey::new(components, x.as_bytes())
    }

    /// Reads OpenSSL's own form, the body of a `DSA PRIVATE KEY` block: 0, p, q, g, y, x.
    pub(super) fn from_openssl(der: &[u8]) -> Option<PrivateKey> {
        let numbers = numbers(der)?;
        let [version, p, q, g, y, x] = numbers.as_slice() else { return None };
        let components = components(p, q, g).filter(|_| version.iter().all(|byte| *byte == 0))?;
        let said = verifying_key(components.clone(), y)?;
        PrivateKey::new(components, x).filter(|key| *key.0.verifying_key() == said)
    }

    /// Takes the secret number x; the public one follows from it.
    fn new(components: Components, x: &[u8]) -> Option<PrivateKey> {
        let x = BoxedUint::from_be_slice(x, components.p().bits_precision()).ok()?;
        let modulo_p = BoxedMontyParams::new(components.p().clone());
        let y = BoxedMontyForm::new(components.g().as_ref().clone(), &modulo_p).pow(&x).retrieve();
        let verifying_key = VerifyingKey::from_components(components, y).ok()?;
        SigningKey::from_components(verifying_key, x).ok().map(PrivateKey)
    }

    /// Makes a new pair of 1024 bits, the only length that fits SHA-1; the same seed gives the same one. Takes a
    /// second or two.
    ///
    /// # Errors
    /// [`CannotSign`] never in practice.
    pub fn generate(seed: [u8; 32]) -> Result<PrivateKey, CannotSign> {
        let mut random = ChaCha20Rng::from_seed(seed);
        #[expect(deprecated, reason = "the length of the protocol's time; SHA-1 is no stronger")]
        let size = KeySize::DSA_1024_160;
        let components =
            Components::try_generate_from_rng_with_key_size(&mut random, size).map_err(|_| CannotSign)?;
        let key = SigningKey::try_generate_from_rng_with_components(&mut random, components);
        key.map(PrivateKey).map_err(|_| CannotSign)
    }

    /// The other half of the pair.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().clone())
    }

    /// As a PKCS#8 `PRIVATE KEY` block: for a file or for storage, never for a log.
    pub fn to_pem(&self) -> String {
        self.0.to_pkcs8_pem(LineEnding::LF).map(|pem| pem.as_str().to_owned()).unwrap_or_default()
    }

    pub(super) fn sign(&self, text: &[u8]) -> Result<String, CannotSign> {
        let signed = self.0.sign_prehashed_rfc6979::<Sha1>(&Sha1::digest(text));
        Ok(base64::encode(&signed.map_err(|_| CannotSign)?.to_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dsa::PublicKey({} bits)", self.bits())
    }
}

/// Says that there is a key and nothing of it.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dsa::PrivateKey(..)")
    }
}

/// Undoes the underscored form: `_p_w` is `PW`.
fn capitals(sign: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(sign.len());
    let mut bytes = sign.iter().copied();
    while let Some(byte) = bytes.next() {
        folded.push(if byte == b'_' { bytes.next().unwrap_or(byte).to_ascii_uppercase() } else { byte });
    }
    folded
}

/// The numbers of a DER sequence of nothing but numbers.
fn numbers(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut outer = SliceReader::new(der).ok()?;
    let read = outer.sequence(|inner| {
        let mut numbers = Vec::new();
        while !inner.is_finished() {
            numbers.push(UintRef::decode(inner)?.as_bytes().to_vec());
        }
        Ok::<_, der::Error>(numbers)
    });
    read.ok().filter(|_| outer.is_finished())
}

fn read_components(parameters: &[u8]) -> Option<Components> {
    let numbers = numbers(parameters)?;
    let [p, q, g] = numbers.as_slice() else { return None };
    components(p, q, g)
}

/// Takes the domain parameters of a key that may hold any numbers: of the lengths that are made (some tools pair the
/// shortest p with a longer q than the standard does), and g as wide as p, because the library's arithmetic wants one
/// width.
fn components(p: &[u8], q: &[u8], g: &[u8]) -> Option<Components> {
    let [p, q, g] = [p, q, g].map(BoxedUint::from_be_slice_vartime);
    let has_length =
        matches!(p.bits_vartime(), 1024 | 2048 | 3072) && matches!(q.bits_vartime(), 160 | 224 | 256);
    if !has_length || g.bits_precision() != p.bits_precision() {
        return None;
    }
    Components::from_components_unchecked(p, q, g).ok()
}

fn verifying_key(components: Components, y: &[u8]) -> Option<VerifyingKey> {
    let y = BoxedUint::from_be_slice(y, components.p().bits_precision()).ok()?;
    if y >= **components.p() {
        return None;
    }
    VerifyingKey::from_components(components, y).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::pasted::{Key, examine};

    #[test]
    fn the_published_key_signs_what_rfc_6979_publishes() {
        let pem = include_str!("../../tests/keys/dsa-rfc6979.pem");
        let Ok(Key::DsaPrivate(key)) = examine(pem.as_bytes()).map(|found| found.key) else {
            panic!("it is a DSA private key")
        };
        // A.2.1, SHA-1, "sample": r = 2E1A..DA55, s = 29EF..8DF5.
        let expected = "MCwCFC4aDCVispEsqviRhvsPQgAVhdpVAhQp77awr/LXpo63DKMTAiJTuaiN9Q==";
        assert_eq!(key.sign(b"sample").unwrap(), expected);
        assert_eq!(key.public().verify(b"sample", expected.as_bytes()), Ok(()));
    }

    #[test]
    fn underscores_are_undone_wherever_they_stand() {
        assert_eq!(capitals(b"_p_w_l_h_j0b_gd_"), b"PWLHJ0bGd_");
        assert_eq!(capitals(b"plain+/="), b"plain+/=");
    }
}
