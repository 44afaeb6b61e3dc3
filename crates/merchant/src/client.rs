//! Calls to the gateway over HTTP, for merchants on tokio: what [`crate::call`], [`crate::message`] and [`crate::refund`]
//! write as values is sent, and the answer is read, in one step.
//!
//! It has no state but its connections, and no account: each call names the one that it is for. Nothing is tried again
//! by itself. Every call of the kit is safe to repeat by whoever knows what for, and a notification comes again anyway.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::reply::Reply;
use danbao_protocol::service::payment::BuildError;
use danbao_protocol::service::single_trade_query::TradeRef;
use danbao_protocol::time::Timestamp;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::account::Account;
use crate::call::{NoReply, Parcel, read_reply};
use crate::message::{Genuine, Received, Signed};
use crate::payment::PaymentError;
use crate::query::{Queried, Unheard};
use crate::refund::RefundBatch;
use crate::rejected::Rejected;

/// Idle connections are let go before a usual server would close them under our hands.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// How long a call may take, and how much of an answer is read.
///
/// ```
/// use std::time::Duration;
///
/// use danbao_merchant::client::Limits;
///
/// let patient = Limits { total_max: Duration::from_secs(30), ..Limits::default() };
/// # assert_eq!(patient.connect_max, Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for finding and reaching the gateway.
    pub connect_max: Duration,
    /// Time for the whole exchange. The gateway waits for the answer to its notification meanwhile.
    pub total_max: Duration,
    /// Bytes of an answer's body; a longer one is no answer ([`NoAnswer::Broken`]).
    pub answer_bytes_max: usize,
}

impl Default for Limits {
    /// 5 s to connect, 15 s in all, 64 KiB.
    fn default() -> Limits {
        Limits {
            connect_max: Duration::from_secs(5),
            total_max: Duration::from_secs(15),
            answer_bytes_max: 64 * 1024,
        }
    }
}

/// Sends calls to gateways. Clones share their connections; make one for the program.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    limits: Arc<Limits>,
}

/// TLS cannot be set up on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct NoTls(String);

