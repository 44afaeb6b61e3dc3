//! Account holders.

use danbao_engine::standing::{AccountKind, Holder, UserStatus};
use danbao_node::Fault;
use danbao_protocol::ids::UserId;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::rows::word;

/// An account holder without the passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) user_id: UserId,
    /// E-mail address or mobile number: the account's name.
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) status: UserStatus,
    pub(crate) kind: AccountKind,
    /// 实名认证: the platform has seen who this is.
    pub(crate) is_certified: bool,
    /// 冻结: pays nothing, and takes no instant payment (docs/adr/0016).
    pub(crate) is_frozen: bool,
}

impl User {
    /// As the engine sees whose money it is.
    pub(crate) fn holder(&self) -> Holder {
        Holder { status: self.status, kind: self.kind, is_frozen: self.is_frozen }
    }
}

fn read(row: &Row) -> Result<User, Fault> {
    let status: String = row.get(3)?;
    Ok(User {
        user_id: UserId::new(row.get::<String>(0)?),
        email: row.get(1)?,
        display_name: row.get(2)?,
        status: word(&status, UserStatus::from_name)?,
        kind: word(&row.get::<String>(4)?, AccountKind::from_name)?,
        is_certified: row.get(5)?,
        is_frozen: row.get(6)?,
    })
}

/// Looks an account holder up by id. Ask [`crate::turn::Turn::user`], which does so once a transaction.
pub(crate) fn load(tx: &mut dyn Conn, user_id: &UserId) -> Result<Option<User>, Fault> {
    let sql = "SELECT user_id, email, display_name, status, kind, is_certified, is_frozen FROM users
               WHERE user_id = $1";
    tx.query_opt(sql, &[Bind::Text(user_id.as_str())])?.as_ref().map(read).transpose()
}

/// Looks an account holder up by account name.
pub(crate) fn load_by_email(tx: &mut dyn Conn, email: &str) -> Result<Option<User>, Fault> {
    let sql = "SELECT user_id, email, display_name, status, kind, is_certified, is_frozen FROM users
               WHERE email = $1";
    tx.query_opt(sql, &[Bind::Text(email)])?.as_ref().map(read).transpose()
}

/// What is kept to check a member's passwords by.
#[derive(Debug)]
pub(crate) struct Passwords {
    /// Hash of the login password.
    pub(crate) login: String,
    /// Hash of the payment password.
    pub(crate) payment: String,
    /// Wrong login passwords since the last right one.
    pub(crate) wrong_login: i64,
    /// The same of the payment password.
    pub(crate) wrong_payment: i64,
    /// Until when no password is looked at.
    pub(crate) locked_until: Timestamp,
}

/// A member's passwords; a visitor has none.
pub(crate) fn load_passwords(tx: &mut dyn Conn, user_id: &UserId) -> Result<Option<Passwords>, Fault> {
    let row = tx.query_opt(
        "SELECT login_password, payment_password, wrong_passwords, wrong_payment_passwords, locked_until FROM users
         WHERE user_id = $1 AND login_password IS NOT NULL AND payment_password IS NOT NULL",
        &[Bind::Text(user_id.as_str())],
    )?;
    row.map(|row| {
        Ok(Passwords {
            login: row.get(0)?,
            payment: row.get(1)?,
            wrong_login: row.get(2)?,
            wrong_payment: row.get(3)?,
            locked_until: Timestamp(row.get(4)?),
        })
    })
    .transpose()
}

/// Notes how often wrong passwords of each kind were entered in a row, and until when none is looked at.
pub(crate) fn note_wrong(
    tx: &mut dyn Conn,
    user_id: &UserId,
    wrong_login: i64,
    wrong_payment: i64,
    locked_until: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "UPDATE users SET wrong_passwords = $2, wrong_payment_passwords = $3, locked_until = $4 WHERE user_id = $1",
        &[
            Bind::Text(user_id.as_str()),
            Bind::Int(wrong_login),
            Bind::Int(wrong_payment),
            Bind::Int(locked_until.0),
        ],
    )?;
    Ok(())
}

/// Writes a new account holder; `hashes` are those of the login and the payment password, absent for a visitor.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    user: &User,
    hashes: Option<(&str, &str)>,
    now: Timestamp,
) -> Result<(), Fault> {
    let (login, payment) = hashes.unzip();
    tx.execute(
        "INSERT INTO users (user_id, email, display_name, status, login_password, payment_password, wrong_passwords,
                            locked_until, created_at, kind, is_certified, is_frozen)
         VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $9, $10)",
        &[
            Bind::Text(user.user_id.as_str()),
            Bind::Text(&user.email),
            Bind::Text(&user.display_name),
            Bind::Text(user.status.as_str()),
            login.into(),
            payment.into(),
            Bind::Int(now.0),
            Bind::Text(user.kind.as_str()),
            user.is_certified.into(),
            user.is_frozen.into(),
        ],
    )?;
    Ok(())
}

/// Writes what an account may do. Ask [`crate::turn::Turn::change_user`], which forgets what it knew of it.
pub(crate) fn update_standing(tx: &mut dyn Conn, user: &User) -> Result<(), Fault> {
    tx.execute(
        "UPDATE users SET kind = $2, is_certified = $3, is_frozen = $4 WHERE user_id = $1",
        &[
            Bind::Text(user.user_id.as_str()),
            Bind::Text(user.kind.as_str()),
            user.is_certified.into(),
            user.is_frozen.into(),
        ],
    )?;
    Ok(())
}

/// All members, oldest first: what a sandbox shows to whoever wants to sign in.
pub(crate) fn load_members(tx: &mut dyn Conn) -> Result<Vec<User>, Fault> {
    let sql = "SELECT user_id, email, display_name, status, kind, is_certified, is_frozen FROM users
               WHERE status = 'member'
               ORDER BY created_at, user_id LIMIT 100";
    tx.query(sql, &[])?.iter().map(read).collect()
}
