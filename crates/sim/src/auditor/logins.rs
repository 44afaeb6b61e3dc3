//! Who has signed in, what the shop was told of it, and what it believes (protocol.md §3.11-3.14, docs/adr/0017).
//!
//! Nobody is told to be in who did not sign in on that browser or click at etao; each login return is confirmed and
//! believed once, and soon; a token opens what it was given for, for its buyer and while it lives; an address that comes
//! to the shop is one of the buyer's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use danbao_protocol::node::{Request, Response};
use danbao_protocol::time::Timestamp;
use danbao_store::faulty::Disk;
use danbao_store::{Bind, Conn, Error};
use http::Method;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;

use super::Auditor;
use super::traffic::{Fields, has};
use crate::people::{Customer, Town, hidden_field};

/// 登录态: how long a sign-in at the gateway lasts without a click.
const LOGIN_STATE: Duration = Duration::from_secs(10 * 60);
/// 免登令牌
const TOKEN: Duration = Duration::from_secs(30 * 60);
/// How long a login or an address can be confirmed.
const RETURN_LINK: Duration = Duration::from_secs(60);

/// A sign-in at the gateway, by its cookie.
#[derive(Debug)]
struct SignIn {
    email: String,
    /// The session of a token opens one trade and nothing else.
    is_by_token: bool,
    used_at: Timestamp,
}

/// A login or an address that the gateway has handed out.
#[derive(Debug)]
struct Issued {
    at: Timestamp,
    times_confirmed: u32,
    times_believed: u32,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Logins {
    sign_ins: BTreeMap<String, SignIn>,
    issued: BTreeMap<String, Issued>,
    /// Whom each token stands for, and since when.
    tokens: BTreeMap<String, (String, Timestamp)>,
    /// The tokens with which browsers came for an address, by handover.
    handovers: BTreeMap<String, String>,
    pub(super) marks: BTreeMap<String, u64>,
}

impl Logins {
    fn mark(&mut self, what: &str) {
        *self.marks.entry(what.to_owned()).or_default() += 1;
    }

    /// Somebody answers somebody; what is wrong with it.
    pub(super) fn hear_answered(
        &mut self,
        now: Timestamp,
        request: &Request,
        response: &Response,
        town: &Town,
        disks: (&Disk, &Disk),
    ) -> Vec<String> {
        let url = request.uri().to_string();
        let (gateway, merchant) = disks;
        if let Some(path) = url.strip_prefix(&town.gateway) {
            return self.hear_gateway(now, path, request, response, town, gateway).into_iter().collect();
        }
        let is_taken = response.status().is_redirection();
        if is_taken && url.starts_with(&town.login_return_url()) && request.method() == Method::GET {
            return self
                .hear_believed(request.uri().query().unwrap_or_default().as_bytes())
                .into_iter()
                .collect();
        }
        if url.starts_with(&town.login_return_url()) {
            self.mark("login turned away");
        }
        if is_taken && url == town.address_return_url() {
            let foreign = foreign_addresses(gateway, merchant);
            return self.hear_believed(request.body()).into_iter().chain(foreign).collect();
        }
        Vec::new()
    }

    fn hear_gateway(
        &mut self,
        now: Timestamp,
        path: &str,
        request: &Request,
        response: &Response,
        town: &Town,
        gateway: &Disk,
    ) -> Option<String> {
        let used = cookie(request).and_then(|cookie| self.use_session(now, &cookie));
        let problem = self.hear_session(now, path, request, response, town, gateway);
        let form = Fields::read(request.uri().query().unwrap_or_default().as_bytes());
        let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        if let (Some(id), Some(token)) = (to.strip_prefix("/handover/"), form.get("token")) {
            self.handovers.insert(id.to_owned(), token);
        }
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let etao = answer["return_url"].as_str().filter(|_| path == "/sandbox/v1/etao");
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let (link, who) = match etao {
            Some(link) => (link, body["user"].as_str().map(str::to_owned)),
            None => (to, used),
        };
        let issued = match link.strip_prefix(&format!("{}?", town.login_return_url())) {
            Some(query) => self.hear_issued(now, query, who.as_deref(), town, gateway),
            None => self.hear_address(now, path, response, who.as_deref(), town),
        };
        problem.or(issued)
    }

    /// Who is signed in by this cookie, if anybody may be.
    fn use_session(&mut self, now: Timestamp, cookie: &str) -> Option<String> {
        let sign_in = self.sign_ins.get_mut(cookie)?;
        if now.since(sign_in.used_at) > LOGIN_STATE {
            return None;
        }
        sign_in.used_at = now;
        (!sign_in.is_by_token).then(|| sign_in.email.clone())
    }

