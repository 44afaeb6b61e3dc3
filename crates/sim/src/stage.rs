//! One life: gateway, merchant and people on one seed; trouble, then quiet, then the audit.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use danbao_gateway::keys::{self as gateway_keys, Owner};
use danbao_gateway::password::PasswordCost;
use danbao_gateway::{Config, DemoWorld, Gateway};
use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::{AskId, Crash, Input, Node, Output, Request};
use danbao_protocol::sign::pasted::Key;
use danbao_protocol::sign::{Md5Key, Signer};
use danbao_protocol::time::Timestamp;
use danbao_shop::{Lang, Shop};
use danbao_store::Conn;
use danbao_store::faulty::{Death, Disk};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use crate::auditor::{Auditor, LOOK_EVERY, Tally};
use crate::chance::Chance;
use crate::contended::{Contended, Rate};
use crate::keys::{self, Pairs};
use crate::kiosk::{Care, Terms, kiosk};
use crate::meeting::{Isolation, Meeting, Met};
use crate::options::{Options, Trader};
use crate::people::{
    Buyer, Clerk, Customer, Forger, Habits, Merchant, Purpose, Quarrel, Shopper, Staff, TRIGGERS, Tester,
    Thief, Town, Visit, Way,
};
use crate::world::{Birth, Stuck, World};

/// The gateway's authority.
pub const GATEWAY: &str = "gateway.example";
/// The name of a second gateway node, on the same database and behind the same authority.
pub const OTHER_GATEWAY: &str = "gateway-2.example";
/// The merchant's authority.
pub const SHOP: &str = "shop.example";
/// Members with whom a seller shares.
pub const PARTNERS_OF_SELLER: [&str; 2] = ["carol@danbao.example", "dave@danbao.example"];
/// After the trouble no request is on its way for so long.
pub(crate) const LATEST_COPY: Duration = Duration::from_secs(4 * 3600);
/// 2012-03-01 00:00 in Beijing.
pub(crate) const BEGINNING: Timestamp = Timestamp(1_330_531_200_000);
/// The longest that anything waits for its time is the refund period of 90 days.
pub(crate) const QUIET_MAX: Duration = Duration::from_secs(200 * 86_400);

/// Who plays the two programs. The tests put bugs here.
#[derive(Clone, Copy)]
pub struct Cast {
    /// What stands between the gateway and its disk.
    pub gateway_conn: fn(Box<dyn Conn>) -> Box<dyn Conn>,
    /// Builds the merchant for an account.
    pub merchant: fn(Account, &Options) -> Birth,
    /// What the database promises to two gateway nodes that share it.
    pub isolation: Isolation,
    /// Whether the gateway nodes' hosts look again for what others have made due.
    pub looks_again: bool,
}

impl Cast {
    /// The product itself.
    pub const PRODUCT: Cast = Cast {
        gateway_conn: |conn| conn,
        merchant: |account, options| match options.trader {
            Trader::Shop => shop(account),
            Trader::Kiosk => kiosk(account, Care::All, Terms::Varied, options.clock_ahead),
        },
        isolation: Isolation::Serializable,
        looks_again: true,
    };
}

fn shop(account: Account) -> Birth {
    Box::new(move |conn, seed, now| {
        let config = danbao_shop::Config {
            own_url: format!("http://{SHOP}"),
            account: account.clone(),
            lang: Lang::Zh,
            members: danbao_shop::Members::default(),
        };
        let shop = Shop::open(conn, config, seed, now).map_err(|error| Crash(error.to_string()))?;
        Ok(Box::new(shop))
    })
}

pub(crate) fn gateway(wrap: fn(Box<dyn Conn>) -> Box<dyn Conn>, sends_max: usize) -> Birth {
    Box::new(move |conn, seed, now| {
        let config = Config { sends_max, ..gateway_config() };
        let gateway =
            Gateway::open(wrap(conn), config, seed, now).map_err(|error| Crash(error.to_string()))?;
        Ok(Box::new(gateway))
    })
}

/// The same program on a connection that is told now and then that others were at work.
pub(crate) fn contended(mut birth: Birth, rate: &Rate) -> Birth {
    let rate = Rate::clone(rate);
    Box::new(move |conn, seed, now| {
        let [a, b, c, d, e, f, g, h, ..] = seed;
        let chance = Chance::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        birth(Box::new(Contended::new(conn, Rate::clone(&rate), chance)), seed, now)
    })
}

