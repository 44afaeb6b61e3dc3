//! A merchant's server that answers as the test says and keeps all it heard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::form::Form;

/// What the server does with a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// 200 and this body.
    Says(&'static str),
    /// The connection is closed without a word.
    Nothing,
}

type Decide = dyn Fn(&Form, usize) -> Reply + Send + Sync;

/// The server. It ends when it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    heard: Mutex<Vec<Form>>,
    decide: Box<Decide>,
    is_ending: AtomicBool,
}

impl Receiver {
    /// Says `success` to everything.
    pub(crate) fn agreeable() -> Receiver {
        Receiver::start(|_, _| Reply::Says("success"))
    }

    /// Decides by the notification and by how many were heard before it.
    pub(crate) fn start(decide: impl Fn(&Form, usize) -> Reply + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            heard: Mutex::default(),
            decide: Box::new(decide),
            is_ending: AtomicBool::new(false),
        });
        let accepting = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept(&listener, &shared))
        };
        Receiver { address, shared, accepting: Some(accepting) }
    }

    pub(crate) fn notify_url(&self) -> String {
        format!("http://{}/notify", self.address)
    }

    pub(crate) fn return_url(&self) -> String {
        format!("http://{}/return", self.address)
    }

    /// All notifications up to now.
    pub(crate) fn heard(&self) -> Vec<Form> {
        self.shared.heard.lock().unwrap().clone()
    }

    /// Waits until `count` notifications about this order have come.
    pub(crate) fn await_heard(&self, out_trade_no: &str, count: usize) -> Vec<Form> {
        for _ in 0..2000 {
            let mut heard = self.heard();
            heard.retain(|heard| heard.text("out_trade_no") == out_trade_no);
            if heard.len() >= count {
                return heard;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{count} notifications about {out_trade_no} have not come: {:?}", self.heard());
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.shared.is_ending.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_ending.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        // A connection that breaks is the gateway's death, which is what some tests are about.
        thread::spawn(move || drop(converse(stream, &shared)));
    }
}

/// Answers one connection's requests.
fn converse(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let is_post = line.starts_with("POST ");
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let reply = if is_post {
            hear(shared, &body)
        } else {
            Reply::Says("<!doctype html><title>shop</title><h1>Thank you</h1>")
        };
        let Reply::Says(text) = reply else { return Ok(()) };
        let kind = if is_post { "text/plain" } else { "text/html" };
        write!(
            writer,
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        )?;
    }
}

fn hear(shared: &Shared, body: &[u8]) -> Reply {
    let heard = Form::parse(body);
    let mut all = shared.heard.lock().unwrap();
    let reply = (shared.decide)(&heard, all.len());
    all.push(heard);
    reply
}
