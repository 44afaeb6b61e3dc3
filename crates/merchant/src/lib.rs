//! The merchant's kit for the 2011-2012 partner gateway interface.
//!
//! It turns an order into a signed address of the cashier, and a message from the gateway into at most one change of
//! that order. It opens no socket, reads no clock and holds nothing global: requests go out and answers come in as
//! `http` values, time is an argument, and an [`Account`] is a value.
//!
//! # Page one
//!
//! Open the order, then send the buyer away (the whole program is `tests/page_one.rs`):
//!
//! ```ignore
//! let direct = PaymentService::CreateDirectPayByUser;
//! let mut request = account.payment(direct, Charset::Utf8, number, "剪纸书签", amount);
//! request.return_url = Some("http://shop.example/pay/return".into());
//! request.notify_url = Some("http://shop.example/pay/notify".into());
//! inbox::open_order(&mut tx, &OrderFacts::of(&account, &request)?, now)?;
//! let url = account.payment_url(&request)?;                          // redirect the buyer's browser here
//! ```
//!
//! Then, at `notify_url` (and at `return_url` with [`Received::page_return`]; both end in the same inbox):
//!
//! ```ignore
//! inbox::arrive(&mut tx, id, Way::Notify, body, now)?;               // every message is kept, believed or not
//! let signed = Received::notification(content_type, body)?.check_sign(&account)?;
//! let answer = send(signed.question())?;                             // notify_verify, by your own HTTP client
//! let receipt = inbox::receive(&mut tx, id, signed.hear(&answer)?, now)?;
//! if receipt.became_paid { /* deliver or credit: in this same transaction, so exactly once */ }
//! tx.commit()?;
//! receipt.outcome.answer()                                           // exactly `success` or `fail`
//! ```
//!
//! When nobody tells: ask, and put the answer into the same inbox ([`query`]).
//!
//! ```ignore
//! let answer = send(account.query_request(TradeRef::OutTradeNo(number), charset)?)?;
//! if let Queried::Trade(genuine) = account.read_queried(&answer, charset, now)? {
//!     let receipt = inbox::receive_queried(&mut tx, id, genuine, answer.body(), now)?;
//! }
//! ```
//!
//! # What it makes impossible
//!
//! * **Believing a message too early.** [`Received`], [`Signed`] and [`Genuine`] have no readable field; [`Checked`]
//!   comes only from [`Genuine::against`], which compares order, partner, seller and amount ([`message`]).
//! * **Taking "verified" for "paid".** A [`Checked`] message is a claim of a state; [`inbox::verdict`] says what it
//!   means for the order.
//! * **Applying a change twice, or backwards.** The states are ordered; a message that is not ahead of the stored
//!   state is not applied, whatever its number of copies and its time of arrival ([`inbox`]).
//! * **Leaking the key.** No error, no `Debug` and no page shows the key or a signature that would have been right.
//!
//! # Members
//!
//! Buyers sign in at the gateway and come back as somebody ([`login`]), choose an address there, and are found in the
//! merchant's own list of regions ([`region`]). Where a browser may be sent on to, [`targets`] says.
//!
//! # Two accounts, or a new one
//!
//! Hold an [`Account`] for each and choose by the order's own `partner` ([`OrderFacts`]). After a change of contract
//! the old account still takes in the messages of the old orders: give both to [`Received::check_sign_of`].
//!
//! # Features
//!
//! `inbox` (on by default) adds the inbox's tables, over `danbao-store`. Without it the kit is pure values.

pub mod account;
pub mod answer;
pub mod call;
pub mod facts;
pub mod inbox;
pub mod login;
pub mod message;
pub mod payment;
pub mod query;
pub mod refund;
pub mod region;
pub mod rejected;
pub mod targets;

pub use danbao_protocol as protocol;

pub use account::{Account, AccountError};
pub use call::{NoReply, Parcel, read_reply};
pub use facts::OrderFacts;
pub use login::{BuyerSession, CameBy};
pub use message::{Checked, ChosenAddress, Genuine, Login, Received, Signed, Way};
pub use payment::PaymentError;
pub use query::{Queried, Unheard};
pub use refund::CheckedBatch;
pub use rejected::{Check, Rejected};
