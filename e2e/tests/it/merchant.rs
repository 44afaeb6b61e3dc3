//! A merchant's side of the wire: signed URLs.

use crate::form::Form;
use crate::installation::Partner;

pub(crate) const ESCROW: &str = "create_partner_trade_by_buyer";
pub(crate) const DIRECT: &str = "create_direct_pay_by_user";
pub(crate) const DUAL: &str = "trade_create_by_buyer";

/// A partner and its gateway.
#[derive(Clone)]
pub(crate) struct Merchant {
    gateway: String,
    partner: Partner,
    notify_url: Option<String>,
    return_url: Option<String>,
}

impl Merchant {
    pub(crate) fn new(gateway: &str, partner: &Partner) -> Merchant {
        Merchant { gateway: gateway.to_owned(), partner: partner.clone(), notify_url: None, return_url: None }
    }

    /// Wants to hear at these addresses.
    pub(crate) fn hearing_at(mut self, notify_url: &str, return_url: &str) -> Merchant {
        self.notify_url = Some(notify_url.to_owned());
        self.return_url = Some(return_url.to_owned());
        self
    }

    pub(crate) fn key(&self) -> &str {
        &self.partner.key
    }

    pub(crate) fn partner_id(&self) -> &str {
        &self.partner.partner
    }

    /// The signed address of a payment.
    pub(crate) fn payment_url(&self, service: &str, out_trade_no: &str, price: &str) -> String {
        self.payment_url_with(service, out_trade_no, price, &[])
    }

    /// As [`Merchant::payment_url`], with these parameters more, or others in place of the usual.
    pub(crate) fn payment_url_with(
        &self,
        service: &str,
        out_trade_no: &str,
        price: &str,
        more: &[(&str, &str)],
    ) -> String {
        let query = self.payment(service, out_trade_no, price, more).to_urlencoded();
        format!("{}/gateway.do?{query}", self.gateway)
    }

    /// The signed parameters of a payment.
    pub(crate) fn payment(
        &self,
        service: &str,
        out_trade_no: &str,
        price: &str,
        more: &[(&str, &str)],
    ) -> Form {
        let mut form = Form::new();
        let mut set = |name: &str, value: &str| form.set(name, value.as_bytes());
        set("service", service);
        set("partner", &self.partner.partner);
        set("_input_charset", "utf-8");
        set("out_trade_no", out_trade_no);
        set("subject", "一盒月饼");
        set("payment_type", "1");
        set("seller_email", &self.partner.seller_email);
        for (name, url) in [("notify_url", &self.notify_url), ("return_url", &self.return_url)] {
            if let Some(url) = url {
                set(name, url);
            }
        }
        if service == DIRECT {
            set("total_fee", price);
        } else {
            set("price", price);
            set("quantity", "1");
            set("logistics_type", "EXPRESS");
            set("logistics_fee", "0.00");
            set("logistics_payment", "SELLER_PAY");
        }
        for (name, value) in more {
            set(name, value);
        }
        form.sign(self.key())
    }
}
