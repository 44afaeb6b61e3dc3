//! The merchant's kit as a service beside a shop in any language.
//!
//! It is a [`Node`](danbao_merchant::protocol::node::Node): it takes requests and answers as values and opens no
//! socket. All that it knows of the gateway's protocol it knows from the kit, `danbao-merchant`.
//!
//! | address | who calls | what |
//! |---|---|---|
//! | `/v1/...` | the shop, with a bearer token | REST, described by `/v1/openapi.json` |
//! | `GET /pay/return` | the buyer's browser | `return_url`: is sent on to the shop's page with a signed result |
//! | `POST /pay/notify` | the gateway | `notify_url`: answered by exactly `success` or `fail` |
//! | `POST /pay/refund_notify` | the gateway | tells what came of a batch of refunds; answered likewise |
//! | `POST /pay/error_notify` | the gateway | tells of a refused payment request; answered likewise |
//! | `GET /pay/login`, `POST /pay/address` | the buyer's browser | comes back from signing in, or with an address |
//! | `/readyz`, `/healthz` | watchdogs | `ok` after a transaction of the database; `/livez` is the host's |
//! | `/metrics` | the host, for whoever watches | what was counted, and how things stand |
//!
//! What the shop hears of is an *event*, written in the transaction of the change. The shop reads events from the feed,
//! `GET /v1/events?after=`, or is told by Standard Webhooks 1.0, or both; ids are the same, so whatever comes twice is
//! recognised.
//!
//! A trade that should have moved and of which nobody has told is asked after (`single_trade_query`).

mod belief;
mod config;
mod counts;
mod deliveries;
mod events;
mod forgetting;
mod idempotency;
mod incoming;
mod messages;
mod orders;
mod payment_requests;
mod polling;
mod problem;
mod refunds;
mod refusals;
mod router;
mod rows;
mod settling;
mod sidecar;
mod signing;
mod stuck;
mod terms;
mod turn;
mod visits;
mod web;
mod webhooks;

pub use config::{Accounts, Config, ConfigError, Secret, Webhook};
pub use sidecar::{OpenError, Sidecar};
