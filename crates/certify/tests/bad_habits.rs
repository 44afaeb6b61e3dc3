//! Each bad habit of a shop is found by the scenarios that are about it, and by no other.
#![allow(clippy::unwrap_used, reason = "a test")]

mod habits;
mod town;

use danbao_certify::CaseReport;
use habits::{HabitShop, Habits, Place};
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify_all, failed};

fn shop(habits: Habits) -> Box<HabitShop> {
    let place = Place {
        own_url: SHOP.to_owned(),
        gateway_url: GATEWAY.to_owned(),
        partner: PARTNER.to_owned(),
        key: KEY.to_owned(),
        seller_id: SELLER.to_owned(),
        seller_email: SELLER_EMAIL.to_owned(),
    };
    Box::new(HabitShop::new(habits, place))
}

fn played(habits: Habits) -> Vec<CaseReport> {
    certify_all(shop(habits), 1)
}

#[test]
fn a_shop_without_bad_habits_passes() {
    let reports = played(Habits::default());
    for report in reports.iter().filter(|report| !report.is_passed()) {
        println!("{}: {:?} {:#?}", report.scenario.id, report.problems, report.timeline);
    }
    assert_eq!(failed(&reports), Vec::<&str>::new());
}

/// Every habit by its name, and the naive shop that has all of those which cost money.
fn bad_habits() -> Vec<(&'static str, Habits)> {
    let good = Habits::default;
    vec![
        ("trusts_any_signature", Habits { trusts_any_signature: true, ..good() }),
        ("asks_nobody", Habits { asks_nobody: true, ..good() }),
        ("takes_a_page_for_true", Habits { takes_a_page_for_true: true, ..good() }),
        ("delivers_again", Habits { delivers_again: true, ..good() }),
        ("decides_before_asking", Habits { decides_before_asking: true, ..good() }),
        ("goes_back", Habits { goes_back: true, ..good() }),
        ("trusts_the_amount", Habits { trusts_the_amount: true, ..good() }),
        ("trusts_the_seller", Habits { trusts_the_seller: true, ..good() }),
        ("trusts_the_trade", Habits { trusts_the_trade: true, ..good() }),
        ("forgets_notifications", Habits { forgets_notifications: true, ..good() }),
        ("reads_utf8_only", Habits { reads_utf8_only: true, ..good() }),
        ("answers_a_page", Habits { answers_a_page: true, ..good() }),
        ("crashes", Habits { crashes: true, ..good() }),
        ("asks_badly", Habits { asks_badly: true, ..good() }),
        ("naive", Habits::naive()),
    ]
}

/// The rows of `habits/rows.txt`: a line of its own for each habit, in brackets, and below it what it fails in.
fn expected(habit: &str) -> Vec<&'static str> {
    let all = include_str!("habits/rows.txt");
    let heading = format!("[{habit}]");
    let section = all.lines().skip_while(|line| *line != heading).skip(1);
    section.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect()
}

#[test]
fn each_bad_habit_fails_in_exactly_its_rows() {
    let mut found = String::new();
    let mut differ = Vec::new();
    for (name, habits) in bad_habits() {
        let rows = failed(&played(habits));
        found.push_str(&format!("[{name}]\n{}\n\n", rows.join("\n")));
        if rows.is_empty() || rows != expected(name) {
            differ.push(name);
        }
    }
    assert!(differ.is_empty(), "{differ:?}\n{found}");
}

#[test]
fn a_race_is_found_whatever_the_seed() {
    for seed in 1..=8 {
        let habits = Habits { decides_before_asking: true, ..Habits::default() };
        let rows = failed(&certify_all(shop(habits), seed));
        assert!(rows.contains(&"one_notification_five_times_in_one_instant"), "{seed} {rows:?}");
        assert!(rows.iter().filter(|row| row.contains("in_one_instant")).count() >= 6, "{seed} {rows:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let habits = || Habits { goes_back: true, ..Habits::default() };
    let told = |seed| -> Vec<_> {
        certify_all(shop(habits()), seed)
            .into_iter()
            .map(|report| (report.problems, report.timeline))
            .collect()
    };
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}
