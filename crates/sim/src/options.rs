//! What kind of life a seed gives: drawn from it first, and printed when it fails.
//!
//! Swarm style: each kind of trouble is absent in many seeds and heavy in some, because trouble of every kind at once
//! hides the cases in which one kind meets a program that is otherwise well.

use std::fmt;
use std::time::Duration;

use danbao_protocol::sign::SignType;

use crate::chance::Chance;
use crate::wire::Weather;

/// The options of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Everything else comes out of this number too.
    pub seed: u64,
    /// The network while there is trouble.
    pub weather: Weather,
    /// How often a process is doomed while there is trouble; `None`: never.
    pub doom_every: Option<Duration>,
    /// How long a dead process stays dead at most.
    pub downtime_max: Duration,
    /// How long the trouble lasts. People begin in its first half.
    pub trouble: Duration,
    /// How many people buy something.
    pub buyers: u32,
    /// How many messages the forger sends; 0: there is no forger.
    pub forgeries: u32,
    /// How many inputs a node takes at once at most.
    pub group_max: u64,
    /// How long what has arrived waits for the node at most, in milliseconds; in a slow node's waiting room groups form.
    pub pace_max_ms: u64,
    /// How many of a thousand statements are told that others were at work.
    pub contended: u32,
    /// How many notifications are on their way at once at most.
    pub sends_max: usize,
    /// How far the gateway's sandbox clock is ahead of the world.
    pub clock_ahead: Duration,
    /// Whether the merchant has the advanced contract, under which an instant payment stays refundable for a time.
    pub is_refundable: bool,
    /// Who sells.
    pub trader: Trader,
    /// What merchant and gateway sign with.
    pub sign_type: SignType,
    /// How many of a thousand buyers are impatient: they click twice and close the page before the return.
    pub impatient: u32,
    /// How many of a thousand orders bring buyer and seller to the desk, to haggle and to quarrel.
    pub quarrelsome: u32,
    /// How many clerks of a refundable kiosk give money back in batches, all of the same trades.
    pub clerks: u32,
    /// How often the platform freezes an account, for a while.
    pub freezes: u32,
    /// Which states of direct pay the merchant wants to be told of, as a place in [`crate::people::TRIGGERS`].
    pub triggers: usize,
    /// Whether that changes in the middle of lives.
    pub turns_switches: bool,
    /// How many of a thousand members sign in at the shop by the gateway, or come by etao, before they buy.
    pub logins: u32,
    /// How often somebody brings a login link that is not theirs.
    pub thefts: u32,
    /// Whether two gateway nodes share one database.
    pub has_two_nodes: bool,
    /// Before how many of a thousand statements of one of them the other takes a step.
    pub meets: u32,
    /// Whether one of them is taken away one day.
    pub retires: bool,
    /// Whether the second is asked nothing as long as the first one lives.
    pub stands_by: bool,
    /// How many of a thousand batches of refunds are confirmed by the seller at the desk.
    pub by_page: u32,
    /// How often a test asks ahead that the merchant's next calls be refused; then refusals are told, too.
    pub refusals: u32,
    /// How many fault plans a test begins.
    pub fault_plans: u32,
}

