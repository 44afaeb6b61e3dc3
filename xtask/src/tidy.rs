//! Rules of the house that no compiler knows: where SQL, pages and words stand, how files are named and how long they are,
//! that every link of the documents leads somewhere, that an example can be read at a glance, and that the rings are as they
//! are drawn.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::rings;
use crate::test::in_workspace;

/// A Rust file longer than this is about more than one thing.
const LINES_MAX: usize = 700;
/// Lines of code in an example of `examples/`, which shops copy; blank lines and lines of comment are free.
const EXAMPLE_LINES_MAX: usize = 30;
/// Columns of an example.
const EXAMPLE_COLUMNS_MAX: usize = 110;
/// How a line of comment begins in one of the languages of the examples.
const COMMENTS: [&str; 6] = ["//", "#", "--", "/*", "* ", "*/"];
/// Names under which everything gathers that has no place.
const NAMELESS: [&str; 5] = ["helpers", "utils", "util", "common", "misc"];
/// Where SQL stands; nowhere else.
const SQL_PLACES: [&str; 7] = [
    "crates/gateway/src/rows/",
    "crates/merchant/src/inbox/rows",
    "crates/shop/src/rows/",
    "crates/sidecar/src/rows/",
    "crates/sim/src/",
    "crates/store/",
    "xtask/",
];
const SQL: [&str; 4] = ["\"SELECT ", "\"INSERT INTO ", "\"UPDATE ", "\"DELETE FROM "];

/// Checks every file that git knows, and names each that breaks a rule.
pub(crate) fn run() -> Result<()> {
    let listed = in_workspace(&mut Command::new("git"))
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .output()?;
    let listed = String::from_utf8(listed.stdout).context("git lists a path that is not UTF-8")?;
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut broken = Vec::new();
    for path in listed.lines().filter(|path| root.join(path).is_file()) {
        let Ok(text) = std::fs::read_to_string(root.join(path)) else { continue };
        if path.ends_with(".rs") {
            check_rust(path, &text, &mut broken);
        }
        if path.ends_with(".md") {
            check_links(root, path, &text, &mut broken);
        }
        if path.starts_with("examples/") {
            check_example(path, &text, &mut broken);
        }
    }
    rings::check(root, &mut broken)?;
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{}", broken.join("\n"))
}

fn check_rust(path: &str, text: &str, broken: &mut Vec<String>) {
    let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if NAMELESS.contains(&stem) {
        broken.push(format!("{path}: name the file after what it is about"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        broken.push(format!("{path}: {lines} lines are more than one thing"));
    }
    let is_test = path.contains("/tests/")
        || path.contains("/examples/")
        || path.contains("/benches/")
        || path.contains("/tests.rs");
    // The kit writes one form for merchants without templates, the simulation a foreign proxy's page, and this file names
    // what it forbids.
    let exempt = ["e2e/", "crates/sim/", "crates/merchant/src/call.rs", "xtask/src/tidy.rs"];
    let is_exempt = exempt.iter().any(|place| path.starts_with(place));
    if is_test || is_exempt {
        return;
    }
    for (number, line) in (1..).zip(text.lines()) {
        let is_placed = SQL_PLACES.iter().any(|place| path.starts_with(place));
        if !is_placed && SQL.iter().any(|sql| line.contains(sql)) {
            broken.push(format!("{path}:{number}: SQL stands in rows alone"));
        }
        if line.contains("\"<html") || line.contains("\"<div") || line.contains("\"<p>") {
            broken.push(format!("{path}:{number}: pages stand in templates alone"));
        }
    }
}

fn check_links(root: &Path, path: &str, text: &str, broken: &mut Vec<String>) {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let target = target.split('#').next().unwrap_or_default();
        let is_local = !target.is_empty() && !target.contains("://") && !target.contains(' ');
        if is_local && !root.join(folder).join(target).exists() {
            broken.push(format!("{path}: the link to {target} leads nowhere"));
        }
    }
}

fn check_example(path: &str, text: &str, broken: &mut Vec<String>) {
    let is_code = |line: &&str| {
        let line = line.trim_start();
        !line.is_empty() && !COMMENTS.iter().any(|comment| line.starts_with(comment))
    };
    let lines = text.lines().filter(is_code).count();
    if lines > EXAMPLE_LINES_MAX {
        broken.push(format!("{path}: {lines} lines of code; an example has {EXAMPLE_LINES_MAX} at most"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        let columns = line.chars().count();
        if columns > EXAMPLE_COLUMNS_MAX {
            broken.push(format!("{path}:{number}: {columns} columns; an example has {EXAMPLE_COLUMNS_MAX}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let mut broken = Vec::new();
        check_example("examples/a.py", text, &mut broken);
        broken
    }

    #[test]
    fn an_example_has_thirty_lines_of_code_and_no_more() {
        let thirty = "    x = 1\n".repeat(30);
        assert_eq!(faults(&thirty), [""; 0]);
        let free = "\n   \n# why\n    // why\n-- why\n/** why */\n * why\n */\n";
        assert_eq!(faults(&format!("{free}{thirty}{free}")), [""; 0], "comments and blank lines are free");
        let faults = faults(&format!("{thirty}}}\n"));
        assert_eq!(faults, ["examples/a.py: 31 lines of code; an example has 30 at most"]);
    }

    #[test]
    fn a_line_of_an_example_fits_the_page() {
        assert_eq!(faults(&"担".repeat(110)), [""; 0], "letters are counted, not bytes");
        let faults = faults(&format!("x\n{}", "x".repeat(111)));
        assert_eq!(faults, ["examples/a.py:2: 111 columns; an example has 110"]);
    }
}
