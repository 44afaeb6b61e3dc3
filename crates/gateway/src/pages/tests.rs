//! What holds for all pages: they render, their words are complete in both languages, and nothing a visitor or a
//! merchant writes becomes HTML.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use danbao_protocol::status::{RefundStatus, TradeStatus};

use super::words::{Piece, pieces};
use super::*;

fn shell(lang: Lang) -> Shell {
    Shell {
        lang,
        switch_url: format!("/x?lang={}", lang.other().as_str()),
        user: (lang == Lang::Zh).then(|| "buyer@example.com".into()),
        sandbox: true,
        csrf: "c5rf".into(),
    }
}

/// Every word by its dotted key.
fn words(lang: Lang) -> BTreeMap<String, String> {
    fn collect(prefix: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    collect(&format!("{prefix}{dot}{key}"), value, into);
                }
            }
            toml::Value::String(text) => {
                into.insert(prefix.to_owned(), text.clone());
            }
            other => panic!("{prefix} is not a text: {other:?}"),
        }
    }
    let mut into = BTreeMap::new();
    collect("", &toml::Value::Table(super::words::source(lang).parse().unwrap()), &mut into);
    into
}

fn keys_of(table: &str) -> BTreeSet<String> {
    let prefix = format!("{table}.");
    words(Lang::Zh).keys().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect()
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    pieces(text)
        .filter_map(|piece| if let Piece::Placeholder(name) = piece { Some(name) } else { None })
        .collect()
}

/// The tags of a page in order, without comments and the doctype: name, attributes, whether it closes.
fn tags(html: &str) -> Vec<(String, String, bool)> {
    let mut tags = Vec::new();
    for part in html.split('<').skip(1) {
        let inside = part.split('>').next().unwrap();
        if inside.starts_with('!') {
            continue;
        }
        let closes = inside.starts_with('/');
        let inside = inside.trim_start_matches('/');
        let (name, attributes) = inside.split_once([' ', '\n']).unwrap_or((inside, ""));
        tags.push((name.trim_end_matches('/').to_owned(), attributes.to_owned(), closes));
    }
    tags
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let start = attributes.find(&format!("{name}=\""))? + name.len() + 2;
    attributes[start..].split('"').next()
}

fn assert_balanced(name: &str, html: &str) {
    let mut open = Vec::new();
    for (tag, attributes, closes) in tags(html) {
        let is_void = matches!(tag.as_str(), "meta" | "link" | "input" | "br") || attributes.ends_with('/');
        if closes {
            assert_eq!(open.pop(), Some(tag), "{name}: a tag closes that is not open");
        } else if !is_void {
            open.push(tag);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "{name}: tags left open");
}

fn assert_accessible(name: &str, html: &str) {
    let tags = tags(html);
    let mut ids = BTreeSet::new();
    for (_, attributes, _) in &tags {
        if let Some(id) =
            attribute(attributes, " id").or_else(|| attributes.strip_prefix("id=\"")?.split('"').next())
        {
            assert!(ids.insert(id), "{name}: id {id} twice");
        }
    }
    let fields: BTreeSet<_> = tags.iter().filter_map(|(_, a, _)| attribute(a, "for")).collect();
    for (tag, attributes, closes) in &tags {
        let kind = attribute(attributes, "type").unwrap_or_default();
        if !closes && (tag == "select" || tag == "input" && !matches!(kind, "hidden" | "radio")) {
            let id = attribute(attributes, "id").unwrap_or_default();
            assert!(fields.contains(id), "{name}: input {id:?} has no label");
        }
        for reference in ["aria-labelledby", "aria-describedby", "for"] {
            for id in attribute(attributes, reference).unwrap_or_default().split_whitespace() {
                assert!(ids.contains(id), "{name}: {reference} names {id}, which is not there");
            }
        }
    }
    assert_eq!(html.matches("<h1").count(), 1, "{name}: one first heading");
}

#[test]
fn every_sample_of_every_page_renders_well_formed_in_both_languages() {
    samples::each(|name, render| {
        for lang in Lang::ALL {
            let html = render(&shell(lang)).unwrap_or_else(|error| panic!("{name}: {error:#}"));
            assert!(html.starts_with("<!doctype html>\n"), "{name}");
            assert!(html.contains(&format!("<html lang=\"{}\">", lang.tag())), "{name}");
            let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
            assert!(title.len() > " - Danbao".len() && !title.starts_with(' '), "{name}: title {title:?}");
            assert!(!html.contains(['{', '}']), "{name}: a placeholder was left");
            assert!(!html.contains("&amp;#") && !html.contains("&lt;span"), "{name}: escaped twice");
            assert!(
                !html.contains("<script") && !html.contains(" style="),
                "{name}: breaks a strict content policy"
            );
            // A form for a merchant says in which charset; our secret is none of its business.
            let for_merchants = html.matches(" accept-charset=").count();
            assert_eq!(
                html.matches("<form").count() - for_merchants,
                html.matches("name=\"csrf\" value=\"c5rf\"").count(),
                "{name}"
            );
            assert_balanced(&name, &html);
            assert_accessible(&name, &html);
        }
    });
}

#[test]
fn both_languages_have_the_same_keys_and_placeholders() {
    let (zh, en) = (words(Lang::Zh), words(Lang::En));
    assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
    for (key, text) in &zh {
        assert_eq!(placeholders(text), placeholders(&en[key]), "{key}");
        assert!(!text.trim().is_empty() && !en[key].trim().is_empty(), "{key} is empty");
    }
}

/// The expressions and statements of a template, without its comments.
fn code(source: &str) -> String {
    let mut code = String::new();
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        for part in source.split(open).skip(1) {
            code.push_str(part.split(close).next().unwrap());
            code.push('\n');
        }
    }
    code
}

