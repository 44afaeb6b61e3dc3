//! The certifier as a node: it places orders, plays the gateway to them, and looks what became of them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::node::{AskId, Crash, Input, Node, Output, Request, Response, SendId};
use danbao_protocol::params::Params;
use danbao_protocol::service::notify_verify::{NotifyVerify, Verdict};
use danbao_protocol::time::Timestamp;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::case::{Case, CaseReport};
use crate::probe::Probe;
use crate::scenario::{Mood, Scenario};
use crate::terms::Terms;

/// What is told while a run goes on.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A scenario has ended.
    Case(Box<CaseReport>),
    /// All of them have.
    End,
}

/// The certifier.
pub struct Certifier {
    scenarios: Vec<Scenario>,
    begun: usize,
    started: Option<Timestamp>,
    case: Option<Case>,
    bench: Bench,
    observer: Box<dyn FnMut(Progress) + Send>,
    is_over: bool,
}

/// What all scenarios of a run share.
pub(crate) struct Bench {
    pub(crate) terms: Terms,
    /// Tells this run from every other.
    pub(crate) run: u64,
    /// Every id that was given out or made up, by which scenario and message, and whether the gateway stands by it.
    pub(crate) ids: BTreeMap<String, Id>,
    /// The orders that were as they must be when their scenarios ended.
    pub(crate) stands: Vec<Stand>,
    sends: u64,
}

/// An order that was as it must be.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) scenario: &'static str,
    pub(crate) out_trade_no: String,
    pub(crate) state_url: String,
    pub(crate) told: Probe,
}

/// What the gateway knows of an id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Id {
    pub(crate) serial: u64,
    pub(crate) number: usize,
    pub(crate) is_known: bool,
}

impl Bench {
    pub(crate) fn send_id(&mut self) -> SendId {
        self.sends += 1;
        SendId(self.sends)
    }
}

impl Certifier {
    /// A run of these scenarios. It begins with its first step, and `observer` hears how it goes.
    pub fn new(
        terms: Terms,
        scenarios: Vec<Scenario>,
        observer: impl FnMut(Progress) + Send + 'static,
    ) -> Certifier {
        Certifier {
            scenarios,
            begun: 0,
            started: None,
            case: None,
            bench: Bench { terms, run: 0, ids: BTreeMap::new(), stands: Vec::new(), sends: 0 },
            observer: Box::new(observer),
            is_over: false,
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.started.map(|started| started.plus(self.bench.terms.time_max))
    }

    /// Goes as far as it can without anybody's answer.
    fn go_on(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        while !self.is_over {
            if self.deadline().is_some_and(|deadline| now >= deadline) {
                self.give_up(now);
                return;
            }
            let Some(case) = &mut self.case else {
                match self.scenarios.get(self.begun) {
                    Some(scenario) => {
                        self.begun += 1;
                        let serial = u64::try_from(self.begun).unwrap_or(u64::MAX);
                        self.case = Some(Case::begin(scenario.clone(), serial, now, &mut self.bench, out));
                        continue;
                    }
                    None => {
                        self.is_over = true;
                        (self.observer)(Progress::End);
                        return;
                    }
                }
            };
            if !case.go_on(now, &mut self.bench, out) {
                return;
            }
            if let Some(case) = self.case.take() {
                (self.observer)(Progress::Case(Box::new(case.end(now, &mut self.bench))));
            }
        }
    }

    /// The time is over: what has not run has failed.
    fn give_up(&mut self, now: Timestamp) {
        if let Some(case) = self.case.take() {
            (self.observer)(Progress::Case(Box::new(case.out_of_time(now))));
        }
        for scenario in self.scenarios.iter().skip(self.begun) {
            (self.observer)(Progress::Case(Box::new(CaseReport::not_run(scenario.clone()))));
        }
        self.is_over = true;
        (self.observer)(Progress::End);
    }

    /// Answers the shop as its gateway: to `notify_verify` truly, unless the scenario has the gateway in a mood.
    fn asked(&mut self, now: Timestamp, ask: AskId, request: &Request, out: &mut Vec<Output>) {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let query = request.uri().query().unwrap_or_default().as_bytes();
        let params = Params::receive(query, content_type, request.body()).unwrap_or_default();
        let service = params.get("service").map(|word| String::from_utf8_lossy(word).into_owned());
        let is_question = match (request.uri().path(), service.as_deref()) {
            ("/gateway.do" | "/cooperate/gateway.do", Some("notify_verify")) => true,
            ("/trade/notify_query.do", _) => true,
            ("/gateway.do" | "/cooperate/gateway.do", _) => false,
            _ => {
                out.push(Output::Respond { id: ask, response: said(StatusCode::NOT_FOUND, "no such page") });
                return;
            }
        };
        if !is_question {
            let service = service.unwrap_or_default();
            if let Some(case) = &mut self.case {
                case.note_other_service(now, service);
            }
            const REFUSED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alipay><is_success>F</is_success><error>ILLEGAL_SERVICE</error></alipay>";
            out.push(Output::Respond { id: ask, response: said(StatusCode::OK, REFUSED) });
            return;
        }
        let question = NotifyVerify::parse(&params);
        let known = question.as_ref().and_then(|question| self.bench.ids.get(question.notify_id.as_str()));
        let known = known.copied();
        let verdict = match (&question, known) {
            (None, _) => Verdict::Invalid,
            (Some(question), Some(id)) if id.is_known && question.partner == self.bench.terms.partner => {
                Verdict::True
            }
            _ => Verdict::False,
        };
        match &mut self.case {
            Some(case) => case.asked(now, ask, known, verdict, out),
            None => out.push(Output::Respond { id: ask, response: said(StatusCode::OK, verdict.as_str()) }),
        }
    }
}

/// The gateway's answer to a question in this mood.
pub(crate) fn in_mood(mood: Mood, verdict: Verdict) -> Response {
    match mood {
        Mood::Truth => said(StatusCode::OK, verdict.as_str()),
        Mood::Down => said(StatusCode::SERVICE_UNAVAILABLE, "true"),
        Mood::Invalid => said(StatusCode::OK, Verdict::Invalid.as_str()),
        Mood::Page => said(StatusCode::OK, "Bad Gateway: is_error=true"),
        Mood::Empty => said(StatusCode::OK, ""),
    }
}

fn said(status: StatusCode, body: &'static str) -> Response {
    let mut response = Response::new(Bytes::from_static(body.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

impl Node for Certifier {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        if self.started.is_none() {
            self.started = Some(now);
            self.bench.run = u64::try_from(now.0).unwrap_or(0);
        }
        let mut out = Vec::new();
        for input in inputs {
            match input {
                Input::Request { id, request } => self.asked(now, id, &request, &mut out),
                Input::Answer { id, outcome } => {
                    if let Some(case) = &mut self.case {
                        case.heard(now, id, outcome, &mut self.bench, &mut out);
                    }
                }
                Input::Due => {}
            }
        }
        self.go_on(now, &mut out);
        Ok(out)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        if self.is_over {
            return Ok(None);
        }
        let Some(deadline) = self.deadline() else { return Ok(Some(Timestamp(0))) };
        let wake = self.case.as_ref().and_then(Case::wake);
        Ok(Some(wake.map_or(deadline, |wake| wake.min(deadline))))
    }
}

impl fmt::Debug for Certifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certifier")
            .field("begun", &self.begun)
            .field("of", &self.scenarios.len())
            .finish_non_exhaustive()
    }
}

/// How long questions of one instant are collected before they are answered together.
pub(crate) const GATE: Duration = Duration::from_millis(250);
