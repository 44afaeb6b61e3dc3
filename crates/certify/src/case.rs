//! One scenario on its way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::node::{AskId, NoAnswer, Output, Request, Response, SendId};
use danbao_protocol::service::notify_verify::Verdict;
use danbao_protocol::time::Timestamp;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION};
use http::{HeaderValue, Method};
use serde_json::json;

use crate::answer::{self, excerpt};
use crate::browser::{Cookies, resolve};
use crate::chance::Chance;
use crate::issue::{self, CannotIssue, Issued, Issuer};
use crate::look;
use crate::offer::{NoOffer, Offer};
use crate::probe::Probe;
use crate::problem::{Kind, Problem, compare};
use crate::run::{Bench, GATE, Id, Stand, in_mood};
use crate::scenario::{Answer, Bare, Look, Mood, Say, Scenario, State, Step};
use crate::timeline::{Event, What};

/// What came of one scenario.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// Which.
    pub scenario: Scenario,
    /// The order that it was played with.
    pub out_trade_no: Option<String>,
    /// What was wrong; nothing, if the shop has passed.
    pub problems: Vec<Problem>,
    /// What happened.
    pub timeline: Vec<Event>,
    /// How long it took.
    pub took: Duration,
}

impl CaseReport {
    /// Whether the shop has passed.
    pub fn is_passed(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn not_run(scenario: Scenario) -> CaseReport {
        let problems = vec![Problem::new(Kind::OutOfTime, [])];
        CaseReport { scenario, out_trade_no: None, problems, timeline: Vec::new(), took: Duration::ZERO }
    }
}

/// Redirects that a browser follows.
const HOPS_MAX: u32 = 3;
/// Between two looks at an order that has not settled.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

pub(crate) struct Case {
    scenario: Scenario,
    serial: u64,
    began: Timestamp,
    chance: Chance,
    offer: Option<Offer>,
    steps: VecDeque<Step>,
    mood: Mood,
    /// What was sent and is not answered.
    open: BTreeMap<SendId, Errand>,
    /// Messages and bare calls so far.
    sent: usize,
    gate: Option<Gate>,
    looking: Option<Looking>,
    /// What the shop has told of the order at the last look.
    told: Option<Probe>,
    /// Orders of earlier scenarios that are still to be asked for, by their place on the bench.
    again: VecDeque<usize>,
    problems: Vec<Problem>,
    timeline: Vec<Event>,
    is_shipped: bool,
}

/// What an answer is for.
#[derive(Debug, Clone)]
enum Errand {
    Place,
    PlaceAgain,
    Message { number: usize, answer: Answer, address: String },
    Follow { number: usize, hops: u32, address: String, cookies: Cookies },
    Look,
    LookAgain(usize),
}

/// Holds the answers to the questions of one instant back, so that they leave together.
#[derive(Debug)]
struct Gate {
    until: Timestamp,
    held: Vec<(AskId, Option<usize>, Verdict)>,
}

/// An order's state that is waited for.
#[derive(Debug)]
struct Looking {
    state: State,
    until: Timestamp,
    again: Option<Timestamp>,
}

impl Case {
    pub(crate) fn begin(
        scenario: Scenario,
        serial: u64,
        now: Timestamp,
        bench: &mut Bench,
        out: &mut Vec<Output>,
    ) -> Case {
        let steps: VecDeque<Step> = scenario.steps.iter().cloned().collect();
        let mut case = Case {
            chance: Chance::new(bench.terms.seed, scenario.id),
            is_shipped: scenario.tells_of_shipping(),
            scenario,
            serial,
            began: now,
            offer: None,
            steps,
            mood: Mood::Truth,
            open: BTreeMap::new(),
            sent: 0,
            gate: None,
            looking: None,
            told: None,
            again: VecDeque::new(),
            problems: Vec::new(),
            timeline: Vec::new(),
        };
        if !case.steps.iter().any(|step| matches!(step, Step::Afterwards)) {
            case.place(Errand::Place, bench, out);
        }
        case
    }

    /// When this wants to go on by itself.
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        let gate = self.gate.as_ref().map(|gate| gate.until);
        let again = self.looking.as_ref().and_then(|looking| looking.again);
        gate.into_iter().chain(again).min()
    }

