//! What the shop sells. Names and descriptions are in `pages/text/`, pictures in `pages/goods/`, both by id.

use danbao_merchant::protocol::money::Fen;

/// One thing on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Good {
    /// Its name in addresses and tables.
    pub id: &'static str,
    /// What one of it costs.
    pub price: Fen,
    /// Its picture.
    pub(crate) svg: &'static str,
}

macro_rules! goods {
    ($($id:literal at $fen:literal,)+) => {
        /// Everything on the shelf, in its order.
        pub const GOODS: &[Good] = &[
            $(Good { id: $id, price: Fen($fen), svg: include_str!(concat!("../pages/goods/", $id, ".svg")) },)+
        ];
    };
}

goods! {
    "tea" at 12_800,
    "cup" at 4_550,
    "umbrella" at 6_800,
    "mooncake" at 3_600,
    "bookmark" at 1,
    "dragonfly" at 1,
}

/// The most of one thing that one order may hold.
pub(crate) const QUANTITY_MAX: i64 = 99;

/// Finds a thing by its id.
pub(crate) fn find(id: &str) -> Option<&'static Good> {
    GOODS.iter().find(|good| good.id == id)
}

/// A number of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) good: &'static Good,
    /// What one of it cost when it was ordered.
    pub(crate) price: Fen,
    /// From 1 to [`QUANTITY_MAX`].
    pub(crate) quantity: i64,
}

impl Line {
    /// A line at today's price; `None` if there is no such thing or the number is out of bounds.
    pub(crate) fn new(id: &str, quantity: i64) -> Option<Line> {
        let good = find(id)?;
        (1..=QUANTITY_MAX).contains(&quantity).then_some(Line { good, price: good.price, quantity })
    }

    /// What the line costs; the bounds of prices and numbers leave no room for an overflow.
    pub(crate) fn sum(&self) -> Fen {
        self.price.checked_mul(self.quantity).unwrap_or(Fen(i64::MAX))
    }
}

/// What lines cost together.
pub(crate) fn total(lines: &[Line]) -> Fen {
    lines.iter().try_fold(Fen::ZERO, |total, line| total.checked_add(line.sum())).unwrap_or(Fen(i64::MAX))
}
