//! What was observed: everything that a verdict rests on.

use std::collections::BTreeMap;
use std::net::IpAddr;

use danbao_protocol::node::{NoAnswer, Response};
use danbao_protocol::time::Timestamp;

use crate::probe::ProbeId;
use crate::settings::{Place, Settings};
use crate::stand_in::Asked;

/// Everything that was observed.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What is configured.
    pub settings: Settings,
    /// Of each place with a well-formed address.
    pub hosts: BTreeMap<Place, Host>,
    /// What came of each probe that was sent.
    pub exchanges: BTreeMap<ProbeId, Exchange>,
    /// What the stand-in gateway was asked; `None` if there was none.
    pub asked: Option<Vec<Asked>>,
    /// The ids that the test notifications carried.
    pub notify_ids: BTreeMap<ProbeId, String>,
    /// Whether the shop's log can be written, if there is one to look at.
    pub log: Option<Log>,
    /// The addresses that the shop's firewall lets in, as the merchant lists them.
    pub allow_list: Option<String>,
    /// The addresses that the gateway's notifications come from.
    pub sources: Vec<IpAddr>,
    /// The address that the shop's server has now, as the merchant knows it.
    pub server: Option<IpAddr>,
}

/// A host, as seen from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What its name stands for; empty if it cannot be resolved.
    pub addresses: Vec<IpAddr>,
    /// Whether its port takes a connection; not tried without an address.
    pub dial: Option<Dial>,
    /// Whether its certificate is believed; not tried for http or without a connection.
    pub tls: Option<Tls>,
}

/// What came of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dial {
    /// Taken.
    Open,
    /// Refused: nobody listens, or a firewall says no.
    Refused,
    /// No answer at all: a firewall drops it, or there is no such host.
    TimedOut,
    /// No way there.
    Unreachable,
}

/// What came of a TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// The chain leads to a known root and the name is right.
    Good,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It leads to no known root: self-signed, or an intermediate certificate is not sent.
    UnknownIssuer,
    /// For another name.
    WrongName,
    /// Another fault of the certificate.
    BadCertificate,
    /// No handshake: only versions or ciphers that are given up, or no TLS at all.
    NoHandshake,
}

/// A probe that was sent.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// When, by the clock here.
    pub sent_at: Timestamp,
    /// When what came of it came.
    pub ended_at: Timestamp,
    /// The answer, or why there is none.
    pub outcome: Result<Response, NoAnswer>,
}

/// The shop's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The file or folder.
    pub path: String,
    /// It can be written; else the system's reason.
    pub writable: Result<(), String>,
}

impl Facts {
    /// The answer to a probe, if it was sent and answered.
    pub fn answer(&self, probe: ProbeId) -> Option<&Response> {
        self.exchanges.get(&probe)?.outcome.as_ref().ok()
    }

    /// Every answer of a place, in the order of the plan.
    pub fn answers(&self, place: Place) -> impl Iterator<Item = (ProbeId, &Response)> {
        self.exchanges
            .iter()
            .filter(move |(probe, _)| probe.place() == place)
            .filter_map(|(probe, exchange)| Some((*probe, exchange.outcome.as_ref().ok()?)))
    }
}
