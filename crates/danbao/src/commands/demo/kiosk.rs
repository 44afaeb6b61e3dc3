//! A second merchant, without pages: it hears its notifications, says `success`, and keeps what it heard.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use danbao_protocol::node::{Crash, Input, Node, Output, Request, Response};
use danbao_protocol::time::Timestamp;
use http::Method;

/// Where the kiosk takes notifications, beside the shop's own paths.
pub(super) const NOTIFY_PATH: &str = "/kiosk/notify";

/// The bodies of all notifications, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<Bytes>>>);

impl Heard {
    /// Everything so far.
    pub(super) fn all(&self) -> Vec<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, body: Bytes) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    }
}

/// Lets the kiosk answer beside `shop`, at the same address.
pub(super) fn beside(shop: Box<dyn Node>, heard: Heard) -> Box<dyn Node> {
    Box::new(Kiosk { shop, heard })
}

struct Kiosk {
    shop: Box<dyn Node>,
    heard: Heard,
}

fn is_ours(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == NOTIFY_PATH
}

impl Node for Kiosk {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut outputs = Vec::new();
        let mut rest = Vec::with_capacity(inputs.len());
        for input in inputs {
            match input {
                Input::Request { id, request } if is_ours(&request) => {
                    self.heard.keep(request.into_body());
                    let response = Response::new(Bytes::from_static(b"success"));
                    outputs.push(Output::Respond { id, response });
                }
                input => rest.push(input),
            }
        }
        if !rest.is_empty() {
            outputs.extend(self.shop.step(now, rest)?);
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        self.shop.next_due()
    }
}
