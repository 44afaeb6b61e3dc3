//! 1 B, 1 C and 1 G: what the pages are and say.

use danbao_protocol::charset::Charset;
use danbao_protocol::node::{NoAnswer, Response};
use http::header::{LOCATION, SET_COOKIE};

use super::answer::{Word, is_answer, is_word};
use crate::Facts;
use crate::finding::{About, Evidence, Lack, Verdict};
use crate::hex::SHOWN_MAX;
use crate::probe::ProbeId;
use crate::settings::{Place, target};

const PAGES: [Place; 3] = [Place::Notify, Place::Return, Place::Show];

/// What the tutorials' languages and their successors print when a program fails.
const ERROR_MARKS: [&str; 17] = [
    "Fatal error",
    "Parse error:",
    "<b>Warning</b>",
    "<b>Notice</b>",
    "<b>Deprecated</b>",
    "Uncaught exception",
    "Server Error in",
    "Microsoft VBScript",
    "Microsoft OLE DB",
    "ODBC",
    "Active Server Pages",
    "javax.servlet",
    "java.lang.",
    "org.apache.jasper",
    "Whitelabel Error Page",
    "Traceback (most recent call last)",
    "Compilation Error",
];

/// Cookies that open a session.
const SESSIONS: [&str; 6] =
    ["PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", "ASPSESSIONID", "connect.sid", "sessionid"];

/// Statuses by which filters turn a caller away; 2 C speaks of them.
pub(super) const TURNED_AWAY: [u16; 5] = [401, 403, 406, 407, 429];

fn status_of(response: &Response) -> u16 {
    response.status().as_u16()
}

pub(super) fn url_form(facts: &Facts) -> Verdict {
    let mut about = Vec::new();
    let mut is_any = false;
    for &place in Place::ALL {
        let Some(url) = facts.settings.url(place) else { continue };
        is_any = true;
        if target(url).is_none() || url.contains('#') {
            about.push(About::Text(format!("{} = {url:?}", place.name())));
        }
    }
    if is_any { Verdict::of(about) } else { Verdict::NotLooked(Lack::Option("--notify-url")) }
}

fn silent(facts: &Facts, place: Place, option: &'static str) -> Verdict {
    if facts.settings.url(place).is_none() {
        return Verdict::NotLooked(Lack::Option(option));
    }
    let first = facts.exchanges.iter().find(|(probe, _)| probe.place() == place);
    let Some((_, exchange)) = first else { return Verdict::NotLooked(Lack::Occasion) };
    match &exchange.outcome {
        Ok(_) => Verdict::Fine,
        Err(why) => Verdict::of(vec![About::Term(match why {
            NoAnswer::Unreachable => "unreachable",
            NoAnswer::TimedOut => "timed_out",
            NoAnswer::Broken => "broken_answer",
        })]),
    }
}

pub(super) fn notify_silent(facts: &Facts) -> Verdict {
    silent(facts, Place::Notify, "--notify-url")
}

pub(super) fn return_silent(facts: &Facts) -> Verdict {
    silent(facts, Place::Return, "--return-url")
}

pub(super) fn show_silent(facts: &Facts) -> Verdict {
    silent(facts, Place::Show, "--show-url")
}

/// An answer to other questions and none to this one: the program died of it, or its length is said wrongly. Silence is
/// 2 D's matter.
pub(super) fn broken_off(facts: &Facts) -> Verdict {
    let mut is_any = false;
    let mut about = Vec::new();
    for place in PAGES {
        let mut here = facts.exchanges.iter().filter(|(probe, _)| probe.place() == place);
        // Without the first answer the page is silent, of which another check speaks.
        let Some((_, first)) = here.next() else { continue };
        is_any |= first.outcome.is_ok();
        let is_broken = |why: &NoAnswer| matches!(why, NoAnswer::Broken | NoAnswer::Unreachable);
        let broken = here.find(|(_, sent)| sent.outcome.as_ref().is_err_and(is_broken));
        if let Some((probe, _)) = broken.filter(|_| first.outcome.is_ok()) {
            about.extend([About::Text(format!("{}:", place.name())), About::Term(probe.as_str())]);
        }
    }
    if is_any { Verdict::of(about) } else { Verdict::NotLooked(Lack::Answer) }
}

