//! The inbox over all pairs of states and over all orders of arrival.

use super::*;
use PaymentService::{CreateDirectPayByUser, CreatePartnerTradeByBuyer, TradeCreateByBuyer};
use RefundStatus as R;
use TradeStatus as T;

fn says(second: i64, trade_status: T, refund_status: Option<R>) -> Incoming {
    let position = Position { trade_status, refund_status };
    let shipped = matches!(trade_status, T::WaitBuyerConfirmGoods);
    Incoming {
        heard: Heard {
            trade_no: TradeNo::new("2012022900000001"),
            position,
            total_fee: Fen(1),
            buyer_id: "2088000000000009".into(),
            buyer_email: "buyer@example.com".into(),
            moment: Moment {
                notify_time: Timestamp(second * 1000),
                refund_rank: refund_rank(refund_status),
                notify_id: NotifyId::new(format!("{second}")),
            },
        },
        shipped,
    }
}

fn shipped(incoming: Incoming) -> Incoming {
    Incoming { shipped: true, ..incoming }
}

fn costs(incoming: Incoming, total_fee: Fen) -> Incoming {
    Incoming { heard: Heard { total_fee, ..incoming.heard }, ..incoming }
}

/// Carries a verdict out; the flag says whether it was an application.
fn take(stored: &OrderState, incoming: &Incoming) -> (OrderState, bool) {
    match judge(stored, incoming) {
        Verdict::Apply(next) => (next, true),
        Verdict::AlreadyDone(next) | Verdict::Stale(next) => (next, false),
        verdict => panic!("{verdict:?}"),
    }
}

fn every_position() -> Vec<(T, Option<R>)> {
    let refunds = std::iter::once(None).chain(R::ALL.iter().copied().map(Some));
    refunds.flat_map(|refund| T::ALL.iter().map(move |&trade| (trade, refund))).collect()
}

#[test]
fn over_all_pairs_a_state_is_applied_only_forwards_and_only_once() {
    for service in [CreateDirectPayByUser, CreatePartnerTradeByBuyer, TradeCreateByBuyer] {
        for a in every_position() {
            let first = says(10, a.0, a.1);
            let empty = OrderState::new(service);
            let stored = match judge(&empty, &first) {
                Verdict::Apply(stored) => stored,
                verdict => {
                    assert!(matches!(verdict, Verdict::Conflict(Conflict::ForeignStatus { .. })));
                    continue;
                }
            };
            assert_eq!(judge(&stored, &first), Verdict::AlreadyDone(stored.clone()));
            for b in every_position() {
                let second = says(20, b.0, b.1);
                match (second.heard.position.seen_from(first.heard.position), judge(&stored, &second)) {
                    (Standing::After, Verdict::Apply(next)) => {
                        assert_eq!(next.trade_status(), Some(b.0));
                        let (after, applied) = take(&next, &first);
                        assert_eq!((after.heard, applied), (next.heard, false), "a regression was applied");
                    }
                    (Standing::Before, Verdict::Stale(next)) => assert_eq!(next.heard, stored.heard),
                    (Standing::Level, Verdict::AlreadyDone(next)) => {
                        assert_eq!(a, b);
                        assert_eq!(next.trade_status(), stored.trade_status());
                    }
                    (Standing::Level, Verdict::Apply(next)) => {
                        assert_ne!(a, b);
                        assert!(matches!(judge(&next, &first), Verdict::Stale(_)));
                    }
                    (Standing::Apart, Verdict::Conflict(Conflict::NoHistory { .. })) => {}
                    (_, Verdict::Conflict(Conflict::ForeignStatus { said, .. })) => {
                        assert!(!said.belongs_to(service));
                    }
                    other => panic!("{service:?} {a:?} {b:?} {other:?}"),
                }
            }
        }
    }
}

