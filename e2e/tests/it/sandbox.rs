//! The sandbox API over HTTP.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire;

/// What the API answered, or why it did not.
pub(crate) type Answer = Result<Value, String>;

/// A caller with the token.
#[derive(Clone)]
pub(crate) struct Sandbox {
    gateway: String,
    token: String,
}

impl Sandbox {
    pub(crate) fn new(gateway: &str, token: &str) -> Sandbox {
        Sandbox { gateway: gateway.to_owned(), token: token.to_owned() }
    }

    /// GET, which must succeed.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "").unwrap()
    }

    /// POST; a broken connection or a status other than 200 is an error.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &body.to_string())
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", self.token);
        let answer = wire::ask(&self.gateway, method, &format!("/sandbox/v1{path}"), &headers, body);
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(format!("{answer:?}"));
        }
        serde_json::from_slice(&answer.body).map_err(|error| format!("{error}: {answer:?}"))
    }

    /// A purchase by a headless buyer.
    pub(crate) fn checkout(&self, url: &str, buyer: &str, mode: Option<&str>, method: &str) -> Answer {
        let mut body = json!({ "url": url, "buyer": buyer, "method": method });
        if let Some(mode) = mode {
            body["mode"] = json!(mode);
        }
        self.post("/checkout", &body)
    }

    /// One step of a trade.
    pub(crate) fn act(&self, trade_no: &str, action: &str) -> Answer {
        self.post(&format!("/trades/{trade_no}/actions"), &json!({ "action": action }))
    }

    /// All about a trade.
    pub(crate) fn trade(&self, trade_no: &str) -> Value {
        self.get(&format!("/trades/{trade_no}"))
    }

    /// The trades under this number; there is at most one a partner.
    pub(crate) fn trades_of(&self, out_trade_no: &str) -> Vec<Value> {
        let found = self.get(&format!("/trades?out_trade_no={out_trade_no}"));
        found["trades"].as_array().unwrap().clone()
    }

    /// Moves the clock on, so that whatever is due later is due now.
    pub(crate) fn advance(&self, seconds: u64) {
        self.post("/clock/advance", &json!({ "seconds": seconds })).unwrap();
    }

    /// Waits until every notification of these trades has been acknowledged, moving the clock over the pauses between
    /// tries.
    pub(crate) fn drain(&self, trade_nos: &[String]) {
        const DRAIN_MAX: Duration = Duration::from_secs(60);
        let since = Instant::now();
        for trade_no in trade_nos {
            loop {
                let trade = self.trade(trade_no);
                let notices = trade["notices"].as_array().unwrap();
                if notices.iter().all(|notice| notice["state"] == "acknowledged") {
                    break;
                }
                assert!(since.elapsed() < DRAIN_MAX, "never told: {trade:#}");
                self.advance(600);
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}
