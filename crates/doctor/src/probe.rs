//! What is asked of the shop's pages: a bounded list of requests as values.

use std::collections::BTreeMap;

use bytes::Bytes;
use danbao_protocol::node::{NoAnswer, Request};
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method};

use crate::facts::Exchange;
use crate::message::{self, Subject};
use crate::settings::{Place, Settings, target};

/// Of no answer more is read, in bytes: a page may go on for ever.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The name that the gateway calls under (protocol.md §1.5).
pub const GATEWAY_AGENT: &str = "Mozilla/4.0";
/// A browser's.
const BROWSER_AGENT: &str = "Mozilla/5.0 (Windows NT 6.1; rv:115.0) Gecko/20100101 Firefox/115.0";
/// That of a program without a name of its own.
const PROGRAM_AGENT: &str = "Java/1.6.0_29";

/// Names a probe. Their order is that in which they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeId {
    /// `notify_url` opened as by a browser: GET, no parameters.
    EmptyGet,
    /// POST without parameters, under the gateway's name.
    EmptyPost,
    /// The same under a browser's name.
    AsBrowser,
    /// The same under a program's name.
    AsProgram,
    /// The same without a name.
    Nameless,
    /// A signed test notification, ASCII alone.
    Plain,
    /// One with Chinese in it, in the configured charset.
    Chinese,
    /// The very bytes of the first once more.
    Repeat,
    /// One whose signature is another message's.
    Forged,
    /// A signed one that the stand-in gateway does not own.
    Disowned,
    /// `return_url` without parameters.
    ReturnEmpty,
    /// `return_url` with those of a signed page return.
    ReturnSigned,
    /// `show_url`.
    ShowEmpty,
    /// The gateway, asked for a notification that nobody sent.
    GatewayAsked,
}

impl ProbeId {
    /// All of them, in order.
    pub const ALL: &'static [ProbeId] = &[
        ProbeId::EmptyGet,
        ProbeId::EmptyPost,
        ProbeId::AsBrowser,
        ProbeId::AsProgram,
        ProbeId::Nameless,
        ProbeId::Plain,
        ProbeId::Chinese,
        ProbeId::Repeat,
        ProbeId::Forged,
        ProbeId::Disowned,
        ProbeId::ReturnEmpty,
        ProbeId::ReturnSigned,
        ProbeId::ShowEmpty,
        ProbeId::GatewayAsked,
    ];

    /// A word for programs, and for the id of a test notification.
    pub const fn as_str(self) -> &'static str {
        match self {
            ProbeId::EmptyGet => "empty_get",
            ProbeId::EmptyPost => "empty_post",
            ProbeId::AsBrowser => "as_browser",
            ProbeId::AsProgram => "as_program",
            ProbeId::Nameless => "nameless",
            ProbeId::Plain => "plain",
            ProbeId::Chinese => "chinese",
            ProbeId::Repeat => "repeat",
            ProbeId::Forged => "forged",
            ProbeId::Disowned => "disowned",
            ProbeId::ReturnEmpty => "return_empty",
            ProbeId::ReturnSigned => "signed_return",
            ProbeId::ShowEmpty => "show_empty",
            ProbeId::GatewayAsked => "gateway_asked",
        }
    }

    /// Where it goes.
    pub const fn place(self) -> Place {
        match self {
            ProbeId::ReturnEmpty | ProbeId::ReturnSigned => Place::Return,
            ProbeId::ShowEmpty => Place::Show,
            ProbeId::GatewayAsked => Place::Gateway,
            _ => Place::Notify,
        }
    }

    /// Whether it carries no parameters.
    pub const fn is_empty_call(self) -> bool {
        matches!(
            self,
            ProbeId::EmptyGet
                | ProbeId::EmptyPost
                | ProbeId::AsBrowser
                | ProbeId::AsProgram
                | ProbeId::Nameless
        )
    }

    /// Whether it is a test notification that deserves `success`.
    pub const fn is_genuine(self) -> bool {
        matches!(self, ProbeId::Plain | ProbeId::Chinese | ProbeId::Repeat)
    }
}

/// One question, ready to be sent.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its name.
    pub id: ProbeId,
    /// An absolute URI, a method, headers and a body.
    pub request: Request,
}

/// The questions, and the ids that the test notifications among them carry.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// At most one of each name, in order.
    pub probes: Vec<Probe>,
    /// By probe.
    pub notify_ids: BTreeMap<ProbeId, String>,
}

/// A message that is to be made unlike any other by these.
#[derive(Debug, Clone, Copy)]
pub struct Freshness {
    /// Now.
    pub now: danbao_protocol::time::Timestamp,
    /// Randomness.
    pub nonce: [u8; 16],
}

