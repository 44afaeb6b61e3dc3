//! Gateway and shop, each a node on its own thread behind its own listener, in one process. They talk to each other
//! over HTTP only, as two companies would.
#![allow(clippy::disallowed_methods, reason = "the host makes directories and files")]

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use danbao_gateway::config::{Clocks, RetrySchedule};
use danbao_gateway::{DemoBuyer, DemoWorld, Gateway};
use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Node;
use danbao_protocol::sign::Md5Key;
use danbao_shop::Shop;
use danbao_store::Conn;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::config::{Config, DatabaseUrl, GatewaySettings, NotifySchedule, SellerCode, database_url};
use crate::host::client::{Client, ClientLimits};
use crate::host::clock::{SteadyClock, wall_now};
use crate::host::entropy;
use crate::host::runner::{Pace, Runner};
use crate::host::server::{Listener, Server, ServerLimits};

/// Threads of the async runtime. The nodes are the work; these only move bytes.
pub(crate) const IO_THREADS: usize = 2;
/// Threads for looking up names, which the operating system offers only as a blocking call.
pub(crate) const LOOKUP_THREADS_MAX: usize = 8;
/// How long both nodes may take for their first answer over HTTP.
const FIRST_ANSWER_MAX: Duration = Duration::from_secs(20);

/// Whoever a newcomer can be. Play money and public passwords, so all of it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// Opens the sandbox API.
    pub sandbox_token: String,
    /// The merchant that the shop is.
    pub partner: Partner,
    /// Who may buy.
    pub buyers: Vec<Buyer>,
}

/// A merchant, as the ready file shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partner {
    /// 合作者身份
    pub partner: String,
    /// The MD5 key.
    pub key: String,
    /// The seller's login.
    pub seller_email: String,
    /// The seller's account number.
    pub seller_id: String,
    /// Opens the seller's desk.
    pub login_password: String,
    /// Moves the seller's money.
    pub payment_password: String,
}

/// A buyer, as the ready file shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Buyer {
    /// The login.
    pub email: String,
    /// The account number.
    pub user_id: String,
    /// Opens the desk.
    pub login_password: String,
    /// Moves money.
    pub payment_password: String,
}

/// A running installation.
pub struct Installation {
    runtime: Runtime,
    gateway: Hosted,
    shop: Hosted,
    accounts: Accounts,
    /// Held for as long as this process uses the data directory.
    _data: File,
}

struct Hosted {
    url: String,
    runner: Runner,
    server: Server,
}

impl Installation {
    /// Starts both nodes and waits until both answer over HTTP. Blocks; not for a thread of an async runtime.
    ///
    /// # Errors
    /// A data directory in use, an address that cannot be had, a database that cannot be opened.
    pub fn start(config: &Config) -> anyhow::Result<Installation> {
        Installation::start_with(config, |shop| shop)
    }

