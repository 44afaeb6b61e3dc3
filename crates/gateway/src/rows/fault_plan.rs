//! Fault plans, and what they did to which try.

use std::collections::BTreeMap;

use danbao_node::Fault;
use danbao_protocol::ids::{PartnerId, TradeNo};
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::fault_plan::{Kind, Mishap, Plan, Rule};
use crate::rows::notice::{StoredNotice, Thread};
use crate::rows::word;

/// Writes a new plan down under the next number. Numbers are counted from the rows, so that a sandbox that is set up
/// anew numbers them alike.
pub(crate) fn insert(tx: &mut dyn Conn, plan: &Plan) -> Result<Plan, Fault> {
    let plan_id: i64 = tx.query_one("SELECT COALESCE(MAX(plan_id), 0) + 1 FROM fault_plan", &[])?.get(0)?;
    tx.execute(
        "INSERT INTO fault_plan (plan_id, partner, trade_no, seed, begun_at, until_at, met)
         VALUES ($1, $2, $3, $4, $5, $6, 0)",
        &[
            Bind::Int(plan_id),
            Bind::Text(plan.partner.as_str()),
            plan.trade_no.as_ref().map(TradeNo::as_str).into(),
            Bind::Int(plan.seed),
            Bind::Int(plan.begun_at.0),
            Bind::Int(plan.until_at.0),
        ],
    )?;
    for rule in &plan.rules {
        tx.execute(
            "INSERT INTO fault_rule (plan_id, fault, percent, seconds, times, tries) VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                Bind::Int(plan_id),
                Bind::Text(rule.kind.as_str()),
                Bind::Int(rule.percent),
                Bind::Int(rule.seconds),
                Bind::Int(rule.times),
                rule.tries.into(),
            ],
        )?;
    }
    Ok(Plan { plan_id, ..plan.clone() })
}

fn read(row: &Row) -> Result<Plan, Fault> {
    let mut columns = row.reader();
    Ok(Plan {
        plan_id: columns.next()?,
        partner: PartnerId::new(columns.next::<String>()?),
        trade_no: columns.next::<Option<String>>()?.map(TradeNo::new),
        seed: columns.next()?,
        begun_at: Timestamp(columns.next()?),
        until_at: Timestamp(columns.next()?),
        met: columns.next()?,
        rules: Vec::new(),
    })
}

fn with_rules(tx: &mut dyn Conn, plan: Plan) -> Result<Plan, Fault> {
    let rows = tx.query(
        "SELECT fault, percent, seconds, times, tries FROM fault_rule WHERE plan_id = $1",
        &[Bind::Int(plan.plan_id)],
    )?;
    let rule = |row: &Row| -> Result<Rule, Fault> {
        Ok(Rule {
            kind: word(&row.get::<String>(0)?, Kind::from_word)?,
            percent: row.get(1)?,
            seconds: row.get(2)?,
            times: row.get(3)?,
            tries: row.get(4)?,
        })
    };
    let mut rules = rows.iter().map(rule).collect::<Result<Vec<Rule>, Fault>>()?;
    rules.sort_by_key(|rule| rule.kind);
    Ok(Plan { rules, ..plan })
}

/// The plans that hold at an instant.
pub(crate) fn load_running(tx: &mut dyn Conn, now: Timestamp) -> Result<Vec<Plan>, Fault> {
    let sql = "SELECT plan_id, partner, trade_no, seed, begun_at, until_at, met FROM fault_plan
               WHERE until_at > $1 ORDER BY plan_id";
    let plans = tx.query(sql, &[Bind::Int(now.0)])?.iter().map(read).collect::<Result<Vec<Plan>, Fault>>()?;
    plans.into_iter().map(|plan| with_rules(tx, plan)).collect()
}

