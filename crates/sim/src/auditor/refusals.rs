//! Refused requests and the letters that tell of them (protocol.md §8.4): whoever is refused, the merchant comes to be owed
//! a letter in the same moment, one at a time, and keeps each once.

use std::collections::{BTreeMap, BTreeSet};

use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::Bind;
use danbao_store::faulty::Disk;
use http::{Method, StatusCode};

use super::Auditor;
use super::books::{Gateway, Merchant, Notice};
use super::notices;
use super::traffic::{Fields, has};
use crate::people::Town;

/// What was seen of refusals on the wire.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Whether the contract has the letters opened.
    pub(super) are_told: bool,
    /// Orders whose links were followed.
    followed: BTreeSet<String>,
    /// Letters on the wire by notify_id, as (out_trade_no, error_code).
    letters: BTreeMap<String, (String, String)>,
    /// How often each thing happened.
    pub(super) marks: BTreeMap<String, u64>,
}

impl Refusals {
    /// Somebody follows a link, or a letter leaves for the merchant: it must be owed at this moment, and every try says
    /// the same.
    pub(super) fn hear_asked(&mut self, request: &Request, town: &Town, gateway: &Disk) -> Option<String> {
        self.followed.extend(link(request, town).and_then(|link| link.get("out_trade_no")));
        let form = letter(request, town)?;
        let word = |name| form.get(name).unwrap_or_default();
        let (notify_id, said) = (word("notify_id"), (word("out_trade_no"), word("error_code")));
        let sql = "SELECT thread FROM notice WHERE notify_id = $1";
        if !has(gateway, sql, &[Bind::Text(&notify_id)]) {
            return Some(format!("the refusal of {} is told before it is committed", said.0));
        }
        let first = self.letters.entry(notify_id).or_insert_with(|| said.clone());
        (*first != said).then(|| format!("the refusal of {} was told in two ways", said.0))
    }

    /// A link is answered: if it is refused, the letter is owed at this very moment; `now` is by the gateway's clock.
    pub(super) fn hear_answered(
        &mut self,
        now: Timestamp,
        request: &Request,
        response: &Response,
        town: &Town,
        gateway: &Disk,
    ) -> Option<String> {
        if letter(request, town).is_some() && response.body().as_ref() == b"success" {
            self.mark("letter of a refusal heard");
        }
        let form = link(request, town).filter(|_| request.method() == Method::GET && self.are_told)?;
        if response.status() != StatusCode::OK || form.get("error_notify_url").is_none() {
            return None;
        }
        let number = form.get("out_trade_no")?;
        let sql = "SELECT letter FROM notice WHERE letter IS NOT NULL AND created_at <= $1
                   AND (due_at IS NOT NULL OR acknowledged_at >= $1)";
        let rows = gateway.inspect(|conn| conn.query(sql, &[Bind::Int(now.0)])).unwrap_or_default();
        let letters = rows.iter().filter_map(|row| row.get::<Vec<u8>>(0).ok());
        let said = letters.map(|letter| Fields::read(&letter)).filter(|letter| is_of(letter, &number));
        let codes: Vec<String> = said.filter_map(|letter| letter.get("error_code")).collect();
        let page = String::from_utf8_lossy(response.body());
        match codes.iter().find(|code| page.contains(code.as_str())) {
            Some(code) => {
                self.mark(&format!("link refused: {code}"));
                None
            }
            None => Some(format!("{number} was refused, and no letter is owed that says so: {codes:?}")),
        }
    }

    fn mark(&mut self, what: &str) {
        *self.marks.entry(what.to_owned()).or_default() += 1;
    }

    /// The id of a letter that the merchant has just acknowledged.
    pub(super) fn acknowledged(request: &Request, response: &Response, town: &Town) -> Option<String> {
        let form = letter(request, town)?;
        form.get("notify_id").filter(|_| response.body().as_ref() == b"success")
    }

    /// Whether a letter of this id was on the wire.
    pub(super) fn is_sent(&self, notify_id: &str) -> bool {
        self.letters.contains_key(notify_id)
    }
}

fn is_of(letter: &Fields, number: &str) -> bool {
    letter.get("out_trade_no").as_deref() == Some(number)
}