    /// A browser is given a session: by its password, or for one trade by a token.
    fn hear_session(
        &mut self,
        now: Timestamp,
        path: &str,
        request: &Request,
        response: &Response,
        town: &Town,
        gateway: &Disk,
    ) -> Option<String> {
        let set = response.headers().get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let session = set.filter_map(session_of).find(|session| !session.is_empty())?.to_owned();
        // The session that the browser has, put off.
        if cookie(request).is_some_and(|held| held == session) {
            return None;
        }
        let form = Fields::read(request.body());
        if let Some(email) = form.get("account") {
            let customer = town.customers.iter().find(|customer| customer.email == email);
            let is_right =
                |who: &Customer| form.get("login_password").as_deref() == Some(&who.login_password);
            let wrong = customer.is_some_and(|who| !is_right(who));
            self.sign_ins.insert(session, SignIn { email, is_by_token: false, used_at: now });
            return wrong.then(|| "somebody signed in with a wrong password".to_owned());
        }
        if !path.starts_with("/gateway.do") {
            return None;
        }
        let token = Fields::read(request.uri().query().unwrap_or_default().as_bytes()).get("token")?;
        self.mark("token opens a cashier");
        self.sign_ins
            .insert(session.clone(), SignIn { email: String::new(), is_by_token: true, used_at: now });
        let sql =
            "SELECT user_id FROM session WHERE session_id = $1 AND user_id = $2 AND trade_no IS NOT NULL";
        let holder = self.token_holder(now, &token)?;
        let Some(user_id) = holder else {
            return Some(format!("the token {token} does not hold and opens a cashier"));
        };
        let is_own = has(gateway, sql, &[Bind::Text(&session), Bind::Text(&user_id)]);
        (!is_own).then(|| format!("the token {token} opens more than its own buyer's cashier"))
    }

    /// Whom a token stands for now: nobody if it is over. One that was never seen handed out may have been lost with its
    /// answer, and says nothing.
    fn token_holder(&self, now: Timestamp, token: &str) -> Option<Option<String>> {
        let (user_id, at) = self.tokens.get(token)?;
        Some((now.since(*at) <= TOKEN).then(|| user_id.clone()))
    }

    /// The gateway hands out a login.
    fn hear_issued(
        &mut self,
        now: Timestamp,
        query: &str,
        who: Option<&str>,
        town: &Town,
        gateway: &Disk,
    ) -> Option<String> {
        let form = Fields::read(query.as_bytes());
        let notify_id = form.get("notify_id")?;
        self.issue(now, &notify_id);
        let is_etao = form.get("target_url").is_some();
        let user_id = form.get("user_id");
        self.mark(match (&user_id, is_etao) {
            (None, _) => "login of nobody",
            (Some(_), true) => "login by etao",
            (Some(_), false) => "login by password",
        });
        if let (Some(token), Some(user_id)) = (form.get("token"), &user_id) {
            self.tokens.insert(token, (user_id.clone(), now));
        }
        let known = who.and_then(|email| town.customers.iter().find(|customer| customer.email == email));
        if known.map(|customer| &customer.user_id) != user_id.as_ref() {
            return Some(format!("{notify_id} says that {user_id:?} is in, who did not sign in: {who:?}"));
        }
        let sql = "SELECT partner FROM login_return WHERE notify_id = $1";
        let is_there = has(gateway, sql, &[Bind::Text(&notify_id)]);
        (!is_there).then(|| format!("{notify_id} is handed out before it is committed"))
    }

    /// The gateway's page that brings an address to the shop.
    fn hear_address(
        &mut self,
        now: Timestamp,
        path: &str,
        response: &Response,
        who: Option<&str>,
        town: &Town,
    ) -> Option<String> {
        let text = String::from_utf8_lossy(response.body());
        if !text.contains(&town.address_form()) {
            return None;
        }
        let notify_id = hidden_field(&text, "notify_id")?;
        let user_id = hidden_field(&text, "user_id")?;
        self.issue(now, notify_id);
        self.mark("address handed out");
        let id = path.strip_prefix("/handover/")?.split('/').next()?;
        let signed_in = who.and_then(|email| town.customers.iter().find(|customer| customer.email == email));
        let by_token = self.handovers.get(id).and_then(|token| self.token_holder(now, token));
        let is_known = match (signed_in, by_token) {
            (Some(customer), _) => customer.user_id == user_id,
            (None, Some(holder)) => holder.as_deref() == Some(user_id),
            // A token that was not seen handed out.
            (None, None) => self.handovers.contains_key(id),
        };
        (!is_known).then(|| format!("{notify_id} brings an address of {user_id}, who did not sign in"))
    }

