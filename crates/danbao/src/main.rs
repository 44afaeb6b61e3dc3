//! The command `danbao`.

use std::process::ExitCode;

fn main() -> ExitCode {
    danbao::commands::run()
}
