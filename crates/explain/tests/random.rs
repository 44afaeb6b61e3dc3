//! Any right message with one mistake of the catalogue: the mistake is named, or one that makes the very same text and
//! has the same cure.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

mod broken;

use broken::{KEY, Pairs, encode, join, md5, query, text};
use danbao_explain::mistake::Kind;
use danbao_explain::{Question, Verdict, explain};
use proptest::prelude::*;

/// A request with what shops write into it.
fn requests() -> impl Strategy<Value = Pairs> {
    let words =
        "[a-zA-Z0-9]{1,8}|[测试商品录音笔]{1,6}|[a-z]{1,4} [A-Z]{1,4}|[a-z]{1,3}&[a-z]{1,3}|\"[a-z]{1,4}\"";
    let amount = (0_u32..100_000, 0_u32..100).prop_map(|(yuan, fen)| format!("{yuan}.{fen:02}"));
    let optional = prop::sample::subsequence(
        vec![
            ("body", "one thing"),
            ("show_url", "http://shop.example/item"),
            ("quantity", "2"),
            ("logistics_type", "EXPRESS"),
            ("logistics_payment", "BUYER_PAY"),
            ("extra_common_param", "a|b"),
            ("it_b_pay", "1h"),
            ("paymethod", "directPay"),
        ],
        0..=8,
    );
    (words, "[A-Z]{2}[0-9]{6,12}", amount, optional).prop_map(|(subject, number, amount, optional)| {
        let fixed = [
            ("service", "create_direct_pay_by_user"),
            ("partner", "2088000000000001"),
            ("_input_charset", "utf-8"),
            ("notify_url", "http://shop.example/pay/notify"),
            ("return_url", "http://shop.example/pay/return"),
            ("seller_email", "seller@shop.example"),
            ("payment_type", "1"),
            ("out_trade_no", &number),
            ("subject", &subject),
            ("total_fee", &amount),
        ];
        let all = fixed.into_iter().chain(optional);
        all.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect()
    })
}

fn keyed(text: Vec<u8>) -> Vec<u8> {
    [&text[..], KEY.as_bytes()].concat()
}

fn with(pairs: &Pairs, name: &str, value: &str) -> Pairs {
    let mut pairs: Pairs = pairs.iter().filter(|(known, _)| known != name).cloned().collect();
    pairs.push((name.to_owned(), value.as_bytes().to_vec()));
    pairs
}

fn without(pairs: &Pairs, name: &str) -> Pairs {
    pairs.iter().filter(|(known, _)| known != name).cloned().collect()
}

fn each(pairs: &Pairs, change: impl Fn(&[u8]) -> Vec<u8>) -> Pairs {
    pairs.iter().map(|(name, value)| (name.clone(), change(value))).collect()
}

fn swap(value: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(value).replace(from, to).into_bytes()
}

/// A mistake: from a right message to what is sent and what is digested; and the names that it may be given.
type Mistake = (fn(&Pairs) -> (Pairs, Vec<u8>), &'static [Kind]);

fn signed(sent: &Pairs, signed: &Pairs) -> (Pairs, Vec<u8>) {
    (sent.clone(), keyed(text(signed)))
}

const MISTAKES: &[Mistake] = &[
    (|p| signed(p, &with(p, "sign_type", "MD5")), &[Kind::SignTypeSigned]),
    (|p| signed(p, &with(p, "sign", "")), &[Kind::SignSigned]),
    (|p| signed(&with(p, "buyer_email", ""), &with(p, "buyer_email", "")), &[Kind::EmptySigned]),
    (|p| signed(p, &without(p, "_input_charset")), &[Kind::CharsetUnsigned]),
    (|p| signed(&without(p, "_input_charset"), p), &[Kind::CharsetNotSent]),
    (|p| signed(&with(p, "cart", "7"), p), &[Kind::OwnParameters]),
    (|p| signed(&with(p, "token", "t7"), p), &[Kind::ParameterAdded]),
    (|p| signed(&without(p, "payment_type"), p), &[Kind::ParameterDropped]),
    (|p| signed(&with(p, "discount", "0"), p), &[Kind::ZeroUnsigned]),
    (|p| signed(p, &with(&without(p, "_input_charset"), "input_charset", "utf-8")), &[Kind::NameAltered]),
    (|p| signed(p, &each(p, |v| encode(v).into())), &[Kind::PercentEncoded]),
    (|p| signed(p, &each(p, |v| encode(encode(v).as_bytes()).into())), &[Kind::PercentEncodedTwice]),
    (|p| signed(&each(p, |v| encode(v).into()), p), &[Kind::DecodedAgain]),
    (|p| signed(p, &each(p, |v| swap(v, "/", "\\/"))), &[Kind::JsonEscaped]),
    (|p| (p.clone(), keyed(join(p))), &[Kind::Unsorted, Kind::OutOfPlace]),
    (|p| (p.clone(), keyed([&text(p)[..], b"&"].concat())), &[Kind::OuterAmpersand]),
    (|p| (p.clone(), text(p)), &[Kind::KeyMissing]),
    (|p| (p.clone(), [KEY.as_bytes(), &text(p)].concat()), &[Kind::KeyBefore]),
    (|p| (p.clone(), [&keyed(text(p))[..], b" "].concat()), &[Kind::KeyBlank]),
    (|p| (p.clone(), [&keyed(text(p))[..], b"\n"].concat()), &[Kind::KeyLineEnd]),
    (|p| (p.clone(), [&text(p)[..], b"2088000000000001"].concat()), &[Kind::KeyIsPartner]),
    (|p| (p.clone(), [&text(p)[..], b"&key=", KEY.as_bytes()].concat()), &[Kind::KeySeparated]),
    (
        |p| {
            let swapped = with(p, "notify_url", "http://shop.example/pay/return");
            signed(p, &with(&swapped, "return_url", "http://shop.example/pay/notify"))
        },
        &[Kind::ValuesSwapped],
    ),
    (|p| signed(p, &with(p, "return_url", "https://shop.example/pay/return")), &[Kind::ValueAltered]),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn one_mistake_in_any_request_is_named(
        request in requests(),
        (make, names) in prop::sample::select(MISTAKES),
    ) {
        let (sent, digested) = make(&request);
        // What changes nothing is no mistake.
        prop_assume!(digested != keyed(text(&sent)));
        let input = query(&sent, &md5(&digested));
        let question = Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), ..Question::default() };
        let verdict = explain(&question).unwrap().sign.verdict;
        let Verdict::Mistaken(finding) = &verdict else { panic!("{names:?} of {input}: {verdict:?}") };
        let said: Vec<Kind> = finding.mistakes.iter().map(|mistake| mistake.kind).collect();
        prop_assert!(said.len() == 1 && names.contains(&said[0]), "{:?} was said to be {:?}: {}", names, said, input);
    }
}
