//! What the machine must have, and where it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Set to `1`, a test that lacks something fails instead of being skipped.
const REQUIRE_VARIABLE: &str = "DANBAO_TEST_REQUIRE_E2E";
/// The binary under test; unset, it is built.
const BINARY_VARIABLE: &str = "DANBAO_E2E_BINARY";

/// Passes on what was found; else says that the test is skipped, or fails if it must not be.
pub(crate) fn need<T>(found: Option<T>, what: &str) -> Option<T> {
    if found.is_none() {
        let is_required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
        assert!(!is_required, "{what} is missing: run `cargo xtask setup`");
        eprintln!("skipped: {what} is missing; `cargo xtask setup` installs it");
    }
    found
}

/// `danbao`, as it is in the source now: a binary left over from yesterday would prove nothing.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os(BINARY_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => build(),
    })
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "danbao", "--bin", "danbao", "--message-format", "json"]);
    // What cargo tells a test about the test would make the build scripts of some crates run again.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    let built = command.current_dir(workspace()).stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "danbao does not build");
    let messages = String::from_utf8(built.stdout).unwrap();
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?)))
        .next_back();
    executable.unwrap()
}

/// The root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where builds and what tests leave behind are: the directory of this test's own executable, two levels up.
pub(crate) fn target() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(3).unwrap().to_owned()
}

/// The first of these programs that the path has.
pub(crate) fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
    })
}
