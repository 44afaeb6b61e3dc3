//! HTTP as values: what arrives, and what is answered.

use bytes::Bytes;
use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::params::{Params, Text};
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value as Json;

/// The fields of a form of ours, or the query of a page of ours. What cannot be read is empty, because every field is
/// checked by name afterwards.
#[derive(Debug, Default)]
pub(crate) struct Fields(Option<Text>);

impl Fields {
    /// Reads a POSTed form.
    pub(crate) fn of_body(request: &Request) -> Fields {
        Fields::read(request.body())
    }

    /// Reads the query of the request's address.
    pub(crate) fn of_query(request: &Request) -> Fields {
        Fields::read(request.uri().query().unwrap_or_default().as_bytes())
    }

    fn read(bytes: &[u8]) -> Fields {
        let text = Params::parse_urlencoded(bytes).ok().and_then(|params| params.decode(Charset::Utf8).ok());
        // PostgreSQL has no NUL in a text, and no person types one.
        Fields(text.filter(|text| text.iter().all(|(_, value)| !value.contains('\0'))))
    }

    /// The value of a field, without blanks around it; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.as_ref().and_then(|text| text.get(name)).unwrap_or_default().trim()
    }
}

/// The value of one of our cookies.
pub(crate) fn cookie<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let cookies = request.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

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

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page. Pages are about one person at one moment and are never kept by anybody; nor may they be framed.
pub(crate) fn html(status: StatusCode, body: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action *; \
                          frame-ancestors 'none'; base-uri 'none'";
    let mut response = response(status, "text/html; charset=utf-8", Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // For browsers that do not know `frame-ancestors`.
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
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

/// A file that belongs to the program.
pub(crate) fn file(content_type: &'static str, body: &'static str) -> Response {
    let mut response = response(StatusCode::OK, content_type, Bytes::from_static(body.as_bytes()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}

/// JSON, or an RFC 9457 problem.
pub(crate) fn json(status: StatusCode, body: &Json) -> Response {
    let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = response(status, content_type, Bytes::from(body.to_string()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends the browser on with a GET. What cannot stand in a header is percent-encoded.
pub(crate) fn see_other(target: &str) -> Response {
    let mut encoded = String::with_capacity(target.len());
    for byte in target.bytes() {
        match byte {
            0x21..=0x7e => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(location) = HeaderValue::from_str(&encoded) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
