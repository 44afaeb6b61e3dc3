//! The outgoing half of the host: carries a node's [`Output::Send`](danbao_protocol::node::Output) to the other side.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use danbao_protocol::node::{Carriage, NoAnswer, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::carriage::Carried;

/// How much of the world a node may take up with its sends.
#[derive(Debug, Clone)]
pub struct ClientLimits {
    /// Time for finding and reaching the other side.
    pub connect_max: Duration,
    /// Time for the whole exchange, from the moment the send has its slots.
    pub total_max: Duration,
    /// Bytes of an answer's body that are kept; the rest is not read.
    pub answer_bytes_max: usize,
    /// Sends on their way at once.
    pub sends_max: usize,
    /// Sends on their way to one `host:port` at once, so that a dead merchant cannot take every slot.
    pub sends_per_host_max: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        ClientLimits {
            connect_max: Duration::from_secs(10),
            total_max: Duration::from_secs(30),
            answer_bytes_max: 64 * 1024,
            sends_max: 256,
            sends_per_host_max: 64,
        }
    }
}

/// Idle connections are let go before a usual server (15 s here) would close them under our hands.
const POOL_IDLE: Duration = Duration::from_secs(10);

/// Sends requests and reports what came of them. Clones share connections and limits.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<HttpsConnector<HttpConnector>, Carried>,
    runtime: Handle,
    limits: ClientLimits,
    slots: Semaphore,
    hosts: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

impl Client {
    /// A client whose work is done on `runtime`. Redirects are never followed: for a notification they are a failure,
    /// and a node that wants one can read `Location` itself.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(runtime: Handle, limits: ClientLimits) -> anyhow::Result<Client> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limits.connect_max));
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .pool_max_idle_per_host(limits.sends_per_host_max)
            .http1_title_case_headers(true)
            .build(tls);
        let slots = Semaphore::new(limits.sends_max);
        let hosts = Mutex::new(BTreeMap::new());
        Ok(Client { shared: Arc::new(Shared { pool, runtime, limits, slots, hosts }) })
    }

    /// Sends `request` (absolute URI) and calls `done` once with what came of it. Does not block; a send beyond the
    /// limits waits for its slot, and its time does not run while it waits.
    pub fn send(&self, request: Request, done: impl FnOnce(Result<Response, NoAnswer>) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        self.shared.runtime.spawn(async move { done(shared.exchange(request).await) });
    }
}

impl Shared {
    async fn exchange(&self, request: Request) -> Result<Response, NoAnswer> {
        let host = destination(&request).ok_or(NoAnswer::Unreachable)?;
        let places = self.places_for(&host);
        // The host's place comes first: whoever waits for a busy host must not hold one of the common slots.
        let outcome = match (places.acquire().await, self.slots.acquire().await) {
            (Ok(_place), Ok(_slot)) => {
                let exchange = self.carry(request);
                tokio::time::timeout(self.limits.total_max, exchange).await.unwrap_or(Err(NoAnswer::TimedOut))
            }
            _ => Err(NoAnswer::Unreachable),
        };
        self.leave(&host, places);
        outcome
    }

    async fn carry(&self, request: Request) -> Result<Response, NoAnswer> {
        let carriage = request.extensions().get::<Carriage>().copied();
        let answer =
            self.pool.request(request.map(|body| Carried::new(body, carriage))).await.map_err(|error| {
                tracing::debug!(error = &error as &dyn Error, "a send has no answer");
                if error.is_connect() { NoAnswer::Unreachable } else { NoAnswer::Broken }
            })?;
        let (head, body) = answer.into_parts();
        let body = read_up_to(body, self.limits.answer_bytes_max).await?;
        Ok(Response::from_parts(head, body))
    }

    fn places_for(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Arc::new(Semaphore::new(self.limits.sends_per_host_max));
        Arc::clone(hosts.entry(host.to_owned()).or_insert_with(fresh))
    }

    /// Forgets a host when its last send is over, so that the table is never larger than what is in flight.
    fn leave(&self, host: &str, places: Arc<Semaphore>) {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        drop(places);
        if hosts.get(host).is_some_and(|places| Arc::strong_count(places) == 1) {
            hosts.remove(host);
        }
    }
}

fn destination(request: &Request) -> Option<String> {
    let uri = request.uri();
    let host = uri.host().filter(|host| !host.is_empty())?;
    let port = match (uri.port_u16(), uri.scheme_str()) {
        (Some(port), Some("http" | "https")) => port,
        (None, Some("http")) => 80,
        (None, Some("https")) => 443,
        _ => return None,
    };
    Some(format!("{}:{port}", host.to_ascii_lowercase()))
}

/// The first `max` bytes of a body. An answer that is too long is cut, not refused: the record of a failed
/// notification shows the head of whatever error page the merchant's server sent.
async fn read_up_to(mut body: Incoming, max: usize) -> Result<Bytes, NoAnswer> {
    let mut kept = BytesMut::new();
    while kept.len() < max {
        let Some(frame) = body.frame().await else { break };
        if let Ok(data) = frame.map_err(|_| NoAnswer::Broken)?.into_data() {
            kept.extend_from_slice(data.get(..max - kept.len()).unwrap_or(&data));
        }
    }
    Ok(kept.freeze())
}
