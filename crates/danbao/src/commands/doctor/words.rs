//! The words of the doctor, from the text files.

use std::collections::BTreeMap;

use danbao_doctor::{About, Check, Evidence, Lack, Severity, Step};
use serde::Deserialize;

use crate::commands::explain::words::printable;

/// Table `doctor` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Words {
    pub(super) nothing_to_do: String,
    pub(super) head: String,
    pub(super) asked: String,
    made_up: String,
    given: String,
    pub(super) none_sent: String,
    pub(super) no_key: String,
    pub(super) no_url: String,
    pub(super) no_answer: String,
    pub(super) stand_in: String,
    error: String,
    warning: String,
    note: String,
    pub(super) fine: String,
    pub(super) not_looked: String,
    needs: String,
    needs_answer: String,
    more: String,
    pub(super) what_stands_there: String,
    pub(super) cure: String,
    pub(super) see: String,
    summary: String,
    progress: String,
    steps: BTreeMap<String, String>,
    terms: BTreeMap<String, String>,
    findings: BTreeMap<String, FindingWords>,
}

/// What is said of a finding, with a gap for what it is about, and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingWords {
    what: String,
    cure: String,
}

impl Words {
    pub(super) fn progress(&self, done: usize, all: usize, probe: &str) -> String {
        fill(&self.progress, &[&done.to_string(), &all.to_string(), self.term(probe)])
    }

    pub(super) fn step(&self, step: Step) -> &str {
        self.steps.get(step.as_str()).map_or("", String::as_str)
    }

    pub(super) fn severity(&self, severity: Severity) -> &str {
        match severity {
            Severity::Note => &self.note,
            Severity::Warning => &self.warning,
            Severity::Error => &self.error,
        }
    }

    pub(super) fn term<'a>(&'a self, term: &'a str) -> &'a str {
        self.terms.get(term).map_or(term, String::as_str)
    }

    pub(super) fn order(&self, number: &str, is_given: bool) -> String {
        fill(if is_given { &self.given } else { &self.made_up }, &[&printable(number)])
    }

    /// What would be needed, as far as somebody could give it.
    pub(super) fn lack(&self, lacks: &[Lack]) -> Option<String> {
        let options = options(lacks);
        if !options.is_empty() {
            return Some(fill(&self.needs, &[&options.join(", ")]));
        }
        lacks.contains(&Lack::Answer).then(|| self.needs_answer.clone())
    }

    /// What more could be looked at.
    pub(super) fn more(&self, lacks: &[Lack]) -> Option<String> {
        let options = options(lacks);
        (!options.is_empty()).then(|| fill(&self.more, &[&options.join(", ")]))
    }

    /// What was found.
    pub(super) fn what(&self, check: &Check, evidence: &Evidence) -> String {
        let Some(words) = self.findings.get(check.id) else { return check.id.to_owned() };
        words.what.replace("{}", &self.about(evidence))
    }

    /// What to do about it.
    pub(super) fn cure(&self, check: &Check) -> &str {
        self.findings.get(check.id).map_or("", |words| &words.cure)
    }

    pub(super) fn about(&self, evidence: &Evidence) -> String {
        let mut said = String::new();
        for piece in &evidence.about {
            if !said.is_empty() {
                // A term that ends with a colon is followed by what it is about.
                said.push_str(if said.ends_with([':', '：', '是']) { " " } else { ", " });
            }
            match piece {
                About::Text(text) => said.push_str(&printable(text)),
                About::Term(term) => said.push_str(self.term(term)),
            }
        }
        said
    }

    pub(super) fn summary(&self, counts: [usize; 5]) -> String {
        let counts = counts.map(|count| count.to_string());
        let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
        fill(&self.summary, &counts)
    }
}

/// The options among what is lacking, each once.
fn options(lacks: &[Lack]) -> Vec<&'static str> {
    let mut options = Vec::new();
    for lack in lacks {
        if let Lack::Option(option) = lack
            && !options.contains(option)
        {
            options.push(*option);
        }
    }
    options
}

/// Fills the gaps in order.
pub(in crate::commands) fn fill(text: &str, values: &[&str]) -> String {
    values.iter().fold(text.to_owned(), |text, value| text.replacen("{}", value, 1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use danbao_doctor::{CHECKS, TERMS};

    use super::*;
    use crate::commands::text::texts;
    use crate::config::Lang;

    #[test]
    fn every_check_paragraph_and_term_has_words_in_both_languages_and_nothing_else_has() {
        for words in [Lang::Zh, Lang::En].map(|lang| &texts(lang).doctor) {
            let ids: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
            assert_eq!(words.findings.keys().map(String::as_str).collect::<BTreeSet<_>>(), ids);
            assert!(words.findings.values().all(|said| !said.what.is_empty() && !said.cure.is_empty()));
            let terms: BTreeSet<&str> = TERMS.iter().copied().collect();
            assert_eq!(words.terms.keys().map(String::as_str).collect::<BTreeSet<_>>(), terms);
            let steps: BTreeSet<&str> = Step::ALL.iter().map(|step| step.as_str()).collect();
            assert_eq!(words.steps.keys().map(String::as_str).collect::<BTreeSet<_>>(), steps);
        }
    }

    #[test]
    fn a_page_cannot_move_the_cursor_through_a_finding() {
        let evidence = Evidence { about: vec![About::Text("\u{1B}[2J".to_owned())], bytes: None };
        assert_eq!(texts(Lang::En).doctor.about(&evidence), "\\u{1b}[2J");
    }
}
