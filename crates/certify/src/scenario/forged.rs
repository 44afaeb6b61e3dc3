//! What the gateway has not sent (protocol.md §6).

use super::{
    Answer, CLOSED, DIRECT, DUAL, Door, ESCROW, FINISHED, Group, PAID, PENDING, SHIPPED, Say, Scenario, Step,
    Twist, UNPAID, never, notify, once, page, scenario, steps, unpaid, untouched,
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
    let service = if matches!(say.trade_status, PAID | SHIPPED) { ESCROW } else { DIRECT };
    scenario(Group::Forged, service, id, source, steps![say, untouched()])
}

/// Beside the genuine value stands another. Whichever of the two a shop reads, it may take the message only if the
/// signature is right over what it reads, and then the trade is unpaid.
fn two_values(id: &'static str, twist: fn(&'static str, &'static str) -> Twist) -> Scenario {
    let doubled = notify(UNPAID).with(twist("trade_status", "TRADE_FINISHED")).answered(Answer::Any);
    scenario(Group::Forged, DIRECT, id, ("1.3", ""), steps![doubled, unpaid()])
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
        alone("a_notification_under_a_sign_type_that_is_none", sign, paid(Twist::OtherSignType("NONE"))),
        alone("a_notification_under_another_sign_type", sign, paid(Twist::OtherSignType("RSA"))),
        alone("a_notification_without_a_sign_type", sign, paid(Twist::OtherSignType(""))),
        alone("a_notification_with_the_beginning_of_a_signature", sign, paid(Twist::SignStart)),
        alone("a_notification_whose_signature_is_a_list", sign, paid(Twist::SignList)),
        alone(
            "an_escrow_notification_whose_id_the_gateway_does_not_know",
            ("6.2", "4.2 3 A"),
            notify(PAID).with(Twist::UnknownId),
        ),
        alone("a_dual_notification_signed_with_another_key", sign, notify(PAID).with(Twist::WrongKey))
            .by(DUAL),
        alone(
            "a_dual_notification_whose_id_the_gateway_does_not_know",
            ("6.2", "4.2 3 A"),
            notify(PAID).with(Twist::UnknownId),
        )
        .by(DUAL),
        two_values("an_unpaid_notification_with_a_second_status_behind_it", Twist::Doubled),
        two_values("an_unpaid_notification_with_a_second_status_ahead_of_it", Twist::Ahead),
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
    let sign = ("2.1", "4.2 3 A");
    let pending = |id, twist| {
        let steps = steps![page(PENDING).with(twist), never(PENDING, 1).or(None)];
        scenario(Group::Forged, DIRECT, id, ("1.3", "4.2 3 A"), steps)
    };
    vec![
        alone("a_return_without_a_signature", ("2.1", "4.2 3 A"), back(Twist::Unsigned)),
        alone("a_return_signed_with_another_key", ("2.1", "4.2 3 A"), back(Twist::WrongKey)),
        alone("a_return_whose_id_the_gateway_does_not_know", ("6.2", "4.2 3 A"), back(Twist::UnknownId)),
        alone("a_return_without_an_id", ("10 trap 44", "4.2 3 A"), back(Twist::NoId)),
        alone("a_return_with_an_empty_signature", sign, back(Twist::EmptySign)),
        alone("a_return_signed_with_the_partner_as_key", sign, back(Twist::PartnerAsKey)),
        alone("a_return_under_a_sign_type_that_is_none", sign, back(Twist::OtherSignType("NONE"))),
        alone("a_return_with_the_beginning_of_a_signature", sign, back(Twist::SignStart)),
        alone("a_return_whose_signature_is_a_list", sign, back(Twist::SignList)),
        alone("an_escrow_return_signed_with_another_key", sign, page(PAID).with(Twist::WrongKey)),
        alone(
            "an_escrow_return_whose_id_the_gateway_does_not_know",
            ("6.2", "4.2 3 A"),
            page(PAID).with(Twist::UnknownId),
        ),
        alone("a_dual_return_signed_with_another_key", sign, page(FINISHED).with(Twist::WrongKey)).by(DUAL),
        alone(
            "a_dual_return_whose_id_the_gateway_does_not_know",
            ("6.2", "4.2 3 A"),
            page(FINISHED).with(Twist::UnknownId),
        )
        .by(DUAL),
        pending("a_pending_return_altered_to_paid", Twist::Altered("trade_status", "TRADE_FINISHED")),
        pending(
            "a_pending_return_with_a_second_status_behind_it",
            Twist::Doubled("trade_status", "TRADE_FINISHED"),
        ),
        pending(
            "a_pending_return_with_a_second_status_ahead_of_it",
            Twist::Ahead("trade_status", "TRADE_FINISHED"),
        ),
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