/// The dotted keys that a template names after `t.`; one that goes on by an index ends in a dot.
fn keys_named(source: &str) -> BTreeSet<String> {
    let code = code(source);
    let mut keys = BTreeSet::new();
    for (at, _) in code.match_indices("t.") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.') {
            continue;
        }
        let rest = &code[at + 2..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        let is_indexed = rest[end..].starts_with('[') || !rest[..end].contains('.');
        keys.insert(format!("{}{}", &rest[..end], if is_indexed { "." } else { "" }));
    }
    keys
}

#[test]
fn every_word_is_used_and_every_word_that_a_template_names_is_there() {
    let words = words(Lang::Zh);
    let named: BTreeSet<String> = TEMPLATES.iter().flat_map(|(_, source)| keys_named(source)).collect();
    for name in &named {
        let known = match name.strip_suffix('.') {
            Some(table) => words.keys().any(|key| key.starts_with(&format!("{table}."))),
            None => words.contains_key(name) || words.keys().any(|key| key.starts_with(&format!("{name}."))),
        };
        assert!(known, "a template names t.{name}");
    }
    for key in words.keys() {
        let used = named.iter().any(|name| match name.strip_suffix('.') {
            Some(table) => key.starts_with(&format!("{table}.")),
            None => key == name,
        });
        assert!(used, "no template uses {key}");
    }
}

#[test]
fn tables_that_are_looked_up_by_a_wire_word_or_a_choice_hold_exactly_these() {
    let keys = |all: &[&str]| all.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    let all_of = |table: &str, all: Vec<&str>| assert_eq!(keys_of(table), keys(&all), "{table}");
    let trade: Vec<_> = TradeStatus::ALL.iter().map(|s| s.as_str()).collect();
    all_of("status", trade.clone());
    all_of("status_short", trade.clone());
    all_of("status_text", trade);
    all_of("refund", RefundStatus::ALL.iter().map(|s| s.as_str()).collect());
    all_of("mode", Mode::ALL.iter().map(|k| k.key()).collect());
    all_of("mode_text", Mode::ALL.iter().map(|k| k.key()).collect());
    all_of("method", Method::ALL.iter().map(|k| k.key()).collect());
    all_of("role", Role::ALL.iter().map(|k| k.key()).collect());
    all_of("due", DueKind::ALL.iter().map(|k| k.key()).collect());
    all_of("action", Action::ALL.iter().map(|k| k.key()).collect());
    all_of("action_done", Action::ALL.iter().map(|k| k.key()).collect());
    all_of("message", Message::ALL.iter().map(|k| k.key()).collect());
    all_of("link", LinkLabel::ALL.iter().map(|k| k.key()).collect());
    all_of("debug_label", DebugLabel::ALL.iter().map(|k| k.key()).collect());
    all_of("notice_state", NoticeState::ALL.iter().map(|k| k.key()).collect());
    let states: Vec<_> = BatchState::ALL.iter().map(|k| k.key()).collect();
    all_of("refund_batch.heading", states.clone());
    all_of("refund_batch.text", states);
    all_of("actor", vec!["buyer", "seller", "partner", "timer", "platform"]);
    all_of("event", danbao_engine::change::Command::ALL.iter().map(|c| c.as_str()).collect());
    all_of("ledger", vec!["user", "escrow", "bank", "fee", "sandbox"]);
    all_of("no_answer", vec!["unreachable", "timed_out", "broken"]);
    all_of("bank", [BANKS, BANKS_BY_REQUEST].concat());
    let faults = crate::fault_plan::Kind::ALL.iter().map(|kind| kind.as_str());
    let faults: Vec<String> =
        faults.flat_map(|fault| [format!("{fault}.name"), format!("{fault}.text")]).collect();
    assert_eq!(keys_of("fault"), faults.into_iter().collect());
    all_of("resend", vec!["asked", "duplicate"]);
    all_of("etao_visitor", EtaoVisitor::ALL.iter().map(|k| k.key()).collect());
    all_of("purpose", vec!["login.heading", "login.text", "address.heading", "address.text"]);
    let mut notices = vec!["code".to_owned()];
    notices.extend(
        NoticeKind::ALL.iter().flat_map(|k| [format!("{}.title", k.key()), format!("{}.text", k.key())]),
    );
    assert_eq!(keys_of("notice"), notices.into_iter().collect());
}

