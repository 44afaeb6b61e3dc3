//! Every word of every page, by language and key, and how amounts and names are put into them.

use std::sync::LazyLock;

use minijinja::value::{Kwargs, Serde};
use minijinja::{Error, ErrorKind, HtmlEscape, Value};

use super::Lang;

/// The text files, as `pages/text/<lang>.toml`.
pub(super) const fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => include_str!("../../pages/text/zh.toml"),
        Lang::En => include_str!("../../pages/text/en.toml"),
    }
}

/// The words of one language: `t.cashier.title` in a template. Cheap to call, the tables are shared.
pub(super) fn of(lang: Lang) -> Value {
    static ZH: LazyLock<Value> = LazyLock::new(|| read(Lang::Zh));
    static EN: LazyLock<Value> = LazyLock::new(|| read(Lang::En));
    match lang {
        Lang::Zh => ZH.clone(),
        Lang::En => EN.clone(),
    }
}

fn read(lang: Lang) -> Value {
    match source(lang).parse::<toml::Table>() {
        Ok(table) => Value::from(Serde(&table)),
        Err(error) => {
            tracing::error!(lang = lang.as_str(), %error, "the text file does not parse");
            Value::UNDEFINED
        }
    }
}

/// The filter `t.paid.done | fill(amount=page.amount)`: puts the arguments in the place of `{amount}`.
///
/// Text and arguments are escaped here, unless an argument is HTML already, so the result is HTML.
///
/// # Errors
/// A placeholder without its argument, or an argument without its placeholder.
pub(super) fn fill(text: &str, arguments: Kwargs) -> Result<Value, Error> {
    let mut html = String::with_capacity(text.len() + 32);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => html.push_str(&HtmlEscape(text).to_string()),
            Piece::Placeholder(name) => {
                let value: Value = arguments.get(name)?;
                match (value.is_undefined(), value.is_safe()) {
                    (true, _) => {
                        return Err(Error::new(ErrorKind::UndefinedError, format!("{{{name}}} in {text:?}")));
                    }
                    (false, true) => html.push_str(&value.to_string()),
                    (false, false) => html.push_str(&HtmlEscape(&value.to_string()).to_string()),
                }
            }
        }
    }
    arguments.assert_all_used()?;
    Ok(Value::from_safe_string(html))
}

/// A run of a text: itself, or the name between two braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// To be shown as it is.
    Text(&'a str),
    /// To be filled in.
    Placeholder(&'a str),
}

/// Cuts a text at its placeholders. A brace that opens nothing is text.
pub(super) fn pieces(mut rest: &str) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            rest = after;
            return Some(Piece::Placeholder(name));
        }
        let end = rest.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(rest.len(), |(at, _)| at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}
