//! Tests of the real binary from outside: what they need, and how they are run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::test::{self, World};

/// Tests of this package then fail for what they lack, instead of being skipped.
const REQUIRE_VARIABLE: &str = "DANBAO_TEST_REQUIRE_E2E";
/// The binary under test.
const BINARY_VARIABLE: &str = "DANBAO_E2E_BINARY";
const REQUIREMENTS: &str = "e2e/python/requirements.txt";

/// Runs the tests of one area against the binary as it is in the source now.
pub(crate) fn run(world: &mut World, area: &str) -> Result<()> {
    let url = world.postgres_url()?;
    let binary = build()?;
    let mut command = Command::new("cargo");
    test::in_workspace(&mut command).args(["test", "--package", "danbao-e2e", "--", area]);
    command.env(BINARY_VARIABLE, binary).env(REQUIRE_VARIABLE, "1");
    process::run(command.env(test::SERVER_VARIABLE, url).env(test::REQUIRE_VARIABLE, "1"))
}

/// Takes the pictures of the README again.
pub(crate) fn screenshots() -> Result<()> {
    let binary = build()?;
    let mut command = Command::new("cargo");
    test::in_workspace(&mut command).args(["test", "--package", "danbao-e2e", "--", "--ignored", "readme::"]);
    process::run(command.env(BINARY_VARIABLE, binary).env(REQUIRE_VARIABLE, "1"))
}

fn build() -> Result<PathBuf> {
    test::cargo(&["build", "--package", "danbao"])?;
    Ok(target()?.join("debug/danbao"))
}

/// The directory of builds, wherever the environment puts it: two levels above our own executable.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell where we are")?;
    own.ancestors().nth(2).map(Path::to_owned).context("the directory of builds is nowhere")
}

/// Makes the Python environment with the client library, if it is not there or not in the versions asked for.
pub(crate) fn make_python() -> Result<()> {
    let home = target()?.join("e2e-python");
    let python = home.join("bin/python");
    let wanted = workspace().join(REQUIREMENTS);
    let made = home.join("requirements.txt");
    let wanted_text =
        std::fs::read_to_string(&wanted).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let is_made = std::fs::read_to_string(&made).is_ok_and(|text| text == wanted_text);
    if is_made && process::succeeds(&python, &["-c", "import alipay"]) {
        return Ok(());
    }
    println!("installing {REQUIREMENTS} into {}", home.display());
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(&wanted);
    process::run(&mut pip).context("this needs the network once")?;
    std::fs::write(&made, wanted_text).with_context(|| format!("cannot write {}", made.display()))
}

/// The packages of the examples for Node and of the tests in a browser, each with its exact version.
const NODE_PACKAGES: [&str; 2] = ["pg@8.23.1", "axe-core@4.14.1"];

/// Installs the packages that come by npm, if they are not there or not in the versions asked for.
pub(crate) fn make_node() -> Result<()> {
    let home = target()?.join("e2e-node");
    let made = home.join("packages.txt");
    let wanted = NODE_PACKAGES.join("\n");
    if std::fs::read_to_string(&made).is_ok_and(|text| text == wanted) {
        return Ok(());
    }
    println!("installing {} into {}", NODE_PACKAGES.join(" "), home.display());
    std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&home);
    process::run(npm.args(NODE_PACKAGES)).context("this needs the network once")?;
    std::fs::write(&made, wanted).with_context(|| format!("cannot write {}", made.display()))
}

/// Whether a browser has glyphs for Chinese; without them pages work, and pictures show boxes.
pub(crate) fn has_chinese_font() -> bool {
    const OF_THE_PACKAGE: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";
    let list = Command::new("fc-list").args([":lang=zh-cn", "family"]).output();
    list.is_ok_and(|list| !list.stdout.is_empty()) || Path::new(OF_THE_PACKAGE).exists()
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
