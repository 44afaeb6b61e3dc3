//! What the shop says of one of its orders.

use std::fmt;

use danbao_protocol::money::Fen;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use serde_json::Value;

/// The order's state, as its shop tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) trade_status: Option<TradeStatus>,
    /// `None` if the shop does not keep it.
    pub(crate) refund_status: Option<Option<RefundStatus>>,
    pub(crate) deliveries: i64,
    /// How often the order has moved, if the shop counts it.
    pub(crate) changes: Option<i64>,
    /// What it was paid, if the shop tells.
    pub(crate) paid_total: Option<Fen>,
}

impl Probe {
    /// Reads the JSON; `Err` names the field that cannot be right.
    pub(crate) fn read(body: &[u8]) -> Result<Probe, &'static str> {
        let told: Value = serde_json::from_slice(body).map_err(|_| "JSON")?;
        let status = told.get("status").ok_or("status")?;
        let deliveries = match (told.get("deliveries"), told.get("delivered")) {
            (Some(count), _) => count.as_i64().ok_or("deliveries")?,
            (None, Some(done)) => i64::from(done.as_bool().ok_or("delivered")?),
            (None, None) => return Err("deliveries"),
        };
        let paid_total = match word(&told, "paid_total")? {
            Some(text) => Some(Fen::parse(text).map_err(|_| "paid_total")?),
            None => None,
        };
        Ok(Probe {
            trade_status: known(status, TradeStatus::from_wire).ok_or("status")?,
            refund_status: match told.get("refund_status") {
                Some(status) => Some(known(status, RefundStatus::from_wire).ok_or("refund_status")?),
                None => None,
            },
            deliveries,
            changes: match told.get("times_applied") {
                Some(count) => Some(count.as_i64().ok_or("times_applied")?),
                None => None,
            },
            paid_total,
        })
    }
}

/// In the words of the probe.
impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Probe { trade_status, refund_status, deliveries, changes, paid_total } = self;
        write!(f, "status {}", trade_status.map_or("null", TradeStatus::as_str))?;
        if let Some(refund_status) = refund_status.flatten() {
            write!(f, ", refund_status {}", refund_status.as_str())?;
        }
        write!(f, ", deliveries {deliveries}")?;
        if let Some(changes) = changes {
            write!(f, ", times_applied {changes}")?;
        }
        if let Some(paid_total) = paid_total {
            write!(f, ", paid_total {paid_total}")?;
        }
        Ok(())
    }
}

/// A word of the wire, or nothing; `None` for any other text.
fn known<T>(value: &Value, read: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) if text.is_empty() => Some(None),
        Value::String(text) => read(text).map(Some),
        _ => None,
    }
}

fn word<'v>(told: &'v Value, name: &'static str) -> Result<Option<&'v str>, &'static str> {
    match told.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(name),
    }
}
