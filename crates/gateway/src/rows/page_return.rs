//! Ids under which the result of a payment was handed to a buyer's browser.

use danbao_protocol::ids::{NotifyId, TradeNo};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use super::notice::two_digits;
use crate::entropy::Entropy;
use crate::fault::Fault;

/// The first character of a page return's id, which no trade number begins with.
pub(crate) const MARK: char = 'p';

/// An id that was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredReturn {
    pub(crate) notify_id: NotifyId,
    pub(crate) issued_at: Timestamp,
    pub(crate) verified_at: Option<Timestamp>,
}

/// Hands out a new id for a trade: letters and digits only, at most 64 (protocol.md §6.1, trap 34).
pub(crate) fn issue(
    tx: &mut dyn Conn,
    entropy: &mut Entropy,
    trade_no: &TradeNo,
    now: Timestamp,
) -> Result<NotifyId, Fault> {
    let row = tx.query_one(
        "SELECT COALESCE(MAX(seq), 0) + 1 FROM page_return WHERE trade_no = $1",
        &[Bind::Text(trade_no.as_str())],
    )?;
    let seq: i64 = row.get(0)?;
    let notify_id = NotifyId::new(format!("{MARK}{trade_no}{}{}", entropy.text(26), two_digits(seq)));
    tx.execute(
        "INSERT INTO page_return (trade_no, seq, notify_id, issued_at) VALUES ($1, $2, $3, $4)",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq), Bind::Text(notify_id.as_str()), Bind::Int(now.0)],
    )?;
    Ok(notify_id)
}

/// Looks an id up by the trade and the sequence number that it carries.
pub(crate) fn load(tx: &mut dyn Conn, trade_no: &TradeNo, seq: i64) -> Result<Option<StoredReturn>, Fault> {
    let row = tx.query_opt(
        "SELECT notify_id, issued_at, verified_at FROM page_return WHERE trade_no = $1 AND seq = $2",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq)],
    )?;
    row.map(|row| {
        Ok(StoredReturn {
            notify_id: NotifyId::new(row.get::<String>(0)?),
            issued_at: Timestamp(row.get(1)?),
            verified_at: row.get::<Option<i64>>(2)?.map(Timestamp),
        })
    })
    .transpose()
}

/// Notes the first time that the merchant asked about an id.
pub(crate) fn verified(tx: &mut dyn Conn, trade_no: &TradeNo, seq: i64, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE page_return SET verified_at = $3 WHERE trade_no = $1 AND seq = $2 AND verified_at IS NULL",
        &[Bind::Text(trade_no.as_str()), Bind::Int(seq), Bind::Int(now.0)],
    )?;
    Ok(())
}
