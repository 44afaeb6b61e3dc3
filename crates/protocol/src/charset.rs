//! The two charsets of the wire (protocol.md §1.4): bytes to text and back, never with a silent substitute.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, GBK};

/// The charset of a request and of everything that is sent back for it.
///
/// ```
/// use danbao_protocol::charset::Charset;
///
/// assert_eq!(Charset::from_label("GB2312"), Some(Charset::Gbk));          // what such clients send
/// assert_eq!(Charset::Gbk.encode("剪")?.as_ref(), [0xbc, 0xf4]);
/// assert!(Charset::Gbk.encode("笔😀").is_err(), "never a silent question mark");
/// # Ok::<(), danbao_protocol::charset::Unmappable>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charset {
    /// GBK, under the labels `gbk` and `gb2312`; what a request without a label is in.
    #[default]
    Gbk,
    /// UTF-8, under the label `utf-8`.
    Utf8,
}

/// The bytes are not text in the charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not text in {}", charset.label())]
pub struct Undecodable {
    /// The charset that was tried.
    pub charset: Charset,
}

/// The charset has no code for a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} has no code for {character:?}", charset.label())]
pub struct Unmappable {
    /// The charset that was tried.
    pub charset: Charset,
    /// The first character without a code.
    pub character: char,
}

impl Charset {
    /// Reads a value of `_input_charset`, in any letter case: `utf-8`, `gbk`, `gb2312` (which means GBK). `None` for
    /// any other label; an absent or empty one is [`Charset::Gbk`], which is for the caller to say.
    pub fn from_label(label: &str) -> Option<Charset> {
        const LABELS: [(&str, Charset); 3] =
            [("utf-8", Charset::Utf8), ("gbk", Charset::Gbk), ("gb2312", Charset::Gbk)];
        LABELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(label)).map(|&(_, charset)| charset)
    }

    /// The label that we write: `gbk` or `utf-8`.
    pub const fn label(self) -> &'static str {
        match self {
            Charset::Gbk => "gbk",
            Charset::Utf8 => "utf-8",
        }
    }

    /// Bytes to text. A byte order mark is text like any other.
    ///
    /// GBK here is the repertoire of one and two bytes, with 0x80 for the euro sign. The four-byte codes of GB18030
    /// are refused although the library could read them: what decodes must also encode again, or a trade could be
    /// made whose notification cannot be written (protocol.md §10, trap 39).
    ///
    /// # Errors
    /// [`Undecodable`] at any byte sequence that the charset does not have.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, Undecodable> {
        match self {
            Charset::Utf8 => {
                std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Undecodable { charset: self })
            }
            Charset::Gbk if bytes.is_ascii() => {
                std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Undecodable { charset: self })
            }
            Charset::Gbk => {
                let mut text = String::new();
                decode_gbk_into(bytes, &mut text)?;
                Ok(Cow::Owned(text))
            }
        }
    }

    /// Appends the text that the bytes mean; on an error `text` may hold a part of it.
    pub(crate) fn decode_into(self, bytes: &[u8], text: &mut String) -> Result<(), Undecodable> {
        if self == Charset::Gbk && !bytes.is_ascii() {
            return decode_gbk_into(bytes, text);
        }
        text.push_str(std::str::from_utf8(bytes).map_err(|_| Undecodable { charset: self })?);
        Ok(())
    }

    /// Text to bytes that decode to this very text.
    ///
    /// The library follows the web's rule, and writes eighteen private characters with the GBK codes that other characters
    /// have since been given. They have no code here: the bytes would say something else.
    ///
    /// # Errors
    /// [`Unmappable`] names the first character that the charset does not have.
    pub fn encode(self, text: &str) -> Result<Cow<'_, [u8]>, Unmappable> {
        if self == Charset::Utf8 || text.is_ascii() {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let (bytes, _, unmappable) = GBK.encode(text);
        if !unmappable && !may_be_miswritten(text) {
            return Ok(bytes);
        }
        // The encoder wrote an HTML character reference and does not say for which character: look for it.
        match text.chars().find(|&character| !has_gbk_code(character)) {
            Some(character) => Err(Unmappable { charset: self, character }),
            None if unmappable => Err(Unmappable { charset: self, character: char::REPLACEMENT_CHARACTER }),
            None => Ok(bytes),
        }
    }
}

/// Whether the text holds a character from U+E000 to U+EFFF, where all those lie that come back as another. The byte
/// begins no other character, and stands nowhere within one.
fn may_be_miswritten(text: &str) -> bool {
    text.as_bytes().contains(&0xEE)
}

/// Whether GBK brings the character back.
fn has_gbk_code(character: char) -> bool {
    let mut one = [0; 4];
    let text: &str = character.encode_utf8(&mut one);
    let (bytes, _, unmappable) = GBK.encode(text);
    let mut again = String::new();
    !unmappable && decode_gbk_into(&bytes, &mut again).is_ok() && again == text
}

