//! By some rule, too many or too few of the parameters were signed.

use super::{Case, Guess};
use crate::draft::Draft;
use crate::mistake::{Kind, Mistake};
use crate::vocabulary::{CHARSETS, is_known};

/// The merchant's own parameters are in the query of its page and were not signed by the gateway (protocol.md §2.3).
pub(super) fn own_parameters<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let own: Vec<String> = draft
        .parts
        .iter()
        .filter(|part| !is_known(&part.name))
        .map(|part| String::from_utf8_lossy(&part.name).into_owned())
        .collect();
    if own.is_empty() {
        return Vec::new();
    }
    let rest = draft.without(|part| !is_known(&part.name));
    vec![(Mistake::about(Kind::OwnParameters, own.join(", ")), rest)]
}

/// Trap 5 of protocol.md §10.
pub(super) fn sign_type_signed<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let place = case.message.pairs.iter().position(|pair| pair.name == b"sign_type");
    let value = place.map_or(&b"MD5"[..], |place| &case.message.pairs[place].value);
    if value.is_empty() || draft.has(b"sign_type") {
        return Vec::new();
    }
    let more = draft.with(place.unwrap_or(case.end()), &b"sign_type"[..], value);
    vec![(Mistake::about(Kind::SignTypeSigned, "sign_type"), more)]
}

pub(super) fn sign_signed<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let place = case.message.pairs.iter().position(|pair| pair.name == b"sign").unwrap_or(case.end());
    let value = case.message.get("sign").unwrap_or_default();
    let values = if value.is_empty() { vec![&b""[..]] } else { vec![b"", value] };
    let with = |value| (Mistake::about(Kind::SignSigned, "sign"), draft.with(place, &b"sign"[..], value));
    values.into_iter().map(with).collect()
}

/// Trap 4 of protocol.md §10.
pub(super) fn empty_signed<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let empty: Vec<(usize, &'c [u8])> = case
        .message
        .pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| pair.value.is_empty() && pair.name != b"sign" && pair.name != b"sign_type")
        .map(|(place, pair)| (place, &*pair.name))
        .collect();
    if empty.is_empty() {
        return Vec::new();
    }
    let about: Vec<_> = empty.iter().map(|(_, name)| String::from_utf8_lossy(name)).collect();
    let about = about.join(", ");
    let with = |value: &'static [u8]| {
        let more = empty.iter().fold(draft.clone(), |more, (place, name)| more.with(*place, *name, value));
        (Mistake::about(Kind::EmptySigned, about.clone()), more)
    };
    vec![with(b""), with(b"null")]
}

pub(super) fn charset_unsigned<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if !draft.has(b"_input_charset") {
        return Vec::new();
    }
    let fewer = draft.without(|part| *part.name == *b"_input_charset");
    vec![(Mistake::about(Kind::CharsetUnsigned, "_input_charset"), fewer)]
}

pub(super) fn charset_not_sent<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if draft.has(b"_input_charset") {
        return Vec::new();
    }
    let with = |label: &&'static str| {
        let more = draft.with(case.end(), &b"_input_charset"[..], label.as_bytes());
        (Mistake::about(Kind::CharsetNotSent, format!("_input_charset={label}")), more)
    };
    CHARSETS.iter().map(with).collect()
}

/// `key=...` among the parameters: alone, or with the key appended as well.
pub(super) fn key_among_parameters<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if draft.has(b"key") || !draft.key.is_after {
        return Vec::new();
    }
    let more = draft.with(case.end(), &b"key"[..], draft.key.key.clone());
    let alone = more.keyed(|key| key.is_after = false);
    [alone, more].into_iter().map(|way| (Mistake::new(Kind::KeyAmongParameters), way)).collect()
}
