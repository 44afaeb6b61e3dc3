//! What holds whatever the amounts are.

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{
    LogisticsGroup, LogisticsPayment, LogisticsType, PaymentService, TransportType,
};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use proptest::prelude::*;

use super::{BUYER, Books, NOON, SELLER, choice, home, opening, parcel, parties, request, user};
use crate::change::{Actor, Change, Grounds, Journal};
use crate::chart::Account;
use crate::deadlines::{self, Clocks};
use crate::machine::{self, Means, Opening};
use crate::refund::{self, Application};
use crate::refusal::Refusal;
use crate::settlement::{Royalty, fee};
use crate::trade::{Mode, Trade};

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
            refunded: Fen::ZERO,
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
        let paid = machine::pay(&trade, &user(BUYER), &means, None, &parties(), &clocks, NOON).unwrap();
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

/// A command that somebody may try, lawful or not.
#[derive(Debug, Clone)]
enum Try {
    Adjust(i64),
    Arrange(Mode),
    Pay,
    Ship,
    Confirm,
    Close,
    /// For so many thousandths of the total.
    Apply {
        goods_received: bool,
        share: i64,
    },
    Agree,
    Refuse,
    Return,
    Back,
    Withdraw,
    /// What the clock does, whatever it is.
    Ring,
}

/// Paid and shipped early and often, so that most lives reach a refund.
fn tries() -> impl Strategy<Value = Vec<Try>> {
    let share = prop_oneof![Just(1_000_i64), 0..=1_000_i64];
    let any_mode = prop_oneof![Just(Mode::Escrow), Just(Mode::Direct)];
    let one = prop_oneof![
        2 => (-200..=100_000_i64).prop_map(Try::Adjust),
        1 => any_mode.prop_map(Try::Arrange),
        6 => Just(Try::Pay),
        4 => Just(Try::Ship),
        1 => Just(Try::Confirm),
        1 => Just(Try::Close),
        8 => (any::<bool>(), share).prop_map(|(goods_received, share)| Try::Apply { goods_received, share }),
        4 => Just(Try::Agree),
        2 => Just(Try::Refuse),
        4 => Just(Try::Return),
        3 => Just(Try::Back),
        2 => Just(Try::Withdraw),
        2 => Just(Try::Ring),
    ];
    let begun = prop_oneof![Just(Vec::new()), Just(vec![Try::Pay]), Just(vec![Try::Pay, Try::Ship])];
    (begun, proptest::collection::vec(one, 0..20)).prop_map(|(begun, rest)| [begun, rest].concat())
}

impl Try {
    fn on(&self, trade: &Trade, by_balance: bool) -> Result<Option<Change>, Refusal> {
        let (clocks, buyer, seller) = (Clocks::default(), user(BUYER), user(SELLER));
        let by_seller = Actor::Seller(seller.clone());
        match self {
            Try::Adjust(discount) => machine::adjust_price(trade, &seller, Fen(*discount), NOON),
            Try::Arrange(mode) => machine::arrange(trade, &buyer, choice(Some(*mode), 0, None), NOON),
            Try::Pay => {
                let means =
                    if by_balance { Means::Balance(Fen(i64::MAX)) } else { Means::Bank("CMB".to_owned()) };
                machine::pay(trade, &buyer, &means, None, &parties(), &clocks, NOON).map(Some)
            }
            Try::Ship => machine::send_goods(trade, by_seller, parcel(TransportType::Post), &clocks, NOON),
            Try::Confirm => machine::confirm_goods(trade, Actor::Buyer(buyer), NOON).map(Some),
            Try::Close => machine::close(trade, by_seller, NOON).map(Some),
            Try::Apply { goods_received, share } => {
                let amount = Fen(trade.total_fee.0 * share / 1_000);
                let (reason, evidence) = ("不想要了".to_owned(), String::new());
                let application = Application { goods_received: *goods_received, amount, reason, evidence };
                refund::apply_for(trade, &buyer, application, &clocks, NOON).map(Some)
            }
            Try::Agree => refund::agree(trade, by_seller, &clocks, NOON).map(Some),
            Try::Refuse => refund::refuse(
                trade,
                &seller,
                Grounds { reason: "不".to_owned(), evidence: String::new() },
                &clocks,
                NOON,
            )
            .map(Some),
            Try::Return => {
                refund::return_goods(trade, &buyer, parcel(TransportType::Ems), &clocks, NOON).map(Some)
            }
            Try::Back => refund::confirm_return(trade, by_seller, NOON).map(Some),
            Try::Withdraw => refund::withdraw(trade, Actor::Buyer(buyer), &clocks, NOON).map(Some),
            Try::Ring => {
                let due = deadlines::running(trade);
                due.map_or(Ok(None), |kind| machine::expire(trade, kind, &clocks, NOON))
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// [`Books::post`] holds at every posting that nothing is made or lost and that nobody is overdrawn.
    #[test]
    fn whatever_is_tried_money_is_conserved_and_no_clock_fails(deal in deals(), tries in tries()) {
        let clocks = Clocks::default();
        let Ok(change) = machine::create(deal.opening(), &clocks, NOON) else { return Ok(()) };
        let purse = Fen(1_000_000_000);
        let mut trade = change.trade;
        let mut books = Books::with_purse(purse);
        for attempt in tries {
            if let Some(kind) = deadlines::running(&trade) {
                let rung = machine::expire(&trade, kind, &clocks, NOON);
                prop_assert!(matches!(rung, Ok(Some(_))), "{:?} fails {:?}", kind, trade);
            }
            if let Ok(Some(change)) = attempt.on(&trade, deal.by_balance) {
                if let Some(journal) = &change.journal {
                    books.post(journal);
                }
                trade = change.trade;
            }
            let held = matches!(trade.trade_status, TradeStatus::WaitSellerSendGoods | TradeStatus::WaitBuyerConfirmGoods);
            let escrow = books.of(&Account::Escrow(trade.trade_no.clone()));
            prop_assert_eq!(escrow, if held { trade.total_fee } else { Fen::ZERO });
        }
        // Who paid in the end, and how much: the total, less what came back.
        let back = trade.refund.filter(|_| trade.refund_status == Some(RefundStatus::RefundSuccess));
        let back = back.map_or(0, |refund| refund.application.amount.0);
        let is_paid = trade.gmt.payment.is_some();
        let given = if is_paid { trade.total_fee.0 - back } else { 0 };
        let is_sold = trade.trade_status == TradeStatus::TradeFinished;
        let gained = if is_sold { deal.gained(BUYER) } else { 0 };
        let bank = books.of(&Account::Bank("CMB".to_owned())).0;
        prop_assert_eq!(purse.0 - books.purse().0 + gained - bank, given);
        prop_assert!(deal.by_balance || bank == -given, "what a bank paid goes back to the bank");
        if is_sold {
            prop_assert_eq!(books.of(&Account::Fee), fee(Fen(given), deal.fee_ppm).unwrap());
        }
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
    let means = Means::Bank("CMB".to_owned());
    let paid = machine::pay(&trade, &user(BUYER), &means, Some(home()), &parties(), &clocks, NOON);
    let Some(Journal { postings }) = paid.unwrap().journal else { panic!("nothing was posted") };
    assert_eq!(postings[0].amount, Fen(i64::MAX));
}
