//! The real binary as whoever watches it sees it: alive, ready, and its numbers behind a token of their own.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and wait for them")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::time::{Duration, Instant};

use process::{ask, danbao, ended, signal, up_with};

const TOKEN: &str = "a-token-of-the-watcher";
const API_TOKEN: &str = "a-token-of-the-shop-itself";

fn get(url: &str, path: &str, token: &str) -> (u16, String) {
    let head = format!("GET {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n");
    let heard = ask(url, head.as_bytes(), b"");
    (heard.status, String::from_utf8(heard.body).unwrap())
}

fn is_watched(url: &str, own: &[&str]) {
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(get(url, path, "none"), (200, "ok".to_owned()), "{url}{path}");
    }
    assert_eq!(get(url, "/metrics", API_TOKEN).0, 401);
    let (status, text) = get(url, "/metrics", TOKEN);
    assert_eq!(status, 200, "{text}");
    for line in [&["danbao_node_up 1", "danbao_node_answers 1", "danbao_node_deaths_total 0"], own].concat() {
        assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_sidecar_says_how_it_does_to_whoever_has_its_metrics_token() {
    let dir = tempfile::tempdir().unwrap();
    let settings = format!(
        "api_token = '{API_TOKEN}'\nmetrics_token = '{TOKEN}'\nreturn_page = 'http://shop/thanks'\n\
         result_secret = 'at least sixteen bytes'\n[account.main]\ngateway_url = 'http://gateway/gateway.do'\n\
         partner = '2088000000000001'\nseller_email = 'seller@shop.example'\nkey = 'k0k1k2k3k4k5k6k7k8k9kakbkckdkekf'\n"
    );
    std::fs::write(dir.path().join("merchant.toml"), settings).unwrap();
    let file = dir.path().join("merchant.json");
    let arguments = ["merchant", "--listen", "127.0.0.1:0", "--ready-file", "merchant.json"];
    let mut child = danbao(dir.path(), &arguments).spawn().unwrap();
    let started = Instant::now();
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none() && started.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ready: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let url = ready["url"].as_str().unwrap();
    is_watched(
        url,
        &[
            "danbao_sidecar_webhooks{state=\"waiting\"} 0",
            "danbao_sidecar_refund_batches{state=\"unclear\"} 0",
        ],
    );
    signal(&child, "-TERM");
    let (code, _, err) = ended(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn the_gateway_does_too_and_the_shop_is_alive_and_ready_without_numbers() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("token"), format!("{TOKEN}\n")).unwrap();
    std::fs::write(dir.path().join("danbao.toml"), "[gateway]\nmetrics_token_file = 'token'\n").unwrap();
    let (child, ready) = up_with(dir.path(), &[&["up"][..], &process::ANYWHERE].concat());
    is_watched(ready["gateway"].as_str().unwrap(), &[]);
    let shop = ready["shop"].as_str().unwrap();
    for path in ["/livez", "/readyz", "/healthz"] {
        assert_eq!(get(shop, path, "none"), (200, "ok".to_owned()), "{path}");
    }
    assert_eq!(get(shop, "/metrics", TOKEN).0, 404);
    signal(&child, "-TERM");
    assert_eq!(ended(child.wait_with_output().unwrap()).0, 0);
}
