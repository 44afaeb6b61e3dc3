//! What is measured: a sandbox gateway on a file, behind the real host.

use danbao::host::client::{Client, ClientLimits};
use danbao::host::clock::SteadyClock;
use danbao::host::runner::{Pace, Runner};
use danbao::host::server::{Listener, Server, ServerLimits};
use danbao_gateway::{Config, DemoWorld, Gateway};
use danbao_protocol::node::Node;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Md5Key, Signer};
use danbao_protocol::time::Timestamp;
use tempfile::TempDir;

/// The instant at which the recorded purchases happen.
pub(crate) const EPOCH: Timestamp = Timestamp(1_330_531_199_000);

/// A gateway that answers.
pub(crate) struct Subject {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) world: DemoWorld,
    runtime: tokio::runtime::Runtime,
    runner: Runner,
    server: Server,
    _directory: TempDir,
}

/// Settings of a gateway whose notifications stay owed: their delivery is another measurement.
pub(crate) fn config() -> Config {
    Config { sends_max: 0, ..Config::sandbox("http://gateway.example") }
}

impl Subject {
    pub(crate) fn start() -> Subject {
        let directory = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let path = directory.path().join("gateway.db");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let build = move || {
            let conn = danbao_store::sqlite::open(&path)?;
            let now = danbao::host::clock::wall_now();
            let mut gateway = Gateway::open(conn, config(), [7; 32], now)?;
            tell.send(gateway.ensure_demo(now, None)?)?;
            Ok(Box::new(gateway) as Box<dyn Node>)
        };
        let runner = Runner::start("gateway", Pace::default(), SteadyClock::wall(), client, build).unwrap();
        let world = told.recv().unwrap();
        let inside = runtime.enter();
        let listener = runtime.block_on(Listener::bind("127.0.0.1:0".parse().unwrap())).unwrap();
        let address = listener.address();
        let server = listener.serve(runner.door(), ServerLimits::default());
        drop(inside);
        Subject { address, world, runtime, runner, server, _directory: directory }
    }

    pub(crate) fn stop(self) {
        self.runtime.block_on(self.server.stop());
        self.runner.stop();
        self.runtime.shutdown_background();
    }
}

/// The body of a request to the headless buyer, for one order.
pub(crate) fn checkout_body(world: &DemoWorld, key: &Md5Key, out_trade_no: &str) -> String {
    let mut params = Params::new();
    for (name, value) in [
        ("service", "create_direct_pay_by_user"),
        ("partner", world.partner.partner.as_str()),
        ("_input_charset", "utf-8"),
        ("out_trade_no", out_trade_no),
        ("subject", "测试商品：录音笔 2G"),
        ("body", "一支录音笔"),
        ("payment_type", "1"),
        ("total_fee", "0.01"),
        ("seller_email", world.partner.seller_email.as_str()),
        ("notify_url", "http://shop.example/notify"),
        ("return_url", "http://shop.example/return"),
    ] {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, &Signer::Md5(key.clone())).unwrap();
    let url = format!("http://gateway.example/gateway.do?{}", params.to_urlencoded());
    serde_json::json!({ "url": url, "buyer": world.buyers[0].email }).to_string()
}
