//! Is it really them? Passwords are checked here alone, so that guesses are counted wherever they are made.

use std::time::Duration;

use danbao_node::Fault;
use danbao_protocol::ids::UserId;
use danbao_protocol::time::Timestamp;

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

/// Checks a password; five wrong ones in a row lock the account for a quarter of an hour. The two kinds are counted apart:
/// whoever knows the login password cannot take back guesses at the payment password with it.
pub(crate) fn check(
    turn: &mut Turn<'_>,
    user_id: &UserId,
    kind: Kind,
    entered: &str,
) -> Result<Outcome, Fault> {
    let Some(stored) = users::load_passwords(turn.tx, user_id)? else {
        return check_nobodys(turn, entered);
    };
    if stored.locked_until > turn.now {
        return Ok(Outcome::Locked);
    }
    let (hash, wrong) = match kind {
        Kind::Login => (&stored.login, stored.wrong_login),
        Kind::Payment => (&stored.payment, stored.wrong_payment),
    };
    let is_right = password::matches(entered, hash);
    if is_right && wrong == 0 {
        return Ok(Outcome::Right);
    }
    let locks = !is_right && wrong + 1 >= WRONG_MAX;
    let wrong = if is_right || locks { 0 } else { wrong + 1 };
    let (wrong_login, wrong_payment) = match kind {
        Kind::Login => (wrong, stored.wrong_payment),
        Kind::Payment => (stored.wrong_login, wrong),
    };
    let locked_until = if locks { turn.now.plus(LOCK) } else { Timestamp(0) };
    users::note_wrong(turn.tx, user_id, wrong_login, wrong_payment, locked_until)?;
    Ok(if is_right { Outcome::Right } else { Outcome::Wrong })
}

/// The same for an account that is not there, or has no passwords. It takes as long, so that a clock does not tell which
/// accounts there are.
pub(crate) fn check_nobodys(turn: &mut Turn<'_>, entered: &str) -> Result<Outcome, Fault> {
    turn.config.password_cost.hash(entered, &mut turn.memory.entropy)?;
    Ok(Outcome::Wrong)
}