/// The lives that a trade can have, message by message.
fn lifecycles() -> Vec<(&'static str, PaymentService, Option<Mode>, Vec<Incoming>)> {
    let escrow = |service, name| {
        let life = vec![
            says(1, T::WaitBuyerPay, None),
            costs(says(2, T::WaitBuyerPay, None), Fen(11)),
            costs(says(3, T::WaitSellerSendGoods, None), Fen(11)),
            costs(says(4, T::WaitBuyerConfirmGoods, None), Fen(11)),
            costs(shipped(says(5, T::TradeFinished, None)), Fen(11)),
        ];
        (name, service, Some(Mode::Escrow), life)
    };
    vec![
        (
            "direct, ordinary contract",
            CreateDirectPayByUser,
            Some(Mode::Direct),
            vec![says(1, T::TradeFinished, None)],
        ),
        (
            "direct, advanced contract, refunded",
            CreateDirectPayByUser,
            Some(Mode::Direct),
            vec![
                says(1, T::WaitBuyerPay, None),
                says(2, T::TradePending, None),
                says(3, T::TradeSuccess, None),
                says(4, T::TradeSuccess, Some(R::RefundSuccess)),
                says(5, T::TradeClosed, Some(R::RefundSuccess)),
            ],
        ),
        escrow(CreatePartnerTradeByBuyer, "escrow to the end"),
        escrow(TradeCreateByBuyer, "dual, escrow to the end"),
        (
            "dual, instant",
            TradeCreateByBuyer,
            Some(Mode::Direct),
            vec![
                says(1, T::WaitBuyerPay, None),
                costs(says(2, T::WaitBuyerPay, None), Fen(11)),
                costs(says(3, T::TradeFinished, None), Fen(11)),
            ],
        ),
        (
            "dual, instant, held for a frozen seller",
            TradeCreateByBuyer,
            Some(Mode::Direct),
            vec![
                says(1, T::WaitBuyerPay, None),
                says(2, T::TradePending, None),
                says(3, T::TradeFinished, None),
            ],
        ),
        (
            "dual, closed unpaid",
            TradeCreateByBuyer,
            None,
            vec![says(1, T::WaitBuyerPay, None), says(2, T::TradeClosed, None)],
        ),
        (
            "dual, refunded after a refusal",
            TradeCreateByBuyer,
            Some(Mode::Escrow),
            vec![
                says(1, T::WaitBuyerPay, None),
                says(2, T::WaitSellerSendGoods, None),
                says(3, T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree)),
                says(4, T::WaitBuyerConfirmGoods, Some(R::SellerRefuseBuyer)),
                says(5, T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree)),
                says(6, T::WaitBuyerConfirmGoods, Some(R::WaitBuyerReturnGoods)),
                says(7, T::WaitBuyerConfirmGoods, Some(R::WaitSellerConfirmGoods)),
                says(8, T::TradeClosed, Some(R::RefundSuccess)),
            ],
        ),
        (
            "escrow, refunded before anything was sent",
            CreatePartnerTradeByBuyer,
            Some(Mode::Escrow),
            vec![
                says(1, T::WaitBuyerPay, None),
                says(2, T::WaitSellerSendGoods, None),
                says(3, T::WaitSellerSendGoods, Some(R::WaitSellerAgree)),
                says(4, T::WaitSellerSendGoods, Some(R::SellerRefuseBuyer)),
                says(5, T::WaitSellerSendGoods, Some(R::WaitSellerAgree)),
                says(6, T::TradeClosed, Some(R::RefundSuccess)),
            ],
        ),
        (
            "escrow, withdrawn, applied for anew and refunded in part",
            CreatePartnerTradeByBuyer,
            Some(Mode::Escrow),
            vec![
                says(1, T::WaitSellerSendGoods, None),
                says(2, T::WaitBuyerConfirmGoods, None),
                says(3, T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree)),
                says(4, T::WaitBuyerConfirmGoods, Some(R::RefundClosed)),
                says(5, T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree)),
                says(6, T::WaitBuyerConfirmGoods, Some(R::WaitBuyerReturnGoods)),
                shipped(says(7, T::TradeFinished, Some(R::RefundSuccess))),
            ],
        ),
        (
            "escrow, application withdrawn",
            CreatePartnerTradeByBuyer,
            Some(Mode::Escrow),
            vec![
                says(1, T::WaitBuyerPay, None),
                says(2, T::WaitSellerSendGoods, None),
                says(3, T::WaitSellerSendGoods, Some(R::WaitSellerAgree)),
                says(4, T::WaitBuyerConfirmGoods, Some(R::RefundClosed)),
                shipped(says(5, T::TradeFinished, Some(R::RefundClosed))),
            ],
        ),
    ]
}

/// All orders of `items`, by Heap's algorithm.
fn permutations(items: &mut [Incoming], count: usize, visit: &mut impl FnMut(&[Incoming])) {
    if count <= 1 {
        return visit(items);
    }
    for i in 0..count {
        permutations(items, count - 1, visit);
        items.swap(if count.is_multiple_of(2) { i } else { 0 }, count - 1);
    }
}

#[test]
fn every_order_of_arrival_ends_in_the_same_state() {
    for (name, service, mode, life) in lifecycles() {
        let last = life.last().unwrap().heard.clone();
        let len = life.len();
        permutations(&mut life.clone(), len, &mut |arrivals| {
            let mut state = OrderState::new(service);
            let mut became_paid = 0;
            for incoming in arrivals {
                let before = state.is_paid();
                let (next, applied) = take(&state, incoming);
                assert!(applied || next.is_paid() == before, "{name}: paid without an application");
                became_paid += i32::from(!before && next.is_paid());
                state = next;
            }
            assert_eq!(state.heard.as_ref(), Some(&last), "{name}");
            assert_eq!(state.choice.map(|c| c.mode), mode, "{name}");
            assert!(became_paid <= 1, "{name}: paid {became_paid} times");
            for again in arrivals {
                let (next, applied) = take(&state, again);
                assert!(!applied, "{name}: {again:?} was applied again");
                assert_eq!(next.heard, state.heard, "{name}");
            }
        });
    }
}

