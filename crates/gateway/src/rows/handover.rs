//! Browsers that merchants have sent here for a login or an address.

use danbao_node::Fault;
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

/// A browser on its way back to a merchant.
#[derive(Debug, Clone)]
pub(crate) struct StoredHandover {
    /// The unguessable part of its pages' address.
    pub(crate) handover_id: String,
    /// The request, as it was verified.
    pub(crate) params: Params,
    /// The secret of the browser that may go on; `None` before any has come.
    pub(crate) browser: Option<String>,
}

/// Keeps a request, and forgets some of those that are too old to be answered.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    handover_id: &str,
    params: &Params,
    forget_before: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "DELETE FROM handover WHERE handover_id IN
             (SELECT handover_id FROM handover WHERE received_at < $1 ORDER BY received_at LIMIT 100)",
        &[Bind::Int(forget_before.0)],
    )?;
    tx.execute(
        "INSERT INTO handover (handover_id, params, browser, received_at) VALUES ($1, $2, NULL, $3)",
        &[Bind::Text(handover_id), Bind::Bytes(params.to_urlencoded().as_bytes()), Bind::Int(now.0)],
    )?;
    Ok(())
}

/// Looks a request up that is not older than `not_before`.
pub(crate) fn load(
    tx: &mut dyn Conn,
    handover_id: &str,
    not_before: Timestamp,
) -> Result<Option<StoredHandover>, Fault> {
    let row = tx.query_opt(
        "SELECT params, browser FROM handover WHERE handover_id = $1 AND received_at >= $2",
        &[Bind::Text(handover_id), Bind::Int(not_before.0)],
    )?;
    row.map(|row| {
        let params = Params::parse_urlencoded(&row.get::<Vec<u8>>(0)?)
            .map_err(|error| Fault::invariant(format!("a stored handover does not parse: {error}")))?;
        Ok(StoredHandover { handover_id: handover_id.to_owned(), params, browser: row.get(1)? })
    })
    .transpose()
}

/// Ties a request to the browser that has come with it; `false` if another was first.
pub(crate) fn claim(tx: &mut dyn Conn, handover_id: &str, browser: &str) -> Result<bool, Fault> {
    let claimed = tx.execute(
        "UPDATE handover SET browser = $2 WHERE handover_id = $1 AND browser IS NULL",
        &[Bind::Text(handover_id), Bind::Text(browser)],
    )?;
    Ok(claimed == 1)
}

/// Forgets a request.
pub(crate) fn delete(tx: &mut dyn Conn, handover_id: &str) -> Result<(), Fault> {
    tx.execute("DELETE FROM handover WHERE handover_id = $1", &[Bind::Text(handover_id)])?;
    Ok(())
}
