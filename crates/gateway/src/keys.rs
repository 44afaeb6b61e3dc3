//! Who signs with which key: read, added and retired, by whoever keeps the gateway.
//!
//! Keys of a kind live side by side: a request may be signed with any that is not retired. The gateway signs with the
//! newest that the partner has been seen to use, so a merchant changes over in its own time: add the new key, let the old
//! one retire days later. Of its own pairs it signs with the oldest, so that merchants have the next public half before
//! it is needed.

use std::time::Duration;

use danbao_node::Fault;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::sign::pasted::Key;
use danbao_protocol::sign::{SignType, Signer, dsa, rsa};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, MigrateError, Tx};

pub use crate::rows::key::{Owner, StoredKey, signing};
use crate::rows::{self, key, partner, setting};

/// Bits of the RSA keys that are made here.
pub const RSA_BITS: usize = 2048;

/// Why keys cannot be changed as it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nobody of that number is under contract.
    #[error("there is no partner {0}")]
    NoPartner(PartnerId),
    /// The partner, or the gateway, has no such key.
    #[error("there is no {0} key {1}")]
    NoKey(SignType, i64),
    /// A private key that nobody but the merchant may have.
    #[error(
        "this is the private half of the merchant's pair: it stays with the merchant, add the public half"
    )]
    PrivateHalf,
    /// The gateway signs with private keys.
    #[error("the gateway signs with a private key, and this is not one")]
    NotPrivate,
    /// A key for another kind of signature.
    #[error("a {0} key is wanted, and this is another kind")]
    OtherKind(SignType),
    /// MD5 keys are shared: the gateway has none of its own.
    #[error("an MD5 key is shared between the gateway and one partner: add it to the partner")]
    Shared,
    /// The very same key is there already.
    #[error("this is {0} key {1} already")]
    Known(SignType, i64),
    /// The key could not be made.
    #[error("the key could not be made")]
    NotMade,
    /// The database does not have the shape of this release.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<danbao_store::Error> for KeyError {
    fn from(error: danbao_store::Error) -> KeyError {
        KeyError::Fault(error.into())
    }
}

/// Brings the database to the shape of this release and says what its clock shows when the host's shows `now`.
///
/// # Errors
/// [`KeyError`]
pub fn open(conn: &mut dyn Conn, now: Timestamp) -> Result<Timestamp, KeyError> {
    danbao_store::migrate(conn, rows::MIGRATIONS)?;
    Ok(Timestamp(now.0.saturating_add(setting::clock_offset_ms(conn)?)))
}

/// All keys of an owner, the newest of each kind first.
///
/// # Errors
/// [`KeyError::NoPartner`], or the database failed.
pub fn list(conn: &mut dyn Conn, owner: &Owner) -> Result<Vec<StoredKey>, KeyError> {
    let mut tx = Tx::begin(conn)?;
    check_owner(&mut *tx, owner)?;
    Ok(key::load(&mut *tx, owner)?)
}

/// All partners that there are; at most a hundred.
///
/// # Errors
/// The database failed.
pub fn partners(conn: &mut dyn Conn) -> Result<Vec<PartnerId>, KeyError> {
    Ok(partner::load_ids(conn)?)
}

/// Adds a key. The others of its kind are not accepted any more once `overlap` is over; with `None` they stay.
///
/// A partner's first RSA or DSA key asks for the gateway's own pair of that kind: if there is none, one is made from
/// `seed`, because without it nothing could be answered.
///
/// # Errors
/// [`KeyError`]; nothing is changed then.
pub fn add(
    conn: &mut dyn Conn,
    owner: &Owner,
    sign_type: SignType,
    key: Key,
    overlap: Option<Duration>,
    seed: [u8; 32],
    now: Timestamp,
) -> Result<StoredKey, KeyError> {
    check_kind(owner, sign_type, &key)?;
    let mut tx = Tx::begin(conn)?;
    check_owner(&mut *tx, owner)?;
    let stored = add_one(&mut *tx, owner, sign_type, key, overlap, now)?;
    let needs_own = matches!(owner, Owner::Partner(_)) && sign_type != SignType::Md5;
    if needs_own && key::load_own(&mut *tx, sign_type)?.is_empty() {
        let own = generate(sign_type, seed)?;
        add_one(&mut *tx, &Owner::Gateway, sign_type, own, None, now)?;
    }
    tx.commit()?;
    Ok(stored)
}

