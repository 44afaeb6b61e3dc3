//! Signatures by private keys: they cannot be computed again, only verified, so fewer mistakes can be tried.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

mod broken;

use broken::{KEY, REQUEST, query, text, utf8};
use danbao_explain::mistake::Kind;
use danbao_explain::{Check, Question, VERIFICATIONS_MAX, Verdict, explain};
use danbao_protocol::params::Params;
use danbao_protocol::sign::{SignType, Signer, dsa, pasted, rsa};

/// What the signer makes of any text: a parameter named after its beginning, so that nothing is sorted.
fn sign(signer: &Signer, text: &[u8]) -> String {
    let mut params = Params::new();
    let equals = text.iter().position(|&byte| byte == b'=').unwrap();
    params.push(std::str::from_utf8(&text[..equals]).unwrap(), &text[equals + 1..]);
    signer.sign(&params).unwrap()
}

fn public(signer: &Signer) -> pasted::Key {
    let pem = match signer {
        Signer::Rsa(key) | Signer::Rsa2(key) => key.public().to_pem(),
        Signer::Dsa(key) => key.public().to_pem(),
        Signer::Md5(_) => unreachable!(),
    };
    pasted::examine(pem.as_bytes()).unwrap().key
}

fn verdict(input: &str, public: Option<&pasted::Key>) -> Verdict {
    let question =
        Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), public, ..Question::default() };
    let explained = explain(&question).unwrap();
    assert!(explained.tried <= VERIFICATIONS_MAX + 20, "{}", explained.tried);
    explained.sign.verdict
}

fn kinds(verdict: &Verdict) -> Vec<Kind> {
    match verdict {
        Verdict::Mistaken(finding) => finding.mistakes.iter().map(|mistake| mistake.kind).collect(),
        _ => Vec::new(),
    }
}

/// The request as a query that says it is signed in this way.
fn sent(sign: &str, sign_type: SignType) -> String {
    query(&utf8(REQUEST), sign).replace("sign_type=MD5", &format!("sign_type={sign_type}"))
}

#[test]
fn mistakes_with_rsa_are_named_as_those_with_md5_are() {
    let signer = Signer::Rsa(rsa::PrivateKey::generate([7; 32], 1024).unwrap());
    let key = public(&signer);
    let regular = text(&utf8(REQUEST));
    // A signature with a plus in it, or nothing can be lost.
    let good = sign(&signer, &regular);
    assert!(good.contains('+'), "choose another seed");
    assert_eq!(verdict(&sent(&good, SignType::Rsa), Some(&key)), Verdict::Right);
    let lost = sent(&good, SignType::Rsa).replace("%2B", "+");
    assert_eq!(kinds(&verdict(&lost, Some(&key))), [Kind::SignMangled]);
    let url = sent(&good.replace('+', "-").replace('/', "_"), SignType::Rsa);
    assert_eq!(kinds(&verdict(&url, Some(&key))), [Kind::SignMangled]);
    let unsorted =
        REQUEST.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let unsorted = sent(&sign(&signer, unsorted.as_bytes()), SignType::Rsa);
    assert_eq!(kinds(&verdict(&unsorted, Some(&key))), [Kind::Unsorted]);
    let typed = [&regular[..], b""].concat();
    let typed = String::from_utf8(typed).unwrap().replace("&subject=", "&sign_type=RSA&subject=");
    let typed = sent(&sign(&signer, typed.as_bytes()), SignType::Rsa);
    assert_eq!(kinds(&verdict(&typed, Some(&key))), [Kind::SignTypeSigned]);
    let keyed = [&regular[..], KEY.as_bytes()].concat();
    let keyed = sent(&sign(&signer, &keyed), SignType::Rsa);
    assert_eq!(kinds(&verdict(&keyed, Some(&key))), [Kind::KeyAppended]);
    let other = sent(&sign(&signer, b"a=another text"), SignType::Rsa);
    let unexplained = Verdict::Unexplained(vec![Check::KeyOfAnother, Check::TextAltered]);
    assert_eq!(verdict(&other, Some(&key)), unexplained);
    assert_eq!(
        verdict(&sent(&good, SignType::Rsa), None),
        Verdict::Unexplained(vec![Check::PublicKeyWanted])
    );
}

#[test]
fn a_signature_of_another_kind_than_it_says_is_recognised() {
    let pair = rsa::PrivateKey::generate([8; 32], 1024).unwrap();
    let signer = Signer::Rsa2(pair);
    let good = sent(&sign(&signer, &text(&utf8(REQUEST))), SignType::Rsa);
    assert_eq!(kinds(&verdict(&good, Some(&public(&signer)))), [Kind::SignTypeWrong]);
    let signer = Signer::Dsa(dsa::PrivateKey::generate([9; 32]).unwrap());
    let sign = sign(&signer, &text(&utf8(REQUEST)));
    assert_eq!(verdict(&sent(&sign, SignType::Dsa), Some(&public(&signer))), Verdict::Right);
    assert_eq!(kinds(&verdict(&sent(&sign, SignType::Rsa), Some(&public(&signer)))), [Kind::SignTypeWrong]);
}
