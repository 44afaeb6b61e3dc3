//! `danbao up`: gateway and shop, until told to stop.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use toml::{Table, Value};

use super::{banner, say, terminal_lang};
use crate::config::{self, Config, Lang};
use crate::installation::{Accounts, Installation};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao up
  danbao up --data /var/lib/danbao --listen 127.0.0.1:9080 --shop-listen 127.0.0.1:9081
  danbao up --listen 127.0.0.1:0 --shop-listen 127.0.0.1:0 --ready-file ready.json
  danbao up --database postgres://danbao@localhost/gateway --shop-database postgres://danbao@localhost/shop
  DANBAO__GATEWAY__PUBLIC_URL=https://pay.example.com danbao up --config /etc/danbao.toml";

/// Options of `up`. Each may also stand in the file or in the environment; see `danbao --help`.
#[derive(Debug, Args)]
pub(super) struct UpArgs {
    /// Where embedded databases live [default: ./danbao-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the gateway listens; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the shop listens; port 0 takes a free one [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR")]
    shop_listen: Option<SocketAddr>,
    /// The gateway's database: postgres://... or sqlite://... [default: gateway.db in the data directory]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The shop's database [default: shop.db in the data directory]
    #[arg(long, value_name = "URL")]
    shop_database: Option<String>,
    /// Written as JSON once gateway and shop answer; removed when they stop
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Settings as TOML [default: ./danbao.toml if it is there]
    #[arg(long, value_name = "FILE", env = "DANBAO_CONFIG")]
    config: Option<PathBuf>,
    /// The language of what is printed [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

impl UpArgs {
    /// These options in the shape of a settings file.
    fn layer(&self) -> anyhow::Result<Table> {
        let path = |path: &Option<PathBuf>| match path {
            Some(path) => {
                let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
                anyhow::Ok(Some(text.to_owned()))
            }
            None => Ok(None),
        };
        let lang = self.lang.map(|lang| if lang == Lang::Zh { "zh" } else { "en" }.to_owned());
        let gateway = table([
            ("listen", self.listen.map(|address| address.to_string())),
            ("database", self.database.clone()),
        ]);
        let shop = table([
            ("listen", self.shop_listen.map(|address| address.to_string())),
            ("database", self.shop_database.clone()),
        ]);
        let mut layer =
            table([("data", path(&self.data)?), ("ready_file", path(&self.ready_file)?), ("lang", lang)]);
        layer.insert("gateway".to_owned(), Value::Table(gateway));
        layer.insert("shop".to_owned(), Value::Table(shop));
        Ok(layer)
    }
}

fn table<const N: usize>(entries: [(&str, Option<String>); N]) -> Table {
    let given = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::String(value?))));
    given.collect()
}

/// What the ready file holds.
#[derive(Debug, Serialize)]
struct Ready<'a> {
    gateway: &'a str,
    shop: &'a str,
    #[serde(flatten)]
    accounts: &'a Accounts,
}

pub(super) fn run(args: UpArgs) -> anyhow::Result<ExitCode> {
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = match args.layer().and_then(|flags| config::load(args.config.as_deref(), environment, flags))
    {
        Ok(config) => config,
        Err(error) => {
            eprintln!("danbao: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let lang = config.lang.unwrap_or_else(terminal_lang);
    serve(&config, lang)?;
    Ok(ExitCode::SUCCESS)
}

fn serve(config: &Config, lang: Lang) -> anyhow::Result<()> {
    if let Some(file) = &config.ready_file {
        remove(file).with_context(|| format!("an old {} is in the way", file.display()))?;
    }
    let installation = Installation::start(config)?;
    let signals = installation.runtime().block_on(async { Signals::listen() })?;
    if let Some(file) = &config.ready_file {
        let ready = Ready {
            gateway: installation.gateway_url(),
            shop: installation.shop_url(),
            accounts: installation.accounts(),
        };
        write_whole(file, &serde_json::to_vec_pretty(&ready)?)
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    say(&banner::up(lang, &installation, &config.data));
    let mut signals = installation.runtime().block_on(signals.first());
    say(&banner::stopping(lang));
    installation.runtime().spawn(async move {
        signals.next().await;
        // Whoever asks twice does not want to wait for open requests; the databases survive a kill.
        std::process::exit(130);
    });
    installation.stop();
    if let Some(file) = &config.ready_file {
        remove(file)?;
    }
    Ok(())
}

/// Ctrl-C and SIGTERM.
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    pub(super) async fn first(mut self) -> Signals {
        self.next().await;
        self
    }
}

/// Whoever waits for the file must never see half of it.
pub(super) fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    std::fs::write(&name, bytes)?;
    std::fs::rename(&name, file)
}

pub(super) fn remove(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
