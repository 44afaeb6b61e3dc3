//! The parameters of one message: names and raw value bytes, in the order received (protocol.md §1.2-1.4).
//!
//! Percent-decoding happens here and once; the charset comes later, because a signature is over these bytes
//! (protocol.md §2.3) and because the charset is named by one of them.

mod multipart;
mod text;
mod urlencoded;

use std::fmt;

pub use text::{NotText, Text};

use crate::charset::{Charset, Unmappable};

/// No message of this interface comes near this many parameters.
pub const PARAMS_MAX: usize = 512;

/// The parameters of one message.
///
/// All bytes lie in one buffer as `name=value&name=value&...`, which is also, pair by pair, how they are signed.
#[derive(Clone, Default)]
pub struct Params {
    buf: Vec<u8>,
    pairs: Vec<Pair>,
}

/// Where one pair lies: the name from `start` to `eq`, the value from after `eq` to `end`.
#[derive(Debug, Clone, Copy)]
struct Pair {
    /// The first eight bytes of the name, so that most comparisons of names are one of integers.
    prefix: u64,
    start: usize,
    eq: usize,
    end: usize,
}

/// Why bytes are not the parameters of a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// A `%` without two hexadecimal digits after it.
    #[error("invalid percent-encoding at offset {at}")]
    PercentEncoding {
        /// Offset in the query or body.
        at: usize,
    },
    /// More than [`PARAMS_MAX`] pairs.
    #[error("more than {PARAMS_MAX} parameters")]
    TooMany,
    /// One name with two values (protocol.md §1.3).
    #[error("two values for {name}")]
    ConflictingValue {
        /// The name, with what is not ASCII replaced.
        name: String,
    },
    /// A multipart body that does not follow its own boundary.
    #[error("malformed multipart body: {0}")]
    Multipart(&'static str),
}

/// `_input_charset` names a charset that this interface does not have: ILLEGAL_CHARSET (protocol.md §8.5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown charset {label:?}")]
pub struct UnknownCharset {
    /// The value, with what is not ASCII replaced.
    pub label: String,
}

impl Params {
    /// No parameters yet.
    pub fn new() -> Params {
        Params::default()
    }

    /// Reads a query string or an urlencoded body.
    ///
    /// Empty pairs are ignored, `+` and `%20` are both a blank, a name without `=` has an empty value, bytes from
    /// 0x80 up may come unescaped, and a name twice with one value is one parameter.
    ///
    /// # Errors
    /// [`ParamsError`]: invalid percent-encoding, too many parameters, or one name with two values.
    pub fn parse_urlencoded(bytes: &[u8]) -> Result<Params, ParamsError> {
        let mut params = Params::with_capacity(bytes.len());
        urlencoded::read(bytes, &mut params)?;
        Ok(params)
    }

    /// Reads a `multipart/form-data` body, as the PHP samples of 2012 send it (protocol.md §1.2).
    ///
    /// # Errors
    /// [`ParamsError`]: no boundary, a part without a name, too many parameters, or one name with two values.
    pub fn parse_multipart(content_type: &str, body: &[u8]) -> Result<Params, ParamsError> {
        let mut params = Params::with_capacity(body.len());
        multipart::read(content_type, body, &mut params)?;
        Ok(params)
    }

    /// Takes a request's query and body together (protocol.md §1.2, §1.3): a name may come in both with one value,
    /// an empty `_input_charset` is absent, and CR LF after the body are the old samples' own.
    ///
    /// The body is read as multipart when its content type says so and as urlencoded otherwise, since the content
    /// types of the time are not to be trusted.
    ///
    /// # Errors
    /// [`ParamsError`], as for the two parsers; a conflict between query and body is one as well.
    pub fn receive(query: &[u8], content_type: Option<&str>, body: &[u8]) -> Result<Params, ParamsError> {
        let mut params = Params::with_capacity(query.len() + body.len() + 1);
        urlencoded::read(query, &mut params)?;
        params.forget_empty_charset();
        match content_type {
            Some(content_type) if multipart::is_multipart(content_type) => {
                multipart::read(content_type, body, &mut params)?;
            }
            _ => urlencoded::read(trim_line_ends(body), &mut params)?,
        }
        params.forget_empty_charset();
        Ok(params)
    }

