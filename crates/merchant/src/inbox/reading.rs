//! Rows of the inbox, read back: an order with what was heard of it, and a message as it came.

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo, PartnerId, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_store::{Error, Reader, Row};

use super::rows::{MessageRow, Order};
use super::{Basis, Choice, Heard, Mode, Moment, OrderState, Position, refund_rank};
use crate::facts::OrderFacts;
use crate::message::Way;

pub(super) fn read_order(row: &Row) -> Result<Order, Error> {
    let mut columns = row.reader();
    let facts = OrderFacts {
        partner: PartnerId::new(columns.next::<String>()?),
        out_trade_no: OutTradeNo::new(columns.next::<String>()?),
        service: word(columns.next()?, PaymentService::from_wire)?,
        charset: word(columns.next()?, Charset::from_label)?,
        seller_email: columns.next()?,
        seller_id: UserId::new(columns.next::<String>()?),
        total_fees: split(columns.next()?)?,
    };
    let times_applied = columns.next()?;
    let opened_at = Timestamp(columns.next()?);
    let changed_at = Timestamp(columns.next()?);
    let version = columns.next()?;
    let state = read_state(facts.service, &mut columns)?;
    Ok(Order { facts, state, times_applied, opened_at, changed_at, version })
}

fn read_state(service: PaymentService, columns: &mut Reader<'_>) -> Result<OrderState, Error> {
    let mode = columns.next::<Option<&str>>()?;
    let basis = columns.next::<Option<&str>>()?;
    let choice = match mode.zip(basis) {
        None => None,
        Some((mode, basis)) => Some(Choice {
            mode: word(mode, |text| Mode::ALL.into_iter().find(|m| m.as_str() == text))?,
            basis: word(basis, |text| Basis::ALL.into_iter().find(|b| b.as_str() == text))?,
        }),
    };
    let Some(trade_no) = columns.next::<Option<String>>()? else {
        return Ok(OrderState { service, heard: None, choice });
    };
    let trade_status = word(columns.next()?, TradeStatus::from_wire)?;
    let refund_status =
        columns.next::<Option<&str>>()?.map(|text| word(text, RefundStatus::from_wire)).transpose()?;
    let heard = Heard {
        trade_no: TradeNo::new(trade_no),
        position: Position { trade_status, refund_status },
        total_fee: Fen(columns.next()?),
        buyer_id: columns.next()?,
        buyer_email: columns.next()?,
        moment: Moment {
            notify_time: Timestamp(columns.next()?),
            refund_rank: refund_rank(refund_status),
            notify_id: NotifyId::new(columns.next::<String>()?),
        },
    };
    Ok(OrderState { service, heard: Some(heard), choice })
}

pub(super) fn read_message(row: &Row) -> Result<MessageRow, Error> {
    let mut columns = row.reader();
    Ok(MessageRow {
        id: columns.next()?,
        way: word(columns.next()?, |text| Way::ALL.into_iter().find(|w| w.as_str() == text))?,
        received_at: Timestamp(columns.next()?),
        raw: Bytes::from(columns.next::<Vec<u8>>()?),
        outcome: columns.next()?,
        note: columns.next()?,
    })
}

/// A word that we wrote ourselves; any other means that somebody else wrote to the table.
fn word<T>(text: &str, known: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    known(text).ok_or_else(|| Error::Shape(format!("`{text}` is not a word of the inbox")))
}

fn split(text: &str) -> Result<Vec<Fen>, Error> {
    let amounts = text.split(',').map(|fen| fen.parse().map(Fen));
    amounts.collect::<Result<_, _>>().map_err(|_| Error::Shape(format!("`{text}` is not a list of amounts")))
}
