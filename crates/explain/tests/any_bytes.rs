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

/// A small generator of numbers: the same ones every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// Real messages and logs, torn: bytes changed, pieces doubled, cut out and put in that are trouble elsewhere.
#[test]
fn torn_messages_and_logs_are_survived() {
    const TROUBLE: [&[u8]; 16] = [
        b"\0",
        b"%",
        b"%E6%B5",
        b"\xB2\xE2\xCA",
        b"\xFF\xFE",
        b"&&&&&&&&",
        b"&amp;",
        b"%26%23172%3Bify_url=",
        b"{\"sign\":\"\\ud83d",
        b"[sign] => ",
        b"responseTxt=true\n notify_url_log:sign=",
        b"\" 200 \"POST /notify HTTP",
        b"GET /?a=1#&sign=",
        b"2012-01-05 13:05:33",
        b"Content-Type: multipart/form-data; boundary=\r\n\r\n--",
        "　".as_bytes(),
    ];
    let seeds: Vec<Vec<u8>> = broken::cases().into_iter().map(|case| case.input).collect();
    let mut dice = Dice(20_120_105);
    for round in 0..600 {
        let mut input = seeds[dice.below(seeds.len())].clone();
        for _ in 0..=dice.below(6) {
            let at = dice.below(input.len() + 1);
            match dice.below(4) {
                0 => drop(input.splice(at..at, TROUBLE[dice.below(TROUBLE.len())].iter().copied())),
                1 => drop(input.drain(at..(at + dice.below(20)).min(input.len()))),
                2 if at < input.len() => input[at] = u8::try_from(dice.below(256)).unwrap(),
                _ => input.extend_from_within(at..),
            }
        }
        let question = Question {
            input: &input,
            key: Some(KEY.as_bytes()),
            is_brief: round % 40 > 0,
            ..Question::default()
        };
        if let Ok(explained) = explain(&question) {
            assert!(explained.tried <= 2 * DIGESTS_MAX);
        }
        for entry in log::entries(&input) {
            if let log::Found::Message(bytes) = entry.found {
                let _ = danbao_explain::read_message(bytes);
            }
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