/// The latest plans, the newest first, of one partner if one is named.
pub(crate) fn load_latest(
    tx: &mut dyn Conn,
    partner: Option<&PartnerId>,
    limit: i64,
) -> Result<Vec<Plan>, Fault> {
    let sql = "SELECT plan_id, partner, trade_no, seed, begun_at, until_at, met FROM fault_plan
               WHERE ($1 = '' OR partner = $1) ORDER BY plan_id DESC LIMIT $2";
    let binds = [Bind::Text(partner.map_or("", PartnerId::as_str)), Bind::Int(limit)];
    let plans = tx.query(sql, &binds)?.iter().map(read).collect::<Result<Vec<Plan>, Fault>>()?;
    plans.into_iter().map(|plan| with_rules(tx, plan)).collect()
}

/// One plan.
pub(crate) fn load(tx: &mut dyn Conn, plan_id: i64) -> Result<Option<Plan>, Fault> {
    let sql =
        "SELECT plan_id, partner, trade_no, seed, begun_at, until_at, met FROM fault_plan WHERE plan_id = $1";
    let plan = tx.query_opt(sql, &[Bind::Int(plan_id)])?.as_ref().map(read).transpose()?;
    plan.map(|plan| with_rules(tx, plan)).transpose()
}

/// Ends a plan, and makes due what its end was waited for.
pub(crate) fn end(tx: &mut dyn Conn, plan_id: i64, now: Timestamp) -> Result<(), Fault> {
    let binds = [Bind::Int(plan_id), Bind::Int(now.0)];
    tx.execute("UPDATE fault_plan SET until_at = $2 WHERE plan_id = $1", &binds)?;
    tx.execute(
        "UPDATE notice SET due_at = $2, begun_anew_at = $2
         WHERE due_at IS NOT NULL AND awaiting = 0 AND attempts = tries_before AND begun_anew_at > $2
           AND EXISTS (SELECT 1 FROM mishap m WHERE m.thread = notice.thread AND m.seq = notice.seq
                       AND m.plan_id = $1)",
        &binds,
    )?;
    // What was put off has its delay written down for a try that has not begun.
    tx.execute(
        "UPDATE notice SET due_at = $2
         WHERE due_at > $2 AND awaiting = 0
           AND EXISTS (SELECT 1 FROM mishap m WHERE m.thread = notice.thread AND m.seq = notice.seq
                       AND m.plan_id = $1 AND m.attempt = notice.attempts + 1
                       AND m.fault IN ('delay', 'reorder'))",
        &binds,
    )?;
    Ok(())
}

/// A notification's place in a plan and its first try there; given to it when the plan meets it.
pub(crate) fn place(
    tx: &mut dyn Conn,
    plan_id: i64,
    notice: &StoredNotice,
    attempt: i64,
) -> Result<(i64, i64), Fault> {
    let key = [Bind::Int(plan_id), Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq)];
    let sql = "SELECT place, first_attempt FROM fault_place WHERE plan_id = $1 AND thread = $2 AND seq = $3";
    if let Some(row) = tx.query_opt(sql, &key)? {
        return Ok((row.get(0)?, row.get(1)?));
    }
    let sql = "UPDATE fault_plan SET met = met + 1 WHERE plan_id = $1 RETURNING met";
    let place: i64 = tx.query_one(sql, &key[..1])?.get(0)?;
    tx.execute(
        "INSERT INTO fault_place (plan_id, thread, seq, place, first_attempt) VALUES ($1, $2, $3, $4, $5)",
        &[key[0], key[1], key[2], Bind::Int(place), Bind::Int(attempt)],
    )?;
    Ok((place, attempt))
}

/// Writes down what happens to a try; what was written before stands.
pub(crate) fn insert_mishap(
    tx: &mut dyn Conn,
    plan_id: i64,
    notice: &StoredNotice,
    attempt: i64,
    mishap: Mishap,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.execute(
        "INSERT INTO mishap (thread, seq, attempt, fault, plan_id, detail, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (thread, seq, attempt, fault) DO NOTHING",
        &[
            Bind::Text(notice.thread.as_str()),
            Bind::Int(notice.seq),
            Bind::Int(attempt),
            Bind::Text(mishap.kind.as_str()),
            Bind::Int(plan_id),
            Bind::Int(mishap.detail),
            Bind::Int(now.0),
        ],
    )?;
    Ok(())
}

