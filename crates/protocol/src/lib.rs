//! The wire of the 2011-2012 partner gateway interface, both sides of it. Ring 0: no I/O, no clock, no randomness.
//!
//! One message on its way in: bytes become [`params`], whose signature is checked by [`sign`] before anything else is
//! believed; their [`charset`] makes them text; and [`service`] (requests), [`notify`] and [`page_return`] (messages
//! about a trade), [`login_return`] and [`address_post`] (messages about a buyer) or [`reply`] (XML answers) give the text its types, or an [`error_code`].
//!
//! Facts of the interface are cited as "protocol.md §n".

pub mod address_post;
pub mod batch_refund_notify;
pub mod charset;
pub mod error_code;
pub mod ids;
pub mod login_return;
mod message;
pub mod money;
pub mod node;
pub mod notify;
pub mod page_return;
pub mod params;
pub mod reply;
pub mod reported;
pub mod service;
pub mod sign;
pub mod status;
pub mod time;
pub mod trade_message;