/// The same program on a connection in whose transactions another node may come in between.
fn met(mut birth: Birth, meeting: &Meeting, rate: &Rate, isolation: Isolation) -> Birth {
    let (meeting, rate) = (meeting.clone(), Rate::clone(rate));
    Box::new(move |conn, seed, now| {
        let [.., a, b, c, d, e, f, g, h] = seed;
        let chance = Chance::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let conn = Met::new(conn, meeting.clone(), Rate::clone(&rate), chance, isolation);
        birth(Box::new(conn), seed, now)
    })
}

fn gateway_config() -> Config {
    Config { password_cost: PasswordCost::SIMULATED, ..Config::sandbox(format!("http://{GATEWAY}")) }
}

/// Which process is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    /// The gateway.
    Gateway,
    /// The merchant.
    Merchant,
}

/// A world that has been furnished and not yet begun.
pub struct Stage {
    options: Options,
    world: World<Auditor>,
    gateway: Disk,
    merchant: Disk,
    /// How often others come in the way of statements.
    contention: [Rate; 2],
}

/// What came of a life.
#[derive(Debug, Clone)]
pub struct Report {
    /// What kind of life it was.
    pub options: Options,
    /// Stands for everything that happened and for what the databases hold; the same for the same seed.
    pub fingerprint: u64,
    /// What the auditor has found; empty if all is well.
    pub findings: Vec<String>,
    /// The last events.
    pub last_lines: Vec<String>,
    /// How much happened.
    pub events: u64,
    /// How often processes died.
    pub deaths: u64,
    /// How often a node took more than one input at once.
    pub groups: u64,
    /// How often one gateway node took a step in the middle of another one's transaction.
    pub meetings: u64,
    /// How often one of them was asked something while the other was dead.
    pub stood_in: u64,
    /// What the auditor counted.
    pub tally: Tally,
}

/// Lives the life of these options.
///
/// # Errors
/// [`Crash`] if the world could not even be furnished.
pub fn live(options: &Options, cast: Cast, is_loud: bool) -> Result<Report, Crash> {
    let mut stage = Stage::furnish(options, cast, is_loud)?;
    stage.invite();
    stage.plan_deaths();
    Ok(stage.play())
}

impl Stage {
    /// Two databases, two programs, a contract between them, buyers with money; nobody does anything yet.
    ///
    /// # Errors
    /// [`Crash`] if a program cannot be started at all.
    pub fn furnish(options: &Options, cast: Cast, is_loud: bool) -> Result<Stage, Crash> {
        let mut chance = Chance::new(options.seed);
        let new_disk =
            || danbao_store::open("sqlite::memory:").map(Disk::new).map_err(|error| Crash(error.to_string()));
        let (gateway_disk, merchant_disk) = (new_disk()?, new_disk()?);
        let town = settle(&gateway_disk, chance.seed(), options)?;
        let contention = Rate::new(AtomicU32::new(options.contended));
        let account = account(&town, options)?;
        let auditor = Auditor::new(gateway_disk.clone(), merchant_disk.clone(), options.clock_ahead)
            .with_refusals_told(options.refusals > 0);
        let mut world = World::new(options.seed, BEGINNING, town, auditor, is_loud);
        let meets = Rate::new(AtomicU32::new(options.meets));
        let meeting = Meeting::default();
        let node = || {
            let node = contended(gateway(cast.gateway_conn, options.sends_max), &contention);
            if options.has_two_nodes { met(node, &meeting, &meets, cast.isolation) } else { node }
        };
        world.add_site(GATEWAY, gateway_disk.clone(), node());
        if options.has_two_nodes {
            world.add_node(GATEWAY, OTHER_GATEWAY, node(), meeting.clone());
            if options.stands_by {
                world.stand_by(GATEWAY);
            }
            if !cast.looks_again {
                world.never_look_again(GATEWAY);
            }
        }
        world.add_site(
            SHOP,
            merchant_disk.clone(),
            contended((cast.merchant)(account, options), &contention),
        );
        world.set(options);
        Ok(Stage {
            options: options.clone(),
            world,
            gateway: gateway_disk,
            merchant: merchant_disk,
            contention: [contention, meets],
        })
    }

