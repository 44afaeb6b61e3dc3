//! Somebody who wants goods without paying. Knows the addresses, the orders, and in the end even the merchant's keys.

use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{Md5Key, Signer, append};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::{Browser, Hand, Heard, KnownOrder, Person};

/// What a forged message is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Forgery {
    /// Without a signature.
    Unsigned,
    /// Signed with another key.
    WrongKey,
    /// Signed with a key of the merchant's own, under a notify_id that the gateway never gave out.
    StolenKey,
    /// A genuine notification with one word changed.
    Tampered,
    /// A call to the gateway in the merchant's name.
    SendGoods,
}

/// A forger who has found nothing to forge so often looks elsewhere.
const IDLE_MAX: u32 = 100;

/// The forger.
#[derive(Debug, Clone)]
pub struct Forger {
    left: u32,
    /// How often there was nothing to forge.
    idle: u32,
    /// How long between two messages at most.
    pause_max_ms: u64,
}

impl Forger {
    /// A forger who sends so many messages.
    pub fn new(messages: u32, pause_max_ms: u64) -> Forger {
        Forger { left: messages, idle: 0, pause_max_ms }
    }

    fn forge(&mut self, hand: &mut Hand<'_>) -> Option<Request> {
        if hand.town.orders.is_empty() {
            return None;
        }
        let order = hand.chance.pick(&hand.town.orders);
        let kinds = [
            Forgery::Unsigned,
            Forgery::WrongKey,
            Forgery::StolenKey,
            Forgery::StolenKey,
            Forgery::Tampered,
            Forgery::SendGoods,
        ];
        let kind = hand.chance.pick(&kinds);
        hand.say(format!("forges {kind:?} for {}", order.out_trade_no));
        match kind {
            Forgery::Tampered => tampered(hand),
            Forgery::SendGoods => send_goods(hand, &order),
            _ => {
                let is_return = hand.chance.per_mille(300);
                let mut params = message(hand, &order, is_return);
                sign(hand, kind, &mut params);
                deliver(hand, params.to_urlencoded(), is_return)
            }
        }
    }
}

/// A message that says "paid", like a real one to the letter.
fn message(hand: &mut Hand<'_>, order: &KnownOrder, is_return: bool) -> Params {
    let is_escrow = order.service != "create_direct_pay_by_user" && hand.chance.per_mille(800);
    let status = if is_escrow { "WAIT_SELLER_SEND_GOODS" } else { "TRADE_FINISHED" };
    let total = hand.chance.pick(&order.totals());
    let seller = &hand.town.merchant;
    let notify_id = format!("{:032x}01", hand.chance.below(u64::MAX));
    let fields = [
        ("notify_id", notify_id),
        ("notify_type", "trade_status_sync".to_owned()),
        ("notify_time", hand.now.wire()),
        ("out_trade_no", order.out_trade_no.clone()),
        ("trade_no", "2012022900000001".to_owned()),
        ("trade_status", status.to_owned()),
        ("subject", "free of charge".to_owned()),
        ("payment_type", "1".to_owned()),
        ("price", yuan(total)),
        ("total_fee", yuan(total)),
        ("seller_email", seller.seller_email.clone()),
        ("seller_id", seller.seller_id.clone()),
        ("buyer_email", "forger@danbao.example".to_owned()),
        ("buyer_id", "2088999999999999".to_owned()),
    ];
    let mut params = Params::new();
    if is_return {
        params.push("is_success", b"T");
    }
    for (name, value) in fields {
        params.push(name, value.as_bytes());
    }
    params
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn sign(hand: &mut Hand<'_>, kind: Forgery, params: &mut Params) {
    let merchant = &hand.town.merchant;
    let shared = Signer::Md5(Md5Key::new(merchant.key.as_str()));
    let signer = match (kind, merchant.signer.clone()) {
        // Neither key of a merchant with a pair is of any use: the gateway's own is not to be had.
        (Forgery::StolenKey, Some(own)) => hand.chance.pick(&[own, shared]),
        (Forgery::StolenKey, None) => shared,
        (Forgery::WrongKey, _) => Signer::Md5(Md5Key::new("forgedforgedforgedforgedforgedfo")),
        _ => return,
    };
    // These keys can sign.
    let _ = append(params, &signer);
}

/// Sends a message to one of the shop's two doors.
fn deliver(hand: &mut Hand<'_>, encoded: String, is_return: bool) -> Option<Request> {
    hand.town.forgeries.insert(encoded.clone().into_bytes());
    if is_return {
        return Browser::default().get(&format!("{}?{encoded}", hand.town.return_url()));
    }
    post(&hand.town.notify_url(), encoded)
}

fn post(url: &str, encoded: String) -> Option<Request> {
    let mut request = Request::new(encoded.into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = url.parse().ok()?;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form);
    Some(request)
}

/// Takes what was overheard last and makes it say something else.
fn tampered(hand: &mut Hand<'_>) -> Option<Request> {
    let genuine = hand.town.overheard.clone()?;
    let text = String::from_utf8_lossy(&genuine);
    let changed = text
        .replace("trade_status=WAIT_BUYER_PAY", "trade_status=TRADE_FINISHED")
        .replace("trade_status=WAIT_SELLER_SEND_GOODS", "trade_status=TRADE_CLOSED")
        .replace("use_coupon=N", "use_coupon=Y");
    if changed == text {
        return None;
    }
    deliver(hand, changed, false)
}

/// Tells the gateway that the goods are on their way, in the merchant's name but with another key.
fn send_goods(hand: &mut Hand<'_>, order: &KnownOrder) -> Option<Request> {
    let mut params = Params::new();
    let partner = hand.town.merchant.partner.clone();
    for (name, value) in [
        ("service", "send_goods_confirm_by_platform"),
        ("partner", partner.as_str()),
        ("_input_charset", "utf-8"),
        ("trade_no", &hand.chance.between(2_012_030_100_000_001, 2_012_030_100_000_012).to_string()),
        ("logistics_name", "nobody"),
        ("transport_type", "EXPRESS"),
        ("out_trade_no", &order.out_trade_no),
    ] {
        params.push(name, value.as_bytes());
    }
    sign(hand, Forgery::WrongKey, &mut params);
    let encoded = params.to_urlencoded();
    hand.town.forgeries.insert(encoded.clone().into_bytes());
    post(&format!("{}/gateway.do", hand.town.gateway), encoded)
}

impl Person for Forger {
    /// Never listens: the auditor sees what is answered.
    fn turn(&mut self, _: Heard, hand: &mut Hand<'_>) {
        if self.left == 0 || self.idle > IDLE_MAX {
            return;
        }
        match self.forge(hand) {
            Some(request) => {
                self.left -= 1;
                hand.ask_deaf(request);
            }
            None => self.idle += 1,
        }
        let pause = hand.chance.millis(0, self.pause_max_ms);
        hand.wake_after(pause);
    }
}
