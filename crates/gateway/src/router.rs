//! Every address that this gateway answers to.

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::node::{Request, Response};
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};

use crate::pages::{self, DemoAccount, Errors, Home, Lang, Link, LinkLabel, NoticeKind, OneError};
use crate::sandbox::demo;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::{cashier, desk, login, sandbox, services, web};

/// Answers a request.
pub(crate) fn route(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let path = request.uri().path();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET | &Method::POST, ["gateway.do"] | ["cooperate", "gateway.do"]) => {
            services::gateway_do(turn, request)
        }
        (&Method::GET | &Method::POST, ["trade", "notify_query.do"]) => services::notify_query(turn, request),
        (_, ["sandbox", "v1", rest @ ..]) if turn.config.is_sandbox => sandbox::route(turn, request, rest),
        (&Method::GET | &Method::HEAD, ["livez" | "readyz" | "healthz"]) => Ok(web::plain("ok")),
        (&Method::GET | &Method::HEAD, ["errors.json"]) => Ok(errors_as_json(request)),
        (&Method::GET | &Method::HEAD, ["static", "danbao.css"]) => {
            Ok(web::file("text/css; charset=utf-8", pages::CSS))
        }
        (&Method::GET | &Method::HEAD, ["static", "danbao.svg"]) => {
            Ok(web::file("image/svg+xml", pages::MARK))
        }
        (&Method::GET | &Method::HEAD | &Method::POST, segments) => page(turn, request, segments),
        _ => {
            let visit = Visit::of(turn, request)?;
            let kind = NoticeKind::MethodNotAllowed;
            let mut response = visit.notice(StatusCode::METHOD_NOT_ALLOWED, kind, vec![home_link()]);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
            Ok(response)
        }
    }
}

fn page(turn: &mut Turn<'_>, request: &Request, segments: &[&str]) -> Result<Response, Fault> {
    let is_post = request.method() == Method::POST;
    if let Some(page) = page_of_form(segments).filter(|_| !is_post) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        return Ok(web::see_other(&format!("/{}{query}", page.join("/"))));
    }
    match (is_post, segments) {
        (false, [""]) => home(turn, request),
        (false, ["errors"]) => errors(turn, request, None),
        (false, ["errors", code]) => errors(turn, request, Some(code)),
        (_, ["cashier", id, rest @ ..]) => cashier::route(turn, request, id, rest),
        (false, ["etao"]) if turn.config.is_sandbox => login::etao::form(turn, request),
        (true, ["etao"]) if turn.config.is_sandbox => login::etao::click(turn, request),
        (_, ["handover", id, rest @ ..]) => login::route(turn, request, id, rest),
        (false, ["desk"]) => desk::list(turn, request),
        (false, ["desk", "sign-in"]) => desk::sign_in::form(turn, request),
        (true, ["desk", "sign-in"]) => desk::sign_in::submit(turn, request),
        (true, ["desk", "sign-out"]) => desk::sign_in::sign_out(turn, request),
        (false, ["desk", "addresses"]) => desk::addresses::form(turn, request),
        (true, ["desk", "addresses"]) => desk::addresses::submit(turn, request),
        (false, ["desk", "faults"]) if turn.config.is_sandbox => desk::faults::form(turn, request),
        (true, ["desk", "faults"]) if turn.config.is_sandbox => desk::faults::submit(turn, request),
        (true, ["desk", "faults", plan_id, "end"]) if turn.config.is_sandbox => {
            desk::faults::end(turn, request, plan_id)
        }
        (false, ["desk", "trades", trade_no]) => desk::trade::show(turn, request, &TradeNo::new(*trade_no)),
        (true, ["desk", "trades", trade_no, action]) => {
            desk::trade::act(turn, request, &TradeNo::new(*trade_no), action)
        }
        (_, ["refunds", id]) => desk::refund_batch::route(turn, request, id),
        _ => Ok(Visit::of(turn, request)?.not_found()),
    }
}

/// The page with the form that is sent to this address, if nothing but forms is. A form that comes back with its errors
/// stands under this address, and from there people choose the other language, or load the address again.
fn page_of_form<'a>(segments: &'a [&'a str]) -> Option<&'a [&'a str]> {
    if segments.contains(&"") {
        return None;
    }
    match segments {
        [page @ .., "member" | "visitor"] if matches!(page, ["cashier", _]) => Some(page),
        [page @ .., "sign-in" | "consent" | "choose" | "other" | "decline"]
            if matches!(page, ["handover", _]) =>
        {
            Some(page)
        }
        [page @ .., action] if matches!(page, ["desk", "trades", _]) => {
            pages::Action::ALL.iter().any(|known| known.key() == *action).then_some(page)
        }
        ["desk", "sign-out"] => Some(&["desk"]),
        ["desk", "faults", _, "end"] => Some(&["desk", "faults"]),
        _ => None,
    }
}

fn home_link() -> Link {
    Link { label: LinkLabel::Home, url: "/".to_owned() }
}

fn home(turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let mut page = Home::default();
    if turn.config.is_sandbox {
        page.etao_url = Some("/etao".to_owned());
        page.api_docs_url = Some("/sandbox/v1/openapi.json".to_owned());
        if let Some(world) = demo::load(turn)? {
            page.shop_url = world.shop_url.as_deref().and_then(pages::WebLink::parse);
            page.demo_accounts = world.accounts().collect::<Vec<DemoAccount>>();
        }
    }
    Ok(visit.page(&page))
}

/// The catalogue of error codes, or one of them.
fn errors(turn: &mut Turn<'_>, request: &Request, code: Option<&str>) -> Result<Response, Fault> {
    let visit = Visit::of(turn, request)?;
    let lang = visit.shell.lang;
    let Some(code) = code else {
        let errors = ErrorCode::ALL.iter().map(|code| pages::explain(*code, lang)).collect();
        return Ok(visit.page(&Errors { errors }));
    };
    match ErrorCode::from_wire(code) {
        Some(code) => Ok(visit.page(&OneError { error: pages::explain(code, lang) })),
        None => Ok(visit.not_found()),
    }
}

/// The same as data, `?lang=en` for English.
fn errors_as_json(request: &Request) -> Response {
    let lang = Lang::from_word(web::Fields::of_query(request).get("lang")).unwrap_or_default();
    let errors: Vec<_> = ErrorCode::ALL.iter().map(|code| pages::explain(*code, lang)).collect();
    web::json(StatusCode::OK, &serde_json::json!({ "errors": errors }))
}
