//! The chores of this workspace: `cargo xtask setup`, `postgres`, `regions`, `test`, `bench`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a host: it has the clock, the disk, the terminal and threads"
)]

mod bench;
mod e2e;
mod kit;
mod postgres;
mod process;
mod regions;
mod rings;
mod setup;
mod test;
mod tidy;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Parser;

use crate::postgres::PrivatePostgres;

/// Chores of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Installs what the tests need and this machine lacks (Debian, as root or with sudo).
    Setup,
    /// Runs a private PostgreSQL until Ctrl-C, or as long as a command runs that finds its URL in DANBAO_TEST_POSTGRES.
    Postgres {
        /// The command, as in `cargo xtask postgres -- cargo test -p danbao-store`.
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Measures payments and verifications beside their limits, in a release build on a quiet machine.
    Bench,
    /// Writes the list of regions again, from the `dist` folder of an unpacked `china-division` package.
    Regions {
        /// The folder with `provinces.csv`, `cities.csv` and `areas.csv`.
        dist: PathBuf,
    },
    /// Takes the pictures of the README again, into docs/images.
    Screenshots,
    /// Runs all checks and tests, in order, up to the first that fails.
    Test {
        /// Runs these steps alone.
        #[arg(long, value_name = "STEP", num_args = 1..)]
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    let done = process::listen().and_then(|()| match Chore::parse() {
        Chore::Bench => bench::run(),
        Chore::Setup => setup::run(),
        Chore::Postgres { command } => run_postgres(&command),
        Chore::Regions { dist } => regions::run(&dist),
        Chore::Screenshots => e2e::screenshots(),
        Chore::Test { only } => test::run(&only),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_postgres(command: &[String]) -> Result<()> {
    let server = PrivatePostgres::start()?;
    let url = server.url("postgres");
    if let Some((program, arguments)) = command.split_first() {
        return process::run(Command::new(program).args(arguments).env(test::SERVER_VARIABLE, url));
    }
    println!("{}='{url}'", test::SERVER_VARIABLE);
    println!("Ctrl-C ends it and removes its data.");
    process::wait_for_interrupt();
    Ok(())
}
