//! Payment requests: tries at paying an order.

use danbao_merchant::protocol::ids::{OutTradeNo, PartnerId};
use danbao_merchant::protocol::sign::SignType;
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

use super::word;

/// A payment request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestRow {
    pub(crate) out_trade_no: OutTradeNo,
    pub(crate) order_no: String,
    /// Which of the order's it is, from 1.
    pub(crate) position: i64,
    pub(crate) partner: PartnerId,
    pub(crate) sign_type: SignType,
    /// JSON, as the shop has told it.
    pub(crate) terms: String,
    /// It is not to be paid any more, and the gateway has not yet agreed.
    pub(crate) closing: bool,
    /// When the gateway is to be asked how the trade stands.
    pub(crate) query_due_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

const COLUMNS: &str =
    "out_trade_no, order_no, position, partner, sign_type, terms, closing, query_due_at, created_at";

/// Writes a new payment request.
pub(crate) fn insert(conn: &mut dyn Conn, request: &RequestRow) -> Result<(), Error> {
    conn.execute(
        &format!("INSERT INTO payment_request ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
        &[
            request.out_trade_no.as_str().into(),
            (&request.order_no).into(),
            request.position.into(),
            request.partner.as_str().into(),
            request.sign_type.as_str().into(),
            (&request.terms).into(),
            request.closing.into(),
            request.query_due_at.map(|at| at.0).into(),
            request.created_at.0.into(),
        ],
    )?;
    Ok(())
}

/// Finds a payment request.
pub(crate) fn load(conn: &mut dyn Conn, out_trade_no: &OutTradeNo) -> Result<Option<RequestRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payment_request WHERE out_trade_no = $1");
    let row = conn.query_opt(&sql, &[out_trade_no.as_str().into()])?;
    row.as_ref().map(read).transpose()
}

/// All of an order, the oldest first.
pub(crate) fn of_order(conn: &mut dyn Conn, order_no: &str) -> Result<Vec<RequestRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM payment_request WHERE order_no = $1 ORDER BY position");
    conn.query(&sql, &[order_no.into()])?.iter().map(read).collect()
}

/// Writes down when the gateway is to be asked next, and whether it is still to be told that this is closed.
pub(crate) fn plan(
    conn: &mut dyn Conn,
    out_trade_no: &OutTradeNo,
    closing: bool,
    query_due_at: Option<Timestamp>,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE payment_request SET closing = $1, query_due_at = $2 WHERE out_trade_no = $3",
        &[closing.into(), query_due_at.map(|at| at.0).into(), out_trade_no.as_str().into()],
    )?;
    Ok(())
}

/// Takes what is due, at most `count`, until `leased_until`: if nothing is heard, it falls due again by itself.
pub(crate) fn claim_due(
    conn: &mut dyn Conn,
    now: Timestamp,
    leased_until: Timestamp,
    count: i64,
) -> Result<Vec<RequestRow>, Error> {
    let rows = conn.query(
        &format!(
            "UPDATE payment_request SET query_due_at = $1 WHERE query_due_at <= $2 AND out_trade_no IN (
                 SELECT out_trade_no FROM payment_request WHERE query_due_at <= $2
                 ORDER BY query_due_at, out_trade_no LIMIT $3)
             RETURNING {COLUMNS}"
        ),
        &[leased_until.0.into(), now.0.into(), count.into()],
    )?;
    let mut claimed = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // RETURNING has no order.
    claimed.sort_by(|a, b| a.out_trade_no.cmp(&b.out_trade_no));
    Ok(claimed)
}

/// When the next one is due.
pub(crate) fn next_due(conn: &mut dyn Conn) -> Result<Option<Timestamp>, Error> {
    let row =
        conn.query_one("SELECT min(query_due_at) FROM payment_request WHERE query_due_at IS NOT NULL", &[])?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}

fn read(row: &Row) -> Result<RequestRow, Error> {
    let mut columns = row.reader();
    Ok(RequestRow {
        out_trade_no: OutTradeNo::new(columns.next::<String>()?),
        order_no: columns.next()?,
        position: columns.next()?,
        partner: PartnerId::new(columns.next::<String>()?),
        sign_type: word(columns.next()?, SignType::from_wire)?,
        terms: columns.next()?,
        closing: columns.next::<i64>()? == 1,
        query_due_at: columns.next::<Option<i64>>()?.map(Timestamp),
        created_at: Timestamp(columns.next()?),
    })
}
