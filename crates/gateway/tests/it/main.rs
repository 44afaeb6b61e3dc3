//! The gateway from outside: scenarios driven through `step` with values, on SQLite and on PostgreSQL, whose databases
//! must hold the same at the end.
#![allow(clippy::unwrap_used, reason = "a test")]

mod accounts;
mod address_query;
mod addresses_of_forms;
mod browser;
mod cashier;
mod deadlines;
mod desk;
mod error_codes;
mod error_notices;
mod etao;
mod evidence;
mod faults;
mod forgetting;
mod gbk;
mod groups;
mod hostile;
mod interfaces;
mod keys;
mod lives;
mod login;
mod nodes;
mod notifications;
mod openapi;
mod order;
mod purchases;
mod refund_batches;
mod refund_slices;
mod refunds;
mod refusals;
mod setbacks;
mod terms;
mod triggers;
mod web_safety;
mod world;
