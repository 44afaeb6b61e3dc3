//! `danbao notify`: the notifications of a sandbox that runs, and one of them once more.

use std::fmt::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use danbao_protocol::params::Params;
use danbao_protocol::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::explain::words::printable;
use super::sandbox::{Out, Sandbox, SandboxArgs, id};
use super::say;
use super::table::{cell, lines};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao notify list --state pending
  danbao notify list --partner 2088000000000001 --since 2012-02-29 --json
  danbao notify show 2012022900000001k3v9x2m7q4k3v9x201
  danbao notify resend 2012022900000001k3v9x2m7q4k3v9x201

Ends with 0 if all is well, 1 if the gateway refused or a resend was not answered with success, 2 if misused.";

const LIST_EXAMPLES: &str = "\
Examples:
  danbao notify list
  danbao notify list --ready-file ready.json --state given-up
  danbao notify list --trade 2012022900000001 --json | jq -r '.notices[].notify_id'";

const SHOW_EXAMPLES: &str = "\
Examples:
  danbao notify show 2012022900000001k3v9x2m7q4k3v9x201
  danbao notify show 2012022900000001k3v9x2m7q4k3v9x201 --json | jq -r .body | danbao explain --key-file key.txt";

const RESEND_EXAMPLES: &str = "\
Examples:
  danbao notify resend 2012022900000001k3v9x2m7q4k3v9x201
  danbao notify resend --no-wait 2012022900000001k3v9x2m7q4k3v9x201

It goes now, under the same notify_id, whatever its state is; its schedule goes on as it was.";

/// Options of `notify`.
#[derive(Debug, Args)]
pub(super) struct NotifyArgs {
    #[command(subcommand)]
    command: NotifyCommand,
}

#[derive(Debug, Subcommand)]
enum NotifyCommand {
    /// List notifications
    #[command(after_help = LIST_EXAMPLES)]
    List(Box<ListArgs>),
    /// Show one, with its tries and its bytes
    #[command(after_help = SHOW_EXAMPLES)]
    Show(ShowArgs),
    /// Send one again, now
    #[command(after_help = RESEND_EXAMPLES)]
    Resend(ResendArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Pending,
    Acknowledged,
    GivenUp,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Acknowledged => "acknowledged",
            State::GivenUp => "given_up",
        }
    }
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    sandbox: SandboxArgs,
    /// Of this partner only
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Of this trade only
    #[arg(long, value_name = "TRADE_NO")]
    trade: Option<String>,
    /// In this state only
    #[arg(long, value_name = "STATE")]
    state: Option<State>,
    /// Only those that came to be owed then or later: `2012-01-05` or `2012-01-05 13:00:00`, Beijing time
    #[arg(long, value_name = "TIME", value_parser = super::import_log::since)]
    since: Option<Timestamp>,
    /// What `next` said on the page before
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// How many, at most 500
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The notify_id
    #[arg(value_parser = id)]
    notify_id: String,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Args)]
struct ResendArgs {
    /// The notify_id
    #[arg(value_parser = id)]
    notify_id: String,
    /// Do not wait for the shop's answer
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    out: Out,
}

/// Table `notify` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    nothing: String,
    columns: [String; 6],
    next_page: String,
    fields: [String; 6],
    attempts: String,
    resends: String,
    not_yet: String,
    says: String,
    bytes: String,
    spoiled: String,
    asked: String,
    answered: String,
    no_answer_yet: String,
    states: States,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct States {
    pending: String,
    acknowledged: String,
    given_up: String,
}

impl Words {
    fn state(&self, value: &Value) -> String {
        match value.as_str() {
            Some("pending") => self.states.pending.clone(),
            Some("acknowledged") => self.states.acknowledged.clone(),
            Some("given_up") => self.states.given_up.clone(),
            _ => cell(value),
        }
    }
}

