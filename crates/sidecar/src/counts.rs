//! What is counted while the node lives, for whoever watches it; and how things stand now, as the database has it.
//!
//! A count is one of what was committed. Each life begins anew at nothing, as a counter may (a watcher notices that it has
//! fallen). Texts of labels are the program's own, so that nobody can make lines by sending strange words.

use std::collections::BTreeMap;
use std::fmt::Write;

use danbao_merchant::Way;
use danbao_merchant::inbox::Outcome;
use danbao_merchant::protocol::node::{NoAnswer, Request, Response, Watcher};
use danbao_node::{Fault, web};
use http::StatusCode;

use crate::deliveries::COUNT_MAX;
use crate::problem::Problem;
use crate::rows::delivery::{self, Undelivered};
use crate::rows::refund_batch::{self, BatchState};
use crate::turn::{Turn, Waiting};

/// Something that happens again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Count {
    /// A message came and was judged. `check` is the one that failed.
    Message { way: &'static str, outcome: &'static str, check: &'static str },
    /// Somebody was asked or told, and answered or not.
    Asked { what: &'static str, outcome: &'static str },
    /// A try to tell the shop is over.
    Webhook { result: &'static str },
}

/// How often each has happened.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<Count, u64>);

impl Counts {
    /// It has happened once more.
    pub(crate) fn count(&mut self, what: Count) {
        *self.0.entry(what).or_default() += 1;
    }

    /// A message was believed, or was not.
    pub(crate) fn message(&mut self, way: Way, outcome: &Outcome) {
        let check = match outcome {
            Outcome::Rejected(rejected) => rejected.check().as_str(),
            _ => "",
        };
        self.count(Count::Message { way: way.as_str(), outcome: outcome.as_str(), check });
    }

    /// An answer has come, or will not.
    pub(crate) fn asked(&mut self, waiting: &Waiting, outcome: &Result<Response, NoAnswer>) {
        let what = match waiting {
            Waiting::Verify { .. } | Waiting::Believe { .. } => "verify",
            Waiting::Query { .. } => "query",
            Waiting::Ship { .. } => "ship",
            Waiting::Close { .. } => "close",
            Waiting::Refund { .. } => "refund",
            Waiting::Deliver { .. } => "webhook",
        };
        let outcome = outcome.as_ref().map_or_else(|why| why.as_str(), |_| "answered");
        self.count(Count::Asked { what, outcome });
    }

    /// What a group has counted, once it is committed.
    pub(crate) fn add(&mut self, group: Counts) {
        for (what, times) in group.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    fn write(&self, text: &mut String) {
        // Writing to a String cannot fail.
        let mut family = "";
        for (what, times) in &self.0 {
            let (name, help) = what.family();
            if name != family {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
                family = name;
            }
            let _ = writeln!(text, "{name}{{{}}} {times}", what.labels());
        }
    }
}

impl Count {
    fn family(self) -> (&'static str, &'static str) {
        match self {
            Count::Message { .. } => (
                "danbao_sidecar_messages_total",
                "Messages of the gateway by way and what came of them; of rejected ones, by the check that failed.",
            ),
            Count::Asked { .. } => (
                "danbao_sidecar_asked_total",
                "Calls to the gateway and to the shop, and whether there was an answer.",
            ),
            Count::Webhook { .. } => {
                ("danbao_sidecar_webhook_tries_total", "Tries to tell the shop, by what came of them.")
            }
        }
    }

    fn labels(self) -> String {
        match self {
            Count::Message { way, outcome, check } => {
                format!("way=\"{way}\",outcome=\"{outcome}\",check=\"{check}\"")
            }
            Count::Asked { what, outcome } => format!("what=\"{what}\",outcome=\"{outcome}\""),
            Count::Webhook { result } => format!("result=\"{result}\""),
        }
    }
}

/// `GET /metrics`, from the host alone: what was counted, and how things stand now. Each number is found by an index of
/// few rows.
pub(crate) fn metrics(turn: &mut Turn<'_, '_>, request: &Request) -> Result<Response, Fault> {
    if request.extensions().get::<Watcher>().is_none() {
        return Ok(Problem::not_found("address").respond());
    }
    let mut text = String::new();
    turn.counted.write(&mut text);
    text.push_str(
        "# HELP danbao_sidecar_webhooks Events that are not delivered; counted to 10000.\n\
         # TYPE danbao_sidecar_webhooks gauge\n",
    );
    for state in [Undelivered::Waiting, Undelivered::GivenUp] {
        let count = delivery::count(&mut **turn.tx, state, COUNT_MAX)?;
        let _ = writeln!(text, "danbao_sidecar_webhooks{{state=\"{}\"}} {count}", state.as_str());
    }
    let oldest = delivery::oldest_waiting(&mut **turn.tx)?.map_or(0, |at| turn.now.since(at).as_secs());
    let _ = writeln!(
        text,
        "# HELP danbao_sidecar_webhook_oldest_seconds How long the oldest event has waited to be delivered; 0 if none does.\n\
         # TYPE danbao_sidecar_webhook_oldest_seconds gauge\ndanbao_sidecar_webhook_oldest_seconds {oldest}\n\
         # HELP danbao_sidecar_refund_batches Batches of which it is not known what came; unclear ones want a person.\n\
         # TYPE danbao_sidecar_refund_batches gauge"
    );
    let open = refund_batch::count_open(&mut **turn.tx)?;
    for state in [BatchState::Waiting, BatchState::Asked, BatchState::Accepted, BatchState::Unclear] {
        let count = open.iter().find(|(known, _)| *known == state).map_or(0, |(_, count)| *count);
        let _ = writeln!(text, "danbao_sidecar_refund_batches{{state=\"{}\"}} {count}", state.as_str());
    }
    let response = web::answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text);
    Ok(web::unsniffed(web::unkept(response)))
}
