//! Lives of many kinds, each lived twice: the auditor finds nothing, both times the same happens, and everything that can
//! happen does.
//!
//! `DANBAO_SIM_SEED=n cargo test -p danbao-sim one_seed -- --nocapture` prints one life;
//! `DANBAO_SIM_SEEDS=n cargo test -p danbao-sim --release many` goes on to n seeds instead of 200.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use danbao_sim::options::Trader;
use danbao_sim::{Cast, Options, Report, live};

const SEEDS: u64 = 200;
/// Lives that are lived at the same time.
const SIDE_BY_SIDE: usize = 4;

#[expect(clippy::disallowed_methods, reason = "a person says which seeds are to be looked at")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn life(options: &Options, is_loud: bool) -> Report {
    live(options, Cast::PRODUCT, is_loud).unwrap()
}

/// What came of some lives together.
#[derive(Default)]
struct Harvest {
    complaints: Vec<String>,
    marks: BTreeMap<String, u64>,
    deaths: u64,
    groups: u64,
}

impl Harvest {
    /// Lives a seed twice.
    fn live(&mut self, seed: u64) {
        self.live_as(&Options::draw(seed));
    }

    /// Lives these options twice.
    fn live_as(&mut self, options: &Options) {
        let report = life(options, false);
        let again = life(options, false).fingerprint;
        self.complaints.extend(complaint(&report, again));
        self.add(Harvest {
            complaints: Vec::new(),
            marks: report.tally.marks,
            deaths: report.deaths,
            groups: report.groups,
        });
    }

    fn add(&mut self, other: Harvest) {
        self.complaints.extend(other.complaints);
        for (mark, count) in other.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        self.deaths += other.deaths;
        self.groups += other.groups;
    }

    fn is_fine(&self) {
        assert!(
            self.complaints.is_empty(),
            "{} seeds failed{}",
            self.complaints.len(),
            self.complaints.concat()
        );
    }
}

