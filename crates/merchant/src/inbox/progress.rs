//! What can follow what: the order of the states that messages report (protocol.md §5.3-5.6).
//!
//! A state is a pair of trade status and refund status. One pair lies *before* another when a lawful history leads
//! from the first to the second; that makes a partial order, so of two messages that arrive in any order it is known
//! which one tells the newer state, or that no history holds both.

use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};

/// How far one side of a trade has come, as one message tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// `trade_status`
    pub trade_status: TradeStatus,
    /// `refund_status`; `None` until a refund was applied for
    pub refund_status: Option<RefundStatus>,
}

/// Where one position lies, seen from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same, or two refund states that may alternate (an application refused and made again): only the time of
    /// the messages tells which is newer.
    Level,
    /// A lawful history leads from it to the other.
    Before,
    /// A lawful history leads from the other to it.
    After,
    /// No history holds both.
    Apart,
}

impl Position {
    /// Where `self` lies, seen from `other`.
    ///
    /// ```
    /// use danbao_merchant::inbox::{Position, Standing};
    /// use danbao_merchant::protocol::status::TradeStatus;
    ///
    /// let at = |trade_status| Position { trade_status, refund_status: None };
    /// let (unpaid, paid) = (at(TradeStatus::WaitBuyerPay), at(TradeStatus::TradeFinished));
    /// assert_eq!(unpaid.seen_from(paid), Standing::Before);
    /// assert_eq!(paid.seen_from(unpaid), Standing::After);
    /// assert_eq!(paid.seen_from(at(TradeStatus::TradeClosed)), Standing::Apart);             // never both
    /// ```
    pub fn seen_from(self, other: Position) -> Standing {
        use Standing::{After, Apart, Before, Level};
        let trade = trade_standing(self.trade_status, other.trade_status);
        let refund = match refund_phase(self.refund_status).cmp(&refund_phase(other.refund_status)) {
            std::cmp::Ordering::Less => Before,
            std::cmp::Ordering::Equal => Level,
            std::cmp::Ordering::Greater => After,
        };
        match (trade, refund) {
            (Apart, _) | (Before, After) | (After, Before) => Apart,
            (Level, other) => other,
            (standing, _) => standing,
        }
    }

    /// Whether a trade of this service can ever be in this state. A trade status of another service means that order
    /// and trade do not belong together.
    ///
    /// ```
    /// use danbao_merchant::inbox::Position;
    /// use danbao_merchant::{PaymentService, TradeStatus};
    ///
    /// let shipped = Position { trade_status: TradeStatus::WaitBuyerConfirmGoods, refund_status: None };
    /// assert!(shipped.belongs_to(PaymentService::CreatePartnerTradeByBuyer));
    /// assert!(!shipped.belongs_to(PaymentService::CreateDirectPayByUser));
    /// ```
    pub fn belongs_to(self, service: PaymentService) -> bool {
        use TradeStatus::{TradePending, TradeSuccess, WaitBuyerConfirmGoods, WaitSellerSendGoods};
        match service {
            PaymentService::CreateDirectPayByUser => {
                !matches!(self.trade_status, WaitSellerSendGoods | WaitBuyerConfirmGoods)
            }
            PaymentService::CreatePartnerTradeByBuyer => {
                !matches!(self.trade_status, TradePending | TradeSuccess)
            }
            // Its instant branch waits for a frozen seller as any instant payment does (protocol.md §5.6), and is never
            // refundable.
            PaymentService::TradeCreateByBuyer => self.trade_status != TradeSuccess,
        }
    }
}

/// The states that may come next, over all three services (protocol.md §5.3, 5.5, 5.6).
fn next(status: TradeStatus) -> &'static [TradeStatus] {
    use TradeStatus::{
        TradeClosed, TradeFinished, TradePending, TradeSuccess, WaitBuyerConfirmGoods, WaitBuyerPay,
        WaitSellerSendGoods,
    };
    match status {
        WaitBuyerPay => &[WaitSellerSendGoods, TradePending, TradeSuccess, TradeFinished, TradeClosed],
        WaitSellerSendGoods => &[WaitBuyerConfirmGoods, TradeClosed],
        WaitBuyerConfirmGoods => &[TradeFinished, TradeClosed],
        TradePending => &[TradeSuccess, TradeFinished, TradeClosed],
        TradeSuccess => &[TradeFinished, TradeClosed],
        TradeFinished | TradeClosed => &[],
    }
}

