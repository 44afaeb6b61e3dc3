//! Somebody at the gateway's desk: signs in, opens one trade, sees what may be done there, and does some of it.
//!
//! Nothing is known here of which state allows what. The page offers forms; a person has a mind of its own about each of
//! them ([`Temper`]), and what nobody has a mind to do the clocks do. A new action of the desk needs a line in
//! [`DEEDS`] and nothing else.

use danbao_protocol::node::Response;
use serde_json::Value;

use super::browser::{Browser, Page, hidden_field};
use super::errand::{answered_trade, look_up};
use super::{Hand, Heard, Login, Person};
use crate::chance::Chance;

/// Everything that the desk lets anybody do, by the last word of its address, and how it is filled in.
const DEEDS: [(&str, Fill); 12] = [
    ("adjust_price", Fill::Discount),
    ("agree_refund", Fill::Password),
    ("apply_refund", Fill::Application),
    ("close", Fill::Nothing),
    ("confirm_goods", Fill::Password),
    ("confirm_return", Fill::Password),
    ("extend_timeout", Fill::Days),
    ("refuse_refund", Fill::Answer),
    ("return_goods", Fill::Parcel),
    ("send_goods", Fill::Parcel),
    ("withdraw_refund", Fill::Nothing),
    ("refund_paid", Fill::Repayment),
];

/// What a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    Nothing,
    Password,
    Discount,
    Application,
    Days,
    Answer,
    Parcel,
    Repayment,
}

/// How willing somebody is to do each thing that the desk offers, in a thousand looks at it, and how often yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Temper {
    /// One number for each of [`DEEDS`].
    willing: [u32; DEEDS.len()],
    /// One number for each of [`DEEDS`].
    patience: [u32; DEEDS.len()],
}

impl Temper {
    /// Draws somebody: for each deed keen, hesitant or deaf. Few end what others may still quarrel about, and some go
    /// straight on without ever taking a step back.
    pub fn draw(chance: &mut Chance) -> Temper {
        let is_straight = chance.per_mille(400);
        let mut willing = DEEDS.map(|(deed, _)| match deed {
            "close" | "confirm_goods" | "refuse_refund" | "withdraw_refund" if is_straight => 0,
            "close" | "confirm_goods" | "send_goods" | "withdraw_refund" => chance.pick(&[0, 0, 60, 200]),
            "extend_timeout" | "refuse_refund" => chance.pick(&[0, 0, 200, 500]),
            // Follows from the others, so that it costs no chance.
            "refund_paid" => 0,
            "apply_refund" | "return_goods" => chance.pick(&[0, 400, 900, 900]),
            _ => chance.pick(&[0, 300, 900]),
        });
        let place = |wanted: &str| DEEDS.iter().position(|(deed, _)| *deed == wanted);
        if let (Some(agree), Some(refund)) = (place("agree_refund"), place("refund_paid")) {
            willing[refund] = willing[agree];
        }
        Temper { willing, patience: [3; DEEDS.len()] }
    }

    /// Somebody who does these things as soon and as often as they are offered, and nothing else.
    pub fn keen_to(deeds: &[&str]) -> Temper {
        let is_meant = |(deed, _): (&str, Fill)| if deeds.contains(&deed) { 1000 } else { 0 };
        Temper { willing: DEEDS.map(is_meant), patience: [u32::MAX; DEEDS.len()] }
    }

    /// One of the forms on the page, or none of them.
    fn choose(&mut self, page: &str, trade_no: &str, chance: &mut Chance) -> Option<(&'static str, Fill)> {
        let is_offered = |deed: &str| page.contains(&format!("action=\"/desk/trades/{trade_no}/{deed}\""));
        let mut wished: Vec<usize> = Vec::new();
        for (index, (deed, _)) in DEEDS.into_iter().enumerate() {
            if self.patience[index] > 0 && is_offered(deed) && chance.per_mille(self.willing[index]) {
                wished.push(index);
            }
        }
        let chosen = (!wished.is_empty()).then(|| chance.pick(&wished))?;
        self.patience[chosen] -= 1;
        Some(DEEDS[chosen])
    }
}

/// Looks after which somebody has had enough.
const LOOKS_MAX: u32 = 40;
/// Looks in a row at which there was nothing to do, after which it is no longer worth the while.
const IDLE_MAX: u32 = 16;

/// One side of one trade.
#[derive(Debug, Clone)]
pub struct Party {
    login: Login,
    temper: Temper,
    out_trade_no: String,
    trade_no: Option<String>,
    browser: Browser,
    looks: u32,
    /// Looks since something was done.
    idle: u32,
}

impl Party {
    /// Somebody who looks after this order at the desk.
    pub fn new(login: Login, temper: Temper, out_trade_no: String) -> Party {
        Party { login, temper, out_trade_no, trade_no: None, browser: Browser::default(), looks: 0, idle: 0 }
    }

    fn rest(&mut self, hand: &mut Hand<'_>) {
        // Up to five days: some wait for what the other side's clock brings.
        let longest = 30_000_u64.saturating_mul(1 << self.idle.min(14));
        let pause = hand.chance.millis(longest / 3, longest);
        hand.wake_after(pause);
    }

    fn look(&mut self, hand: &mut Hand<'_>) {
        self.looks += 1;
        self.idle += 1;
        if self.looks > LOOKS_MAX || self.idle > IDLE_MAX {
            return;
        }
        match self.trade_no.clone() {
            Some(trade_no) => self.go(&format!("{}/desk/trades/{trade_no}", hand.town.gateway), hand),
            None => hand.ask(look_up(hand.town, &self.out_trade_no)),
        }
    }

