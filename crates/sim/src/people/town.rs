//! What everybody in a world knows: addresses, names, passwords, and what the walls have heard.

use std::collections::BTreeSet;

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::sign::Signer;
use http::Method;

/// The merchant, as the gateway's contract has it.
#[derive(Debug, Clone, Default)]
pub struct Merchant {
    /// 合作者身份
    pub partner: String,
    /// 交易安全校验码
    pub key: String,
    /// The seller's account.
    pub seller_email: String,
    /// The seller's id.
    pub seller_id: String,
    /// The seller's login password.
    pub login_password: String,
    /// The seller's payment password.
    pub payment_password: String,
    /// What it signs with, unless that is the shared key.
    pub signer: Option<Signer>,
}

/// How somebody gets to the desk, and what proves there that it is them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The account's e-mail address.
    pub account: String,
    /// Login password.
    pub login_password: String,
    /// Payment password.
    pub payment_password: String,
}

impl Merchant {
    /// As a member.
    pub fn login(&self) -> Login {
        Login {
            account: self.seller_email.clone(),
            login_password: self.login_password.clone(),
            payment_password: self.payment_password.clone(),
        }
    }
}

impl Customer {
    /// As a member.
    pub fn login(&self) -> Login {
        Login {
            account: self.email.clone(),
            login_password: self.login_password.clone(),
            payment_password: self.payment_password.clone(),
        }
    }
}

/// A buyer with an account.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    /// Account.
    pub email: String,
    /// 16 digits.
    pub user_id: String,
    /// Login password.
    pub login_password: String,
    /// Payment password.
    pub payment_password: String,
}

/// An order whose signed address somebody has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    /// `out_trade_no`
    pub out_trade_no: String,
    /// `service`
    pub service: String,
    /// The query of the address: everything that the merchant asked for.
    pub query: String,
}

impl KnownOrder {
    /// A parameter of the address, if it is plain text.
    pub fn asked(&self, name: &str) -> Option<String> {
        let params = Params::parse_urlencoded(self.query.as_bytes()).ok()?;
        params.get_text(name, Charset::Gbk).ok().flatten()
    }

    /// A number of days of the address, such as `t_s_send_1`.
    pub fn days(&self, name: &str) -> Option<i64> {
        self.asked(name)?.strip_suffix('d')?.parse().ok()
    }

    /// The discount that the merchant asked for, in fen.
    pub fn discount(&self) -> i64 {
        self.asked("discount").as_deref().and_then(fen).unwrap_or(0)
    }

    /// The shares that were promised to others, as (payer, receiver, fen); a payer that is not named is the seller
    /// (protocol.md §3.10).
    pub fn shares(&self) -> Vec<(Option<String>, String, i64)> {
        let list = self.asked("royalty_parameters").unwrap_or_default();
        let share = |text: &str| match text.split('^').collect::<Vec<_>>()[..] {
            [receiver, amount, _] => Some((None, receiver.to_owned(), fen(amount)?)),
            [payer, receiver, amount, _] => Some((Some(payer.to_owned()), receiver.to_owned(), fen(amount)?)),
            _ => None,
        };
        list.split('|').filter_map(share).collect()
    }

    /// Every total in fen that a buyer may lawfully pay, by this simulation's own arithmetic (protocol.md §3.5, §3.6).
    pub fn totals(&self) -> Vec<i64> {
        let amount = |name: &str| self.asked(name).as_deref().and_then(fen);
        let count = |name: &str| self.asked(name).and_then(|text| text.parse::<i64>().ok());
        let goods = match amount("total_fee") {
            Some(total) => total,
            None => {
                amount("price").unwrap_or(0) * count("quantity").unwrap_or(1)
                    + amount("discount").unwrap_or(0)
            }
        };
        let carriage = |suffix: &str| {
            let payment = self.asked(&format!("logistics_payment{suffix}"))?;
            let fee = amount(&format!("logistics_fee{suffix}"))?;
            Some(if payment == "BUYER_PAY" { fee } else { 0 })
        };
        let mut totals: Vec<i64> =
            ["", "_1", "_2"].into_iter().filter_map(carriage).map(|fee| goods + fee).collect();
        if totals.is_empty() {
            totals.push(goods);
        }
        totals
    }
}

/// Yuan with up to two decimals, as fen.
pub(crate) fn fen(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (yuan, cents) = digits.split_once('.').unwrap_or((digits, ""));
    let cents: i64 = format!("{cents:0<2}").get(..2)?.parse().ok()?;
    Some(sign * (yuan.parse::<i64>().ok()? * 100 + cents))
}

