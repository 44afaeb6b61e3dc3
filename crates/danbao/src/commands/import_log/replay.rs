//! Sending the messages of a log again, in their order.

use std::net::IpAddr;
use std::process::ExitCode;

use bytes::Bytes;
use clap::ValueEnum;
use danbao_explain::log::{Found, entries};
use danbao_explain::message::{Kind, Message};
use danbao_explain::read_message;
use danbao_protocol::charset::Charset;
use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use http::{Method, Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::ImportLogArgs;
use crate::commands::explain::misused;
use crate::commands::explain::words::printable;
use crate::commands::sandbox::Wire;
use crate::commands::say;
use crate::commands::table::lines;
use crate::commands::terminal::say_json;
use crate::commands::text::Texts;

/// Which messages are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::commands) enum Sort {
    /// To the gateway
    Request,
    /// 页面返回, of a trade or a quick login
    PageReturn,
    /// 通知, of a trade or of refunds
    Notification,
    /// The address that a buyer chose
    AddressReturn,
}

impl Sort {
    fn of(kind: &Kind) -> Option<Sort> {
        match kind {
            Kind::Request(_) => Some(Sort::Request),
            Kind::PageReturn | Kind::LoginReturn => Some(Sort::PageReturn),
            Kind::Notification | Kind::RefundNotification => Some(Sort::Notification),
            Kind::AddressReturn => Some(Sort::AddressReturn),
            Kind::Unknown => None,
        }
    }

    fn method(self) -> Method {
        match self {
            Sort::Notification | Sort::AddressReturn => Method::POST,
            Sort::Request | Sort::PageReturn => Method::GET,
        }
    }
}

/// Table `import_log.replay` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::commands) struct Words {
    columns: [String; 5],
    nothing: String,
    hidden: String,
    summary: String,
    not_here: String,
    too_long: String,
    no_answer: String,
    bad_address: String,
}

/// One message that was sent, and what came of it.
struct Replayed {
    line: usize,
    time: Option<Timestamp>,
    message: Message,
    method: Method,
    outcome: Result<Response, Unheard>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unheard {
    /// It was not sent: no address is so long.
    TooLong,
    /// It was sent.
    NoAnswer(NoAnswer),
}

impl Unheard {
    fn as_str(self) -> &'static str {
        match self {
            Unheard::TooLong => "too_long",
            Unheard::NoAnswer(why) => why.as_str(),
        }
    }
}

/// Characters of an answer that are shown.
const SHOWN_MAX: usize = 80;

