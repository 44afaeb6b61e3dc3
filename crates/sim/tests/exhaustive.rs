//! One death in one short purchase, at every place where it can happen: before each statement and after each commit,
//! of either program. Not random: all of them.
//!
//! The programs must come up again, the people must be able to finish what they began, and the auditor must find
//! nothing.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use danbao_sim::chance::Chance;
use danbao_sim::people::{Habits, Means, Purpose, Quarrel, Temper, Way};
use danbao_sim::{Cast, Options, Report, Stage, Victim};
use danbao_store::faulty::Death;

const SEED: u64 = 20_120_301;
/// Longer than any clock of these purchases, and than a sandbox keeps its feed, so that deaths meet both too.
const TROUBLE: Duration = Duration::from_secs(100 * 86_400);

/// A buyer without whims. Visitors speak GBK and leave the end to the clocks.
fn habits(service: &'static str, mode: &'static str, way: Way, means: Means) -> Habits {
    Habits {
        service,
        charset: if way == Way::Visitor { "gbk" } else { "utf-8" },
        mode,
        way,
        means,
        clicks_twice: false,
        closes_early: false,
        abandons: false,
        return_after: Duration::from_secs(1),
        seller: Purpose::ShipByShop,
        confirm: if way == Way::Visitor { Purpose::Nothing } else { Purpose::ConfirmByDesk },
        quarrel: None,
        insists: false,
    }
}

fn stage(habits: &Habits) -> Stage {
    let options = Options { trouble: TROUBLE, ..Options::calm(SEED) };
    let mut stage = Stage::furnish(&options, Cast::PRODUCT, false).unwrap();
    stage.invite_buyer(habits.clone(), Duration::from_secs(1), &mut Chance::new(SEED));
    stage
}

fn well(habits: &Habits, report: &Report, what: &str) {
    let last = report.last_lines.join("\n");
    assert!(report.findings.is_empty(), "{what}:\n{:#?}\n{last}", report.findings);
    assert_eq!(report.tally.trades, 1, "{what}: there is no trade, or a second one\n{last}");
    let is_refunded = report.tally.marks.keys().any(|mark| mark.ends_with("+ REFUND_SUCCESS"));
    assert_eq!(is_refunded, habits.quarrel.is_some(), "{what}: the money is with the wrong people\n{last}");
    if !is_refunded {
        let finished = usize::from(!habits.abandons);
        assert_eq!(report.tally.finished, finished, "{what}: the purchase did not end as it should\n{last}");
    }
}

/// Lives the purchase once for each death; says how many there were.
fn die_everywhere(habits: &Habits, victim: Victim) -> u64 {
    let mut undisturbed = stage(habits);
    let before = undisturbed.statements(victim);
    well(habits, &undisturbed.play(), "nobody dies");
    let statements = undisturbed.statements(victim) - before;
    let mut deaths = 0;
    for n in 1..=statements {
        deaths += die_once(habits, victim, Death::BeforeStatement(n));
    }
    assert_eq!(deaths, statements, "a death did not happen");
    // Without an end of its own: when there is no n-th commit any more, nobody dies.
    for n in 1.. {
        match die_once(habits, victim, Death::AfterCommit(n)) {
            0 => return deaths,
            died => deaths += died,
        }
    }
    deaths
}

fn die_once(habits: &Habits, victim: Victim, death: Death) -> u64 {
    let mut stage = stage(habits);
    stage.doom(victim, death);
    let report = stage.play();
    well(habits, &report, &format!("{victim:?} dies {death:?} in {}", habits.service));
    report.deaths
}

/// A purchase that comes to nothing: applied for, agreed to, sent back, given back, at both desks.
fn refunded() -> Habits {
    let quarrel = Quarrel {
        buyer: Temper::keen_to(&["apply_refund", "return_goods"]),
        seller: Temper::keen_to(&["agree_refund", "confirm_return", "send_goods"]),
        hesitates: Duration::ZERO,
    };
    let habits = habits("create_partner_trade_by_buyer", "escrow", Way::Member, Means::Balance);
    Habits { seller: Purpose::Nothing, confirm: Purpose::Nothing, quarrel: Some(quarrel), ..habits }
}

#[test]
fn a_refund_survives_every_death_of_the_gateway() {
    assert!(die_everywhere(&refunded(), Victim::Gateway) > 200);
}

#[test]
fn a_refund_survives_every_death_of_the_shop() {
    assert!(die_everywhere(&refunded(), Victim::Merchant) > 50);
}

#[test]
fn an_unpaid_trade_survives_every_death_and_closes() {
    let habits = habits("create_partner_trade_by_buyer", "escrow", Way::Member, Means::Balance);
    let habits = Habits { abandons: true, seller: Purpose::Nothing, confirm: Purpose::Nothing, ..habits };
    assert!(die_everywhere(&habits, Victim::Gateway) > 50);
    assert!(die_everywhere(&habits, Victim::Merchant) > 20);
}

macro_rules! purchases {
    ($($name:ident: $service:literal, $mode:literal, $way:ident, $means:ident;)+) => {$(
        mod $name {
            use super::*;

            #[test]
            fn survives_every_death_of_the_gateway() {
                let deaths = die_everywhere(&habits($service, $mode, Way::$way, Means::$means), Victim::Gateway);
                assert!(deaths > 100, "{deaths}");
            }

            #[test]
            fn survives_every_death_of_the_shop() {
                let deaths = die_everywhere(&habits($service, $mode, Way::$way, Means::$means), Victim::Merchant);
                assert!(deaths > 20, "{deaths}");
            }
        }
    )+};
}

purchases! {
    direct_by_balance: "create_direct_pay_by_user", "direct", Member, Balance;
    escrow_by_bank: "create_partner_trade_by_buyer", "escrow", Visitor, Bank;
    dual_as_escrow: "trade_create_by_buyer", "escrow", Sandbox, Balance;
    dual_as_direct: "trade_create_by_buyer", "direct", Member, Bank;
}
