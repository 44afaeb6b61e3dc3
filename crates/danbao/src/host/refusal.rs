//! What the host answers by itself, for every node alike: a problem of RFC 9457 for programs, a small page in the visitor's
//! language for a browser. Neither needs the node, nor its database, nor a file of its own.

use std::sync::LazyLock;

use danbao_node::{Lang, problem, web};
use danbao_protocol::node::Response;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_SECURITY_POLICY, COOKIE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use serde::Deserialize;

/// Why the host does not hand a request to the node, or has no answer of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The target is no origin form, or holds bytes that are not UTF-8.
    Target,
    /// The body broke off.
    Broken,
    /// The body took too long.
    Slow,
    /// The body has more than so many bytes.
    TooLarge { max: usize },
    /// Too much is asked at once. Nothing of this was done.
    Busy,
    /// The node died, or does not answer: it may have done what was asked.
    Unanswered,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Refusal::Target | Refusal::Broken => StatusCode::BAD_REQUEST,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            Refusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Busy | Refusal::Unanswered => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Refusal::Target => "target_malformed",
            Refusal::Broken => "body_broken",
            Refusal::Slow => "body_slow",
            Refusal::TooLarge { .. } => "body_too_large",
            Refusal::Busy => "busy",
            Refusal::Unanswered => "unanswered",
        }
    }

    fn detail(self) -> String {
        match self {
            Refusal::Target => "the request's target is no path in UTF-8".to_owned(),
            Refusal::Broken => "the body ended before its end".to_owned(),
            Refusal::Slow => "the body took too long to arrive".to_owned(),
            // Whoever sends a batch of refunds can send it as several.
            Refusal::TooLarge { max } => {
                format!("a body may have {max} bytes here; a larger batch can be sent as several")
            }
            Refusal::Busy => "too much is asked at once; nothing of this was done, ask again".to_owned(),
            Refusal::Unanswered => {
                "there is no answer for a moment; what was asked may have been done, so ask again in a way that is safe \
                 to repeat, with the same Idempotency-Key where there is one"
                    .to_owned()
            }
        }
    }

    /// Seconds after which asking again makes sense: a dead node is rebuilt every few.
    fn retry_after(self) -> Option<u32> {
        match self {
            Refusal::Busy => Some(1),
            Refusal::Unanswered => Some(5),
            _ => None,
        }
    }

    /// The answer to who asked in this way.
    pub(super) fn respond(self, asked: &Asked) -> Response {
        let mut response = match asked.page {
            Some(lang) => self.page(lang, asked.can_repeat),
            None => {
                let body = problem::problem(self.status(), self.code(), &self.detail());
                web::unsniffed(web::json(self.status(), body.to_string()))
            }
        };
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        // A body that was not read to its end makes the connection useless.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    fn page(self, lang: Lang, can_repeat: bool) -> Response {
        let words = words(lang);
        let Said { title, text } = match self {
            Refusal::Busy | Refusal::Unanswered => &words.unavailable,
            Refusal::TooLarge { .. } => &words.too_large,
            Refusal::Target | Refusal::Broken | Refusal::Slow => &words.unreadable,
        };
        let is_worth_it = can_repeat && self.retry_after().is_some();
        let lines = PAGE.split_inclusive('\n').filter(|line| is_worth_it || !line.contains("{again}"));
        let parts = [("{lang}", lang.tag()), ("{title}", title), ("{text}", text), ("{again}", &words.again)];
        let html = parts.iter().fold(lines.collect(), |page: String, (name, part)| page.replace(name, part));
        let mut response = web::html(self.status(), html);
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        response
    }
}

/// The page fetches nothing, for there may be nobody to fetch it from: its style stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Filled in with words of the program's own, which need no escaping.
const PAGE: &str = include_str!("../../text/host/page.html");

/// Addresses below these are for programs, whatever they say they would like to be shown.
const APIS: [&str; 2] = ["/v1/", "/sandbox/v1/"];

/// Who asks, as far as it says how an answer is to be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The language of a page; `None` if it is a program that asks.
    page: Option<Lang>,
    /// Whether the same can be asked again by a link.
    can_repeat: bool,
}

impl Asked {
    /// Reads the head of a request.
    pub(super) fn of<B>(request: &Request<B>) -> Asked {
        let (uri, headers) = (request.uri(), request.headers());
        let is_api = APIS.iter().any(|api| uri.path().starts_with(api));
        // Every browser asks for it by name when a person follows a link or sends a form, and programs do not.
        let wants_page = words_of(headers, ACCEPT).any(|kind| kind.starts_with("text/html"));
        let page = (wants_page && !is_api).then(|| lang(uri.query().unwrap_or_default(), headers));
        Asked { page, can_repeat: request.method() == Method::GET }
    }
}

