//! The only writer: puts one [`Change`] into the database, whole, inside the caller's transaction.
//!
//! What must hold is checked here in production too, because a ledger that is wrong is worse than a process that
//! stops: no account of a person or of a trade is overdrawn, a finished trade leaves nothing in escrow, and a trade is
//! only changed by a decision made on its present version.

use danbao_engine::change::{Change, Command, Journal, Posting};
use danbao_engine::chart::Account;
use danbao_engine::notices::Notice;
use danbao_engine::refund::Refund;
use danbao_engine::trade::{Mode, Trade};
use danbao_node::Fault;
use danbao_protocol::money::Fen;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Error};

use super::notice::Thread;
use super::{account, notice};
use crate::turn::Turn;

/// A journal has at most this many postings; the next journal's numbers begin there.
pub(crate) const LINES_MAX: i64 = 100;

/// The number of a journal's posting, counted from 0.
pub(crate) fn posting_id(journal_id: i64, line: i64) -> Result<i64, Fault> {
    journal_id
        .checked_mul(LINES_MAX)
        .and_then(|first| first.checked_add(line))
        .filter(|_| (0..LINES_MAX).contains(&line))
        .ok_or_else(|| Fault::invariant(format!("journal {journal_id} has no line {line}")))
}

/// Writes a change, and returns the trade with its new version.
///
/// # Errors
/// [`Error::Conflict`] if the trade has moved since the decision was made; [`Fault::Invariant`] if the change would
/// break the books. Either way the transaction must be rolled back.
pub(crate) fn apply(turn: &mut Turn<'_>, change: &Change) -> Result<Trade, Fault> {
    let version = if change.is_new { 1 } else { change.trade.version + 1 };
    if change.is_new {
        insert_trade(turn, &change.trade)?;
    } else {
        update_trade(turn, &change.trade, version)?;
    }
    if change.event.command == Command::RefundPaid {
        save_royalty(turn, &change.trade)?;
    }
    if let Some(refund) = &change.trade.refund {
        save_refund(turn, &change.trade, refund)?;
    }
    let journal_id = match &change.journal {
        Some(journal) => Some(post(turn, Some(&change.trade), change.event.command.as_str(), journal)?),
        None => None,
    };
    insert_event(turn, change, version, journal_id)?;
    if let Some(notice) = &change.notice {
        insert_notice(turn, &change.trade, version, notice, change.event.at)?;
    }
    plan(turn, change)?;
    if has_let_go(change) {
        let escrow = Account::Escrow(change.trade.trade_no.clone());
        let left = account::balance(turn.tx, &escrow)?;
        if left != Fen::ZERO {
            return Err(Fault::invariant(format!("{escrow} still holds {left} though its trade is over")));
        }
    }
    Ok(Trade { version, ..change.trade.clone() })
}

/// Whether nothing may be left in the trade's own account: it is over, or what was held for a frozen seller is not held
/// any more.
fn has_let_go(change: &Change) -> bool {
    let was_escrow = change.trade.mode == Mode::Escrow && change.trade.trade_status.is_final();
    was_escrow || change.event.command == Command::Release
}

/// Posts a journal and returns its number. Also for money that no trade moves: a sandbox's top-ups.
pub(crate) fn post(
    turn: &mut Turn<'_>,
    trade: Option<&Trade>,
    reason: &str,
    journal: &Journal,
) -> Result<i64, Fault> {
    let journal_id = turn.number("journal")?;
    turn.tx.execute(
        "INSERT INTO journal (journal_id, at, trade_no, reason) VALUES ($1, $2, $3, $4)",
        &[
            Bind::Int(journal_id),
            Bind::Int(turn.now.0),
            trade.map(|trade| trade.trade_no.as_str()).into(),
            Bind::Text(reason),
        ],
    )?;
    for (line, posting) in (0..).zip(&journal.postings) {
        post_line(turn, posting_id(journal_id, line)?, posting)?;
    }
    Ok(journal_id)
}

