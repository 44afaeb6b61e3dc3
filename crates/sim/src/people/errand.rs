//! What has to be done once a trade has come so far: shipping, confirming, closing.

use bytes::Bytes;
use danbao_protocol::node::{Request, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::browser::{Browser, Page, hidden_field};
use super::{Customer, Hand, Heard, Person, Town};

/// What an errand is for, and by which way it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The seller ships by the shop's button, which calls send_goods_confirm_by_platform.
    ShipByShop,
    /// The seller ships at the gateway's desk.
    ShipByDesk,
    /// The seller ships by the sandbox API.
    ShipBySandbox,
    /// The seller closes the unpaid trade.
    CloseUnpaid,
    /// The buyer confirms at the gateway's desk.
    ConfirmByDesk,
    /// The buyer confirms by the sandbox API.
    ConfirmBySandbox,
    /// Nobody does anything; the clocks do.
    Nothing,
}

impl Purpose {
    /// The state in which there is something to do.
    fn wants(self) -> &'static str {
        match self {
            Purpose::ShipByShop | Purpose::ShipByDesk | Purpose::ShipBySandbox => "WAIT_SELLER_SEND_GOODS",
            Purpose::CloseUnpaid => "WAIT_BUYER_PAY",
            Purpose::ConfirmByDesk | Purpose::ConfirmBySandbox => "WAIT_BUYER_CONFIRM_GOODS",
            Purpose::Nothing => "",
        }
    }

    /// Whether a trade in this state will never need this any more.
    fn is_past(self, status: &str) -> bool {
        let path = ["WAIT_BUYER_PAY", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS"];
        let place = |status: &str| path.iter().position(|known| *known == status).unwrap_or(path.len());
        place(status) > place(self.wants())
    }
}

/// Looks after which the errand is given up.
const LOOKS_MAX: u32 = 16;

/// Somebody who looks after one order.
#[derive(Debug, Clone)]
pub struct Errand {
    purpose: Purpose,
    out_trade_no: String,
    buyer: Customer,
    browser: Browser,
    looks: u32,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Waits to look again.
    Resting,
    /// Has asked how the trade stands.
    Looking,
    /// At the desk, on the way to the form of this trade.
    AtDesk { trade_no: String },
    /// Has done it, and waits for the answer.
    Doing,
}

