//! What a host counts of the node that it runs, and the text in which a watcher reads it: Prometheus' own, version 0.0.4.
//!
//! Few numbers, each of something that the host itself has seen. Everything is an integer: seconds are microseconds until
//! they are written.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;

/// The type of the text.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Which part of a node a request was for; fixed, so that nobody can make lines by asking for strange addresses.
const AREAS: [(&str, &[&str]); 6] = [
    ("watch", &["/livez", "/readyz", "/healthz", "/metrics"]),
    ("api", &["/v1/", "/sandbox/v1/"]),
    ("pay", &["/pay/", "/alipay/"]),
    ("gateway", &["/gateway.do", "/cooperate/", "/trade/"]),
    ("cashier", &["/cashier/", "/handover/", "/refunds/"]),
    ("other", &[""]),
];
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];
/// Who has answered.
const VOICES: [&str; 2] = ["node", "host"];

/// Upper bounds in microseconds, and how they are written.
const STEP_BOUNDS: [(u64, &str); 11] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];
const GROUP_BOUNDS: [(u64, &str); 9] =
    [(1, "1"), (2, "2"), (4, "4"), (8, "8"), (16, "16"), (32, "32"), (64, "64"), (128, "128"), (256, "256")];

/// Who answered a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Node,
    Host,
}

/// What is counted of one node over all of its lives.
#[derive(Debug)]
pub(super) struct Tally {
    node: String,
    is_up: AtomicBool,
    deaths: AtomicU64,
    /// By area, class and voice.
    requests: [[[AtomicU64; VOICES.len()]; CLASSES.len()]; AREAS.len()],
    steps: Histogram<{ STEP_BOUNDS.len() }>,
    groups: Histogram<{ GROUP_BOUNDS.len() }>,
}

impl Tally {
    /// Of a node of this name, which is not up yet.
    pub(super) fn new(node: &str) -> Tally {
        Tally {
            node: node.to_owned(),
            is_up: AtomicBool::new(false),
            deaths: AtomicU64::new(0),
            requests: Default::default(),
            steps: Histogram::new(&STEP_BOUNDS),
            groups: Histogram::new(&GROUP_BOUNDS),
        }
    }

