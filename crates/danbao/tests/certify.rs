//! `danbao certify` as people use it: the real binary over real sockets, against the model shop and a naive one.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and read files")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "../../certify/tests/habits/mod.rs"]
mod habits;
#[path = "process/mod.rs"]
mod process;

use std::net::TcpListener;
use std::path::Path;

use danbao::host::client::{Client, ClientLimits};
use danbao::host::clock::SteadyClock;
use danbao::host::runner::{Pace, Runner};
use danbao::host::server::{Listener, ServerLimits};
use danbao_merchant::Account;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Node;
use danbao_protocol::sign::{Signer, rsa};
use danbao_protocol::time::Timestamp;
use danbao_shop::{Config, Lang, Members, Shop};
use habits::{HabitShop, Habits, Place};
use process::{danbao, ended, run, signal, up};
use serde_json::Value;

const PARTNER: &str = "2088000000000001";
const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";

/// A port that nobody listens on: the shop must know it before the certifier listens there.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn rows(heading: &str, name_begins: &str) -> Vec<&'static str> {
    let all = include_str!("../../certify/tests/habits/rows.txt");
    let heading = format!("[{heading}]");
    let section = all.lines().skip_while(move |line| *line != heading).skip(1);
    let rows = section.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty());
    rows.filter(|row| row.contains(name_begins)).collect()
}

fn failed(report: &Value) -> Vec<&str> {
    let all = report["scenarios"].as_array().unwrap();
    all.iter().filter(|one| one["passed"] == false).map(|one| one["id"].as_str().unwrap()).collect()
}

fn reports_exist(dir: &Path, failures: usize) {
    let junit = std::fs::read_to_string(dir.join("report.xml")).unwrap();
    assert_eq!(junit.matches("<failure ").count(), failures);
    let html = std::fs::read_to_string(dir.join("report.html")).unwrap();
    assert_eq!(html.matches("<svg viewBox").count(), failures);
}

#[test]
fn the_model_shop_passes() {
    let dir = tempfile::tempdir().unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let settings = format!("[gateway]\npublic_url = 'http://{listen}'\n");
    std::fs::write(dir.path().join("danbao.toml"), settings).unwrap();
    let (child, ready) = up(dir.path(), &[]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let partner = &ready["partner"];
    std::fs::write(dir.path().join("key.txt"), format!("{}\n", text(&partner["key"]))).unwrap();
    let (shop, number, email, id) = (
        text(&ready["shop"]),
        text(&partner["partner"]),
        text(&partner["seller_email"]),
        text(&partner["seller_id"]),
    );
    let args = [
        "certify",
        "--target",
        &shop,
        "--listen",
        &listen,
        "--partner",
        &number,
        "--key-file",
        "key.txt",
        "--seller-email",
        &email,
        "--seller-id",
        &id,
        "--junit",
        "report.xml",
        "--html",
        "report.html",
    ];
    let (code, out, err) = run(dir.path(), &args);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("The shop has passed."), "{out}");
    assert!(out.lines().filter(|line| line.contains(" passed ")).count() >= 60, "{out}");
    reports_exist(dir.path(), 0);
    signal(&child, "-TERM");
    ended(child.wait_with_output().unwrap());
}

#[test]
fn a_naive_shop_fails_in_the_expected_rows_and_the_reports_show_them() {
    let dir = tempfile::tempdir().unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let shop_at = runtime.block_on(Listener::bind("127.0.0.1:0".parse().unwrap())).unwrap();
    let own_url = format!("http://{}", shop_at.address());
    let place = Place {
        own_url: own_url.clone(),
        gateway_url: format!("http://{listen}"),
        partner: PARTNER.to_owned(),
        key: KEY.to_owned(),
        seller_id: PARTNER.to_owned(),
        seller_email: "seller@example.com".to_owned(),
    };
    let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
    let build = move || Ok(Box::new(HabitShop::new(Habits::naive(), place.clone())) as Box<dyn Node>);
    let runner = Runner::start("shop", Pace::default(), SteadyClock::wall(), client, build).unwrap();
    let inside = runtime.enter();
    let server = shop_at.serve(runner.door(), ServerLimits::default());
    drop(inside);

    let args = [
        "certify",
        "--target",
        &own_url,
        "--listen",
        &listen,
        "--partner",
        PARTNER,
        "--key",
        KEY,
        "--seller-email",
        "seller@example.com",
        "--settle-ms",
        "0",
        "--junit",
        "report.xml",
        "--html",
        "report.html",
        "--json",
        "--lang",
        "zh",
    ];
    // More than a pipe holds, so it must be read while the process writes.
    let (code, out, err) = ended(danbao(dir.path(), &args).output().unwrap());
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(failed(&report), rows("naive", ""));
    reports_exist(dir.path(), rows("naive", "").len());

    let only = "one_notification_five_times_in_one_instant";
    let (code, out, _) = run(dir.path(), &[&args[..11], &["--only", only]].concat());
    assert_eq!(code, 1);
    assert!(out.contains("Deliveries should be 1 and are 5.") && out.contains(only), "{out}");
    runtime.block_on(server.stop());
    runner.stop();
}