/// A call of the sandbox API.
pub(super) fn sandbox(town: &Town, method: &str, path: &str, body: String) -> Request {
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = if method == "POST" { Method::POST } else { Method::GET };
    *request.uri_mut() = format!("{}/sandbox/v1/{path}", town.gateway).parse().unwrap_or_default();
    if let Ok(token) = HeaderValue::from_str(&format!("Bearer {}", town.sandbox_token)) {
        request.headers_mut().insert(AUTHORIZATION, token);
    }
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// Asks for the trade of an order.
pub(super) fn look_up(town: &Town, out_trade_no: &str) -> Request {
    let partner = &town.merchant.partner;
    let path = format!("trades?out_trade_no={out_trade_no}&partner={partner}");
    sandbox(town, "GET", &path, String::new())
}

/// The trade in the answer; null if there is none yet.
pub(super) fn answered_trade(answer: &Value) -> &Value {
    &answer["trades"][0]
}

impl Errand {
    /// Somebody with an errand for an order.
    pub fn new(purpose: Purpose, out_trade_no: String, buyer: Customer) -> Errand {
        Errand { purpose, out_trade_no, buyer, browser: Browser::default(), looks: 0, state: State::Resting }
    }

    fn rest(&mut self, hand: &mut Hand<'_>) {
        self.state = State::Resting;
        let longest = 20_000_u64.saturating_mul(1 << self.looks.min(11));
        let pause = hand.chance.millis(longest / 2, longest);
        hand.wake_after(pause);
    }

    fn look(&mut self, hand: &mut Hand<'_>) {
        self.looks += 1;
        if self.looks > LOOKS_MAX || self.purpose == Purpose::Nothing {
            return;
        }
        self.state = State::Looking;
        hand.ask(look_up(hand.town, &self.out_trade_no));
    }

    fn see(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let trade = answered_trade(&answer);
        match (trade["trade_no"].as_str(), trade["trade_status"].as_str()) {
            (Some(trade_no), Some(status)) if status == self.purpose.wants() => {
                self.act(trade_no, hand);
            }
            (Some(_), Some(status)) if self.purpose.is_past(status) => {}
            _ => self.rest(hand),
        }
    }

    fn act(&mut self, trade_no: &str, hand: &mut Hand<'_>) {
        hand.say(format!("{:?} of {}", self.purpose, self.out_trade_no));
        let action = match self.purpose {
            Purpose::ShipByShop => {
                let url = format!("{}/orders/{}/ship", hand.town.shop, self.out_trade_no);
                let fields = [("logistics_name", "顺丰速运"), ("invoice_no", "SF1")];
                return self.step(url, Some(&fields), State::Doing, hand);
            }
            Purpose::ShipByDesk | Purpose::ConfirmByDesk => {
                let next = format!("/desk/trades/{trade_no}");
                let url = format!("{}/desk/sign-in?next={next}", hand.town.gateway);
                return self.step(url, None, State::AtDesk { trade_no: trade_no.to_owned() }, hand);
            }
            Purpose::ShipBySandbox => json!({ "action": "send_goods" }),
            Purpose::ConfirmBySandbox => json!({ "action": "confirm_goods" }),
            Purpose::CloseUnpaid => json!({ "action": "close" }),
            Purpose::Nothing => return,
        };
        self.state = State::Doing;
        hand.ask(sandbox(hand.town, "POST", &format!("trades/{trade_no}/actions"), action.to_string()));
    }

    /// One click: a form, or a link.
    fn step(&mut self, url: String, fields: Option<&[(&str, &str)]>, state: State, hand: &mut Hand<'_>) {
        let request = match fields {
            Some(fields) => self.browser.post(&url, fields),
            None => self.browser.get(&url),
        };
        self.state = state;
        match request {
            Some(request) => hand.ask(request),
            None => self.rest(hand),
        }
    }

    fn at_desk(&mut self, trade_no: String, response: &Response, hand: &mut Hand<'_>) {
        let (path, text) = match self.browser.hear(response) {
            Page::Redirect(url) => return self.step(url, None, State::AtDesk { trade_no }, hand),
            Page::Shown { path, text, .. } => (path, text),
        };
        let Some(csrf) = hidden_field(&text, "csrf").map(str::to_owned) else { return self.rest(hand) };
        let gateway = hand.town.gateway.clone();
        let trade_path = format!("/desk/trades/{trade_no}");
        if path == "/desk/sign-in"
            && text.contains("name=\"login_password\"")
            && !text.contains("id=\"form-error\"")
        {
            let (account, password) = match self.purpose {
                Purpose::ShipByDesk => {
                    let seller = &hand.town.merchant;
                    (seller.seller_email.clone(), seller.login_password.clone())
                }
                _ => (self.buyer.email.clone(), self.buyer.login_password.clone()),
            };
            let fields = [
                ("csrf", csrf.as_str()),
                ("account", &account),
                ("login_password", &password),
                ("next", &trade_path),
            ];
            return self.step(
                format!("{gateway}/desk/sign-in"),
                Some(&fields),
                State::AtDesk { trade_no },
                hand,
            );
        }
        if path != trade_path {
            return self.rest(hand);
        }
        match self.purpose {
            Purpose::ShipByDesk => {
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("transport_type", "EXPRESS"),
                    ("logistics_name", "申通快递"),
                    ("invoice_no", ""),
                ];
                self.step(format!("{gateway}{trade_path}/send_goods"), Some(&fields), State::Doing, hand);
            }
            _ => {
                let password = self.buyer.payment_password.clone();
                let fields = [("csrf", csrf.as_str()), ("payment_password", password.as_str())];
                self.step(format!("{gateway}{trade_path}/confirm_goods"), Some(&fields), State::Doing, hand);
            }
        }
    }
}

impl Person for Errand {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match (heard, self.state.clone()) {
            (Heard::Woke, _) => self.look(hand),
            (Heard::Answer(Ok(response)), State::Looking) => self.see(&response, hand),
            (Heard::Answer(Ok(response)), State::AtDesk { trade_no }) => {
                self.at_desk(trade_no, &response, hand)
            }
            // Whether it helped is seen at the next look.
            (Heard::Answer(_), _) => self.rest(hand),
        }
    }
}
