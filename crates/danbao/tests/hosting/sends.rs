//! What comes of a send.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use danbao::host::client::{Client, ClientLimits};
use danbao_protocol::node::{AskId, Carriage, Input, NoAnswer, Output, Request, Response, SendId};
use tokio::runtime::Runtime;

use crate::toys::{Hosted, Toy, echo};

fn to(uri: &str) -> Request {
    http::Request::post(uri).body(Bytes::from_static(b"trade_status=TRADE_FINISHED")).unwrap()
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What came of one send under these limits.
fn outcome(limits: ClientLimits, uri: &str) -> Result<Response, NoAnswer> {
    let runtime = runtime();
    let client = Client::new(runtime.handle().clone(), limits).unwrap();
    let (told, outcome) = mpsc::channel();
    client.send(to(uri), move |outcome| told.send(outcome).unwrap());
    outcome.recv_timeout(Duration::from_secs(20)).unwrap()
}

/// A server that says the same bytes to everybody, then closes or (`open`) keeps quiet.
fn parrot(words: Vec<u8>, open: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let words = words.clone();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&words);
            if open {
                kept.push(stream);
            }
        }
    });
    address
}

/// Passes each request on to the address in its query and answers with what it heard.
fn relay() -> Hosted {
    Hosted::new(|| {
        let mut asked: BTreeMap<SendId, AskId> = BTreeMap::new();
        Ok(Box::new(Toy(move |input| match input {
            Input::Request { id, request } => {
                let send = SendId(id.0 + 1000);
                asked.insert(send, id);
                vec![Output::Send { id: send, request: to(request.uri().query().unwrap()) }]
            }
            Input::Answer { id, outcome } => {
                let text = match outcome {
                    Ok(response) => {
                        format!("{}: {}", response.status(), String::from_utf8_lossy(response.body()))
                    }
                    Err(why) => why.as_str().to_owned(),
                };
                vec![Output::Respond { id: asked.remove(&id).unwrap(), response: Response::new(text.into()) }]
            }
            Input::Due => vec![],
        })))
    })
}

#[test]
fn a_node_asks_another_and_tells_what_it_heard() {
    let other = Hosted::new(|| Ok(echo()));
    let relay = relay();
    let heard = relay.get(&format!("/?http://{}/notify?n=%zz", other.address)).text();
    assert_eq!(heard, "200 OK: POST /notify?n=%zz\ntrade_status=TRADE_FINISHED");
    other.stop();
    relay.stop();
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let words = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n".to_vec();
    let response = outcome(ClientLimits::default(), &format!("http://{}/", parrot(words, false))).unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(response.headers()["location"], "http://127.0.0.1:9/");
}

#[test]
fn nobody_there_is_unreachable() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = parrot(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), false);
    for uri in [
        format!("http://{closed}/"),
        format!("https://{plain}/"),
        "http://no-such-host.invalid/".to_owned(),
        "ftp://127.0.0.1/".to_owned(),
        "/no/host".to_owned(),
    ] {
        assert_eq!(outcome(ClientLimits::default(), &uri).unwrap_err(), NoAnswer::Unreachable, "{uri}");
    }
}

#[test]
fn silence_is_timed_out() {
    let limits = ClientLimits { total_max: Duration::from_millis(300), ..ClientLimits::default() };
    for words in ["", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsucc"] {
        let uri = format!("http://{}/", parrot(words.into(), true));
        assert_eq!(outcome(limits.clone(), &uri).unwrap_err(), NoAnswer::TimedOut);
    }
}

#[test]
fn half_an_answer_or_none_that_is_http_is_broken() {
    for words in ["", "success", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsucc"] {
        let uri = format!("http://{}/", parrot(words.into(), false));
        assert_eq!(outcome(ClientLimits::default(), &uri).unwrap_err(), NoAnswer::Broken, "{words}");
    }
}

#[test]
fn an_old_server_that_ends_its_answer_by_closing_is_heard() {
    let uri = format!("http://{}/", parrot(b"HTTP/1.0 200 OK\r\n\r\nsuccess".to_vec(), false));
    assert_eq!(outcome(ClientLimits::default(), &uri).unwrap().body(), "success");
}

#[test]
fn an_endless_answer_is_cut() {
    let mut words = b"HTTP/1.1 500 Oops\r\n\r\n".to_vec();
    words.extend_from_slice(&vec![b'x'; 1 << 20]);
    let response = outcome(ClientLimits::default(), &format!("http://{}/", parrot(words, true))).unwrap();
    assert_eq!((response.status().as_u16(), response.body().len()), (500, 64 * 1024));
}

#[test]
fn one_dead_merchant_does_not_hold_up_the_others() {
    let dead = parrot(Vec::new(), true);
    let alive = Hosted::new(|| Ok(echo()));
    let limits = ClientLimits { sends_max: 8, sends_per_host_max: 4, ..ClientLimits::default() };
    let runtime = runtime();
    let client = Client::new(runtime.handle().clone(), limits).unwrap();
    for _ in 0..100 {
        client.send(to(&format!("http://{dead}/")), |_| {});
    }
    let (told, outcome) = mpsc::channel();
    let started = Instant::now();
    for _ in 0..100 {
        let told = told.clone();
        client.send(to(&format!("http://{}/", alive.address)), move |outcome| told.send(outcome).unwrap());
    }
    for _ in 0..100 {
        assert_eq!(outcome.recv_timeout(Duration::from_secs(5)).unwrap().unwrap().status(), 200);
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(runtime);
    alive.stop();
}

/// What arrives of a send that is carried so, what came of it, and how long it took.
fn carried(carriage: Carriage) -> (String, Result<Response, NoAnswer>, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listening = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut chunk) {
            heard.extend_from_slice(&chunk[..count]);
            if heard.ends_with(b"TRADE_FINISHED") {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nsuccess").unwrap();
                break;
            }
        }
        String::from_utf8(heard).unwrap()
    });
    let runtime = runtime();
    let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
    let (told, outcome) = mpsc::channel();
    let mut request = to(&format!("http://{address}/notify"));
    request.extensions_mut().insert(carriage);
    let started = Instant::now();
    client.send(request, move |outcome| told.send(outcome).unwrap());
    let outcome = outcome.recv_timeout(Duration::from_secs(20)).unwrap();
    (listening.join().unwrap(), outcome, started.elapsed())
}

#[test]
fn a_cut_body_ends_where_it_was_to_end_and_its_head_promises_the_whole() {
    for after_bytes in [0, 1, 13] {
        let (heard, outcome, _) = carried(Carriage::Cut { after_bytes });
        assert_eq!(outcome.unwrap_err(), NoAnswer::Broken);
        if after_bytes > 0 {
            let (head, body) = heard.split_once("\r\n\r\n").unwrap();
            assert!(head.to_ascii_lowercase().contains("content-length: 27"), "{head}");
            assert_eq!(body, &"trade_status=TRADE_FINISHED"[..after_bytes]);
        }
    }
}

#[test]
fn a_slow_body_takes_its_time_and_arrives_whole() {
    let (heard, outcome, took) = carried(Carriage::Slow(Duration::from_millis(500)));
    assert_eq!(outcome.unwrap().body(), "success");
    assert!(heard.ends_with("\r\n\r\ntrade_status=TRADE_FINISHED"), "{heard}");
    assert!(took >= Duration::from_millis(400), "{took:?}");
}
