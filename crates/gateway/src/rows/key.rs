//! Keys: those that partners sign with, and this gateway's own.

use danbao_protocol::ids::PartnerId;
use danbao_protocol::sign::pasted::{Key, examine};
use danbao_protocol::sign::{Md5Key, SignType};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::fault::Fault;
use crate::rows::word;

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A partner's: its shared key, or the public half of its pair.
    Partner(PartnerId),
    /// This gateway's: the private half of its pair.
    Gateway,
}

/// A key in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The kind of signature that it is for.
    pub sign_type: SignType,
    /// Counts its owner's keys of the kind, from 1.
    pub key_no: i64,
    /// The key itself.
    pub key: Key,
    /// When it came; the epoch for keys older than this was written down.
    pub added_at: Timestamp,
    /// From when on it is not accepted any more.
    pub retired_at: Option<Timestamp>,
}

impl StoredKey {
    /// Whether it is accepted at this instant.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|retired_at| retired_at > now)
    }
}

/// What is signed with: the newest key of the kind, a retired one only if there is no other. Keys come newest first.
pub(crate) fn newest(keys: &[StoredKey], sign_type: SignType, now: Timestamp) -> Option<&StoredKey> {
    let of_kind = || keys.iter().filter(|stored| stored.sign_type == sign_type);
    of_kind().find(|stored| stored.is_active(now)).or_else(|| of_kind().next())
}

/// All keys of an owner, the newest of each kind first.
pub(crate) fn load(tx: &mut dyn Conn, owner: &Owner) -> Result<Vec<StoredKey>, Fault> {
    let rows = match owner {
        Owner::Partner(partner) => tx.query(
            "SELECT sign_type, key_no, secret, added_at, retired_at FROM partner_key
             WHERE partner = $1 ORDER BY sign_type, key_no DESC",
            &[Bind::Text(partner.as_str())],
        )?,
        Owner::Gateway => tx.query(
            "SELECT sign_type, key_no, secret, added_at, retired_at FROM gateway_key
             ORDER BY sign_type, key_no DESC",
            &[],
        )?,
    };
    rows.iter().map(read).collect()
}

/// This gateway's keys of one kind, the newest first.
pub(crate) fn load_own(tx: &mut dyn Conn, sign_type: SignType) -> Result<Vec<StoredKey>, Fault> {
    let rows = tx.query(
        "SELECT sign_type, key_no, secret, added_at, retired_at FROM gateway_key
         WHERE sign_type = $1 ORDER BY key_no DESC",
        &[Bind::Text(sign_type.as_str())],
    )?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<StoredKey, Fault> {
    let sign_type = word(&row.get::<String>(0)?, SignType::from_wire)?;
    let secret: String = row.get(2)?;
    let key = match sign_type {
        SignType::Md5 => Key::Md5(Md5Key::new(secret)),
        _ => {
            examine(secret.as_bytes())
                .map_err(|error| Fault::invariant(format!("a stored {sign_type} key is none: {error}")))?
                .key
        }
    };
    Ok(StoredKey {
        sign_type,
        key_no: row.get(1)?,
        key,
        added_at: Timestamp(row.get(3)?),
        retired_at: row.get::<Option<i64>>(4)?.map(Timestamp),
    })
}

/// Writes a new key.
pub(crate) fn insert(tx: &mut dyn Conn, owner: &Owner, stored: &StoredKey) -> Result<(), Fault> {
    let secret = stored.key.reveal();
    let (sign_type, key_no) = (Bind::Text(stored.sign_type.as_str()), Bind::Int(stored.key_no));
    let (secret, added_at) = (Bind::Text(&secret), Bind::Int(stored.added_at.0));
    match owner {
        Owner::Partner(partner) => tx.execute(
            "INSERT INTO partner_key (partner, sign_type, key_no, secret, added_at) VALUES ($1, $2, $3, $4, $5)",
            &[Bind::Text(partner.as_str()), sign_type, key_no, secret, added_at],
        )?,
        Owner::Gateway => tx.execute(
            "INSERT INTO gateway_key (sign_type, key_no, secret, added_at) VALUES ($1, $2, $3, $4)",
            &[sign_type, key_no, secret, added_at],
        )?,
    };
    Ok(())
}

/// Writes from when on a key is not accepted any more.
pub(crate) fn retire(
    tx: &mut dyn Conn,
    owner: &Owner,
    sign_type: SignType,
    key_no: i64,
    at: Timestamp,
) -> Result<(), Fault> {
    let (at, sign_type, key_no) = (Bind::Int(at.0), Bind::Text(sign_type.as_str()), Bind::Int(key_no));
    match owner {
        Owner::Partner(partner) => tx.execute(
            "UPDATE partner_key SET retired_at = $1 WHERE partner = $2 AND sign_type = $3 AND key_no = $4",
            &[at, Bind::Text(partner.as_str()), sign_type, key_no],
        )?,
        Owner::Gateway => tx.execute(
            "UPDATE gateway_key SET retired_at = $1 WHERE sign_type = $2 AND key_no = $3",
            &[at, sign_type, key_no],
        )?,
    };
    Ok(())
}
