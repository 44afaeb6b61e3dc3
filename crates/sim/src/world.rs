//! Any set of nodes in virtual time: an event queue, a clock that jumps from event to event, disks that outlive the
//! processes that use them, and a wire between all.
//!
//! Nothing here knows of trades. A node is known by its authority (`gateway.example`), people by their number.

mod shared;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use danbao_protocol::node::{
    AskId, Carriage, Crash, Input, NoAnswer, Node, Output, Request, Response, SendId,
};
use danbao_protocol::time::Timestamp;
use danbao_store::Conn;
use danbao_store::dump::dump_all;
use danbao_store::faulty::{Death, Disk};
use http::header::HOST;
use http::{HeaderValue, Uri};

use crate::chance::Chance;
use crate::log::EventLog;
use crate::options::Options;
use crate::people::{Hand, Heard, Person, Town, Want};
use crate::wire::Weather;
use shared::Shared;

/// How long anybody waits for an answer.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// A world in which more happens than this at one instant turns in a circle.
const EVENTS_AT_ONCE_MAX: u64 = 20_000;
/// A world in which more happens than this in all turns in a wider one.
const EVENTS_MAX: u64 = 150_000;

/// Builds a node on a connection to its disk: at the beginning and after every death.
pub type Birth = Box<dyn FnMut(Box<dyn Conn>, [u8; 32], Timestamp) -> Result<Box<dyn Node>, Crash>>;

/// Something that is done to disks while nobody else does anything.
pub type Work = Box<dyn FnOnce(Timestamp)>;

/// What somebody who sees all traffic is told. Everything has left its sender; it may still be lost.
pub trait Witness {
    /// A request leaves a node or a person.
    fn asked(&mut self, now: Timestamp, request: &Request, town: &Town);
    /// A node answers a request.
    fn answered(&mut self, now: Timestamp, request: &Request, response: &Response, town: &Town);
    /// A node goes to sleep and wants to be woken then, or not at all; an answer or a request that is still to come will
    /// wake it too.
    fn rested(
        &mut self,
        now: Timestamp,
        site: &str,
        until: Option<Timestamp>,
        is_expecting: bool,
        town: &Town,
    );
}

/// Why a world could not be run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stuck {
    /// So much happens at one instant that time does not pass.
    TimeStandsStill,
    /// There is still work after the given instant.
    NeverQuiet,
}

/// The world.
pub struct World<W> {
    now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Event>,
    /// Orders events of one instant; also names calls.
    next_number: u64,
    events: u64,
    groups: u64,
    events_at_once: u64,
    chance: Chance,
    weather: Weather,
    group_max: u64,
    pace_max_ms: u64,
    downtime_max: Duration,
    /// Requests that never arrive, in the quiet neither.
    is_lost_for_good: fn(&Request) -> bool,
    sites: BTreeMap<String, Site>,
    /// Nodes that share an authority and a database, by the authority.
    shared: BTreeMap<String, Shared>,
    meetings: u64,
    stood_in: u64,
    people: Vec<Option<Resident>>,
    calls: BTreeMap<u64, Call>,
    log: EventLog,
    /// What people know of each other.
    pub town: Town,
    /// Who sees all traffic.
    pub witness: W,
}

struct Site {
    disk: Disk,
    birth: Birth,
    node: Option<Box<dyn Node>>,
    /// Counts the lives, so that what was meant for an earlier one is not given to a later one.
    life: u64,
    waiting: VecDeque<Input>,
    /// Calls that wait for this node's answer.
    asked: BTreeMap<AskId, u64>,
    is_step_planned: bool,
    is_look_planned: bool,
    alarm: Option<Timestamp>,
    deaths: u64,
    /// Somebody works on its disk: it is not started meanwhile.
    is_closed: bool,
}

struct Resident {
    person: Box<dyn Person>,
    chance: Chance,
}

struct Call {
    asker: Asker,
    request: Request,
}

enum Asker {
    Node {
        site: String,
        life: u64,
        id: SendId,
    },
    Person(usize),
    /// The asker does not listen: a second copy, or a click that was repeated.
    Nobody,
}

enum Event {
    Arrive { call: u64, site: String, request: Request },
    Step { site: String },
    Due { site: String, life: u64 },
    Reply { call: u64, outcome: Result<Response, NoAnswer> },
    Wake { person: usize },
    Doom { site: String, death: Death },
    Restart { site: String },
    Look { site: String },
    Retire { site: String },
    Work { work: Work },
    Close { site: String, lasts: Duration, work: Work },
    Reopen { site: String, work: Work },
}

