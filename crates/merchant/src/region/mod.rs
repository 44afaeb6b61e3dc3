//! 地区名称匹配: finding the gateway's region in the merchant's own list (quick-login tutorial, 4; protocol.md §4.6).
//!
//! The gateway writes the statistics office's names: 上海, 浦东新区. The merchant's list says 上海市, 浦东. The tutorial gives
//! two ways of comparing; with the area code there is an exact third one. All are pure functions with three answers, and
//! none of them takes the first of several candidates.
//!
//! ```
//! use danbao_merchant::region::{NamedPlace, RegionList, RegionMatch, ShopRegion, find_region};
//!
//! let region = |key: &str, parent: Option<&str>, name: &str| ShopRegion {
//!     key: key.into(),
//!     parent: parent.map(Into::into),
//!     name: name.into(),
//!     code: None,
//! };
//! let list = RegionList::new([
//!     region("sh", None, "上海市"),
//!     region("pd", Some("sh"), "浦东"),
//!     region("hp", Some("sh"), "黄浦"),
//! ])?;
//! let place = |area| NamedPlace { prov: "上海", city: "上海市", area, address_code: "" };
//! match find_region(&list, &place("浦东新区")) {
//!     RegionMatch::Matched(id) => assert_eq!(list.get(id).map(|found| &*found.key), Some("pd")),
//!     RegionMatch::Ambiguous(_candidates) => unreachable!("then the buyer says which"),
//!     RegionMatch::NoMatch { .. } => unreachable!("then the buyer chooses below what was reached"),
//! }
//! let RegionMatch::NoMatch { reached } = find_region(&list, &place("崇明县")) else { unreachable!() };
//! assert_eq!(reached, list.find("sh"));
//! # Ok::<(), danbao_merchant::region::ListError>(())
//! ```

mod list;
mod matching;
mod name;
#[cfg(test)]
mod tests;

pub use danbao_region::Code;
pub use list::{ListError, RegionId, RegionList, ShopRegion};
pub use matching::{Method, NamedPlace, RegionMatch, find_region, find_region_by};
