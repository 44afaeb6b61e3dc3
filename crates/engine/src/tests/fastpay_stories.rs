//! What becomes of direct payments that are refunded, told as in [`super::stories`], and what holds for every amount.

use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::TradeStatus;
use expect_test::expect;
use proptest::prelude::*;

use super::table::story;
use super::{BUYER, Books, NOON, SELLER, opening, parties, request, user};
use crate::change::Actor;
use crate::chart::Account;
use crate::deadlines::Clocks;
use crate::fastpay_refund::{self, Balances, PaidRefund, ReturnedShare};
use crate::machine::{self, Means, Opening};
use crate::refusal::Refusal;
use crate::settlement::{Royalty, fee};

/// protocol.md §5.6: again and again until nothing is left; the charge comes back in proportion.
#[test]
fn a_paid_trade_is_refunded_in_parts_until_nothing_is_left() {
    story(&expect![[r#"
        direct 10.00 fee 6000 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        give 1.00                          | TRADE_STATUS_ERROR
        pay balance                        | TRADE_SUCCESS, buyer > seller 10.00, seller > fee 0.06, told, finish_refundable 2012-05-29 12:00:00
        give 4.00                          | TRADE_SUCCESS REFUND_SUCCESS, fee > seller 0.02, seller > buyer 4.00, told
        give 6.01                          | REFUND_TRADE_FEE_ERROR
        give 0.00                          | REFUND_TRADE_FEE_ERROR
        give -1.00                         | REFUND_TRADE_FEE_ERROR
        give 0.50                          | TRADE_SUCCESS REFUND_SUCCESS, fee > seller 0.01, seller > buyer 0.50, told
        give 5.50                          | TRADE_CLOSED REFUND_SUCCESS, fee > seller 0.03, seller > buyer 5.50, told
        give 0.01                          | TRADE_HAS_CLOSED
    "#]]);
}

#[test]
fn the_refund_period_goes_on_after_a_part_and_ends_for_good() {
    story(&expect![[r#"
        direct 10.00 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay bank                           | TRADE_SUCCESS, bank > seller 10.00, told, finish_refundable 2012-05-29 12:00:00
        wait 80d                           | 2012-05-19 12:00:00
        give 4.00                          | TRADE_SUCCESS REFUND_SUCCESS, seller > bank 4.00, told
        ring                               | TRADE_FINISHED REFUND_SUCCESS, told
        give 1.00                          | TRADE_HAS_FINISHED
    "#]]);
}

#[test]
fn only_a_refundable_direct_trade_is_refunded_by_its_seller() {
    story(&expect![[r#"
        direct 10.00
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance                        | TRADE_FINISHED, buyer > seller 10.00, told
        give 1.00                          | TRADE_HAS_FINISHED
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed refundable
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        give 1.00                          | TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        give 1.00                          | TRADE_PRODUCT_TYPE_NOT_ALLOW_REFUND
    "#]]);
    story(&expect![[r#"
        direct 10.00 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        close                              | TRADE_CLOSED, untold
        give 1.00                          | TRADE_HAS_CLOSED
    "#]]);
}

/// A royalty party gives back at most what it was given; the seller pays what nobody gives back.
#[test]
fn shares_go_back_to_the_seller_before_the_seller_pays() {
    story(&expect![[r#"
        direct 10.00 fee 6000 refundable royalty carol 3.00 royalty dave 6.00
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance                        | TRADE_SUCCESS, buyer > seller 10.00, seller > fee 0.06, seller > carol 3.00, seller > dave 6.00, told, finish_refundable 2012-05-29 12:00:00
        give 10.00                         | TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH
        give 5.00 share carol 3.01         | REFUND_ROYALTY_FEE_ERROR
        give 5.00 share erin 1.00          | REFUND_ROYALTY_FEE_ERROR
        give 5.00 share carol 0.00         | REFUND_ROYALTY_FEE_ERROR
        give 5.00 share carol 1.00         | TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH
        give 5.00 share carol 2.00 share dave 3.00 | TRADE_SUCCESS REFUND_SUCCESS, fee > seller 0.03, carol > seller 2.00, dave > seller 3.00, seller > buyer 5.00, told
        give 5.00 share carol 1.01         | REFUND_ROYALTY_FEE_ERROR
        give 5.00 share dave 3.00          | TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH
        give 5.00 share carol 1.00 share dave 3.00 | TRADE_CLOSED REFUND_SUCCESS, fee > seller 0.03, carol > seller 1.00, dave > seller 3.00, seller > buyer 5.00, told
    "#]]);
}

/// A direct trade of this total, refundable, of which Carol got a share, paid from a bank.
fn paid(total: Fen, fee_ppm: i64, share: Fen) -> Option<(crate::trade::Trade, Books)> {
    let royalty = Royalty {
        payer: user(SELLER),
        receiver: user("carol"),
        amount: share,
        memo: String::new(),
        refunded: Fen::ZERO,
    };
    let royalty = if share.is_positive() { vec![royalty] } else { Vec::new() };
    let asked = request(PaymentService::CreateDirectPayByUser, total);
    let opening = Opening { is_refundable: true, fee_ppm, royalty, ..opening(asked) };
    let trade = machine::create(opening, &Clocks::default(), NOON).ok()?.trade;
    let means = Means::Bank("CMB".to_owned());
    let paid =
        machine::pay(&trade, &user(BUYER), &means, None, &parties(), &Clocks::default(), NOON).unwrap();
    let mut books = Books::default();
    books.post(paid.journal.as_ref().unwrap());
    Some((paid.trade, books))
}

fn held(books: &Books) -> Balances {
    [SELLER, BUYER, "carol"].map(|name| (user(name), books.of(&Account::User(user(name))))).into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// [`Books::post`] holds that nobody is overdrawn; the charge is at every moment that on what was not refunded.
    #[test]
    fn whatever_is_refunded_the_charge_is_on_the_rest_and_nobody_gives_more_than_they_have(
        total in prop_oneof![1..=500_i64, 1..=10_000_000_i64],
        fee_ppm in prop_oneof![Just(0_i64), 0..=20_000_i64, 0..=1_000_000_i64],
        share in 0..=400_i64,
        refunds in proptest::collection::vec((0..=1_100_i64, -1..=400_i64), 1..12),
    ) {
        let Some((mut trade, mut books)) = paid(Fen(total), fee_ppm, Fen(share)) else { return Ok(()) };
        let mut shared_back = 0;
        for (part, back) in refunds {
            // The later ones of what is left, so that many lives come to their end.
            let amount = Fen(fastpay_refund::left(&trade).0 * part / 1_000);
            let (payer, receiver) = (user("carol"), user(SELLER));
            let royalty = vec![ReturnedShare { payer, receiver, amount: Fen(back) }];
            let asked = PaidRefund { amount, royalty: if back == 0 { Vec::new() } else { royalty } };
            match fastpay_refund::refund(&trade, &asked, &held(&books), Actor::Partner, NOON) {
                Ok(refunded) => {
                    books.post(refunded.change.journal.as_ref().unwrap());
                    trade = refunded.change.trade;
                    shared_back += back;
                }
                Err(Refusal::Wire(ErrorCode::TxnResultAccountBalanceNotEnough)) => {
                    let short = books.of(&Account::User(user(SELLER))) < amount;
                    prop_assert!(short, "{:?} refused a seller who could pay", trade);
                }
                Err(Refusal::Wire(ErrorCode::RefundTradeFeeError)) => {
                    prop_assert!(amount.0 <= 0 || amount > fastpay_refund::left(&trade));
                }
                Err(Refusal::Wire(ErrorCode::RefundRoyaltyFeeError)) => {
                    prop_assert!(back < 0 || back > share - shared_back);
                }
                Err(Refusal::Wire(ErrorCode::TradeHasClosed)) => {
                    prop_assert_eq!(trade.trade_status, TradeStatus::TradeClosed);
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
            let kept = trade.total_fee.checked_sub(trade.refunded).unwrap();
            prop_assert!(kept >= Fen::ZERO, "refunded more than was paid");
            prop_assert_eq!(books.of(&Account::Fee), fee(kept, fee_ppm).unwrap());
            prop_assert_eq!(books.of(&Account::Bank("CMB".to_owned())), Fen(-kept.0));
            prop_assert_eq!(kept == Fen::ZERO, trade.trade_status == TradeStatus::TradeClosed);
            prop_assert_eq!(books.of(&Account::User(user("carol"))), Fen(share - shared_back));
        }
    }
}
