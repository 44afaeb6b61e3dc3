//! The services of `gateway.do`, one file each, named as on the wire (protocol.md §3, §7).

pub mod payment;
