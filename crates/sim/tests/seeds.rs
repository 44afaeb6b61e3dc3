//! Lives of many kinds, each lived twice: the auditor finds nothing, both times the same happens, and everything that can
//! happen does.
//!
//! `DANBAO_SIM_SEED=n cargo test -p danbao-sim one_seed -- --nocapture` prints one life;
//! `DANBAO_SIM_KIND` says which kind of life ([`Kind`]) if it is not simply drawn;
//! `DANBAO_SIM_SEEDS=n cargo test -p danbao-sim --release many` goes on to n seeds instead of 160.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test, which says what it has lived")]

use std::collections::BTreeMap;

use danbao_sim::options::Trader;
use danbao_sim::{Cast, Options, Report, live};

const SEEDS: u64 = 160;
/// Of so many seeds one is lived once more as each special kind.
const SPECIAL_EVERY: u64 = 8;
/// Lives that are lived at the same time.
const SIDE_BY_SIDE: usize = 4;

#[expect(clippy::disallowed_methods, reason = "a person says which seeds are to be looked at")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a person says what is to be looked at")]
fn kind() -> Kind {
    let word = std::env::var("DANBAO_SIM_KIND").unwrap_or_default();
    Kind::from_word(&word).unwrap_or(Kind::Drawn)
}

/// What a life is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whatever the seed draws.
    Drawn,
    /// Refunds in batches that race for the same trades.
    Batches,
    /// Accounts that are frozen and released in the middle of everything, and switches that are turned.
    Frost,
    /// Buyers who sign in at the shop by the gateway or come by etao, and somebody who brings their links again.
    Logins,
    /// Two gateway nodes on one database, one of which may be gone for good one day.
    Nodes,
    /// Everybody meets at the desk and haggles.
    Quarrels,
    /// A test of the merchant's: refusals on demand, which are told, and faults of the wire on demand.
    Drill,
}

impl Kind {
    const SPECIAL: [Kind; 6] =
        [Kind::Batches, Kind::Frost, Kind::Logins, Kind::Nodes, Kind::Quarrels, Kind::Drill];

    fn word(self) -> &'static str {
        match self {
            Kind::Drawn => "drawn",
            Kind::Batches => "batches",
            Kind::Frost => "frost",
            Kind::Logins => "logins",
            Kind::Nodes => "nodes",
            Kind::Quarrels => "quarrels",
            Kind::Drill => "drill",
        }
    }

    fn from_word(word: &str) -> Option<Kind> {
        Kind::SPECIAL.into_iter().chain([Kind::Drawn]).find(|kind| kind.word() == word)
    }

    fn options(self, seed: u64) -> Options {
        let drawn = Options::draw(seed);
        match self {
            Kind::Drawn => drawn,
            // A lonely buyer's seller has nothing but what it was paid: now and then it is short of money.
            Kind::Batches => Options {
                trader: Trader::Kiosk,
                is_refundable: true,
                clerks: 3,
                by_page: 400,
                buyers: if seed.is_multiple_of(2) { 1 } else { 8 },
                ..drawn
            },
            Kind::Frost => Options { freezes: 6, turns_switches: true, buyers: 8, clerks: 1, ..drawn },
            Kind::Logins => Options { trader: Trader::Shop, logins: 1_000, thefts: 8, buyers: 8, ..drawn },
            Kind::Nodes if seed % 3 == 1 => Options {
                has_two_nodes: true,
                meets: 30,
                trader: Trader::Kiosk,
                is_refundable: true,
                clerks: 2,
                by_page: 300,
                refusals: 3,
                buyers: 6,
                ..drawn
            },
            // A node that stands by is left alone: it must see by itself what it has to take over.
            Kind::Nodes if seed.is_multiple_of(4) => Options {
                has_two_nodes: true,
                retires: true,
                stands_by: true,
                doom_every: if seed.is_multiple_of(8) { None } else { drawn.doom_every },
                ..drawn
            },
            Kind::Nodes => Options {
                has_two_nodes: true,
                meets: if seed.is_multiple_of(3) { 60 } else { 10 },
                retires: seed.is_multiple_of(2),
                buyers: 6,
                fault_plans: if seed.is_multiple_of(5) { 3 } else { 0 },
                ..drawn
            },
            Kind::Quarrels => Options { quarrelsome: 1_000, buyers: 10, forgeries: 0, ..drawn },
            Kind::Drill => {
                Options { trader: Trader::Kiosk, buyers: 8, freezes: 3, refusals: 4, fault_plans: 6, ..drawn }
            }
        }
    }
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
    meetings: u64,
    stood_in: u64,
}

