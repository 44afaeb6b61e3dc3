//! `danbao doctor`: the tutorials' check-lists against a merchant's settings and live pages.

mod gather;
mod report;
mod sockets;
mod stand_in;
mod words;

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use danbao_doctor::settings::Settings;
use danbao_doctor::{Severity, Verdict, examine};
use danbao_protocol::money::Fen;
use danbao_protocol::service::payment::PaymentService;

use super::explain::asked::read_file;
use super::explain::misused;
use super::terminal::say_json;
use super::text::texts;
use super::{say, terminal_lang};
use crate::config::Lang;
pub(super) use words::{Words, fill};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao doctor --config alipay_config.php
  danbao doctor --partner 2088000000000001 --key-file key.txt --charset utf-8 \\
      --notify-url http://shop.example/notify_url.php --return-url http://shop.example/return_url.php
  danbao doctor --config shop.toml --gateway 127.0.0.1:9999     the shop asks notify_verify there
  danbao doctor --config shop.toml --gateway 127.0.0.1:9999 --order 2012010500001 --amount 0.01
  danbao doctor --config shop.toml --log /var/www/log.txt --allow-list firewall.txt --json

A test notification pays for nothing: it names an order that does not exist, or the one of --order, and always says
that it waits for payment (WAIT_BUYER_PAY). The shop may note the test's trade number with the order of --order, so
place one for it that nobody will pay. A shop that answers fail to an unknown order is in order; with --gateway it is
seen that sign and notify_verify were right, with --order that the answer is success.

Run it on the shop's server for the log (as the web server's user), for names and for ports, and somewhere else for the
firewall. --config reads TOML and the samples' settings files in PHP, ASP, C# and Java; options outweigh it.

Ends with 0 if nothing worse than a note was found, 1 if an error was, 3 if warnings alone were, 2 if misused.";

/// Warnings, and nothing worse.
const WARNED: u8 = 3;
/// More than any settings file or allow list has, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;

/// Options of `doctor`.
#[derive(Args)]
pub(super) struct DoctorArgs {
    /// The shop's settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The partner's number, byte for byte
    #[arg(long, value_name = "NUMBER")]
    partner: Option<String>,
    /// The MD5 key, byte for byte; other users of this machine may see it, --key-file is better
    #[arg(long, env = "DANBAO_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// A file with the MD5 key, byte for byte but for one line end behind it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where the shop takes notifications
    #[arg(long, value_name = "URL")]
    notify_url: Option<String>,
    /// Where buyers come back
    #[arg(long, value_name = "URL")]
    return_url: Option<String>,
    /// Where an order is shown
    #[arg(long, value_name = "URL")]
    show_url: Option<String>,
    /// The shop's _input_charset
    #[arg(long, value_name = "NAME")]
    charset: Option<String>,
    /// The seller's login
    #[arg(long, value_name = "EMAIL")]
    seller_email: Option<String>,
    /// The gateway.do that the shop uses: its name, port, certificate and answer are looked at
    #[arg(long, value_name = "URL")]
    gateway_url: Option<String>,
    /// Stand in for the gateway here and answer notify_verify; the shop must ask http://ADDR/gateway.do
    #[arg(long, value_name = "ADDR")]
    gateway: Option<SocketAddr>,
    /// An order that test notifications may name: unpaid, and never to be paid
    #[arg(long, value_name = "NUMBER")]
    order: Option<String>,
    /// That order's amount in yuan [default: 0.01]
    #[arg(long, value_name = "YUAN", value_parser = amount)]
    amount: Option<Fen>,
    /// That order's service [default: create_partner_trade_by_buyer]
    #[arg(long, value_name = "SERVICE", value_parser = service)]
    service: Option<PaymentService>,
    /// The shop's log, file or folder; for the user who runs this command
    #[arg(long, value_name = "PATH")]
    log: Option<PathBuf>,
    /// The addresses that the shop's firewall lets in, one to a line
    #[arg(long, value_name = "FILE")]
    allow_list: Option<PathBuf>,
    /// Where notifications come from [default: the addresses of --gateway-url]
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    source: Vec<IpAddr>,
    /// The address that the shop's server has now
    #[arg(long, value_name = "IP")]
    server: Option<IpAddr>,
    /// The longest wait for one answer, in seconds; the gateway's own is 30
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

/// Says which settings there are and nothing of the key.
impl std::fmt::Debug for DoctorArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DoctorArgs").field("config", &self.config).finish_non_exhaustive()
    }
}