    /// The people of the options come, in the first half of the trouble.
    pub fn invite(&mut self) {
        // A source of their own: the same people come whatever else is changed in the world.
        let chance = &mut Chance::new(self.options.seed ^ 0x7065_6f70_6c65);
        let minds = &mut Chance::new(self.options.seed ^ 0x006d_696e_6473);
        let doors = &mut Chance::new(self.options.seed ^ 0x0064_6f6f_7273);
        let half_ms = u64::try_from(self.options.trouble.as_millis()).unwrap_or(u64::MAX) / 2;
        for _ in 0..self.options.buyers {
            let quarrels = minds.per_mille(self.options.quarrelsome);
            let quarrel = quarrels.then(|| Quarrel::draw(minds));
            let mut habits = Habits::draw(chance, self.options.impatient);
            habits.insists = self.options.refusals > 0;
            if quarrel.is_some() {
                // Whoever has a quarrel does not confirm in passing.
                habits = Habits { quarrel, confirm: Purpose::Nothing, ..habits };
            }
            let arrives = chance.millis(0, half_ms);
            let has_members = self.options.trader == Trader::Shop && habits.way != Way::Sandbox;
            if has_members && doors.per_mille(self.options.logins) {
                let who = chance.pick(&self.world.town.customers);
                let habits = Habits { way: Way::Member, ..habits };
                self.world.add_person(Box::new(Shopper::new(habits, who, Visit::draw(doors))), arrives);
            } else {
                self.invite_buyer(habits, arrives, chance);
            }
        }
        if self.options.logins > 0 && self.options.thefts > 0 {
            let thief = Thief::new(self.options.thefts, half_ms / u64::from(self.options.thefts));
            self.world.add_person(Box::new(thief), Duration::from_secs(60));
        }
        if self.options.forgeries > 0 {
            let pause_max_ms = half_ms / u64::from(self.options.forgeries);
            let forger = Forger::new(self.options.forgeries, pause_max_ms);
            self.world.add_person(Box::new(forger), Duration::from_secs(30));
        }
        if self.options.freezes > 0 || self.options.turns_switches {
            let done_after = BEGINNING.plus(self.options.trouble + LATEST_COPY);
            let turns = self.options.turns_switches;
            let staff = Staff::new(self.options.freezes, half_ms / 4, done_after, turns);
            self.world.add_person(Box::new(staff), Duration::from_millis(half_ms / 16));
        }
        if self.options.refusals > 0 || self.options.fault_plans > 0 {
            let Options { refusals, fault_plans, .. } = self.options;
            let tester = Tester::new(refusals, fault_plans, half_ms / 8);
            self.world.add_person(Box::new(tester), Duration::from_millis(half_ms / 64));
        }
        if self.options.is_refundable && self.options.trader == Trader::Kiosk {
            for _ in 0..self.options.clerks {
                let clerk = Clerk::new(half_ms / 4, self.options.by_page);
                self.world.add_person(Box::new(clerk), Duration::from_millis(half_ms / 8));
            }
        }
    }

    /// One buyer comes.
    pub fn invite_buyer(&mut self, habits: Habits, arrives_after: Duration, chance: &mut Chance) {
        let who = chance.pick(&self.world.town.customers);
        self.world.add_person(Box::new(Buyer::new(habits, who)), arrives_after);
    }

    fn plan_deaths(&mut self) {
        self.plan_retirement();
        let Some(every) = self.options.doom_every else { return };
        let chance = &mut Chance::new(self.options.seed ^ 0x6465_6174_6873);
        let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        let trouble_ms = u64::try_from(self.options.trouble.as_millis()).unwrap_or(u64::MAX);
        for site in [GATEWAY, SHOP] {
            let mut at_ms = 0;
            loop {
                at_ms += chance.between(1, 2 * every_ms);
                if at_ms >= trouble_ms {
                    break;
                }
                let death = match chance.per_mille(700) {
                    true => Death::BeforeStatement(chance.between(1, 120)),
                    false => Death::AfterCommit(chance.between(1, 6)),
                };
                self.world.doom(site, Duration::from_millis(at_ms), death);
            }
        }
    }

    /// One of two nodes is taken away: while people are busy, on the evening of the trouble, or weeks later, when nobody
    /// calls any more and there are only clocks to be kept.
    fn plan_retirement(&mut self) {
        if !self.options.has_two_nodes || !self.options.retires {
            return;
        }
        let chance = &mut Chance::new(self.options.seed ^ 0x7265_7469_7265);
        let name = if self.options.stands_by { GATEWAY } else { chance.pick(&[GATEWAY, OTHER_GATEWAY]) };
        let trouble = self.options.trouble;
        let days = Duration::from_secs(86_400);
        let after = chance.pick(&[trouble / 2, trouble + LATEST_COPY, trouble + 5 * days]);
        self.world.retire(name, after);
    }

