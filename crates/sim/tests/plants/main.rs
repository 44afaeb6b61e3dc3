//! Bugs put in on purpose, to see that the simulation finds what it is there to find.
//!
//! None of them is in the product: connections that hold notices back ([`LateNotices`]) or write something else than they
//! were told ([`Bug`]) stand between the gateway and its disk, and the careless merchants are kiosks that were told to be
//! ([`Care`]). The same kiosk without a planted bug passes, so it is the bug that is found.
#![expect(clippy::unwrap_used, reason = "a test")]

mod gateway;
mod late_notices;

use danbao_protocol::sign::SignType;
use danbao_sim::kiosk::{Care, Terms, kiosk};
use danbao_sim::meeting::Isolation;
use danbao_sim::options::Trader;
use danbao_sim::tampered::Tampered;
use danbao_sim::{Cast, Options, Report, Stage, Victim, live};
use danbao_store::faulty::Death;
use gateway::{Bug, Planted};
use late_notices::LateNotices;

const CAREFUL: Cast = Cast {
    merchant: |account, options| kiosk(account, Care::All, Terms::Plain, options.clock_ahead),
    ..Cast::PRODUCT
};
const NO_DUPLICATE_CHECK: Cast = Cast {
    merchant: |account, options| kiosk(account, Care::NoDuplicateCheck, Terms::Plain, options.clock_ahead),
    ..Cast::PRODUCT
};
const NO_NOTIFY_VERIFY: Cast = Cast {
    merchant: |account, options| kiosk(account, Care::NoNotifyVerify, Terms::Plain, options.clock_ahead),
    ..Cast::PRODUCT
};
const NO_REFUNDS: Cast = Cast {
    merchant: |account, options| kiosk(account, Care::NoRefunds, Terms::Plain, options.clock_ahead),
    ..Cast::PRODUCT
};
const NO_DUPLICATE_CHECK_OF_LETTERS: Cast = Cast {
    merchant: |account, options| kiosk(account, Care::NoDuplicateCheck, Terms::Varied, options.clock_ahead),
    ..Cast::PRODUCT
};
const WEAK_DATABASE: Cast = Cast { isolation: Isolation::ReadCommitted, ..Cast::PRODUCT };
const NEVER_LOOKS_AGAIN: Cast = Cast { looks_again: false, ..Cast::PRODUCT };
const NOTICE_AFTER_COMMIT: Cast =
    Cast { gateway_conn: |conn| Tampered::boxed(conn, LateNotices::default()), ..Cast::PRODUCT };

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

/// Seeds in which everybody quarrels and the merchant has terms of its own.
fn found_in_quarrels(cast: Cast, what: &str) -> u64 {
    let quarrel = |seed| Options {
        quarrelsome: 1_000,
        trader: Trader::Kiosk,
        sign_type: SignType::Md5,
        buyers: 6,
        ..Options::draw(seed)
    };
    found_in(quarrel, cast, what)
}

/// Seeds in which a refundable kiosk has clerks.
fn found_in_batches(cast: Cast, what: &str) -> u64 {
    let batches = |seed| Options {
        trader: Trader::Kiosk,
        is_refundable: true,
        clerks: 3,
        by_page: 300,
        sign_type: SignType::Md5,
        ..Options::draw(seed)
    };
    found_in(batches, cast, what)
}

/// The first of so many lives in which something like this is found.
fn found_in(options: impl Fn(u64) -> Options, cast: Cast, what: &str) -> u64 {
    let finds = |seed: &u64| {
        let report = live(&options(*seed), cast, false).unwrap();
        report.findings.iter().any(|finding| finding.contains(what))
    };
    let seed = (0..60).find(finds);
    seed.unwrap_or_else(|| panic!("60 seeds and not found: {what}"))
}

macro_rules! planted_in_the_gateway {
    ($found:ident: $($name:ident: $plant:ident, $what:literal;)+) => {$(
        #[test]
        fn $name() {
            let cast = Cast {
                gateway_conn: |conn| Tampered::boxed(conn, Planted::new(Bug::$plant)),
                ..Cast::PRODUCT
            };
            println!("{:?} is found by seed {}", Bug::$plant, $found(cast, $what));
        }
    )+};
}

planted_in_the_gateway! {
    found_in_batches:
    an_item_that_is_refunded_twice_is_found: ItemTakenTwice, "refund_paid moved";
    a_refund_beyond_the_payment_is_found: RepaymentForgotten, "were given back";
    a_batch_refund_that_nobody_is_told_of_is_found: RepaymentUnannounced, "owed notices of";
    a_letter_that_says_success_for_a_failed_item_is_found: LetterLies, "the books say";
    a_letter_that_is_written_twice_is_found: LetterTwice, "owed 1, wrote 2";
    a_letter_that_is_not_written_is_found: LetterForgotten, "owed 1, wrote 0";
    a_failed_item_that_counts_as_refunded_is_found: ResultLies, "succeeded without a refund";
    an_item_that_is_refused_for_a_wrong_reason_is_found: ResultTooHard, "lawful were";
    a_charge_that_does_not_come_back_is_found: ChargeKept, "refund_paid moved";
}

/// Seeds in which accounts are frozen while people pay.
fn found_in_frost(cast: Cast, what: &str) -> u64 {
    let frost = |seed| Options { freezes: 6, buyers: 10, quarrelsome: 1_000, ..Options::draw(seed) };
    found_in(frost, cast, what)
}

