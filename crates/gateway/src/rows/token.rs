//! 免登令牌: tokens that the quick login has handed out.

use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, Token, UserId};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

/// What a token says of whoever brings it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredToken {
    pub(crate) user_id: UserId,
    /// Whether the buyer came by etao and was signed in there.
    pub(crate) is_from_etao: bool,
}

/// Keeps a new token, and forgets some of those that nobody can use any more.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    token: &Token,
    partner: &PartnerId,
    stored: &StoredToken,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM token WHERE token IN
             (SELECT token FROM token WHERE issued_at < $1 ORDER BY issued_at LIMIT 100)",
        &[Bind::Int(forget_before.0)],
    )?;
    tx.execute(
        "INSERT INTO token (token, partner, user_id, is_from_etao, issued_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            Bind::Text(token.as_str()),
            Bind::Text(partner.as_str()),
            Bind::Text(stored.user_id.as_str()),
            stored.is_from_etao.into(),
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

/// What a token says to this partner; `None` if it is unknown, another partner's, or older than `not_before`.
pub(crate) fn load(
    tx: &mut dyn Conn,
    token: &Token,
    partner: &PartnerId,
    not_before: Timestamp,
) -> Result<Option<StoredToken>, Fault> {
    let row = tx.query_opt(
        "SELECT user_id, is_from_etao FROM token WHERE token = $1 AND partner = $2 AND issued_at >= $3",
        &[Bind::Text(token.as_str()), Bind::Text(partner.as_str()), Bind::Int(not_before.0)],
    )?;
    row.map(|row| Ok(StoredToken { user_id: UserId::new(row.get::<String>(0)?), is_from_etao: row.get(1)? }))
        .transpose()
}
