//! Recorded facts, and what each check says of them.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

mod patient;

use std::collections::BTreeSet;

use danbao_doctor::facts::{Dial, Facts, Log, Tls};
use danbao_doctor::probe::{ANSWER_BYTES_MAX, ProbeId};
use danbao_doctor::settings::{FileShape, Place};
use danbao_doctor::{About, CHECKS, Lack, Severity, TERMS, Verdict, examine};
use danbao_protocol::node::NoAnswer;
use danbao_protocol::service::notify_verify::Verdict as Answered;
use patient::{KEY, PARTNER, asked, exchange, healthy, ip, notify, page};

fn found(facts: &Facts) -> Vec<&'static str> {
    let verdicts = examine(facts);
    verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Found(_))).map(|(c, _)| c.id).collect()
}

/// What is wrong, what that does to the facts of a healthy shop, and everything that is then found.
type Row = (&'static str, fn(&mut Facts), &'static [&'static str]);

fn key(facts: &mut Facts, key: &str) {
    facts.settings.key = Some(key.as_bytes().to_vec());
}

/// Every answer of notify_url says this instead of its word: `{}` is the word.
fn dress(facts: &mut Facts, form: &str) {
    for (probe, exchange) in &mut facts.exchanges {
        if probe.place() == Place::Notify
            && let Ok(response) = &mut exchange.outcome
        {
            let word = String::from_utf8(response.body().to_vec()).unwrap();
            *response.body_mut() = form.replace("{}", &word).into();
        }
    }
}

fn clock_of_return(facts: &mut Facts, date: &'static str) {
    for probe in [ProbeId::ReturnEmpty, ProbeId::ReturnSigned] {
        patient::header(facts, probe, "date", date);
    }
}

fn refuse_all_signed(facts: &mut Facts) {
    for probe in [ProbeId::Plain, ProbeId::Chinese, ProbeId::Repeat] {
        notify(facts, probe, 200, "fail");
    }
}

const SICK: &[Row] = &[
    (
        "a partner of blanks",
        |f| f.settings.partner = Some(" ".to_owned()),
        &["1A-partner-missing", "1A-partner-blanks", "3A-asked-wrongly"],
    ),
    (
        "a blank behind the partner",
        |f| f.settings.partner = Some(format!("{PARTNER} ")),
        &["1A-partner-blanks"],
    ),
    (
        "a partner of 15 digits",
        |f| f.settings.partner = Some("208800000000001".to_owned()),
        &["1A-partner-form", "3A-asked-wrongly"],
    ),
    (
        "a partner that is none",
        |f| f.settings.partner = Some("1088000000000001".to_owned()),
        &["1A-partner-form", "3A-asked-wrongly"],
    ),
    ("no key in the file", |f| key(f, " \n"), &["1A-key-missing"]),
    ("a blank behind the key", |f| key(f, &format!("{KEY} ")), &["1A-key-blanks"]),
    ("a mark before the key", |f| key(f, &format!("\u{FEFF}{KEY}")), &["1A-key-blanks"]),
    ("a key in quotes", |f| key(f, &format!("\"{KEY}\"")), &["1A-key-form"]),
    ("a key of 31 characters", |f| key(f, &KEY[1..]), &["1A-key-form"]),
    ("a key with a point", |f| key(f, &format!("{}.", &KEY[1..])), &["1A-key-form"]),
    ("the partner for a key", |f| key(f, PARTNER), &["1A-swapped"]),
    (
        "both in the other's place",
        |f| {
            f.settings.partner = Some(KEY.to_owned());
            key(f, PARTNER)
        },
        &["1A-swapped", "3A-asked-wrongly"],
    ),
    ("a public key", |f| key(f, patient::PUBLIC_PEM), &["1A-key-public"]),
    (
        "a blank in the seller",
        |f| f.settings.seller_email = Some("s@example.com\u{3000}".to_owned()),
        &["1A-seller-blanks"],
    ),
    (
        "a return_url without its host",
        |f| f.settings.return_url = Some("/return.php".to_owned()),
        &["1B-url-form"],
    ),
    (
        "a fragment",
        |f| f.settings.show_url = Some("http://shop.example/#orders".to_owned()),
        &["1B-url-form"],
    ),
    (
        "notify_url silent",
        |f| {
            f.exchanges.clear();
            f.exchanges.insert(ProbeId::EmptyGet, exchange(Err(NoAnswer::Unreachable)));
        },
        &["1B-notify-silent"],
    ),
    (
        "return_url silent",
        |f| {
            f.exchanges.insert(ProbeId::ReturnEmpty, exchange(Err(NoAnswer::Broken)));
        },
        &["1B-return-silent"],
    ),
    (
        "show_url silent",
        |f| {
            f.exchanges.insert(ProbeId::ShowEmpty, exchange(Err(NoAnswer::Broken)));
        },
        &["1B-show-silent"],
    ),
    (
        "a program that dies of a message",
        |f| {
            f.exchanges.insert(ProbeId::Plain, exchange(Err(NoAnswer::Broken)));
        },
        &["1B-broken-off"],
    ),
    ("an error in answer to a message", |f| notify(f, ProbeId::Plain, 500, "oops"), &["1B-signed-status"]),
    (
        "a filter that does not like messages",
        |f| {
            for probe in ProbeId::ALL.iter().filter(|probe| probe.is_genuine()) {
                notify(f, *probe, 403, "Forbidden");
            }
        },
        &["1B-signed-status"],
    ),
    ("an error in answer to a buyer", |f| page(f, ProbeId::ReturnSigned, 500, "oops"), &["1B-status"]),
    ("a page that knows no such order", |f| page(f, ProbeId::ReturnSigned, 404, "no such order"), &[]),
    ("no such page", |f| page(f, ProbeId::ReturnEmpty, 404, "not found"), &["1B-status"]),
    ("a login before the result", |f| page(f, ProbeId::ReturnEmpty, 401, "who is there?"), &["1B-status"]),
    ("a page that says what is missing", |f| page(f, ProbeId::ReturnEmpty, 400, "no parameters"), &[]),
    ("a blank page", |f| page(f, ProbeId::ReturnEmpty, 200, " \n"), &["1B-blank"]),
    ("a blank notify_url", |f| page(f, ProbeId::EmptyGet, 200, ""), &["1B-blank"]),
    (
        "a program's own complaint",
        |f| page(f, ProbeId::ReturnEmpty, 200, "<b>Warning</b>: mysql_connect()"),
        &["1B-error-page"],
    ),
    ("success for nothing", |f| notify(f, ProbeId::EmptyPost, 200, "success"), &["1B-empty-success"]),
    ("a greeting for nothing", |f| notify(f, ProbeId::EmptyGet, 200, "hello"), &["1B-empty-not-fail"]),
    ("the other word that is allowed", |f| notify(f, ProbeId::EmptyGet, 200, "无通知参数"), &[]),
    ("return_url sends visitors away", |f| page(f, ProbeId::ReturnEmpty, 302, ""), &["1B-return-redirect"]),
    (
        "parameters of its own",
        |f| f.settings.notify_url = Some("http://shop.example/n.php?id=123".to_owned()),
        &["1C-own-parameters"],
    ),
    (
        "a charset that there is not",
        |f| f.settings.charset = Some("utf8".to_owned()),
        &["1D-charset-unknown"],
    ),
    (
        "a page in another charset",
        |f| patient::header(f, ProbeId::ReturnEmpty, "content-type", "text/html; charset=gb2312"),
        &["1D-page-charset"],
    ),
    (
        "a page that names another charset",
        |f| {
            page(f, ProbeId::ReturnEmpty, 200, "<meta charset=\"gbk\">result");
            patient::header(f, ProbeId::ReturnEmpty, "content-type", "text/html");
        },
        &["1D-page-charset"],
    ),
    (
        "bytes of another charset",
        |f| patient::body(f, ProbeId::ReturnEmpty, b"\xB2\xE2\xCA\xD4"),
        &["1D-page-bytes"],
    ),
    (
        "a long page in UTF-8, of which the end was not read",
        |f| patient::body(f, ProbeId::ReturnEmpty, &"测试".repeat(20_000).as_bytes()[..ANSWER_BYTES_MAX]),
        &[],
    ),
    (
        "a script and a form that name another charset than the page, which names none",
        |f| {
            page(f, ProbeId::ReturnEmpty, 200, "<script charset=\"gbk\"></script><form accept-charset=gbk>");
            patient::header(f, ProbeId::ReturnEmpty, "content-type", "text/html");
        },
        &[],
    ),
    ("Chinese refused", |f| notify(f, ProbeId::Chinese, 200, "fail"), &["1D-chinese"]),
    ("a clock an hour ahead", |f| clock_of_return(f, "Thu, 05 Jan 2012 06:05:33 GMT"), &["1E-clock"]),
    ("a clock two minutes behind", |f| clock_of_return(f, "Thu, 05 Jan 2012 05:03:33 GMT"), &["1E-clock"]),
    ("a mark before the word", |f| dress(f, "\u{FEFF}{}"), &["1F-bom"]),
    ("two marks and a line end", |f| dress(f, "\u{FEFF}\u{FEFF}{}\r\n"), &["1F-bom", "1F-blanks"]),
    (
        "a packed answer",
        |f| {
            patient::body(f, ProbeId::Plain, b"\x1F\x8B\x08\x00\xF3");
            patient::header(f, ProbeId::Plain, "content-encoding", "gzip");
        },
        &["1F-compressed"],
    ),
    ("HTML around the word", |f| dress(f, "<html><body>{}</body></html>"), &["1F-html"]),
    ("a line end behind the word", |f| dress(f, "{}\n"), &["1F-blanks"]),
    (
        "capitals",
        |f| {
            for probe in [ProbeId::Plain, ProbeId::Chinese, ProbeId::Repeat] {
                notify(f, probe, 200, "SUCCESS")
            }
        },
        &["1F-case"],
    ),
    (
        "a word beside the word",
        |f| {
            for probe in [ProbeId::Plain, ProbeId::Chinese, ProbeId::Repeat] {
                notify(f, probe, 200, "ok success")
            }
        },
        &["1F-around"],
    ),
    (
        "neither word",
        |f| {
            for probe in [ProbeId::Plain, ProbeId::Chinese, ProbeId::Repeat] {
                notify(f, probe, 200, "验证成功")
            }
        },
        &["1F-neither"],
    ),
    ("an order that is not there", refuse_all_signed, &["1F-order-refused"]),
    (
        "an order that may be used is refused",
        |f| {
            refuse_all_signed(f);
            f.settings.order = Some("O-1".to_owned())
        },
        &["1F-given-order-refused"],
    ),
    (
        "a settings file that prints",
        |f| f.settings.file = Some(FileShape { has_bom: true, has_head: true, has_tail: true }),
        &["1F-config-file"],
    ),
    (
        "a redirect",
        |f| {
            for probe in ProbeId::ALL {
                if probe.is_genuine() {
                    notify(f, *probe, 302, "")
                }
            }
        },
        &["1G-redirect"],
    ),
    (
        "a page that goes on by itself",
        |f| dress(f, "<meta http-equiv=\"refresh\" content=\"0;/\">{}"),
        &["1F-html", "1G-page-redirect"],
    ),
    (
        "a session",
        |f| patient::header(f, ProbeId::Plain, "set-cookie", "PHPSESSID=abc; path=/"),
        &["1G-session"],
    ),
    (
        "a session of ASP",
        |f| patient::header(f, ProbeId::Plain, "set-cookie", "ASPSESSIONIDQQ=abc"),
        &["1G-session"],
    ),
    ("a cookie", |f| patient::header(f, ProbeId::Plain, "set-cookie", "lang=zh"), &["1G-cookie"]),
    (
        "a log that cannot be written",
        |f| f.log = Some(Log { path: "log.txt".to_owned(), writable: Err("denied".to_owned()) }),
        &["2A-log"],
    ),
    (
        "a name that nobody knows",
        |f| f.hosts.get_mut(&Place::Return).unwrap().addresses.clear(),
        &["2B-name"],
    ),
    ("the gateway shut out", |f| f.allow_list = Some("10.0.0.0/8".to_owned()), &["2B-allow-list"]),
    (
        "a strange line in the list",
        |f| f.allow_list = Some("0.0.0.0/0\nalipay.com".to_owned()),
        &["2B-allow-list-form"],
    ),
    (
        "the tutorials' own addresses",
        |f| f.allow_list = Some("203.0.113.7\n121.0.26.0/23".to_owned()),
        &["2B-old-addresses"],
    ),
    (
        "everybody turned away",
        |f| {
            for probe in ProbeId::ALL {
                if probe.place() == Place::Notify {
                    notify(f, *probe, 403, "")
                }
            }
        },
        &["2C-blocked"],
    ),
    ("the gateway's name turned away", |f| notify(f, ProbeId::EmptyPost, 403, ""), &["2C-gateway-agent"]),
    ("no name turned away", |f| notify(f, ProbeId::Nameless, 403, ""), &["2C-other-agents"]),
    ("a closed port", |f| f.hosts.get_mut(&Place::Notify).unwrap().dial = Some(Dial::Refused), &["2D-port"]),
    (
        "a port that is open and dead",
        |f| {
            f.exchanges.insert(ProbeId::AsBrowser, exchange(Err(NoAnswer::TimedOut)));
        },
        &["2C-other-agents", "2D-half-dead"],
    ),
    (
        "nine seconds for an answer",
        |f| f.exchanges.get_mut(&ProbeId::ReturnEmpty).unwrap().ended_at.0 += 9_000,
        &["2D-slow"],
    ),
    (
        "a port of its own",
        |f| f.settings.show_url = Some("http://shop.example:8080/".to_owned()),
        &["2D-odd-port"],
    ),
    (
        "a certificate of its own",
        |f| f.hosts.get_mut(&Place::Notify).unwrap().tls = Some(Tls::UnknownIssuer),
        &["2D-certificate"],
    ),
    (
        "a certificate that has ended",
        |f| f.hosts.get_mut(&Place::Gateway).unwrap().tls = Some(Tls::Expired),
        &["2D-certificate"],
    ),
    ("a server that has moved", |f| f.server = Some(ip("203.0.113.99")), &["2E-address"]),
    ("a forged sign believed", |f| notify(f, ProbeId::Forged, 200, "success"), &["3A-forged-believed"]),
    (
        "a message believed that the gateway disowns",
        |f| notify(f, ProbeId::Disowned, 200, "success"),
        &["3A-disowned-believed"],
    ),
    (
        "believed without a question",
        |f| {
            f.asked = Some(vec![]);
            notify(f, ProbeId::Disowned, 200, "success")
        },
        &["3A-never-asked"],
    ),
    (
        "a notification believed without a question, a return with one",
        |f| {
            f.asked = Some(vec![asked(f, ProbeId::ReturnSigned, PARTNER, Answered::True)]);
            notify(f, ProbeId::Disowned, 200, "success")
        },
        &["3A-never-asked"],
    ),
    (
        "refused without a question",
        |f| {
            f.asked = Some(vec![]);
            refuse_all_signed(f)
        },
        &["3A-asked-nobody"],
    ),
    (
        "asked under another partner",
        |f| {
            refuse_all_signed(f);
            f.asked = Some(vec![asked(f, ProbeId::Plain, "2088999999999999", Answered::False)])
        },
        &["1D-chinese", "3A-asked-wrongly"],
    ),
    (
        "no stand-in",
        |f| {
            f.asked = None;
            refuse_all_signed(f)
        },
        &["3A-cannot-tell"],
    ),
    (
        "a gateway that is something else",
        |f| page(f, ProbeId::GatewayAsked, 200, "<html>login</html>"),
        &["3A-gateway-answer"],
    ),
    (
        "a shop on this machine",
        |f| f.hosts.get_mut(&Place::Notify).unwrap().addresses = vec![ip("127.0.0.1")],
        &["2E-address", "3B-not-public"],
    ),
    ("once and no more", |f| notify(f, ProbeId::Repeat, 200, "fail"), &["3C-repeat"]),
];

#[test]
fn a_healthy_shop_has_nothing_and_everything_was_looked_at() {
    let facts = healthy();
    assert_eq!(found(&facts), Vec::<&str>::new());
    let verdicts = examine(&facts);
    let not_looked = verdicts.iter().filter(|(_, v)| matches!(v, Verdict::NotLooked(_))).map(|(c, _)| c.id);
    // What only arises with an order of one's own.
    assert_eq!(not_looked.collect::<Vec<_>>(), ["1F-given-order-refused"]);
}

#[test]
fn each_illness_is_found_by_its_check_and_by_no_other() {
    for (name, make_sick, expected) in SICK {
        let mut facts = healthy();
        make_sick(&mut facts);
        assert_eq!(&found(&facts), expected, "{name}");
    }
}

#[test]
fn every_check_has_its_illness_and_an_id_of_its_paragraph() {
    let ill: BTreeSet<&str> = SICK.iter().flat_map(|(_, _, found)| found.iter().copied()).collect();
    let all: BTreeSet<&str> = CHECKS.iter().map(|check| check.id).collect();
    assert_eq!(ill, all);
    assert_eq!(all.len(), CHECKS.len());
    for check in CHECKS {
        assert!(check.id.starts_with(&format!("{}-", check.step.as_str())), "{}", check.id);
    }
    assert!(CHECKS.is_sorted_by_key(|check| check.step), "the tutorials' order");
    for severity in [Severity::Note, Severity::Warning, Severity::Error] {
        assert!(CHECKS.iter().any(|check| check.severity == severity));
    }
}

#[test]
fn the_table_of_the_documents_has_every_check_under_its_paragraph() {
    let document = include_str!("../../../docs/doctor.md");
    let mut step = String::new();
    let mut rows: Vec<(String, String, String)> = Vec::new();
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            step = heading.split(':').next().unwrap().replace(' ', "");
        } else if let Some(row) = line.strip_prefix("| `") {
            let (id, rest) = row.split_once("` | ").unwrap();
            rows.push((step.clone(), id.to_owned(), rest.split(" | ").next().unwrap().to_owned()));
        }
    }
    let checks = CHECKS.iter().map(|check| {
        (check.step.as_str().to_owned(), check.id.to_owned(), check.severity.as_str().to_owned())
    });
    assert_eq!(rows, checks.collect::<Vec<_>>());
}

