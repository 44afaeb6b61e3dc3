//! Finer mistakes than the tutorials know: each is found, and by the scenarios that are about it.
#![allow(clippy::unwrap_used, reason = "a test")]

mod habits;
mod town;

use habits::{HabitShop, Habits, Place, Slip};
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify_all, failed};

fn place() -> Place {
    Place {
        own_url: SHOP.to_owned(),
        gateway_url: GATEWAY.to_owned(),
        partner: PARTNER.to_owned(),
        key: KEY.to_owned(),
        seller_id: SELLER.to_owned(),
        seller_email: SELLER_EMAIL.to_owned(),
    }
}

/// The rows of `habits/slips.txt` below a heading in brackets.
fn expected(slip: &str) -> Vec<&'static str> {
    let all = include_str!("habits/slips.txt");
    let heading = format!("[{slip}]");
    let section = all.lines().skip_while(|line| *line != heading).skip(1);
    section.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect()
}

fn shops() -> Vec<(String, HabitShop)> {
    let slips = Slip::ALL.into_iter().map(|(name, slip)| {
        let habits = Habits { slip: Some(slip), ..Habits::default() };
        (name.to_owned(), HabitShop::new(habits, place()))
    });
    let good = Habits::default;
    let careless = [
        ("trusts_any_signature", Habits { trusts_any_signature: true, ..good() }),
        ("asks_nobody", Habits { asks_nobody: true, ..good() }),
        ("takes_a_page_for_true", Habits { takes_a_page_for_true: true, ..good() }),
        ("goes_back", Habits { goes_back: true, ..good() }),
        ("trusts_the_amount", Habits { trusts_the_amount: true, ..good() }),
        ("trusts_the_seller", Habits { trusts_the_seller: true, ..good() }),
        ("trusts_the_trade", Habits { trusts_the_trade: true, ..good() }),
        ("takes_more", Habits { slip: Some(Slip::TakesMore), ..good() }),
        ("fails_on_words", Habits { slip: Some(Slip::FailsOnWords), ..good() }),
        ("delivers_pending", Habits { slip: Some(Slip::DeliversPending), ..good() }),
        ("delivers_at_the_end", Habits { slip: Some(Slip::DeliversAtTheEnd), ..good() }),
        ("trusts_other_sign_types", Habits { slip: Some(Slip::TrustsOtherSignTypes), ..good() }),
        ("takes_a_list_for_a_sign", Habits { slip: Some(Slip::TakesAListForASign), ..good() }),
        (
            "compares_the_beginning_of_the_sign",
            Habits { slip: Some(Slip::ComparesTheBeginningOfTheSign), ..good() },
        ),
        ("reads_the_last_value", Habits { slip: Some(Slip::ReadsTheLastValue), ..good() }),
    ];
    let returns = careless.into_iter().map(|(name, habits)| {
        (format!("return {name}"), HabitShop::of_two_programs(Habits::default(), habits, place()))
    });
    slips.chain(returns).collect()
}

#[test]
fn each_slip_fails_in_exactly_its_rows() {
    let mut found = String::new();
    let mut differ = Vec::new();
    for (name, shop) in shops() {
        let rows = failed(&certify_all(Box::new(shop), 1));
        found.push_str(&format!("[{name}]\n{}\n\n", rows.join("\n")));
        if rows.is_empty() || rows != expected(&name) {
            differ.push(name);
        }
    }
    assert!(differ.is_empty(), "{differ:?}\n{found}");
}
