//! A stand-in for the gateway, for the one question that a shop asks about a notification (protocol.md §6.1).

use std::collections::BTreeSet;

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};
use http::header::{CONTENT_TYPE, HeaderValue};

/// What a stand-in answers `true` to.
#[derive(Debug, Clone, Default)]
pub struct StandIn {
    /// Who may ask; anybody if that is not known.
    pub partner: Option<String>,
    /// The notifications that it owns.
    pub notify_ids: BTreeSet<String>,
}

/// A question that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Of the address.
    pub path: String,
    /// `partner`, if there was one.
    pub partner: Option<String>,
    /// `notify_id`, if there was one.
    pub notify_id: Option<String>,
    /// What it was answered.
    pub verdict: Verdict,
}

impl Asked {
    /// The partner that was named, for people; not what is no number, since it may be the key in the wrong place.
    pub fn shown_partner(&self) -> Option<&str> {
        let partner = self.partner.as_deref()?;
        let is_number = partner.bytes().all(|byte| byte.is_ascii_digit());
        Some(if is_number { partner } else { "***" })
    }

    /// The id that was named, for people, likewise.
    pub fn shown_notify_id(&self) -> Option<&str> {
        let id = self.notify_id.as_deref()?;
        Some(if id.len() == KEY_CHARS { "***" } else { id })
    }
}

/// So many characters has a key; ids of notifications have more.
const KEY_CHARS: usize = 32;

impl StandIn {
    /// Answers as the gateway does: one word, status 200.
    pub fn answer(&self, request: &Request) -> (Asked, Response) {
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let params = Params::receive(query, content_type, request.body()).unwrap_or_default();
        let verdict = match NotifyVerify::parse(&params) {
            None => Verdict::Invalid,
            Some(question) => {
                let is_ours = self.notify_ids.contains(question.notify_id.as_str())
                    && self.partner.as_deref().is_none_or(|partner| partner == question.partner.as_str());
                if is_ours { Verdict::True } else { Verdict::False }
            }
        };
        let text = |name| params.get_text(name, Charset::Utf8).ok().flatten();
        let asked = Asked {
            path: request.uri().path().to_owned(),
            partner: text("partner"),
            notify_id: text("notify_id"),
            verdict,
        };
        let mut response = Response::new(Bytes::from_static(verdict.as_str().as_bytes()));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
        (asked, response)
    }
}