/// What a template would show by itself: its text outside tags, and the attributes that are read out or shown.
fn own_text(source: &str) -> String {
    let mut rest = source.to_owned();
    for (open, close) in [("{#", "#}"), ("{{", "}}"), ("{%", "%}")] {
        while let Some(start) = rest.find(open) {
            let end = start + rest[start..].find(close).expect("closed") + close.len();
            rest.replace_range(start..end, "");
        }
    }
    let mut text = String::new();
    for part in rest.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        for name in ["aria-label", "title", "alt", "placeholder", "label"] {
            text.push_str(attribute(&format!(" {tag}"), &format!(" {name}")).unwrap_or_default());
        }
        let is_code = tag.starts_with("code");
        text.push_str(if is_code { "" } else { after });
    }
    text
}

#[test]
fn no_template_holds_words_of_its_own() {
    for (name, source) in TEMPLATES {
        let text = own_text(source);
        let word = text.split_whitespace().find(|word| word.contains(char::is_alphabetic));
        assert_eq!(word, None, "{name}");
        assert!(
            !source.contains(['，', '。', '：', '（', '“']),
            "{name}: punctuation belongs to the language"
        );
    }
}

#[test]
fn what_others_write_is_shown_and_never_obeyed() {
    let hostile = "<script>alert(1)</script>\" onmouseover=\"x' {amount}";
    let mut cashier = <Cashier as samples::Sampled>::samples().remove(0).1;
    cashier.order = Order {
        subject: hostile.into(),
        body: hostile.into(),
        merchant: hostile.into(),
        out_trade_no: hostile.into(),
        ..cashier.order
    };
    cashier.member = Member::Unknown { account: hostile.into(), fixed: false };
    let html = render_strictly(&shell(Lang::Zh), &cashier).unwrap();
    assert!(!html.contains("<script") && !html.contains("onmouseover=\""));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"));
    assert_balanced("hostile", &html);
}

#[test]
fn only_web_addresses_become_links() {
    for good in ["http://shop.example/a?b=c", "HTTPS://shop.example", "http://127.0.0.1:8081/"] {
        assert!(WebLink::parse(good).is_some(), "{good}");
    }
    for bad in [
        "",
        "javascript:alert(1)",
        "javascript://%0aalert(1)",
        "data:text/html,x",
        "//shop",
        "http://",
        "http://a\nb",
    ] {
        assert_eq!(WebLink::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_text_wants_exactly_its_placeholders() {
    let engine = &*ENGINE;
    let render = |template| {
        engine.render_str(template, context! { x => "<b>", safe => Value::from_safe_string("<i>".into()) })
    };
    assert_eq!(render("{{ 'a {n} & {m}' | fill(n=x, m=safe) }}").unwrap(), "a &lt;b&gt; &amp; <i>");
    assert_eq!(render("{{ '{ {n' | fill() }}").unwrap(), "{ {n");
    assert!(render("{{ 'a {n}' | fill() }}").is_err());
    assert!(render("{{ 'a' | fill(n=x) }}").is_err());
}

#[test]
fn a_page_that_cannot_be_written_becomes_an_apology() {
    #[derive(Serialize)]
    struct Broken;
    impl Page for Broken {
        const TEMPLATE: &'static str = "pay.html";
    }
    let html = render(&shell(Lang::En), &Broken);
    assert!(html.contains(&words(Lang::En)["notice.fault.title"]));
    assert_balanced("fault", &html);
}

#[test]
fn a_language_reads_back_from_its_word() {
    for lang in Lang::ALL {
        assert_eq!(Lang::from_word(lang.as_str()), Some(lang));
        assert_eq!(lang.other().other(), lang);
    }
    assert_eq!(Lang::from_word("fr"), None);
}

/// Leaves the samples in `target/page-samples` for a look in a browser.
#[test]
#[allow(clippy::disallowed_methods, reason = "a test that writes files for people to look at")]
fn samples_are_left_for_a_look() {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/page-samples");
    std::fs::create_dir_all(target.join("static")).unwrap();
    std::fs::write(target.join("static/danbao.css"), CSS).unwrap();
    std::fs::write(target.join("static/danbao.svg"), MARK).unwrap();
    samples::each(|name, render| {
        for lang in Lang::ALL {
            let html = render(&shell(lang)).unwrap().replace("&#x2f;static&#x2f;", "static/");
            std::fs::write(target.join(format!("{name}.{}.html", lang.as_str())), html).unwrap();
        }
    });
}
