//! A `danbao merchant` of our own, and a caller of its API.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::installation::Ready;
use crate::{requirement, wire};

pub(super) const WEBHOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(super) const RESULT_SECRET: &str = "a-secret-of-the-results";
pub(super) const TOKEN: &str = "a-token-of-the-shop-itself";
const START_MAX: Duration = Duration::from_secs(60);
const TOLD_MAX: Duration = Duration::from_secs(60);

/// A running sidecar.
pub(super) struct Service {
    child: Child,
    pub(super) url: String,
}

impl Service {
    pub(super) fn start(gateway: &Ready, directory: &Path, shop: &str) -> Service {
        let settings = format!(
            "listen = '127.0.0.1:0'\ndata = 'merchant'\nready_file = 'merchant.json'\napi_token = '{TOKEN}'\n\
             return_page = '{shop}/thanks'\nresult_secret = '{RESULT_SECRET}'\n\
             [webhook]\nurl = '{shop}/'\nsecret = '{WEBHOOK_SECRET}'\n\
             [account.main]\ngateway_url = '{}/gateway.do'\npartner = '{}'\nseller_email = '{}'\nkey = '{}'\n",
            gateway.gateway, gateway.partner.partner, gateway.partner.seller_email, gateway.partner.key,
        );
        std::fs::write(directory.join("merchant.toml"), settings).unwrap();
        let mut command = Command::new(requirement::binary());
        command.arg("merchant").current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (file, since) = (directory.join("merchant.json"), Instant::now());
        while !file.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the sidecar ended before it was ready");
            assert!(since.elapsed() < START_MAX, "the sidecar is not ready");
            std::thread::sleep(Duration::from_millis(10));
        }
        let ready: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        Service { child, url: ready["url"].as_str().unwrap().to_owned() }
    }

    pub(super) fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "", "")
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, "", &body.to_string())
    }

    /// Creates something that must not be created twice.
    pub(super) fn create(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", path, &format!("Idempotency-Key: {path}\r\n"), &body.to_string())
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Value {
        let headers = format!("Authorization: Bearer {TOKEN}\r\n{headers}");
        let answer = wire::ask(&self.url, method, path, &headers, body).unwrap();
        assert!((200..300).contains(&answer.status()), "{answer:?}");
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Creates an order for one fen; where to pay it.
    pub(super) fn place(&self, order_no: &str) -> String {
        let wish = json!({
            "order_no": order_no, "subject": "一盒月饼", "price": "0.01",
            "payment_request": { "service": "create_direct_pay_by_user" },
        });
        let key = format!("Idempotency-Key: order {order_no}\r\n");
        let order = self.ask("POST", "/v1/orders", &key, &wish.to_string());
        order["payment_requests"][0]["payment_url"].as_str().unwrap().to_owned()
    }

    /// Waits until it has heard that an order is paid.
    pub(super) fn await_paid(&self, order_no: &str) {
        let since = Instant::now();
        while self.get(&format!("/v1/orders/{order_no}"))["paid_by"].is_null() {
            assert!(since.elapsed() < TOLD_MAX, "never heard that {order_no} is paid");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the shop has taken in all that there is.
    pub(super) fn await_told(&self) {
        let since = Instant::now();
        loop {
            let webhook = self.get("/v1/webhook");
            if webhook["deliveries"]["waiting"] == json!(0) {
                return;
            }
            assert!(since.elapsed() < TOLD_MAX, "never told: {webhook}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Goes where the gateway sends the buyer's browser; the result that it then brings to the shop.
    pub(super) fn result(&self, return_url: &str) -> String {
        let path = return_url.strip_prefix(&self.url).expect("an address of the sidecar");
        let answer = wire::ask(&self.url, "GET", path, "", "").unwrap();
        assert_eq!(answer.status(), 303, "{answer:?}");
        let (_, token) = answer.header("location").unwrap().split_once("danbao_result=").unwrap();
        token.to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
