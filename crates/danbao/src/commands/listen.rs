//! `danbao listen`: follows the notifications of a sandbox that runs.

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use danbao_protocol::node::Response;
use danbao_protocol::time::Timestamp;
use http::{Uri, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::explain::words::printable;
use super::sandbox::{Absent, Sandbox, SandboxArgs};
use super::table::cell;
use super::text::texts;
use super::{say, terminal_lang};
use crate::config::Lang;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao listen                                       beside a gateway that was started here
  danbao listen --ready-file ready.json --only-bad
  danbao listen --json --after 0 | jq .outcome        everything so far, then what comes
  danbao listen --since '2012-02-29 12:00:00' --trade 2012022900000001
  danbao listen --forward http://127.0.0.1:3000/notify

Prints each send of a notification when the shop has answered, with the answer and with what a fault plan did to it.
Each has a number; --after takes up behind one, so that nothing is missed while nobody listened. The gateway keeps the
last 100000 sends, for 90 days; what is not kept any more is said. When the gateway stops, listening goes on as soon as it
is back.

--forward sends a copy to another page and prints its answer too; the gateway does not hear of that one. What a fault
kept from the shop is not forwarded.

Runs until it is stopped; with --count, ends with 0 after so many.";

/// Options of `listen`.
#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// Of this partner only
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Of this trade only
    #[arg(long, value_name = "TRADE_NO")]
    trade: Option<String>,
    /// Only those that tell of this state, such as TRADE_FINISHED
    #[arg(long, value_name = "TRADE_STATUS")]
    status: Option<String>,
    /// Only those that were not answered with success
    #[arg(long)]
    only_bad: bool,
    /// Begin behind the send of this number; 0 is the beginning [default: what comes from now on]
    #[arg(long, value_name = "NUMBER", conflicts_with = "since")]
    after: Option<u64>,
    /// Begin with what was sent then: `2012-01-05` or `2012-01-05 13:00:00`, Beijing time
    #[arg(long, value_name = "TIME", value_parser = super::import_log::since)]
    since: Option<Timestamp>,
    /// Send a copy of each to this address
    #[arg(long, value_name = "URL")]
    forward: Option<Uri>,
    /// End after so many
    #[arg(long, value_name = "NUMBER")]
    count: Option<u64>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

/// Table `listen` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    listening: String,
    gone: String,
    back: String,
    anew: String,
    lost: String,
    copy: String,
    duplicate: String,
    faults: String,
    forwarded: String,
    not_forwarded: String,
    refund_batch: String,
}

/// How often the gateway is asked. It never waits, so it is asked again.
const PAUSE: Duration = Duration::from_millis(300);
const PAGE: &str = "200";

pub(super) fn run(args: &ListenArgs) -> anyhow::Result<ExitCode> {
    let words = &texts(args.lang.unwrap_or_else(terminal_lang)).listen;
    let sandbox = args.sandbox.open()?;
    let mut after = match (args.after, args.since) {
        (Some(after), _) => after.to_string(),
        (None, Some(_)) => "0".to_owned(),
        (None, None) => "last".to_owned(),
    };
    let mut is_gone = false;
    let mut seen = 0;
    // Whoever asks for the beginning of something that is not there is told at once.
    let mut page = ask(&sandbox, args, &after)?;
    eprintln!("{}", words.listening);
    loop {
        if let Some((from, to)) = lost(&page, &after, args.since) {
            eprintln!("{}", words.lost.replace("{}", &format!("{from}-{to}")));
        }
        let is_anew =
            page["last"].as_i64().zip(page["next"].as_i64()).is_some_and(|(last, next)| last < next);
        if is_anew {
            eprintln!("{}", words.anew);
        }
        let asked = std::mem::replace(&mut after, if is_anew { "0".to_owned() } else { cell(&page["next"]) });
        for line in page["attempts"].as_array().into_iter().flatten().filter(|line| args.wants(line)) {
            show(&sandbox, args, words, line);
            seen += 1;
            if args.count.is_some_and(|count| seen >= count) {
                return Ok(ExitCode::SUCCESS);
            }
        }
        // A page of which nothing is wanted is no reason to wait: more may lie behind it.
        if asked == after || asked == "last" {
            std::thread::sleep(PAUSE);
        }
        page = loop {
            match ask(&sandbox, args, &after) {
                Ok(page) => break page,
                Err(error) if error.downcast_ref::<Absent>().is_some() => {
                    if !is_gone {
                        eprintln!("{}", words.gone.replace("{}", &format!("{error:#}")));
                    }
                    is_gone = true;
                    std::thread::sleep(PAUSE * 3);
                }
                Err(error) => return Err(error),
            }
        };
        if is_gone {
            eprintln!("{}", words.back);
            is_gone = false;
        }
    }
}

fn ask(sandbox: &Sandbox, args: &ListenArgs, after: &str) -> anyhow::Result<Value> {
    let query = [
        ("after", Some(after)),
        ("limit", Some(PAGE)),
        ("partner", args.partner.as_deref()),
        ("trade_no", args.trade.as_deref()),
    ];
    sandbox.get("/attempts", &query)
}

impl ListenArgs {
    fn wants(&self, line: &Value) -> bool {
        let status = self.status.as_deref().is_none_or(|status| line["trade_status"] == status);
        let bad = !self.only_bad || line["outcome"] != "acknowledged";
        let time = line["at"].as_str().and_then(Timestamp::parse_wire);
        let late = self.since.is_none_or(|since| time.is_some_and(|time| time >= since));
        status && bad && late
    }
}

