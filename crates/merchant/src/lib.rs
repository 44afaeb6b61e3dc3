//! The merchant's kit for the 2011-2012 partner gateway interface.
//!
//! It turns an order into a signed address of the cashier, and a message from the gateway into at most one change of
//! that order. It opens no socket, reads no clock and holds nothing global: requests go out and answers come in as
//! `http` values, time is an argument, and an [`Account`] is a value.
//!
//! # Page one
//!
//! Whole shops are in `examples/`: `plain_http.rs` for any server, `axum_shop.rs` for axum, `several_accounts.rs` for a
//! change of keys and two contracts. In short, with any HTTP client as `send`:
//!
//! ```
//! use danbao_merchant::{
//!     Account, Amount, Charset, Fen, Md5Key, OrderFacts, OutTradeNo, PartnerId, PaymentService, Queried, Received,
//!     TradeRef, UserId, Way, inbox,
//! };
//! # use danbao_merchant::{Request, store::Tx};
//! # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
//! # let (charset, now) = (Charset::Utf8, example::NOON);
//! # let mut conn = example::database();
//! # let mut tx = Tx::begin(&mut *conn)?;
//!
//! // The contract, as a value.
//! let (partner, seller_id) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
//! let key = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
//! let gateway = "http://127.0.0.1:8080/gateway.do";
//! let account = Account::new(partner, key, "seller@example.com", seller_id, gateway)?;
//!
//! // Open the order, then send the buyer away.
//! let number = OutTradeNo::new("20120229000001");
//! let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
//! let direct = PaymentService::CreateDirectPayByUser;
//! let mut request = account.payment(direct, charset, number.clone(), "剪纸书签", amount);
//! request.return_url = Some("http://shop.example/pay/return".into());
//! request.notify_url = Some("http://shop.example/pay/notify".into());
//! let facts = OrderFacts::of(&account, &request)?;
//! inbox::open_order(&mut tx, &facts, now)?;
//! let url = account.payment_url(&request)?;                           // redirect the buyer's browser here
//!
//! // At notify_url, and at return_url with Received::page_return: both end in the same inbox.
//! # let body = example::told("20120229000001", "TRADE_FINISHED", "0.01");
//! # let (body, content_type) = (body.as_bytes(), None);
//! # let send = |_question: Request| example::answered("true");
//! let id = "1";                                                       // of your own, unique for ever
//! inbox::arrive(&mut tx, id, Way::Notify, body, now)?;                // every message is kept, believed or not
//! let signed = Received::notification(content_type, body)?.check_sign(&account)?;
//! let answer = send(signed.question());                               // notify_verify
//! let receipt = inbox::receive(&mut tx, id, signed.hear(&answer)?, now)?;
//! if receipt.became_paid { /* deliver or credit: in this same transaction, so exactly once */ }
//! # assert!(receipt.became_paid && receipt.outcome == inbox::Outcome::Applied);
//! tx.commit()?;
//! receipt.outcome.answer();                                           // exactly `success` or `fail`
//!
//! // When nobody tells: ask, and put the answer into the same inbox.
//! # let mut tx = Tx::begin(&mut *conn)?;
//! # let no = "<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
//! # let send = |_question: Request| example::answered(no);
//! # let id = "2";
//! let answer = send(account.query_request(TradeRef::OutTradeNo(number), charset)?);
//! if let Queried::Trade(genuine) = account.read_queried(&answer, charset, now)? {
//!     inbox::receive_queried(&mut tx, id, genuine, answer.body(), now)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
//! the old account still takes in the messages of the old orders: give both to [`Received::check_sign_of`], which has the
//! example.
//!
//! # Refusals
//!
//! What the gateway refuses comes back as a value with the code of the wire: [`Reply::accepted`] and
//! [`Queried::Refused`] for calls, [`RefusedRequest`] for what is told to `error_notify_url`, and
//! [`PaymentError::Build`] for what it would refuse, found before it is sent. A code that this release does not know is
//! kept as text.
//!
//! # Units
//!
//! Money is [`Fen`], hundredths of a yuan, in whole numbers; an instant is a [`Timestamp`], milliseconds since 1970 in
//! UTC, and never read from a clock in here. Facts of the interface are cited as "protocol.md §n": that is
//! `docs/protocol.md` of the repository.
//!
//! # Features
//!
//! | feature | what it adds | what it brings |
//! |---|---|---|
//! | none | everything that decides: requests, messages, verdicts, as values; builds for `wasm32-unknown-unknown` | no I/O, no runtime |
//! | `inbox` | the inbox's tables, inside the caller's transaction | `danbao-store` without a driver |
//! | `sqlite` (default) | the inbox on an embedded database | SQLite |
//! | `postgres` | the inbox on PostgreSQL | a synchronous driver, with a runtime inside |
//! | `client` | the calls over HTTP (the module `client`) | hyper, rustls, tokio |
//! | `axum` | extractors and answers (the module `axum`) | `axum-core`; no runtime |

pub mod account;
pub mod answer;
#[cfg(feature = "axum")]
pub mod axum;
pub mod call;
#[cfg(feature = "client")]
pub mod client;
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
#[cfg(feature = "inbox")]
pub use danbao_store as store;

#[doc(no_inline)]
pub use danbao_protocol::{
    charset::Charset,
    error_code::ErrorCode,
    ids::{BatchNo, NotifyId, OutTradeNo, PartnerId, Token, TradeNo, UserId},
    money::Fen,
    node::{NoAnswer, Request, Response},
    reply::{Refused, Reply},
    service::payment::{
        Amount, LogisticsGroup, LogisticsPayment, LogisticsType, Party, PaymentRequest, PaymentService,
        TransportType,
    },
    service::single_trade_query::TradeRef,
    sign::{Md5Key, Signer, Verifier},
    status::{RefundStatus, TradeStatus},
    time::Timestamp,
};

pub use account::{Account, AccountError};
pub use call::{NoReply, Parcel, read_reply};
pub use facts::OrderFacts;
pub use login::{BuyerSession, CameBy};
pub use message::{Checked, ChosenAddress, Genuine, Login, Received, RefusedRequest, Signed, Way};
pub use payment::PaymentError;
pub use query::{Queried, Unheard};
pub use refund::CheckedBatch;
pub use rejected::{Check, Rejected};
