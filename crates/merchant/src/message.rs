//! A message from the gateway, believed one step at a time.
//!
//! ```text
//! Received --check_sign--> Signed --hear--> Genuine --against--> Checked
//! ```
//!
//! Each step takes the value and gives the next one or a [`Rejected`]. Nothing of a message can be read before all
//! four checks have passed: the fields of the first three types are private, they have no accessors but
//! the order's number (needed to find the merchant's own record, that the message is to be held against), and
//! [`Checked`] can be made only by [`Genuine::against`]. A shop that forgets the check of the amount does not compile.

mod arrival;
mod refused_request;

use std::fmt;

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, OutTradeNo, PartnerId};
use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::params::{Params, Text};
use danbao_protocol::reported::{Reported, ReportedTrade};
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};
use danbao_protocol::status::TradeStatus;
use danbao_protocol::{notify, page_return};

use crate::account::Account;
use crate::facts::OrderFacts;
use crate::rejected::Rejected;

pub use arrival::{ChosenAddress, Login};
pub use refused_request::RefusedRequest;

/// By which way a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// 返回: the buyer's browser brought it to `return_url`.
    Return,
    /// 通知: the gateway brought it to `notify_url`.
    Notify,
    /// 单笔交易查询: the merchant asked for it ([`crate::query`]).
    Query,
}

impl Way {
    /// Every way.
    pub const ALL: [Way; 3] = [Way::Return, Way::Notify, Way::Query];

    /// A stable word: `return`, `notify`, `query`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Way::Return => "return",
            Way::Notify => "notify",
            Way::Query => "query",
        }
    }
}

/// A message as it came. Anybody may have sent it.
#[must_use = "it has not been checked yet"]
pub struct Received {
    way: Way,
    params: Params,
}

/// A message whose signature fits an account's key. It may still be an old one, sent again by somebody else.
#[must_use = "the gateway has not been asked yet"]
#[derive(Clone)]
pub struct Signed {
    way: Way,
    params: Params,
    account: Account,
    notify_id: NotifyId,
}

/// A message that the gateway itself acknowledges. It may still be about another order, amount or seller.
#[must_use = "it has not been held against an order yet"]
pub struct Genuine {
    way: Way,
    params: Params,
    partner: PartnerId,
}

/// A message that agrees with the merchant's own order: the only one that can be read.
///
/// Believed does not mean paid: look at the status, or let [`crate::inbox::verdict`] do it.
#[must_use = "a message that is believed and not taken in is a lost change"]
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    way: Way,
    text: Text,
    partner: PartnerId,
    trade: ReportedTrade,
}

impl Received {
    /// Takes the query of a request to `return_url`. `own` names the parameters that the merchant's `return_url` had
    /// itself: they come back unsigned and are left out (protocol.md §2.3).
    ///
    /// # Errors
    /// [`Rejected::NoParameters`], [`Rejected::Malformed`].
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let signed = example::returned("A-1", "TRADE_FINISHED", "19.90");
    ///
    /// // The return_url was http://shop.example/pay/return?lang=zh, and the browser has come back to it:
    /// let query = format!("lang=zh&{signed}");
    /// assert!(Received::page_return(query.as_bytes(), &["lang"])?.check_sign(&account).is_ok());
    /// assert!(Received::page_return(query.as_bytes(), &[])?.check_sign(&account).is_err());
    /// assert_eq!(Received::page_return(b"", &[]).unwrap_err(), Rejected::NoParameters);
    /// # Ok::<(), Rejected>(())
    /// ```
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
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    ///
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// assert_eq!(Received::notification(None, b"").unwrap_err(), Rejected::NoParameters);     // answer `fail`
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn notification(content_type: Option<&str>, body: &[u8]) -> Result<Received, Rejected> {
        Received::some(Way::Notify, Params::receive(b"", content_type, body)?)
    }

    /// Takes the body of a POST to `return_url`: the address query comes back so, brought by the buyer's browser
    /// (protocol.md §4.6).
    ///
    /// # Errors
    /// [`Rejected::NoParameters`], [`Rejected::Malformed`].
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::UserId;
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::chosen_address();
    /// # let send = |_question| example::answered("true");
    ///
    /// let signed = Received::posted_return(None, body.as_bytes())?.check_sign(&account)?;
    /// let answer = send(signed.question());
    /// let address = signed.hear(&answer)?.address(Charset::Utf8)?;
    /// let buyer = UserId::new("2088000000000003");                            // who was sent to choose
    /// assert_eq!(address.of(&buyer)?.area, "浦东新区");
    /// assert_eq!(address.of(&UserId::new("2088000000000004")), Err(Rejected::OtherBuyer));
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn posted_return(content_type: Option<&str>, body: &[u8]) -> Result<Received, Rejected> {
        Received::some(Way::Return, Params::receive(b"", content_type, body)?)
    }

