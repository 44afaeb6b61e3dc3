//! 关闭交易, `close_trade`: closes an unpaid trade (protocol.md §7.4). The order number is called `out_order_no` here.

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::PartnerId;
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;
use crate::service::single_trade_query::TradeRef;
use crate::status::wire_enum;

wire_enum! {
    /// On whose behalf a trade is closed.
    TradeRole {
        /// 买家
        Buyer = "B",
        /// 卖家
        Seller = "S",
    }
}

/// A request to close a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseTrade {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of the answer.
    pub charset: Charset,
    /// Which trade.
    pub trade: TradeRef,
    /// `trade_role`
    pub trade_role: Option<TradeRole>,
    /// `ip`
    pub ip: Option<String>,
}

impl CloseTrade {
    /// Reads a request whose signature has been checked.
    ///
    /// # Errors
    /// ILLEGAL_ARGUMENT without either number or with an unknown role, ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<CloseTrade, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        let partner = fields.partner()?;
        let trade = TradeRef::read(fields, "out_order_no")?;
        let trade_role = match text.get("trade_role") {
            None => None,
            Some(role) => Some(TradeRole::from_wire(role).ok_or(ErrorCode::IllegalArgument)?),
        };
        Ok(CloseTrade { partner, charset, trade, trade_role, ip: fields.owned("ip", 40)? })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "close_trade")?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        self.trade.write("out_order_no", &mut draft)?;
        draft.optional("trade_role", self.trade_role.map(TradeRole::as_str))?;
        draft.optional("ip", self.ip.as_deref())?;
        draft.finish(CloseTrade::parse)
    }
}
