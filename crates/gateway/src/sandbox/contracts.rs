//! What a contract says beyond its interfaces, and refusals ahead of time: so that a merchant's tests can meet every code.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::node::Request;
use danbao_protocol::service::Service;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Problem, read};
use crate::rows::contract::{Barred, Terms, Withheld};
use crate::rows::partner::Partner;
use crate::rows::planned_refusal::{self, PlannedRefusal};
use crate::turn::Turn;

/// Terms in words. What is left out is empty, which means that nothing is barred or checked.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    /// Why an interface is not served, by its name.
    withheld: BTreeMap<String, String>,
    barred: BTreeSet<String>,
    client_ips: BTreeSet<String>,
    domains: BTreeSet<String>,
    products: BTreeSet<String>,
    agents: BTreeSet<String>,
    royalty_receivers: BTreeSet<String>,
    fine_error_codes: bool,
}

impl Body {
    fn read(self) -> Result<Terms, &'static str> {
        let withheld = self.withheld.iter().map(|(service, why)| {
            let service = Service::from_wire(service).ok_or("withheld: services are named as on the wire")?;
            let why = Withheld::from_name(why)
                .ok_or("withheld: `unopened`, `closed`, `misconfigured` or `no_product`")?;
            Ok((service, why))
        });
        let barred = self.barred.iter().map(|word| {
            Barred::from_name(word).ok_or(
                "barred: `balance`, `bank_gateway`, `credit_card`, `foreign_card`, `ctu_check`, `named_buyer` or \
                 `royalty`",
            )
        });
        let client_ips = self.client_ips.iter().map(|ip| {
            ip.parse::<IpAddr>()
                .map(|ip| ip.to_canonical())
                .map_err(|_| "client_ips: addresses of version 4 or 6")
        });
        Ok(Terms {
            withheld: withheld.collect::<Result<_, &str>>()?,
            barred: barred.collect::<Result<_, &str>>()?,
            client_ips: client_ips.collect::<Result<_, &str>>()?,
            domains: self.domains.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            products: self.products,
            agents: self.agents,
            royalty_receivers: self.royalty_receivers,
            fine_error_codes: self.fine_error_codes,
        })
    }

    fn show(terms: &Terms) -> Body {
        let withheld = terms.withheld.iter();
        Body {
            withheld: withheld.map(|(service, why)| (service.to_string(), why.as_str().to_owned())).collect(),
            barred: terms.barred.iter().map(|barred| barred.as_str().to_owned()).collect(),
            client_ips: terms.client_ips.iter().map(IpAddr::to_string).collect(),
            domains: terms.domains.clone(),
            products: terms.products.clone(),
            agents: terms.agents.clone(),
            royalty_receivers: terms.royalty_receivers.clone(),
            fine_error_codes: terms.fine_error_codes,
        }
    }
}

fn find(turn: &mut Turn<'_>, id: &str) -> Result<Option<Arc<Partner>>, Fault> {
    let id = PartnerId::new(id);
    if id.is_well_formed() { turn.partner(&id) } else { Ok(None) }
}

/// `POST /partners/{partner}/terms`: puts these terms in the place of those that were.
pub(super) fn change_terms(turn: &mut Turn<'_>, request: &Request, partner: &str) -> Answer {
    let body: Body = match read(request) {
        Ok(body) => body,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(partner) = find(turn, partner)? else { return Ok(Err(Problem::not_found("such partner"))) };
    let terms = match body.read() {
        Ok(terms) => terms,
        Err(detail) => return Ok(Err(Problem::unprocessable("terms_malformed", detail))),
    };
    if terms.withheld.keys().any(|service| !partner.services.contains(service)) {
        let detail = "withheld: the contract names no such interface, so there is nothing to withhold";
        return Ok(Err(Problem::unprocessable("terms_malformed", detail)));
    }
    turn.change_terms(&partner.partner, &terms)?;
    Ok(Ok(json!(Body::show(&terms))))
}

/// The next calls of a service are to be refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    service: String,
    code: String,
    /// How many calls; none drops what was planned.
    #[serde(default = "once")]
    calls: i64,
}

fn once() -> i64 {
    1
}

const CALLS_MAX: i64 = 1_000_000;

/// `POST /partners/{partner}/refusals`.
pub(super) fn plan_refusal(turn: &mut Turn<'_>, request: &Request, partner: &str) -> Answer {
    let plan: Plan = match read(request) {
        Ok(plan) => plan,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(partner) = find(turn, partner)? else { return Ok(Err(Problem::not_found("such partner"))) };
    // The check of a notification has no codes: it answers true, false or invalid.
    let service = Service::from_wire(&plan.service).filter(|service| *service != Service::NotifyVerify);
    let (Some(service), Some(code)) = (service, ErrorCode::from_wire(&plan.code)) else {
        let detail = "service and code are named as on the wire; notify_verify has no codes";
        return Ok(Err(Problem::unprocessable("refusal_unknown", detail)));
    };
    if !(0..=CALLS_MAX).contains(&plan.calls) {
        return Ok(Err(Problem::unprocessable("refusal_unknown", "calls: 0 to 1000000")));
    }
    let plan = PlannedRefusal { service, code, remaining: plan.calls };
    planned_refusal::save(turn.tx, &partner.partner, &plan)?;
    show(turn, &partner.partner)
}

/// `GET /partners/{partner}/refusals`.
pub(super) fn show_refusals(turn: &mut Turn<'_>, partner: &str) -> Answer {
    let Some(partner) = find(turn, partner)? else { return Ok(Err(Problem::not_found("such partner"))) };
    show(turn, &partner.partner)
}

fn show(turn: &mut Turn<'_>, partner: &PartnerId) -> Answer {
    let refusals: Vec<_> = planned_refusal::load(turn.tx, partner)?
        .iter()
        .map(|plan| {
            json!({
                "service": plan.service.as_str(),
                "code": plan.code.as_str(),
                "remaining": plan.remaining,
            })
        })
        .collect();
    Ok(Ok(json!({ "refusals": refusals })))
}
