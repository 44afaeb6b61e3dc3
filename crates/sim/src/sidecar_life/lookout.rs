//! Somebody who sees all traffic of a sidecar's life: counts it, and keeps what the books do not.

use std::collections::{BTreeMap, BTreeSet};

use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use http::StatusCode;
use http::header::{LOCATION, SET_COOKIE};

use super::burglar::MARK;
use super::{SIDECAR, visitors};
use crate::people::{Town, hidden_field};
use crate::world::Witness;

/// A login that the gateway has handed to a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Handed {
    /// The sidecar's visit; empty for a buyer from etao.
    pub(super) visit: String,
    pub(super) user_id: Option<String>,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookout {
    pub(super) marks: BTreeMap<String, u64>,
    /// By `notify_id`.
    pub(super) logins: BTreeMap<String, Handed>,
    /// Logins that the sidecar has sent on as verified, by `notify_id`.
    pub(super) let_in: BTreeSet<String>,
    /// What the gateway has handed out for the address of a visit: whose it is, and the page that brings it.
    pub(super) addresses: BTreeMap<String, (String, String)>,
    /// The numbers of the burglar's browser.
    pub(super) burglars: BTreeSet<String>,
}

fn word(params: &Params, name: &str) -> Option<String> {
    params.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
}

impl Lookout {
    fn mark(&mut self, mark: &str) {
        *self.marks.entry(mark.to_owned()).or_default() += 1;
    }

    /// The gateway sends a browser back to the sidecar, or shows the page that does.
    fn hear_gateway(&mut self, response: &Response, town: &Town) {
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        if let Some((visit, query)) =
            to.strip_prefix(&town.login_return_url()).and_then(|rest| rest.split_once('?'))
        {
            let visit = visit.trim_start_matches('/').to_owned();
            self.hear_login(visit, query);
        }
        let text = String::from_utf8_lossy(response.body());
        let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        if let Some(query) = answer["return_url"]
            .as_str()
            .and_then(|url| url.strip_prefix(&format!("{}?", town.login_return_url())))
        {
            self.hear_login(String::new(), query);
        }
        if let Some((_, rest)) = text.split_once(&town.address_form()) {
            let visit = rest.split('"').next().unwrap_or_default().replace("&#x2f;", "");
            if let Some(user_id) = hidden_field(&text, "user_id") {
                self.addresses.insert(visit, (user_id.to_owned(), text.to_string()));
            }
        }
    }

    fn hear_login(&mut self, visit: String, query: &str) {
        let params = Params::parse_urlencoded(query.as_bytes()).unwrap_or_default();
        let Some(notify_id) = word(&params, "notify_id") else { return };
        self.logins.insert(notify_id, Handed { visit, user_id: word(&params, "user_id") });
    }

    /// The sidecar sends a browser on that has come back from signing in.
    fn hear_let_in(&mut self, now: Timestamp, request: &Request, response: &Response) {
        let Some(to) = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()) else { return };
        let mut on = Request::default();
        *on.uri_mut() = to.parse().unwrap_or_default();
        let verified = visitors::claims(now, &on).is_some_and(|claims| claims["verified"] == true);
        let by_burglar = request.headers().contains_key(MARK);
        self.mark(match (verified, by_burglar) {
            (true, true) => "burglar ahead of the buyer",
            (true, false) => "login let in",
            (false, true) => "burglar turned away",
            (false, false) => "login turned away",
        });
        let query = request.uri().query().unwrap_or_default();
        let params = Params::parse_urlencoded(query.as_bytes()).unwrap_or_default();
        if let Some(notify_id) = word(&params, "notify_id").filter(|_| verified) {
            self.let_in.insert(notify_id);
        }
    }
}

impl Witness for Lookout {
    fn asked(&mut self, _: Timestamp, _: &Request, _: &Town) {}

    fn answered(&mut self, now: Timestamp, request: &Request, response: &Response, town: &Town) {
        if request.uri().to_string().starts_with(&town.gateway) {
            return self.hear_gateway(response, town);
        }
        if request.headers().contains_key(MARK) {
            let set = response.headers().get(SET_COOKIE).and_then(|line| line.to_str().ok());
            let given =
                set.and_then(|line| line.split(';').next()?.split_once('=')).map(|(_, sid)| sid.to_owned());
            self.burglars.extend(given.into_iter().chain(visitors::sid(request)));
        }
        let path = request.uri().path();
        let is_sidecar = request.uri().host() == Some(SIDECAR);
        if is_sidecar && path.starts_with("/pay/login") {
            return self.hear_let_in(now, request, response);
        }
        let is_fail = response.body().as_ref() == b"fail";
        let mark = match (path, response.status()) {
            ("/hooks", StatusCode::NO_CONTENT) => "webhook taken",
            ("/hooks", StatusCode::UNAUTHORIZED) => "webhook turned away",
            ("/hooks", StatusCode::INTERNAL_SERVER_ERROR) => "webhook undone",
            ("/hooks", StatusCode::GONE) => "webhook gone",
            ("/in", StatusCode::OK) => "buyer in",
            ("/in", StatusCode::FORBIDDEN) if request.headers().contains_key(MARK) => {
                "burglar stopped by the shop"
            }
            ("/v1/webhook/enable", StatusCode::OK) => "webhook enabled",
            ("/v1/events", StatusCode::OK) => "feed read",
            ("/v1/events", StatusCode::GONE) => "cursor unknown",
            ("/pay/notify", _) if is_fail => "notification not believed",
            ("/pay/notify", _) => "notification believed",
            ("/pay/refund_notify", _) if is_fail => "refund letter not believed",
            ("/pay/refund_notify", _) => "refund letter believed",
            ("/pay/error_notify", _) if is_fail => "letter about a refusal not believed",
            ("/pay/error_notify", _) => "letter about a refusal believed",
            _ => return,
        };
        self.mark(mark);
    }

    fn rested(&mut self, _: Timestamp, _: &str, _: Option<Timestamp>, _: bool, _: &Town) {}
}
