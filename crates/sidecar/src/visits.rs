//! Signing in and choosing an address over REST: the shop sends the buyer's browser to an address of the gateway, and
//! gets it back with a signed result (protocol.md §3.11-3.14).
//!
//! What is believed is believed once: by the notify_id of the return, and for a browser that we have sent, by the visit in
//! its `return_url`. `state` is the shop's own: it says whether the browser that comes is the one that was sent.

use std::time::Duration;

use danbao_merchant::inbox::Outcome;
use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::{PartnerId, UserId};
use danbao_merchant::protocol::node::{AskId, Request, Response};
use danbao_merchant::targets::Targets;
use danbao_merchant::{Account, BuyerSession, Genuine, Login, Received, Rejected};
use danbao_node::Fault;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::belief::{self, Door, Taken};
use crate::config::is_address;
use crate::problem::Problem;
use crate::router::{ADDRESS_PATH, LOGIN_PATH};
use crate::rows::visit::{self, Purpose, VisitRow};
use crate::turn::Turn;
use crate::{events, incoming, rows, terms, web};

/// A buyer is expected back for so long.
const VISIT_LIFE: Duration = Duration::from_secs(3600);
/// Longer texts of the shop are refused.
const STATE_BYTES_MAX: usize = 512;

/// The body of `POST /v1/logins` and `POST /v1/addresses`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewVisit {
    state: String,
    return_page: Option<String>,
    #[serde(default = "utf8")]
    charset: String,
    partner: Option<String>,
    /// Whose address.
    user_id: Option<String>,
}

fn utf8() -> String {
    "utf-8".to_owned()
}

/// `POST /v1/logins`, `POST /v1/addresses`
pub(crate) fn create(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    purpose: Purpose,
) -> Result<Response, Fault> {
    let wish = match web::read::<NewVisit>(request) {
        Ok(body) => body.value,
        Err(problem) => return Ok(problem.respond()),
    };
    let visit = match prepare(turn, &wish, purpose)? {
        Ok(visit) => visit,
        Err(problem) => return Ok(problem.respond()),
    };
    visit::insert(&mut **turn.tx, &visit)?;
    Ok(web::json(StatusCode::CREATED, &shown(turn, &visit)?))
}

fn prepare(
    turn: &mut Turn<'_, '_>,
    wish: &NewVisit,
    purpose: Purpose,
) -> Result<Result<VisitRow, Problem>, Fault> {
    let charset = match terms::known("charset", &wish.charset, Charset::from_label) {
        Ok(charset) => charset,
        Err(problem) => return Ok(Err(problem)),
    };
    if wish.state.is_empty() || wish.state.len() > STATE_BYTES_MAX {
        let detail = format!("state has 1 to {STATE_BYTES_MAX} bytes: a random text of the buyer's session");
        return Ok(Err(Problem::unprocessable("state_malformed", detail)));
    }
    if wish.return_page.as_deref().is_some_and(|page| !is_address(page)) {
        let detail = "return_page is not an absolute http or https address";
        return Ok(Err(Problem::unprocessable("address_malformed", detail)));
    }
    let Some(account) = turn.config.accounts.choose(wish.partner.as_deref(), None) else {
        return Ok(Err(Problem::unprocessable("account_unknown", "no account here has this partner")));
    };
    let user_id = match (purpose, &wish.user_id) {
        (Purpose::Login, None) => None,
        (Purpose::Login, Some(_)) => {
            let detail = "who signs in is not known before: leave user_id out";
            return Ok(Err(Problem::bad_request("malformed_json", detail)));
        }
        (Purpose::Address, named) => {
            let named = named.as_deref().unwrap_or_default();
            if rows::buyer::load(&mut **turn.tx, account.partner(), named)?.is_none() {
                return Ok(Err(Problem::unprocessable("buyer_unknown", "no such buyer has signed in")));
            }
            Some(named.to_owned())
        }
    };
    Ok(Ok(VisitRow {
        id: format!("{}{}", turn.entropy.short_id(), turn.entropy.short_id()),
        purpose,
        partner: account.partner().clone(),
        sign_type: account.sign_type(),
        charset,
        user_id,
        state: wish.state.clone(),
        return_page: wish.return_page.clone(),
        address: None,
        created_at: turn.now,
        done_at: None,
    }))
}

/// `GET /v1/logins/{login_id}`, `GET /v1/addresses/{address_id}`
pub(crate) fn show(turn: &mut Turn<'_, '_>, purpose: Purpose, id: &str) -> Result<Response, Fault> {
    Ok(match visit::load(&mut **turn.tx, purpose, id)? {
        Some(visit) => web::json(StatusCode::OK, &shown(turn, &visit)?),
        None => Problem::not_found(purpose.as_str()).respond(),
    })
}

