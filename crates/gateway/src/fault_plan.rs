//! Fault plans: what a sandbox does on purpose to the notifications of a partner or of one trade, so that a merchant's
//! program meets what the wire does by chance.
//!
//! What is drawn comes from the plan's seed, from the notification's place in the plan (the first that it met is 1) and
//! from the number of the try under it: the same seed and the same inputs give the same faults, whatever the ids are
//! this time. A plan changes when and how a change is told, never whether: what it spoils does not count as a try.

use std::time::Duration;

use danbao_node::{Entropy, Fault};
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::node::{Carriage, NoAnswer};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;

use crate::rows::fault_plan as rows;
use crate::rows::notice::{self, Said, StoredNotice};
use crate::turn::Turn;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $word:literal,)+) => {
        /// A fault that can be planned, by the word of the sandbox API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Kind {
            $($(#[$doc])* $kind,)+
        }

        impl Kind {
            /// Every fault. The order is a part of what a seed means: new ones go to the end.
            pub(crate) const ALL: &'static [Kind] = &[$(Kind::$kind,)+];

            /// The word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$kind => $word,)+
                }
            }

            /// Reads the word.
            pub(crate) fn from_word(word: &str) -> Option<Kind> {
                Kind::ALL.iter().find(|kind| kind.as_str() == word).copied()
            }
        }
    };
}

kinds! {
    /// Nobody is there for as long as the plan lasts.
    Outage = "outage",
    /// A try goes later than it is due.
    Delay = "delay",
    /// A notification's first try goes later than it is due, and newer ones of its trade go before it.
    Reorder = "reorder",
    /// A try is lost on the way.
    Drop = "drop",
    /// The connection breaks in the middle of the body.
    CutBody = "cut_body",
    /// The body takes its time.
    SlowBody = "slow_body",
    /// One character of `sign` is another.
    CorruptSign = "corrupt_sign",
    /// The values are in the other charset than the message says.
    WrongCharset = "wrong_charset",
    /// The same again, so many times.
    Duplicate = "duplicate",
}

/// What the number of a rule means, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    /// Bounds and default of `seconds`; `None` if the fault has none.
    pub(crate) seconds: Option<(i64, i64, i64)>,
    /// Bounds and default of `times`.
    pub(crate) times: Option<(i64, i64, i64)>,
}

const DAY_SECONDS: i64 = 86_400;

impl Kind {
    /// Which numbers it has: least, most, usual.
    pub(crate) const fn measure(self) -> Measure {
        match self {
            Kind::Delay | Kind::Reorder => Measure { seconds: Some((1, DAY_SECONDS, 60)), times: None },
            // Less than the thirty seconds after which the host gives an exchange up.
            Kind::SlowBody => Measure { seconds: Some((1, 25, 10)), times: None },
            Kind::Duplicate => Measure { seconds: Some((0, DAY_SECONDS, 0)), times: Some((1, 20, 1)) },
            _ => Measure { seconds: None, times: None },
        }
    }

    /// Whether the merchant has not been told by a try that this happened to, whatever it answered.
    pub(crate) const fn spoils(self) -> bool {
        matches!(self, Kind::Outage | Kind::Drop | Kind::CutBody | Kind::CorruptSign | Kind::WrongCharset)
    }

    const fn puts_off(self) -> bool {
        matches!(self, Kind::Delay | Kind::Reorder)
    }
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) kind: Kind,
    /// Of a hundred tries, so many are hit.
    pub(crate) percent: i64,
    /// How long, at most; 0 for a fault without.
    pub(crate) seconds: i64,
    /// How often; 0 for a fault without.
    pub(crate) times: i64,
    /// Only the first tries of a notification; `None`: all.
    pub(crate) tries: Option<i64>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) plan_id: i64,
    pub(crate) partner: PartnerId,
    pub(crate) trade_no: Option<TradeNo>,
    pub(crate) seed: i64,
    pub(crate) begun_at: Timestamp,
    pub(crate) until_at: Timestamp,
    /// Notifications that it has met.
    pub(crate) met: i64,
    pub(crate) rules: Vec<Rule>,
}

