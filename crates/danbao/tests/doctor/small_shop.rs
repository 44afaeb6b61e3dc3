//! A shop of one function, on a port of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use danbao_protocol::params::Params;
use danbao_protocol::sign::Md5Key;
use danbao_protocol::sign::md5::verify;

pub(crate) const PARTNER: &str = "2088000000000001";
pub(crate) const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

/// A request as it came.
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn is_notify(&self) -> bool {
        self.head.contains("/notify_url.php")
    }
}

/// What a shop should say: `success` to what is signed, `fail` to anything else, a page to a buyer.
pub(crate) fn right(asked: &Asked) -> &'static str {
    if !asked.is_notify() {
        return "no parameters, no payment";
    }
    let params = Params::parse_urlencoded(asked.body.as_bytes()).unwrap();
    let is_signed = !params.is_empty() && verify(&params, &Md5Key::new(KEY)).is_ok();
    if is_signed { "success" } else { "fail" }
}

/// An answer in bytes.
pub(crate) fn answer(status: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

type Respond = fn(&Asked) -> Option<Vec<u8>>;

/// Serves one connection after the other until it is dropped.
pub(crate) struct Shop {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Shop {
    pub(crate) fn open(respond: Respond) -> Shop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if told.load(Ordering::Acquire) {
                    break;
                }
                // A connection that is only tried, or broken off, is nobody's fault.
                let _ = serve(stream.unwrap(), respond);
            }
        });
        Shop { address, is_over, thread: Some(thread) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn serve(mut stream: TcpStream, respond: Respond) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let asked = loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        if !text.contains("HTTP/1.1") && !text.is_ascii() {
            return Ok(());
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            break Asked { head: head.to_owned(), body: body.to_owned() };
        }
    };
    match respond(&asked) {
        Some(answer) => stream.write_all(&answer),
        // Silent until the other side has had enough.
        None => stream.read(&mut piece).map(drop),
    }
}
