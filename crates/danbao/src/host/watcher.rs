//! What whoever watches a node may ask, the same for every node: `/livez`, `/readyz` (and `/healthz`), `/metrics`.
//!
//! `/livez` is the host's and says that this process serves: a restart would mend nothing else. `/readyz` is the node's, which
//! answers it after a transaction of its database; so it is 503 while the node is dead or the database gone. `/metrics`
//! is there if a token is set: the host's own numbers and, if it has any, the node's.

use std::fmt;
use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use danbao_node::web;
use danbao_protocol::node::{Response, Watcher};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use super::runner::Door;
use super::tally::CONTENT_TYPE;

/// The address of the numbers, at the host and at a node.
pub(super) const METRICS: &str = "/metrics";
/// A node that takes longer is not ready.
pub(super) const READY_MAX: Duration = Duration::from_secs(5);
/// Fewer bytes could be guessed.
const TOKEN_BYTES_MIN: usize = 16;

/// Opens `/metrics`, and nothing else. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct MetricsToken(String);

impl MetricsToken {
    /// A token of at least sixteen bytes that can stand in a header.
    ///
    /// # Errors
    /// It is shorter, or holds other bytes than letters, digits and signs of ASCII.
    pub fn new(token: &str) -> anyhow::Result<MetricsToken> {
        if token.len() < TOKEN_BYTES_MIN {
            bail!("a metrics token has at least {TOKEN_BYTES_MIN} bytes");
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            bail!("a metrics token holds letters, digits and signs of ASCII alone");
        }
        Ok(MetricsToken(token.to_owned()))
    }

    /// Whether the head of a request carries it.
    pub(super) fn is_sent_by(&self, headers: &HeaderMap) -> bool {
        const SCHEME: &[u8] = b"Bearer ";
        let header = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let Some((scheme, token)) = header.and_then(|header| header.split_at_checked(SCHEME.len())) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(SCHEME) && self.0.as_bytes().ct_eq(token).into()
    }
}

impl fmt::Debug for MetricsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsToken(..)")
    }
}

/// Whether it is asked that this process serves.
pub(super) fn is_alive<B>(request: &Request<B>) -> bool {
    request.uri().path() == "/livez" && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// Yes.
pub(super) fn alive() -> Response {
    said(StatusCode::OK, "text/plain; charset=utf-8", "ok".into())
}

/// Whether it is asked that the node and its database serve.
pub(super) fn is_readiness(path: &str) -> bool {
    matches!(path, "/readyz" | "/healthz")
}

/// The host's numbers and the node's, to whoever has the token.
pub(super) async fn metrics(door: &Door, is_allowed: bool) -> Response {
    if !is_allowed {
        let mut response = said(StatusCode::UNAUTHORIZED, "text/plain; charset=utf-8", "401\n".into());
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    let mut text = door.tally().text();
    let mut question = Request::new(Bytes::new());
    *question.uri_mut() = http::Uri::from_static(METRICS);
    question.extensions_mut().insert(Watcher);
    let answer = timeout(READY_MAX, door.ask(question)).await.ok().flatten();
    text.push_str(&format!(
        "# HELP danbao_node_answers Whether the node answered when this was asked.\n\
         # TYPE danbao_node_answers gauge\ndanbao_node_answers {}\n",
        u8::from(answer.is_some())
    ));
    // A node without numbers of its own knows no such address.
    if let Some(own) = answer.filter(|answer| answer.status() == StatusCode::OK) {
        text.push_str(&String::from_utf8_lossy(own.body()));
    }
    said(StatusCode::OK, CONTENT_TYPE, text.into())
}

fn said(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    web::unsniffed(web::unkept(web::answer(status, content_type, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_could_be_guessed_or_cannot_be_sent_is_none() {
        for wrong in ["", "fifteen-bytes-x", "a token with blanks in it", "ein-schlüssel-für-alle"] {
            assert!(MetricsToken::new(wrong).is_err(), "{wrong}");
        }
        let token = MetricsToken::new("a-token-of-the-watcher").unwrap();
        assert!(!format!("{token:?}").contains("watcher"));
        let sends = |header: &str| {
            token.is_sent_by(&HeaderMap::from_iter([(AUTHORIZATION, header.parse().unwrap())]))
        };
        assert!(sends("Bearer a-token-of-the-watcher") && sends("bearer a-token-of-the-watcher"));
        assert!(!sends("Bearer a-token-of-the-shop") && !sends("a-token-of-the-watcher") && !sends(""));
    }
}