    /// The node was built, or has gone.
    pub(super) fn set_up(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::Relaxed);
    }

    /// The node crashed or panicked.
    pub(super) fn died(&self) {
        self.set_up(false);
        self.deaths.fetch_add(1, Ordering::Relaxed);
    }

    /// A step took so many inputs, and so long.
    pub(super) fn stepped(&self, inputs: usize, took: Duration) {
        self.groups.count(u64::try_from(inputs).unwrap_or(u64::MAX));
        self.steps.count(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// A request for this path was answered.
    pub(super) fn answered(&self, path: &str, status: StatusCode, voice: Voice) {
        let is_of = |(_, prefixes): &(&str, &[&str])| prefixes.iter().any(|prefix| path.starts_with(prefix));
        let area = AREAS.iter().position(is_of).unwrap_or(AREAS.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(2, 5) - 2;
        self.requests[area][class][voice as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// All of it, as text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "# HELP danbao_node_info Which node this is.\n# TYPE danbao_node_info gauge\n\
             danbao_node_info{{node=\"{}\",version=\"{}\"}} 1\n\
             # HELP danbao_node_up Whether the node is built; while it is not, every request hears 503.\n\
             # TYPE danbao_node_up gauge\ndanbao_node_up {}\n\
             # HELP danbao_node_deaths_total Crashes and panics; each is followed by a restart from the database.\n\
             # TYPE danbao_node_deaths_total counter\ndanbao_node_deaths_total {}\n\
             # HELP danbao_http_requests_total Requests that were answered, by area, class of status, and who answered.\n\
             # TYPE danbao_http_requests_total counter",
            self.node,
            env!("CARGO_PKG_VERSION"),
            u8::from(self.is_up.load(Ordering::Relaxed)),
            self.deaths.load(Ordering::Relaxed),
        );
        for ((area, _), classes) in AREAS.iter().zip(&self.requests) {
            for (class, voices) in CLASSES.iter().zip(classes) {
                for (voice, count) in VOICES.iter().zip(voices) {
                    let count = count.load(Ordering::Relaxed);
                    // What never happened is not worth forty-eight lines.
                    if count > 0 {
                        let _ = writeln!(
                            text,
                            "danbao_http_requests_total{{area=\"{area}\",class=\"{class}\",by=\"{voice}\"}} {count}"
                        );
                    }
                }
            }
        }
        self.steps.write(
            &mut text,
            (
                "danbao_step_seconds",
                "How long the node took for a group of inputs: a transaction, its commit included.",
            ),
            seconds,
        );
        self.groups.write(&mut text, ("danbao_step_inputs", "Inputs of a group."), |sum| sum.to_string());
        text
    }
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// How often a number fell below each of some bounds. Its lines are read one by one, so under way they may differ by what is
/// counted in that moment.
#[derive(Debug)]
struct Histogram<const N: usize> {
    bounds: &'static [(u64, &'static str); N],
    /// How often it fell into each bound and no lower one.
    within: [AtomicU64; N],
    beyond: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    fn new(bounds: &'static [(u64, &'static str); N]) -> Histogram<N> {
        let within = std::array::from_fn(|_| AtomicU64::new(0));
        Histogram { bounds, within, beyond: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    fn count(&self, number: u64) {
        let at = self.bounds.iter().position(|(bound, _)| number <= *bound);
        let counter = at.map_or(&self.beyond, |at| &self.within[at]);
        counter.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(number, Ordering::Relaxed);
    }

    fn write(&self, text: &mut String, (name, help): (&str, &str), sum: impl Fn(u64) -> String) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        let mut so_far = 0;
        for ((_, bound), within) in self.bounds.iter().zip(&self.within) {
            so_far += within.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {so_far}");
        }
        let all = so_far + self.beyond.load(Ordering::Relaxed);
        let sum = sum(self.sum.load(Ordering::Relaxed));
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {all}\n{name}_sum {sum}\n{name}_count {all}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_written_as_prometheus_reads_it() {
        let tally = Tally::new("toy");
        tally.set_up(true);
        tally.stepped(1, Duration::from_micros(900));
        tally.stepped(3, Duration::from_millis(30));
        tally.stepped(300, Duration::from_secs(61));
        tally.answered("/pay/notify", StatusCode::OK, Voice::Node);
        tally.answered("/pay/notify", StatusCode::OK, Voice::Node);
        tally.answered("/.env", StatusCode::NOT_FOUND, Voice::Node);
        tally.answered("/v1/orders", StatusCode::SERVICE_UNAVAILABLE, Voice::Host);
        tally.died();
        let text = tally.text();
        for line in [
            "danbao_node_up 0",
            "danbao_node_deaths_total 1",
            "danbao_http_requests_total{area=\"pay\",class=\"2xx\",by=\"node\"} 2",
            "danbao_http_requests_total{area=\"other\",class=\"4xx\",by=\"node\"} 1",
            "danbao_http_requests_total{area=\"api\",class=\"5xx\",by=\"host\"} 1",
            "# TYPE danbao_step_seconds histogram",
            "danbao_step_seconds_bucket{le=\"0.001\"} 1",
            "danbao_step_seconds_bucket{le=\"0.025\"} 1",
            "danbao_step_seconds_bucket{le=\"0.05\"} 2",
            "danbao_step_seconds_bucket{le=\"+Inf\"} 3",
            "danbao_step_seconds_sum 61.030900",
            "danbao_step_seconds_count 3",
            "danbao_step_inputs_bucket{le=\"4\"} 2",
            "danbao_step_inputs_sum 304",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with('\n') && !text.contains("\n\n"));
        assert_eq!(text.matches("danbao_http_requests_total{").count(), 3, "nothing of what never happened");
    }
}
