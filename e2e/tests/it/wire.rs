//! HTTP by hand: what no decent client would send, answers byte for byte, and the few decent requests of the tests.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// An answer, split and not interpreted.
pub(crate) struct RawAnswer {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}", self.head, self.text())
    }
}

impl RawAnswer {
    /// The status; 0 if the connection ended without an answer.
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The error code that a debug-error page shows first; empty if this is none.
    pub(crate) fn shown_code(&self) -> String {
        let text = self.text();
        let code = text.split_once("<p class=\"code\">").and_then(|(_, rest)| rest.split_once("<code>"));
        code.and_then(|(_, rest)| rest.split_once('<')).map_or(String::new(), |(code, _)| code.to_owned())
    }
}

/// Connects to `http://host:port`.
pub(crate) fn connect(base: &str) -> TcpStream {
    let stream = TcpStream::connect(base.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(ANSWER_MAX)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends these bytes and reads one answer.
pub(crate) fn exchange(base: &str, bytes: &[u8]) -> RawAnswer {
    let mut stream = connect(base);
    // A server that has refused already may have closed its half.
    let _ = stream.write_all(bytes);
    read_answer(&mut stream)
}

/// As [`exchange`], but our half of the connection is closed after the last byte.
pub(crate) fn exchange_half_closed(base: &str, bytes: &[u8]) -> RawAnswer {
    let mut stream = connect(base);
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    read_answer(&mut stream)
}

/// Reads one answer: up to its Content-Length, else to the end of the connection.
pub(crate) fn read_answer(stream: &mut TcpStream) -> RawAnswer {
    let mut bytes = Vec::new();
    let mut piece = [0; 65_536];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut answer = RawAnswer { head, body: bytes[end + 4..].to_vec() };
            let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
            if length.is_some_and(|length| answer.body.len() >= length) {
                return answer;
            }
            if length.is_none() {
                // A connection that breaks here has still said what it said.
                let _ = stream.read_to_end(&mut answer.body);
                return answer;
            }
        }
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return RawAnswer { head: String::from_utf8_lossy(&bytes).into_owned(), body: Vec::new() },
        }
    }
}

/// An ordinary request on a connection of its own, and its answer; an error if the connection breaks before its end.
pub(crate) fn ask(base: &str, method: &str, path: &str, headers: &str, body: &str) -> io::Result<RawAnswer> {
    let mut stream = TcpStream::connect(base.strip_prefix("http://").unwrap())?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat())?;
    let answer = read_answer(&mut stream);
    let announced = answer.header("content-length").and_then(|length| length.parse().ok());
    if answer.status() == 0 || announced != Some(answer.body.len()) {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("half an answer: {answer:?}")));
    }
    Ok(answer)
}

/// The bytes of a POST.
pub(crate) fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The bytes of a GET.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n").into_bytes()
}
