//! Trades, as the engine wants them. Written by [`super::apply`] alone.

use std::sync::Arc;

use danbao_engine::change::{Actor, Command, Grounds};
use danbao_engine::chart::Account;
use danbao_engine::refund::{Application, Refund};
use danbao_engine::settlement::Royalty;
use danbao_engine::trade::{Instants, Mode, Shipment, Trade};
use danbao_engine::triggers::Triggers;
use danbao_node::Fault;
use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{Amount, Receive, TransportType};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use super::payment_request;
use crate::rows::word;

macro_rules! select_trade {
    ($rest:literal) => {
        concat!(
            "SELECT r.params, t.trade_no, t.seller, t.buyer, t.mode, t.is_refundable, t.fee_ppm, t.royalty_count,
                    t.trade_status, t.refund_status, t.price, t.quantity, t.discount, t.logistics, t.total_fee,
                    t.receive_name, t.receive_address, t.receive_zip, t.receive_phone, t.receive_mobile,
                    t.transport_type, t.logistics_name, t.invoice_no, t.paid_from, t.refunded, t.gmt_create,
                    t.gmt_logistics_modify, t.gmt_payment, t.gmt_send_goods, t.gmt_refund, t.gmt_close, t.version,
                    t.triggers
             FROM trade t JOIN payment_request r ON r.trade_no = t.trade_no ",
            $rest
        )
    };
}

/// Loads one trade.
pub(crate) fn load(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Option<Trade>, Fault> {
    let row = tx.query_opt(select_trade!("WHERE t.trade_no = $1"), &[Bind::Text(trade_no.as_str())])?;
    row.map(|row| read(tx, &row)).transpose()
}

/// On which side of a trade a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// 我是买家
    Buyer,
    /// 我是卖家
    Seller,
}

