//! A payment request from parameters and back to them (protocol.md §3.1-3.6, order of checks §8.5).

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{OutTradeNo, Token};
use crate::money::Fen;
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::{Fields, is_full_http_address};
use crate::service::payment::{CustomTimeouts, DirectTerms, Party, PaymentRequest, PaymentService};
use crate::service::{
    create_direct_pay_by_user, create_partner_trade_by_buyer, extend_param, logistics, royalty,
    trade_create_by_buyer,
};

impl PaymentRequest {
    /// Reads a request whose signature has been checked, every parameter by its form.
    ///
    /// Checked in this order: charset, service, partner; the parameters that all three services have; the kind of
    /// receipt; delivery address and carriage; amounts; time-outs; the rest. Contracts, accounts and repeats are for
    /// the gateway.
    ///
    /// # Errors
    /// The code of the first rule that does not hold; ILLEGAL_ARGUMENT where there is no code of its own.
    pub fn parse(params: &Params, charset: Charset) -> Result<PaymentRequest, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        let service = text.get("service").and_then(PaymentService::from_wire);
        let service = service.ok_or(ErrorCode::IllegalService)?;
        let partner = fields.partner()?;
        let out_trade_no = OutTradeNo::new(fields.required("out_trade_no", 64)?);
        let subject = fields.required("subject", 256)?.to_owned();
        let body = fields.owned("body", if service.is_direct() { 1000 } else { 400 })?;
        let notify_url = fields.url("notify_url", 190)?;
        let return_url = fields.url("return_url", 200)?;
        let show_url = fields.owned("show_url", 400)?;
        let seller = fields.party("seller")?.ok_or(ErrorCode::IllegalArgument)?;
        let buyer = fields.party("buyer")?;
        let terms = match service {
            PaymentService::CreateDirectPayByUser => create_direct_pay_by_user::read(fields),
            PaymentService::CreatePartnerTradeByBuyer => create_partner_trade_by_buyer::read(fields),
            PaymentService::TradeCreateByBuyer => trade_create_by_buyer::read(fields),
        }?;
        Ok(PaymentRequest {
            service,
            partner,
            charset,
            charset_label: text.get(INPUT_CHARSET).unwrap_or_default().to_owned(),
            sign_type: fields.sign_type(),
            notify_url,
            return_url,
            out_trade_no,
            subject,
            body,
            payment_type: terms.payment_type,
            show_url,
            seller,
            buyer,
            amount: terms.amount,
            logistics: terms.logistics,
            receive: terms.receive,
            timeouts: terms.timeouts,
            token: terms.token,
            direct: terms.direct,
        })
    }

    /// Writes the request as unsigned parameters, for the merchant's side. Optional parameters without a value are
    /// left out.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, a label of another charset, or a request that
    /// [`PaymentRequest::parse`] would refuse, found here and not by a buyer.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let labelled = match self.charset_label.as_str() {
            "" => Some(Charset::Gbk),
            label => Charset::from_label(label),
        };
        if labelled != Some(self.charset) {
            return Err(BuildError::CharsetLabel);
        }
        if self.service.is_direct() && self.amount.discount != Fen::ZERO {
            return Err(BuildError::Refused(ErrorCode::IllegalFeeParam));
        }
        let mut draft = Draft::new(self.charset);
        self.write_common(&mut draft)?;
        self.write_amount(&mut draft)?;
        self.write_logistics(&mut draft)?;
        write_timeouts(&self.timeouts, &mut draft)?;
        draft.optional("token", self.token.as_ref().map(Token::as_str))?;
        if self.service.is_direct() {
            write_direct(&self.direct, &mut draft)?;
        } else {
            draft.optional("anti_phishing_key", self.direct.anti_phishing_key.as_deref())?;
        }
        draft.finish(PaymentRequest::parse)
    }

    /// `show_url` if a page may link to it: a full http or https address, never a script.
    pub fn show_url_link(&self) -> Option<&str> {
        self.show_url.as_deref().filter(|url| is_full_http_address(url))
    }

    fn write_common(&self, draft: &mut Draft) -> Result<(), BuildError> {
        draft.push("service", self.service.as_str())?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, &self.charset_label)?;
        draft.optional("notify_url", self.notify_url.as_deref())?;
        draft.optional("return_url", self.return_url.as_deref())?;
        draft.push("out_trade_no", self.out_trade_no.as_str())?;
        draft.push("subject", &self.subject)?;
        draft.optional("body", self.body.as_deref())?;
        draft.push("payment_type", &self.payment_type)?;
        draft.optional("show_url", self.show_url.as_deref())?;
        write_party(["seller_id", "seller_email", "seller_account_name"], Some(&self.seller), draft)?;
        write_party(["buyer_id", "buyer_email", "buyer_account_name"], self.buyer.as_ref(), draft)
    }

    fn write_amount(&self, draft: &mut Draft) -> Result<(), BuildError> {
        if self.service.is_direct() && self.amount.quantity == 1 {
            return draft.push("total_fee", &self.amount.price.to_string());
        }
        draft.push("price", &self.amount.price.to_string())?;
        draft.push("quantity", &self.amount.quantity.to_string())?;
        if self.amount.discount == Fen::ZERO {
            return Ok(());
        }
        draft.push("discount", &self.amount.discount.to_string())
    }

    fn write_logistics(&self, draft: &mut Draft) -> Result<(), BuildError> {
        if self.logistics.len() > logistics::GROUPS.len() {
            return Err(BuildError::Refused(ErrorCode::IllegalLogisticsFormat));
        }
        for (group, [logistics_type, fee, payment]) in self.logistics.iter().zip(logistics::GROUPS) {
            draft.push(logistics_type, group.logistics_type.as_str())?;
            draft.push(fee, &group.logistics_fee.to_string())?;
            draft.push(payment, group.logistics_payment.as_str())?;
        }
        for (name, value) in self.receive.iter().flat_map(|receive| receive.wire()) {
            draft.push(name, value)?;
        }
        Ok(())
    }
}

