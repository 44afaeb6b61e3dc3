//! Whatever a shop answers and whatever is configured, the doctor says something and does not fall over.
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]
#![allow(dead_code, reason = "the recorded facts are the other tests'")]

mod patient;

use danbao_doctor::hex::dump;
use danbao_doctor::probe::{ProbeId, plan};
use danbao_doctor::settings::Settings;
use danbao_doctor::{CHECKS, examine};
use http::HeaderValue;
use patient::{body, fresh, healthy};
use proptest::prelude::*;

/// Bytes among which the words and marks that checks look for are frequent.
fn page() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&'static [u8]; 10] =
        [b"success", b"fail", b"\xEF\xBB\xBF", b"<", b">", b"charset=", b" ", b"\xB2", b"\r\n", b"="];
    let piece = prop_oneof![
        prop::sample::select(pieces.to_vec()).prop_map(<[u8]>::to_vec),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_answer_is_judged(bytes in page(), header in page(), probe in prop::sample::select(ProbeId::ALL)) {
        let mut facts = healthy();
        body(&mut facts, probe, &bytes);
        if let Ok(value) = HeaderValue::from_bytes(&header) {
            let response = facts.exchanges.get_mut(&probe).unwrap().outcome.as_mut().unwrap();
            for name in ["content-type", "date", "location", "set-cookie"] {
                response.headers_mut().insert(name, value.clone());
            }
        }
        prop_assert_eq!(examine(&facts).len(), CHECKS.len());
        dump(&bytes);
    }

    #[test]
    fn any_settings_are_read_and_planned_with(file in page(), text in any::<String>()) {
        let mut settings = Settings {
            partner: Some(text.clone()),
            key: Some(text.clone().into_bytes()),
            notify_url: Some(format!("http://shop.example/{text}")),
            gateway_url: Some(text.clone()),
            order: Some(text.clone()),
            charset: Some(text.clone()),
            ..Settings::default()
        };
        settings.fill_from(&[b"key = \"", &file[..], b"\"\n", &file].concat());
        let planned = plan(&settings, fresh(), true);
        prop_assert!(planned.probes.len() <= ProbeId::ALL.len());
        let facts = danbao_doctor::Facts { settings, allow_list: Some(text), ..Default::default() };
        prop_assert_eq!(examine(&facts).len(), CHECKS.len());
    }
}
