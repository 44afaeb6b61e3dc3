//! What the shop does with an event: the recipe of docs/exactly-once.md, word for word, on the recipe's own tables.
//!
//! Beside them stands a journal without any key, so that what is taken in twice is there twice for the auditor to see.

use danbao_store::{Conn, Error, Migration, Tx, migrate};
use serde_json::Value;

/// What a shop takes care of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// All that the recipe says.
    All,
    /// Forgets to write down which events it has taken in.
    NoEventRow,
    /// Takes in what is signed by nobody.
    NoSignature,
    /// Writes down the place in the feed before, and in another transaction than, what follows from the events.
    CursorFirst,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "recipe", sql: include_str!("../../../../examples/schema.sql") },
    Migration {
        version: 2,
        name: "shop",
        sql: "CREATE TABLE danbao_cursor (only_row BIGINT PRIMARY KEY, after_id TEXT NOT NULL);
              CREATE TABLE journal (
                  id TEXT NOT NULL, order_no TEXT NOT NULL, out_trade_no TEXT NOT NULL, change BIGINT NOT NULL,
                  kind TEXT NOT NULL, body TEXT NOT NULL);
              CREATE TABLE wish (
                  order_no TEXT PRIMARY KEY, body TEXT NOT NULL, tries BIGINT NOT NULL, due_at BIGINT,
                  payment_url TEXT, refused TEXT);
              CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);",
    },
];

/// Brings the shop's database up to date.
pub(super) fn prepare(conn: &mut dyn Conn) -> Result<(), danbao_store::MigrateError> {
    migrate(conn, MIGRATIONS).map(|_| ())
}

/// Takes an event in, in the caller's transaction; whether it is new. `None`: it has no shape that an event has.
pub(super) fn apply(tx: &mut Tx<'_>, care: Care, event: &Value) -> Result<Option<bool>, Error> {
    let (Some(id), Some(kind)) = (event["id"].as_str(), event["type"].as_str()) else { return Ok(None) };
    let data = &event["data"];
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    if care != Care::NoEventRow {
        let new =
            tx.execute("INSERT INTO danbao_event (id) VALUES ($1) ON CONFLICT DO NOTHING", &[id.into()])?;
        if new == 0 {
            return Ok(Some(false));
        }
    }
    let (order_no, out_trade_no) = (text("order_no"), text("out_trade_no"));
    let change = data["change"].as_i64();
    if let Some(change) = change {
        tx.execute(
            "INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES ($1, $2, $3, $4)
             ON CONFLICT (out_trade_no) DO UPDATE
             SET change = excluded.change, trade_status = excluded.trade_status
             WHERE danbao_trade.change < excluded.change",
            &[out_trade_no.into(), order_no.into(), change.into(), text("trade_status").into()],
        )?;
    }
    if kind == "order.paid" {
        tx.execute(
            "INSERT INTO delivery (order_no, total_fee) VALUES ($1, $2)",
            &[order_no.into(), text("total_fee").into()],
        )?;
    }
    let body = event.to_string();
    tx.execute(
        "INSERT INTO journal (id, order_no, out_trade_no, change, kind, body) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            id.into(),
            order_no.into(),
            out_trade_no.into(),
            change.unwrap_or(0).into(),
            kind.into(),
            body.as_str().into(),
        ],
    )?;
    Ok(Some(true))
}
