//! What the auditor sees on the wire, and what must already be on a disk at the moment it is seen: nobody is told
//! anything before it is committed.

use std::time::Duration;

use danbao_protocol::charset::Charset;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use danbao_store::Bind;
use danbao_store::faulty::Disk;
use http::Method;
use http::header::LOCATION;

use super::Auditor;
use super::books::{Notice, Status};
use super::refusals::Refusals;
use super::repayments::Repayments;
use crate::people::{Town, fen};
use crate::stage::{GATEWAY, OTHER_GATEWAY};
use crate::world::Witness;

/// How long a page return can be verified.
const RETURN_LINK: Duration = Duration::from_secs(60);

impl Witness for Auditor {
    fn asked(&mut self, now: Timestamp, request: &Request, town: &Town) {
        self.deeds.hear_asked(request, town);
        self.repayments.hear_asked(now.plus(self.clock_ahead), request, town);
        if let Some(problem) = self.repayments.hear_letter(request, town, &self.gateway) {
            self.find(problem);
        }
        if let Some(problem) = self.refusals.hear_asked(request, town, &self.gateway) {
            self.find(problem);
        }
        let is_notification =
            request.method() == Method::POST && request.uri().to_string() == town.notify_url();
        if !is_notification || town.forgeries.contains(request.body().as_ref()) {
            return;
        }
        match Said::read(request.body()) {
            Some(said) => {
                self.count_send(&said.notify_id);
                self.hear_told(now, &said.trade_no, &said.status, "a notification");
                self.hear_sent(said);
            }
            None => self.find("a notification cannot be read".to_owned()),
        }
    }

    fn answered(&mut self, now: Timestamp, request: &Request, response: &Response, town: &Town) {
        self.deeds.hear_answered(request, response, town);
        let gateway_now = now.plus(self.clock_ahead);
        let problem = self.repayments.hear_answered(gateway_now, request, response, town, &self.gateway);
        problem.into_iter().for_each(|problem| self.find(problem));
        let problem = self.refusals.hear_answered(gateway_now, request, response, town, &self.gateway);
        problem.into_iter().for_each(|problem| self.find(problem));
        self.standing.hear(request, response, town);
        let disks = (&self.gateway, &self.merchant);
        let problems = self.logins.hear_answered(now, request, response, town, disks);
        problems.into_iter().for_each(|problem| self.find(problem));
        let heard = Repayments::acknowledged(request, response, town);
        let heard = heard.or_else(|| Refusals::acknowledged(request, response, town));
        self.acknowledged.extend(heard);
        let url = request.uri().to_string();
        let asked = match request.method() {
            &Method::POST => request.body().as_ref(),
            _ => request.uri().query().unwrap_or_default().as_bytes(),
        };
        if town.forgeries.contains(asked) {
            self.hear_answer_to_forger(asked, response);
        } else if url.starts_with(&town.gateway) {
            self.hear_gateway(now, asked, response, town);
        } else {
            self.hear_merchant(&url, asked, response, town);
        }
    }

    /// What is owed must wake its debtor: a gateway with something due never sleeps for ever. Only notifications may
    /// wait for the answer to another one.
    fn rested(
        &mut self,
        now: Timestamp,
        site: &str,
        until: Option<Timestamp>,
        is_expecting: bool,
        town: &Town,
    ) {
        let is_gateway = [GATEWAY, OTHER_GATEWAY].contains(&site);
        if is_gateway {
            let now = now.plus(self.clock_ahead);
            let problems = self.standing.see(now, &self.gateway, &town.merchant.partner);
            problems.into_iter().for_each(|problem| self.find(problem));
        }
        if until.is_some() || !is_gateway {
            return;
        }
        let sql = match is_expecting {
            true => {
                "SELECT thread FROM refund_batch WHERE due_at IS NOT NULL UNION SELECT trade_no FROM deadline"
            }
            false => {
                "SELECT thread FROM notice WHERE due_at IS NOT NULL
                 UNION SELECT thread FROM refund_batch WHERE due_at IS NOT NULL
                 UNION SELECT thread FROM resend WHERE due_at IS NOT NULL
                 UNION SELECT trade_no FROM deadline"
            }
        };
        let rows = self.gateway.inspect(|conn| conn.query(sql, &[]));
        let owed = rows.ok().and_then(|rows| rows.first()?.get::<String>(0).ok());
        if let Some(trade_no) = owed {
            self.find(format!("{trade_no}: something is due and at {now} nobody wants to be woken for it"));
        }
    }
}

