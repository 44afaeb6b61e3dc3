//! What those hear who watch a node, and those who come while it is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::bail;
use bytes::Bytes;
use danbao::host::server::ServerLimits;
use danbao::host::watcher::MetricsToken;
use danbao_protocol::node::{Crash, Input, Node, Output, Response, Watcher};
use danbao_protocol::time::Timestamp;

use crate::toys::{Heard, Hosted, Toy};

const TOKEN: &str = "a-token-of-the-watcher";

/// A node whose database can be taken away: it dies at the next step, and cannot be built.
struct Rooted(Arc<AtomicBool>);

impl Node for Rooted {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        if self.0.load(Ordering::SeqCst) {
            return Err(Crash("the database is gone".to_owned()));
        }
        let answer = |input| match input {
            Input::Request { id, request } => {
                let is_watched = request.extensions().get::<Watcher>().is_some();
                let text = if is_watched { "toy_own_number 7\n" } else { "ok" };
                Some(Output::Respond { id, response: Response::new(Bytes::from_static(text.as_bytes())) })
            }
            _ => None,
        };
        Ok(inputs.into_iter().filter_map(answer).collect())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

fn rooted() -> (Hosted, Arc<AtomicBool>) {
    let gone = Arc::new(AtomicBool::new(false));
    let database = Arc::clone(&gone);
    let limits =
        ServerLimits { metrics_token: Some(MetricsToken::new(TOKEN).unwrap()), ..ServerLimits::default() };
    let toy = Hosted::with(limits, Default::default(), move || match database.load(Ordering::SeqCst) {
        true => bail!("the database is gone"),
        false => Ok(Box::new(Rooted(Arc::clone(&database)))),
    });
    (toy, gone)
}

fn get(toy: &Hosted, target: &str, headers: &str) -> Heard {
    let mut peer = toy.connect();
    peer.say(format!("GET {target} HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n{headers}\r\n"));
    peer.hear()
}

fn metrics(toy: &Hosted) -> String {
    let heard = get(toy, "/metrics", &format!("Authorization: Bearer {TOKEN}\r\n"));
    assert_eq!(heard.status, 200, "{}", heard.text());
    assert!(
        heard.head.to_ascii_lowercase().contains("content-type: text/plain; version=0.0.4"),
        "{}",
        heard.head
    );
    heard.text()
}

fn says(text: &str, line: &str) -> bool {
    text.lines().any(|known| known == line)
}

#[test]
fn a_process_whose_database_is_gone_is_alive_and_not_ready_and_recovers() {
    let (toy, gone) = rooted();
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(toy.get(path).status, 200, "{path}");
    }
    gone.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(toy.get("/readyz").status, 503);
        assert_eq!(toy.get("/healthz").status, 503);
        assert_eq!(toy.get("/livez").text(), "ok", "a restart would mend nothing");
    }
    let text = metrics(&toy);
    assert!(says(&text, "danbao_node_up 0") && says(&text, "danbao_node_answers 0"), "{text}");
    gone.store(false, Ordering::SeqCst);
    let mut tries = 0;
    while toy.get("/readyz").status != 200 {
        tries += 1;
        assert!(tries < 200);
        std::thread::sleep(Duration::from_millis(50));
    }
    let text = metrics(&toy);
    assert!(says(&text, "danbao_node_up 1") && says(&text, "danbao_node_deaths_total 1"), "{text}");
    toy.stop();
}

#[test]
fn a_node_that_hangs_is_not_ready_long_before_a_payer_is_turned_away() {
    let toy = Hosted::new(|| Ok(Box::new(Toy(|_: Input| vec![]))));
    let started = std::time::Instant::now();
    assert_eq!(toy.get("/readyz").status, 503);
    assert!(started.elapsed() < Duration::from_secs(60), "the limit of others is 90 s");
    assert_eq!(toy.get("/livez").status, 200);
    toy.stop();
}

