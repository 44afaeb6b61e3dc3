//! A buyer whom the shop knows by the gateway: signs in first or with a full cart, or comes by etao, perhaps fetches an
//! address, perhaps lets time pass, and then buys as any [`Buyer`] (quick-login tutorial 4 and 5).

use std::time::Duration;

use danbao_protocol::node::{Request, Response};
use serde_json::{Value, json};

use super::browser::{Browser, Page, hidden_field};
use super::errand::sandbox;
use super::{Buyer, Customer, Habits, Hand, Heard, Person};
use crate::chance::Chance;

/// By which door a buyer comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Signs in, then shops.
    LoginFirst,
    /// Fills the cart, then signs in.
    CartFirst,
    /// By etao, signed in at the platform.
    Etao,
    /// By etao, known by the nickname at the market.
    EtaoNickname,
    /// By etao, known to nobody.
    EtaoUnknown,
}

/// What comes before the buying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The way in.
    pub door: Door,
    /// Fetches an address from the gateway.
    pub wants_address: bool,
    /// How long the buyer looks around between the login and what follows.
    pub lingers: Duration,
}

impl Visit {
    /// Draws a way in.
    pub fn draw(chance: &mut Chance) -> Visit {
        let longest = chance.pick(&[0, 0, 12 * 60_000, 45 * 60_000]);
        Visit {
            door: chance.pick(&[
                Door::LoginFirst,
                Door::CartFirst,
                Door::Etao,
                Door::EtaoNickname,
                Door::EtaoUnknown,
            ]),
            wants_address: chance.per_mille(500),
            lingers: chance.millis(longest / 2, longest),
        }
    }
}

/// Failures after which a buyer goes home.
const PATIENCE: u32 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Cart,
    Login,
    Linger,
    Address,
    Buy,
}

/// Such a buyer.
#[derive(Debug, Clone)]
pub struct Shopper {
    habits: Habits,
    who: Customer,
    visit: Visit,
    browser: Browser,
    step: Step,
    /// Waits for the sandbox to say where a click on etao leads.
    has_clicked: bool,
    failures: u32,
}

impl Shopper {
    /// Somebody who wants something and comes in this way.
    pub fn new(habits: Habits, who: Customer, visit: Visit) -> Shopper {
        let step = if visit.door == Door::CartFirst { Step::Cart } else { Step::Login };
        Shopper { habits, who, visit, browser: Browser::default(), step, has_clicked: false, failures: 0 }
    }

    /// Begins the present step, or begins it again.
    fn begin(&mut self, hand: &mut Hand<'_>) {
        let shop = hand.town.shop.clone();
        match (self.step, self.visit.door) {
            (Step::Cart, _) => self.send(&format!("{shop}/cart"), &[("good", "tea"), ("add", "1")], hand),
            (Step::Login, Door::LoginFirst) => self.send(&format!("{shop}/login"), &[("back", "/")], hand),
            (Step::Login, Door::CartFirst) => {
                self.send(&format!("{shop}/login"), &[("back", "/checkout")], hand);
            }
            (Step::Login, door) => self.click_etao(door, hand),
            (Step::Linger, _) => {
                self.step = Step::Address;
                hand.wake_after(self.visit.lingers);
            }
            // Whom the shop does not know it asks to sign in; that is for another visit.
            (Step::Address, door) if !self.visit.wants_address || door == Door::EtaoUnknown => {
                self.step = Step::Buy;
                self.begin(hand);
            }
            (Step::Address, _) => self.send(&format!("{shop}/address"), &[], hand),
            (Step::Buy, _) => {
                let buyer = Buyer::with_browser(self.habits.clone(), self.who.clone(), self.browser.clone());
                hand.send(Box::new(buyer), Duration::from_millis(1));
            }
        }
    }

    fn click_etao(&mut self, door: Door, hand: &mut Hand<'_>) {
        let merchant = &hand.town.merchant;
        let sign_type = merchant.signer.as_ref().map_or("MD5", |signer| signer.sign_type().as_str());
        let mut body = json!({
            "partner": merchant.partner,
            "target_url": format!("{}/goods/tea", hand.town.shop),
            "return_url": hand.town.login_return_url(),
            "sign_type": sign_type,
            "by_nickname": door == Door::EtaoNickname,
        });
        if door != Door::EtaoUnknown {
            body["user"] = json!(self.who.email);
        }
        self.has_clicked = true;
        hand.ask(sandbox(hand.town, "POST", "etao", body.to_string()));
    }

