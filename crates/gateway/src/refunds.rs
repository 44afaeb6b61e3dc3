//! Refunds of direct payments, carried out: the items of batches a slice at a time, and the seller's own at the desk
//! (protocol.md §7.5, docs/adr/0015).
//!
//! Each item is a decision of its own on the trade as it is then, and its result is written in the same transaction.
//! With a batch's last item, in that same transaction, the letter that tells the merchant comes to be owed.

use danbao_engine::change::Actor;
use danbao_engine::chart::Account;
use danbao_engine::fastpay_refund::{self, Balances, PaidRefund, Refunded, ReturnedShare};
use danbao_engine::refusal::Refusal;
use danbao_engine::trade::Trade;
use danbao_node::Fault;
use danbao_protocol::batch_refund_notify::{
    self, BatchResults, ItemResult, Outcome, ReturnedCharge, SUCCESS,
};
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::{BatchNo, PartnerId, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::service::refund_detail::{AccountRef, RefundItem, RoyaltyRefund};
use danbao_protocol::time::Timestamp;

use crate::delivery::BROKEN_ASIDE;
use crate::message::fit;
use crate::rows::notice::{self, Letter, Thread};
use crate::rows::refund_batch::{self, Origin, StoredBatch, StoredItem};
use crate::rows::users::User;
use crate::rows::{account, apply, trade};
use crate::services;
use crate::setbacks::Work;
use crate::turn::Turn;

/// Items taken in one transaction, of all batches together, so that a large batch does not hold up anybody else; what is
/// left over is due at once again.
const SLICE: usize = 50;
/// Batches looked at in one transaction.
const BATCHES_MAX: i64 = 10;

/// Takes the next items of the batches that are due.
pub(crate) fn run(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let mut room = SLICE;
    for thread in refund_batch::load_due(turn.tx, turn.now, BATCHES_MAX)? {
        if room == 0 {
            break;
        }
        if turn.memory.setbacks.may_begin(Work::Batch(thread.clone())) {
            room = room.saturating_sub(advance(turn, &thread, room)?);
        } else {
            // One broken row must not stand in everybody's way; its items wait, and nothing is told of them.
            refund_batch::put_off(turn.tx, &thread, turn.now.plus(BROKEN_ASIDE))?;
        }
    }
    turn.memory.setbacks.end();
    Ok(())
}

/// Takes at most so many items of one batch; how many it took.
fn advance(turn: &mut Turn<'_>, thread: &Thread, room: usize) -> Result<usize, Fault> {
    let mut batch = refund_batch::load(turn.tx, thread)?
        .ok_or_else(|| Fault::invariant(format!("the batch {thread} is gone")))?;
    let before = batch.done;
    let limit = i64::try_from(room).unwrap_or(i64::MAX);
    let items = refund_batch::load_items_after(turn.tx, thread, before, limit)?;
    for item in &items {
        let settled = if turn.memory.setbacks.may_begin(Work::Item(thread.clone(), item.line)) {
            settle(turn, &batch, item)?
        } else {
            Err(ErrorCode::BatchRefundDataError)
        };
        let (result, charge) = match settled {
            Ok(charge) => (SUCCESS, charge),
            Err(code) => (code.as_str(), Fen::ZERO),
        };
        refund_batch::note_result(turn.tx, thread, item.line, result, charge, turn.now)?;
        batch.done = item.line;
        batch.succeeded += i64::from(result == SUCCESS);
    }
    let is_over = batch.done >= batch.items || items.is_empty();
    let due_at = match is_over {
        false => Some(turn.now),
        true if turn.memory.setbacks.may_begin(Work::Letter(thread.clone())) => {
            batch.finished_at = Some(turn.now);
            owe_letter(turn, &batch)?;
            None
        }
        // What was refunded stays so; that it is told is tried again.
        true => Some(turn.now.plus(BROKEN_ASIDE)),
    };
    refund_batch::note_progress(turn.tx, &batch, before, due_at)?;
    Ok(items.len())
}

/// Until when a batch that asks for the payment password can be confirmed. Nothing of it is reserved, so that what falls
/// away needs no deadline of its own.
pub(crate) fn confirm_by(turn: &Turn<'_>, batch: &StoredBatch) -> Timestamp {
    batch.received_at.plus(turn.config.unconfirmed_batch)
}

/// Whether nobody has confirmed a batch in time.
pub(crate) fn is_expired(turn: &Turn<'_>, batch: &StoredBatch) -> bool {
    batch.confirmed_at.is_none() && turn.now >= confirm_by(turn, batch)
}

/// Refunds one item of a batch, or says why not; what of the charge went back with it.
fn settle(
    turn: &mut Turn<'_>,
    batch: &StoredBatch,
    item: &StoredItem,
) -> Result<Result<Fen, ErrorCode>, Fault> {
    let Some(trade) = trade::load(turn.tx, &item.trade_no)? else {
        return Ok(Err(ErrorCode::TradeNotExists));
    };
    if let Err(code) = check_owner(&trade, &batch.partner, &batch.seller) {
        return Ok(Err(code));
    }
    let royalty = match returned_shares(turn, item, batch.charset)? {
        Ok(royalty) => royalty,
        Err(code) => return Ok(Err(code)),
    };
    let by = match batch.origin {
        Origin::Nopwd => Actor::Partner,
        Origin::Pwd | Origin::Desk => Actor::Seller(batch.seller.clone()),
    };
    let asked = PaidRefund { amount: item.amount, royalty };
    Ok(match decide(turn, &trade, &asked, by)? {
        Ok(refunded) => {
            apply::apply(turn, &refunded.change)?;
            Ok(refunded.charge)
        }
        Err(code) => Err(code),
    })
}

/// A trade of another partner, or of another seller than the batch speaks for.
fn check_owner(trade: &Trade, partner: &PartnerId, seller: &UserId) -> Result<(), ErrorCode> {
    let is_theirs = trade.request.partner == *partner && trade.seller == *seller;
    if is_theirs { Ok(()) } else { Err(ErrorCode::NotThisPartnersTrade) }
}

/// Lets the engine decide, on what the parties hold now.
fn decide(
    turn: &mut Turn<'_>,
    trade: &Trade,
    asked: &PaidRefund,
    by: Actor,
) -> Result<Result<Refunded, ErrorCode>, Fault> {
    let seller = turn.user(&trade.seller)?;
    if !seller.is_some_and(|seller| seller.holder().may_give_back()) {
        return Ok(Err(ErrorCode::TxnResultAccountStatusNotValid));
    }
    let parties = asked.royalty.iter().flat_map(|share| [&share.payer, &share.receiver]);
    let mut balances = Balances::new();
    for party in parties.chain([&trade.seller]) {
        let held = account::balance(turn.tx, &Account::User(party.clone()))?;
        balances.insert(party.clone(), held);
    }
    match fastpay_refund::refund(trade, asked, &balances, by, turn.now) {
        Ok(refunded) => Ok(Ok(refunded)),
        Err(Refusal::Wire(code)) => Ok(Err(code)),
        Err(other) => Err(Fault::invariant(format!("a refund was refused with {other}"))),
    }
}

/// The item's royalty parts with their accounts looked up.
fn returned_shares(
    turn: &mut Turn<'_>,
    item: &StoredItem,
    charset: Charset,
) -> Result<Result<Vec<ReturnedShare>, ErrorCode>, Fault> {
    if item.royalty.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let parts: Vec<RoyaltyRefund> = RefundItem::parse_royalty(&item.royalty, charset)
        .map_err(|code| Fault::invariant(format!("stored royalty is refused now: {}", code.as_str())))?;
    let mut shares = Vec::with_capacity(parts.len());
    for part in parts {
        let payer = match find_account(turn, &part.payer)? {
            Ok(payer) if !payer.holder().may_give_back() => {
                return Ok(Err(ErrorCode::RoyaltyerNotSignProtocol));
            }
            Ok(payer) => payer,
            Err(code) => return Ok(Err(code)),
        };
        let receiver = match find_account(turn, &part.receiver)? {
            Ok(receiver) => receiver,
            Err(code) => return Ok(Err(code)),
        };
        shares.push(ReturnedShare { payer: payer.user_id, receiver: receiver.user_id, amount: part.amount });
    }
    Ok(Ok(shares))
}

/// Whom a refund names: ACCOUNT_NOT_EXISTS, or EMAIL_USERID_NOT_MATCH where name and id are two accounts'.
pub(crate) fn find_account(
    turn: &mut Turn<'_>,
    named: &AccountRef,
) -> Result<Result<User, ErrorCode>, Fault> {
    let user = match (&named.user_id, &named.email) {
        (Some(id), _) => turn.user(id)?,
        (None, Some(email)) => turn.user_by_email(email)?,
        (None, None) => None,
    };
    let Some(user) = user else { return Ok(Err(ErrorCode::AccountNotExists)) };
    let is_same = named.email.as_ref().is_none_or(|email| user.email.eq_ignore_ascii_case(email));
    Ok(if is_same { Ok(user) } else { Err(ErrorCode::EmailUseridNotMatch) })
}

/// The merchant is told of every item, once (protocol.md §7.5).
fn owe_letter(turn: &mut Turn<'_>, batch: &StoredBatch) -> Result<(), Fault> {
    let (Some(notify_url), Some(sign_type)) = (&batch.notify_url, batch.sign_type) else { return Ok(()) };
    let seller = turn.user(&batch.seller)?;
    let email = seller.map(|seller| fit(batch.charset, &seller.email)).unwrap_or_default();
    let items = refund_batch::load_items(turn.tx, &batch.thread)?;
    let results = items.into_iter().map(|item| ItemResult {
        outcome: Outcome::from_wire(item.result.as_deref().unwrap_or(ErrorCode::RefundFail.as_str())),
        charge: item.charge.is_positive().then(|| ReturnedCharge {
            email: email.clone(),
            user_id: batch.seller.clone(),
            amount: item.charge,
            outcome: Outcome::Success,
        }),
        trade_no: item.trade_no,
        amount: item.amount,
    });
    let results = BatchResults {
        batch_no: batch.batch_no.clone(),
        success_num: usize::try_from(batch.succeeded).unwrap_or(0),
        results: results.collect(),
    };
    let params = batch_refund_notify::build(&results, batch.charset)
        .map_err(|error| Fault::invariant(format!("batch {} cannot be told: {error}", batch.thread)))?;
    let letter = Letter {
        partner: batch.partner.clone(),
        sign_type,
        charset: batch.charset,
        params: params.to_urlencoded().into_bytes(),
    };
    let entropy = &mut turn.memory.entropy;
    notice::insert_letter(turn.tx, &batch.thread, notify_url, &letter, entropy, turn.now)?;
    Ok(())
}

/// What a seller gives back at the desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeskRefund {
    pub(crate) amount: Fen,
    pub(crate) reason: String,
}