pub(super) fn run(args: &ImportLogArgs, target: &Uri, texts: &Texts) -> anyhow::Result<ExitCode> {
    let words = &texts.import_log.replay;
    let host = match target.host().filter(|_| matches!(target.scheme_str(), Some("http" | "https"))) {
        Some(host) => host,
        None => return Ok(misused(&words.bad_address)),
    };
    if !args.yes && !is_here(host) {
        return Ok(misused(&words.not_here.replace("{}", host)));
    }
    let log = match super::read(&args.file) {
        Ok(log) => log,
        Err(error) => return Ok(misused(&format!("{error:#}"))),
    };
    let wire = Wire::open()?;
    let mut hidden = 0;
    let mut replayed = Vec::new();
    for entry in entries(&log).iter().filter(|entry| args.wants(entry)) {
        let Found::Message(bytes) = entry.found else {
            hidden += 1;
            continue;
        };
        let Ok(message) = read_message(bytes) else { continue };
        let Some(sort) = Sort::of(&message.kind()) else { continue };
        if args.kind.is_empty() || args.kind.contains(&sort) {
            let method = sort.method();
            // One that cannot be sent must not keep back the report of those that were.
            let outcome = match request(target, &method, &message) {
                Some(request) => wire.exchange(request).map_err(Unheard::NoAnswer),
                None => Err(Unheard::TooLong),
            };
            replayed.push(Replayed { line: entry.line, time: entry.time, message, method, outcome });
        }
    }
    let answered = replayed.iter().filter(|one| one.outcome.is_ok()).count();
    if args.json {
        let messages: Vec<Value> = replayed.iter().map(Replayed::data).collect();
        let all = json!({
            "target": target.to_string(),
            "messages": messages,
            "sent": sent(&replayed),
            "answered": answered,
            "bodies_not_logged": hidden,
        });
        say_json(&all)?;
    } else {
        say(&report(&replayed, hidden, target, texts));
    }
    let is_well = !replayed.is_empty() && answered == replayed.len();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a host is this machine, by its name or its number; names are not looked up.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn sent(replayed: &[Replayed]) -> usize {
    replayed.iter().filter(|one| !matches!(one.outcome, Err(Unheard::TooLong))).count()
}

/// The message as it is sent again: its parameters, percent-encoded anew. `None` if it is too long for an address.
fn request(target: &Uri, method: &Method, message: &Message) -> Option<Request> {
    let mut params = Params::new();
    for pair in &message.pairs {
        let name = String::from_utf8_lossy(&pair.name);
        // A logging library's time and level before the message; no name of the interface has a blank.
        params.push(name.rsplit(' ').next().unwrap_or_default(), &pair.value);
    }
    let encoded = params.to_urlencoded();
    let request = http::Request::builder().method(method).header(header::USER_AGENT, "Mozilla/4.0");
    let built = if *method == Method::POST {
        let charset = match message.charset() {
            Charset::Utf8 => "utf-8",
            Charset::Gbk => "gbk",
        };
        let content_type = format!("application/x-www-form-urlencoded; charset={charset}");
        request.uri(target.clone()).header(header::CONTENT_TYPE, content_type).body(Bytes::from(encoded))
    } else {
        let joint = if target.query().is_some() { '&' } else { '?' };
        let whole: Uri = format!("{target}{joint}{encoded}").parse().ok()?;
        request.uri(whole).body(Bytes::new())
    };
    built.ok()
}

impl Replayed {
    fn data(&self) -> Value {
        let (status, answer, outcome) = match &self.outcome {
            Ok(response) => {
                let text = String::from_utf8_lossy(response.body()).into_owned();
                (Some(response.status().as_u16()), Some(text), "answered")
            }
            Err(why) => (None, None, why.as_str()),
        };
        json!({
            "line": self.line,
            "time": self.time.map(Timestamp::wire),
            "kind": self.message.kind().code(),
            "number": self.number(),
            "method": self.method.as_str(),
            "outcome": outcome,
            "status": status,
            "answer": answer,
        })
    }

    fn number(&self) -> Option<String> {
        let number = self.message.get("out_trade_no").or_else(|| self.message.get("trade_no"));
        number.map(|number| printable(&String::from_utf8_lossy(number)))
    }

    /// `200 success`, or why there is none.
    fn answer(&self, words: &Words) -> String {
        match &self.outcome {
            Ok(response) => {
                let text = String::from_utf8_lossy(response.body());
                let first: String = text.trim().chars().take(SHOWN_MAX).collect();
                format!("{} {}", response.status().as_u16(), printable(&first)).trim_end().to_owned()
            }
            Err(Unheard::TooLong) => words.too_long.clone(),
            Err(Unheard::NoAnswer(why)) => words.no_answer.replace("{}", why.as_str()),
        }
    }
}

fn report(replayed: &[Replayed], hidden: usize, target: &Uri, texts: &Texts) -> String {
    let words = &texts.import_log.replay;
    let mut out = String::new();
    if replayed.is_empty() {
        out.push_str(&format!("{}\n", words.nothing));
    } else {
        let mut rows = vec![words.columns.clone()];
        for one in replayed {
            rows.push([
                one.line.to_string(),
                one.time.map(Timestamp::wire).unwrap_or_default(),
                printable(&texts.explain.kind(&one.message.kind())),
                one.number().unwrap_or_default(),
                one.answer(words),
            ]);
        }
        out.push_str(&lines(&rows));
    }
    if hidden > 0 {
        out.push_str(&format!("{}\n", words.hidden.replace("{}", &hidden.to_string())));
    }
    let answered = replayed.iter().filter(|one| one.outcome.is_ok()).count();
    let counted = [target.to_string(), sent(replayed).to_string(), answered.to_string()];
    let summary = counted.iter().fold(words.summary.clone(), |said, value| said.replacen("{}", value, 1));
    out.push_str(&format!("\n{summary}\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others_without_asking_anybody() {
        for here in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["shop.example", "10.0.0.1", "localhost.example", "127.0.0.1.example", "[::2]"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
