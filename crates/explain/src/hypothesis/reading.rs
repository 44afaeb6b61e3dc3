//! The bytes were cut into parameters in the wrong places, or put together from the wrong pieces.

use std::borrow::Cow;

use super::{Case, Guess, is_covered};
use crate::draft::{Draft, Part};
use crate::escapes::{find, percent_decode};
use crate::mistake::{Kind, Mistake};
use crate::vocabulary::is_known;

/// The address was copied from HTML with its `&amp;`.
pub(super) fn ampersand_escaped<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let escaped = |part: &Part<'_>| part.name.starts_with(b"amp;");
    if !draft.parts.iter().any(escaped) {
        return Vec::new();
    }
    let mut read = draft.clone();
    for part in read.parts_mut() {
        if let Some(name) = part.name.strip_prefix(b"amp;") {
            part.name = Cow::Owned(name.to_vec());
        }
    }
    read.parts_mut().retain(|part| is_covered(&part.name, &part.value));
    vec![(Mistake::new(Kind::AmpersandEscaped), read)]
}

/// Characters that a browser makes of `&not` and the like, and what stood there.
///
/// In UTF-8, in GBK, and as a form in GBK writes what GBK lacks.
const ENTITIES: [(&[u8], &str); 6] = [
    ("¬".as_bytes(), "not"),
    ("¤".as_bytes(), "curren"),
    ("×".as_bytes(), "times"),
    (b"&#172;", "not"),
    (b"\xA1\xE8", "curren"),
    (b"\xA1\xC1", "times"),
];

/// `&notify_url=` stood in HTML unescaped and became `¬ify_url=`.
pub(super) fn entity_in_name<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut read = draft.clone();
    let mut found = Vec::new();
    for part in read.parts_mut() {
        for (character, letters) in ENTITIES {
            let Some(at) = find(&part.value, character) else { continue };
            let rest = part.value[at + character.len()..].to_vec();
            let Some(equals) = rest.iter().position(|&byte| byte == b'=') else { continue };
            let name = [letters.as_bytes(), &rest[..equals]].concat();
            if is_known(&name) {
                found.push(Part {
                    place: part.place,
                    name: name.into(),
                    value: rest[equals + 1..].to_vec().into(),
                });
                part.value = Cow::Owned(part.value[..at].to_vec());
            }
        }
    }
    let Some(first) = found.first() else { return Vec::new() };
    let about = String::from_utf8_lossy(&first.name).into_owned();
    read.parts_mut().extend(found);
    read.parts_mut().retain(|part| is_covered(&part.name, &part.value));
    vec![(Mistake::about(Kind::EntityInName, about), read)]
}

/// One name came several times; frameworks take the first, the last, all, or all joined (protocol.md §1.3).
pub(super) fn repeated_name<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let pairs = &case.message.pairs;
    let is_again = |at: usize| pairs[..at].iter().any(|earlier| earlier.name == pairs[at].name);
    let Some(again) = (0..pairs.len()).find(|&at| is_again(at)) else { return Vec::new() };
    let name = &pairs[again].name;
    let values: Vec<&'c [u8]> =
        pairs.iter().filter(|pair| pair.name == *name).map(|pair| &*pair.value).collect();
    let others = draft.without(|part| *part.name == **name);
    let one = |value: Cow<'c, [u8]>| others.with(again, &**name, value);
    let all = values.iter().fold(others.clone(), |all, value| all.with(again, &**name, *value));
    let ways = [
        one(values[0].into()),
        one(values[values.len() - 1].into()),
        one(values.join(&b","[..]).into()),
        one(values.join(&b", "[..]).into()),
        all,
    ];
    let about = String::from_utf8_lossy(name).into_owned();
    ways.into_iter().map(|way| (Mistake::about(Kind::RepeatedName, about.clone()), way)).collect()
}

/// A value with a query of its own was not encoded, and fell apart at its `&` (protocol.md §10, trap 30).
pub(super) fn ampersand_in_value<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut glued = draft.clone();
    let mut about = None;
    let mut owner: Option<usize> = None;
    for (place, pair) in case.message.pairs.iter().enumerate() {
        if is_known(&pair.name) {
            let may_hold_one = |value: &[u8]| value.contains(&b'?') || find(value, b"://").is_some();
            let next = case.message.pairs.get(place + 1);
            let is_cut = next.is_some_and(|next| next.value.is_empty());
            owner = (may_hold_one(&pair.value) || is_cut).then_some(place);
            continue;
        }
        let Some(whole) =
            owner.and_then(|owner| glued.parts_mut().iter_mut().find(|part| part.place == owner))
        else {
            continue;
        };
        let value = whole.value.to_mut();
        value.push(b'&');
        value.extend_from_slice(&pair.name);
        if !pair.value.is_empty() {
            value.push(b'=');
            value.extend_from_slice(&pair.value);
        }
        about = Some(String::from_utf8_lossy(&whole.name).into_owned());
        glued.parts_mut().retain(|part| part.place != place);
    }
    match about {
        Some(about) => vec![(Mistake::about(Kind::AmpersandInValue, about), glued)],
        None => Vec::new(),
    }
}

/// A `+` was meant and not encoded, and was read as a blank where nobody writes one: twice, at an end, or in an
/// address. Elsewhere it is more likely that the signing side left its own `+` undecoded, which is another mistake.
pub(super) fn plus_in_value<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut read = draft.clone();
    for part in read.parts_mut() {
        let Some(pair) = case.message.pairs.get(part.place) else { continue };
        if pair.raw.contains(&b'+') && *part.value == *pair.value && has_odd_blank(&pair.value) {
            part.value = Cow::Owned(percent_decode(&pair.raw, false));
        }
    }
    let about = super::changed_names(draft, &read);
    if about.is_empty() { Vec::new() } else { vec![(Mistake::about(Kind::PlusInValue, about), read)] }
}

fn has_odd_blank(value: &[u8]) -> bool {
    value.trim_ascii() != value || find(value, b"  ").is_some() || value.contains(&b'@')
}
