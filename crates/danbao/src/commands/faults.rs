//! `danbao faults`: fault plans in a sandbox that runs.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keys::length;
use super::sandbox::{Out, Sandbox, SandboxArgs};
use super::say;
use super::table::{cell, lines};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao faults begin drop:tries=2                        the first two tries of each notification are lost
  danbao faults begin --seed 7 --for 1h drop:percent=30 duplicate:times=2 reorder
  danbao faults begin --trade 2012022900000001 slow_body:seconds=20
  danbao faults begin outage                              nobody is there for 25 hours
  danbao faults list
  danbao faults show 1                                    what it did, for comparing with another run
  danbao faults end 1

The faults: outage, delay, reorder, drop, cut_body, slow_body, corrupt_sign, wrong_charset, duplicate. Behind a colon
percent=1..100 (of the tries), seconds= (of delay, reorder, slow_body and duplicate), times= (of duplicate) and tries=
(only the first tries of each notification). The same seed and the same inputs give the same faults. Nothing that is
owed is lost: a try that was spoiled does not count.";

const BEGIN_EXAMPLES: &str = "\
Examples:
  danbao faults begin drop:tries=2
  danbao faults begin --partner 2088000000000001 --seed 7 --for 1h drop:percent=30 duplicate:times=2
  danbao faults begin outage

A new plan takes the place of the one that the partner or the trade had. A trade's own plan goes before its partner's.";

const SHOW_EXAMPLES: &str = "\
Examples:
  danbao faults show 1
  danbao faults show 1 --json | jq -c '.record[] | [.place, .try, .fault, .detail]'";

/// Options of `faults`.
#[derive(Debug, Args)]
pub(super) struct FaultsArgs {
    #[command(subcommand)]
    command: FaultsCommand,
}

#[derive(Debug, Subcommand)]
enum FaultsCommand {
    /// Begin a plan
    #[command(after_help = BEGIN_EXAMPLES)]
    Begin(Box<BeginArgs>),
    /// List the latest plans
    #[command(
        after_help = "Examples:\n  danbao faults list\n  danbao faults list --partner 2088000000000001 --json"
    )]
    List(ListArgs),
    /// Show a plan and what it has done
    #[command(after_help = SHOW_EXAMPLES)]
    Show(PlanArgs),
    /// End a plan; what waits for its end goes at once
    #[command(after_help = "Examples:\n  danbao faults end 1")]
    End(PlanArgs),
}

#[derive(Debug, Args)]
struct BeginArgs {
    /// What is to happen: `drop`, `drop:percent=30,tries=2`, `duplicate:times=2,seconds=60`
    #[arg(required = true, value_name = "FAULT", value_parser = fault)]
    faults: Vec<Value>,
    /// Whose notifications [default: those of the only partner]
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Only this trade's
    #[arg(long, value_name = "TRADE_NO")]
    trade: Option<String>,
    /// Where what is random comes from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u32,
    /// How long: 30m, 25h, 7d
    #[arg(long = "for", value_name = "LENGTH", default_value = "25h", value_parser = length)]
    lasting: Duration,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Args)]
struct ListArgs {
    /// Of this partner only
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    out: Out,
}

#[derive(Debug, Args)]
struct PlanArgs {
    /// The plan's number
    plan_id: u32,
    #[command(flatten)]
    sandbox: SandboxArgs,
    #[command(flatten)]
    out: Out,
}

/// Table `faults` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    none: String,
    running: String,
    ended: String,
    columns: [String; 7],
    record: String,
    record_columns: [String; 6],
    nothing_yet: String,
}

/// `drop:percent=30,tries=2` as the sandbox API wants it; which numbers a fault takes is the gateway's to say.
fn fault(typed: &str) -> Result<Value, String> {
    let (name, numbers) = typed.split_once(':').unwrap_or((typed, ""));
    let mut wish = Map::from_iter([("fault".to_owned(), json!(name))]);
    for number in numbers.split(',').filter(|number| !number.is_empty()) {
        let wrong = || format!("{number}: a number is written as percent=30, seconds=5, times=2 or tries=1");
        let (key, value) = number.split_once('=').ok_or_else(wrong)?;
        let value: u32 = value.parse().map_err(|_| wrong())?;
        if !["percent", "seconds", "times", "tries"].contains(&key)
            || wish.insert(key.to_owned(), json!(value)).is_some()
        {
            return Err(wrong());
        }
    }
    Ok(Value::Object(wish))
}

