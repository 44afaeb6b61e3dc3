//! 单笔交易查询, `single_trade_query`: what a trade's state is (protocol.md §7.3).

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{OutTradeNo, PartnerId, TradeNo};
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;

/// How a merchant names a trade.
///
/// ```
/// use danbao_protocol::ids::OutTradeNo;
/// use danbao_protocol::service::single_trade_query::TradeRef;
///
/// // The merchant's own number is known before any message has come.
/// let trade = TradeRef::OutTradeNo(OutTradeNo::new("20120229000001"));
/// # assert!(matches!(trade, TradeRef::OutTradeNo(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeRef {
    /// By the gateway's number, which wins when both are sent.
    TradeNo(TradeNo),
    /// By its own order number.
    OutTradeNo(OutTradeNo),
}

impl TradeRef {
    /// Reads `trade_no`, or the order number under its name in this service.
    pub(super) fn read(fields: Fields<'_>, order_number: &str) -> Result<TradeRef, ErrorCode> {
        match fields.owned("trade_no", 64)? {
            Some(trade_no) => Ok(TradeRef::TradeNo(TradeNo::new(trade_no))),
            None => fields.required(order_number, 64).map(|no| TradeRef::OutTradeNo(OutTradeNo::new(no))),
        }
    }

    pub(super) fn write(&self, order_number: &'static str, draft: &mut Draft) -> Result<(), BuildError> {
        match self {
            TradeRef::TradeNo(trade_no) => draft.push("trade_no", trade_no.as_str()),
            TradeRef::OutTradeNo(out_trade_no) => draft.push(order_number, out_trade_no.as_str()),
        }
    }
}

/// A request for one trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SingleTradeQuery {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of the answer.
    pub charset: Charset,
    /// Which trade.
    pub trade: TradeRef,
}

impl SingleTradeQuery {
    /// Reads a request whose signature has been checked.
    ///
    /// # Errors
    /// ILLEGAL_ARGUMENT without either number, ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<SingleTradeQuery, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        let partner = fields.partner()?;
        Ok(SingleTradeQuery { partner, charset, trade: TradeRef::read(fields, "out_trade_no")? })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "single_trade_query")?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        self.trade.write("out_trade_no", &mut draft)?;
        draft.finish(SingleTradeQuery::parse)
    }
}