/// The language that gateway and shop would choose too: what the address says, what was chosen before, what the browser
/// would like.
fn lang(query: &str, headers: &HeaderMap) -> Lang {
    let asked = query.split('&').find_map(|pair| Lang::from_word(pair.strip_prefix("lang=")?));
    let mut cookies = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let kept = || {
        cookies.find_map(|line| {
            line.split(';').find_map(|pair| Lang::from_word(pair.trim().strip_prefix("danbao_lang=")?))
        })
    };
    let liked = || words_of(headers, ACCEPT_LANGUAGE).find_map(|range| Lang::from_word(range.get(..2)?));
    asked.or_else(kept).or_else(liked).unwrap_or_default()
}

fn words_of(headers: &HeaderMap, name: http::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    again: String,
    unavailable: Said,
    too_large: Said,
    unreadable: Said,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    title: String,
    text: String,
}

fn words(lang: Lang) -> &'static Words {
    static ZH: LazyLock<Words> = LazyLock::new(|| read(include_str!("../../text/host/zh.toml")));
    static EN: LazyLock<Words> = LazyLock::new(|| read(include_str!("../../text/host/en.toml")));
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

/// The files are a part of the program and a test reads both, so they can be relied on.
fn read(source: &str) -> Words {
    toml::from_str(source)
        .unwrap_or_else(|error| panic!("a text file of the program does not fit it: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(target: &str, headers: &[(&str, &str)]) -> Asked {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Asked::of(&request.body(()).unwrap())
    }

    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    fn text(response: &Response) -> String {
        String::from_utf8(response.body().to_vec()).unwrap()
    }

    #[test]
    fn a_browser_gets_a_page_in_its_language_and_a_program_a_problem() {
        let page = |target: &str, more: &[(&str, &str)]| asked(target, &[&[BROWSER], more].concat()).page;
        assert_eq!(page("/pay/return", &[]), Some(Lang::Zh));
        assert_eq!(
            page("/pay/return", &[("accept-language", "fr;q=0.9, en-GB;q=0.8, zh;q=0.1")]),
            Some(Lang::En)
        );
        assert_eq!(
            page("/", &[("accept-language", "en"), ("cookie", "a=b; danbao_lang=zh")]),
            Some(Lang::Zh)
        );
        assert_eq!(page("/?a=b&lang=en", &[("cookie", "danbao_lang=zh")]), Some(Lang::En));
        assert_eq!(page("/v1/orders", &[]), None, "an API is for programs");
        assert_eq!(asked("/pay/notify", &[("accept", "*/*")]).page, None);
        assert_eq!(asked("/pay/notify", &[]).page, None);
    }

    #[test]
    fn both_texts_make_whole_pages_that_fetch_nothing() {
        for lang in Lang::ALL {
            let too_large = Refusal::TooLarge { max: 7 };
            for refusal in [
                Refusal::Target,
                Refusal::Broken,
                Refusal::Slow,
                too_large,
                Refusal::Busy,
                Refusal::Unanswered,
            ] {
                let response = refusal.respond(&Asked { page: Some(lang), can_repeat: true });
                assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
                let html = text(&response);
                assert!(
                    html.contains(&format!(" lang=\"{}\">", lang.tag()))
                        && !["{title}", "{text}", "{again}"].iter().any(|name| html.contains(name)),
                    "{html}"
                );
                assert!(!html.contains("src=") && !html.contains("<link"), "{html}");
                assert_eq!(html.contains("href=\"\""), refusal.retry_after().is_some(), "{html}");
            }
        }
    }

    #[test]
    fn a_form_is_not_to_be_sent_again_by_a_link() {
        let response = Refusal::Unanswered.respond(&Asked { page: Some(Lang::En), can_repeat: false });
        assert!(!text(&response).contains("href"));
        assert_eq!(response.headers()["retry-after"], "5");
    }

    #[test]
    fn a_problem_says_whether_anything_may_have_been_done() {
        let program = asked("/v1/orders", &[]);
        let said = |refusal: Refusal| {
            let response = refusal.respond(&program);
            let body: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            (
                response.status().as_u16(),
                response.headers().contains_key("retry-after"),
                body["code"].as_str().unwrap().to_owned(),
            )
        };
        assert_eq!(said(Refusal::Busy), (503, true, "busy".into()));
        assert_eq!(said(Refusal::Unanswered), (503, true, "unanswered".into()));
        assert_eq!(said(Refusal::TooLarge { max: 7 }), (413, false, "body_too_large".into()));
        assert_eq!(said(Refusal::Slow), (408, false, "body_slow".into()));
        assert_eq!(said(Refusal::Target), (400, false, "target_malformed".into()));
    }
}
