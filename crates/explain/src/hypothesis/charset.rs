//! The text was signed in other bytes than it was sent in, by each platform's own rule for what a charset lacks
//! (protocol.md §1.4; §10, trap 39).

use danbao_protocol::charset::Charset;
use encoding_rs::{GB18030, GBK, WINDOWS_1252};

use super::{Case, Guess, changed_names};
use crate::draft::Draft;
use crate::mistake::{Kind, Mistake};

/// What a platform writes for a character that GBK lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Java's `getBytes`: one `?` for a character. Its GBK has no euro sign.
    Java,
    /// .NET and ASP: one `?` for each UTF-16 unit, two for an emoji.
    DotNet,
    /// PHP's iconv with `//IGNORE`: nothing.
    PhpIgnore,
    /// PHP's iconv without it: the value ends there.
    PhpCut,
    /// Browsers' forms and PHP's multi-byte functions: `&#128512;`.
    Reference,
    /// GB18030, which has codes of four bytes for all.
    Gb18030,
}

impl Rule {
    const ALL: [Rule; 6] =
        [Rule::Java, Rule::DotNet, Rule::PhpIgnore, Rule::PhpCut, Rule::Reference, Rule::Gb18030];

    const fn name(self) -> &'static str {
        match self {
            Rule::Java => "Java: ?",
            Rule::DotNet => ".NET: ? / ??",
            Rule::PhpIgnore => "PHP iconv //IGNORE",
            Rule::PhpCut => "PHP iconv",
            Rule::Reference => "&#...;",
            Rule::Gb18030 => "GB18030",
        }
    }

    /// Writes one character that GBK lacks; `false` if the value ends here.
    fn write(self, character: char, out: &mut Vec<u8>) -> bool {
        match self {
            Rule::Java => out.push(b'?'),
            Rule::DotNet => out.extend(std::iter::repeat_n(b'?', character.len_utf16())),
            Rule::PhpIgnore => {}
            Rule::PhpCut => return false,
            Rule::Reference => out.extend_from_slice(format!("&#{};", u32::from(character)).as_bytes()),
            Rule::Gb18030 => out.extend_from_slice(&GB18030.encode(character.encode_utf8(&mut [0; 4])).0),
        }
        true
    }
}

/// Whether GBK lacks a character, or platforms disagree about it.
fn is_unmappable(character: char) -> bool {
    !character.is_ascii() && (character == '€' || GBK.encode(character.encode_utf8(&mut [0; 4])).2)
}

fn to_gbk(text: &str, rule: Rule) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for character in text.chars() {
        if !is_unmappable(character) {
            out.extend_from_slice(&GBK.encode(character.encode_utf8(&mut [0; 4])).0);
        } else if !rule.write(character, &mut out) {
            break;
        }
    }
    out
}

fn lacks_anything(draft: &Draft<'_>) -> bool {
    let mut texts = draft.parts.iter().filter_map(|part| std::str::from_utf8(&part.value).ok());
    texts.any(|text| text.chars().any(is_unmappable))
}

fn guess<'c>(
    draft: &Draft<'c>,
    kind: Kind,
    about: &str,
    change: impl Fn(&[u8]) -> Vec<u8>,
) -> Option<Guess<'c>> {
    draft.with_values(change).map(|changed| {
        let names = changed_names(draft, &changed);
        (Mistake::about(kind, format!("{about} ({names})")), changed)
    })
}

fn in_utf8(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|text| !text.is_ascii())
}

/// Signed in GBK and sent in UTF-8, or the reverse.
pub(super) fn recoded<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut guesses = Vec::new();
    if case.charsets.contains(&Charset::Utf8) && lacks_anything(draft) {
        guesses.extend(Rule::ALL.iter().filter_map(|rule| {
            let change = |value: &[u8]| match in_utf8(value) {
                Some(text) => to_gbk(text, *rule),
                None => value.to_vec(),
            };
            guess(draft, Kind::Unmappable, rule.name(), change)
        }));
    }
    for &charset in &case.charsets {
        let (kind, about) = match charset {
            // Text that becomes UTF-8 again when it is written in GBK had been read as GBK by mistake.
            Charset::Utf8 if undoes_misreading(draft) => (Kind::Misread, "utf-8 → gbk"),
            Charset::Utf8 => (Kind::WrongCharset, "gbk"),
            Charset::Gbk => (Kind::WrongCharset, "utf-8"),
        };
        guesses.extend(guess(draft, kind, about, |value| recode(charset, value)));
    }
    guesses
}

fn undoes_misreading(draft: &Draft<'_>) -> bool {
    let mut values = draft.parts.iter().filter(|part| in_utf8(&part.value).is_some()).peekable();
    values.peek().is_some() && values.all(|part| in_utf8(&recode(Charset::Utf8, &part.value)).is_some())
}

/// From this charset to the other; as it is if that is not possible.
fn recode(from: Charset, value: &[u8]) -> Vec<u8> {
    let to = match from {
        Charset::Gbk => Charset::Utf8,
        Charset::Utf8 => Charset::Gbk,
    };
    let text = from.decode(value).ok();
    let bytes = text.as_ref().and_then(|text| to.encode(text).ok());
    bytes.map_or_else(|| value.to_vec(), |bytes| bytes.into_owned())
}

/// A browser wrote `&#128512;` into a form, and the program that signed had written something else.
pub(super) fn references<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if draft.parts.iter().all(|part| next_reference(&part.value).is_none()) {
        return Vec::new();
    }
    let as_itself = guess(draft, Kind::Unmappable, "&#...;", |value| {
        without_references(value, |character, out| {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            true
        })
    });
    let by_rule = |rule: &Rule| {
        guess(draft, Kind::Unmappable, rule.name(), |value| {
            without_references(value, |character, out| rule.write(character, out))
        })
    };
    as_itself.into_iter().chain(Rule::ALL.iter().filter_map(by_rule)).collect()
}

