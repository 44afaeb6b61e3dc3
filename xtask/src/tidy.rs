//! Rules of the house that no compiler knows: where SQL, pages and words stand, how files are named and how long they are,
//! that every link of the documents leads somewhere, and that the rings are as they are drawn.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::rings;
use crate::test::in_workspace;

/// A Rust file longer than this is about more than one thing.
const LINES_MAX: usize = 700;
/// Names under which everything gathers that has no place.
const NAMELESS: [&str; 5] = ["helpers", "utils", "util", "common", "misc"];
/// Where SQL stands; nowhere else.
const SQL_PLACES: [&str; 7] = [
    "crates/gateway/src/rows/",
    "crates/merchant/src/inbox/rows.rs",
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