/// The seller gives money of one trade back: a batch of one, done at once or not kept at all. No merchant can choose
/// its number, and no letter follows; the trade's own notification does.
pub(crate) fn by_seller(
    turn: &mut Turn<'_>,
    trade: &Trade,
    asked: &DeskRefund,
) -> Result<Result<Trade, Refusal>, Fault> {
    let paid = PaidRefund { amount: asked.amount, royalty: Vec::new() };
    let refunded = match decide(turn, trade, &paid, Actor::Seller(trade.seller.clone()))? {
        Ok(refunded) => refunded,
        Err(code) => return Ok(Err(code.into())),
    };
    let after = apply::apply(turn, &refunded.change)?;
    let number = services::payment::next_trade_no(turn)?;
    let thread = Thread::from(&number);
    let batch = StoredBatch {
        batch_no: BatchNo::new(format!("desk-{number}")),
        partner: trade.request.partner.clone(),
        origin: Origin::Desk,
        seller: trade.seller.clone(),
        secret: turn.memory.entropy.text(26),
        sign_type: None,
        charset: Charset::Utf8,
        notify_url: None,
        items: 1,
        done: 1,
        succeeded: 1,
        received_at: turn.now,
        confirmed_at: Some(turn.now),
        finished_at: Some(turn.now),
        thread,
    };
    let item = RefundItem {
        trade_no: trade.trade_no.clone(),
        amount: asked.amount,
        reason: asked.reason.clone(),
        royalty: Vec::new(),
    };
    refund_batch::insert(turn.tx, &batch, None, &[item])?;
    refund_batch::note_result(turn.tx, &batch.thread, 1, SUCCESS, refunded.charge, turn.now)?;
    Ok(Ok(after))
}
