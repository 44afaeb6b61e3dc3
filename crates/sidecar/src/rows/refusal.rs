//! Refused payment requests, as the gateway's letters tell of them.

use danbao_merchant::protocol::ids::{NotifyId, OutTradeNo, PartnerId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusalRow {
    pub(crate) partner: PartnerId,
    pub(crate) notify_id: NotifyId,
    pub(crate) out_trade_no: OutTradeNo,
    /// By its name on the wire.
    pub(crate) error_code: String,
    /// When the gateway first told of it.
    pub(crate) refused_at: Timestamp,
}

/// What a payment request shows of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastRefusal {
    pub(crate) error_code: String,
    pub(crate) refused_at: Timestamp,
}

/// Keeps a letter; whether it is the first of its `notify_id`.
pub(crate) fn keep(conn: &mut dyn Conn, letter: &RefusalRow) -> Result<bool, Error> {
    let rows = conn.execute(
        "INSERT INTO refusal (partner, notify_id, out_trade_no, error_code, refused_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            letter.partner.as_str().into(),
            letter.notify_id.as_str().into(),
            letter.out_trade_no.as_str().into(),
            (&letter.error_code).into(),
            letter.refused_at.0.into(),
        ],
    )?;
    Ok(rows == 1)
}

/// The last refusal of a payment request, by the gateway's clock: a letter may come late.
pub(crate) fn last_of(conn: &mut dyn Conn, number: &OutTradeNo) -> Result<Option<LastRefusal>, Error> {
    let row = conn.query_opt(
        "SELECT error_code, refused_at FROM refusal WHERE out_trade_no = $1
         ORDER BY refused_at DESC, notify_id DESC LIMIT 1",
        &[number.as_str().into()],
    )?;
    row.map(|row| Ok(LastRefusal { error_code: row.get(0)?, refused_at: Timestamp(row.get(1)?) })).transpose()
}
