//! What the two kinds of trade message share: fields are added once, and never empty (protocol.md §4.1).

use crate::charset::{Charset, Unmappable};
use crate::params::Params;
use crate::time::Timestamp;
use crate::trade_message::TradeMessage;

/// `notify_type` of every message about a trade (protocol.md §4.10).
pub(crate) const TRADE_STATUS_SYNC: &str = "trade_status_sync";

/// A message in the making.
pub(crate) struct Writer {
    params: Params,
    charset: Charset,
}

impl Writer {
    pub(crate) fn new(charset: Charset) -> Writer {
        Writer { params: Params::new(), charset }
    }

    /// Adds a field, unless its value is empty: an empty one would be signed by half of the clients only
    /// (protocol.md §10, trap 4).
    pub(crate) fn text(&mut self, name: &str, value: &str) -> Result<&mut Writer, Unmappable> {
        if !value.is_empty() {
            self.params.push_text(name, value, self.charset)?;
        }
        Ok(self)
    }

    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) -> Result<&mut Writer, Unmappable> {
        self.text(name, value.unwrap_or_default())
    }

    pub(crate) fn time(&mut self, name: &str, at: Option<Timestamp>) -> Result<&mut Writer, Unmappable> {
        self.text(name, &at.map(Timestamp::wire).unwrap_or_default())
    }

    pub(crate) fn flag(&mut self, name: &str, set: bool) -> Result<&mut Writer, Unmappable> {
        self.text(name, if set { "Y" } else { "N" })
    }

    /// What every message about a trade says.
    pub(crate) fn head(&mut self, message: &TradeMessage) -> Result<(), Unmappable> {
        self.text("notify_id", message.notify_id.as_str())?
            .text("notify_type", TRADE_STATUS_SYNC)?
            .time("notify_time", Some(message.notify_time))?
            .text("out_trade_no", message.out_trade_no.as_str())?
            .text("trade_no", message.trade_no.as_str())?
            .text("trade_status", message.trade_status.as_str())?
            .text("subject", &message.subject)?
            .optional("body", message.body.as_deref())?
            .text("payment_type", &message.payment_type)?
            .text("total_fee", &message.total_fee.to_string())?
            .text("seller_email", &message.seller_email)?
            .text("seller_id", message.seller_id.as_str())?
            .text("buyer_email", &message.buyer_email)?
            .text("buyer_id", message.buyer_id.as_str())?;
        Ok(())
    }

    /// How the total came about.
    pub(crate) fn amount(&mut self, message: &TradeMessage) -> Result<(), Unmappable> {
        self.text("price", &message.price.to_string())?
            .text("quantity", &message.quantity.to_string())?
            .text("discount", &message.discount.to_string())?
            .flag("is_total_fee_adjust", message.is_total_fee_adjust)?
            .flag("use_coupon", message.use_coupon)?;
        Ok(())
    }

    /// Refund and times.
    pub(crate) fn progress(&mut self, message: &TradeMessage) -> Result<(), Unmappable> {
        self.optional("refund_status", message.refund_status.map(|status| status.as_str()))?
            .time("gmt_create", Some(message.gmt_create))?
            .time("gmt_payment", message.gmt_payment)?
            .time("gmt_refund", message.gmt_refund)?;
        Ok(())
    }

    /// The chosen way to ship, and where to.
    pub(crate) fn logistics(&mut self, message: &TradeMessage) -> Result<(), Unmappable> {
        if let Some(group) = &message.logistics {
            self.text("logistics_type", group.logistics_type.as_str())?
                .text("logistics_fee", &group.logistics_fee.to_string())?
                .text("logistics_payment", group.logistics_payment.as_str())?;
        }
        self.time("gmt_logistics_modify", message.gmt_logistics_modify)?;
        for (name, value) in message.receive.iter().flat_map(|receive| receive.wire()) {
            self.text(name, value)?;
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Params {
        self.params
    }
}
