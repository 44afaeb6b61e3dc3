//! Members: the integration rules of the quick-login tutorial (tables 4 and 5), each a test by its name; what tries to break
//! them; and the payment that needs no order.
#![expect(clippy::unwrap_used, reason = "a test")]

mod browser_safety;
mod direct_payment;
mod hostile;
mod table_4;
mod table_5_etao;
mod town;
