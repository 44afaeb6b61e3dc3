//! The usual course, and the two pages by themselves.

use super::{
    Answer, Bare, CLOSED, DIRECT, DUAL, ESCROW, FINISHED, Group, PAID, PENDING, SHIPPED, SUCCESS, Scenario,
    Step, UNPAID, never, notify, once, page, scenario, steps, unpaid, untouched,
};
use danbao_protocol::status::RefundStatus;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = pages();
    all.extend(direct());
    all.extend(escrow_and_dual());
    all
}

fn pages() -> Vec<Scenario> {
    let bare = |id, source, bare| {
        let steps = vec![Step::Bare(bare), Step::Then(untouched())];
        scenario(Group::Course, DIRECT, id, source, steps)
    };
    vec![
        bare("an_empty_call_of_notify_url_is_answered_fail", ("10 trap 42", "3.4 2"), Bare::EmptyNotify),
        bare("a_browser_at_notify_url_is_answered_fail", ("10 trap 42", "3.4 2"), Bare::GetNotify),
        bare("bytes_that_are_no_message_change_nothing", ("1.3", "4.2 1 B"), Bare::GarbageNotify),
        bare("return_url_without_parameters_shows_a_page", ("6.6", "4.2 1 B"), Bare::EmptyReturn),
        scenario(
            Group::Course,
            DIRECT,
            "the_answer_is_success_and_nothing_else",
            ("6.5", "4.2 1 F"),
            steps![notify(FINISHED).answered(Answer::Exactly), once(FINISHED, 1)],
        ),
    ]
}

fn direct() -> Vec<Scenario> {
    let story = |id, source, steps| scenario(Group::Course, DIRECT, id, source, steps);
    vec![
        story(
            "direct_pay_with_the_page_closed_early",
            ("6.4", "4.3"),
            steps![notify(FINISHED), once(FINISHED, 1)],
        ),
        story(
            "direct_pay_with_the_notification_lost",
            ("6.4", "direct-pay 3.4"),
            steps![page(FINISHED), once(FINISHED, 1)],
        ),
        story(
            "direct_pay_returned_and_then_notified",
            ("10 trap 18", "2.3 2"),
            steps![page(FINISHED), once(FINISHED, 1), notify(FINISHED), once(FINISHED, 1)],
        ),
        story(
            "direct_pay_notified_and_then_returned",
            ("10 trap 18", "2.3 2"),
            steps![notify(FINISHED), once(FINISHED, 1), page(FINISHED), once(FINISHED, 1)],
        ),
        story(
            "an_unpaid_trade_delivers_nothing",
            ("5.1", "2.3 3"),
            steps![notify(UNPAID), unpaid(), notify(FINISHED), once(FINISHED, 2)],
        ),
        story(
            "a_trade_closed_unpaid_delivers_nothing",
            ("5.6", ""),
            steps![notify(UNPAID), notify(CLOSED), never(CLOSED, 2).or(None)],
        ),
        story(
            "advanced_direct_pay_delivers_at_success_and_not_again_at_the_end",
            ("5.6", "direct-pay 3.4"),
            steps![notify(SUCCESS), once(SUCCESS, 1), notify(FINISHED), once(FINISHED, 2)],
        ),
        story(
            "a_pending_payment_delivers_when_it_is_through",
            ("5.6", ""),
            steps![notify(PENDING), never(PENDING, 1).or(None), notify(SUCCESS), once(SUCCESS, 2)],
        ),
        story(
            "advanced_direct_pay_with_the_notification_lost",
            ("5.6", "direct-pay 3.4"),
            steps![page(SUCCESS), once(SUCCESS, 1)],
        ),
        story(
            "a_return_that_says_pending_delivers_nothing",
            ("5.6", ""),
            steps![page(PENDING), never(PENDING, 1).or(None), notify(SUCCESS), once(SUCCESS, 2)],
        ),
        story(
            "a_return_of_a_trade_that_was_refunded_meanwhile",
            ("5.6", ""),
            steps![page(CLOSED).refund(RefundStatus::RefundSuccess, 50), never(CLOSED, 1).or(None)],
        ),
    ]
}

fn escrow_and_dual() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Course, service, id, source, steps);
    let whole = || {
        steps![
            notify(UNPAID),
            unpaid(),
            notify(PAID),
            once(PAID, 2),
            page(PAID),
            once(PAID, 2),
            notify(SHIPPED),
            once(SHIPPED, 3),
            notify(FINISHED),
            once(FINISHED, 4),
        ]
    };
    vec![
        story(ESCROW, "escrow_from_order_to_end", ("5.3", "4.4"), whole()),
        story(
            ESCROW,
            "escrow_with_the_page_closed_early",
            ("6.4", "4.3"),
            steps![notify(UNPAID), notify(PAID), once(PAID, 2)],
        ),
        story(
            ESCROW,
            "escrow_with_the_notifications_lost",
            ("6.4", "2.3"),
            steps![page(PAID), once(PAID, 1)],
        ),
        story(
            ESCROW,
            "escrow_of_which_only_the_end_is_heard",
            ("6.4", "4.4"),
            steps![notify(FINISHED), once(FINISHED, 1)],
        ),
        story(
            ESCROW,
            "an_escrow_return_that_says_shipped_already",
            ("4.2", "4.4"),
            steps![page(SHIPPED), once(SHIPPED, 1)],
        ),
        story(
            ESCROW,
            "an_escrow_return_that_says_refunded_already",
            ("4.2", "4.4"),
            steps![page(CLOSED).refund(RefundStatus::RefundSuccess, 50), never(CLOSED, 1).or(None)],
        ),
        story(DUAL, "dual_paid_into_escrow", ("5.5", "dual 4.5"), whole()),
        story(
            DUAL,
            "dual_paid_into_escrow_with_the_notifications_lost",
            ("6.4", "dual 4.5"),
            steps![page(PAID), once(PAID, 1)],
        ),
        story(
            DUAL,
            "dual_paid_at_once_with_the_notifications_lost",
            ("6.4", "dual 4.5"),
            steps![page(FINISHED), once(FINISHED, 1)],
        ),
        story(
            DUAL,
            "dual_paid_at_once",
            ("5.5", "dual 4.5"),
            steps![
                notify(UNPAID),
                unpaid(),
                notify(FINISHED),
                once(FINISHED, 2),
                page(FINISHED),
                once(FINISHED, 2)
            ],
        ),
        story(
            DUAL,
            "dual_of_which_the_first_word_is_lost",
            ("5.5", "dual 4.5"),
            steps![notify(PAID), once(PAID, 1), notify(UNPAID), once(PAID, 1)],
        ),
    ]
}
