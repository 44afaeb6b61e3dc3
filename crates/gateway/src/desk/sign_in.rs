//! Signing in and out at the desk.

use danbao_node::Fault;
use danbao_protocol::node::{Request, Response};
use http::StatusCode;

use crate::cashier;
use crate::pages::{FormError, Link, LinkLabel, Message, NoticeKind, SignIn};
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::{self, Fields};

/// GET `/desk/sign-in?next=`.
pub(crate) fn form(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let next = next(Fields::of_query(request).get("next"));
    Ok(visit.page(&SignIn { account: String::new(), next, error: None }))
}

/// POST `/desk/sign-in`.
pub(crate) fn submit(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let mut visit = Visit::of(turn, request)?;
    let form = Fields::of_body(request);
    let next = next(form.get("next"));
    let signed_in = if visit.is_own_form(&form) {
        cashier::sign_in(turn, &form)?
    } else {
        Err(FormError::whole(Message::FormExpired))
    };
    match signed_in {
        Ok(user) => {
            visit.sign_in(turn, user, None)?;
            Ok(visit.see_other(&next))
        }
        Err(error) => {
            let account = form.get("account").to_owned();
            Ok(visit.page(&SignIn { account, next, error: Some(error) }))
        }
    }
}

/// POST `/desk/sign-out`.
pub(crate) fn sign_out(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let mut visit = Visit::of(turn, request)?;
    if visit.is_own_form(&Fields::of_body(request)) {
        visit.sign_out(turn)?;
    }
    let links = vec![
        Link { label: LinkLabel::SignIn, url: "/desk/sign-in".to_owned() },
        Link { label: LinkLabel::Home, url: "/".to_owned() },
    ];
    Ok(visit.notice(StatusCode::OK, NoticeKind::SignedOut, links))
}

/// Where to go afterwards: only ever a page of ours.
fn next(asked: &str) -> String {
    if web::is_own_path(asked) { asked.to_owned() } else { "/desk".to_owned() }
}