    fn some(way: Way, params: Params) -> Result<Received, Rejected> {
        if params.is_empty() { Err(Rejected::NoParameters) } else { Ok(Received { way, params }) }
    }

    /// Checks the signature over the bytes as they came, in constant time.
    ///
    /// # Errors
    /// [`Rejected`] with the check `sign` or `form`.
    ///
    /// ```
    /// use danbao_merchant::{Check, Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "WAIT_BUYER_PAY", "19.90");
    ///
    /// let altered = body.replace("WAIT_BUYER_PAY", "TRADE_FINISHED");
    /// let rejected = Received::notification(None, altered.as_bytes())?.check_sign(&account).unwrap_err();
    /// assert_eq!((rejected.check(), &rejected), (Check::Sign, &Rejected::Sign));
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn check_sign(self, account: &Account) -> Result<Signed, Rejected> {
        self.check_sign_of([account])
    }

    /// As [`Received::check_sign`], for a merchant with several keys: during a change of keys or contract, or with one
    /// key for each kind of signature. The account whose key fits is the one that the message is for.
    ///
    /// # Errors
    /// As there; [`Rejected::SignType`] for no accounts.
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    /// # let new_key = "n0n1n2n3n4n5n6n7n8n9nanbncndnenf";
    ///
    /// // Between two keys: sign with the first, hear both.
    /// let accounts = [example::account_of("2088000000000001", new_key), example::account()];
    /// let received = || Received::notification(None, body.as_bytes());
    /// assert!(received()?.check_sign_of(&accounts).is_ok());                  // still under the old one
    /// assert!(received()?.check_sign_of(&accounts[..1]).is_err());
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn check_sign_of<'a>(
        self,
        accounts: impl IntoIterator<Item = &'a Account>,
    ) -> Result<Signed, Rejected> {
        let mut why = Rejected::SignType;
        for account in accounts {
            match account.verify(&self.params) {
                Ok(()) => return self.signed_for(account),
                // A key of the right kind that does not fit says more than one of another kind.
                Err(Rejected::SignType) => {}
                Err(other) => why = other,
            }
        }
        Err(why)
    }

    fn signed_for(self, account: &Account) -> Result<Signed, Rejected> {
        let Received { way, params } = self;
        let notify_id = NotifyId::new(ascii(&params, "notify_id")?);
        Ok(Signed { way, params, account: account.clone(), notify_id })
    }
}

impl Signed {
    /// The question to the gateway, `notify_verify`, as a value: send it, and give the answer to [`Signed::hear`]. It
    /// goes to the gateway and partner of the account whose key fitted (protocol.md §6.1).
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    ///
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// let question = signed.question();
    /// assert_eq!(question.method(), "POST");
    /// assert_eq!(question.uri(), "http://127.0.0.1:8080/gateway.do");
    /// assert!(question.body().starts_with(b"service=notify_verify&"));
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn question(&self) -> Request {
        let question =
            NotifyVerify { partner: self.account.partner().clone(), notify_id: self.notify_id.clone() };
        self.account.call(&question.to_params(), None)
    }

    /// Takes the gateway's answer: only HTTP 200 with `true` is a yes (protocol.md §6.2).
    ///
    /// # Errors
    /// [`Rejected`] with the check `notify_verify`.
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    ///
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// assert!(signed.clone().hear(&example::answered("true")).is_ok());
    /// assert_eq!(signed.hear(&example::answered("false")).unwrap_err(), Rejected::NotGenuine);
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn hear(self, answer: &Response) -> Result<Genuine, Rejected> {
        let status = answer.status().as_u16();
        match (status, Verdict::parse(answer.body().trim_ascii())) {
            (200, Some(Verdict::True)) => {
                Ok(Genuine { way: self.way, params: self.params, partner: self.account.partner().clone() })
            }
            (200, Some(Verdict::False)) => Err(Rejected::NotGenuine),
            (200, Some(Verdict::Invalid)) => Err(Rejected::QuestionInvalid),
            _ => Err(Rejected::AnswerIllegible { status }),
        }
    }

