//! Slow, large and many.

use std::io::Write;
use std::time::{Duration, Instant};

use danbao::host::server::ServerLimits;
use danbao_protocol::node::Input;

use crate::toys::{Hosted, Toy};

fn post_head(length: usize) -> String {
    format!("POST /gateway.do HTTP/1.1\r\nHost: toy\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn a_body_of_one_megabyte_arrives_whole() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    let body: Vec<u8> = (0..1_048_576_u32).map(|n| n as u8).collect();
    peer.say(post_head(body.len()));
    peer.say(&body);
    let heard = peer.hear();
    assert_eq!(heard.status, 200);
    assert!(heard.body.ends_with(&body));
    toy.stop();
}

#[test]
fn ten_thousand_parameters_arrive_whole() {
    let toy = Hosted::echo(ServerLimits::default());
    let params: Vec<String> = (0..10_000).map(|n| format!("p{n}={n}")).collect();
    let body = params.join("&");
    let mut peer = toy.connect();
    peer.say(post_head(body.len()));
    peer.say(&body);
    assert!(peer.hear().text().ends_with(&body));
    let in_query = format!("/gateway.do?{}", &body[..60_000]);
    assert_eq!(toy.get(&in_query).text(), format!("GET {in_query}\n"));
    toy.stop();
}

#[test]
fn a_body_too_large_hears_413_although_it_is_still_being_sent() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    peer.say(post_head(3 << 20));
    // The server may hang up in the middle of this; what counts is that the answer is there to be read.
    let _ = peer.stream.write_all(&vec![b'x'; 3 << 20]);
    assert_eq!(peer.hear().status, 413);
    assert_eq!(peer.rest(), b"");
    toy.stop();
}

#[test]
fn a_body_too_large_hears_413_even_if_it_does_not_say_its_length() {
    let toy = Hosted::echo(ServerLimits { body_bytes_max: 100_000, ..ServerLimits::default() });
    let mut peer = toy.connect();
    peer.say("POST / HTTP/1.1\r\nHost: toy\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..20 {
        let _ = peer.stream.write_all(format!("2710\r\n{}\r\n", "x".repeat(10_000)).as_bytes());
    }
    let heard = peer.hear();
    assert_eq!(heard.status, 413);
    assert!(heard.text().contains("100000 bytes"), "{}", heard.text());
    toy.stop();
}

#[test]
fn a_head_too_large_hears_414_or_431() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    let _ = peer
        .stream
        .write_all(format!("GET /?{} HTTP/1.1\r\nHost: toy\r\n\r\n", "a".repeat(70_000)).as_bytes());
    assert_eq!(peer.hear().status, 414);
    let mut peer = toy.connect();
    let _ = peer.stream.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(200_000)).as_bytes());
    assert_eq!(peer.hear().status, 431);
    let mut peer = toy.connect();
    let many: String = (0..500).map(|n| format!("X{n}: {n}\r\n")).collect();
    let _ = peer.stream.write_all(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes());
    assert_eq!(peer.hear().status, 431);
    toy.stop();
}

#[test]
fn a_client_that_drips_its_head_is_cut_off_and_holds_up_nobody() {
    let limits = ServerLimits { head_max: Duration::from_millis(400), ..ServerLimits::default() };
    let toy = Hosted::echo(limits);
    let mut slow = toy.connect();
    let started = Instant::now();
    slow.say("GET / HTTP/1.1\r\nHo");
    assert_eq!(toy.get("/quick").status, 200);
    while slow.stream.write_all(b"s").is_ok() && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(started.elapsed() < Duration::from_secs(5));
    toy.stop();
}

#[test]
fn a_client_that_drips_its_body_hears_408() {
    let limits = ServerLimits { body_max: Duration::from_millis(300), ..ServerLimits::default() };
    let toy = Hosted::echo(limits);
    let mut slow = toy.connect();
    slow.say(post_head(100));
    slow.say("a=");
    assert_eq!(toy.get("/quick").status, 200);
    assert_eq!(slow.hear().status, 408);
    assert_eq!(slow.rest(), b"");
    toy.stop();
}

#[test]
fn a_node_that_does_not_answer_is_503_in_the_end() {
    let limits = ServerLimits { answer_max: Duration::from_millis(200), ..ServerLimits::default() };
    let toy = Hosted::with(limits, Default::default(), || Ok(Box::new(Toy(|_: Input| vec![]))));
    assert_eq!(toy.get("/").status, 503);
    toy.stop();
}

#[test]
fn one_request_too_many_hears_503() {
    let limits =
        ServerLimits { requests_max: 1, body_max: Duration::from_secs(2), ..ServerLimits::default() };
    let toy = Hosted::echo(limits);
    let mut first = toy.connect();
    first.say(post_head(3));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(toy.get("/second").status, 503);
    first.say("a=1");
    assert_eq!(first.hear().status, 200);
    assert_eq!(toy.get("/third").status, 200);
    toy.stop();
}

#[test]
fn bodies_that_do_not_fit_into_memory_together_hear_503() {
    let toy = Hosted::echo(ServerLimits { bodies_kib_max: 100, ..ServerLimits::default() });
    let mut large = toy.connect();
    large.say(post_head(90_000));
    large.say(vec![b'x'; 80_000]);
    std::thread::sleep(Duration::from_millis(100));
    let mut second = toy.connect();
    second.say(post_head(50_000));
    let _ = second.stream.write_all(&vec![b'y'; 50_000]);
    assert_eq!(second.hear().status, 503);
    large.say(vec![b'x'; 10_000]);
    assert_eq!(large.hear().status, 200);
    let mut third = toy.connect();
    third.say(post_head(50_000));
    third.say(vec![b'y'; 50_000]);
    assert_eq!(third.hear().status, 200);
    toy.stop();
}

#[test]
fn a_connection_too_many_waits_for_its_turn() {
    let toy = Hosted::echo(ServerLimits { connections_max: 1, ..ServerLimits::default() });
    let mut first = toy.connect();
    first.say("GET /1 HTTP/1.1\r\nHost: toy\r\n\r\n");
    assert_eq!(first.hear().status, 200);
    let mut second = toy.connect();
    second.say("GET /2 HTTP/1.1\r\nHost: toy\r\n\r\n");
    assert_eq!(second.rest_of_one(), "");
    drop(first);
    second.stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    assert_eq!(second.hear().text(), "GET /2\n");
    drop(second);
    toy.stop();
}
