//! 物流地址返回: the form that the buyer's browser POSTs to the shop with a chosen delivery address, an XML document as one
//! signed value (protocol.md §4.6). The gateway builds it, the merchant reads it.

mod read;

use std::fmt::Write as _;

use quick_xml::escape::partial_escape;

use crate::charset::{Charset, Unmappable};
use crate::ids::{NotifyId, UserId};
use crate::message::Writer;
use crate::params::{Params, Text};
use crate::reply::legal;
use crate::reported::MissingField;

pub use read::AddressError;

/// An address on its way to a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPost {
    /// `notify_id`, to be asked about with `notify_verify`
    pub notify_id: NotifyId,
    /// `user_id`: whose address it is
    pub user_id: UserId,
    /// `receive_address`
    pub receive_address: ReceiveAddress,
}

/// 收货地址: where goods go, in the parts that the platform knows it by. Any of them may be empty. Region names are those
/// of the national statistics office in full, but for the municipalities, which have no 市 (quick-login tutorial 4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiveAddress {
    /// `prov`: a province, or a municipality without 市
    pub prov: String,
    /// `city`
    pub city: String,
    /// `area`: a district or county
    pub area: String,
    /// `address_code`: six digits
    pub address_code: String,
    /// `address`: the street and what follows
    pub address: String,
    /// `fullname`: the consignee
    pub fullname: String,
    /// `mobile_phone`
    pub mobile_phone: String,
    /// `phone`: the land line
    pub phone: String,
    /// `post`: the postcode
    pub post: String,
}

/// A message that brings no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// A field of the message is missing or malformed.
    #[error(transparent)]
    Field(#[from] MissingField),
    /// `receive_address` is not a document of the kind.
    #[error("receive_address: {0}")]
    Document(#[from] AddressError),
}

impl AddressPost {
    /// Builds the unsigned parameters, sorted by name; signing adds `sign` and `sign_type` at the end.
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write the ids; the address itself can always be written.
    pub fn build(&self, charset: Charset) -> Result<Params, Unmappable> {
        let mut post = Writer::new(charset);
        post.text("is_success", "T")?
            .text("notify_id", self.notify_id.as_str())?
            .text("receive_address", &self.receive_address.to_xml(charset))?
            .text("user_id", self.user_id.as_str())?;
        let mut params = post.finish();
        params.sort();
        Ok(params)
    }

    /// Reads what a POST says. Only what has been verified deserves to be read.
    ///
    /// # Errors
    /// [`NoAddress`] says what is missing, malformed or not an address.
    pub fn read(text: &Text) -> Result<AddressPost, NoAddress> {
        let needed = |name| text.get(name).ok_or(MissingField::Absent(name));
        if needed("is_success")? != "T" {
            return Err(MissingField::Malformed("is_success").into());
        }
        let user_id = UserId::new(needed("user_id")?);
        if !user_id.is_well_formed() {
            return Err(MissingField::Malformed("user_id").into());
        }
        Ok(AddressPost {
            notify_id: NotifyId::new(needed("notify_id")?),
            user_id,
            receive_address: ReceiveAddress::read(needed("receive_address")?)?,
        })
    }
}

impl ReceiveAddress {
    /// The document, in a form that the charset can write: a character without a code of its own becomes a character
    /// reference, which every XML reader resolves, and one that XML has no place for becomes `?`.
    pub fn to_xml(&self, charset: Charset) -> String {
        let encoding = match charset {
            Charset::Utf8 => "UTF-8",
            Charset::Gbk => "GBK",
        };
        let mut xml = format!(r#"<?xml version="1.0" encoding="{encoding}"?><receiveAddress>"#);
        for (name, value) in self.parts() {
            xml.push_str(&format!("<{name}>"));
            push_writable(&mut xml, &partial_escape(legal(value)), charset);
            xml.push_str(&format!("</{name}>"));
        }
        xml.push_str("</receiveAddress>");
        xml
    }

    /// Reads the document: bounded, without document types and without entities but the five of XML itself.
    ///
    /// # Errors
    /// [`AddressError`] says in which way it is not one.
    pub fn read(xml: &str) -> Result<ReceiveAddress, AddressError> {
        read::read(xml)
    }

    /// The parts by their names on the wire, in the order of the wire.
    fn parts(&self) -> [(&'static str, &str); 9] {
        [
            ("address", &self.address),
            ("address_code", &self.address_code),
            ("area", &self.area),
            ("city", &self.city),
            ("fullname", &self.fullname),
            ("mobile_phone", &self.mobile_phone),
            ("phone", &self.phone),
            ("post", &self.post),
            ("prov", &self.prov),
        ]
    }

    fn part_mut(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "address" => &mut self.address,
            "address_code" => &mut self.address_code,
            "area" => &mut self.area,
            "city" => &mut self.city,
            "fullname" => &mut self.fullname,
            "mobile_phone" => &mut self.mobile_phone,
            "phone" => &mut self.phone,
            "post" => &mut self.post,
            "prov" => &mut self.prov,
            _ => return None,
        })
    }
}

fn push_writable(xml: &mut String, text: &str, charset: Charset) {
    if charset.encode(text).is_ok() {
        xml.push_str(text);
        return;
    }
    let mut one = [0; 4];
    for character in text.chars() {
        if charset.encode(character.encode_utf8(&mut one)).is_ok() {
            xml.push(character);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(xml, "&#{};", u32::from(character));
        }
    }
}
