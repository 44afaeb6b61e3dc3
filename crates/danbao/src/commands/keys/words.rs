//! The words of `danbao keys`, from the text files.

use std::collections::BTreeMap;

use danbao_gateway::keys::KeyError;
use danbao_protocol::sign::pasted::{Form, Key, NotAKey, Stuck, Wrapping};
use danbao_protocol::sign::rsa;
use serde::Deserialize;

use crate::commands::doctor::fill;

/// Table `keys` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Words {
    pub(super) form: String,
    pub(super) fingerprint: String,
    pub(super) good_for: String,
    pub(super) note: String,
    not_usable: String,
    pub(super) columns: [String; 7],
    pub(super) yes: String,
    pub(super) gateway: String,
    key_of: String,
    added: String,
    pub(super) for_merchants: String,
    pub(super) for_partner: String,
    pub(super) retired: String,
    cannot_read: String,
    cannot_write: String,
    too_large: String,
    no_database: String,
    no_pair: String,
    pub(super) no_public_half: String,
    private_is_theirs: String,
    names: BTreeMap<String, String>,
    forms: BTreeMap<String, String>,
    wrappings: BTreeMap<String, String>,
    stuck: BTreeMap<String, String>,
    advice: BTreeMap<String, String>,
    problems: BTreeMap<String, Problem>,
    refusals: BTreeMap<String, String>,
}

/// What is wrong with what was pasted, with a gap for its length or character, and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Problem {
    what: String,
    cure: String,
}

fn said<'a>(words: &'a BTreeMap<String, String>, code: &'a str) -> &'a str {
    words.get(code).map_or(code, String::as_str)
}

impl Words {
    /// Which key it is, and how long.
    pub(super) fn key(&self, key: &Key) -> String {
        let code = match key {
            Key::Md5(_) => "md5",
            Key::RsaPublic(_) => "rsa_public",
            Key::RsaPrivate(_) => "rsa_private",
            Key::DsaPublic(_) => "dsa_public",
            Key::DsaPrivate(_) => "dsa_private",
        };
        fill(said(&self.names, code), &[&key.bits().to_string()])
    }

    pub(super) fn form_of(&self, form: Form) -> &str {
        said(
            &self.forms,
            match form {
                Form::Plain => "plain",
                Form::Pkcs1 => "pkcs1",
                Form::Pkcs8 => "pkcs8",
                Form::Spki => "spki",
                Form::OpensslDsa => "openssl_dsa",
            },
        )
    }

    pub(super) fn wrapping(&self, wrapping: Wrapping) -> &str {
        said(
            &self.wrappings,
            match wrapping {
                Wrapping::None => "none",
                Wrapping::Pem => "pem",
                Wrapping::Base64 => "base64",
                Wrapping::Der => "der",
            },
        )
    }

    pub(super) fn stuck(&self, stuck: Stuck) -> &str {
        said(
            &self.stuck,
            match stuck {
                Stuck::Bom => "bom",
                Stuck::Crlf => "crlf",
                Stuck::Blanks => "blanks",
                Stuck::EscapedLineEnds => "escaped_line_ends",
                Stuck::WrongLabel => "wrong_label",
                Stuck::NoEnd => "no_end",
            },
        )
    }

    /// What is to be done with a key, by a name of the text files.
    pub(super) fn advice<'a>(&'a self, code: &'a str) -> &'a str {
        said(&self.advice, code)
    }

    /// Why it is no key.
    pub(super) fn problem(&self, not: &NotAKey) -> String {
        let Some(words) = self.problems.get(not.code()) else { return not.to_string() };
        match not {
            NotAKey::Md5Length(count) => fill(&words.what, &[&count.to_string()]),
            NotAKey::Md5Characters(stranger) => fill(&words.what, &[&format!("{stranger:?}")]),
            NotAKey::OtherAlgorithm(oid) => fill(&words.what, &[oid]),
            NotAKey::TooShort(bits) => fill(&words.what, &[&bits.to_string(), &rsa::BITS_MIN.to_string()]),
            NotAKey::TooLong(bits) => fill(&words.what, &[&bits.to_string(), &rsa::BITS_MAX.to_string()]),
            _ => words.what.clone(),
        }
    }

    /// What to do about it.
    pub(super) fn cure(&self, not: &NotAKey) -> String {
        self.problems.get(not.code()).map_or_else(|| not.advice(), |words| words.cure.clone())
    }

    /// Both, under a heading of their own.
    pub(super) fn not_usable(&self, not: &NotAKey) -> String {
        fill(&self.not_usable, &[&self.problem(not), &self.cure(not)])
    }

