//! The MD5 signature (protocol.md §2.1): the digest of the signed text and the key at once after it.

use std::fmt;

use ::md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::{BadSign, Leniency, Verifier};
use crate::params::Params;

/// 交易安全校验码: the secret that a partner and the gateway share, 32 letters and digits.
///
/// Taken byte for byte: a blank pasted with it is a part of it and breaks every signature (protocol.md §2.1).
///
/// ```
/// use danbao_protocol::sign::Md5Key;
///
/// let key = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
/// assert_eq!(format!("{key:?}"), "Md5Key(..)");                           // what a log would show
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Md5Key(String);

impl Md5Key {
    /// Takes the key as it is.
    pub fn new(key: impl Into<String>) -> Md5Key {
        Md5Key(key.into())
    }

    /// The secret itself: for the one page that shows it and for storage, never for a log.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Says that there is a key and nothing of it.
impl fmt::Debug for Md5Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5Key(..)")
    }
}

/// The signature of these parameters: 32 lower-case hexadecimal digits. A `sign` already there is ignored.
pub fn sign(params: &Params, key: &Md5Key) -> String {
    key.sign(&super::sign_text(params))
}

/// Whether `sign` is the signature of the other parameters, with the default [`Leniency`].
///
/// # Errors
/// [`BadSign`] if it is not, is missing, or is not 32 hexadecimal digits (of either case).
pub fn verify(params: &Params, key: &Md5Key) -> Result<(), BadSign> {
    super::verify(params, &Verifier::Md5(key.clone()), &Leniency::default())
}

impl Md5Key {
    pub(super) fn sign(&self, text: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = String::with_capacity(32);
        for byte in digest(text, self) {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        hex
    }

    /// The comparison takes the same time whatever differs.
    pub(super) fn verify(&self, text: &[u8], sign: &[u8]) -> Result<(), BadSign> {
        let claimed = read_hex(sign).ok_or(BadSign)?;
        if bool::from(digest(text, self).ct_eq(&claimed)) { Ok(()) } else { Err(BadSign) }
    }
}

fn digest(text: &[u8], key: &Md5Key) -> [u8; 16] {
    Md5::new().chain_update(text).chain_update(key.0.as_bytes()).finalize().into()
}

fn read_hex(hex: &[u8]) -> Option<[u8; 16]> {
    let hex: &[u8; 32] = hex.try_into().ok()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::{self, SignType, Signer, append};

    fn key() -> Md5Key {
        Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf")
    }

    #[test]
    fn a_key_is_never_printed_and_never_trimmed() {
        assert_eq!(format!("{:?}", key()), "Md5Key(..)");
        let params = Params::parse_urlencoded(b"partner=123&service=test").unwrap();
        assert_ne!(sign(&params, &key()), sign(&params, &Md5Key::new(format!("{} ", key().reveal()))));
    }

    #[test]
    fn signing_again_replaces_the_old_signature() {
        let mut params = Params::parse_urlencoded(b"sign=x&a=1&sign_type=DSA").unwrap();
        append(&mut params, &Signer::Md5(key())).unwrap();
        assert_eq!(verify(&params, &key()), Ok(()));
        let names: Vec<&[u8]> = params.iter().map(|(name, _)| name).collect();
        assert_eq!(names, [b"a".as_slice(), b"sign", b"sign_type"]);
    }

    #[test]
    fn the_letter_case_of_a_signature_does_not_matter_and_its_form_does() {
        let mut params = Params::parse_urlencoded(b"a=1").unwrap();
        let good = sign(&params, &key());
        for (claim, verdict) in [
            (good.to_uppercase(), Ok(())),
            (good.clone(), Ok(())),
            (good[1..].to_owned(), Err(BadSign)),
            (format!("{good}0"), Err(BadSign)),
            (format!("+{}", &good[1..]), Err(BadSign)),
            (String::new(), Err(BadSign)),
        ] {
            params.remove("sign");
            params.push("sign", claim.as_bytes());
            assert_eq!(verify(&params, &key()), verdict, "{claim}");
        }
        params.remove("sign");
        assert_eq!(verify(&params, &key()), Err(BadSign));
    }

    #[test]
    fn a_signature_over_empty_values_needs_leniency() {
        let text = b"a=1&b=&_input_charset=gbk";
        let signed = format!("{:x?}", digest(b"_input_charset=gbk&a=1&b=", &key()));
        let hex: String = signed.split(", ").map(|b| format!("{:0>2}", b.trim_matches(['[', ']']))).collect();
        let mut params = Params::parse_urlencoded(text).unwrap();
        params.push("sign", hex.as_bytes());
        assert_eq!(verify(&params, &key()), Err(BadSign));
        let lenient = Leniency { empty_values: true, ..Leniency::default() };
        assert_eq!(sign::verify(&params, &Verifier::Md5(key()), &lenient), Ok(()));
    }

    #[test]
    fn only_upper_case_signature_types_are_known() {
        assert_eq!(SignType::from_wire("MD5"), Some(SignType::Md5));
        assert_eq!(SignType::from_wire("DSA"), Some(SignType::Dsa));
        assert_eq!(SignType::from_wire("RSA2"), Some(SignType::Rsa2));
        assert_eq!(SignType::from_wire("md5"), None);
        assert_eq!(SignType::from_wire("RSA3"), None);
    }
}
