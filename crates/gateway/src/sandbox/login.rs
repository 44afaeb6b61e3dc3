//! A headless buyer at the quick login: signs in, agrees, chooses an address, or comes by etao, and says where its browser
//! would go with what.

use danbao_engine::standing::UserStatus;
use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::service::Service;
use danbao_protocol::service::address_query::AddressQuery;
use danbao_protocol::sign::SignType;
use serde::Deserialize;
use serde_json::{Value, json};

use super::checkout::{find_user, first_entry};
use super::{Answer, Problem, read};
use crate::login::etao::{self, Visitor};
use crate::login::{address, quick, token};
use crate::rows::address as book;
use crate::rows::login::{self, Entrance};
use crate::rows::users::User;
use crate::services::{self, Call};
use crate::turn::Turn;

fn refused(code: ErrorCode) -> Answer {
    Ok(Ok(json!({ "error_code": code.as_str() })))
}

/// What `gateway.do` does with a signed address before the service itself looks at it.
fn admit(turn: &mut Turn<'_>, url: &str, wanted: Service) -> Result<Result<Call, ErrorCode>, Fault> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let Ok(params) = Params::receive(query.as_bytes(), None, b"") else {
        return Ok(Err(ErrorCode::IllegalArgument));
    };
    let is_wanted = params.get("service") == Some(wanted.as_str().as_bytes());
    let call = services::admit(turn, params, is_wanted.then_some(wanted), None)?;
    Ok(call.map_err(|refused| refused.code))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    /// The signed address of `gateway.do` that the merchant made.
    url: String,
    /// E-mail address or user id.
    user: String,
}

/// `POST /login`: somebody signs in, agrees, and is sent back.
pub(super) fn sign_in(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let Login { url, user } = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(user) = find_user(turn, &user)? else { return Ok(Err(Problem::not_found("such user"))) };
    let call = match admit(turn, &url, Service::AlipayAuthAuthorize)? {
        Ok(call) => call,
        Err(code) => return refused(code),
    };
    let asked = match quick::accept(turn, &call)? {
        Ok(asked) => asked,
        Err(code) => return refused(code),
    };
    if let Err(code) = quick::check_status(&user) {
        return refused(code);
    }
    login::consent(turn.tx, &user.user_id, &call.partner.partner, turn.now)?;
    told(quick::return_url(turn, &call.partner, &asked, &user)?)
}