/// Why a call has brought neither a yes nor a no. What was asked may have been done all the same, unless it is
/// [`CallError::Payment`] or [`CallError::Build`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call cannot be written; nothing was sent.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The batch cannot be written, or is another partner's; nothing was sent.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The gateway did not answer.
    #[error("the gateway did not answer: {}", .0.as_str())]
    NoAnswer(NoAnswer),
    /// Something answered, and it was not the gateway.
    #[error(transparent)]
    NoReply(#[from] NoReply),
    /// The answer's signature does not fit.
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

/// What the gateway has said of a trade, and its bytes.
#[must_use = "an answer that is not taken in repairs nothing"]
pub struct Told {
    /// The trade, or the code of the refusal.
    pub queried: Queried,
    /// The answer's body as it came: what `inbox::receive_queried` keeps.
    pub raw: Bytes,
}

impl Client {
    /// A client. Calls must be made on a tokio runtime with its timer and I/O enabled. Redirects are not followed: the
    /// gateway sends none, and a signed call belongs to nobody else.
    ///
    /// # Errors
    /// [`NoTls`].
    ///
    /// ```
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::node::{NoAnswer, Request};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let client = Client::new(Limits::default())?;
    /// let mut request = Request::default();
    /// *request.uri_mut() = "http://127.0.0.1:1/gateway.do".parse()?;       // nobody listens there
    /// assert_eq!(client.send(request).await.unwrap_err(), NoAnswer::Unreachable);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(limits: Limits) -> Result<Client, NoTls> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect_max));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| NoTls(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .build(tls);
        Ok(Client { pool, limits: Arc::new(limits) })
    }

    /// Sends any request of the kit, and gives the answer as a value.
    ///
    /// # Errors
    /// [`NoAnswer`]: what was asked may have been done all the same, unless it is [`NoAnswer::Unreachable`].
    ///
    /// ```
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
    /// use danbao_merchant::read_reply;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway("<alipay><is_success>T</is_success></alipay>");
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// let trade = TradeRef::OutTradeNo(OutTradeNo::new("A-1"));
    /// let answer = client.send(account.close_request(trade, Charset::Utf8)?).await.map_err(|why| why.as_str())?;
    /// read_reply(&answer)?.accepted()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn send(&self, request: Request) -> Result<Response, NoAnswer> {
        tokio::time::timeout(self.limits.total_max, self.carry(request))
            .await
            .unwrap_or(Err(NoAnswer::TimedOut))
    }

    /// Believes a message as far as it goes without an order: a key of `accounts` must fit, and the gateway of that
    /// account must acknowledge it by `notify_verify` (protocol.md §6.1).
    ///
    /// # Errors
    /// [`Rejected`] with the check that failed; [`Rejected::NoAnswer`] if the gateway could not be asked, in which case
    /// a notification is to be answered with `fail`, so that it comes again.
    ///
    /// ```
    /// use danbao_merchant::Received;
    /// use danbao_merchant::client::{Client, Limits};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway("true");
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    /// # let facts = example::order("A-1");
    /// let received = Received::notification(None, body.as_bytes())?;
    /// let genuine = client.believe(received, [&account]).await?;
    /// let checked = genuine.against(&facts)?;                                 // or inbox::receive
    /// assert_eq!(checked.trade().total_fee.to_string(), "19.90");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn believe<'a>(
        &self,
        received: Received,
        accounts: impl IntoIterator<Item = &'a Account>,
    ) -> Result<Genuine, Rejected> {
        self.verify(received.check_sign_of(accounts)?).await
    }

    /// `notify_verify`: asks the gateway whether it has sent a message (protocol.md §6.1).
    ///
    /// [`Client::believe`] does this and the check of the signature, and has the example.
    ///
    /// # Errors
    /// [`Rejected`] with the check `notify_verify`.
    pub async fn verify(&self, signed: Signed) -> Result<Genuine, Rejected> {
        match self.send(signed.question()).await {
            Ok(answer) => signed.hear(&answer),
            Err(why) => Err(signed.unheard(why)),
        }
    }

    /// `single_trade_query`: what the gateway knows of a trade (protocol.md §7.3). `now` as for
    /// [`Account::read_queried`].
    ///
    /// # Errors
    /// [`CallError`]. A refusal of the gateway is none: [`Queried::Refused`].
    ///
    /// ```
    /// use danbao_merchant::Queried;
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway(&example::found("A-1", "TRADE_FINISHED", "19.90"));
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// # let now = example::NOON;
    /// let trade = TradeRef::OutTradeNo(OutTradeNo::new("A-1"));
    /// let told = client.query(&account, trade, Charset::Utf8, now).await?;
    /// match told.queried {
    ///     Queried::Trade(genuine) => {                                        // inbox::receive_queried, with told.raw
    ///         assert_eq!(genuine.order_named()?.as_str(), "A-1");
    ///     }
    ///     Queried::Refused(refused) => return Err(refused.into()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn query(
        &self,
        account: &Account,
        trade: TradeRef,
        charset: Charset,
        now: Timestamp,
    ) -> Result<Told, CallError> {
        let answer = self.answer(account.query_request(trade, charset)?).await?;
        let queried = account.read_queried(&answer, charset, now).map_err(|unheard| match unheard {
            Unheard::NoReply(why) => CallError::NoReply(why),
            Unheard::Rejected(why) => CallError::Rejected(why),
        })?;
        Ok(Told { queried, raw: answer.into_body() })
    }

    /// `send_goods_confirm_by_platform`: the goods of a paid escrow trade are on their way (protocol.md §7.1). Safe to
    /// send again. A refusal is a [`Reply`] with its code.
    ///
    /// # Errors
    /// [`CallError`]; the refusal from [`Reply::accepted`].
    ///
    /// ```
    /// use danbao_merchant::Parcel;
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::TradeNo;
    /// use danbao_merchant::protocol::service::payment::TransportType;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway("<alipay><is_success>T</is_success></alipay>");
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// let parcel = Parcel {
    ///     transport_type: TransportType::Express,
    ///     logistics_name: Some("顺丰速运".into()),
    ///     invoice_no: Some("SF0001".into()),
    /// };
    /// let trade_no = TradeNo::new("2012022900000001");
    /// client.send_goods(&account, &trade_no, &parcel, Charset::Utf8).await?.accepted()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn send_goods(
        &self,
        account: &Account,
        trade_no: &TradeNo,
        parcel: &Parcel,
        charset: Charset,
    ) -> Result<Reply, CallError> {
        self.reply(account.send_goods_request(trade_no, parcel, charset)?).await
    }

    /// `close_trade`: an unpaid trade is not to be paid any more (protocol.md §7.4). A refusal is a [`Reply`].
    ///
    /// # Errors
    /// [`CallError`]; the refusal from [`Reply::accepted`].
    ///
    /// ```
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::error_code::ErrorCode;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway("<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>");
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// let trade = TradeRef::OutTradeNo(OutTradeNo::new("A-1"));
    /// match client.close(&account, trade, Charset::Utf8).await?.accepted() {
    ///     Ok(_) => {}                                                         // the notification closes the order
    ///     Err(refused) if refused.is(ErrorCode::TradeNotExist) => {}          // the buyer was never at the cashier
    ///     Err(refused) => return Err(refused.into()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn close(
        &self,
        account: &Account,
        trade: TradeRef,
        charset: Charset,
    ) -> Result<Reply, CallError> {
        self.reply(account.close_request(trade, charset)?).await
    }

    /// `refund_fastpay_by_platform_nopwd`: asks for a batch of refunds of direct payments (protocol.md §7.5). A yes
    /// means that it is kept; the results come to its `notify_url`. A refusal is a [`Reply`] with its code:
    /// DUPLICATE_BATCH_NO to a batch that had arrived before.
    ///
    /// # Errors
    /// [`CallError`]; the refusal from [`Reply::accepted`].
    ///
    /// ```
    /// use danbao_merchant::client::{Client, Limits};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let url = example::gateway("<alipay><is_success>T</is_success></alipay>");
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// # let batch = example::batch();
    /// client.refund(&account, &batch).await?.accepted()?;                     // from Account::refund_batch, and kept
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn refund(&self, account: &Account, batch: &RefundBatch) -> Result<Reply, CallError> {
        self.reply(account.refund_request(batch)?).await
    }

    /// `query_timestamp`: asks for an `anti_phishing_key`, which lives 30 seconds (protocol.md §7.2).
    ///
    /// # Errors
    /// [`CallError`]; the refusal from [`Reply::accepted`].
    ///
    /// ```
    /// use danbao_merchant::call::anti_phishing_key;
    /// use danbao_merchant::client::{Client, Limits};
    /// use danbao_merchant::protocol::charset::Charset;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// # let says = "<alipay><is_success>T</is_success><response><timestamp><encrypt_key>KAB</encrypt_key></timestamp></response></alipay>";
    /// # let url = example::gateway(says);
    /// # let account = example::account_at(example::PARTNER, example::KEY, &url);
    /// # let client = Client::new(Limits::default())?;
    /// let reply = client.timestamp(&account, Charset::Utf8).await?.accepted()?;
    /// assert_eq!(anti_phishing_key(&reply).as_deref(), Some("KAB"));
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn timestamp(&self, account: &Account, charset: Charset) -> Result<Reply, CallError> {
        self.reply(account.timestamp_request(charset)?).await
    }

    async fn reply(&self, request: Request) -> Result<Reply, CallError> {
        Ok(read_reply(&self.answer(request).await?)?)
    }

    async fn answer(&self, request: Request) -> Result<Response, CallError> {
        self.send(request).await.map_err(CallError::NoAnswer)
    }

    async fn carry(&self, request: Request) -> Result<Response, NoAnswer> {
        let answer = self
            .pool
            .request(request.map(Full::new))
            .await
            .map_err(|error| if error.is_connect() { NoAnswer::Unreachable } else { NoAnswer::Broken })?;
        let (head, body) = answer.into_parts();
        Ok(Response::from_parts(head, read(body, self.limits.answer_bytes_max).await?))
    }
}

async fn read(mut body: Incoming, max: usize) -> Result<Bytes, NoAnswer> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| NoAnswer::Broken)?.into_data() else { continue };
        if data.len() > max.saturating_sub(kept.len()) {
            return Err(NoAnswer::Broken);
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.freeze())
}

/// What may go into a log: not the answer itself, which holds accounts and a signature.
impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told").field("queried", &self.queried).finish_non_exhaustive()
    }
}

/// Its limits; connections have nothing to show.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("limits", &self.limits).finish_non_exhaustive()
    }
}