    fn issue(&mut self, at: Timestamp, notify_id: &str) {
        let issued = Issued { at, times_confirmed: 0, times_believed: 0 };
        self.issued.insert(notify_id.to_owned(), issued);
    }

    /// The gateway says of a login's or an address' id that it is its own: once, and within the minute. `None` if the id
    /// is of neither.
    pub(super) fn hear_confirmed(&mut self, now: Timestamp, notify_id: &str) -> Option<Option<String>> {
        let issued = self.issued.get_mut(notify_id)?;
        issued.times_confirmed += 1;
        let age = now.since(issued.at);
        Some(if issued.times_confirmed > 1 {
            Some(format!("{notify_id} is confirmed {} times", issued.times_confirmed))
        } else {
            (age > RETURN_LINK).then(|| format!("{notify_id} is confirmed {age:?} after it was handed out"))
        })
    }

    /// The shop lets somebody in, or takes an address.
    fn hear_believed(&mut self, message: &[u8]) -> Option<String> {
        let notify_id = Fields::read(message).get("notify_id")?;
        self.mark("login or address believed");
        // One that was not seen handed out, because the gateway died before its answer, was seen by nobody else either.
        let Some(issued) = self.issued.get_mut(&notify_id) else {
            return Some(format!("{notify_id} is believed and was never handed out"));
        };
        issued.times_believed += 1;
        let is_again = issued.times_believed > 1;
        (is_again || issued.times_confirmed == 0)
            .then(|| format!("{notify_id} is believed {} times", issued.times_believed))
    }
}

/// The session in a request's cookies.
fn cookie(request: &Request) -> Option<String> {
    let line = request.headers().get(COOKIE)?.to_str().ok()?;
    line.split("; ").find_map(session_of).map(str::to_owned)
}

fn session_of(cookie: &str) -> Option<&str> {
    cookie.strip_prefix("danbao_session=")?.split(';').next()
}

/// Addresses that the shop has taken and that are nowhere in the buyer's book.
fn foreign_addresses(gateway: &Disk, merchant: &Disk) -> Vec<String> {
    let sql = "SELECT user_id, fullname, address, address_code FROM address_chosen";
    let chosen = rows(merchant, sql);
    let book = rows(gateway, "SELECT user_id, name, address, area_code FROM address");
    let foreign = chosen.into_iter().filter(|chosen| !book.contains(chosen));
    foreign.map(|chosen| format!("the shop has the address {chosen:?}, which is not the buyer's")).collect()
}

/// Four columns of text; nothing of a table that is not there.
fn rows(disk: &Disk, sql: &str) -> Vec<[String; 4]> {
    let read = |conn: &mut dyn Conn| -> Result<Vec<[String; 4]>, Error> {
        let rows = conn.query(sql, &[])?;
        rows.iter().map(|row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])).collect()
    };
    disk.inspect(read).unwrap_or_default()
}

/// What the shop believes of its members in the end.
pub(super) fn audit(auditor: &mut Auditor, town: &Town) {
    let sessions = rows(&auditor.merchant, "SELECT visitor, user_id, token, came_by FROM member_session");
    let mut seen = BTreeSet::new();
    for [visitor, user_id, token, _] in &sessions {
        match auditor.logins.tokens.get(token) {
            Some((holder, _)) if holder == user_id => {}
            _ => auditor.find(format!("{user_id} is in on {visitor} by a token of somebody else's")),
        }
        if !seen.insert(token) {
            auditor.find(format!("{user_id} is in on two browsers by one login"));
        }
    }
    let members = rows(&auditor.merchant, "SELECT user_id, user_id, user_id, user_id FROM member");
    let told: BTreeSet<String> = auditor.logins.tokens.values().map(|(user_id, _)| user_id.clone()).collect();
    for [user_id, ..] in members {
        if !told.contains(&user_id) {
            auditor.find(format!("{user_id} is a member of whom nothing was told"));
        }
    }
    let owned = rows(&auditor.merchant, "SELECT out_trade_no, user_id, user_id, user_id FROM order_member");
    for [number, user_id, ..] in owned {
        let token = town.order(&number).and_then(|order| order.asked("token"));
        let holder = token.map(|token| auditor.logins.tokens.get(&token).map(|(user_id, _)| user_id.clone()));
        if holder.is_some_and(|holder| holder.as_ref() != Some(&user_id)) {
            auditor.find(format!("the order {number} of {user_id} carries somebody else's token"));
        }
    }
}
