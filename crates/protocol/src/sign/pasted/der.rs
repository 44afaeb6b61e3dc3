//! Names a key in DER: which of the four forms, which algorithm, and whether its numbers can be used.

use ::rsa::pkcs1::{RsaPrivateKey, RsaPublicKey};
use ::rsa::pkcs8::PrivateKeyInfoRef;
use ::rsa::pkcs8::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use ::rsa::pkcs8::der::{self, Decode, Encode, Header, Reader, SliceReader};
use ::rsa::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::{Form, Key, NotAKey};
use crate::sign::{dsa, rsa};

const RSA: ObjectIdentifier = ::rsa::pkcs1::ALGORITHM_OID;
const DSA: ObjectIdentifier = ::dsa::OID;

/// Reads it.
pub(super) fn read(der: &[u8]) -> Result<(Key, Form), NotAKey> {
    let der = whole(der)?;
    if let Ok(info) = SubjectPublicKeyInfoRef::from_der(der) {
        return spki(der, &info).map(|key| (key, Form::Spki));
    }
    if let Ok(info) = PrivateKeyInfoRef::from_der(der) {
        return pkcs8(der, &info).map(|key| (key, Form::Pkcs8));
    }
    if let Ok(key) = RsaPrivateKey::<UintRef<'_>>::from_der(der) {
        return rsa_private(&key).map(|key| (key, Form::Pkcs1));
    }
    if let Ok(key) = RsaPublicKey::<UintRef<'_>>::from_der(der) {
        return rsa_public(&key).map(|key| (key, Form::Pkcs1));
    }
    if let Some(key) = dsa::PrivateKey::from_openssl(der) {
        return Ok((Key::DsaPrivate(key), Form::OpensslDsa));
    }
    Err(what_else(der))
}

/// The outermost element, without what follows it.
fn whole(der: &[u8]) -> Result<&[u8], NotAKey> {
    let mut reader = SliceReader::new(der).map_err(|_| NotAKey::TooLong(usize::MAX))?;
    let header = Header::decode(&mut reader).map_err(|_| NotAKey::Truncated)?;
    let head: u32 = header.encoded_len().map_err(|_| NotAKey::Broken)?.into();
    let body: u32 = header.length().into();
    let length = usize::try_from(u64::from(head) + u64::from(body)).map_err(|_| NotAKey::Truncated)?;
    der.get(..length).ok_or(NotAKey::Truncated)
}

fn spki(der: &[u8], info: &SubjectPublicKeyInfoRef<'_>) -> Result<Key, NotAKey> {
    match info.algorithm.oid {
        RSA => {
            let bytes = info.subject_public_key.as_bytes().ok_or(NotAKey::Broken)?;
            rsa_public(&RsaPublicKey::from_der(bytes).map_err(|_| NotAKey::Broken)?)
        }
        DSA => dsa::PublicKey::from_spki(der).map(Key::DsaPublic).ok_or(NotAKey::Broken),
        other => Err(NotAKey::OtherAlgorithm(other.to_string())),
    }
}

fn pkcs8(der: &[u8], info: &PrivateKeyInfoRef<'_>) -> Result<Key, NotAKey> {
    match info.algorithm.oid {
        RSA => {
            let inner = info.private_key.as_bytes();
            rsa_private(&RsaPrivateKey::from_der(inner).map_err(|_| NotAKey::Broken)?)
        }
        DSA => dsa::PrivateKey::from_pkcs8(der).map(Key::DsaPrivate).ok_or(NotAKey::Broken),
        other => Err(NotAKey::OtherAlgorithm(other.to_string())),
    }
}

fn rsa_public(key: &RsaPublicKey<UintRef<'_>>) -> Result<Key, NotAKey> {
    legal_length(key.modulus)?;
    let key = ::rsa::RsaPublicKey::try_from(*key).map_err(|_| NotAKey::Broken)?;
    rsa::PublicKey::new(key).map(Key::RsaPublic).ok_or(NotAKey::Broken)
}

fn rsa_private(key: &RsaPrivateKey<UintRef<'_>>) -> Result<Key, NotAKey> {
    legal_length(key.modulus)?;
    let key = ::rsa::RsaPrivateKey::try_from(key.clone()).map_err(|_| NotAKey::Broken)?;
    rsa::PrivateKey::new(key).map(Key::RsaPrivate).ok_or(NotAKey::Broken)
}

fn legal_length(modulus: UintRef<'_>) -> Result<(), NotAKey> {
    let bytes = modulus.as_bytes();
    let unused = bytes.first().map_or(0, |first| first.leading_zeros());
    let bits = (bytes.len() * 8).saturating_sub(usize::try_from(unused).unwrap_or_default());
    match bits {
        bits if bits < rsa::BITS_MIN => Err(NotAKey::TooShort(bits)),
        bits if bits > rsa::BITS_MAX => Err(NotAKey::TooLong(bits)),
        _ => Ok(()),
    }
}

/// What it is if it is none of ours.
fn what_else(der: &[u8]) -> NotAKey {
    if is_encrypted(der).unwrap_or(false) {
        return NotAKey::Encrypted;
    }
    if is_certificate(der).unwrap_or(false) {
        return NotAKey::Certificate;
    }
    match count_of_numbers(der) {
        Ok(3) => NotAKey::ParametersOnly,
        Ok(6 | 9) => NotAKey::Broken,
        _ => NotAKey::Unknown,
    }
}

/// A locked private key is an algorithm and the bytes that it made.
fn is_encrypted(der: &[u8]) -> der::Result<bool> {
    let mut outer = SliceReader::new(der)?;
    outer.sequence(|inner| {
        AlgorithmIdentifierRef::decode(inner)?;
        Ok(<&OctetStringRef>::decode(inner).is_ok() && inner.is_finished())
    })
}

/// A certificate and a request for one are a sequence, an algorithm and a signature.
fn is_certificate(der: &[u8]) -> der::Result<bool> {
    let mut outer = SliceReader::new(der)?;
    outer.sequence(|inner| {
        AnyRef::decode(inner)?;
        AlgorithmIdentifierRef::decode(inner)?;
        Ok(AnyRef::decode(inner).is_ok() && inner.is_finished())
    })
}

fn count_of_numbers(der: &[u8]) -> der::Result<usize> {
    let mut outer = SliceReader::new(der)?;
    outer.sequence(|inner| {
        let mut count = 0;
        while !inner.is_finished() {
            UintRef::decode(inner)?;
            count += 1;
        }
        Ok(count)
    })
}
