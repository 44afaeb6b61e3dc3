//! 帐户: frozen, released, certified, made a company's; and what that does to trades (docs/adr/0016).

use danbao_node::Fault;

use crate::rows::deadline;
use crate::rows::users::User;
use crate::turn::Turn;

/// Makes an account what it is to be. For one that is not frozen all that was held for it is due at once, written down in
/// the same transaction: a payment that was held before is found here, and one that comes later sees the account
/// released. The clockwork passes it on, as many at a time as it takes of anything, the first in this very transaction;
/// an account that is frozen again meanwhile takes no more of it.
pub(crate) fn change(turn: &mut Turn<'_>, user: &User) -> Result<(), Fault> {
    turn.change_user(user)?;
    if user.is_frozen {
        deadline::drop_releases(turn.tx, &user.user_id)
    } else {
        deadline::plan_releases(turn.tx, &user.user_id, turn.now)
    }
}
