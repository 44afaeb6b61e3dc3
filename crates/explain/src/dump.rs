//! Parameters as programs print them into their logs: an object of JSON, and PHP's `print_r`.

use crate::PAIRS_MAX;
use crate::escapes::find;
use crate::message::Pair;

/// The parameters of the first printed message, if there is one: it carries a signature, or a service and a partner.
pub(crate) fn pairs(input: &[u8]) -> Option<Vec<Pair>> {
    let objects = input.iter().enumerate().filter(|(_, byte)| **byte == b'{').take(8);
    objects
        .filter_map(|(at, _)| json_object(&input[at..]))
        .chain(print_r(input))
        .find(|pairs| is_message(pairs))
}

fn is_message(pairs: &[Pair]) -> bool {
    let has = |name: &[u8]| pairs.iter().any(|pair| pair.name == name);
    has(b"sign") || has(b"service") && has(b"partner")
}

fn pair(name: Vec<u8>, value: Vec<u8>) -> Pair {
    Pair { name, raw: value.clone(), value }
}

/// A flat object; `None` at the first thing in it that is neither text, number nor word.
fn json_object(text: &[u8]) -> Option<Vec<Pair>> {
    let mut rest = text.strip_prefix(b"{")?.trim_ascii_start();
    let mut pairs = Vec::new();
    while pairs.len() <= PAIRS_MAX {
        let (name, after) = json_string(rest)?;
        let after = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, after) = match after.first()? {
            b'"' => json_string(after)?,
            _ => json_word(after)?,
        };
        pairs.push(pair(name, value));
        rest = after.trim_ascii_start();
        match rest.first()? {
            b',' => rest = rest[1..].trim_ascii_start(),
            b'}' => break,
            _ => return None,
        }
    }
    Some(pairs)
}

/// A number, `true`, `false`, or `null`, which is nothing.
fn json_word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    let end = text.iter().position(|byte| !is_part(byte))?;
    let (word, rest) = text.split_at(end);
    let value = if word == b"null" { b"" } else { word };
    (end > 0).then(|| (value.to_vec(), rest))
}

fn json_string(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut out = Vec::new();
    loop {
        let (&first, tail) = rest.split_first()?;
        rest = tail;
        match first {
            b'"' => return Some((out, rest)),
            b'\\' => {
                let (&escaped, tail) = rest.split_first()?;
                rest = tail;
                match escaped {
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'b' => out.push(0x08),
                    b'f' => out.push(0x0C),
                    b'u' => {
                        let (character, tail) = json_code(rest)?;
                        rest = tail;
                        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    other => out.push(other),
                }
            }
            other => out.push(other),
        }
    }
}

/// What stands behind `\u`: one unit, or two that belong together.
fn json_code(text: &[u8]) -> Option<(char, &[u8])> {
    let unit = |text: &[u8]| u16::from_str_radix(std::str::from_utf8(text.get(..4)?).ok()?, 16).ok();
    let high = unit(text)?;
    let rest = &text[4..];
    let low = rest.strip_prefix(b"\\u").and_then(unit).filter(|_| (0xD800..0xDC00).contains(&high));
    let units = [Some(high), low];
    let character = char::decode_utf16(units.into_iter().flatten()).next()?;
    let length = if low.is_some() && character.is_ok() { 6 } else { 0 };
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), &rest[length..]))
}

/// `[name] => value`, each on a line of its own; a value goes on until the next name or the closing bracket.
fn print_r(input: &[u8]) -> Option<Vec<Pair>> {
    let mut pairs: Vec<Pair> = Vec::new();
    for line in input.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some((name, value)) = print_r_line(line) {
            pairs.push(pair(name.to_vec(), value.to_vec()));
            if pairs.len() > PAIRS_MAX {
                break;
            }
        } else if line.trim_ascii() == b")" {
            if !pairs.is_empty() {
                break;
            }
        } else if let Some(last) = pairs.last_mut() {
            last.value.push(b'\n');
            last.value.extend_from_slice(line);
            last.raw.clone_from(&last.value);
        }
    }
    (!pairs.is_empty()).then_some(pairs)
}

fn print_r_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = line.trim_ascii_start().strip_prefix(b"[")?;
    let end = find(rest, b"] =>")?;
    let name = &rest[..end];
    let value = &rest[end + 4..];
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name.then(|| (name, value.strip_prefix(b" ").unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Option<Vec<(String, String)>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pairs = pairs(input.as_bytes())?;
        Some(pairs.iter().map(|pair| (text(&pair.name), text(&pair.value))).collect())
    }

    fn of(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_object_in_a_line_of_a_log_is_read() {
        let line = r#"[x=1] {bad} INFO {"a":"http:\/\/x\n\"测\ud83d\ude00\u6d4b","n": 12.50 ,"e":null, "sign":"aa"} done"#;
        assert_eq!(read(line), of(&[("a", "http://x\n\"测😀测"), ("n", "12.50"), ("e", ""), ("sign", "aa")]));
        assert_eq!(read(r#"{"a":"\ud83d?","sign":"s"}"#), of(&[("a", "\u{FFFD}?"), ("sign", "s")]));
        for other in [
            r#"{"a":"1"}"#,
            r#"{"sign":{"x":"1"}}"#,
            r#"{"sign":"#,
            r#"{"sign":"a"#,
            r#"{"sign":"\u12"}"#,
            "{",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn what_print_r_prints_is_read() {
        let printed = "Array\n(\n    [body] => one\ntwo = 2\n    [empty] => \n    [sign] => aa\r\n)\nrest";
        assert_eq!(read(printed), of(&[("body", "one\ntwo = 2"), ("empty", ""), ("sign", "aa")]));
        assert_eq!(read("[not a name] => 1\n[sign"), None);
    }
}
