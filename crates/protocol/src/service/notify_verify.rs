//! 通知验证: `service=notify_verify`, and `/trade/notify_query.do`, which asks the same (protocol.md §6.1, §6.2).
//! Neither the question nor the answer is signed.

use crate::charset::Charset;
use crate::ids::{NotifyId, PartnerId};
use crate::params::Params;

/// The question whether the gateway has sent a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyVerify {
    /// Who asks; perhaps no partner at all, which is a plain no.
    pub partner: PartnerId,
    /// The id of the message.
    pub notify_id: NotifyId,
}

/// The answer: the body, byte for byte, under status 200 and with a Content-Length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Sent to that partner, and still valid.
    True,
    /// Unknown, expired or used up.
    False,
    /// The question lacks the partner or the id.
    Invalid,
}

impl Verdict {
    /// The bytes of the answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::True => "true",
            Verdict::False => "false",
            Verdict::Invalid => "invalid",
        }
    }

    /// Reads an answer as careful clients do: exactly `true`, or it is not.
    pub fn parse(body: &[u8]) -> Option<Verdict> {
        [Verdict::True, Verdict::False, Verdict::Invalid].into_iter().find(|v| v.as_str().as_bytes() == body)
    }
}

impl NotifyVerify {
    /// Reads a question; `None` is to be answered with [`Verdict::Invalid`].
    ///
    /// The id comes in two forms, as it is and percent-decoded once more; ours are letters and digits, for which the
    /// two are one (protocol.md §6.1).
    pub fn parse(params: &Params) -> Option<NotifyVerify> {
        // Ids and partners are ASCII in either charset; NUL goes into no database.
        let text = |name| params.get_text(name, Charset::Utf8).ok().flatten().filter(|id| !id.contains('\0'));
        Some(NotifyVerify {
            partner: PartnerId::new(text("partner")?),
            notify_id: NotifyId::new(text("notify_id")?),
        })
    }

    /// Writes the question for `gateway.do`.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("service", b"notify_verify");
        params.push("partner", self.partner.as_str().as_bytes());
        params.push("notify_id", self.notify_id.as_str().as_bytes());
        params
    }
}
