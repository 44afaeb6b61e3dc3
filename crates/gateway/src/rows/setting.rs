//! Settings that belong to the database and not to the process.

use danbao_node::Fault;
use danbao_store::{Bind, Conn};

/// Reads a setting.
pub(crate) fn load(tx: &mut dyn Conn, name: &str) -> Result<Option<String>, Fault> {
    let row = tx.query_opt("SELECT value FROM setting WHERE name = $1", &[Bind::Text(name)])?;
    Ok(row.map(|row| row.get(0)).transpose()?)
}

/// Writes a setting.
pub(crate) fn save(tx: &mut dyn Conn, name: &str, value: &str) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[Bind::Text(name), Bind::Text(value)],
    )?;
    Ok(())
}

/// How far the sandbox's clock is ahead of the host's, in milliseconds.
pub(crate) fn clock_offset_ms(tx: &mut dyn Conn) -> Result<i64, Fault> {
    Ok(load(tx, CLOCK_OFFSET_MS)?.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// The setting that holds the sandbox's clock offset.
pub(crate) const CLOCK_OFFSET_MS: &str = "clock_offset_ms";
/// The setting that holds the sandbox API's bearer token.
pub(crate) const SANDBOX_TOKEN: &str = "sandbox_token";