fn shown(turn: &mut Turn<'_, '_>, visit: &VisitRow) -> Result<Value, Fault> {
    let is_open = visit.done_at.is_none() && turn.now.since(visit.created_at) <= VISIT_LIFE;
    let url = if is_open { way_there(turn, visit)? } else { None };
    let mut body = json!({
        "state": visit.state,
        "partner": visit.partner.as_str(),
        "user_id": visit.user_id,
        "created_at": web::rfc3339(visit.created_at),
        "done_at": visit.done_at.map(web::rfc3339),
    });
    match visit.purpose {
        Purpose::Login => {
            body["login_id"] = json!(visit.id);
            body["login_url"] = json!(url);
        }
        Purpose::Address => {
            body["address_id"] = json!(visit.id);
            body["address_url"] = json!(url);
            let address: Option<Value> =
                visit.address.as_deref().and_then(|text| serde_json::from_str(text).ok());
            body["address"] = json!(address);
        }
    }
    Ok(body)
}

/// The signed address at the gateway to send the browser to; `None` if no account is left for it.
fn way_there(turn: &mut Turn<'_, '_>, visit: &VisitRow) -> Result<Option<String>, Fault> {
    let config = turn.config;
    let Some(account) = config.accounts.of(&visit.partner, visit.sign_type) else { return Ok(None) };
    let url = match visit.purpose {
        Purpose::Login => {
            let back = format!("{}{LOGIN_PATH}/{}", config.public_url, visit.id);
            account.quick_login_url(&account.quick_login(visit.charset, back))
        }
        Purpose::Address => {
            let named = visit.user_id.as_deref().unwrap_or_default();
            let buyer = rows::buyer::load(&mut **turn.tx, &visit.partner, named)?;
            let buyer = buyer.ok_or_else(|| Fault::invariant(format!("{}: the buyer is gone", visit.id)))?;
            let back = format!("{}{ADDRESS_PATH}/{}", config.public_url, visit.id);
            account.address_query_url(&account.address_query(visit.charset, back, &buyer))
        }
    };
    url.map(Some).map_err(|why| Fault::invariant(format!("{}: {why}", visit.id)))
}

/// `GET /v1/buyers/{user_id}`: a buyer as they last came, by the default account's contract.
pub(crate) fn buyer(turn: &mut Turn<'_, '_>, user_id: &str) -> Result<Response, Fault> {
    let Some(partner) = turn.config.accounts.choose(None, None).map(Account::partner) else {
        return Ok(Problem::not_found("buyer").respond());
    };
    let Some(buyer) = rows::buyer::load(&mut **turn.tx, partner, user_id)? else {
        return Ok(Problem::not_found("buyer").respond());
    };
    let body = json!({
        "user_id": buyer.user_id.as_str(),
        "real_name": buyer.real_name,
        "came_by": buyer.came_by.as_str(),
        "since": web::rfc3339(buyer.since),
    });
    Ok(web::json(StatusCode::OK, &body))
}

/// `GET /pay/login/{login_id}`, and `GET /pay/login` for buyers from etao, whom nobody has sent.
pub(crate) fn login_return(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    id: &str,
) -> Result<Option<Response>, Fault> {
    let raw = request.uri().query().unwrap_or_default().as_bytes();
    let door = Door::Login { visit: Some(id.to_owned()).filter(|id| !id.is_empty()) };
    belief::take_in(turn, ask, door, raw, Received::page_return(raw, &[]))
}

/// `POST /pay/address/{address_id}`, by the buyer's browser.
pub(crate) fn address_return(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    id: &str,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::posted_return(content_type, request.body());
    belief::take_in(turn, ask, Door::Address { visit: id.to_owned() }, request.body(), received)
}

/// Takes a genuine login: the buyer's token is kept, and the browser goes on to the shop's page.
pub(crate) fn take_login(
    turn: &mut Turn<'_, '_>,
    id: Option<&str>,
    genuine: Genuine,
) -> Result<Taken, Fault> {
    let visit = match id {
        Some(id) => match expected(turn, Purpose::Login, id, genuine.partner())? {
            Some(visit) => Some(visit),
            None => return Ok(Err(Rejected::NotGenuine)),
        },
        None => None,
    };
    let partner = genuine.partner().clone();
    let charset = visit.as_ref().map_or(Charset::Utf8, |visit| visit.charset);
    let login = match genuine.login(charset) {
        Ok(login) => login,
        Err(rejected) => return Ok(Err(rejected)),
    };
    // The path is not signed: without its visit, somebody's own login would come with no state that could be compared.
    if visit.is_none() && login.target_url().is_none() {
        return Ok(Err(Rejected::NotGenuine));
    }
    if !rows::buyer::use_return(&mut **turn.tx, &partner, login.notify_id(), turn.now)? {
        return Ok(Err(Rejected::NotGenuine));
    }
    let session = BuyerSession::of(&login, turn.now);
    if let Some(buyer) = &session {
        sign_in(turn, &partner, visit.as_ref(), buyer)?;
    }
    let target_url = target(turn, &login);
    let claims = json!({
        "kind": "login",
        "verified": true,
        "check": Value::Null,
        "login_id": id,
        "state": visit.as_ref().map(|visit| visit.state.as_str()),
        "user_id": session.as_ref().map(|buyer| buyer.user_id.as_str()),
        "came_by": session.as_ref().map(|buyer| buyer.came_by.as_str()),
        "target_url": target_url,
    });
    let page = visit.and_then(|visit| visit.return_page);
    Ok(Ok((Outcome::Applied, incoming::with_result(turn, page, claims))))
}

