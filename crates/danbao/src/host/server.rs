//! The incoming half of the host: HTTP/1 over TCP, bounded in every direction, in front of one node.
//!
//! What it answers by itself: `/livez`, for that says only that this process serves; `/metrics`, to whoever may read it
//! (see [`watcher`](super::watcher)); 400 (a request target that is no origin form, or holds bytes that are not UTF-8), 408
//! (a body that takes too long), 413 (a body too large), 414 and 431 (a head too large), 503 (too much at once, or
//! the node died or does not answer). Everything else is the node's.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use danbao_protocol::node::{Peer, Response};
use http::{HeaderMap, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWrite;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::refusal::{Asked, Refusal};
use super::runner::Door;
use super::tally::Voice;
use super::watcher::{self, MetricsToken, READY_MAX};

/// What a server grants to those who ask.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Connections at once; further ones wait to be accepted.
    pub connections_max: u32,
    /// Requests at once between their head and their answer; further ones hear 503.
    pub requests_max: usize,
    /// Bytes of a request's head. The request target alone is bounded by 65,534 in any case.
    pub head_bytes_max: usize,
    /// Time for a head to arrive, and for which a connection is kept without a request.
    pub head_max: Duration,
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// Time for a body to arrive.
    pub body_max: Duration,
    /// KiB of all bodies held at once; a body that finds no room hears 503.
    pub bodies_kib_max: u32,
    /// Time for the node to answer. Generous: an answer may hang on the node's own question to somebody else.
    pub answer_max: Duration,
    /// Time for open requests to finish when the server stops.
    pub drain_max: Duration,
    /// Proxies whose `X-Forwarded-For` is believed; from anybody else the header is only text.
    pub trusted_proxies: Vec<IpAddr>,
    /// Whoever sends it may read `/metrics`; without one, that address is the node's like any other.
    pub metrics_token: Option<MetricsToken>,
}

impl Default for ServerLimits {
    fn default() -> Self {
        ServerLimits {
            connections_max: 1024,
            requests_max: 1024,
            head_bytes_max: 96 * 1024,
            head_max: Duration::from_secs(15),
            body_bytes_max: 2 * 1024 * 1024,
            body_max: Duration::from_secs(30),
            bodies_kib_max: 64 * 1024,
            answer_max: Duration::from_secs(90),
            drain_max: Duration::from_secs(5),
            trusted_proxies: Vec::new(),
            metrics_token: None,
        }
    }
}

/// Bytes and time spent on what a client still sends when its connection is over.
const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;
const LINGER_MAX: Duration = Duration::from_secs(2);
/// Pause after a failed accept: out of file descriptors is not cured by trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A bound address that nobody serves yet: two nodes that must know each other's address are built in between.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 takes any free port.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(address: SocketAddr) -> anyhow::Result<Listener> {
        let socket =
            TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    }

    /// Where this listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the node behind `door` until the returned server is stopped.
    pub fn serve(self, door: Door, limits: ServerLimits) -> Server {
        let (stop, stopping) = watch::channel(false);
        let address = self.address;
        let front = Arc::new(Front {
            door,
            requests: Semaphore::new(limits.requests_max),
            bodies: Arc::new(Semaphore::new(limits.bodies_kib_max as usize)),
            limits,
        });
        Server { address, stop, accepting: tokio::spawn(accept(self.socket, front, stopping)) }
    }
}

/// A server at work.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Where this listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no more, closes idle connections, lets open requests finish within the limit, then drops them.
    pub async fn stop(self) {
        // If the accepting task is gone there is nobody to tell.
        let _ = self.stop.send(true);
        if self.accepting.await.is_err() {
            tracing::error!("the accepting task of {} panicked", self.address);
        }
    }
}

struct Front {
    door: Door,
    limits: ServerLimits,
    requests: Semaphore,
    bodies: Arc<Semaphore>,
}

async fn accept(socket: TcpListener, front: Arc<Front>, mut stopping: watch::Receiver<bool>) {
    let places_max = front.limits.connections_max;
    let places = Arc::new(Semaphore::new(places_max as usize));
    loop {
        let place_and_stream = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, socket.accept().await)
        };
        let (place, stream) = tokio::select! {
            both = place_and_stream => both,
            () = told(&mut stopping) => break,
        };
        match (place, stream) {
            (Ok(place), Ok((stream, peer))) => {
                let (front, stopping) = (Arc::clone(&front), stopping.clone());
                tokio::spawn(async move {
                    connection(stream, peer.ip(), front, stopping).await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            (Err(_), _) => break,
        }
    }
    drop(socket);
    // All places back means all connections have ended.
    if timeout(front.limits.drain_max, places.acquire_many(places_max)).await.is_err() {
        tracing::info!("connections were still open when the server stopped");
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, front: Arc<Front>, mut stopping: watch::Receiver<bool>) {
    let head_max = front.limits.head_max;
    let head_bytes_max = front.limits.head_bytes_max;
    // Answers are written whole, so waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        // Boxed because a connection that is to be closed by us rather than by hyper wants an `Unpin` future.
        Box::pin(async move { Ok::<_, Infallible>(front.answer(request, peer).await.map(Full::new)) })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_max)
        .max_buf_size(head_bytes_max)
        .title_case_headers(true)
        // Who has said all that there is to say may close that half and still hears the answer.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
        () = told(&mut stopping) => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
    }
    let stream = connection.into_parts().io.into_inner();
    // Ending in an error here means that the other side has gone already; a server that stops has waited long enough.
    tokio::select! {
        _ = timeout(LINGER_MAX, linger(stream)) => {}
        () = told(&mut stopping) => {}
    }
}

