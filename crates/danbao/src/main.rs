//! The command `danbao`.

use std::process::ExitCode;

/// Gives memory back: a password hash takes 7 MiB for a moment, and the system's allocator keeps several such blocks
/// for good once they have been freed (73 MiB idle after a first start, instead of 45).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    danbao::commands::run()
}
