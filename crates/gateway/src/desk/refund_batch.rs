//! 批量退款: the page where a seller looks at a merchant's batch, confirms it with the payment password and sees how far
//! it is (protocol.md §7.5, `refund_fastpay_by_platform_pwd`).

use danbao_protocol::money::Fen;
use danbao_protocol::node::{Request, Response};
use http::{Method, StatusCode};
use subtle::ConstantTimeEq;

use super::member;
use crate::cashier;
use crate::fault::Fault;
use crate::pages::{self, BatchState, FormError, Link, LinkLabel, Message, NoticeKind, RefundLine};
use crate::rows::notice::Thread;
use crate::rows::refund_batch::{self, StoredBatch, StoredItem};
use crate::rows::users::User;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// Where a batch's page is. The number finds it, the secret keeps others out, and only its seller may look at it.
pub(crate) fn path(batch: &StoredBatch) -> String {
    format!("/refunds/{}", id(batch))
}

fn id(batch: &StoredBatch) -> String {
    format!("{}{}", batch.thread, batch.secret)
}

/// Digits of the number in front of the secret.
const NUMBER_LEN: usize = 16;

/// GET and POST `/refunds/{id}`.
pub(crate) fn route(turn: &mut Turn<'_>, request: &Request, id: &str) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let Some(batch) = find(turn, id)? else { return Ok(visit.not_found()) };
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(response),
    };
    if user.user_id != batch.seller {
        let url = format!("/desk/sign-in?next={}", path(&batch));
        let links = vec![Link { label: LinkLabel::SignIn, url }];
        return Ok(visit.notice(StatusCode::FORBIDDEN, NoticeKind::OtherSeller, links));
    }
    if request.method() == Method::GET {
        return page(turn, &visit, &batch, None);
    }
    let form = Fields::of_body(request);
    let confirmed = if visit.is_own_form(&form) {
        confirm(turn, &batch, &user, &form)?
    } else {
        Err(FormError::whole(Message::FormExpired))
    };
    match confirmed {
        Ok(()) => Ok(visit.see_other(&path(&batch))),
        Err(error) => page(turn, &visit, &batch, Some(error)),
    }
}

fn find(turn: &mut Turn<'_>, id: &str) -> Result<Option<StoredBatch>, Fault> {
    let Some((number, secret)) = id.split_at_checked(NUMBER_LEN) else { return Ok(None) };
    let batch = refund_batch::load(turn.tx, &Thread::new(number))?;
    Ok(batch.filter(|batch| bool::from(batch.secret.as_bytes().ct_eq(secret.as_bytes()))))
}

/// The password lets the items go; a second click finds them gone, and that is well.
fn confirm(
    turn: &mut Turn<'_>,
    batch: &StoredBatch,
    user: &User,
    form: &Fields,
) -> Result<Result<(), FormError>, Fault> {
    if batch.confirmed_at.is_some() {
        return Ok(Ok(()));
    }
    if let Err(error) = cashier::check_payment_password(turn, user, form)? {
        return Ok(Err(error));
    }
    refund_batch::confirm(turn.tx, &batch.thread, turn.now)?;
    Ok(Ok(()))
}

fn page(
    turn: &mut Turn<'_>,
    visit: &Visit,
    batch: &StoredBatch,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let items = refund_batch::load_items(turn.tx, &batch.thread)?;
    let total = items.iter().try_fold(Fen::ZERO, |sum, item| sum.checked_add(item.amount));
    let merchant = turn.partner(&batch.partner)?.map(|partner| partner.display_name.clone());
    let seller = turn.user(&batch.seller)?.map(|user| user.email);
    let state = match (batch.confirmed_at, batch.finished_at) {
        (None, _) => BatchState::Unconfirmed,
        (Some(_), None) => BatchState::Running,
        (Some(_), Some(_)) => BatchState::Finished,
    };
    let page = pages::RefundBatch {
        id: id(batch),
        state,
        merchant: merchant.unwrap_or_default(),
        batch_no: batch.batch_no.to_string(),
        seller: seller.unwrap_or_default(),
        total: total.map(|total| total.to_string()),
        count: batch.items,
        done: batch.done,
        succeeded: batch.succeeded,
        failed: batch.done.saturating_sub(batch.succeeded),
        lines: items.iter().map(|item| line(batch, item)).collect(),
        error,
    };
    Ok(visit.page(&page))
}

/// One refund, as pages list it.
pub(super) fn line(batch: &StoredBatch, item: &StoredItem) -> RefundLine {
    RefundLine {
        trade_no: item.trade_no.to_string(),
        batch_no: batch.batch_no.to_string(),
        amount: item.amount.to_string(),
        reason: item.reason.clone(),
        has_royalty: !item.royalty.is_empty(),
        result: item.result.clone(),
        charge: item.charge.is_positive().then(|| item.charge.to_string()),
        at: item.done_at.map(|at| at.wire()),
    }
}
