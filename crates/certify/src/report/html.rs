//! A page that stands alone: all scenarios, and a picture of the timeline of each failure.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{Report, of, seconds};
use crate::case::CaseReport;
use crate::scenario::{Bare, Group};
use crate::timeline::{Event, What};
use crate::words::{Lang, Words};

const PAGE: &str = include_str!("../../pages/report.html");
const CSS: &str = include_str!("../../pages/report.css");

#[derive(Debug, Serialize)]
struct Page<'a> {
    lang: &'static str,
    css: &'static str,
    words: &'a BTreeMap<String, String>,
    title: String,
    is_passed: bool,
    verdict: String,
    summary: String,
    seed: u64,
    took: String,
    failures: Vec<Failure<'a>>,
    groups: Vec<GroupRows<'a>>,
}

#[derive(Debug, Serialize)]
struct GroupRows<'a> {
    name: &'a str,
    passed: usize,
    rows: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'static str,
    title: &'a str,
    source: String,
    is_passed: bool,
}

#[derive(Debug, Serialize)]
struct Failure<'a> {
    row: Row<'a>,
    order: &'a str,
    problems: Vec<String>,
    picture: Picture,
}

/// Three lines of life, gateway, shop and order, with time going down.
#[derive(Debug, Serialize)]
struct Picture {
    height: usize,
    events: Vec<Drawn>,
}

#[derive(Debug, Serialize)]
struct Drawn {
    /// Where it is on the page.
    y: usize,
    at_ms: u64,
    /// `out` from gateway to shop, `back` from shop to gateway, `order`, `note`.
    way: &'static str,
    /// `message`, `answer`, `question`, `order`, `note`.
    look: &'static str,
    is_bad: bool,
    text: String,
    /// What is said of it below the line.
    more: String,
}

/// Between two lines of a picture, and above the first.
const LINE: usize = 38;
const HEAD: usize = 62;

/// Writes the page.
///
/// # Errors
/// If the template does not fit, which a test finds.
pub fn html(report: &Report, lang: Lang) -> Result<String, minijinja::Error> {
    let words = of(lang);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("report.html", PAGE)?;
    environment.get_template("report.html")?.render(Serde(page(report, words, lang)))
}

fn page<'a>(report: &'a Report, words: &'a Words, lang: Lang) -> Page<'a> {
    let [all, _, failed] = report.counts();
    let groups = Group::ALL.into_iter().map(|group| {
        let cases = report.cases.iter().filter(|case| case.scenario.group == group);
        let rows: Vec<Row<'_>> = cases.map(|case| row(case, words)).collect();
        let passed = rows.iter().filter(|row| row.is_passed).count();
        GroupRows { name: words.group(group), passed, rows }
    });
    Page {
        lang: lang.as_str(),
        css: CSS,
        words: &words.report,
        title: words.report("title", &[&report.target]),
        is_passed: report.is_passed(),
        verdict: match report.is_passed() {
            true => words.report("passed_all", &[]),
            false => words.report("failed_some", &[&failed, &all]),
        },
        summary: report.summary(words),
        seed: report.seed,
        took: seconds(report.took()),
        failures: report.failed().map(|case| failure(case, words)).collect(),
        groups: groups.filter(|group| !group.rows.is_empty()).collect(),
    }
}

fn row<'a>(case: &'a CaseReport, words: &'a Words) -> Row<'a> {
    Row {
        id: case.scenario.id,
        title: words.scenario(&case.scenario),
        source: words.source(&case.scenario),
        is_passed: case.is_passed(),
    }
}

fn failure<'a>(case: &'a CaseReport, words: &'a Words) -> Failure<'a> {
    let wrong = wrong_answers(case);
    let drawn = case.timeline.iter().enumerate().map(|(at, event)| draw(at, event, &wrong, words));
    Failure {
        row: row(case, words),
        order: case.out_trade_no.as_deref().unwrap_or("-"),
        problems: case.problems.iter().map(|problem| words.problem(problem)).collect(),
        picture: Picture { height: HEAD + LINE * case.timeline.len() + 4, events: drawn.collect() },
    }
}

/// The messages whose answers were not as they must be.
fn wrong_answers(case: &CaseReport) -> BTreeSet<usize> {
    let of_answers = case.problems.iter().filter(|problem| problem.kind.is_about_an_answer());
    of_answers.filter_map(|problem| problem.about.first()?.parse().ok()).collect()
}

fn draw(at: usize, event: &Event, wrong: &BTreeSet<usize>, words: &Words) -> Drawn {
    let (way, look) = match &event.what {
        What::Placed(_) => ("back", "answer"),
        What::Sent { .. } | What::Called { .. } | What::Followed { .. } => ("out", "message"),
        What::Asked(_) | What::OtherService(_) => ("back", "message"),
        What::Told { .. } => ("out", "answer"),
        What::Answered { .. } | What::Silent { .. } => ("back", "answer"),
        What::Gateway(_) => ("note", "note"),
        What::Order { .. } | What::Moved { .. } => ("order", "order"),
    };
    let is_bad = match &event.what {
        What::Sent { twist, .. } => twist.is_forged(),
        What::Called { bare, .. } => *bare == Bare::ForgedBatchResult,
        What::Order { is_right, .. } => !is_right,
        What::Moved { .. } => true,
        What::Answered { number, .. } | What::Silent { number, .. } => wrong.contains(number),
        _ => false,
    };
    let (text, more) = words.event_in_two(&event.what);
    Drawn { y: HEAD + LINE * at, at_ms: event.at_ms, way, look, is_bad, text, more }
}
