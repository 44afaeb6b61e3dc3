//! What holds whatever the amounts are.

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService, TransportType,
};
use proptest::prelude::*;

use super::{BUYER, Books, NOON, SELLER, choice, home, opening, parcel, request, user};
use crate::change::{Actor, Journal};
use crate::chart::Account;
use crate::deadlines::Clocks;
use crate::machine::{self, Means, Opening};
use crate::refusal::Refusal;
use crate::settlement::{Royalty, fee};
use crate::trade::Mode;

#[derive(Debug, Clone)]
struct Deal {
    price: i64,
    carriage: i64,
    fee_ppm: i64,
    shares: Vec<(usize, usize, i64)>,
    mode: Mode,
    by_balance: bool,
}

const PEOPLE: [&str; 5] = [SELLER, BUYER, "carol", "dave", "erin"];

fn deals() -> impl Strategy<Value = Deal> {
    let price = prop_oneof![1..=200_i64, 1..=100_000_000_i64];
    let carriage = prop_oneof![Just(0_i64), 1..=100_000_i64];
    let rate = prop_oneof![Just(0_i64), 0..=20_000_i64, 0..=1_000_000_i64];
    let share = (0..PEOPLE.len(), 0..PEOPLE.len(), 1..=100_000_i64);
    let shares = proptest::collection::vec(share, 0..5);
    let mode = prop_oneof![Just(Mode::Escrow), Just(Mode::Direct)];
    (price, carriage, rate, shares, mode, any::<bool>()).prop_map(
        |(price, carriage, fee_ppm, shares, mode, by_balance)| Deal {
            price,
            carriage,
            fee_ppm,
            shares: shares.into_iter().filter(|(payer, receiver, _)| payer != receiver).collect(),
            mode,
            by_balance,
        },
    )
}

impl Deal {
    fn opening(&self) -> Opening {
        let mut asked = request(PaymentService::TradeCreateByBuyer, Fen(self.price));
        asked.logistics = vec![LogisticsGroup {
            logistics_type: LogisticsType::Ems,
            logistics_fee: Fen(self.carriage),
            logistics_payment: LogisticsPayment::BuyerPay,
        }];
        let royalty = self.shares.iter().map(|(payer, receiver, amount)| Royalty {
            payer: user(PEOPLE[*payer]),
            receiver: user(PEOPLE[*receiver]),
            amount: Fen(*amount),
            memo: String::new(),
        });
        Opening {
            fee_ppm: self.fee_ppm,
            choice: choice(Some(self.mode), 0, Some(home())),
            royalty: royalty.collect(),
            ..opening(asked)
        }
    }

    fn total(&self) -> Fen {
        Fen(self.price + self.carriage)
    }

    /// What a person gains by the royalty, less what they give.
    fn gained(&self, name: &str) -> i64 {
        let one = |(payer, receiver, amount): &(usize, usize, i64)| {
            if PEOPLE[*receiver] == name {
                *amount
            } else if PEOPLE[*payer] == name {
                -*amount
            } else {
                0
            }
        };
        self.shares.iter().map(one).sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn money_is_conserved_and_the_seller_gets_the_total_less_fee_and_royalty(deal in deals()) {
        let clocks = Clocks::default();
        let change = match machine::create(deal.opening(), &clocks, NOON) {
            Ok(change) => change,
            Err(refusal) => {
                // Only a chain of shares that gives away more than it brought is refused.
                prop_assert_eq!(refusal, Refusal::Wire(ErrorCode::NavigationIncomeOfRoyaltyAccount));
                prop_assert!(!deal.shares.is_empty());
                return Ok(());
            }
        };
        let trade = change.trade;
        prop_assert_eq!(trade.total_fee, deal.total());
        let mut books = Books::with_purse(deal.total());
        let means = if deal.by_balance { Means::Balance(deal.total()) } else { Means::Bank("CMB".to_owned()) };
        let paid = machine::pay(&trade, &user(BUYER), &means, None, &clocks, NOON).unwrap();
        books.post(paid.journal.as_ref().unwrap());
        if deal.mode == Mode::Escrow {
            let escrow = Account::Escrow(trade.trade_no.clone());
            prop_assert_eq!(books.of(&escrow), deal.total(), "held in full");
            let shipped = machine::send_goods(
                &paid.trade, Actor::Partner, parcel(TransportType::Express), &clocks, NOON,
            ).unwrap().unwrap();
            prop_assert!(shipped.journal.is_none());
            let done = machine::confirm_goods(&shipped.trade, Actor::Timer, NOON).unwrap();
            books.post(done.journal.as_ref().unwrap());
            prop_assert_eq!(books.of(&escrow), Fen::ZERO, "nothing stays behind");
        }
        let charged = fee(deal.total(), deal.fee_ppm).unwrap();
        prop_assert_eq!(books.of(&Account::Fee), charged);
        let seller = deal.total().0 - charged.0 + deal.gained(SELLER);
        prop_assert_eq!(books.of(&Account::User(user(SELLER))), Fen(seller));
        let purse = if deal.by_balance { 0 } else { deal.total().0 };
        prop_assert_eq!(books.purse(), Fen(purse + deal.gained(BUYER)));
        for name in &PEOPLE[2..] {
            prop_assert_eq!(books.of(&Account::User(user(name))), Fen(deal.gained(name)));
        }
    }

    #[test]
    fn a_fee_is_never_negative_never_above_the_total_and_never_half_a_fen_off(total in 0..=i64::MAX, ppm in 0..=1_000_000_i64) {
        let charged = fee(Fen(total), ppm).unwrap().0;
        prop_assert!((0..=total).contains(&charged));
        let exact = i128::from(total) * i128::from(ppm);
        let off = exact - i128::from(charged) * 1_000_000;
        prop_assert!((-500_000..500_000).contains(&off), "{off}");
    }
}

#[test]
fn an_amount_beyond_all_money_is_refused_and_does_not_panic() {
    let clocks = Clocks::default();
    let mut asked = request(PaymentService::TradeCreateByBuyer, Fen(i64::MAX));
    asked.amount.quantity = 2;
    let refused = machine::create(opening(asked.clone()), &clocks, NOON);
    assert_eq!(refused, Err(Refusal::Wire(ErrorCode::IllegalFeeParam)));
    asked.amount.quantity = 1;
    let trade = machine::create(opening(asked), &clocks, NOON).unwrap().trade;
    let paid =
        machine::pay(&trade, &user(BUYER), &Means::Bank("CMB".to_owned()), Some(home()), &clocks, NOON);
    let Some(Journal { postings }) = paid.unwrap().journal else { panic!("nothing was posted") };
    assert_eq!(postings[0].amount, Fen(i64::MAX));
}
