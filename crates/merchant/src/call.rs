//! Calls from the merchant's server to the gateway, as values: the caller sends them and gives the answer to
//! [`read_reply`] (protocol.md §7).

use danbao_protocol::charset::Charset;
use danbao_protocol::ids::TradeNo;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::reply::{Reply, ReplyError};
use danbao_protocol::service::close_trade::CloseTrade;
use danbao_protocol::service::payment::BuildError;
use danbao_protocol::service::query_timestamp::QueryTimestamp;
use danbao_protocol::service::send_goods_confirm_by_platform::{SendGoods, TransportType};
use danbao_protocol::service::single_trade_query::{SingleTradeQuery, TradeRef};

use crate::account::Account;

/// 确认发货: what the gateway wants to know of a parcel (protocol.md §7.1).
///
/// ```
/// use danbao_merchant::Parcel;
/// use danbao_merchant::protocol::service::payment::TransportType;
///
/// let nothing_to_carry =
///     Parcel { transport_type: TransportType::Direct, logistics_name: None, invoice_no: None };
/// # assert!(nothing_to_carry.invoice_no.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// 物流类型: how the goods travel.
    pub transport_type: TransportType,
    /// 物流公司: the carrier, any text up to 64 characters; needed unless nothing is carried.
    pub logistics_name: Option<String>,
    /// 物流单号: the way-bill number, up to 32 characters.
    pub invoice_no: Option<String>,
}

/// Why an answer says neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// Another HTTP status than 200: something between us and the gateway speaks.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Not an answer of the gateway.
    #[error(transparent)]
    Illegible(#[from] ReplyError),
}

impl Account {
    /// `send_goods_confirm_by_platform`: the goods of a paid escrow trade are on their way. Safe to send again: the
    /// gateway says yes to goods that it knows to be sent (protocol.md §7.1).
    ///
    /// # Errors
    /// [`BuildError`] if the charset cannot write a value, or the gateway would refuse the call.
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::TradeNo;
    /// use danbao_merchant::protocol::node::Response;
    /// use danbao_merchant::protocol::service::payment::TransportType;
    /// use danbao_merchant::{Parcel, read_reply};
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    ///
    /// let parcel = Parcel {
    ///     transport_type: TransportType::Express,
    ///     logistics_name: Some("顺丰速运".into()),
    ///     invoice_no: Some("SF0001".into()),
    /// };
    /// let trade_no = TradeNo::new("2012022900000001");
    /// let request = account.send_goods_request(&trade_no, &parcel, Charset::Utf8)?;
    /// assert_eq!(request.uri().query(), Some("_input_charset=utf-8"));        // send it with any HTTP client
    /// # let body = "<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
    /// # let answer = Response::new(body.into());
    /// let refused = read_reply(&answer)?.accepted().unwrap_err();
    /// assert_eq!(refused.as_str(), "TRADE_NOT_EXIST");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_goods_request(
        &self,
        trade_no: &TradeNo,
        parcel: &Parcel,
        charset: Charset,
    ) -> Result<Request, BuildError> {
        let goods = SendGoods {
            partner: self.partner().clone(),
            charset,
            trade_no: trade_no.clone(),
            transport_type: parcel.transport_type,
            logistics_name: parcel.logistics_name.clone(),
            invoice_no: parcel.invoice_no.clone(),
            seller_ip: None,
            notify_url: None,
        };
        Ok(self.signed_call(goods.to_params()?, charset))
    }

    /// `single_trade_query`: what the gateway knows of a trade; for orders whose messages were lost (protocol.md §7.3).
    ///
    /// [`Account::read_queried`] reads the answer, and has the example.
    ///
    /// # Errors
    /// As [`Account::send_goods_request`].
    pub fn query_request(&self, trade: TradeRef, charset: Charset) -> Result<Request, BuildError> {
        let query = SingleTradeQuery { partner: self.partner().clone(), charset, trade };
        Ok(self.signed_call(query.to_params()?, charset))
    }

    /// `close_trade`: an unpaid trade is not to be paid any more (protocol.md §7.4). The change itself is told by a
    /// notification; let that close the order.
    ///
    /// # Errors
    /// As [`Account::send_goods_request`].
    ///
    /// ```
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::protocol::ids::OutTradeNo;
    /// use danbao_merchant::protocol::service::single_trade_query::TradeRef;
    /// use danbao_merchant::read_reply;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let account = example::account();
    /// # let send = |_request| example::answered("<alipay><is_success>T</is_success></alipay>");
    ///
    /// let trade = TradeRef::OutTradeNo(OutTradeNo::new("20120229000001"));
    /// let request = account.close_request(trade, Charset::Utf8)?;
    /// read_reply(&send(request))?.accepted()?;                                // nobody can pay it now
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn close_request(&self, trade: TradeRef, charset: Charset) -> Result<Request, BuildError> {
        let partner = self.partner().clone();
        let close = CloseTrade { partner, charset, trade, trade_role: None, ip: None };
        Ok(self.signed_call(close.to_params()?, charset))
    }

    /// `query_timestamp`: asks for an `anti_phishing_key`, which lives 30 seconds (protocol.md §7.2).
    ///
    /// # Errors
    /// As [`Account::send_goods_request`].
    ///
    /// ```
    /// use danbao_merchant::call::anti_phishing_key;
    /// use danbao_merchant::protocol::charset::Charset;
    /// use danbao_merchant::read_reply;
    /// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
    /// # let (account, mut payment) = (example::account(), example::payment("A-1"));
    /// # let said = "<alipay><is_success>T</is_success><response><timestamp><encrypt_key>KAB</encrypt_key></timestamp></response></alipay>";
    /// # let send = |_request| example::answered(said);
    ///
    /// let reply = read_reply(&send(account.timestamp_request(Charset::Utf8)?))?.accepted()?;
    /// payment.direct.anti_phishing_key = anti_phishing_key(&reply);
    /// # assert_eq!(payment.direct.anti_phishing_key.as_deref(), Some("KAB"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timestamp_request(&self, charset: Charset) -> Result<Request, BuildError> {
        let query = QueryTimestamp { partner: self.partner().clone(), charset };
        Ok(self.signed_call(query.to_params()?, charset))
    }

    fn signed_call(&self, params: Params, charset: Charset) -> Request {
        self.call(&self.sign(params), Some(charset))
    }
}

