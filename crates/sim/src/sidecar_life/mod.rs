//! One life of a sidecar: the gateway, the sidecar, and two shops behind it that are programs of their own.
//!
//! One shop wants things by REST and is told by webhooks; the other reads the feed. All that can happen to the model shop
//! happens here, on one wire more: calls, webhooks and pages of the feed are lost, late and doubled, and each of the four
//! processes dies at any moment. After the quiet both shops must hold every change exactly once, all money that came in or
//! went back, and every buyer who came in.

mod audit;
mod burglar;
mod history;
mod liar;
mod lookout;
mod office;
mod reader;
mod recipe;
mod shop;
mod visitors;
mod ways;
mod wishes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_protocol::node::{Crash, Request};
use danbao_protocol::time::Timestamp;
use danbao_sidecar::{Accounts, Config, ConfigError, Secret, Sidecar, Webhook};
use danbao_store::Conn;
use danbao_store::faulty::{Death, Disk};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};

use crate::auditor::LOOK_EVERY;
use crate::chance::Chance;
use crate::contended::Rate;
use crate::options::Options;
use crate::people::{Buyer, Forger, Habits, Purpose, Quarrel, Shopper, Staff, Visit, Way};
use crate::stage::{self, BEGINNING, GATEWAY, LATEST_COPY, QUIET_MAX, SHOP};
use crate::world::{Birth, Stuck, World};
use audit::{Audit, Case, Disks};
use burglar::Burglar;
use history::Copies;
use liar::Liar;
use lookout::Lookout;
use office::{Clerk, Task};
pub use recipe::Care;
pub use ways::{Kind, Ways};

/// The sidecar's authority.
pub const SIDECAR: &str = "pay.example";
/// The authority of the shop that reads the feed. Nobody calls it.
pub const READER: &str = "reader.example";
/// The shop's token at the sidecar.
const TOKEN: &str = "a-token-of-the-shop-itself";
/// What webhooks are signed with.
const WEBHOOK_KEY: &[u8] = b"a-secret-of-the-webhooks";
/// What results are signed with.
const RESULT_SECRET: &[u8] = b"a-secret-of-the-results";
/// How long the sidecar is stopped while an older copy of its database is put back: no webhook of the lost history is
/// believed any more, and no answer is on its way.
const RESTORED_WITHIN: Duration = Duration::from_secs(600);

/// Who plays. The tests put bugs here.
#[derive(Clone, Copy)]
pub struct Cast {
    /// What stands between the sidecar and its disk.
    pub sidecar_conn: fn(Box<dyn Conn>) -> Box<dyn Conn>,
    /// What the shop that is told by webhooks takes care of.
    pub shop: Care,
    /// What the shop that reads the feed takes care of.
    pub reader: Care,
}

impl Cast {
    /// The product itself, and two shops by the recipe.
    pub const PRODUCT: Cast = Cast { sidecar_conn: |conn| conn, shop: Care::All, reader: Care::All };
}

/// What came of a life.
#[derive(Debug, Clone)]
pub struct Report {
    /// What kind of life it was.
    pub ways: Ways,
    /// Stands for everything that happened and for what the databases hold; the same for the same seed.
    pub fingerprint: u64,
    /// What was found; empty if all is well.
    pub findings: Vec<String>,
    /// The last events.
    pub last_lines: Vec<String>,
    /// How much happened.
    pub events: u64,
    /// How often processes died.
    pub deaths: u64,
    /// What happened how often.
    pub marks: BTreeMap<String, u64>,
}

