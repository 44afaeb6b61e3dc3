//! Signatures (protocol.md §2): over the non-empty parameters but `sign` and `sign_type`, sorted by the bytes of
//! their names, joined as raw `name=value` with `&`.

mod base64;
pub mod dsa;
pub mod md5;
pub mod pasted;
pub mod rsa;

pub use md5::Md5Key;

use crate::charset::Charset;
use crate::params::{INPUT_CHARSET, Params};
use crate::status::wire_enum;

wire_enum! {
    /// `sign_type`, upper case only (protocol.md §2.3); anything else is ILLEGAL_SIGN_TYPE.
    SignType {
        /// MD5 over the text and a shared key.
        Md5 = "MD5",
        /// SHA-1 with RSA.
        Rsa = "RSA",
        /// SHA-1 with DSA.
        Dsa = "DSA",
        /// SHA-256 with RSA: not of the time, for merchants who may not use SHA-1 any more.
        Rsa2 = "RSA2",
    }
}

/// The signature is missing, malformed, or not that of these parameters: ILLEGAL_SIGN (protocol.md §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not that of these parameters")]
pub struct BadSign;

/// A private key that cannot do its work: of an illegal length, or broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the private key cannot sign")]
pub struct CannotSign;

/// What a message is signed with: the kind of the signature and a key of that kind. Keys from files are read by
/// [`pasted::examine`].
///
/// ```
/// use danbao_protocol::sign::pasted::examine;
/// use danbao_protocol::sign::{SignType, Signer, rsa};
///
/// # let generated = rsa::PrivateKey::generate([7; 32], 1024)?;
/// let pem: String = generated.to_pem();                                   // or the bytes of a file
/// let key = examine(pem.as_bytes())?.key;
/// let signer = key.signer(SignType::Rsa).ok_or("not a private RSA key")?;
/// assert_eq!(signer.sign_type(), SignType::Rsa);
/// assert!(key.signer(SignType::Md5).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// The shared key.
    Md5(Md5Key),
    /// The signing side's private key, with SHA-1.
    Rsa(rsa::PrivateKey),
    /// The signing side's private key.
    Dsa(dsa::PrivateKey),
    /// The signing side's private key, with SHA-256.
    Rsa2(rsa::PrivateKey),
}

impl Signer {
    /// The `sign_type` of its signatures.
    pub fn sign_type(&self) -> SignType {
        match self {
            Signer::Md5(_) => SignType::Md5,
            Signer::Rsa(_) => SignType::Rsa,
            Signer::Dsa(_) => SignType::Dsa,
            Signer::Rsa2(_) => SignType::Rsa2,
        }
    }

    /// What the other side verifies with.
    pub fn verifier(&self) -> Verifier {
        match self {
            Signer::Md5(key) => Verifier::Md5(key.clone()),
            Signer::Rsa(key) => Verifier::Rsa(key.public()),
            Signer::Dsa(key) => Verifier::Dsa(key.public()),
            Signer::Rsa2(key) => Verifier::Rsa2(key.public()),
        }
    }

    /// The value of `sign` for these parameters. A `sign` already there is ignored; the same parameters always have
    /// the same signature.
    ///
    /// # Errors
    /// [`CannotSign`] if the key is broken.
    pub fn sign(&self, params: &Params) -> Result<String, CannotSign> {
        let text = sign_text(params);
        match self {
            Signer::Md5(key) => Ok(key.sign(&text)),
            Signer::Rsa(key) => key.sign(&text, rsa::Hash::Sha1),
            Signer::Dsa(key) => key.sign(&text),
            Signer::Rsa2(key) => key.sign(&text, rsa::Hash::Sha256),
        }
    }
}

/// What a signature is verified with: the kind of the signature and a key of that kind. For RSA, RSA2 and DSA that is
/// the gateway's public key, not the merchant's own.
///
/// ```
/// use danbao_protocol::sign::{Md5Key, Signer, Verifier};
///
/// let shared = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
/// assert_eq!(Signer::Md5(shared.clone()).verifier(), Verifier::Md5(shared));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verifier {
    /// The shared key.
    Md5(Md5Key),
    /// The signing side's public key, with SHA-1.
    Rsa(rsa::PublicKey),
    /// The signing side's public key.
    Dsa(dsa::PublicKey),
    /// The signing side's public key, with SHA-256.
    Rsa2(rsa::PublicKey),
}

impl Verifier {
    /// The `sign_type` that it verifies.
    pub fn sign_type(&self) -> SignType {
        match self {
            Verifier::Md5(_) => SignType::Md5,
            Verifier::Rsa(_) => SignType::Rsa,
            Verifier::Dsa(_) => SignType::Dsa,
            Verifier::Rsa2(_) => SignType::Rsa2,
        }
    }

