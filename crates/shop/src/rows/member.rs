//! Members, who is signed in, and which address they chose.

use danbao_merchant::protocol::address_post::ReceiveAddress;
use danbao_merchant::protocol::ids::{NotifyId, OutTradeNo, Token, UserId};
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{BuyerSession, CameBy};
use danbao_store::{Conn, Error};

/// A browser is sent to sign in, under a new id, and is to come back to this page. Some of those that never came back are
/// forgotten.
pub(crate) fn begin_login(
    conn: &mut dyn Conn,
    session_id: &str,
    back: &str,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM login_begun WHERE session_id IN
             (SELECT session_id FROM login_begun WHERE begun_at < $1 ORDER BY begun_at LIMIT 100)",
        &[forget_before.0.into()],
    )?;
    conn.execute(
        "INSERT INTO login_begun (session_id, back, begun_at) VALUES ($1, $2, $3)",
        &[session_id.into(), back.into(), now.0.into()],
    )?;
    Ok(())
}

/// Where a browser that was sent to sign in came from, and when it was sent.
pub(crate) fn login_begun(
    conn: &mut dyn Conn,
    session_id: &str,
) -> Result<Option<(String, Timestamp)>, Error> {
    let sql = "SELECT back, begun_at FROM login_begun WHERE session_id = $1";
    let row = conn.query_opt(sql, &[session_id.into()])?;
    row.map(|row| Ok((row.get(0)?, Timestamp(row.get(1)?)))).transpose()
}

/// Lets a return do its work: `true` the first time and never again. Some of those are forgotten that the gateway has long
/// ceased to call genuine.
pub(crate) fn use_return(
    conn: &mut dyn Conn,
    notify_id: &NotifyId,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    conn.execute(
        "DELETE FROM used_return WHERE notify_id IN
             (SELECT notify_id FROM used_return WHERE used_at < $1 ORDER BY used_at LIMIT 100)",
        &[forget_before.0.into()],
    )?;
    let inserted = conn.execute(
        "INSERT INTO used_return (notify_id, used_at) VALUES ($1, $2) ON CONFLICT (notify_id) DO NOTHING",
        &[notify_id.as_str().into(), now.0.into()],
    )?;
    Ok(inserted == 1)
}

/// Whether a return has done its work already.
pub(crate) fn is_used(conn: &mut dyn Conn, notify_id: &NotifyId) -> Result<bool, Error> {
    let row =
        conn.query_opt("SELECT used_at FROM used_return WHERE notify_id = $1", &[notify_id.as_str().into()])?;
    Ok(row.is_some())
}

/// Signs a member in under an id that nobody has had. Some of the sessions that are over are forgotten.
pub(crate) fn sign_in(
    conn: &mut dyn Conn,
    session_id: &str,
    session: &BuyerSession,
    forget_before: Timestamp,
) -> Result<(), Error> {
    conn.execute(
        "DELETE FROM member_session WHERE session_id IN
             (SELECT session_id FROM member_session WHERE since < $1 ORDER BY since LIMIT 100)",
        &[forget_before.0.into()],
    )?;
    let (real_name, etao_name) = match session.came_by {
        CameBy::QuickLogin => (session.real_name.as_str(), ""),
        CameBy::Etao => ("", session.real_name.as_str()),
    };
    // Each way keeps its own name: the same member is 张三 here and a nickname there.
    conn.execute(
        "INSERT INTO member (user_id, real_name, etao_name, first_seen_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id) DO UPDATE SET
             real_name = CASE WHEN excluded.real_name = '' THEN member.real_name ELSE excluded.real_name END,
             etao_name = CASE WHEN excluded.etao_name = '' THEN member.etao_name ELSE excluded.etao_name END,
             last_seen_at = excluded.last_seen_at",
        &[
            session.user_id.as_str().into(),
            real_name.into(),
            etao_name.into(),
            session.since.0.into(),
            session.since.0.into(),
        ],
    )?;
    conn.execute(
        "INSERT INTO member_session (session_id, user_id, real_name, token, came_by, since)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            session_id.into(),
            session.user_id.as_str().into(),
            (&session.real_name).into(),
            session.token.as_str().into(),
            session.came_by.as_str().into(),
            session.since.0.into(),
        ],
    )?;
    Ok(())
}