/// Plans what to ask. What is not configured, or cannot be asked with what is configured, is left out; `Disowned` is
/// asked only if a stand-in gateway will be there to say no, and `Chinese` only in a charset that is configured.
pub fn plan(settings: &Settings, fresh: Freshness, has_stand_in: bool) -> Plan {
    let mut plan = Plan::default();
    for &id in ProbeId::ALL {
        let Some(url) = settings.url(id.place()).filter(|url| target(url).is_some()) else { continue };
        // Chinese in a charset that nobody has named would accuse a shop that uses another.
        let is_blind = (id == ProbeId::Disowned && !has_stand_in)
            || (id == ProbeId::Chinese && settings.charset.is_none());
        if is_blind {
            continue;
        }
        let Some(request) = request(id, url, settings, fresh, &mut plan.notify_ids) else { continue };
        plan.probes.push(Probe { id, request });
    }
    plan
}

fn request(
    id: ProbeId,
    url: &str,
    settings: &Settings,
    fresh: Freshness,
    notify_ids: &mut BTreeMap<ProbeId, String>,
) -> Option<Request> {
    let get = |url: &str| ask(Method::GET, url, Some(BROWSER_AGENT), String::new());
    let post = |agent, body| ask(Method::POST, url, agent, body);
    match id {
        ProbeId::EmptyGet | ProbeId::ReturnEmpty | ProbeId::ShowEmpty => get(url),
        ProbeId::EmptyPost => post(Some(GATEWAY_AGENT), String::new()),
        ProbeId::AsBrowser => post(Some(BROWSER_AGENT), String::new()),
        ProbeId::AsProgram => post(Some(PROGRAM_AGENT), String::new()),
        ProbeId::Nameless => post(None, String::new()),
        ProbeId::GatewayAsked => {
            let question = message::unknown_id(settings, fresh).to_urlencoded();
            let joint = if url.contains('?') { '&' } else { '?' };
            get(&format!("{url}{joint}{question}"))
        }
        ProbeId::ReturnSigned => {
            let notify_id = message::notify_id(id, fresh);
            let params = message::signed_return(settings, fresh, &notify_id)?;
            notify_ids.insert(id, notify_id);
            let joint = if url.contains('?') { '&' } else { '?' };
            get(&format!("{url}{joint}{}", params.to_urlencoded()))
        }
        ProbeId::Plain | ProbeId::Chinese | ProbeId::Repeat | ProbeId::Forged | ProbeId::Disowned => {
            let (subject, same_as) = match id {
                ProbeId::Chinese => (Subject::Chinese, id),
                ProbeId::Repeat => (Subject::Ascii, ProbeId::Plain),
                _ => (Subject::Ascii, id),
            };
            let notify_id = message::notify_id(same_as, fresh);
            let mut params = message::signed(settings, fresh, &notify_id, subject)?;
            if id == ProbeId::Forged {
                params = message::forged(&params);
            }
            notify_ids.insert(id, notify_id);
            let mut request = post(Some(GATEWAY_AGENT), params.to_urlencoded())?;
            let label = settings.charset()?.label();
            let kind = format!("application/x-www-form-urlencoded; charset={label}");
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(&kind).ok()?);
            Some(request)
        }
    }
}

fn ask(method: Method, url: &str, agent: Option<&'static str>, body: String) -> Option<Request> {
    // A fragment is the browser's own business and is not sent.
    let url = url.split('#').next()?;
    // Each question on a connection of its own: a server that closes without a word would else seem to break one off.
    let mut request =
        http::Request::builder().method(method).uri(url).header(ACCEPT, "*/*").header(CONNECTION, "close");
    if let Some(agent) = agent {
        request = request.header(USER_AGENT, agent);
    }
    request.body(Bytes::from(body)).ok()
}

/// Whether a probe is still worth sending: a place that is silent would cost the whole time limit again for each further
/// one. One silence at the beginning is enough, later it takes two.
pub fn is_worth_sending(id: ProbeId, exchanges: &BTreeMap<ProbeId, Exchange>) -> bool {
    let is_silent =
        |exchange: &Exchange| matches!(exchange.outcome, Err(NoAnswer::Unreachable | NoAnswer::TimedOut));
    let mut here = exchanges.iter().filter(|(sent, _)| sent.place() == id.place()).map(|(_, sent)| sent);
    let Some(first) = here.next() else { return true };
    !is_silent(first) && here.filter(|exchange| is_silent(exchange)).count() < 2
}
