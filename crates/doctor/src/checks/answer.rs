//! 1 F: notify_url 页面里，有且只有输出 success，无任何 HTML 标签、空格、回车换行等字符。
//!
//! What stands around `fail` would stand around `success` too, so that every answer of `notify_url` is looked at.

use danbao_protocol::node::Response;
use http::header::CONTENT_ENCODING;

use super::belief::{Refusal, refusal};
use crate::Facts;
use crate::finding::{About, Evidence, Lack, Verdict};
use crate::probe::ProbeId;
use crate::settings::Place;

/// One of the two words that `notify_url` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Success,
    Fail,
}

impl Word {
    const ALL: [Word; 2] = [Word::Success, Word::Fail];

    fn bytes(self) -> &'static [u8] {
        match self {
            Word::Success => b"success",
            Word::Fail => b"fail",
        }
    }
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// The body without byte order marks, which editors put before each of the files that a script includes.
fn without_boms(mut body: &[u8]) -> &[u8] {
    while let Some(rest) = body.strip_prefix(BOM) {
        body = rest;
    }
    body
}

/// Where a word stands by itself, in any letter case.
fn find(body: &[u8], word: Word) -> Option<(usize, usize)> {
    let word = word.bytes();
    let is_letter = |at: Option<usize>| at.and_then(|at| body.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let at = (0..body.len()).find(|&at| {
        body.get(at..at + word.len()).is_some_and(|here| here.eq_ignore_ascii_case(word))
            && !is_letter(at.checked_sub(1))
            && !is_letter(Some(at + word.len()))
    })?;
    Some((at, at + word.len()))
}

/// Whether a body is meant to say this word and nothing else, whatever stuck to it.
pub(super) fn is_word(body: &[u8], word: Word) -> bool {
    let body = without_boms(body);
    let Some((from, to)) = find(body, word) else { return false };
    let around = [body.get(..from), body.get(to..)];
    around.into_iter().flatten().all(is_blank_or_tags)
}

/// Nothing that can be read: blanks, marks and HTML tags.
fn is_blank_or_tags(bytes: &[u8]) -> bool {
    let mut is_inside = false;
    without_boms(bytes).iter().all(|&byte| {
        match byte {
            b'<' => is_inside = true,
            b'>' => is_inside = false,
            _ => return is_inside || byte.is_ascii_whitespace() || byte == 0 || byte >= 0x80,
        }
        true
    })
}

/// Whether a response can be read: no redirect, error or packed body, of which other checks speak.
pub(super) fn is_answer(response: &Response) -> bool {
    response.status().is_success() && packing(response).is_none()
}

/// The encoding of a body, if it has one.
pub(super) fn packing(response: &Response) -> Option<String> {
    let values = response.headers().get_all(CONTENT_ENCODING).into_iter();
    let mut named = values.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_ascii_lowercase());
    named.find(|name| !name.is_empty() && name != "identity")
}

/// The first answer of `notify_url` that is so, in the bytes that it came in.
fn answer_that(facts: &Facts, is_so: impl Fn(&[u8]) -> bool) -> Verdict {
    let mut answers: Vec<(ProbeId, &Response)> =
        facts.answers(Place::Notify).filter(|(_, response)| is_answer(response)).collect();
    if answers.is_empty() {
        return Verdict::NotLooked(Lack::Answer);
    }
    // What a genuine message was answered is the better evidence.
    answers.sort_by_key(|(probe, _)| !probe.is_genuine());
    match answers.into_iter().find(|(_, response)| is_so(response.body())) {
        Some((probe, response)) => {
            let about = vec![About::Text(shown(response.body())), About::Term(probe.as_str())];
            Verdict::Found(Evidence { about, bytes: Some(response.body().to_vec()) })
        }
        None => Verdict::Fine,
    }
}

/// The beginning of a body in quotes, with whatever is invisible in it escaped.
fn shown(body: &[u8]) -> String {
    let head = body.get(..40).unwrap_or(body);
    let more = if head.len() < body.len() { "..." } else { "" };
    format!("\"{}\"{more}", head.escape_ascii())
}

fn any_word(body: &[u8]) -> bool {
    Word::ALL.into_iter().any(|word| is_word(body, word))
}