#[test]
fn a_server_with_too_much_to_do_is_alive() {
    let limits = ServerLimits { requests_max: 0, ..ServerLimits::default() };
    let toy = Hosted::echo(limits);
    assert_eq!(toy.get("/readyz").status, 503);
    assert_eq!(toy.get("/livez").status, 200);
    toy.stop();
}

#[test]
fn numbers_are_for_whoever_has_the_token_alone() {
    let (toy, _) = rooted();
    let heard = toy.get("/metrics");
    assert_eq!(heard.status, 401);
    assert!(
        !heard.text().contains("danbao_") && heard.head.to_ascii_lowercase().contains("www-authenticate")
    );
    assert_eq!(get(&toy, "/metrics", "Authorization: Bearer a-token-of-the-shop-its\r\n").status, 401);
    let _ = (toy.get("/pay/return"), toy.get("/v1/orders"));
    let text = metrics(&toy);
    assert!(says(&text, "danbao_http_requests_total{area=\"pay\",class=\"2xx\",by=\"node\"} 1"), "{text}");
    assert!(says(&text, "danbao_http_requests_total{area=\"watch\",class=\"4xx\",by=\"host\"} 2"), "{text}");
    assert!(says(&text, "danbao_step_inputs_count 2"), "{text}");
    assert!(says(&text, "toy_own_number 7"), "the node's own stand below: {text}");
    toy.stop();
    // Without a token it is an address of the node's like any other, and nothing that the host adds.
    let toy = Hosted::echo(ServerLimits::default());
    let heard = get(&toy, "/metrics", "Authorization: Bearer \r\n");
    assert_eq!(heard.text(), "GET /metrics\n");
    toy.stop();
}

#[test]
fn while_the_node_is_away_a_browser_reads_a_page_in_its_language_and_a_program_a_problem() {
    let (toy, gone) = rooted();
    gone.store(true, Ordering::SeqCst);
    let browser = "Accept: text/html,*/*;q=0.8\r\n";
    for (lang, tag) in [("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"), ("en-US,en;q=0.5", "en")] {
        let headers = format!("{browser}Accept-Language: {lang}\r\n");
        let heard = get(&toy, "/pay/return?is_success=T", &headers);
        let head = heard.head.to_ascii_lowercase();
        assert_eq!(heard.status, 503);
        assert!(
            head.contains("retry-after: 5") && head.contains("content-type: text/html; charset=utf-8"),
            "{head}"
        );
        assert!(head.contains("cache-control: no-store"), "{head}");
        assert!(heard.text().contains(&format!("<html lang=\"{tag}\">")), "{}", heard.text());
    }
    for target in ["/pay/notify", "/v1/orders"] {
        let heard = get(&toy, target, if target == "/v1/orders" { browser } else { "Accept: */*\r\n" });
        let head = heard.head.to_ascii_lowercase();
        assert!(head.contains("retry-after: 5") && head.contains("application/problem+json"), "{head}");
        let problem: serde_json::Value = serde_json::from_slice(&heard.body).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&503.into(), &"unanswered".into()));
    }
    toy.stop();
}

#[test]
fn a_body_too_large_is_a_problem_to_a_program_and_a_page_to_a_browser() {
    let toy = Hosted::echo(ServerLimits { body_bytes_max: 10, ..ServerLimits::default() });
    for (accept, kind) in [("text/html", "text/html"), ("application/json", "application/problem+json")] {
        let mut peer = toy.connect();
        peer.say(format!(
            "POST /cart HTTP/1.1\r\nHost: toy\r\nAccept: {accept}\r\nContent-Length: 11\r\n\r\n01234567890"
        ));
        let heard = peer.hear();
        let head = heard.head.to_ascii_lowercase();
        assert_eq!(heard.status, 413);
        assert!(head.contains(&format!("content-type: {kind}")) && !head.contains("retry-after"), "{head}");
    }
    toy.stop();
}