#[test]
fn in_the_right_order_each_message_is_applied_once_though_each_comes_three_times() {
    for (name, service, _, life) in lifecycles() {
        let mut state = OrderState::new(service);
        let mut applications = 0;
        for incoming in &life {
            for _ in 0..3 {
                let (next, applied) = take(&state, incoming);
                applications += usize::from(applied);
                state = next;
            }
        }
        assert_eq!(applications, life.len(), "{name}");
    }
}

#[test]
fn return_and_notification_of_one_payment_differ_in_id_and_time_and_apply_once() {
    let stored = OrderState::new(CreateDirectPayByUser);
    let (state, applied) = take(&stored, &says(7, T::TradeFinished, None));
    assert!(applied);
    let (state, applied) = take(&state, &says(9, T::TradeFinished, None));
    assert!(!applied);
    assert!(state.is_paid());
}

#[test]
fn a_price_told_again_is_the_newest_price_even_if_the_middle_one_is_late() {
    let stored = OrderState::new(CreatePartnerTradeByBuyer);
    let (state, _) = take(&stored, &says(1, T::WaitBuyerPay, None));
    let (state, applied) = take(&state, &says(3, T::WaitBuyerPay, None));
    assert!(!applied);
    let (state, applied) = take(&state, &costs(says(2, T::WaitBuyerPay, None), Fen(500)));
    assert!(!applied);
    assert_eq!(state.heard.unwrap().total_fee, Fen(1));
}

#[test]
fn the_choice_of_a_dual_trade_is_inferred_as_the_tutorials_say() {
    let unpaid = || take(&OrderState::new(TradeCreateByBuyer), &says(1, T::WaitBuyerPay, None)).0;
    assert_eq!(unpaid().choice, None);
    let choice = |state: &OrderState, incoming| take(state, &incoming).0.choice.unwrap();
    let escrow = choice(&unpaid(), says(2, T::WaitSellerSendGoods, None));
    assert_eq!(escrow, Choice { mode: Mode::Escrow, basis: Basis::StoredUnpaid });
    let instant = choice(&unpaid(), says(2, T::TradeFinished, None));
    assert_eq!(instant, Choice { mode: Mode::Direct, basis: Basis::StoredUnpaid });
    let nothing = OrderState::new(TradeCreateByBuyer);
    let escrow = choice(&nothing, says(2, T::WaitSellerSendGoods, None));
    assert_eq!(escrow, Choice { mode: Mode::Escrow, basis: Basis::NothingStored });
    let instant = choice(&nothing, says(2, T::TradeFinished, None));
    assert_eq!(instant, Choice { mode: Mode::Direct, basis: Basis::NothingStored });
    let shipped = choice(&unpaid(), shipped(says(5, T::TradeFinished, None)));
    assert_eq!(shipped, Choice { mode: Mode::Escrow, basis: Basis::Shipping });
}

#[test]
fn a_late_escrow_message_corrects_a_wrong_inference_and_nothing_else() {
    let (state, _) = take(&OrderState::new(TradeCreateByBuyer), &says(9, T::TradeFinished, None));
    assert_eq!(state.choice.unwrap().mode, Mode::Direct);
    let (next, applied) = take(&state, &says(2, T::WaitSellerSendGoods, None));
    assert!(!applied);
    assert_eq!(next.choice, Some(Choice { mode: Mode::Escrow, basis: Basis::LateMessage }));
    assert_eq!(next.heard, state.heard);
}

#[test]
fn another_trade_of_the_same_order_number_is_a_conflict() {
    let (state, _) = take(&OrderState::new(CreateDirectPayByUser), &says(1, T::WaitBuyerPay, None));
    let mut other = says(2, T::TradeFinished, None);
    other.heard.trade_no = TradeNo::new("2012022900000002");
    assert!(matches!(judge(&state, &other), Verdict::Conflict(Conflict::OtherTrade { .. })));
}

/// The instant branch of a dual trade whose seller is frozen: the message used to be a conflict, was answered `fail`, and
/// came again for half a day.
#[test]
fn a_dual_trade_that_waits_for_a_frozen_seller_is_instant_and_not_paid_yet() {
    let unpaid = take(&OrderState::new(TradeCreateByBuyer), &says(1, T::WaitBuyerPay, None)).0;
    let (pending, applied) = take(&unpaid, &says(2, T::TradePending, None));
    assert!(applied && !pending.is_paid() && !pending.is_payable());
    assert_eq!(pending.choice, Some(Choice { mode: Mode::Direct, basis: Basis::StoredUnpaid }));
    let (finished, applied) = take(&pending, &says(3, T::TradeFinished, None));
    assert!(applied && finished.is_paid());
    assert_eq!(finished.choice, pending.choice);
    let escrow = judge(&OrderState::new(CreatePartnerTradeByBuyer), &says(2, T::TradePending, None));
    assert!(
        matches!(escrow, Verdict::Conflict(Conflict::ForeignStatus { .. })),
        "escrow pays a frozen seller"
    );
}
