//! Error codes in words: the same words for the debug-error page, the catalogue, its JSON and the command line.

use std::sync::LazyLock;

use danbao_protocol::error_code::ErrorCode;
use serde::Serialize;

use super::front::seen;
use super::raised::{self, Raised};
use super::{Lang, Page};

/// What a code means and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The code, as on the wire; `null` for the message without one (业务数据被篡改).
    pub code: Option<&'static str>,
    /// Why it is raised.
    pub cause: String,
    /// How to see that this is so.
    pub check: String,
    /// What to do.
    pub cure: String,
    /// Whether it is raised here at all, and by what.
    pub raised: Raised,
    /// Where it is raised: services by their names on the wire.
    pub services: Vec<&'static str>,
    /// The code in its place: always, if this one is never raised; else unless a contract wants the finer codes
    /// (protocol.md §8.6).
    pub instead: Option<&'static str>,
    /// Why it is never raised, or when it is, if there is more to say than its cause.
    pub note: Option<String>,
    /// Where the tutorials speak of it, in the same language.
    pub seen_in: Vec<String>,
}

/// Explains a code in a language.
pub fn explain(code: ErrorCode, lang: Lang) -> Explanation {
    let on_wire = code.is_on_the_wire().then(|| code.as_str());
    let key = on_wire.unwrap_or("none");
    let listed = raised::of(code);
    let own = [key.to_owned(), key.to_lowercase(), format!("absent.{}", listed.why.unwrap_or_default())];
    let borrowed = listed.instead.map(str::to_owned);
    // The two spellings of one code share their words; a name that is not used here any more borrows.
    let known = own.into_iter().chain(borrowed).find(|key| error_text(lang, key, "cause").is_some());
    let text = |part: &str| known.as_ref().and_then(|key| error_text(lang, key, part)).unwrap_or_default();
    let words = |table: &str, word: &str| error_text(lang, table, word).unwrap_or_default();
    let seen_in = seen(key).iter().map(|seen| {
        let tutorial = words("place", seen.tutorial);
        words("place", "section").replace("{tutorial}", &tutorial).replace("{section}", seen.section)
    });
    let note = match (listed.raised, listed.why, listed.instead) {
        (Raised::Never, Some(why), _) => error_text(lang, &format!("absent.{why}"), "why"),
        (Raised::Planned, ..) => Some(words("note", "planned")),
        (Raised::Rule, _, Some(_)) => Some(words("note", "finer")),
        _ => None,
    };
    Explanation {
        code: on_wire,
        cause: text("cause"),
        check: text("check"),
        cure: text("cure"),
        raised: listed.raised,
        services: listed.services,
        instead: listed.instead,
        note: note.map(|note| note.replace("{instead}", listed.instead.unwrap_or_default())),
        seen_in: seen_in.collect(),
    }
}

/// The words of the error codes, as `pages/text/errors/<lang>.toml`.
const fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => include_str!("../../pages/text/errors/zh.toml"),
        Lang::En => include_str!("../../pages/text/errors/en.toml"),
    }
}

/// The function `cause_of(code, lang)` of templates: why, in one sentence; nothing for what is no code.
pub(super) fn cause_of(code: &str, lang: &str) -> String {
    let known = ErrorCode::from_wire(code).zip(Lang::from_word(lang));
    known.map(|(code, lang)| explain(code, lang).cause).unwrap_or_default()
}

fn error_text(lang: Lang, key: &str, part: &str) -> Option<String> {
    static ZH: LazyLock<toml::Table> = LazyLock::new(|| source(Lang::Zh).parse().unwrap_or_default());
    static EN: LazyLock<toml::Table> = LazyLock::new(|| source(Lang::En).parse().unwrap_or_default());
    let table: &toml::Table = if lang == Lang::Zh { &ZH } else { &EN };
    let inner = key.split('.').try_fold(table, |table, key| table.get(key)?.as_table())?;
    Some(inner.get(part)?.as_str()?.to_owned())
}

