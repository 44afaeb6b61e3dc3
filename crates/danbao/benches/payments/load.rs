//! A closed loop of buyers: each connection sends its next payment when the last one is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use danbao_protocol::sign::Md5Key;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::subject::{Subject, checkout_body};

/// What a run came to.
pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// Loads the subject with so many connections for so long, from one thread of its own.
pub(crate) fn run(subject: &Subject, connections: usize, measure: Duration) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = Md5Key::new(subject.world.partner.key.clone());
    // Signing is the merchant's work: done before the clock starts.
    let orders = Arc::new(Orders { bodies: bodies(subject, &key, 200_000), next: AtomicU64::new(0) });
    let head = Arc::new(format!(
        "POST /sandbox/v1/checkout HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n",
        subject.address, subject.world.sandbox_token
    ));
    let started = Instant::now();
    let until = started + measure;
    let latencies = runtime.block_on(async {
        let buyers: Vec<_> = (0..connections)
            .map(|_| tokio::spawn(buyer(subject.address, head.clone(), orders.clone(), until)))
            .collect();
        let mut all = Vec::new();
        for buyer in buyers {
            all.extend(buyer.await.unwrap());
        }
        all
    });
    let took = started.elapsed();
    let mut latencies = latencies;
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    Measured { rate: latencies.len() as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) }
}

struct Orders {
    bodies: Vec<String>,
    next: AtomicU64,
}

fn bodies(subject: &Subject, key: &Md5Key, count: usize) -> Vec<String> {
    (0..count).map(|number| checkout_body(&subject.world, key, &format!("LOAD-{number}"))).collect()
}

async fn buyer(
    address: std::net::SocketAddr,
    head: Arc<String>,
    orders: Arc<Orders>,
    until: Instant,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut latencies = Vec::new();
    let mut answer = Vec::with_capacity(4096);
    while Instant::now() < until {
        let number = usize::try_from(orders.next.fetch_add(1, Ordering::Relaxed)).unwrap();
        let Some(body) = orders.bodies.get(number) else { break };
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        answer.clear();
        while !is_whole(&answer) {
            assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the gateway hung up");
        }
        latencies.push(sent.elapsed());
        let text = String::from_utf8_lossy(&answer);
        assert!(text.contains("\"return_url\":\"http"), "{text}");
    }
    latencies
}

/// Whether head and body of one answer are there.
fn is_whole(answer: &[u8]) -> bool {
    let text = std::str::from_utf8(answer).unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let length = headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length")).unwrap().1;
    body.len() >= length.parse::<usize>().unwrap()
}
