//! A message from the gateway, believed one step at a time.
//!
//! ```text
//! Received --check_sign--> Signed --hear--> Genuine --against--> Checked
//! ```
//!
//! Each step takes the value and gives the next one or a [`Rejected`]. Nothing of a message can be read before all
//! four checks have passed: the fields of the first three types are private, they have no accessors but
//! [`Genuine::order_named`] (needed to find the order that the message is to be held against), and [`Checked`] can be
//! made only by [`Genuine::against`]. A shop that forgets the check of the amount does not compile.

use std::fmt;

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo, PartnerId, TradeNo};
use danbao_protocol::money::Fen;
use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::params::{Params, Text};
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;

use crate::account::Account;
use crate::facts::OrderFacts;
use crate::rejected::Rejected;

/// By which of the two ways a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// 返回: the buyer's browser brought it to `return_url`.
    Return,
    /// 通知: the gateway brought it to `notify_url`.
    Notify,
}

impl Way {
    /// Both ways.
    pub const ALL: [Way; 2] = [Way::Return, Way::Notify];

    /// A stable word: `return`, `notify`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Return => "return",
            Way::Notify => "notify",
        }
    }
}

/// A message as it came. Anybody may have sent it.
pub struct Received {
    way: Way,
    params: Params,
}

/// A message whose signature fits an account's key. It may still be an old one, sent again by somebody else.
#[derive(Clone)]
pub struct Signed {
    way: Way,
    params: Params,
    account: Account,
    notify_id: String,
}

/// A message that the gateway itself acknowledges. It may still be about another order, amount or seller.
pub struct Genuine {
    way: Way,
    params: Params,
    partner: PartnerId,
    notify_id: NotifyId,
}

/// A message that agrees with the merchant's own order: the only one that can be read.
///
/// Believed does not mean paid: look at the status, or let [`crate::inbox::verdict`] do it.
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    way: Way,
    text: Text,
    partner: PartnerId,
    out_trade_no: OutTradeNo,
    trade_no: TradeNo,
    trade_status: Said<TradeStatus>,
    refund_status: Option<Said<RefundStatus>>,
    total_fee: Fen,
    notify_id: NotifyId,
    notify_time: Timestamp,
}

/// A word of the protocol, or one that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said<T> {
    /// One that the protocol lists.
    Known(T),
    /// Any other, kept as it came.
    Unknown(String),
}

impl Received {
    /// Takes the query of a request to `return_url`. `own` names the parameters that the merchant's `return_url` had
    /// itself: they come back unsigned and are left out (protocol.md §2.3).
    ///
    /// # Errors
    /// [`Rejected::NoParameters`], [`Rejected::Malformed`].
    pub fn page_return(query: &[u8], own: &[&str]) -> Result<Received, Rejected> {
        let mut params = Params::parse_urlencoded(query)?;
        for name in own {
            params.remove(name);
        }
        Received::some(Way::Return, params)
    }

    /// Takes the body of a request to `notify_url`. The query is the merchant's own business and stays out of the
    /// signature.
    ///
    /// # Errors
    /// [`Rejected::NoParameters`], [`Rejected::Malformed`].
    pub fn notification(content_type: Option<&str>, body: &[u8]) -> Result<Received, Rejected> {
        Received::some(Way::Notify, Params::receive(b"", content_type, body)?)
    }

    fn some(way: Way, params: Params) -> Result<Received, Rejected> {
        if params.is_empty() { Err(Rejected::NoParameters) } else { Ok(Received { way, params }) }
    }

    /// Checks the signature over the bytes as they came, in constant time, and that the message is one about a trade.
    ///
    /// # Errors
    /// [`Rejected`] with the check `sign` or `form`.
    pub fn check_sign(self, account: &Account) -> Result<Signed, Rejected> {
        let Received { way, params } = self;
        account.verify(&params)?;
        if way == Way::Return && params.get("is_success") != Some(b"T") {
            return Err(Rejected::NotATrade("is_success"));
        }
        if params.get("notify_type").is_some_and(|kind| kind != b"trade_status_sync") {
            return Err(Rejected::NotATrade("notify_type"));
        }
        let notify_id = ascii(&params, "notify_id")?;
        Ok(Signed { way, params, account: account.clone(), notify_id })
    }
}

