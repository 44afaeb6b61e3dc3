//! For people at a terminal.

use std::fmt::Write;

use super::{Report, of, seconds};
use crate::case::CaseReport;
use crate::words::Lang;

/// What is said when one scenario has ended. Writing to a string cannot fail, so nothing here can.
pub fn case(case: &CaseReport, number: usize, of_all: usize, lang: Lang) -> String {
    let words = of(lang);
    let width = of_all.to_string().len();
    let place = format!("{number:>width$}/{of_all}");
    let result = words.report(if case.is_passed() { "passed" } else { "failed" }, &[]);
    let mut out = words.report("progress", &[&place, &result, words.scenario(&case.scenario)]);
    out.push('\n');
    if case.is_passed() {
        return out;
    }
    let margin = " ".repeat(width * 2 + 2);
    let _ = writeln!(out, "{margin}{} · {}", case.scenario.id, words.source(&case.scenario));
    for problem in &case.problems {
        let _ = writeln!(out, "{margin}- {}", words.problem(problem));
    }
    for event in &case.timeline {
        let _ = writeln!(out, "{margin}{:>6} ms  {}", event.at_ms, words.event(&event.what));
    }
    out
}

/// What is said at the end.
pub fn end(report: &Report, lang: Lang) -> String {
    let words = of(lang);
    let seed = report.seed.to_string();
    let mut out = format!("\n{} · {} {seed}", report.summary(words), words.report("seed", &[]));
    let _ = writeln!(out, " · {} {} s", words.report("took", &[]), seconds(report.took()));
    let [all, _, failed] = report.counts();
    if report.is_passed() {
        let _ = writeln!(out, "{}", words.report("passed_all", &[]));
        return out;
    }
    let _ = writeln!(out, "{}", words.report("failed_some", &[&failed, &all]));
    let names: Vec<&str> = report.failed().map(|case| case.scenario.id).take(5).collect();
    let _ = writeln!(out, "{}", words.report("again", &[&seed, &names.join(",")]));
    out
}
