//! 2 B-E and 3 B: names, addresses, ports, certificates and filters on the way.

use std::net::IpAddr;

use danbao_protocol::node::NoAnswer;

use super::page::TURNED_AWAY;
use crate::Facts;
use crate::allow_list::{Range, TUTORIALS, read};
use crate::facts::{Dial, Exchange, Host, Tls};
use crate::finding::{About, Lack, Verdict};
use crate::probe::ProbeId;
use crate::settings::{Place, target};

/// An answer that takes longer is a risk: the gateway waits thirty seconds in all (protocol.md §6.5). In milliseconds.
const SLOW_MS: u128 = 5_000;

/// One piece for each host that is so.
fn hosts_that(facts: &Facts, say: impl Fn(Place, &Host) -> Option<Vec<About>>) -> Verdict {
    if facts.hosts.is_empty() {
        return Verdict::NotLooked(Lack::Option("--notify-url"));
    }
    Verdict::of(facts.hosts.iter().filter_map(|(place, host)| say(*place, host)).flatten().collect())
}

fn host_of(facts: &Facts, place: Place) -> String {
    let taken = facts.settings.url(place).and_then(target);
    taken.map_or(String::new(), |target| format!("{}:{}", target.host, target.port))
}

fn text(text: String) -> About {
    About::Text(text)
}

pub(super) fn name(facts: &Facts) -> Verdict {
    hosts_that(facts, |place, host| {
        let name = || facts.settings.url(place).and_then(target).map_or(String::new(), |target| target.host);
        host.addresses.is_empty().then(|| vec![text(format!("{}: {}", place.name(), name()))])
    })
}

pub(super) fn port(facts: &Facts) -> Verdict {
    hosts_that(facts, |place, host| {
        let why = match host.dial? {
            Dial::Open => return None,
            Dial::Refused => "refused",
            Dial::TimedOut => "timed_out",
            Dial::Unreachable => "unreachable",
        };
        Some(vec![text(format!("{} {}", place.name(), host_of(facts, place))), About::Term(why)])
    })
}

/// 假死: the port takes a connection and then nothing comes.
pub(super) fn half_dead(facts: &Facts) -> Verdict {
    hosts_that(facts, |place, host| {
        let is_silent = |exchange: &Exchange| matches!(exchange.outcome, Err(NoAnswer::TimedOut));
        let is_any = facts.exchanges.iter().any(|(probe, sent)| probe.place() == place && is_silent(sent));
        (is_any && host.dial == Some(Dial::Open))
            .then(|| vec![text(format!("{} {}", place.name(), host_of(facts, place)))])
    })
}

pub(super) fn slow(facts: &Facts) -> Verdict {
    let took = facts.exchanges.iter().filter(|(_, exchange)| exchange.outcome.is_ok());
    let slowest = took
        .map(|(probe, exchange)| (exchange.ended_at.since(exchange.sent_at).as_millis(), probe.place()))
        .max_by_key(|(took, _)| *took);
    match slowest {
        None => Verdict::NotLooked(Lack::Answer),
        Some((took, place)) if took > SLOW_MS => {
            Verdict::about(format!("{}: {} s", place.name(), took / 1000))
        }
        Some(_) => Verdict::Fine,
    }
}

pub(super) fn odd_port(facts: &Facts) -> Verdict {
    hosts_that(facts, |place, _| {
        let port = facts.settings.url(place).and_then(target)?.port;
        (!matches!(port, 80 | 443)).then(|| vec![text(format!("{}: {port}", place.name()))])
    })
}

pub(super) fn certificate(facts: &Facts) -> Verdict {
    if facts.hosts.values().all(|host| host.tls.is_none()) {
        return Verdict::NotLooked(Lack::Occasion);
    }
    hosts_that(facts, |place, host| {
        let why = match host.tls? {
            Tls::Good => return None,
            Tls::Expired => "expired",
            Tls::NotYetValid => "not_yet_valid",
            Tls::UnknownIssuer => "unknown_issuer",
            Tls::WrongName => "wrong_name",
            Tls::BadCertificate => "bad_certificate",
            Tls::NoHandshake => "no_handshake",
        };
        Some(vec![text(format!("{} {}", place.name(), host_of(facts, place))), About::Term(why)])
    })
}

pub(super) fn moved(facts: &Facts) -> Verdict {
    let Some(server) = facts.server else { return Verdict::NotLooked(Lack::Option("--server")) };
    match facts.hosts.get(&Place::Notify) {
        None => Verdict::NotLooked(Lack::Option("--notify-url")),
        Some(host) if host.addresses.is_empty() || host.addresses.contains(&server) => Verdict::Fine,
        Some(host) => {
            let named: Vec<String> = host.addresses.iter().map(IpAddr::to_string).collect();
            Verdict::about(named.join(", "))
        }
    }
}

fn ranges(facts: &Facts) -> Option<(Vec<Range>, Vec<String>)> {
    facts.allow_list.as_deref().map(read)
}

