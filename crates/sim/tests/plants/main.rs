//! Bugs put in on purpose, to see that the simulation finds what it is there to find.
//!
//! None of them is in the product: a connection that holds notices back stands between the gateway and its disk, and
//! the careless merchants are kiosks that were told to be ([`Care`]). The same kiosk without a planted bug passes, so it
//! is the bug that is found.
#![expect(clippy::unwrap_used, reason = "a test")]

mod late_notices;

use danbao_sim::kiosk::{Care, Terms, kiosk};
use danbao_sim::{Cast, Options, Report, Stage, Victim, live};
use danbao_store::faulty::Death;
use late_notices::LateNotices;

const CAREFUL: Cast =
    Cast { merchant: |account, _| kiosk(account, Care::All, Terms::Plain), ..Cast::PRODUCT };
const NO_DUPLICATE_CHECK: Cast =
    Cast { merchant: |account, _| kiosk(account, Care::NoDuplicateCheck, Terms::Plain), ..Cast::PRODUCT };
const NO_NOTIFY_VERIFY: Cast =
    Cast { merchant: |account, _| kiosk(account, Care::NoNotifyVerify, Terms::Plain), ..Cast::PRODUCT };
const NO_REFUNDS: Cast =
    Cast { merchant: |account, _| kiosk(account, Care::NoRefunds, Terms::Plain), ..Cast::PRODUCT };
const NOTICE_AFTER_COMMIT: Cast =
    Cast { gateway_conn: |conn| Box::new(LateNotices::new(conn)), ..Cast::PRODUCT };

fn life(seed: u64, cast: Cast) -> Report {
    live(&Options::draw(seed), cast, false).unwrap()
}

/// The first of so many seeds in which something like this is found.
fn found(cast: Cast, seeds: u64, what: &str) -> u64 {
    for seed in 0..seeds {
        let report = life(seed, cast);
        if report.findings.iter().any(|finding| finding.contains(what)) {
            return seed;
        }
    }
    panic!("{seeds} seeds and not found: {what}");
}

#[test]
fn a_careful_kiosk_passes() {
    for seed in 0..20 {
        let report = life(seed, CAREFUL);
        assert!(report.findings.is_empty(), "seed {seed}: {:#?}", report.findings);
    }
}

#[test]
fn a_notice_written_after_the_commit_is_found() {
    let seed = found(NOTICE_AFTER_COMMIT, 50, "owed notices of");
    println!("found by seed {seed}");
}

/// The same without chance: one purchase on a good day, the gateway dying at each statement in turn.
#[test]
fn a_notice_written_after_the_commit_is_found_by_dying_at_each_statement() {
    let finds = |n: u64| {
        let mut stage = Stage::furnish(&Options::calm(1), NOTICE_AFTER_COMMIT, false).unwrap();
        stage.invite();
        stage.doom(Victim::Gateway, Death::BeforeStatement(n));
        stage.play().findings.iter().any(|finding| finding.contains("owed notices of"))
    };
    let found = (1..400).find(|n| finds(*n));
    println!("found by a death before statement {found:?}");
    assert!(found.is_some());
}

#[test]
fn a_merchant_without_a_duplicate_check_is_found() {
    let seed = found(NO_DUPLICATE_CHECK, 20, "was delivered 2 times");
    println!("found by seed {seed}");
}

#[test]
fn a_merchant_without_notify_verify_is_found() {
    let seed = found(NO_NOTIFY_VERIFY, 20, "a forged message is believed");
    println!("found by seed {seed}");
}

#[test]
fn a_merchant_that_forgets_refunds_is_found() {
    let seed = found(NO_REFUNDS, 40, "the gateway was acknowledged TRADE_CLOSED + REFUND_SUCCESS");
    println!("found by seed {seed}");
}