/// What is wrong with a seed, for whoever has to find out why.
fn complaint(report: &Report, again: u64) -> Option<String> {
    let seed = report.options.seed;
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

/// Every edge of the diagrams, every clock, every end of a try, every end of a message, every kind of signature.
const EXPECTED: &[&str] = &[
    "adjust_price by seller: WAIT_BUYER_PAY",
    "agree_refund by seller: TRADE_CLOSED + REFUND_SUCCESS",
    "agree_refund by seller: TRADE_FINISHED + REFUND_SUCCESS",
    "agree_refund by seller: WAIT_BUYER_CONFIRM_GOODS + WAIT_BUYER_RETURN_GOODS",
    "agree_refund by timer: TRADE_CLOSED + REFUND_SUCCESS",
    "agree_refund by timer: TRADE_FINISHED + REFUND_SUCCESS",
    "agree_refund by timer: WAIT_BUYER_CONFIRM_GOODS + WAIT_BUYER_RETURN_GOODS",
    "apply_refund by buyer: WAIT_BUYER_CONFIRM_GOODS + WAIT_SELLER_AGREE",
    "apply_refund by buyer: WAIT_SELLER_SEND_GOODS + WAIT_SELLER_AGREE",
    "arrange by buyer: WAIT_BUYER_PAY",
    "close by buyer: TRADE_CLOSED",
    "close by seller: TRADE_CLOSED",
    "close by timer: TRADE_CLOSED",
    "confirm_goods by buyer: TRADE_FINISHED",
    "confirm_goods by buyer: TRADE_FINISHED + REFUND_CLOSED",
    "confirm_goods by timer: TRADE_FINISHED",
    "confirm_goods by timer: TRADE_FINISHED + REFUND_CLOSED",
    "confirm_return by seller: TRADE_CLOSED + REFUND_SUCCESS",
    "confirm_return by seller: TRADE_FINISHED + REFUND_SUCCESS",
    "confirm_return by timer: TRADE_CLOSED + REFUND_SUCCESS",
    "confirm_return by timer: TRADE_FINISHED + REFUND_SUCCESS",
    "create by buyer: WAIT_BUYER_PAY",
    "extend_timeout by seller: WAIT_BUYER_CONFIRM_GOODS",
    "extend_timeout by seller: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "finish by timer: TRADE_FINISHED",
    "notify already_done",
    "notify applied",
    "notify rejected notify_verify",
    "notify rejected sign",
    "notify stale",
    "pay by buyer: TRADE_FINISHED",
    "pay by buyer: TRADE_SUCCESS",
    "pay by buyer: WAIT_SELLER_SEND_GOODS",
    "refuse_refund by seller: WAIT_BUYER_CONFIRM_GOODS + SELLER_REFUSE_BUYER",
    "refuse_refund by seller: WAIT_SELLER_SEND_GOODS + SELLER_REFUSE_BUYER",
    "return applied",
    "return_goods by buyer: WAIT_BUYER_CONFIRM_GOODS + WAIT_SELLER_CONFIRM_GOODS",
    "send_goods by partner: WAIT_BUYER_CONFIRM_GOODS",
    "send_goods by partner: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "send_goods by seller: WAIT_BUYER_CONFIRM_GOODS",
    "send_goods by seller: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "shares given",
    "signed DSA",
    "signed MD5",
    "signed RSA",
    "signed RSA2",
    "term it_b_pay",
    "term t_b_rec_post",
    "term t_s_send_1",
    "try acknowledged",
    "try broken",
    "try lost",
    "try refused",
    "try timed_out",
    "try unreachable",
    "withdraw_refund by buyer: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "withdraw_refund by buyer: WAIT_SELLER_SEND_GOODS + REFUND_CLOSED",
    "withdraw_refund by timer: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "withdraw_refund by timer: WAIT_SELLER_SEND_GOODS + REFUND_CLOSED",
];

/// A simulation in which nothing goes wrong proves nothing: together the seeds must also meet all that is expected.
#[test]
fn many_seeds() {
    let seeds = number("DANBAO_SIM_SEEDS").unwrap_or(SEEDS);
    let mut all = Harvest::default();
    std::thread::scope(|scope| {
        let live_all = |from: u64| {
            let mut harvest = Harvest::default();
            (from..seeds).step_by(SIDE_BY_SIDE).for_each(|seed| harvest.live(seed));
            harvest
        };
        let lanes: Vec<_> =
            (0..SIDE_BY_SIDE as u64).map(|from| scope.spawn(move || live_all(from))).collect();
        lanes.into_iter().for_each(|lane| all.add(lane.join().unwrap()));
    });
    let Harvest { marks, deaths, groups, .. } = &all;
    println!("{deaths} deaths, {groups} groups\n{marks:#?}");
    all.is_fine();
    let unmet: Vec<&str> = EXPECTED.iter().copied().filter(|mark| !marks.contains_key(*mark)).collect();
    assert!(seeds < SEEDS || unmet.is_empty(), "never met: {unmet:?}");
    assert!(seeds < SEEDS || *deaths > 100, "{deaths} deaths");
    assert!(seeds < SEEDS || *groups > 100, "{groups} groups");
}

#[test]
fn seeds_that_once_found_a_bug() {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let seeds = lines.filter_map(|line| line.split_whitespace().next()?.parse().ok());
    let mut harvest = Harvest::default();
    seeds.for_each(|seed| harvest.live(seed));
    harvest.is_fine();
}

#[test]
fn one_seed() {
    let Some(seed) = number("DANBAO_SIM_SEED") else { return };
    let report = life(&Options::draw(seed), true);
    println!("{}\n{:#?}", report.options, report.tally);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}

/// The kiosk under the advanced contract, with clerks: refunds in batches that race for the same trades.
#[test]
fn refund_batches() {
    let seeds = number("DANBAO_SIM_SEEDS").unwrap_or(30);
    let mut all = Harvest::default();
    (0..seeds).for_each(|seed| all.live_as(&Options { clerks: 3, buyers: 8, ..advanced(seed) }));
    println!("{:#?}", all.marks);
    all.is_fine();
}

fn advanced(seed: u64) -> Options {
    Options { trader: Trader::Kiosk, is_refundable: true, ..Options::draw(seed) }
}

/// Accounts that are frozen and released in the middle of lives, and switches that are turned.
#[test]
fn frozen_accounts() {
    let seeds = number("DANBAO_SIM_SEEDS").unwrap_or(30);
    let mut all = Harvest::default();
    (0..seeds).for_each(|seed| {
        all.live_as(&Options {
            freezes: 6,
            turns_switches: true,
            buyers: 8,
            clerks: 1,
            ..Options::draw(seed)
        })
    });
    println!("{:#?}", all.marks);
    all.is_fine();
}

/// Buyers who sign in at the shop by the gateway or come by etao, and somebody who brings their links again.
#[test]
fn quick_logins() {
    let seeds = number("DANBAO_SIM_SEEDS").unwrap_or(30);
    let mut all = Harvest::default();
    (0..seeds).for_each(|seed| {
        let options = Options::draw(seed);
        all.live_as(&Options { trader: Trader::Shop, logins: 1_000, thefts: 8, buyers: 8, ..options })
    });
    println!("{:#?}", all.marks);
    all.is_fine();
}