/// Where the browser goes, and the token that is in the address.
fn told(return_url: String) -> Answer {
    let query = return_url.rsplit_once('?').map_or("", |(_, query)| query);
    let params = Params::parse_urlencoded(query.as_bytes()).unwrap_or_default();
    let token = params.get_text("token", Charset::Utf8).ok().flatten();
    Ok(Ok(json!({ "return_url": return_url, "token": token })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Etao {
    partner: String,
    /// The page that was clicked on.
    target_url: String,
    /// E-mail address or user id; nobody if absent.
    #[serde(default)]
    user: Option<String>,
    /// Whether the visitor is known at the market alone, by the nickname.
    #[serde(default)]
    by_nickname: bool,
    /// Where the partner wants its visitors; that of its last login if absent.
    #[serde(default)]
    return_url: Option<String>,
    #[serde(default)]
    input_charset: Option<String>,
    #[serde(default)]
    sign_type: Option<String>,
}

/// `POST /etao`: a click on etao.
pub(super) fn click(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let body: Etao = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let id = PartnerId::new(body.partner.as_str());
    let Some(partner) = turn.partner(&id)? else { return Ok(Err(Problem::not_found("such partner"))) };
    if !partner.services.contains(&Service::AlipayAuthAuthorize) {
        return refused(ErrorCode::HasNoPrivilege);
    }
    let entrance = match entrance(turn, &id, &body)? {
        Ok(entrance) => entrance,
        Err(problem) => return Ok(Err(problem)),
    };
    if turn.signer(&partner, entrance.sign_type)?.is_none() {
        return refused(ErrorCode::IllegalSecurityProfile);
    }
    if !etao::is_target(&body.target_url) {
        let detail = "target_url is a full http or https address in ASCII";
        return Ok(Err(Problem::unprocessable("target_url_malformed", detail)));
    }
    let user = match &body.user {
        None => None,
        Some(name) => match find_user(turn, name)? {
            Some(user) => Some(user),
            None => return Ok(Err(Problem::not_found("such user"))),
        },
    };
    if let Some(Err(code)) = user.as_ref().map(quick::check_status) {
        return refused(code);
    }
    let visitor = match &user {
        None => Visitor::Nobody,
        Some(user) if body.by_nickname => Visitor::Market(user),
        Some(user) => Visitor::Platform(user),
    };
    match etao::arrival(turn, &partner, &entrance, &body.target_url, &visitor)? {
        Some(url) => told(url),
        None => Ok(Err(Problem::unprocessable("nickname_missing", "this member has no nickname"))),
    }
}

/// Where the partner wants its visitors: as the body says, which is then remembered, or as at its last login.
fn entrance(
    turn: &mut Turn<'_>,
    partner: &PartnerId,
    body: &Etao,
) -> Result<Result<Entrance, Problem>, Fault> {
    let Some(return_url) = &body.return_url else {
        let missing =
            || Problem::unprocessable("return_url_missing", "this partner has asked for no login yet");
        return Ok(login::load_entrance(turn.tx, partner)?.ok_or_else(missing));
    };
    let charset = body.input_charset.as_deref().map_or(Some(Charset::Utf8), Charset::from_label);
    let sign_type = body.sign_type.as_deref().map_or(Some(SignType::Md5), SignType::from_wire);
    let (Some(charset), Some(sign_type), true) = (charset, sign_type, etao::is_target(return_url)) else {
        let detail = "return_url is a full address, input_charset and sign_type are as on the wire";
        return Ok(Err(Problem::unprocessable("entrance_malformed", detail)));
    };
    let entrance = Entrance { return_url: return_url.clone(), charset, sign_type };
    login::note_entrance(turn.tx, partner, &entrance)?;
    Ok(Ok(entrance))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    /// The signed address of `gateway.do` that the merchant made.
    url: String,
    /// Who signs in, by e-mail address or user id; whoever the token stands for if absent.
    #[serde(default)]
    user: Option<String>,
    /// Index in the buyer's address book.
    #[serde(default)]
    address: usize,
}

/// `POST /address`: somebody chooses an address; the answer is what the browser would POST.
pub(super) fn choose(turn: &mut Turn<'_>, request: &Request) -> Answer {
    let body: Address = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let call = match admit(turn, &body.url, Service::UserLogisticsAddressQuery)? {
        Ok(call) => call,
        Err(code) => return refused(code),
    };
    let query = match AddressQuery::parse(&call.params, call.charset) {
        Ok(query) => query,
        Err(code) => return refused(code),
    };
    let Some(user) = buyer(turn, &body, &query)? else {
        let detail = "the token does not hold, so that a browser would show the sign-in: say who signs in";
        return Ok(Err(Problem::unprocessable("sign_in_needed", detail)));
    };
    let entries = book::load_of(turn.tx, &user.user_id)?;
    let entry = match entries.get(body.address) {
        Some(entry) => entry.clone(),
        None if entries.is_empty() => first_entry(turn, &user)?,
        None => return Ok(Err(Problem::not_found("such address"))),
    };
    let Some(parts) = entry.in_parts() else {
        let detail = "the region of this address is not known; a browser would show its form";
        return Ok(Err(Problem::unprocessable("region_missing", detail)));
    };
    let params = address::post(turn, &call.partner, &query, &user, parts)?;
    let body: Value = params.to_urlencoded().into();
    Ok(Ok(json!({ "return_url": query.return_url, "body": body })))
}

fn buyer(turn: &mut Turn<'_>, body: &Address, query: &AddressQuery) -> Result<Option<User>, Fault> {
    match (&body.user, &query.token) {
        (Some(name), _) => Ok(find_user(turn, name)?.filter(|user| user.status == UserStatus::Member)),
        (None, Some(token)) => token::holder(turn, token, &query.partner),
        (None, None) => Ok(None),
    }
}
