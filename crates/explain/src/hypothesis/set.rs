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

/// PHP's `empty("0")` is true, and so is `0 == ""`.
pub(super) fn zero_unsigned<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let is_plain = |value: &[u8]| value == b"0";
    let is_any = |value: &[u8]| {
        value.contains(&b'0')
            && value.iter().all(|byte| matches!(byte, b'0' | b'.'))
            && value.first() == Some(&b'0')
    };
    let left_out = |is_zero: fn(&[u8]) -> bool| {
        let zeros = draft.parts.iter().filter(|part| is_zero(&part.value));
        let about: Vec<_> = zeros.map(|part| String::from_utf8_lossy(&part.name)).collect();
        let mistake = (!about.is_empty()).then(|| Mistake::about(Kind::ZeroUnsigned, about.join(", ")));
        mistake.map(|mistake| (mistake, draft.without(|part| is_zero(&part.value))))
    };
    let mut ways: Vec<Guess<'c>> = left_out(is_plain).into_iter().collect();
    ways.extend(
        left_out(is_any)
            .filter(|(_, way)| ways.iter().all(|(_, known)| known.parts.len() != way.parts.len())),
    );
    ways
}

/// Signed under the names that a settings file, a column or a class has for them.
pub(super) fn names<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let renamed = |about: &str, change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let mut changed = draft.clone();
        let mut differs = false;
        for part in changed.parts_mut() {
            let name = change(&part.name);
            if name != *part.name {
                part.name = name.into();
                differs = true;
            }
        }
        differs.then(|| (Mistake::about(Kind::NameAltered, about), changed))
    };
    let charset = |to: &'static [u8]| {
        move |name: &[u8]| if name == b"_input_charset" { to.to_vec() } else { name.to_vec() }
    };
    [
        renamed("input_charset", &charset(b"input_charset")),
        renamed("charset", &charset(b"charset")),
        renamed("A-Z", &<[u8]>::to_ascii_uppercase),
        renamed("outTradeNo", &camel_case),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn camel_case(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut is_up = false;
    for &byte in name {
        match byte {
            b'_' => is_up = !out.is_empty(),
            _ if is_up => {
                out.push(byte.to_ascii_uppercase());
                is_up = false;
            }
            _ => out.push(byte),
        }
    }
    out
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
    // As PHP, Java, Python and JavaScript print what is not there.
    [&b""[..], b"null", b"NULL", b"None", b"undefined"].into_iter().map(with).collect()
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
