//! 快捷登录 and 物流地址查询: a merchant sends a browser here to learn who its buyer is, or where the buyer wants goods sent,
//! and gets it back with a signed answer (protocol.md §3.11-3.14).
//!
//! `/handover/{id}` shows the next step by itself: the sign-in, unless login state or token save it; then whether the
//! merchant may know, or which address it shall have; then the way back.

pub(crate) mod address;
pub(crate) mod etao;
pub(crate) mod quick;
pub(crate) mod token;

use std::sync::Arc;
use std::time::Duration;

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::service::Service;
use danbao_protocol::service::address_query::AddressQuery;
use danbao_protocol::service::authorize::Authorize;
use danbao_protocol::sign::{self, SignType};
use http::{Method, StatusCode};
use subtle::ConstantTimeEq;

use crate::cashier;
use crate::pages::{FormError, HandoverSignIn, Link, LinkLabel, NoticeKind, Purpose};
use crate::rows::handover;
use crate::rows::partner::Partner;
use crate::rows::users::User;
use crate::services::{Answer, Call};
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::{self, Fields};

/// How long a browser may take from its arrival to its way back. As long as a token lives, because a merchant's page
/// that is older than that is asked to begin again anyway.
const HANDOVER_LIFE: Duration = Duration::from_secs(1_800);

/// `alipay.auth.authorize` and `user.logistics.address.query`: the request is kept, and the browser goes to its page.
pub(crate) fn arrive(turn: &mut Turn<'_>, call: &Call) -> Answer {
    let accepted = match call.service {
        Service::AlipayAuthAuthorize => quick::accept(turn, call)?.map(|_| ()),
        _ => AddressQuery::parse(&call.params, call.charset).map(|_| ()),
    };
    if let Err(code) = accepted {
        return Ok(Err(call.refused(code)));
    }
    let handover_id = turn.memory.entropy.text(32);
    let forget_before = turn.now.minus(HANDOVER_LIFE);
    handover::insert(turn.tx, &handover_id, &call.params, forget_before, turn.now)?;
    Ok(Ok(web::see_other(&path(&handover_id))))
}

fn path(handover_id: &str) -> String {
    format!("/handover/{handover_id}")
}

/// What the merchant has asked for.
enum Asked {
    Login(Authorize),
    Address(AddressQuery),
}

/// One browser on its way.
struct At {
    visit: Visit,
    handover_id: String,
    partner: Arc<Partner>,
    asked: Asked,
}

/// Answers everything below `/handover/{id}`.
pub(crate) fn route(
    turn: &mut Turn<'_>,
    request: &Request,
    id: &str,
    rest: &[&str],
) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let Some((partner, asked)) = find(turn, id, &visit)? else { return Ok(expired(&visit)) };
    let mut at = At { visit, handover_id: id.to_owned(), partner, asked };
    if request.method() != Method::POST {
        return match rest {
            [] | ["entry"] => at.next(turn, request, rest),
            _ => Ok(at.visit.not_found()),
        };
    }
    let form = Fields::of_body(request);
    if !at.visit.is_own_form(&form) {
        let link = Link { label: LinkLabel::Again, url: path(id) };
        return Ok(at.visit.notice(StatusCode::FORBIDDEN, NoticeKind::FormExpired, vec![link]));
    }
    match rest {
        ["sign-in"] => at.sign_in(turn, &form),
        ["other"] => {
            at.visit.sign_out(turn)?;
            Ok(at.visit.see_other(&path(id)))
        }
        ["decline"] => {
            handover::delete(turn.tx, id)?;
            let link = Link { label: LinkLabel::Merchant, url: origin(at.return_url()) };
            Ok(at.visit.notice(StatusCode::OK, NoticeKind::Declined, vec![link]))
        }
        ["consent"] => quick::consent(turn, &at),
        ["entry" | "choose"] if matches!(at.asked, Asked::Address(_)) => match at.buyer(turn)? {
            Some(user) if rest == ["entry"] => address::save(turn, &at, &user, &form),
            Some(user) => address::choose(turn, &at, &user, &form),
            None => Ok(at.go("")),
        },
        _ => Ok(at.visit.not_found()),
    }
}

/// The request behind an address, for the one browser that has come with it: the address is in its history and must
/// not serve anybody else.
fn find(turn: &mut Turn<'_>, id: &str, visit: &Visit) -> Result<Option<(Arc<Partner>, Asked)>, Fault> {
    let Some(stored) = handover::load(turn.tx, id, turn.now.minus(HANDOVER_LIFE))? else { return Ok(None) };
    match &stored.browser {
        None if !handover::claim(turn.tx, &stored.handover_id, visit.browser())? => return Ok(None),
        None => {}
        Some(browser) if bool::from(browser.as_bytes().ct_eq(visit.browser().as_bytes())) => {}
        Some(_) => return Ok(None),
    }
    let asked = read(&stored.params)
        .map_err(|code| Fault::invariant(format!("a stored handover is refused now: {code}")))?;
    let partner = turn.partner(match &asked {
        Asked::Login(request) => &request.partner,
        Asked::Address(request) => &request.partner,
    })?;
    Ok(partner.map(|partner| (partner, asked)))
}

