//! Frozen accounts, companies, and what a partner wants to be told; told as at a counter, as [`super::stories`].

use expect_test::expect;

use super::table::story;

#[test]
fn what_a_frozen_seller_cannot_take_is_held_until_the_account_is_released() {
    story(&expect![[r#"
        direct 10.00 fee 6000
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance frozen-seller          | TRADE_PENDING, buyer > escrow 10.00, told
        pay balance                        | TRADE_NOT_ALLOWED_PAY
        close                              | TRADE_STATUS_NOT_AVAILD
        wait 40d                           | 2012-04-09 12:00:00
        release                            | TRADE_FINISHED, escrow > seller 10.00, seller > fee 0.06, told
        release                            | TRADE_STATUS_NOT_AVAILD
    "#]]);
}

#[test]
fn the_refund_period_of_a_pending_payment_begins_when_the_seller_has_the_money() {
    story(&expect![[r#"
        direct 10.00 fee 6000 royalty carol 1.00 refundable
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        release                            | TRADE_STATUS_NOT_AVAILD
        pay bank frozen-seller             | TRADE_PENDING, bank > escrow 10.00, told
        ring                               | nothing changes
        wait 5d                            | 2012-03-05 12:00:00
        release                            | TRADE_SUCCESS, escrow > seller 10.00, seller > fee 0.06, seller > carol 1.00, told, finish_refundable 2012-06-03 12:00:00
        ring                               | TRADE_FINISHED, told
    "#]]);
}

#[test]
fn an_escrow_trade_pays_a_frozen_seller_as_any_other() {
    story(&expect![[r#"
        escrow 10.00 fee 6000
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance home frozen-seller     | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        release                            | TRADE_STATUS_NOT_AVAILD
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
        confirm                            | TRADE_FINISHED, escrow > seller 10.00, seller > fee 0.06, told
    "#]]);
}

#[test]
fn the_instant_branch_of_a_dual_trade_waits_for_a_frozen_seller_too() {
    story(&expect![[r#"
        dual 10.00
        create mode direct                 | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance frozen-seller          | TRADE_PENDING, buyer > escrow 10.00, told
        release                            | TRADE_FINISHED, escrow > seller 10.00, told
    "#]]);
}

#[test]
fn a_frozen_buyer_pays_nothing_and_a_company_only_so_much_to_a_person() {
    story(&expect![[r#"
        direct 10.00
        create                             | WAIT_BUYER_PAY total 10.00, untold, close_unpaid 2012-03-15 12:00:00
        pay balance frozen-buyer           | ACCOUNT_FROZEN
        pay bank frozen-buyer              | ACCOUNT_FROZEN
        pay balance company 9.99           | MAX_MONEY_COMPANY_TO_INDIVIDUAL
        pay bank company 9.99              | MAX_MONEY_COMPANY_TO_INDIVIDUAL
        pay balance company 10.00          | TRADE_FINISHED, buyer > seller 10.00, told
        pay balance frozen-buyer           | TRADE_NOT_ALLOWED_PAY
    "#]]);
}

#[test]
fn a_partner_is_told_of_what_it_wants_to_be_told_of() {
    story(&expect![[r#"
        direct 10.00 triggers WAIT_BUYER_PAY+TRADE_CLOSED
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        adjust -1.00                       | WAIT_BUYER_PAY total 9.00, told
        close                              | TRADE_CLOSED, told
    "#]]);
    story(&expect![[r#"
        direct 10.00 triggers WAIT_BUYER_PAY+TRADE_CLOSED refundable
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | TRADE_SUCCESS, buyer > seller 10.00, untold, finish_refundable 2012-05-29 12:00:00
        ring                               | TRADE_FINISHED, untold
    "#]]);
    story(&expect![[r#"
        escrow 10.00 triggers TRADE_FINISHED
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        close                              | TRADE_CLOSED, told
    "#]]);
}

#[test]
fn the_platform_advises_a_refund_of_what_was_not_shipped_once() {
    story(&expect![[r#"
        escrow 10.00 addressed
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-07 12:00:00
        wait 3d                            | 2012-03-03 12:00:00
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-10 12:00:00
        withdraw                           | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, told, advise_refund 2012-03-07 12:00:00
        ring                               | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, untold
        apply                              | WAIT_SELLER_SEND_GOODS WAIT_SELLER_AGREE, told, agree_refund 2012-03-14 12:00:00
        withdraw                           | WAIT_SELLER_SEND_GOODS REFUND_CLOSED, told
        ring                               | nothing changes
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS REFUND_CLOSED, told, confirm_goods 2012-03-17 12:00:00
    "#]]);
    story(&expect![[r#"
        escrow 10.00 addressed t_s_send_2 2
        create                             | WAIT_BUYER_PAY total 10.00, told, close_unpaid 2012-03-15 12:00:00
        pay balance                        | WAIT_SELLER_SEND_GOODS, buyer > escrow 10.00, told, advise_refund 2012-03-02 12:00:00
        ship EXPRESS                       | WAIT_BUYER_CONFIRM_GOODS, told, confirm_goods 2012-03-10 12:00:00
    "#]]);
}
