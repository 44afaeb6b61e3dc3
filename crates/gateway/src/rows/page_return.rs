//! Ids under which the result of a payment was handed to a buyer's browser.

use danbao_node::{Entropy, Fault};
use danbao_protocol::ids::{NotifyId, TradeNo};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

/// The first character of a page return's id, which no trade number begins with.
pub(crate) const MARK: char = 'p';

/// An id that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReturn {
    pub(crate) trade_no: TradeNo,
    pub(crate) issued_at: Timestamp,
    pub(crate) verified_at: Option<Timestamp>,
}

/// Hands out a new id for a trade, and forgets some of those that nobody has asked about and nobody can use any more: a
/// buyer may follow the link as often as they like. What a merchant has asked about stays, as evidence. Letters and digits only, at most 64 (protocol.md §6.1, trap 34).
pub(crate) fn issue(
    tx: &mut dyn Conn,
    entropy: &mut Entropy,
    trade_no: &TradeNo,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<NotifyId, Fault> {
    tx.execute(
        "DELETE FROM page_return WHERE notify_id IN
             (SELECT notify_id FROM page_return WHERE verified_at IS NULL AND issued_at < $1
              ORDER BY issued_at LIMIT 100)",
        &[Bind::Int(forget_before.0)],
    )?;
    let notify_id = NotifyId::new(format!("{MARK}{trade_no}{}", entropy.text(26)));
    tx.execute(
        "INSERT INTO page_return (notify_id, trade_no, issued_at) VALUES ($1, $2, $3)",
        &[Bind::Text(notify_id.as_str()), Bind::Text(trade_no.as_str()), Bind::Int(now.0)],
    )?;
    Ok(notify_id)
}

/// Looks an id up.
pub(crate) fn load(tx: &mut dyn Conn, notify_id: &NotifyId) -> Result<Option<StoredReturn>, Fault> {
    let row = tx.query_opt(
        "SELECT trade_no, issued_at, verified_at FROM page_return WHERE notify_id = $1",
        &[Bind::Text(notify_id.as_str())],
    )?;
    row.map(|row| {
        Ok(StoredReturn {
            trade_no: TradeNo::new(row.get::<String>(0)?),
            issued_at: Timestamp(row.get(1)?),
            verified_at: row.get::<Option<i64>>(2)?.map(Timestamp),
        })
    })
    .transpose()
}

/// Notes the first time that the merchant asked about an id.
pub(crate) fn verified(tx: &mut dyn Conn, notify_id: &NotifyId, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE page_return SET verified_at = $2 WHERE notify_id = $1 AND verified_at IS NULL",
        &[Bind::Text(notify_id.as_str()), Bind::Int(now.0)],
    )?;
    Ok(())
}