    /// Goes as far as it can; `true` if it has come to its end.
    pub(crate) fn go_on(&mut self, now: Timestamp, bench: &mut Bench, out: &mut Vec<Output>) -> bool {
        loop {
            self.open_gate(now, out);
            if !self.open.is_empty() {
                return false;
            }
            if let Some(looking) = &mut self.looking {
                match looking.again {
                    Some(again) if now < again => return false,
                    _ => looking.again = None,
                }
                self.ask_state(bench, out);
                continue;
            }
            if let Some(place) = self.again.pop_front() {
                self.ask_again(place, bench, out);
                continue;
            }
            let Some(step) = self.steps.pop_front() else { return true };
            self.take(step, now, bench, out);
        }
    }

    fn take(&mut self, step: Step, now: Timestamp, bench: &mut Bench, out: &mut Vec<Output>) {
        match step {
            Step::Look(Look::Number) => self.place(Errand::PlaceAgain, bench, out),
            Step::Look(what) => {
                if let Some(offer) = &self.offer {
                    self.problems.extend(look::at(what, offer, &bench.terms));
                }
            }
            Step::Bare(bare) => self.call(bare, now, bench, out),
            Step::Say(say) => self.say(&say, now, bench, out),
            Step::AtOnce(mut says) => {
                self.chance.shuffle(&mut says);
                self.gate = Some(Gate { until: now.plus(GATE), held: Vec::new() });
                for say in &says {
                    self.say(say, now, bench, out);
                }
            }
            Step::Shuffled(says) => {
                for say in self.chance.some_twice(says).into_iter().rev() {
                    self.steps.push_front(Step::Say(say));
                }
            }
            Step::Gateway(mood) => {
                self.mood = mood;
                self.note(now, What::Gateway(mood));
            }
            Step::Afterwards => self.again = (0..bench.stands.len()).collect(),
            Step::Then(state) => {
                let until = now.plus(bench.terms.settle);
                self.looking = Some(Looking { state, until, again: None });
            }
        }
    }

    fn place(&mut self, errand: Errand, bench: &mut Bench, out: &mut Vec<Output>) {
        let wish = json!({
            "service": self.scenario.service.as_str(),
            "charset": self.scenario.charset.label(),
            "lines": [{ "good": bench.terms.good, "quantity": bench.terms.quantity }],
        });
        let mut request = Request::new(Bytes::from(wish.to_string()));
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let url = bench.terms.orders_url.clone();
        self.send_to(&url, request, errand, bench, out);
    }

    fn send_to(
        &mut self,
        url: &str,
        mut request: Request,
        errand: Errand,
        bench: &mut Bench,
        out: &mut Vec<Output>,
    ) {
        match url.parse() {
            Ok(uri) => {
                *request.uri_mut() = uri;
                self.send(request, errand, bench, out);
            }
            Err(_) => self.fail(Problem::new(Kind::Elsewhere, [url.to_owned()])),
        }
    }

    fn send(&mut self, request: Request, errand: Errand, bench: &mut Bench, out: &mut Vec<Output>) {
        let id = bench.send_id();
        self.open.insert(id, errand);
        out.push(Output::Send { id, request });
    }

    fn say(&mut self, say: &Say, now: Timestamp, bench: &mut Bench, out: &mut Vec<Output>) {
        let Some(offer) = &self.offer else { return };
        let issued = self.issuer(offer, bench).issue(say);
        let Say { door, trade_status, refund_status, ref twist, answer, .. } = *say;
        let number = self.sent + 1;
        let what = What::Sent { number, door, trade_status, refund_status, twist: twist.clone() };
        self.dispatch(issued, what, answer, now, bench, out);
    }

