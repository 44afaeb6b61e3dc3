//! An older state after a newer one (protocol.md §10, trap 19).

use super::{
    Answer, CLOSED, DIRECT, DUAL, ESCROW, FINISHED, Group, PAID, PENDING, SHIPPED, SUCCESS, Say, Scenario,
    Step, UNPAID, never, notify, once, page, scenario, steps,
};
use danbao_protocol::status::RefundStatus;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = pairs();
    all.extend(courses());
    all
}

fn pairs() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Older, service, id, source, steps);
    let source = ("10 trap 19", "4.4");
    vec![
        story(
            DIRECT,
            "unpaid_after_direct_pay_is_done",
            source,
            steps![notify(FINISHED), notify(UNPAID), once(FINISHED, 1)],
        ),
        story(
            DIRECT,
            "success_after_the_end_of_advanced_direct_pay",
            source,
            steps![notify(FINISHED), notify(SUCCESS), once(FINISHED, 1)],
        ),
        story(
            ESCROW,
            "two_changes_in_one_second",
            ("6.3", "4.4"),
            steps![
                notify(UNPAID).at(10),
                notify(PAID),
                once(PAID, 2),
                notify(FINISHED).at(10),
                once(FINISHED, 3)
            ],
        ),
        story(
            ESCROW,
            "an_older_change_of_the_same_second",
            ("6.3", "4.4"),
            steps![notify(PAID), notify(UNPAID).at(10), once(PAID, 1)],
        ),
        story(
            DIRECT,
            "success_after_a_refund_that_was_heard_first",
            source,
            steps![
                notify(CLOSED).refund(RefundStatus::RefundSuccess, 50),
                notify(SUCCESS),
                never(CLOSED, 1).or(None)
            ],
        ),
        story(
            DIRECT,
            "pending_after_success",
            source,
            steps![notify(SUCCESS), notify(PENDING), once(SUCCESS, 1)],
        ),
        story(ESCROW, "unpaid_after_paid", source, steps![notify(PAID), notify(UNPAID), once(PAID, 1)]),
        story(
            ESCROW,
            "paid_after_shipped",
            source,
            steps![notify(PAID), notify(SHIPPED), notify(PAID), once(SHIPPED, 2)],
        ),
        story(
            ESCROW,
            "paid_after_the_end",
            source,
            steps![notify(PAID), notify(FINISHED), notify(PAID), once(FINISHED, 2)],
        ),
        story(
            ESCROW,
            "shipped_after_the_end",
            source,
            steps![notify(FINISHED), notify(SHIPPED), once(FINISHED, 1)],
        ),
        story(
            ESCROW,
            "a_link_back_from_before_the_shipping",
            ("4.2", "4.4"),
            steps![notify(PAID), notify(SHIPPED), page(PAID), once(SHIPPED, 2)],
        ),
        story(
            DUAL,
            "unpaid_after_an_instant_payment",
            ("5.5", "dual 4.5"),
            steps![notify(FINISHED), notify(UNPAID), once(FINISHED, 1)],
        ),
        story(
            ESCROW,
            "unpaid_after_closed",
            source,
            steps![notify(CLOSED), notify(UNPAID), never(CLOSED, 1).or(None)],
        ),
        story(
            ESCROW,
            "paid_after_the_money_went_back",
            source,
            steps![
                notify(CLOSED).refund(RefundStatus::RefundSuccess, 50),
                never(CLOSED, 1),
                notify(PAID),
                never(CLOSED, 1),
            ],
        ),
    ]
}

fn courses() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Older, service, id, source, steps);
    let source = ("10 trap 19", "4.4");
    let course = || -> Vec<Say> { vec![notify(UNPAID), notify(PAID), notify(SHIPPED), notify(FINISHED)] };
    let direct = || vec![notify(UNPAID), notify(FINISHED), page(FINISHED)];
    vec![
        story(
            ESCROW,
            "an_escrow_told_backwards",
            source,
            course().into_iter().rev().map(Step::Say).chain([once(FINISHED, 1).into()]).collect(),
        ),
        story(
            ESCROW,
            "an_escrow_told_in_one_instant",
            source,
            vec![Step::AtOnce(course()), once(FINISHED, 4).into()],
        ),
        story(
            ESCROW,
            "an_escrow_told_in_any_order",
            source,
            vec![Step::Shuffled(course()), once(FINISHED, 4).into()],
        ),
        story(
            DUAL,
            "a_dual_trade_told_in_any_order",
            source,
            vec![Step::Shuffled(course()), once(FINISHED, 4).into()],
        ),
        story(
            DIRECT,
            "unpaid_and_paid_in_one_instant",
            source,
            vec![Step::AtOnce(direct()), once(FINISHED, 2).into()],
        ),
        story(
            ESCROW,
            "paid_and_shipped_in_one_instant_with_the_return",
            source,
            vec![
                notify(UNPAID).into(),
                Step::AtOnce(vec![notify(SHIPPED), notify(PAID), page(PAID).answered(Answer::Page)]),
                once(SHIPPED, 3).into(),
            ],
        ),
    ]
}