pub(super) fn bom(facts: &Facts) -> Verdict {
    answer_that(facts, |body| {
        let is_utf16 = body.starts_with(b"\xFF\xFE") || body.starts_with(b"\xFE\xFF");
        is_utf16 || body.starts_with(BOM) || body.windows(BOM.len()).any(|three| three == BOM)
    })
}

/// Packed though nobody asked for it: the gateway names no encoding that it takes, and reads bytes.
pub(super) fn compressed(facts: &Facts) -> Verdict {
    let mut answers = facts.answers(Place::Notify).peekable();
    if answers.peek().is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    match answers.find_map(|(_, response)| Some((packing(response)?, response.body()))) {
        Some((name, body)) => Verdict::shown(name, body),
        None => Verdict::Fine,
    }
}

pub(super) fn html(facts: &Facts) -> Verdict {
    answer_that(facts, |body| {
        body.contains(&b'<') && Word::ALL.into_iter().any(|word| find(body, word).is_some())
    })
}

pub(super) fn blanks(facts: &Facts) -> Verdict {
    answer_that(facts, |body| {
        let body = without_boms(body);
        body != body.trim_ascii() && any_word(body)
    })
}

pub(super) fn case(facts: &Facts) -> Verdict {
    answer_that(facts, |body| {
        Word::ALL.into_iter().any(|word| {
            is_word(body, word) && !body.windows(word.bytes().len()).any(|here| here == word.bytes())
        })
    })
}

/// `success` and something readable beside it.
pub(super) fn around(facts: &Facts) -> Verdict {
    answer_that(facts, |body| find(body, Word::Success).is_some() && !any_word(body) && !body.contains(&b'<'))
}

/// Neither word, to a message that is genuine.
pub(super) fn neither(facts: &Facts) -> Verdict {
    if facts.settings.signing_key().is_none() {
        return Verdict::NotLooked(Lack::Option("--key-file"));
    }
    let mut answers = facts.answers(Place::Notify).filter(|(probe, _)| probe.is_genuine()).peekable();
    if answers.peek().is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    let strange = answers.find(|(_, response)| {
        is_answer(response) && Word::ALL.into_iter().all(|word| find(response.body(), word).is_none())
    });
    match strange {
        Some((_, response)) => Verdict::shown(shown(response.body()), response.body()),
        None => Verdict::Fine,
    }
}

/// Signed rightly and owned by the gateway that the shop asked, and refused all the same: it is the order.
pub(super) fn order_refused(facts: &Facts) -> Verdict {
    match refusal(facts) {
        Refusal::Unknown(lack) => Verdict::NotLooked(lack),
        Refusal::AfterTrue => Verdict::if_so(facts.settings.order.is_none()),
        _ => Verdict::Fine,
    }
}

/// The same, of an order that the merchant has named for it.
pub(super) fn given_order_refused(facts: &Facts) -> Verdict {
    let Some(order) = &facts.settings.order else { return Verdict::NotLooked(Lack::Option("--order")) };
    match refusal(facts) {
        Refusal::Unknown(lack) => Verdict::NotLooked(lack),
        Refusal::AfterTrue => Verdict::about(order.clone()),
        _ => Verdict::Fine,
    }
}

pub(super) fn config_file(facts: &Facts) -> Verdict {
    let Some(shape) = facts.settings.file else { return Verdict::NotLooked(Lack::Option("--config")) };
    let about =
        [(shape.has_bom, "bom_before"), (shape.has_head, "blanks_before"), (shape.has_tail, "tail_behind")];
    Verdict::of(about.into_iter().filter(|(is_so, _)| *is_so).map(|(_, term)| About::Term(term)).collect())
}

/// Whether a probe was answered with `success`, whatever stands around it.
pub(super) fn is_acknowledged(facts: &Facts, probe: ProbeId) -> bool {
    facts.answer(probe).is_some_and(|response| is_answer(response) && is_word(response.body(), Word::Success))
}

/// Whether a probe was answered with `fail`, whatever stands around it.
pub(super) fn is_refused(facts: &Facts, probe: ProbeId) -> bool {
    facts.answer(probe).is_some_and(|response| is_answer(response) && is_word(response.body(), Word::Fail))
}
