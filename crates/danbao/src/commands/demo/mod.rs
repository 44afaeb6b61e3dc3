//! `danbao demo`: every flow without a browser, over real sockets, on data of its own; then whether all agree.

mod deaf;
mod flow;
mod kiosk;
mod refunds;
mod report;
mod visitor;
mod wire;
mod words;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use anyhow::Context;
use clap::Args;

use self::flow::{FLOWS, Stage};
use self::kiosk::Heard;
use self::report::Report;
use self::wire::Wire;
pub(super) use self::words::Words;
use super::text::texts;
use super::{say, terminal_lang};
use crate::config::{Config, Lang};
use crate::host::client::{Client, ClientLimits};
use crate::installation::Installation;

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao demo
  danbao demo --json | jq .agrees

Exit status 0 only if gateway, ledger, notifications and shop agree on every purchase.";

/// Options of `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Print one JSON document instead of the story
    #[arg(long)]
    json: bool,
    /// The language of the story [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

pub(super) fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let words = &texts(args.lang.unwrap_or_else(terminal_lang)).demo;
    let tell = |text: &str| {
        if !args.json {
            say(text);
        }
    };
    let data = tempfile::tempdir().context("no place for temporary data")?;
    let mut config = Config { data: data.path().to_owned(), ..Config::default() };
    config.gateway.listen.set_port(0);
    config.shop.listen.set_port(0);
    let refusals = Arc::new(AtomicU32::new(0));
    let left = Arc::clone(&refusals);
    let heard = Heard::default();
    let kiosk_hears = heard.clone();
    let installation = Installation::start_with(&config, move |shop| {
        kiosk::beside(deaf::before(shop, Arc::clone(&left)), kiosk_hears.clone())
    })?;
    tell(&words.opening(installation.gateway_url(), installation.shop_url()));

    let client = Client::new(installation.runtime().handle().clone(), ClientLimits::default())?;
    let stage = Stage {
        wire: Wire::new(client, installation.accounts().sandbox_token.clone()),
        gateway: installation.gateway_url().to_owned(),
        shop: installation.shop_url().to_owned(),
        partner: installation.accounts().partner.partner.clone(),
        buyer: installation.accounts().buyers.first().context("the sandbox has no buyer")?.email.clone(),
        refusals,
        words,
        tell: &tell,
    };
    let mut report = Report::default();
    for (number, flow) in (1..).zip(FLOWS) {
        tell(&words.heading(number, flow));
        let told = stage.play(flow);
        if let Some(trouble) = &told.trouble {
            tell(&words.trouble(trouble));
        }
        report.flows.push(told);
    }
    report.flows.extend(refunds::play(&stage, &heard, FLOWS.len() + 1));
    report.imbalance = stage.imbalance()?;
    report.agrees = report.imbalance == "0.00" && report.flows.iter().all(|told| told.agrees);
    installation.stop();
    match args.json {
        true => say(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        false => say(&report.table(words)),
    }
    Ok(if report.agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
