//! Webhooks that the tests send themselves: the few words of HTTP and of Standard Webhooks that this takes.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::service::WEBHOOK_SECRET;
use crate::wire::{self, RawAnswer};

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The nth event: a change of trade `A-1` of an order.
pub(super) fn event(nth: u64, kind: &str, change: u64, trade_status: &str) -> Value {
    let data = json!({
        "order_no": "订单-A", "out_trade_no": "A-1", "change": change, "trade_status": trade_status,
        "total_fee": "12.50",
    });
    json!({ "id": format!("evt_{nth:016}_000000000000"), "type": kind, "data": data })
}

/// A webhook, as headers and body.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) at: String,
    pub(super) signature: String,
    pub(super) body: String,
}

impl Message {
    /// As the sidecar would send it now.
    pub(super) fn of(event: &Value) -> Message {
        Message::signed(event["id"].as_str().unwrap(), &now().to_string(), &event.to_string())
    }

    /// Signed with the right secret, whatever it says.
    pub(super) fn signed(id: &str, at: &str, body: &str) -> Message {
        let key = STANDARD.decode(WEBHOOK_SECRET.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        Message { id: id.to_owned(), at: at.to_owned(), signature, body: body.to_owned() }
    }

    /// The headers that the standard asks for.
    pub(super) fn headers(&self) -> String {
        let Message { id, at, signature, .. } = self;
        format!("webhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n")
    }

    /// The status of what a shop answers; 0 if it answers nothing.
    pub(super) fn send(&self, shop: &str) -> u16 {
        self.answer(shop).status()
    }

    /// All that a shop answers.
    pub(super) fn answer(&self, shop: &str) -> RawAnswer {
        self.exchange(shop, self.headers().as_bytes())
    }

    /// As [`Message::send`], with other headers.
    pub(super) fn send_with(&self, shop: &str, headers: &[u8]) -> u16 {
        self.exchange(shop, headers).status()
    }

    fn exchange(&self, shop: &str, headers: &[u8]) -> RawAnswer {
        let length = format!("Content-Length: {}\r\n", self.body.len());
        wire::exchange(shop, &self.bytes(&[length.as_bytes(), headers].concat()))
    }

    /// As [`Message::send`], but the length is said so (in a line, or not at all) and nothing follows the body.
    pub(super) fn send_as_long_as(&self, shop: &str, length: &str) -> u16 {
        let headers = format!("{length}{}", self.headers());
        wire::exchange_half_closed(shop, &self.bytes(headers.as_bytes())).status()
    }

    fn bytes(&self, headers: &[u8]) -> Vec<u8> {
        let start = b"POST / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n";
        [&start[..], headers, b"\r\n", self.body.as_bytes()].concat()
    }
}