    fn go(&mut self, url: &str, hand: &mut Hand<'_>) {
        match self.browser.get(url) {
            Some(request) => hand.ask(request),
            None => self.rest(hand),
        }
    }

    fn send(&mut self, path: &str, fields: &[(&str, &str)], hand: &mut Hand<'_>) {
        match self.browser.post(&format!("{}{path}", hand.town.gateway), fields) {
            Some(request) => hand.ask(request),
            None => self.rest(hand),
        }
    }

    /// Learns the number of the trade, once there is one.
    fn learn(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        self.trade_no = answered_trade(&answer)["trade_no"].as_str().map(str::to_owned);
        self.rest(hand);
    }

    fn see(&mut self, trade_no: &str, response: &Response, hand: &mut Hand<'_>) {
        let (path, status, text) = match self.browser.hear(response) {
            // What was done is shown by the page that follows; it is read at the next look.
            Page::Redirect(url) if url.contains("?done=") => return self.rest(hand),
            Page::Redirect(url) => return self.go(&url, hand),
            Page::Shown { path, status, text } => (path, status, text),
        };
        let Some(csrf) = hidden_field(&text, "csrf").filter(|_| status == 200) else {
            return self.rest(hand);
        };
        if path == "/desk/sign-in" && !text.contains("id=\"form-error\"") {
            return self.sign_in(trade_no, csrf, hand);
        }
        // Also the answer to a form that came too late has this trade's page below it, and is left alone.
        if path != format!("/desk/trades/{trade_no}") {
            return self.rest(hand);
        }
        if ["TRADE_FINISHED", "TRADE_CLOSED"].iter().any(|end| text.contains(end)) {
            return hand.say(format!("sees that {trade_no} is over"));
        }
        match self.temper.choose(&text, trade_no, hand.chance) {
            Some((deed, fill)) => {
                hand.say(format!("{deed} of {trade_no}"));
                self.idle = 2;
                let fields = fill.fields(&text, csrf, &self.login, hand.chance);
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                self.send(&format!("/desk/trades/{trade_no}/{deed}"), &fields, hand);
            }
            None => self.rest(hand),
        }
    }

    fn sign_in(&mut self, trade_no: &str, csrf: &str, hand: &mut Hand<'_>) {
        let login = self.login.clone();
        let fields = [
            ("csrf", csrf),
            ("account", login.account.as_str()),
            ("login_password", login.login_password.as_str()),
            ("next", &format!("/desk/trades/{trade_no}")),
        ];
        self.send("/desk/sign-in", &fields, hand);
    }
}

impl Fill {
    /// The fields of a form, as this person fills it in.
    fn fields(
        self,
        page: &str,
        csrf: &str,
        login: &Login,
        chance: &mut Chance,
    ) -> Vec<(&'static str, String)> {
        let mut fields = vec![("csrf", csrf.to_owned())];
        match self {
            Fill::Nothing => {}
            Fill::Password => fields.push(("payment_password", login.payment_password.clone())),
            Fill::Discount => {
                let discount = chance.pick(&["-0.01", "-1.00", "-5.55", "0.50", "20.00"]);
                fields.push(("discount", discount.to_owned()));
            }
            Fill::Application => {
                fields.push(("refund_reason", "不想要了".to_owned()));
                if page.contains("name=\"goods_received\"") {
                    fields.push(("goods_received", chance.pick(&["yes", "yes", "no"]).to_owned()));
                    let shown = shown_field(page, "amount").unwrap_or_default();
                    // Sometimes more than there is: that must be refused.
                    let amount = chance.pick(&[shown, shown, "0.01", "1.00", "99999.00"]);
                    fields.push(("amount", amount.to_owned()));
                }
            }
            Fill::Repayment => {
                let left = shown_field(page, "amount").unwrap_or_default();
                // Sometimes more than there is: that must be refused.
                let amount = chance.pick(&[left, "0.01", "1.00", "1.00", "99999.00"]);
                fields.push(("left", shown_field(page, "left").unwrap_or_default().to_owned()));
                fields.push(("amount", amount.to_owned()));
                fields.push(("refund_reason", "有瑕疵".to_owned()));
                fields.push(("payment_password", login.payment_password.clone()));
            }
            Fill::Days => fields.push(("days", chance.pick(&["3", "5", "7", "10"]).to_owned())),
            Fill::Answer => fields.push(("answer", "已经寄出了".to_owned())),
            Fill::Parcel => {
                let by = chance.pick(&["EXPRESS", "EMS", "POST", "VIRTUAL_30", "DIRECT"]);
                fields.push(("transport_type", by.to_owned()));
                fields.push(("logistics_name", "申通快递".to_owned()));
                fields.push(("invoice_no", "ST1".to_owned()));
            }
        }
        fields
    }
}

/// What a visible field is filled with already.
fn shown_field<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (tag, _) = rest.split_once('>')?;
    let (_, value) = tag.split_once("value=\"")?;
    value.split_once('"').map(|(value, _)| value)
}

impl Person for Party {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match (heard, self.trade_no.clone()) {
            (Heard::Woke, _) => self.look(hand),
            (Heard::Answer(Ok(response)), Some(trade_no)) => self.see(&trade_no, &response, hand),
            (Heard::Answer(Ok(response)), None) => self.learn(&response, hand),
            (Heard::Answer(Err(_)), _) => self.rest(hand),
        }
    }
}
