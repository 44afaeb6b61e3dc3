//! Calls from the merchant's server to the gateway, as values: the caller sends them and gives the answer to
//! [`Reply::read`](crate::reply::Reply::read) (protocol.md §7).

use danbao_protocol::charset::{Charset, Unmappable};
use danbao_protocol::ids::{OutTradeNo, TradeNo};
use danbao_protocol::node::Request;
use danbao_protocol::params::Params;

use crate::account::Account;

/// 确认发货: what the gateway wants to know of a parcel (protocol.md §7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendGoods {
    /// The gateway's number of the trade, not the merchant's.
    pub trade_no: TradeNo,
    /// 物流公司: carrier, any text up to 64 characters.
    pub logistics_name: String,
    /// 物流单号: way-bill number, up to 32 characters.
    pub invoice_no: Option<String>,
    /// `POST`, `EXPRESS`, `EMS`, `DIRECT` and others (protocol.md §3.9).
    pub transport_type: String,
}

/// Which trade a query or a closing is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeNamed {
    /// By the gateway's number.
    TradeNo(TradeNo),
    /// By the merchant's number.
    OutTradeNo(OutTradeNo),
}

impl Account {
    /// `send_goods_confirm_by_platform`: the goods of a paid escrow trade are on their way. Safe to send again: the
    /// gateway says yes to goods that it knows to be sent (protocol.md §7.1).
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write the carrier's name.
    pub fn send_goods_request(&self, goods: &SendGoods, charset: Charset) -> Result<Request, Unmappable> {
        let mut params = self.call_params("send_goods_confirm_by_platform", charset);
        params.push_text("trade_no", goods.trade_no.as_str(), charset)?;
        params.push_text("logistics_name", &goods.logistics_name, charset)?;
        if let Some(invoice_no) = &goods.invoice_no {
            params.push_text("invoice_no", invoice_no, charset)?;
        }
        params.push_text("transport_type", &goods.transport_type, charset)?;
        Ok(self.signed_call(params, charset))
    }

    /// `single_trade_query`: what the gateway knows of a trade; for orders whose messages were lost (protocol.md §7.3).
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write the order's number.
    pub fn query_request(&self, trade: &TradeNamed, charset: Charset) -> Result<Request, Unmappable> {
        let mut params = self.call_params("single_trade_query", charset);
        match trade {
            TradeNamed::TradeNo(trade_no) => params.push_text("trade_no", trade_no.as_str(), charset)?,
            TradeNamed::OutTradeNo(number) => params.push_text("out_trade_no", number.as_str(), charset)?,
        }
        Ok(self.signed_call(params, charset))
    }

    /// `close_trade`: an unpaid trade is not to be paid any more. Here the merchant's number is called
    /// `out_order_no` (protocol.md §7.4).
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write the order's number.
    pub fn close_request(&self, trade: &TradeNamed, charset: Charset) -> Result<Request, Unmappable> {
        let mut params = self.call_params("close_trade", charset);
        match trade {
            TradeNamed::TradeNo(trade_no) => params.push_text("trade_no", trade_no.as_str(), charset)?,
            TradeNamed::OutTradeNo(number) => params.push_text("out_order_no", number.as_str(), charset)?,
        }
        Ok(self.signed_call(params, charset))
    }

    /// `query_timestamp`: asks for an `anti_phishing_key`, which lives half a minute (protocol.md §7.2).
    pub fn timestamp_request(&self, charset: Charset) -> Request {
        let params = self.call_params("query_timestamp", charset);
        self.signed_call(params, charset)
    }

    fn call_params(&self, service: &'static str, charset: Charset) -> Params {
        let mut params = Params::new();
        params.push("service", service.as_bytes());
        params.push("partner", self.partner().as_str().as_bytes());
        params.push("_input_charset", charset.label().as_bytes());
        params
    }

    fn signed_call(&self, params: Params, charset: Charset) -> Request {
        self.call(&self.sign(params), Some(charset))
    }
}
