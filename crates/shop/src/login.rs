//! Signing in at the gateway, and coming back to the very page that was left (quick-login tutorial 4 and 5).
//!
//! A return is let in once, and only on the browser that was sent to sign in: otherwise anybody could sign a visitor in as
//! somebody else by a link. Buyers from etao were sent by nobody here; for them the gateway's word has to do.

use std::time::Duration;

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::node::{AskId, NoAnswer, Request, Response};
use danbao_merchant::{BuyerSession, CameBy, Login, Received, Rejected, Signed};
use danbao_node::Fault;
use http::StatusCode;
use serde::Serialize;

use crate::router::LOGIN_RETURN_PATH;
use crate::turn::{Turn, Waiting};
use crate::visitor::Visitor;
use crate::web::{self, Fields};
use crate::{incoming, pages, rows};

/// The charset of everything here: names of people and places.
pub(crate) const CHARSET: Charset = Charset::Utf8;

/// How long the gateway's page may be left open before the buyer has to begin again.
const BEGUN: Duration = Duration::from_secs(3600);

/// How long it is remembered that a return has done its work. The gateway calls it genuine for a minute.
pub(crate) const USED: Duration = Duration::from_secs(24 * 3600);

/// How long a member stays signed in on a browser. The token is over long before; then the gateway asks for the password.
pub(crate) const SESSION: Duration = Duration::from_secs(24 * 3600);

/// The longest address of a page of ours that is worth coming back to.
const PAGE_BYTES_MAX: usize = 300;

/// Why somebody is turned away: the check that a message failed, or what the shop itself has against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The kit does not believe it.
    Check(&'static str),
    /// The gateway did not say whether it is genuine: the same link may still be good in a moment.
    Unheard,
    /// It has been used before.
    Used,
    /// Nobody was sent from this browser, or for this buyer.
    NotBegun,
    /// `target_url` leads to a place that is neither ours nor on the list.
    Target,
}

impl Why {
    fn word(self) -> &'static str {
        match self {
            Why::Check(word) => word,
            Why::Unheard => "unheard",
            Why::Used => "used",
            Why::NotBegun => "not_begun",
            Why::Target => "target",
        }
    }
}

/// Who is signed in on the visitor's browser.
pub(crate) fn session(turn: &mut Turn<'_, '_>, visitor: &Visitor) -> Result<Option<BuyerSession>, Fault> {
    let Some(id) = visitor.session() else { return Ok(None) };
    let session = rows::member::session(&mut **turn.tx, id)?;
    Ok(session.filter(|session| turn.now.since(session.since) <= SESSION))
}

/// A page of ours to go to; the shelf for whatever is not one.
pub(crate) fn own_page(turn: &Turn<'_, '_>, page: &str) -> String {
    let is_ours = page.starts_with('/') && page.len() <= PAGE_BYTES_MAX;
    let page = turn.base.targets.allow(page).filter(|_| is_ours);
    page.unwrap_or_else(|| "/".to_owned())
}

/// `GET /login?back=`: the ways in. Who is in already goes straight back.
pub(crate) fn show(turn: &mut Turn<'_, '_>, request: &Request, visitor: &Visitor) -> Result<Response, Fault> {
    #[derive(Serialize)]
    struct LoginPage {
        is_for_checkout: bool,
        back: String,
    }
    let back = own_page(turn, Fields::of_query(request).get("back"));
    if session(turn, visitor)?.is_some() {
        return Ok(web::see_other(&back));
    }
    let page = LoginPage { is_for_checkout: back.starts_with("/checkout"), back };
    Ok(web::html(StatusCode::OK, pages::render(turn, visitor, "login.html", &page)?))
}

