//! The XML answers: as the interface writes them, and read back by a merchant who trusts nothing.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::charset::{Charset, Unmappable};
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::params::Params;
use danbao_protocol::reply::{self, Reply, ReplyError, Success};
use danbao_protocol::sign::{BadSign, Md5Key, Signer, Verifier};

fn key() -> Md5Key {
    Md5Key::new("abcdefghijklmnopqrstuvwxyz012345")
}

#[test]
fn a_refusal_is_a_code_and_no_signature() {
    let xml = reply::error(ErrorCode::TradeNotExist, Charset::Utf8);
    assert_eq!(
        String::from_utf8(xml.clone()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>"
    );
    let read = Reply::parse(&xml).unwrap();
    assert_eq!((read.is_success, read.error_code()), (false, Some(ErrorCode::TradeNotExist)));
    assert_eq!(read.verify(&Verifier::Md5(key())), Err(BadSign));
}

#[test]
fn a_closing_answers_a_bare_success() {
    let xml = reply::done(Charset::Gbk);
    assert!(
        xml.starts_with(
            b"<?xml version=\"1.0\" encoding=\"gbk\"?><alipay><is_success>T</is_success></alipay>"
        )
    );
    assert!(Reply::parse(&xml).unwrap().is_success);
}

#[test]
fn an_answer_reads_back_in_both_charsets_whatever_the_texts_hold() {
    for charset in [Charset::Gbk, Charset::Utf8] {
        let mut request = Params::new();
        request.push_text("service", "single_trade_query", charset).unwrap();
        request.push_text("odd<\"name", "诚\\ <&>\r\n", charset).unwrap();
        request.push_text("empty", "", charset).unwrap();
        request.push_text("sign", "x", charset).unwrap();
        request.push_text("sign_type", "MD5", charset).unwrap();
        let children = [
            ("trade_no", "2012022900000001".to_owned()),
            ("subject", "录音笔 <b>&amp; \"x\" 'y' \r\n\t€ 誠".to_owned()),
            ("body", String::new()),
            ("buyer_actions", "[REFUND, CONFIRM_GOODS]".to_owned()),
            ("odd", "a\u{1}b\u{FFFE}".to_owned()),
        ];
        let answer =
            Success { request: &request.decode(charset).unwrap(), element: "trade", children: &children };
        let mut xml = reply::success(&answer, charset, &Signer::Md5(key())).unwrap();
        let read = Reply::parse(&xml).unwrap();
        assert!(read.is_success);
        assert_eq!(read.element.as_deref(), Some("trade"));
        assert_eq!(read.get("subject"), Some(children[1].1.as_str()));
        assert_eq!((read.get("body"), read.get("odd")), (None, Some("a?b?")));
        let echoed: Vec<(&str, &str)> = read.request.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(echoed, [("service", "single_trade_query"), ("odd<\"name", "诚\\ <&>\r\n")]);
        assert_eq!(read.verify(&Verifier::Md5(key())), Ok(()));
        assert_eq!(read.verify(&Verifier::Md5(Md5Key::new("other"))), Err(BadSign));
        let at = xml.windows(5).position(|w| w == b"20120").unwrap();
        xml[at] = b'3';
        assert_eq!(Reply::parse(&xml).unwrap().verify(&Verifier::Md5(key())), Err(BadSign));
    }
}

#[test]
fn a_text_that_the_charset_cannot_write_is_reported() {
    let request = Params::new().decode(Charset::Gbk).unwrap();
    let children = [("subject", "😀".to_owned())];
    let answer = Success { request: &request, element: "trade", children: &children };
    let refused = reply::success(&answer, Charset::Gbk, &Signer::Md5(key())).unwrap_err();
    assert_eq!(
        refused,
        reply::CannotAnswer::Unmappable(Unmappable { charset: Charset::Gbk, character: '😀' })
    );
}

#[test]
fn the_time_stamp_of_the_documents_is_read() {
    let xml = b"<alipay><is_success>T</is_success>\n <request><param name=\"service\">query_timestamp</param></request>\n\
        <response><timestamp><encrypt_key>KPr8==</encrypt_key></timestamp></response>\
        <sign>x</sign><sign_type>MD5</sign_type></alipay>\n";
    let read = Reply::parse(xml).unwrap();
    assert_eq!((read.element.as_deref(), read.get("encrypt_key")), (Some("timestamp"), Some("KPr8==")));
}

#[test]
fn a_hostile_answer_is_refused() {
    let parse = |xml: &str| Reply::parse(xml.as_bytes()).unwrap_err();
    let bomb = "<!DOCTYPE a [<!ENTITY x \"y\">]><alipay><is_success>&x;</is_success></alipay>";
    assert!(matches!(parse(bomb), ReplyError::Xml(_)));
    assert!(matches!(parse("<alipay><is_success>&x;</is_success></alipay>"), ReplyError::Xml(_)));
    assert!(matches!(parse("<alipay><is_success>&#0;</is_success></alipay>"), ReplyError::Xml(_)));
    assert!(matches!(parse("<alipay><is_success>T</is_success>"), ReplyError::Xml(_)));
    assert!(matches!(parse("<alipay><is_success>T</alipay></is_success>"), ReplyError::Xml(_)));
    assert!(matches!(parse("<alipay><is_success>T</is_success></alipay>junk"), ReplyError::Xml(_)));
    assert_eq!(parse("<html><body>true</body></html>"), ReplyError::Foreign);
    assert_eq!(parse("<alipay/>"), ReplyError::Foreign);
    assert_eq!(parse(""), ReplyError::Foreign);
    assert_eq!(parse("<alipay><is_success>F</is_success></alipay><alipay/>"), ReplyError::Foreign);
    assert_eq!(parse("<?xml version=\"1.0\" encoding=\"big5\"?><alipay/>"), ReplyError::Charset);
    let deep = format!("<alipay>{}", "<a>".repeat(20));
    assert_eq!(parse(&deep), ReplyError::TooLarge);
    let wide = format!("<alipay>{}</alipay>", "<a/>".repeat(5000));
    assert_eq!(parse(&wide), ReplyError::TooLarge);
    assert_eq!(parse(&" ".repeat(300_000)), ReplyError::TooLarge);
    let not_text = Reply::parse(b"<?xml version='1.0' encoding='gbk'?><alipay>\xFF</alipay>");
    assert_eq!(not_text, Err(ReplyError::Charset));
}

#[test]
fn success_is_only_said_by_t() {
    for (said, success) in [("T", true), ("F", false), ("t", false), ("P", false), ("", false)] {
        let xml = format!("<alipay><is_success>{said}</is_success></alipay>");
        assert_eq!(Reply::parse(xml.as_bytes()).unwrap().is_success, success, "{said}");
    }
}