/// GET `/errors`: every code, by how it is raised.
#[derive(Debug, Clone, Serialize)]
pub struct Errors {
    /// In the order of the protocol; the page sorts them into its three parts.
    pub errors: Vec<Explanation>,
}

impl Page for Errors {
    const TEMPLATE: &'static str = "errors.html";
}

/// GET `/errors/{code}`: one code.
#[derive(Debug, Clone, Serialize)]
pub struct OneError {
    /// The code in words.
    pub error: Explanation,
}

impl Page for OneError {
    const TEMPLATE: &'static str = "error.html";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_explained_in_both_languages() {
        for lang in Lang::ALL {
            for code in ErrorCode::ALL {
                let explained = explain(*code, lang);
                for text in [&explained.cause, &explained.check, &explained.cure] {
                    assert!(text.chars().count() > 4 && !text.contains(['{', '}']), "{code} {lang:?}");
                }
                let is_noted = explained.raised != Raised::Rule || explained.instead.is_some();
                assert_eq!(explained.note.is_some(), is_noted, "{code} {lang:?}");
            }
        }
    }

    #[test]
    fn both_languages_explain_the_same_codes_and_nothing_else() {
        let keys = |lang| -> BTreeSet<String> {
            let table: toml::Table = source(lang).parse().unwrap();
            table.keys().cloned().collect()
        };
        assert_eq!(keys(Lang::Zh), keys(Lang::En));
        let strange = keys(Lang::Zh).into_iter().find(|key| {
            !matches!(key.as_str(), "none" | "absent" | "place" | "note")
                && ErrorCode::from_wire(key).is_none()
        });
        assert_eq!(strange, None);
        let reasons = |lang| {
            let table: toml::Table = source(lang).parse().unwrap();
            table["absent"].as_table().unwrap().keys().cloned().collect::<BTreeSet<_>>()
        };
        let used: BTreeSet<String> =
            ErrorCode::ALL.iter().filter_map(|code| raised::of(*code).why).map(str::to_owned).collect();
        assert_eq!((reasons(Lang::Zh), reasons(Lang::En)), (used.clone(), used));
    }

    #[test]
    fn a_code_of_the_tutorials_says_where_they_speak_of_it() {
        let explained = explain(ErrorCode::IllegalSign, Lang::Zh);
        assert_eq!(explained.code, Some("ILLEGAL_SIGN"));
        assert_eq!(explained.seen_in.len(), 4, "{explained:?}");
        assert!(!explained.seen_in[0].contains('{'), "{explained:?}");
        assert_eq!(explain(ErrorCode::BusinessDataAltered, Lang::En).code, None);
        let spoken_of = ErrorCode::ALL.iter().filter(|code| !explain(**code, Lang::En).seen_in.is_empty());
        assert_eq!(
            spoken_of.count(),
            18 + 1 + 1,
            "one of the 18 in two spellings, and the message without a code"
        );
    }

    #[test]
    fn both_spellings_of_the_seller_code_say_the_same() {
        let [lower, upper] =
            [ErrorCode::SellerNotInSpecifiedSellers, ErrorCode::SellerNotInSpecifiedSellersCapitals]
                .map(|code| explain(code, Lang::En));
        assert_eq!((lower.cause, lower.cure), (upper.cause, upper.cure));
    }

    #[test]
    fn a_code_that_is_never_raised_says_why_and_what_is_raised_instead() {
        let explained = explain(ErrorCode::SignIllegal, Lang::En);
        assert_eq!((explained.raised, explained.instead), (Raised::Never, Some("ILLEGAL_SIGN")));
        assert!(explained.note.is_some_and(|note| note.contains("ILLEGAL_SIGN")));
        assert_eq!(explained.cause, explain(ErrorCode::IllegalSign, Lang::En).cause);
    }
}