fn post_line(turn: &mut Turn<'_>, posting_id: i64, posting: &Posting) -> Result<(), Fault> {
    let Posting { debit, credit, amount } = posting;
    if !amount.is_positive() || debit == credit {
        return Err(Fault::invariant(format!("a posting of {amount} from {debit} to {credit}")));
    }
    let minus = amount.checked_neg().ok_or_else(|| Fault::invariant("amount has no negative"))?;
    let (debit_name, credit_name) = (debit.to_string(), credit.to_string());
    let debit_previous = add(turn, debit, &debit_name, minus, posting_id)?;
    let credit_previous = add(turn, credit, &credit_name, *amount, posting_id)?;
    turn.tx.execute(
        "INSERT INTO posting (posting_id, debit, credit, amount, debit_previous, credit_previous)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            Bind::Int(posting_id),
            Bind::Text(&debit_name),
            Bind::Text(&credit_name),
            Bind::Int(amount.0),
            Bind::Int(debit_previous),
            Bind::Int(credit_previous),
        ],
    )?;
    Ok(())
}

/// Moves a balance and returns the account's posting before this one. The sum is made by the database, so that an
/// account on which many nodes post is never written from a stale reading.
fn add(
    turn: &mut Turn<'_>,
    account: &Account,
    name: &str,
    amount: Fen,
    posting_id: i64,
) -> Result<i64, Fault> {
    let row = turn.tx.query_one(
        "INSERT INTO account (account, balance, last_posting, previous_posting) VALUES ($1, $2, $3, 0)
         ON CONFLICT (account) DO UPDATE SET balance = account.balance + excluded.balance,
             previous_posting = account.last_posting, last_posting = excluded.last_posting
         RETURNING balance, previous_posting",
        &[Bind::Text(name), Bind::Int(amount.0), Bind::Int(posting_id)],
    )?;
    let balance: i64 = row.get(0)?;
    if balance < 0 && !account.may_be_negative() {
        return Err(Fault::invariant(format!("{name} would be overdrawn to {}", Fen(balance))));
    }
    Ok(row.get(1)?)
}

fn insert_trade(turn: &mut Turn<'_>, trade: &Trade) -> Result<(), Fault> {
    let columns = Columns::of(trade)?;
    turn.tx.execute(
        "INSERT INTO trade (trade_no, seller, buyer, mode, is_refundable, fee_ppm, royalty_count, trade_status,
             refund_status, price, quantity, discount, logistics, total_fee, receive_name, receive_address,
             receive_zip, receive_phone, receive_mobile, gmt_create, gmt_logistics_modify, version, triggers)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 1,
                 $22)",
        &[
            Bind::Text(trade.trade_no.as_str()),
            Bind::Text(trade.seller.as_str()),
            Bind::Text(trade.buyer.as_str()),
            Bind::Text(trade.mode.as_str()),
            trade.is_refundable.into(),
            Bind::Int(trade.fee_ppm),
            Bind::Int(columns.royalty_count),
            Bind::Text(trade.trade_status.as_str()),
            columns.refund_status,
            Bind::Int(trade.amount.price.0),
            Bind::Int(trade.amount.quantity),
            Bind::Int(trade.amount.discount.0),
            columns.logistics,
            Bind::Int(trade.total_fee.0),
            columns.receive[0],
            columns.receive[1],
            columns.receive[2],
            columns.receive[3],
            columns.receive[4],
            Bind::Int(trade.gmt.create.0),
            instant(trade.gmt.logistics_modify),
            Bind::Text(&trade.triggers.words()),
        ],
    )?;
    for (line, share) in (0_i64..).zip(&trade.royalty) {
        turn.tx.execute(
            "INSERT INTO trade_royalty (trade_no, line, payer, receiver, amount, memo)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                Bind::Text(trade.trade_no.as_str()),
                Bind::Int(line),
                Bind::Text(share.payer.as_str()),
                Bind::Text(share.receiver.as_str()),
                Bind::Int(share.amount.0),
                Bind::Text(&share.memo),
            ],
        )?;
    }
    Ok(())
}

