//! 通知: the POST by which the gateway tells a merchant of a trade (protocol.md §4.3, 4.8, 4.9).

use crate::charset::{Charset, Unmappable};
use crate::message::Writer;
use crate::params::{Params, Text};
use crate::reported::{MissingField, ReportedTrade};
use crate::trade_message::TradeMessage;

/// The seven bytes that acknowledge a notification (protocol.md §6.5).
pub const ACKNOWLEDGED: &[u8] = b"success";

/// Builds the unsigned body of a notification. Its order means nothing and is always the same.
///
/// # Errors
/// [`Unmappable`] if the charset cannot write one of the texts, such as an address that the buyer typed.
pub fn build(message: &TradeMessage, charset: Charset) -> Result<Params, Unmappable> {
    let mut body = Writer::new(charset);
    body.head(message)?;
    body.amount(message)?;
    body.progress(message)?;
    body.time("gmt_close", message.gmt_close)?;
    if message.service.is_direct() {
        body.optional("extra_common_param", message.extra_common_param.as_deref())?;
    } else {
        body.time("gmt_send_goods", message.gmt_send_goods)?;
        body.logistics(message)?;
    }
    Ok(body.finish())
}

/// Reads what a notification says. Only what has been verified deserves to be read.
///
/// # Errors
/// [`MissingField`] if one of the fields that every notification carries is not there or malformed.
pub fn parse(text: &Text) -> Result<ReportedTrade, MissingField> {
    ReportedTrade::read(text)
}

/// Whether an answer's body acknowledges: exactly [`ACKNOWLEDGED`], with ASCII white space around it forgiven unless
/// `strict` (protocol.md §6.5).
pub fn is_acknowledgement(body: &[u8], strict: bool) -> bool {
    body == ACKNOWLEDGED || (!strict && body.trim_ascii() == ACKNOWLEDGED)
}
