//! `cargo xtask test`: every check there is, in order, stopping at the first that fails.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::postgres::PrivatePostgres;
use crate::{e2e, kit, process, setup, tidy};

/// How a test learns of the server; see `danbao_store::testing`.
pub(crate) const SERVER_VARIABLE: &str = "DANBAO_TEST_POSTGRES";
pub(crate) const REQUIRE_VARIABLE: &str = "DANBAO_TEST_REQUIRE_POSTGRES";

/// What the steps share.
#[derive(Debug, Default)]
pub(crate) struct World {
    postgres: Option<PrivatePostgres>,
}

impl World {
    /// The URL of the private PostgreSQL, which is started when it is first asked for.
    pub(crate) fn postgres_url(&mut self) -> Result<String> {
        let server = match self.postgres.take() {
            Some(server) => server,
            None => PrivatePostgres::start()?,
        };
        Ok(self.postgres.insert(server).url("postgres"))
    }
}

/// What came of a step that did not fail.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It has been run and is good.
    Passed,
    /// It could not be run here; said again at the end.
    NotRun(&'static str),
}

/// One step: its name, and what it does.
type Step = (&'static str, fn(&mut World) -> Result<Outcome>);

const STEPS: &[Step] = &[
    ("setup", |_| setup::run().map(passed)),
    ("fmt", |_| cargo(&["fmt", "--all", "--check"]).map(passed)),
    ("clippy", |_| cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).map(passed)),
    ("tidy", |_| tidy::run().map(passed)),
    ("deny", |_| deny()),
    ("advisories", |_| advisories()),
    ("kit", |world| kit::run(world).map(passed)),
    ("wasm", |_| kit::wasm()),
    ("test", |world| workspace_tests(world).map(passed)),
    ("e2e", |world| e2e::run(world, "processes::").map(passed)),
    ("python-client", |world| e2e::run(world, "python_client::").map(passed)),
    ("examples", |world| e2e::run(world, "examples::").map(passed)),
    ("browser", |world| e2e::run(world, "browser::").map(passed)),
];

/// Runs all steps, or those named alone.
pub(crate) fn run(only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|(step, _)| step != name)) {
        let steps: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no step `{unknown}`; there are {}", steps.join(", "));
    }
    let started = Instant::now();
    let mut world = World::default();
    let mut not_run = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|o| o == name)) {
        process::check_interrupt()?;
        println!("==> {name}");
        let since = Instant::now();
        match step(&mut world)
            .with_context(|| format!("step `{name}` FAILED after {:.1?}", since.elapsed()))?
        {
            Outcome::Passed => println!("<== {name} passed in {:.1?}", since.elapsed()),
            Outcome::NotRun(why) => {
                println!("<== {name} NOT RUN: {why}");
                not_run.push(format!("{name} ({why})"));
            }
        }
    }
    println!("all passed in {:.1?}", started.elapsed());
    if !not_run.is_empty() {
        println!("not run: {}", not_run.join("; "));
    }
    Ok(())
}

pub(crate) fn passed((): ()) -> Outcome {
    Outcome::Passed
}

pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    process::run(in_workspace(&mut Command::new("cargo")).args(arguments))
}

/// The release that `deny.toml` was written for.
const DENY_VERSION: &str = "0.20.2";
/// Where it is built if the machine has none; minutes, once.
const DENY_ROOT: &str = "target/tools";

/// Licences, sources and doubled dependencies.
fn deny() -> Result<Outcome> {
    let check = ["--all-features", "check", "bans", "licenses", "sources"];
    process::run(in_workspace(&mut Command::new(cargo_deny()?)).args(check)).map(passed)
}

/// Known faults of dependencies, from a database that comes over the network.
fn advisories() -> Result<Outcome> {
    let program = cargo_deny()?;
    let fetched =
        in_workspace(&mut Command::new(&program)).args(["--all-features", "fetch", "db"]).output()?;
    if !fetched.status.success() {
        return Ok(Outcome::NotRun("the advisory database cannot be fetched from here"));
    }
    process::run(in_workspace(&mut Command::new(program)).args(["--all-features", "check", "advisories"]))
        .map(passed)
}

/// The program, built if this machine has none.
fn cargo_deny() -> Result<String> {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tools/bin/cargo-deny");
    let program = if process::succeeds("cargo-deny", &["--version"]) { "cargo-deny" } else { built };
    if !process::succeeds(program, &["--version"]) {
        println!("    cargo-deny is not here and is built now, which takes minutes once");
        cargo(&[
            "install",
            "--quiet",
            "--locked",
            "cargo-deny",
            "--version",
            DENY_VERSION,
            "--root",
            DENY_ROOT,
        ])?;
    }
    Ok(program.to_owned())
}

fn workspace_tests(world: &mut World) -> Result<()> {
    let url = world.postgres_url()?;
    let mut command = Command::new("cargo");
    in_workspace(&mut command).args(["test", "--workspace", "--exclude", "danbao-e2e"]);
    process::run(command.env(SERVER_VARIABLE, url).env(REQUIRE_VARIABLE, "1"))
}

/// At the root of the workspace, wherever we were called.
pub(crate) fn in_workspace(command: &mut Command) -> &mut Command {
    command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
