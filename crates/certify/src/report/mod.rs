//! A run, written down: for people, for machines, for JUnit, and as a page with a picture of each failure.

mod html;
mod json;
mod junit;
mod text;

use std::time::Duration;

use crate::case::CaseReport;
use crate::words::{Lang, Words, words};

pub use html::html;
pub use json::json;
pub use junit::junit;
pub use text::{case, end};

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The shop.
    pub target: String,
    /// What decided the orders that the scenarios leave open.
    pub seed: u64,
    /// The scenarios, in the order in which they ran.
    pub cases: Vec<CaseReport>,
}

impl Report {
    /// Those that the shop has not passed.
    pub fn failed(&self) -> impl Iterator<Item = &CaseReport> {
        self.cases.iter().filter(|case| !case.is_passed())
    }

    /// Whether the shop has passed: a run of nothing is no success.
    pub fn is_passed(&self) -> bool {
        !self.cases.is_empty() && self.failed().next().is_none()
    }

    /// How long all of it took.
    pub fn took(&self) -> Duration {
        self.cases.iter().map(|case| case.took).sum()
    }

    fn counts(&self) -> [String; 3] {
        let failed = self.failed().count();
        [self.cases.len(), self.cases.len() - failed, failed].map(|count| count.to_string())
    }

    fn summary(&self, words: &Words) -> String {
        let counts = self.counts();
        words.report("summary", &counts.each_ref().map(String::as_str))
    }
}

fn seconds(length: Duration) -> String {
    format!("{}.{:03}", length.as_secs(), length.subsec_millis())
}

fn of(lang: Lang) -> &'static Words {
    words(lang)
}
