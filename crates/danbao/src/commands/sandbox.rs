//! The sandbox API of a gateway that runs, for the commands that look into it and change it.

use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::params::Params;
use http::{Method, header};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::explain::asked::read_file;
use super::keys::stored::At;
use super::terminal_lang;
use super::text::{Texts, texts};
use crate::config::Lang;
use crate::host::client::{Client, ClientLimits};
use crate::installation;

/// Which sandbox.
#[derive(Args)]
pub(super) struct SandboxArgs {
    /// The gateway's address [default: as its settings say]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
    /// The token of its sandbox API [default: from its database]
    #[arg(long, value_name = "TOKEN", env = "DANBAO_SANDBOX_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Both, from the file that `danbao up --ready-file` writes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["gateway", "token"])]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    at: At,
}

/// Without the token.
impl fmt::Debug for SandboxArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxArgs")
            .field("gateway", &self.gateway)
            .field("ready_file", &self.ready_file)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// How an answer is printed.
#[derive(Debug, Args)]
pub(super) struct Out {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// The language of the words [default: the terminal's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

impl Out {
    /// The words to print.
    pub(super) fn texts(&self) -> &'static Texts {
        texts(self.lang.unwrap_or_else(terminal_lang))
    }
}

/// More than the gateway's longest list has, in bytes: 500 notifications with all their tries.
const ANSWER_MAX: usize = 64 * 1024 * 1024;
/// More than a ready file has, in bytes.
const READY_MAX: usize = 1024 * 1024;

impl SandboxArgs {
    /// Finds the gateway and its token. Nothing is asked yet.
    pub(super) fn open(&self) -> anyhow::Result<Sandbox> {
        let (url, token) = self.found()?;
        let (wire, elsewhere) = (Wire::reading(ANSWER_MAX)?, Wire::open()?);
        Ok(Sandbox { wire, elsewhere, url: url.trim_end_matches('/').to_owned(), token })
    }

    fn found(&self) -> anyhow::Result<(String, String)> {
        if let Some(file) = &self.ready_file {
            let ready: Value = serde_json::from_slice(&read_file(Some(file), READY_MAX)?)
                .with_context(|| format!("{} is no ready file", file.display()))?;
            let text = |name: &str| {
                let value = ready[name].as_str().map(str::to_owned);
                value.with_context(|| format!("{} does not say {name}", file.display()))
            };
            return Ok((text("gateway")?, text("sandbox_token")?));
        }
        let url = match &self.gateway {
            Some(url) => url.clone(),
            None => {
                let settings = self.at.settings()?.gateway;
                installation::public_url(settings.public_url.as_deref(), settings.listen)
            }
        };
        let token = match &self.token {
            Some(token) => token.clone(),
            None => {
                let (mut conn, _) = self.at.open().context(
                    "the sandbox's token: name it with --token or --ready-file, or the gateway's database",
                )?;
                danbao_gateway::stored_token(conn.as_mut())?
                    .context("this gateway's database holds no sandbox token")?
            }
        };
        Ok((url, token))
    }
}

/// HTTP for somebody who has time to wait for the answer.
pub(super) struct Wire {
    client: Client,
    _runtime: Runtime,
}

impl Wire {
    pub(super) fn open() -> anyhow::Result<Wire> {
        Wire::reading(ClientLimits::default().answer_bytes_max)
    }

    /// Reads so many bytes of an answer.
    fn reading(answer_bytes_max: usize) -> anyhow::Result<Wire> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let limits = ClientLimits { answer_bytes_max, ..ClientLimits::default() };
        let client = Client::new(runtime.handle().clone(), limits)?;
        Ok(Wire { client, _runtime: runtime })
    }

    pub(super) fn exchange(&self, request: Request) -> Result<Response, NoAnswer> {
        let (tell, told) = mpsc::channel();
        self.client.send(request, move |outcome| drop(tell.send(outcome)));
        told.recv().unwrap_or(Err(NoAnswer::Broken))
    }
}

/// A running sandbox.
pub(super) struct Sandbox {
    wire: Wire,
    /// To anybody but the gateway, whose answers are not trusted to be short.
    elsewhere: Wire,
    url: String,
    token: String,
}

/// Nobody answered: the gateway may come back.
#[derive(Debug)]
pub(super) struct Absent {
    url: String,
    why: NoAnswer,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.url, self.why.as_str())
    }
}

impl std::error::Error for Absent {}

impl Sandbox {
    /// The way to anybody else.
    pub(super) fn elsewhere(&self) -> &Wire {
        &self.elsewhere
    }

    /// Asks; parameters that are `None` are left out.
    pub(super) fn get(&self, path: &str, query: &[(&str, Option<&str>)]) -> anyhow::Result<Value> {
        let mut params = Params::new();
        for (name, value) in query {
            if let Some(value) = value {
                params.push(name, value.as_bytes());
            }
        }
        let path =
            if params.is_empty() { path.to_owned() } else { format!("{path}?{}", params.to_urlencoded()) };
        self.ask(&Method::GET, &path, None)
    }

    pub(super) fn post(&self, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.ask(&Method::POST, path, body)
    }

    fn ask(&self, method: &Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let url = format!("{}/sandbox/v1{path}", self.url);
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = http::Request::builder()
            .method(method)
            .uri(&url)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(body))
            .map_err(|_| anyhow!("{url} is no address"))?;
        let response = self.wire.exchange(request).map_err(|why| Absent { url: self.url.clone(), why })?;
        let said: Value = serde_json::from_slice(response.body()).with_context(|| {
            format!("{url} answered {} and no JSON: is this a sandbox's gateway?", response.status())
        })?;
        if !response.status().is_success() {
            bail!(
                "{}: {}",
                said["code"].as_str().unwrap_or("refused"),
                said["detail"].as_str().unwrap_or("")
            );
        }
        Ok(said)
    }
}

/// A value that may stand in a path: ids are letters and digits.
pub(super) fn id(typed: &str) -> Result<String, String> {
    let is_id = !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_id { Ok(typed.to_owned()) } else { Err("letters and digits".to_owned()) }
}
