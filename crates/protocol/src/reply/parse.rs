//! Reading an XML answer, on the merchant's side: bounded, without document types and without entities but the five
//! that XML itself has.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::params::Params;
use crate::reported::Reported;
use crate::sign::{self, BadSign, Leniency, Verifier};

/// No answer comes near these.
const BYTES_MAX: usize = 256 * 1024;
const ELEMENTS_MAX: usize = 2048;
const DEPTH_MAX: usize = 8;

/// An answer of the gateway (protocol.md §7.1, 8.2): a yes, or a no with its code. [`Reply::accepted`] tells them apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "an answer may be a refusal: ask `accepted`"]
pub struct Reply {
    /// Whether `is_success` is `T`.
    pub is_success: bool,
    /// `error`, by its name on the wire.
    pub error: Option<String>,
    /// The request as the gateway repeats it.
    pub request: Vec<(String, String)>,
    /// The name of the innermost response element: `tradeBase`, `trade`, `timestamp`.
    pub element: Option<String>,
    /// Its children in order.
    pub children: Vec<(String, String)>,
    sign: Option<String>,
    sign_type: Option<String>,
    charset: Charset,
}

/// The gateway's no to a call, with its code (protocol.md §8.3). Nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the gateway refuses: {}", self.as_str())]
pub struct Refused {
    /// The code, also if this release does not know it; empty if the answer names none.
    pub code: Reported<ErrorCode>,
}

impl Refused {
    /// The code by its name on the wire.
    ///
    /// ```
    /// use danbao_protocol::error_code::ErrorCode;
    /// use danbao_protocol::reply::Refused;
    ///
    /// let refused = Refused::new("TRADE_NOT_EXIST");
    /// assert_eq!(refused.code.known(), Some(ErrorCode::TradeNotExist));
    /// assert_eq!(Refused::new("A_CODE_OF_2013").as_str(), "A_CODE_OF_2013");
    /// ```
    pub fn as_str(&self) -> &str {
        self.code.wire(ErrorCode::as_str)
    }

    /// Takes a code by its name on the wire.
    pub fn new(code: &str) -> Refused {
        Refused { code: Reported::read(code, ErrorCode::from_wire) }
    }

    /// Whether this is the code.
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code.known() == Some(code)
    }
}

/// Why bytes are not an answer of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// More bytes, elements or depth than any answer has.
    #[error("the answer is too large")]
    TooLarge,
    /// The head names a charset that this interface does not have, or the bytes are not text in it.
    #[error("the answer is not text in its charset")]
    Charset,
    /// Not well-formed, or with a document type or an entity of its own.
    #[error("the answer is not plain XML: {0}")]
    Xml(String),
    /// Well-formed, but not an `alipay` element with `is_success`.
    #[error("the answer is not one of the gateway")]
    Foreign,
}

impl Reply {
    /// Reads an answer.
    ///
    /// # Errors
    /// [`ReplyError`] says in which way it is not one.
    pub fn parse(bytes: &[u8]) -> Result<Reply, ReplyError> {
        if bytes.len() > BYTES_MAX {
            return Err(ReplyError::TooLarge);
        }
        let charset = charset_of(bytes)?;
        let text = charset.decode(bytes).map_err(|_| ReplyError::Charset)?;
        Walk::default().through(&text, Reply { charset, ..Reply::default() })
    }

    /// The text of a child of the response element; `None` if it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.children.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The answer if it is a yes.
    ///
    /// # Errors
    /// [`Refused`] with the gateway's code.
    ///
    /// ```
    /// use danbao_protocol::error_code::ErrorCode;
    /// use danbao_protocol::reply::Reply;
    ///
    /// let no = b"<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
    /// let refused = Reply::parse(no)?.accepted().unwrap_err();
    /// assert!(refused.is(ErrorCode::TradeNotExist));
    ///
    /// let yes = b"<alipay><is_success>T</is_success></alipay>";
    /// assert!(Reply::parse(yes)?.accepted().is_ok());
    /// # Ok::<(), danbao_protocol::reply::ReplyError>(())
    /// ```
    pub fn accepted(self) -> Result<Reply, Refused> {
        if self.is_success { Ok(self) } else { Err(Refused::new(self.error.as_deref().unwrap_or_default())) }
    }