    /// As [`Installation::start`], with something between the wire and the shop.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(
        config: &Config,
        before_shop: impl Fn(Box<dyn Node>) -> Box<dyn Node> + Send + 'static,
    ) -> anyhow::Result<Installation> {
        let data = own(&config.data)?;
        raise_open_files_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(IO_THREADS)
            .max_blocking_threads(LOOKUP_THREADS_MAX)
            .thread_name("danbao-io")
            .enable_all()
            .build()?;
        let gateway_at = runtime.block_on(Listener::bind(config.gateway.listen)).context("gateway")?;
        let shop_at = runtime.block_on(Listener::bind(config.shop.listen)).context("shop")?;
        let plan = Plan::new(config, gateway_at.address(), shop_at.address())?;
        let client = Client::new(runtime.handle().clone(), ClientLimits::default())?;

        let gateway = gateway_node(&plan);
        let start = |name: &str, build| {
            Runner::start(name, Pace::default(), SteadyClock::wall(), client.clone(), build)
        };
        let gateway_runner = start("gateway", gateway.build).context("gateway")?;
        let accounts = gateway.accounts.try_recv().context("the gateway was built without its accounts")?;
        let mut shop = shop_node(&plan, &accounts.partner)?;
        let shop_runner = start("shop", Box::new(move || shop().map(&before_shop))).context("shop")?;

        let _inside = runtime.enter();
        let limits = |connections_max| ServerLimits { connections_max, ..ServerLimits::default() };
        let gateway_limits = ServerLimits {
            trusted_proxies: config.gateway.trusted_proxies.clone(),
            metrics_token: config.gateway.metrics_token().context("[gateway]")?,
            ..limits(config.gateway.connections_max)
        };
        let gateway_server = gateway_at.serve(gateway_runner.door(), gateway_limits);
        let shop_server = shop_at.serve(shop_runner.door(), limits(config.shop.connections_max));
        drop(_inside);

        let installation = Installation {
            runtime,
            gateway: Hosted { url: plan.gateway_url, runner: gateway_runner, server: gateway_server },
            shop: Hosted { url: plan.shop_url, runner: shop_runner, server: shop_server },
            accounts,
            _data: data,
        };
        installation.hear_both(&client)?;
        Ok(installation)
    }

    /// Where the gateway is reached, without a final slash.
    pub fn gateway_url(&self) -> &str {
        &self.gateway.url
    }

    /// Where the shop is reached, without a final slash.
    pub fn shop_url(&self) -> &str {
        &self.shop.url
    }

    /// Who there is.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The async runtime, to wait for signals on.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Lets open requests finish within a few seconds, then ends both nodes.
    pub fn stop(self) {
        let (gateway, shop) = (self.gateway, self.shop);
        self.runtime.block_on(async { tokio::join!(gateway.server.stop(), shop.server.stop()) });
        gateway.runner.stop();
        shop.runner.stop();
        // Sends still on their way are asked again after the next start; nobody waits for them here.
        self.runtime.shutdown_background();
    }

    fn hear_both(&self, client: &Client) -> anyhow::Result<()> {
        let until = Instant::now() + FIRST_ANSWER_MAX;
        for hosted in [&self.gateway, &self.shop] {
            let address = dialable(hosted.server.address());
            while !answers(client, address)? {
                if Instant::now() > until {
                    bail!("{address} does not answer");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        Ok(())
    }
}

fn answers(client: &Client, address: SocketAddr) -> anyhow::Result<bool> {
    let request = http::Request::get(format!("http://{address}/")).body(Bytes::new())?;
    let (tell, told) = mpsc::channel();
    // The receiver below outlives the send unless that takes longer than anybody waits.
    client.send(request, move |outcome| drop(tell.send(outcome)));
    Ok(matches!(told.recv_timeout(FIRST_ANSWER_MAX), Ok(Ok(_))))
}

/// Makes the data directory and takes its lock: two processes on the same files would each believe to be alone.
pub(crate) fn own(data: &Path) -> anyhow::Result<File> {
    let name = data.display();
    // Keys, tokens and addresses of buyers lie in there: for nobody else on this machine.
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.with_context(|| format!("cannot make the data directory {name}"))?;
    let lock = File::create(data.join("lock")).with_context(|| format!("cannot write to {name}"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!("{name} is in use by another danbao; stop that one or name another directory with --data")
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {name}")),
    }
}

/// Every connection is an open file, and the usual soft limit of 1,024 is less than two servers and their sends may
/// need. If it cannot be raised, further connections wait.
pub(crate) fn raise_open_files_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 16_384;
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < WANTED) {
        let current = Some(now.maximum.map_or(WANTED, |maximum| maximum.min(WANTED)));
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current, ..now }) {
            tracing::debug!("the limit of open files stays as it is: {error}");
        }
    }
}

/// An address to connect to, for one to listen on.
fn dialable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    address
}

/// What the nodes are to be told, once the addresses are known.
struct Plan {
    gateway_url: String,
    shop_url: String,
    gateway_database: DatabaseUrl,
    shop_database: DatabaseUrl,
    members: danbao_shop::Members,
    gateway_config: danbao_gateway::Config,
}

impl Plan {
    fn new(config: &Config, gateway_at: SocketAddr, shop_at: SocketAddr) -> anyhow::Result<Plan> {
        if !config.gateway.listen.ip().is_loopback() {
            tracing::warn!("a sandbox with public passwords listens on {gateway_at}, not only on loopback");
        }
        let gateway = &config.gateway;
        let shop = &config.shop;
        let gateway_url = public_url(gateway.public_url.as_deref(), gateway_at);
        Ok(Plan {
            gateway_config: gateway_config(gateway, &gateway_url),
            gateway_url,
            shop_url: public_url(shop.public_url.as_deref(), shop_at),
            gateway_database: gateway_database(config)?,
            members: shop.members(),
            shop_database: database_url(shop.database.as_ref(), shop.database_file.as_deref(), || {
                embedded(&config.data, "shop.db")
            })
            .context("[shop]")?,
        })
    }
}

/// Where the gateway's database is.
pub(crate) fn gateway_database(config: &Config) -> anyhow::Result<DatabaseUrl> {
    let gateway = &config.gateway;
    let default = || embedded(&config.data, "gateway.db");
    database_url(gateway.database.as_ref(), gateway.database_file.as_deref(), default).context("[gateway]")
}

pub(crate) fn public_url(named: Option<&str>, address: SocketAddr) -> String {
    match named {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", dialable(address)),
    }
}

pub(crate) fn embedded(data: &Path, file: &str) -> DatabaseUrl {
    let path: PathBuf = data.join(file);
    DatabaseUrl(path.to_string_lossy().into_owned())
}

// ---- The nodes: everything that knows their types is below this line. ----

