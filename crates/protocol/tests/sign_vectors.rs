//! The golden signatures: 18 messages, their other encodings, and digests that another client's tests publish.

#![allow(clippy::unwrap_used, reason = "a vector that does not read is a failed test")]
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::params::Params;
use danbao_protocol::service::Service;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::service::send_goods_confirm_by_platform::SendGoods;
use danbao_protocol::sign::{self, BadSign, Leniency, Md5Key, Verifier, md5};
use serde_json::Value;

fn file() -> Value {
    serde_json::from_str(include_str!("sign-vectors.json")).unwrap()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} of {vector}"))
}

fn charset(vector: &Value) -> Charset {
    Charset::from_label(text(vector, "charset")).unwrap()
}

fn key(vector: &Value) -> Md5Key {
    Md5Key::new(text(vector, "key"))
}

/// The parameters of a vector as a merchant would put them together.
fn built(vector: &Value) -> Params {
    let mut params = Params::new();
    for (name, value) in vector["params"].as_object().unwrap() {
        params.push_text(name, value.as_str().unwrap(), charset(vector)).unwrap();
    }
    params
}

#[test]
fn every_vector_is_signed_as_the_gateway_signed_it() {
    let file = file();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let params = built(vector);
        let signed = charset(vector).encode(text(vector, "sign_string")).unwrap().into_owned();
        assert_eq!(sign::sign_text(&params), signed, "{}", vector["name"]);
        assert_eq!(md5::sign(&params, &key(vector)), text(vector, "md5"), "{}", vector["name"]);
    }
}

#[test]
fn every_query_and_every_other_encoding_of_it_verifies() {
    for vector in file()["vectors"].as_array().unwrap() {
        let variants = vector["query_variants"].as_array().into_iter().flatten();
        for query in [&vector["query"]].into_iter().chain(variants) {
            let params = Params::parse_urlencoded(query.as_str().unwrap().as_bytes()).unwrap();
            let strict = sign::verify(&params, &Verifier::Md5(key(vector)), &Leniency::STRICT);
            assert_eq!(strict, Ok(()), "{}: {query}", vector["name"]);
            assert_eq!(md5::verify(&params, &Md5Key::new("another key")), Err(BadSign));
            assert!(params.decode(charset(vector)).is_ok(), "{}", vector["name"]);
        }
    }
}

#[test]
fn a_gbk_charset_left_unsigned_is_accepted_leniently_and_refused_strictly() {
    let file = file();
    let vector = file["vectors"].as_array().unwrap().iter().find(|v| v["lenient_only"] == true).unwrap();
    let line = text(vector, "request_line_query").as_bytes();
    let params = Params::receive(line, None, text(vector, "query").as_bytes()).unwrap();
    assert_eq!(params.charset(), Ok(Charset::Gbk));
    assert_eq!(md5::verify(&params, &key(vector)), Ok(()));
    assert_eq!(sign::verify(&params, &Verifier::Md5(key(vector)), &Leniency::STRICT), Err(BadSign));
    // With UTF-8 the charset must be in the text, however lenient we are.
    let utf8 = Params::receive(b"_input_charset=utf-8", None, text(vector, "query").as_bytes()).unwrap();
    assert_eq!(md5::verify(&utf8, &key(vector)), Err(BadSign));
}

#[test]
fn digests_published_by_another_client_come_out_the_same() {
    for check in file()["public_cross_checks"].as_array().unwrap() {
        let mut params = Params::new();
        for pair in text(check, "sign_string").split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            params.push(name, value.as_bytes());
        }
        assert_eq!(md5::sign(&params, &key(check)), text(check, "expected"));
    }
}

#[test]
fn our_own_encoding_is_the_one_of_the_vectors() {
    for vector in file()["vectors"].as_array().unwrap() {
        // Writers differ in two characters; ours are those of an HTML form.
        let query = text(vector, "query").replace('~', "%7E").replace("%2A", "*");
        let params = Params::parse_urlencoded(query.as_bytes()).unwrap();
        assert_eq!(params.to_urlencoded(), query, "{}", vector["name"]);
    }
}

#[test]
fn the_requests_among_the_vectors_are_read_too() {
    let mut refused = Vec::new();
    for vector in file()["vectors"].as_array().unwrap() {
        let params = Params::parse_urlencoded(text(vector, "query").as_bytes()).unwrap();
        let service = params.get_text("service", Charset::Utf8).unwrap();
        let outcome = match service.as_deref().and_then(Service::from_wire) {
            Some(service) if service.payment().is_some() => {
                PaymentRequest::parse(&params, charset(vector)).map(|_| ())
            }
            Some(Service::SendGoodsConfirmByPlatform) => {
                SendGoods::parse(&params, charset(vector)).map(|_| ())
            }
            _ => continue,
        };
        refused.extend(outcome.err().map(|code| (text(vector, "name").to_owned(), code)));
    }
    // It is there for the order of its names: its total_fee forgets the discount.
    assert_eq!(refused, [("08-sort-order".to_owned(), ErrorCode::IllegalFeeParam)]);
}