    /// The order that the message names, for showing the merchant's own record of it when the message is refused. The
    /// key fitted, so the gateway wrote the name at some time; nothing else of the message may be read yet.
    pub fn order_claimed(&self) -> Option<OutTradeNo> {
        order_named(&self.params).ok()
    }

    /// The gateway did not answer: what cannot be checked is not believed. A notification comes again.
    ///
    /// ```
    /// use danbao_merchant::protocol::node::NoAnswer;
    /// use danbao_merchant::{Check, Received};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    ///
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// assert_eq!(signed.unheard(NoAnswer::TimedOut).check(), Check::NotifyVerify);            // answer `fail`
    /// # Ok::<(), danbao_merchant::Rejected>(())
    /// ```
    pub fn unheard(self, why: NoAnswer) -> Rejected {
        Rejected::NoAnswer(why)
    }
}

impl Genuine {
    /// For the steps that other kinds of messages take from here.
    pub(crate) fn params(&self) -> &Params {
        &self.params
    }

    pub(crate) fn way(&self) -> Way {
        self.way
    }

    /// What the gateway has answered to a question of ours, signed: nobody else can have said it.
    pub(crate) fn answered(params: Params, partner: PartnerId) -> Genuine {
        Genuine { way: Way::Query, params, partner }
    }

    /// The partner whose key fitted: of the account, not of the message.
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// The order that the message names, to be looked up and held against it. Not more than a name until then.
    ///
    /// # Errors
    /// [`Rejected::Missing`], and [`Rejected::Illegible`] if it is text in neither charset.
    ///
    /// ```
    /// use danbao_merchant::Received;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let body = example::told("A-1", "TRADE_FINISHED", "19.90");
    /// # let find = |number: &str| example::order(number);
    ///
    /// let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    /// let genuine = signed.hear(&example::answered("true"))?;
    /// let facts = find(genuine.order_named()?.as_str());                      // in your own database
    /// let checked = genuine.against(&facts)?;
    /// # Ok::<(), danbao_merchant::Rejected>(())
    /// ```
    pub fn order_named(&self) -> Result<OutTradeNo, Rejected> {
        order_named(&self.params)
    }

    /// Holds the message against the merchant's own order: number, partner, seller, and, once money is claimed to
    /// have moved, the amount.
    ///
    /// While the trade is unpaid or closed the amount is only reported ([`Checked::trade`]): a seller may change
    /// the price of an unpaid trade, and the carriage is settled at the cashier (protocol.md §10, trap 20). Later it must
    /// be a total of the order, unless the message says that the seller has changed the price (`is_total_fee_adjust`).
    ///
    /// # Errors
    /// [`Rejected`] with the check that failed, in the order of [`crate::Check`].
    ///
    /// ```
    /// use danbao_merchant::{Received, Rejected};
    /// # use danbao_merchant::protocol::money::Fen;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, facts) = (example::account(), example::order("A-1"));
    /// # let body = |total_fee: &str| example::told("A-1", "TRADE_FINISHED", total_fee);
    /// # let said_true = example::answered("true");
    ///
    /// let believe = |body: &str| {
    ///     let signed = Received::notification(None, body.as_bytes())?.check_sign(&account)?;
    ///     let _question = signed.question();                                  // send it; the answer comes back:
    ///     signed.hear(&said_true)?.against(&facts)
    /// };
    /// let checked = believe(&body("19.90"))?;
    /// assert_eq!(checked.trade().total_fee.to_string(), "19.90");
    /// assert_eq!(believe(&body("0.01")), Err(Rejected::OtherAmount { said: Fen(1) }));
    /// assert_eq!(believe(&body("19.90").replace("19.90", "29.90")), Err(Rejected::Sign));
    /// # Ok::<(), Rejected>(())
    /// ```
    pub fn against(self, facts: &OrderFacts) -> Result<Checked, Rejected> {
        let text = self.params.decode(facts.charset).map_err(|e| Rejected::NotText(e.name))?;
        let trade = match self.way {
            Way::Return => page_return::parse(&text)?,
            Way::Notify | Way::Query => notify::parse(&text)?,
        };
        let other_interface = text.get("exterface").is_some_and(|said| said != facts.service.as_str());
        if trade.out_trade_no != facts.out_trade_no || other_interface {
            return Err(Rejected::OtherOrder);
        }
        let partner = ["partner", "partnerId"].iter().find_map(|name| text.get(name));
        if self.partner != facts.partner || partner.is_some_and(|said| said != facts.partner.as_str()) {
            return Err(Rejected::OtherPartner);
        }
        let other_email =
            trade.seller_email.as_ref().is_some_and(|said| !said.eq_ignore_ascii_case(&facts.seller_email));
        if trade.seller_id != facts.seller_id || other_email {
            return Err(Rejected::OtherSeller);
        }
        let is_ours = facts.total_fees.contains(&trade.total_fee) || is_adjusted(self.way, &trade, &text);
        if claims_money(&trade.trade_status) && !is_ours {
            return Err(Rejected::OtherAmount { said: trade.total_fee });
        }
        Ok(Checked { way: self.way, partner: self.partner, trade, text })
    }
}

