//! Payments per second: through HTTP at 1, 64 and 256 connections, beside a bare loop over rusqlite that writes the
//! very same rows, all in one run. Only the ratios mean something.
//!
//! One payment is one request to the sandbox's headless buyer: a signed `gateway.do` URL is verified and kept, the
//! trade is created and paid, the notification is owed and the page return signed. `cargo xtask bench` runs this.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::float_arithmetic,
    missing_docs,
    reason = "a measurement is a host: it reads the clock, makes files and prints"
)]

mod bare;
mod load;
mod recorded;
mod subject;

use std::time::Duration;

use subject::Subject;

/// As in the binary, for both sides of the comparison.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each figure is measured.
const MEASURE: Duration = Duration::from_secs(4);
/// What 64 connections must reach of the bare loop in groups of 100.
const FLOOR: f64 = 0.4;

fn main() {
    let purchases = 20_000;
    let statements = recorded::purchases(purchases);
    println!("one payment is {:.1} writing statements", statements.per_purchase());
    let bare_1 = bare::rate(&statements, 1, MEASURE);
    let bare_100 = bare::rate(&statements, 100, MEASURE);
    println!("{:>34} {:>9.0} payments/s", "bare rusqlite, groups of 1", bare_1);
    println!("{:>34} {:>9.0} payments/s", "bare rusqlite, groups of 100", bare_100);
    let mut at_64 = 0.0;
    for connections in [1, 64, 256] {
        let subject = Subject::start();
        let measured = load::run(&subject, connections, MEASURE);
        let name = format!("HTTP, {connections} connections");
        println!(
            "{name:>34} {:>9.0} payments/s   {:.2} of bare at 100   p50 {:.1} ms  p99 {:.1} ms",
            measured.rate,
            measured.rate / bare_100,
            measured.p50.as_secs_f64() * 1e3,
            measured.p99.as_secs_f64() * 1e3,
        );
        if connections == 64 {
            at_64 = measured.rate / bare_100;
        }
        subject.stop();
    }
    if at_64 < FLOOR {
        println!("64 connections reach {at_64:.2} of the bare loop; the floor is {FLOOR}");
        std::process::exit(1);
    }
}
