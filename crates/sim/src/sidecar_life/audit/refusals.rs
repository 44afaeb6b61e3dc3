//! Refused payment requests: each letter of the gateway's books was kept once and told once, and nothing else was told.

use std::collections::BTreeMap;

use danbao_protocol::params::Params;
use danbao_store::Error;

use super::{Audit, Case, Event, rows};
use crate::sidecar_life::SIDECAR;

/// `out_trade_no` and `error_code`.
type Refusal = (String, String);

/// A letter: what it says, in which second it says so, and whether it was heard of.
struct Letter {
    refusal: Refusal,
    second: i64,
    is_acknowledged: bool,
}

fn count(refusals: impl Iterator<Item = Refusal>) -> BTreeMap<Refusal, u32> {
    let mut counted = BTreeMap::new();
    for refusal in refusals {
        *counted.entry(refusal).or_default() += 1;
    }
    counted
}

fn told(events: &[Event]) -> BTreeMap<Refusal, u32> {
    let told = events.iter().filter(|event| event.kind() == "payment_request.refused");
    count(told.map(|event| (event.text("out_trade_no"), event.text("error_code"))))
}

pub(super) fn audit(audit: &mut Audit, case: &Case<'_>, events: &[Event]) -> Result<(), Error> {
    let letters = letters(case)?;
    let kept = rows(
        &case.disks.sidecar,
        "SELECT notify_id, out_trade_no, error_code, refused_at FROM refusal ORDER BY notify_id",
        |c| Ok((c.next::<String>()?, ((c.next()?, c.next()?), c.next::<i64>()?))),
    )?;
    for (notify_id, (refusal, refused_at)) in &kept {
        audit.mark(format!("refused {}", refusal.1));
        let letter = letters.get(notify_id);
        if letter.is_none_or(|letter| letter.refusal != *refusal || letter.second != refused_at / 1000) {
            audit.find(format!("sidecar: {refusal:?} was kept, which no letter {notify_id} says"));
        }
    }
    let kept_of = |id: &String| kept.iter().any(|(known, _)| known == id);
    let (here, mut lost) = (told(events), told(case.lost));
    let expected = count(kept.iter().map(|(_, (refusal, _))| refusal.clone()));
    if here != expected {
        audit.find(format!("sidecar: refusals {expected:?} were kept, told were {here:?}"));
    }
    for (id, letter) in letters.iter().filter(|(id, letter)| letter.is_acknowledged && !kept_of(id)) {
        // It may have been heard of in a history that is lost.
        match lost.get_mut(&letter.refusal).filter(|times| **times > 0) {
            Some(times) => *times -= 1,
            None => audit
                .find(format!("sidecar: letter {id} about {:?} was heard, and forgotten", letter.refusal)),
        }
    }
    Ok(())
}

/// All letters about payment requests of the sidecar, by `notify_id`.
fn letters(case: &Case<'_>) -> Result<BTreeMap<String, Letter>, Error> {
    let read = rows(
        &case.disks.gateway,
        "SELECT notify_id, notify_url, letter, first_sent_at, acknowledged_at FROM notice WHERE letter IS NOT NULL",
        |c| {
            let (notify_id, url): (String, String) = (c.next()?, c.next()?);
            let params = Params::parse_urlencoded(c.next::<&[u8]>()?).unwrap_or_default();
            let word =
                |name: &str| String::from_utf8_lossy(params.get(name).unwrap_or_default()).into_owned();
            let refusal = (word("out_trade_no"), word("error_code"));
            let second = c.next::<Option<i64>>()?.unwrap_or(0) / 1000;
            let is_acknowledged = c.next::<Option<i64>>()?.is_some();
            Ok((notify_id, url, Letter { refusal, second, is_acknowledged }))
        },
    )?;
    let ours = format!("http://{SIDECAR}/pay/error_notify");
    let read = read.into_iter().filter(|(_, url, _)| *url == ours);
    Ok(read.map(|(id, _, letter)| (id, letter)).collect())
}
