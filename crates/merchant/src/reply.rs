//! The gateway's XML answers, as far as a merchant reads them (protocol.md §7, §8.2).

use danbao_protocol::charset::Charset;
use danbao_protocol::node::Response;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};

/// What the gateway answered to a call. Answers are not signed in a way that anybody checks: believe them as far as
/// the connection is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `is_success`: `Ok` for `T`, the error code for anything else.
    pub outcome: Result<(), String>,
    fields: Vec<(String, String)>,
}

/// The gateway's answer is none: another status, another charset, not XML, or without `is_success`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answer (HTTP {status}) cannot be read")]
pub struct IllegibleReply {
    /// HTTP status.
    pub status: u16,
}

impl Reply {
    /// Reads an answer, which is in the charset of the call.
    ///
    /// # Errors
    /// [`IllegibleReply`].
    pub fn read(response: &Response, charset: Charset) -> Result<Reply, IllegibleReply> {
        let illegible = || IllegibleReply { status: response.status().as_u16() };
        if !response.status().is_success() {
            return Err(illegible());
        }
        let text = charset.decode(response.body()).map_err(|_| illegible())?;
        let fields = leaves(&text).ok_or_else(illegible)?;
        let reply = Reply { outcome: Ok(()), fields };
        match reply.get("is_success") {
            Some("T") => Ok(reply),
            Some(_) => {
                let code = reply.get("error").unwrap_or("SYSTEM_ERROR").to_owned();
                Ok(Reply { outcome: Err(code), ..reply })
            }
            None => Err(illegible()),
        }
    }

    /// The text of an element without children, such as `trade_status` or `encrypt_key`; `None` if it is absent or
    /// empty. The echo of the request is left out.
    pub fn get(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map(|(_, text)| text.as_str()).filter(|text| !text.is_empty())
    }
}

/// Names and texts of the innermost elements but `param`, in order; `None` if it is not well-formed XML.
fn leaves(text: &str) -> Option<Vec<(String, String)>> {
    const DEPTH_MAX: usize = 16;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<(String, String, bool)> = Vec::new();
    let mut leaves = Vec::new();
    let mut roots = 0;
    loop {
        let piece = match reader.read_event().ok()? {
            Event::Start(start) => {
                if let Some((_, _, has_children)) = open.last_mut() {
                    *has_children = true;
                }
                roots += usize::from(open.is_empty());
                open.push((start.name().as_ref().to_owned(), String::new(), false));
                if open.len() > DEPTH_MAX || roots > 1 {
                    return None;
                }
                continue;
            }
            Event::End(_) => {
                let (name, text, has_children) = open.pop()?;
                if !has_children && name != "param" {
                    leaves.push((name, text.trim().to_owned()));
                }
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::CData(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(reference) => entity(&reference)?,
            Event::Eof => break,
            _ => continue,
        };
        match open.last_mut() {
            Some((_, text, _)) => text.push_str(&piece),
            None if piece.trim().is_empty() => {}
            None => return None,
        }
    }
    (open.is_empty() && roots == 1).then_some(leaves)
}

fn entity(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    resolve_predefined_entity(reference).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(xml: &str, charset: Charset) -> Result<Reply, IllegibleReply> {
        let body = charset.encode(xml).unwrap().into_owned();
        Reply::read(&Response::new(Bytes::from(body)), charset)
    }

    const SHIPPED: &str = "<?xml version=\"1.0\" encoding=\"gbk\"?>\n<alipay><is_success>T</is_success>\
        <request><param name=\"trade_no\">1</param><param name=\"logistics_name\">顺丰</param></request>\
        <response><tradeBase><trade_no>2012022900000001</trade_no><subject>测试 &amp; &#x4E2D;</subject>\
        <trade_status>WAIT_BUYER_CONFIRM_GOODS</trade_status><empty/></tradeBase></response>\
        <sign>00</sign><sign_type>MD5</sign_type></alipay>";

    #[test]
    fn a_yes_is_read_in_the_charset_of_the_call() {
        for charset in [Charset::Gbk, Charset::Utf8] {
            let reply = read(SHIPPED, charset).unwrap();
            assert_eq!(reply.outcome, Ok(()));
            assert_eq!(reply.get("trade_status"), Some("WAIT_BUYER_CONFIRM_GOODS"));
            assert_eq!(reply.get("subject"), Some("测试 & 中"));
            assert_eq!(reply.get("param"), None);
            assert_eq!(reply.get("response"), None);
        }
    }

    #[test]
    fn a_no_names_its_code() {
        let no = "<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>";
        assert_eq!(read(no, Charset::Utf8).unwrap().outcome, Err("TRADE_NOT_EXIST".to_owned()));
    }

    #[test]
    fn what_is_no_answer_is_neither_yes_nor_no() {
        for text in [
            "",
            "true",
            "<html><body>proxy error</body></html>",
            "<alipay><is_success>T</is_success>",
            "<alipay><is_success>T</is_success></alipay><alipay/>x",
            "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
            "<alipay><is_success>&unknown;</is_success></alipay>",
        ] {
            assert!(read(text, Charset::Utf8).is_err(), "{text}");
        }
        let mut broken = Response::new(Bytes::from_static(SHIPPED.as_bytes()));
        *broken.status_mut() = http::StatusCode::BAD_GATEWAY;
        assert_eq!(Reply::read(&broken, Charset::Utf8), Err(IllegibleReply { status: 502 }));
    }
}
