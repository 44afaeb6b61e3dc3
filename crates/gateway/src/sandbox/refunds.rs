//! Looking at refund batches.

use danbao_node::Fault;
use danbao_protocol::ids::{BatchNo, PartnerId};
use danbao_protocol::node::Request;
use serde_json::{Value, json};

use super::{Answer, Problem, notices};
use crate::desk;
use crate::refunds;
use crate::rows::notice;
use crate::rows::refund_batch::{self, StoredBatch};
use crate::turn::Turn;
use crate::web::Fields;

/// `GET /refund-batches?partner=&batch_no=`: one batch with every item.
pub(super) fn find(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let query = Fields::of_query(request);
    let (partner, batch_no) = (query.get("partner"), query.get("batch_no"));
    if partner.is_empty() || batch_no.is_empty() {
        return Ok(Err(Problem::unprocessable("batch_no_missing", "say which: partner= and batch_no=")));
    }
    let (partner, batch_no) = (PartnerId::new(partner), BatchNo::new(batch_no));
    match refund_batch::load_by_batch_no(turn.tx, &partner, &batch_no)? {
        Some(batch) => describe(turn, &batch).map(Ok),
        None => Ok(Err(Problem::not_found("such refund batch"))),
    }
}

fn describe(turn: &mut Turn<'_>, batch: &StoredBatch) -> Result<Value, Fault> {
    let items = refund_batch::load_items(turn.tx, &batch.thread)?;
    let mut told = Vec::new();
    for owed in notice::load_of(turn.tx, &batch.thread)? {
        told.push(notices::describe(turn, &owed)?);
    }
    Ok(json!({
        "partner": batch.partner.as_str(),
        "batch_no": batch.batch_no.as_str(),
        "origin": batch.origin.as_str(),
        "seller_id": batch.seller.as_str(),
        "path": desk::refund_batch::path(batch),
        "received_at": batch.received_at.wire(),
        "confirm_by": refunds::confirm_by(turn, batch).wire(),
        "confirmed_at": batch.confirmed_at.map(|at| at.wire()),
        "finished_at": batch.finished_at.map(|at| at.wire()),
        "count": batch.items,
        "done": batch.done,
        "succeeded": batch.succeeded,
        "items": items.iter().map(|item| json!({
            "trade_no": item.trade_no.as_str(),
            "amount": item.amount.to_string(),
            "reason": item.reason,
            "result": item.result,
            "charge": item.charge.to_string(),
        })).collect::<Vec<_>>(),
        "notices": told,
    }))
}