/// A page of somebody's trades, newest first.
pub(crate) fn load_of(
    tx: &mut dyn Conn,
    side: Side,
    user_id: &UserId,
    status: Option<TradeStatus>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Trade>, Fault> {
    let sql = match side {
        Side::Buyer => select_trade!(
            "WHERE t.buyer = $1 AND ($2 = '' OR t.trade_status = $2) ORDER BY t.trade_no DESC LIMIT $3 OFFSET $4"
        ),
        Side::Seller => select_trade!(
            "WHERE t.seller = $1 AND ($2 = '' OR t.trade_status = $2) ORDER BY t.trade_no DESC LIMIT $3 OFFSET $4"
        ),
    };
    let status = status.map_or("", TradeStatus::as_str);
    let binds = [Bind::Text(user_id.as_str()), Bind::Text(status), Bind::Int(limit), Bind::Int(offset)];
    let rows = tx.query(sql, &binds)?;
    rows.iter().map(|row| read(tx, row)).collect()
}

fn read(tx: &mut dyn Conn, row: &Row) -> Result<Trade, Fault> {
    let mut columns = row.reader();
    let request = Arc::new(payment_request::parse(&columns.next::<Vec<u8>>()?)?);
    let trade_no = TradeNo::new(columns.next::<String>()?);
    let seller = UserId::new(columns.next::<String>()?);
    let buyer = UserId::new(columns.next::<String>()?);
    let mode = word(&columns.next::<String>()?, Mode::from_name)?;
    let is_refundable = columns.next()?;
    let fee_ppm = columns.next()?;
    let royalty_count: i64 = columns.next()?;
    let trade_status = word(&columns.next::<String>()?, TradeStatus::from_wire)?;
    let refund_status = columns.next::<Option<String>>()?;
    let amount =
        Amount { price: Fen(columns.next()?), quantity: columns.next()?, discount: Fen(columns.next()?) };
    let logistics = columns.next::<Option<i64>>()?;
    let total_fee = Fen(columns.next()?);
    let receive = read_receive(&mut columns)?;
    let shipment = read_shipment(&mut columns)?;
    let paid_from = columns.next::<Option<String>>()?;
    let refunded = Fen(columns.next()?);
    let gmt = Instants {
        create: Timestamp(columns.next()?),
        logistics_modify: columns.next::<Option<i64>>()?.map(Timestamp),
        payment: columns.next::<Option<i64>>()?.map(Timestamp),
        send_goods: columns.next::<Option<i64>>()?.map(Timestamp),
        refund: columns.next::<Option<i64>>()?.map(Timestamp),
        close: columns.next::<Option<i64>>()?.map(Timestamp),
    };
    let version = columns.next()?;
    let triggers = word(&columns.next::<String>()?, Triggers::from_words)?;
    let logistics = logistics
        .map(|index| {
            let group = usize::try_from(index).ok().and_then(|index| request.logistics.get(index));
            group
                .copied()
                .ok_or_else(|| Fault::invariant(format!("{trade_no} has no logistics group {index}")))
        })
        .transpose()?;
    let refund = if refund_status.is_some() { load_refund(tx, &trade_no)? } else { None };
    let royalty = if royalty_count > 0 { load_royalty(tx, &trade_no)? } else { Vec::new() };
    Ok(Trade {
        refund_status: refund_status.map(|status| word(&status, RefundStatus::from_wire)).transpose()?,
        trade_no,
        request,
        seller,
        buyer,
        mode,
        is_refundable,
        fee_ppm,
        triggers,
        royalty,
        trade_status,
        amount,
        logistics,
        receive,
        total_fee,
        shipment,
        paid_from: paid_from.map(|name| word(&name, Account::from_name)).transpose()?,
        refund,
        refunded,
        gmt,
        version,
    })
}

fn read_receive(columns: &mut danbao_store::Reader<'_>) -> Result<Option<Receive>, Fault> {
    let name = columns.next::<Option<String>>()?;
    let address = columns.next::<Option<String>>()?;
    let zip = columns.next::<Option<String>>()?;
    let phone = columns.next::<Option<String>>()?;
    let mobile = columns.next::<Option<String>>()?;
    Ok(name.map(|name| Receive {
        name,
        address: address.unwrap_or_default(),
        zip: zip.unwrap_or_default(),
        phone: phone.unwrap_or_default(),
        mobile: mobile.unwrap_or_default(),
    }))
}

fn read_shipment(columns: &mut danbao_store::Reader<'_>) -> Result<Option<Shipment>, Fault> {
    let transport_type = columns.next::<Option<String>>()?;
    let logistics_name = columns.next::<Option<String>>()?.unwrap_or_default();
    let invoice_no = columns.next::<Option<String>>()?.unwrap_or_default();
    let Some(transport_type) = transport_type else { return Ok(None) };
    let transport_type = word(&transport_type, TransportType::from_wire)?;
    Ok(Some(Shipment { transport_type, logistics_name, invoice_no }))
}

fn load_refund(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Option<Refund>, Fault> {
    let row = tx.query_opt(
        "SELECT goods_received, amount, reason, evidence, answer, answer_evidence, transport_type, logistics_name,
                invoice_no
         FROM refund WHERE trade_no = $1",
        &[Bind::Text(trade_no.as_str())],
    )?;
    let Some(row) = row else { return Ok(None) };
    let mut columns = row.reader();
    let application = Application {
        goods_received: columns.next()?,
        amount: Fen(columns.next()?),
        reason: columns.next()?,
        evidence: columns.next()?,
    };
    let (answer, answer_evidence) = (columns.next()?, columns.next()?);
    Ok(Some(Refund { application, answer, answer_evidence, parcel: read_shipment(&mut columns)? }))
}

fn load_royalty(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Vec<Royalty>, Fault> {
    let rows = tx.query(
        "SELECT payer, receiver, amount, memo, refunded FROM trade_royalty WHERE trade_no = $1 ORDER BY line",
        &[Bind::Text(trade_no.as_str())],
    )?;
    let read = |row: &Row| {
        Ok(Royalty {
            payer: UserId::new(row.get::<String>(0)?),
            receiver: UserId::new(row.get::<String>(1)?),
            amount: Fen(row.get(2)?),
            memo: row.get(3)?,
            refunded: Fen(row.get(4)?),
        })
    };
    rows.iter().map(read).collect()
}

/// One line of a trade's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredEvent {
    /// The version of the trade that it made, by which its notice is numbered.
    pub(crate) version: i64,
    pub(crate) at: Timestamp,
    /// The word of [`Actor::role`].
    pub(crate) actor: &'static str,
    pub(crate) command: Command,
    pub(crate) trade_status: TradeStatus,
    pub(crate) refund_status: Option<RefundStatus>,
    pub(crate) journal_id: Option<i64>,
    pub(crate) grounds: Option<Grounds>,
}

/// A trade's history, oldest first.
pub(crate) fn load_history(tx: &mut dyn Conn, trade_no: &TradeNo) -> Result<Vec<StoredEvent>, Fault> {
    let rows = tx.query(
        "SELECT version, at, actor, command, trade_status, refund_status, journal_id, reason, evidence
         FROM trade_event
         WHERE trade_no = $1 ORDER BY version",
        &[Bind::Text(trade_no.as_str())],
    )?;
    let read = |row: &Row| {
        Ok(StoredEvent {
            version: row.get(0)?,
            at: Timestamp(row.get(1)?),
            actor: word(&row.get::<String>(2)?, |name| Actor::ROLES.into_iter().find(|role| *role == name))?,
            command: word(&row.get::<String>(3)?, Command::from_name)?,
            trade_status: word(&row.get::<String>(4)?, TradeStatus::from_wire)?,
            refund_status: row
                .get::<Option<String>>(5)?
                .map(|status| word(&status, RefundStatus::from_wire))
                .transpose()?,
            journal_id: row.get(6)?,
            grounds: row
                .get::<Option<String>>(7)?
                .zip(row.get(8)?)
                .map(|(reason, evidence)| Grounds { reason, evidence }),
        })
    };
    rows.iter().map(read).collect()
}
