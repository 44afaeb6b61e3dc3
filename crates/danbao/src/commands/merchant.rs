//! `danbao merchant`: the merchant's kit as a service beside a shop, until told to stop.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use toml::{Table, Value};

use super::banner::columns;
use super::text::texts;
use super::up::{Signals, remove, write_whole};
use super::{say, terminal_lang};
use crate::config::Lang;
use crate::merchant::{self, MerchantSettings, Service};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao merchant                               settings from ./merchant.toml
  danbao merchant --config /etc/danbao/merchant.toml
  DANBAO_MERCHANT__ACCOUNT__MAIN__KEY_FILE=/run/secrets/key danbao merchant
  danbao merchant --database postgres://shop@localhost/merchant

The least that merchant.toml holds: api_token, return_page, result_secret, and one [account.NAME] with gateway_url,
partner, seller_email and key. Every secret may stand in a file of its own: api_token_file, key_file and so on.";

/// Options of `merchant`. Each may also stand in the file or in the environment.
#[derive(Debug, Args)]
pub(super) struct MerchantArgs {
    /// Settings as TOML [default: ./merchant.toml if it is there]
    #[arg(long, value_name = "FILE", env = "DANBAO_MERCHANT_CONFIG")]
    config: Option<PathBuf>,
    /// Where the embedded database lives [default: ./danbao-merchant-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8082]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// The database: postgres://... or sqlite://... [default: merchant.db in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Written as JSON once the sidecar answers; removed when it stops
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The language of what is printed [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

/// The words, table `merchant` of the text files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    title: String,
    api: String,
    feed: String,
    webhook: String,
    no_webhook: String,
    data: String,
    end: String,
    stopping: String,
}

impl MerchantArgs {
    /// These options in the shape of a settings file.
    fn layer(&self) -> anyhow::Result<Table> {
        let path = |path: &Option<PathBuf>| {
            let text = path.as_ref().map(|path| path.to_str().context("a path is not UTF-8"));
            text.transpose().map(|text| text.map(str::to_owned))
        };
        let entries = [
            ("data", path(&self.data)?),
            ("listen", self.listen.map(|address| address.to_string())),
            ("database", self.database.clone()),
            ("ready_file", path(&self.ready_file)?),
            ("lang", self.lang.map(|lang| if lang == Lang::Zh { "zh" } else { "en" }.to_owned())),
        ];
        let given = entries.into_iter().filter_map(|(key, value)| Some((key, Value::String(value?))));
        Ok(given.map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

pub(super) fn run(args: MerchantArgs) -> anyhow::Result<ExitCode> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = args.layer().and_then(|flags| merchant::load(args.config.as_deref(), environment, flags));
    // Settings that cannot be right are a misuse, whoever wrote them where.
    let checked = settings.and_then(|settings| settings.check().map(|()| settings));
    match checked {
        Ok(settings) => {
            serve(&settings)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("danbao: {error:#}");
            Ok(ExitCode::from(2))
        }
    }
}

fn serve(settings: &MerchantSettings) -> anyhow::Result<()> {
    let words = &texts(settings.lang.unwrap_or_else(terminal_lang)).merchant;
    if let Some(file) = &settings.ready_file {
        remove(file).with_context(|| format!("an old {} is in the way", file.display()))?;
    }
    let service = Service::start(settings)?;
    let signals = service.runtime().block_on(async { Signals::listen() })?;
    if let Some(file) = &settings.ready_file {
        let ready = serde_json::json!({ "url": service.url() });
        write_whole(file, ready.to_string().as_bytes())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    say(&banner(words, &service, settings));
    let mut signals = service.runtime().block_on(signals.first());
    say(&format!("\n{}\n", words.stopping));
    service.runtime().spawn(async move {
        signals.next().await;
        // Whoever asks twice does not want to wait for open requests; the database survives a kill.
        std::process::exit(130);
    });
    service.stop();
    if let Some(file) = &settings.ready_file {
        remove(file)?;
    }
    Ok(())
}

fn banner(words: &Words, service: &Service, settings: &MerchantSettings) -> String {
    let url = service.url();
    let places = [
        (&words.api, format!("{url}/v1/openapi.json")),
        (&words.feed, format!("{url}/v1/events")),
        (&words.webhook, service.webhook().unwrap_or(&words.no_webhook).to_owned()),
        (&words.data, settings.data.display().to_string()),
    ];
    let width = places.iter().map(|(name, _)| columns(name)).max().unwrap_or(0);
    let mut text = format!("\n{}\n\n", words.title);
    for (name, place) in &places {
        let gap = width.saturating_sub(columns(name)) + 3;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name}{:gap$}{place}", "");
    }
    let _ = write!(text, "\n{}\n", words.end);
    text
}
