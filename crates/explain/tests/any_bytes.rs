//! Whatever is pasted, it ends well and within its bounds.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

mod broken;

use broken::{KEY, NOTIFICATION, query, text, utf8};
use danbao_explain::{DIGESTS_MAX, Question, explain, log};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_with_any_key_are_survived(
        input in proptest::collection::vec(any::<u8>(), 0..400),
        key in proptest::collection::vec(any::<u8>(), 0..40),
        mysign in proptest::option::of("[0-9a-fA-F]{32}|[ -~]{0,50}"),
    ) {
        let mysign = mysign.as_deref().map(str::as_bytes);
        let question = Question { input: &input, key: Some(&key), mysign, ..Question::default() };
        if let Ok(explained) = explain(&question) {
            prop_assert!(explained.tried <= 2 * DIGESTS_MAX);
        }
    }

    #[test]
    fn anything_in_the_shape_of_a_message_is_survived(
        pairs in proptest::collection::vec(("[a-z_&;=%+]{0,8}|subject|body|price|sign_type|_input_charset|amp;x", "\\PC{0,12}"), 0..12),
        sign in "[0-9a-f]{32}",
        key in "\\PC{0,33}",
        before in "|https://x/\\?|GET /a\\?|responseTxt=true notify_url_log:|1 - - \\[x\\] \"GET /\\?",
    ) {
        let written: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}&")).collect();
        let input = format!("{before}{}sign={sign}", written.concat());
        let question = Question { input: input.as_bytes(), key: Some(key.as_bytes()), ..Question::default() };
        if let Ok(explained) = explain(&question) {
            prop_assert!(explained.tried <= DIGESTS_MAX);
        }
    }

    #[test]
    fn any_log_is_survived(log in proptest::collection::vec(any::<u8>(), 0..600), line in "\\PC{0,80}") {
        let _ = log::entries(&log);
        let text = format!("responseTxt=true\n{line}\n1 - - [{line}] \"GET /?sign={line} HTTP/1.1\"\n{line}20111010135536\n");
        for entry in log::entries(text.as_bytes()) {
            prop_assert!(entry.line >= 1);
        }
    }

    #[test]
    fn one_changed_byte_never_passes_for_the_right_message(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let pairs = utf8(NOTIFICATION);
        let good = query(&pairs, &broken::md5(&[&text(&pairs)[..], KEY.as_bytes()].concat()));
        let mut bad = good.clone().into_bytes();
        let at = at.index(bad.len());
        bad[at] ^= 1 << bit;
        let question = Question { input: &bad, key: Some(KEY.as_bytes()), ..Question::default() };
        if let Ok(explained) = explain(&question)
            && explained.is_right()
        {
            prop_assert_eq!(explained.text, text(&pairs));
        }
    }
}

#[test]
fn the_largest_inputs_stay_within_the_bounds() {
    use danbao_explain::{Check, INPUT_MAX, NothingRead, PAIRS_MAX, Verdict};
    let sign = "&sign=0123456789abcdef0123456789abcdef";
    let many: String = (0..PAIRS_MAX - 1).map(|n| format!("p{n}=%E6%B5%8B+%22{n}&")).collect();
    let long = format!("body={}", "测 '%26".repeat(3_000));
    for input in [format!("{many}{sign}"), format!("{long}{sign}")] {
        assert!(input.len() <= INPUT_MAX);
        let question = Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), ..Question::default() };
        let explained = explain(&question).unwrap();
        let Verdict::Unexplained(checks) = &explained.sign.verdict else { panic!("{:?}", explained.sign) };
        assert!(checks.contains(&Check::SearchCut), "what was not tried is not passed over: {checks:?}");
        assert!(explained.tried <= DIGESTS_MAX);
    }
    let too_long = vec![b'a'; INPUT_MAX + 1];
    assert_eq!(explain(&Question { input: &too_long, ..Question::default() }), Err(NothingRead::TooLong));
}
