//! 3 A and 3 C: which of the two judgements fails, sign against mysign or responseTxt, and what a repetition meets.

use danbao_protocol::service::notify_verify::Verdict as Answered;

use super::answer::{is_acknowledged, is_refused};
use crate::Facts;
use crate::finding::{About, Lack, Verdict};
use crate::probe::ProbeId;
use crate::stand_in::Asked;

const NO_STAND_IN: Verdict = Verdict::NotLooked(Lack::Option("--gateway"));

/// How far a genuine test notification came before it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It was not refused.
    None,
    /// Nobody can say.
    Unknown(Lack),
    /// There is no stand-in gateway, so that the shop asked elsewhere or not at all.
    Blind,
    /// The stand-in was not asked.
    Unasked,
    /// It was asked, wrongly.
    AskedWrongly,
    /// It was asked and said that the message is genuine.
    AfterTrue,
}

pub(super) fn refusal(facts: &Facts) -> Refusal {
    let plain = ProbeId::Plain;
    if facts.settings.signing_key().is_none() {
        return Refusal::Unknown(Lack::Option("--key-file"));
    }
    if facts.answer(plain).is_none() {
        return Refusal::Unknown(Lack::Answer);
    }
    if !is_refused(facts, plain) {
        return Refusal::None;
    }
    let Some(asked) = &facts.asked else { return Refusal::Blind };
    let id = facts.notify_ids.get(&plain);
    let mut mine = asked.iter().filter(|asked| asked.notify_id.as_ref() == id);
    if mine.any(|asked| asked.verdict == Answered::True) {
        return Refusal::AfterTrue;
    }
    if asked.iter().any(|asked| is_wrong(facts, asked)) { Refusal::AskedWrongly } else { Refusal::Unasked }
}

/// A question that no genuine message leads to.
fn is_wrong(facts: &Facts, asked: &Asked) -> bool {
    let partner = facts.settings.partner.as_deref().map(str::trim);
    let is_known =
        asked.notify_id.as_ref().is_some_and(|id| facts.notify_ids.values().any(|known| known == id));
    !is_known || partner.is_some_and(|partner| asked.partner.as_deref() != Some(partner))
}

fn signed_answer(facts: &Facts, probe: ProbeId) -> Result<(), Verdict> {
    match (facts.settings.signing_key(), facts.answer(probe)) {
        (None, _) => Err(Verdict::NotLooked(Lack::Option("--key-file"))),
        (_, None) => Err(Verdict::NotLooked(Lack::Answer)),
        _ => Ok(()),
    }
}

pub(super) fn forged_believed(facts: &Facts) -> Verdict {
    match signed_answer(facts, ProbeId::Forged) {
        Err(verdict) => verdict,
        Ok(()) => Verdict::if_so(is_acknowledged(facts, ProbeId::Forged)),
    }
}

pub(super) fn disowned_believed(facts: &Facts) -> Verdict {
    if facts.asked.is_none() {
        return NO_STAND_IN;
    }
    match signed_answer(facts, ProbeId::Disowned) {
        Err(verdict) => verdict,
        // Who asks nobody is another check's matter.
        Ok(()) => Verdict::if_so(is_acknowledged(facts, ProbeId::Disowned) && was_asked(facts)),
    }
}

/// About a notification, that is; a page return may be looked after better.
fn was_asked(facts: &Facts) -> bool {
    let of_return = facts.notify_ids.get(&ProbeId::ReturnSigned);
    facts.asked.iter().flatten().any(|asked| of_return.is_none() || asked.notify_id.as_ref() != of_return)
}

/// Believed without a question.
pub(super) fn never_asked(facts: &Facts) -> Verdict {
    if facts.asked.is_none() {
        return NO_STAND_IN;
    }
    match signed_answer(facts, ProbeId::Plain) {
        Err(verdict) => verdict,
        Ok(()) => Verdict::if_so(is_acknowledged(facts, ProbeId::Plain) && !was_asked(facts)),
    }
}

pub(super) fn asked_nobody(facts: &Facts) -> Verdict {
    match refusal(facts) {
        Refusal::Unknown(lack) => Verdict::NotLooked(lack),
        Refusal::Blind => NO_STAND_IN,
        refusal => Verdict::if_so(refusal == Refusal::Unasked),
    }
}

pub(super) fn asked_wrongly(facts: &Facts) -> Verdict {
    let Some(asked) = &facts.asked else { return NO_STAND_IN };
    if asked.is_empty() {
        return Verdict::NotLooked(Lack::Occasion);
    }
    let Some(wrong) = asked.iter().find(|asked| is_wrong(facts, asked)) else { return Verdict::Fine };
    let (partner, id) = (wrong.shown_partner().unwrap_or("-"), wrong.shown_notify_id().unwrap_or("-"));
    let said = format!("partner={partner} notify_id={id}");
    Verdict::of(vec![About::Text(said)])
}

pub(super) fn cannot_tell(facts: &Facts) -> Verdict {
    match refusal(facts) {
        Refusal::Unknown(lack) => Verdict::NotLooked(lack),
        refusal => Verdict::if_so(refusal == Refusal::Blind),
    }
}

/// The gateway's answer to a question about nothing: one of its three words.
pub(super) fn gateway_answer(facts: &Facts) -> Verdict {
    match facts.answer(ProbeId::GatewayAsked) {
        None => Verdict::NotLooked(Lack::Option("--gateway-url")),
        Some(response) => match Answered::parse(response.body()) {
            Some(Answered::False | Answered::Invalid) => Verdict::Fine,
            _ => Verdict::shown(response.status().as_u16().to_string(), response.body()),
        },
    }
}

/// A message that was acknowledged must be acknowledged again: it was not heard the first time.
pub(super) fn repeat_refused(facts: &Facts) -> Verdict {
    match signed_answer(facts, ProbeId::Repeat) {
        Err(verdict) => verdict,
        Ok(()) if !is_acknowledged(facts, ProbeId::Plain) => Verdict::NotLooked(match facts.settings.order {
            None => Lack::Option("--order"),
            Some(_) => Lack::Occasion,
        }),
        Ok(()) => Verdict::if_so(!is_acknowledged(facts, ProbeId::Repeat)),
    }
}
