//! What becomes of trades, told as at a counter. `UPDATE_EXPECT=1 cargo test -p danbao-engine` writes the right column
//! anew; the left one is the author's.

use expect_test::expect;

use super::table::story;

#[test]
fn direct_pay_under_an_ordinary_contract_is_done_at_once() {
    story(&expect![[r#"
        direct 10.00 fee 6000
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        arrange                            | nothing changes
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        confirm                            | TRADE_STATUS_NOT_AVAILD
        pay balance                        | TRADE_FINISHED, buyer > seller 10.00, seller > fee 0.06, told
        pay balance                        | TRADE_NOT_ALLOWED_PAY
        arrange                            | TRADE_NOT_ALLOWED_PAY
        close                              | TRADE_STATUS_NOT_AVAILD
        ring                               | nothing changes
    "#]]);
}

#[test]
fn direct_pay_under_an_advanced_contract_stays_refundable_for_90_days() {
    story(&expect![[r#"
        direct 10.00 fee 6000 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay bank                           | TRADE_SUCCESS, bank > seller 10.00, seller > fee 0.06, told, finish_refundable 2012-05-29 12:00:00
        pay bank                           | TRADE_NOT_ALLOWED_PAY
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        confirm                            | TRADE_STATUS_NOT_AVAILD
        close                              | TRADE_STATUS_NOT_AVAILD
        wait 90d                           | 2012-05-29 12:00:00
        ring                               | TRADE_FINISHED, told
        ring                               | nothing changes
        pay bank                           | TRADE_NOT_ALLOWED_PAY
    "#]]);
}

#[test]
fn an_escrow_trade_holds_the_money_until_the_goods_have_come() {
    story(&expect![[r#"
        escrow 10.00 fee 6000
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        confirm                            | TRADE_STATUS_NOT_AVAILD
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        pay balance                        | ADDRESS_MISSING
        pay balance home                   | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        pay balance                        | TRADE_NOT_ALLOWED_PAY
        confirm                            | TRADE_STATUS_NOT_AVAILD
        close                              | TRADE_STATUS_NOT_AVAILD
        wait 1h                            | 2012-02-29 13:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 13:00:00
        ship EMS                           | nothing changes
        close                              | TRADE_STATUS_NOT_AVAILD
        wait 2d                            | 2012-03-02 13:00:00
        confirm                            | TRADE_FINISHED, escrow > seller 10.00, seller > fee 0.06, told
        confirm                            | TRADE_STATUS_NOT_AVAILD
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        close                              | TRADE_STATUS_NOT_AVAILD
        ring                               | nothing changes
    "#]]);
}

#[test]
fn an_unpaid_trade_is_closed_by_anybody_or_by_the_clock() {
    story(&expect![[r#"
        escrow 10.00 it_b_pay 1h
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-02-29 13:00:00
        close                              | TRADE_CLOSED, told
        close                              | TRADE_STATUS_NOT_AVAILD
        pay balance home                   | TRADE_NOT_ALLOWED_PAY
        arrange home                       | TRADE_NOT_ALLOWED_PAY
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        confirm                            | TRADE_STATUS_NOT_AVAILD
        ring                               | nothing changes
    "#]]);
    story(&expect![[r#"
        direct 10.00 it_b_pay 1c
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-01 00:00:00
        wait 12h                           | 2012-03-01 00:00:00
        ring                               | TRADE_CLOSED, untold
        pay balance                        | TRADE_NOT_ALLOWED_PAY
    "#]]);
}

#[test]
fn goods_that_nobody_confirms_count_as_received_after_10_30_and_3_days() {
    story(&expect![[r#"
        escrow 1.00 addressed
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        ring                               | TRADE_FINISHED, escrow > seller 1.00, told
    "#]]);
    story(&expect![[r#"
        escrow 1.00 addressed
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship POST                          | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-30 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 1.00 addressed t_b_rec_post 7
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship POST                          | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-07 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 1.00 addressed t_b_rec_post 7
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship EMS                           | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 1.00 addressed
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship DIRECT                        | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-03 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 1.00 addressed
        create                             | WAIT_BUYER_PAY total 1.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 1.00, told, advise_refund 2012-03-07 12:00:00
        ship VIRTUAL_30                    | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-30 12:00:00
    "#]]);
}

#[test]
fn a_dual_trade_goes_the_way_that_the_buyer_chose_last() {
    story(&expect![[r#"
        dual 10.00 fee 6000
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        arrange mode direct                | WAIT_BUYER_PAY, told
        arrange mode direct                | nothing changes
        pay balance                        | TRADE_FINISHED, buyer > seller 10.00, seller > fee 0.06, told
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
        confirm                            | TRADE_STATUS_NOT_AVAILD
        arrange mode escrow                | TRADE_NOT_ALLOWED_PAY
    "#]]);
    story(&expect![[r#"
        dual 10.00 fee 6000 refundable
        create mode direct                 | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        arrange mode escrow home           | WAIT_BUYER_PAY, told
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        confirm                            | TRADE_FINISHED, escrow > seller 10.00, seller > fee 0.06, told
        close                              | TRADE_STATUS_NOT_AVAILD
    "#]]);
}

#[test]
fn only_dual_trades_leave_the_buyer_a_choice_of_mode() {
    story(&expect![[r#"
        direct 10.00
        create mode escrow                 | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        arrange mode escrow                | nothing changes
        pay bank                           | TRADE_FINISHED, bank > seller 10.00, told
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create mode direct                 | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        arrange mode direct                | nothing changes
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
    "#]]);
}

#[test]
fn carriage_that_the_buyer_bears_is_added_and_the_way_may_be_changed_while_unpaid() {
    story(&expect![[r#"
        escrow 10.00 ems 8.50 post 2.00 addressed
        create way 3                       | LOGISTICS_CHOOSE_ERROR
        create way 1                       | WAIT_BUYER_PAY total 18.50, told, close_unpaid 2012-03-15 12:00:00
        arrange way 2                      | WAIT_BUYER_PAY total 12.00, told
        arrange way 2                      | nothing changes
        arrange way 3                      | LOGISTICS_CHOOSE_ERROR
        arrange way 0                      | WAIT_BUYER_PAY total 10.00, told
        arrange way 1                      | WAIT_BUYER_PAY total 18.50, told
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 18.50, told, advise_refund 2012-03-07 12:00:00
        arrange way 0                      | TRADE_NOT_ALLOWED_PAY
    "#]]);
}

#[test]
fn nobody_buys_from_themselves_or_pays_what_is_not_theirs() {
    story(&expect![[r#"
        escrow 10.00 named buyer addressed
        create by seller                   | BUYER_SELLER_EQUAL
        create by bob                      | TRADE_BUYER_NOT_MATCH
        create by buyer                    | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        arrange by seller way 0            | BUYER_SELLER_EQUAL
        arrange by bob way 0               | TRADE_BUYER_NOT_MATCH
        pay bank by bob                    | TRADE_BUYER_NOT_MATCH
        pay bank by seller                 | BUYER_SELLER_EQUAL
        pay bank by buyer                  | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
    "#]]);
    story(&expect![[r#"
        direct 10.00
        create by bob                      | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay bank by buyer                  | TRADE_BUYER_NOT_MATCH
        pay bank by bob                    | TRADE_FINISHED, bank > seller 10.00, told
    "#]]);
}

#[test]
fn a_balance_that_does_not_suffice_pays_nothing_and_a_bank_still_may() {
    story(&expect![[r#"
        direct 10.00 purse 9.99
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance                        | BALANCE_NOT_ENOUGH
        pay bank                           | TRADE_FINISHED, bank > seller 10.00, told
    "#]]);
    story(&expect![[r#"
        direct 10.00 purse 10.00
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance                        | TRADE_FINISHED, buyer > seller 10.00, told
    "#]]);
}

#[test]
fn royalty_goes_out_of_the_sellers_share_and_never_beyond_it() {
    story(&expect![[r#"
        direct 10.00 fee 6000 royalty carol 3.00 royalty dave 6.94
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance                        | TRADE_FINISHED, buyer > seller 10.00, seller > fee 0.06, seller > carol 3.00, seller > dave 6.94, told
    "#]]);
    story(&expect![[r#"
        direct 10.00 fee 6000 royalty carol 3.00 royalty dave 6.95
        create                             | NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT
    "#]]);
    story(&expect![[r#"
        direct 0.01 fee 1000000
        create                             | WAIT_BUYER_PAY total 0.01, untold, close_unpaid 2012-03-15 12:00:00
        pay bank                           | TRADE_FINISHED, bank > seller 0.01, seller > fee 0.01, told
    "#]]);
}

#[test]
fn a_trade_without_notify_url_tells_nobody() {
    story(&expect![[r#"
        dual 10.00 quiet addressed
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        arrange mode direct                | WAIT_BUYER_PAY, untold
        arrange mode escrow                | WAIT_BUYER_PAY, untold
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, untold, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, untold, confirm_goods 2012-03-10 12:00:00
        confirm                            | TRADE_FINISHED, escrow > seller 10.00, untold
    "#]]);
}
