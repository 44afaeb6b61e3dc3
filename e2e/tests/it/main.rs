//! The real binary from the outside: its processes, a client that nobody here wrote, and a browser.
//!
//! What a machine lacks is said and skipped; with `DANBAO_TEST_REQUIRE_E2E=1`, which `cargo xtask test` sets, it is a
//! failure.
#![allow(
    clippy::disallowed_methods,
    reason = "tests of processes: clock, disk, environment and threads are theirs"
)]
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

mod browser;
mod certified_shop;
mod examples;
mod form;
mod installation;
mod merchant;
mod processes;
mod python_client;
mod receiver;
mod requirement;
mod sandbox;
mod wire;
