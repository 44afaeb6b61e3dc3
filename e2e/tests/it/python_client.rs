//! A client library that nobody here wrote, the Python package `alipay` 0.7.4, buys from our gateway and believes what
//! it is told. The purchases themselves are in `e2e/python/purchases.py`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::installation::Home;
use crate::requirement;

/// The Python that `cargo xtask setup` made for this package.
fn python() -> Option<PathBuf> {
    let python = requirement::target().join("e2e-python/bin/python");
    let has_package = Command::new(&python)
        .args(["-c", "import alipay"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    has_package.then_some(python)
}

#[test]
fn an_old_client_library_buys_in_all_ways_and_verifies_every_message() {
    let Some(python) = requirement::need(python(), "the Python package alipay") else { return };
    let home = Home::new();
    let danbao = home.start();
    let mut command = Command::new(python);
    command.arg(requirement::workspace().join("e2e/python/purchases.py"));
    // The addresses are ours and not for a proxy to carry.
    command.arg(home.ready_file()).env("NO_PROXY", "*").env("PYTHONDONTWRITEBYTECODE", "1");
    let done = command.stdin(Stdio::null()).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{error}\n{}", home.log());
    eprint!("{out}");
    drop(danbao);
}
