//! What must hold for every text and every byte.
#![allow(clippy::unwrap_used, reason = "tests")]

use danbao_protocol::charset::Charset;
use danbao_protocol::page_return::append_to_url;
use danbao_protocol::params::Params;
use danbao_protocol::reply::{self, Reply, Success};
use danbao_protocol::service::close_trade::CloseTrade;
use danbao_protocol::service::notify_verify::NotifyVerify;
use danbao_protocol::service::payment::{PaymentRequest, PaymentService};
use danbao_protocol::service::send_goods_confirm_by_platform::SendGoods;
use danbao_protocol::sign::pasted::examine;
use danbao_protocol::sign::{self, Leniency, Md5Key, Signer, Verifier, md5};
use danbao_protocol::{notify, page_return};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

fn key() -> Md5Key {
    Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf")
}

fn charset() -> impl Strategy<Value = Charset> {
    prop_oneof![Just(Charset::Gbk), Just(Charset::Utf8)]
}

/// Any text, or a text of what merchants write, so that GBK is not always refused.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ -~一-龥誠許功￥€，。]{0,40}", "[+%&=#^|$'\"<> \\\\]{0,20}"]
}

/// Names as the interface has them, none of them special.
fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    btree_map("[a-z][a-z_0-9]{0,12}[xyz]", text(), 0..12).prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #[test]
    fn any_text_survives_build_url_parse_verify(fields in fields(), charset in charset()) {
        let mut params = Params::new();
        params.push("_input_charset", charset.label().as_bytes());
        let mut kept = Vec::new();
        for (name, value) in fields {
            match params.push_text(&name, &value, charset) {
                Ok(()) => kept.push((name, value)),
                Err(unmappable) => {
                    prop_assert_eq!(charset, Charset::Gbk);
                    prop_assert!(value.contains(unmappable.character));
                    prop_assert!(charset.encode(&unmappable.character.to_string()).is_err());
                }
            }
        }
        sign::append(&mut params, &Signer::Md5(key())).unwrap();
        let url = append_to_url("http://shop.example/return?own=1", &params);
        prop_assert!(url.is_ascii());
        let query = url.split_once("own=1&").unwrap().1;
        let arrived = Params::parse_urlencoded(query.as_bytes()).unwrap();
        prop_assert_eq!(sign::verify(&arrived, &Verifier::Md5(key()), &Leniency::STRICT), Ok(()));
        prop_assert_eq!(arrived.charset().unwrap(), charset);
        let text = arrived.decode(charset).unwrap();
        for (name, value) in &kept {
            prop_assert_eq!(text.get_even_empty(name), Some(value.as_str()));
        }
        prop_assert_eq!(text.iter().len(), kept.len() + 3);
    }

    #[test]
    fn query_body_and_multipart_say_the_same(fields in fields(), split in 0..12_usize) {
        let mut whole = Params::new();
        let (mut query, mut body, mut parts) = (Params::new(), Params::new(), Vec::new());
        for (at, (name, value)) in fields.iter().enumerate() {
            whole.push(name, value.as_bytes());
            if at < split { &mut query } else { &mut body }.push(name, value.as_bytes());
            if at >= split {
                parts.extend(format!("--bnd\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").bytes());
                parts.extend(value.bytes());
                parts.extend(b"\r\n");
            }
        }
        parts.extend(b"--bnd--\r\n");
        let query = query.to_urlencoded();
        let posted = format!("{}\r\n\r\n", body.to_urlencoded());
        prop_assert_eq!(&Params::receive(query.as_bytes(), None, posted.as_bytes()).unwrap(), &whole);
        let multipart = Params::receive(query.as_bytes(), Some("multipart/form-data; boundary=bnd"), &parts);
        prop_assert_eq!(multipart.unwrap(), whole);
    }

    #[test]
    fn a_changed_byte_never_verifies(fields in fields(), charset in charset(), at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut params = Params::new();
        params.push("_input_charset", charset.label().as_bytes());
        for (name, value) in &fields {
            let _unmappable = params.push_text(name, value, charset);
        }
        sign::append(&mut params, &Signer::Md5(key())).unwrap();
        let mut bytes = params.to_urlencoded().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(changed) = Params::parse_urlencoded(&bytes) {
            let verified = md5::verify(&changed, &key()).is_ok();
            // What verifies says the same: another spelling of a byte, or a field that no signature covers.
            prop_assert!(!verified || sign::sign_text(&changed) == sign::sign_text(&params));
            prop_assert!(!verified || said(&changed) == said(&params));
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(query in vec(any::<u8>(), 0..200), body in vec(any::<u8>(), 0..400), charset in charset()) {
        read_everything(&query, &body, charset);
        let _ = Reply::parse(&body);
    }

    #[test]
    fn nothing_that_is_pasted_makes_its_examiner_panic(
        bytes in vec(any::<u8>(), 0..200),
        text in "(\u{feff}|-----BEGIN |-----END |(RSA |DSA |EC )?P(UBLIC|RIVATE) KEY|-----|\\n|\r\n| |MI[A-Za-z0-9+/]{0,90}={0,2}|2088[0-9]{12}|[a-z0-9]{30,33}){0,8}",
    ) {
        let _ = examine(&bytes);
        let _ = examine(&[&[0x30], bytes.as_slice()].concat());
        let _ = examine(text.as_bytes());
    }

    #[test]
    fn no_near_miss_makes_a_parser_panic(
        service in prop::sample::select(PaymentService::ALL),
        pairs in vec((prop::sample::select(NAMES), near_miss()), 0..30),
        charset in charset(),
    ) {
        let mut params = Params::new();
        params.push("service", service.as_str().as_bytes());
        params.push("partner", b"2088000000000001");
        for (name, value) in pairs {
            params.remove(name);
            let _unmappable = params.push_text(name, &value, charset);
        }
        if let Ok(request) = PaymentRequest::parse(&params, charset) {
            for group in &request.logistics {
                prop_assert!(request.amount.payable(Some(group)).is_some_and(|total| total.is_positive()));
            }
            prop_assert!(request.amount.goods_total().is_some());
        }
        read_everything(params.to_urlencoded().as_bytes(), b"", charset);
    }

    #[test]
    fn any_text_survives_an_answer(value in "[^\0-\x08\x0b\x0c\x0e-\x1f\u{fffe}\u{ffff}]{1,40}", charset in charset()) {
        let request = Params::new().decode(charset).unwrap();
        let children = [("subject", value.clone())];
        let answer = Success { request: &request, element: "trade", children: &children };
        let xml = reply::success(&answer, charset, &Signer::Md5(key()));
        prop_assert_eq!(xml.is_ok(), charset.encode(&value).is_ok());
        let Ok(xml) = xml else { return Ok(()) };
        let read = Reply::parse(&xml).unwrap();
        prop_assert_eq!(read.get("subject"), Some(value.as_str()));
        prop_assert_eq!(read.verify(&Verifier::Md5(key())), Ok(()));
    }

    #[test]
    fn no_document_makes_the_reader_panic(xml in "(<[a-z/!?]{0,3}(alipay|is_success|request|response|param|x)( name=\"[a-z&;]{0,3}\")?/?>|T|&[a-z#0-9]{0,4};|<!\\[CDATA\\[|\\]\\]>|<!--|-->){0,30}") {
        let _ = Reply::parse(xml.as_bytes());
        let _ = Reply::parse(format!("<alipay><is_success>T</is_success>{xml}</alipay>").as_bytes());
    }
}

/// The signed fields, in any order.
fn said(params: &Params) -> Vec<(Vec<u8>, Vec<u8>)> {
    let covered = params.iter().filter(|(name, value)| !value.is_empty() && !name.starts_with(b"sign"));
    let mut said: Vec<_> = covered.map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    said.sort();
    said
}

fn read_everything(query: &[u8], body: &[u8], charset: Charset) {
    let types = [None, Some("multipart/form-data; boundary=a"), Some("multipart/form-data; boundary=\"")];
    for content_type in types {
        let Ok(params) = Params::receive(query, content_type, body) else { continue };
        let _ = params.charset();
        assert!(
            sign::verify(
                &params,
                &Verifier::Md5(key()),
                &Leniency { empty_values: true, ..Leniency::default() }
            )
            .is_err()
        );
        let _ = PaymentRequest::parse(&params, charset);
        let _ = SendGoods::parse(&params, charset);
        let _ = CloseTrade::parse(&params, charset);
        let _ = NotifyVerify::parse(&params);
        if let Ok(text) = params.decode(charset) {
            let _ = notify::parse(&text);
            let _ = page_return::parse(&text);
        }
        let again = Params::parse_urlencoded(params.to_urlencoded().as_bytes()).unwrap();
        assert_eq!(again.len(), params.len());
    }
}

const NAMES: &[&str] = &[
    "out_trade_no",
    "subject",
    "payment_type",
    "price",
    "quantity",
    "total_fee",
    "discount",
    "logistics_type",
    "logistics_fee",
    "logistics_payment",
    "logistics_type_1",
    "logistics_fee_1",
    "logistics_payment_1",
    "seller_id",
    "seller_email",
    "it_b_pay",
    "t_s_send_1",
    "notify_url",
    "royalty_type",
    "royalty_parameters",
    "paymethod",
    "defaultbank",
    "exter_invoke_ip",
    "trade_no",
    "transport_type",
];

fn near_miss() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{0,20}(\\.[0-9]{0,3})?",
        prop::sample::select(vec![
            "EXPRESS",
            "POST",
            "BUYER_PAY",
            "SELLER_PAY",
            "1",
            "10",
            "1c",
            "7d",
            "",
            "0.01"
        ])
        .prop_map(str::to_owned),
        "[0-9]{0,6}[mhdc]",
        "(https?://)?[a-z.:/]{0,20}",
        "([a-z@]{0,5}\\^){0,4}[0-9.]{0,6}(\\|[a-z^0-9]{0,9}){0,3}",
        any::<String>(),
    ]
}