/// What happened to a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mishap {
    pub(crate) kind: Kind,
    /// Seconds, times, or thousandths of what is cut or corrupted.
    pub(crate) detail: i64,
}

impl Rule {
    /// A line of a plan as somebody wishes it; what is not said is as usual.
    ///
    /// # Errors
    /// Which number is out of its bounds, or that this fault has none.
    pub(crate) fn wish(
        kind: Kind,
        percent: Option<i64>,
        seconds: Option<i64>,
        times: Option<i64>,
        tries: Option<i64>,
    ) -> Result<Rule, String> {
        let measure = kind.measure();
        let percent = percent.unwrap_or(100);
        if !(1..=100).contains(&percent) {
            return Err("percent: 1 to 100".to_owned());
        }
        if tries.is_some_and(|tries| !(1..=TRIES_MAX).contains(&tries)) {
            return Err(format!("tries: 1 to {TRIES_MAX}"));
        }
        Ok(Rule {
            kind,
            percent,
            seconds: number(kind, "seconds", seconds, measure.seconds)?,
            times: number(kind, "times", times, measure.times)?,
            tries,
        })
    }
}

/// More tries than any schedule has.
const TRIES_MAX: i64 = 100;

fn number(
    kind: Kind,
    name: &str,
    wished: Option<i64>,
    measure: Option<(i64, i64, i64)>,
) -> Result<i64, String> {
    match (wished, measure) {
        (None, measure) => Ok(measure.map_or(0, |(_, _, usual)| usual)),
        (Some(_), None) => Err(format!("{} has no {name}", kind.as_str())),
        (Some(wished), Some((least, most, _))) if (least..=most).contains(&wished) => Ok(wished),
        (Some(_), Some((least, most, _))) => Err(format!("{name} of {}: {least} to {most}", kind.as_str())),
    }
}

/// How long a plan lasts if nobody says otherwise: 25 hours, longer than a notification is tried (protocol.md §6.5).
pub(crate) const USUAL_SECONDS: i64 = 25 * 3_600;
/// The longest plan: a year.
pub(crate) const SECONDS_MAX: i64 = 366 * DAY_SECONDS;

impl Plan {
    /// What happens to a try: a function of the seed, the place and the number of the try alone.
    fn draw(&self, place: i64, nth: i64) -> Vec<Mishap> {
        let mut drawn = Vec::new();
        for rule in &self.rules {
            if rule.tries.is_some_and(|tries| nth > tries) || (rule.kind == Kind::Reorder && nth > 1) {
                continue;
            }
            let mut entropy = source(self.seed, place, nth, rule.kind);
            let roll = below(&mut entropy, 100);
            if roll >= rule.percent {
                continue;
            }
            let detail = match rule.kind {
                Kind::Delay | Kind::Reorder => 1 + below(&mut entropy, rule.seconds.max(1)),
                Kind::SlowBody => rule.seconds,
                Kind::Duplicate => rule.times,
                Kind::CutBody | Kind::CorruptSign => below(&mut entropy, 1000),
                Kind::Outage | Kind::Drop | Kind::WrongCharset => 0,
            };
            drawn.push(Mishap { kind: rule.kind, detail });
        }
        if drawn.iter().any(|mishap| mishap.kind == Kind::Outage) {
            drawn.retain(|mishap| mishap.kind == Kind::Outage);
        }
        drawn
    }

    /// When the copies of a duplicate go, after the try itself.
    fn spread(&self, place: i64, nth: i64, times: i64) -> Vec<Duration> {
        let seconds =
            self.rules.iter().find(|rule| rule.kind == Kind::Duplicate).map_or(0, |rule| rule.seconds);
        let mut entropy = source(self.seed, place, nth, Kind::Duplicate);
        let after = |entropy: &mut Entropy| if seconds == 0 { 0 } else { 1 + below(entropy, seconds) };
        (0..times).map(|_| Duration::from_secs(after(&mut entropy).unsigned_abs())).collect()
    }
}

