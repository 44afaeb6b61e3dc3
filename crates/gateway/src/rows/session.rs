//! Who is signed in.

use danbao_node::Fault;
use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) session_id: String,
    pub(crate) user_id: UserId,
    /// A visitor's session opens this trade and nothing else.
    pub(crate) trade_no: Option<TradeNo>,
    pub(crate) expires_at: Timestamp,
}

/// Looks a session up; an expired one is none.
pub(crate) fn load(tx: &mut dyn Conn, session_id: &str, now: Timestamp) -> Result<Option<Session>, Fault> {
    let row = tx.query_opt(
        "SELECT user_id, trade_no, expires_at FROM session WHERE session_id = $1 AND expires_at > $2",
        &[Bind::Text(session_id), Bind::Int(now.0)],
    )?;
    row.map(|row| {
        Ok(Session {
            session_id: session_id.to_owned(),
            user_id: UserId::new(row.get::<String>(0)?),
            trade_no: row.get::<Option<String>>(1)?.map(TradeNo::new),
            expires_at: Timestamp(row.get(2)?),
        })
    })
    .transpose()
}

/// Keeps a new session, and forgets some of those that are over.
pub(crate) fn insert(tx: &mut dyn Conn, session: &Session, now: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM session WHERE session_id IN
             (SELECT session_id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT 100)",
        &[Bind::Int(now.0)],
    )?;
    tx.execute(
        "INSERT INTO session (session_id, user_id, trade_no, expires_at) VALUES ($1, $2, $3, $4)",
        &[
            Bind::Text(&session.session_id),
            Bind::Text(session.user_id.as_str()),
            session.trade_no.as_ref().map(TradeNo::as_str).into(),
            Bind::Int(session.expires_at.0),
        ],
    )?;
    Ok(())
}

/// Puts the end of a session off.
pub(crate) fn extend(tx: &mut dyn Conn, session_id: &str, expires_at: Timestamp) -> Result<(), Fault> {
    tx.execute(
        "UPDATE session SET expires_at = $2 WHERE session_id = $1",
        &[Bind::Text(session_id), Bind::Int(expires_at.0)],
    )?;
    Ok(())
}

/// Signs out.
pub(crate) fn delete(tx: &mut dyn Conn, session_id: &str) -> Result<(), Fault> {
    tx.execute("DELETE FROM session WHERE session_id = $1", &[Bind::Text(session_id)])?;
    Ok(())
}
