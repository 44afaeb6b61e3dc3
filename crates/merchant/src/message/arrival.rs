//! Who comes by quick login, and which address was chosen: messages without an order (protocol.md §4.5, 4.6).
//!
//! They go the same way as messages about trades, as far as [`Genuine`]. From there a login is read by
//! [`Genuine::login`], and an address is held against the buyer who is to use it by [`ChosenAddress::of`].

use std::fmt;

use danbao_protocol::address_post::{AddressPost, NoAddress, ReceiveAddress};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{NotifyId, UserId};
use danbao_protocol::login_return::{Arrival, Buyer, LoginReturn, NoLogin};
use danbao_protocol::params::Text;

use super::Genuine;
use crate::rejected::Rejected;

/// A quick-login return that can be believed: signed by the gateway, and acknowledged by it within the minute.
///
/// Keep its [`Login::notify_id`] and let each be used once: what was genuine a moment ago is so for whoever has copied
/// the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Login(LoginReturn);

/// An address that a buyer has chosen at the gateway. Whose it is can be asked, what it says only for that buyer.
///
/// Find the buyer by [`ChosenAddress::user_id`] and not by a cookie: it comes by a POST from another site, for which
/// browsers keep cookies with `SameSite` to themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct ChosenAddress(AddressPost);

impl Genuine {
    /// Reads a quick-login return. `charset` is that of the merchant's request; for buyers from etao, who come without
    /// one, that of the merchant's contract.
    ///
    /// # Errors
    /// [`Rejected::LoginRefused`] if it says so itself; [`Rejected`] with the check `form` if it is no quick-login return.
    ///
    /// ```
    /// use danbao_merchant::Received;
    /// use danbao_merchant::protocol::charset::Charset;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let query = example::signed_in();
    ///
    /// let signed = Received::page_return(query.as_bytes(), &[])?.check_sign(&account)?;
    /// let login = signed.hear(&example::answered("true"))?.login(Charset::Utf8)?;
    /// let user_id = login.buyer().map(|buyer| buyer.user_id.as_str());        // the key of your member
    /// assert_eq!(user_id, Some("2088000000000003"));
    /// # Ok::<(), danbao_merchant::Rejected>(())
    /// ```
    pub fn login(self, charset: Charset) -> Result<Login, Rejected> {
        let text = self.text(charset)?;
        // A message about a trade is signed by the same key, and is no proof of who brings it.
        if text.get("trade_no").is_some() || text.get("receive_address").is_some() {
            return Err(Rejected::Illegible("user_id"));
        }
        LoginReturn::read(&text).map(Login).map_err(|why| match why {
            NoLogin::Refused { error } => Rejected::LoginRefused { error },
            NoLogin::Field(field) => field.into(),
        })
    }

    /// Reads the POST of an address (protocol.md §4.6); the example is at [`crate::Received::posted_return`]. `charset` is
    /// that of the merchant's request.
    ///
    /// # Errors
    /// [`Rejected::NoAddress`] if its document is not one that may be read; [`Rejected`] with the check `form`.
    pub fn address(self, charset: Charset) -> Result<ChosenAddress, Rejected> {
        let text = self.text(charset)?;
        AddressPost::read(&text).map(ChosenAddress).map_err(|why| match why {
            NoAddress::Field(field) => field.into(),
            NoAddress::Document(why) => Rejected::NoAddress(why),
        })
    }

    pub(super) fn text(&self, charset: Charset) -> Result<Text, Rejected> {
        self.params.decode(charset).map_err(|e| Rejected::NotText(e.name))
    }
}

impl Login {
    /// The id that the gateway has acknowledged; to be used once.
    pub fn notify_id(&self) -> &NotifyId {
        &self.0.notify_id
    }

    /// Who comes, and which way.
    pub fn arrival(&self) -> &Arrival {
        &self.0.arrival
    }

    /// Who it is, unless it is an unknown buyer from etao.
    pub fn buyer(&self) -> Option<&Buyer> {
        self.0.buyer()
    }

    /// Where to go on to, if the buyer came by etao. Anybody may have put it there: follow it only if
    /// [`crate::targets::Targets`] allows it.
    pub fn target_url(&self) -> Option<&str> {
        self.0.target_url()
    }
}

impl ChosenAddress {
    /// The id that the gateway has acknowledged; to be used once.
    pub fn notify_id(&self) -> &NotifyId {
        &self.0.notify_id
    }

    /// Whose it is.
    pub fn user_id(&self) -> &UserId {
        &self.0.user_id
    }

    /// The address in parts, for this buyer. Its texts are the buyer's own: escape them.
    ///
    /// # Errors
    /// [`Rejected::OtherBuyer`] for anybody else. The example is at [`crate::Received::posted_return`].
    pub fn of(&self, buyer: &UserId) -> Result<&ReceiveAddress, Rejected> {
        if self.0.user_id == *buyer { Ok(&self.0.receive_address) } else { Err(Rejected::OtherBuyer) }
    }
}

/// What may go into a log: no names and no token.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.arrival() {
            Arrival::QuickLogin(_) => "quick login",
            Arrival::Etao { .. } => "etao",
            Arrival::EtaoUnknown { .. } => "etao, unknown",
        };
        let user_id = self.buyer().map(|buyer| &buyer.user_id);
        f.debug_struct("Login").field("by", &by).field("user_id", &user_id).finish_non_exhaustive()
    }
}

/// What may go into a log: whose it is.
impl fmt::Debug for ChosenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChosenAddress").field("user_id", &self.0.user_id).finish_non_exhaustive()
    }
}
