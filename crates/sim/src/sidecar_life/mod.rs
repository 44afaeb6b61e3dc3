//! One life of a sidecar: the gateway, the sidecar, and two shops behind it that are programs of their own.
//!
//! One shop orders by REST and is told by webhooks; the other reads the feed. All that can happen to the model shop
//! happens here, on one wire more: calls, webhooks and pages of the feed are lost, late and doubled, and each of the four
//! processes dies at any moment. After the quiet both shops must hold every change exactly once.

mod audit;
mod liar;
mod reader;
mod recipe;
mod shop;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use danbao_merchant::Account;
use danbao_protocol::node::{Crash, Request, Response};
use danbao_protocol::time::Timestamp;
use danbao_sidecar::{Accounts, Config, ConfigError, Secret, Sidecar, Webhook};
use danbao_store::Conn;
use danbao_store::faulty::{Death, Disk};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};

use crate::chance::Chance;
use crate::contended::Rate;
use crate::options::{Options, Trader};
use crate::people::{Buyer, Forger, Habits, Quarrel, Town};
use crate::stage::{self, BEGINNING, GATEWAY, QUIET_MAX, SHOP};
use crate::world::{Birth, Stuck, Witness, World};
use audit::{Audit, Disks};
use liar::Liar;
pub use recipe::Care;

/// The sidecar's authority.
pub const SIDECAR: &str = "pay.example";
/// The authority of the shop that reads the feed. Nobody calls it.
pub const READER: &str = "reader.example";
/// The shop's token at the sidecar.
const TOKEN: &str = "a-token-of-the-shop-itself";
/// What webhooks are signed with.
const WEBHOOK_KEY: &[u8] = b"a-secret-of-the-webhooks";

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
    pub options: Options,
    /// Stands for everything that happened and for what the databases hold; the same for the same seed.
    pub fingerprint: u64,
    /// What was found; empty if all is well.
    pub findings: Vec<String>,
    /// The last events.
    pub last_lines: Vec<String>,
    /// How often processes died.
    pub deaths: u64,
    /// What happened how often.
    pub marks: BTreeMap<String, u64>,
}

/// The options of a seed, as far as they make sense with a sidecar.
pub fn draw(seed: u64) -> Options {
    let drawn = Options::draw(seed);
    Options {
        trader: Trader::Shop,
        // The little shops' transactions are short: what seldom meets a long one would never meet theirs.
        contended: drawn.contended * 3,
        clock_ahead: Duration::ZERO,
        triggers: 0,
        turns_switches: false,
        freezes: 0,
        logins: 0,
        thefts: 0,
        ..drawn
    }
}

/// Lives the life of these options.
///
/// # Errors
/// [`Crash`] if the world could not even be furnished.
pub fn live(options: &Options, cast: Cast, is_loud: bool) -> Result<Report, Crash> {
    let mut chance = Chance::new(options.seed);
    let disk =
        || danbao_store::open("sqlite::memory:").map(Disk::new).map_err(|error| Crash(error.to_string()));
    let disks = Disks { gateway: disk()?, sidecar: disk()?, shop: disk()?, reader: disk()? };
    let mut town = stage::settle(&disks.gateway, chance.seed(), options)?;
    town.messages_at = Some(format!("http://{SIDECAR}"));
    let account = stage::account(&town, options)?;
    let contention = Rate::new(AtomicU32::new(options.contended));
    let mut world = World::new(options.seed, BEGINNING, town, Counter::default(), is_loud);
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
    invite(&mut world, options);
    plan_deaths(&mut world, options);
    let troubled = world.run_until(quiet_since);
    world.heal();
    contention.store(0, Ordering::Relaxed);
    let quiet = troubled.and_then(|()| world.run_until_quiet(end));
    let Audit { mut findings, mut marks } = Audit::of(&disks);
    match quiet {
        Ok(()) => {}
        Err(Stuck::TimeStandsStill) => findings.push("time stands still: a node turns in a circle".into()),
        Err(Stuck::NeverQuiet) => findings.push("there is still work after all the quiet time".into()),
    }
    marks.append(&mut world.witness.marks);
    Ok(Report {
        options: options.clone(),
        fingerprint: world.fingerprint(),
        findings,
        last_lines: world.log().last_lines().map(str::to_owned).collect(),
        deaths: world.deaths(),
        marks,
    })
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
        result_secret: Secret::new("a-secret-of-the-results")?,
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

/// The people of the options come, in the first half of the trouble.
fn invite(world: &mut World<Counter>, options: &Options) {
    let chance = &mut Chance::new(options.seed ^ 0x7065_6f70_6c65);
    let half_ms = u64::try_from(options.trouble.as_millis()).unwrap_or(u64::MAX) / 2;
    for _ in 0..options.buyers {
        let quarrels = chance.per_mille(options.quarrelsome);
        let habits = Habits {
            quarrel: quarrels.then(|| Quarrel::draw(chance)),
            ..Habits::draw(chance, options.impatient)
        };
        let who = chance.pick(&world.town.customers);
        let arrives = chance.millis(0, half_ms);
        world.add_person(Box::new(Buyer::new(habits, who)), arrives);
    }
    if options.forgeries > 0 {
        let pause_max_ms = half_ms / u64::from(options.forgeries);
        let forger = Forger::new(options.forgeries, pause_max_ms);
        world.add_person(Box::new(forger), Duration::from_secs(30));
        let liar = Liar::new(options.forgeries, pause_max_ms);
        world.add_person(Box::new(liar), Duration::from_secs(45));
    }
}

fn plan_deaths(world: &mut World<Counter>, options: &Options) {
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

/// Counts what goes over the wire.
#[derive(Debug, Clone, Default)]
struct Counter {
    marks: BTreeMap<String, u64>,
}

impl Witness for Counter {
    fn asked(&mut self, _: Timestamp, _: &Request, _: &Town) {}

    fn answered(&mut self, _: Timestamp, request: &Request, response: &Response, _: &Town) {
        let mark = match (request.uri().path(), response.status()) {
            ("/hooks", StatusCode::NO_CONTENT) => "webhook taken",
            ("/hooks", StatusCode::UNAUTHORIZED) => "webhook turned away",
            ("/hooks", StatusCode::INTERNAL_SERVER_ERROR) => "webhook undone",
            ("/v1/events", StatusCode::OK) => "feed read",
            ("/pay/notify", _) if response.body().as_ref() == b"fail" => "notification not believed",
            ("/pay/notify", _) => "notification believed",
            _ => return,
        };
        *self.marks.entry(mark.to_owned()).or_default() += 1;
    }

    fn rested(&mut self, _: Timestamp, _: &str, _: Option<Timestamp>, _: bool, _: &Town) {}
}
