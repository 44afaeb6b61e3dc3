//! `multipart/form-data`: what cURL sends for an array of fields (protocol.md §1.2). Values are taken raw.

use memchr::memmem;

use super::{Params, ParamsError};

/// RFC 2046 allows no longer boundary.
const BOUNDARY_MAX: usize = 70;

/// Whether a content type announces such a body.
pub(super) fn is_multipart(content_type: &str) -> bool {
    const MULTIPART: &[u8] = b"multipart/form-data";
    content_type
        .trim_start()
        .as_bytes()
        .get(..MULTIPART.len())
        .is_some_and(|media_type| media_type.eq_ignore_ascii_case(MULTIPART))
}

/// Adds the parts of a body to `params`.
pub(super) fn read(content_type: &str, body: &[u8], params: &mut Params) -> Result<(), ParamsError> {
    let boundary = parameter(content_type.as_bytes(), b"boundary")
        .filter(|boundary| (1..=BOUNDARY_MAX).contains(&boundary.len()))
        .ok_or(ParamsError::Multipart("no boundary"))?;
    // Every delimiter begins a line, the first one perhaps the body.
    let delimiter = [b"\r\n--".as_slice(), &boundary].concat();
    let mut rest = if body.starts_with(&delimiter[2..]) {
        &body[delimiter.len() - 2..]
    } else {
        split_at(body, &delimiter).ok_or(ParamsError::Multipart("the boundary does not occur"))?.1
    };
    while !rest.starts_with(b"--") {
        let (part, after) =
            split_at(rest, &delimiter).ok_or(ParamsError::Multipart("no closing boundary"))?;
        read_part(part, params)?;
        rest = after;
    }
    Ok(())
}

/// One part, from the end of the line of its boundary to the next boundary.
fn read_part(part: &[u8], params: &mut Params) -> Result<(), ParamsError> {
    // The first header stands after the line end of the boundary, which may have blanks before it.
    let (head, value) = split_at(part, b"\r\n\r\n").ok_or(ParamsError::Multipart("a part without a head"))?;
    let name = head
        .split(|&b| b == b'\n')
        .find_map(|line| {
            let (field, value) = split_at(line, b":")?;
            field.trim_ascii().eq_ignore_ascii_case(b"content-disposition").then_some(value)
        })
        .and_then(|disposition| parameter(disposition, b"name"))
        .ok_or(ParamsError::Multipart("a part without a name"))?;
    let start = params.buf.len();
    params.buf.extend_from_slice(&name);
    let eq = params.buf.len();
    params.buf.push(b'=');
    params.buf.extend_from_slice(value);
    params.receive_pair(start, eq)
}

/// The value of `; name=value` or `; name="value"` in a header, escapes undone.
fn parameter(header: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = split_at(header, b";")?.1;
    loop {
        let (key, after) = split_at(rest, b"=")?;
        let (value, after) = match after {
            [b'"', quoted @ ..] => unquote(quoted)?,
            _ => {
                let end = memchr::memchr(b';', after).unwrap_or(after.len());
                (after[..end].trim_ascii().to_vec(), &after[end..])
            }
        };
        if key.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = split_at(after, b";")?.1;
    }
}

/// A quoted string from after its opening quote: its text, and what follows the closing one.
fn unquote(quoted: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut text = Vec::new();
    let mut rest = quoted;
    loop {
        rest = match rest {
            [] => return None,
            [b'"', after @ ..] => return Some((text, after)),
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] => {
                text.push(*escaped);
                after
            }
            [byte, after @ ..] => {
                text.push(*byte);
                after
            }
        };
    }
}

fn split_at<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(bytes, separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}
