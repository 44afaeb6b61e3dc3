//! 快捷登录: sending the buyer to sign in and to choose an address, and what the merchant keeps of a buyer who has
//! (protocol.md §3.11-3.14).
//!
//! ```
//! use danbao_merchant::{BuyerSession, Received};
//! # use danbao_merchant::protocol::{charset::Charset, ids::*, login_return::*, node::Response, time::Timestamp};
//! # use danbao_merchant::protocol::service::payment::{Amount, PaymentService};
//! # use danbao_merchant::protocol::sign::{Md5Key, Signer, append};
//! # use danbao_merchant::{Account, protocol::money::Fen};
//! # let (key, charset, now) = (Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf"), Charset::Utf8, Timestamp(0));
//! # let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
//! # let gateway = "http://127.0.0.1:8080/gateway.do";
//! # let account = Account::new(partner, key.clone(), "seller@example.com", seller, gateway)?;
//! let url = account.quick_login_url(&account.quick_login(charset, "http://shop.example/login/return"))?;
//! // The browser goes there, and comes back to return_url:
//! # let buyer = Buyer {
//! #     user_id: UserId::new("2088000000000003"),
//! #     token: Token::new("20120229fedcba9876543210fedcba9876543210"),
//! #     real_name: Some("张三".into()),
//! #     email: None,
//! #     grade: None,
//! # };
//! # let arrival = Arrival::QuickLogin(buyer);
//! # let mut params = LoginReturn { notify_id: NotifyId::new("n1"), arrival }.build(charset)?;
//! # append(&mut params, &Signer::Md5(key))?;
//! # let query = params.to_urlencoded();
//! # let send = |_question| Response::new("true".into());
//! let signed = Received::page_return(query.as_bytes(), &[])?.check_sign(&account)?;
//! let answer = send(signed.question());
//! let login = signed.hear(&answer)?.login(charset)?;                      // then let login.notify_id() be used once
//! let session = BuyerSession::of(&login, now).ok_or("an unknown buyer from etao")?;
//! assert_eq!(session.display_name("会员"), "会员张三");
//! // Later, in every payment of theirs: the token, and etao's items.
//! # let direct = PaymentService::CreateDirectPayByUser;
//! # let amount = Amount { price: Fen(1), quantity: 1, discount: Fen::ZERO };
//! # let mut payment = account.payment(direct, charset, OutTradeNo::new("A-1"), "书签", amount);
//! session.equip(&mut payment, || "书签^1".into());
//! assert!(payment.token.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{Token, UserId};
use danbao_protocol::login_return::Arrival;
use danbao_protocol::service::address_query::AddressQuery;
use danbao_protocol::service::authorize::Authorize;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::time::Timestamp;

use crate::account::Account;
use crate::message::Login;
use crate::payment::PaymentError;

/// What the integration rules want before a member's name: 支付宝用户张三 (quick-login tutorial 4).
pub const DISPLAY_PREFIX: &str = "支付宝用户";

impl Account {
    /// A request to have a buyer sign in at the gateway; the example is at [`Account::quick_login_url`].
    pub fn quick_login(&self, charset: Charset, return_url: impl Into<String>) -> Authorize {
        Authorize {
            partner: self.partner().clone(),
            charset,
            sign_type: self.sign_type(),
            return_url: return_url.into(),
            email: None,
            anti_phishing_key: None,
            exter_invoke_ip: None,
        }
    }

    /// The signed address of the sign-in: redirect the buyer's browser there.
    ///
    /// # Errors
    /// [`PaymentError`], as for a payment.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let request = account.quick_login(Charset::Utf8, "http://shop.example/login/return");
    /// let url = account.quick_login_url(&request)?;
    /// assert!(url.contains("target_service=user.auth.quick.login"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn quick_login_url(&self, request: &Authorize) -> Result<String, PaymentError> {
        if request.partner != *self.partner() {
            return Err(PaymentError::OtherPartner);
        }
        let params = self.sign(request.to_params()?);
        Ok(format!("{}?{}", self.gateway_url(), params.to_urlencoded()))
    }

    /// A request to have a buyer choose an address, with the token of the buyer's session; the example is at
    /// [`Account::address_query_url`].
    pub fn address_query(
        &self,
        charset: Charset,
        return_url: impl Into<String>,
        buyer: &BuyerSession,
    ) -> AddressQuery {
        AddressQuery {
            partner: self.partner().clone(),
            charset,
            sign_type: self.sign_type(),
            return_url: return_url.into(),
            token: Some(buyer.token.clone()),
        }
    }

    /// The signed address of the address book: redirect the buyer's browser there. The address comes back by a POST.
    ///
    /// # Errors
    /// [`PaymentError`], as for a payment.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::{BuyerSession, Received};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let signed = Received::page_return(example::signed_in().as_bytes(), &[])?.check_sign(&account)?;
    /// # let login = signed.hear(&example::answered("true"))?.login(Charset::Utf8)?;
    /// # let session = BuyerSession::of(&login, example::NOON).ok_or("an unknown buyer from etao")?;
    ///
    /// // For a buyer who has signed in; the address comes to Received::posted_return.
    /// let request = account.address_query(Charset::Utf8, "http://shop.example/address/return", &session);
    /// let url = account.address_query_url(&request)?;
    /// assert!(url.contains("service=user.logistics.address.query&"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn address_query_url(&self, request: &AddressQuery) -> Result<String, PaymentError> {
        if request.partner != *self.partner() {
            return Err(PaymentError::OtherPartner);
        }
        let params = self.sign(request.to_params()?);
        Ok(format!("{}?{}", self.gateway_url(), params.to_urlencoded()))
    }
}

