//! Signatures (protocol.md §2): over the non-empty parameters but `sign` and `sign_type`, sorted by the bytes of
//! their names, joined as raw `name=value` with `&`.

pub mod dsa;
pub mod md5;
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
        /// SHA-1 with RSA; not in this release.
        Rsa = "RSA",
        /// SHA-1 with DSA; not in this release.
        Dsa = "DSA",
    }
}

/// The signature is missing, malformed, or not that of these parameters: ILLEGAL_SIGN (protocol.md §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not that of these parameters")]
pub struct BadSign;

/// A legal signature type that this release cannot compute: ILLEGAL_SECURITY_PROFILE (protocol.md §8.5), since no
/// partner can have a key of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} signatures are not supported by this release")]
pub struct Unsupported(pub SignType);

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
/// [`Unsupported`] for RSA and DSA; nothing is changed then.
pub fn append(params: &mut Params, sign_type: SignType, key: &Md5Key) -> Result<(), Unsupported> {
    let sign = match sign_type {
        SignType::Md5 => md5::sign(params, key),
        SignType::Rsa => return Err(rsa::unsupported()),
        SignType::Dsa => return Err(dsa::unsupported()),
    };
    params.remove(SIGN);
    params.remove(SIGN_TYPE);
    params.push(SIGN, sign.as_bytes());
    params.push(SIGN_TYPE, sign_type.as_str().as_bytes());
    Ok(())
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
