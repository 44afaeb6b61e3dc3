//! What is claimed: a value of `sign`, read for what it can be, and the digests that it is compared with.

use base64ct::{Base64, Encoding};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::mistake::{Kind, Mistake};

/// How a digest is made of text and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recipe {
    /// Over the text and the key after it, or wherever it was put.
    Plain,
    /// HMAC with the key.
    Hmac,
    /// The digest of the hexadecimal digest.
    Twice,
    /// Over the text and the key in UTF-16.
    Utf16,
}

/// The algorithm, from the length of what is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
}

/// A digest that somebody claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    algorithm: Algorithm,
    /// The bytes claimed, and where they stand in the digest.
    bytes: Vec<u8>,
    from: usize,
    /// What is wrong with it already by its look.
    pub(crate) by_look: Vec<Mistake>,
}

impl Claim {
    /// Reads a `sign`; `None` if it is no digest.
    pub(crate) fn read(sign: &[u8]) -> Option<Claim> {
        let mut by_look = Vec::new();
        let kept: Vec<u8> = sign.iter().copied().filter(|byte| !b" \t\r\n'\"".contains(byte)).collect();
        if kept != sign {
            by_look.push(Mistake::new(Kind::SignMangled));
        }
        let (bytes, is_hex) = match read_hex(&kept) {
            Some(bytes) => (bytes, true),
            None => (Base64::decode_vec(std::str::from_utf8(&kept).ok()?).ok()?, false),
        };
        let (algorithm, from) = match bytes.len() {
            16 => (Algorithm::Md5, 0),
            8 if is_hex => (Algorithm::Md5, 4),
            20 => (Algorithm::Sha1, 0),
            32 => (Algorithm::Sha256, 0),
            _ => return None,
        };
        match algorithm {
            Algorithm::Md5 => {}
            Algorithm::Sha1 => by_look.push(Mistake::about(Kind::OtherDigest, "SHA-1")),
            Algorithm::Sha256 => by_look.push(Mistake::about(Kind::OtherDigest, "SHA-256")),
        }
        if !is_hex {
            by_look.push(Mistake::about(Kind::DigestForm, "base64"));
        } else if from != 0 {
            by_look.push(Mistake::about(Kind::DigestForm, "16"));
        } else if kept.iter().any(u8::is_ascii_uppercase) {
            by_look.push(Mistake::new(Kind::DigestUpperCase));
        }
        Some(Claim { algorithm, bytes, from, by_look })
    }

    /// Whether this text, with this key, has the claimed digest.
    pub(crate) fn is_digest_of(&self, text: &[u8], key: &[u8], recipe: Recipe) -> bool {
        let digest = match self.algorithm {
            Algorithm::Md5 => cook::<Md5>(text, key, recipe),
            Algorithm::Sha1 => cook::<Sha1>(text, key, recipe),
            Algorithm::Sha256 => cook::<Sha256>(text, key, recipe),
        };
        digest.get(self.from..self.from + self.bytes.len()) == Some(&self.bytes[..])
    }
}

/// MD5 as `sign` has it: 32 lower-case hexadecimal digits.
pub(crate) fn md5_hex(text: &[u8], key: &[u8]) -> String {
    hex(&Md5::new().chain_update(text).chain_update(key).finalize())
}

fn cook<D: Digest>(text: &[u8], key: &[u8], recipe: Recipe) -> Vec<u8> {
    let plain = || D::new().chain_update(text).chain_update(key).finalize().to_vec();
    match recipe {
        Recipe::Plain => plain(),
        Recipe::Hmac => hmac::<D>(text, key),
        Recipe::Twice => D::digest(hex(&plain()).as_bytes()).to_vec(),
        Recipe::Utf16 => {
            let both = [String::from_utf8_lossy(text), String::from_utf8_lossy(key)].concat();
            let units: Vec<u8> = both.encode_utf16().flat_map(u16::to_le_bytes).collect();
            D::digest(&units).to_vec()
        }
    }
}

/// RFC 2104; the three digests here all have blocks of 64 bytes.
fn hmac<D: Digest>(text: &[u8], key: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut block = [0_u8; BLOCK];
    let short = if key.len() > BLOCK { D::digest(key).to_vec() } else { key.to_vec() };
    block[..short.len()].copy_from_slice(&short);
    let inner = D::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    D::new().chain_update(block.map(|byte| byte ^ 0x5C)).chain_update(inner).finalize().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(DIGITS[usize::from(half)]))
        .collect()
}

fn read_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hmac_is_that_of_the_standard() {
        // RFC 2202, test case 2 of both.
        let text = b"what do ya want for nothing?";
        assert_eq!(hex(&hmac::<Md5>(text, b"Jefe")), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(hex(&hmac::<Sha1>(text, b"Jefe")), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        // Test case 6: a key that is longer than a block.
        let long = [0xAA; 80];
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(&hmac::<Md5>(text, &long)), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }

    #[test]
    fn a_claim_is_read_by_its_look() {
        let kinds = |sign: &[u8]| {
            Claim::read(sign).map(|claim| claim.by_look.iter().map(|m| m.kind).collect::<Vec<_>>())
        };
        assert_eq!(kinds(b"0123456789abcdef0123456789abcdef"), Some(vec![]));
        assert_eq!(kinds(b"0123456789ABCDEF0123456789abcdef"), Some(vec![Kind::DigestUpperCase]));
        assert_eq!(kinds(b" 0123456789abcdef"), Some(vec![Kind::SignMangled, Kind::DigestForm]));
        assert_eq!(kinds(b"AAAAAAAAAAAAAAAAAAAAAA=="), Some(vec![Kind::DigestForm]));
        assert_eq!(kinds(&[b'a'; 40]), Some(vec![Kind::OtherDigest]));
        assert_eq!(kinds(b"0123456789abcdef0123456789abcde"), None);
        assert_eq!(kinds(b""), None);
    }
}
