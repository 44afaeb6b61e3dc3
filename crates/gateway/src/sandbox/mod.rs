//! The sandbox API: tests in any language make people, pay without a browser, move the clock and read the books.
//! Described by `openapi.json`; there is no such thing outside a sandbox.

mod checkout;
mod clock;
mod contracts;
pub(crate) mod demo;
mod faults;
mod login;
mod notices;
mod people;
mod refunds;
mod trades;

use danbao_node::Fault;
use danbao_node::problem::{holds_nul, problem};
use danbao_protocol::money::Fen;
use danbao_protocol::node::{Request, Response};
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use crate::rows::{account, setting};
use crate::turn::Turn;
use crate::web;

/// The API's description.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// A problem of RFC 9457: what the caller of the sandbox API did wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into() }
    }

    pub(crate) fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what}"))
    }

    pub(crate) fn unprocessable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    fn respond(self) -> Response {
        web::json(self.status, &problem(self.status, self.code, &self.detail))
    }
}

/// An answer of the API: JSON, or a problem.
pub(crate) type Answer = Result<Result<Value, Problem>, Fault>;

/// Answers everything below `/sandbox/v1`.
pub(crate) fn route(turn: &mut Turn<'_>, request: &Request, rest: &[&str]) -> Result<Response, Fault> {
    if let (&Method::GET, ["openapi.json"]) = (request.method(), rest) {
        return Ok(web::file("application/json", OPENAPI));
    }
    if !is_authorized(turn, request)? {
        let detail = "send the sandbox token: Authorization: Bearer ...";
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).respond();
        let challenge = http::HeaderValue::from_static("Bearer");
        response.headers_mut().insert(http::header::WWW_AUTHENTICATE, challenge);
        return Ok(response);
    }
    let answer = match (request.method(), rest) {
        (&Method::GET, ["state"]) => state(turn)?,
        (&Method::POST, ["partners"]) => people::create_partner(turn, request)?,
        (&Method::POST, ["partners", partner]) => people::change_partner(turn, request, partner)?,
        (&Method::POST, ["partners", partner, "terms"]) => contracts::change_terms(turn, request, partner)?,
        (&Method::GET, ["partners", partner, "refusals"]) => contracts::show_refusals(turn, partner)?,
        (&Method::POST, ["partners", partner, "refusals"]) => {
            contracts::plan_refusal(turn, request, partner)?
        }
        (&Method::POST, ["users"]) => people::create_user(turn, request)?,
        (&Method::POST, ["users", user_id]) => people::change_user(turn, request, user_id)?,
        (&Method::GET, ["trades"]) => trades::find(turn, request)?,
        (&Method::GET, ["trades", trade_no]) => trades::show(turn, trade_no)?,
        (&Method::POST, ["trades", trade_no, "actions"]) => trades::act(turn, request, trade_no)?,
        (&Method::GET, ["refund-batches"]) => refunds::find(turn, request)?,
        (&Method::POST, ["checkout"]) => checkout::run(turn, request)?,
        (&Method::POST, ["login"]) => login::sign_in(turn, request)?,
        (&Method::POST, ["address"]) => login::choose(turn, request)?,
        (&Method::POST, ["etao"]) => login::click(turn, request)?,
        (&Method::GET, ["clock"]) => clock::show(turn)?,
        (&Method::POST, ["clock", "advance"]) => clock::advance(turn, request)?,
        (&Method::GET, ["ledger"]) => ledger(turn)?,
        (&Method::GET, ["notices"]) => notices::list(turn, request)?,
        (&Method::GET, ["notices", notify_id]) => notices::show(turn, notify_id)?,
        (&Method::POST, ["notices", notify_id, "resend"]) => notices::resend(turn, notify_id)?,
        (&Method::GET, ["attempts"]) => notices::follow(turn, request)?,
        (&Method::GET, ["faults"]) => faults::list(turn, request)?,
        (&Method::POST, ["faults"]) => faults::begin(turn, request)?,
        (&Method::GET, ["faults", plan_id]) => faults::show(turn, plan_id)?,
        (&Method::POST, ["faults", plan_id, "end"]) => faults::end(turn, plan_id)?,
        _ => Err(Problem::not_found("such operation")),
    };
    Ok(answer.map_or_else(Problem::respond, |body| web::json(StatusCode::OK, &body)))
}

/// The bearer token of a sandbox's API, out of its database; `None` if it is no sandbox, or was never opened.
///
/// # Errors
/// If the database fails.
pub fn stored_token(conn: &mut dyn danbao_store::Conn) -> Result<Option<String>, Fault> {
    setting::load(conn, setting::SANDBOX_TOKEN)
}

/// Gives a new sandbox its token.
pub(crate) fn ensure_token(turn: &mut Turn<'_>) -> Result<(), Fault> {
    if setting::load(turn.tx, setting::SANDBOX_TOKEN)?.is_none() {
        let token = turn.memory.entropy.text(32);
        setting::save(turn.tx, setting::SANDBOX_TOKEN, &token)?;
    }
    Ok(())
}

fn is_authorized(turn: &mut Turn<'_>, request: &Request) -> Result<bool, Fault> {
    let header = request.headers().get(http::header::AUTHORIZATION);
    let Some(sent) =
        header.and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "))
    else {
        return Ok(false);
    };
    let token = turn.sandbox_token()?;
    let is_right: bool = token.as_bytes().ct_eq(sent.trim().as_bytes()).into();
    Ok(!token.is_empty() && is_right)
}

/// Reads a JSON body; unknown fields are refused, because a misspelt one would be a silent mistake.
pub(crate) fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Problem> {
    let malformed = |detail| Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail);
    let not_described = |error| malformed(format!("the body is not as described: {error}"));
    let body: Value = serde_json::from_slice(request.body()).map_err(not_described)?;
    if holds_nul(&body) {
        return Err(malformed("a text of the body holds NUL, which no database keeps".to_owned()));
    }
    serde_json::from_value(body).map_err(not_described)
}

/// `GET /state`: what kind of gateway this is, and its people.
fn state(turn: &mut Turn<'_>) -> Answer {
    let mut partners = Vec::new();
    for id in crate::rows::partner::load_ids(turn.tx)? {
        partners.extend(turn.partner(&id)?);
    }
    let members = crate::rows::users::load_members(turn.tx)?;
    Ok(Ok(json!({
        "sandbox": true,
        "now": turn.now.wire(),
        "public_url": turn.config.public_url,
        "partners": partners.iter().map(|partner| json!({
            "partner": partner.partner.as_str(),
            "display_name": partner.display_name,
            "seller_id": partner.user_id.as_str(),
        })).collect::<Vec<_>>(),
        "users": members.iter().map(people::show).collect::<Vec<_>>(),
    })))
}

/// `GET /ledger`: balances by account, and the imbalance, which is 0.
fn ledger(turn: &mut Turn<'_>) -> Answer {
    let balances = account::balances(turn.tx)?;
    let sum = balances.iter().try_fold(Fen::ZERO, |sum, (_, balance)| sum.checked_add(*balance));
    let Some(imbalance) = sum else { return Err(Fault::invariant("the ledger's sum overflows")) };
    let accounts: serde_json::Map<String, Value> =
        balances.into_iter().map(|(name, balance)| (name, json!(balance.to_string()))).collect();
    Ok(Ok(json!({ "accounts": accounts, "imbalance": imbalance.to_string() })))
}
