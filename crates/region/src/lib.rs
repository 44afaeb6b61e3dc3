//! The regions of the national statistics office (国家统计局 行政区划代码), as values: six-digit codes and names, without any
//! I/O.
//!
//! The gateway writes these names into the addresses that it hands to merchants (protocol.md §4.6). As the quick-login
//! tutorial describes them (its table 4.1): municipalities without 市 (上海), districts in full (浦东新区).
//!
//! Where the list comes from, under which licence and as of when: `data/README.md`, ADR 0018.

mod code;
mod list;

pub use code::{Code, Level, NotACode};
pub use list::{Place, Region, all, children, find, place, provinces};
