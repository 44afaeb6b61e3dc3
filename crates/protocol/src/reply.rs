//! The XML that a merchant's server is answered with (protocol.md §7.1-7.4, 8.2), in the charset of its request.

mod parse;

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

pub use parse::{Refused, Reply, ReplyError};

use crate::charset::{Charset, Unmappable};
use crate::error_code::ErrorCode;
use crate::params::{Params, Text};
use crate::sign::{CannotSign, Signer};

/// What a service answers when it has done what was asked.
#[derive(Debug, Clone)]
pub struct Success<'a> {
    /// The request, to be repeated but for its signature.
    pub request: &'a Text,
    /// The innermost response element: `tradeBase`, `trade` or `timestamp`.
    pub element: &'static str,
    /// Its children in order; empty ones are left out. These are what is signed (protocol.md §2.4).
    pub children: &'a [(&'static str, String)],
}

/// A refusal, never signed: `<alipay><is_success>F</is_success><error>CODE</error></alipay>`.
pub fn error(code: ErrorCode, charset: Charset) -> Vec<u8> {
    ascii_answer(charset, &[("is_success", "F"), ("error", code.as_str())])
}

/// A success that says nothing else, as `close_trade` answers: `<alipay><is_success>T</is_success></alipay>`.
pub fn done(charset: Charset) -> Vec<u8> {
    ascii_answer(charset, &[("is_success", "T")])
}

/// Why an answer cannot be given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotAnswer {
    /// The charset of the request cannot write one of the children.
    #[error(transparent)]
    Unmappable(#[from] Unmappable),
    /// The key is broken.
    #[error(transparent)]
    CannotSign(#[from] CannotSign),
}

/// A success with its request, its response and the signature over the children of the response.
///
/// Characters that XML cannot hold (control characters in a subject) are written as `?`, and signed so.
///
/// # Errors
/// [`CannotAnswer`] if the charset cannot write one of the children, or the key cannot sign.
pub fn success(answer: &Success<'_>, charset: Charset, signer: &Signer) -> Result<Vec<u8>, CannotAnswer> {
    let children: Vec<(&str, Cow<'_, str>)> = answer
        .children
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (*name, legal(value)))
        .collect();
    let mut signed = Params::new();
    for (name, value) in &children {
        signed.push_text(name, value, charset)?;
    }
    let sign = signer.sign(&signed)?;
    let request = answer
        .request
        .iter()
        .filter(|(name, value)| !matches!(*name, "sign" | "sign_type" | "") && !value.is_empty());
    let text = document(charset, |root| {
        leaf(root, "is_success", "T")?;
        root.create_element("request").write_inner_content(|echo| {
            for (name, value) in request {
                let param = echo.create_element("param").with_attribute(("name", &*legal(name)));
                param.write_text_content(BytesText::new(&legal(value)))?;
            }
            Ok(())
        })?;
        root.create_element("response").write_inner_content(|response| {
            response.create_element(answer.element).write_inner_content(|element| {
                children.iter().try_for_each(|(name, value)| leaf(element, name, value))
            })?;
            Ok(())
        })?;
        leaf(root, "sign", &sign)?;
        leaf(root, "sign_type", signer.sign_type().as_str())
    });
    Ok(charset.encode(&text)?.into_owned())
}

fn ascii_answer(charset: Charset, children: &[(&str, &str)]) -> Vec<u8> {
    document(charset, |root| children.iter().try_for_each(|(name, value)| leaf(root, name, value)))
        .into_bytes()
}

type Xml = Writer<Vec<u8>>;

fn document(charset: Charset, content: impl FnOnce(&mut Xml) -> std::io::Result<()>) -> String {
    let mut xml = Writer::new(Vec::new());
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some(charset.label()), None)))
        .and_then(|()| xml.create_element("alipay").write_inner_content(content).map(|_| ()));
    debug_assert!(written.is_ok(), "a vector takes all that is written to it");
    String::from_utf8(xml.into_inner()).unwrap_or_default()
}

fn leaf(xml: &mut Xml, name: &str, value: &str) -> std::io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(value)).map(|_| ())
}

/// The text with every character that XML 1.0 has no place for replaced by `?`.
pub(crate) fn legal(text: &str) -> Cow<'_, str> {
    let illegal =
        |c: char| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}');
    if text.contains(illegal) { Cow::Owned(text.replace(illegal, "?")) } else { Cow::Borrowed(text) }
}
