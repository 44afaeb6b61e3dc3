//! What the shop says of an order and of a payment request, and the kit's request that comes of it.

use danbao_merchant::protocol::charset::Charset;
use danbao_merchant::protocol::ids::OutTradeNo;
use danbao_merchant::protocol::money::Fen;
use danbao_merchant::protocol::service::payment::{
    Amount, CustomTimeouts, LogisticsGroup, LogisticsPayment, LogisticsType, PayTimeout, PaymentRequest,
    PaymentService, Receive,
};
use danbao_merchant::protocol::sign::SignType;
use danbao_merchant::protocol::time::Timestamp;
use danbao_merchant::{Account, BuyerSession, OrderFacts};
use danbao_node::Fault;
use serde::{Deserialize, Serialize};

use crate::config::{Config, is_address};
use crate::problem::Problem;
use crate::router::{ERROR_PATH, NOTIFY_PATH, RETURN_PATH};
use crate::rows::orders::OrderRow;

/// An order number is a part of `out_trade_no`, which has at most 64 characters.
const ORDER_NO_MAX: usize = 48;

/// The body of `POST /v1/orders`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    order_no: String,
    subject: String,
    body: Option<String>,
    show_url: Option<String>,
    price: String,
    #[serde(default = "one")]
    quantity: i64,
    #[serde(default = "zero")]
    discount: String,
    receive: Option<ReceiveTerms>,
    return_page: Option<String>,
    pub(crate) payment_request: Option<Terms>,
}

fn one() -> i64 {
    1
}

fn zero() -> String {
    "0.00".to_owned()
}

/// Where the goods go.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReceiveTerms {
    name: String,
    address: String,
    zip: String,
    phone: String,
    mobile: String,
}

/// How an order is to be paid: the body of `POST /v1/orders/{order_no}/payment_requests`, kept as it came.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Terms {
    service: String,
    #[serde(default = "utf8")]
    charset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_type: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logistics: Vec<LogisticsTerms>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paymethod: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    defaultbank: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    it_b_pay: Option<String>,
    /// The buyer, if they have signed in: their token goes with the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    /// For a direct payment of a buyer from etao.
    #[serde(skip_serializing_if = "Option::is_none")]
    item_orders_info: Option<String>,
    /// Earlier payment requests of the order stay payable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) keep_others: bool,
}

fn utf8() -> String {
    "utf-8".to_owned()
}

/// One way to ship.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LogisticsTerms {
    logistics_type: String,
    logistics_fee: String,
    logistics_payment: String,
}

impl NewOrder {
    /// The order's row, if the order can be.
    pub(crate) fn row(&self, now: Timestamp) -> Result<OrderRow, Problem> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if self.order_no.is_empty()
            || self.order_no.len() > ORDER_NO_MAX
            || !self.order_no.bytes().all(allowed)
            // Every client takes these two out of an address before it asks.
            || matches!(&*self.order_no, "." | "..")
        {
            let detail = format!("order_no has 1 to {ORDER_NO_MAX} letters, digits, or any of - _ .");
            return Err(Problem::unprocessable("order_no_malformed", detail));
        }
        let amount = Amount {
            price: fen("price", &self.price, Fen::parse)?,
            quantity: self.quantity,
            discount: fen("discount", &self.discount, Fen::parse_signed)?,
        };
        if self.quantity < 1 || !amount.goods_total().is_some_and(Fen::is_positive) {
            return Err(Problem::unprocessable(
                "amount_malformed",
                "price * quantity + discount is no amount to pay",
            ));
        }
        for (name, url) in [("show_url", &self.show_url), ("return_page", &self.return_page)] {
            if url.as_deref().is_some_and(|url| !is_address(url)) {
                let detail = format!("{name} is not an absolute http or https address");
                return Err(Problem::unprocessable("address_malformed", detail));
            }
        }
        Ok(OrderRow {
            order_no: self.order_no.clone(),
            subject: self.subject.clone(),
            body: self.body.clone(),
            show_url: self.show_url.clone(),
            amount,
            receive: self.receive.as_ref().and_then(|receive| serde_json::to_string(receive).ok()),
            return_page: self.return_page.clone(),
            requests: 0,
            paid_by: None,
            closed_at: None,
            created_at: now,
        })
    }
}

/// An amount in yuan.
pub(crate) fn fen<E>(name: &str, text: &str, parse: impl Fn(&str) -> Result<Fen, E>) -> Result<Fen, Problem> {
    parse(text).map_err(|_| {
        let detail = format!("{name} is not an amount in yuan with at most two decimals, as text");
        Problem::unprocessable("amount_malformed", detail)
    })
}