impl Harvest {
    /// Lives a seed twice.
    fn live(&mut self, kind: Kind, seed: u64) {
        let options = &kind.options(seed);
        let report = life(options, false);
        let again = life(options, false).fingerprint;
        self.complaints.extend(complaint(kind, &report, again));
        self.add(Harvest {
            complaints: Vec::new(),
            marks: report.tally.marks,
            deaths: report.deaths,
            groups: report.groups,
            meetings: report.meetings,
            stood_in: report.stood_in,
        });
    }

    fn add(&mut self, other: Harvest) {
        self.complaints.extend(other.complaints);
        for (mark, count) in other.marks {
            *self.marks.entry(mark).or_default() += count;
        }
        self.deaths += other.deaths;
        self.groups += other.groups;
        self.meetings += other.meetings;
        self.stood_in += other.stood_in;
    }

    fn show(&self) {
        let Harvest { marks, deaths, groups, meetings, stood_in, .. } = self;
        println!(
            "{deaths} deaths, {groups} groups, {meetings} meetings, {stood_in} times stood in\n{marks:#?}"
        );
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
fn complaint(kind: Kind, report: &Report, again: u64) -> Option<String> {
    let (seed, kind) = (report.options.seed, kind.word());
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
        "\nseed {seed} ({kind}):\n  {}\n{}\nreproduce with DANBAO_SIM_KIND={kind} DANBAO_SIM_SEED={seed} cargo test -p danbao-sim one_seed -- --nocapture\n{}\n",
        findings.join("\n  "),
        report.options,
        last.join("\n"),
    ))
}

