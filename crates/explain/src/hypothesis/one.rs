//! One parameter was added, lost or changed between signing and here.

use std::borrow::Cow;

use danbao_protocol::time::Timestamp;

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

/// Values of one sort, which are easily filled in in each other's place.
const SORTS: &[&[&str]] = &[
    &["notify_url", "return_url", "show_url", "error_notify_url"],
    &["price", "total_fee", "discount", "logistics_fee"],
    &["partner", "seller_id", "buyer_id"],
    &["seller_email", "buyer_email"],
    &["out_trade_no", "trade_no"],
    &["subject", "body"],
    &["logistics_type", "logistics_payment"],
    &["receive_name", "receive_address", "receive_zip", "receive_phone", "receive_mobile"],
];

pub(super) fn values_swapped<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut guesses = Vec::new();
    for sort in SORTS {
        let at = |name: &&str| draft.parts.iter().position(|part| *part.name == *name.as_bytes());
        let there: Vec<(usize, &str)> = sort.iter().filter_map(|name| Some((at(name)?, *name))).collect();
        for (count, (one, name)) in there.iter().enumerate() {
            for (other, other_name) in &there[count + 1..] {
                if draft.parts[*one].value == draft.parts[*other].value {
                    continue;
                }
                let mut changed = draft.clone();
                let parts = changed.parts_mut();
                let value = std::mem::take(&mut parts[*one].value);
                parts[*one].value = std::mem::replace(&mut parts[*other].value, value);
                guesses.push((Mistake::about(Kind::ValuesSwapped, format!("{name}, {other_name}")), changed));
            }
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
    (Kind::ValueAltered, |_, value| half_width(value)),
    (Kind::ValueAltered, |_, value| without_astral(value)),
    (Kind::ValueAltered, |_, value| seconds_later(value, -1)),
    (Kind::ValueAltered, |_, value| seconds_later(value, 1)),
    (Kind::ValueAltered, |_, value| seconds_later(value, -2)),
    (Kind::ValueAltered, |_, value| seconds_later(value, 2)),
    (Kind::ValueAltered, |_, value| scheme(value, b"http://www.", b"http://")),
    (Kind::ValueAltered, |_, value| match value.starts_with(b"http://www.") {
        true => value.to_vec(),
        false => scheme(value, b"http://", b"http://www."),
    }),
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

/// Full-width letters, digits and marks as their ASCII counterparts, which input methods mix up.
fn half_width(value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return value.to_vec() };
    let narrow = |character: char| match character {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(character) - 0xFEE0).unwrap_or(character),
        _ => character,
    };
    text.chars().map(narrow).collect::<String>().into_bytes()
}

/// Without the characters of four bytes, which MySQL's `utf8` does not keep.
fn without_astral(value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return value.to_vec() };
    text.chars().filter(|character| character.len_utf8() < 4).collect::<String>().into_bytes()
}

/// A time, or a number that is one, as a clock shows it that was read once more: `2012-01-05 13:05:33`,
/// `20120105130533`.
fn seconds_later(value: &[u8], seconds: i64) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return value.to_vec() };
    let is_number = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    let written = match is_number {
        true => {
            let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]];
            format!("{year}-{month}-{day} {}:{}:{}", &text[8..10], &text[10..12], &text[12..])
        }
        false => text.to_owned(),
    };
    let Some(later) = Timestamp::parse_wire(&written).and_then(|time| time.0.checked_add(seconds * 1000))
    else {
        return value.to_vec();
    };
    let mut later = Timestamp(later).wire();
    if is_number {
        later.retain(|character| character.is_ascii_digit());
    }
    later.into_bytes()
}
