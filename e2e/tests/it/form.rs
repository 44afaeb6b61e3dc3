//! Names and values on the wire, and MD5 signatures over them: written here once more, apart from the product, so that no
//! mistake is made alike on both sides.

use std::fmt;

use md5::{Digest, Md5};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, percent_encode};

/// The parameters of a message, in order; values are bytes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Form(Vec<(String, Vec<u8>)>);

impl Form {
    pub(crate) fn new() -> Form {
        Form(Vec::new())
    }

    /// Reads an urlencoded body.
    pub(crate) fn parse(body: &[u8]) -> Form {
        let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let pair = |pair: &[u8]| {
            let eq = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let text = |bytes: &[u8]| {
                let blanks: Vec<u8> =
                    bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                percent_decode(&blanks).collect::<Vec<u8>>()
            };
            let value = pair.get(eq + 1..).unwrap_or_default();
            (String::from_utf8_lossy(&text(&pair[..eq])).into_owned(), text(value))
        };
        Form(pairs.map(pair).collect())
    }

    pub(crate) fn set(&mut self, name: &str, value: &[u8]) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// The value as UTF-8; empty if it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice());
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    pub(crate) fn to_urlencoded(&self) -> String {
        let encoded = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = self
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name.as_bytes()), encoded(value)))
            .collect();
        pairs.join("&")
    }

    /// Signs it with the partner's key.
    pub(crate) fn sign(mut self, key: &str) -> Form {
        let sign = self.signature(key);
        self.set("sign", sign.as_bytes());
        self.set("sign_type", b"MD5");
        self
    }

    /// Whether the holder of this key signed it.
    pub(crate) fn is_signed_with(&self, key: &str) -> bool {
        self.text("sign_type") == "MD5" && self.text("sign") == self.signature(key)
    }

    /// All values but the empty ones and the signature's own, sorted by name, and the key.
    fn signature(&self, key: &str) -> String {
        let mut pairs: Vec<(&str, &[u8])> = self
            .iter()
            .filter(|(name, value)| !value.is_empty() && *name != "sign" && *name != "sign_type")
            .collect();
        pairs.sort_unstable();
        let pairs: Vec<Vec<u8>> =
            pairs.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat()).collect();
        let digest = Md5::new().chain_update(pairs.join(&b'&')).chain_update(key).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.0.iter().map(|(name, value)| (name, String::from_utf8_lossy(value)));
        f.debug_map().entries(pairs).finish()
    }
}
