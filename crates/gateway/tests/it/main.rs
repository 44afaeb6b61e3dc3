//! The gateway from outside: scenarios driven through `step` with values, on SQLite and on PostgreSQL, whose databases
//! must hold the same at the end.

mod browser;
mod cashier;
mod desk;
mod order;
mod purchases;
mod world;
