//! HTTP as values: what arrives, and what is answered.

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::{Params, Text};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};

/// The fields of a form of ours, or the query of a page of ours. Always UTF-8; what cannot be read is empty, because
/// every field is checked by name afterwards.
#[derive(Debug, Default)]
pub(crate) struct Fields(Option<Text>);

impl Fields {
    /// Reads a POSTed form.
    pub(crate) fn of_body(request: &Request) -> Fields {
        Fields::read(request.body())
    }

    /// Reads the query of the request's address.
    pub(crate) fn of_query(request: &Request) -> Fields {
        Fields::read(request.uri().query().unwrap_or("").as_bytes())
    }

    fn read(bytes: &[u8]) -> Fields {
        let text = Params::parse_urlencoded(bytes).ok().and_then(|params| params.decode(Charset::Utf8).ok());
        // PostgreSQL has no NUL in a text, and no person types one.
        Fields(text.filter(|text| text.iter().all(|(_, value)| !value.contains('\0'))))
    }

    /// The value of a field, without blanks around it; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The value of a field as it was typed: passwords.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.as_ref().and_then(|text| text.get(name)).unwrap_or("")
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

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A page. Pages are about one person at one moment and are never kept by anybody; nor may they be framed.
pub(crate) fn html(status: StatusCode, body: String) -> Response {
    let mut response = response(status, "text/html; charset=utf-8", Bytes::from(body));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        http::header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action *; frame-ancestors 'none'; base-uri 'none'",
        ),
    );
    headers.insert(http::header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // For browsers that do not know `frame-ancestors`.
    headers.insert(http::header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A file that belongs to the program.
pub(crate) fn file(content_type: &'static str, body: &'static str) -> Response {
    let mut response = response(StatusCode::OK, content_type, Bytes::from_static(body.as_bytes()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}

/// Bytes of plain text, and nothing around them (protocol.md §6.2).
pub(crate) fn plain(body: &'static str) -> Response {
    response(StatusCode::OK, "text/plain; charset=utf-8", Bytes::from_static(body.as_bytes()))
}

/// An XML answer to a merchant's server.
pub(crate) fn xml(charset: Charset, body: Vec<u8>) -> Response {
    let content_type = match charset {
        Charset::Utf8 => "text/xml; charset=utf-8",
        Charset::Gbk => "text/xml; charset=gbk",
    };
    response(StatusCode::OK, content_type, Bytes::from(body))
}

/// JSON of the sandbox API, or an RFC 9457 problem. It holds people, passwords of play and tokens, and is kept by nobody.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = response(status, content_type, Bytes::from(body.to_string()));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends the browser on with a GET. A target that cannot stand in a header, because a merchant wrote odd bytes into
/// its URL, is percent-encoded where it must be.
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

/// Sets a cookie that pages alone can see.
pub(crate) fn with_cookie(
    mut response: Response,
    name: &str,
    value: &str,
    max_age_seconds: u64,
    is_secure: bool,
) -> Response {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Whether the address leads to a page of ours: no other origin may be reached by `next=`.
pub(crate) fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_never_leads_to_another_origin() {
        for good in ["/desk", "/cashier/1?lang=en"] {
            assert!(is_own_path(good), "{good}");
        }
        for bad in ["", "desk", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }

    #[test]
    fn a_redirect_never_breaks_the_header_line() {
        let response = see_other("http://shop.example/返回?a=b\r\nSet-Cookie: x");
        let location = response.headers()[LOCATION].to_str().unwrap();
        assert_eq!(location, "http://shop.example/%E8%BF%94%E5%9B%9E?a=b%0D%0ASet-Cookie:%20x");
    }

    #[test]
    fn cookies_are_found_among_others() {
        let request = http::Request::builder()
            .header(COOKIE, "a=1; danbao_session=xyz")
            .header(COOKIE, "lang=en")
            .body(Bytes::new())
            .unwrap();
        assert_eq!(cookie(&request, "danbao_session"), Some("xyz"));
        assert_eq!(cookie(&request, "lang"), Some("en"));
        assert_eq!(cookie(&request, "danbao"), None);
    }
}