fn amount(text: &str) -> Result<Fen, String> {
    match Fen::parse(text) {
        Ok(amount) if amount.is_positive() => Ok(amount),
        Ok(_) => Err("an amount is more than nothing".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn service(text: &str) -> Result<PaymentService, String> {
    PaymentService::from_wire(text).ok_or_else(|| {
        let known: Vec<&str> = PaymentService::ALL.iter().map(|service| service.as_str()).collect();
        format!("one of {}", known.join(", "))
    })
}

pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let words = &texts(args.lang.unwrap_or_else(terminal_lang)).doctor;
    let asked = match asked(args, words) {
        Ok(asked) => asked,
        Err(error) => return Ok(misused(&format!("{error:#}"))),
    };
    let gathered = gather::gather(asked, &mut |done, all, probe| progress(words, done, all, probe));
    let seen = match gathered {
        Ok(seen) => seen,
        // Not 1, which says that a shop was looked at: an address that cannot be had is the asker's matter.
        Err(error) => return Ok(misused(&format!("{error:#}"))),
    };
    let verdicts = examine(&seen.facts);
    if args.json {
        say_json(&report::data(&seen, &verdicts, words))?;
    } else {
        say(&report::text(&seen, &verdicts, words));
    }
    let found = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Found(_)));
    Ok(match found.map(|(check, _)| check.severity).max() {
        Some(Severity::Error) => ExitCode::FAILURE,
        Some(Severity::Warning) => ExitCode::from(WARNED),
        Some(Severity::Note) | None => ExitCode::SUCCESS,
    })
}

/// One line on a terminal that is written over again; nothing where nobody watches.
fn progress(words: &Words, done: usize, all: usize, probe: Option<&'static str>) {
    let mut err = std::io::stderr();
    if !err.is_terminal() {
        return;
    }
    let line = probe.map(|probe| words.progress(done, all, probe)).unwrap_or_default();
    let _ = write!(err, "\r\x1B[K{line}").and_then(|()| err.flush());
}

/// Everything that was asked for, read.
fn asked(args: &DoctorArgs, words: &Words) -> anyhow::Result<gather::Asked> {
    let settings = settings(args)?;
    let is_nothing = settings == Settings::default() && args.log.is_none() && args.allow_list.is_none();
    if is_nothing {
        bail!(words.nothing_to_do.clone());
    }
    let allow_list = args.allow_list.as_deref().map(whole).transpose()?;
    Ok(gather::Asked {
        settings,
        stand_in_at: args.gateway,
        log: args.log.clone(),
        allow_list: allow_list.map(|list| String::from_utf8_lossy(&list).into_owned()),
        sources: args.source.clone(),
        server: args.server,
        answer_max: Duration::from_secs(args.timeout),
    })
}

fn settings(args: &DoctorArgs) -> anyhow::Result<Settings> {
    let key_file = args.key_file.as_deref().map(whole).transpose()?;
    let key = key_file.map(without_line_end).or_else(|| args.key.clone().map(String::into_bytes));
    let mut settings = Settings {
        partner: args.partner.clone(),
        // A variable that is set to nothing is not set.
        key: key.filter(|key| args.key_file.is_some() || !key.is_empty()),
        notify_url: args.notify_url.clone(),
        return_url: args.return_url.clone(),
        show_url: args.show_url.clone(),
        charset: args.charset.clone(),
        seller_email: args.seller_email.clone(),
        gateway_url: args.gateway_url.clone(),
        order: args.order.clone(),
        amount: args.amount,
        service: args.service,
        file: None,
    };
    if let Some(file) = &args.config {
        settings.fill_from(&whole(file)?);
    }
    Ok(settings)
}

/// A file's bytes, if they are not too many.
fn whole(file: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = read_file(Some(file), FILE_BYTES_MAX + 1).context("reading an option's file")?;
    if bytes.len() > FILE_BYTES_MAX {
        bail!("{} is longer than {FILE_BYTES_MAX} bytes", file.display());
    }
    Ok(bytes)
}

/// The line end that editors put behind the last line is not meant.
fn without_line_end(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}
