//! Error notifications: the gateway tells that it has refused a direct-pay request, by a letter to `error_notify_url`
//! (protocol.md §8.4).
//!
//! A letter tells of a link, not of an order: who follows the link of a paid order once more makes one too, and what was
//! refused a minute ago may be paid now. So it is kept, told and shown, and changes nothing else.

use danbao_merchant::inbox::Outcome;
use danbao_merchant::protocol::node::{AskId, Request, Response};
use danbao_merchant::{Genuine, Received, RefusedRequest, Rejected, answer};
use danbao_node::Fault;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::belief::{self, Door, Taken};
use crate::rows::payment_request::RequestRow;
use crate::rows::refusal::{self, RefusalRow};
use crate::terms::Terms;
use crate::turn::Turn;
use crate::{events, payment_requests, web};

/// `POST /pay/error_notify`: somebody who says that he is the gateway and has refused a payment request.
pub(crate) fn notification(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::notification(content_type, request.body());
    belief::take_in(turn, ask, Door::Refusal, request.body(), received)
}

/// Takes a genuine letter: finds the payment request that it is about, keeps the letter by its `notify_id`, and tells the
/// shop if it is the first of this id.
pub(crate) fn take_letter(turn: &mut Turn<'_, '_>, genuine: Genuine) -> Result<Taken, Fault> {
    let number = match genuine.order_named() {
        Ok(number) => number,
        Err(rejected) => return Ok(Err(rejected)),
    };
    // No number of ours holds what a database cannot.
    let found = match number.as_str().contains('\0') {
        true => None,
        false => payment_requests::find(turn, number.as_str())?,
    };
    let Some((order, row)) = found else { return Ok(Err(Rejected::NoSuchOrder)) };
    let letter = match about(genuine, &row)? {
        Ok(letter) => letter,
        Err(rejected) => return Ok(Err(rejected)),
    };
    let refusal = RefusalRow {
        partner: row.partner,
        notify_id: letter.notify_id().clone(),
        out_trade_no: row.out_trade_no,
        error_code: letter.refused().as_str().to_owned(),
        refused_at: letter.letter().notify_time,
    };
    if !refusal::keep(&mut **turn.tx, &refusal)? {
        return Ok(Ok((Outcome::AlreadyDone, answer::success())));
    }
    let data = json!({
        "order_no": order.order_no,
        "out_trade_no": refusal.out_trade_no.as_str(),
        "error_code": refusal.error_code,
        "refused_at": web::rfc3339(refusal.refused_at),
    });
    events::write(turn, "payment_request.refused", &order.order_no, &data)?;
    let RefusalRow { out_trade_no, error_code, .. } = refusal;
    tracing::warn!(number = %out_trade_no, code = error_code, "the gateway has refused a payment request");
    Ok(Ok((Outcome::Applied, answer::success())))
}

/// The letter, if it is of the partner under whom the payment request was made.
fn about(genuine: Genuine, row: &RequestRow) -> Result<Result<RefusedRequest, Rejected>, Fault> {
    if *genuine.partner() != row.partner {
        return Ok(Err(Rejected::OtherPartner));
    }
    let letter = genuine.refused_request(Terms::stored(&row.terms)?.charset()?);
    Ok(letter.and_then(|letter| match is_text(&letter) {
        true => Ok(letter),
        false => Err(Rejected::Illegible("error_code")),
    }))
}

/// Whether both words of a letter that are kept are text to a database.
fn is_text(letter: &RefusedRequest) -> bool {
    let words = [letter.notify_id().as_str(), letter.refused().as_str()];
    words.iter().all(|word| !word.contains('\0'))
}

/// The last refusal of a payment request, as the API shows it.
pub(crate) fn last_shown(turn: &mut Turn<'_, '_>, row: &RequestRow) -> Result<Value, Fault> {
    let last = refusal::last_of(&mut **turn.tx, &row.out_trade_no)?;
    Ok(last.map_or(
        Value::Null,
        |last| json!({ "error_code": last.error_code, "refused_at": web::rfc3339(last.refused_at) }),
    ))
}