fn sign_in(
    turn: &mut Turn<'_, '_>,
    partner: &PartnerId,
    visit: Option<&VisitRow>,
    buyer: &BuyerSession,
) -> Result<(), Fault> {
    rows::buyer::keep(&mut **turn.tx, partner, buyer)?;
    let user_id = buyer.user_id.as_str();
    if let Some(visit) = visit {
        let done = VisitRow { user_id: Some(user_id.to_owned()), done_at: Some(turn.now), ..visit.clone() };
        visit::finish(&mut **turn.tx, &done)?;
    }
    let data = json!({
        "user_id": user_id,
        "partner": partner.as_str(),
        "login_id": visit.map(|visit| visit.id.as_str()),
        "real_name": buyer.real_name,
        "came_by": buyer.came_by.as_str(),
    });
    events::write(turn, "buyer.signed_in", &subject(user_id), &data)
}

/// Events about one buyer go in order. No order has such a number.
fn subject(user_id: &str) -> String {
    format!("user:{user_id}")
}

/// Where a buyer from etao wants to go, if that is a page beside the shop's own: anybody may have written it.
fn target(turn: &Turn<'_, '_>, login: &Login) -> Option<String> {
    let targets = Targets::new(&turn.config.return_page, []).ok()?;
    targets.allow(login.target_url()?)
}

/// Takes a genuine address: for the buyer who was sent for it, once.
pub(crate) fn take_address(turn: &mut Turn<'_, '_>, id: &str, genuine: Genuine) -> Result<Taken, Fault> {
    let Some(visit) = expected(turn, Purpose::Address, id, genuine.partner())? else {
        return Ok(Err(Rejected::NotGenuine));
    };
    let partner = genuine.partner().clone();
    let buyer = UserId::new(visit.user_id.clone().unwrap_or_default());
    let chosen = match genuine.address(visit.charset) {
        Ok(chosen) => chosen,
        Err(rejected) => return Ok(Err(rejected)),
    };
    let address = match chosen.of(&buyer) {
        Ok(address) => parts(address),
        Err(rejected) => return Ok(Err(rejected)),
    };
    if !rows::buyer::use_return(&mut **turn.tx, &partner, chosen.notify_id(), turn.now)? {
        return Ok(Err(Rejected::NotGenuine));
    }
    let done = VisitRow { address: Some(address.to_string()), done_at: Some(turn.now), ..visit };
    visit::finish(&mut **turn.tx, &done)?;
    let data = json!({ "address_id": done.id, "user_id": buyer.as_str(), "partner": partner.as_str() });
    events::write(turn, "address.chosen", &subject(buyer.as_str()), &data)?;
    let claims = json!({
        "kind": "address",
        "verified": true,
        "check": Value::Null,
        "address_id": done.id,
        "state": done.state,
        "user_id": buyer.as_str(),
    });
    Ok(Ok((Outcome::Applied, incoming::with_result(turn, done.return_page, claims))))
}

fn parts(address: &ReceiveAddress) -> Value {
    json!({
        "prov": address.prov,
        "city": address.city,
        "area": address.area,
        "address_code": address.address_code,
        "address": address.address,
        "fullname": address.fullname,
        "mobile_phone": address.mobile_phone,
        "phone": address.phone,
        "post": address.post,
    })
}

/// The visit that a return ends, if its buyer is still expected and the message is of the same contract.
fn expected(
    turn: &mut Turn<'_, '_>,
    purpose: Purpose,
    id: &str,
    partner: &PartnerId,
) -> Result<Option<VisitRow>, Fault> {
    let visit = visit::load(&mut **turn.tx, purpose, id)?;
    let now = turn.now;
    Ok(visit.filter(|visit| {
        visit.done_at.is_none() && visit.partner == *partner && now.since(visit.created_at) <= VISIT_LIFE
    }))
}

/// Sends the browser on to the shop's page with a no. The state is given back only for a visit of ours.
pub(crate) fn turn_away(
    turn: &mut Turn<'_, '_>,
    purpose: Purpose,
    id: Option<&str>,
    rejected: &Rejected,
) -> Result<Response, Fault> {
    let visit = match id {
        Some(id) => visit::load(&mut **turn.tx, purpose, id)?,
        None => None,
    };
    let mut claims = json!({
        "kind": purpose.as_str(),
        "verified": false,
        "check": rejected.check().as_str(),
        "state": visit.as_ref().map(|visit| visit.state.as_str()),
        "user_id": Value::Null,
    });
    let name = if purpose == Purpose::Login { "login_id" } else { "address_id" };
    claims[name] = json!(visit.as_ref().map(|visit| visit.id.as_str()));
    if purpose == Purpose::Login {
        claims["came_by"] = Value::Null;
        claims["target_url"] = Value::Null;
    }
    Ok(incoming::with_result(turn, visit.and_then(|visit| visit.return_page), claims))
}
