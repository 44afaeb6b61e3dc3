//! RSA and DSA: the golden signatures, those that OpenSSL and RFC 6979 give, and one path for all kinds.

#![allow(clippy::unwrap_used, reason = "a vector that does not read is a failed test")]
use danbao_protocol::charset::Charset;
use danbao_protocol::params::Params;
use danbao_protocol::reply::{self, Reply, Success};
use danbao_protocol::sign::pasted::{Key, examine};
use danbao_protocol::sign::{self, BadSign, Leniency, Md5Key, SignType, Signer, Verifier, dsa, rsa};
use serde_json::Value;

fn file() -> Value {
    serde_json::from_str(include_str!("sign-vectors.json")).unwrap()
}

fn key(pem: &str) -> Key {
    examine(pem.as_bytes()).unwrap().key
}

/// The message of a vector with its signature replaced.
fn message(file: &Value, vector: &Value, sign: &str) -> Params {
    let of_name = |other: &&Value| other["name"] == vector["vector"];
    let signed = file["vectors"].as_array().unwrap().iter().find(of_name).unwrap();
    let mut params = Params::parse_urlencoded(signed["query"].as_str().unwrap().as_bytes()).unwrap();
    params.remove("sign");
    params.push("sign", sign.as_bytes());
    params
}

fn verifier(vector: &Value) -> Verifier {
    let sign_type = SignType::from_wire(vector["sign_type"].as_str().unwrap()).unwrap();
    key(vector["public_key"].as_str().unwrap()).verifier(sign_type).unwrap()
}

#[test]
fn every_asymmetric_vector_verifies_in_each_of_its_spellings() {
    let file = file();
    let vectors = file["asymmetric"].as_array().unwrap();
    assert_eq!(vectors.len(), 6);
    let mut verified = 0;
    for vector in vectors {
        for spelling in ["sign", "sign_raw_r_s", "sign_raw_r_s_underscored"] {
            let Some(sign) = vector[spelling].as_str() else { continue };
            let params = message(&file, vector, sign);
            let verdict = sign::verify(&params, &verifier(vector), &Leniency::STRICT);
            assert_eq!(verdict, Ok(()), "{} {spelling}", vector["name"]);
            verified += 1;
        }
    }
    assert_eq!(verified, 3 + 3 * 3);
}

#[test]
fn an_altered_message_or_signature_verifies_in_no_spelling() {
    let file = file();
    for vector in file["asymmetric"].as_array().unwrap() {
        let verify = |params: &Params| sign::verify(params, &verifier(vector), &Leniency::default());
        let good = vector["sign"].as_str().unwrap();
        let mut altered = message(&file, vector, good);
        altered.push("extra", b"1");
        assert_eq!(verify(&altered), Err(BadSign), "{}", vector["name"]);
        let swapped =
            if good.contains('a') { good.replacen('a', "b", 1) } else { good.replacen('b', "a", 1) };
        let zeroes = "A".repeat(54) + "==";
        let raw = vector["sign_raw_r_s"].as_str().unwrap_or("AAAA");
        for sign in ["", "=", "AAAA", "MAA=", "_", "MAYCAQACAQA=", &zeroes, &good[4..], &swapped, &raw[4..]] {
            assert_eq!(verify(&message(&file, vector, sign)), Err(BadSign), "{} {sign}", vector["name"]);
        }
    }
}

#[test]
fn line_breaks_in_a_signature_are_forgiven() {
    let file = file();
    for vector in file["asymmetric"].as_array().unwrap() {
        let (head, tail) = vector["sign"].as_str().unwrap().split_at(20);
        let params = message(&file, vector, &format!("{head}\r\n{tail}\n"));
        assert_eq!(sign::verify(&params, &verifier(vector), &Leniency::STRICT), Ok(()));
    }
}

#[test]
fn rsa_signs_what_openssl_signs() {
    let key = key(include_str!("keys/rsa-pkcs8.pem"));
    let params = Params::parse_urlencoded(b"b=2&a=1").unwrap();
    for (sign_type, expected) in [
        (
            SignType::Rsa,
            "ccMwx0jKw57PFQirULdDvcErWdMdOwVmvMXvgJfU5Cg4wPTqeJdwpVjKwLwm2uOgReZm5uaRS3p4ex8lxVGht3XBFXtt6ZSfksGQQCMXQ7b1o4Ueur9jh3Vjd4NobqU5WArxXmpmgKmoSrC4bvTWKKJLmYNRkueMK9QotuTRtgs=",
        ),
        (
            SignType::Rsa2,
            "NII/MKwCoQMJ0NImCPXRawu360rn/rMeLs1GtTJRjU6OEnl0a4h26HhTRYTUboZEozfl37Sk4vfusmdGApzwJq6tsnQ7xBBDtD3H1dq006WwgpthzOaNiyNn7Dk2Noa6EZuywwJbnXaJc03EUT9uWnOn1q6epuI2M8T/t1sIliQ=",
        ),
    ] {
        assert_eq!(key.signer(sign_type).unwrap().sign(&params).unwrap(), expected, "{sign_type}");
    }
}

/// A signer of each kind; the pairs are made from a seed.
fn signers() -> Vec<Signer> {
    let rsa = rsa::PrivateKey::generate([7; 32], 1024).unwrap();
    vec![
        Signer::Md5(Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf")),
        Signer::Rsa(rsa.clone()),
        Signer::Dsa(dsa::PrivateKey::generate([7; 32]).unwrap()),
        Signer::Rsa2(rsa),
    ]
}

#[test]
fn every_kind_signs_the_same_way_every_time_and_verifies_as_itself_alone() {
    let signers = signers();
    for signer in &signers {
        let mut params =
            Params::parse_urlencoded("a=1&subject=测试&sign=old&sign_type=MD5".as_bytes()).unwrap();
        sign::append(&mut params, signer).unwrap();
        assert_eq!(params.get("sign_type"), Some(signer.sign_type().as_str().as_bytes()));
        let again = signer.sign(&params).unwrap();
        assert_eq!(params.get("sign"), Some(again.as_bytes()));
        for other in &signers {
            let verdict = sign::verify(&params, &other.verifier(), &Leniency::STRICT);
            assert_eq!(verdict.is_ok(), other.sign_type() == signer.sign_type());
        }
    }
}

#[test]
fn an_xml_answer_is_signed_and_verified_by_every_kind() {
    let request = Params::new().decode(Charset::Gbk).unwrap();
    let children = [("trade_no", "2012010100000001".to_owned()), ("subject", "测试".to_owned())];
    let answer = Success { request: &request, element: "trade", children: &children };
    for signer in signers() {
        let xml = reply::success(&answer, Charset::Gbk, &signer).unwrap();
        let read = Reply::parse(&xml).unwrap();
        assert_eq!(read.verify(&signer.verifier()), Ok(()));
        let stranger = Verifier::Md5(Md5Key::new("another key"));
        assert_eq!(read.verify(&stranger), Err(BadSign));
    }
}

#[test]
fn a_seed_always_gives_the_same_pair_and_no_key_is_printed() {
    let [one, two] = [9, 9].map(|seed| rsa::PrivateKey::generate([seed; 32], 1024).unwrap());
    assert_eq!(one, two);
    assert_eq!(one.public().bits(), 1024);
    assert!(rsa::PrivateKey::generate([9; 32], 512).is_err());
    assert!(rsa::PrivateKey::generate([9; 32], 16384).is_err());
    for signer in signers() {
        let printed = format!("{signer:?}");
        assert!(printed.ends_with("(..))"), "{printed}");
    }
}
