//! HTTP as values: reading what a browser sends to a page of ours, and writing what it gets. What a merchant and the
//! gateway send each other is read by `danbao-protocol` and is not for here.

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::{Params, Text};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, LOCATION, REFERRER_POLICY, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};

/// The fields of a form of ours, or the query of a page of ours. Always UTF-8; what cannot be read is empty, because
/// every field is checked by name afterwards.
#[derive(Debug, Default)]
pub struct Fields(Option<Text>);

impl Fields {
    /// Reads a POSTed form.
    pub fn of_body(request: &Request) -> Fields {
        Fields::read(request.body())
    }

    /// Reads the query of the request's address.
    pub fn of_query(request: &Request) -> Fields {
        Fields::read(request.uri().query().unwrap_or_default().as_bytes())
    }

    fn read(bytes: &[u8]) -> Fields {
        let text = Params::parse_urlencoded(bytes).ok().and_then(|params| params.decode(Charset::Utf8).ok());
        // PostgreSQL has no NUL in a text, and no person types one.
        Fields(text.filter(|text| text.iter().all(|(_, value)| !value.contains('\0'))))
    }

    /// The value of a field, without blanks around it; empty if it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The value of a field as it was typed: passwords.
    pub fn raw(&self, name: &str) -> &str {
        self.0.as_ref().and_then(|text| text.get(name)).unwrap_or_default()
    }
}

/// The value of one of our cookies.
pub fn cookie<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let cookies = request.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// Sets a cookie that pages alone can see, and no page of another site can make a browser POST.
pub fn set_cookie(response: &mut Response, name: &str, value: &str, max_age_seconds: u64, is_secure: bool) {
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_seconds}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// A body and what it is, with no other header.
pub fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A page. Pages are about one person at one moment and are never kept by anybody; nor may they be framed, or run a
/// script.
pub fn html(status: StatusCode, body: String) -> Response {
    const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action *; \
                          frame-ancestors 'none'; base-uri 'none'";
    let mut response = unsniffed(unkept(answer(status, "text/html; charset=utf-8", body)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // For browsers that do not know `frame-ancestors`.
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

/// A file that belongs to the program; kept for five minutes, so that a new release is seen soon.
pub fn file(content_type: &'static str, body: &'static str) -> Response {
    let mut response = answer(StatusCode::OK, content_type, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=300"));
    response
}

/// JSON that is written already: an answer, or a problem of RFC 9457 if the status is no success. Kept by nobody.
pub fn json(status: StatusCode, body: String) -> Response {
    let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    unkept(answer(status, content_type, body))
}

/// Sends the browser on with a GET. What cannot stand in a header, because somebody wrote odd bytes into the address, is
/// percent-encoded.
pub fn see_other(target: &str) -> Response {
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
    unkept(response)
}

/// The same, to be kept by nobody.
pub fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The same, to be read as what it says it is and not as what it looks like.
pub fn unsniffed(mut response: Response) -> Response {
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(address: &str, body: &'static [u8]) -> Request {
        http::Request::post(address).body(Bytes::from_static(body)).unwrap()
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

    #[test]
    fn a_cookie_is_secure_where_the_program_is_and_never_breaks_its_line() {
        let mut response = see_other("/");
        set_cookie(&mut response, "a", "1", 60, true);
        set_cookie(&mut response, "b", "2", 60, false);
        set_cookie(&mut response, "c", "3\r\nSet-Cookie: d=4", 60, false);
        let set: Vec<&str> =
            response.headers().get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        let expected = [
            "a=1; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure",
            "b=2; Path=/; HttpOnly; SameSite=Lax; Max-Age=60",
        ];
        assert_eq!(set, expected);
    }

    #[test]
    fn fields_that_cannot_be_read_are_empty_and_passwords_are_read_as_typed() {
        let fields = Fields::of_body(&asked("/", "name=+%E5%BC%A0+&password=+x+".as_bytes()));
        assert_eq!((fields.get("name"), fields.raw("password"), fields.get("other")), ("张", " x ", ""));
        for unreadable in [&b"name=%FF"[..], b"name=a%00b"] {
            let fields = Fields::of_body(&asked("/", unreadable));
            assert_eq!(fields.get("name"), "", "{unreadable:?}");
        }
        assert_eq!(Fields::of_query(&asked("/?lang=en", b"lang=zh")).get("lang"), "en");
        assert_eq!(Fields::of_query(&asked("/", b"lang=zh")).get("lang"), "");
    }

    #[test]
    fn a_page_is_kept_and_framed_by_nobody_and_runs_no_script() {
        let response = html(StatusCode::OK, String::new());
        let header = |name| response.headers()[name].to_str().unwrap();
        assert_eq!((header(CACHE_CONTROL), header(X_FRAME_OPTIONS)), ("no-store", "DENY"));
        assert_eq!(header(X_CONTENT_TYPE_OPTIONS), "nosniff");
        let policy = header(CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script-src"), "{policy}");
    }

    #[test]
    fn what_is_no_success_is_a_problem() {
        let kind = |status| json(status, "{}".to_owned()).headers()[CONTENT_TYPE].clone();
        assert_eq!(kind(StatusCode::CREATED), "application/json");
        assert_eq!(kind(StatusCode::CONFLICT), "application/problem+json");
    }
}