/// Every edge of the diagrams, every clock, every end of a try, every end of a message, every kind of signature.
const EXPECTED: &[&str] = &[
    "address handed out",
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
    "batch confirmed by the seller",
    "batch never confirmed",
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
    "copy acknowledged",
    "copy refused",
    "create by buyer: WAIT_BUYER_PAY",
    "extend_timeout by seller: WAIT_BUYER_CONFIRM_GOODS",
    "extend_timeout by seller: WAIT_BUYER_CONFIRM_GOODS + REFUND_CLOSED",
    "fault corrupt_sign",
    "fault cut_body",
    "fault delay",
    "fault drop",
    "fault duplicate",
    "fault outage",
    "fault reorder",
    "fault slow_body",
    "fault wrong_charset",
    "finish by timer: TRADE_FINISHED",
    "finish by timer: TRADE_FINISHED + REFUND_SUCCESS",
    "letter acknowledged",
    "letter of a refusal heard",
    "link refused: ROYALTY_SELLER_ENABLE_STATUS_FORBID",
    "link refused: SELLER_ENABLE_STATUS_FORBID",
    "link refused: SYSTEM_ERROR",
    "link refused: TRADE_NOT_ALLOWED_PAY",
    "login by etao",
    "login by password",
    "login of nobody",
    "login or address believed",
    "login turned away",
    "notify already_done",
    "notify applied",
    "notify rejected notify_verify",
    "notify rejected sign",
    "notify stale",
    "overtaken by a plan",
    "page of a batch: confirmed",
    "page of a batch: too late",
    "page of a batch: wrong password",
    "pay by buyer: TRADE_FINISHED",
    "pay by buyer: TRADE_SUCCESS",
    "pay by buyer: WAIT_SELLER_SEND_GOODS",
    "pay_held by buyer: TRADE_PENDING",
    "plan for a stranger",
    "plan for a trade",
    "plan for the partner",
    "refund REASON_REFUND_ROYALTY_ERROR",
    "refund REFUND_ROYALTY_FEE_ERROR",
    "refund REFUND_TRADE_FEE_ERROR",
    "refund SUCCESS",
    "refund TRADE_HAS_CLOSED",
    "refund TRADE_HAS_FINISHED",
    "refund TRADE_NOT_EXISTS",
    "refund TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND",
    "refund TRADE_STATUS_ERROR",
    "refund_paid by partner: TRADE_CLOSED + REFUND_SUCCESS",
    "refund_paid by partner: TRADE_SUCCESS + REFUND_SUCCESS",
    "refund_paid by seller: TRADE_CLOSED + REFUND_SUCCESS",
    "refund_paid by seller: TRADE_SUCCESS + REFUND_SUCCESS",
    "refuse_refund by seller: WAIT_BUYER_CONFIRM_GOODS + SELLER_REFUSE_BUYER",
    "refuse_refund by seller: WAIT_SELLER_SEND_GOODS + SELLER_REFUSE_BUYER",
    "release by platform: TRADE_FINISHED",
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
    "token opens a cashier",
    "tries begun anew",
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
    let special =
        Kind::SPECIAL.into_iter().flat_map(|kind| (0..seeds / SPECIAL_EVERY).map(move |seed| (kind, seed)));
    let lives: Vec<(Kind, u64)> = (0..seeds).map(|seed| (Kind::Drawn, seed)).chain(special).collect();
    let mut all = Harvest::default();
    std::thread::scope(|scope| {
        let live_all = |from: usize| {
            let mut harvest = Harvest::default();
            lives.iter().skip(from).step_by(SIDE_BY_SIDE).for_each(|(kind, seed)| harvest.live(*kind, *seed));
            harvest
        };
        let lanes: Vec<_> = (0..SIDE_BY_SIDE).map(|from| scope.spawn(move || live_all(from))).collect();
        lanes.into_iter().for_each(|lane| all.add(lane.join().unwrap()));
    });
    all.show();
    all.is_fine();
    let unmet: Vec<&str> = EXPECTED.iter().copied().filter(|mark| !all.marks.contains_key(*mark)).collect();
    assert!(seeds < SEEDS || unmet.is_empty(), "never met: {unmet:?}");
    for (what, count) in [
        ("deaths", all.deaths),
        ("groups", all.groups),
        ("meetings of two nodes", all.meetings),
        ("requests to a node whose fellow was dead", all.stood_in),
    ] {
        assert!(seeds < SEEDS || count > 100, "{count} {what}");
    }
}

/// Many seeds of one kind, for whoever works on it: `DANBAO_SIM_KIND=nodes DANBAO_SIM_SEEDS=200`.
#[test]
fn one_kind() {
    let (Some(seeds), false) = (number("DANBAO_SIM_SEEDS"), kind() == Kind::Drawn) else { return };
    let mut harvest = Harvest::default();
    (0..seeds).for_each(|seed| harvest.live(kind(), seed));
    harvest.show();
    harvest.is_fine();
}

#[test]
fn seeds_that_once_found_a_bug() {
    let lines = include_str!("../seeds.txt").lines().filter(|line| !line.starts_with('#'));
    let mut harvest = Harvest::default();
    for line in lines {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        let kind = Kind::from_word(first);
        let seed = if kind.is_some() { words.next().unwrap_or_default() } else { first };
        harvest.live(kind.unwrap_or(Kind::Drawn), seed.parse().unwrap());
    }
    harvest.is_fine();
}

#[test]
fn one_seed() {
    let Some(seed) = number("DANBAO_SIM_SEED") else { return };
    let report = life(&kind().options(seed), true);
    println!("{}\n{:#?}", report.options, report.tally);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
}
