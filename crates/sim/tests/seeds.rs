//! Lives of many kinds, each lived twice: the auditor finds nothing, and both times the same happens.
//!
//! `DANBAO_SIM_SEED=n cargo test -p danbao-sim one_seed -- --nocapture` prints one life;
//! `DANBAO_SIM_SEEDS=n cargo test -p danbao-sim --release many` goes on to n seeds instead of 200.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::ops::Range;

use danbao_sim::{Cast, Options, Report, live};

const SEEDS: u64 = 200;

#[expect(clippy::disallowed_methods, reason = "a person says which seeds are to be looked at")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn life(seed: u64, is_loud: bool) -> Report {
    live(&Options::draw(seed), Cast::PRODUCT, is_loud).unwrap()
}

/// What is wrong with a seed, for whoever has to find out why.
fn complaint(seed: u64) -> Option<String> {
    let report = life(seed, false);
    let again = life(seed, false).fingerprint;
    let mut findings = report.findings.clone();
    if again != report.fingerprint {
        findings.push(format!("two lives differ: {:016x}, {again:016x}", report.fingerprint));
    }
    if findings.is_empty() {
        return None;
    }
    let last = &report.last_lines[report.last_lines.len().saturating_sub(12)..];
    let last: Vec<String> = last.iter().map(|line| line.chars().take(200).collect()).collect();
    Some(format!(
        "\nseed {seed}:\n  {}\n{}\nreproduce with DANBAO_SIM_SEED={seed} cargo test -p danbao-sim one_seed -- --nocapture\n{}\n",
        findings.join("\n  "),
        report.options,
        last.join("\n"),
    ))
}

fn live_all(seeds: impl Iterator<Item = u64>) {
    let complaints: Vec<String> = seeds.filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{} seeds failed{}", complaints.len(), complaints.concat());
}

/// A quarter of all seeds, so that the test runner can live them side by side.
fn quarter(index: u64) -> Range<u64> {
    let each = number("DANBAO_SIM_SEEDS").unwrap_or(SEEDS).div_ceil(4);
    index * each..(index + 1) * each
}

#[test]
fn many_seeds_1() {
    live_all(quarter(0));
}

#[test]
fn many_seeds_2() {
    live_all(quarter(1));
}

#[test]
fn many_seeds_3() {
    live_all(quarter(2));
}

#[test]
fn many_seeds_4() {
    live_all(quarter(3));
}

#[test]
fn seeds_that_once_found_a_bug() {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    live_all(lines.filter_map(|line| line.split_whitespace().next()?.parse().ok()));
}

#[test]
fn one_seed() {
    let Some(seed) = number("DANBAO_SIM_SEED") else { return };
    let report = life(seed, true);
    println!("{}\n{:#?}", report.options, report.tally);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}