type Build = Box<dyn FnMut() -> anyhow::Result<Box<dyn Node>> + Send>;

struct GatewayNode {
    build: Build,
    /// Told by each build, before it returns.
    accounts: mpsc::Receiver<Accounts>,
}

fn gateway_node(plan: &Plan) -> GatewayNode {
    let (tell, accounts) = mpsc::channel();
    let database = plan.gateway_database.clone();
    let shop_url = plan.shop_url.clone();
    let config = plan.gateway_config.clone();
    let build = move || {
        let conn = open(&database)?;
        let mut gateway = Gateway::open(conn, config.clone(), entropy::seed()?, wall_now())
            .with_context(|| format!("database {database:?}"))?;
        let world = gateway.ensure_demo(wall_now(), Some(&shop_url))?;
        // Only the first build is listened to.
        let _ = tell.send(accounts_of(world));
        Ok(Box::new(gateway) as Box<dyn Node>)
    };
    GatewayNode { build: Box::new(build), accounts }
}

fn gateway_config(settings: &GatewaySettings, url: &str) -> danbao_gateway::Config {
    let seconds = |count: u16| Duration::from_secs(u64::from(count));
    let days = |count: u16| Duration::from_secs(u64::from(count) * 86_400);
    danbao_gateway::Config {
        retries: match settings.notify_schedule {
            NotifySchedule::Of2011 => RetrySchedule::of_2011(),
            NotifySchedule::Of2016 => RetrySchedule::of_2016(),
        },
        strict_success: settings.strict_success,
        forbidden_words: settings.forbidden_words.clone(),
        clocks: Clocks {
            close_unpaid: days(settings.close_unpaid_days),
            apply_refund: days(settings.apply_refund_days),
            advise_refund: days(settings.advise_refund_days),
            confirm_express: days(settings.confirm_express_days),
            confirm_post: days(settings.confirm_post_days),
            confirm_virtual: days(settings.confirm_virtual_days),
            refundable: days(settings.refundable_days),
            agree_unshipped: days(settings.agree_unshipped_days),
            agree_shipped: days(settings.agree_shipped_days),
            change_refund: days(settings.change_refund_days),
            return_goods: days(settings.return_goods_days),
            return_express: days(settings.return_express_days),
            return_post: days(settings.return_post_days),
        },
        login_state: seconds(settings.login_state_minutes) * 60,
        token: seconds(settings.token_minutes) * 60,
        unconfirmed_batch: seconds(settings.unconfirmed_batch_hours) * 3_600,
        return_link: seconds(settings.return_link_seconds),
        anti_phishing_key: seconds(settings.anti_phishing_key_seconds),
        seller_code: match settings.seller_code {
            SellerCode::Lower => danbao_gateway::config::SellerCode::Lower,
            SellerCode::Capitals => danbao_gateway::config::SellerCode::Capitals,
        },
        company_to_private_max: settings.company_to_private_max.0,
        ..danbao_gateway::Config::sandbox(url)
    }
}

fn accounts_of(world: DemoWorld) -> Accounts {
    let partner = Partner {
        partner: world.partner.partner,
        key: world.partner.key,
        seller_email: world.partner.seller_email,
        seller_id: world.partner.seller_id,
        login_password: world.partner.login_password,
        payment_password: world.partner.payment_password,
    };
    let buyer = |buyer: DemoBuyer| Buyer {
        email: buyer.email,
        user_id: buyer.user_id,
        login_password: buyer.login_password,
        payment_password: buyer.payment_password,
    };
    Accounts {
        sandbox_token: world.sandbox_token,
        partner,
        buyers: world.buyers.into_iter().map(buyer).collect(),
    }
}

fn shop_node(plan: &Plan, partner: &Partner) -> anyhow::Result<Build> {
    let account = Account::new(
        PartnerId::new(partner.partner.as_str()),
        Md5Key::new(partner.key.as_str()),
        partner.seller_email.as_str(),
        UserId::new(partner.seller_id.as_str()),
        &format!("{}/gateway.do", plan.gateway_url),
    )?;
    let config = danbao_shop::Config {
        own_url: plan.shop_url.clone(),
        account,
        lang: danbao_shop::Lang::Zh,
        members: plan.members.clone(),
    };
    let database = plan.shop_database.clone();
    Ok(Box::new(move || {
        let conn = open(&database)?;
        let shop = Shop::open(conn, config.clone(), entropy::seed()?, wall_now())
            .with_context(|| format!("database {database:?}"))?;
        Ok(Box::new(shop) as Box<dyn Node>)
    }))
}

/// Opens a database.
pub(crate) fn open(database: &DatabaseUrl) -> anyhow::Result<Box<dyn Conn>> {
    danbao_store::open(&database.0).with_context(|| format!("database {database:?}"))
}
