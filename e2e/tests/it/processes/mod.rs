//! Processes: what survives their deaths, what they make of rude peers, how much they need.

mod deaths;
mod ends;
mod memory;
mod notify_verify;
mod rude_peers;
