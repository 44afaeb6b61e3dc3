//! 返回: the parameters with which the buyer's browser comes back to the shop (protocol.md §4.2, 4.7, 4.9).

use crate::charset::{Charset, Unmappable};
use crate::message::Writer;
use crate::params::{Params, Text};
use crate::reported::{MissingField, ReportedTrade};
use crate::trade_message::TradeMessage;

/// Builds the unsigned parameters of a page return, sorted by name; signing adds `sign` and `sign_type` at the end.
///
/// # Errors
/// [`Unmappable`] if the charset cannot write one of the texts.
pub fn build(message: &TradeMessage, charset: Charset) -> Result<Params, Unmappable> {
    let mut page = Writer::new(charset);
    page.text("is_success", "T")?;
    page.head(message)?;
    if message.service.is_direct() {
        page.text("exterface", message.service.as_str())?
            .optional("extra_common_param", message.extra_common_param.as_deref())?;
    } else {
        page.amount(message)?;
        page.progress(message)?;
        page.logistics(message)?;
        page.text("seller_actions", &message.seller_actions.join(","))?
            .text("buyer_actions", &message.buyer_actions.join(","))?;
    }
    let mut params = page.finish();
    params.sort();
    Ok(params)
}

/// Reads what a page return says. Only what has been verified deserves to be read.
///
/// # Errors
/// [`MissingField`] if `is_success` is not `T`, or if one of the fields that every page return carries is not there or
/// malformed.
pub fn parse(text: &Text) -> Result<ReportedTrade, MissingField> {
    match text.get("is_success") {
        Some("T") => ReportedTrade::read(text),
        Some(_) => Err(MissingField::Malformed("is_success")),
        None => Err(MissingField::Absent("is_success")),
    }
}

/// Appends parameters to a merchant's `return_url`. A query of its own stays before them, unsigned (protocol.md §10,
/// trap 2), and a fragment stays behind them.
pub fn append_to_url(return_url: &str, params: &Params) -> String {
    let (address, fragment) = match return_url.find('#') {
        Some(at) => return_url.split_at(at),
        None => (return_url, ""),
    };
    let joint = match address.find('?') {
        None => "?",
        Some(_) if address.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{address}{joint}{}{fragment}", params.to_urlencoded())
}