/// Retires a key at an instant, which may lie ahead. A retired key verifies nothing any more. If it was the last of its
/// kind it still signs what is owed for trades that were asked for with it.
///
/// # Errors
/// [`KeyError`]; nothing is changed then.
pub fn retire(
    conn: &mut dyn Conn,
    owner: &Owner,
    sign_type: SignType,
    key_no: i64,
    at: Timestamp,
) -> Result<(), KeyError> {
    let mut tx = Tx::begin(conn)?;
    check_owner(&mut *tx, owner)?;
    let is_there = |stored: &StoredKey| stored.sign_type == sign_type && stored.key_no == key_no;
    if !key::load(&mut *tx, owner)?.iter().any(is_there) {
        return Err(KeyError::NoKey(sign_type, key_no));
    }
    key::retire(&mut *tx, owner, sign_type, key_no, at)?;
    Ok(tx.commit()?)
}

/// Makes a key of this kind: a shared one of 32 letters and digits, or the private half of a new pair. The same seed
/// gives the same key.
///
/// # Errors
/// [`KeyError::NotMade`], which does not happen.
pub fn generate(sign_type: SignType, seed: [u8; 32]) -> Result<Key, KeyError> {
    let signer = match sign_type {
        SignType::Md5 => {
            let text = danbao_node::Entropy::new(seed).text(32);
            Ok(Signer::Md5(danbao_protocol::sign::Md5Key::new(text)))
        }
        SignType::Rsa => rsa::PrivateKey::generate(seed, RSA_BITS).map(Signer::Rsa),
        SignType::Rsa2 => rsa::PrivateKey::generate(seed, RSA_BITS).map(Signer::Rsa2),
        SignType::Dsa => dsa::PrivateKey::generate(seed).map(Signer::Dsa),
    };
    signer.map(|signer| Key::from(&signer)).map_err(|_| KeyError::NotMade)
}

fn add_one(
    tx: &mut dyn Conn,
    owner: &Owner,
    sign_type: SignType,
    key: Key,
    overlap: Option<Duration>,
    now: Timestamp,
) -> Result<StoredKey, KeyError> {
    let mut others = key::load(tx, owner)?;
    others.retain(|other| other.sign_type == sign_type);
    if let Some(known) = others.iter().find(|other| other.key == key) {
        return Err(KeyError::Known(sign_type, known.key_no));
    }
    let key_no = others.iter().map(|other| other.key_no).max().unwrap_or(0) + 1;
    let stored = StoredKey { sign_type, key_no, key, added_at: now, retired_at: None, first_used_at: None };
    key::insert(tx, owner, &stored)?;
    if let Some(at) = overlap.map(|overlap| now.plus(overlap)) {
        for other in others.iter().filter(|other| other.is_active(at)) {
            key::retire(tx, owner, sign_type, other.key_no, at)?;
        }
    }
    Ok(stored)
}

fn check_owner(tx: &mut dyn Conn, owner: &Owner) -> Result<(), KeyError> {
    match owner {
        Owner::Gateway => Ok(()),
        Owner::Partner(id) if partner::exists(tx, id)? => Ok(()),
        Owner::Partner(id) => Err(KeyError::NoPartner(id.clone())),
    }
}

fn check_kind(owner: &Owner, sign_type: SignType, key: &Key) -> Result<(), KeyError> {
    let is_private = matches!(key, Key::RsaPrivate(_) | Key::DsaPrivate(_));
    match owner {
        Owner::Gateway if sign_type == SignType::Md5 => Err(KeyError::Shared),
        _ if key.verifier(sign_type).is_none() => Err(KeyError::OtherKind(sign_type)),
        Owner::Gateway if !is_private => Err(KeyError::NotPrivate),
        Owner::Partner(_) if is_private => Err(KeyError::PrivateHalf),
        _ => Ok(()),
    }
}
