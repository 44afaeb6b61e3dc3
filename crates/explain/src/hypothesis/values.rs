//! All values were written in another way when they were signed.

use super::{Case, Guess, changed_names};
use crate::draft::Draft;
use crate::escapes::{
    STYLES, add_slashes, html_escape, html_unescape, percent_decode, percent_encode, replace, strip_slashes,
};
use crate::mistake::{Kind, Mistake};
use crate::vocabulary::is_number;

/// From name and value to another value.
pub(super) type Change = fn(&[u8], &[u8]) -> Vec<u8>;

/// Every change of this module that also befalls single values.
pub(super) const CHANGES: &[(Kind, Change)] = &[
    (Kind::Trimmed, |_, value| value.trim_ascii().to_vec()),
    (Kind::BlankForm, blank_to_plus),
    (Kind::BlankForm, blank_to_escape),
    (Kind::BlankForm, plus_to_blank),
    (Kind::PercentEncoded, |_, value| percent_encode(value, &STYLES[0])),
    (Kind::PercentEncoded, |_, value| percent_encode(value, &STYLES[1])),
    (Kind::PercentEncoded, |_, value| percent_encode(value, &STYLES[3])),
    (Kind::DecodedAgain, |_, value| percent_decode(value, true)),
    (Kind::DecodedAgain, |_, value| percent_decode(value, false)),
    (Kind::HtmlEscaped, |_, value| html_escape(value, "'")),
    (Kind::HtmlEscaped, |_, value| html_escape(value, "&#039;")),
    (Kind::HtmlEscaped, |_, value| html_escape(value, "&#39;")),
    (Kind::HtmlUnescaped, |_, value| html_unescape(value)),
    (Kind::SlashesAdded, |_, value| add_slashes(value)),
    (Kind::SlashesStripped, |_, value| strip_slashes(value)),
    (Kind::JsonEscaped, json_slashes),
    (Kind::JsonEscaped, json_escape),
    (Kind::LineEnds, to_unix),
    (Kind::LineEnds, to_windows),
    (Kind::LineEnds, to_blank),
    (Kind::LineEnds, |_, value| replace(value, b"\n", b"<br />\n")),
    (Kind::LineEnds, |_, value| replace(&to_unix(b"", value), b"\n", b"<br>")),
    (Kind::NumberRewritten, |name, value| decimals(name, value, 2)),
    (Kind::NumberRewritten, |name, value| decimals(name, value, 0)),
    (Kind::NumberRewritten, |name, value| decimals(name, value, 1)),
    (Kind::NumberRewritten, |name, value| decimals(name, value, 4)),
    (Kind::NumberRewritten, |name, value| decimals(name, value, 6)),
    (Kind::NumberRewritten, without_leading_zero),
    (Kind::NumberRewritten, in_thousands),
    (Kind::NumberRewritten, with_comma),
    (Kind::NumberRewritten, in_fen),
    (Kind::NumberRewritten, in_yuan),
    (Kind::LetterCase, |_, value| value.to_ascii_lowercase()),
    (Kind::LetterCase, |_, value| value.to_ascii_uppercase()),
];

/// The ways to change all values, without those that change nothing or what another has done.
fn all_values<'c>(draft: &Draft<'c>, kind: Kind, changes: &[Change]) -> Vec<Guess<'c>> {
    let mut guesses: Vec<Guess<'c>> = Vec::with_capacity(changes.len());
    for change in changes {
        let mut changed = draft.clone();
        let mut differs = false;
        for part in changed.parts_mut() {
            let value = change(&part.name, &part.value);
            if value != *part.value {
                part.value = value.into();
                differs = true;
            }
        }
        let same = |(_, other): &Guess<'c>| {
            other.parts.iter().zip(&*changed.parts).all(|(other, changed)| other.value == changed.value)
        };
        if differs && !guesses.iter().any(same) {
            guesses.push((Mistake::about(kind, changed_names(draft, &changed)), changed));
        }
    }
    guesses
}

pub(super) fn blank_form<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    all_values(draft, Kind::BlankForm, &[blank_to_plus, blank_to_escape, plus_to_blank])
}

pub(super) fn percent_encoded<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 6] = [
        |_, value| percent_encode(value, &STYLES[0]),
        |_, value| percent_encode(value, &STYLES[1]),
        |_, value| percent_encode(value, &STYLES[2]),
        |_, value| percent_encode(value, &STYLES[3]),
        |_, value| percent_encode(value, &STYLES[4]),
        |_, value| percent_encode(value, &STYLES[5]),
    ];
    all_values(draft, Kind::PercentEncoded, &CHANGES)
}

