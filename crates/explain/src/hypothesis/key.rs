//! The key was another one, or stood in another place; and other ways to make a digest.

use super::{Case, Guess};
use crate::claim::{Recipe, md5_hex};
use crate::draft::Draft;
use crate::mistake::{Kind, Mistake};

/// What sticks to keys and cannot be seen.
const BLANKS: [&str; 6] = [" ", "\t", "\u{A0}", "\u{3000}", "\u{200B}", "  "];

fn with_key<'c>(draft: &Draft<'c>, kind: Kind, about: &str, key: Vec<u8>) -> Option<Guess<'c>> {
    let differs = key != draft.key.key;
    differs.then(|| (Mistake::about(kind, about), draft.keyed(|place| place.key = key)))
}

/// What stuck to the key given here is not a part of the real one.
pub(super) fn given_padded<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let given = &draft.key.key;
    let Ok(text) = std::str::from_utf8(given) else { return Vec::new() };
    let is_stuck = |c: char| c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}' | '"' | '\'');
    let ends = text.trim_matches(is_stuck).as_bytes().to_vec();
    let everywhere: String = text.chars().filter(|c| !is_stuck(*c)).collect();
    let mut guesses: Vec<Guess<'c>> = with_key(draft, Kind::KeyGivenPadded, "", ends).into_iter().collect();
    if everywhere.len() != text.trim_matches(is_stuck).len() {
        guesses.extend(with_key(draft, Kind::KeyGivenPadded, "", everywhere.into_bytes()));
    }
    guesses
}

pub(super) fn blanks<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let key = &draft.key.key;
    let mut guesses = Vec::new();
    for blank in BLANKS {
        let b = blank.as_bytes();
        let codes: Vec<String> = blank.chars().map(|c| format!("U+{:04X}", u32::from(c))).collect();
        let about = codes.join(" ");
        for padded in [[key, b].concat(), [b, key].concat(), [b, key, b].concat()] {
            guesses.extend(with_key(draft, Kind::KeyBlank, &about, padded));
        }
    }
    guesses
}

pub(super) fn line_ends<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const BOM: &[u8] = b"\xEF\xBB\xBF";
    let key = &draft.key.key;
    [
        (Kind::KeyLineEnd, "\\n", [key, &b"\n"[..]].concat()),
        (Kind::KeyLineEnd, "\\r\\n", [key, &b"\r\n"[..]].concat()),
        (Kind::KeyLineEnd, "\\r", [key, &b"\r"[..]].concat()),
        (Kind::KeyBom, "", [BOM, key].concat()),
        (Kind::KeyBom, "\\n", [BOM, key, b"\n"].concat()),
        (Kind::KeyBom, "\\r\\n", [BOM, key, b"\r\n"].concat()),
        (Kind::KeyBom, "FF FE", [b"\xFF\xFE", &key[..]].concat()),
    ]
    .into_iter()
    .filter_map(|(kind, about, key)| with_key(draft, kind, about, key))
    .collect()
}

/// Partner and key were swapped, or the partner's number was filled in twice.
pub(super) fn partner<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    case.partners
        .iter()
        .filter_map(|partner| with_key(draft, Kind::KeyIsPartner, "partner", partner.to_vec()))
        .collect()
}

pub(super) fn pasted<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let key = &draft.key.key;
    let cut = |from: usize, to: usize| key.get(from..to.max(from)).unwrap_or(b"").to_vec();
    [
        (Kind::KeyQuoted, "\"", [b"\"", &key[..], b"\""].concat()),
        (Kind::KeyQuoted, "'", [b"'", &key[..], b"'"].concat()),
        (Kind::KeyCase, "A-Z", key.to_ascii_uppercase()),
        (Kind::KeyCase, "a-z", key.to_ascii_lowercase()),
        (Kind::KeyCut, "1", cut(1, key.len())),
        (Kind::KeyCut, "32", cut(0, key.len().saturating_sub(1))),
        (Kind::KeyHashed, "MD5", md5_hex(key, b"").into_bytes()),
    ]
    .into_iter()
    .filter_map(|(kind, about, key)| with_key(draft, kind, about, key))
    .collect()
}

pub(super) fn place<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if !draft.key.is_after || draft.key.is_before || !draft.key.separator.is_empty() {
        return Vec::new();
    }
    let put = |kind, about: &str, is_before, is_after, separator| {
        let changed = draft.keyed(|key| {
            key.is_before = is_before;
            key.is_after = is_after;
            key.separator = separator;
        });
        (Mistake::about(kind, about), changed)
    };
    vec![
        put(Kind::KeyMissing, "", false, false, ""),
        put(Kind::KeyBefore, "", true, false, ""),
        put(Kind::KeyBefore, "&", true, false, "&"),
        put(Kind::KeyBefore, "...", true, true, ""),
        put(Kind::KeySeparated, "&key=", false, true, "&key="),
        put(Kind::KeySeparated, "key=", false, true, "key="),
        put(Kind::KeySeparated, "=", false, true, "="),
        put(Kind::KeySeparated, " ", false, true, " "),
    ]
}

/// One character that looks like another: the key was typed from paper or from a picture.
pub(super) fn typed<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const ALIKE: [(u8, u8); 8] = [
        (b'0', b'o'),
        (b'1', b'l'),
        (b'1', b'i'),
        (b'l', b'i'),
        (b'5', b's'),
        (b'2', b'z'),
        (b'8', b'b'),
        (b'9', b'g'),
    ];
    let key = &draft.key.key;
    let mut guesses = Vec::new();
    for (at, &byte) in key.iter().enumerate().take(64) {
        for (a, b) in ALIKE {
            let other = if byte == a {
                b
            } else if byte == b {
                a
            } else {
                continue;
            };
            let mut typed = key.clone();
            typed[at] = other;
            guesses.extend(with_key(draft, Kind::KeyTyped, &format!("{}", at + 1), typed));
        }
    }
    guesses
}

pub(super) fn recipes<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    [(Recipe::Hmac, "HMAC"), (Recipe::Twice, "MD5(MD5)"), (Recipe::Utf16, "UTF-16")]
        .into_iter()
        .map(|(recipe, about)| (Mistake::about(Kind::OtherDigest, about), Draft { recipe, ..draft.clone() }))
        .collect()
}
