//! “Use my address”: to the gateway's address book and back with an address (quick-login tutorial 4).

use std::time::Duration;

use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::{ChosenAddress, Received, Signed};
use danbao_node::Fault;
use http::header::CONTENT_TYPE;

use crate::incoming;
use crate::login::{self, CHARSET, USED, Why, ask_gateway, turn_away};
use crate::router::ADDRESS_RETURN_PATH;
use crate::rows;
use crate::turn::{Turn, Waiting};
use crate::visitor::Visitor;
use crate::web::{self, Fields};

/// How long the gateway's page may be left open before the buyer has to ask again.
const ASKED: Duration = Duration::from_secs(3600);

/// `POST /address`: to the address book; with `forget`, back to an empty form.
pub(crate) fn ask(turn: &mut Turn<'_, '_>, request: &Request, visitor: &Visitor) -> Result<Response, Fault> {
    let Some(session) = login::session(turn, visitor)? else {
        return Ok(web::see_other("/login?back=/checkout"));
    };
    if !Fields::of_body(request).get("forget").is_empty() {
        rows::member::forget_address(&mut **turn.tx, &session.user_id)?;
        return Ok(web::see_other("/checkout"));
    }
    rows::member::ask_address(&mut **turn.tx, &session.user_id, turn.now)?;
    let config = &turn.base.config;
    let return_url = format!("{}{ADDRESS_RETURN_PATH}", config.own_url);
    let query = config.account.address_query(CHARSET, return_url, &session);
    match config.account.address_query_url(&query) {
        Ok(url) => Ok(web::see_other(&url)),
        Err(why) => Err(Fault::invariant(format!("nobody can be sent to the address book: {why}"))),
    }
}

/// `POST /address/return`: what is said to be an address that a member has chosen.
pub(crate) fn returned(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &Visitor,
) -> Result<Option<Response>, Fault> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let received = Received::posted_return(content_type, request.body());
    let waiting = |signed, visitor| Waiting::Address { ask, signed, visitor };
    ask_gateway(turn, received, visitor, "address", waiting)
}

/// The gateway has spoken on an address, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    signed: Signed,
    outcome: &Result<Response, NoAnswer>,
    visitor: &Visitor,
) -> Result<Response, Fault> {
    let taken = match incoming::believe(signed, outcome).and_then(|genuine| genuine.address(CHARSET)) {
        Ok(chosen) => take(turn, &chosen)?,
        Err(rejected) => Err(Why::from(&rejected)),
    };
    match taken {
        Ok(()) => Ok(web::see_other("/checkout")),
        Err(why) => turn_away(turn, visitor, "address", why),
    }
}

/// Keeps the address for the member who was sent for it. The browser shows it at the check-out, where its cookie says
/// which member it is.
fn take(turn: &mut Turn<'_, '_>, chosen: &ChosenAddress) -> Result<Result<(), Why>, Fault> {
    let buyer = chosen.user_id().clone();
    let asked_at = rows::member::address_asked(&mut **turn.tx, &buyer)?;
    if rows::member::is_used(&mut **turn.tx, chosen.notify_id())? {
        return Ok(Err(Why::Used));
    }
    if asked_at.is_none_or(|asked_at| turn.now.since(asked_at) > ASKED) {
        return Ok(Err(Why::NotBegun));
    }
    let address = match chosen.of(&buyer) {
        Ok(address) => address,
        Err(rejected) => return Ok(Err(Why::from(&rejected))),
    };
    rows::member::use_return(&mut **turn.tx, chosen.notify_id(), turn.now.minus(USED), turn.now)?;
    rows::member::choose_address(&mut **turn.tx, &buyer, address, turn.now)?;
    Ok(Ok(()))
}
