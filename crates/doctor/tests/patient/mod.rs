//! The facts of a shop that is well, and ways to spoil them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use danbao_doctor::facts::{Dial, Exchange, Facts, Host, Log, Tls};
use danbao_doctor::probe::{Freshness, ProbeId, plan};
use danbao_doctor::settings::{FileShape, Place, Settings};
use danbao_doctor::stand_in::Asked;
use danbao_protocol::node::{NoAnswer, Response};
use danbao_protocol::service::notify_verify::Verdict as Answered;
use danbao_protocol::time::Timestamp;
use http::{HeaderName, HeaderValue};

pub(crate) const PARTNER: &str = "2088000000000001";
pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
pub(crate) const PUBLIC_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwqwh6aW0b2dRpf4Ye44v
jIttZKZ43DS5k3G9vgu/aE/NKOBusNfH5iz2WEsOXkIPTiEuitWAaqoexgeUnEak
4oRnmsbPfT/mBlYrpKWwbFu6xfmRZiUT+yf41/LMz0f6MLD2tVxrrzfNEs0XJSm1
ZMs3zWyZmmQwj8RSrO6fzBKmBf6qWSQgqMqXD/aiMw991Rrpnii0Poikadai3wkZ
JQ6xA99kXVY4oanDPCo0q3Zu26fL0kLzR5nrYLoo1Kk4PuRVr75bDJqKhcydIH61
5nAs1TqwpxFsLwmqDi/ETo8o+TJixNnqK7T9TmqDXWSw0kKWJK7WyeIkBIxlonGX
uwIDAQAB
-----END PUBLIC KEY-----
";

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn fresh() -> Freshness {
    Freshness { now: Timestamp::parse_wire("2012-01-05 13:05:33").unwrap(), nonce: [7; 16] }
}

pub(crate) fn settings() -> Settings {
    let text = |text: &str| Some(text.to_owned());
    Settings {
        partner: text(PARTNER),
        key: Some(KEY.as_bytes().to_vec()),
        notify_url: text("https://shop.example/notify.php"),
        return_url: text("https://shop.example/return.php"),
        show_url: text("https://shop.example/"),
        charset: text("utf-8"),
        seller_email: text("seller@example.com"),
        gateway_url: text("https://gateway.example/gateway.do"),
        file: Some(FileShape::default()),
        ..Settings::default()
    }
}

fn response(status: u16, body: &[u8]) -> Response {
    let mut response = Response::new(Bytes::copy_from_slice(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert("date", HeaderValue::from_static("Thu, 05 Jan 2012 05:05:33 GMT"));
    if status == 302 {
        headers.insert("location", HeaderValue::from_static("/login"));
    }
    response
}

pub(crate) fn exchange(outcome: Result<Response, NoAnswer>) -> Exchange {
    let sent_at = fresh().now;
    Exchange { sent_at, ended_at: Timestamp(sent_at.0 + 120), outcome }
}

pub(crate) fn page(facts: &mut Facts, probe: ProbeId, status: u16, body: &str) {
    facts.exchanges.insert(probe, exchange(Ok(response(status, body.as_bytes()))));
}

pub(crate) fn notify(facts: &mut Facts, probe: ProbeId, status: u16, body: &str) {
    assert_eq!(probe.place(), Place::Notify);
    page(facts, probe, status, body);
}

pub(crate) fn body(facts: &mut Facts, probe: ProbeId, body: &[u8]) {
    facts.exchanges.insert(probe, exchange(Ok(response(200, body))));
}

/// Gives the answer of a probe a header, and no answer of its place that header otherwise.
pub(crate) fn header(facts: &mut Facts, probe: ProbeId, name: &'static str, value: &'static str) {
    let response = facts.exchanges.get_mut(&probe).unwrap().outcome.as_mut().unwrap();
    response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
}

pub(crate) fn asked(facts: &Facts, probe: ProbeId, partner: &str, verdict: Answered) -> Asked {
    Asked {
        path: "/gateway.do".to_owned(),
        partner: Some(partner.to_owned()),
        notify_id: facts.notify_ids.get(&probe).cloned(),
        verdict,
    }
}

fn host(addresses: &[&str]) -> Host {
    let addresses = addresses.iter().map(|address| ip(address)).collect();
    Host { addresses, dial: Some(Dial::Open), tls: Some(Tls::Good) }
}

/// A shop that does everything right, and asks the stand-in about all that it should.
pub(crate) fn healthy() -> Facts {
    let settings = settings();
    let plan = plan(&settings, fresh(), true);
    let mut facts = Facts {
        settings,
        notify_ids: plan.notify_ids,
        log: Some(Log { path: "log.txt".to_owned(), writable: Ok(()) }),
        allow_list: Some("203.0.113.0/24".to_owned()),
        server: Some(ip("198.51.100.1")),
        ..Facts::default()
    };
    let shop = host(&["198.51.100.1"]);
    facts.hosts = BTreeMap::from([
        (Place::Notify, shop.clone()),
        (Place::Return, shop.clone()),
        (Place::Show, shop),
        (Place::Gateway, host(&["203.0.113.7"])),
    ]);
    for &probe in ProbeId::ALL {
        let word = match probe {
            ProbeId::ReturnEmpty | ProbeId::ShowEmpty => "<html>验证失败</html>",
            ProbeId::GatewayAsked => "false",
            probe if probe.is_genuine() => "success",
            _ => "fail",
        };
        page(&mut facts, probe, 200, word);
    }
    let genuine = [ProbeId::Plain, ProbeId::Chinese, ProbeId::Repeat];
    let mut questions: Vec<Asked> =
        genuine.iter().map(|probe| asked(&facts, *probe, PARTNER, Answered::True)).collect();
    questions.push(asked(&facts, ProbeId::Disowned, PARTNER, Answered::False));
    facts.asked = Some(questions);
    facts
}