/// By which way a buyer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CameBy {
    /// The merchant's own quick-login entry.
    QuickLogin,
    /// A click on etao, signed in there.
    Etao,
}

impl CameBy {
    /// A stable word: `quick_login`, `etao`.
    pub const fn as_str(self) -> &'static str {
        match self {
            CameBy::QuickLogin => "quick_login",
            CameBy::Etao => "etao",
        }
    }

    /// Reads the word; `None` for any other.
    ///
    /// ```
    /// use danbao_merchant::CameBy;
    ///
    /// assert_eq!(CameBy::from_word(CameBy::Etao.as_str()), Some(CameBy::Etao));
    /// ```
    pub fn from_word(word: &str) -> Option<CameBy> {
        [CameBy::QuickLogin, CameBy::Etao].into_iter().find(|known| known.as_str() == word)
    }
}

/// What is kept with the session of a buyer who is signed in.
///
/// The member is `user_id` and nothing else. There is no e-mail in here on purpose: the buyer may change it at the
/// gateway, and a member found by it might be somebody else tomorrow (quick-login tutorial 4).
#[derive(Clone, PartialEq, Eq)]
pub struct BuyerSession {
    /// The key of the merchant's member.
    pub user_id: UserId,
    /// `real_name` as it came this time, which must be shown: the real name, or from etao perhaps a nickname. Empty if
    /// none came.
    pub real_name: String,
    /// Sent with every later request; a stale one costs the buyer a sign-in and nothing else (protocol.md §3.13).
    pub token: Token,
    /// By which way.
    pub came_by: CameBy,
    /// When.
    pub since: Timestamp,
}

/// What may go into a log: no name and no token.
impl fmt::Debug for BuyerSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuyerSession")
            .field("user_id", &self.user_id)
            .field("came_by", &self.came_by)
            .field("since", &self.since)
            .finish_non_exhaustive()
    }
}

impl BuyerSession {
    /// What to keep of a login; `None` for an unknown buyer from etao.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::{BuyerSession, CameBy, Received};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, now, query) = (example::account(), example::NOON, example::signed_in());
    ///
    /// let signed = Received::page_return(query.as_bytes(), &[])?.check_sign(&account)?;
    /// let login = signed.hear(&example::answered("true"))?.login(Charset::Utf8)?;
    /// let session = BuyerSession::of(&login, now).ok_or("an unknown buyer from etao")?;
    /// assert_eq!((session.came_by, session.user_id.as_str()), (CameBy::QuickLogin, "2088000000000003"));
    /// assert!(!format!("{session:?}").contains("张三"), "names stay out of logs");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(login: &Login, now: Timestamp) -> Option<BuyerSession> {
        let (buyer, came_by) = match login.arrival() {
            Arrival::QuickLogin(buyer) => (buyer, CameBy::QuickLogin),
            Arrival::Etao { buyer, .. } => (buyer, CameBy::Etao),
            Arrival::EtaoUnknown { .. } => return None,
        };
        Some(BuyerSession {
            user_id: buyer.user_id.clone(),
            real_name: buyer.real_name.clone().unwrap_or_default(),
            token: buyer.token.clone(),
            came_by,
            since: now,
        })
    }

    /// The name to show: the prefix and `real_name`, as the integration rules have it. [`DISPLAY_PREFIX`] is theirs.
    /// The example is at [this module](self). The name is the buyer's own: escape it.
    pub fn display_name(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.real_name)
    }

    /// Puts into a payment what such a buyer's payments must carry: the token, and for a direct payment of a buyer from
    /// etao the `item_orders_info` that `items` writes (quick-login tutorial 5). The example is at [this module](self).
    pub fn equip(&self, request: &mut PaymentRequest, items: impl FnOnce() -> String) {
        request.token = Some(self.token.clone());
        if self.came_by == CameBy::Etao && request.service.is_direct() {
            request.direct.item_orders_info = Some(items()).filter(|items| !items.is_empty());
        }
    }
}
