//! What the shop says to a message.

use danbao_protocol::node::Response;
use danbao_protocol::notify::{ACKNOWLEDGED, is_acknowledgement};
use http::StatusCode;
use http::header::{LOCATION, SET_COOKIE};

use crate::problem::{Kind, Problem};
use crate::scenario::Answer;

/// What is wrong with an answer to message `number`.
pub(crate) fn judge(number: usize, wanted: Answer, response: &Response) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut found = |kind| problems.push(Problem::new(kind, [number.to_string(), excerpt(response)]));
    let status = response.status();
    let is_success = status == StatusCode::OK && is_acknowledgement(response.body(), false);
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        found(Kind::ServerError);
        return problems;
    }
    match wanted {
        Answer::Success if !is_success => found(Kind::NotAcknowledged),
        Answer::Exactly if !is_success => found(Kind::NotAcknowledged),
        Answer::Exactly => {
            if response.body() != ACKNOWLEDGED {
                found(Kind::NotExact);
            }
            if response.headers().contains_key(SET_COOKIE) {
                found(Kind::Cookie);
            }
        }
        Answer::Refusal if is_success => found(Kind::Acknowledged),
        Answer::Fail if status != StatusCode::OK || !says_fail(response.body()) => found(Kind::NotFail),
        Answer::Success | Answer::Refusal | Answer::Fail | Answer::Page | Answer::Any => {}
    }
    problems
}

/// `fail`, or what the samples print when nothing has come, in either charset (escrow tutorial 3.4).
fn says_fail(body: &[u8]) -> bool {
    const NO_PARAMETERS: &str = "无通知参数";
    const NO_PARAMETERS_GBK: &[u8] = b"\xce\xde\xcd\xa8\xd6\xaa\xb2\xce\xca\xfd";
    let body = body.trim_ascii();
    body == b"fail" || body == NO_PARAMETERS.as_bytes() || body == NO_PARAMETERS_GBK
}

/// The status of an answer, and the beginning of what it says or where it leads.
pub(crate) fn excerpt(response: &Response) -> String {
    const CHARS_MAX: usize = 32;
    let status = response.status().as_u16();
    if let Some(to) = response.headers().get(LOCATION) {
        return format!("{status} -> {}", String::from_utf8_lossy(to.as_bytes()));
    }
    let text = String::from_utf8_lossy(response.body());
    let text = text.trim();
    let is_page = text.starts_with('<') && text.len() > CHARS_MAX;
    let mut shown: String =
        text.chars().take(CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if is_page {
        return format!("{status} HTML");
    }
    if text.chars().count() > CHARS_MAX {
        shown.push('…');
    }
    format!("{status} {shown}").trim_end().to_owned()
}