    /// Both, as an error.
    pub(super) fn refused_key(&self, not: &NotAKey) -> anyhow::Error {
        anyhow::anyhow!("{}\n  {}", self.problem(not), self.cure(not))
    }

    /// `RSA key 2 of 2088...`
    pub(super) fn key_of(&self, kind: &str, key_no: i64, owner: &str) -> String {
        fill(&self.key_of, &[kind, &key_no.to_string(), owner])
    }

    pub(super) fn added(&self, what: &str, key: &Key) -> String {
        fill(&self.added, &[what, &self.key(key), &key.fingerprint()])
    }

    pub(super) fn cannot_read(&self, file: &str) -> String {
        fill(&self.cannot_read, &[file])
    }

    pub(super) fn cannot_write(&self, file: &str) -> String {
        fill(&self.cannot_write, &[file])
    }

    pub(super) fn too_large(&self, file: &str) -> String {
        fill(&self.too_large, &[file])
    }

    pub(super) fn no_database(&self, path: &str) -> String {
        fill(&self.no_database, &[path])
    }

    pub(super) fn no_pair(&self, kind: &str) -> String {
        fill(&self.no_pair, &[kind])
    }

    pub(super) fn private_is_theirs(&self, kind: &str) -> String {
        fill(&self.private_is_theirs, &[kind])
    }

    /// A refusal of the gateway's in this language; a fault of the database stays as it is, for whoever looks after it.
    pub(super) fn refusal(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(refused) = error.downcast_ref::<KeyError>() else { return error };
        let (code, gaps) = match refused {
            KeyError::NoPartner(partner) => ("no_partner", vec![partner.to_string()]),
            KeyError::NoKey(kind, key_no) => ("no_key", vec![kind.to_string(), key_no.to_string()]),
            KeyError::PrivateHalf => ("private_half", Vec::new()),
            KeyError::NotPrivate => ("not_private", Vec::new()),
            KeyError::OtherKind(kind) => ("other_kind", vec![kind.to_string()]),
            KeyError::Shared => ("shared", Vec::new()),
            KeyError::Known(kind, key_no) => ("known", vec![kind.to_string(), key_no.to_string()]),
            KeyError::NotMade => ("not_made", Vec::new()),
            _ => return error,
        };
        let gaps: Vec<&str> = gaps.iter().map(String::as_str).collect();
        anyhow::anyhow!(fill(said(&self.refusals, code), &gaps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::text::texts;
    use crate::config::Lang;

    #[test]
    fn every_problem_form_and_refusal_has_words_in_both_languages() {
        let problems = [
            NotAKey::Empty,
            NotAKey::Partner,
            NotAKey::Md5Length(31),
            NotAKey::Md5Characters('é'),
            NotAKey::Encrypted,
            NotAKey::Certificate,
            NotAKey::ParametersOnly,
            NotAKey::Ssh,
            NotAKey::OtherAlgorithm("1.2.3".to_owned()),
            NotAKey::TooShort(512),
            NotAKey::TooLong(8192),
            NotAKey::Truncated,
            NotAKey::NotBase64,
            NotAKey::Broken,
            NotAKey::Unknown,
        ];
        for words in [Lang::Zh, Lang::En].map(|lang| &texts(lang).keys) {
            for problem in &problems {
                assert!(words.problems.contains_key(problem.code()), "{}", problem.code());
                let said = format!("{} {}", words.problem(problem), words.cure(problem));
                assert!(!said.contains("{}"), "{said}");
            }
            assert_eq!(words.problems.len(), problems.len());
            for form in [Form::Plain, Form::Pkcs1, Form::Pkcs8, Form::Spki, Form::OpensslDsa] {
                assert!(words.forms.values().any(|said| said == words.form_of(form)), "{form:?}");
            }
            for wrapping in [Wrapping::None, Wrapping::Pem, Wrapping::Base64, Wrapping::Der] {
                assert!(words.wrappings.values().any(|said| said == words.wrapping(wrapping)));
            }
            let stuck = [
                Stuck::Bom,
                Stuck::Crlf,
                Stuck::Blanks,
                Stuck::EscapedLineEnds,
                Stuck::WrongLabel,
                Stuck::NoEnd,
            ];
            for stuck in stuck {
                assert!(words.stuck.values().any(|said| said == words.stuck(stuck)), "{stuck:?}");
            }
            let sizes = [words.forms.len(), words.wrappings.len(), words.stuck.len(), words.names.len()];
            assert_eq!((sizes, words.refusals.len(), words.advice.len()), ([5, 4, 6, 5], 8, 7));
        }
        let refused = anyhow::Error::from(KeyError::PrivateHalf);
        assert!(texts(Lang::Zh).keys.refusal(refused).to_string().contains("私钥"));
    }
}
