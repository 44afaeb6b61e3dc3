//! Genuine messages that do not fit the order: what the gateway says is true, and still not what the shop has sold
//! (protocol.md §6.6).

use super::{
    Answer, CLOSED, DIRECT, DUAL, ESCROW, FINISHED, Group, PAID, SUCCESS, Scenario, Step, Twist, UNPAID,
    notify, once, page, scenario, steps, unpaid, untouched,
};

pub(super) fn scenarios() -> Vec<Scenario> {
    let story = |service, id, source, steps: Vec<Step>| scenario(Group::Foreign, service, id, source, steps);
    let odd = |twist| notify(FINISHED).with(twist).answered(Answer::Any);
    let source = ("6.6", "2.3 2");
    vec![
        story(DIRECT, "less_money_than_the_order_costs", source, steps![odd(Twist::Amount(-1)), unpaid()]),
        story(DIRECT, "more_money_than_the_order_costs", source, steps![odd(Twist::Amount(100)), unpaid()]),
        story(
            DIRECT,
            "less_money_told_by_the_return",
            source,
            steps![page(FINISHED).with(Twist::Amount(-1)).answered(Answer::Any), unpaid()],
        ),
        story(
            ESCROW,
            "less_money_in_escrow_than_the_order_costs",
            source,
            steps![notify(PAID).with(Twist::Amount(-1)).answered(Answer::Any), unpaid()],
        ),
        story(DIRECT, "one_fen_more_than_the_order_costs", source, steps![odd(Twist::Amount(1)), unpaid()]),
        story(
            DIRECT,
            "more_money_told_by_the_return",
            source,
            steps![page(FINISHED).with(Twist::Amount(100)).answered(Answer::Any), unpaid()],
        ),
        story(
            ESCROW,
            "less_money_in_escrow_told_by_the_return",
            source,
            steps![page(PAID).with(Twist::Amount(-1)).answered(Answer::Any), unpaid()],
        ),
        story(
            DUAL,
            "less_money_by_the_dual_service_than_the_order_costs",
            source,
            steps![
                notify(PAID).with(Twist::Amount(-1)).answered(Answer::Any),
                notify(FINISHED).with(Twist::Amount(-1)).answered(Answer::Any),
                unpaid(),
            ],
        ),
        story(
            ESCROW,
            "less_money_announced_first_and_paid_then",
            source,
            steps![
                notify(UNPAID).with(Twist::Amount(-1)).answered(Answer::Any),
                notify(PAID).with(Twist::Amount(-1)).answered(Answer::Any),
                unpaid(),
            ],
        ),
        story(DIRECT, "the_money_went_to_another_seller", source, steps![odd(Twist::OtherSeller), unpaid()]),
        story(
            DIRECT,
            "the_money_went_to_another_seller_told_by_the_return",
            source,
            steps![page(FINISHED).with(Twist::OtherSeller).answered(Answer::Any), unpaid()],
        ),
        story(
            ESCROW,
            "the_money_went_to_another_seller_in_escrow",
            source,
            steps![
                notify(PAID).with(Twist::OtherSeller).answered(Answer::Any),
                page(PAID).with(Twist::OtherSeller).answered(Answer::Any),
                unpaid(),
            ],
        ),
        story(
            DUAL,
            "the_money_went_to_another_seller_by_the_dual_service",
            source,
            steps![
                notify(PAID).with(Twist::OtherSeller).answered(Answer::Any),
                page(FINISHED).with(Twist::OtherSeller).answered(Answer::Any),
                unpaid(),
            ],
        ),
        story(
            DIRECT,
            "a_message_about_an_order_that_the_shop_does_not_have",
            source,
            steps![odd(Twist::OtherOrder), untouched()],
        ),
        story(
            DIRECT,
            "a_return_about_an_order_that_the_shop_does_not_have",
            source,
            steps![page(FINISHED).with(Twist::OtherOrder).answered(Answer::Any), untouched()],
        ),
        story(
            DIRECT,
            "a_second_trade_for_an_order_that_is_paid",
            ("3.7", "2.3 2"),
            steps![notify(FINISHED), odd(Twist::OtherTrade).at(45), once(FINISHED, 1)],
        ),
        story(
            DIRECT,
            "the_closing_of_another_trade_of_a_paid_order",
            ("3.7", "2.3 2"),
            steps![
                notify(SUCCESS),
                notify(CLOSED).with(Twist::OtherTrade).answered(Answer::Any),
                once(SUCCESS, 1)
            ],
        ),
        story(
            DIRECT,
            "the_closing_of_another_trade_told_by_the_return",
            ("3.7", "2.3 2"),
            steps![
                notify(SUCCESS),
                page(CLOSED).with(Twist::OtherTrade).answered(Answer::Any),
                once(SUCCESS, 1)
            ],
        ),
        story(
            DIRECT,
            "two_trades_of_one_order_in_one_instant",
            ("3.7", "4.2"),
            vec![
                Step::AtOnce(vec![
                    notify(FINISHED).answered(Answer::Any),
                    odd(Twist::OtherTrade),
                    page(FINISHED).answered(Answer::Any),
                ]),
                once(FINISHED, 1).into(),
            ],
        ),
        story(
            ESCROW,
            "a_closing_after_the_end",
            ("5.6", "4.4"),
            steps![notify(PAID), notify(FINISHED), notify(CLOSED).answered(Answer::Any), once(FINISHED, 2)],
        ),
        story(
            DIRECT,
            "a_trade_status_that_nobody_knows",
            ("5.1", ""),
            steps![odd(Twist::Word("trade_status", "COD_WAIT_SYS_PAY_SELLER")), unpaid()],
        ),
        story(
            DIRECT,
            "a_trade_status_that_nobody_knows_told_by_the_return",
            ("5.1", ""),
            steps![
                page(FINISHED)
                    .with(Twist::Word("trade_status", "COD_WAIT_SYS_PAY_SELLER"))
                    .answered(Answer::Any),
                unpaid(),
            ],
        ),
        story(
            ESCROW,
            "a_refund_status_that_nobody_knows",
            ("5.2", ""),
            steps![
                notify(PAID),
                notify(PAID).at(15).with(Twist::Word("refund_status", "ACTIVE_REFUND")).answered(Answer::Any),
                once(PAID, 2),
            ],
        ),
    ]
}
