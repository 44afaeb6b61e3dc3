//! 地区名称匹配: finding the gateway's region in the merchant's own list (quick-login tutorial, 4; protocol.md §4.6).
//!
//! The gateway writes the statistics office's names: 上海, 浦东新区. The merchant's list says 上海市, 浦东. The tutorial gives
//! two ways of comparing; with the area code there is an exact third one. All are pure functions with three answers, and
//! none of them takes the first of several candidates.
//!
//! ```ignore
//! match find_region(&list, &place) {
//!     RegionMatch::Matched(id) => order.region = Some(id),
//!     RegionMatch::Ambiguous(candidates) => ask_the_buyer(candidates),
//!     RegionMatch::NoMatch { reached } => let_the_buyer_choose_below(reached),
//! }
//! ```

mod list;
mod matching;
mod name;
#[cfg(test)]
mod tests;

pub use danbao_region::Code;
pub use list::{ListError, RegionId, RegionList, ShopRegion};
pub use matching::{Method, NamedPlace, RegionMatch, find_region, find_region_by};
