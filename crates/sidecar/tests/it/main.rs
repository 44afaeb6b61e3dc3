//! The sidecar as a node, driven without sockets on both databases.
#![expect(clippy::unwrap_used, reason = "a test")]

mod buyers;
mod changed_settings;
mod counts;
mod crash;
mod deliveries;
mod events;
mod forgetting;
mod instances;
mod messages;
mod openapi;
mod orders;
mod payment_deaths;
mod polling;
mod refund_deaths;
mod refunds;
mod refusal_deaths;
mod refusals;
mod restored;
mod rivals;
mod settling;
mod town;
mod visit_deaths;
mod webhooks;
mod world;