    fn call(&mut self, bare: Bare, now: Timestamp, bench: &mut Bench, out: &mut Vec<Output>) {
        let Some(offer) = &self.offer else { return };
        let [notify, back] = [&offer.request.notify_url, &offer.request.return_url]
            .map(|page| page.as_deref().unwrap_or_default());
        const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
        const GARBAGE: &[u8] = b"%zz=\xff&&=\x00&a";
        let unknown = |request| Issued { request, notify_id: String::new(), is_known: false };
        let issuer = self.issuer(offer, bench);
        let (issued, answer) = match bare {
            Bare::EmptyNotify => (issue::post(notify, FORM, Bytes::new()).map(unknown), Answer::Fail),
            Bare::GetNotify => (issue::get(notify).map(unknown), Answer::Fail),
            Bare::GarbageNotify => {
                (issue::post(notify, FORM, Bytes::from_static(GARBAGE)).map(unknown), Answer::Refusal)
            }
            Bare::EmptyReturn => (issue::get(back).map(unknown), Answer::Any),
            Bare::BatchResult => (issuer.batch_result(false), Answer::Any),
            Bare::ForgedBatchResult => (issuer.batch_result(true), Answer::Refusal),
        };
        let number = self.sent + 1;
        self.dispatch(issued, What::Called { number, bare }, answer, now, bench, out);
    }

    fn issuer<'a>(&self, offer: &'a Offer, bench: &'a Bench) -> Issuer<'a> {
        Issuer {
            terms: &bench.terms,
            offer,
            run: bench.run,
            serial: self.serial,
            created: self.began.minus(Duration::from_secs(3600)),
            is_shipped: self.is_shipped,
        }
    }

    /// Sends what was written to the shop, and to nobody else, and remembers its id.
    fn dispatch(
        &mut self,
        issued: Result<Issued, CannotIssue>,
        what: What,
        answer: Answer,
        now: Timestamp,
        bench: &mut Bench,
        out: &mut Vec<Output>,
    ) {
        let Issued { request, notify_id, is_known } = match issued {
            Ok(issued) => issued,
            Err(why) => return self.fail(Problem::new(Kind::CannotSay, [why.to_string()])),
        };
        let address = request.uri().to_string();
        if !is_at(&address, &bench.terms.target) {
            return self.fail(Problem::new(Kind::Elsewhere, [address]));
        }
        self.sent += 1;
        let number = self.sent;
        bench.ids.insert(notify_id, Id { serial: self.serial, number, is_known });
        self.note(now, what);
        self.send(request, Errand::Message { number, answer, address }, bench, out);
    }

    fn ask_state(&mut self, bench: &mut Bench, out: &mut Vec<Output>) {
        let Some(url) = self.state_url(bench) else { return };
        self.send_to(&url, Request::new(Bytes::new()), Errand::Look, bench, out);
    }

    /// Where the shop tells of this scenario's order.
    fn state_url(&self, bench: &Bench) -> Option<String> {
        let offer = self.offer.as_ref()?;
        let usual = || format!("{}/{}.json", bench.terms.orders_url, offer.out_trade_no);
        Some(offer.state_url.clone().unwrap_or_else(usual))
    }

    fn ask_again(&mut self, place: usize, bench: &mut Bench, out: &mut Vec<Output>) {
        let Some(url) = bench.stands.get(place).map(|stand| stand.state_url.clone()) else { return };
        self.send_to(&url, Request::new(Bytes::new()), Errand::LookAgain(place), bench, out);
    }

    /// The shop asks `notify_verify`, perhaps about a message of another scenario.
    pub(crate) fn asked(
        &mut self,
        now: Timestamp,
        ask: AskId,
        id: Option<Id>,
        verdict: Verdict,
        out: &mut Vec<Output>,
    ) {
        let number = id.filter(|id| id.serial == self.serial).map(|id| id.number);
        self.note(now, What::Asked(number));
        match &mut self.gate {
            Some(gate) => gate.held.push((ask, number, verdict)),
            None => self.tell(now, ask, number, verdict, out),
        }
    }

    fn tell(
        &mut self,
        now: Timestamp,
        ask: AskId,
        number: Option<usize>,
        verdict: Verdict,
        out: &mut Vec<Output>,
    ) {
        let response = in_mood(self.mood, verdict);
        let said = excerpt(&response);
        self.note(now, What::Told { number, said });
        out.push(Output::Respond { id: ask, response });
    }