/// Whether `later` can be reached from `earlier` by one change or more.
fn leads_to(earlier: TradeStatus, later: TradeStatus) -> bool {
    next(earlier).iter().any(|&step| step == later || leads_to(step, later))
}

fn trade_standing(status: TradeStatus, other: TradeStatus) -> Standing {
    if status == other {
        Standing::Level
    } else if leads_to(status, other) {
        Standing::Before
    } else if leads_to(other, status) {
        Standing::After
    } else {
        Standing::Apart
    }
}

/// Refunds go round (applied, refused, applied again; withdrawn, applied again) until the money is back, so only three
/// phases are ordered: none yet, under way, done.
fn refund_phase(status: Option<RefundStatus>) -> u8 {
    match status {
        None => 0,
        Some(RefundStatus::RefundSuccess) => 2,
        Some(
            RefundStatus::WaitSellerAgree
            | RefundStatus::SellerRefuseBuyer
            | RefundStatus::WaitBuyerReturnGoods
            | RefundStatus::WaitSellerConfirmGoods
            | RefundStatus::RefundClosed,
        ) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_position() -> Vec<Position> {
        let refunds = std::iter::once(None).chain(RefundStatus::ALL.iter().copied().map(Some));
        let pairs = |refund_status| {
            TradeStatus::ALL.iter().map(move |&trade_status| Position { trade_status, refund_status })
        };
        refunds.flat_map(pairs).collect()
    }

    #[test]
    fn before_and_after_mirror_each_other_over_all_pairs() {
        for a in every_position() {
            for b in every_position() {
                let mirrored = match a.seen_from(b) {
                    Standing::Before => Standing::After,
                    Standing::After => Standing::Before,
                    same => same,
                };
                assert_eq!(b.seen_from(a), mirrored, "{a:?} {b:?}");
            }
            assert_eq!(a.seen_from(a), Standing::Level);
        }
    }

    #[test]
    fn before_is_transitive_over_all_triples() {
        let not_after = |s| matches!(s, Standing::Before | Standing::Level);
        for a in every_position() {
            for b in every_position() {
                for c in every_position() {
                    let (ab, bc, ac) = (a.seen_from(b), b.seen_from(c), a.seen_from(c));
                    if not_after(ab) && not_after(bc) {
                        assert!(not_after(ac), "{a:?} {b:?} {c:?}");
                        let level = ab == Standing::Level && bc == Standing::Level;
                        assert_eq!(ac == Standing::Level, level, "{a:?} {b:?} {c:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_follows_a_final_status() {
        for status in TradeStatus::ALL {
            assert_eq!(next(*status).is_empty(), status.is_final(), "{status}");
        }
    }

    #[test]
    fn what_the_tutorials_order_is_ordered() {
        let at = |trade_status, refund_status| Position { trade_status, refund_status };
        use RefundStatus as R;
        use TradeStatus as T;
        let escrow = [
            at(T::WaitBuyerPay, None),
            at(T::WaitSellerSendGoods, None),
            at(T::WaitBuyerConfirmGoods, None),
            at(T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree)),
            at(T::TradeClosed, Some(R::RefundSuccess)),
        ];
        for (i, earlier) in escrow.iter().enumerate() {
            for later in &escrow[i + 1..] {
                assert_eq!(earlier.seen_from(*later), Standing::Before, "{earlier:?} {later:?}");
            }
        }
        let finished = at(T::TradeFinished, None);
        let closed = at(T::TradeClosed, None);
        assert_eq!(finished.seen_from(closed), Standing::Apart);
        let success = at(T::TradeSuccess, None);
        assert_eq!(success.seen_from(at(T::WaitSellerSendGoods, None)), Standing::Apart);
        let applied = at(T::WaitBuyerConfirmGoods, Some(R::WaitSellerAgree));
        let refused = at(T::WaitBuyerConfirmGoods, Some(R::SellerRefuseBuyer));
        assert_eq!(applied.seen_from(refused), Standing::Level);
    }
}
