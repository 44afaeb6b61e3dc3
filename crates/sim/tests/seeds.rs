//! Lives of many kinds, each lived twice: the auditor finds nothing, and both times the same happens.
//!
//! `DANBAO_SIM_SEED=n cargo test -p danbao-sim one_seed -- --nocapture` prints one life;
//! `DANBAO_SIM_SEEDS=n cargo test -p danbao-sim --release many` goes on to n seeds instead of 200.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
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

/// Every edge of the diagram, every end of a try, every end of a message.
const EXPECTED: [&str; 24] = [
    "arrange by buyer: WAIT_BUYER_PAY",
    "close by seller: TRADE_CLOSED",
    "close by timer: TRADE_CLOSED",
    "confirm_goods by buyer: TRADE_FINISHED",
    "confirm_goods by timer: TRADE_FINISHED",
    "create by buyer: WAIT_BUYER_PAY",
    "finish by timer: TRADE_FINISHED",
    "pay by buyer: TRADE_FINISHED",
    "pay by buyer: TRADE_SUCCESS",
    "pay by buyer: WAIT_SELLER_SEND_GOODS",
    "send_goods by partner: WAIT_BUYER_CONFIRM_GOODS",
    "send_goods by seller: WAIT_BUYER_CONFIRM_GOODS",
    "notify already_done",
    "notify applied",
    "notify rejected notify_verify",
    "notify rejected sign",
    "notify stale",
    "return applied",
    "try acknowledged",
    "try broken",
    "try lost",
    "try refused",
    "try timed_out",
    "try unreachable",
];

/// A simulation in which nothing goes wrong proves nothing: together the first seeds must meet all of this.
#[test]
fn the_seeds_meet_what_they_are_there_for() {
    let mut marks: BTreeMap<String, u64> = BTreeMap::new();
    let (mut deaths, mut groups) = (0, 0);
    for report in (0..60).map(|seed| life(seed, false)) {
        deaths += report.deaths;
        groups += report.groups;
        for (mark, count) in report.tally.marks {
            *marks.entry(mark).or_default() += count;
        }
    }
    println!("{deaths} deaths, {groups} groups\n{marks:#?}");
    let unmet: Vec<&str> = EXPECTED.into_iter().filter(|mark| !marks.contains_key(*mark)).collect();
    assert!(unmet.is_empty(), "never met: {unmet:?}");
    assert!(deaths > 100, "{deaths} deaths");
    assert!(groups > 100, "{groups} groups");
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
