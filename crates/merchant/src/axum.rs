//! axum at the two addresses of a merchant: extractors that take a message byte for byte, and the answer.
//!
//! axum's own `Query` and `Form` must not be used there: they read UTF-8, and a message says in one of its own
//! parameters what its bytes are (protocol.md §2.3). They would also hide bytes that the signature covers.
//!
//! The extractors believe nothing. [`Notification::read`] and its sisters give a [`Received`], which goes the way of
//! [`crate::message`]. The inbox is synchronous, so call it in `spawn_blocking` or on a thread of its own. The whole shop is
//! `examples/axum_shop.rs`.
//!
//! ```
//! use axum::Router;
//! use axum::extract::State;
//! use axum::http::StatusCode;
//! use axum::response::{IntoResponse, Response};
//! use axum::routing::{get, post};
//! use danbao_merchant::axum::{Answer, Notification, PageReturn, PostedReturn};
//! use danbao_merchant::{Account, Received, Rejected, answer};
//!
//! /// Up to the signature; then `notify_verify` and the inbox, as in the whole shop.
//! fn check(account: &Account, received: Result<Received, Rejected>) -> Result<(), Rejected> {
//!     let signed = received?.check_sign(account)?;
//!     let _question = signed.question();
//!     Ok(())
//! }
//!
//! async fn notify(State(account): State<Account>, message: Notification) -> Answer {
//!     match check(&account, message.read()) {
//!         Ok(()) => Answer(answer::success()),                            // once its change has been committed
//!         Err(_) => Answer(answer::fail()),
//!     }
//! }
//!
//! async fn page_return(State(account): State<Account>, message: PageReturn) -> Response {
//!     page(check(&account, message.read(&[])))                            // a return_url without parameters of its own
//! }
//!
//! async fn address(State(account): State<Account>, message: PostedReturn) -> Response {
//!     page(check(&account, message.read()))
//! }
//!
//! fn page(checked: Result<(), Rejected>) -> Response {
//!     match checked {
//!         Ok(()) => "thank you".into_response(),
//!         Err(_) => (StatusCode::BAD_REQUEST, "we could not check this").into_response(),
//!     }
//! }
//!
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
//! # use axum::http::Request;
//! # let account = example::account();
//! let routes: Router = Router::new()
//!     .route("/pay/notify", post(notify))
//!     .route("/pay/return", get(page_return))
//!     .route("/address/return", post(address))
//!     .with_state(account);
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//! # runtime.block_on(async {
//! #     let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! #     let url = format!("http://{}", listener.local_addr()?);
//! #     tokio::spawn(async move { axum::serve(listener, routes).await });
//! #     let client = danbao_merchant::client::Client::new(Default::default())?;
//! #     let ask = async |method: &str, path: &str, body: String| {
//! #         let request = Request::builder().method(method).uri(format!("{url}{path}")).body(body.into())?;
//! #         let answer = client.send(request).await.map_err(|why| why.as_str())?;
//! #         Ok::<_, Box<dyn std::error::Error>>(String::from_utf8(answer.body().to_vec())?)
//! #     };
//! #     let told = example::told("A-1", "TRADE_FINISHED", "19.90");
//! #     assert_eq!(ask("POST", "/pay/notify", told.clone()).await?, "success");
//! #     assert_eq!(ask("POST", "/pay/notify", told.replace("19.90", "0.01")).await?, "fail");
//! #     let returned = format!("/pay/return?{}", example::returned("A-1", "TRADE_FINISHED", "19.90"));
//! #     assert_eq!(ask("GET", &returned, String::new()).await?, "thank you");
//! #     assert_eq!(ask("POST", "/address/return", example::chosen_address()).await?, "thank you");
//! #     Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use axum_core::extract::{FromRequest, FromRequestParts, Request};
use axum_core::response::IntoResponse;
use bytes::Bytes;
use danbao_protocol::node;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full, Limited};

use crate::message::Received;
use crate::rejected::Rejected;

