//! 确认发货, `send_goods_confirm_by_platform`: the merchant says that it has shipped (protocol.md §7.1).

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{PartnerId, TradeNo};
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;

pub use crate::service::payment::TransportType;

/// A request to ship.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendGoods {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of the answer.
    pub charset: Charset,
    /// The gateway's number of the trade.
    pub trade_no: TradeNo,
    /// `transport_type`, or `create_transport_type` when that one is absent.
    pub transport_type: TransportType,
    /// The carrier; there unless the type is `DIRECT`.
    pub logistics_name: Option<String>,
    /// The way-bill number.
    pub invoice_no: Option<String>,
    /// Where the seller is.
    pub seller_ip: Option<String>,
    /// Told of the change besides the trade's own address.
    pub notify_url: Option<String>,
}

impl SendGoods {
    /// Reads a request whose signature has been checked.
    ///
    /// # Errors
    /// ILLEGAL_ARGUMENT for anything missing or malformed, ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<SendGoods, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        let partner = fields.partner()?;
        let transport_type = text
            .get("transport_type")
            .or_else(|| text.get("create_transport_type"))
            .and_then(TransportType::from_wire)
            .ok_or(ErrorCode::IllegalArgument)?;
        let logistics_name = fields.owned("logistics_name", 64)?;
        if transport_type != TransportType::Direct && logistics_name.is_none() {
            return Err(ErrorCode::IllegalArgument);
        }
        Ok(SendGoods {
            partner,
            charset,
            trade_no: TradeNo::new(fields.required("trade_no", 64)?),
            transport_type,
            logistics_name,
            invoice_no: fields.owned("invoice_no", 32)?,
            seller_ip: read_seller_ip(fields)?,
            notify_url: fields.url("notify_url", 190)?,
        })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "send_goods_confirm_by_platform")?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        draft.push("trade_no", self.trade_no.as_str())?;
        draft.optional("logistics_name", self.logistics_name.as_deref())?;
        draft.optional("invoice_no", self.invoice_no.as_deref())?;
        draft.push("transport_type", self.transport_type.as_str())?;
        draft.optional("seller_ip", self.seller_ip.as_deref())?;
        draft.optional("notify_url", self.notify_url.as_deref())?;
        draft.finish(SendGoods::parse)
    }
}

/// An IPv4 address, if it is there.
fn read_seller_ip(fields: Fields<'_>) -> Result<Option<String>, ErrorCode> {
    match fields.owned("seller_ip", 15)? {
        Some(ip) if ip.parse::<std::net::Ipv4Addr>().is_err() => Err(ErrorCode::IllegalArgument),
        ip => Ok(ip),
    }
}