/// `POST /login`: to the gateway.
pub(crate) fn begin(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Response, Fault> {
    let back = own_page(turn, Fields::of_body(request).get("back"));
    let id = new_session(turn, visitor)?;
    rows::member::begin_login(&mut **turn.tx, &id, &back, turn.now.minus(BEGUN), turn.now)?;
    let config = &turn.base.config;
    let login = config.account.quick_login(CHARSET, format!("{}{LOGIN_RETURN_PATH}", config.own_url));
    match config.account.quick_login_url(&login) {
        Ok(url) => Ok(web::see_other(&url)),
        Err(why) => Err(Fault::invariant(format!("nobody can be sent to sign in: {why}"))),
    }
}

/// An id for a new session, in place of the one before. It is given to the browser before the buyer goes to sign in: who
/// comes back with it is the one who was sent, and an answer that is lost afterwards loses nobody.
fn new_session(turn: &mut Turn<'_, '_>, visitor: &mut Visitor) -> Result<String, Fault> {
    if let Some(former) = visitor.end_session() {
        rows::member::sign_out(&mut **turn.tx, &former)?;
    }
    Ok(visitor.begin_session(turn.entropy))
}

/// `POST /logout`
pub(crate) fn sign_out(
    turn: &mut Turn<'_, '_>,
    request: &Request,
    visitor: &mut Visitor,
) -> Result<Response, Fault> {
    if let Some(id) = visitor.end_session() {
        rows::member::sign_out(&mut **turn.tx, &id)?;
    }
    Ok(web::see_other(&own_page(turn, Fields::of_body(request).get("back"))))
}

/// `GET /login/return`: somebody whom the gateway is said to know.
pub(crate) fn returned(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    request: &Request,
    visitor: &Visitor,
) -> Result<Option<Response>, Fault> {
    let raw = request.uri().query().unwrap_or_default().as_bytes();
    let received = Received::page_return(raw, &["lang"]);
    let waiting = |signed, visitor| Waiting::Login { ask, signed, visitor };
    ask_gateway(turn, received, visitor, "login", waiting)
}

/// Checks the signature of what a browser came back with, and asks the gateway whether it has said that.
pub(crate) fn ask_gateway(
    turn: &mut Turn<'_, '_>,
    received: Result<Received, Rejected>,
    visitor: &Visitor,
    what: &'static str,
    waiting: impl FnOnce(Box<Signed>, Visitor) -> Waiting,
) -> Result<Option<Response>, Fault> {
    match received.and_then(|received| received.check_sign(&turn.base.config.account)) {
        Ok(signed) => {
            let question = signed.question();
            turn.send(question, waiting(Box::new(signed), visitor.clone()));
            Ok(None)
        }
        Err(rejected) => turn_away(turn, visitor, what, Why::from(&rejected)).map(Some),
    }
}

/// The gateway has spoken on a login, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    signed: Signed,
    outcome: &Result<Response, NoAnswer>,
    mut visitor: Visitor,
) -> Result<Response, Fault> {
    let let_in = match incoming::believe(signed, outcome).and_then(|genuine| genuine.login(CHARSET)) {
        Ok(login) => let_in(turn, &login, &mut visitor)?,
        Err(rejected) => Err(Why::from(&rejected)),
    };
    match let_in {
        Ok(page) => {
            let mut response = web::see_other(&page);
            visitor.sign(&mut response);
            Ok(response)
        }
        Err(why) => turn_away(turn, &visitor, "login", why),
    }
}

/// Signs the buyer in, and says where to go on to: there is no page in between (quick-login tutorial 4).
fn let_in(
    turn: &mut Turn<'_, '_>,
    login: &Login,
    visitor: &mut Visitor,
) -> Result<Result<String, Why>, Fault> {
    let page = match (login.target_url(), visitor.session()) {
        (Some(target), _) => match turn.base.targets.allow(target) {
            Some(target) => target,
            None => return Ok(Err(Why::Target)),
        },
        (None, None) => return Ok(Err(Why::NotBegun)),
        (None, Some(id)) => match rows::member::login_begun(&mut **turn.tx, id)? {
            Some((back, begun_at)) if turn.now.since(begun_at) <= BEGUN => back,
            // The link that this browser has just used shows itself as such.
            _ if rows::member::is_used(&mut **turn.tx, login.notify_id())? => return Ok(Err(Why::Used)),
            _ => return Ok(Err(Why::NotBegun)),
        },
    };
    if !rows::member::use_return(&mut **turn.tx, login.notify_id(), turn.now.minus(USED), turn.now)? {
        return Ok(Err(Why::Used));
    }
    if let Some(session) = BuyerSession::of(login, turn.now) {
        // Whom etao sends was given no id before.
        let id = match (session.came_by, visitor.session()) {
            (CameBy::QuickLogin, Some(id)) => id.to_owned(),
            _ => new_session(turn, visitor)?,
        };
        rows::member::sign_in(&mut **turn.tx, &id, &session, turn.now.minus(SESSION))?;
        rows::member::end_login(&mut **turn.tx, &id)?;
    }
    Ok(Ok(page))
}

impl From<&Rejected> for Why {
    fn from(rejected: &Rejected) -> Why {
        match rejected {
            Rejected::NoAnswer(_) | Rejected::AnswerIllegible { .. } => Why::Unheard,
            other => Why::Check(other.check().as_str()),
        }
    }
}

/// Says that nobody was signed in, or no address taken. Nothing else has changed either: the cart is as it was.
pub(crate) fn turn_away(
    turn: &mut Turn<'_, '_>,
    visitor: &Visitor,
    what: &'static str,
    why: Why,
) -> Result<Response, Fault> {
    #[derive(Serialize)]
    struct TurnedAway {
        what: &'static str,
        why: &'static str,
        is_signed_in: bool,
        has_cart: bool,
    }
    let has_cart = match visitor.id() {
        Some(id) => rows::cart::count(&mut **turn.tx, id)? > 0,
        None => false,
    };
    let is_signed_in = session(turn, visitor)?.is_some();
    let page = TurnedAway { what, why: why.word(), is_signed_in, has_cart };
    let status = if why == Why::Unheard { StatusCode::BAD_GATEWAY } else { StatusCode::BAD_REQUEST };
    Ok(web::html(status, pages::render(turn, visitor, "turned_away.html", &page)?))
}