    /// Lets the held answers go once everybody has asked who has not been answered, or the time is over.
    fn open_gate(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        let unanswered = self.open.values().filter(|errand| matches!(errand, Errand::Message { .. })).count();
        let is_open =
            self.gate.as_ref().is_some_and(|gate| now >= gate.until || gate.held.len() >= unanswered);
        if let Some(mut gate) = self.gate.take_if(|_| is_open) {
            self.chance.shuffle(&mut gate.held);
            for (ask, number, verdict) in gate.held {
                self.tell(now, ask, number, verdict, out);
            }
        }
    }

    pub(crate) fn note_other_service(&mut self, now: Timestamp, service: String) {
        self.note(now, What::OtherService(service));
    }

    /// An answer to something that was sent.
    pub(crate) fn heard(
        &mut self,
        now: Timestamp,
        id: SendId,
        outcome: Result<Response, NoAnswer>,
        bench: &mut Bench,
        out: &mut Vec<Output>,
    ) {
        let Some(errand) = self.open.remove(&id) else { return };
        match (errand, outcome) {
            (Errand::Place, Ok(response)) => self.placed(now, &response, bench),
            (Errand::PlaceAgain, Ok(response)) => self.placed_again(&response),
            (Errand::Place | Errand::PlaceAgain, Err(why)) => {
                self.fail(Problem::new(Kind::NoOrder, [why.as_str().to_owned()]));
            }
            (Errand::Message { number, answer, address }, Ok(response)) => {
                self.note(now, What::Answered { number, said: excerpt(&response) });
                self.problems.extend(answer::judge(number, answer, &response));
                if answer == Answer::Page {
                    let at = Errand::Follow { number, hops: 0, address, cookies: Cookies::default() };
                    self.follow(now, at, &response, bench, out);
                }
            }
            (at @ Errand::Follow { number, .. }, Ok(response)) => {
                self.note(now, What::Answered { number, said: excerpt(&response) });
                self.follow(now, at, &response, bench, out);
            }
            (Errand::Message { number, .. } | Errand::Follow { number, .. }, Err(why)) => {
                self.note(now, What::Silent { number, why: why.as_str() });
                let about = [number.to_string(), why.as_str().to_owned()];
                self.problems.push(Problem::new(Kind::NoAnswer, about));
            }
            (Errand::Look, outcome) => self.looked(now, outcome),
            (Errand::LookAgain(place), outcome) => self.looked_again(now, place, outcome, bench),
        }
    }

    fn placed(&mut self, now: Timestamp, response: &Response, bench: &Bench) {
        match Offer::read(response) {
            Ok(offer) => {
                self.note(now, What::Placed(offer.out_trade_no.clone()));
                if !self.is_what_was_wished(&offer) {
                    let got = format!("{} {}", offer.service().as_str(), offer.charset().label());
                    self.fail(Problem::new(Kind::OtherRequest, [got]));
                } else if offer.request.partner != bench.terms.partner {
                    let got = offer.request.partner.to_string();
                    self.fail(Problem::new(Kind::OtherRequest, [got]));
                }
                self.offer = Some(offer);
            }
            Err(NoOffer::NotPlaced(why)) => self.fail(Problem::new(Kind::NoOrder, [why])),
            Err(NoOffer::Unreadable(why)) => self.fail(Problem::new(Kind::Unreadable, [why])),
        }
    }

    fn is_what_was_wished(&self, offer: &Offer) -> bool {
        offer.service() == self.scenario.service && offer.charset() == self.scenario.charset
    }

    fn placed_again(&mut self, response: &Response) {
        let Some(first) = &self.offer else { return };
        match Offer::read(response) {
            Ok(second) => self.problems.extend(look::at_numbers(first, &second)),
            Err(NoOffer::NotPlaced(why) | NoOffer::Unreadable(why)) => {
                self.fail(Problem::new(Kind::NoOrder, [why]));
            }
        }
    }