fn decode_gbk_into(bytes: &[u8], text: &mut String) -> Result<(), Undecodable> {
    const REFUSED: Undecodable = Undecodable { charset: Charset::Gbk };
    if has_four_byte_code(bytes) {
        return Err(REFUSED);
    }
    let mut decoder = GBK.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).ok_or(REFUSED)?;
    text.reserve(room);
    match decoder.decode_to_string_without_replacement(bytes, text, true) {
        (DecoderResult::InputEmpty, _) => Ok(()),
        _ => Err(REFUSED),
    }
}

/// Whether the text holds a lead byte followed by a digit, which only GB18030 has.
fn has_four_byte_code(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (0x81..=0xFE, [b'0'..=b'9', ..]) => return true,
            (0x81..=0xFE, [_, after @ ..]) => after,
            _ => tail,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_in_any_letter_case_and_gb2312_means_gbk() {
        for label in ["utf-8", "UTF-8", "Utf-8"] {
            assert_eq!(Charset::from_label(label), Some(Charset::Utf8));
        }
        for label in ["gbk", "GBK", "gb2312", "GB2312"] {
            assert_eq!(Charset::from_label(label), Some(Charset::Gbk));
        }
        for label in ["", "utf8", "big5", "gb18030", " gbk", "utf-8\0"] {
            assert_eq!(Charset::from_label(label), None, "{label:?}");
        }
    }

    #[test]
    fn what_gbk_cannot_write_is_an_error_and_never_a_substitute() {
        let refused = Charset::Gbk.encode("笔😀").unwrap_err();
        assert_eq!(refused, Unmappable { charset: Charset::Gbk, character: '😀' });
        assert_eq!(Charset::Gbk.encode("&#128512;").unwrap().as_ref(), b"&#128512;");
        assert_eq!(Charset::Gbk.encode("測試").unwrap().as_ref(), [0x9C, 0x79, 0xD4, 0x87]);
        assert_eq!(Charset::Utf8.encode("😀").unwrap().as_ref(), "😀".as_bytes());
    }

    #[test]
    fn the_euro_sign_is_one_byte_and_a_four_byte_code_is_refused() {
        assert_eq!(Charset::Gbk.decode(&[0x80]).unwrap(), "€");
        assert_eq!(Charset::Gbk.encode("€").unwrap().as_ref(), [0x80]);
        assert!(Charset::Gbk.decode(&[0x81, 0x30, 0x81, 0x30]).is_err());
        assert!(Charset::Gbk.decode(b"\xB2\xE2\x94\x39\xDA\x33").is_err());
        assert_eq!(Charset::Gbk.decode(b"\x81\x7C0").unwrap(), "亅0");
    }

    #[test]
    fn a_lone_lead_byte_is_refused() {
        assert!(Charset::Gbk.decode(&[0xB2]).is_err());
        assert!(Charset::Gbk.decode(b"\xB2&").is_err());
        assert!(Charset::Gbk.decode(&[0xFF]).is_err());
        assert!(Charset::Utf8.decode(&[0xE6, 0xB5]).is_err());
        assert!(Charset::Utf8.decode(&[0xED, 0xA0, 0x80]).is_err());
    }

    #[test]
    fn every_two_byte_code_that_can_be_read_can_be_written_again() {
        let mut read = 0;
        for first in 0x80..=0xFF_u8 {
            for second in 0..=0xFF_u8 {
                if let Ok(text) = Charset::Gbk.decode(&[first, second]) {
                    read += 1;
                    let again =
                        Charset::Gbk.encode(&text).unwrap_or_else(|e| panic!("{first:x}{second:x}: {e}"));
                    assert_eq!(Charset::Gbk.decode(&again).unwrap(), text);
                }
            }
        }
        assert!(read > 21_000, "{read}");
    }

    #[test]
    fn what_gbk_writes_it_reads_back_for_every_character_of_the_basic_plane() {
        let mut written = 0;
        let mut wrong = Vec::new();
        for character in '\u{0}'..='\u{FFFF}' {
            let mut one = [0; 4];
            let text: &str = character.encode_utf8(&mut one);
            let Ok(bytes) = Charset::Gbk.encode(text) else { continue };
            written += 1;
            if Charset::Gbk.decode(&bytes).as_deref() != Ok(text) {
                wrong.push(format!("{:04X}", u32::from(character)));
            }
        }
        assert!(wrong.is_empty(), "{} of {written} come back as another: {}", wrong.len(), wrong.join(" "));
        assert_eq!(written, 24_067);
        let refused = Charset::Gbk.encode("笔\u{E81E}").unwrap_err();
        assert_eq!(refused.character, '\u{E81E}');
        assert!(Charset::Gbk.encode("\u{E000}").is_ok(), "a private character with a code of its own");
    }

    #[test]
    fn a_byte_order_mark_is_text() {
        assert_eq!(Charset::Utf8.decode(b"\xEF\xBB\xBFa").unwrap(), "\u{FEFF}a");
    }
}
