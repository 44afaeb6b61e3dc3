//! One parameter was added, lost or changed between signing and here.

use std::borrow::Cow;

use super::values::{self, Change};
use super::{Case, Guess};
use crate::draft::Draft;
use crate::mistake::{Kind, Mistake};
use crate::vocabulary::{CHARSETS, USUAL};

/// Each parameter is left out in turn.
pub(super) fn parameter_added<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let without = |at: usize| {
        let mut fewer = draft.clone();
        let part = fewer.parts_mut().remove(at);
        (Mistake::about(Kind::ParameterAdded, String::from_utf8_lossy(&part.name)), fewer)
    };
    (0..draft.parts.len()).map(without).collect()
}

/// Parameters that nearly always have one of a few values, and those that the message itself tells: the seller is
/// often the partner, `total_fee` often the price.
pub(super) fn parameter_dropped<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let usual =
        USUAL.iter().flat_map(|(name, values)| values.iter().map(move |value| (*name, value.as_bytes())));
    let ids = case.partners.iter().flat_map(|id| [("partner", *id), ("seller_id", *id)]);
    let value =
        |name: &[u8]| draft.parts.iter().find(|part| *part.name == *name).map(|part| part.value.to_vec());
    let amounts = [("price", value(b"total_fee")), ("total_fee", value(b"price"))];
    let mut guesses: Vec<Guess<'c>> = Vec::new();
    let mut add = |name: &'static str, value: Cow<'c, [u8]>| {
        if !draft.has(name.as_bytes()) {
            let about = format!("{name}={}", String::from_utf8_lossy(&value));
            let more = draft.with(case.end(), name.as_bytes(), value);
            guesses.push((Mistake::about(Kind::ParameterDropped, about), more));
        }
    };
    usual.chain(ids).for_each(|(name, value)| add(name, Cow::Borrowed(value)));
    for (name, value) in amounts {
        if let Some(value) = value {
            add(name, Cow::Owned(value));
        }
    }
    guesses
}

/// Each value is changed in turn, in every way in which that changes it.
pub(super) fn value_altered<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut guesses = Vec::new();
    for (at, part) in draft.parts.iter().enumerate() {
        let mut seen: Vec<Vec<u8>> = vec![part.value.to_vec()];
        let mut try_value = |kind: Kind, value: Vec<u8>, says: bool| {
            if seen.contains(&value) {
                return;
            }
            let name = String::from_utf8_lossy(&part.name);
            let about = match says {
                true => format!("{name}={}", String::from_utf8_lossy(&value)),
                false => name.into_owned(),
            };
            let mut changed = draft.clone();
            changed.parts_mut()[at].value = Cow::Owned(value.clone());
            seen.push(value);
            guesses.push((Mistake::about(kind, about), changed));
        };
        for &(kind, change) in values::CHANGES {
            try_value(kind, change(&part.name, &part.value), false);
        }
        for (kind, value) in super::charset::one_value(case, &part.value) {
            try_value(kind, value, false);
        }
        for &(kind, change) in ALTERATIONS {
            try_value(kind, change(&part.name, &part.value), true);
        }
        let usual =
            USUAL.iter().filter(|(name, _)| name.as_bytes() == &*part.name).flat_map(|(_, values)| *values);
        let labels = CHARSETS.iter().filter(|_| *part.name == *b"_input_charset");
        for value in usual.chain(labels) {
            try_value(Kind::ValueAltered, value.as_bytes().to_vec(), true);
        }
    }
    guesses
}

/// What is done to single values and hardly to all.
const ALTERATIONS: &[(Kind, Change)] = &[
    (Kind::ValueAltered, |_, value| [value, b" "].concat()),
    (Kind::ValueAltered, |_, value| [b" ", value].concat()),
    (Kind::ValueAltered, |_, value| [value, b"\n"].concat()),
    (Kind::ValueAltered, |_, value| [value, b"\r\n"].concat()),
    (Kind::ValueAltered, |_, value| value.iter().copied().filter(|byte| *byte != b' ').collect()),
    (Kind::ValueAltered, |_, value| without_tags(value)),
    (Kind::ValueAltered, |_, value| without_query(value)),
    (Kind::ValueAltered, |_, value| scheme(value, b"http://", b"https://")),
    (Kind::ValueAltered, |_, value| scheme(value, b"https://", b"http://")),
    (Kind::ValueAltered, |_, value| match value {
        [rest @ .., b'/'] => rest.to_vec(),
        _ if value.starts_with(b"http") => [value, b"/"].concat(),
        _ => value.to_vec(),
    }),
];

/// What stands between `<` and `>` is taken out, as input filters do.
fn without_tags(value: &[u8]) -> Vec<u8> {
    let mut is_tag = false;
    let mut out = Vec::with_capacity(value.len());
    for &byte in value {
        match byte {
            b'<' => is_tag = true,
            b'>' if is_tag => is_tag = false,
            _ if !is_tag => out.push(byte),
            _ => {}
        }
    }
    out
}

fn without_query(value: &[u8]) -> Vec<u8> {
    let is_address = value.starts_with(b"http");
    match value.iter().position(|&byte| byte == b'?') {
        Some(at) if is_address => value[..at].to_vec(),
        _ => value.to_vec(),
    }
}

fn scheme(value: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match value.strip_prefix(from) {
        Some(rest) => [to, rest].concat(),
        None => value.to_vec(),
    }
}
