//! `danbao certify`: plays the gateway to a merchant's own pages, with every trouble, and looks what becomes of its orders.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use danbao_certify::report::{self, Report};
use danbao_certify::scenario::{self, Group, Scenario};
use danbao_certify::words::{self, words};
use danbao_certify::{Certifier, Progress, Terms};
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Node;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::sign::pasted::{self, Pasted};
use danbao_protocol::sign::{Md5Key, SignType, Signer, Verifier};
use serde_json::json;
use tokio::runtime::Runtime;

use super::explain::{asked::read_file, misused};
use super::{say, terminal_lang};
use crate::config::Lang;
use crate::host::client::{Client, ClientLimits};
use crate::host::clock::SteadyClock;
use crate::host::runner::{Pace, Runner};
use crate::host::server::{Listener, ServerLimits};

pub(super) const EXAMPLES: &str = "\
Examples:
  danbao certify --list
  danbao certify --target http://127.0.0.1:8000 --partner 2088000000000001 --key-file key.txt \\
                 --seller-email seller@shop.example --html report.html --junit report.xml
  danbao certify ... --only forged                       one group, or a part of a name
  danbao certify ... --seed 7 --only an_escrow_told_in_any_order
  danbao certify ... --sign-type RSA --key-file shop.pub.pem --gateway-key-file gateway.pem

This program is the gateway of the run: configure the shop so that it sends its buyers to, and asks notify_verify at,
http://127.0.0.1:8090/gateway.do (see --listen). The shop offers two small addresses, for tests only: POST of an order,
and GET of its state; docs/certify.md describes them. Use a shop whose orders nobody ships.

Ends with 0 if the shop has passed, 1 if it has not, 2 if misused or if the shop cannot be reached.";

/// Options of `certify`.
#[derive(Args)]
pub(super) struct CertifyArgs {
    /// The shop's own address; messages go nowhere else
    #[arg(long, value_name = "URL", required_unless_present = "list")]
    target: Option<String>,
    /// Where orders are placed [default: /orders at the target]
    #[arg(long, value_name = "URL")]
    orders_url: Option<String>,
    /// Where this gateway listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// How the shop reaches it, if not at http://ADDR
    #[arg(long, value_name = "URL")]
    gateway_url: Option<String>,
    /// 合作者身份
    #[arg(long, value_name = "NUMBER", required_unless_present = "list")]
    partner: Option<String>,
    /// The MD5 key; other users of this machine may see it, --key-file is better
    #[arg(long, env = "DANBAO_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,
    /// A file with the MD5 key, byte for byte but for one line end behind it; or with the shop's public key
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// How both sides sign
    #[arg(long, value_name = "SIGN_TYPE", default_value = "MD5", ignore_case = true)]
    sign_type: SignTypeName,
    /// With RSA, RSA2 and DSA: a file with the private key that signs what the gateway says; the shop has its public half
    #[arg(long, value_name = "FILE")]
    gateway_key_file: Option<PathBuf>,
    /// The e-mail address of the account that is paid
    #[arg(long, value_name = "EMAIL", required_unless_present = "list")]
    seller_email: Option<String>,
    /// Its number [default: the partner's]
    #[arg(long, value_name = "NUMBER")]
    seller_id: Option<String>,
    /// What is ordered, by the shop's own name for it
    #[arg(long, value_name = "NAME", default_value = "bookmark")]
    good: String,
    /// How many of it; the total must be more than 0.01 yuan
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    quantity: u32,
    /// Only scenarios of this service; may be repeated
    #[arg(long, value_name = "SERVICE")]
    service: Vec<ServiceName>,
    /// Only scenarios of this group, of this name, or with this in their name; several with commas
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    only: Vec<String>,
    /// Decides every order that a scenario leaves open
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How long the shop may take for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout_seconds: u64,
    /// How long an order may take to become what it must be, once all answers are there
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(..=60_000))]
    settle_ms: u64,
    /// How long the whole run may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_seconds: u64,
    /// Say which scenarios there are, and play none
    #[arg(long)]
    list: bool,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a page with a picture of each failure
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The language of what is printed and written [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

/// The signatures by the words of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
enum SignTypeName {
    Md5,
    Rsa,
    Rsa2,
    Dsa,
}

impl SignTypeName {
    const fn wire(self) -> SignType {
        match self {
            SignTypeName::Md5 => SignType::Md5,
            SignTypeName::Rsa => SignType::Rsa,
            SignTypeName::Rsa2 => SignType::Rsa2,
            SignTypeName::Dsa => SignType::Dsa,
        }
    }
}

/// The services by short names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ServiceName {
    /// 即时到账
    Direct,
    /// 担保交易
    Escrow,
    /// 标准双接口
    Dual,
}

