//! Facts of a request or a trade, written out for pages.

use danbao_engine::trade::{Mode, Trade};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::{Amount, LogisticsGroup, PaymentRequest, Receive};

use crate::pages;

/// What is bought. `total` is what is to be paid, if that is settled already.
pub(crate) fn order(
    request: &PaymentRequest,
    amount: &Amount,
    merchant: &str,
    total: Option<Fen>,
) -> pages::Order {
    let total = total.or_else(|| amount.goods_total()).unwrap_or(Fen::ZERO);
    pages::Order {
        subject: request.subject.clone(),
        body: request.body.clone().unwrap_or_default(),
        show_url: request.show_url.as_deref().and_then(pages::WebLink::parse),
        merchant: merchant.to_owned(),
        out_trade_no: request.out_trade_no.to_string(),
        price: amount.price.to_string(),
        quantity: amount.quantity,
        discount: (amount.discount != Fen::ZERO).then(|| amount.discount.to_string()),
        total: total.to_string(),
    }
}

/// One way to ship.
pub(crate) fn logistics_choice(
    amount: &Amount,
    index: usize,
    group: &LogisticsGroup,
    chosen: bool,
) -> pages::LogisticsChoice {
    pages::LogisticsChoice {
        index,
        logistics_type: group.logistics_type.as_str(),
        fee: group.logistics_fee.to_string(),
        payment: group.logistics_payment.as_str(),
        total: amount.payable(Some(group)).unwrap_or(Fen::ZERO).to_string(),
        chosen,
    }
}

/// The way to ship that a trade was given.
pub(crate) fn chosen_logistics(trade: &Trade) -> Option<pages::LogisticsChoice> {
    let group = trade.logistics.as_ref()?;
    let index = trade.request.logistics.iter().position(|offered| offered == group)?;
    Some(logistics_choice(&trade.amount, index, group, true))
}

/// An address, with the index by which a form names it.
pub(crate) fn address(index: usize, to: &Receive) -> pages::Address {
    pages::Address {
        index,
        name: to.name.clone(),
        address: to.address.clone(),
        zip: to.zip.clone(),
        phone: to.phone.clone(),
        mobile: to.mobile.clone(),
    }
}

/// The word of a page for the way of trading.
pub(crate) fn mode(mode: Mode) -> pages::Mode {
    match mode {
        Mode::Escrow => pages::Mode::Escrow,
        Mode::Direct => pages::Mode::Direct,
    }
}
