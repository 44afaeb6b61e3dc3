//! Buyers who have signed in, and what their payment requests carry of them.

use danbao_merchant::protocol::ids::{NotifyId, OutTradeNo, PartnerId, Token, UserId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{BuyerSession, CameBy};
use danbao_store::{Conn, Error, Row};

use super::word;

/// Keeps a buyer as they came this time.
pub(crate) fn keep(conn: &mut dyn Conn, partner: &PartnerId, buyer: &BuyerSession) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO buyer (partner, user_id, token, real_name, came_by, since) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (partner, user_id) DO UPDATE SET token = $3, real_name = $4, came_by = $5, since = $6",
        &[
            partner.as_str().into(),
            buyer.user_id.as_str().into(),
            buyer.token.as_str().into(),
            (&buyer.real_name).into(),
            buyer.came_by.as_str().into(),
            buyer.since.0.into(),
        ],
    )?;
    Ok(())
}

/// Finds a buyer of one contract.
pub(crate) fn load(
    conn: &mut dyn Conn,
    partner: &PartnerId,
    user_id: &str,
) -> Result<Option<BuyerSession>, Error> {
    let row = conn.query_opt(
        "SELECT user_id, token, came_by, since, real_name FROM buyer WHERE partner = $1 AND user_id = $2",
        &[partner.as_str().into(), user_id.into()],
    )?;
    row.map(|row| Ok(BuyerSession { real_name: row.get::<&str>(4)?.to_owned(), ..read(&row)? })).transpose()
}

/// Keeps what a payment request carries.
pub(crate) fn equip(conn: &mut dyn Conn, number: &OutTradeNo, buyer: &BuyerSession) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO request_buyer (out_trade_no, user_id, token, came_by, since) VALUES ($1, $2, $3, $4, $5)",
        &[
            number.as_str().into(),
            buyer.user_id.as_str().into(),
            buyer.token.as_str().into(),
            buyer.came_by.as_str().into(),
            buyer.since.0.into(),
        ],
    )?;
    Ok(())
}

/// What a payment request carries of its buyer.
pub(crate) fn of_request(conn: &mut dyn Conn, number: &OutTradeNo) -> Result<Option<BuyerSession>, Error> {
    let row = conn.query_opt(
        "SELECT user_id, token, came_by, since FROM request_buyer WHERE out_trade_no = $1",
        &[number.as_str().into()],
    )?;
    row.as_ref().map(read).transpose()
}

/// Lets a return in, unless it was let in before.
pub(crate) fn use_return(
    conn: &mut dyn Conn,
    partner: &PartnerId,
    notify_id: &NotifyId,
    now: Timestamp,
) -> Result<bool, Error> {
    let rows = conn.execute(
        "INSERT INTO used_return (partner, notify_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        &[partner.as_str().into(), notify_id.as_str().into(), now.0.into()],
    )?;
    Ok(rows == 1)
}

fn read(row: &Row) -> Result<BuyerSession, Error> {
    let mut columns = row.reader();
    Ok(BuyerSession {
        user_id: UserId::new(columns.next::<String>()?),
        token: Token::new(columns.next::<String>()?),
        came_by: word(columns.next()?, CameBy::from_word)?,
        since: Timestamp(columns.next()?),
        real_name: String::new(),
    })
}
