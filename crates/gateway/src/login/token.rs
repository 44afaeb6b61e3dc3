//! 免登令牌: a token is handed out with every login, and saves its buyer the sign-in when the partner sends it with an
//! address query or a payment (protocol.md §3.13). One that does not hold is no error: the sign-in comes after all.

use danbao_engine::standing::UserStatus;
use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, Token};

use crate::rows::token::{self, StoredToken};
use crate::rows::users::User;
use crate::turn::Turn;

/// Hands out a token.
pub(super) fn issue(turn: &mut Turn<'_>, partner: &PartnerId, stored: &StoredToken) -> Result<Token, Fault> {
    let token = Token::compose(turn.now, turn.memory.entropy.bytes());
    let forget_before = turn.now.minus(turn.config.token);
    token::insert(turn.tx, &token, partner, stored, forget_before, turn.now)?;
    Ok(token)
}

/// What a token says to this partner, while it lives.
pub(crate) fn load(
    turn: &mut Turn<'_>,
    token: &Token,
    partner: &PartnerId,
) -> Result<Option<StoredToken>, Fault> {
    token::load(turn.tx, token, partner, turn.now.minus(turn.config.token))
}

/// The member whose sign-in this token saves.
pub(crate) fn holder(turn: &mut Turn<'_>, token: &Token, partner: &PartnerId) -> Result<Option<User>, Fault> {
    let Some(held) = load(turn, token, partner)? else { return Ok(None) };
    Ok(turn.user(&held.user_id)?.filter(|user| user.status == UserStatus::Member))
}