/// A payment request that the gateway would take.
pub(crate) struct Prepared<'c> {
    pub(crate) account: &'c Account,
    pub(crate) facts: OrderFacts,
}

impl Terms {
    /// The account that a new payment request is for, and the request itself. Its number may still change: the check is
    /// of everything else.
    pub(crate) fn prepare<'c>(
        &self,
        config: &'c Config,
        order: &OrderRow,
        out_trade_no: OutTradeNo,
        buyer: Option<&BuyerSession>,
    ) -> Result<Prepared<'c>, Problem> {
        let account = self.account(config)?;
        let request = self.request(config, account, order, out_trade_no, buyer)?;
        let refused = |why: String| Problem::unprocessable("payment_refused", why);
        let facts = OrderFacts::of(account, &request).map_err(|why| refused(why.to_string()))?;
        Ok(Prepared { account, facts })
    }

    /// The account that a new payment request is for.
    pub(crate) fn account<'c>(&self, config: &'c Config) -> Result<&'c Account, Problem> {
        let sign_type = self.sign_type.as_deref().map(|word| known("sign_type", word, SignType::from_wire));
        let account = config.accounts.choose(self.partner.as_deref(), sign_type.transpose()?);
        account.ok_or_else(|| {
            Problem::unprocessable("account_unknown", "no account here has this partner and this sign_type")
        })
    }

    /// The kit's request.
    pub(crate) fn request(
        &self,
        config: &Config,
        account: &Account,
        order: &OrderRow,
        out_trade_no: OutTradeNo,
        buyer: Option<&BuyerSession>,
    ) -> Result<PaymentRequest, Problem> {
        let service = known("service", &self.service, PaymentService::from_wire)?;
        let charset = known("charset", &self.charset, Charset::from_label)?;
        let it_b_pay = self.it_b_pay.as_deref().map(|word| known("it_b_pay", word, PayTimeout::parse));
        let mut request = account.payment(service, charset, out_trade_no, &*order.subject, order.amount);
        request.body = order.body.clone();
        request.show_url = order.show_url.clone();
        request.receive = order.receive.as_deref().and_then(receive);
        request.return_url = Some(format!("{}{RETURN_PATH}", config.public_url));
        request.notify_url = Some(format!("{}{NOTIFY_PATH}", config.public_url));
        request.logistics = self.logistics.iter().map(LogisticsTerms::group).collect::<Result<_, _>>()?;
        request.timeouts = CustomTimeouts { it_b_pay: it_b_pay.transpose()?, ..CustomTimeouts::default() };
        if service.is_direct() {
            request.direct.error_notify_url = Some(format!("{}{ERROR_PATH}", config.public_url));
        }
        request.direct.paymethod = self.paymethod.clone();
        request.direct.defaultbank = self.defaultbank.clone();
        if let Some(buyer) = buyer {
            buyer.equip(&mut request, || self.item_orders_info.clone().unwrap_or_default());
        }
        Ok(request)
    }

    /// The charset of the request and of all that is said about it.
    pub(crate) fn charset(&self) -> Result<Charset, Fault> {
        Charset::from_label(&self.charset).ok_or_else(|| Fault::invariant("a stored charset"))
    }

    /// As they are kept.
    pub(crate) fn to_json(&self) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|error| Fault::invariant(format!("terms: {error}")))
    }

    /// Reads what was kept.
    pub(crate) fn stored(json: &str) -> Result<Terms, Fault> {
        serde_json::from_str(json).map_err(|error| Fault::invariant(format!("terms: {error}")))
    }
}

impl LogisticsTerms {
    fn group(&self) -> Result<LogisticsGroup, Problem> {
        Ok(LogisticsGroup {
            logistics_type: known("logistics_type", &self.logistics_type, LogisticsType::from_wire)?,
            logistics_fee: fen("logistics_fee", &self.logistics_fee, Fen::parse)?,
            logistics_payment: known(
                "logistics_payment",
                &self.logistics_payment,
                LogisticsPayment::from_wire,
            )?,
        })
    }
}

/// A word of the wire.
pub(crate) fn known<T>(name: &str, word: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
    read(word).ok_or_else(|| {
        Problem::unprocessable("word_unknown", format!("{name} is none of the words of the interface"))
    })
}

fn receive(json: &str) -> Option<Receive> {
    let ReceiveTerms { name, address, zip, phone, mobile } = serde_json::from_str(json).ok()?;
    Some(Receive { name, address, zip, phone, mobile })
}