/// Bytes of a body that are read; the results of a batch of 1000 refunds fit well.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// 通知: a request to `notify_url` or `error_notify_url`, as it came. Anybody may have sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Notification {
    /// The body, byte for byte: what `inbox::arrive` keeps.
    pub raw: Bytes,
    content_type: Option<String>,
}

/// 返回: a request to `return_url`, as the buyer's browser brought it. Anybody may have written it.
#[derive(Clone, PartialEq, Eq)]
pub struct PageReturn {
    /// The query, byte for byte: what `inbox::arrive` keeps.
    pub raw: Bytes,
}

/// The POST to the `return_url` of an address query (protocol.md §4.6). Anybody may have written it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostedReturn {
    /// The body, byte for byte.
    pub raw: Bytes,
    content_type: Option<String>,
}

/// An answer of the kit, such as [`crate::answer::success`], as axum's.
///
/// ```
/// use axum::response::IntoResponse;
/// use danbao_merchant::{answer, axum::Answer};
///
/// let response = Answer(answer::success()).into_response();
/// assert_eq!(response.headers()["content-type"], "text/plain");
/// ```
#[derive(Debug)]
pub struct Answer(
    /// The kit's.
    pub node::Response,
);

/// The body broke off, or is longer than [`BODY_BYTES_MAX`]; the answer is `fail` with status 413 or 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is {}", if *.0 == StatusCode::PAYLOAD_TOO_LARGE { "too long" } else { "incomplete" })]
pub struct Unread(StatusCode);

impl Notification {
    /// The message, to be believed step by step.
    ///
    /// # Errors
    /// As [`Received::notification`].
    pub fn read(&self) -> Result<Received, Rejected> {
        Received::notification(self.content_type.as_deref(), &self.raw)
    }
}

impl PageReturn {
    /// The message, to be believed step by step; `own` as for [`Received::page_return`]. The example is at [this
    /// module](self).
    ///
    /// # Errors
    /// As there.
    pub fn read(&self, own: &[&str]) -> Result<Received, Rejected> {
        Received::page_return(&self.raw, own)
    }
}

impl PostedReturn {
    /// The message, to be believed step by step.
    ///
    /// # Errors
    /// As [`Received::posted_return`].
    pub fn read(&self) -> Result<Received, Rejected> {
        Received::posted_return(self.content_type.as_deref(), &self.raw)
    }
}

/// How long it is; what it says may be private, and its signature may be right.
impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "Notification", &self.raw)
    }
}

/// How long it is; what it says may be private, and its signature may be right.
impl fmt::Debug for PageReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "PageReturn", &self.raw)
    }
}

/// How long it is; what it says may be private, and its signature may be right.
impl fmt::Debug for PostedReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "PostedReturn", &self.raw)
    }
}

fn unread(f: &mut fmt::Formatter<'_>, name: &str, raw: &Bytes) -> fmt::Result {
    f.debug_struct(name).field("raw_bytes", &raw.len()).finish_non_exhaustive()
}

impl<S: Send + Sync> FromRequest<S> for Notification {
    type Rejection = Unread;

    async fn from_request(request: Request, _state: &S) -> Result<Notification, Unread> {
        let content_type = content_type(request.headers());
        Ok(Notification { raw: whole(request).await?, content_type })
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedReturn {
    type Rejection = Unread;

    async fn from_request(request: Request, _state: &S) -> Result<PostedReturn, Unread> {
        let content_type = content_type(request.headers());
        Ok(PostedReturn { raw: whole(request).await?, content_type })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PageReturn {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<PageReturn, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(PageReturn { raw: Bytes::copy_from_slice(query.as_bytes()) })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> axum_core::response::Response {
        self.0.map(Full::new).map(axum_core::body::Body::new)
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> axum_core::response::Response {
        let mut response = Answer(crate::answer::fail()).into_response();
        *response.status_mut() = self.0;
        response
    }
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(CONTENT_TYPE)?.to_str().ok().map(str::to_owned)
}

async fn whole(request: Request) -> Result<Bytes, Unread> {
    match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Unread(StatusCode::PAYLOAD_TOO_LARGE))
        }
        Err(_) => Err(Unread(StatusCode::BAD_REQUEST)),
    }
}
