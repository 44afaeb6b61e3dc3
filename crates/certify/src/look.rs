//! Looking at the shop's request.

use crate::offer::Offer;
use crate::problem::{Kind, Problem};
use crate::scenario::Look;
use crate::terms::Terms;

/// What is wrong with a request.
pub(crate) fn at(what: Look, offer: &Offer, terms: &Terms) -> Vec<Problem> {
    let request = &offer.request;
    let pages = [("notify_url", &request.notify_url), ("return_url", &request.return_url)];
    match what {
        Look::Signature if !offer.is_signed(&terms.verifier) => vec![Problem::new(Kind::Signature, [])],
        Look::Address => {
            let gateways = ["gateway.do", "cooperate/gateway.do"];
            let known = gateways.map(|path| format!("{}/{path}", terms.gateway_url));
            if known.contains(&offer.address) {
                return Vec::new();
            }
            vec![Problem::new(Kind::Address, [offer.address.clone(), known[0].clone()])]
        }
        Look::Pages => {
            let missing = pages.iter().filter(|(_, page)| page.is_none());
            missing.map(|(name, _)| Problem::new(Kind::PageMissing, [(*name).to_owned()])).collect()
        }
        Look::OwnParameters => {
            let shown = [("show_url", &request.show_url)];
            let all = pages.iter().chain(&shown).filter_map(|(_, page)| page.as_ref());
            let own = all.filter(|page| page.contains('?'));
            own.map(|page| Problem::new(Kind::OwnParameters, [page.clone()])).collect()
        }
        Look::Total => match offer.total() {
            Some(total) if offer.totals.is_empty() || offer.totals.contains(&total) => Vec::new(),
            total => {
                let said = total.map(|total| total.to_string()).unwrap_or_default();
                let named: Vec<String> = offer.totals.iter().map(ToString::to_string).collect();
                vec![Problem::new(Kind::Total, [named.join(" / "), said])]
            }
        },
        Look::Signature | Look::Number => Vec::new(),
    }
}

/// What is wrong with the numbers of two orders.
pub(crate) fn at_numbers(first: &Offer, second: &Offer) -> Vec<Problem> {
    let mut problems = Vec::new();
    for offer in [first, second] {
        let said = offer.request.out_trade_no.to_string();
        if said != offer.out_trade_no {
            problems.push(Problem::new(Kind::Number, [offer.out_trade_no.clone(), said]));
        }
    }
    if first.out_trade_no == second.out_trade_no {
        let number = || first.out_trade_no.clone();
        problems.push(Problem::new(Kind::Number, [number(), number()]));
    }
    problems
}