/// Seeds in which everybody signs in at the shop, and somebody brings their links again.
fn found_in_logins(cast: Cast, what: &str) -> u64 {
    let logins =
        |seed| Options { trader: Trader::Shop, logins: 1_000, thefts: 20, buyers: 8, ..Options::draw(seed) };
    found_in(logins, cast, what)
}

planted_in_the_gateway! {
    found_in_logins:
    a_token_that_never_expires_is_found: TokenForEver, "does not hold and opens a cashier";
    a_token_that_stands_for_somebody_else_is_found: TokenOfAnother, "opens more than its own buyer's";
    a_login_that_is_confirmed_twice_is_found: ConfirmedTwice, "is confirmed 2 times";
    a_login_state_that_never_ends_is_found: SignedInForEver, "who did not sign in";
    an_address_of_somebody_else_is_found: AddressOfAnother, "which is not the buyer's";
}

planted_in_the_gateway! {
    found_in_frost:
    a_release_that_settles_twice_is_found: ReleasedTwice, "should have moved";
    a_held_payment_that_nobody_is_told_of_is_found: HeldUnannounced, "owed notices of";
    a_freeze_that_is_not_kept_is_found: FreezeForgotten, "and is not so";
    a_payment_that_goes_to_a_frozen_seller_is_found: NotHeld, "was settled with a frozen seller";
    a_change_that_the_partner_does_not_want_is_found: SwitchesIgnored, "owed notices of";
}

planted_in_the_gateway! {
    found_in_quarrels:
    a_refund_that_nobody_is_told_of_is_found: RefundUnannounced, "owed notices of";
    a_price_that_nobody_is_told_of_is_found: PriceUnannounced, "owed notices of";
    a_price_that_is_told_as_it_was_is_found: OldPriceAnnounced, "tells of a changed price without a change";
    a_price_that_is_not_kept_is_found: PriceForgotten, "asked for were";
    a_change_that_is_told_twice_is_found: AnnouncedTwice, "owed notices of";
    changes_told_out_of_their_order_are_found: OutOfOrder, "was sent before notice";
    a_refund_that_is_posted_twice_is_found: RefundedTwice, "were given back";
    a_refund_of_more_than_was_applied_for_is_found: RefundedTooMuch, "is not one that was applied for";
    a_step_of_a_refund_that_is_left_out_is_found: ReturnSkipped, "which the diagram does not have";
    a_step_of_a_refund_taken_by_the_other_side_is_found: WrongActor, "agree_refund by buyer led";
    a_clock_that_is_late_is_found: ClockLate, "agree_refund came [86400";
    a_clock_that_is_early_is_found: ClockEarly, "agree_refund came [-86400";
    an_extension_without_effect_is_found: ExtensionForgotten, "confirm_goods came [-";
    a_share_that_is_cut_is_found: ShareCut, "should have moved";
}

/// Seeds in which a tester asks for refusals and for faults of the wire.
fn found_in_drills(cast: Cast, what: &str) -> u64 {
    let drill = |seed| Options {
        trader: Trader::Kiosk,
        buyers: 8,
        refusals: 6,
        fault_plans: 6,
        freezes: 3,
        sign_type: SignType::Md5,
        ..Options::draw(seed)
    };
    found_in(drill, cast, what)
}

/// Seeds in which two gateway nodes share a database.
fn found_in_nodes(cast: Cast, what: &str) -> u64 {
    let nodes = |seed: u64| Options { has_two_nodes: true, meets: 60, buyers: 8, ..Options::draw(seed) };
    found_in(nodes, cast, what)
}

/// Seeds in which one of two gateway nodes stands by until the other is taken away.
fn found_on_standby(cast: Cast, what: &str) -> u64 {
    let standby = |seed: u64| Options {
        has_two_nodes: true,
        retires: true,
        stands_by: true,
        doom_every: None,
        ..Options::draw(seed)
    };
    found_in(standby, cast, what)
}

planted_in_the_gateway! {
    found_in_batches:
    a_batch_that_confirms_itself_is_found: ConfirmedByItself, "nobody had entered the password";
    a_batch_that_waits_too_long_for_its_password_is_found: ConfirmableTooLong, "hours after its page was shown";
}

planted_in_the_gateway! {
    found_in_drills:
    a_refusal_that_is_told_to_nobody_is_found: RefusalUntold, "no letter is owed that says so";
    a_refusal_that_is_owed_twice_at_once_is_found: RefusalOwedAgain, "came to be owed twice at once";
    a_plan_that_harms_somebody_else_is_found: PlanOfAnother, "for somebody else";
    a_plan_that_loses_a_notice_is_found: PlanLoses, "after a fault plan had spoiled a try";
}

planted_in_the_gateway! {
    found_in_nodes:
    a_try_that_is_not_on_lease_is_found: LeaseForgotten, "was taken for lost after";
}

#[test]
fn a_merchant_that_keeps_a_letter_twice_is_found() {
    let seed = found_in_drills(NO_DUPLICATE_CHECK_OF_LETTERS, "was kept 2 times");
    println!("found by seed {seed}");
}

#[test]
fn a_database_that_isolates_its_nodes_too_little_is_found() {
    let seed = found_in_nodes(WEAK_DATABASE, "was sent 2 times in 1 tries");
    println!("found by seed {seed}");
}

#[test]
fn a_host_that_never_sees_what_other_nodes_have_made_due_is_found() {
    let seed = found_on_standby(NEVER_LOOKS_AGAIN, "was never taken");
    println!("found by seed {seed}");
}