impl<W: Witness> World<W> {
    /// An empty world.
    pub fn new(seed: u64, began_at: Timestamp, town: Town, witness: W, is_loud: bool) -> World<W> {
        World {
            now: began_at,
            queue: BTreeMap::new(),
            next_number: 1,
            events: 0,
            groups: 0,
            events_at_once: 0,
            chance: Chance::new(seed),
            weather: Weather::CALM,
            group_max: 1,
            pace_max_ms: 3,
            downtime_max: Duration::from_secs(1),
            is_lost_for_good: |_| false,
            sites: BTreeMap::new(),
            shared: BTreeMap::new(),
            meetings: 0,
            stood_in: 0,
            people: Vec::new(),
            calls: BTreeMap::new(),
            log: EventLog::new(began_at, is_loud),
            town,
            witness,
        }
    }

    /// The instant.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What has happened.
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// How often processes have died.
    pub fn deaths(&self) -> u64 {
        self.sites.values().map(|site| site.deaths).sum()
    }

    /// How often a node took more than one input at once.
    pub fn groups(&self) -> u64 {
        self.groups
    }

    /// How often a node took a step in the middle of another one's transaction.
    pub fn meetings(&self) -> u64 {
        self.meetings
    }

    /// Sets the network, how the nodes work, and how long they stay dead.
    pub fn set(&mut self, options: &Options) {
        self.weather = options.weather;
        self.group_max = options.group_max.max(1);
        self.pace_max_ms = options.pace_max_ms;
        self.downtime_max = options.downtime_max;
    }

    /// Puts a node into the world and starts it.
    pub fn add_site(&mut self, authority: &str, disk: Disk, birth: Birth) {
        let site = Site {
            disk,
            birth,
            node: None,
            life: 0,
            waiting: VecDeque::new(),
            asked: BTreeMap::new(),
            is_step_planned: false,
            is_look_planned: false,
            alarm: None,
            deaths: 0,
            is_closed: false,
        };
        self.sites.insert(authority.to_owned(), site);
        self.restart(authority);
    }

    /// Puts a person into the world, who wakes after so long.
    pub fn add_person(&mut self, person: Box<dyn Person>, wakes_after: Duration) {
        let chance = self.chance.fork();
        self.people.push(Some(Resident { person, chance }));
        let person = self.people.len() - 1;
        self.plan(wakes_after, Event::Wake { person });
    }

    /// Plans a death: from then on the disk counts down to it.
    pub fn doom(&mut self, site: &str, after: Duration, death: Death) {
        self.plan(after, Event::Doom { site: site.to_owned(), death });
    }

    /// Requests like these never arrive, not even when all trouble is over.
    pub fn lose_for_good(&mut self, is_lost: fn(&Request) -> bool) {
        self.is_lost_for_good = is_lost;
    }

    /// Plans something that is done to disks while the programs run.
    pub fn work(&mut self, after: Duration, work: Work) {
        self.plan(after, Event::Work { work });
    }

    /// Plans that a program is stopped, and started again after so long, when its disk has been worked on.
    pub fn overhaul(&mut self, site: &str, after: Duration, lasts: Duration, work: Work) {
        self.plan(after, Event::Close { site: site.to_owned(), lasts, work });
    }

    /// Ends all trouble: nothing is lost any more, nobody dies any more.
    pub fn heal(&mut self) {
        self.weather = Weather::CALM;
        self.queue.retain(|_, event| !matches!(event, Event::Doom { .. }));
        for site in self.sites.values() {
            site.disk.plan(None);
        }
        self.log.note(self.now, "quiet");
    }