fn update_trade(turn: &mut Turn<'_>, trade: &Trade, version: i64) -> Result<(), Fault> {
    let columns = Columns::of(trade)?;
    let shipment = trade.shipment.as_ref();
    let paid_from = trade.paid_from.as_ref().map(ToString::to_string);
    let changed = turn.tx.execute(
        "UPDATE trade SET mode = $3, trade_status = $4, refund_status = $5, price = $6, quantity = $7, discount = $8,
             logistics = $9, total_fee = $10, receive_name = $11, receive_address = $12, receive_zip = $13,
             receive_phone = $14, receive_mobile = $15, transport_type = $16, logistics_name = $17,
             invoice_no = $18, gmt_logistics_modify = $19, gmt_payment = $20, gmt_send_goods = $21,
             gmt_refund = $22, gmt_close = $23, version = $24, paid_from = $25, refunded = $26
         WHERE trade_no = $1 AND version = $2",
        &[
            Bind::Text(trade.trade_no.as_str()),
            Bind::Int(trade.version),
            Bind::Text(trade.mode.as_str()),
            Bind::Text(trade.trade_status.as_str()),
            columns.refund_status,
            Bind::Int(trade.amount.price.0),
            Bind::Int(trade.amount.quantity),
            Bind::Int(trade.amount.discount.0),
            columns.logistics,
            Bind::Int(trade.total_fee.0),
            columns.receive[0],
            columns.receive[1],
            columns.receive[2],
            columns.receive[3],
            columns.receive[4],
            shipment.map(|shipment| shipment.transport_type.as_str()).into(),
            shipment.map(|shipment| shipment.logistics_name.as_str()).into(),
            shipment.map(|shipment| shipment.invoice_no.as_str()).into(),
            instant(trade.gmt.logistics_modify),
            instant(trade.gmt.payment),
            instant(trade.gmt.send_goods),
            instant(trade.gmt.refund),
            instant(trade.gmt.close),
            Bind::Int(version),
            paid_from.as_deref().into(),
            Bind::Int(trade.refunded.0),
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    Err(Error::Conflict(format!("{} is no longer at version {}", trade.trade_no, trade.version)).into())
}

/// What has been given back of each share; nothing else about a share ever changes.
fn save_royalty(turn: &mut Turn<'_>, trade: &Trade) -> Result<(), Fault> {
    for (line, share) in (0_i64..).zip(&trade.royalty) {
        turn.tx.execute(
            "UPDATE trade_royalty SET refunded = $3 WHERE trade_no = $1 AND line = $2 AND refunded <> $3",
            &[Bind::Text(trade.trade_no.as_str()), Bind::Int(line), Bind::Int(share.refunded.0)],
        )?;
    }
    Ok(())
}

fn save_refund(turn: &mut Turn<'_>, trade: &Trade, refund: &Refund) -> Result<(), Fault> {
    let parcel = refund.parcel.as_ref();
    turn.tx.execute(
        "INSERT INTO refund (trade_no, goods_received, amount, reason, answer, transport_type, logistics_name,
                             invoice_no, evidence, answer_evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (trade_no) DO UPDATE SET goods_received = excluded.goods_received, amount = excluded.amount,
             reason = excluded.reason, answer = excluded.answer, transport_type = excluded.transport_type,
             logistics_name = excluded.logistics_name, invoice_no = excluded.invoice_no,
             evidence = excluded.evidence, answer_evidence = excluded.answer_evidence",
        &[
            Bind::Text(trade.trade_no.as_str()),
            refund.application.goods_received.into(),
            Bind::Int(refund.application.amount.0),
            Bind::Text(&refund.application.reason),
            Bind::Text(&refund.answer),
            parcel.map(|parcel| parcel.transport_type.as_str()).into(),
            parcel.map(|parcel| parcel.logistics_name.as_str()).into(),
            parcel.map(|parcel| parcel.invoice_no.as_str()).into(),
            Bind::Text(&refund.application.evidence),
            Bind::Text(&refund.answer_evidence),
        ],
    )?;
    Ok(())
}

/// The columns that need a thought before they can be bound.
struct Columns<'a> {
    refund_status: Bind<'a>,
    logistics: Bind<'a>,
    receive: [Bind<'a>; 5],
    royalty_count: i64,
}

impl Columns<'_> {
    fn of(trade: &Trade) -> Result<Columns<'_>, Fault> {
        let receive = match &trade.receive {
            None => [Bind::Null; 5],
            Some(to) => [&to.name, &to.address, &to.zip, &to.phone, &to.mobile].map(|part| Bind::Text(part)),
        };
        Ok(Columns {
            refund_status: trade.refund_status.map(|status| status.as_str()).into(),
            logistics: logistics_index(trade)?.into(),
            receive,
            royalty_count: i64::try_from(trade.royalty.len())
                .map_err(|_| Fault::invariant("more royalty shares than numbers"))?,
        })
    }
}