#[test]
fn of_nothing_nothing_is_said() {
    let verdicts = examine(&Facts::default());
    for (check, verdict) in &verdicts {
        assert!(matches!(verdict, Verdict::NotLooked(_)), "{} {verdict:?}", check.id);
    }
    let first = verdicts.first().unwrap();
    assert_eq!(first.1, Verdict::NotLooked(Lack::Option("--partner")));
}

#[test]
fn what_stands_around_the_word_is_shown_byte_for_byte() {
    let mut facts = healthy();
    dress(&mut facts, "\u{FEFF}{}\r\n");
    let verdicts = examine(&facts);
    let bom = verdicts.iter().find(|(check, _)| check.id == "1F-bom").unwrap();
    let Verdict::Found(evidence) = &bom.1 else { panic!("{bom:?}") };
    assert_eq!(evidence.bytes.as_deref(), Some(&b"\xEF\xBB\xBFsuccess\r\n"[..]));
}

#[test]
fn no_finding_shows_the_key() {
    for (name, make_sick, _) in SICK {
        let mut facts = healthy();
        make_sick(&mut facts);
        let said = format!("{:?}", examine(&facts));
        assert!(!said.contains(&KEY[1..]), "{name}");
    }
}

#[test]
fn a_key_in_the_partners_place_is_neither_shown_nor_sent() {
    let mut facts = healthy();
    refuse_all_signed(&mut facts);
    let mut question = asked(&facts, ProbeId::Plain, KEY, Answered::False);
    question.notify_id = Some(KEY.to_owned());
    facts.asked = Some(vec![question]);
    let said = format!("{:?}", examine(&facts));
    assert!(said.contains("partner=*** notify_id=***") && !said.contains(KEY), "{said}");

    let mut settings = patient::settings();
    settings.partner = Some(KEY.to_owned());
    for probe in danbao_doctor::probe::plan(&settings, patient::fresh(), true).probes {
        let sent = format!("{} {:?}", probe.request.uri(), probe.request.body());
        assert!(!sent.contains(KEY), "{:?}: {sent}", probe.id);
    }
}

#[test]
fn every_term_is_one_of_those_that_have_words() {
    let mut terms: BTreeSet<&str> = ProbeId::ALL.iter().map(|probe| probe.as_str()).collect();
    for (_, make_sick, _) in SICK {
        let mut facts = healthy();
        make_sick(&mut facts);
        for (_, verdict) in examine(&facts) {
            let Verdict::Found(evidence) = verdict else { continue };
            terms.extend(evidence.about.iter().filter_map(|about| match about {
                About::Term(term) => Some(*term),
                About::Text(_) => None,
            }));
        }
    }
    let known: BTreeSet<&str> = TERMS.iter().copied().collect();
    assert!(terms.is_subset(&known), "{:?}", terms.difference(&known));
    assert_eq!(known.len(), TERMS.len());
}
