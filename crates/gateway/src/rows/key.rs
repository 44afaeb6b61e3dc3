//! Keys: those that partners sign with, and this gateway's own.

use danbao_node::Fault;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::sign::pasted::{Key, examine};
use danbao_protocol::sign::{Md5Key, SignType};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

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
    /// When a request was first signed with it; unknown of the gateway's own.
    pub first_used_at: Option<Timestamp>,
}

impl StoredKey {
    /// Whether it is accepted at this instant.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|retired_at| retired_at > now)
    }
}

/// What is signed with; keys come newest first. The other side may not have a new key yet. A partner has one when it has
/// used it, so that of its keys the newest used one signs; of keys whose use nobody sees, the oldest, until it retires. If
/// all are retired the newest signs what is still owed.
pub fn signing(keys: &[StoredKey], sign_type: SignType, now: Timestamp) -> Option<&StoredKey> {
    let of_kind = || keys.iter().filter(|stored| stored.sign_type == sign_type);
    let active = || of_kind().filter(|stored| stored.is_active(now));
    active()
        .find(|stored| stored.first_used_at.is_some())
        .or_else(|| active().next_back())
        .or_else(|| of_kind().next())
}

/// All keys of an owner, the newest of each kind first.
pub(crate) fn load(tx: &mut dyn Conn, owner: &Owner) -> Result<Vec<StoredKey>, Fault> {
    let rows = match owner {
        Owner::Partner(partner) => tx.query(
            "SELECT sign_type, key_no, secret, added_at, retired_at, first_used_at FROM partner_key
             WHERE partner = $1 ORDER BY sign_type, key_no DESC",
            &[Bind::Text(partner.as_str())],
        )?,
        Owner::Gateway => tx.query(
            "SELECT sign_type, key_no, secret, added_at, retired_at, CAST(NULL AS BIGINT) FROM gateway_key
             ORDER BY sign_type, key_no DESC",
            &[],
        )?,
    };
    rows.iter().map(read).collect()
}

/// This gateway's keys of one kind, the newest first.
pub(crate) fn load_own(tx: &mut dyn Conn, sign_type: SignType) -> Result<Vec<StoredKey>, Fault> {
    let rows = tx.query(
        "SELECT sign_type, key_no, secret, added_at, retired_at, CAST(NULL AS BIGINT) FROM gateway_key
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
        first_used_at: row.get::<Option<i64>>(5)?.map(Timestamp),
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

/// Writes that a partner has signed a request with a key for the first time.
pub(crate) fn note_first_use(
    tx: &mut dyn Conn,
    partner: &PartnerId,
    stored: &StoredKey,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE partner_key SET first_used_at = $1 WHERE partner = $2 AND sign_type = $3 AND key_no = $4",
        &[
            Bind::Int(now.0),
            Bind::Text(partner.as_str()),
            Bind::Text(stored.sign_type.as_str()),
            Bind::Int(stored.key_no),
        ],
    )?;
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
