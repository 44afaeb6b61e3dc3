//! Reports of a run of the naive shop, read as a machine reads them.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "a test may leave its reports behind to be looked at")]

mod habits;
mod town;

use danbao_certify::report::{Report, html, json, junit};
use danbao_certify::words::Lang;
use habits::{HabitShop, Habits, Place, Slip};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use town::{GATEWAY, KEY, PARTNER, SELLER, SELLER_EMAIL, SHOP, certify_all};

fn report(habits: Habits) -> Report {
    let place = Place {
        own_url: SHOP.to_owned(),
        gateway_url: GATEWAY.to_owned(),
        partner: PARTNER.to_owned(),
        key: KEY.to_owned(),
        seller_id: SELLER.to_owned(),
        seller_email: SELLER_EMAIL.to_owned(),
    };
    let shop = Box::new(HabitShop::new(habits, place));
    Report { target: SHOP.to_owned(), seed: 1, cases: certify_all(shop, 1) }
}

#[test]
fn junit_is_xml_with_one_case_a_scenario_and_one_failure_a_failure() {
    let report = report(Habits::naive());
    for lang in [Lang::Zh, Lang::En] {
        let text = junit(&report, lang);
        let mut reader = Reader::from_str(&text);
        let (mut cases, mut failures) = (0, 0);
        loop {
            match reader.read_event().unwrap() {
                Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                    "testcase" => {
                        assert!(tag.try_get_attribute("name").unwrap().is_some());
                        cases += 1;
                    }
                    "failure" => failures += 1,
                    _ => {}
                },
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!((cases, failures), (report.cases.len(), report.failed().count()));
        assert!(text.contains(&format!("tests=\"{cases}\" failures=\"{failures}\"")));
    }
}

#[test]
fn the_page_has_a_picture_of_each_failure_and_no_word_of_the_shop_as_html() {
    let report = report(Habits { answers_a_page: true, ..Habits::naive() });
    for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        let page = html(&report, lang).unwrap();
        assert_eq!(page.matches("<svg viewBox").count(), report.failed().count());
        assert!(page.contains(&format!("<html lang=\"{name}\">")));
        assert!(!page.contains("<body>success"), "{page}");
        if let Ok(dir) = std::env::var("DANBAO_REPORTS") {
            std::fs::write(format!("{dir}/report.{name}.html"), &page).unwrap();
        }
    }
}

#[test]
fn a_report_of_a_shop_that_passes_has_no_picture_and_says_so() {
    let report = report(Habits::default());
    assert!(report.is_passed());
    let page = html(&report, Lang::En).unwrap();
    assert!(page.contains("The shop has passed.") && !page.contains("<svg viewBox"));
    assert!(!junit(&report, Lang::En).contains("<failure"));
}

#[test]
fn the_json_names_what_is_wrong_by_stable_words() {
    let all = json(&report(Habits::naive()), Lang::En);
    assert_eq!(all["passed"], false);
    let scenarios = all["scenarios"].as_array().unwrap();
    let one = scenarios.iter().find(|one| one["id"] == "a_notification_without_a_signature").unwrap();
    assert_eq!(one["passed"], false);
    let kinds: Vec<&str> =
        one["problems"].as_array().unwrap().iter().map(|problem| problem["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["acknowledged", "trade_status", "deliveries", "changes"]);
}

#[test]
fn a_run_of_nothing_is_no_success() {
    assert!(!Report { target: String::new(), seed: 1, cases: Vec::new() }.is_passed());
}

#[test]
fn an_order_that_moved_later_is_named_with_its_scenario_and_both_states() {
    let report = report(Habits { slip: Some(Slip::PaysAllOrders), ..Habits::default() });
    let problems: Vec<_> = report.failed().flat_map(|case| &case.problems).collect();
    assert!(!problems.is_empty());
    for problem in problems {
        assert_eq!(problem.kind.as_str(), "moved");
        assert!(problem.about[2].starts_with("status null, deliveries 0"), "{problem:?}");
        assert!(problem.about[3].contains("deliveries 1"), "{problem:?}");
    }
    let page = html(&report, Lang::En).unwrap();
    assert!(page.contains("of a_notification_without_a_signature has moved since"), "{page}");
    if let Ok(dir) = std::env::var("DANBAO_REPORTS") {
        std::fs::write(format!("{dir}/moved.html"), &page).unwrap();
    }
}