fn read(params: &Params) -> Result<Asked, ErrorCode> {
    let charset = params.charset()?;
    if params.get("service") == Some(Service::AlipayAuthAuthorize.as_str().as_bytes()) {
        Ok(Asked::Login(Authorize::parse(params, charset)?))
    } else {
        Ok(Asked::Address(AddressQuery::parse(params, charset)?))
    }
}

/// The page for a browser that took too long, or for one that has the address from somebody else.
fn expired(visit: &Visit) -> Response {
    let home = Link { label: LinkLabel::Home, url: "/".to_owned() };
    visit.notice(StatusCode::GONE, NoticeKind::HandoverExpired, vec![home])
}

/// The site of an address, without its path: where a buyer who has declined may go, because the address itself would
/// take the visit for a login. It is also what the buyer is shown, and so the site that a browser would go to: a backslash
/// ends it as a slash does, and the name of a user, which could look like another site, is left out.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

impl At {
    fn return_url(&self) -> &str {
        match &self.asked {
            Asked::Login(request) => &request.return_url,
            Asked::Address(request) => &request.return_url,
        }
    }

    fn go(&self, step: &str) -> Response {
        self.visit.see_other(&format!("{}{step}", path(&self.handover_id)))
    }

    /// Who this is: the login state is looked at first, then the token (quick-login tutorial 4).
    fn buyer(&self, turn: &mut Turn<'_>) -> Result<Option<User>, Fault> {
        if let Some(member) = self.visit.member() {
            return Ok(Some(member.clone()));
        }
        match &self.asked {
            Asked::Address(AddressQuery { token: Some(token), partner, .. }) => {
                token::holder(turn, token, partner)
            }
            _ => Ok(None),
        }
    }

    /// Shows the next step.
    fn next(&self, turn: &mut Turn<'_>, request: &Request, rest: &[&str]) -> Result<Response, Fault> {
        let Some(user) = self.buyer(turn)? else {
            let hint = match &self.asked {
                Asked::Login(request) => request.email.as_deref().unwrap_or_default(),
                Asked::Address(_) => "",
            };
            return Ok(self.sign_in_page(hint, None));
        };
        match (&self.asked, rest) {
            (Asked::Login(request), []) => quick::show(turn, self, request, &user),
            (Asked::Address(_), []) => address::show(turn, self, &user, None),
            (Asked::Address(_), _) => address::entry(turn, self, &user, request),
            (Asked::Login(_), _) => Ok(self.visit.not_found()),
        }
    }

    fn sign_in_page(&self, account: &str, error: Option<FormError>) -> Response {
        self.visit.page(&HandoverSignIn {
            id: self.handover_id.clone(),
            merchant: self.partner.display_name.clone(),
            purpose: match &self.asked {
                Asked::Login(_) => Purpose::Login,
                Asked::Address(_) => Purpose::Address,
            },
            account: account.to_owned(),
            error,
        })
    }

    fn sign_in(&mut self, turn: &mut Turn<'_>, form: &Fields) -> Result<Response, Fault> {
        match cashier::sign_in(turn, form)? {
            Ok(user) => {
                self.visit.sign_in(turn, user, None)?;
                Ok(self.go(""))
            }
            Err(error) => Ok(self.sign_in_page(form.get("account"), Some(error))),
        }
    }
}

/// Signs what is sent back as the request itself was signed (protocol.md §2.2).
fn sign(
    turn: &mut Turn<'_>,
    partner: &Partner,
    sign_type: SignType,
    params: &mut Params,
) -> Result<(), Fault> {
    let lost = || Fault::invariant(format!("partner {} has lost its key", partner.partner));
    let signer = turn.signer(partner, sign_type)?.ok_or_else(lost)?;
    sign::append(params, &signer).map_err(|error| Fault::invariant(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_of_an_address_ends_where_its_path_begins() {
        for (url, site) in [
            ("http://shop.example/login/return", "http://shop.example"),
            ("https://shop.example:8443?x=/", "https://shop.example:8443"),
            ("http://shop.example", "http://shop.example"),
            ("http://bank.example@shop.example/login", "http://shop.example"),
            ("http://bank.example:80@a@shop.example:81", "http://shop.example:81"),
            ("http://shop.example\\@bank.example/", "http://shop.example"),
        ] {
            assert_eq!(origin(url), site);
        }
    }
}