/// The addresses that the gateway's notifications come from: as given, or else those of the gateway's own name.
fn sources(facts: &Facts) -> Vec<IpAddr> {
    if !facts.sources.is_empty() {
        return facts.sources.clone();
    }
    facts.hosts.get(&Place::Gateway).map(|host| host.addresses.clone()).unwrap_or_default()
}

pub(super) fn allow_list(facts: &Facts) -> Verdict {
    let Some((ranges, _)) = ranges(facts) else { return Verdict::NotLooked(Lack::Option("--allow-list")) };
    let sources = sources(facts);
    if sources.is_empty() {
        return Verdict::NotLooked(Lack::Option("--source"));
    }
    let shut_out = sources.iter().filter(|source| !ranges.iter().any(|range| range.holds(**source)));
    Verdict::of(shut_out.map(|source| text(source.to_string())).collect())
}

pub(super) fn allow_list_form(facts: &Facts) -> Verdict {
    match ranges(facts) {
        None => Verdict::NotLooked(Lack::Option("--allow-list")),
        Some((_, strange)) => Verdict::of(strange.into_iter().map(text).collect()),
    }
}

/// The tutorials' own addresses, which are not this gateway's.
pub(super) fn old_addresses(facts: &Facts) -> Verdict {
    let Some((ranges, _)) = ranges(facts) else { return Verdict::NotLooked(Lack::Option("--allow-list")) };
    let is_old = |range: &Range| TUTORIALS.iter().any(|old| range.bits >= old.bits && old.holds(range.base));
    let is_used = |range: &Range| sources(facts).iter().any(|source| range.holds(*source));
    let old = ranges.iter().filter(|range| is_old(range) && !is_used(range));
    Verdict::of(old.map(|range| text(format!("{}/{}", range.base, range.bits))).collect())
}

fn status(facts: &Facts, probe: ProbeId) -> Option<u16> {
    Some(facts.answer(probe)?.status().as_u16())
}

/// A filter that turns everybody away, whatever name they call under.
pub(super) fn blocked(facts: &Facts) -> Verdict {
    let mut answers = facts.answers(Place::Notify).peekable();
    if answers.peek().is_none() {
        return Verdict::NotLooked(Lack::Answer);
    }
    let is_for_all = status(facts, ProbeId::AsBrowser).is_none_or(|status| TURNED_AWAY.contains(&status));
    let turned = answers.find(|(_, response)| TURNED_AWAY.contains(&response.status().as_u16()));
    match turned {
        Some((_, response)) if is_for_all => {
            Verdict::shown(response.status().as_u16().to_string(), response.body())
        }
        _ => Verdict::Fine,
    }
}

/// How the same empty call was met under a name: its status, or nothing.
fn met(facts: &Facts, probe: ProbeId) -> Option<Option<u16>> {
    facts.exchanges.get(&probe)?;
    Some(status(facts, probe))
}

fn is_well(met: Option<u16>) -> bool {
    met.is_some_and(|status| status < 400)
}

fn said(met: Option<u16>) -> String {
    met.map_or("-".to_owned(), |status| status.to_string())
}

/// A browser is let in and the gateway is not.
pub(super) fn gateway_agent(facts: &Facts) -> Verdict {
    let (Some(gateway), Some(browser)) = (met(facts, ProbeId::EmptyPost), met(facts, ProbeId::AsBrowser))
    else {
        return Verdict::NotLooked(Lack::Answer);
    };
    if is_well(browser) && !is_well(gateway) { Verdict::about(said(gateway)) } else { Verdict::Fine }
}

/// The gateway is let in and others are not: it may change its name some day.
pub(super) fn other_agents(facts: &Facts) -> Verdict {
    let Some(gateway) = met(facts, ProbeId::EmptyPost) else { return Verdict::NotLooked(Lack::Answer) };
    if !is_well(gateway) {
        return Verdict::NotLooked(Lack::Occasion);
    }
    let others =
        [(ProbeId::AsBrowser, "Mozilla/5.0"), (ProbeId::AsProgram, "Java/1.6"), (ProbeId::Nameless, "-")];
    let refused = others.into_iter().filter_map(|(probe, agent)| {
        let met = met(facts, probe)?;
        (!is_well(met)).then(|| text(format!("{agent}: {}", said(met))))
    });
    Verdict::of(refused.collect())
}

/// An address that only this machine or this network can reach.
pub(super) fn not_public(facts: &Facts) -> Verdict {
    let pages = [Place::Notify, Place::Return];
    let known = pages.iter().filter_map(|place| Some((*place, facts.hosts.get(place)?)));
    let known: Vec<(Place, &Host)> = known.filter(|(_, host)| !host.addresses.is_empty()).collect();
    if known.is_empty() {
        return Verdict::NotLooked(Lack::Option("--notify-url"));
    }
    let inner = known.into_iter().filter_map(|(place, host)| {
        let address = host.addresses.iter().find(|address| is_inner(**address))?;
        Some(text(format!("{}: {address}", place.name())))
    });
    Verdict::of(inner.collect())
}

fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            let head = address.segments().first().copied().unwrap_or_default();
            address.is_loopback()
                || address.is_unspecified()
                || head & 0xFE00 == 0xFC00
                || head & 0xFFC0 == 0xFE80
        }
    }
}
