//! What becomes of refunds, of prices that change and of clocks that are put forward, told as in [`super::stories`].

use expect_test::expect;

use super::table::story;

/// Escrow tutorial 4.4, goods received: both columns of states are in the order of its list.
#[test]
fn goods_that_were_received_go_back_before_the_money_does() {
    story(&expect![[r#"
        escrow 10.00 fee 6000 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        wait 2d                            | 2012-03-02 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-17 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-09 12:00:00
        back                               | TRADE_STATUS_NOT_AVAILD
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-12 12:00:00
        agree                              | TRADE_STATUS_NOT_AVAILD
        back                               | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
        back                               | TRADE_STATUS_NOT_AVAILD
        apply received                     | TRADE_STATUS_NOT_AVAILD
        withdraw                           | TRADE_STATUS_NOT_AVAILD
        confirm                            | TRADE_STATUS_NOT_AVAILD
        ring                               | nothing changes
    "#]]);
}

/// Escrow tutorial 4.4, nothing received.
#[test]
fn what_was_not_received_is_paid_back_as_soon_as_the_seller_agrees() {
    story(&expect![[r#"
        escrow 10.00 fee 6000 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        apply                              | TRADE_STATUS_NOT_AVAILD
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply received                     | ILLEGAL_ARGUMENT
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        apply                              | TRADE_STATUS_NOT_AVAILD
        return EXPRESS                     | TRADE_STATUS_NOT_AVAILD
        back                               | TRADE_STATUS_NOT_AVAILD
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
        agree                              | TRADE_STATUS_NOT_AVAILD
        ship EXPRESS                       | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        escrow 10.00 fee 6000 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply                              | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
}

#[test]
fn a_seller_may_refuse_and_the_buyer_apply_again() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        refuse                             | WAIT_BUYER_CONFIRM_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        refuse                             | TRADE_STATUS_NOT_AVAILD
        agree                              | TRADE_STATUS_NOT_AVAILD
        apply received 4.00                | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        refuse                             | WAIT_BUYER_CONFIRM_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        apply                              | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
}

#[test]
fn a_buyer_may_withdraw_as_long_as_the_money_is_not_back_and_apply_anew() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        withdraw                           | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, told, advise_refund 2012-03-07 12:00:00
        withdraw                           | TRADE_STATUS_NOT_AVAILD
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        refuse                             | WAIT_SELLER_SEND_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        withdraw                           | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        withdraw                           | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-10 12:00:00
        withdraw                           | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-10 12:00:00
        confirm                            | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn a_refund_of_a_part_finishes_the_trade_and_the_fee_is_on_what_the_seller_keeps() {
    story(&expect![[r#"
        escrow 10.00 fee 6000 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply 4.00                         | REFUND_TRADE_FEE_ERROR
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received 0.00                | REFUND_TRADE_FEE_ERROR
        apply received -1.00               | REFUND_TRADE_FEE_ERROR
        apply received 10.01               | REFUND_TRADE_FEE_ERROR
        apply received 4.00                | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-10 12:00:00
        back                               | TRADE_FINISHED REFUND_SUCCESS, escrow > buyer 4.00, escrow > seller 6.00, seller > fee 0.04, told
        confirm                            | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        escrow 10.00 fee 6000 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply 9.99                         | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | TRADE_FINISHED REFUND_SUCCESS, escrow > bank 9.99, escrow > seller 0.01, told
    "#]]);
}

#[test]
fn a_part_is_given_back_only_if_the_rest_covers_what_was_promised_to_others() {
    story(&expect![[r#"
        dual 10.00 fee 6000 addressed royalty carol 3.00
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply 7.00                         | REFUND_TRADE_FEE_ERROR
        apply 6.98                         | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | TRADE_FINISHED REFUND_SUCCESS, escrow > bank 6.98, escrow > seller 3.02, seller > fee 0.02, seller > carol 3.00, told
    "#]]);
    story(&expect![[r#"
        dual 10.00 fee 6000 addressed royalty carol 3.00
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply                              | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > bank 10.00, told
    "#]]);
}

#[test]
fn shipping_answers_a_buyer_who_had_received_nothing() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-10 12:00:00
        agree                              | TRADE_STATUS_NOT_AVAILD
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        refuse                             | WAIT_SELLER_SEND_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-10 12:00:00
        ring                               | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn confirming_the_goods_closes_whatever_refund_is_open() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        confirm                            | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
        agree                              | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        refuse                             | WAIT_BUYER_CONFIRM_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        confirm                            | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-10 12:00:00
        confirm                            | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
        back                               | TRADE_STATUS_NOT_AVAILD
    "#]]);
}

#[test]
fn a_seller_who_says_nothing_agrees_after_7_days_and_after_15_once_the_goods_were_sent() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        ring                               | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
        ring                               | nothing changes
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply                              | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        ring                               | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        ring                               | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-22 12:00:00
        ring                               | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-04-01 12:00:00
        ring                               | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn a_buyer_who_does_nothing_about_a_refusal_has_withdrawn_after_7_days() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        refuse                             | WAIT_SELLER_SEND_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        ring                               | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, told
        ring                               | nothing changes
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-17 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        refuse                             | WAIT_BUYER_CONFIRM_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-07 12:00:00
        ring                               | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-17 12:00:00
        ring                               | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn goods_on_their_way_back_count_as_received_after_10_days_and_after_30_by_post() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-10 12:00:00
        ring                               | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return POST                        | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-30 12:00:00
        ring                               | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
}

#[test]
fn the_clock_of_the_confirmation_stands_still_while_a_refund_is_open_and_begins_anew_after() {
    story(&expect![[r#"
        escrow 10.00 addressed t_b_rec_post 20
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship POST                          | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-20 12:00:00
        wait 19d                           | 2012-03-19 12:00:00
        apply received                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-04-03 12:00:00
        extend 3                           | TRADE_STATUS_NOT_AVAILD
        wait 5d                            | 2012-03-24 12:00:00
        refuse                             | WAIT_BUYER_CONFIRM_GOODS SELLER_REFUSE_BUYER, told, withdraw_refund 2012-03-31 12:00:00
        wait 6d                            | 2012-03-30 12:00:00
        withdraw                           | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-04-19 12:00:00
        wait 19d                           | 2012-04-18 12:00:00
        ring                               | TRADE_FINISHED REFUND_CLOSED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn before_the_sellers_time_to_ship_is_over_nobody_applies_unless_the_goods_were_sent() {
    story(&expect![[r#"
        escrow 10.00 addressed t_s_send_1 3
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        wait 1d                            | 2012-03-01 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-08 12:00:00
        wait 71h                           | 2012-03-04 11:00:00
        apply                              | TRADE_STATUS_NOT_AVAILD
        wait 1h                            | 2012-03-04 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-11 12:00:00
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > buyer 10.00, told
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed t_s_send_1 3
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply                              | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
    "#]]);
}

#[test]
fn money_goes_back_to_the_bank_or_the_balance_that_it_came_from() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | WAIT_SELLER_SEND_GOODS, bank > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-07 12:00:00
        agree                              | TRADE_CLOSED REFUND_SUCCESS, escrow > bank 10.00, told
    "#]]);
    story(&expect![[r#"
        dual 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        apply received 2.50                | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-15 12:00:00
        agree                              | WAIT_BUYER_CONFIRM_GOODS WAIT_BUYER_RETURN_GOODS, told, withdraw_refund 2012-03-07 12:00:00
        return EXPRESS                     | WAIT_BUYER_CONFIRM_GOODS WAIT_SELLER_CONFIRM_GOODS, told, confirm_return 2012-03-10 12:00:00
        back                               | TRADE_FINISHED REFUND_SUCCESS, escrow > buyer 2.50, escrow > seller 7.50, told
    "#]]);
}

#[test]
fn instant_payments_know_no_application() {
    story(&expect![[r#"
        direct 10.00 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay bank                           | TRADE_SUCCESS, bank > seller 10.00, told, finish_refundable 2012-05-29 12:00:00
        apply                              | TRADE_STATUS_NOT_AVAILD
        agree                              | TRADE_STATUS_NOT_AVAILD
        withdraw                           | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        dual 10.00 addressed
        create mode direct                 | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay bank                           | TRADE_FINISHED, bank > seller 10.00, told
        apply                              | TRADE_STATUS_NOT_AVAILD
    "#]]);
}

#[test]
fn a_seller_changes_the_price_of_an_unpaid_trade_and_only_of_that() {
    story(&expect![[r#"
        escrow 10.00 ems 5.00 addressed
        create way 1                       | WAIT_BUYER_PAY total 15.00, told, close_unpaid 2012-03-15 12:00:00
        adjust -1.00                       | WAIT_BUYER_PAY total 14.00, told
        adjust -1.00                       | nothing changes
        adjust 2.50                        | WAIT_BUYER_PAY total 17.50, told
        adjust -10.00                      | TOTAL_FEE_LESSEQUAL_ZERO
        adjust -12.00                      | TOTAL_FEE_LESSEQUAL_ZERO
        adjust 999990.00                   | TOTAL_FEE_GREATER_THAN_MAX
        adjust 0.00                        | WAIT_BUYER_PAY total 15.00, told
        adjust -9.99                       | WAIT_BUYER_PAY total 5.01, told
        arrange way 0                      | WAIT_BUYER_PAY total 0.01, told
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 0.01, told, advise_refund 2012-03-07 12:00:00
        adjust -1.00                       | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        direct 10.00 royalty carol 3.00
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        adjust -7.01                       | NAVIGATION_INCOME_OF_ROYALTY_ACCOUNT
        adjust -7.00                       | WAIT_BUYER_PAY total 3.00, untold
        pay balance                        | TRADE_FINISHED, buyer > seller 3.00, seller > carol 3.00, told
        adjust 0.00                        | TRADE_STATUS_NOT_AVAILD
    "#]]);
    story(&expect![[r#"
        escrow 10.00
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        close                              | TRADE_CLOSED, told
        adjust -1.00                       | TRADE_STATUS_NOT_AVAILD
    "#]]);
}

#[test]
fn a_seller_gives_the_buyer_3_5_7_or_10_days_more_to_confirm() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        extend 3                           | TRADE_STATUS_NOT_AVAILD
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        extend 3                           | TRADE_STATUS_NOT_AVAILD
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        extend 4                           | ILLEGAL_ARGUMENT
        extend 0                           | ILLEGAL_ARGUMENT
        extend 3                           | WAIT_BUYER_CONFIRM_GOODS, untold, confirm_goods 2012-03-13 12:00:00
        extend 5                           | WAIT_BUYER_CONFIRM_GOODS, untold, confirm_goods 2012-03-18 12:00:00
        extend 7                           | WAIT_BUYER_CONFIRM_GOODS, untold, confirm_goods 2012-03-25 12:00:00
        extend 10                          | WAIT_BUYER_CONFIRM_GOODS, untold, confirm_goods 2012-04-04 12:00:00
        ring                               | TRADE_FINISHED, escrow > seller 10.00, told
        extend 3                           | TRADE_STATUS_NOT_AVAILD
    "#]]);
}
