//! HTTP as values: what the shop asks and answers beside what every node does.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_node::web;
pub(crate) use danbao_node::web::{Fields, cookie, html, see_other, set_cookie};
use http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value as Json;

/// Whether a browser says that a page of another site has made it ask. Who says nothing is believed: the cookies are
/// `SameSite`, and this is for what is done without them.
///
/// The site is ours by the name that the browser asked for, or by `own_url`, where a proxy has changed the former.
pub(crate) fn is_of_another_site(request: &Request, own_url: &str) -> bool {
    let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or("null"));
    if header(HeaderName::from_static("sec-fetch-site")) == Some("cross-site") {
        return true;
    }
    let Some(origin) = header(ORIGIN) else { return false };
    let own = own_url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    let site = origin.split_once("://").map(|(_, site)| site);
    let is_ours = |site: &str| {
        header(HOST).into_iter().chain(own).any(|ours| !ours.is_empty() && ours.eq_ignore_ascii_case(site))
    };
    !site.is_some_and(is_ours)
}

/// The first language that the browser asks for, in lower case; empty if it asks for none.
pub(crate) fn first_language(request: &Request) -> String {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = header.unwrap_or_default().split([',', ';', '-']).next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

/// The one page with a script, the form that submits itself; this script and no other may run.
pub(crate) fn html_with_form(body: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
                          script-src 'sha256-+2wdFkcQh0HFcMCmxKInCpsRYFWEyle9kG8cJ2dOwcc='; \
                          form-action *; frame-ancestors 'none'; base-uri 'none'";
    let mut response = html(StatusCode::OK, body);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// One word, for machines that look whether we are ready.
pub(crate) fn plain(word: &'static str) -> Response {
    web::unsniffed(web::unkept(web::answer(StatusCode::OK, "text/plain; charset=utf-8", word)))
}

/// A file that belongs to the program.
pub(crate) fn file(content_type: &'static str, body: &'static str) -> Response {
    web::unsniffed(web::file(content_type, body))
}

/// JSON, or an RFC 9457 problem.
pub(crate) fn json(status: StatusCode, body: &Json) -> Response {
    web::unsniffed(web::json(status, body.to_string()))
}