/// The four numbers are the whole seed, so no two draws of a plan share their randomness.
fn source(seed: i64, place: i64, nth: i64, kind: Kind) -> Entropy {
    let kind = Kind::ALL.iter().position(|known| *known == kind).unwrap_or_default();
    let mut bytes = [0; 32];
    let words = [seed, place, nth, i64::try_from(kind).unwrap_or_default()];
    for (into, word) in bytes.chunks_exact_mut(8).zip(words) {
        into.copy_from_slice(&word.to_le_bytes());
    }
    Entropy::new(bytes)
}

/// 0 to `bound` - 1. 64 bits leave a bias that nobody can see.
fn below(entropy: &mut Entropy, bound: i64) -> i64 {
    let drawn = u64::from_le_bytes(entropy.bytes());
    i64::try_from(drawn % bound.max(1).unsigned_abs()).unwrap_or_default()
}

/// What has been decided about one try.
#[derive(Debug, Default)]
pub(crate) struct Ordeal {
    mishaps: Vec<Mishap>,
    /// It does not go now, but then.
    pub(crate) put_off: Option<PutOff>,
    /// When copies of it go.
    pub(crate) copies_at: Vec<Timestamp>,
}

/// Later than it was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PutOff {
    pub(crate) until: Timestamp,
    /// Newer ones of the thread go before it.
    pub(crate) lets_pass: bool,
}

impl Ordeal {
    /// Why the try never arrives, if it does not.
    pub(crate) fn lost(&self) -> Option<NoAnswer> {
        self.mishaps.iter().find_map(|mishap| match mishap.kind {
            Kind::Outage => Some(NoAnswer::Unreachable),
            Kind::Drop => Some(NoAnswer::TimedOut),
            _ => None,
        })
    }

    /// Whether the merchant is not told by this try, whatever it answers.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.mishaps.iter().any(|mishap| mishap.kind.spoils())
    }

    /// Does to a written message what was drawn for it.
    pub(crate) fn spoil(&self, params: Params, charset: Charset) -> Params {
        spoil(params, charset, &self.mishaps)
    }

    /// How the body is carried.
    pub(crate) fn carriage(&self, body_bytes: usize) -> Option<Carriage> {
        self.mishaps.iter().find_map(|mishap| match mishap.kind {
            Kind::CutBody => Some(Carriage::Cut { after_bytes: part(mishap.detail, body_bytes) }),
            Kind::SlowBody => Some(Carriage::Slow(Duration::from_secs(mishap.detail.unsigned_abs()))),
            _ => None,
        })
    }
}

/// So many thousandths of a length; less than the whole, if there is any.
pub(crate) fn part(thousandths: i64, whole: usize) -> usize {
    let thousandths = usize::try_from(thousandths.clamp(0, 999)).unwrap_or_default();
    whole.saturating_mul(thousandths) / 1000
}

/// Does these mishaps to a message, as far as they are about what it says. What there is to change is changed by what was
/// written down, so that the very bytes of a try can be made again.
pub(crate) fn spoil(params: Params, charset: Charset, mishaps: &[Mishap]) -> Params {
    let mut params = params;
    for mishap in mishaps {
        params = match mishap.kind {
            Kind::CorruptSign => with_corrupt_sign(&params, mishap.detail),
            Kind::WrongCharset => in_other_charset(&params, charset),
            _ => params,
        };
    }
    params
}

fn with_corrupt_sign(params: &Params, thousandths: i64) -> Params {
    rewritten(params, |name, value| {
        let mut value = value.to_vec();
        let at = part(thousandths, value.len());
        if let Some(byte) = value.get_mut(at).filter(|_| name == b"sign") {
            // Still a digit of both notations, and never the one that stood there.
            *byte = if *byte == b'0' { b'1' } else { b'0' };
        }
        value
    })
}

