//! The words of an explanation, from the text files.

use std::collections::BTreeMap;

use danbao_explain::message::{Form, Kind as MessageKind, Readable};
use danbao_explain::mistake::{Mistake, Source};
use danbao_explain::{Check, NothingRead};
use serde::Deserialize;

/// Table `explain` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Words {
    pub(super) nothing_to_do: String,
    pub(super) read: String,
    pub(super) read_value: String,
    pub(super) charset: String,
    pub(super) charset_declared: String,
    pub(super) charset_absent: String,
    pub(super) charset_bytes: String,
    pub(super) parameters: String,
    pub(super) not_signed: String,
    pub(super) empty: String,
    pub(super) own: String,
    pub(super) text: String,
    pub(super) expected: String,
    pub(super) got: String,
    pub(super) computed: String,
    pub(super) answered: String,
    pub(super) right: String,
    pub(super) mistaken: String,
    pub(super) forgiven: String,
    pub(super) unexplained: String,
    pub(super) unsigned: String,
    pub(super) no_key: String,
    pub(super) of_sign: String,
    pub(super) of_mysign: String,
    pub(super) signed_text: String,
    pub(super) differs: String,
    pub(super) cure: String,
    pub(super) see: String,
    pub(super) see_tutorial: String,
    pub(super) tried: String,
    pub(super) several: String,
    readable: BTreeMap<String, String>,
    forms: BTreeMap<String, String>,
    kinds: BTreeMap<String, String>,
    nothing: BTreeMap<String, String>,
    checks: BTreeMap<String, String>,
    mistakes: BTreeMap<String, MistakeWords>,
}

/// What is said of a mistake: what was done, with a gap for what it was done to, and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MistakeWords {
    what: String,
    cure: String,
}

impl Words {
    pub(super) fn form(&self, form: Form) -> &str {
        said(&self.forms, form.code())
    }

    pub(super) fn readable(&self, readable: Readable) -> &str {
        said(&self.readable, readable.code())
    }

    pub(in crate::commands) fn kind(&self, kind: &MessageKind) -> String {
        let name = said(&self.kinds, kind.code());
        match kind {
            MessageKind::Request(service) => format!("{name} {service}"),
            _ => name.to_owned(),
        }
    }

    pub(in crate::commands) fn nothing_read(&self, nothing: NothingRead) -> &str {
        said(&self.nothing, nothing.code())
    }

    pub(in crate::commands) fn check(&self, check: Check) -> &str {
        said(&self.checks, check.code())
    }

    /// What was done.
    pub(in crate::commands) fn what(&self, mistake: &Mistake) -> String {
        match self.mistakes.get(mistake.kind.code()) {
            Some(words) => words.what.replace("{}", &printable(&mistake.about)),
            None => mistake.kind.code().to_owned(),
        }
    }

    /// What to do about it.
    pub(super) fn cure(&self, mistake: &Mistake) -> &str {
        self.mistakes.get(mistake.kind.code()).map_or("", |words| &words.cure)
    }

    /// Where the rule stands.
    pub(super) fn source(&self, source: Source) -> String {
        let section = self.see.replace("{}", source.protocol);
        match source.tutorial {
            "" => section,
            step => format!("{section}{}", self.see_tutorial.replace("{}", step)),
        }
    }
}

fn said<'a>(words: &'a BTreeMap<String, String>, code: &'a str) -> &'a str {
    words.get(code).map_or(code, String::as_str)
}

/// Whether a terminal obeys a character instead of showing it, or shows nothing.
pub(in crate::commands) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// With control characters made visible, so that a message cannot move a terminal's cursor.
pub(in crate::commands) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use danbao_explain::mistake::Kind;

    use super::*;
    use crate::commands::text::texts;
    use crate::config::Lang;

    #[test]
    fn every_mistake_and_every_check_has_words_in_both_languages_and_nothing_else_has() {
        for words in [Lang::Zh, Lang::En].map(|lang| &texts(lang).explain) {
            for kind in Kind::ALL {
                let said = &words.mistakes[kind.code()];
                assert!(!said.what.is_empty() && !said.cure.is_empty(), "{}", kind.code());
            }
            assert_eq!(words.mistakes.len(), Kind::ALL.len());
            for check in Check::ALL {
                assert_ne!(words.check(*check), check.code());
            }
            assert_eq!(words.checks.len(), Check::ALL.len());
            for nothing in [NothingRead::NoParameters, NothingRead::TooManyParameters, NothingRead::TooLong] {
                assert_ne!(words.nothing_read(nothing), nothing.code());
            }
            for form in [Form::Url, Form::Body, Form::Request, Form::AccessLog, Form::LogTxt, Form::Dump] {
                assert_ne!(words.form(form), form.code());
            }
            assert_eq!((words.kinds.len(), words.readable.len()), (7, 5));
        }
    }

    #[test]
    fn a_message_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1B}[2J\n\u{202E}测"), "a\\u{1b}[2J\\n\\u{202e}测");
    }
}