/// A letter on its way to the merchant.
fn letter(request: &Request, town: &Town) -> Option<Fields> {
    let is_letter = request.uri().to_string().starts_with(&town.error_notify_url());
    is_letter.then(|| Fields::read(request.body()))
}

/// A direct-pay request, brought by a browser or by a program.
fn link(request: &Request, town: &Town) -> Option<Fields> {
    let url = request.uri().to_string();
    let query = match url.strip_prefix(&town.gateway)?.split_once('?') {
        Some(("/gateway.do", query)) => query.to_owned(),
        _ if url.ends_with("/sandbox/v1/checkout") => {
            let body: serde_json::Value = serde_json::from_slice(request.body()).ok()?;
            body["url"].as_str()?.split_once('?')?.1.to_owned()
        }
        _ => return None,
    };
    let is_direct = Params::parse_urlencoded(query.as_bytes()).is_ok_and(|params| {
        params.get_text("service", Charset::Gbk).ok().flatten().as_deref()
            == Some("create_direct_pay_by_user")
    });
    is_direct.then(|| Fields::read(query.as_bytes()))
}

pub(super) fn audit(
    auditor: &mut Auditor,
    gateway: &Gateway,
    merchant: &Merchant,
    town: &Town,
    quiet_since: Timestamp,
) {
    let letters = || gateway.letters.iter().filter(|letter| is_of_refusal(letter, town));
    for letter in letters() {
        audit_letter(auditor, gateway, merchant, letter, quiet_since);
    }
    // The same refusal is owed once at a time, however often it is met.
    let mut owed: BTreeMap<(&[u8], &str), &Notice> = BTreeMap::new();
    let mut in_order: Vec<&Notice> = letters().collect();
    in_order.sort_by_key(|letter| letter.created_at);
    for letter in in_order {
        let key = (letter.letter.as_slice(), letter.notify_url.as_str());
        let before = owed.insert(key, letter);
        let is_over = |before: &Notice| {
            let end = before.acknowledged_at.or(before.sent_at);
            end.is_some_and(|end| end <= letter.created_at)
        };
        if before.is_some_and(|before| !is_over(before)) {
            auditor.find(format!("the letters {} came to be owed twice at once", letter.trade_no));
        }
    }
    for (notify_id, ..) in &merchant.complaints {
        if letters().all(|letter| letter.notify_id != *notify_id) {
            auditor.find(format!("the merchant keeps the letter {notify_id}, which nobody wrote"));
        }
    }
}

/// Whether a letter tells of a refused request; the others are about batches.
pub(super) fn is_of_refusal(letter: &Notice, town: &Town) -> bool {
    letter.notify_url.starts_with(&town.error_notify_url())
}

fn audit_letter(
    auditor: &mut Auditor,
    gateway: &Gateway,
    merchant: &Merchant,
    letter: &Notice,
    quiet_since: Timestamp,
) {
    let form = Fields::read(&letter.letter);
    let word = |name| form.get(name).unwrap_or_default();
    let said = (word("out_trade_no"), word("error_code"));
    let name = format!("the letter {} of the refused {}", letter.trade_no, said.0);
    if !auditor.refusals.followed.contains(&said.0) {
        auditor.find(format!("{name} is owed, and nobody has followed that link"));
    }
    match auditor.refusals.letters.get(&letter.notify_id) {
        None => auditor.find(format!("{name} was never seen on the wire")),
        Some(sent) if *sent != said => auditor.find(format!("{name} said something else on the wire")),
        Some(_) => {}
    }
    if letter.due_at.is_some() {
        auditor.find(format!("{name} is still pending"));
    }
    notices::audit_tries(auditor, gateway, letter, quiet_since, &name);
    let kept: Vec<_> =
        merchant.complaints.iter().filter(|(notify_id, ..)| *notify_id == letter.notify_id).collect();
    let is_right = kept.iter().all(|(_, number, code)| (number, code) == (&said.0, &said.1));
    let is_heard = letter.acknowledged_at.is_some();
    if kept.len() > 1 || (is_heard && kept.is_empty()) || !is_right {
        auditor.find(format!("{name} was kept {} times", kept.len()));
    }
}
