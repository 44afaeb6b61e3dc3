//! What merchants asked for, as it arrived.

use std::sync::Arc;

use danbao_node::Fault;
use danbao_protocol::ids::{OutTradeNo, PartnerId, TradeNo};
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

/// A request that was accepted and waits, or has waited, for a buyer.
#[derive(Debug, Clone)]
pub(crate) struct StoredRequest {
    pub(crate) trade_no: TradeNo,
    /// The unguessable half of the cashier's address.
    pub(crate) secret: String,
    pub(crate) request: Arc<PaymentRequest>,
    /// When it came last.
    pub(crate) asked_at: Timestamp,
}

/// Reads a request back from the parameters that were verified when it arrived.
pub(crate) fn parse(params: &[u8]) -> Result<PaymentRequest, Fault> {
    let params = Params::parse_urlencoded(params)
        .map_err(|error| Fault::invariant(format!("stored request does not parse: {error}")))?;
    let charset = params
        .charset()
        .map_err(|error| Fault::invariant(format!("stored request has no charset: {error}")))?;
    PaymentRequest::parse(&params, charset)
        .map_err(|code| Fault::invariant(format!("stored request is refused now: {}", code.as_str())))
}

fn read(row: &Row) -> Result<StoredRequest, Fault> {
    Ok(StoredRequest {
        trade_no: TradeNo::new(row.get::<String>(0)?),
        secret: row.get(1)?,
        request: Arc::new(parse(&row.get::<Vec<u8>>(2)?)?),
        asked_at: Timestamp(row.get(3)?),
    })
}

/// Looks a request up by the number set aside for its trade.
pub(crate) fn load(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Option<StoredRequest>, Fault> {
    let sql = "SELECT trade_no, secret, params, COALESCE(asked_at, received_at) FROM payment_request
               WHERE trade_no = $1";
    tx.query_opt(sql, &[Bind::Text(trade_no.as_str())])?.as_ref().map(read).transpose()
}

/// Looks a request up by the merchant's order number.
pub(crate) fn load_by_out_trade_no(
    tx: &mut dyn Conn,
    partner: &PartnerId,
    out_trade_no: &OutTradeNo,
) -> Result<Option<StoredRequest>, Fault> {
    let sql = "SELECT trade_no, secret, params, COALESCE(asked_at, received_at) FROM payment_request
               WHERE partner = $1 AND out_trade_no = $2";
    let binds = [Bind::Text(partner.as_str()), Bind::Text(out_trade_no.as_str())];
    tx.query_opt(sql, &binds)?.as_ref().map(read).transpose()
}

/// The trade number set aside for a merchant's order number, whoever asks.
pub(crate) fn load_trade_nos(
    tx: &mut dyn Conn,
    partner: Option<&PartnerId>,
    out_trade_no: &OutTradeNo,
) -> Result<Vec<TradeNo>, Fault> {
    let rows = match partner {
        Some(partner) => tx.query(
            "SELECT trade_no FROM payment_request WHERE partner = $1 AND out_trade_no = $2",
            &[Bind::Text(partner.as_str()), Bind::Text(out_trade_no.as_str())],
        )?,
        None => tx.query(
            "SELECT trade_no FROM payment_request WHERE out_trade_no = $1 ORDER BY trade_no LIMIT 100",
            &[Bind::Text(out_trade_no.as_str())],
        )?,
    };
    rows.iter().map(|row| Ok(TradeNo::new(row.get::<String>(0)?))).collect()
}

/// Keeps a request. `params` are its verified parameters, urlencoded.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    stored: &StoredRequest,
    params: &[u8],
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO payment_request (trade_no, partner, out_trade_no, secret, params, received_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            Bind::Text(stored.trade_no.as_str()),
            Bind::Text(stored.request.partner.as_str()),
            Bind::Text(stored.request.out_trade_no.as_str()),
            Bind::Text(&stored.secret),
            Bind::Bytes(params),
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

/// Notes that a request came again.
pub(crate) fn note_repeat(tx: &mut dyn Conn, trade_no: &TradeNo, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE payment_request SET asked_at = $2 WHERE trade_no = $1";
    tx.execute(sql, &[Bind::Text(trade_no.as_str()), Bind::Int(now.0)])?;
    Ok(())
}
