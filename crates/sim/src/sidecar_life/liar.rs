//! Somebody who tells the shop of payments that nobody has made, by webhooks that the sidecar has not signed.

use base64ct::{Base64, Encoding};
use danbao_protocol::node::Request;
use http::{HeaderValue, Method};
use serde_json::json;

use crate::people::{Hand, Heard, Person};

/// Words that are no signature, and one that is for something else.
const SIGNATURES: [&str; 3] = ["", "v1,", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="];

pub(super) struct Liar {
    left: u32,
    pause_max_ms: u64,
}

impl Liar {
    pub(super) fn new(lies: u32, pause_max_ms: u64) -> Liar {
        Liar { left: lies, pause_max_ms }
    }
}

fn lie(hand: &mut Hand<'_>) -> Option<Request> {
    let number = match hand.town.orders.is_empty() {
        true => "little-1-1".to_owned(),
        false => hand.chance.pick(&hand.town.orders).out_trade_no,
    };
    let order_no = number.rsplit_once('-').map_or(number.as_str(), |(order_no, _)| order_no);
    let id = format!("evt_{:016}_{:012}", hand.chance.between(1, 9), hand.chance.below(1_000_000));
    let event = json!({
        "id": id, "type": "order.paid", "timestamp": "2012-03-01T00:00:00.000Z",
        "data": {
            "order_no": order_no, "out_trade_no": number, "change": 99, "trade_status": "TRADE_FINISHED",
            "total_fee": "0.01", "paid": true,
        },
    });
    let mut request = Request::new(event.to_string().into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{}/hooks", hand.town.shop).parse().ok()?;
    let seconds = hand.now.0.div_euclid(1000);
    let guessed = format!("v1,{}", Base64::encode_string(&hand.chance.seed()));
    let signature = match hand.chance.pick(&[0, 1, 2, 3]) {
        index @ 0..=2 => SIGNATURES[index],
        _ => guessed.as_str(),
    };
    let headers = request.headers_mut();
    headers.insert("webhook-id", HeaderValue::from_str(&id).ok()?);
    headers.insert("webhook-timestamp", HeaderValue::from(seconds));
    headers.insert("webhook-signature", HeaderValue::from_str(signature).ok()?);
    Some(request)
}

impl Person for Liar {
    fn turn(&mut self, _: Heard, hand: &mut Hand<'_>) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if let Some(request) = lie(hand) {
            hand.ask_deaf(request);
        }
        let pause = hand.chance.millis(0, self.pause_max_ms);
        hand.wake_after(pause);
    }
}