fn write_timeouts(timeouts: &CustomTimeouts, draft: &mut Draft) -> Result<(), BuildError> {
    draft.optional("it_b_pay", timeouts.it_b_pay.map(|timeout| timeout.wire()).as_deref())?;
    for (name, days) in [
        ("t_s_send_1", timeouts.t_s_send_1_days),
        ("t_s_send_2", timeouts.t_s_send_2_days),
        ("t_b_rec_post", timeouts.t_b_rec_post_days),
    ] {
        draft.optional(name, days.map(|days| format!("{days}d")).as_deref())?;
    }
    Ok(())
}

fn write_direct(terms: &DirectTerms, draft: &mut Draft) -> Result<(), BuildError> {
    draft.optional("paymethod", terms.paymethod.as_deref())?;
    draft.optional("defaultbank", terms.defaultbank.as_deref())?;
    draft.push("enable_paymethod", &terms.enable_paymethod.join("^"))?;
    if !terms.royalty.is_empty() {
        draft.push("royalty_type", royalty::ROYALTY_TYPE)?;
        draft.push("royalty_parameters", &royalty::wire(&terms.royalty))?;
    }
    draft.optional("anti_phishing_key", terms.anti_phishing_key.as_deref())?;
    draft.optional("exter_invoke_ip", terms.exter_invoke_ip.as_deref())?;
    draft.optional("extra_common_param", terms.extra_common_param.as_deref())?;
    draft.push("extend_param", &extend_param::wire(&terms.extend_param))?;
    draft.optional("error_notify_url", terms.error_notify_url.as_deref())?;
    draft.optional("item_orders_info", terms.item_orders_info.as_deref())
}

fn write_party(names: [&'static str; 3], party: Option<&Party>, draft: &mut Draft) -> Result<(), BuildError> {
    let [id, email, account_name] = names;
    match party {
        None => Ok(()),
        Some(Party::Id(value)) => draft.push(id, value.as_str()),
        Some(Party::Email(value)) => draft.push(email, value),
        Some(Party::AccountName(value)) => draft.push(account_name, value),
    }
}
