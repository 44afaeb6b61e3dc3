//! HTTP as values: what the gateway answers beside what every node does.

use danbao_node::web;
pub(crate) use danbao_node::web::{Fields, cookie, file, html, see_other, set_cookie};
use danbao_protocol::charset::Charset;
use danbao_protocol::node::Response;
use http::StatusCode;

/// Bytes of plain text, and nothing around them (protocol.md §6.2).
pub(crate) fn plain(body: &'static str) -> Response {
    web::answer(StatusCode::OK, "text/plain; charset=utf-8", body)
}

/// An XML answer to a merchant's server.
pub(crate) fn xml(charset: Charset, body: Vec<u8>) -> Response {
    let content_type = match charset {
        Charset::Utf8 => "text/xml; charset=utf-8",
        Charset::Gbk => "text/xml; charset=gbk",
    };
    web::answer(StatusCode::OK, content_type, body)
}

/// JSON of the sandbox API, or an RFC 9457 problem. It holds people, passwords of play and tokens, and is kept by nobody.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    web::json(status, body.to_string())
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
}