pub(super) fn percent_encoded_twice<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 4] = [
        |_, value| percent_encode(&percent_encode(value, &STYLES[0]), &STYLES[0]),
        |_, value| percent_encode(&percent_encode(value, &STYLES[1]), &STYLES[1]),
        |_, value| percent_encode(&percent_encode(value, &STYLES[3]), &STYLES[3]),
        |_, value| percent_encode(&percent_encode(value, &STYLES[5]), &STYLES[5]),
    ];
    all_values(draft, Kind::PercentEncodedTwice, &CHANGES)
}

pub(super) fn decoded_again<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 3] = [
        |_, value| percent_decode(value, true),
        |_, value| percent_decode(value, false),
        |_, value| percent_decode(&percent_decode(value, true), true),
    ];
    all_values(draft, Kind::DecodedAgain, &CHANGES)
}

pub(super) fn html_escaped<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 4] = [
        |_, value| html_escape(value, "'"),
        |_, value| html_escape(value, "&#039;"),
        |_, value| html_escape(value, "&#39;"),
        |_, value| replace(value, b"&", b"&amp;"),
    ];
    all_values(draft, Kind::HtmlEscaped, &CHANGES)
}

pub(super) fn html_unescaped<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    all_values(draft, Kind::HtmlUnescaped, &[|_, value| html_unescape(value)])
}

/// Trap 8 of protocol.md §10.
pub(super) fn slashes<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut guesses = all_values(draft, Kind::SlashesStripped, &[|_, value| strip_slashes(value)]);
    guesses.extend(all_values(draft, Kind::SlashesAdded, &[|_, value| add_slashes(value)]));
    guesses
}

pub(super) fn json_escaped<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 3] =
        [json_slashes, json_escape, |name, value| replace(&json_escape(name, value), b"\\/", b"/")];
    all_values(draft, Kind::JsonEscaped, &CHANGES)
}

pub(super) fn trimmed<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    all_values(draft, Kind::Trimmed, &[|_, value| value.trim_ascii().to_vec()])
}

pub(super) fn line_ends<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    all_values(draft, Kind::LineEnds, &[to_unix, to_windows, to_blank])
}

pub(super) fn numbers<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 14] = [
        |name, value| decimals(name, value, 2),
        |name, value| decimals(name, value, 0),
        |name, value| decimals(name, value, 1),
        // Money columns have four digits, and printf has six.
        |name, value| decimals(name, value, 4),
        |name, value| decimals(name, value, 6),
        |name, value| amounts_alone(name, value, 2),
        |name, value| amounts_alone(name, value, 1),
        |name, value| amounts_alone(name, value, 4),
        |name, value| amounts_alone(name, value, 6),
        without_leading_zero,
        in_thousands,
        with_comma,
        in_fen,
        in_yuan,
    ];
    all_values(draft, Kind::NumberRewritten, &CHANGES)
}

pub(super) fn letter_case<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const CHANGES: [Change; 2] =
        [|_, value| value.to_ascii_lowercase(), |_, value| value.to_ascii_uppercase()];
    all_values(draft, Kind::LetterCase, &CHANGES)
}

fn blank_to_plus(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(value, b" ", b"+")
}

fn blank_to_escape(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(value, b" ", b"%20")
}

fn plus_to_blank(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(value, b"+", b" ")
}

fn to_unix(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(value, b"\r\n", b"\n")
}

fn to_windows(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(&replace(value, b"\r\n", b"\n"), b"\n", b"\r\n")
}

fn to_blank(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(&replace(value, b"\r\n", b" "), b"\n", b" ")
}

/// An amount with at most so many digits after the point, or with just two; other digits must be zeros.
fn decimals(name: &[u8], value: &[u8], count: usize) -> Vec<u8> {
    let Some((whole, part)) = amount(name, value) else { return value.to_vec() };
    let significant = part.iter().rposition(|&digit| digit != b'0').map_or(0, |at| at + 1);
    if significant > count {
        return value.to_vec();
    }
    let mut out = whole.to_vec();
    if count > 0 {
        out.push(b'.');
        out.extend_from_slice(&part[..significant]);
        out.resize(whole.len() + 1 + count, b'0');
    }
    out
}

/// The same, with counts left as they are.
fn amounts_alone(name: &[u8], value: &[u8], count: usize) -> Vec<u8> {
    if is_count(name) { value.to_vec() } else { decimals(name, value, count) }
}

fn without_leading_zero(name: &[u8], value: &[u8]) -> Vec<u8> {
    match amount(name, value) {
        Some((b"0", _)) => value.get(1..).unwrap_or(value).to_vec(),
        _ => value.to_vec(),
    }
}

