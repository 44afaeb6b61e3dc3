//! What is sent to a shop, and that it can move nothing there.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]
#![allow(dead_code, reason = "the recorded facts are the other test's")]

mod patient;

use std::collections::BTreeSet;

use bytes::Bytes;
use danbao_doctor::probe::{GATEWAY_AGENT, ProbeId, is_worth_sending, plan};
use danbao_doctor::settings::Settings;
use danbao_doctor::stand_in::StandIn;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{NoAnswer, Request};
use danbao_protocol::params::Params;
use danbao_protocol::sign::Md5Key;
use danbao_protocol::sign::md5::verify;
use patient::{KEY, PARTNER, exchange, fresh, healthy, settings};

/// Those of a message: in the body, or in the address.
fn params(request: &Request) -> Params {
    let query = request.uri().query().filter(|query| query.contains("sign="));
    Params::parse_urlencoded(query.map_or(&request.body()[..], str::as_bytes)).unwrap()
}

fn text(params: &Params, name: &str) -> String {
    params.get_text(name, Charset::Utf8).unwrap().unwrap()
}

#[test]
fn no_test_notification_says_that_anything_was_paid_whatever_order_it_names() {
    let mut settings = settings();
    for order in [None, Some("O-1".to_owned())] {
        settings.order = order.clone();
        let mut count = 0;
        for probe in plan(&settings, fresh(), true).probes {
            let params = params(&probe.request);
            if params.is_empty() {
                continue;
            }
            count += 1;
            assert_eq!(text(&params, "trade_status"), "WAIT_BUYER_PAY");
            assert!(params.get("gmt_payment").is_none() && params.get("refund_status").is_none());
            match &order {
                Some(order) => assert_eq!(&text(&params, "out_trade_no"), order),
                None => assert!(text(&params, "out_trade_no").starts_with("DANBAO-DOCTOR-")),
            }
        }
        assert_eq!(count, 6);
    }
}

#[test]
fn every_test_notification_but_the_forged_one_is_signed_with_the_key() {
    let key = Md5Key::new(KEY);
    for probe in plan(&settings(), fresh(), true).probes {
        let params = params(&probe.request);
        if !params.is_empty() {
            assert_eq!(verify(&params, &key).is_ok(), probe.id != ProbeId::Forged, "{:?}", probe.id);
        }
    }
}

#[test]
fn a_blank_that_was_pasted_with_the_key_is_not_signed_with() {
    let mut settings = settings();
    settings.key = Some(format!("{KEY} \r\n").into_bytes());
    let plan = plan(&settings, fresh(), false);
    let plain = plan.probes.iter().find(|probe| probe.id == ProbeId::Plain).unwrap();
    assert!(verify(&params(&plain.request), &Md5Key::new(KEY)).is_ok());
}

#[test]
fn the_plan_asks_each_question_once_and_only_what_is_configured() {
    let all = plan(&settings(), fresh(), true);
    let ids: Vec<ProbeId> = all.probes.iter().map(|probe| probe.id).collect();
    assert_eq!(ids, ProbeId::ALL);
    assert!(all.notify_ids.values().all(|id| id.len() == 34));
    assert_eq!(all.notify_ids[&ProbeId::Plain], all.notify_ids[&ProbeId::Repeat]);
    assert_eq!(all.notify_ids.values().collect::<BTreeSet<_>>().len(), 5);
    let body = |id: ProbeId| &all.probes[ids.iter().position(|known| *known == id).unwrap()].request;
    assert_eq!(body(ProbeId::Plain).body(), body(ProbeId::Repeat).body());
    assert_eq!(body(ProbeId::Plain).headers()["user-agent"], GATEWAY_AGENT);
    assert!(
        all.probes.iter().all(|probe| probe.request.headers()["connection"] == "close"),
        "each on its own"
    );
    assert!(body(ProbeId::Nameless).headers().get("user-agent").is_none());

    let bare = Settings { notify_url: settings().notify_url, ..Settings::default() };
    let asked = plan(&bare, fresh(), true);
    assert!(asked.probes.iter().all(|probe| probe.id.is_empty_call()));
    assert!(plan(&Settings::default(), fresh(), true).probes.is_empty());
    let nameless = Settings { charset: None, ..settings() };
    assert!(plan(&nameless, fresh(), true).probes.iter().all(|probe| probe.id != ProbeId::Chinese));
    let without = plan(&settings(), fresh(), false);
    assert!(without.probes.iter().all(|probe| probe.id != ProbeId::Disowned));
}

#[test]
fn chinese_travels_in_the_configured_charset() {
    let mut settings = settings();
    settings.charset = Some("GBK".to_owned());
    let plan = plan(&settings, fresh(), false);
    let chinese = plan.probes.iter().find(|probe| probe.id == ProbeId::Chinese).unwrap();
    let params = params(&chinese.request);
    assert_eq!(params.get_text("subject", Charset::Gbk).unwrap().unwrap(), "担保医生：测试通知");
    assert!(Charset::Utf8.decode(params.get("subject").unwrap()).is_err());
    assert_eq!(chinese.request.headers()["content-type"], "application/x-www-form-urlencoded; charset=gbk");
}

#[test]
fn a_silent_shop_is_not_asked_everything() {
    let mut sent = std::collections::BTreeMap::new();
    assert!(is_worth_sending(ProbeId::EmptyPost, &sent));
    sent.insert(ProbeId::EmptyGet, exchange(Err(NoAnswer::TimedOut)));
    assert!(!is_worth_sending(ProbeId::EmptyPost, &sent));
    assert!(is_worth_sending(ProbeId::ReturnEmpty, &sent), "another page");
    let mut sent = healthy().exchanges;
    sent.insert(ProbeId::AsBrowser, exchange(Err(NoAnswer::TimedOut)));
    assert!(is_worth_sending(ProbeId::Plain, &sent), "one of many");
    sent.insert(ProbeId::AsProgram, exchange(Err(NoAnswer::TimedOut)));
    assert!(!is_worth_sending(ProbeId::Plain, &sent));
}

#[test]
fn the_stand_in_owns_its_notifications_and_no_others() {
    let stand_in =
        StandIn { partner: Some(PARTNER.to_owned()), notify_ids: BTreeSet::from(["dp1".to_owned()]) };
    for (query, word) in [
        (format!("service=notify_verify&partner={PARTNER}&notify_id=dp1"), "true"),
        (format!("service=notify_verify&partner={PARTNER}&notify_id=dp2"), "false"),
        ("service=notify_verify&partner=2088999999999999&notify_id=dp1".to_owned(), "false"),
        (format!("partner={PARTNER}"), "invalid"),
        ("%zz".to_owned(), "invalid"),
    ] {
        let request = http::Request::get(format!("/gateway.do?{query}")).body(Bytes::new()).unwrap();
        let (asked, response) = stand_in.answer(&request);
        assert_eq!((response.body().as_ref(), asked.verdict.as_str()), (word.as_bytes(), word), "{query}");
    }
    let anybodys = StandIn { partner: None, ..stand_in };
    let request = http::Request::get("/gateway.do?partner=1&notify_id=dp1").body(Bytes::new()).unwrap();
    assert_eq!(anybodys.answer(&request).1.body().as_ref(), b"true", "no partner is configured");
}
