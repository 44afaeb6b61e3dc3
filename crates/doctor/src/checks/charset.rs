//! 1 D: 检查编码格式是否设置正确 (input_charset、页面属性编码、网站项目整体编码).

use danbao_protocol::charset::Charset;
use danbao_protocol::node::Response;
use http::header::CONTENT_TYPE;

use super::answer::{is_acknowledged, is_refused, packing};
use crate::Facts;
use crate::finding::{About, Lack, Verdict};
use crate::probe::{ANSWER_BYTES_MAX, ProbeId};
use crate::settings::Place;

const PAGES: [Place; 3] = [Place::Notify, Place::Return, Place::Show];
/// So much of a page is searched for a `meta` element.
const HEAD_BYTES: usize = 2048;

pub(super) fn unknown(facts: &Facts) -> Verdict {
    match &facts.settings.charset {
        None => Verdict::NotLooked(Lack::Option("--charset")),
        Some(label) if label.is_empty() || Charset::from_label(label).is_some() => Verdict::Fine,
        Some(label) => Verdict::about(format!("{label:?}")),
    }
}

/// The label behind `charset=`, in small letters.
fn label_in(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (_, rest) = text.split_once("charset=")?;
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    let end =
        rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(rest.len());
    rest.get(..end).filter(|label| !label.is_empty()).map(str::to_owned)
}

/// What a page says of its own charset: its header, else its `meta`. Scripts and forms name others.
fn declared(response: &Response) -> Option<String> {
    let header = response.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    header.and_then(|value| label_in(&value)).or_else(|| {
        let head = response.body().get(..HEAD_BYTES).unwrap_or(response.body());
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        head.split("<meta").skip(1).find_map(|rest| label_in(rest.split('>').next().unwrap_or(rest)))
    })
}

/// Whether a body can be read; of one that was cut, the last character may be cut too.
fn is_readable(charset: Charset, body: &[u8]) -> bool {
    let cut = if body.len() >= ANSWER_BYTES_MAX { 3 } else { 0 };
    (0..=cut).any(|less| charset.decode(body.get(..body.len() - less).unwrap_or(body)).is_ok())
}

fn charset_of(label: &str) -> Option<Charset> {
    match label {
        "utf8" => Some(Charset::Utf8),
        "gb18030" => Some(Charset::Gbk),
        _ => Charset::from_label(label),
    }
}

/// One piece for each page that is so.
fn pages_that(facts: &Facts, say: impl Fn(&Response, Charset) -> Option<String>) -> Verdict {
    let Some(configured) = facts.settings.charset.as_ref().and_then(|_| facts.settings.charset()) else {
        return Verdict::NotLooked(Lack::Option("--charset"));
    };
    let mut is_any = false;
    let mut about = Vec::new();
    for place in PAGES {
        let mut answers =
            facts.answers(place).filter(|(_, response)| response.status().is_success()).peekable();
        is_any |= answers.peek().is_some();
        if let Some(said) = answers.find_map(|(_, response)| say(response, configured)) {
            about.push(About::Text(format!("{}: {said}", place.name())));
        }
    }
    if is_any { Verdict::of(about) } else { Verdict::NotLooked(Lack::Answer) }
}

pub(super) fn page_declares_another(facts: &Facts) -> Verdict {
    pages_that(facts, |response, configured| {
        let label = declared(response)?;
        (charset_of(&label) != Some(configured)).then_some(label)
    })
}

pub(super) fn page_bytes(facts: &Facts) -> Verdict {
    pages_that(facts, |response, configured| {
        let charset = declared(response).and_then(|label| charset_of(&label)).unwrap_or(configured);
        // What is packed is no text; 1 F speaks of it.
        (packing(response).is_none() && !is_readable(charset, response.body()))
            .then(|| charset.label().to_owned())
    })
}

/// The same message with Chinese in it is refused, or never comes as far as the question.
pub(super) fn chinese_refused(facts: &Facts) -> Verdict {
    let (plain, chinese) = (ProbeId::Plain, ProbeId::Chinese);
    if facts.settings.charset.is_none() {
        return Verdict::NotLooked(Lack::Option("--charset"));
    }
    if facts.settings.signing_key().is_none() {
        return Verdict::NotLooked(Lack::Option("--key-file"));
    }
    if facts.answer(plain).is_none() || facts.answer(chinese).is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    let asked = |probe: ProbeId| {
        let id = facts.notify_ids.get(&probe);
        facts.asked.iter().flatten().any(|asked| asked.notify_id.as_ref() == id)
    };
    if !is_acknowledged(facts, plain) && !asked(plain) {
        return Verdict::NotLooked(Lack::Option("--gateway"));
    }
    let is_answered_otherwise = is_acknowledged(facts, plain) && !is_acknowledged(facts, chinese);
    let is_stopped_earlier = is_refused(facts, chinese) && asked(plain) && !asked(chinese);
    let charset = facts.settings.charset().map_or("", Charset::label);
    if is_answered_otherwise || is_stopped_earlier { Verdict::about(charset) } else { Verdict::Fine }
}
