//! 批量退款: the page where a seller looks at a merchant's batch, confirms it with the payment password and sees how far
//! it is (protocol.md §7.5, `refund_fastpay_by_platform_pwd`).

use danbao_node::Fault;
use danbao_protocol::ids::BatchNo;
use danbao_protocol::money::Fen;
use danbao_protocol::node::{Request, Response};
use http::{Method, StatusCode};
use subtle::ConstantTimeEq;

use super::member;
use crate::cashier;
use crate::pages::{self, BatchState, FormError, Link, LinkLabel, Message, NoticeKind, RefundLine};
use crate::refunds;
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
        return page(turn, &visit, request, &batch, None);
    }
    let form = Fields::of_body(request);
    let confirmed = if visit.is_own_form(&form) {
        confirm(turn, &batch, &user, &form)?
    } else {
        Err(FormError::whole(Message::FormExpired))
    };
    match confirmed {
        Ok(()) => Ok(visit.see_other(&path(&batch))),
        Err(error) => page(turn, &visit, request, &batch, Some(error)),
    }
}

fn find(turn: &mut Turn<'_>, id: &str) -> Result<Option<StoredBatch>, Fault> {
    let Some((number, secret)) = id.split_at_checked(NUMBER_LEN) else { return Ok(None) };
    let batch = refund_batch::load(turn.tx, &Thread::new(number))?;
    Ok(batch.filter(|batch| bool::from(batch.secret.as_bytes().ct_eq(secret.as_bytes()))))
}

/// The password lets the items go; a second click finds them gone, and that is well. What cannot be confirmed is said
/// before the password is looked at: nobody loses a try over it.
fn confirm(
    turn: &mut Turn<'_>,
    batch: &StoredBatch,
    user: &User,
    form: &Fields,
) -> Result<Result<(), FormError>, Fault> {
    match state(turn, batch) {
        BatchState::Running | BatchState::Finished => return Ok(Ok(())),
        BatchState::Expired => return Ok(Err(FormError::whole(Message::BatchExpired))),
        BatchState::Unconfirmed if !user.holder().may_give_back() => {
            return Ok(Err(FormError::whole(Message::AccountFrozen)));
        }
        BatchState::Unconfirmed => {}
    }
    if let Err(error) = cashier::check_payment_password(turn, user, form)? {
        return Ok(Err(error));
    }
    refund_batch::confirm(turn.tx, &batch.thread, turn.now)?;
    Ok(Ok(()))
}

fn state(turn: &Turn<'_>, batch: &StoredBatch) -> BatchState {
    match (batch.confirmed_at, batch.finished_at) {
        (None, _) if refunds::is_expired(turn, batch) => BatchState::Expired,
        (None, _) => BatchState::Unconfirmed,
        (Some(_), None) => BatchState::Running,
        (Some(_), Some(_)) => BatchState::Finished,
    }
}

/// Items on one page.
const LINES: i64 = 100;

/// Which page of so many items is asked for: the first, if there is no such page.
fn page_asked(request: &Request, items: i64) -> (i64, i64) {
    let pages = items.saturating_add(LINES - 1).div_euclid(LINES).max(1);
    let asked = Fields::of_query(request).get("page").parse::<i64>();
    (asked.ok().filter(|page| (1..=pages).contains(page)).unwrap_or(1), pages)
}

fn page(
    turn: &mut Turn<'_>,
    visit: &Visit,
    request: &Request,
    batch: &StoredBatch,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let (number, pages) = page_asked(request, batch.items);
    let items = refund_batch::load_items_after(turn.tx, &batch.thread, (number - 1) * LINES, LINES)?;
    let amounts = refund_batch::load_amounts(turn.tx, &batch.thread)?;
    let total = amounts.into_iter().try_fold(Fen::ZERO, Fen::checked_add);
    let merchant = turn.partner(&batch.partner)?.map(|partner| partner.display_name.clone());
    let seller = turn.user(&batch.seller)?;
    let state = state(turn, batch);
    let may_pay = seller.as_ref().is_some_and(|seller| seller.holder().may_give_back());
    let is_unconfirmed = state == BatchState::Unconfirmed;
    let why_not = || (is_unconfirmed && !may_pay).then(|| FormError::whole(Message::AccountFrozen));
    let page = pages::RefundBatch {
        id: id(batch),
        state,
        merchant: merchant.unwrap_or_default(),
        batch_no: batch.batch_no.to_string(),
        seller: seller.map(|seller| seller.email).unwrap_or_default(),
        total: total.map(|total| total.to_string()),
        count: batch.items,
        done: batch.done,
        succeeded: batch.succeeded,
        failed: batch.done.saturating_sub(batch.succeeded),
        may_confirm: is_unconfirmed && may_pay,
        confirm_by: refunds::confirm_by(turn, batch).wire(),
        lines: items.iter().map(|item| line(&batch.batch_no, item)).collect(),
        page: number,
        pages,
        error: error.or_else(why_not),
    };
    Ok(visit.page(&page))
}

/// One refund, as pages list it.
pub(super) fn line(batch_no: &BatchNo, item: &StoredItem) -> RefundLine {
    RefundLine {
        trade_no: item.trade_no.to_string(),
        batch_no: batch_no.to_string(),
        amount: item.amount.to_string(),
        reason: item.reason.clone(),
        has_royalty: !item.royalty.is_empty(),
        result: item.result.clone(),
        charge: item.charge.is_positive().then(|| item.charge.to_string()),
        at: item.done_at.map(|at| at.wire()),
    }
}