/// Common knowledge.
#[derive(Debug, Clone, Default)]
pub struct Town {
    /// Where the gateway is, without a final slash.
    pub gateway: String,
    /// Where the shop is, without a final slash.
    pub shop: String,
    /// Where the gateway's messages and the buyers it sends back come in, without a final slash; if not at the shop.
    pub messages_at: Option<String>,
    /// The bearer token of the sandbox API.
    pub sandbox_token: String,
    /// Who sells.
    pub merchant: Merchant,
    /// Another partner, with whom nobody trades.
    pub bystander: Option<String>,
    /// Who can buy.
    pub customers: Vec<Customer>,
    /// Orders, in the order in which they became known.
    pub orders: Vec<KnownOrder>,
    /// Bodies and queries that the forger has made.
    pub forgeries: BTreeSet<Vec<u8>>,
    /// The last genuine notification that went over the wire.
    pub overheard: Option<Bytes>,
    /// Genuine login links that went over the wire, and a sidecar's results of them.
    pub login_returns: Vec<String>,
}

impl Town {
    fn messages_at(&self) -> &str {
        self.messages_at.as_deref().unwrap_or(&self.shop)
    }

    /// Where notifications go.
    pub fn notify_url(&self) -> String {
        format!("{}/pay/notify", self.messages_at())
    }

    /// Where the results of refund batches go.
    pub fn refund_notify_url(&self) -> String {
        format!("{}/refunds/notify", self.shop)
    }

    /// Where it is told that a request was refused, without the word of the request's charset.
    pub(crate) fn error_notify_url(&self) -> String {
        format!("{}/pay/error/", self.messages_at())
    }

    /// How a page of the gateway begins the form that brings an address to the shop; a sidecar's addresses go on with the
    /// number of the visit.
    pub(crate) fn address_form(&self) -> String {
        format!("action=\"{}", self.address_return_url().replace('/', "&#x2f;"))
    }

    /// Where logins come back to.
    pub fn login_return_url(&self) -> String {
        match &self.messages_at {
            Some(sidecar) => format!("{sidecar}/pay/login"),
            None => format!("{}/login/return", self.shop),
        }
    }

    /// Where addresses come back to.
    pub fn address_return_url(&self) -> String {
        match &self.messages_at {
            Some(sidecar) => format!("{sidecar}/pay/address"),
            None => format!("{}/address/return", self.shop),
        }
    }

    /// Where a sidecar sends a buyer on to who has signed in or chosen an address.
    pub(crate) fn result_page(&self) -> String {
        format!("{}/in", self.shop)
    }

    /// Where buyers come back to.
    pub fn return_url(&self) -> String {
        format!("{}/pay/return", self.messages_at())
    }

    /// An order by its number.
    pub fn order(&self, out_trade_no: &str) -> Option<&KnownOrder> {
        self.orders.iter().find(|order| order.out_trade_no == out_trade_no)
    }

    /// Hears what goes over the wire.
    pub(crate) fn overhear(&mut self, request: &Request) {
        let query = request.uri().query().unwrap_or_default();
        let link = request.uri().to_string();
        let is_result = self.messages_at.is_some() && link.starts_with(&format!("{}?", self.result_page()));
        let is_login = link.starts_with(&self.login_return_url()) || is_result;
        if is_login && !self.forgeries.contains(query.as_bytes()) {
            self.login_returns.push(link);
        }
        let is_notification =
            request.method() == Method::POST && request.uri().to_string() == self.notify_url();
        if is_notification && !self.forgeries.contains(request.body().as_ref()) {
            self.overheard = Some(request.body().clone());
        }
    }

    /// Learns of an order from a signed address; its `out_trade_no`, if it has one.
    pub(crate) fn learn(&mut self, payment_url: &str) -> Option<String> {
        let (_, query) = payment_url.split_once('?')?;
        let mut known =
            KnownOrder { out_trade_no: String::new(), service: String::new(), query: query.to_owned() };
        known.out_trade_no = known.asked("out_trade_no")?;
        known.service = known.asked("service")?;
        let out_trade_no = known.out_trade_no.clone();
        if self.orders.iter().all(|other| other.out_trade_no != out_trade_no) {
            self.orders.push(known);
        }
        Some(out_trade_no)
    }
}
