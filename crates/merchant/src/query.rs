//! The answer to `single_trade_query` as a message: how an order is repaired whose notifications were lost for good, or
//! that was paid late (protocol.md §7.3).
//!
//! It goes the way of every message: signature, order, partner, seller, amount, then the inbox. `notify_verify` has no
//! place here, because the gateway was asked already. An answer without a signature is not believed: the kit takes in
//! nothing that a proxy could have written.

use danbao_protocol::charset::Charset;
use danbao_protocol::node::Response;
use danbao_protocol::params::Params;
use danbao_protocol::reply::Refused;
use danbao_protocol::time::Timestamp;

use crate::account::Account;
use crate::call::{NoReply, read_reply};
use crate::message::Genuine;
use crate::rejected::Rejected;

/// What the gateway has said of a trade.
#[derive(Debug)]
#[must_use = "an answer that is not taken in repairs nothing"]
pub enum Queried {
    /// The trade, to be held against the merchant's own order like any other message.
    Trade(Genuine),
    /// It refuses, by the error code on the wire. TRADE_NOT_EXIST: the buyer has not been at the cashier yet.
    Refused(Refused),
}

/// Why an answer says nothing of a trade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// It is no answer of the gateway.
    #[error(transparent)]
    NoReply(#[from] NoReply),
    /// It is one, and not to be believed.
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

impl Account {
    /// Reads the answer to [`Account::query_request`]; `charset` is the question's. `now` stands in for the time of the
    /// last change, if the answer does not name it.
    ///
    /// # Errors
    /// [`Unheard`].
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::error_code::ErrorCode;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::node::Response;
    /// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
    /// use danbao_merchant::protocol::time::Timestamp;
    /// use danbao_merchant::{Queried, Rejected, Unheard};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let number = TradeRef::OutTradeNo(OutTradeNo::new("20120229000001"));
    /// let question = account.query_request(number, Charset::Utf8)?;           // send it with any HTTP client
    /// # let now = Timestamp(0);
    /// let answered = |body: &'static str| account.read_queried(&Response::new(body.into()), Charset::Utf8, now);
    ///
    /// let no = answered("<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>")?;
    /// assert!(matches!(no, Queried::Refused(no) if no.is(ErrorCode::TradeNotExist)));
    /// let unsigned = answered("<alipay><is_success>T</is_success></alipay>");
    /// assert!(matches!(unsigned, Err(Unheard::Rejected(Rejected::Sign))));    // anybody could have written it
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_queried(
        &self,
        response: &Response,
        charset: Charset,
        now: Timestamp,
    ) -> Result<Queried, Unheard> {
        let reply = read_reply(response)?;
        if !reply.is_success {
            return Ok(Queried::Refused(Refused::new(reply.error.as_deref().unwrap_or_default())));
        }
        self.verify_reply(&reply)?;
        let changed = reply.get("gmt_last_modified_time").and_then(Timestamp::parse_wire).unwrap_or(now);
        let mut params = Params::new();
        // What a message says of itself (protocol.md §4.10). The same state asked for twice is the same message.
        let about = [
            ("notify_type", "trade_status_sync".to_owned()),
            ("notify_id", format!("query {}", changed.wire())),
            ("notify_time", changed.wire()),
        ];
        let said = reply.children.iter().filter(|(name, _)| !name.starts_with("notify_"));
        for (name, value) in
            about.iter().map(|(name, value)| (*name, value)).chain(said.map(|(n, v)| (&**n, v)))
        {
            params.push_text(name, value, charset).map_err(|_| Rejected::NotText(name.to_owned()))?;
        }
        Ok(Queried::Trade(Genuine::answered(params, self.partner().clone())))
    }
}