fn without_references(value: &[u8], write: impl Fn(char, &mut Vec<u8>) -> bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((at, length, character)) = next_reference(rest) {
        out.extend_from_slice(&rest[..at]);
        if !write(character, &mut out) {
            return out;
        }
        rest = &rest[at + length..];
    }
    out.extend_from_slice(rest);
    out
}

/// Offset, length and meaning of the first `&#NNN;` beyond ASCII.
fn next_reference(value: &[u8]) -> Option<(usize, usize, char)> {
    for (at, _) in value.iter().enumerate().filter(|(_, byte)| **byte == b'&') {
        let Some(rest) = value[at..].strip_prefix(b"&#") else { continue };
        let digits = rest.iter().take(7).take_while(|byte| byte.is_ascii_digit()).count();
        if rest.get(digits) != Some(&b';') {
            continue;
        }
        let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|digits| digits.parse::<u32>().ok());
        if let Some(character) = number.and_then(char::from_u32).filter(|character| !character.is_ascii()) {
            return Some((at, digits + 3, character));
        }
    }
    None
}

/// Bytes of one charset were read in the other, so what was signed is what that made of them.
pub(super) fn misread<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    if case.message.readable() == crate::message::Readable::Ascii {
        return Vec::new();
    }
    let as_gbk = |value: &[u8]| GBK.decode_without_bom_handling(value).0.into_owned();
    let as_utf8 = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    [
        guess(draft, Kind::Misread, "utf-8 → gbk", |value| as_gbk(value).into_bytes()),
        guess(draft, Kind::Misread, "utf-8 → gbk", |value| to_gbk(&as_gbk(value), Rule::Java)),
        guess(draft, Kind::Misread, "gbk → utf-8", |value| as_utf8(value).into_bytes()),
        guess(draft, Kind::Misread, "gbk → utf-8", |value| to_gbk(&as_utf8(value), Rule::Java)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Bytes were read as ISO-8859-1, which every byte is, and written again; or that is to be undone.
pub(super) fn latin<'c>(_: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    const LATIN: &str = "ISO-8859-1";
    const WINDOWS: &str = "windows-1252";
    let each_byte = |value: &[u8]| value.iter().map(|&byte| char::from(byte)).collect::<String>();
    [
        guess(draft, Kind::Misread, LATIN, |value| each_byte(value).into_bytes()),
        guess(draft, Kind::Misread, WINDOWS, |value| {
            WINDOWS_1252.decode_without_bom_handling(value).0.into_owned().into_bytes()
        }),
        guess(draft, Kind::Misread, LATIN, |value| latin_bytes(value).unwrap_or_else(|| value.to_vec())),
        guess(draft, Kind::Misread, WINDOWS, |value| {
            match in_utf8(value).map(|text| WINDOWS_1252.encode(text)) {
                Some((bytes, _, false)) => bytes.into_owned(),
                _ => value.to_vec(),
            }
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// UTF-8 whose characters are all bytes.
fn latin_bytes(value: &[u8]) -> Option<Vec<u8>> {
    in_utf8(value)?.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// Every character beyond ASCII became `?`: the text was written as ISO-8859-1 or ASCII.
pub(super) fn lost<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let mut guesses = Vec::new();
    for charset in &case.charsets {
        let question = |unit: fn(char) -> usize| {
            move |value: &[u8]| match charset.decode(value) {
                Ok(text) => text
                    .chars()
                    .flat_map(|c| {
                        std::iter::repeat_n(
                            if c.is_ascii() { c } else { '?' },
                            if c.is_ascii() { 1 } else { unit(c) },
                        )
                    })
                    .collect::<String>()
                    .into_bytes(),
                Err(_) => value.to_vec(),
            }
        };
        guesses.extend(guess(draft, Kind::WrongCharset, "ISO-8859-1: ?", question(|_| 1)));
        if *charset == Charset::Utf8
            && draft.parts.iter().any(|part| part.value.iter().any(|byte| *byte >= 0xF0))
        {
            guesses.extend(guess(draft, Kind::WrongCharset, "ISO-8859-1: ??", question(char::len_utf16)));
        }
    }
    if case.message.readable() != crate::message::Readable::Ascii {
        guesses.extend(guess(draft, Kind::WrongCharset, "US-ASCII: ?", |value| {
            value.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect()
        }));
    }
    guesses
}

/// Old versions of Node.js digest the low byte of each UTF-16 unit unless they are told a charset.
pub(super) fn low_bytes<'c>(case: &Case<'c>, draft: &Draft<'c>) -> Vec<Guess<'c>> {
    let by_charset = |charset: &Charset| {
        guess(draft, Kind::WrongCharset, "Node.js: binary", |value| match charset.decode(value) {
            Ok(text) => text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect(),
            Err(_) => value.to_vec(),
        })
    };
    case.charsets.iter().filter_map(by_charset).collect()
}

/// One value in another charset than the rest.
pub(super) fn one_value(case: &Case<'_>, value: &[u8]) -> Vec<(Kind, Vec<u8>)> {
    if value.is_ascii() {
        return Vec::new();
    }
    let mut values: Vec<(Kind, Vec<u8>)> =
        case.charsets.iter().map(|charset| (Kind::WrongCharset, recode(*charset, value))).collect();
    values.push((Kind::WrongCharset, recode(Charset::Gbk, value)));
    values.extend(latin_bytes(value).map(|bytes| (Kind::Misread, bytes)));
    values.push((Kind::Misread, value.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes()));
    values
}
