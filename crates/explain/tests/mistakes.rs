//! Every broken input is explained by the mistake that broke it, within the bounds.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

mod broken;

use broken::{KEY, NOTIFICATION, REQUEST, RETURN, cases, gbk, md5, query, text, utf8};
use danbao_explain::mistake::Kind;
use danbao_explain::{Check, DIGESTS_MAX, Explanation, Question, Verdict, explain};

fn ask(case: &broken::Case) -> Explanation {
    let question = Question {
        input: &case.input,
        key: Some(&case.key),
        mysign: case.mysign.as_deref().map(str::as_bytes),
        ..Question::default()
    };
    explain(&question).unwrap()
}

#[test]
fn every_broken_input_is_explained_by_what_broke_it() {
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let explained = ask(case);
        let judged = match &explained.mysign {
            Some(mine) if explained.sign.verdict == Verdict::Right => mine,
            _ => &explained.sign,
        };
        let found = match &judged.verdict {
            Verdict::Mistaken(finding) => finding.mistakes.clone(),
            _ => Vec::new(),
        };
        let fits = found.len() == case.want.len()
            && found
                .iter()
                .zip(&case.want)
                .all(|(found, (kind, about))| found.kind == *kind && found.about.contains(about));
        if !fits {
            wrong.push(format!("{}:\n    want {:?}\n    said {found:?}", case.name, case.want));
        }
        assert!(explained.tried <= DIGESTS_MAX, "{}: {} digests", case.name, explained.tried);
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn no_mistake_is_in_the_list_that_the_table_does_not_make() {
    let made: Vec<Kind> = cases().into_iter().flat_map(|case| case.want).map(|(kind, _)| kind).collect();
    // The one that needs a public key is made in the tests of those.
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::KeyAppended) {
        assert!(made.contains(kind), "{kind:?}");
    }
}

#[test]
fn a_right_signature_is_said_to_be_right() {
    for pairs in [utf8(REQUEST), gbk(REQUEST), utf8(NOTIFICATION), utf8(RETURN)] {
        let sign = md5(&[&text(&pairs)[..], KEY.as_bytes()].concat());
        let input = query(&pairs, &sign);
        let question = Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), ..Question::default() };
        let explained = explain(&question).unwrap();
        assert_eq!(explained.sign.verdict, Verdict::Right);
        assert!(explained.is_right());
        assert_eq!(explained.text, text(&pairs));
        assert_eq!((explained.expected, explained.tried), (Some(sign), 1));
    }
}

#[test]
fn what_cannot_be_explained_is_said_so_after_a_bounded_search() {
    for pairs in [utf8(REQUEST), gbk(REQUEST), utf8(NOTIFICATION), utf8(RETURN)] {
        let input = query(&pairs, &md5(b"another text"));
        let question = Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), ..Question::default() };
        let explained = explain(&question).unwrap();
        let checks = vec![Check::KeyOfAnother, Check::TextAltered];
        assert_eq!(explained.sign.verdict, Verdict::Unexplained(checks));
        assert!((1_000..=DIGESTS_MAX).contains(&explained.tried), "{}", explained.tried);
    }
    let short = Question {
        input: b"a=1&sign=0123456789abcdef0123456789abcdef",
        key: Some(b"short"),
        ..Question::default()
    };
    let Verdict::Unexplained(checks) = explain(&short).unwrap().sign.verdict else { panic!() };
    assert_eq!(checks[0], Check::KeyForm);
}

#[test]
fn without_a_key_or_a_signature_no_verdict_is_pretended() {
    let ask = |input: &str, key: Option<&[u8]>| {
        explain(&Question { input: input.as_bytes(), key, ..Question::default() }).unwrap().sign.verdict
    };
    assert_eq!(ask("a=1&sign=0123456789abcdef0123456789abcdef", None), Verdict::NoKey);
    assert_eq!(ask("a=1&sign=", Some(b"k")), Verdict::Unsigned);
    assert_eq!(ask("a=1", None), Verdict::Unsigned);
    assert_eq!(ask("a=1&sign=hello", Some(b"k")), Verdict::Unexplained(vec![Check::NotASignature]));
}

#[test]
fn what_the_gateway_forgives_is_marked() {
    for case in cases() {
        if let Verdict::Mistaken(finding) = ask(&case).sign.verdict {
            let forgiven = matches!(case.name, "a digest in capitals" | "the charset is not signed");
            assert_eq!(finding.is_forgiven, forgiven, "{}", case.name);
        }
    }
}

#[test]
fn the_key_never_stands_in_what_is_said() {
    for case in cases().into_iter().filter(|case| case.key == KEY.as_bytes()) {
        let said = format!("{:?} {:?}", ask(&case).sign.verdict, ask(&case).mysign);
        let bytes = format!("{:?}", KEY.as_bytes());
        assert!(!said.contains(KEY) && !said.contains(bytes.trim_matches(['[', ']'])), "{}", case.name);
    }
}

#[test]
fn a_brief_search_tries_single_mistakes_alone() {
    let (mut singles, mut pairs) = (0, 0);
    for case in cases().into_iter().filter(|case| case.mysign.is_none()) {
        let question =
            Question { input: &case.input, key: Some(&case.key), is_brief: true, ..Question::default() };
        let explained = explain(&question).unwrap();
        assert!(explained.tried < 1_200, "{}: {}", case.name, explained.tried);
        match explained.sign.verdict {
            Verdict::Mistaken(_) => singles += 1,
            Verdict::Unexplained(_) => pairs += 1,
            _ => {}
        }
    }
    assert!(singles > 100 && pairs >= 5, "{singles} {pairs}");
}

#[test]
fn the_golden_vectors_are_right_and_the_one_that_is_forgiven_is_marked() {
    let vectors = include_str!("../../protocol/tests/sign-vectors.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let mut seen = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        let queries = vector["query_variants"].as_array().into_iter().flatten().chain([&vector["query"]]);
        for input in queries.filter_map(serde_json::Value::as_str) {
            let input = match vector["request_line_query"].as_str() {
                Some(line) => {
                    format!("POST /gateway.do?{line} HTTP/1.1\r\nHost: gateway.example\r\n\r\n{input}")
                }
                None => input.to_owned(),
            };
            let key = vector["key"].as_str().map(str::as_bytes);
            let explained =
                explain(&Question { input: input.as_bytes(), key, ..Question::default() }).unwrap();
            let is_lenient = vector["lenient_only"] == true;
            match explained.sign.verdict {
                Verdict::Right => assert!(!is_lenient),
                Verdict::Mistaken(finding) => {
                    assert!(is_lenient && finding.is_forgiven, "{}", vector["name"])
                }
                other => panic!("{}: {other:?}", vector["name"]),
            }
            seen += 1;
        }
    }
    assert!(seen >= 18, "{seen}");
}
