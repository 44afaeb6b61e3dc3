//! Orders, as the shop has told them.

use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::service::payment::Amount;
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) order_no: String,
    pub(crate) subject: String,
    pub(crate) body: Option<String>,
    pub(crate) show_url: Option<String>,
    pub(crate) amount: Amount,
    /// JSON, as the shop has told it.
    pub(crate) receive: Option<String>,
    pub(crate) return_page: Option<String>,
    /// How many payment requests it has had.
    pub(crate) requests: i64,
    /// Which of them paid it first.
    pub(crate) paid_by: Option<String>,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

const COLUMNS: &str =
    "order_no, subject, body, show_url, price, quantity, discount, receive, return_page, requests,
    paid_by, closed_at, created_at";

/// Writes a new order.
pub(crate) fn insert(conn: &mut dyn Conn, order: &OrderRow) -> Result<(), Error> {
    conn.execute(
        &format!(
            "INSERT INTO orders ({COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL, NULL, $10)"
        ),
        &[
            (&order.order_no).into(),
            (&order.subject).into(),
            (&order.body).into(),
            (&order.show_url).into(),
            order.amount.price.0.into(),
            order.amount.quantity.into(),
            order.amount.discount.0.into(),
            (&order.receive).into(),
            (&order.return_page).into(),
            order.created_at.0.into(),
        ],
    )?;
    Ok(())
}

/// Finds an order.
pub(crate) fn load(conn: &mut dyn Conn, order_no: &str) -> Result<Option<OrderRow>, Error> {
    let row =
        conn.query_opt(&format!("SELECT {COLUMNS} FROM orders WHERE order_no = $1"), &[order_no.into()])?;
    row.as_ref().map(read).transpose()
}

/// Counts one more payment request and says which it is, from 1.
pub(crate) fn count_request(conn: &mut dyn Conn, order_no: &str) -> Result<i64, Error> {
    let row = conn.query_one(
        "UPDATE orders SET requests = requests + 1 WHERE order_no = $1 RETURNING requests",
        &[order_no.into()],
    )?;
    row.get(0)
}

/// Notes which payment request paid the order; `false` if another one had before.
pub(crate) fn set_paid(
    conn: &mut dyn Conn,
    order_no: &str,
    out_trade_no: &OutTradeNo,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "UPDATE orders SET paid_by = $1 WHERE order_no = $2 AND paid_by IS NULL",
        &[out_trade_no.as_str().into(), order_no.into()],
    )?;
    Ok(rows == 1)
}

/// Notes that the shop has given the order up; the first time counts.
pub(crate) fn set_closed(conn: &mut dyn Conn, order_no: &str, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "UPDATE orders SET closed_at = $1 WHERE order_no = $2 AND closed_at IS NULL",
        &[now.0.into(), order_no.into()],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<OrderRow, Error> {
    let mut columns = row.reader();
    Ok(OrderRow {
        order_no: columns.next()?,
        subject: columns.next()?,
        body: columns.next()?,
        show_url: columns.next()?,
        amount: Amount {
            price: Fen(columns.next()?),
            quantity: columns.next()?,
            discount: Fen(columns.next()?),
        },
        receive: columns.next()?,
        return_page: columns.next()?,
        requests: columns.next()?,
        paid_by: columns.next()?,
        closed_at: columns.next::<Option<i64>>()?.map(Timestamp),
        created_at: Timestamp(columns.next()?),
    })
}
