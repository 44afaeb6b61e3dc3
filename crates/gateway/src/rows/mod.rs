//! All SQL of the gateway. Everything about a trade is written by [`apply::apply`] and nowhere else.

pub(crate) mod account;
pub(crate) mod address;
pub(crate) mod age;
pub(crate) mod anti_phishing;
pub(crate) mod apply;
pub(crate) mod contract;
pub(crate) mod deadline;
pub(crate) mod fault_plan;
pub(crate) mod handover;
pub(crate) mod key;
pub(crate) mod login;
pub(crate) mod notice;
pub(crate) mod page_return;
pub(crate) mod partner;
pub(crate) mod payment_request;
pub(crate) mod planned_refusal;
pub(crate) mod refund_batch;
pub(crate) mod resend;
pub(crate) mod sequence;
pub(crate) mod session;
pub(crate) mod setting;
pub(crate) mod token;
pub(crate) mod trade;
pub(crate) mod users;

use danbao_node::Fault;
use danbao_store::Migration;

/// The shape of the database, step by step.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "trading", sql: include_str!("../../migrations/0001_trading.sql") },
    Migration { version: 2, name: "keys", sql: include_str!("../../migrations/0002_keys.sql") },
    Migration { version: 3, name: "letters", sql: include_str!("../../migrations/0003_letters.sql") },
    Migration { version: 4, name: "rules", sql: include_str!("../../migrations/0004_rules.sql") },
    Migration {
        version: 5,
        name: "contract_rules",
        sql: include_str!("../../migrations/0005_contract_rules.sql"),
    },
    Migration { version: 6, name: "login", sql: include_str!("../../migrations/0006_login.sql") },
    Migration {
        version: 7,
        name: "refund_batches",
        sql: include_str!("../../migrations/0007_refund_batches.sql"),
    },
    Migration { version: 8, name: "faults", sql: include_str!("../../migrations/0008_faults.sql") },
    Migration { version: 9, name: "ages", sql: include_str!("../../migrations/0009_ages.sql") },
];

/// Reads a word that we wrote ourselves; anything else means that the database was tampered with.
pub(crate) fn word<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
    read(text).ok_or_else(|| Fault::invariant(format!("the database holds the unknown word {text:?}")))
}