    /// Lets time pass until `end`.
    ///
    /// # Errors
    /// [`Stuck::TimeStandsStill`].
    pub fn run_until(&mut self, end: Timestamp) -> Result<(), Stuck> {
        while let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= end) {
            let (at, _) = *entry.key();
            let event = entry.remove();
            self.events_at_once = if at > self.now { 0 } else { self.events_at_once + 1 };
            self.events += 1;
            if self.events_at_once > EVENTS_AT_ONCE_MAX || self.events > EVENTS_MAX {
                return Err(Stuck::TimeStandsStill);
            }
            self.now = at;
            self.happen(event);
        }
        self.now = self.now.max(end);
        Ok(())
    }

    /// Lets time pass until nothing is left to do, not beyond `end`.
    ///
    /// # Errors
    /// [`Stuck`].
    pub fn run_until_quiet(&mut self, end: Timestamp) -> Result<(), Stuck> {
        self.run_until(end)?;
        if self.queue.is_empty() { Ok(()) } else { Err(Stuck::NeverQuiet) }
    }

    /// The number that stands for the whole life and for what the disks hold after it.
    pub fn fingerprint(&mut self) -> u64 {
        for (authority, site) in &self.sites {
            let dump = site.disk.inspect(|conn| dump_all(conn));
            self.log.mix(authority.as_bytes());
            self.log.mix(format!("{dump:?}").as_bytes());
        }
        self.log.hash()
    }

    fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    fn plan(&mut self, after: Duration, event: Event) {
        self.plan_at(self.now.plus(after), event);
    }

    fn plan_at(&mut self, at: Timestamp, event: Event) {
        let key = (at.max(self.now), self.number());
        self.queue.insert(key, event);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { call, site, request } => self.arrive(call, &site, request),
            Event::Step { site } => {
                if let Some(at) = self.sites.get_mut(&site) {
                    at.is_step_planned = false;
                }
                self.step(&site, Vec::new());
            }
            Event::Due { site, life } => {
                let now = self.now;
                let is_meant = |at: &Site| at.life == life && at.alarm.is_some_and(|alarm| alarm <= now);
                if self.sites.get(&site).is_some_and(is_meant) {
                    self.step(&site, vec![Input::Due]);
                }
            }
            Event::Reply { call, outcome } => self.reply(call, outcome),
            Event::Wake { person } => self.turn(person, Heard::Woke),
            Event::Doom { site, death } => {
                if let Some(at) = self.sites.get(&site) {
                    at.disk.plan(Some(death));
                    self.log.note(self.now, &format!("{site} is doomed: {death:?}"));
                }
            }
            Event::Restart { site } => self.restart(&site),
            Event::Look { site } => {
                if let Some(at) = self.sites.get_mut(&site) {
                    at.is_look_planned = false;
                }
                self.set_alarm(&site);
            }
            Event::Retire { site } => self.take_away(&site),
            Event::Work { work } => work(self.now),
            Event::Close { site, lasts, work } => {
                self.kill(&site, "stopped for an overhaul");
                if let Some(at) = self.sites.get_mut(&site) {
                    at.is_closed = true;
                }
                self.plan(lasts, Event::Reopen { site, work });
            }
            Event::Reopen { site, work } => self.reopen(&site, work),
        }
    }

    /// The work may have been on other disks too: everybody looks again when they are due.
    fn reopen(&mut self, site: &str, work: Work) {
        work(self.now);
        if let Some(at) = self.sites.get_mut(site) {
            at.is_closed = false;
        }
        self.restart(site);
        let sites: Vec<String> = self.sites.keys().cloned().collect();
        for site in sites {
            self.set_alarm(&site);
        }
    }

    /// Somebody asks somebody.
    fn ask(&mut self, asker: Asker, request: Request) {
        let call = self.number();
        self.log.note(self.now, &format!("#{call} {} asks {}", describe(&asker), summary(&request)));
        self.log.mix(request.body());
        self.town.overhear(&request);
        self.witness.asked(self.now, &request, &self.town);
        self.calls.insert(call, Call { asker, request: request.clone() });
        self.plan(ANSWER_WITHIN, Event::Reply { call, outcome: Err(NoAnswer::TimedOut) });
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let site = self.node_at(&authority);
        if !self.sites.contains_key(&site) {
            self.plan(Duration::from_millis(1), Event::Reply { call, outcome: Err(NoAnswer::Unreachable) });
            return;
        }
        let arriving = over_a_socket(&request);
        if (self.is_lost_for_good)(&request) {
            return self.log.note(self.now, &format!("#{call} is lost for good"));
        }
        let slower = match request.extensions().get::<Carriage>() {
            // Half a body is no request, and whoever sends it hears of it.
            Some(Carriage::Cut { .. }) => {
                return self
                    .plan(Duration::from_millis(1), Event::Reply { call, outcome: Err(NoAnswer::Broken) });
            }
            Some(Carriage::Slow(length)) => *length,
            None => Duration::ZERO,
        };
        if let Some(after) = self.weather.copy(&mut self.chance) {
            let copy = self.number();
            self.calls.insert(copy, Call { asker: Asker::Nobody, request });
            let request = arriving.clone();
            let site = self.node_at(&authority);
            self.plan(after, Event::Arrive { call: copy, site, request });
        }
        match self.weather.request(&mut self.chance) {
            Some(after) => self.plan(after + slower, Event::Arrive { call, site, request: arriving }),
            None => self.log.note(self.now, &format!("#{call} is lost on its way")),
        }
    }

    fn arrive(&mut self, call: u64, site: &str, request: Request) {
        let Some(at) = self.sites.get_mut(site) else { return };
        if at.node.is_none() {
            let outcome = Err(NoAnswer::Unreachable);
            return self.plan(Duration::from_millis(1), Event::Reply { call, outcome });
        }
        at.asked.insert(AskId(call), call);
        at.waiting.push_back(Input::Request { id: AskId(call), request });
        self.note_standing_in(site);
        self.plan_step(site);
    }

    fn plan_step(&mut self, site: &str) {
        let after = self.chance.millis(0, self.pace_max_ms);
        let Some(at) = self.sites.get_mut(site) else { return };
        if !at.is_step_planned && !at.waiting.is_empty() {
            at.is_step_planned = true;
            self.plan(after, Event::Step { site: site.to_owned() });
        }
    }

    /// Gives a node a group of what waits.
    fn step(&mut self, site: &str, mut inputs: Vec<Input>) {
        let size = self.chance.between(1, self.group_max);
        let Some(at) = self.sites.get_mut(site).filter(|at| at.node.is_some()) else { return };
        let waiting = at.waiting.len().min(usize::try_from(size).unwrap_or(1));
        inputs.extend(at.waiting.drain(..waiting));
        if inputs.is_empty() {
            return;
        }
        self.log.note(self.now, &format!("{site} takes {} inputs", inputs.len()));
        self.groups += u64::from(inputs.len() > 1);
        let other = self.invite_other(site);
        let Some(node) = self.sites.get_mut(site).and_then(|at| at.node.as_mut()) else { return };
        let came_of = node.step(self.now, inputs);
        if let Some((other, meeting)) = other {
            self.leave_other(site, &other, &meeting);
        }
        self.take_up(site, came_of);
        self.tell_others(site);
    }

    /// What came of a node's step.
    fn take_up(&mut self, site: &str, came_of: Result<Vec<Output>, Crash>) {
        match came_of {
            Ok(outputs) => {
                for output in outputs {
                    self.put_out(site, output);
                }
                self.set_alarm(site);
                self.plan_step(site);
            }
            Err(crash) => self.die(site, &crash),
        }
    }

    fn put_out(&mut self, site: &str, output: Output) {
        match output {
            Output::Send { id, request } => {
                let life = self.sites.get(site).map_or(0, |at| at.life);
                self.ask(Asker::Node { site: site.to_owned(), life, id }, request);
            }
            Output::Respond { id, response } => self.respond(site, id, response),
        }
    }

    fn respond(&mut self, site: &str, id: AskId, response: Response) {
        let Some(call) = self.sites.get_mut(site).and_then(|at| at.asked.remove(&id)) else { return };
        self.log.note(self.now, &format!("#{call} {site} answers {}", outline(&response)));
        self.log.mix(response.body());
        if let Some(asked) = self.calls.get(&call) {
            self.witness.answered(self.now, &asked.request, &response, &self.town);
        }
        let response = self.weather.pass_on(&mut self.chance, response);
        match self.weather.answer(&mut self.chance) {
            Some(after) => self.plan(after, Event::Reply { call, outcome: Ok(response) }),
            None => self.log.note(self.now, &format!("#{call} the answer is lost")),
        }
    }

    fn set_alarm(&mut self, site: &str) {
        let Some(at) = self.sites.get_mut(site) else { return };
        let Some(node) = at.node.as_mut() else { return };
        let is_own = |call: &Call| matches!(&call.asker, Asker::Node { site: by, life, .. } if by == site && *life == at.life);
        let is_expecting = !at.waiting.is_empty() || self.calls.values().any(is_own);
        match node.next_due() {
            Ok(due) => {
                self.witness.rested(self.now, site, due, is_expecting, &self.town);
                let is_new = due != at.alarm || due.is_some_and(|due| due <= self.now);
                at.alarm = due;
                let life = at.life;
                if let Some(due) = due.filter(|_| is_new) {
                    self.plan_at(due, Event::Due { site: site.to_owned(), life });
                }
            }
            Err(crash) => self.die(site, &crash),
        }
    }

    /// A process ends: who waits for it hears a broken connection, what waits for it is gone.
    fn die(&mut self, site: &str, crash: &Crash) {
        let down_max_ms = u64::try_from(self.downtime_max.as_millis()).unwrap_or(u64::MAX);
        let down = self.chance.millis(10, down_max_ms.max(10));
        self.kill(site, &crash.to_string());
        self.plan(down, Event::Restart { site: site.to_owned() });
    }

    fn kill(&mut self, site: &str, why: &str) {
        self.log.note(self.now, &format!("{site} dies: {why}"));
        let Some(at) = self.sites.get_mut(site) else { return };
        at.node = None;
        at.life += 1;
        at.deaths += 1;
        at.alarm = None;
        at.waiting.clear();
        let unanswered = std::mem::take(&mut at.asked);
        for call in unanswered.into_values() {
            let after = self.chance.millis(1, 50);
            self.plan(after, Event::Reply { call, outcome: Err(NoAnswer::Broken) });
        }
    }

    fn restart(&mut self, site: &str) {
        let seed = self.chance.seed();
        let Some(at) = self.sites.get_mut(site).filter(|at| !at.is_closed) else { return };
        match (at.birth)(at.disk.connect(), seed, self.now) {
            Ok(node) => {
                at.node = Some(node);
                self.log.note(self.now, &format!("{site} is up"));
                self.set_alarm(site);
            }
            Err(crash) => self.die(site, &crash),
        }
    }

    /// Somebody hears what came of a call; only the first thing counts.
    fn reply(&mut self, call: u64, outcome: Result<Response, NoAnswer>) {
        let Some(Call { asker, .. }) = self.calls.remove(&call) else { return };
        if let Err(why) = &outcome {
            self.log.note(self.now, &format!("#{call} {} hears nothing: {}", describe(&asker), why.as_str()));
        }
        match asker {
            Asker::Nobody => {}
            Asker::Person(person) => self.turn(person, Heard::Answer(outcome)),
            Asker::Node { site, life, id } => {
                let Some(at) = self.sites.get_mut(&site).filter(|at| at.life == life) else { return };
                at.waiting.push_back(Input::Answer { id, outcome });
                self.plan_step(&site);
            }
        }
    }

    /// A person does something.
    fn turn(&mut self, index: usize, heard: Heard) {
        let Some(mut resident) = self.people.get_mut(index).and_then(Option::take) else { return };
        let mut hand =
            Hand { now: self.now, chance: &mut resident.chance, town: &mut self.town, wants: Vec::new() };
        resident.person.turn(heard, &mut hand);
        let wants = hand.wants;
        let mut is_busy = false;
        for want in wants {
            match want {
                Want::Ask(request) => {
                    is_busy = true;
                    self.ask(Asker::Person(index), request);
                }
                Want::AskDeaf(request) => self.ask(Asker::Nobody, request),
                Want::Wake(after) => {
                    is_busy = true;
                    self.plan(after, Event::Wake { person: index });
                }
                Want::Meet(person, after) => self.add_person(person, after),
                Want::Say(line) => self.log.note(self.now, &format!("person {index}: {line}")),
            }
        }
        if is_busy {
            self.people[index] = Some(resident);
        }
    }
}

fn describe(asker: &Asker) -> String {
    match asker {
        Asker::Node { site, .. } => site.clone(),
        Asker::Person(index) => format!("person {index}"),
        Asker::Nobody => "somebody".to_owned(),
    }
}

fn summary(request: &Request) -> String {
    let body: String = String::from_utf8_lossy(request.body()).chars().take(700).collect();
    format!("{} {} {body}", request.method(), request.uri())
}

fn outline(response: &Response) -> String {
    let location = response.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok());
    let text = String::from_utf8_lossy(response.body());
    let shown: String = if text.len() > 300 { format!("{} bytes", text.len()) } else { text.into_owned() };
    format!("{} {} {shown}", response.status().as_u16(), location.unwrap_or_default())
}

/// A request as it arrives over a socket: the address has lost scheme and host, and a header has the host.
fn over_a_socket(request: &Request) -> Request {
    let mut arriving = request.clone();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = path.parse::<Uri>() {
        *arriving.uri_mut() = uri;
    }
    if let Some(host) = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        arriving.headers_mut().insert(HOST, host);
    }
    arriving
}
