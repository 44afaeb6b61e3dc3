//! 帐户: frozen, released, certified, made a company's; and what that does to trades (docs/adr/0016).

use danbao_engine::machine;

use crate::fault::Fault;
use crate::rows::users::User;
use crate::rows::{apply, trade};
use crate::turn::Turn;

/// Makes an account what it is to be. One that is not frozen is given what was held for it, in the same transaction: a
/// payment that was held before is found here, and one that comes later sees the account released.
pub(crate) fn change(turn: &mut Turn<'_>, user: &User) -> Result<(), Fault> {
    turn.change_user(user)?;
    if user.is_frozen {
        return Ok(());
    }
    for held in trade::load_pending(turn.tx, &user.user_id)? {
        match machine::release(&held, &turn.config.clocks, turn.now) {
            Ok(change) => {
                apply::apply(turn, &change)?;
            }
            Err(refusal) => {
                return Err(Fault::invariant(format!("{} cannot be released: {refusal}", held.trade_no)));
            }
        }
    }
    Ok(())
}
