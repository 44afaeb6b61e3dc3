//! 防钓鱼时间戳: keys that `query_timestamp` has handed out.

use danbao_node::Fault;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

/// Keeps a key, and forgets some of those that nobody can use any more.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    encrypt_key: &str,
    partner: &PartnerId,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM anti_phishing WHERE encrypt_key IN
             (SELECT encrypt_key FROM anti_phishing WHERE issued_at < $1 ORDER BY issued_at LIMIT 100)",
        &[Bind::Int(forget_before.0)],
    )?;
    tx.execute(
        "INSERT INTO anti_phishing (encrypt_key, partner, issued_at) VALUES ($1, $2, $3)",
        &[Bind::Text(encrypt_key), Bind::Text(partner.as_str()), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// When this partner was given this key; `None` if it never was.
pub(crate) fn issued_at(
    tx: &mut dyn Conn,
    encrypt_key: &str,
    partner: &PartnerId,
) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_opt(
        "SELECT issued_at FROM anti_phishing WHERE encrypt_key = $1 AND partner = $2",
        &[Bind::Text(encrypt_key), Bind::Text(partner.as_str())],
    )?;
    Ok(row.map(|row| row.get(0)).transpose()?.map(Timestamp))
}
