//! 触发通知的状态: which changes of a direct-pay trade a partner wants to be told of (protocol.md §5.6).

use danbao_protocol::status::TradeStatus;

/// The four states that a partner can switch on and off. Escrow and dual trades do not listen: their tutorials promise
/// every change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Triggers(u8);

impl Triggers {
    /// The states that have a switch, in the order of the table.
    pub const SWITCHED: [TradeStatus; 4] = [
        TradeStatus::TradeFinished,
        TradeStatus::TradeSuccess,
        TradeStatus::WaitBuyerPay,
        TradeStatus::TradeClosed,
    ];

    /// The defaults of the table: the payment alone.
    pub const STANDARD: Triggers = Triggers(0b0011);

    /// These states on, the others off; `None` if one of them has no switch.
    pub fn of(states: impl IntoIterator<Item = TradeStatus>) -> Option<Triggers> {
        states.into_iter().try_fold(Triggers(0), |on, status| Some(Triggers(on.0 | bit(status)?)))
    }

    /// Reads the states as [`Triggers::words`] writes them.
    pub fn from_words(words: &str) -> Option<Triggers> {
        let states: Option<Vec<TradeStatus>> = words.split_whitespace().map(TradeStatus::from_wire).collect();
        Triggers::of(states?)
    }

    /// The states that are on, in the order of the table, a blank between them.
    pub fn words(self) -> String {
        self.states().map(TradeStatus::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The states that are on, in the order of the table.
    pub fn states(self) -> impl Iterator<Item = TradeStatus> {
        Triggers::SWITCHED.into_iter().filter(move |status| self.wants(*status))
    }

    /// Whether a change to this state is wanted. One without a switch is: TRADE_PENDING is money that a shop must
    /// know of.
    pub fn wants(self, status: TradeStatus) -> bool {
        bit(status).is_none_or(|bit| self.0 & bit != 0)
    }
}

fn bit(status: TradeStatus) -> Option<u8> {
    let place = Triggers::SWITCHED.iter().position(|switched| *switched == status)?;
    Some(1 << place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payment_alone_is_wanted_unless_somebody_says_otherwise() {
        let wanted: Vec<_> =
            TradeStatus::ALL.iter().copied().filter(|status| Triggers::STANDARD.wants(*status)).collect();
        let unwanted = [TradeStatus::WaitBuyerPay, TradeStatus::TradeClosed];
        assert!(unwanted.iter().all(|status| !wanted.contains(status)));
        assert_eq!(wanted.len(), TradeStatus::ALL.len() - 2);
        assert_eq!(Triggers::STANDARD.words(), "TRADE_FINISHED TRADE_SUCCESS");
    }

    #[test]
    fn every_choice_of_switches_reads_back() {
        for on in 0..16 {
            assert_eq!(Triggers::from_words(&Triggers(on).words()), Some(Triggers(on)));
        }
        assert_eq!(Triggers::from_words("TRADE_PENDING"), None, "it has no switch");
        assert_eq!(Triggers::from_words("trade_closed"), None);
    }
}