/// Lives such a life.
///
/// # Errors
/// [`Crash`] if the world could not even be furnished.
pub fn live(ways: &Ways, cast: Cast, is_loud: bool) -> Result<Report, Crash> {
    let options = &ways.world;
    let mut chance = Chance::new(options.seed);
    let disk =
        || danbao_store::open("sqlite::memory:").map(Disk::new).map_err(|error| Crash(error.to_string()));
    let disks = Disks { gateway: disk()?, sidecar: disk()?, shop: disk()?, reader: disk()? };
    let mut town = stage::settle(&disks.gateway, chance.seed(), options)?;
    town.messages_at = Some(format!("http://{SIDECAR}"));
    let account = stage::account(&town, options)?;
    let contention = Rate::new(AtomicU32::new(options.contended));
    let mut world = World::new(options.seed, BEGINNING, town, Lookout::default(), is_loud);
    let quiet_since = BEGINNING.plus(options.trouble);
    let end = quiet_since.plus(QUIET_MAX);
    let last_look = quiet_since.plus(QUIET_MAX / 10 * 9);
    let sites = [
        (GATEWAY, &disks.gateway, stage::gateway(|conn| conn, options.sends_max)),
        (SIDECAR, &disks.sidecar, sidecar(account, cast.sidecar_conn)),
        (SHOP, &disks.shop, shop::shop(cast.shop)),
        (READER, &disks.reader, reader::reader(cast.reader, last_look)),
    ];
    for (authority, disk, birth) in sites {
        world.add_site(authority, disk.clone(), stage::contended(birth, &contention));
    }
    world.set(options);
    invite(&mut world, ways);
    plan_deaths(&mut world, options);
    let copies = Copies::default();
    if ways.is_restored {
        plan_restoring(&mut world, ways, cast, &disks, &copies);
    }
    if ways.loses_letters {
        world.lose_for_good(is_third_letter);
    }
    let troubled = world.run_until(quiet_since);
    world.heal();
    contention.store(0, Ordering::Relaxed);
    let mut chosen = Chosen::default();
    let quiet = troubled.and_then(|()| rest(&mut world, end, || chosen.look(&disks)));
    chosen.look(&disks);
    let lost = copies.lost();
    let case =
        Case { disks: &disks, lookout: &world.witness, lost: &lost, chosen: &chosen.visits, quiet_since };
    let Audit { mut findings, marks } = Audit::of(&case);
    findings.extend(chosen.problems);
    findings.extend(copies.problems());
    match quiet {
        Ok(()) => {}
        Err(Stuck::TimeStandsStill) => findings.push("time stands still: a node turns in a circle".into()),
        Err(Stuck::NeverQuiet) => findings.push("there is still work after all the quiet time".into()),
    }
    Ok(Report {
        ways: ways.clone(),
        fingerprint: world.fingerprint(),
        findings,
        last_lines: world.log().last_lines().map(str::to_owned).collect(),
        events: world.log().events(),
        deaths: world.deaths(),
        marks,
    })
}

/// Lets the quiet pass, and has a look before the sidecar forgets anything of it.
fn rest(world: &mut World<Lookout>, end: Timestamp, mut look: impl FnMut()) -> Result<(), Stuck> {
    let mut next = world.now().plus(LOOK_EVERY);
    while next < end {
        world.run_until(next)?;
        look();
        next = next.plus(LOOK_EVERY);
    }
    world.run_until_quiet(end)
}

/// Visits by which an address was chosen: the sidecar does not keep them for ever.
#[derive(Default)]
struct Chosen {
    visits: BTreeSet<String>,
    problems: Vec<String>,
}

impl Chosen {
    fn look(&mut self, disks: &Disks) {
        match audit::chosen(&disks.sidecar) {
            Ok(visits) => self.visits.extend(visits),
            Err(error) => self.problems.push(format!("a database cannot be read: {error}")),
        }
    }
}

/// The result of every third batch never comes: nor does it when all trouble is over.
fn is_third_letter(request: &Request) -> bool {
    let is_letter = request.uri().host() == Some(SIDECAR) && request.uri().path() == "/pay/refund_notify";
    let body = String::from_utf8_lossy(request.body());
    let batch_no = body.split('&').find_map(|pair| pair.strip_prefix("batch_no="));
    is_letter && batch_no.is_some_and(|batch_no| batch_no.bytes().map(u32::from).sum::<u32>() % 3 == 0)
}

/// The sidecar's database is lost, and an older copy of it put back as docs/merchant.md says.
fn plan_restoring(world: &mut World<Lookout>, ways: &Ways, cast: Cast, disks: &Disks, copies: &Copies) {
    let chance = &mut Chance::new(ways.world.seed ^ 0x0063_6f70_6965_7300);
    let eighth_ms = half_ms(&ways.world) / 4;
    let (disk, hands) = (disks.sidecar.clone(), copies.clone());
    world.work(chance.millis(eighth_ms / 4, eighth_ms * 2), Box::new(move |_| hands.take(&disk)));
    let (disk, shop, hands) = (disks.sidecar.clone(), disks.shop.clone(), copies.clone());
    let put_back = move |now| {
        hands.put_back(&disk);
        hands.note(history::prepare_shop(&shop, cast.shop, now));
    };
    let after = chance.millis(eighth_ms * 3, eighth_ms * 7);
    world.overhaul(SIDECAR, after, RESTORED_WITHIN, Box::new(put_back));
}

fn sidecar(account: Account, wrap: fn(Box<dyn Conn>) -> Box<dyn Conn>) -> Birth {
    Box::new(move |conn, seed, _| {
        let config = config(&account).map_err(|error| Crash(error.to_string()))?;
        let sidecar = Sidecar::open(wrap(conn), config, seed).map_err(|error| Crash(error.to_string()))?;
        Ok(Box::new(sidecar))
    })
}

fn config(account: &Account) -> Result<Config, ConfigError> {
    Ok(Config {
        public_url: format!("http://{SIDECAR}"),
        accounts: Accounts::new(vec![account.clone()])?,
        api_tokens: vec![Secret::new(TOKEN)?],
        return_page: format!("http://{SHOP}/thanks"),
        result_secret: Secret::new(&String::from_utf8_lossy(RESULT_SECRET))?,
        webhook: Some(Webhook {
            url: format!("http://{SHOP}/hooks"),
            secrets: vec![Secret::new(&String::from_utf8_lossy(WEBHOOK_KEY))?],
        }),
    })
}