/// Who is signed in under an id.
pub(crate) fn session(conn: &mut dyn Conn, session_id: &str) -> Result<Option<BuyerSession>, Error> {
    let row = conn.query_opt(
        "SELECT user_id, real_name, token, came_by, since FROM member_session WHERE session_id = $1",
        &[session_id.into()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let came_by: String = row.get(3)?;
    Ok(Some(BuyerSession {
        user_id: UserId::new(row.get::<String>(0)?),
        real_name: row.get(1)?,
        token: Token::new(row.get::<String>(2)?),
        came_by: CameBy::from_word(&came_by)
            .ok_or_else(|| Error::Shape(format!("`{came_by}` is no way to come")))?,
        since: Timestamp(row.get(4)?),
    }))
}

/// Nobody is signed in under an id any more, or about to be.
pub(crate) fn sign_out(conn: &mut dyn Conn, session_id: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM member_session WHERE session_id = $1", &[session_id.into()])?;
    end_login(conn, session_id)
}

/// The sign-in is over.
pub(crate) fn end_login(conn: &mut dyn Conn, session_id: &str) -> Result<(), Error> {
    conn.execute("DELETE FROM login_begun WHERE session_id = $1", &[session_id.into()])?;
    Ok(())
}

/// A member is sent to choose an address.
pub(crate) fn ask_address(conn: &mut dyn Conn, user_id: &UserId, now: Timestamp) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO address_asked (user_id, asked_at) VALUES ($1, $2)
         ON CONFLICT (user_id) DO UPDATE SET asked_at = excluded.asked_at",
        &[user_id.as_str().into(), now.0.into()],
    )?;
    Ok(())
}

/// When a member was sent to choose an address.
pub(crate) fn address_asked(conn: &mut dyn Conn, user_id: &UserId) -> Result<Option<Timestamp>, Error> {
    let row =
        conn.query_opt("SELECT asked_at FROM address_asked WHERE user_id = $1", &[user_id.as_str().into()])?;
    row.map(|row| row.get(0).map(Timestamp)).transpose()
}

/// The address has come.
pub(crate) fn choose_address(
    conn: &mut dyn Conn,
    user_id: &UserId,
    chosen: &ReceiveAddress,
    now: Timestamp,
) -> Result<(), Error> {
    conn.execute("DELETE FROM address_asked WHERE user_id = $1", &[user_id.as_str().into()])?;
    conn.execute("DELETE FROM address_chosen WHERE user_id = $1", &[user_id.as_str().into()])?;
    conn.execute(
        "INSERT INTO address_chosen (user_id, prov, city, area, address_code, address, fullname, mobile_phone,
             phone, post, chosen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            user_id.as_str().into(),
            (&chosen.prov).into(),
            (&chosen.city).into(),
            (&chosen.area).into(),
            (&chosen.address_code).into(),
            (&chosen.address).into(),
            (&chosen.fullname).into(),
            (&chosen.mobile_phone).into(),
            (&chosen.phone).into(),
            (&chosen.post).into(),
            now.0.into(),
        ],
    )?;
    Ok(())
}

/// The address that a member has chosen for the next order.
pub(crate) fn address_chosen(conn: &mut dyn Conn, user_id: &UserId) -> Result<Option<ReceiveAddress>, Error> {
    let row = conn.query_opt(
        "SELECT prov, city, area, address_code, address, fullname, mobile_phone, phone, post
         FROM address_chosen WHERE user_id = $1",
        &[user_id.as_str().into()],
    )?;
    let Some(row) = row else { return Ok(None) };
    let mut columns = row.reader();
    Ok(Some(ReceiveAddress {
        prov: columns.next()?,
        city: columns.next()?,
        area: columns.next()?,
        address_code: columns.next()?,
        address: columns.next()?,
        fullname: columns.next()?,
        mobile_phone: columns.next()?,
        phone: columns.next()?,
        post: columns.next()?,
    }))
}

/// The order is placed: the next one begins without an address.
pub(crate) fn forget_address(conn: &mut dyn Conn, user_id: &UserId) -> Result<(), Error> {
    conn.execute("DELETE FROM address_chosen WHERE user_id = $1", &[user_id.as_str().into()])?;
    Ok(())
}

/// The order is this member's.
pub(crate) fn own_order(
    conn: &mut dyn Conn,
    out_trade_no: &OutTradeNo,
    user_id: &UserId,
) -> Result<(), Error> {
    conn.execute(
        "INSERT INTO order_member (out_trade_no, user_id) VALUES ($1, $2)",
        &[out_trade_no.as_str().into(), user_id.as_str().into()],
    )?;
    Ok(())
}
