//! What the tests need beyond Rust, installed on Debian if it is missing.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{e2e, kit, postgres, process};

/// Something that a test runs.
struct Need {
    /// Debian's package.
    package: &'static str,
    /// What needs it.
    purpose: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        package: "postgresql",
        purpose: "the tests of the second database",
        is_there: || postgres::find_programs().is_some(),
    },
    Need {
        package: "chromium",
        purpose: "the tests of cashier and shop in a browser",
        is_there: || {
            ["chromium", "chromium-browser", "google-chrome"]
                .iter()
                .any(|browser| process::succeeds(browser, &["--version"]))
        },
    },
    Need {
        package: "chromium-driver",
        purpose: "the same",
        is_there: || process::succeeds("chromedriver", &["--version"]),
    },
    Need {
        package: "fonts-noto-cjk",
        purpose: "screenshots with Chinese in them",
        is_there: e2e::has_chinese_font,
    },
    Need {
        package: "python3-venv",
        purpose: "the tests with a client that nobody here wrote",
        is_there: || process::succeeds("python3", &["-c", "import venv, ensurepip"]),
    },
    Need {
        package: "python3-pip",
        purpose: "the same",
        is_there: || process::succeeds("python3", &["-m", "pip", "--version"]),
    },
    Need {
        package: "php-cli",
        purpose: "the examples for a shop in PHP",
        is_there: || process::succeeds("php", &["--version"]),
    },
    Need {
        package: "php-sqlite3",
        purpose: "the same",
        is_there: || process::succeeds("php", &["-r", "exit(extension_loaded('pdo_sqlite') ? 0 : 1);"]),
    },
    Need {
        package: "default-jdk-headless",
        purpose: "the examples for a shop in Java",
        is_there: || process::succeeds("javac", &["-version"]),
    },
    Need {
        package: "libxerial-sqlite-jdbc-java",
        purpose: "the same",
        is_there: || std::path::Path::new("/usr/share/java/sqlite-jdbc.jar").exists(),
    },
    Need {
        package: "libgoogle-gson-java",
        purpose: "the same",
        is_there: || std::path::Path::new("/usr/share/java/gson.jar").exists(),
    },
    Need {
        package: "nodejs",
        purpose: "the examples for a shop in Node",
        is_there: || process::succeeds("node", &["--version"]),
    },
    Need { package: "npm", purpose: "the same", is_there: || process::succeeds("npm", &["--version"]) },
];

/// Installs what is missing, and says so before it does.
pub(crate) fn run() -> Result<()> {
    packages()?;
    compiler_target();
    e2e::make_python()?;
    e2e::make_node()
}

/// Adds the kit's second target. Where it cannot be fetched, the step that needs it says so, because a network without
/// it is no fault of the code.
fn compiler_target() {
    if kit::has_target() {
        return;
    }
    println!("missing: {}, for the kit in a browser or a worker", kit::TARGET);
    if !process::succeeds("rustup", &["target", "add", kit::TARGET]) {
        println!("it cannot be installed here: without rustup, or without its server");
    }
}

fn packages() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        println!("no package is missing");
        return Ok(());
    }
    for need in &missing {
        println!("missing: {}, for {}", need.package, need.purpose);
    }
    apt_get(&["update", "--quiet"])?;
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|need| need.package));
    apt_get(&arguments)?;
    match missing.iter().find(|need| !(need.is_there)()) {
        None => Ok(()),
        Some(need) => anyhow::bail!("{} was installed, but does not work", need.package),
    }
}

/// Runs `apt-get`, as root or through `sudo`.
fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("env");
    if !postgres::is_root()? {
        // Without the terminal there is nobody to type a password.
        command = Command::new("sudo");
        command.args(["--non-interactive", "env"]);
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    println!("running: apt-get {}", arguments.join(" "));
    process::run(&mut command).context(
        "this needs Debian, and root or a fresh `sudo -v`; else install what is missing by other means",
    )
}