/// Which of the request's logistics groups was chosen.
fn logistics_index(trade: &Trade) -> Result<Option<i64>, Fault> {
    let Some(chosen) = &trade.logistics else { return Ok(None) };
    let index = trade.request.logistics.iter().position(|group| group == chosen);
    let index = index.and_then(|index| i64::try_from(index).ok());
    index
        .map(Some)
        .ok_or_else(|| Fault::invariant(format!("{} ships in no way of its request", trade.trade_no)))
}

fn instant<'a>(at: Option<Timestamp>) -> Bind<'a> {
    at.map(|at| at.0).into()
}

fn insert_event(
    turn: &mut Turn<'_>,
    change: &Change,
    version: i64,
    journal_id: Option<i64>,
) -> Result<(), Fault> {
    let trade = &change.trade;
    turn.tx.execute(
        "INSERT INTO trade_event (trade_no, version, at, actor, command, trade_status, refund_status, journal_id,
                                  reason, evidence)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            Bind::Text(trade.trade_no.as_str()),
            Bind::Int(version),
            Bind::Int(change.event.at.0),
            Bind::Text(change.event.actor.role()),
            Bind::Text(change.event.command.as_str()),
            Bind::Text(trade.trade_status.as_str()),
            trade.refund_status.map(|status| status.as_str()).into(),
            journal_id.into(),
            change.event.grounds.as_ref().map(|grounds| grounds.reason.as_str()).into(),
            change.event.grounds.as_ref().map(|grounds| grounds.evidence.as_str()).into(),
        ],
    )?;
    Ok(())
}

/// A notice is numbered by the version that it announces: in order, and without asking how many there were.
fn insert_notice(
    turn: &mut Turn<'_>,
    trade: &Trade,
    seq: i64,
    owed: &Notice,
    now: Timestamp,
) -> Result<(), Fault> {
    let notify_id = notice::make_notify_id(&Thread::from(&trade.trade_no), seq, &mut turn.memory.entropy);
    turn.tx.execute(
        "INSERT INTO notice (thread, seq, notify_id, notify_url, trade_status, refund_status, price, discount,
             total_fee, logistics, created_at, attempts, awaiting, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $11)",
        &[
            Bind::Text(trade.trade_no.as_str()),
            Bind::Int(seq),
            Bind::Text(notify_id.as_str()),
            Bind::Text(&owed.notify_url),
            Bind::Text(owed.trade_status.as_str()),
            owed.refund_status.map(|status| status.as_str()).into(),
            Bind::Int(trade.amount.price.0),
            Bind::Int(trade.amount.discount.0),
            Bind::Int(trade.total_fee.0),
            // Until address and carriage are settled no message carries either.
            if trade.gmt.logistics_modify.is_some() { logistics_index(trade)?.into() } else { Bind::Null },
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

fn plan(turn: &mut Turn<'_>, change: &Change) -> Result<(), Fault> {
    let trade_no = Bind::Text(change.trade.trade_no.as_str());
    if change.clear_deadlines {
        turn.tx.execute("DELETE FROM deadline WHERE trade_no = $1", &[trade_no])?;
    }
    for deadline in &change.set_deadlines {
        turn.tx.execute(
            "INSERT INTO deadline (trade_no, kind, due_at) VALUES ($1, $2, $3)
             ON CONFLICT (trade_no, kind) DO UPDATE SET due_at = excluded.due_at",
            &[trade_no, Bind::Text(deadline.kind.as_str()), Bind::Int(deadline.due_at.0)],
        )?;
    }
    Ok(())
}
