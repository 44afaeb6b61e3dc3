//! Orders and their lines.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::service::payment::{PaymentService, Receive};
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

use crate::catalogue::{Line, find};

/// What was ordered, and how it is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) out_trade_no: OutTradeNo,
    /// Empty for an order made over the API.
    pub(crate) visitor: String,
    pub(crate) service: PaymentService,
    pub(crate) charset: Charset,
    pub(crate) subject: String,
    /// Empty without one.
    pub(crate) body: String,
    /// Without carriage.
    pub(crate) goods_total: Fen,
    pub(crate) receive: Receive,
    pub(crate) paymethod: Option<String>,
    pub(crate) defaultbank: Option<String>,
    pub(crate) placed_at: Timestamp,
    /// When the gateway said yes to the shipping.
    pub(crate) shipped_at: Option<Timestamp>,
    pub(crate) lines: Vec<Line>,
}

const COLUMNS: &str = "out_trade_no, visitor, service, charset, subject, body, goods_total, receive_name,
    receive_address, receive_zip, receive_phone, receive_mobile, paymethod, defaultbank, placed_at, shipped_at";

/// Writes a new order.
pub(crate) fn insert(conn: &mut dyn Conn, order: &OrderRow) -> Result<(), Error> {
    let number = order.out_trade_no.as_str();
    conn.execute(
        &format!(
            "INSERT INTO orders ({COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL)"
        ),
        &[
            number.into(),
            (&order.visitor).into(),
            order.service.as_str().into(),
            order.charset.label().into(),
            (&order.subject).into(),
            (&order.body).into(),
            order.goods_total.0.into(),
            (&order.receive.name).into(),
            (&order.receive.address).into(),
            (&order.receive.zip).into(),
            (&order.receive.phone).into(),
            (&order.receive.mobile).into(),
            (&order.paymethod).into(),
            (&order.defaultbank).into(),
            order.placed_at.0.into(),
        ],
    )?;
    for (position, line) in (0_i64..).zip(&order.lines) {
        conn.execute(
            "INSERT INTO order_line (out_trade_no, position, good, price, quantity) VALUES ($1, $2, $3, $4, $5)",
            &[
                number.into(),
                position.into(),
                line.good.id.into(),
                line.price.0.into(),
                line.quantity.into(),
            ],
        )?;
    }
    Ok(())
}

/// Finds an order.
pub(crate) fn load(conn: &mut dyn Conn, out_trade_no: &OutTradeNo) -> Result<Option<OrderRow>, Error> {
    let number = out_trade_no.as_str();
    if number.contains('\0') {
        return Ok(None);
    }
    let row =
        conn.query_opt(&format!("SELECT {COLUMNS} FROM orders WHERE out_trade_no = $1"), &[number.into()])?;
    row.map(|row| with_lines(conn, &row)).transpose()
}

/// The newest orders of a browser and of the member who is signed in on it, the newest first; either may be empty. A
/// member's order is shown to that member alone: the next person on the browser is perhaps another.
pub(crate) fn newest(conn: &mut dyn Conn, visitor: &str, user_id: &str) -> Result<Vec<OrderRow>, Error> {
    let rows = conn.query(
        &format!(
            "SELECT {COLUMNS} FROM orders
             WHERE (visitor = $1 AND visitor <> '' AND NOT EXISTS
                    (SELECT 1 FROM order_member m WHERE m.out_trade_no = orders.out_trade_no))
                OR out_trade_no IN (SELECT out_trade_no FROM order_member WHERE user_id = $2)
             ORDER BY placed_at DESC, out_trade_no LIMIT 50"
        ),
        &[visitor.into(), user_id.into()],
    )?;
    rows.iter().map(|row| with_lines(conn, row)).collect()
}

/// The gateway has said yes to the shipping; the first time counts.
pub(crate) fn set_shipped(
    conn: &mut dyn Conn,
    out_trade_no: &OutTradeNo,
    now: Timestamp,
) -> Result<(), Error> {
    conn.execute(
        "UPDATE orders SET shipped_at = $1 WHERE out_trade_no = $2 AND shipped_at IS NULL",
        &[now.0.into(), out_trade_no.as_str().into()],
    )?;
    Ok(())
}

fn with_lines(conn: &mut dyn Conn, row: &Row) -> Result<OrderRow, Error> {
    let mut order = read(row)?;
    let rows = conn.query(
        "SELECT good, price, quantity FROM order_line WHERE out_trade_no = $1 ORDER BY position",
        &[order.out_trade_no.as_str().into()],
    )?;
    for row in &rows {
        let id: &str = row.get(0)?;
        let good = find(id).ok_or_else(|| Error::Shape(format!("`{id}` was never sold here")))?;
        order.lines.push(Line { good, price: Fen(row.get(1)?), quantity: row.get(2)? });
    }
    Ok(order)
}

fn read(row: &Row) -> Result<OrderRow, Error> {
    let mut columns = row.reader();
    Ok(OrderRow {
        out_trade_no: OutTradeNo::new(columns.next::<String>()?),
        visitor: columns.next()?,
        service: word(columns.next()?, PaymentService::from_wire)?,
        charset: word(columns.next()?, Charset::from_label)?,
        subject: columns.next()?,
        body: columns.next()?,
        goods_total: Fen(columns.next()?),
        receive: Receive {
            name: columns.next()?,
            address: columns.next()?,
            zip: columns.next()?,
            phone: columns.next()?,
            mobile: columns.next()?,
        },
        paymethod: columns.next()?,
        defaultbank: columns.next()?,
        placed_at: Timestamp(columns.next()?),
        shipped_at: columns.next::<Option<i64>>()?.map(Timestamp),
        lines: Vec::new(),
    })
}

fn word<T>(text: &str, known: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    known(text).ok_or_else(|| Error::Shape(format!("`{text}` is not a word of the shop")))
}
