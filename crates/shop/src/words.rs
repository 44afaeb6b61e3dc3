//! Every word of the pages, in two languages: `pages/text/{zh,en}.toml`.

use std::sync::LazyLock;

use danbao_node::Lang;
use minijinja::Value;
use minijinja::value::Serde;
use toml::Table;

struct Texts {
    table: Table,
    value: Value,
}

/// The files are part of the program: what does not parse is empty here and found by the test below.
fn read(source: &str) -> Texts {
    let table: Table = toml::from_str(source).unwrap_or_default();
    let value = Value::from(Serde(&table));
    Texts { table, value }
}

static ZH: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../pages/text/zh.toml")));
static EN: LazyLock<Texts> = LazyLock::new(|| read(include_str!("../pages/text/en.toml")));

fn texts(lang: Lang) -> &'static Texts {
    match lang {
        Lang::Zh => &ZH,
        Lang::En => &EN,
    }
}

/// All words of a language, for templates.
pub(crate) fn of(lang: Lang) -> Value {
    texts(lang).value.clone()
}

/// One word by its path, such as `["goods", "tea", "name"]`; empty if it is not there.
pub(crate) fn word(lang: Lang, path: &[&str]) -> &'static str {
    let mut here = None;
    for name in path {
        here = match here {
            None => texts(lang).table.get(*name),
            Some(table) => toml::Value::get(table, *name),
        };
        if here.is_none() {
            return "";
        }
    }
    here.and_then(toml::Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(prefix: &str, table: &Table, out: &mut Vec<(String, String)>) {
        for (name, value) in table {
            let path = format!("{prefix}{name}");
            match value {
                toml::Value::Table(inner) => paths(&format!("{path}."), inner, out),
                value => out.push((path, value.as_str().unwrap_or_default().to_owned())),
            }
        }
    }

    #[test]
    fn both_languages_have_every_word_and_no_word_is_empty() {
        let [mut zh, mut en] = [Vec::new(), Vec::new()];
        paths("", &texts(Lang::Zh).table, &mut zh);
        paths("", &texts(Lang::En).table, &mut en);
        assert!(zh.len() > 100);
        let names =
            |words: &[(String, String)]| words.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&zh), names(&en));
        assert!(zh.iter().chain(&en).all(|(name, text)| !text.is_empty() || panic!("{name} is empty")));
    }

    #[test]
    fn every_good_has_its_words() {
        for good in crate::GOODS {
            for lang in Lang::ALL {
                assert_ne!(word(lang, &["goods", good.id, "name"]), "");
                assert_ne!(word(lang, &["goods", good.id, "text"]), "");
            }
        }
    }
}
