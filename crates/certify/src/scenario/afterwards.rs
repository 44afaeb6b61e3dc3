//! The end of a run: what was answered long ago must not go on moving, and no order may move with another.

use super::{DIRECT, Group, Scenario, Step, scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let source = ("10 trap 18", "4.2");
    vec![scenario(
        Group::Afterwards,
        DIRECT,
        "no_order_has_moved_since_it_was_looked_at",
        source,
        vec![Step::Afterwards],
    )]
}
