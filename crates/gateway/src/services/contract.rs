//! What the terms of a contract hold against a call (protocol.md §8.6).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::money::Fen;
use danbao_protocol::node::{Peer, Request};
use danbao_protocol::params::Text;
use danbao_protocol::service::Kind;
use danbao_protocol::service::payment::{PaymentRequest, PaymentService};
use http::Uri;
use http::header::REFERER;

use super::Call;
use crate::rows::contract::{Barred, Terms};
use crate::turn::Turn;

/// Where a call comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    /// The address at the other end, if the host knows it.
    address: Option<IpAddr>,
    /// The host of the page that led here, in lower case.
    referer: Option<String>,
}

impl Asker {
    pub(crate) fn of(request: &Request) -> Asker {
        let referer = request.headers().get(REFERER).and_then(|value| value.to_str().ok());
        let host = referer.and_then(|url| url.parse::<Uri>().ok()?.host().map(str::to_ascii_lowercase));
        Asker { address: request.extensions().get::<Peer>().map(|peer| peer.0), referer: host }
    }

    /// Whether a registered domain, or one below it, led here. Who hides where it comes from does not come from there.
    fn comes_from(&self, domains: &BTreeSet<String>) -> bool {
        let Some(host) = &self.referer else { return false };
        let is_below = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|front| front.is_empty() || front.ends_with('.'))
        };
        domains.iter().any(|domain| is_below(domain))
    }

    /// The browser's address in the form that a request can name; a browser on IPv6 has none.
    fn browser(&self) -> Option<Ipv4Addr> {
        match self.address? {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

/// Whether the interface is served, and whether its caller may call from there (protocol.md §8.5 item 6).
pub(super) fn check_call(call: &Call) -> Result<(), ErrorCode> {
    let terms = &call.partner.terms;
    if let Some(withheld) = terms.withheld.get(&call.service) {
        return Err(withheld.code());
    }
    let address = call.asker.as_ref().and_then(|asker| asker.address);
    let is_server = call.service.kind() == Kind::Server;
    match address {
        Some(address)
            if is_server && !terms.client_ips.is_empty() && !terms.client_ips.contains(&address) =>
        {
            Err(ErrorCode::IllegalClientIp)
        }
        _ => Ok(()),
    }
}

/// Whether the buyer's browser comes from a page of the merchant, and is the one that the merchant speaks of.
pub(crate) fn check_browser(call: &Call, exter_invoke_ip: Option<&str>) -> Result<(), ErrorCode> {
    let Some(asker) = &call.asker else { return Ok(()) };
    let named = exter_invoke_ip.and_then(|ip| ip.parse::<Ipv4Addr>().ok());
    if let (true, Some(named), Some(browser)) = (call.partner.anti_phishing, named, asker.browser())
        && named != browser
    {
        return Err(ErrorCode::IllegalExterInvokeIp);
    }
    let domains = &call.partner.terms.domains;
    if domains.is_empty() || asker.comes_from(domains) {
        Ok(())
    } else {
        Err(ErrorCode::IllegalRequestReferer)
    }
}

/// What the contract and this installation hold against a payment request of the right form (protocol.md §8.5 item 7, at
/// its end).
pub(super) fn check_request(
    turn: &Turn<'_>,
    call: &Call,
    request: &PaymentRequest,
) -> Result<Result<(), ErrorCode>, Fault> {
    let text = call.params.decode(call.charset).map_err(|error| Fault::invariant(error.to_string()))?;
    let allowed = check_terms(&call.partner.terms, request, &text);
    Ok(allowed.and_then(|()| check_words(&turn.config.forbidden_words, request)))
}

/// What the contract's terms bar.
fn check_terms(terms: &Terms, request: &PaymentRequest, text: &Text) -> Result<(), ErrorCode> {
    let bars = |barred: Barred| terms.barred.contains(&barred);
    let is_listed = |name: &str, listed: &BTreeSet<String>| {
        listed.is_empty() || text.get(name).is_none_or(|value| listed.contains(value))
    };
    if !is_listed("agent", &terms.agents) {
        return Err(ErrorCode::IllegalAgent);
    }
    // 客户签约号 and the name on it come together (protocol.md §3.3).
    if text.get("sign_id_ext").is_some() && text.get("sign_name_ext").is_none() {
        return Err(ErrorCode::ExpartnerInfoUncorrect);
    }
    if request.service != PaymentService::CreateDirectPayByUser {
        return Ok(());
    }
    if !is_listed("product_type", &terms.products) {
        return Err(ErrorCode::ProductNotAllowed);
    }
    if bars(Barred::NamedBuyer) && request.buyer.is_some() {
        return Err(ErrorCode::BuyerEmailIdMustNull);
    }
    if bars(Barred::CtuCheck) && text.get("need_ctu_check").is_some() {
        return Err(ErrorCode::NeedCtuCheckNotAllowed);
    }
    if bars(Barred::Royalty) && !request.direct.royalty.is_empty() {
        return Err(ErrorCode::CommisionNotSupport);
    }
    check_way_to_pay(terms, request)
}

/// VISA and MasterCard (protocol.md §3.8).
const FOREIGN_CARDS: [&str; 2] = ["abc1003", "abc1004"];
/// Cards of banks abroad pay nothing below one yuan.
const FOREIGN_MIN: Fen = Fen(100);

/// The way that the merchant names: it must be open. What is left out is the buyer's choice and is not looked at.
fn check_way_to_pay(terms: &Terms, request: &PaymentRequest) -> Result<(), ErrorCode> {
    let bars = |barred: Barred| terms.barred.contains(&barred);
    let bank = request.direct.defaultbank.as_deref();
    if bank.is_some_and(|bank| FOREIGN_CARDS.contains(&bank)) {
        let total = request.amount.goods_total().unwrap_or(Fen::ZERO);
        let is_open = !bars(Barred::ForeignCard) && total >= FOREIGN_MIN;
        return if is_open { Ok(()) } else { Err(ErrorCode::EbankVisaGwRuleNotOpen) };
    }
    match request.direct.paymethod.as_deref() {
        Some("directPay") if bars(Barred::Balance) => Err(ErrorCode::DirectPayWithoutCertClose),
        Some("creditPay") if bars(Barred::CreditCard) => Err(ErrorCode::EbankCerditGwRuleNotOpen),
        Some("bankPay") if bars(Barred::BankGateway) => Err(ErrorCode::NotSupportGateway),
        None if bank.is_some() && bars(Barred::BankGateway) => Err(ErrorCode::NotSupportGateway),
        _ => Ok(()),
    }
}

/// 违禁词 of this installation in what the buyer would read.
fn check_words(forbidden: &[String], request: &PaymentRequest) -> Result<(), ErrorCode> {
    let holds = |text: &str| forbidden.iter().any(|word| !word.is_empty() && text.contains(word.as_str()));
    if holds(&request.subject) {
        return Err(ErrorCode::SubjectHasForbiddenword);
    }
    if request.body.as_deref().is_some_and(holds) {
        return Err(ErrorCode::BodyHasForbiddenword);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_domain_covers_those_below_it_and_no_namesakes() {
        let domains = ["shop.example".to_owned()].into();
        let from = |url: &str| {
            let request = http::Request::builder().uri("/").header(REFERER, url).body(bytes::Bytes::new());
            Asker::of(&request.unwrap()).comes_from(&domains)
        };
        assert!(from("http://shop.example/cart") && from("https://WWW.Shop.example:8443/cart?a=b"));
        assert!(!from("http://myshop.example/") && !from("http://shop.example.evil.example/"));
        assert!(!from("") && !from("shop"));
    }
}