    /// Whether `sign` is the signature of exactly this text; [`verify`] is what messages are checked with.
    ///
    /// # Errors
    /// [`BadSign`] if it is not, or is malformed.
    pub fn verify(&self, text: &[u8], sign: &[u8]) -> Result<(), BadSign> {
        match self {
            Verifier::Md5(key) => key.verify(text, sign),
            Verifier::Rsa(key) => key.verify(text, sign, rsa::Hash::Sha1),
            Verifier::Dsa(key) => key.verify(text, sign),
            Verifier::Rsa2(key) => key.verify(text, sign, rsa::Hash::Sha256),
        }
    }
}

/// Which signatures are accepted besides the one that the rules ask for (defaults of protocol.md §14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leniency {
    /// With `gbk` or `gb2312`, `_input_charset` may be left out of the signed text (protocol.md §2.3). On by default.
    pub unsigned_gbk_charset: bool,
    /// The text may hold `name=` for empty values, as some clients sign it (protocol.md §10, trap 4). Off by default.
    pub empty_values: bool,
}

impl Leniency {
    /// Only the signature that the rules ask for.
    pub const STRICT: Leniency = Leniency { unsigned_gbk_charset: false, empty_values: false };
}

impl Default for Leniency {
    fn default() -> Leniency {
        Leniency { unsigned_gbk_charset: true, empty_values: false }
    }
}

/// The text that is signed, in the bytes of the message; for the signature and for pages that explain it.
pub fn sign_text(params: &Params) -> Vec<u8> {
    text_for(params, Variant { charset: true, empty_values: false })
}

/// Signs `params`: takes any old `sign` and `sign_type` out and adds the new ones at the end.
///
/// # Errors
/// [`CannotSign`] if the key is broken; nothing is changed then.
pub fn append(params: &mut Params, signer: &Signer) -> Result<(), CannotSign> {
    let sign = signer.sign(params)?;
    params.remove(SIGN);
    params.remove(SIGN_TYPE);
    params.push(SIGN, sign.as_bytes());
    params.push(SIGN_TYPE, signer.sign_type().as_str().as_bytes());
    Ok(())
}

/// Whether `sign` is the signature of the other parameters. The verifier decides of what kind it must be; that
/// `sign_type` says the same is the caller's to check, because its refusal has a code of its own.
///
/// # Errors
/// [`BadSign`] if it is not, is missing, or is malformed.
pub fn verify(params: &Params, verifier: &Verifier, leniency: &Leniency) -> Result<(), BadSign> {
    let sign = params.get(SIGN).filter(|sign| !sign.is_empty()).ok_or(BadSign)?;
    let mut readings = Variant::accepted(params, leniency);
    let verifies = |variant| verifier.verify(&text_for(params, variant), sign).is_ok();
    if readings.any(verifies) { Ok(()) } else { Err(BadSign) }
}

const SIGN: &str = "sign";
const SIGN_TYPE: &str = "sign_type";

/// One reading of the rule what is signed.
#[derive(Debug, Clone, Copy)]
struct Variant {
    /// Whether `_input_charset` is a part of the text.
    charset: bool,
    /// Whether empty values are.
    empty_values: bool,
}

impl Variant {
    /// The readings to try, the regular one first.
    fn accepted(params: &Params, leniency: &Leniency) -> impl Iterator<Item = Variant> {
        let unsigned_charset = leniency.unsigned_gbk_charset
            && params.get(INPUT_CHARSET).is_some()
            && params.charset() == Ok(Charset::Gbk);
        let with_empties = leniency.empty_values && params.iter().any(|(_, value)| value.is_empty());
        [(true, false), (false, false), (true, true), (false, true)]
            .into_iter()
            .filter(move |&(charset, empties)| (charset || unsigned_charset) && (!empties || with_empties))
            .map(|(charset, empty_values)| Variant { charset, empty_values })
    }
}

fn text_for(params: &Params, variant: Variant) -> Vec<u8> {
    let mut text = Vec::with_capacity(params.buffer_len());
    let covered = |name: &[u8], value: &[u8]| {
        (variant.empty_values || !value.is_empty())
            && name != SIGN.as_bytes()
            && name != SIGN_TYPE.as_bytes()
            && (variant.charset || name != INPUT_CHARSET.as_bytes())
    };
    for pair in params.signed_pairs(covered) {
        text.extend_from_slice(pair);
        text.push(b'&');
    }
    text.pop();
    text
}