/// The first and the last of the sends behind a number that the gateway does not keep any more. Asked for a time, it is
/// silent if there still is something from before.
fn lost(page: &Value, after: &str, since: Option<Timestamp>) -> Option<(u64, u64)> {
    let (asked, first): (u64, u64) = (after.parse().ok()?, page["first"].as_u64()?);
    let from = asked.checked_add(1)?;
    let oldest = page["attempts"][0]["at"].as_str().and_then(Timestamp::parse_wire);
    let is_covered = since.is_some_and(|since| oldest.is_some_and(|oldest| oldest < since));
    (first > from && !is_covered).then(|| (from, first - 1))
}

fn show(sandbox: &Sandbox, args: &ListenArgs, words: &Words, line: &Value) {
    let forwarded = args.forward.as_ref().map(|to| forward(sandbox, to, line));
    if args.json {
        let mut line = line.clone();
        if let Some(forwarded) = &forwarded {
            line["forwarded"] = forwarded.clone();
        }
        return say(&format!("{line}\n"));
    }
    say(&format!("{}\n", written(words, line)));
    if let Some(forwarded) = forwarded {
        let said = match forwarded {
            Value::Null => words.not_forwarded.clone(),
            forwarded => words.forwarded.replace("{}", &answer(&forwarded)),
        };
        say(&format!("          {said}\n"));
    }
}

/// One line for people.
fn written(words: &Words, line: &Value) -> String {
    let time = cell(&line["at"]);
    let time = time.split(' ').nth(1).unwrap_or(&time).to_owned();
    let number = cell(&line["out_trade_no"]);
    let state = match line["trade_status"].as_str() {
        Some(status) => status,
        None => &words.refund_batch,
    };
    let refund = line["refund_status"].as_str().map(|status| format!(" {status}")).unwrap_or_default();
    let which = match line["reason"].as_str() {
        Some("schedule") => format!("#{}", cell(&line["attempt"])),
        Some("duplicate") => words.duplicate.clone(),
        _ => words.copy.clone(),
    };
    let faults: Vec<&str> =
        line["faults"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let faults = match faults.is_empty() {
        true => String::new(),
        false => format!("  {}", words.faults.replace("{}", &faults.join(", "))),
    };
    format!(
        "{time}  {state}{refund}  {number}  {which} -> {}  {}  {} ms{faults}",
        cell(&line["notify_url"]),
        answer(line),
        cell(&line["duration_ms"]),
    )
}

/// `200 success`, or why there is none.
fn answer(line: &Value) -> String {
    let Some(status) = line["status"].as_i64() else { return cell(&line["outcome"]) };
    let said = printable(line["answer"].as_str().unwrap_or_default().trim());
    let first: String = said.chars().take(60).collect();
    format!("{status} {first}").trim_end().to_owned()
}

/// Sends what the shop was sent; null if nothing reached it.
fn forward(sandbox: &Sandbox, to: &Uri, line: &Value) -> Value {
    let is_kept = |fault: &Value| ["drop", "outage"].iter().any(|kept| fault == kept);
    if line["faults"].as_array().is_some_and(|faults| faults.iter().any(is_kept)) {
        return Value::Null;
    }
    let failed = |why: &str| json!({ "outcome": why, "status": null, "answer": null });
    let notify_id = cell(&line["notify_id"]);
    let Ok(full) = sandbox.get(&format!("/notices/{notify_id}"), &[]) else { return failed("broken") };
    let spoiled = full["spoiled_bodies"].as_array().into_iter().flatten();
    let spoiled =
        spoiled.filter(|body| body["attempt"] == line["attempt"]).find_map(|body| body["body"].as_str());
    let body = spoiled.or(full["body"].as_str()).unwrap_or_default().to_owned();
    let content_type = format!("application/x-www-form-urlencoded; charset={}", cell(&full["charset"]));
    let request = http::Request::post(to.clone())
        .header(header::CONTENT_TYPE, content_type)
        .header(header::USER_AGENT, "Mozilla/4.0")
        .body(Bytes::from(body));
    let Ok(request) = request else { return failed("unreachable") };
    match sandbox.elsewhere().exchange(request) {
        Ok(response) => heard(&response),
        Err(why) => failed(why.as_str()),
    }
}

fn heard(response: &Response) -> Value {
    let text = String::from_utf8_lossy(response.body());
    let first: String = text.chars().take(256).collect();
    json!({ "outcome": "answered", "status": response.status().as_u16(), "answer": first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_any_more_is_said_and_nothing_else() {
        let page = json!({ "first": 8, "attempts": [{ "at": "2012-02-29 12:00:00" }] });
        assert_eq!(lost(&page, "0", None), Some((1, 7)));
        assert_eq!(lost(&page, "6", None), Some((7, 7)));
        for after in ["7", "8", "1000", "last", "18446744073709551615"] {
            assert_eq!(lost(&page, after, None), None, "{after}");
        }
        let time = |text| Timestamp::parse_wire(text);
        assert_eq!(lost(&page, "0", time("2012-02-29 12:00:01")), None, "it begins before that");
        assert_eq!(lost(&page, "0", time("2012-02-29 11:59:59")), Some((1, 7)), "perhaps");
        assert_eq!(lost(&json!({ "attempts": [] }), "0", None), None, "an older gateway does not say");
        assert_eq!(lost(&json!({ "first": 0, "attempts": [] }), "0", None), None, "nothing was sent yet");
    }
}