/// An error in answer to a message where calls without parameters are answered well: the program fails, or a filter
/// steps in, when there is something to read.
pub(super) fn signed_status(facts: &Facts) -> Verdict {
    let mut genuine = facts.answers(Place::Notify).filter(|(probe, _)| probe.is_genuine()).peekable();
    if genuine.peek().is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    let is_error = |response: &Response| status_of(response) >= 400;
    if facts.answer(ProbeId::EmptyPost).is_some_and(is_error) {
        return Verdict::Fine;
    }
    match genuine.find(|(_, response)| is_error(response)) {
        None => Verdict::Fine,
        Some((probe, response)) => {
            let about = vec![About::Text(format!("{}:", status_of(response))), About::Term(probe.as_str())];
            let body = response.body();
            let bytes = (1..=SHOWN_MAX).contains(&body.len()).then(|| body.to_vec());
            Verdict::Found(Evidence { about, bytes })
        }
    }
}

/// The pages as a visitor without parameters meets them, and the return of a buyer.
fn visits(facts: &Facts) -> impl Iterator<Item = (ProbeId, &Response)> {
    PAGES
        .into_iter()
        .flat_map(|place| facts.answers(place))
        .filter(|(probe, _)| probe.is_empty_call() || probe.place() != Place::Notify)
}

/// One piece for each page that is so.
fn pages_that(facts: &Facts, say: impl Fn(ProbeId, &Response) -> Option<Option<String>>) -> Verdict {
    let mut about: Vec<About> = Vec::new();
    let mut bytes = None;
    let mut is_any = false;
    let mut named: Vec<Place> = Vec::new();
    for (probe, response) in visits(facts) {
        is_any = true;
        let place = probe.place();
        if named.contains(&place) {
            continue;
        }
        if let Some(detail) = say(probe, response) {
            named.push(place);
            let name = place.name();
            about.push(About::Text(detail.map_or(name.to_owned(), |detail| format!("{name}: {detail}"))));
            let body = response.body();
            // A whole page is better looked at in a browser.
            bytes = bytes.or_else(|| (1..=SHOWN_MAX).contains(&body.len()).then(|| body.to_vec()));
        }
    }
    match (is_any, about.is_empty()) {
        (false, _) => Verdict::NotLooked(Lack::Answer),
        (true, true) => Verdict::Fine,
        (true, false) => Verdict::Found(Evidence { about, bytes }),
    }
}

/// A page that tells a visitor without parameters, with 400, that something is missing is a page; one that is not there
/// is none.
fn is_own_refusal(place: Place, status: u16) -> bool {
    place == Place::Return && (400..500).contains(&status) && !matches!(status, 401 | 404 | 405 | 407 | 410)
}

/// 2 C speaks of it.
fn is_filters(place: Place, status: u16) -> bool {
    place == Place::Notify && TURNED_AWAY.contains(&status)
}

pub(super) fn status(facts: &Facts) -> Verdict {
    pages_that(facts, |probe, response| {
        let status = status_of(response);
        let is_well = status < 400
            || is_filters(probe.place(), status)
            || is_own_refusal(probe.place(), status)
            // A page may say with any status of its own that there is no such order.
            || probe == ProbeId::ReturnSigned && status < 500;
        (!is_well).then(|| Some(status.to_string()))
    })
}

pub(super) fn blank(facts: &Facts) -> Verdict {
    pages_that(facts, |_, response| {
        let is_blank = response.status().is_success() && response.body().trim_ascii().is_empty();
        is_blank.then_some(None)
    })
}

pub(super) fn error_page(facts: &Facts) -> Verdict {
    pages_that(facts, |_, response| {
        let text = String::from_utf8_lossy(response.body());
        let mark = ERROR_MARKS.iter().find(|mark| text.contains(**mark))?;
        Some(Some((*mark).replace("<b>", "").replace("</b>", "")))
    })
}

/// The answers of `notify_url` to calls without parameters, as long as they are pages of the shop's own.
fn empty_calls(facts: &Facts) -> Vec<(ProbeId, &Response)> {
    facts
        .answers(Place::Notify)
        .filter(|(probe, response)| probe.is_empty_call() && is_answer(response))
        .collect()
}

pub(super) fn empty_success(facts: &Facts) -> Verdict {
    let calls = empty_calls(facts);
    if calls.is_empty() {
        return Verdict::NotLooked(Lack::Answer);
    }
    match calls.iter().find(|(_, response)| is_word(response.body(), Word::Success)) {
        Some((probe, response)) => Verdict::shown(method(*probe), response.body()),
        None => Verdict::Fine,
    }
}

