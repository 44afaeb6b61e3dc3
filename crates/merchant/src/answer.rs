//! The two things that `notify_url` may say (protocol.md §6.5).

use bytes::Bytes;
use danbao_protocol::node::Response;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// Exactly the seven bytes `success`: the gateway need not send this message again. To be given only after what the
/// message changed has been committed.
///
/// ```
/// use danbao_merchant::answer;
///
/// assert_eq!(answer::success().body().as_ref(), b"success");              // no BOM, no line end, no markup
/// ```
pub fn success() -> Response {
    plain("success")
}

/// Exactly the four bytes `fail`: the gateway sends the message again later, by the list of 2011 eight times in nine and
/// a half hours (protocol.md §6.5).
///
/// ```
/// use danbao_merchant::answer;
///
/// assert_eq!(answer::fail().body().as_ref(), b"fail");                    // not believed, or could not be stored
/// ```
pub fn fail() -> Response {
    plain("fail")
}

fn plain(word: &'static str) -> Response {
    let mut response = Response::new(Bytes::from_static(word.as_bytes()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