pub(super) fn run(args: &NotifyArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        NotifyCommand::List(args) => list(args),
        NotifyCommand::Show(args) => show(args),
        NotifyCommand::Resend(args) => resend(args),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let sandbox = args.sandbox.open()?;
    let (limit, since) = (args.limit.to_string(), args.since.map(Timestamp::wire));
    let query = [
        ("partner", args.partner.as_deref()),
        ("trade_no", args.trade.as_deref()),
        ("state", args.state.map(State::word)),
        ("since", since.as_deref()),
        ("after", args.after.as_deref()),
        ("limit", Some(limit.as_str())),
    ];
    let page = sandbox.get("/notices", &query)?;
    if args.out.json {
        say(&format!("{page:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let words = &args.out.texts().notify;
    let notices = page["notices"].as_array().map(Vec::as_slice).unwrap_or_default();
    if notices.is_empty() {
        say(&format!("{}\n", words.nothing));
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![words.columns.clone()];
    for notice in notices {
        let tries = notice["attempts"].as_array().map_or(0, Vec::len);
        rows.push([
            cell(&notice["created_at"]),
            cell(&notice["notify_id"]),
            cell(&notice["out_trade_no"]),
            cell(&notice["trade_status"]),
            words.state(&notice["state"]),
            tries.to_string(),
        ]);
    }
    say(&lines(&rows));
    if let Some(next) = page["next"].as_str() {
        say(&format!("{}\n", words.next_page.replace("{}", next)));
    }
    Ok(ExitCode::SUCCESS)
}

fn load(sandbox: &Sandbox, notify_id: &str) -> anyhow::Result<Value> {
    sandbox.get(&format!("/notices/{notify_id}"), &[])
}

fn show(args: &ShowArgs) -> anyhow::Result<ExitCode> {
    let notice = load(&args.sandbox.open()?, &args.notify_id)?;
    match args.out.json {
        true => say(&format!("{notice:#}\n")),
        false => say(&in_words(&args.out.texts().notify, &notice)),
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(words: &Words, notice: &Value) -> String {
    let status = [cell(&notice["trade_status"]), cell(&notice["refund_status"])].join(" ");
    let values = [
        cell(&notice["notify_id"]),
        cell(&notice["out_trade_no"]),
        status.trim_end().to_owned(),
        cell(&notice["notify_url"]),
        words.state(&notice["state"]),
        cell(&notice["next_at"]),
    ];
    let fields: Vec<[String; 2]> = words
        .fields
        .iter()
        .cloned()
        .zip(values)
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| [name, value])
        .collect();
    let mut out = lines(&fields);
    section(&mut out, &words.attempts, &notice["attempts"], words);
    section(&mut out, &words.resends, &notice["resends"], words);
    let body = notice["body"].as_str().unwrap_or_default();
    let _ = write!(out, "\n{}\n{}", words.says, said(body, notice["charset"].as_str()));
    let _ = write!(out, "\n{}\n{body}\n", words.bytes);
    for spoiled in notice["spoiled_bodies"].as_array().into_iter().flatten() {
        let heading = words.spoiled.replace("{}", &cell(&spoiled["attempt"]));
        let _ = write!(out, "\n{heading}\n{}\n", cell(&spoiled["body"]));
    }
    out
}

/// The sends of one sort, if there are any.
fn section(out: &mut String, heading: &str, sends: &Value, words: &Words) {
    let Some(sends) = sends.as_array().filter(|sends| !sends.is_empty()) else { return };
    let rows: Vec<[String; 5]> = sends
        .iter()
        .map(|send| {
            let number = if send["attempt"].is_null() { &send["resend"] } else { &send["attempt"] };
            let faults = send["faults"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let why = faults.chain(send["reason"].as_str()).collect::<Vec<_>>().join(", ");
            let answer = match (&send["outcome"], send["status"].as_i64()) {
                (Value::Null, _) => words.not_yet.clone(),
                (_, Some(status)) => format!("{status} {}", cell(&send["answer"])),
                (outcome, None) => cell(outcome),
            };
            let at = if send["at"].is_null() { &send["due_at"] } else { &send["at"] };
            [
                format!("  #{}", cell(number)),
                cell(at),
                format!("{} ms", cell(&send["duration_ms"])),
                why,
                answer,
            ]
        })
        .collect();
    let _ = write!(out, "\n{heading}\n{}", lines(&rows));
}

/// The parameters of a body, one a line.
fn said(body: &str, charset: Option<&str>) -> String {
    let charset = charset.and_then(danbao_protocol::charset::Charset::from_label).unwrap_or_default();
    let text = Params::parse_urlencoded(body.as_bytes()).ok().and_then(|params| params.decode(charset).ok());
    let mut out = String::new();
    for (name, value) in text.iter().flat_map(|text| text.iter()) {
        let _ = writeln!(out, "  {name}={}", printable(value));
    }
    out
}

/// Longer than the gateway waits for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(50);

fn resend(args: &ResendArgs) -> anyhow::Result<ExitCode> {
    let (sandbox, words) = (args.sandbox.open()?, &args.out.texts().notify);
    let asked = sandbox.post(&format!("/notices/{}/resend", args.notify_id), None)?;
    let number =
        asked["resends"].as_array().and_then(|resends| resends.last()).map(|last| last["resend"].clone());
    if args.no_wait {
        match args.out.json {
            true => say(&format!("{asked:#}\n")),
            false => say(&format!("{}\n", words.asked)),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let answered = loop {
        let notice = load(&sandbox, &args.notify_id)?;
        let resends = notice["resends"].as_array().into_iter().flatten();
        let own = resends.into_iter().find(|resend| Some(&resend["resend"]) == number.as_ref()).cloned();
        match own {
            Some(own) if !own["outcome"].is_null() => break Some(own),
            _ if started.elapsed() > ANSWER_MAX => break None,
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    let is_well = answered.as_ref().is_some_and(|own| own["outcome"] == "acknowledged");
    let said = match (&answered, args.out.json) {
        (answered, true) => format!("{:#}\n", json!({ "notify_id": args.notify_id, "resend": answered })),
        (None, false) => format!("{}\n", words.no_answer_yet),
        (Some(own), false) => {
            let answer = match own["status"].as_i64() {
                Some(status) => format!("{status} {}", cell(&own["answer"])),
                None => cell(&own["outcome"]),
            };
            format!("{}\n", words.answered.replace("{}", answer.trim_end()))
        }
    };
    say(&said);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