pub(super) fn run(args: &FaultsArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        FaultsCommand::Begin(args) => begin(args)?,
        FaultsCommand::List(args) => list(args)?,
        FaultsCommand::Show(args) => {
            let plan = args.sandbox.open()?.get(&format!("/faults/{}", args.plan_id), &[])?;
            print(&args.out, &plan);
        }
        FaultsCommand::End(args) => {
            let plan = args.sandbox.open()?.post(&format!("/faults/{}/end", args.plan_id), None)?;
            print(&args.out, &plan);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn begin(args: &BeginArgs) -> anyhow::Result<()> {
    let sandbox = args.sandbox.open()?;
    let mut body = json!({ "seed": args.seed, "seconds": args.lasting.as_secs(), "faults": args.faults });
    match (&args.partner, &args.trade) {
        (None, None) => body["partner"] = only_partner(&sandbox)?,
        (partner, trade) => {
            for (name, value) in [("partner", partner), ("trade_no", trade)] {
                if let Some(value) = value {
                    body[name] = json!(value);
                }
            }
        }
    }
    print(&args.out, &sandbox.post("/faults", Some(&body))?);
    Ok(())
}

fn only_partner(sandbox: &Sandbox) -> anyhow::Result<Value> {
    let state = sandbox.get("/state", &[])?;
    match state["partners"].as_array().map(Vec::as_slice) {
        Some([only]) => Ok(only["partner"].clone()),
        _ => None.context("there are several partners: say whose with --partner or --trade"),
    }
}

fn list(args: &ListArgs) -> anyhow::Result<()> {
    let page = args.sandbox.open()?.get("/faults", &[("partner", args.partner.as_deref())])?;
    if args.out.json {
        say(&format!("{page:#}\n"));
        return Ok(());
    }
    let words = &args.out.texts().faults;
    let plans = page["plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    if plans.is_empty() {
        say(&format!("{}\n", words.none));
        return Ok(());
    }
    let mut rows = vec![words.columns.clone()];
    rows.extend(plans.iter().map(|plan| row(words, plan)));
    say(&lines(&rows));
    Ok(())
}

fn row(words: &Words, plan: &Value) -> [String; 7] {
    let whose = if plan["trade_no"].is_null() { &plan["partner"] } else { &plan["trade_no"] };
    let state = if plan["is_running"] == true { &words.running } else { &words.ended };
    [
        cell(&plan["plan_id"]),
        cell(whose),
        cell(&plan["seed"]),
        state.clone(),
        cell(&plan["until_at"]),
        cell(&plan["met"]),
        rules(plan),
    ]
}

/// The plan's faults as they would be typed.
fn rules(plan: &Value) -> String {
    let rule = |rule: &Value| {
        let numbers: Vec<String> = ["percent", "seconds", "times", "tries"]
            .iter()
            .filter(|name| {
                let is_usual = rule[**name] == i64::from(**name == "percent") * 100;
                !rule[**name].is_null() && !is_usual
            })
            .map(|name| format!("{name}={}", cell(&rule[*name])))
            .collect();
        let colon = if numbers.is_empty() { "" } else { ":" };
        format!("{}{colon}{}", cell(&rule["fault"]), numbers.join(","))
    };
    plan["faults"].as_array().into_iter().flatten().map(rule).collect::<Vec<_>>().join(" ")
}

fn print(out: &Out, plan: &Value) {
    if out.json {
        return say(&format!("{plan:#}\n"));
    }
    let words = &out.texts().faults;
    say(&lines(&[words.columns.clone(), row(words, plan)]));
    let Some(record) = plan["record"].as_array() else { return };
    if record.is_empty() {
        return say(&format!("\n{}\n", words.nothing_yet));
    }
    let mut rows = vec![words.record_columns.clone()];
    for line in record {
        rows.push([
            cell(&line["place"]),
            cell(&line["try"]),
            cell(&line["fault"]),
            cell(&line["detail"]),
            cell(&line["at"]),
            cell(&line["notify_id"]),
        ]);
    }
    say(&format!("\n{}\n{}", words.record.replace("{}", &cell(&plan["plan_id"])), lines(&rows)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_people_type_them() {
        assert_eq!(fault("drop").unwrap(), json!({ "fault": "drop" }));
        let typed = fault("drop:percent=30,tries=2").unwrap();
        assert_eq!(typed, json!({ "fault": "drop", "percent": 30, "tries": 2 }));
        for wrong in ["drop:x=1", "drop:percent", "drop:percent=x", "drop:percent=-1", "drop:tries=1,tries=2"]
        {
            assert!(fault(wrong).is_err(), "{wrong}");
        }
    }
}