fn read_mishap(fault: &str, detail: i64) -> Result<Mishap, Fault> {
    Ok(Mishap { kind: word(fault, Kind::from_word)?, detail })
}

/// What happened to one try.
pub(crate) fn load_mishaps(
    tx: &mut dyn Conn,
    thread: &Thread,
    seq: i64,
    attempt: i64,
) -> Result<Vec<Mishap>, Fault> {
    Ok(load_mishaps_of(tx, thread, seq)?.remove(&attempt).unwrap_or_default())
}

/// What happened to a notification's tries, by their numbers.
pub(crate) fn load_mishaps_of(
    tx: &mut dyn Conn,
    thread: &Thread,
    seq: i64,
) -> Result<BTreeMap<i64, Vec<Mishap>>, Fault> {
    let rows = tx.query(
        "SELECT attempt, fault, detail FROM mishap WHERE thread = $1 AND seq = $2",
        &[Bind::Text(thread.as_str()), Bind::Int(seq)],
    )?;
    let mut found: BTreeMap<i64, Vec<Mishap>> = BTreeMap::new();
    for row in &rows {
        found.entry(row.get(0)?).or_default().push(read_mishap(&row.get::<String>(1)?, row.get(2)?)?);
    }
    for mishaps in found.values_mut() {
        mishaps.sort_by_key(|mishap| mishap.kind);
    }
    Ok(found)
}

/// When the last plan ends, or has ended, that spoiled a try which would have counted; `None` if none has.
pub(crate) fn spoiled_until(tx: &mut dyn Conn, notice: &StoredNotice) -> Result<Option<Timestamp>, Fault> {
    let row = tx.query_one(
        "SELECT MAX(p.until_at) FROM mishap m JOIN fault_plan p ON p.plan_id = m.plan_id
         WHERE m.thread = $1 AND m.seq = $2 AND m.attempt > $3
           AND m.fault IN ('outage', 'drop', 'cut_body', 'corrupt_sign', 'wrong_charset')",
        &[Bind::Text(notice.thread.as_str()), Bind::Int(notice.seq), Bind::Int(notice.tries_before)],
    )?;
    Ok(row.get::<Option<i64>>(0)?.map(Timestamp))
}

/// A line of a plan's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The notification's place in the plan.
    pub(crate) place: i64,
    /// The number of the try under the plan, from 1.
    pub(crate) nth: i64,
    pub(crate) notify_id: String,
    pub(crate) attempt: i64,
    pub(crate) mishap: Mishap,
    pub(crate) at: Timestamp,
}

/// What a plan has done, by the places of the notifications: the same for a run that is repeated, but for ids and times.
pub(crate) fn load_record(tx: &mut dyn Conn, plan_id: i64, limit: i64) -> Result<Vec<Recorded>, Fault> {
    let rows = tx.query(
        "SELECT f.place, m.attempt - f.first_attempt + 1, n.notify_id, m.attempt, m.fault, m.detail, m.at
         FROM mishap m
         JOIN fault_place f ON f.plan_id = m.plan_id AND f.thread = m.thread AND f.seq = m.seq
         JOIN notice n ON n.thread = m.thread AND n.seq = m.seq
         WHERE m.plan_id = $1 ORDER BY f.place, m.attempt, m.at LIMIT $2",
        &[Bind::Int(plan_id), Bind::Int(limit)],
    )?;
    let line = |row: &Row| -> Result<Recorded, Fault> {
        Ok(Recorded {
            place: row.get(0)?,
            nth: row.get(1)?,
            notify_id: row.get(2)?,
            attempt: row.get(3)?,
            mishap: read_mishap(&row.get::<String>(4)?, row.get(5)?)?,
            at: Timestamp(row.get(6)?),
        })
    };
    let mut lines = rows.iter().map(line).collect::<Result<Vec<_>, Fault>>()?;
    // Words sort differently from database to database.
    lines.sort_by_key(|line| (line.place, line.attempt, line.mishap.kind));
    Ok(lines)
}
