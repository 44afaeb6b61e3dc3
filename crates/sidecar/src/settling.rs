//! A person ends a batch of refunds of which the gateway tells nothing more: whoever has looked at the gateway's desk says
//! what came of each item.
//!
//! It is a person's word, so it is not the last one: it may be corrected, and a genuine message of the gateway counts
//! whatever was said. Each tells the shop only what is news to it.

use danbao_merchant::protocol::ids::BatchNo;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde::Deserialize;

use crate::idempotency::{self, Made};
use crate::problem::Problem;
use crate::refunds::{self, Item};
use crate::rows::refund_batch::{self, BatchState};
use crate::turn::Turn;
use crate::web;

/// The body of `POST /v1/refunds/{batch_no}/settle`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settlement {
    items: Vec<Said>,
}

/// What came of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    out_trade_no: String,
    /// `succeeded`, `failed`
    state: String,
    /// Why it failed, if the desk says so in a word of the gateway's.
    error_code: Option<String>,
}

/// Longer words are none of the gateway's.
const ERROR_CODE_BYTES_MAX: usize = 64;

/// `POST /v1/refunds/{batch_no}/settle`
pub(crate) fn settle(turn: &mut Turn<'_, '_>, request: &Request, batch_no: &str) -> Result<Response, Fault> {
    let body = match web::read::<Settlement>(request) {
        Ok(body) => body,
        Err(problem) => return Ok(problem.respond()),
    };
    idempotency::once(turn, request, &body.hash, |turn| end(turn, batch_no, &body.value))
}

fn end(turn: &mut Turn<'_, '_>, batch_no: &str, settlement: &Settlement) -> Made {
    let Some(row) = refund_batch::load(&mut **turn.tx, &BatchNo::new(batch_no))? else {
        return Ok(Err(Problem::not_found("refund")));
    };
    if !row.state.is_a_persons() {
        let detail = "only what is accepted, unclear or settled: else the gateway has told, or will be asked";
        return Ok(Err(Problem::conflict("not_to_be_settled", detail)));
    }
    let items = match settled(refunds::stored(&row)?, &settlement.items) {
        Ok(items) => items,
        Err(problem) => return Ok(Err(problem)),
    };
    tracing::warn!(batch_no = %row.batch_no, was = row.state.as_str(), "a person has settled a batch of refunds");
    let error_code = row.error_code.clone();
    let row = refunds::finish(turn, row, BatchState::Settled, error_code, items)?;
    Ok(Ok((StatusCode::OK, refunds::shown(&row)?)))
}

/// The items as they were said to have ended: each of the batch, once, and no other.
fn settled(items: Vec<Item>, said: &[Said]) -> Result<Vec<Item>, Problem> {
    let wrong = |detail: String| Problem::unprocessable("settlement_refused", detail);
    if let Some(stranger) = said.iter().find(|s| items.iter().all(|i| i.out_trade_no != s.out_trade_no)) {
        return Err(wrong(format!("{} is not in this batch", stranger.out_trade_no)));
    }
    let one = |item: Item| {
        let mut about = said.iter().filter(|said| said.out_trade_no == item.out_trade_no);
        let (Some(said), None) = (about.next(), about.next()) else {
            return Err(wrong(format!("say once what came of {}", item.out_trade_no)));
        };
        let error_code = said.error_code.as_deref().filter(|code| !code.is_empty());
        match (said.state.as_str(), error_code) {
            ("succeeded", None) => {}
            ("succeeded", Some(_)) => {
                return Err(wrong(format!("{} has succeeded, so it has no error_code", item.out_trade_no)));
            }
            ("failed", code) if code.is_none_or(is_code) => {}
            ("failed", _) => {
                return Err(wrong(format!(
                    "the error_code of {} is no word of the gateway",
                    item.out_trade_no
                )));
            }
            _ => return Err(wrong(format!("the state of {} is succeeded or failed", item.out_trade_no))),
        }
        Ok(Item { state: said.state.clone(), error_code: error_code.map(str::to_owned), ..item })
    };
    items.into_iter().map(one).collect()
}

fn is_code(word: &str) -> bool {
    word.len() <= ERROR_CODE_BYTES_MAX
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
