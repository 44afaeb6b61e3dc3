//! Buyers who were sent to the gateway, to sign in or to choose an address.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::PartnerId;
use danbao_merchant::protocol::sign::SignType;
use danbao_merchant::protocol::time::Timestamp;
use danbao_store::{Conn, Error, Row};

use super::word;

/// What a buyer was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    Login,
    Address,
}

impl Purpose {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Purpose::Login => "login",
            Purpose::Address => "address",
        }
    }

    fn from_word(word: &str) -> Option<Purpose> {
        [Purpose::Login, Purpose::Address].into_iter().find(|known| known.as_str() == word)
    }
}

/// A buyer's way to the gateway and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VisitRow {
    pub(crate) id: String,
    pub(crate) purpose: Purpose,
    pub(crate) partner: PartnerId,
    pub(crate) sign_type: SignType,
    pub(crate) charset: Charset,
    pub(crate) user_id: Option<String>,
    pub(crate) state: String,
    pub(crate) return_page: Option<String>,
    /// JSON.
    pub(crate) address: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) done_at: Option<Timestamp>,
}

const COLUMNS: &str = "id, kind, partner, sign_type, charset, user_id, state, return_page, address, created_at, \
                       done_at";

/// Writes a new visit.
pub(crate) fn insert(conn: &mut dyn Conn, visit: &VisitRow) -> Result<(), Error> {
    conn.execute(
        &format!("INSERT INTO visit ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"),
        &[
            (&visit.id).into(),
            visit.purpose.as_str().into(),
            visit.partner.as_str().into(),
            visit.sign_type.as_str().into(),
            visit.charset.label().into(),
            visit.user_id.as_deref().into(),
            (&visit.state).into(),
            visit.return_page.as_deref().into(),
            visit.address.as_deref().into(),
            visit.created_at.0.into(),
            visit.done_at.map(|at| at.0).into(),
        ],
    )?;
    Ok(())
}

/// Finds a visit for this purpose.
pub(crate) fn load(conn: &mut dyn Conn, purpose: Purpose, id: &str) -> Result<Option<VisitRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM visit WHERE id = $1 AND kind = $2");
    let row = conn.query_opt(&sql, &[id.into(), purpose.as_str().into()])?;
    row.as_ref().map(read).transpose()
}

/// The buyer is back and believed.
pub(crate) fn finish(conn: &mut dyn Conn, visit: &VisitRow) -> Result<(), Error> {
    conn.execute(
        "UPDATE visit SET user_id = $1, address = $2, done_at = $3 WHERE id = $4",
        &[
            visit.user_id.as_deref().into(),
            visit.address.as_deref().into(),
            visit.done_at.map(|at| at.0).into(),
            (&visit.id).into(),
        ],
    )?;
    Ok(())
}

fn read(row: &Row) -> Result<VisitRow, Error> {
    let mut columns = row.reader();
    Ok(VisitRow {
        id: columns.next()?,
        purpose: word(columns.next()?, Purpose::from_word)?,
        partner: PartnerId::new(columns.next::<String>()?),
        sign_type: word(columns.next()?, SignType::from_wire)?,
        charset: word(columns.next()?, Charset::from_label)?,
        user_id: columns.next()?,
        state: columns.next()?,
        return_page: columns.next()?,
        address: columns.next()?,
        created_at: Timestamp(columns.next()?),
        done_at: columns.next::<Option<i64>>()?.map(Timestamp),
    })
}