/// A call of the sidecar's API, as a program in any language makes it.
fn call(authority: &str, method: Method, path: &str, body: Option<&str>) -> Option<Request> {
    let mut request = Request::new(Bytes::from(body.unwrap_or_default().to_owned()));
    *request.method_mut() = method;
    *request.uri_mut() = format!("http://{authority}{path}").parse().ok()?;
    let bearer = HeaderValue::from_str(&format!("Bearer {TOKEN}")).ok()?;
    request.headers_mut().insert(AUTHORIZATION, bearer);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(request)
}

fn half_ms(options: &Options) -> u64 {
    u64::try_from(options.trouble.as_millis()).unwrap_or(u64::MAX) / 2
}

/// Mostly somebody who pays at once: only such money can be given back by REST.
fn payer(habits: Habits, chance: &mut Chance) -> Habits {
    let service = if chance.per_mille(800) { "create_direct_pay_by_user" } else { habits.service };
    let seller = if habits.seller == Purpose::CloseUnpaid { Purpose::Nothing } else { habits.seller };
    Habits { service, seller, abandons: false, ..habits }
}

/// The people come, in the first half of the trouble.
fn invite(world: &mut World<Lookout>, ways: &Ways) {
    let options = &ways.world;
    let chance = &mut Chance::new(options.seed ^ 0x7065_6f70_6c65);
    let doors = &mut Chance::new(options.seed ^ 0x0064_6f6f_7273);
    let half_ms = half_ms(options);
    for _ in 0..options.buyers {
        let quarrels = chance.per_mille(options.quarrelsome);
        let habits = Habits {
            quarrel: quarrels.then(|| Quarrel::draw(chance)),
            ..Habits::draw(chance, options.impatient)
        };
        let habits = if ways.refunds > 0 { payer(habits, doors) } else { habits };
        let who = chance.pick(&world.town.customers);
        let arrives = chance.millis(0, half_ms);
        if habits.way != Way::Sandbox && doors.per_mille(options.logins) {
            let habits = Habits { way: Way::Member, ..habits };
            world.add_person(Box::new(Shopper::new(habits, who, Visit::draw(doors))), arrives);
        } else {
            let mut buyer = Buyer::new(habits, who);
            // Time for somebody else to pay, and for the shop to give the order up.
            if ways.second_tries > 0 && doors.per_mille(700) {
                buyer = buyer.hesitating(doors.millis(0, half_ms / 4));
            }
            world.add_person(Box::new(buyer), arrives);
        }
    }
    if options.forgeries > 0 {
        let pause_max_ms = half_ms / u64::from(options.forgeries);
        let forger = Forger::new(options.forgeries, pause_max_ms);
        world.add_person(Box::new(forger), Duration::from_secs(30));
        let liar = Liar::new(options.forgeries, pause_max_ms);
        world.add_person(Box::new(liar), Duration::from_secs(45));
    }
    if options.logins > 0 && options.thefts > 0 {
        let burglar = Burglar::new(options.thefts, half_ms / u64::from(options.thefts));
        world.add_person(Box::new(burglar), Duration::from_secs(60));
    }
    if options.freezes > 0 || options.turns_switches {
        let done_after = BEGINNING.plus(options.trouble + LATEST_COPY);
        let staff = Staff::new(options.freezes, half_ms / 4, done_after, options.turns_switches);
        world.add_person(Box::new(staff), Duration::from_millis(half_ms / 16));
    }
    for (task, times) in [
        (Task::Refunds, ways.refunds),
        (Task::Closings, ways.closings),
        (Task::SecondTries, ways.second_tries),
        (Task::Holidays, ways.holidays),
    ] {
        if times > 0 {
            let pause_max_ms = half_ms * 2 / u64::from(times);
            let clerk = Clerk::new(task, times, pause_max_ms);
            world.add_person(Box::new(clerk), Duration::from_millis(half_ms / 16));
        }
    }
}

fn plan_deaths(world: &mut World<Lookout>, options: &Options) {
    let Some(every) = options.doom_every else { return };
    let chance = &mut Chance::new(options.seed ^ 0x6465_6174_6873);
    let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    let trouble_ms = u64::try_from(options.trouble.as_millis()).unwrap_or(u64::MAX);
    for site in [GATEWAY, SIDECAR, SHOP, READER] {
        let mut at_ms = 0;
        loop {
            at_ms += chance.between(1, 2 * every_ms);
            if at_ms >= trouble_ms {
                break;
            }
            let death = match chance.per_mille(700) {
                true => Death::BeforeStatement(chance.between(1, 40)),
                false => Death::AfterCommit(chance.between(1, 6)),
            };
            world.doom(site, Duration::from_millis(at_ms), death);
        }
    }
}