/// The seller has changed the price while the trade was unpaid: the gateway says so, and the total is not below what
/// price, quantity and discount of the message come to (protocol.md §4.3, §5.3). Carriage comes on top, and an instant
/// trade's message does not name it. The page return of direct pay says none of this; there the notification has to tell.
/// A truth is Y in a message and T in the answer to a query (protocol.md §10, trap 26).
fn is_adjusted(way: Way, trade: &ReportedTrade, text: &Text) -> bool {
    let truth = match way {
        Way::Return | Way::Notify => "Y",
        Way::Query => "T",
    };
    let goods = || trade.price?.checked_mul(trade.quantity?)?.checked_add(trade.discount?);
    text.get("is_total_fee_adjust") == Some(truth) && goods().is_some_and(|goods| trade.total_fee >= goods)
}

fn claims_money(status: &Reported<TradeStatus>) -> bool {
    !matches!(status, Reported::Known(TradeStatus::WaitBuyerPay | TradeStatus::TradeClosed))
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

    /// Everything that every message says of a trade. Once money has moved its `total_fee` is one of the order's, or the
    /// one that the seller has made of it at the gateway's desk.
    pub fn trade(&self) -> &ReportedTrade {
        &self.trade
    }

    /// Any parameter by its wire name, as text in the order's charset; `None` if it is absent or empty. As in the example
    /// of [`Genuine::against`]: `checked.get("total_fee")` is `Some("19.90")`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text.get(name)
    }
}

fn order_named(params: &Params) -> Result<OutTradeNo, Rejected> {
    let bytes = required(params, "out_trade_no")?;
    let text = Charset::Utf8.decode(bytes).or_else(|_| Charset::Gbk.decode(bytes));
    text.map(OutTradeNo::new).map_err(|_| Rejected::Illegible("out_trade_no"))
}

fn required<'p>(params: &'p Params, name: &'static str) -> Result<&'p [u8], Rejected> {
    params.get(name).filter(|value| !value.is_empty()).ok_or(Rejected::Missing(name))
}

pub(crate) fn ascii(params: &Params, name: &'static str) -> Result<String, Rejected> {
    let bytes = required(params, name)?;
    if bytes.is_ascii() {
        return Ok(String::from_utf8_lossy(bytes).into_owned());
    }
    Err(Rejected::Illegible(name))
}

/// The raw bytes of a request that is one of the two kinds: what is to be stored before anything is believed. (The POST of
/// an address comes by [`Way::Return`] with a body; store that.)
///
/// ```
/// use danbao_merchant::Way;
/// use danbao_merchant::message::raw_bytes;
/// use danbao_merchant::protocol::node::Request;
///
/// let mut request = Request::new("notify_id=n1".into());
/// *request.uri_mut() = "/pay/return?notify_id=p1".parse()?;
/// assert_eq!(raw_bytes(Way::Notify, &request), "notify_id=n1");
/// assert_eq!(raw_bytes(Way::Return, &request), "notify_id=p1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn raw_bytes(way: Way, request: &Request) -> Bytes {
    match way {
        Way::Return => Bytes::copy_from_slice(request.uri().query().unwrap_or_default().as_bytes()),
        Way::Notify | Way::Query => request.body().clone(),
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
            .field("out_trade_no", &self.trade.out_trade_no)
            .field("trade_no", &self.trade.trade_no)
            .field("trade_status", &self.trade.trade_status)
            .field("refund_status", &self.trade.refund_status)
            .field("total_fee", &self.trade.total_fee)
            .finish_non_exhaustive()
    }
}
