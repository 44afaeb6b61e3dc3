//! The merchant's kit as others build it: with each of its features alone, and with none.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::test::{Outcome, REQUIRE_VARIABLE, SERVER_VARIABLE, World, cargo, in_workspace, passed};

const KIT: &str = "danbao-merchant";
/// Where the kit runs in a browser or a worker.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Each feature, and what it must not bring.
const BARRED: &[(&str, &[&str])] = &[
    ("", &["tokio", "hyper", "rustls", "rusqlite", "postgres", "danbao-store", "axum-core"]),
    ("inbox", &["tokio", "hyper", "rustls", "rusqlite", "postgres"]),
    ("sqlite", &["tokio", "hyper", "rustls", "postgres"]),
    ("postgres", &["hyper", "rustls", "rusqlite"]),
    ("client", &["danbao-store", "rusqlite", "postgres"]),
    ("axum", &["tokio", "hyper", "rustls", "danbao-store", "rusqlite", "postgres"]),
];

/// Builds the kit with each feature alone, looks that it brings nothing that belongs to another, and tests it with all.
pub(crate) fn run(world: &mut World) -> Result<()> {
    for (feature, barred) in BARRED {
        let alone = ["-p", KIT, "--no-default-features", "--features", feature];
        let tree = tree(&alone)?;
        if let Some(found) = barred.iter().find(|name| tree.lines().any(|line| line == **name)) {
            bail!("{KIT} with `{feature}` alone depends on {found}");
        }
        cargo(&[&["clippy"][..], &alone, &["--", "-D", "warnings"]].concat())?;
    }
    cargo(&["clippy", "-p", KIT, "--all-features", "--all-targets", "--", "-D", "warnings"])?;
    let url = world.postgres_url()?;
    let mut command = Command::new("cargo");
    in_workspace(&mut command).args(["test", "-p", KIT, "--all-features"]);
    process::run(command.env(SERVER_VARIABLE, url).env(REQUIRE_VARIABLE, "1"))
}

/// The names of everything that the kit is built from.
fn tree(alone: &[&str]) -> Result<String> {
    let mut command = Command::new("cargo");
    in_workspace(&mut command).arg("tree").args(alone);
    command.args(["--edges", "normal,build", "--prefix", "none", "--format", "{lib}"]);
    let listed = command.output()?;
    if !listed.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&listed.stderr));
    }
    let listed = String::from_utf8(listed.stdout).context("cargo tree is not UTF-8")?;
    Ok(listed.replace('_', "-"))
}

/// Whether the compiler can build for [`TARGET`].
pub(crate) fn has_target() -> bool {
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    installed.is_ok_and(|listed| String::from_utf8_lossy(&listed.stdout).lines().any(|line| line == TARGET))
}

/// The kit without I/O in a browser or a worker.
pub(crate) fn wasm() -> Result<Outcome> {
    if !has_target() {
        return Ok(Outcome::NotRun("the target wasm32-unknown-unknown is not installed"));
    }
    for feature in ["", "inbox", "axum"] {
        cargo(&["check", "-p", KIT, "--no-default-features", "--features", feature, "--target", TARGET])?;
    }
    Ok(passed(()))
}