fn in_other_charset(params: &Params, charset: Charset) -> Params {
    let other = match charset {
        Charset::Utf8 => Charset::Gbk,
        Charset::Gbk => Charset::Utf8,
    };
    rewritten(params, |_, value| {
        let text = charset.decode(value).ok();
        let other = text.as_deref().and_then(|text| other.encode(text).ok().map(|bytes| bytes.into_owned()));
        other.unwrap_or_else(|| value.to_vec())
    })
}

/// The same names in the same order, with other values. Names of the interface are ASCII.
fn rewritten(params: &Params, value: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Params {
    let mut made = Params::new();
    for (name, old) in params.iter() {
        made.push(&String::from_utf8_lossy(name), &value(name, old));
    }
    made
}

/// The plans that hold now; none outside a sandbox.
pub(crate) fn running(turn: &mut Turn<'_>) -> Result<Vec<Plan>, Fault> {
    if turn.config.is_sandbox { rows::load_running(turn.tx, turn.now) } else { Ok(Vec::new()) }
}

/// What happens to the next try of a notification, written down before anything of it is sent.
pub(crate) fn meet(turn: &mut Turn<'_>, plans: &[Plan], notice: &StoredNotice) -> Result<Ordeal, Fault> {
    let Some(plan) = plan_for(turn, plans, notice)? else { return Ok(Ordeal::default()) };
    let attempt = notice.attempts + 1;
    let (place, first_attempt) = rows::place(turn.tx, plan.plan_id, notice, attempt)?;
    let nth = attempt - first_attempt + 1;
    let drawn = plan.draw(place, nth);
    let done = rows::load_mishaps(turn.tx, &notice.thread, notice.seq, attempt)?;
    let mut record =
        |mishap: &Mishap| rows::insert_mishap(turn.tx, plan.plan_id, notice, attempt, *mishap, turn.now);
    let waits: Vec<&Mishap> =
        drawn.iter().filter(|mishap| mishap.kind.puts_off() && !done.contains(mishap)).collect();
    if let Some(seconds) = waits.iter().map(|mishap| mishap.detail).max() {
        waits.iter().try_for_each(|mishap| record(mishap))?;
        let until = turn.now.plus(Duration::from_secs(seconds.unsigned_abs()));
        let lets_pass = waits.iter().any(|mishap| mishap.kind == Kind::Reorder);
        return Ok(Ordeal { put_off: Some(PutOff { until, lets_pass }), ..Ordeal::default() });
    }
    let mut mishaps: Vec<Mishap> = drawn.into_iter().filter(|mishap| !mishap.kind.puts_off()).collect();
    if mishaps.iter().any(|mishap| mishap.kind == Kind::Drop) {
        // What never leaves is neither cut nor corrupted nor doubled.
        mishaps.retain(|mishap| mishap.kind == Kind::Drop);
    }
    mishaps.iter().try_for_each(&mut record)?;
    let copies =
        mishaps.iter().find(|mishap| mishap.kind == Kind::Duplicate).map_or(0, |mishap| mishap.detail);
    let copies_at = plan.spread(place, nth, copies).into_iter().map(|after| turn.now.plus(after)).collect();
    Ok(Ordeal { mishaps, put_off: None, copies_at })
}

/// The trade's own plan goes before the partner's.
fn plan_for<'p>(
    turn: &mut Turn<'_>,
    plans: &'p [Plan],
    notice: &StoredNotice,
) -> Result<Option<&'p Plan>, Fault> {
    if plans.is_empty() {
        return Ok(None);
    }
    let partner = match &notice.said {
        Said::Letter(letter) => Some(letter.partner.clone()),
        Said::Trade(_) => notice::load_request_of(turn.tx, &notice.thread)?.map(|(partner, _)| partner),
    };
    let is_own = |plan: &&Plan| {
        plan.trade_no.as_ref().is_some_and(|trade_no| trade_no.as_str() == notice.thread.as_str())
    };
    let is_partners = |plan: &&Plan| plan.trade_no.is_none() && Some(&plan.partner) == partner.as_ref();
    Ok(plans.iter().find(is_own).or_else(|| plans.iter().find(is_partners)))
}

