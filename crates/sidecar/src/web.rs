//! HTTP as values: what arrives, and what is answered.

use danbao_merchant::protocol::node::{Request, Response};
use danbao_merchant::protocol::time::Timestamp;
use danbao_node::problem::holds_nul;
use danbao_node::web;
use http::header::REFERRER_POLICY;
use http::{HeaderValue, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// JSON, or a problem of RFC 9457.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    json_text(status, body.to_string())
}

/// As [`json`], for what is JSON already.
pub(crate) fn json_text(status: StatusCode, body: String) -> Response {
    web::unsniffed(web::json(status, body))
}

/// One word, for machines that look whether we are alive.
pub(crate) fn plain(word: &'static str) -> Response {
    web::unsniffed(web::unkept(web::answer(StatusCode::OK, "text/plain; charset=utf-8", word)))
}

/// Sends the browser on with a GET, and does not tell the next page where it came from: our address holds what the
/// gateway has signed.
pub(crate) fn see_other(target: &str) -> Response {
    let mut response = web::see_other(target);
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// A body that was read, and what tells it from another one.
pub(crate) struct Body<T> {
    pub(crate) value: T,
    /// Of the meaning, not of the bytes: blanks and the order of the fields do not count.
    pub(crate) hash: String,
}

/// Reads a JSON body. Unknown fields, and a field that stands there twice, are for the type to refuse.
pub(crate) fn read<T: DeserializeOwned>(request: &Request) -> Result<Body<T>, Problem> {
    let malformed = |error: serde_json::Error| {
        Problem::bad_request("malformed_json", format!("the body is not as described: {error}"))
    };
    let empty = request.body().trim_ascii().is_empty();
    let bytes: &[u8] = if empty { b"{}" } else { request.body() };
    let parsed: Value = serde_json::from_slice(bytes).map_err(malformed)?;
    // A list of the fields' values would do for the types.
    if !parsed.is_object() {
        return Err(Problem::bad_request("malformed_json", "the body is not as described: it is no object"));
    }
    if holds_nul(&parsed) {
        return Err(Problem::bad_request("malformed_json", "the body is not as described: NUL is not text"));
    }
    let hash = sha256(&[parsed.to_string().as_bytes()]);
    Ok(Body { value: serde_json::from_slice(bytes).map_err(malformed)?, hash })
}

/// The digest of several parts, each fenced off by its length, in hexadecimal.
pub(crate) fn sha256(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An instant as RFC 3339 has it, in UTC and to the millisecond.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{instant:.3}")
}

/// The value of a parameter of our own address; `None` if it is not there. Our parameters are plain words and numbers.
pub(crate) fn query<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name).map(|(_, value)| value)
}
