//! The real binary as a merchant's sidecar: an order over REST, paid at the gateway, told to a little shop once.
#![allow(clippy::disallowed_methods, reason = "these tests start processes and wait for them")]
#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(missing_docs, reason = "a test")]

#[path = "process/mod.rs"]
mod process;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use danbao_store::testing::Database;
use process::{Heard, ask, danbao, ended, run, signal, up};
use serde_json::{Value, json};

const TOKEN: &str = "a-token-of-the-shop-itself";

/// A shop that keeps the events that it was told of, and takes every second call only.
struct LittleShop {
    url: String,
    told: Arc<Mutex<Vec<Value>>>,
}

impl LittleShop {
    fn open() -> LittleShop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let keeps = Arc::clone(&told);
        std::thread::spawn(move || {
            for (nth, stream) in listener.incoming().enumerate() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut length, mut line) = (0, String::new());
                while stream.read_line(&mut line).unwrap() > 2 {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let status = if nth % 2 == 0 { "500 Internal Server Error" } else { "204 No Content" };
                if nth % 2 == 1 {
                    keeps.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                }
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        LittleShop { url, told }
    }

    /// Waits until so many events of this type were taken; all of them, by id.
    fn await_told(&self, kind: &str, count: usize) -> BTreeMap<String, Value> {
        let started = Instant::now();
        loop {
            let told = self.told.lock().unwrap().clone();
            let told: Vec<Value> = told.into_iter().filter(|event| event["type"] == kind).collect();
            if told.len() >= count {
                assert_eq!(told.len(), count, "{told:?}");
                return told.into_iter().map(|e| (e["id"].as_str().unwrap().to_owned(), e)).collect();
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{kind}: {told:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn write_settings(dir: &Path, ready: &Value, shop: &LittleShop, database: Option<&Database>) {
    let partner = &ready["partner"];
    let text = |name: &str| partner[name].as_str().unwrap().to_owned();
    std::fs::write(dir.join("partner.key"), text("key")).unwrap();
    let database = database.map(|database| format!("database = '{}'\n", database.url())).unwrap_or_default();
    let settings = format!(
        "{database}api_token = '{TOKEN}'\nreturn_page = '{shop}/thanks'\nresult_secret = 'a-secret-of-the-results'\n\
         [webhook]\nurl = '{shop}/hooks'\nsecret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n\
         [account.main]\ngateway_url = '{gateway}/gateway.do'\npartner = '{partner}'\nseller_email = '{email}'\n\
         seller_id = '{seller}'\nkey_file = 'partner.key'\n",
        shop = shop.url,
        gateway = ready["gateway"].as_str().unwrap(),
        partner = text("partner"),
        email = text("seller_email"),
        seller = text("seller_id"),
    );
    std::fs::write(dir.join("merchant.toml"), settings).unwrap();
}

/// Starts the sidecar; where it is.
fn merchant(dir: &Path, listen: &str) -> (Child, String) {
    let file = dir.join("merchant.json");
    let _ = std::fs::remove_file(&file);
    let mut child =
        danbao(dir, &["merchant", "--listen", listen, "--ready-file", "merchant.json"]).spawn().unwrap();
    let started = Instant::now();
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "{:?}", ended(child.wait_with_output().unwrap()));
        assert!(started.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    let ready: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    (child, ready["url"].as_str().unwrap().to_owned())
}

fn call(url: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let key = format!("{path} {body}").replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\nIdempotency-Key: {}\r\n",
        &key[..key.len().min(200)]
    );
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let Heard { status, body } = ask(url, head.as_bytes(), body.as_bytes());
    (status, serde_json::from_slice(&body).unwrap())
}

fn place(url: &str, order_no: &str) -> String {
    let wish = json!({
        "order_no": order_no, "subject": "一盒月饼", "price": "0.01",
        "payment_request": { "service": "create_direct_pay_by_user" },
    });
    let (status, order) = call(url, "POST", "/v1/orders", &wish);
    assert_eq!(status, 201, "{order}");
    assert_eq!(call(url, "POST", "/v1/orders", &wish), (201, order.clone()), "asked twice, done once");
    order["payment_requests"][0]["payment_url"].as_str().unwrap().to_owned()
}

fn pays_and_is_told_once(database: Option<&Database>) {
    let dir = tempfile::tempdir().unwrap();
    let (gateway, ready) = up(dir.path(), &[]);
    let open = process::Open::of(&ready);
    let shop = LittleShop::open();
    write_settings(dir.path(), &ready, &shop, database);
    let (mut sidecar, url) = merchant(dir.path(), "127.0.0.1:0");

    let data = std::fs::metadata(dir.path().join("danbao-merchant-data")).unwrap();
    assert_eq!(data.permissions().mode() & 0o077, 0, "buyers' addresses are nobody else's business");

    open.pay(&place(&url, "A"));
    let told = shop.await_told("order.paid", 1);
    let event = told.values().next().unwrap();
    assert_eq!((&event["data"]["order_no"], &event["data"]["total_fee"]), (&json!("A"), &json!("0.01")));
    let (_, feed) = call(&url, "GET", "/v1/events?order_no=A", &Value::Null);
    assert!(feed["events"].as_array().unwrap().contains(event), "the feed says the same: {feed}");

    // It dies without warning; what is paid meanwhile is repaired by asking, or by the gateway's own repetition.
    let payment_url = place(&url, "B");
    let listen = url.strip_prefix("http://").unwrap().to_owned();
    sidecar.kill().unwrap();
    sidecar.wait().unwrap();
    open.pay(&payment_url);
    let (sidecar, url) = merchant(dir.path(), &listen);
    let (status, request) = call(&url, "POST", "/v1/payment_requests/B-1/query", &Value::Null);
    assert_eq!((status, &request["trade_status"]), (200, &json!("TRADE_FINISHED")), "{request}");
    let told = shop.await_told("order.paid", 2);
    assert_eq!(told.len(), 2, "each under an id of its own");
    let (_, messages) = call(&url, "GET", "/v1/payment_requests/B-1/messages", &Value::Null);
    assert!(messages["messages"].as_array().unwrap().iter().any(|m| m["way"] == "query"), "{messages}");

    signal(&sidecar, "-TERM");
    let (code, out, err) = ended(sidecar.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(!dir.path().join("merchant.json").exists());
    signal(&gateway, "-TERM");
    assert_eq!(ended(gateway.wait_with_output().unwrap()).0, 0);
}

#[test]
fn an_order_over_rest_is_paid_at_the_gateway_and_told_to_the_shop_once() {
    pays_and_is_told_once(None);
}

#[test]
fn the_same_on_postgres() {
    if let Some(database) = Database::postgres().unwrap() {
        pays_and_is_told_once(Some(&database));
    }
}

#[test]
fn a_payment_that_is_not_believed_because_of_the_settings_is_said_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let (gateway, ready) = up(dir.path(), &[]);
    let open = process::Open::of(&ready);
    let shop = LittleShop::open();
    write_settings(dir.path(), &ready, &shop, None);
    let file = dir.path().join("merchant.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let seller = ready["partner"]["seller_id"].as_str().unwrap();
    let wrong = settings.replace(&format!("seller_id = '{seller}'"), "seller_id = '2088000000009999'");
    std::fs::write(&file, wrong).unwrap();
    let (sidecar, url) = merchant(dir.path(), "127.0.0.1:0");
    open.pay(&place(&url, "A"));
    let started = Instant::now();
    while call(&url, "GET", "/v1/payment_requests/A-1/messages", &Value::Null).1["messages"][0]["outcome"]
        != "rejected"
    {
        assert!(started.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&sidecar, "-TERM");
    let (_, _, err) = ended(sidecar.wait_with_output().unwrap());
    assert!(err.contains("WARN") && err.contains("A-1") && err.contains("seller"), "{err}");
    signal(&gateway, "-TERM");
    assert_eq!(ended(gateway.wait_with_output().unwrap()).0, 0);
}

#[test]
fn settings_that_cannot_be_right_are_named_and_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = run(dir.path(), &["merchant"]);
    assert_eq!(code, 2);
    assert!(err.contains("`return_page` is missing"), "{err}");
    std::fs::write(dir.path().join("merchant.toml"), "api_tokn = 'x'\n").unwrap();
    let (code, _, err) = run(dir.path(), &["merchant"]);
    assert_eq!(code, 2);
    assert!(err.contains("merchant.toml") && err.contains("`api_tokn`"), "{err}");
    let right = "api_token = 'at least sixteen bytes'\nreturn_page = 'http://shop/thanks'\n\
                 result_secret = 'at least sixteen bytes'\n[account.main]\ngateway_url = 'http://gateway/gateway.do'\n\
                 partner = '2088000000000001'\nseller_email = 'seller@shop.example'\nkey = 'k0k1k2k3k4k5k6k7k8k9kakbkckdkekf'\n";
    for (wrong, said) in
        [("public_url = 'http://shop/a?b=c'", "public_url"), ("connections_max = 0", "connections_max")]
    {
        std::fs::write(dir.path().join("merchant.toml"), format!("{wrong}\n{right}")).unwrap();
        let (code, _, err) = run(dir.path(), &["merchant", "--listen", "127.0.0.1:0"]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(said), "{err}");
    }
    assert!(!dir.path().join("danbao-merchant-data").exists());
}
