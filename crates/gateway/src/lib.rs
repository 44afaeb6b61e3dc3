//! The payment gateway: accounts, cashier, escrow, notifications, desks. Ring 1: one thread, storage only through a
//! connection that it is given, HTTP as values, time as an argument, randomness from a seed.

mod accounts;
mod address_book;
mod cashier;
mod clockwork;
pub mod config;
mod credentials;
mod deed;
mod delivery;
mod desk;
mod fault_plan;
mod forgetting;
mod gateway;
pub mod keys;
mod login;
mod message;
mod numbers;
mod on_its_way;
pub mod pages;
pub mod password;
mod refunds;
mod resends;
mod router;
mod rows;
mod sandbox;
mod services;
mod setbacks;
mod turn;
mod visit;
mod web;

pub use config::Config;
pub use danbao_node::Fault;
pub use gateway::{Gateway, OpenError};
pub use rows::MIGRATIONS;
pub use sandbox::demo::{DemoBuyer, DemoPartner, DemoWorld};
pub use sandbox::stored_token;
