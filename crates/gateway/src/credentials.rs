//! Is it really them? Passwords are checked here alone, so that guesses are counted wherever they are made.

use std::time::Duration;

use danbao_protocol::ids::UserId;
use danbao_protocol::time::Timestamp;

use crate::fault::Fault;
use crate::password;
use crate::rows::users;
use crate::turn::Turn;

/// Which of a member's two passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 登录密码
    Login,
    /// 支付密码
    Payment,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is the password.
    Right,
    /// It is not, or there is none.
    Wrong,
    /// Too many wrong ones; it was not even looked at.
    Locked,
}

/// Wrong passwords in a row that lock an account.
const WRONG_MAX: i64 = 5;
/// How long it stays locked.
const LOCK: Duration = Duration::from_secs(15 * 60);

/// Checks a password; five wrong ones in a row lock the account for a quarter of an hour.
pub(crate) fn check(
    turn: &mut Turn<'_>,
    user_id: &UserId,
    kind: Kind,
    entered: &str,
) -> Result<Outcome, Fault> {
    let Some(stored) = users::load_passwords(turn.tx, user_id)? else { return Ok(Outcome::Wrong) };
    if stored.locked_until > turn.now {
        return Ok(Outcome::Locked);
    }
    let hash = match kind {
        Kind::Login => &stored.login,
        Kind::Payment => &stored.payment,
    };
    if password::matches(entered, hash) {
        if stored.wrong > 0 {
            users::note_wrong(turn.tx, user_id, 0, Timestamp(0))?;
        }
        return Ok(Outcome::Right);
    }
    let wrong = stored.wrong + 1;
    let locks = wrong >= WRONG_MAX;
    let locked_until = if locks { turn.now.plus(LOCK) } else { Timestamp(0) };
    users::note_wrong(turn.tx, user_id, if locks { 0 } else { wrong }, locked_until)?;
    Ok(Outcome::Wrong)
}
