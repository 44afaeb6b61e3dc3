//! One message twice, and the two ways at once (protocol.md §10, trap 18).

use super::{
    DIRECT, DUAL, ESCROW, FINISHED, Group, PAID, SHIPPED, Scenario, Step, UNPAID, notify, once, page,
    scenario, steps,
};
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::TradeStatus;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = one_after_another();
    all.extend(at_once());
    all
}

fn one_after_another() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Repeated, service, id, source, steps);
    vec![
        story(
            DIRECT,
            "a_notification_that_comes_twice_delivers_once",
            ("6.5", "2.3 2"),
            steps![notify(FINISHED), notify(FINISHED), once(FINISHED, 1)],
        ),
        story(
            ESCROW,
            "every_notification_of_an_escrow_twice",
            ("6.5", "2.3 2"),
            steps![
                notify(UNPAID),
                notify(UNPAID),
                notify(PAID),
                notify(PAID),
                once(PAID, 2),
                notify(SHIPPED),
                notify(SHIPPED),
                notify(FINISHED),
                notify(FINISHED),
                once(FINISHED, 4),
            ],
        ),
        story(
            DIRECT,
            "a_return_page_that_is_reloaded_delivers_once",
            ("10 trap 3", "4.2 1 E"),
            steps![page(FINISHED), page(FINISHED), page(FINISHED), once(FINISHED, 1)],
        ),
        story(
            DIRECT,
            "two_links_back_deliver_once",
            ("4.2", "2.3 2"),
            steps![page(FINISHED), page(FINISHED).number(1), once(FINISHED, 1)],
        ),
        story(
            DIRECT,
            "the_same_state_under_a_new_id_delivers_once",
            ("10 trap 35", "2.3 2"),
            steps![notify(FINISHED), notify(FINISHED).at(60).number(1), once(FINISHED, 1)],
        ),
        story(
            DIRECT,
            "return_and_notification_many_times_in_any_order",
            ("10 trap 18", "4.2"),
            vec![
                Step::Shuffled(vec![
                    notify(FINISHED),
                    page(FINISHED),
                    page(FINISHED).number(1),
                    notify(FINISHED).at(60).number(1),
                ]),
                once(FINISHED, 1).into(),
            ],
        ),
    ]
}

fn at_once() -> Vec<Scenario> {
    let both = |service: PaymentService, id, source, status: TradeStatus| {
        let steps = vec![Step::AtOnce(vec![page(status), notify(status)]), once(status, 1).into()];
        scenario(Group::Repeated, service, id, source, steps)
    };
    let story = |service, id, source, steps| scenario(Group::Repeated, service, id, source, steps);
    vec![
        both(DIRECT, "return_and_notification_in_one_instant_by_direct_pay", ("10 trap 18", "4.2"), FINISHED),
        both(ESCROW, "return_and_notification_in_one_instant_by_escrow", ("10 trap 18", "4.2"), PAID),
        both(
            DUAL,
            "return_and_notification_in_one_instant_by_the_dual_service",
            ("10 trap 18", "dual 4.2"),
            PAID,
        ),
        both(DIRECT, "return_and_notification_in_one_instant_in_gbk", ("10 trap 18", "4.2"), FINISHED)
            .in_gbk(),
        story(
            DIRECT,
            "one_notification_five_times_in_one_instant",
            ("6.5", "4.2"),
            vec![Step::AtOnce(vec![notify(FINISHED); 5]), once(FINISHED, 1).into()],
        ),
        story(
            DIRECT,
            "one_link_back_opened_in_three_windows_at_once",
            ("10 trap 3", "4.2"),
            vec![Step::AtOnce(vec![page(FINISHED); 3]), once(FINISHED, 1).into()],
        ),
        story(
            ESCROW,
            "both_ways_twice_in_one_instant_after_the_order_was_heard_of",
            ("10 trap 18", "4.2"),
            vec![
                notify(UNPAID).into(),
                Step::AtOnce(vec![page(PAID), notify(PAID), page(PAID).number(1), notify(PAID)]),
                once(PAID, 2).into(),
            ],
        ),
    ]
}