impl Signed {
    /// The question to the gateway, `notify_verify`, as a value: send it, and give the answer to [`Signed::hear`]. It
    /// goes to the gateway and partner of the account whose key fitted (protocol.md §6.1).
    pub fn question(&self) -> Request {
        let mut params = Params::new();
        params.push("service", b"notify_verify");
        params.push("partner", self.account.partner().as_str().as_bytes());
        params.push("notify_id", self.notify_id.as_bytes());
        self.account.call(&params, None)
    }

    /// Takes the gateway's answer: only HTTP 200 with `true` is a yes (protocol.md §6.2).
    ///
    /// # Errors
    /// [`Rejected`] with the check `notify_verify`.
    pub fn hear(self, answer: &Response) -> Result<Genuine, Rejected> {
        let status = answer.status().as_u16();
        match (status, answer.body().trim_ascii()) {
            (200, b"true") => Ok(Genuine {
                way: self.way,
                params: self.params,
                partner: self.account.partner().clone(),
                notify_id: NotifyId::new(self.notify_id),
            }),
            (200, b"false") => Err(Rejected::NotGenuine),
            (200, b"invalid") => Err(Rejected::QuestionInvalid),
            _ => Err(Rejected::AnswerIllegible { status }),
        }
    }

    /// The gateway did not answer: what cannot be checked is not believed. A notification comes again.
    pub fn unheard(self, why: NoAnswer) -> Rejected {
        Rejected::NoAnswer(why)
    }
}

impl Genuine {
    /// The partner whose key fitted: of the account, not of the message.
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// The order that the message names, to be looked up and held against it. Not more than a name until then.
    ///
    /// # Errors
    /// [`Rejected::Missing`], and [`Rejected::Illegible`] if it is text in neither charset.
    pub fn order_named(&self) -> Result<OutTradeNo, Rejected> {
        let bytes = required(&self.params, "out_trade_no")?;
        let text = Charset::Utf8.decode(bytes).or_else(|_| Charset::Gbk.decode(bytes));
        text.map(OutTradeNo::new).map_err(|_| Rejected::Illegible("out_trade_no"))
    }

    /// Holds the message against the merchant's own order: number, partner, seller, and, once money is claimed to
    /// have moved, the amount.
    ///
    /// While the trade is unpaid or closed the amount is only reported ([`Checked::total_fee`]): a seller may change
    /// the price of an unpaid trade, and the carriage is settled at the cashier (protocol.md §10, trap 20).
    ///
    /// # Errors
    /// [`Rejected`] with the check that failed, in the order of [`crate::Check`].
    pub fn against(self, facts: &OrderFacts) -> Result<Checked, Rejected> {
        let text = self.params.decode(facts.charset).map_err(|e| Rejected::NotText(e.name))?;
        if field(&text, "out_trade_no")? != facts.out_trade_no.as_str() {
            return Err(Rejected::OtherOrder);
        }
        let partner = ["partner", "partnerId"].iter().find_map(|name| text.get(name));
        if self.partner != facts.partner || partner.is_some_and(|said| said != facts.partner.as_str()) {
            return Err(Rejected::OtherPartner);
        }
        check_seller(&text, facts)?;
        let trade_status = Said::read(field(&text, "trade_status")?, TradeStatus::from_wire);
        let total_fee =
            Fen::parse(field(&text, "total_fee")?).map_err(|_| Rejected::Illegible("total_fee"))?;
        if claims_money(&trade_status) && !facts.total_fees.contains(&total_fee) {
            return Err(Rejected::OtherAmount { said: total_fee });
        }
        let notify_time = Timestamp::parse_wire(field(&text, "notify_time")?);
        Ok(Checked {
            way: self.way,
            partner: self.partner,
            out_trade_no: facts.out_trade_no.clone(),
            trade_no: TradeNo::new(field(&text, "trade_no")?),
            trade_status,
            refund_status: text.get("refund_status").map(|word| Said::read(word, RefundStatus::from_wire)),
            total_fee,
            notify_id: self.notify_id,
            notify_time: notify_time.ok_or(Rejected::Illegible("notify_time"))?,
            text,
        })
    }
}