impl ServiceName {
    const fn wire(self) -> PaymentService {
        match self {
            ServiceName::Direct => PaymentService::CreateDirectPayByUser,
            ServiceName::Escrow => PaymentService::CreatePartnerTradeByBuyer,
            ServiceName::Dual => PaymentService::TradeCreateByBuyer,
        }
    }
}

/// Everything but the key.
impl std::fmt::Debug for CertifyArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertifyArgs").field("target", &self.target).finish_non_exhaustive()
    }
}

pub(super) fn run(args: &CertifyArgs) -> anyhow::Result<ExitCode> {
    let lang = match args.lang.unwrap_or_else(terminal_lang) {
        Lang::Zh => words::Lang::Zh,
        Lang::En => words::Lang::En,
    };
    if let Some(word) = args.misspelt() {
        return Ok(misused(&format!(
            "--only: no scenario has \"{word}\" in its name; danbao certify --list names them"
        )));
    }
    let chosen = args.chosen();
    if chosen.is_empty() {
        return Ok(misused("no scenario is chosen; danbao certify --list names them"));
    }
    if args.list {
        say(&list(&chosen, args.json, lang)?);
        return Ok(ExitCode::SUCCESS);
    }
    let stage = match Stage::open(args) {
        Ok(stage) => stage,
        Err(error) => return Ok(misused(&format!("{error:#}"))),
    };
    let report = stage.play(args, chosen, lang)?;
    // What cannot be written down is not lost: it is said first.
    match args.json {
        true => say(&format!("{}\n", serde_json::to_string_pretty(&report::json(&report, lang))?)),
        false => say(&report::end(&report, lang)),
    }
    if let Err(error) = write(args, &report, lang) {
        return Ok(misused(&format!("{error:#}")));
    }
    Ok(if report.is_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write(args: &CertifyArgs, report: &Report, lang: words::Lang) -> anyhow::Result<()> {
    let to = |file: &Path, text: String| {
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    if let Some(file) = &args.junit {
        to(file, report::junit(report, lang))?;
    }
    if let Some(file) = &args.html {
        to(file, report::html(report, lang)?)?;
    }
    Ok(())
}

fn list(chosen: &[Scenario], as_json: bool, lang: words::Lang) -> anyhow::Result<String> {
    let words = words(lang);
    if as_json {
        let all: Vec<_> = chosen
            .iter()
            .map(|scenario| {
                json!({
                    "id": scenario.id,
                    "title": words.scenario(scenario),
                    "group": scenario.group.as_str(),
                    "service": scenario.service.as_str(),
                    "charset": scenario.charset.label(),
                    "protocol": scenario.protocol,
                    "tutorial": scenario.tutorial,
                })
            })
            .collect();
        return Ok(format!("{}\n", serde_json::to_string_pretty(&all)?));
    }
    let mut text = String::new();
    let mut group = None;
    for scenario in chosen {
        if group != Some(scenario.group) {
            group = Some(scenario.group);
            text.push_str(&format!("\n{} ({})\n\n", words.group(scenario.group), scenario.group.as_str()));
        }
        let (title, source) = (words.scenario(scenario), words.source(scenario));
        text.push_str(&format!("  {title}\n    {} · {source}\n", scenario.id));
    }
    Ok(format!("{text}\n{}\n", chosen.len()))
}

impl CertifyArgs {
    fn chosen(&self) -> Vec<Scenario> {
        let is_asked_for = |scenario: &Scenario| {
            let by_word =
                |word: &String| scenario.group.as_str() == word || scenario.id.contains(word.as_str());
            (self.only.is_empty() || self.only.iter().any(by_word))
                && (self.service.is_empty()
                    || self.service.iter().any(|name| name.wire() == scenario.service))
        };
        let chosen = scenario::all().into_iter().filter(is_asked_for);
        if self.list {
            return chosen.collect();
        }
        // The last look belongs to every run, and is none by itself.
        let is_last = |scenario: &Scenario| scenario.group == Group::Afterwards;
        let mut chosen: Vec<Scenario> = chosen.filter(|scenario| !is_last(scenario)).collect();
        if !chosen.is_empty() {
            chosen.extend(scenario::all().into_iter().filter(is_last));
        }
        chosen
    }

    /// A word of `--only` that stands for no scenario: whoever mistypes one must not believe that it was played.
    fn misspelt(&self) -> Option<&str> {
        let all = scenario::all();
        let is_known = |word: &str| {
            all.iter().any(|scenario| scenario.group.as_str() == word || scenario.id.contains(word))
        };
        self.only.iter().map(String::as_str).find(|word| word.is_empty() || !is_known(word))
    }

    /// What signs for the gateway, and what verifies the shop.
    fn keys(&self) -> anyhow::Result<(Signer, Verifier)> {
        let sign_type = self.sign_type.wire();
        if sign_type == SignType::Md5 {
            let key = self.key()?;
            return Ok((Signer::Md5(key.clone()), Verifier::Md5(key)));
        }
        let named = |file: &Option<PathBuf>, name| {
            let file =
                file.clone().with_context(|| format!("--{name} is missing: {} needs it", sign_type.as_str()));
            file.and_then(|file| pasted_key(&file).map(|pasted| (file, pasted)))
        };
        let (file, shops) = named(&self.key_file, "key-file")?;
        let verifier = shops.key.verifier(sign_type);
        let verifier = verifier
            .with_context(|| format!("{} is no public key for {}", file.display(), sign_type.as_str()))?;
        let (file, own) = named(&self.gateway_key_file, "gateway-key-file")?;
        let signer = own.key.signer(sign_type);
        let signer = signer
            .with_context(|| format!("{} is no private key for {}", file.display(), sign_type.as_str()))?;
        Ok((signer, verifier))
    }

    fn key(&self) -> anyhow::Result<Md5Key> {
        const BYTES_MAX: usize = 4096;
        let key = match (&self.key_file, &self.key) {
            (Some(file), _) => {
                let text = String::from_utf8(read_file(Some(file), BYTES_MAX)?)
                    .map_err(|_| anyhow!("{} is no MD5 key", file.display()))?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                text.strip_suffix('\r').unwrap_or(text).to_owned()
            }
            (None, Some(key)) => key.clone(),
            (None, None) => bail!("the key is missing: --key-file, or $DANBAO_KEY"),
        };
        if key.is_empty() || key.contains(char::is_whitespace) {
            bail!("the key is empty or has blanks in it; danbao keys names what was pasted");
        }
        Ok(Md5Key::new(key))
    }

    fn terms(&self, listens_at: SocketAddr) -> anyhow::Result<Terms> {
        let needed = |option: &Option<String>, name| {
            option.clone().filter(|text| !text.is_empty()).with_context(|| format!("--{name} is missing"))
        };
        let target = address("target", &needed(&self.target, "target")?)?;
        let partner = PartnerId::new(needed(&self.partner, "partner")?);
        if !partner.is_well_formed() {
            bail!("--partner is 16 digits that begin with 2088");
        }
        let seller_id = UserId::new(self.seller_id.clone().unwrap_or_else(|| partner.to_string()));
        if !seller_id.is_well_formed() {
            bail!("--seller-id is 16 digits that begin with 2088");
        }
        let orders_url = self.orders_url.clone().unwrap_or_else(|| format!("{target}/orders"));
        let gateway_url = self.gateway_url.clone().unwrap_or_else(|| format!("http://{listens_at}"));
        let (signer, verifier) = self.keys()?;
        Ok(Terms {
            orders_url: address("orders-url", &orders_url)?,
            gateway_url: address("gateway-url", &gateway_url)?,
            target,
            partner,
            signer,
            verifier,
            seller_id,
            seller_email: needed(&self.seller_email, "seller-email")?,
            good: self.good.clone(),
            quantity: self.quantity,
            seed: self.seed,
            settle: Duration::from_millis(self.settle_ms),
            time_max: Duration::from_secs(self.max_seconds),
        })
    }
}

/// A key in whatever form it was pasted.
fn pasted_key(file: &Path) -> anyhow::Result<Pasted> {
    const BYTES_MAX: usize = 64 * 1024;
    let bytes = read_file(Some(file), BYTES_MAX)?;
    pasted::examine(&bytes).map_err(|why| anyhow!("{}: {why}; danbao keys check names it", file.display()))
}

/// An absolute address without a slash at its end.
fn address(name: &str, text: &str) -> anyhow::Result<String> {
    let text = text.trim_end_matches('/');
    let uri: Option<http::Uri> = text.parse().ok();
    let is_absolute = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !is_absolute || text.contains(['?', '#']) {
        bail!("--{name} is an address such as http://127.0.0.1:8000");
    }
    Ok(text.to_owned())
}

/// Where the run is played: a shop that answers, and a gateway that it can ask.
struct Stage {
    runtime: Runtime,
    client: Client,
    listener: Listener,
    terms: Terms,
}

impl Stage {
    fn open(args: &CertifyArgs) -> anyhow::Result<Stage> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(Listener::bind(args.listen)).context("--listen")?;
        let terms = args.terms(listener.address())?;
        let total_max = Duration::from_secs(args.timeout_seconds);
        let limits = ClientLimits { connect_max: total_max, total_max, ..ClientLimits::default() };
        let client = Client::new(runtime.handle().clone(), limits)?;
        let (tell, told) = mpsc::channel();
        let request = http::Request::get(format!("{}/", terms.target)).body(Bytes::new())?;
        client.send(request, move |outcome| drop(tell.send(outcome)));
        match told.recv() {
            Ok(Ok(_)) => Ok(Stage { runtime, client, listener, terms }),
            Ok(Err(why)) => bail!("{} does not answer: {}", terms.target, why.as_str()),
            Err(_) => bail!("the client has stopped"),
        }
    }

    fn play(self, args: &CertifyArgs, chosen: Vec<Scenario>, lang: words::Lang) -> anyhow::Result<Report> {
        let Stage { runtime, client, listener, terms } = self;
        let of_all = chosen.len();
        let mut report = Report { target: terms.target.clone(), seed: terms.seed, cases: Vec::new() };
        let (tell, told) = mpsc::channel();
        let mut whole = Some((terms, chosen, tell));
        let build = move || {
            let (terms, chosen, tell) = whole.take().context("a run cannot be begun twice")?;
            let certifier = Certifier::new(terms, chosen, move |progress| drop(tell.send(progress)));
            Ok(Box::new(certifier) as Box<dyn Node>)
        };
        let runner = Runner::start("certify", Pace::default(), SteadyClock::wall(), client, build)?;
        let server = {
            let _inside = runtime.enter();
            listener.serve(runner.door(), ServerLimits::default())
        };
        while let Progress::Case(case) = told.recv().context("the run has broken off")? {
            if !args.json {
                say(&report::case(&case, report.cases.len() + 1, of_all, lang));
            }
            report.cases.push(*case);
        }
        runtime.block_on(server.stop());
        runner.stop();
        runtime.shutdown_background();
        Ok(report)
    }
}