impl Auditor {
    fn hear_answer_to_forger(&mut self, forged: &[u8], response: &Response) {
        let text = String::from_utf8_lossy(response.body());
        let is_believed =
            text == "success" || text.contains("<is_success>T") || response.status().is_redirection();
        if is_believed {
            self.find(format!("a forged message is believed: {}", String::from_utf8_lossy(forged)));
        }
    }

    fn hear_gateway(&mut self, now: Timestamp, asked: &[u8], response: &Response, town: &Town) {
        let body = String::from_utf8_lossy(response.body());
        if body == "true" {
            self.hear_verified(now, asked);
        }
        if body.contains("<is_success>T") && field(asked, "service").as_deref() == Some(SEND_GOODS) {
            // Shipping once more succeeds as long as the goods are on their way, whatever became of them since.
            let trade_no = field(asked, "trade_no").unwrap_or_default();
            let sql = "SELECT version FROM trade_event WHERE trade_no = $1 AND command = 'send_goods'";
            if !has(&self.gateway, sql, &[Bind::Text(&trade_no)]) {
                self.find(format!("{trade_no}: is said to be sent before it is committed"));
            }
        }
        if let Some(to) = location(response) {
            self.hear_location(now, to, town);
        }
        let answer: serde_json::Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if let Some(to) = answer["return_url"].as_str() {
            self.hear_location(now, to, town);
        }
    }

    fn hear_merchant(&mut self, url: &str, asked: &[u8], response: &Response, town: &Town) {
        if url == town.notify_url() && response.body().as_ref() == b"success" {
            let Some(said) = Said::read(asked) else { return };
            let sql = "SELECT message_id FROM heard WHERE notify_id = $1";
            if !has(&self.merchant, sql, &[Bind::Text(&said.notify_id)]) {
                self.find(format!("{} is acknowledged before it is taken in", said.notify_id));
            }
            self.acknowledged.insert(said.notify_id);
        }
        let cashier = format!("{}/gateway.do?", town.gateway);
        let Some((_, query)) = location(response).and_then(|to| to.split_once(&cashier)) else { return };
        let service = field(query.as_bytes(), "service").unwrap_or_default();
        if matches!(service.as_str(), "alipay.auth.authorize" | "user.logistics.address.query") {
            return;
        }
        let number = field(query.as_bytes(), "out_trade_no").unwrap_or_default();
        let sql = "SELECT version FROM order_state WHERE out_trade_no = $1";
        if !has(&self.merchant, sql, &[Bind::Text(&number)]) {
            self.find(format!("a buyer is sent to pay for {number}, which is no order"));
        }
    }

    /// The gateway says that a trade is in a state: it must be committed at this very moment.
    fn hear_told(&mut self, now: Timestamp, trade_no: &str, status: &Status, how: &str) {
        let sql = "SELECT version FROM trade_event
                   WHERE trade_no = $1 AND trade_status = $2 AND COALESCE(refund_status, '') = $3";
        let binds = [Bind::Text(trade_no), Bind::Text(&status.trade), Bind::Text(&status.refund)];
        if !has(&self.gateway, sql, &binds) {
            self.find(format!("{trade_no}: {status} is told by {how} before it is committed"));
        }
        self.told.entry((trade_no.to_owned(), status.clone())).or_insert(now);
    }

    /// A notification is on the wire: every try of it says the same.
    fn hear_sent(&mut self, said: Said) {
        let place = self.sent.len();
        let first =
            self.sent.entry(said.notify_id.clone()).or_insert_with(|| Sent { place, said: said.clone() });
        if first.said != said {
            let what = format!("{} says {said:?} and said {:?} before", said.notify_id, first.said);
            self.find(what);
        }
    }

