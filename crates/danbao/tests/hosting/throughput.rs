//! How many asks a second the host carries to a node that answers at once, and back. Not a benchmark of record; run
//! with `cargo test --release -p danbao --test hosting -- --ignored --nocapture throughput`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use danbao::host::server::ServerLimits;
use danbao_protocol::node::{Crash, Input, Node, Output, Response};
use danbao_protocol::time::Timestamp;
use tokio::net::TcpStream;

use crate::toys::Hosted;

/// Answers at once and counts its steps.
struct Counted(Arc<AtomicU64>);

impl Node for Counted {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let answer = |input| match input {
            Input::Request { id, .. } => {
                Some(Output::Respond { id, response: Response::new(Bytes::from_static(b"success")) })
            }
            _ => None,
        };
        Ok(inputs.into_iter().filter_map(answer).collect())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

#[test]
#[ignore = "measures; takes a machine of its own"]
fn throughput_of_an_echo() {
    let steps = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&steps);
    let toy = Hosted::with(ServerLimits::default(), Default::default(), move || {
        Ok(Box::new(Counted(Arc::clone(&counter))))
    });
    let body = "x".repeat(1300);
    let ask = format!("POST /notify HTTP/1.1\r\nHost: toy\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let ask: &'static [u8] = Box::leak(ask.into_boxed_str()).as_bytes();
    let load = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for connections in [1, 8, 64, 256] {
        let steps_before = steps.load(Ordering::Relaxed);
        let started = Instant::now();
        let until = started + Duration::from_secs(4);
        let mut waits = load.block_on(async {
            let mut peers = tokio::task::JoinSet::new();
            for _ in 0..connections {
                let stream = TcpStream::connect(toy.address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                peers.spawn(converse(stream, ask, until));
            }
            peers.join_all().await.concat()
        });
        let asked = waits.len() as u64;
        waits.sort_unstable();
        let percentile = |p: usize| waits[(waits.len() - 1) * p / 100];
        println!(
            "{connections:>4} connections: {:>7} asks/s, p50 {:?}, p99 {:?}, {} asks a group",
            asked * 1000 / started.elapsed().as_millis() as u64,
            percentile(50),
            percentile(99),
            asked / (steps.load(Ordering::Relaxed) - steps_before).max(1),
        );
    }
    toy.stop();
}

async fn converse(stream: TcpStream, ask: &[u8], until: Instant) -> Vec<Duration> {
    let mut waits = Vec::new();
    let mut answer = [0; 4096];
    loop {
        let asked = Instant::now();
        if asked > until {
            return waits;
        }
        let mut sent = 0;
        while sent < ask.len() {
            stream.writable().await.unwrap();
            sent += stream.try_write(&ask[sent..]).unwrap_or(0);
        }
        let mut read = 0;
        while !answer[..read].ends_with(b"success") {
            stream.readable().await.unwrap();
            read += stream.try_read(&mut answer[read..]).unwrap_or(0);
        }
        waits.push(asked.elapsed());
    }
}
