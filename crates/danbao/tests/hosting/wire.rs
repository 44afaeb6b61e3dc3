//! What the node sees of the wire, and the wire of the node.

use danbao::host::server::ServerLimits;
use std::time::Duration;

use crate::toys::Hosted;

fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("POST {target} HTTP/1.1\r\nHost: toy\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[test]
fn answers_carry_their_length_and_the_connection_is_kept() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    for body in ["a=1", "", "b=2"] {
        peer.say(post("/gateway.do", body.as_bytes()));
        let heard = peer.hear();
        assert_eq!((heard.status, heard.text()), (200, format!("POST /gateway.do\n{body}")));
        assert!(heard.head.contains(&format!("Content-Length: {}\r\n", heard.body.len())), "{}", heard.head);
    }
    toy.stop();
}

#[test]
fn two_more_crlf_after_a_body_are_not_a_request() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    for _ in 0..3 {
        let mut bytes = post("/notify", b"a=1");
        bytes.extend_from_slice(b"\r\n\r\n");
        peer.say(bytes);
        assert_eq!(peer.hear().text(), "POST /notify\na=1");
    }
    // Also when they come late, and then a plain request follows on the same connection.
    peer.say(post("/notify", b"a=2"));
    assert_eq!(peer.hear().status, 200);
    std::thread::sleep(Duration::from_millis(50));
    peer.say("\r\n\r\n");
    std::thread::sleep(Duration::from_millis(50));
    peer.say("GET /next HTTP/1.1\r\nHost: toy\r\nConnection: close\r\n\r\n");
    assert_eq!(peer.hear().text(), "GET /next\n");
    assert_eq!(peer.rest(), b"");
    toy.stop();
}

#[test]
fn two_more_crlf_and_nothing_else_end_in_silence() {
    let limits = ServerLimits { head_max: Duration::from_millis(300), ..ServerLimits::default() };
    let toy = Hosted::echo(limits);
    let mut peer = toy.connect();
    let mut bytes = post("/notify", b"a=1");
    bytes.extend_from_slice(b"\r\n\r\n");
    peer.say(bytes);
    assert_eq!(peer.hear().status, 200);
    assert_eq!(peer.rest(), b"");
    toy.stop();
}

#[test]
fn an_old_client_that_closes_and_adds_crlf_late_still_gets_its_whole_answer() {
    let toy = Hosted::echo(ServerLimits::default());
    for _ in 0..50 {
        let mut peer = toy.connect();
        peer.say("POST /notify HTTP/1.1\r\nHost: toy\r\nConnection: close\r\nContent-Length: 3\r\n\r\na=1");
        peer.say("\r\n\r\n");
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(peer.hear().text(), "POST /notify\na=1");
        assert_eq!(peer.rest(), b"");
    }
    toy.stop();
}

#[test]
fn invalid_percent_encoding_reaches_the_node_untouched() {
    let toy = Hosted::echo(ServerLimits::default());
    for target in
        ["/gateway.do?a=%zz&b=%", "/gateway.do?subject=%B5%A3%B1%A3", "/?a=+&b=|&c={}'", "/%00?%00=%0d%0a"]
    {
        assert_eq!(toy.get(target).text(), format!("GET {target}\n"));
    }
    toy.stop();
}

#[test]
fn raw_utf8_in_the_target_reaches_the_node_and_other_raw_bytes_are_a_plain_400() {
    let toy = Hosted::echo(ServerLimits::default());
    assert_eq!(toy.get("/gateway.do?subject=担保").text(), "GET /gateway.do?subject=担保\n");
    for target in
        [&b"/gateway.do?subject=\xb5\xa3\xb1\xa3"[..], b"/?a=\"<>\"", b"/\xff", b"/a\x01b", b"/a\x7fb"]
    {
        let mut peer = toy.connect();
        peer.say([b"GET ", target, b" HTTP/1.1\r\nHost: toy\r\n\r\n"].concat());
        assert_eq!(peer.hear().status, 400);
        assert_eq!(peer.rest(), b"");
    }
    assert_eq!(toy.get("/after").status, 200);
    toy.stop();
}

#[test]
fn only_origin_form_reaches_the_node() {
    let toy = Hosted::echo(ServerLimits::default());
    assert_eq!(toy.get("http://elsewhere:81/path?a=1").text(), "GET /path?a=1\n");
    assert_eq!(toy.get("http://elsewhere").text(), "GET /\n");
    let mut peer = toy.connect();
    peer.say("OPTIONS * HTTP/1.1\r\nHost: toy\r\n\r\n");
    assert_eq!(peer.hear().status, 400);
    let mut peer = toy.connect();
    peer.say("CONNECT elsewhere:443 HTTP/1.1\r\nHost: toy\r\n\r\n");
    assert_eq!(peer.hear().status, 400);
    toy.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    let requests: Vec<u8> = (0..20).flat_map(|n| post(&format!("/{n}"), b"x")).collect();
    peer.say(requests);
    for n in 0..20 {
        assert_eq!(peer.hear().text(), format!("POST /{n}\nx"));
    }
    toy.stop();
}

#[test]
fn what_is_not_http_gets_400_and_is_shown_out() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    peer.say("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n");
    assert_eq!(peer.hear().status, 400);
    assert_eq!(peer.rest(), b"");
    toy.stop();
}

#[test]
fn a_client_that_asks_before_it_sends_a_body_is_told_to_continue() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    peer.say("POST / HTTP/1.1\r\nHost: toy\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    std::thread::sleep(Duration::from_millis(50));
    peer.say("a=1");
    let mut heard = peer.rest_of_one();
    assert!(heard.starts_with("HTTP/1.1 100 Continue\r\n\r\n"), "{heard}");
    heard = heard.split_off("HTTP/1.1 100 Continue\r\n\r\n".len());
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    toy.stop();
}

#[test]
fn an_http_1_0_client_is_answered_with_a_length_too() {
    let toy = Hosted::echo(ServerLimits::default());
    let mut peer = toy.connect();
    peer.say("GET /old HTTP/1.0\r\n\r\n");
    assert_eq!(peer.hear().text(), "GET /old\n");
    assert_eq!(peer.rest(), b"");
    toy.stop();
}