    /// Each send was written down as a try, or as one beside the schedule, before it left: who claims what another has on
    /// lease sends more than that.
    fn count_send(&mut self, notify_id: &str) {
        let sends = self.sends.entry(notify_id.to_owned()).or_default();
        *sends += 1;
        let sql =
            "SELECT n.attempts + (SELECT count(*) FROM resend r WHERE r.thread = n.thread AND r.seq = n.seq
                                            AND r.sent_at IS NOT NULL)
                   FROM notice n WHERE n.notify_id = $1";
        let rows = self.gateway.inspect(|conn| conn.query(sql, &[Bind::Text(notify_id)]));
        let begun = rows.ok().and_then(|rows| rows.first()?.get::<i64>(0).ok()).unwrap_or(0);
        if *sends > begun {
            let sends = *sends;
            self.find(format!("{notify_id} was sent {sends} times in {begun} tries"));
        }
    }

    /// The gateway says of an id that it is its own: it must have been seen on the wire, and a page return's must not be
    /// older than one minute (protocol.md §6.1, §6.3).
    fn hear_verified(&mut self, now: Timestamp, question: &[u8]) {
        let Some(notify_id) = field(question, "notify_id") else { return };
        if let Some(problem) = self.logins.hear_confirmed(now, &notify_id) {
            problem.into_iter().for_each(|problem| self.find(problem));
            return;
        }
        match self.returned.get(&notify_id) {
            Some(at) if now.since(*at) > RETURN_LINK => {
                self.find(format!("{notify_id} is confirmed {:?} after the return", now.since(*at)));
            }
            None if !self.sent.contains_key(&notify_id)
                && !self.repayments.is_sent(&notify_id)
                && !self.refusals.is_sent(&notify_id) =>
            {
                self.find(format!("{notify_id} is confirmed and was never given out"));
            }
            _ => {}
        }
    }

    /// A browser is sent on: back to the shop with a result, or to "you have paid".
    fn hear_location(&mut self, now: Timestamp, to: &str, town: &Town) {
        if let Some(said) = Said::in_return(to, town) {
            self.hear_told(now, &said.trade_no, &said.status, "a page return");
            self.returned.entry(said.notify_id).or_insert(now);
            return;
        }
        let cashier = to.strip_prefix("/cashier/").and_then(|rest| rest.strip_suffix("/paid"));
        let Some(trade_no) = cashier.and_then(|id| id.get(..16)) else { return };
        let sql = "SELECT gmt_payment FROM trade WHERE trade_no = $1 AND gmt_payment IS NOT NULL";
        if !has(&self.gateway, sql, &[Bind::Text(trade_no)]) {
            self.find(format!("{trade_no}: a buyer is shown that it is paid before it is"));
        }
    }
}

const SEND_GOODS: &str = "send_goods_confirm_by_platform";

/// What a message says, as far as the auditor listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    notify_id: String,
    trade_no: String,
    status: Status,
    /// In fen.
    total_fee: Option<i64>,
    /// In fen; a page return of direct pay has none.
    discount: Option<i64>,
    pub(super) is_total_fee_adjust: Option<String>,
}

/// A notification as it first went out.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    /// How many others had gone out before it.
    pub(super) place: usize,
    pub(super) said: Said,
}

impl Said {
    fn read(encoded: &[u8]) -> Option<Said> {
        let fields = Fields::read(encoded);
        Some(Said {
            notify_id: fields.get("notify_id")?,
            trade_no: fields.get("trade_no")?,
            status: Status {
                trade: fields.get("trade_status")?,
                refund: fields.get("refund_status").unwrap_or_default(),
            },
            total_fee: fields.get("total_fee").as_deref().and_then(fen),
            discount: fields.get("discount").as_deref().and_then(fen),
            is_total_fee_adjust: fields.get("is_total_fee_adjust"),
        })
    }

    /// Whether it says what the notice was to say.
    pub(super) fn is_of(&self, notice: &Notice) -> bool {
        self.trade_no == notice.trade_no
            && self.status == notice.status
            && self.total_fee == Some(notice.total_fee)
            && self.discount == Some(notice.discount)
    }

    fn in_return(url: &str, town: &Town) -> Option<Said> {
        let query = url.strip_prefix(&town.return_url())?.strip_prefix('?')?;
        Said::read(query.as_bytes())
    }
}

/// The fields of a message or a form; none of what is neither.
pub(super) struct Fields(Option<Params>);

impl Fields {
    pub(super) fn read(encoded: &[u8]) -> Fields {
        Fields(Params::parse_urlencoded(encoded).ok())
    }

    /// A field as text of the charset that the message names.
    pub(super) fn get_in_own_charset(&self, name: &str) -> Option<String> {
        let charset = self.get("_input_charset").and_then(|label| Charset::from_label(&label))?;
        self.0.as_ref()?.get_text(name, charset).ok().flatten()
    }

    /// A field that is plain ASCII in either charset.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.as_ref()?.get_text(name, Charset::Gbk).ok().flatten()
    }
}

fn field(encoded: &[u8], name: &str) -> Option<String> {
    Fields::read(encoded).get(name)
}

fn location(response: &Response) -> Option<&str> {
    let to = response.headers().get(LOCATION)?;
    to.to_str().ok().filter(|_| response.status().is_redirection())
}

/// Whether a disk holds such a row. A table that another merchant does not have holds none.
pub(super) fn has(disk: &Disk, sql: &str, binds: &[Bind<'_>]) -> bool {
    disk.inspect(|conn| conn.query(sql, binds)).is_ok_and(|rows| !rows.is_empty())
}
