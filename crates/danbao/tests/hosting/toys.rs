//! A place to run a toy node in, and a peer that speaks bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use danbao::host::client::{Client, ClientLimits};
use danbao::host::clock::SteadyClock;
use danbao::host::runner::{Pace, Runner};
use danbao::host::server::{Listener, Server, ServerLimits};
use danbao_protocol::node::{Crash, Input, Node, Output, Request, Response};
use danbao_protocol::time::Timestamp;
use tokio::runtime::Runtime;

/// A node whose behaviour is a closure from one input to outputs.
pub(crate) struct Toy<F>(pub F);

impl<F: FnMut(Input) -> Vec<Output> + Send> Node for Toy<F> {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        Ok(inputs.into_iter().flat_map(&mut self.0).collect())
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

/// Says back what it was asked: method, target, headers' count, body.
pub(crate) fn echo() -> Box<dyn Node> {
    Box::new(Toy(|input| match input {
        Input::Request { id, request } => vec![Output::Respond { id, response: said(&request) }],
        _ => vec![],
    }))
}

fn said(request: &Request) -> Response {
    let mut text = format!("{} {}\n", request.method(), request.uri()).into_bytes();
    text.extend_from_slice(request.body());
    Response::new(Bytes::from(text))
}

/// A hosted node.
pub(crate) struct Hosted {
    pub runtime: Runtime,
    pub server: Option<Server>,
    pub runner: Option<Runner>,
    pub address: SocketAddr,
}

impl Hosted {
    pub(crate) fn new(build: impl FnMut() -> anyhow::Result<Box<dyn Node>> + Send + 'static) -> Hosted {
        Hosted::with(ServerLimits::default(), ClientLimits::default(), build)
    }

    pub(crate) fn echo(limits: ServerLimits) -> Hosted {
        Hosted::with(limits, ClientLimits::default(), || Ok(echo()))
    }

    pub(crate) fn with(
        server: ServerLimits,
        client: ClientLimits,
        build: impl FnMut() -> anyhow::Result<Box<dyn Node>> + Send + 'static,
    ) -> Hosted {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = Client::new(runtime.handle().clone(), client).unwrap();
        let runner = Runner::start("toy", Pace::default(), SteadyClock::wall(), client, build).unwrap();
        let door = runner.door();
        let server = runtime.block_on(async {
            let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
            listener.serve(door, server)
        });
        let address = server.address();
        Hosted { runtime, server: Some(server), runner: Some(runner), address }
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn get(&self, target: &str) -> Heard {
        let mut peer = self.connect();
        peer.say(format!("GET {target} HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n"));
        peer.hear()
    }

    pub(crate) fn stop(mut self) {
        let server = self.server.take().unwrap();
        self.runtime.block_on(server.stop());
        self.runner.take().unwrap().stop();
    }
}

/// The other end of a raw connection.
pub(crate) struct Peer {
    pub stream: TcpStream,
    unread: Vec<u8>,
}

/// A response as it came over the wire.
#[derive(Debug)]
pub(crate) struct Heard {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Heard {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Peer {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.set_nodelay(true).unwrap();
        Peer { stream, unread: Vec::new() }
    }

    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Reads one response, which must carry Content-Length.
    pub(crate) fn hear(&mut self) -> Heard {
        let end = loop {
            if let Some(at) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more() > 0, "closed in the head: {:?}", String::from_utf8_lossy(&self.unread));
        };
        let rest = self.unread.split_off(end);
        let head = String::from_utf8(std::mem::replace(&mut self.unread, rest)).unwrap();
        let lower = head.to_ascii_lowercase();
        assert!(!lower.contains("transfer-encoding"), "{head}");
        let length = lower.split("content-length: ").nth(1).unwrap_or_else(|| panic!("no length: {head}"));
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        while self.unread.len() < length {
            assert!(self.more() > 0, "closed in the body");
        }
        let rest = self.unread.split_off(length);
        let body = std::mem::replace(&mut self.unread, rest);
        Heard { status: head[9..12].parse().unwrap(), head, body }
    }

    /// Everything until the other side closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() > 0 {}
        std::mem::take(&mut self.unread)
    }

    /// What comes until the other side has been quiet for a moment.
    pub(crate) fn rest_of_one(&mut self) -> String {
        self.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut chunk = [0; 65536];
        while let Ok(count @ 1..) = self.stream.read(&mut chunk) {
            self.unread.extend_from_slice(&chunk[..count]);
        }
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }

    fn more(&mut self) -> usize {
        let mut chunk = [0; 65536];
        let count = self.stream.read(&mut chunk).unwrap();
        self.unread.extend_from_slice(&chunk[..count]);
        count
    }
}
