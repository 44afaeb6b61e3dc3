//! The command `danbao`.

fn main() {}
