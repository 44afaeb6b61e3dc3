//! Takes a pasted text out of its wrapping: the mark before it, the lines around it, the blanks within.

use super::{NotAKey, Stuck, Wrapping};
use crate::sign::base64;

/// A text out of its wrapping.
pub(super) struct Opened {
    pub(super) content: Content,
    pub(super) stuck: Vec<Stuck>,
}

/// What was in the wrapping.
pub(super) enum Content {
    /// A text that is not base64 of anything known.
    Word(String),
    /// Bytes that begin as keys in DER do.
    Der { der: Vec<u8>, label: Option<String>, wrapping: Wrapping },
}

/// The shortest base64 that could hold a key; everything shorter was meant to be an MD5 key.
const BASE64_MIN: usize = 80;

/// Opens it.
pub(super) fn open(pasted: &[u8]) -> Result<Opened, NotAKey> {
    let mut stuck = Vec::new();
    let bytes = match pasted.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => {
            stuck.push(Stuck::Bom);
            rest
        }
        None => pasted,
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return binary(pasted, stuck);
    };
    if text.trim().is_empty() {
        return Err(NotAKey::Empty);
    }
    if text.contains("\r\n") {
        stuck.push(Stuck::Crlf);
    }
    let mut text = text.replace("\r\n", "\n");
    if text.contains("\\n") {
        stuck.push(Stuck::EscapedLineEnds);
        text = text.replace("\\r", "").replace("\\n", "\n");
    }
    if text.starts_with("ssh-") || text.contains("BEGIN SSH2 PUBLIC KEY") {
        return Err(NotAKey::Ssh);
    }
    match text.split_once("-----BEGIN ") {
        Some((_, block)) => pem(block, stuck),
        None => bare(&text, stuck),
    }
}

/// A file of bytes that are no text.
fn binary(der: &[u8], stuck: Vec<Stuck>) -> Result<Opened, NotAKey> {
    let content = Content::Der { der: der.to_vec(), label: None, wrapping: Wrapping::Der };
    if der.first() == Some(&0x30) { Ok(Opened { content, stuck }) } else { Err(NotAKey::Unknown) }
}

/// A block, from its label on.
fn pem(block: &str, mut stuck: Vec<Stuck>) -> Result<Opened, NotAKey> {
    let (label, rest) = block.split_once("-----").ok_or(NotAKey::Truncated)?;
    match label {
        "ENCRYPTED PRIVATE KEY" => return Err(NotAKey::Encrypted),
        "OPENSSH PRIVATE KEY" => return Err(NotAKey::Ssh),
        "DSA PARAMETERS" | "DH PARAMETERS" | "EC PARAMETERS" => return Err(NotAKey::ParametersOnly),
        "EC PRIVATE KEY" => return Err(NotAKey::OtherAlgorithm("EC".to_owned())),
        _ if label.contains("CERTIFICATE") => return Err(NotAKey::Certificate),
        _ => {}
    }
    let body = match rest.split_once("-----END") {
        Some((body, _)) => body,
        None => {
            stuck.push(Stuck::NoEnd);
            rest.split("-----").next().unwrap_or(rest)
        }
    };
    if body.contains("Proc-Type:") {
        return Err(NotAKey::Encrypted);
    }
    let is_tidy = body.starts_with('\n') && !body.contains([' ', '\t', '\u{3000}', '\u{a0}']);
    if !is_tidy {
        stuck.push(Stuck::Blanks);
    }
    let der = base64_of(&without_blanks(body))?;
    let content = Content::Der { der, label: Some(label.to_owned()), wrapping: Wrapping::Pem };
    Ok(Opened { content, stuck })
}

/// No block: an MD5 key, or the base64 body of a block.
fn bare(text: &str, mut stuck: Vec<Stuck>) -> Result<Opened, NotAKey> {
    let compact = without_blanks(text);
    let is_word = compact.chars().count() < BASE64_MIN;
    // One line end after the last character is how files end.
    let meant = text.strip_suffix('\n').unwrap_or(text);
    let is_tidy = if is_word { meant == compact } else { !meant.contains([' ', '\t', '\u{3000}', '\u{a0}']) };
    if !is_tidy {
        stuck.push(Stuck::Blanks);
    }
    if is_word {
        return Ok(Opened { content: Content::Word(compact), stuck });
    }
    let der = base64_of(&compact).map_err(|error| match error {
        NotAKey::NotBase64 if !compact.starts_with("MI") => NotAKey::Unknown,
        other => other,
    })?;
    if der.first() != Some(&0x30) {
        return Err(NotAKey::Unknown);
    }
    Ok(Opened { content: Content::Der { der, label: None, wrapping: Wrapping::Base64 }, stuck })
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '\u{feff}').collect()
}

/// Base64 that was cut off anywhere still says that it was cut off.
fn base64_of(text: &str) -> Result<Vec<u8>, NotAKey> {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if text.is_empty() {
        return Err(NotAKey::Truncated);
    }
    if !text.bytes().all(is_base64) {
        return Err(NotAKey::NotBase64);
    }
    base64::decode(text.as_bytes()).ok_or(if text.len().is_multiple_of(4) {
        NotAKey::NotBase64
    } else {
        NotAKey::Truncated
    })
}