    /// The raw value of this name, empty or not; `None` if it is not there.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.find(name.as_bytes()).map(|pair| self.value(pair))
    }

    /// The value of this name as text; `None` if it is absent or empty.
    ///
    /// # Errors
    /// [`NotText`] if the bytes are not text in this charset.
    pub fn get_text(&self, name: &str, charset: Charset) -> Result<Option<String>, NotText> {
        match self.get(name) {
            None | Some([]) => Ok(None),
            Some(value) => match charset.decode(value) {
                Ok(text) => Ok(Some(text.into_owned())),
                Err(_) => Err(NotText { name: name.to_owned() }),
            },
        }
    }

    /// All pairs in order, empty values among them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|pair| (self.name(pair), self.value(pair)))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The charset of the message, GBK if it names none (protocol.md §1.4).
    ///
    /// # Errors
    /// [`UnknownCharset`] if it names one that is neither UTF-8 nor GBK.
    pub fn charset(&self) -> Result<Charset, UnknownCharset> {
        match self.get(INPUT_CHARSET) {
            None | Some([]) => Ok(Charset::Gbk),
            Some(label) => std::str::from_utf8(label)
                .ok()
                .and_then(Charset::from_label)
                .ok_or_else(|| UnknownCharset { label: lossy(label) }),
        }
    }

    /// All values as text, for the typed parsers.
    ///
    /// # Errors
    /// [`NotText`] names the first parameter whose bytes are not text in this charset.
    pub fn decode(&self, charset: Charset) -> Result<Text, NotText> {
        Text::decode(self, charset)
    }

    /// Adds a pair at the end. That no name is there twice is for the caller to keep.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        let start = self.buf.len();
        self.buf.reserve(name.len() + value.len() + 2);
        self.buf.extend_from_slice(name.as_bytes());
        let eq = self.buf.len();
        self.buf.push(b'=');
        self.buf.extend_from_slice(value);
        self.close_pair(start, eq);
    }

    /// Adds a pair whose value is text.
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write the text; nothing is added then.
    pub fn push_text(&mut self, name: &str, value: &str, charset: Charset) -> Result<(), Unmappable> {
        let bytes = charset.encode(value)?;
        self.push(name, &bytes);
        Ok(())
    }

    /// Takes a name out, wherever and however often it is there; says whether it was.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.pairs.len();
        let (buf, prefix) = (&self.buf, prefix_of(name.as_bytes()));
        self.pairs.retain(|pair| pair.prefix != prefix || &buf[pair.start..pair.eq] != name.as_bytes());
        self.pairs.len() != before
    }

    /// Orders the pairs by the bytes of their names, as page returns have them (protocol.md §4.1).
    pub fn sort(&mut self) {
        let buf = &self.buf;
        self.pairs.sort_by(|a, b| compare_names(buf, a, b));
    }

    /// Writes a query string or body: a blank as `+`, upper-case hexadecimal, `A-Z a-z 0-9 - _ . *` as they are.
    pub fn to_urlencoded(&self) -> String {
        let mut out = String::with_capacity(self.buf.len() * 2);
        for (name, value) in self.iter() {
            if !out.is_empty() {
                out.push('&');
            }
            urlencoded::write(name, &mut out);
            out.push('=');
            urlencoded::write(value, &mut out);
        }
        out
    }

    fn with_capacity(bytes: usize) -> Params {
        Params { buf: Vec::with_capacity(bytes + 2), pairs: Vec::with_capacity(32) }
    }

    fn find(&self, name: &[u8]) -> Option<&Pair> {
        let prefix = prefix_of(name);
        self.pairs.iter().find(|pair| pair.prefix == prefix && self.name(pair) == name)
    }

    fn name(&self, pair: &Pair) -> &[u8] {
        &self.buf[pair.start..pair.eq]
    }

    fn value(&self, pair: &Pair) -> &[u8] {
        &self.buf[pair.eq + 1..pair.end]
    }

    /// Takes the bytes from `start` as a pair that came over the wire, unless it is there already.
    fn receive_pair(&mut self, start: usize, eq: usize) -> Result<(), ParamsError> {
        let pair = Pair { prefix: prefix_of(&self.buf[start..eq]), start, eq, end: self.buf.len() };
        let name = self.name(&pair);
        for earlier in &self.pairs {
            if earlier.prefix == pair.prefix && self.name(earlier) == name {
                if self.value(earlier) != self.value(&pair) {
                    return Err(ParamsError::ConflictingValue { name: lossy(name) });
                }
                self.buf.truncate(start);
                return Ok(());
            }
        }
        if self.pairs.len() == PARAMS_MAX {
            return Err(ParamsError::TooMany);
        }
        self.buf.push(b'&');
        self.pairs.push(pair);
        Ok(())
    }

    fn close_pair(&mut self, start: usize, eq: usize) {
        let pair = Pair { prefix: prefix_of(&self.buf[start..eq]), start, eq, end: self.buf.len() };
        self.buf.push(b'&');
        self.pairs.push(pair);
    }

    fn forget_empty_charset(&mut self) {
        if self.get(INPUT_CHARSET) == Some(&[]) {
            self.remove(INPUT_CHARSET);
        }
    }

    /// Room enough for any text over these parameters.
    pub(crate) fn buffer_len(&self) -> usize {
        self.buf.len()
    }

    /// The pairs that a signature covers, as `name=value` slices in byte order of their names (protocol.md §2.1).
    pub(crate) fn signed_pairs(&self, covered: impl Fn(&[u8], &[u8]) -> bool) -> impl Iterator<Item = &[u8]> {
        let mut pairs: Vec<Pair> = Vec::with_capacity(self.pairs.len());
        pairs.extend(self.pairs.iter().filter(|pair| covered(self.name(pair), self.value(pair))));
        pairs.sort_by(|a, b| compare_names(&self.buf, a, b));
        pairs.into_iter().map(|pair| &self.buf[pair.start..pair.end])
    }
}