    /// `error` as a code, if this release knows it.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.error.as_deref().and_then(ErrorCode::from_wire)
    }

    /// Whether the signature is that of the response's children (protocol.md §2.4).
    ///
    /// # Errors
    /// [`BadSign`] if it is not, is of another type, or is missing, as it is from every refusal.
    pub fn verify(&self, verifier: &Verifier) -> Result<(), BadSign> {
        if self.sign_type.as_deref() != Some(verifier.sign_type().as_str()) {
            return Err(BadSign);
        }
        let mut signed = Params::new();
        for (name, value) in &self.children {
            signed.push_text(name, value, self.charset).map_err(|_| BadSign)?;
        }
        signed.push("sign", self.sign.as_deref().ok_or(BadSign)?.as_bytes());
        sign::verify(&signed, verifier, &Leniency::STRICT)
    }
}

/// The charset that the XML head names; UTF-8, as XML has it, if it names none.
fn charset_of(bytes: &[u8]) -> Result<Charset, ReplyError> {
    let head = bytes.get(..bytes.len().min(128)).unwrap_or_default();
    let head = String::from_utf8_lossy(head);
    let Some((head, _)) = head.split_once("?>") else { return Ok(Charset::Utf8) };
    let Some((_, after)) = head.split_once("encoding=") else { return Ok(Charset::Utf8) };
    let label = after.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default();
    Charset::from_label(label).ok_or(ReplyError::Charset)
}

/// One pass over the document.
#[derive(Default)]
struct Walk {
    /// The names of the open elements.
    path: Vec<String>,
    /// The text of the innermost open element so far.
    text: String,
    /// `name` of the open `param`.
    param: String,
    elements: usize,
    is_success: Option<bool>,
}

impl Walk {
    fn through(mut self, text: &str, mut reply: Reply) -> Result<Reply, ReplyError> {
        let mut reader = Reader::from_str(text.trim_start_matches('\u{FEFF}'));
        reader.config_mut().expand_empty_elements = true;
        loop {
            let event = reader.read_event().map_err(malformed)?;
            match event {
                Event::Start(start) => self.open(&start, &mut reply)?,
                Event::End(_) => self.close(&mut reply),
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref().map_err(malformed)? {
                        Some(character) => Cow::Owned(character.to_string()),
                        None => match escape::resolve_xml_entity(&reference.xml10_content()) {
                            Some(text) => Cow::Borrowed(text),
                            None => return Err(malformed("an entity of its own")),
                        },
                    };
                    self.text(&resolved)?;
                }
                Event::DocType(_) => return Err(malformed("a document type")),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Empty(_) => {}
                Event::Eof => break,
            }
        }
        if !self.path.is_empty() {
            return Err(malformed("it ends too early"));
        }
        reply.is_success = self.is_success.ok_or(ReplyError::Foreign)?;
        Ok(reply)
    }

    fn open(&mut self, start: &BytesStart<'_>, reply: &mut Reply) -> Result<(), ReplyError> {
        let name = start.name().0;
        self.elements += 1;
        if self.path.len() == DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return Err(ReplyError::TooLarge);
        }
        if self.path.is_empty() && (name != "alipay" || self.elements > 1) {
            return Err(ReplyError::Foreign);
        }
        self.path.push(name.to_owned());
        self.text.clear();
        match self.path()[..] {
            ["alipay", "request", "param"] => {
                let attribute = start.try_get_attribute("name").map_err(malformed)?;
                let value =
                    attribute.map(|a| a.normalized_value(XmlVersion::Implicit1_0).map(Cow::into_owned));
                self.param = value.transpose().map_err(malformed)?.unwrap_or_default();
            }
            ["alipay", "response", element] if reply.element.is_none() => {
                reply.element = Some((*element).to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, reply: &mut Reply) {
        let text = std::mem::take(&mut self.text);
        match self.path()[..] {
            ["alipay", "is_success"] => self.is_success = Some(text == "T"),
            ["alipay", "error"] => reply.error = Some(text),
            ["alipay", "sign"] => reply.sign = Some(text),
            ["alipay", "sign_type"] => reply.sign_type = Some(text),
            ["alipay", "request", "param"] => reply.request.push((std::mem::take(&mut self.param), text)),
            ["alipay", "response", _, child] => reply.children.push(((*child).to_owned(), text)),
            _ => {}
        }
        self.path.pop();
    }

    fn text(&mut self, text: &str) -> Result<(), ReplyError> {
        if self.path.is_empty() && !text.trim().is_empty() {
            return Err(malformed("text outside of its element"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

fn malformed(error: impl ToString) -> ReplyError {
    ReplyError::Xml(error.to_string())
}
