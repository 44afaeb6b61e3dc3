//! What the gateway has not sent (protocol.md §6).

use super::{
    Answer, CLOSED, DIRECT, Door, ESCROW, FINISHED, Group, PAID, Say, Scenario, Step, Twist, UNPAID, notify,
    once, page, scenario, steps, unpaid, untouched,
};
use danbao_protocol::status::RefundStatus;

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = notifications();
    all.extend(returns());
    all.extend(beside_genuine_ones());
    all
}

/// The forgery alone: nothing may move.
fn alone(id: &'static str, source: (&'static str, &'static str), say: Say) -> Scenario {
    let service = if say.trade_status == PAID { ESCROW } else { DIRECT };
    scenario(Group::Forged, service, id, source, steps![say, untouched()])
}

fn notifications() -> Vec<Scenario> {
    let paid = |twist| notify(FINISHED).with(twist);
    let sign = ("2.1", "4.2 3 A");
    vec![
        alone("a_notification_without_a_signature", sign, paid(Twist::Unsigned)),
        alone("a_notification_with_an_empty_signature", sign, paid(Twist::EmptySign)),
        alone("a_notification_signed_with_another_key", sign, paid(Twist::WrongKey)),
        alone("a_notification_signed_with_the_partner_as_key", sign, paid(Twist::PartnerAsKey)),
        alone("an_escrow_notification_signed_with_another_key", sign, notify(PAID).with(Twist::WrongKey)),
        alone(
            "a_notification_whose_id_the_gateway_does_not_know",
            ("6.2", "4.2 3 A"),
            paid(Twist::UnknownId),
        ),
        alone("a_notification_without_an_id", ("10 trap 44", "4.2 3 A"), paid(Twist::NoId)),
        alone(
            "an_unpaid_notification_altered_to_paid",
            ("2.1", "4.2 3 A"),
            notify(UNPAID).with(Twist::Altered("trade_status", "TRADE_FINISHED")),
        ),
        alone(
            "a_notification_with_an_altered_amount",
            ("2.1", "4.2 3 A"),
            paid(Twist::Altered("total_fee", "999999.99")),
        ),
        alone(
            "a_notification_of_another_order_with_this_number",
            ("2.1", "4.2 3 A"),
            paid(Twist::Retargeted),
        ),
        alone(
            "an_unpaid_notification_with_a_second_status_behind_it",
            ("1.3", ""),
            notify(UNPAID).with(Twist::Doubled("trade_status", "TRADE_FINISHED")),
        ),
        scenario(
            Group::Forged,
            DIRECT,
            "an_unpaid_notification_with_a_status_in_the_address",
            ("2.3", "4.2 1 C"),
            steps![
                notify(UNPAID).with(Twist::InQuery("trade_status", "TRADE_FINISHED")).answered(Answer::Any),
                unpaid(),
            ],
        ),
    ]
}

fn returns() -> Vec<Scenario> {
    let back = |twist| page(FINISHED).with(twist);
    vec![
        alone("a_return_without_a_signature", ("2.1", "4.2 3 A"), back(Twist::Unsigned)),
        alone("a_return_signed_with_another_key", ("2.1", "4.2 3 A"), back(Twist::WrongKey)),
        alone("a_return_whose_id_the_gateway_does_not_know", ("6.2", "4.2 3 A"), back(Twist::UnknownId)),
        alone("a_return_without_an_id", ("10 trap 44", "4.2 3 A"), back(Twist::NoId)),
        alone("a_return_of_another_order_with_this_number", ("2.1", "4.2 3 A"), back(Twist::Retargeted)),
        alone(
            "an_escrow_return_altered_to_the_end",
            ("2.1", "4.2 3 A"),
            page(PAID).with(Twist::Altered("trade_status", "TRADE_FINISHED")),
        ),
        alone("a_link_back_that_is_older_than_a_minute", ("6.3", "4.2 1 E"), back(Twist::Expired)),
        scenario(
            Group::Forged,
            DIRECT,
            "an_old_link_back_after_the_notification",
            ("6.3", "4.2 1 E"),
            steps![notify(FINISHED), back(Twist::Expired), once(FINISHED, 1)],
        ),
    ]
}

fn beside_genuine_ones() -> Vec<Scenario> {
    let story = |service, id, source, steps| scenario(Group::Forged, service, id, source, steps);
    let sign = ("2.1", "4.2 3 A");
    vec![
        story(
            DIRECT,
            "a_forged_and_a_genuine_notification_in_one_instant",
            sign,
            vec![
                Step::AtOnce(vec![
                    notify(FINISHED),
                    notify(FINISHED).with(Twist::WrongKey),
                    notify(FINISHED).with(Twist::UnknownId),
                ]),
                once(FINISHED, 1).into(),
            ],
        ),
        story(
            ESCROW,
            "a_forged_end_of_a_paid_escrow",
            sign,
            steps![notify(PAID), notify(FINISHED).with(Twist::WrongKey), once(PAID, 1)],
        ),
        story(
            ESCROW,
            "a_forged_closing_of_a_paid_escrow",
            sign,
            steps![notify(PAID), notify(CLOSED).with(Twist::Unsigned), once(PAID, 1)],
        ),
        story(
            ESCROW,
            "a_forged_refund_of_a_paid_escrow",
            ("6.2", "4.2 3 A"),
            steps![
                notify(PAID),
                Say { door: Door::Notify, ..notify(CLOSED).refund(RefundStatus::RefundSuccess, 50) }
                    .with(Twist::UnknownId),
                once(PAID, 1),
            ],
        ),
        story(
            DIRECT,
            "a_forgery_does_not_spoil_the_genuine_message_after_it",
            sign,
            steps![
                notify(FINISHED).with(Twist::WrongKey),
                page(FINISHED).with(Twist::UnknownId),
                notify(FINISHED),
                once(FINISHED, 1),
            ],
        ),
    ]
}
