//! The certifier and a shop in virtual time, without sockets.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc;
use std::time::Duration;

use danbao_certify::scenario::{self, Scenario};
use danbao_certify::{CaseReport, Certifier, Progress, Terms};
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::{AskId, Input, NoAnswer, Node, Output, SendId};
use danbao_protocol::sign::{Md5Key, Signer, Verifier};
use danbao_protocol::time::Timestamp;

pub(crate) const SHOP: &str = "http://shop:8081";
pub(crate) const GATEWAY: &str = "http://gateway:8090";
pub(crate) const PARTNER: &str = "2088000000000001";
pub(crate) const SELLER: &str = "2088000000000002";
pub(crate) const SELLER_EMAIL: &str = "seller@example.com";
pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

pub(crate) fn terms(seed: u64) -> Terms {
    Terms {
        target: SHOP.to_owned(),
        orders_url: format!("{SHOP}/orders"),
        gateway_url: GATEWAY.to_owned(),
        partner: PartnerId::new(PARTNER),
        signer: Signer::Md5(Md5Key::new(KEY)),
        verifier: Verifier::Md5(Md5Key::new(KEY)),
        seller_id: UserId::new(SELLER),
        seller_email: SELLER_EMAIL.to_owned(),
        good: "bookmark".to_owned(),
        quantity: 3,
        seed,
        settle: Duration::ZERO,
        time_max: Duration::from_secs(600),
    }
}

/// Two nodes and the wire between them.
struct Town {
    nodes: [Box<dyn Node>; 2],
    waiting: VecDeque<(usize, Input)>,
    asked: BTreeMap<AskId, (usize, SendId)>,
    now: Timestamp,
}

/// Plays these scenarios with a shop and says what came of them.
pub(crate) fn certify(shop: Box<dyn Node>, terms: Terms, scenarios: Vec<Scenario>) -> Vec<CaseReport> {
    let (tell, told) = mpsc::channel();
    let certifier = Certifier::new(terms, scenarios, move |progress| drop(tell.send(progress)));
    let now = Timestamp(1_330_531_199_000);
    let mut town =
        Town { nodes: [Box::new(certifier), shop], waiting: VecDeque::new(), asked: BTreeMap::new(), now };
    town.run();
    let mut reports = Vec::new();
    for progress in told.try_iter() {
        match progress {
            Progress::Case(report) => reports.push(*report),
            Progress::End => return reports,
        }
    }
    panic!("the run has no end");
}

pub(crate) fn certify_all(shop: Box<dyn Node>, seed: u64) -> Vec<CaseReport> {
    certify(shop, terms(seed), scenario::all())
}

/// The names of the scenarios that were not passed.
pub(crate) fn failed(reports: &[CaseReport]) -> Vec<&'static str> {
    reports.iter().filter(|report| !report.is_passed()).map(|report| report.scenario.id).collect()
}

impl Town {
    fn run(&mut self) {
        for _ in 0..1_000_000 {
            match self.waiting.front().map(|(node, _)| *node) {
                Some(node) => {
                    // All that waits for one node is one group, as with the real host.
                    let all = std::mem::take(&mut self.waiting);
                    let (its, others) = all.into_iter().partition(|(whose, _)| *whose == node);
                    self.waiting = others;
                    self.step(node, its);
                }
                None => {
                    let Some(due) = self.nodes[0].next_due().unwrap() else { return };
                    self.now = self.now.max(due);
                    self.step(0, VecDeque::from([(0, Input::Due)]));
                }
            }
        }
        panic!("the run goes on for ever");
    }

    fn step(&mut self, node: usize, group: VecDeque<(usize, Input)>) {
        self.now = self.now.plus(Duration::from_millis(1));
        let inputs = group.into_iter().map(|(_, input)| input).collect();
        for output in self.nodes[node].step(self.now, inputs).unwrap() {
            match output {
                Output::Send { id, mut request } => {
                    let host = request.uri().host().unwrap_or_default().to_owned();
                    let Some(other) = ["gateway", "shop"].iter().position(|name| *name == host) else {
                        let outcome = Err(NoAnswer::Unreachable);
                        self.waiting.push_back((node, Input::Answer { id, outcome }));
                        continue;
                    };
                    let path = request.uri().path_and_query().unwrap().as_str().to_owned();
                    *request.uri_mut() = path.parse().unwrap();
                    let ask = AskId(self.asked.len() as u64 + 1);
                    self.asked.insert(ask, (node, id));
                    self.waiting.push_back((other, Input::Request { id: ask, request }));
                }
                Output::Respond { id, response } => {
                    let (asker, id) = self.asked[&id];
                    self.waiting.push_back((asker, Input::Answer { id, outcome: Ok(response) }));
                }
            }
        }
    }
}