    /// Goes where a browser would go, until there is a page.
    fn follow(
        &mut self,
        now: Timestamp,
        at: Errand,
        response: &Response,
        bench: &mut Bench,
        out: &mut Vec<Output>,
    ) {
        let Errand::Follow { number, hops, address, mut cookies } = at else { return };
        let status = response.status();
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        cookies.keep(response);
        match location.filter(|_| status.is_redirection()).map(|to| resolve(&address, to)) {
            // Where another site begins, the shop's part has ended.
            Some(to) if !is_at(&to, &bench.terms.target) => {}
            Some(to) if hops < HOPS_MAX => {
                self.note(now, What::Followed { number, to: to.clone() });
                let mut request = Request::new(Bytes::new());
                if let Some(value) = cookies.header().and_then(|text| HeaderValue::from_str(&text).ok()) {
                    request.headers_mut().insert(COOKIE, value);
                }
                let errand = Errand::Follow { number, hops: hops + 1, address: to.clone(), cookies };
                self.send_to(&to, request, errand, bench, out);
            }
            _ if status.is_success() => {}
            _ => {
                let about = [number.to_string(), status.as_u16().to_string()];
                self.problems.push(Problem::new(Kind::NoPage, about));
            }
        }
    }

    fn looked(&mut self, now: Timestamp, outcome: Result<Response, NoAnswer>) {
        let Some(mut looking) = self.looking.take() else { return };
        let probe = match read_state(outcome) {
            Ok(probe) => probe,
            Err(why) => return self.fail(Problem::new(Kind::NoState, [why])),
        };
        let problems = compare(&looking.state, &probe, self.offer.as_ref().and_then(Offer::total));
        if !problems.is_empty() && now < looking.until {
            looking.again = Some(now.plus(LOOK_AGAIN));
            self.looking = Some(looking);
            return;
        }
        self.note(
            now,
            What::Order {
                trade_status: probe.trade_status,
                refund_status: probe.refund_status.flatten(),
                deliveries: probe.deliveries,
                changes: probe.changes,
                is_right: problems.is_empty(),
            },
        );
        self.told = Some(probe);
        for problem in problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }

    /// An order of an earlier scenario, which must stand where it stood.
    fn looked_again(
        &mut self,
        now: Timestamp,
        place: usize,
        outcome: Result<Response, NoAnswer>,
        bench: &Bench,
    ) {
        let Some(stand) = bench.stands.get(place) else { return };
        let is = match read_state(outcome) {
            Ok(probe) if probe == stand.told => return,
            Ok(probe) => probe.to_string(),
            Err(why) => why,
        };
        let Stand { out_trade_no, scenario, told, .. } = stand;
        self.note(now, What::Moved { out_trade_no: out_trade_no.clone(), is: is.clone() });
        let about = [out_trade_no.clone(), (*scenario).to_owned(), told.to_string(), is];
        self.problems.push(Problem::new(Kind::Moved, about));
    }

    fn note(&mut self, now: Timestamp, what: What) {
        let at_ms = u64::try_from(now.since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.timeline.push(Event { at_ms, what });
    }

    /// What cannot be got over: the scenario ends here.
    fn fail(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.steps.clear();
        self.looking = None;
    }

    /// What is to be said of it; if the order is as it must be, it is remembered, to be looked at once more.
    pub(crate) fn end(mut self, now: Timestamp, bench: &mut Bench) -> CaseReport {
        let told = self.told.take().filter(|_| self.problems.is_empty());
        if let (Some(told), Some(state_url), Some(offer)) = (told, self.state_url(bench), &self.offer) {
            let (scenario, out_trade_no) = (self.scenario.id, offer.out_trade_no.clone());
            bench.stands.push(Stand { scenario, out_trade_no, state_url, told });
        }
        self.report(now)
    }

    fn report(self, now: Timestamp) -> CaseReport {
        CaseReport {
            out_trade_no: self.offer.map(|offer| offer.out_trade_no),
            scenario: self.scenario,
            problems: self.problems,
            timeline: self.timeline,
            took: now.since(self.began),
        }
    }

    pub(crate) fn out_of_time(mut self, now: Timestamp) -> CaseReport {
        self.problems.push(Problem::new(Kind::OutOfTime, []));
        self.report(now)
    }
}

/// The order's state, or why there is none.
fn read_state(outcome: Result<Response, NoAnswer>) -> Result<Probe, String> {
    match outcome {
        Ok(response) if response.status().is_success() => {
            Probe::read(response.body()).map_err(|field| field.to_owned())
        }
        Ok(response) => Err(excerpt(&response)),
        Err(why) => Err(why.as_str().to_owned()),
    }
}

/// Whether an address is on the site that begins with `target`.
fn is_at(address: &str, target: &str) -> bool {
    address.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}