fn method(probe: ProbeId) -> &'static str {
    if probe == ProbeId::EmptyGet { "GET" } else { "POST" }
}

/// Neither `fail` nor a word that parameters are missing, which are the two that the tutorials allow (escrow tutorial
/// 3.4, step 2).
pub(super) fn empty_not_fail(facts: &Facts) -> Verdict {
    let calls = empty_calls(facts);
    if calls.is_empty() {
        return Verdict::NotLooked(Lack::Answer);
    }
    let is_allowed = |body: &[u8]| {
        let says = |charset: Charset| charset.decode(body).is_ok_and(|text| text.contains("无通知参数"));
        is_word(body, Word::Fail) || says(Charset::Utf8) || says(Charset::Gbk)
    };
    let strange = calls.iter().find(|(_, response)| {
        let body = response.body();
        !body.trim_ascii().is_empty() && !is_word(body, Word::Success) && !is_allowed(body)
    });
    match strange {
        Some((probe, response)) => Verdict::shown(method(*probe), response.body()),
        None => Verdict::Fine,
    }
}

pub(super) fn return_redirect(facts: &Facts) -> Verdict {
    match facts.answer(ProbeId::ReturnEmpty) {
        None => Verdict::NotLooked(Lack::Option("--return-url")),
        Some(response) if response.status().is_redirection() => Verdict::about(location(response)),
        Some(_) => Verdict::Fine,
    }
}

pub(super) fn own_parameters(facts: &Facts) -> Verdict {
    let mut about = Vec::new();
    let mut is_any = false;
    for place in PAGES {
        let Some(url) = facts.settings.url(place) else { continue };
        is_any = true;
        if let Some((_, query)) = url.split_once('?') {
            about.push(About::Text(format!("{}: ?{query}", place.name())));
        }
    }
    if is_any { Verdict::of(about) } else { Verdict::NotLooked(Lack::Option("--notify-url")) }
}

/// Status and target of a redirect, without the query: what stands there may be a token.
fn location(response: &Response) -> String {
    let to = response.headers().get(LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
    let to = to.unwrap_or_default();
    let shown = match to.split_once('?') {
        Some((path, _)) => format!("{path}?..."),
        None => to,
    };
    format!("{} {shown}", status_of(response)).trim_end().to_owned()
}

/// The first answer of `notify_url` of which something can be said.
fn notify_that(facts: &Facts, say: impl Fn(&Response) -> Option<Verdict>) -> Verdict {
    let mut answers = facts.answers(Place::Notify).peekable();
    if answers.peek().is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    answers.find_map(|(_, response)| say(response)).unwrap_or(Verdict::Fine)
}

pub(super) fn redirect(facts: &Facts) -> Verdict {
    notify_that(facts, |response| {
        response.status().is_redirection().then(|| Verdict::about(location(response)))
    })
}

/// A page that sends a browser on by itself.
pub(super) fn page_redirect(facts: &Facts) -> Verdict {
    const MARKS: [&str; 4] =
        ["http-equiv=\"refresh\"", "http-equiv=refresh", "location.href", "location.replace"];
    notify_that(facts, |response| {
        let text = String::from_utf8_lossy(response.body()).to_ascii_lowercase();
        let mark = MARKS.iter().find(|mark| text.contains(**mark))?;
        Some(Verdict::shown(*mark, response.body()))
    })
}

/// The names of the cookies that an answer sets.
fn cookies(response: &Response) -> Vec<String> {
    let values = response.headers().get_all(SET_COOKIE);
    let name = |value: &http::HeaderValue| {
        String::from_utf8_lossy(value.as_bytes()).split('=').next().unwrap_or_default().trim().to_owned()
    };
    values.iter().map(name).collect()
}

fn is_session(name: &str) -> bool {
    SESSIONS.iter().any(|known| name.get(..known.len()).is_some_and(|head| head.eq_ignore_ascii_case(known)))
}

pub(super) fn session(facts: &Facts) -> Verdict {
    notify_that(facts, |response| {
        cookies(response).into_iter().find(|name| is_session(name)).map(Verdict::about)
    })
}

pub(super) fn cookie(facts: &Facts) -> Verdict {
    notify_that(facts, |response| {
        cookies(response).into_iter().find(|name| !is_session(name)).map(Verdict::about)
    })
}
