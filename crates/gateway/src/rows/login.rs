//! What a merchant may be told of a buyer, and under which ids it was told.

use std::collections::BTreeSet;

use danbao_node::{Entropy, Fault};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, PartnerId, UserId};
use danbao_protocol::sign::SignType;
use danbao_protocol::status::{UserGrade, UserGradeType};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use crate::rows::word;

/// The first character of the id of a login or an address, which no trade number and no page return begins with.
pub(crate) const MARK: char = 'q';

/// Hands out a new id, and forgets some of those that nobody can use any more: letters and digits only, at most 64
/// (protocol.md §6.1, trap 34).
pub(crate) fn issue(
    tx: &mut dyn Conn,
    entropy: &mut Entropy,
    partner: &PartnerId,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<NotifyId, Fault> {
    tx.execute(
        "DELETE FROM login_return WHERE notify_id IN
             (SELECT notify_id FROM login_return WHERE issued_at < $1 ORDER BY issued_at LIMIT 100)",
        &[Bind::Int(forget_before.0)],
    )?;
    let notify_id = NotifyId::new(format!("{MARK}{}", entropy.text(42)));
    tx.execute(
        "INSERT INTO login_return (notify_id, partner, issued_at) VALUES ($1, $2, $3)",
        &[Bind::Text(notify_id.as_str()), Bind::Text(partner.as_str()), Bind::Int(now.0)],
    )?;
    Ok(notify_id)
}

/// Uses an id up; whether it was there for this partner, fresh and unused.
pub(crate) fn verify(
    tx: &mut dyn Conn,
    notify_id: &NotifyId,
    partner: &PartnerId,
    not_before: Timestamp,
    now: Timestamp,
) -> Result<bool, Fault> {
    let used = tx.execute(
        "UPDATE login_return SET verified_at = $4
         WHERE notify_id = $1 AND partner = $2 AND issued_at >= $3 AND verified_at IS NULL",
        &[
            Bind::Text(notify_id.as_str()),
            Bind::Text(partner.as_str()),
            Bind::Int(not_before.0),
            Bind::Int(now.0),
        ],
    )?;
    Ok(used == 1)
}

/// Whether a buyer has let a partner know who it is.
pub(crate) fn has_consented(tx: &mut dyn Conn, user_id: &UserId, partner: &PartnerId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM consent WHERE user_id = $1 AND partner = $2";
    let row = tx.query_opt(sql, &[Bind::Text(user_id.as_str()), Bind::Text(partner.as_str())])?;
    Ok(row.is_some())
}

/// Notes that a buyer lets a partner know who it is.
pub(crate) fn consent(
    tx: &mut dyn Conn,
    user_id: &UserId,
    partner: &PartnerId,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO consent (user_id, partner, given_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, partner) DO NOTHING",
        &[Bind::Text(user_id.as_str()), Bind::Text(partner.as_str()), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// What a partner may be told beyond a buyer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// The account's name: an e-mail address or a mobile number.
    Email,
    /// The buyer's grade.
    Grade,
}

impl Permission {
    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Permission::Email => "email",
            Permission::Grade => "grade",
        }
    }

    /// Reads the word.
    pub(crate) fn from_name(name: &str) -> Option<Permission> {
        [Permission::Email, Permission::Grade].into_iter().find(|known| known.as_str() == name)
    }
}

/// What a partner may be told.
pub(crate) fn permissions(tx: &mut dyn Conn, partner: &PartnerId) -> Result<BTreeSet<Permission>, Fault> {
    let sql = "SELECT permission FROM permission WHERE partner = $1";
    let rows = tx.query(sql, &[Bind::Text(partner.as_str())])?;
    rows.iter().map(|row| word(&row.get::<String>(0)?, Permission::from_name)).collect()
}

/// Lets a partner be told something.
pub(crate) fn permit(tx: &mut dyn Conn, partner: &PartnerId, permission: Permission) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO permission (partner, permission) VALUES ($1, $2)",
        &[Bind::Text(partner.as_str()), Bind::Text(permission.as_str())],
    )?;
    Ok(())
}

