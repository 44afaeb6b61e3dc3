//! Delivery notes: the shop's own side of a payment.

use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error};

/// Writes the note. There can be only one for each order.
pub(crate) fn insert(conn: &mut dyn Conn, out_trade_no: &OutTradeNo, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO delivery (out_trade_no, made_at) VALUES ($1, $2)",
        &[out_trade_no.as_str().into(), now.0.into()],
    )?;
    Ok(())
}

/// When the note was written, if it was.
pub(crate) fn made_at(conn: &mut dyn Conn, out_trade_no: &OutTradeNo) -> Result<Option<Timestamp>, Error> {
    let row = conn
        .query_opt("SELECT made_at FROM delivery WHERE out_trade_no = $1", &[out_trade_no.as_str().into()])?;
    row.map(|row| row.get(0).map(Timestamp)).transpose()
}
