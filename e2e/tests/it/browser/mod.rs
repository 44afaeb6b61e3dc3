//! Cashier, desk and shop in a real browser, in both languages, with scripts and without.
//!
//! Pictures of every page that is passed go to `target/e2e-screenshots`, at 1280 and at 390 px, and on a dark screen.

mod axe;
mod driver;
mod escrow_in_chinese;
mod looks;
mod quick_login;
mod readme;
mod signed_urls;
mod steps;
mod visitor_in_english;