/// Reads the XML answer to a call: yes, or no with a code.
///
/// What the gateway signs in an answer was never settled (protocol.md §2.4), so no signature is asked for here:
/// believe an answer as far as you believe the connection, and let the notification that follows change the order.
///
/// # Errors
/// [`NoReply`] if it is neither. What was asked may have been done all the same.
///
/// ```
/// use danbao_merchant::protocol::error_code::ErrorCode;
/// use danbao_merchant::{NoReply, read_reply};
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs")); }
///
/// let no = example::answered("<alipay><is_success>F</is_success><error>ILLEGAL_SIGN</error></alipay>");
/// let refused = read_reply(&no)?.accepted().unwrap_err();                 // a refusal has the wire's code
/// assert!(refused.is(ErrorCode::IllegalSign));
/// assert!(matches!(read_reply(&example::answered("<html>a proxy</html>")), Err(NoReply::Illegible(_))));
/// # Ok::<(), NoReply>(())
/// ```
pub fn read_reply(response: &Response) -> Result<Reply, NoReply> {
    match response.status().as_u16() {
        200 => Ok(Reply::parse(response.body())?),
        other => Err(NoReply::Status(other)),
    }
}

/// The key in an accepted answer to [`Account::timestamp_request`], to be put into a direct payment within 30 seconds;
/// `None` if it holds none. Opaque text, 32 characters from our gateway (protocol.md §7.2). The example is at
/// [`Account::timestamp_request`].
pub fn anti_phishing_key(reply: &Reply) -> Option<String> {
    let is_timestamp = reply.is_success && reply.element.as_deref() == Some("timestamp");
    reply.get("encrypt_key").filter(|_| is_timestamp).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use danbao_protocol::ids::{OutTradeNo, PartnerId, UserId};
    use danbao_protocol::sign::{Md5Key, md5};

    use super::*;

    const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

    fn account() -> Account {
        let partner = PartnerId::new("2088000000000001");
        let seller = UserId::new("2088000000000002");
        Account::new(partner, Md5Key::new(KEY), "seller@example.com", seller, "http://gateway/gateway.do")
            .unwrap()
    }

    /// Reads a call as the gateway does: query and body together, signed.
    fn heard(request: &Request) -> Params {
        let query = request.uri().query().unwrap_or_default();
        let params = Params::receive(query.as_bytes(), None, request.body()).unwrap();
        md5::verify(&params, &Md5Key::new(KEY)).unwrap();
        params
    }

    #[test]
    fn calls_are_signed_posts_that_carry_their_charset_in_the_query_too() {
        let parcel = Parcel {
            transport_type: TransportType::Express,
            logistics_name: Some("顺丰速运".into()),
            invoice_no: None,
        };
        let trade_no = TradeNo::new("2012022900000001");
        let request = account().send_goods_request(&trade_no, &parcel, Charset::Gbk).unwrap();
        assert_eq!(request.method(), http::Method::POST);
        assert_eq!(request.uri().to_string(), "http://gateway/gateway.do?_input_charset=gbk");
        let goods = SendGoods::parse(&heard(&request), Charset::Gbk).unwrap();
        assert_eq!(goods.logistics_name.as_deref(), Some("顺丰速运"));

        let number = || TradeRef::OutTradeNo(OutTradeNo::new("A-1"));
        let query = account().query_request(number(), Charset::Utf8).unwrap();
        assert_eq!(SingleTradeQuery::parse(&heard(&query), Charset::Utf8).unwrap().trade, number());
        let close = account().close_request(number(), Charset::Utf8).unwrap();
        assert_eq!(CloseTrade::parse(&heard(&close), Charset::Utf8).unwrap().trade, number());
        let stamp = account().timestamp_request(Charset::Utf8).unwrap();
        assert_eq!(heard(&stamp).get("service"), Some(b"query_timestamp".as_slice()));
    }

    #[test]
    fn an_answer_is_a_yes_a_no_or_none() {
        let read = |text: &'static str| read_reply(&Response::new(Bytes::from_static(text.as_bytes())));
        let no = read("<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>").unwrap();
        assert_eq!((no.is_success, no.error.as_deref()), (false, Some("TRADE_NOT_EXIST")));
        assert!(read("<alipay><is_success>T</is_success></alipay>").unwrap().is_success);
        assert!(read("<html>proxy</html>").is_err());
        let mut down = Response::new(Bytes::new());
        *down.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert_eq!(read_reply(&down), Err(NoReply::Status(502)));
    }
}
