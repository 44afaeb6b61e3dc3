//! What the command line offers. Only this module prints.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks to people through these"
)]
#![allow(clippy::disallowed_methods, reason = "the host reads the environment and writes files")]

mod banner;
mod certify;
mod demo;
mod doctor;
mod explain;
mod explain_code;
mod faults;
mod import_log;
mod keys;
mod listen;
mod merchant;
mod notify;
mod sandbox;
mod table;
mod terminal;
mod text;
mod up;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Lang;

/// Danbao, an escrow payment gateway with its merchant's side.
///
/// Compatible with the 2011-2012 partner gateway interface. An independent project; as a sandbox it moves play money
/// only.
#[derive(Debug, Parser)]
#[command(name = "danbao", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::UpArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start gateway and shop (also without any subcommand)
    #[command(after_help = up::EXAMPLES)]
    Up(up::UpArgs),
    /// Walk through every flow without a browser and check that all agree
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::DemoArgs),
    /// Play the gateway to a merchant's own pages, with every trouble, and say whether each order moved exactly once
    #[command(after_help = certify::EXAMPLES)]
    Certify(Box<certify::CertifyArgs>),
    /// Say why the signature of a message is not right
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArgs),
    /// Find the messages in a log and explain each
    #[command(after_help = import_log::EXAMPLES)]
    ImportLog(import_log::ImportLogArgs),
    /// Say what an error code means and what to do about it
    #[command(after_help = explain_code::EXAMPLES)]
    ExplainCode(explain_code::ExplainCodeArgs),
    /// Look for what keeps a shop's orders from being updated
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(Box<doctor::DoctorArgs>),
    /// Name, make, add and retire keys
    #[command(after_help = keys::EXAMPLES)]
    Keys(keys::KeysArgs),
    /// Follow the notifications of a running sandbox, with the shop's answers
    #[command(after_help = listen::EXAMPLES)]
    Listen(Box<listen::ListenArgs>),
    /// List, show and resend the notifications of a running sandbox
    #[command(after_help = notify::EXAMPLES)]
    Notify(notify::NotifyArgs),
    /// Plan faults of the wire in a running sandbox: lost, late, doubled, reordered, spoiled
    #[command(after_help = faults::EXAMPLES)]
    Faults(faults::FaultsArgs),
    /// Serve the merchant's kit beside a shop in any language: REST, signed webhooks, a feed of changes
    #[command(after_help = merchant::EXAMPLES)]
    Merchant(merchant::MerchantArgs),
}

const EXAMPLES: &str = "\
Examples:
  danbao                                        gateway on :8080, shop on :8081, data in ./danbao-data
  danbao up --listen 127.0.0.1:0 --shop-listen 127.0.0.1:0 --ready-file ready.json
  danbao up --database postgres://danbao@localhost/gateway
  danbao demo                                   every flow without a browser

Settings come from ./danbao.toml (or --config, or $DANBAO_CONFIG), then from variables like
DANBAO__GATEWAY__LISTEN, then from the command line. DANBAO_LOG=debug says more on stderr.";

/// Runs the command that the process was started with and says how it ended: 0 well, 1 failed, 2 misused.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    let done = match cli.command.unwrap_or(Command::Up(cli.up)) {
        Command::Up(args) => up::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Certify(args) => certify::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::ImportLog(args) => import_log::run(&args),
        Command::ExplainCode(args) => explain_code::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Keys(args) => keys::run(args),
        Command::Listen(args) => listen::run(&args),
        Command::Notify(args) => notify::run(&args),
        Command::Faults(args) => faults::run(&args),
        Command::Merchant(args) => merchant::run(args),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("danbao: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints to stdout. A reader that has gone (`danbao | head -1`) is no reason to stop serving, as `print!` would.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn start_log() {
    let filter = EnvFilter::try_from_env("DANBAO_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// The terminal's language: Chinese if its locale says so, English otherwise.
fn terminal_lang() -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| std::env::var(name).ok());
    match locale {
        Some(locale) if locale.starts_with("zh") => Lang::Zh,
        _ => Lang::En,
    }
}
