//! What kinds of life there are with a sidecar.

use std::fmt;
use std::time::Duration;

use danbao_protocol::sign::SignType;

use crate::chance::Chance;
use crate::options::{Options, Trader};

/// What a life is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Orders, shipments, quarrels: whatever the seed draws.
    Drawn,
    /// Money given back by REST.
    Refunds,
    /// Buyers who sign in and choose addresses, and a burglar.
    Visits,
    /// Orders that are given up, and orders that are paid a second time.
    Tries,
    /// Accounts that are frozen, and a partner's switches that are turned.
    Frost,
    /// The sidecar's database is put back as it was some time before.
    Restored,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 6] =
        [Kind::Drawn, Kind::Refunds, Kind::Visits, Kind::Tries, Kind::Frost, Kind::Restored];

    /// A word for the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Drawn => "drawn",
            Kind::Refunds => "refunds",
            Kind::Visits => "visits",
            Kind::Tries => "tries",
            Kind::Frost => "frost",
            Kind::Restored => "restored",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The life of this kind that a seed gives.
    pub fn draw(self, seed: u64) -> Ways {
        let drawn = Options::draw(seed);
        let world = Options {
            trader: Trader::Shop,
            // The little shops' transactions are short: what seldom meets a long one would never meet theirs.
            contended: drawn.contended * 3,
            clock_ahead: Duration::ZERO,
            triggers: 0,
            turns_switches: false,
            freezes: 0,
            logins: 0,
            thefts: 0,
            ..drawn.clone()
        };
        // What is signed with is no matter of the others' kinds, and pairs of keys are slow.
        let sign_type = if self == Kind::Drawn { drawn.sign_type } else { SignType::Md5 };
        let world = Options { sign_type, ..world };
        let holidays = Chance::new(seed ^ 0x686f_6c69).pick(&[0, 2, 8]);
        let plain = Ways {
            kind: self,
            world: world.clone(),
            refunds: 0,
            loses_letters: false,
            closings: 0,
            second_tries: 0,
            holidays,
            is_restored: false,
        };
        match self {
            Kind::Drawn => plain,
            Kind::Refunds => Ways {
                world: Options { is_refundable: true, buyers: 6, quarrelsome: 0, ..world },
                refunds: 18,
                loses_letters: seed.is_multiple_of(2),
                ..plain
            },
            Kind::Visits => {
                Ways { world: Options { logins: 1_000, thefts: 12, buyers: 6, ..world }, ..plain }
            }
            Kind::Tries => {
                Ways { world: Options { buyers: 6, ..world }, closings: 12, second_tries: 30, ..plain }
            }
            Kind::Frost => Ways {
                world: Options {
                    freezes: 6,
                    triggers: drawn.triggers,
                    turns_switches: true,
                    is_refundable: !seed.is_multiple_of(4),
                    buyers: 6,
                    ..world
                },
                refunds: 10,
                ..plain
            },
            Kind::Restored => Ways { world: Options { buyers: 6, ..world }, is_restored: true, ..plain },
        }
    }
}

/// One life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// What it is about.
    pub kind: Kind,
    /// The network, the processes, and those who buy.
    pub world: Options,
    /// How many batches of refunds the shop asks for.
    pub refunds: u32,
    /// Whether the results of some batches are lost for good.
    pub loses_letters: bool,
    /// How often the shop gives an order or a payment request up.
    pub closings: u32,
    /// How often another buyer comes for an order that is there.
    pub second_tries: u32,
    /// How often the shop wants no webhooks for a while.
    pub holidays: u32,
    /// Whether the sidecar's database is put back as it was some time before.
    pub is_restored: bool,
}

impl fmt::Display for Ways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.world)?;
        write!(
            f,
            "  shop            {} refunds (letters lost: {}), {} closings, {} second tries, {} holidays, restored: {}",
            self.refunds,
            self.loses_letters,
            self.closings,
            self.second_tries,
            self.holidays,
            self.is_restored
        )
    }
}
