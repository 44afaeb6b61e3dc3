//! The ways in which people and programs write bytes as other bytes, to and fro. None of them fails: what cannot be
//! read is left as it is, because a broken input is what this crate is for.

/// Undoes percent-encoding; `%` without two digits after it stays. `+` is a blank if `plus_is_blank`.
pub(crate) fn percent_decode(bytes: &[u8], plus_is_blank: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            (b'+', _) if plus_is_blank => out.push(b' '),
            (byte, _) => out.push(byte),
        }
    }
    out
}

/// Whether a text looks percent-encoded: it has an escape, and nothing that would have been escaped.
pub(crate) fn looks_percent_encoded(bytes: &[u8]) -> bool {
    let has_escape =
        bytes.windows(3).any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit());
    has_escape && bytes.iter().all(|byte| byte.is_ascii_graphic())
}

/// Which bytes an encoder leaves alone, and how it writes the others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    /// What the style is called after: where it differs from the others.
    pub(crate) name: &'static str,
    plain: &'static [u8],
    blank: &'static str,
    digits: &'static [u8; 16],
}

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

/// The encoders of the platforms: PHP's urlencode and rawurlencode, Java's URLEncoder, .NET's UrlEncode, and
/// JavaScript's encodeURIComponent.
pub(crate) const STYLES: &[Style] = &[
    Style { name: "+", plain: b"-_.", blank: "+", digits: UPPER },
    Style { name: "%20", plain: b"-_.~", blank: "%20", digits: UPPER },
    Style { name: "+ *", plain: b"-_.*", blank: "+", digits: UPPER },
    Style { name: "+ %e6", plain: b"-_.!*()", blank: "+", digits: LOWER },
    Style { name: "%20 !'()*", plain: b"-_.~!'()*", blank: "%20", digits: UPPER },
    Style { name: "%20 %e6", plain: b"-_.~", blank: "%20", digits: LOWER },
];

pub(crate) fn percent_encode(bytes: &[u8], style: &Style) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || style.plain.contains(&byte) {
            out.push(byte);
        } else if byte == b' ' {
            out.extend_from_slice(style.blank.as_bytes());
        } else {
            let [high, low] = [byte >> 4, byte & 15].map(|half| style.digits[usize::from(half)]);
            out.extend_from_slice(&[b'%', high, low]);
        }
    }
    out
}

/// Undoes what access logs do to bytes that are not printable: `\xE6`, `\"`, `\\`.
pub(crate) fn log_unescape(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail) {
            (b'\\', [b'x', high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            (b'\\', [escaped @ (b'"' | b'\\'), after @ ..]) => {
                out.push(*escaped);
                rest = after;
            }
            (byte, _) => out.push(byte),
        }
    }
    out
}

/// Every `from` becomes `to`; an empty `from` changes nothing.
pub(crate) fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        if !from.is_empty() && rest.starts_with(from) {
            out.extend_from_slice(to);
            rest = &rest[from.len()..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out
}

/// The offset of the first `needle`.
pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len().max(1)).position(|window| window == needle)
}

/// `&`, `<`, `>`, `"` as HTML writes them, and `'` as told.
pub(crate) fn html_escape(bytes: &[u8], apostrophe: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(apostrophe.as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}

/// Undoes [`html_escape`], whatever was done to apostrophes.
pub(crate) fn html_unescape(bytes: &[u8]) -> Vec<u8> {
    const ENTITIES: [(&[u8], u8); 8] = [
        (b"&amp;", b'&'),
        (b"&lt;", b'<'),
        (b"&gt;", b'>'),
        (b"&quot;", b'"'),
        (b"&#039;", b'\''),
        (b"&#39;", b'\''),
        (b"&apos;", b'\''),
        (b"&#34;", b'"'),
    ];
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        match ENTITIES.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, byte)) => {
                out.push(*byte);
                rest = &rest[entity.len()..];
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// A backslash before each quote, backslash and NUL, byte for byte, as PHP's `addslashes` and magic quotes do it.
pub(crate) fn add_slashes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    for &byte in bytes {
        if matches!(byte, b'\'' | b'"' | b'\\' | 0) {
            out.push(b'\\');
        }
        out.push(if byte == 0 { b'0' } else { byte });
    }
    out
}

/// Takes single backslashes out, byte for byte: in GBK also one that is half of a character.
pub(crate) fn strip_slashes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (*first, tail) {
            (b'\\', [next, after @ ..]) => {
                out.push(*next);
                rest = after;
            }
            (b'\\', []) => {}
            (byte, _) => out.push(byte),
        }
    }
    out
}

fn digit(hex: u8) -> u8 {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decoded_stays_as_it_is() {
        assert_eq!(percent_decode(b"50%off%E6+%2B%4", true), b"50%off\xE6 +%4");
        assert_eq!(log_unescape(br#"a\xE6\"\\\q\x4"#), b"a\xE6\"\\\\q\\x4");
        assert_eq!(html_unescape(b"a&amp;lt;&nope;&#39;"), b"a&lt;&nope;'");
        assert_eq!(strip_slashes(br"a\'b\\c\"), b"a'b\\c");
    }

    #[test]
    fn an_escape_and_its_undoing_cancel_out() {
        let text = "a\"b'c\\d<e>&f 测试+%".as_bytes();
        assert_eq!(strip_slashes(&add_slashes(text)), text);
        assert_eq!(html_unescape(&html_escape(text, "&#039;")), text);
        for style in STYLES {
            assert_eq!(percent_decode(&percent_encode(text, style), true), text, "{}", style.name);
        }
    }
}