/// Comes back when the server is to stop, also if it was told before.
async fn told(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone cannot be waited for either.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Closes our half and reads on until the other side has closed its own. Closing outright while unread bytes wait (the
/// CR LF that old clients add after a body, protocol.md §1.2; the rest of a body that was refused) makes the kernel
/// send a reset, which can destroy the answer before the client has read it.
async fn linger(mut stream: TcpStream) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await?;
    let mut sink = [0; 4096];
    let mut read_bytes = 0;
    while read_bytes < LINGER_BYTES_MAX {
        stream.readable().await?;
        match stream.try_read(&mut sink) {
            Ok(0) => break,
            Ok(count) => read_bytes += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Front {
    async fn answer(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> Response {
        let (asked, path) = (Asked::of(&request), request.uri().path().to_owned());
        let (response, voice) = if watcher::is_alive(&request) {
            (watcher::alive(), Voice::Host)
        } else if let Some(token) = self.limits.metrics_token.as_ref().filter(|_| path == watcher::METRICS) {
            (watcher::metrics(&self.door, token.is_sent_by(request.headers())).await, Voice::Host)
        } else {
            match self.forward(request, peer).await {
                Ok(response) => (response, Voice::Node),
                Err(refusal) => (refusal.respond(&asked), Voice::Host),
            }
        };
        self.door.tally().answered(&path, response.status(), voice);
        response
    }

    async fn forward(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> Result<Response, Refusal> {
        let _place = self.requests.try_acquire().map_err(|_| Refusal::Busy)?;
        let (mut head, body) = request.into_parts();
        head.uri = origin_form(&head.uri).ok_or(Refusal::Target)?;
        // Whoever watches has less patience than whoever pays.
        let answer_max =
            if watcher::is_readiness(head.uri.path()) { READY_MAX } else { self.limits.answer_max };
        head.extensions.clear();
        head.extensions.insert(asker(peer, &head.headers, &self.limits.trusted_proxies));
        let mut room = None;
        let body = if body.is_end_stream() {
            Bytes::new()
        } else {
            let reading = self.read(body, &mut room);
            timeout(self.limits.body_max, reading).await.unwrap_or(Err(Refusal::Slow))?
        };
        let answer = self.door.ask(http::Request::from_parts(head, body));
        let answer = timeout(answer_max, answer).await.ok().flatten();
        answer.ok_or(Refusal::Unanswered)
    }

    /// Reads a whole body; `room` holds its share of the memory for bodies until the answer is on its way.
    async fn read(
        &self,
        mut body: Incoming,
        room: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Bytes, Refusal> {
        let max = self.limits.body_bytes_max;
        if body.size_hint().lower() > max as u64 {
            return Err(Refusal::TooLarge { max });
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::Broken)?.into_data() else { continue };
            if whole.len() + data.len() > max {
                return Err(Refusal::TooLarge { max });
            }
            self.make_room(data.len(), room)?;
            if whole.is_empty() && body.is_end_stream() {
                return Ok(data);
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    fn make_room(&self, bytes: usize, room: &mut Option<OwnedSemaphorePermit>) -> Result<(), Refusal> {
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let more = Arc::clone(&self.bodies).try_acquire_many_owned(kib);
        let more = more.map_err(|_| Refusal::Busy)?;
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

/// Who asks: the other end of the connection; or, if that is a trusted proxy, the last address in `X-Forwarded-For` that
/// is not one too, because each proxy appends whom it heard and everything before may be invented. An IPv4 address
/// that came over IPv6 is itself.
fn asker(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> Peer {
    let is_trusted = |address: &IpAddr| trusted.contains(&address.to_canonical());
    if !is_trusted(&peer) {
        return Peer(peer.to_canonical());
    }
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let named: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let told = named.into_iter().rev().map_while(|name| name.parse::<IpAddr>().ok());
    let mut last = peer;
    for address in told {
        last = address;
        if !is_trusted(&address) {
            break;
        }
    }
    Peer(last.to_canonical())
}

/// `/path?query` of whatever form the request target has (a proxy's client sends `http://host/path`); `None` for
/// `*` and for the `host:port` of CONNECT.
fn origin_form(uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query().filter(|target| target.as_str().starts_with('/'))?;
    Some(Uri::from(target.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_about_who_asks() {
        let trusted = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let says = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            asker(peer.parse().unwrap(), &headers, &trusted).0.to_string()
        };
        assert_eq!(says("203.0.113.7", "198.51.100.1"), "203.0.113.7", "a stranger's word");
        assert_eq!(says("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(says("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2"), "198.51.100.1");
        assert_eq!(
            says("10.0.0.1", "198.51.100.1, unknown"),
            "10.0.0.1",
            "nothing behind it can be believed"
        );
        assert_eq!(says("10.0.0.1", ""), "10.0.0.1");
        assert_eq!(says("::ffff:203.0.113.7", ""), "203.0.113.7", "IPv4 in IPv6 clothes");
        assert_eq!(asker("::1".parse().unwrap(), &HeaderMap::new(), &trusted).0.to_string(), "::1");
    }
}
