//! The sidecar, a node on its own thread behind its own listener.

mod settings;

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use danbao_protocol::node::Node;
use danbao_sidecar::Sidecar;
use tokio::runtime::Runtime;
use toml::Table;

pub use self::settings::{AccountSettings, MerchantSettings, Text, WebhookSettings};
use crate::config::{database_url, load_as};
use crate::host::client::{Client, ClientLimits};
use crate::host::clock::SteadyClock;
use crate::host::entropy;
use crate::host::runner::{Pace, Runner};
use crate::host::server::{Listener, Server, ServerLimits};
use crate::installation::{
    IO_THREADS, LOOKUP_THREADS_MAX, embedded, open, own, public_url, raise_open_files_limit,
};

/// Name of the file that is read when none is named.
const USUAL_FILE: &str = "merchant.toml";
/// What the variables of the environment begin with.
pub(crate) const ENV_PREFIX: &str = "DANBAO_MERCHANT__";

/// All layers of the settings together.
///
/// # Errors
/// What is wrong with which layer.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Table,
) -> anyhow::Result<MerchantSettings> {
    load_as(USUAL_FILE, ENV_PREFIX, file, environment, flags)
}

/// A running sidecar.
pub struct Service {
    runtime: Runtime,
    url: String,
    webhook: Option<String>,
    runner: Runner,
    server: Server,
    /// Held for as long as this process uses the data directory.
    _data: File,
}

impl Service {
    /// Starts the sidecar and serves it. Blocks; not for a thread of an async runtime.
    ///
    /// # Errors
    /// Settings that cannot be right, a data directory in use, an address that cannot be had, a database that cannot be
    /// opened.
    pub fn start(settings: &MerchantSettings) -> anyhow::Result<Service> {
        // Before anything is made on the disk: settings that cannot be right must leave no trace.
        settings.check()?;
        let data = own(&settings.data)?;
        raise_open_files_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .max_blocking_threads(LOOKUP_THREADS_MAX)
            .thread_name("danbao-io")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(Listener::bind(settings.listen))?;
        let url = public_url(settings.public_url.as_deref(), listener.address());
        let config = settings.sidecar(&url)?;
        let webhook = config.webhook.as_ref().map(|webhook| webhook.url.clone());
        let default = || embedded(&settings.data, "merchant.db");
        let database = database_url(settings.database.as_ref(), settings.database_file.as_deref(), default)?;
        let client = Client::new(runtime.handle().clone(), ClientLimits::default())?;
        let build = move || {
            let conn = open(&database)?;
            let sidecar = Sidecar::open(conn, config.clone(), entropy::seed()?)
                .with_context(|| format!("database {database:?}"))?;
            Ok(Box::new(sidecar) as Box<dyn Node>)
        };
        let runner = Runner::start("merchant", Pace::default(), SteadyClock::wall(), client, build)?;
        let inside = runtime.enter();
        let limits = ServerLimits {
            connections_max: settings.connections_max,
            metrics_token: settings.metrics_token()?,
            ..ServerLimits::default()
        };
        let server = listener.serve(runner.door(), limits);
        drop(inside);
        Ok(Service { runtime, url, webhook, runner, server, _data: data })
    }

    /// Where it is reached, without a final slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it tells of changes.
    pub fn webhook(&self) -> Option<&str> {
        self.webhook.as_deref()
    }

    /// The async runtime, to wait for signals on.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Lets open requests finish within a few seconds, then ends the node.
    pub fn stop(self) {
        self.runtime.block_on(self.server.stop());
        self.runner.stop();
        // Sends still on their way are made again after the next start; nobody waits for them here.
        self.runtime.shutdown_background();
    }
}
