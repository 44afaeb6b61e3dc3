//! Parameters as text, once their charset is known.

use super::{Params, lossy};
use crate::charset::Charset;

/// The parameters of one message as text, in the order received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    charset: Charset,
    buf: String,
    /// Start of the name, end of the name and start of the value, end of the value.
    pairs: Vec<[usize; 3]>,
}

/// A parameter whose bytes are not text in the message's charset: ILLEGAL_CHARSET (protocol.md §1.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the bytes of {name} are not text in the charset of the message")]
pub struct NotText {
    /// The parameter's name, with what is not ASCII replaced.
    pub name: String,
}

impl Text {
    pub(super) fn decode(params: &Params, charset: Charset) -> Result<Text, NotText> {
        let mut buf = String::with_capacity(params.buf.len() * 3 / 2);
        let mut pairs = Vec::with_capacity(params.len());
        for (name, value) in params.iter() {
            let start = buf.len();
            let refused = |_| NotText { name: lossy(name) };
            charset.decode_into(name, &mut buf).map_err(refused)?;
            let middle = buf.len();
            charset.decode_into(value, &mut buf).map_err(refused)?;
            pairs.push([start, middle, buf.len()]);
        }
        Ok(Text { charset, buf, pairs })
    }

    /// The charset that the message was decoded from.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The value of this name; `None` if it is absent **or empty**, which mean the same nearly everywhere.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_even_empty(name).filter(|value| !value.is_empty())
    }

    /// The value of this name, also if it is empty; `None` only if it is absent.
    pub fn get_even_empty(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All pairs in order, empty values among them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|&[start, middle, end]| (&self.buf[start..middle], &self.buf[middle..end]))
    }
}