    /// One death, counted from now.
    pub fn doom(&mut self, victim: Victim, death: Death) {
        self.disk(victim).plan(Some(death));
    }

    /// How many statements a process has run so far.
    pub fn statements(&self, victim: Victim) -> u64 {
        self.disk(victim).statements()
    }

    fn disk(&self, victim: Victim) -> &Disk {
        match victim {
            Victim::Gateway => &self.gateway,
            Victim::Merchant => &self.merchant,
        }
    }

    /// Lets the quiet pass. What the merchant forgets in it is noted before.
    fn rest(&mut self, end: Timestamp) -> Result<(), Stuck> {
        let mut look = self.world.now().plus(LOOK_EVERY);
        while look < end {
            self.world.witness.look();
            self.world.run_until(look)?;
            look = look.plus(LOOK_EVERY);
        }
        self.world.witness.look();
        self.world.run_until_quiet(end)
    }

    /// Trouble, quiet, audit.
    pub fn play(&mut self) -> Report {
        let quiet_since = BEGINNING.plus(self.options.trouble);
        let troubled = self.world.run_until(quiet_since);
        self.world.heal();
        self.contention.iter().for_each(|rate| rate.store(0, Ordering::Relaxed));
        let quiet = troubled.and_then(|()| self.rest(quiet_since.plus(QUIET_MAX)));
        let World { town, witness, .. } = &mut self.world;
        let tally = witness.audit(&town.clone(), quiet_since.plus(QUIET_MAX), quiet_since);
        let mut findings = witness.findings().to_vec();
        match quiet {
            Ok(()) => {}
            Err(Stuck::TimeStandsStill) => {
                findings.insert(0, "time stands still: a node turns in a circle".into())
            }
            Err(Stuck::NeverQuiet) => {
                findings.insert(0, "there is still work after all the quiet time".into())
            }
        }
        Report {
            options: self.options.clone(),
            fingerprint: self.world.fingerprint(),
            findings,
            last_lines: self.world.log().last_lines().map(str::to_owned).collect(),
            events: self.world.log().events(),
            deaths: self.world.deaths(),
            groups: self.world.groups(),
            meetings: self.world.meetings(),
            stood_in: self.world.stood_in(),
            tally,
        }
    }
}

/// What the merchant knows of its contract.
pub(crate) fn account(town: &Town, options: &Options) -> Result<Account, Crash> {
    let Merchant { partner, key, seller_email, seller_id, .. } = &town.merchant;
    let shared = Signer::Md5(Md5Key::new(key.as_str()));
    let (signer, verifier) = match keys::pairs(options.sign_type) {
        Some(pairs) => (pairs.merchant, pairs.gateway.verifier()),
        None => (shared.clone(), shared.verifier()),
    };
    let (partner, seller_id) = (PartnerId::new(partner.as_str()), UserId::new(seller_id.as_str()));
    let gateway = format!("http://{GATEWAY}/gateway.do");
    Account::with_keys(partner, signer, verifier, seller_email.as_str(), seller_id, &gateway)
        .map_err(|error| Crash(error.to_string()))
}