#[test]
fn the_list_needs_no_shop_and_can_be_narrowed() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, _) = run(dir.path(), &["certify", "--list", "--json"]);
    let all: Value = serde_json::from_str(&out).unwrap();
    assert!(code == 0 && all.as_array().unwrap().len() >= 60, "{out}");
    let (_, out, _) =
        run(dir.path(), &["certify", "--list", "--only", "forged", "--service", "escrow", "--lang", "zh"]);
    assert!(out.contains("伪造") && !out.contains("(course)"), "{out}");
}

#[test]
fn misuse_ends_with_2_and_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    std::fs::write(dir.path().join("md5.txt"), KEY).unwrap();
    let pair = rsa::PrivateKey::generate([1; 32], 1024).unwrap();
    std::fs::write(dir.path().join("shop.pem"), pair.public().to_pem()).unwrap();
    let whole = [
        "certify",
        "--target",
        &nobody,
        "--listen",
        "127.0.0.1:0",
        "--partner",
        PARTNER,
        "--seller-email",
        "a@example.com",
    ];
    let with = |more: &[&'static str]| run(dir.path(), &[&whole[..], more].concat());
    for (more, said) in [
        (&[][..], "the key is missing"),
        (&["--key", "a b"], "blanks"),
        (&["--key", KEY], "does not answer: unreachable"),
        (&["--key", KEY, "--only", "forged,nonsense"], "no scenario has \"nonsense\""),
        (&["--key", KEY, "--only", "afterwards"], "no scenario is chosen"),
        (&["--sign-type", "RSA", "--key", KEY], "--key-file is missing: RSA needs it"),
        (&["--sign-type", "rsa2", "--key-file", "md5.txt"], "md5.txt is no public key for RSA2"),
        (&["--sign-type", "RSA", "--key-file", "shop.pem"], "--gateway-key-file is missing"),
        (
            &["--sign-type", "RSA", "--key-file", "shop.pem", "--gateway-key-file", "shop.pem"],
            "shop.pem is no private key for RSA",
        ),
        (&["--key", KEY, "--seller-id", "1"], "--seller-id"),
        (&["--key", KEY, "--orders-url", "/orders"], "--orders-url"),
    ] {
        let (code, _, err) = with(more);
        assert!(code == 2 && err.contains(said), "{code} {err}");
    }
    assert_eq!(run(dir.path(), &["certify"]).0, 2);
}

#[test]
fn a_shop_with_rsa_keys_passes() {
    let dir = tempfile::tempdir().unwrap();
    let [shops, gateways] = [1, 2].map(|seed| rsa::PrivateKey::generate([seed; 32], 1024).unwrap());
    std::fs::write(dir.path().join("shop.pub.pem"), shops.public().to_pem()).unwrap();
    std::fs::write(dir.path().join("gateway.pem"), gateways.to_pem()).unwrap();
    let listen = format!("127.0.0.1:{}", free_port());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let shop_at = runtime.block_on(Listener::bind("127.0.0.1:0".parse().unwrap())).unwrap();
    let own_url = format!("http://{}", shop_at.address());
    let account = Account::with_keys(
        PartnerId::new(PARTNER),
        Signer::Rsa(shops),
        Signer::Rsa(gateways).verifier(),
        "seller@example.com",
        UserId::new(PARTNER),
        &format!("http://{listen}/gateway.do"),
    );
    let config = Config {
        own_url: own_url.clone(),
        account: account.unwrap(),
        lang: Lang::En,
        members: Members::default(),
    };
    let client = Client::new(runtime.handle().clone(), ClientLimits::default()).unwrap();
    let build = move || {
        let conn = danbao_store::open("sqlite::memory:")?;
        let shop = Shop::open(conn, config.clone(), [7; 32], Timestamp(1_330_531_199_000))?;
        Ok(Box::new(shop) as Box<dyn Node>)
    };
    let runner = Runner::start("shop", Pace::default(), SteadyClock::wall(), client, build).unwrap();
    let inside = runtime.enter();
    let server = shop_at.serve(runner.door(), ServerLimits::default());
    drop(inside);
    let args = ["certify", "--target", &own_url, "--listen", &listen, "--partner", PARTNER];
    let keys = ["--sign-type", "RSA", "--key-file", "shop.pub.pem", "--gateway-key-file", "gateway.pem"];
    let more = ["--seller-email", "seller@example.com", "--only", "course,forged", "--lang", "en"];
    let args = [&args[..], &keys, &more].concat();
    let (code, out, err) = ended(danbao(dir.path(), &args).output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    runtime.block_on(server.stop());
    runner.stop();
}
