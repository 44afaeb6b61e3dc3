//! Error codes in words: the same words for the debug-error page, the catalogue, its JSON and the command line.

use std::sync::LazyLock;

use danbao_protocol::error_code::ErrorCode;
use serde::Serialize;

use super::front::seen;
use super::{Lang, Page, words};

/// What a code means and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The code, as on the wire; `null` for the message without one (业务数据被篡改).
    pub code: Option<&'static str>,
    /// Why it is raised.
    pub cause: String,
    /// What to do.
    pub cure: String,
    /// Where the tutorials speak of it, in the same language.
    pub seen_in: Vec<String>,
}

/// Explains a code in a language.
pub fn explain(code: ErrorCode, lang: Lang) -> Explanation {
    let on_wire = code.is_on_the_wire().then(|| code.as_str());
    let key = on_wire.unwrap_or("none");
    let text = |path: &[&str]| words_of(lang, path).unwrap_or_default();
    // The two spellings of one code share their words.
    let known = [key.to_owned(), key.to_lowercase()]
        .into_iter()
        .find(|key| words_of(lang, &["error", key, "cause"]).is_some());
    let known = known.unwrap_or_else(|| "other".to_owned());
    let seen_in = seen(key).iter().map(|seen| {
        let tutorial = text(&["tutorial", seen.tutorial]);
        text(&["debug", "section"]).replace("{tutorial}", &tutorial).replace("{section}", seen.section)
    });
    Explanation {
        code: on_wire,
        cause: text(&["error", &known, "cause"]),
        cure: text(&["error", &known, "cure"]),
        seen_in: seen_in.collect(),
    }
}

/// Looks a text up in the language's file.
fn words_of(lang: Lang, path: &[&str]) -> Option<String> {
    static ZH: LazyLock<toml::Table> = LazyLock::new(|| words::source(Lang::Zh).parse().unwrap_or_default());
    static EN: LazyLock<toml::Table> = LazyLock::new(|| words::source(Lang::En).parse().unwrap_or_default());
    let table: &toml::Table = match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    };
    let (last, tables) = path.split_last()?;
    let inner = tables.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?;
    Some(inner.get(*last)?.as_str()?.to_owned())
}

/// GET `/errors` and `/errors/{code}`: one code or all of them.
#[derive(Debug, Clone, Serialize)]
pub struct Errors {
    /// The codes, in the order of the protocol.
    pub errors: Vec<Explanation>,
    /// Whether this is the page of one code.
    pub is_one: bool,
}

impl Page for Errors {
    const TEMPLATE: &'static str = "errors.html";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_both_languages() {
        for lang in Lang::ALL {
            for code in ErrorCode::ALL {
                let explained = explain(*code, lang);
                assert!(!explained.cause.is_empty() && !explained.cure.is_empty(), "{code} {lang:?}");
            }
        }
    }

    #[test]
    fn a_code_of_the_tutorials_says_where_they_speak_of_it() {
        let explained = explain(ErrorCode::IllegalSign, Lang::Zh);
        assert_eq!(explained.code, Some("ILLEGAL_SIGN"));
        assert_eq!(explained.seen_in.len(), 4, "{explained:?}");
        assert!(!explained.seen_in[0].contains('{'), "{explained:?}");
        assert_eq!(explain(ErrorCode::BusinessDataAltered, Lang::En).code, None);
    }

    #[test]
    fn both_spellings_of_the_seller_code_say_the_same() {
        let [lower, upper] =
            [ErrorCode::SellerNotInSpecifiedSellers, ErrorCode::SellerNotInSpecifiedSellersCapitals]
                .map(|code| explain(code, Lang::En));
        assert_eq!((lower.cause, lower.cure), (upper.cause, upper.cure));
    }
}
