//! Reading `receive_address`, on the merchant's side. The document has gone through a buyer's browser, and the kit is
//! also asked to read what nobody has signed.

use std::borrow::Cow;

use quick_xml::events::{BytesRef, Event};
use quick_xml::{Reader, escape};

use super::ReceiveAddress;
use crate::reply::legal;

/// No address comes near these.
const BYTES_MAX: usize = 16 * 1024;
const ELEMENTS_MAX: usize = 64;
/// The root and its parts; nothing is nested deeper.
const DEPTH_MAX: usize = 2;

const ROOT: &str = "receiveAddress";

/// Why a text is not a `receiveAddress` document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// More bytes, elements or depth than any address has.
    #[error("the document is too large")]
    TooLarge,
    /// It has a document type, which could define entities and name files.
    #[error("the document has a document type")]
    DocumentType,
    /// It refers to an entity that XML does not have of itself.
    #[error("the document has an entity of its own")]
    Entity,
    /// Not well-formed, or with a character that XML has no place for.
    #[error("the document is not well-formed: {0}")]
    Malformed(String),
    /// Well-formed, but its root is not `receiveAddress`.
    #[error("the document is not a receiveAddress")]
    Foreign,
    /// A part stands there twice, and nobody knows which one counts.
    #[error("{0} stands there twice")]
    Twice(String),
}

pub(super) fn read(xml: &str) -> Result<ReceiveAddress, AddressError> {
    if xml.len() > BYTES_MAX {
        return Err(AddressError::TooLarge);
    }
    let mut reader = Reader::from_str(xml.trim_start_matches('\u{FEFF}'));
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        match reader.read_event().map_err(malformed)? {
            Event::Start(start) => walk.open(start.name().0)?,
            Event::End(_) => walk.close()?,
            Event::Text(text) => walk.text(&text.xml10_content())?,
            Event::CData(text) => walk.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => walk.text(&resolved(&reference)?)?,
            Event::DocType(_) => return Err(AddressError::DocumentType),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
            Event::Eof => return walk.finish(),
        }
    }
}

/// One of the five entities of XML, or a character by its number.
fn resolved(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, AddressError> {
    if let Some(character) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(Cow::Owned(character.to_string()));
    }
    escape::resolve_xml_entity(&reference.xml10_content()).map(Cow::Borrowed).ok_or(AddressError::Entity)
}

/// One pass over the document.
#[derive(Default)]
struct Walk {
    address: ReceiveAddress,
    /// The names of the open elements.
    path: Vec<String>,
    /// The parts that have been seen.
    seen: Vec<String>,
    /// The text of the innermost open element so far.
    text: String,
    elements: usize,
}

impl Walk {
    fn open(&mut self, name: &str) -> Result<(), AddressError> {
        self.elements += 1;
        if self.path.len() == DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(AddressError::TooLarge);
        }
        if self.path.is_empty() && (name != ROOT || self.elements > 1) {
            return Err(AddressError::Foreign);
        }
        if self.path.len() == 1 {
            if self.seen.iter().any(|seen| seen == name) {
                return Err(AddressError::Twice(name.to_owned()));
            }
            self.seen.push(name.to_owned());
        }
        self.path.push(name.to_owned());
        self.text.clear();
        Ok(())
    }

    fn close(&mut self) -> Result<(), AddressError> {
        let text = std::mem::take(&mut self.text);
        let name = self.path.pop().ok_or_else(|| malformed("it ends twice"))?;
        // Parts that this release does not know are passed over.
        if self.path.len() == 1
            && let Some(part) = self.address.part_mut(&name)
        {
            *part = text;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), AddressError> {
        if legal(text) != text {
            return Err(malformed("a character that XML has no place for"));
        }
        if self.path.len() < DEPTH_MAX && !text.trim().is_empty() {
            return Err(malformed("text between the parts"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn finish(self) -> Result<ReceiveAddress, AddressError> {
        if !self.path.is_empty() {
            return Err(malformed("it ends too early"));
        }
        if self.elements == 0 {
            return Err(AddressError::Foreign);
        }
        Ok(self.address)
    }
}

fn malformed(error: impl ToString) -> AddressError {
    AddressError::Malformed(error.to_string())
}