/// Seeds the gateway's database and says who is there.
pub(crate) fn settle(disk: &Disk, seed: [u8; 32], options: &Options) -> Result<Town, Crash> {
    let crash = |error: &dyn std::fmt::Display| Crash(error.to_string());
    let mut gateway =
        Gateway::open(disk.connect(), gateway_config(), seed, BEGINNING).map_err(|e| crash(&e))?;
    let shop = format!("http://{SHOP}");
    let DemoWorld { partner, buyers, sandbox_token, .. } =
        gateway.ensure_demo(BEGINNING, Some(&shop)).map_err(|e| crash(&e))?;
    let mut merchant = Merchant {
        partner: partner.partner,
        key: partner.key,
        seller_email: partner.seller_email,
        seller_id: partner.seller_id,
        login_password: partner.login_password,
        payment_password: partner.payment_password,
        signer: None,
    };
    if options.is_refundable {
        sign_contract(&mut gateway, &sandbox_token, &mut merchant)?;
    }
    if let Some(triggers) = TRIGGERS.get(options.triggers).filter(|_| options.triggers > 0) {
        let path = format!("/sandbox/v1/partners/{}", merchant.partner);
        call_sandbox(&mut gateway, &sandbox_token, &path, &json!({ "triggers": triggers }))?;
    }
    if options.trader == Trader::Kiosk {
        for email in PARTNERS_OF_SELLER {
            call_sandbox(&mut gateway, &sandbox_token, "/sandbox/v1/users", &json!({ "email": email }))?;
        }
    }
    if options.refusals > 0 {
        let path = format!("/sandbox/v1/partners/{}", merchant.partner);
        call_sandbox(&mut gateway, &sandbox_token, &path, &json!({ "error_notify": true }))?;
    }
    let mut bystander = None;
    if options.fault_plans > 0 {
        let wish = json!({ "seller_email": "bystander@danbao.example", "display_name": "别家" });
        let made = call_sandbox(&mut gateway, &sandbox_token, "/sandbox/v1/partners", &wish)?;
        bystander = made["partner"].as_str().map(str::to_owned);
    }
    if let Some(pairs) = keys::pairs(options.sign_type) {
        exchange_keys(disk, &merchant, &pairs)?;
        merchant.signer = Some(pairs.merchant);
    }
    let ahead = json!({ "seconds": options.clock_ahead.as_secs() });
    call_sandbox(&mut gateway, &sandbox_token, "/sandbox/v1/clock/advance", &ahead)?;
    let told_of_refusals = json!({ "error_notify": true });
    let path = format!("/sandbox/v1/partners/{}", merchant.partner);
    call_sandbox(&mut gateway, &sandbox_token, &path, &told_of_refusals)?;
    let customers = buyers.into_iter().map(|buyer| Customer {
        email: buyer.email,
        user_id: buyer.user_id,
        login_password: buyer.login_password,
        payment_password: buyer.payment_password,
    });
    Ok(Town {
        gateway: format!("http://{GATEWAY}"),
        shop,
        sandbox_token,
        merchant,
        bystander,
        customers: customers.collect(),
        ..Town::default()
    })
}

/// The merchant gives the gateway the public half of its pair, as `danbao keys` does it.
fn exchange_keys(disk: &Disk, merchant: &Merchant, pairs: &Pairs) -> Result<(), Crash> {
    let partner = Owner::Partner(PartnerId::new(merchant.partner.as_str()));
    let (public, own) = (Key::from(&pairs.merchant.verifier()), Key::from(&pairs.gateway));
    for (owner, key) in [(Owner::Gateway, own), (partner, public)] {
        let sign_type = pairs.gateway.sign_type();
        gateway_keys::add(&mut *disk.connect(), &owner, sign_type, key, None, [0; 32], BEGINNING)
            .map_err(|error| Crash(error.to_string()))?;
    }
    Ok(())
}

/// Another merchant, under the advanced contract.
fn sign_contract(gateway: &mut Gateway, token: &str, merchant: &mut Merchant) -> Result<(), Crash> {
    let email = "advanced@danbao.example";
    let wish = json!({
        "seller_email": email, "display_name": "高级商户", "fee_ppm": 12_345, "is_refundable": true,
        "custom_timeouts": true,
    });
    let made = call_sandbox(gateway, token, "/sandbox/v1/partners", &wish)?;
    let text = |name: &str| {
        let word = made[name].as_str().map(str::to_owned);
        word.ok_or_else(|| Crash(format!("the sandbox API made no partner: {made}")))
    };
    merchant.partner = text("partner")?;
    merchant.key = text("key")?;
    merchant.seller_email = text("seller_email")?;
    merchant.seller_id = text("seller_id")?;
    Ok(())
}

/// The sandbox API, as a test in any language would use it.
fn call_sandbox(gateway: &mut Gateway, token: &str, path: &str, body: &Value) -> Result<Value, Crash> {
    let mut request = Request::new(body.to_string().into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path.parse().map_err(|_| Crash(format!("{path} is no address")))?;
    if let Ok(bearer) = HeaderValue::from_str(&format!("Bearer {token}")) {
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    let outputs = gateway.step(BEGINNING, vec![Input::Request { id: AskId(0), request }])?;
    match outputs.into_iter().next() {
        Some(Output::Respond { response, .. }) if response.status().is_success() => {
            Ok(serde_json::from_slice(response.body()).unwrap_or_default())
        }
        other => Err(Crash(format!("the sandbox API answered {other:?}"))),
    }
}
