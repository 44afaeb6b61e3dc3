//! Refunds (protocol.md §5.2, §5.4; escrow tutorial 4.4).

use super::{
    Bare, CLOSED, DIRECT, ESCROW, FINISHED, Group, PAID, SHIPPED, SUCCESS, Say, Scenario, Step, notify, once,
    scenario, steps,
};
use danbao_protocol::status::RefundStatus::{
    RefundClosed, RefundSuccess, SellerRefuseBuyer, WaitBuyerReturnGoods, WaitSellerAgree,
    WaitSellerConfirmGoods,
};

const SOURCE: (&str, &str) = ("5.4", "4.4");

fn story(id: &'static str, steps: Vec<Step>) -> Scenario {
    scenario(Group::Refund, ESCROW, id, SOURCE, steps)
}

/// The buyer has the goods: applied, agreed, sent back, back.
fn sent_back() -> Vec<Say> {
    vec![
        notify(PAID),
        notify(SHIPPED),
        notify(SHIPPED).refund(WaitSellerAgree, 22),
        notify(SHIPPED).refund(WaitBuyerReturnGoods, 24),
        notify(SHIPPED).refund(WaitSellerConfirmGoods, 26),
        notify(CLOSED).refund(RefundSuccess, 50),
    ]
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = courses();
    all.extend(out_of_order());
    all.extend(direct());
    all
}

fn courses() -> Vec<Scenario> {
    vec![
        story(
            "a_refund_of_goods_that_are_sent_back",
            sent_back()
                .into_iter()
                .map(Step::Say)
                .chain([once(CLOSED, 6).refund(RefundSuccess).into()])
                .collect(),
        ),
        story(
            "a_refund_of_goods_that_were_never_sent",
            steps![
                notify(PAID),
                notify(PAID).refund(WaitSellerAgree, 12),
                once(PAID, 2).refund(WaitSellerAgree),
                notify(CLOSED).refund(RefundSuccess, 50),
                once(CLOSED, 3).refund(RefundSuccess),
            ],
        ),
        story(
            "a_refund_refused_and_applied_for_again",
            steps![
                notify(PAID),
                notify(SHIPPED),
                notify(SHIPPED).refund(WaitSellerAgree, 22),
                notify(SHIPPED).refund(SellerRefuseBuyer, 24),
                once(SHIPPED, 4).refund(SellerRefuseBuyer),
                notify(SHIPPED).refund(WaitSellerAgree, 26).number(1),
                once(SHIPPED, 5).refund(WaitSellerAgree),
            ],
        ),
        story(
            "a_refund_withdrawn_and_the_goods_received",
            steps![
                notify(PAID),
                notify(SHIPPED),
                notify(SHIPPED).refund(WaitSellerAgree, 22),
                notify(SHIPPED).refund(RefundClosed, 24),
                notify(FINISHED).refund(RefundClosed, 40),
                once(FINISHED, 5).refund(RefundClosed),
            ],
        ),
        story(
            "a_refund_of_a_part",
            steps![
                notify(PAID),
                notify(SHIPPED),
                notify(SHIPPED).refund(WaitSellerAgree, 22),
                notify(FINISHED).refund(RefundSuccess, 40),
                once(FINISHED, 4).refund(RefundSuccess),
            ],
        ),
    ]
}

fn out_of_order() -> Vec<Scenario> {
    vec![
        story(
            "the_end_of_a_refund_twice",
            steps![
                notify(PAID),
                notify(CLOSED).refund(RefundSuccess, 50),
                notify(CLOSED).refund(RefundSuccess, 50),
                once(CLOSED, 2).refund(RefundSuccess),
            ],
        ),
        story(
            "an_application_after_the_end_of_the_refund",
            steps![
                notify(PAID),
                notify(CLOSED).refund(RefundSuccess, 50),
                notify(PAID).refund(WaitSellerAgree, 12),
                once(CLOSED, 2).refund(RefundSuccess),
            ],
        ),
        story(
            "an_older_step_of_a_refund_after_a_newer_one",
            steps![
                notify(PAID),
                notify(SHIPPED),
                notify(SHIPPED).refund(WaitSellerConfirmGoods, 26),
                notify(SHIPPED).refund(WaitBuyerReturnGoods, 24),
                once(SHIPPED, 3).refund(WaitSellerConfirmGoods),
            ],
        ),
        story(
            "shipped_without_a_refund_after_the_application",
            steps![
                notify(PAID),
                notify(SHIPPED).refund(WaitSellerAgree, 22),
                notify(SHIPPED),
                once(SHIPPED, 2).refund(WaitSellerAgree),
            ],
        ),
        story(
            "a_refund_told_in_one_instant_after_the_payment",
            vec![
                Step::Say(notify(PAID)),
                Step::AtOnce(sent_back().into_iter().skip(1).collect()),
                once(CLOSED, 6).refund(RefundSuccess).into(),
            ],
        ),
        story(
            "a_refund_told_in_any_order_after_the_payment",
            vec![
                Step::Say(notify(PAID)),
                Step::Shuffled(sent_back().into_iter().skip(1).collect()),
                once(CLOSED, 6).refund(RefundSuccess).into(),
            ],
        ),
    ]
}

fn direct() -> Vec<Scenario> {
    let batch = |id, bare| {
        let steps = vec![notify(SUCCESS).into(), Step::Bare(bare), once(SUCCESS, 1).into()];
        scenario(Group::Refund, DIRECT, id, ("7.5", ""), steps)
    };
    let story = |id, steps| scenario(Group::Refund, DIRECT, id, ("5.6", "direct-pay 3.4"), steps);
    vec![
        story(
            "advanced_direct_pay_that_is_refunded",
            steps![
                notify(SUCCESS),
                notify(CLOSED).refund(RefundSuccess, 50),
                once(CLOSED, 2).refund(RefundSuccess),
            ],
        ),
        story(
            "success_after_the_refund_of_direct_pay",
            steps![
                notify(SUCCESS),
                notify(CLOSED).refund(RefundSuccess, 50),
                notify(SUCCESS),
                once(CLOSED, 2).refund(RefundSuccess),
            ],
        ),
        batch("the_result_of_a_refund_batch_that_nobody_asked_for", Bare::BatchResult),
        batch("a_forged_result_of_a_refund_batch", Bare::ForgedBatchResult),
    ]
}
