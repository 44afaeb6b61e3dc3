//! `cargo xtask bench`: ratios against a limit measured in the same run, each with its floor. Not a test: a busy machine
//! may fail it.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::test::in_workspace;

/// What verifying a notification of 1 KB may cost, in MD5 sums of the same bytes.
const VERIFY_RATIO_MAX: f64 = 2.6;

/// Measures, prints, and fails below a floor.
pub(crate) fn run() -> Result<()> {
    println!("==> verifying a notification, beside MD5 of the bytes that are signed");
    let ratio = verify_ratio()?;
    println!("    {ratio:.2} times MD5; at most {VERIFY_RATIO_MAX}");
    println!("==> explaining a wrong signature");
    process::run(in_workspace(&mut Command::new("cargo")).args([
        "bench",
        "-p",
        "danbao-explain",
        "--bench",
        "explain",
    ]))?;
    println!("==> payments through HTTP, beside a bare loop over rusqlite that writes the same rows");
    process::run(
        in_workspace(&mut Command::new("cargo")).args(["bench", "-p", "danbao", "--bench", "payments"]),
    )?;
    if ratio > VERIFY_RATIO_MAX {
        bail!("verifying costs {ratio:.2} times MD5");
    }
    Ok(())
}

fn verify_ratio() -> Result<f64> {
    let arguments = ["run", "--quiet", "--release", "-p", "danbao-protocol", "--example", "verify_ratio"];
    let output = in_workspace(&mut Command::new("cargo")).args(arguments).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, rest) = text.rsplit_once("\"ratio\":").context("the example printed no ratio")?;
    let ratio = rest.split([',', '}']).next().unwrap_or_default().trim();
    ratio.parse().with_context(|| format!("unreadable ratio in {text}"))
}