    fn ask(&mut self, request: Option<Request>, hand: &mut Hand<'_>) {
        match request {
            Some(request) => hand.ask(request),
            None => self.fail("an address that is none", hand),
        }
    }

    fn send(&mut self, url: &str, fields: &[(&str, &str)], hand: &mut Hand<'_>) {
        let request = self.browser.post(url, fields);
        self.ask(request, hand);
    }

    fn go(&mut self, url: &str, hand: &mut Hand<'_>) {
        let request = self.browser.get(url);
        self.ask(request, hand);
    }

    fn fail(&mut self, why: &str, hand: &mut Hand<'_>) {
        self.failures += 1;
        hand.say(format!("at {:?}: {why}", self.step));
        if self.failures > PATIENCE {
            return;
        }
        let longest = 3_000 * u64::from(self.failures).pow(2);
        let pause = hand.chance.millis(1_000, longest.max(1_001));
        hand.wake_after(pause);
    }

    /// The present step has come to its end.
    fn go_on(&mut self, hand: &mut Hand<'_>) {
        self.step = match self.step {
            Step::Cart => Step::Login,
            Step::Login => Step::Linger,
            Step::Linger => Step::Address,
            Step::Address | Step::Buy => Step::Buy,
        };
        self.begin(hand);
    }

    fn look(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let (path, status, text) = match self.browser.hear(response) {
            Page::Redirect(url) => return self.go(&url, hand),
            Page::Shown { path, status, text } => (path, status, text),
        };
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            _ if status != 200 => self.fail("a page that says no", hand),
            ["handover", id, ..] => self.answer_gateway(id, &text, hand),
            _ => self.go_on(hand),
        }
    }

    /// A page of the gateway on the way to a login or an address.
    fn answer_gateway(&mut self, id: &str, text: &str, hand: &mut Hand<'_>) {
        let base = format!("{}/handover/{id}", hand.town.gateway);
        let csrf = hidden_field(text, "csrf").unwrap_or_default().to_owned();
        if text.contains("id=\"form-error\"") {
            self.fail("a form that comes back", hand);
        } else if text.contains("name=\"login_password\"") {
            let who = self.who.clone();
            let fields =
                [("csrf", csrf.as_str()), ("account", &who.email), ("login_password", &who.login_password)];
            self.send(&format!("{base}/sign-in"), &fields, hand);
        } else if text.contains("/consent\"") {
            self.send(&format!("{base}/consent"), &[("csrf", &csrf)], hand);
        } else if text.contains(&hand.town.address_form()) {
            let form = hand.town.address_form();
            let fields = hidden_fields(text, &form);
            let (_, rest) = text.split_once(&form).unwrap_or_default();
            let visit = unescaped(rest.split('"').next().unwrap_or_default());
            let back = format!("{}{visit}", hand.town.address_return_url());
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            self.send(&back, &fields, hand);
        } else if let Some(address) = hidden_field(text, "address") {
            self.send(&format!("{base}/choose"), &[("csrf", &csrf), ("address", address)], hand);
        } else {
            self.fail("a page that leads nowhere", hand);
        }
    }

    fn follow_click(&mut self, response: &Response, hand: &mut Hand<'_>) {
        self.has_clicked = false;
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match answer["return_url"].as_str() {
            Some(url) => self.go(url, hand),
            None => self.fail("etao leads nowhere", hand),
        }
    }
}

/// The hidden fields of the form that begins with this, as a browser sends them.
fn hidden_fields(page: &str, begins: &str) -> Vec<(String, String)> {
    let form = page.split_once(begins).map_or("", |(_, rest)| rest);
    let form = form.split_once("</form>").map_or(form, |(form, _)| form);
    let field = |tag: &str| {
        let (name, rest) = tag.split_once("\" value=\"")?;
        let (value, _) = rest.split_once('"')?;
        Some((name.to_owned(), unescaped(value)))
    };
    form.split("<input type=\"hidden\" name=\"").skip(1).filter_map(field).collect()
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#x27;", "'").replace("&#x2f;", "/").replace("&amp;", "&")
}

impl Person for Shopper {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match heard {
            Heard::Woke => self.begin(hand),
            Heard::Answer(Ok(response)) if self.has_clicked => self.follow_click(&response, hand),
            Heard::Answer(Ok(response)) => self.look(&response, hand),
            Heard::Answer(Err(why)) => {
                self.has_clicked = false;
                self.fail(why.as_str(), hand);
            }
        }
    }
}