/// Where a partner last asked for a login to come back to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entrance {
    pub(crate) return_url: String,
    pub(crate) charset: Charset,
    pub(crate) sign_type: SignType,
}

/// Where a partner wants its logins to come back to; `None` if it has never asked for one.
pub(crate) fn load_entrance(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Entrance>, Fault> {
    let row = tx.query_opt(
        "SELECT return_url, charset, sign_type FROM login_entrance WHERE partner = $1",
        &[Bind::Text(partner.as_str())],
    )?;
    row.map(|row| {
        Ok(Entrance {
            return_url: row.get(0)?,
            charset: word(&row.get::<String>(1)?, Charset::from_label)?,
            sign_type: word(&row.get::<String>(2)?, SignType::from_wire)?,
        })
    })
    .transpose()
}

/// Every partner that has asked for a login.
pub(crate) fn load_entrance_partners(tx: &mut dyn Conn) -> Result<Vec<PartnerId>, Fault> {
    let rows = tx.query("SELECT partner FROM login_entrance ORDER BY partner LIMIT 100", &[])?;
    rows.iter().map(|row| Ok(PartnerId::new(row.get::<String>(0)?))).collect()
}

/// Notes where a partner wants its logins to come back to; written only when it is news.
pub(crate) fn note_entrance(
    tx: &mut dyn Conn,
    partner: &PartnerId,
    entrance: &Entrance,
) -> Result<(), Fault> {
    if load_entrance(tx, partner)?.as_ref() == Some(entrance) {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO login_entrance (partner, return_url, charset, sign_type) VALUES ($1, $2, $3, $4)
         ON CONFLICT (partner) DO UPDATE SET return_url = excluded.return_url, charset = excluded.charset,
                                             sign_type = excluded.sign_type",
        &[
            Bind::Text(partner.as_str()),
            Bind::Text(&entrance.return_url),
            Bind::Text(entrance.charset.label()),
            Bind::Text(entrance.sign_type.as_str()),
        ],
    )?;
    Ok(())
}

/// What is known of a buyer beyond the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) user_grade: UserGrade,
    pub(crate) user_grade_type: UserGradeType,
    /// When the grade ends; an ordinary one does not.
    pub(crate) grade_ends_at: Option<Timestamp>,
    /// 淘宝昵称: the name at the market that etao leads from.
    pub(crate) nickname: Option<String>,
}

/// Who is not written down is ordinary.
impl Default for Profile {
    fn default() -> Self {
        Profile {
            user_grade: UserGrade::Normal,
            user_grade_type: UserGradeType::NotActivated,
            grade_ends_at: None,
            nickname: None,
        }
    }
}

/// What is known of a buyer.
pub(crate) fn load_profile(tx: &mut dyn Conn, user_id: &UserId) -> Result<Profile, Fault> {
    let row = tx.query_opt(
        "SELECT user_grade, user_grade_type, grade_ends_at, nickname FROM profile WHERE user_id = $1",
        &[Bind::Text(user_id.as_str())],
    )?;
    let Some(row) = row else { return Ok(Profile::default()) };
    Ok(Profile {
        user_grade: word(&row.get::<String>(0)?, UserGrade::from_wire)?,
        user_grade_type: word(&row.get::<String>(1)?, UserGradeType::from_wire)?,
        grade_ends_at: row.get::<Option<i64>>(2)?.map(Timestamp),
        nickname: row.get(3)?,
    })
}

/// Writes down what is known of a new buyer.
pub(crate) fn insert_profile(tx: &mut dyn Conn, user_id: &UserId, profile: &Profile) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO profile (user_id, user_grade, user_grade_type, grade_ends_at, nickname)
         VALUES ($1, $2, $3, $4, $5)",
        &[
            Bind::Text(user_id.as_str()),
            Bind::Text(profile.user_grade.as_str()),
            Bind::Text(profile.user_grade_type.as_str()),
            profile.grade_ends_at.map(|at| at.0).into(),
            profile.nickname.as_deref().into(),
        ],
    )?;
    Ok(())
}
