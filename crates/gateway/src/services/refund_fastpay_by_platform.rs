//! refund_fastpay_by_platform_pwd and _nopwd: a batch of refunds is checked as a whole and kept; its items are taken
//! afterwards, each by itself (protocol.md §7.5, [`crate::refunds`]).

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::UserId;
use danbao_protocol::params::Params;
use danbao_protocol::reply;
use danbao_protocol::service::refund_fastpay_by_platform::{RefundBatch, RefundService};

use super::{Answer, Call, payment, sign_type_of};
use crate::desk;
use crate::refunds;
use crate::rows::notice::Thread;
use crate::rows::partner::Partner;
use crate::rows::refund_batch::{self, Origin, StoredBatch};
use crate::turn::Turn;
use crate::web;

/// Keeps the batch. A server hears that it is kept; a browser is led to the page where the seller confirms.
pub(super) fn answer(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let request = match RefundBatch::parse(&call.params, call.charset, turn.now) {
        Ok(request) => request,
        Err(code) => return Ok(Err(call.refused(code))),
    };
    let batch = match keep(turn, call, &request)? {
        Ok(batch) => batch,
        Err(code) => return Ok(Err(call.refused(code))),
    };
    Ok(Ok(match request.service {
        RefundService::Nopwd => web::xml(call.charset, reply::done(call.charset)),
        RefundService::Pwd => web::see_other(&desk::refund_batch::path(&batch)),
    }))
}

fn keep(
    turn: &mut Turn<'_>,
    call: &Call,
    request: &RefundBatch,
) -> Result<Result<StoredBatch, ErrorCode>, Fault> {
    let seller = match check_seller(turn, &call.partner, request)? {
        Ok(seller) => seller,
        Err(code) => return Ok(Err(code)),
    };
    if let Some(first) = refund_batch::load_by_batch_no(turn.tx, &request.partner, &request.batch_no)? {
        let leads_back = request.service == RefundService::Pwd
            && first.origin == Origin::Pwd
            && first.confirmed_at.is_none()
            && !refunds::is_expired(turn, &first)
            && first.seller == seller
            && is_same(turn, &first, request)?;
        return Ok(if leads_back { Ok(first) } else { Err(ErrorCode::DuplicateBatchNo) });
    }
    let batch = StoredBatch {
        thread: Thread::from(&payment::next_trade_no(turn)?),
        partner: request.partner.clone(),
        batch_no: request.batch_no.clone(),
        origin: match request.service {
            RefundService::Pwd => Origin::Pwd,
            RefundService::Nopwd => Origin::Nopwd,
        },
        seller,
        secret: turn.memory.entropy.text(26),
        sign_type: sign_type_of(&call.params),
        charset: call.charset,
        notify_url: request.notify_url.clone(),
        items: i64::try_from(request.items.len()).unwrap_or(i64::MAX),
        done: 0,
        succeeded: 0,
        received_at: turn.now,
        confirmed_at: (request.service == RefundService::Nopwd).then_some(turn.now),
        finished_at: None,
    };
    let params = call.params.to_urlencoded();
    refund_batch::insert(turn.tx, &batch, Some(params.as_bytes()), &request.items)?;
    Ok(Ok(batch))
}

/// What concerns the call and not an item: the contract, then the seller.
fn check_seller(
    turn: &mut Turn<'_>,
    partner: &Partner,
    request: &RefundBatch,
) -> Result<Result<UserId, ErrorCode>, Fault> {
    if !partner.is_refundable {
        return Ok(Err(ErrorCode::PartnerNotSignProtocol));
    }
    let seller = match refunds::find_account(turn, &request.seller)? {
        Ok(seller) => seller,
        Err(code) => return Ok(Err(code)),
    };
    if !partner.sellers.contains(&seller.user_id) {
        return Ok(Err(ErrorCode::SellerNotSignProtocol));
    }
    if !seller.holder().may_give_back() {
        return Ok(Err(ErrorCode::SellerStatusNotAllow));
    }
    Ok(Ok(seller.user_id))
}

/// Whether the batch was sent before just so; its `refund_date` may be another, because the merchant asked again.
fn is_same(turn: &mut Turn<'_>, first: &StoredBatch, again: &RefundBatch) -> Result<bool, Fault> {
    let broken = |what: &str| Fault::invariant(format!("the call of batch {} {what}", first.thread));
    let params = refund_batch::load_params(turn.tx, &first.thread)?.ok_or_else(|| broken("is gone"))?;
    let params = Params::parse_urlencoded(&params).map_err(|_| broken("does not parse"))?;
    let before = RefundBatch::parse(&params, first.charset, first.received_at)
        .map_err(|code| broken(&format!("is refused now: {}", code.as_str())))?;
    Ok(before.items == again.items
        && before.notify_url == again.notify_url
        && before.charset == again.charset)
}
