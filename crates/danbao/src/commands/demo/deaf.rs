//! A shop whose notify_url is out of order for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use danbao_protocol::node::{Crash, Input, Node, Output, Request, Response};
use danbao_protocol::time::Timestamp;
use http::Method;

/// Where the shop takes notifications.
const NOTIFY_PATH: &str = "/pay/notify";

/// Stands before `shop` and answers `fail` to as many notifications as `left` says; the shop never sees them.
pub(super) fn before(shop: Box<dyn Node>, left: Arc<AtomicU32>) -> Box<dyn Node> {
    Box::new(Deaf { shop, left })
}

struct Deaf {
    shop: Box<dyn Node>,
    left: Arc<AtomicU32>,
}

impl Deaf {
    fn refuses(&self, request: &Request) -> bool {
        let is_notification = request.method() == Method::POST && request.uri().path() == NOTIFY_PATH;
        let take_one = |left: u32| left.checked_sub(1);
        is_notification && self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one).is_ok()
    }
}

impl Node for Deaf {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut refused = Vec::new();
        let mut heard = Vec::with_capacity(inputs.len());
        for input in inputs {
            match input {
                Input::Request { id, request } if self.refuses(&request) => {
                    refused
                        .push(Output::Respond { id, response: Response::new(Bytes::from_static(b"fail")) });
                }
                input => heard.push(input),
            }
        }
        if !heard.is_empty() {
            refused.extend(self.shop.step(now, heard)?);
        }
        Ok(refused)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        self.shop.next_due()
    }
}