/// Begins a plan in the place of the one that its partner or trade had.
pub(crate) fn begin(turn: &mut Turn<'_>, plan: Plan) -> Result<Plan, Fault> {
    for other in rows::load_running(turn.tx, turn.now)? {
        if other.partner == plan.partner && other.trade_no == plan.trade_no {
            end(turn, &other)?;
        }
    }
    rows::insert(turn.tx, &plan)
}

/// Ends a plan before its time: what waits for its end is due at once.
pub(crate) fn end(turn: &mut Turn<'_>, plan: &Plan) -> Result<(), Fault> {
    if plan.until_at > turn.now {
        rows::end(turn.tx, plan.plan_id, turn.now)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: i64, rules: Vec<Rule>) -> Plan {
        Plan {
            plan_id: 1,
            partner: PartnerId::new("2088000000000001"),
            trade_no: None,
            seed,
            begun_at: Timestamp(0),
            until_at: Timestamp(1),
            met: 0,
            rules,
        }
    }

    fn rule(kind: Kind, percent: i64) -> Rule {
        Rule { kind, percent, seconds: 60, times: 2, tries: None }
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        let rules: Vec<Rule> = Kind::ALL.iter().skip(1).map(|kind| rule(*kind, 50)).collect();
        let all = |seed| -> Vec<Vec<Mishap>> {
            let plan = plan(seed, rules.clone());
            (1..=50).map(|place| plan.draw(place, 1)).collect()
        };
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        // One rule's draws do not depend on what else is planned.
        let alone = plan(7, vec![rule(Kind::Drop, 50)]);
        let is_drop = |mishaps: &[Mishap]| mishaps.iter().any(|mishap| mishap.kind == Kind::Drop);
        let among: Vec<bool> = all(7).iter().map(|mishaps| is_drop(mishaps)).collect();
        let by_itself: Vec<bool> = (1..=50).map(|place| is_drop(&alone.draw(place, 1))).collect();
        assert_eq!(among, by_itself);
    }

    #[test]
    fn about_as_many_are_hit_as_the_percentage_says() {
        let plan = plan(1, vec![rule(Kind::Drop, 30)]);
        let hit = (1..=1000).filter(|place| !plan.draw(*place, 1).is_empty()).count();
        assert!((250..350).contains(&hit), "{hit}");
        let sure = Plan { rules: vec![rule(Kind::Drop, 100)], ..plan };
        assert!((1..=1000).all(|place| !sure.draw(place, 1).is_empty()));
    }

    #[test]
    fn a_rule_for_the_first_tries_leaves_the_others_alone() {
        let plan = plan(1, vec![Rule { tries: Some(2), ..rule(Kind::Drop, 100) }]);
        let hit: Vec<bool> = (1..=4).map(|nth| !plan.draw(1, nth).is_empty()).collect();
        assert_eq!(hit, [true, true, false, false]);
    }

    #[test]
    fn a_corrupt_sign_differs_in_one_place_and_another_charset_in_its_values_alone() {
        let mut params = Params::new();
        params.push("subject", "担保".as_bytes());
        params.push("sign", b"0123456789abcdef0123456789abcdef");
        for detail in [0, 500, 999] {
            let spoilt = spoil(params.clone(), Charset::Utf8, &[Mishap { kind: Kind::CorruptSign, detail }]);
            let (was, is) = (params.get("sign").unwrap(), spoilt.get("sign").unwrap());
            assert_eq!(was.iter().zip(is).filter(|(was, is)| was != is).count(), 1);
            assert_eq!(spoilt.get("subject"), params.get("subject"));
        }
        let spoilt = spoil(params.clone(), Charset::Utf8, &[Mishap { kind: Kind::WrongCharset, detail: 0 }]);
        assert_eq!(spoilt.get("subject").unwrap(), Charset::Gbk.encode("担保").unwrap().as_ref());
        assert_eq!(spoilt.get("sign"), params.get("sign"));
    }

    #[test]
    fn every_fault_has_a_word_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.as_str()), Some(*kind));
        }
    }
}
