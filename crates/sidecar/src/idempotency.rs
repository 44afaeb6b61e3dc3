//! `Idempotency-Key`: the same question asked twice is done once and answered alike.
//!
//! The answer is stored in the transaction of what it tells of. Problems are not stored: they have changed nothing, so
//! the question may simply be asked again. How long an answer is remembered stands in `forgetting`.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::Fault;
use http::StatusCode;
use serde_json::Value;

use crate::problem::Problem;
use crate::rows::idempotency::{self, Given};
use crate::turn::Turn;
use crate::web;

/// The name of the header.
const HEADER: &str = "idempotency-key";
/// Longer keys are refused.
const KEY_BYTES_MAX: usize = 255;

/// What a handler has made of a question that changes something.
pub(crate) type Made = Result<Result<(StatusCode, Value), Problem>, Fault>;

/// Lets `act` act, unless the key was used before. `act` must write nothing if it ends in a problem.
pub(crate) fn once(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    body_hash: &str,
    act: impl FnOnce(&mut Turn<'_, '_>) -> Made,
) -> Result<Response, Fault> {
    let Some(key) = request.headers().get(HEADER).map(|value| value.as_bytes()) else {
        let detail = "send an Idempotency-Key of your own for each new order or payment request";
        return Ok(Problem::bad_request("idempotency_key_missing", detail).respond());
    };
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        let detail = format!("an Idempotency-Key has 1 to {KEY_BYTES_MAX} bytes");
        return Ok(Problem::bad_request("idempotency_key_malformed", detail).respond());
    }
    let key_hash = web::sha256(&[request.uri().path().as_bytes(), key]);
    if let Some(given) = idempotency::load(&mut **turn.tx, &key_hash)? {
        return Ok(again(given, body_hash));
    }
    let (status, body) = match act(turn)? {
        Ok(made) => made,
        Err(problem) => return Ok(problem.respond()),
    };
    let given = Given {
        request_hash: body_hash.to_owned(),
        status: i64::from(status.as_u16()),
        body: body.to_string(),
    };
    idempotency::insert(&mut **turn.tx, &key_hash, &given, turn.now)?;
    Ok(web::json_text(status, given.body))
}

/// A name of the question, the same as long as its key and its meaning are: 64 hexadecimal digits.
pub(crate) fn name(request: &Request, body_hash: &str) -> String {
    let key = request.headers().get(HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    web::sha256(&[request.uri().path().as_bytes(), key, body_hash.as_bytes()])
}

fn again(given: Given, body_hash: &str) -> Response {
    if given.request_hash != body_hash {
        let detail = "this Idempotency-Key was used with another body";
        return Problem::unprocessable("idempotency_key_reused", detail).respond();
    }
    let status = u16::try_from(given.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    web::json_text(status.unwrap_or(StatusCode::OK), given.body)
}
