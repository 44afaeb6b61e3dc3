//! `application/x-www-form-urlencoded`, table-driven: every request and every notification passes here.

use super::{Params, ParamsError};

const INVALID: u8 = 0xFF;

/// The value of a hexadecimal digit, or [`INVALID`].
const HEX: [u8; 256] = {
    let mut table = [INVALID; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit as usize] as usize] = digit;
        table[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
        digit += 1;
    }
    table
};

/// Whether a byte ends a run that is copied as it is.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b'%' as usize] = true;
    table[b'+' as usize] = true;
    table[b'&' as usize] = true;
    table[b'=' as usize] = true;
    table
};

/// Whether a byte is written as it is.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*');
        byte += 1;
    }
    table
};

/// Adds the pairs of a query string or body to `params`.
pub(super) fn read(bytes: &[u8], params: &mut Params) -> Result<(), ParamsError> {
    let mut start = params.buf.len();
    let mut eq = None;
    let mut at = 0;
    while at < bytes.len() {
        let run = bytes[at..].iter().position(|&b| SPECIAL[usize::from(b)]).unwrap_or(bytes.len() - at);
        params.buf.extend_from_slice(&bytes[at..at + run]);
        at += run;
        match bytes.get(at) {
            None => break,
            Some(b'%') => at = read_escapes(bytes, at, &mut params.buf)?,
            Some(b'+') => {
                params.buf.push(b' ');
                at += 1;
            }
            Some(b'=') => {
                eq = eq.or(Some(params.buf.len()));
                params.buf.push(b'=');
                at += 1;
            }
            Some(_) => {
                end_pair(params, start, eq)?;
                start = params.buf.len();
                eq = None;
                at += 1;
            }
        }
    }
    end_pair(params, start, eq)
}

/// Decodes the `%XX` that stand one after another from `at`; gives where they end.
fn read_escapes(bytes: &[u8], mut at: usize, out: &mut Vec<u8>) -> Result<usize, ParamsError> {
    while let Some([b'%', rest @ ..]) = bytes.get(at..) {
        let (high, low) = match rest {
            [high, low, ..] => (HEX[usize::from(*high)], HEX[usize::from(*low)]),
            _ => (INVALID, INVALID),
        };
        if high == INVALID || low == INVALID {
            return Err(ParamsError::PercentEncoding { at });
        }
        out.push(high << 4 | low);
        at += 3;
    }
    Ok(at)
}

fn end_pair(params: &mut Params, start: usize, eq: Option<usize>) -> Result<(), ParamsError> {
    match eq {
        Some(eq) => params.receive_pair(start, eq),
        None if params.buf.len() == start => Ok(()),
        None => {
            let eq = params.buf.len();
            params.buf.push(b'=');
            params.receive_pair(start, eq)
        }
    }
}

/// Percent-encodes a name or a value.
pub(super) fn write(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        if UNRESERVED[usize::from(byte)] {
            out.push(char::from(byte));
        } else if byte == b' ' {
            out.push('+');
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}
