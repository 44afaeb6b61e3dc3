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
    /// Lets somebody in who brings a result, whoever was sent for it.
    NoState,
    /// Passes over money that came a second time.
    NoSecondMoney,
    /// Keeps its place in the feed though the sidecar does not know it any more.
    KeepsPlace,
    /// Reads from the beginning, and holds the changes against those of the history that is lost.
    KeepsChanges,
    /// Packs what was paid whenever it is told so, though the history may be another.
    NoOrderKey,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "recipe", sql: include_str!("../../../../examples/schema.sql") },
    Migration {
        version: 2,
        name: "shop",
        // The orders are without the recipe's key, so that what the key would hide is seen.
        sql: "DROP TABLE delivery;
              CREATE TABLE delivery (order_no TEXT NOT NULL, total_fee TEXT NOT NULL);
              CREATE TABLE danbao_cursor (only_row BIGINT PRIMARY KEY, after_id TEXT NOT NULL);
              CREATE TABLE journal (
                  id TEXT NOT NULL, order_no TEXT NOT NULL, out_trade_no TEXT NOT NULL, change BIGINT NOT NULL,
                  kind TEXT NOT NULL, body TEXT NOT NULL);
              CREATE TABLE second_money (order_no TEXT NOT NULL, total_fee TEXT NOT NULL);
              CREATE TABLE money_back (
                  batch_no TEXT NOT NULL, out_trade_no TEXT NOT NULL, amount TEXT NOT NULL, error_code TEXT NOT NULL);
              CREATE TABLE wish (
                  key TEXT PRIMARY KEY, kind TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL,
                  tries BIGINT NOT NULL, asked_at BIGINT NOT NULL, due_at BIGINT, status BIGINT, answer TEXT,
                  answered_at BIGINT);
              CREATE TABLE visitor (
                  sid TEXT PRIMARY KEY, login_state TEXT, address_state TEXT, user_id TEXT);
              CREATE TABLE sign_in (sid TEXT NOT NULL, user_id TEXT NOT NULL, login_id TEXT);
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
    act(tx, care, kind, data)?;
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

/// The third step: what the shop does because of an event, as rows.
fn act(tx: &mut Tx<'_>, care: Care, kind: &str, data: &Value) -> Result<(), Error> {
    let text = |name: &str| data[name].as_str().unwrap_or_default();
    let paid = [text("order_no").into(), text("total_fee").into()];
    match kind {
        "order.paid" => {
            let packed = "SELECT order_no FROM delivery WHERE order_no = $1";
            if care == Care::NoOrderKey || tx.query_opt(packed, &paid[..1])?.is_none() {
                tx.execute("INSERT INTO delivery (order_no, total_fee) VALUES ($1, $2)", &paid)?;
            }
        }
        "order.paid_again" if care != Care::NoSecondMoney => {
            tx.execute("INSERT INTO second_money (order_no, total_fee) VALUES ($1, $2)", &paid)?;
        }
        "refund.succeeded" | "refund.failed" => {
            tx.execute(
                "INSERT INTO money_back (batch_no, out_trade_no, amount, error_code) VALUES ($1, $2, $3, $4)",
                &[
                    text("batch_no").into(),
                    text("out_trade_no").into(),
                    text("amount").into(),
                    text("error_code").into(),
                ],
            )?;
        }
        _ => {}
    }
    Ok(())
}

/// The sidecar's history is another one now: what it says of a trade is newer than all that was heard, whatever its
/// number.
pub(super) fn forget_changes(conn: &mut dyn Conn, care: Care) -> Result<(), Error> {
    if care != Care::KeepsChanges {
        conn.execute("UPDATE danbao_trade SET change = 0", &[])?;
    }
    Ok(())
}
