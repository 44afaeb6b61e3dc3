//! Pairs of keys, made once a process: making one takes longer than a whole life.

use std::sync::LazyLock;

use danbao_protocol::sign::{SignType, Signer, dsa, rsa};

/// What the two sides of a contract sign with, neither of which the other has.
#[derive(Debug, Clone)]
pub(crate) struct Pairs {
    /// The merchant's.
    pub(crate) merchant: Signer,
    /// The gateway's.
    pub(crate) gateway: Signer,
}

/// Short, as many merchants of the time had them, and quick.
const RSA_BITS: usize = 1024;

static RSA: LazyLock<Option<[rsa::PrivateKey; 2]>> = LazyLock::new(|| {
    let one = |seed| rsa::PrivateKey::generate([seed; 32], RSA_BITS).ok();
    Some([one(1)?, one(2)?])
});

static DSA: LazyLock<Option<[dsa::PrivateKey; 2]>> = LazyLock::new(|| {
    let one = |seed| dsa::PrivateKey::generate([seed; 32]).ok();
    Some([one(3)?, one(4)?])
});

/// The pairs of a kind; none of MD5, whose key is shared.
pub(crate) fn pairs(sign_type: SignType) -> Option<Pairs> {
    let [merchant, gateway] = match sign_type {
        SignType::Md5 => return None,
        SignType::Rsa => RSA.clone()?.map(Signer::Rsa),
        SignType::Rsa2 => RSA.clone()?.map(Signer::Rsa2),
        SignType::Dsa => DSA.clone()?.map(Signer::Dsa),
    };
    Some(Pairs { merchant, gateway })
}