/// The parameter that names the charset of a message.
pub(crate) const INPUT_CHARSET: &str = "_input_charset";

fn compare_names(buf: &[u8], a: &Pair, b: &Pair) -> std::cmp::Ordering {
    a.prefix.cmp(&b.prefix).then_with(|| buf[a.start..a.eq].cmp(&buf[b.start..b.eq]))
}

/// The first eight bytes as an integer that compares as they do.
fn prefix_of(name: &[u8]) -> u64 {
    match name.first_chunk::<8>() {
        Some(first) => u64::from_be_bytes(*first),
        None => {
            let mut first = [0; 8];
            first[..name.len()].copy_from_slice(name);
            u64::from_be_bytes(first)
        }
    }
}

fn trim_line_ends(body: &[u8]) -> &[u8] {
    let mut body = body;
    while let [rest @ .., b'\r' | b'\n'] = body {
        body = rest;
    }
    body
}

/// For messages to people only.
fn lossy(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|&b| if b.is_ascii_graphic() { char::from(b) } else { '?' }).collect()
}

/// Equal if the same pairs come in the same order.
impl PartialEq for Params {
    fn eq(&self, other: &Params) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Params {}

/// As `name=value` in order, with what is not ASCII escaped.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs =
            self.iter().map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
        f.debug_list().entries(pairs).finish()
    }
}

#[cfg(test)]
mod tests;
