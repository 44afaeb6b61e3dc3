//! Who comes by quick login, and which address was chosen: messages without an order (protocol.md §4.5, 4.6).
//!
//! They go the same way as messages about trades, as far as [`Genuine`]. From there a login is read by
//! [`Genuine::login`], and an address is held against the buyer whose session asked for it by [`Genuine::address`].

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

/// An address that the buyer of a session has chosen at the gateway.
#[derive(Clone, PartialEq, Eq)]
pub struct ChosenAddress(AddressPost);

impl Genuine {
    /// Reads a quick-login return. `charset` is that of the merchant's request; for buyers from etao, who come without
    /// one, that of the merchant's contract.
    ///
    /// # Errors
    /// [`Rejected::LoginRefused`] if it says so itself; [`Rejected`] with the check `form` if it is no quick-login return.
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

    /// Reads the POST of an address and holds it against the buyer for whom it was asked.
    ///
    /// # Errors
    /// [`Rejected::OtherBuyer`] if the address is somebody else's; [`Rejected::NoAddress`] if its document is not one
    /// that may be read; [`Rejected`] with the check `form`.
    pub fn address(self, charset: Charset, asked_for: &UserId) -> Result<ChosenAddress, Rejected> {
        let text = self.text(charset)?;
        let post = AddressPost::read(&text).map_err(|why| match why {
            NoAddress::Field(field) => field.into(),
            NoAddress::Document(why) => Rejected::NoAddress(why),
        })?;
        if post.user_id != *asked_for {
            return Err(Rejected::OtherBuyer);
        }
        Ok(ChosenAddress(post))
    }

    fn text(&self, charset: Charset) -> Result<Text, Rejected> {
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

    /// The address, in parts. Its texts are the buyer's: escape them.
    pub fn address(&self) -> &ReceiveAddress {
        &self.0.receive_address
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
