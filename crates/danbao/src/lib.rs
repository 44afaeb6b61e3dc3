//! The one binary of Danbao, as a library so that tests and benches can host nodes themselves.

pub mod commands;
pub mod config;
pub mod host;
pub mod installation;
pub mod merchant;