/// Both of `seller_email` and `seller_id` must agree where they are there, and one of them must be.
fn check_seller(text: &Text, facts: &OrderFacts) -> Result<(), Rejected> {
    let id = text.get("seller_id").map(|said| said == facts.seller_id.as_str());
    let email = text.get("seller_email").map(|said| said.eq_ignore_ascii_case(&facts.seller_email));
    match (id, email) {
        (None, None) => Err(Rejected::Missing("seller_id")),
        (Some(false), _) | (_, Some(false)) => Err(Rejected::OtherSeller),
        _ => exterface(text, facts.service),
    }
}

/// Direct pay says by which interface it was made; a message of another one is not this order's.
fn exterface(text: &Text, service: PaymentService) -> Result<(), Rejected> {
    match text.get("exterface") {
        Some(said) if said != service.as_str() => Err(Rejected::OtherOrder),
        _ => Ok(()),
    }
}

fn claims_money(status: &Said<TradeStatus>) -> bool {
    !matches!(status, Said::Known(TradeStatus::WaitBuyerPay | TradeStatus::TradeClosed))
}

impl Checked {
    /// By which way it came.
    pub fn way(&self) -> Way {
        self.way
    }

    /// The partner whose key fitted.
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// `out_trade_no`
    pub fn out_trade_no(&self) -> &OutTradeNo {
        &self.out_trade_no
    }

    /// `trade_no`
    pub fn trade_no(&self) -> &TradeNo {
        &self.trade_no
    }

    /// `trade_status`
    pub fn trade_status(&self) -> &Said<TradeStatus> {
        &self.trade_status
    }

    /// `refund_status`, once a refund was applied for
    pub fn refund_status(&self) -> Option<&Said<RefundStatus>> {
        self.refund_status.as_ref()
    }

    /// `total_fee`; one of the order's once money has moved
    pub fn total_fee(&self) -> Fen {
        self.total_fee
    }

    /// `notify_id`
    pub fn notify_id(&self) -> &NotifyId {
        &self.notify_id
    }

    /// `notify_time`
    pub fn notify_time(&self) -> Timestamp {
        self.notify_time
    }

    /// Any parameter by its wire name, as text in the order's charset; `None` if it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text.get(name)
    }
}

impl<T> Said<T> {
    fn read(word: &str, known: impl Fn(&str) -> Option<T>) -> Said<T> {
        known(word).map_or_else(|| Said::Unknown(word.to_owned()), Said::Known)
    }
}

fn required<'p>(params: &'p Params, name: &'static str) -> Result<&'p [u8], Rejected> {
    params.get(name).filter(|value| !value.is_empty()).ok_or(Rejected::Missing(name))
}

fn ascii(params: &Params, name: &'static str) -> Result<String, Rejected> {
    let bytes = required(params, name)?;
    if bytes.is_ascii() {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(Rejected::Illegible(name))
}

fn field<'t>(text: &'t Text, name: &'static str) -> Result<&'t str, Rejected> {
    text.get(name).ok_or(Rejected::Missing(name))
}

/// The raw bytes of a request that is one of the two kinds: what is to be stored before anything is believed.
pub fn raw_bytes(way: Way, request: &Request) -> Bytes {
    match way {
        Way::Return => Bytes::copy_from_slice(request.uri().query().unwrap_or_default().as_bytes()),
        Way::Notify => request.body().clone(),
    }
}

/// Shows that something came, and nothing of what it says.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "Received", self.way)
    }
}

/// Shows that something came, and nothing of what it says.
impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "Signed", self.way)
    }
}

/// Shows that something came, and nothing of what it says.
impl fmt::Debug for Genuine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        unread(f, "Genuine", self.way)
    }
}

fn unread(f: &mut fmt::Formatter<'_>, name: &str, way: Way) -> fmt::Result {
    f.debug_struct(name).field("way", &way).finish_non_exhaustive()
}

/// What may go into a log: no names, addresses or accounts.
impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked")
            .field("way", &self.way)
            .field("out_trade_no", &self.out_trade_no)
            .field("trade_no", &self.trade_no)
            .field("trade_status", &self.trade_status)
            .field("refund_status", &self.refund_status)
            .field("total_fee", &self.total_fee)
            .finish_non_exhaustive()
    }
}