fn in_thousands(name: &[u8], value: &[u8]) -> Vec<u8> {
    let Some((whole, _)) = amount(name, value) else { return value.to_vec() };
    let mut out = Vec::with_capacity(value.len() + 4);
    for (at, &digit) in whole.iter().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(b',');
        }
        out.push(digit);
    }
    out.extend_from_slice(&value[whole.len()..]);
    out
}

/// As countries write amounts whose point is a comma.
fn with_comma(name: &[u8], value: &[u8]) -> Vec<u8> {
    if amount(name, value).is_some() { replace(value, b".", b",") } else { value.to_vec() }
}

/// A hundred times as much, without a point. Counts have no hundredths.
fn in_fen(name: &[u8], value: &[u8]) -> Vec<u8> {
    let Some((whole, part)) = amount(name, value).filter(|(_, part)| part.len() <= 2 && !is_count(name))
    else {
        return value.to_vec();
    };
    let mut digits = [whole, part].concat();
    digits.resize(whole.len() + 2, b'0');
    let from = digits.iter().position(|&digit| digit != b'0').unwrap_or(digits.len() - 1);
    digits.split_off(from)
}

/// A hundredth, with two digits behind the point.
fn in_yuan(name: &[u8], value: &[u8]) -> Vec<u8> {
    let is_fen = amount(name, value).is_some() && !value.contains(&b'.') && !is_count(name);
    if !is_fen {
        return value.to_vec();
    }
    let digits = [&b"00"[..3_usize.saturating_sub(value.len()).min(2)], value].concat();
    let (whole, part) = digits.split_at(digits.len().saturating_sub(2));
    [whole, b".", part].concat()
}

fn is_count(name: &[u8]) -> bool {
    matches!(name, b"quantity" | b"batch_num")
}

/// `/` as PHP's `json_encode` writes it.
fn json_slashes(_: &[u8], value: &[u8]) -> Vec<u8> {
    replace(value, b"/", b"\\/")
}

/// A string as JSON in ASCII has it, without its quotes; what is not UTF-8 stays.
fn json_escape(_: &[u8], value: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(value) else { return value.to_vec() };
    let mut out = Vec::with_capacity(value.len() + 16);
    for character in text.chars() {
        match character {
            '"' | '\\' | '/' => out.extend([b'\\', character as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            ' '..='~' => out.push(character as u8),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    out
}

/// The digits before and after the point of an amount.
fn amount<'v>(name: &[u8], value: &'v [u8]) -> Option<(&'v [u8], &'v [u8])> {
    if !is_number(name) {
        return None;
    }
    let at = value.iter().position(|&byte| byte == b'.').unwrap_or(value.len());
    let (whole, part) = (&value[..at], value.get(at + 1..).unwrap_or(b""));
    let are_digits = [whole, part].iter().all(|digits| digits.iter().all(u8::is_ascii_digit));
    (are_digits && !whole.is_empty()).then_some((whole, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rewritten_without_changing_what_they_say() {
        let price =
            |value: &str, count| String::from_utf8(decimals(b"price", value.as_bytes(), count)).unwrap();
        assert_eq!([price("10.0", 2), price("10.00", 0), price("10", 1)], ["10.00", "10", "10.0"]);
        assert_eq!([price("10.05", 0), price("10.50", 1), price("1e3", 2)], ["10.05", "10.5", "1e3"]);
        assert_eq!(in_thousands(b"price", b"1234567.80"), b"1,234,567.80");
        assert_eq!(without_leading_zero(b"price", b"0.01"), b".01");
        assert_eq!(decimals(b"trade_no", b"10.0", 2), b"10.0");
        for (yuan, fen) in
            [("328.00", "32800"), ("0.01", "1"), ("10.5", "1050"), ("0.00", "0"), ("12", "1200")]
        {
            assert_eq!(in_fen(b"price", yuan.as_bytes()), fen.as_bytes(), "{yuan}");
        }
        for (fen, yuan) in [("32800", "328.00"), ("1", "0.01"), ("10", "0.10"), ("0", "0.00")] {
            assert_eq!(in_yuan(b"price", fen.as_bytes()), yuan.as_bytes(), "{fen}");
        }
        assert_eq!(in_fen(b"quantity", b"1"), b"1");
        assert_eq!(with_comma(b"total_fee", b"0.01"), b"0,01");
    }

    #[test]
    fn a_string_is_escaped_as_json_has_it() {
        assert_eq!(json_escape(b"", "a/\"测😀\n".as_bytes()), br#"a\/\"\u6d4b\ud83d\ude00\n"#);
    }
}