/// Which program the merchant runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trader {
    /// The model shop.
    Shop,
    /// The [`crate::kiosk`], which asks for shares and for times of its own.
    Kiosk,
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Options {
    /// The options of a seed.
    pub fn draw(seed: u64) -> Options {
        let of = |name| Draw { seed, name };
        Options {
            seed,
            weather: Weather {
                request_lost: of("request_lost").rate(),
                answer_lost: of("answer_lost").rate(),
                answer_replaced: of("answer_replaced").rate(),
                doubled: of("doubled").rate(),
                copy_late: of("copy_late").pick(&[0, 300, 1000]),
                slow: of("slow").rate(),
                delay_max_ms: of("delay_max_ms").pick(&[2, 80, 2_000]),
            },
            doom_every: of("doom_every").pick(&[None, Some(MINUTE), Some(10 * MINUTE), Some(HOUR)]),
            downtime_max: of("downtime_max").pick(&[MINUTE / 60, MINUTE, 20 * MINUTE]),
            trouble: of("trouble").pick(&[20 * MINUTE, 3 * HOUR, 30 * HOUR]),
            buyers: of("buyers").pick(&[1, 3, 6, 10]),
            forgeries: of("forgeries").pick(&[0, 6, 20]),
            group_max: of("group_max").pick(&[1, 2, 5, 20]),
            pace_max_ms: of("pace_max_ms").pick(&[3, 3, 900]),
            contended: of("contended").pick(&[0, 0, 2, 20]),
            sends_max: of("sends_max").pick(&[1, 3, 256, 256]),
            clock_ahead: of("clock_ahead").pick(&[Duration::ZERO, Duration::ZERO, 77 * HOUR]),
            is_refundable: of("is_refundable").pick(&[true, false, false, false]),
            trader: of("trader").pick(&[Trader::Shop, Trader::Shop, Trader::Kiosk]),
            sign_type: of("sign_type").pick(&[
                SignType::Md5,
                SignType::Md5,
                SignType::Md5,
                SignType::Rsa,
                SignType::Dsa,
                SignType::Rsa2,
            ]),
            impatient: of("impatient").pick(&[0, 300, 900]),
            quarrelsome: of("quarrelsome").pick(&[0, 500, 1000]),
            clerks: of("clerks").pick(&[0, 1, 3]),
            freezes: of("freezes").pick(&[0, 0, 0, 6]),
            triggers: of("triggers").pick(&[0, 0, 0, 1, 2, 3]),
            turns_switches: of("turns_switches").pick(&[false, false, false, true]),
            logins: of("logins").pick(&[0, 0, 700]),
            thefts: of("thefts").pick(&[0, 8]),
            // What came later is for lives that are about it, so that known seeds stay as they were.
            has_two_nodes: false,
            meets: 0,
            retires: false,
            stands_by: false,
            by_page: 0,
            refusals: 0,
            fault_plans: 0,
        }
    }

    /// One buyer, and no trouble but what a test adds.
    pub fn calm(seed: u64) -> Options {
        Options {
            seed,
            weather: Weather::CALM,
            doom_every: None,
            downtime_max: MINUTE / 60,
            trouble: 2 * HOUR,
            buyers: 1,
            forgeries: 0,
            group_max: 5,
            pace_max_ms: 3,
            contended: 0,
            sends_max: 256,
            clock_ahead: 25 * HOUR,
            is_refundable: false,
            trader: Trader::Shop,
            sign_type: SignType::Md5,
            impatient: 0,
            quarrelsome: 0,
            clerks: 0,
            freezes: 0,
            triggers: 0,
            turns_switches: false,
            logins: 0,
            thefts: 0,
            has_two_nodes: false,
            meets: 0,
            retires: false,
            stands_by: false,
            by_page: 0,
            refusals: 0,
            fault_plans: 0,
        }
    }
}

/// Each option has a source of chance of its own, by its name: a new one leaves those of a known seed as they were.
struct Draw {
    seed: u64,
    name: &'static str,
}

impl Draw {
    fn pick<T: Clone>(self, list: &[T]) -> T {
        let name = self.name.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31) ^ u64::from(byte));
        Chance::new(self.seed ^ name.rotate_left(32)).pick(list)
    }

    /// Nothing, a little, much, in a thousand.
    fn rate(self) -> u32 {
        self.pick(&[0, 0, 10, 80, 250])
    }
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Weather { request_lost, answer_lost, answer_replaced, doubled, copy_late, slow, delay_max_ms } =
            self.weather;
        writeln!(f, "  seed            {}", self.seed)?;
        writeln!(
            f,
            "  lost            {request_lost} ‰ of requests, {answer_lost} ‰ of answers; {answer_replaced} ‰ replaced"
        )?;
        writeln!(f, "  doubled         {doubled} ‰, of these {copy_late} ‰ late")?;
        writeln!(f, "  delay           up to {delay_max_ms} ms, {slow} ‰ slow")?;
        match self.doom_every {
            Some(every) => {
                writeln!(f, "  deaths          about every {every:?}, down up to {:?}", self.downtime_max)?
            }
            None => writeln!(f, "  deaths          none")?,
        }
        writeln!(f, "  trouble         for {:?}", self.trouble)?;
        writeln!(
            f,
            "  people          {} buyers, {} ‰ impatient, {} ‰ quarrelsome, {} forgeries, {} clerks",
            self.buyers, self.impatient, self.quarrelsome, self.forgeries, self.clerks
        )?;
        let switches = if self.turns_switches { ", turned" } else { "" };
        writeln!(f, "  logins          {} ‰, {} thefts", self.logins, self.thefts)?;
        writeln!(f, "  platform        {} freezes, switches {}{switches}", self.freezes, self.triggers)?;
        writeln!(
            f,
            "  group           up to {} inputs, taken within {} ms",
            self.group_max, self.pace_max_ms
        )?;
        writeln!(f, "  contended       {} ‰ of statements", self.contended)?;
        if self.has_two_nodes {
            let retires = if self.retires { ", one of them not for ever" } else { "" };
            let stands_by = if self.stands_by { ", one of them standing by" } else { "" };
            writeln!(
                f,
                "  nodes           2, meeting at {} ‰ of statements{retires}{stands_by}",
                self.meets
            )?;
        }
        writeln!(
            f,
            "  sandbox         {} refusals, {} fault plans; {} ‰ of batches by page",
            self.refusals, self.fault_plans, self.by_page
        )?;
        writeln!(f, "  notifications   up to {} on their way", self.sends_max)?;
        writeln!(f, "  sandbox clock   {:?} ahead", self.clock_ahead)?;
        let contract = if self.is_refundable { "refundable" } else { "plain" };
        write!(f, "  contract        {contract}, {:?}, signed with {}", self.trader, self.sign_type)
    }
}
