//! A buyer: orders in the shop, pays at the cashier, goes back to the shop - or does some of it, or some of it twice.

use std::time::Duration;

use danbao_protocol::node::{Request, Response};
use serde_json::{Value, json};

use super::browser::{Browser, Page, hidden_field};
use super::errand::{Errand, Purpose, sandbox};
use super::{Customer, Hand, Heard, Party, Person, Temper};
use crate::chance::Chance;

/// How a buyer goes through the cashier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By its pages, signed in.
    Member,
    /// By its pages, without an account.
    Visitor,
    /// By one call of the sandbox API.
    Sandbox,
}

/// What a buyer pays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// Money on the account.
    Balance,
    /// A bank.
    Bank,
}

/// What kind of buyer this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    /// `service`
    pub service: &'static str,
    /// `utf-8` or `gbk`
    pub charset: &'static str,
    /// `escrow` or `direct`; only a dual trade's buyer is asked.
    pub mode: &'static str,
    /// Through the cashier.
    pub way: Way,
    /// With which money.
    pub means: Means,
    /// Sends each form twice.
    pub clicks_twice: bool,
    /// Leaves when the money is paid.
    pub closes_early: bool,
    /// Stops in front of the payment.
    pub abandons: bool,
    /// How long the address of the return is kept before it is followed.
    pub return_after: Duration,
    /// What the seller does for this order.
    pub seller: Purpose,
    /// Follows a refused link again, a few times.
    pub insists: bool,
    /// How the buyer says that the goods are there.
    pub confirm: Purpose,
    /// What else buyer and seller do about this order.
    pub quarrel: Option<Quarrel>,
}

/// Two people who meet at the desk over an order: they haggle, apply, refuse, send back, or say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarrel {
    /// The buyer's mind.
    pub buyer: Temper,
    /// The seller's mind.
    pub seller: Temper,
    /// How long the buyer looks at the last page before paying; the price may change meanwhile.
    pub hesitates: Duration,
}

impl Quarrel {
    /// Draws two people.
    pub fn draw(chance: &mut Chance) -> Quarrel {
        let hesitates = chance.pick(&[0, 0, 600_000]);
        Quarrel {
            buyer: Temper::draw(chance),
            seller: Temper::draw(chance),
            hesitates: chance.millis(0, hesitates),
        }
    }
}

impl Habits {
    /// Draws a buyer.
    pub fn draw(chance: &mut Chance, impatient: u32) -> Habits {
        let is_impatient = chance.per_mille(impatient);
        let is_late = chance.per_mille(200);
        Habits {
            service: chance.pick(&[
                "create_direct_pay_by_user",
                "create_partner_trade_by_buyer",
                "trade_create_by_buyer",
            ]),
            charset: chance.pick(&["utf-8", "gbk"]),
            mode: chance.pick(&["escrow", "direct"]),
            way: chance.pick(&[Way::Member, Way::Visitor, Way::Sandbox]),
            means: chance.pick(&[Means::Balance, Means::Bank]),
            clicks_twice: is_impatient,
            closes_early: is_impatient,
            abandons: chance.per_mille(100),
            return_after: if is_late { chance.millis(55_000, 300_000) } else { chance.millis(0, 5_000) },
            seller: chance.pick(&[
                Purpose::ShipByShop,
                Purpose::ShipByShop,
                Purpose::ShipByDesk,
                Purpose::ShipBySandbox,
                Purpose::CloseUnpaid,
                Purpose::Nothing,
            ]),
            confirm: chance.pick(&[Purpose::ConfirmByDesk, Purpose::ConfirmBySandbox, Purpose::Nothing]),
            quarrel: None,
            insists: false,
        }
    }
}

/// What a refusal costs of a buyer's patience.
const REFUSAL: u32 = 7;
/// Failures after which a buyer goes home.
const PATIENCE: u32 = 30;

/// A buyer.
#[derive(Debug, Clone)]
pub struct Buyer {
    habits: Habits,
    who: Customer,
    browser: Browser,
    payment_url: Option<String>,
    /// The address of the shop that leads to the cashier, for whoever has an order already.
    door: Option<String>,
    /// What was asked last, for a reload.
    last: Option<Request>,
    /// An address to be followed when the buyer wakes.
    next_url: Option<String>,
    /// The page of the cashier that the buyer is still thinking about: its id and what it showed.
    shown: Option<(String, String)>,
    hesitates: Duration,
    failures: u32,
}

impl Buyer {
    /// Somebody who wants something.
    pub fn new(habits: Habits, who: Customer) -> Buyer {
        Buyer {
            hesitates: habits.quarrel.as_ref().map_or(Duration::ZERO, |quarrel| quarrel.hesitates),
            habits,
            who,
            browser: Browser::default(),
            payment_url: None,
            door: None,
            last: None,
            next_url: None,
            shown: None,
            failures: 0,
        }
    }

    /// The same, on a browser that has been used before.
    pub fn with_browser(habits: Habits, who: Customer, browser: Browser) -> Buyer {
        Buyer { browser, ..Buyer::new(habits, who) }
    }

    /// Somebody who pays an order that is there: the shop sends them on from this address.
    pub fn at_door(habits: Habits, who: Customer, door: String) -> Buyer {
        Buyer { door: Some(door), ..Buyer::new(habits, who) }
    }

    /// Somebody who comes with the signed address of the cashier, as old as it may be.
    pub fn sent_to(habits: Habits, who: Customer, payment_url: String) -> Buyer {
        Buyer { payment_url: Some(payment_url), ..Buyer::new(habits, who) }
    }

    /// The same, looking at the last page for so long before paying.
    pub fn hesitating(self, hesitates: Duration) -> Buyer {
        Buyer { hesitates, ..self }
    }

    fn ask(&mut self, request: Option<Request>, hand: &mut Hand<'_>) {
        let Some(request) = request else { return };
        self.last = Some(request.clone());
        hand.ask(request);
    }

    fn go(&mut self, url: &str, hand: &mut Hand<'_>) {
        let request = self.browser.get(url);
        self.ask(request, hand);
    }

    /// Sends a form; an impatient buyer clicks twice.
    fn submit(&mut self, url: &str, fields: &[(&str, &str)], hand: &mut Hand<'_>) {
        let request = self.browser.post(url, fields);
        if let Some(request) = request.clone().filter(|_| self.habits.clicks_twice) {
            hand.ask_deaf(request);
        }
        self.ask(request, hand);
    }

    /// Orders: by the shop's pages, or as programs do.
    fn order(&mut self, hand: &mut Hand<'_>) {
        if let Some(door) = self.door.clone() {
            let terms = [("service", self.habits.service), ("charset", self.habits.charset)];
            return self.submit(&door, &terms, hand);
        }
        let shop = hand.town.shop.clone();
        let good = hand.chance.pick(&["tea", "cup", "umbrella", "mooncake", "bookmark"]);
        let quantity = hand.chance.between(1, 3);
        if self.habits.way == Way::Sandbox {
            let wish = json!({
                "service": self.habits.service,
                "charset": self.habits.charset,
                "lines": [{ "good": good, "quantity": quantity }],
            });
            let request = self.browser.post(&format!("{shop}/orders"), &[]).map(|mut request| {
                *request.body_mut() = wish.to_string().into();
                request
            });
            return self.ask(request, hand);
        }
        let quantity = quantity.to_string();
        self.submit(&format!("{shop}/cart"), &[("good", good), ("add", quantity.as_str())], hand);
    }

    /// The shop's cart is shown: on to the receiver and the way to pay.
    fn check_out(&mut self, hand: &mut Hand<'_>) {
        let url = format!("{}/checkout", hand.town.shop);
        let fields = [
            ("receive_name", "李四"),
            ("receive_mobile", "13700000000"),
            ("receive_address", "上海市 普陀区 某路100号"),
            ("receive_zip", "200062"),
            ("service", self.habits.service),
            ("charset", self.habits.charset),
            ("via", "url"),
        ];
        self.submit(&url, &fields, hand);
    }

    /// The shop has placed an order for a program.
    fn read_placed(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let placed: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match placed["payment_url"].as_str() {
            Some(url) => self.ordered(url.to_owned(), hand),
            None => self.fail("the shop takes no order", hand),
        }
    }

    /// Does not know any more where it was: begins again at the address that the shop gave.
    fn begin(&mut self, hand: &mut Hand<'_>) {
        let Some(url) = self.payment_url.clone() else { return self.order(hand) };
        if self.habits.way == Way::Sandbox {
            let request = self.checkout(&url, hand);
            if self.habits.clicks_twice {
                hand.ask_deaf(request.clone());
            }
            self.ask(Some(request), hand);
        } else {
            self.go(&url, hand);
        }
    }

    fn checkout(&self, url: &str, hand: &Hand<'_>) -> Request {
        let body = json!({
            "url": url,
            "buyer": self.who.email,
            "mode": self.habits.mode,
            "method": match self.habits.means { Means::Balance => "balance", Means::Bank => "bank" },
            "stop_unpaid": self.habits.abandons,
        });
        sandbox(hand.town, "POST", "checkout", body.to_string())
    }

    fn fail(&mut self, why: &str, hand: &mut Hand<'_>) {
        self.failures += 1;
        if self.failures > PATIENCE {
            hand.say(format!("gives up: {why}"));
            return;
        }
        let longest = 2_000 * u64::from(self.failures.min(15)).pow(2);
        let pause = hand.chance.millis(1_000, longest.max(2_000));
        hand.wake_after(pause);
    }

    /// Follows a redirect, noticing what it means.
    fn follow(&mut self, url: String, hand: &mut Hand<'_>) {
        if url.starts_with(&format!("{}/gateway.do?", hand.town.gateway)) && self.payment_url.is_none() {
            return self.ordered(url, hand);
        }
        if url.ends_with("/paid") && self.habits.closes_early {
            hand.say("closes the page");
            return;
        }
        if url.starts_with(&hand.town.return_url()) {
            return self.go_back_later(url, hand);
        }
        self.go(&url, hand);
    }

    fn go_back_later(&mut self, url: String, hand: &mut Hand<'_>) {
        self.next_url = Some(url);
        hand.wake_after(self.habits.return_after);
    }

    /// The shop has given the address of the cashier.
    fn ordered(&mut self, url: String, hand: &mut Hand<'_>) {
        if let Some(out_trade_no) = hand.town.learn(&url) {
            for purpose in [self.habits.seller, self.habits.confirm] {
                let errand = Errand::new(purpose, out_trade_no.clone(), self.who.clone());
                let after = hand.chance.millis(1_000, 600_000);
                hand.send(Box::new(errand), after);
            }
            self.meet_at_desk(&out_trade_no, hand);
        }
        self.payment_url = Some(url);
        self.begin(hand);
    }

    /// Whoever has no account has no desk.
    fn meet_at_desk(&self, out_trade_no: &str, hand: &mut Hand<'_>) {
        let Some(Quarrel { buyer, seller, .. }) = self.habits.quarrel.clone() else { return };
        let of_buyer = (self.habits.way != Way::Visitor).then(|| (self.who.login(), buyer));
        for (login, temper) in of_buyer.into_iter().chain([(hand.town.merchant.login(), seller)]) {
            let party = Party::new(login, temper, out_trade_no.to_owned());
            let after = hand.chance.millis(1_000, 120_000);
            hand.send(Box::new(party), after);
        }
    }

    fn look(&mut self, page: Page, hand: &mut Hand<'_>) {
        let (path, status, text) = match page {
            Page::Redirect(url) => return self.follow(url, hand),
            Page::Shown { path, status, text } => (path, status, text),
        };
        if status >= 500 {
            return self.fail("a broken page", hand);
        }
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        match segments.as_slice() {
            ["cashier", ..] if status == 410 => hand.say("finds the trade closed"),
            ["cashier", ..] if status != 200 || text.contains("id=\"form-error\"") => {
                self.fail("a page that says no", hand)
            }
            ["cashier", id] => self.fill_front(id, &text, hand),
            ["cashier", id, "pay"] if text.contains("name=\"method\"") => match self.hesitates {
                Duration::ZERO => self.fill_pay(id, &text, hand),
                length => {
                    self.shown = Some(((*id).to_owned(), text));
                    hand.wake_after(length);
                }
            },
            ["cashier", id, "bank", code] => self.fill_bank(id, code, &text, hand),
            ["cashier", id, "paid"] => {
                let url = format!("{}/cashier/{id}/return", hand.town.gateway);
                if text.contains("/return") { self.go(&url, hand) } else { hand.say("has paid") }
            }
            ["cart"] if text.contains("href=\"/checkout\"") => self.check_out(hand),
            ["cart"] => self.fail("an empty cart", hand),
            // An earlier click has placed the order, and its answer was not seen.
            ["orders", number] if self.payment_url.is_none() => {
                let url = format!("{}/orders/{number}/pay", hand.town.shop);
                self.submit(&url, &[], hand);
            }
            ["pay", "return"] => hand.say("is back in the shop"),
            ["gateway.do"] if self.habits.insists => {
                self.failures += REFUSAL;
                self.fail("a refused link", hand);
            }
            ["cashier", ..] => self.fail("a page that leads nowhere", hand),
            _ => hand.say(format!("ends at {path} {status}")),
        }
    }

    fn fill_front(&mut self, id: &str, text: &str, hand: &mut Hand<'_>) {
        let Some(csrf) = hidden_field(text, "csrf").map(str::to_owned) else {
            hand.say("finds no form at the cashier: paid or closed");
            return;
        };
        let logistics = if text.contains("name=\"logistics\" value=\"1\"") {
            hand.chance.pick(&["0", "1"]).to_owned()
        } else {
            String::new()
        };
        let mode = self.habits.mode;
        let common = [("csrf", csrf.as_str()), ("logistics", logistics.as_str()), ("mode", mode)];
        let base = format!("{}/cashier/{id}", hand.town.gateway);
        if self.habits.way == Way::Visitor {
            let contact = format!("v{}", self.who.email);
            let own = [("contact", contact.as_str()), ("contact_name", "过路人")];
            self.submit(&format!("{base}/visitor"), &[&common[..], &own].concat(), hand);
        } else if !text.contains("name=\"login_password\"") {
            // Signed in, or spared it by a token.
            self.submit(&format!("{base}/member"), &common, hand);
        } else {
            let who = self.who.clone();
            let own = [("account", who.email.as_str()), ("login_password", who.login_password.as_str())];
            self.submit(&format!("{base}/member"), &[&common[..], &own].concat(), hand);
        }
    }

    fn fill_pay(&mut self, id: &str, text: &str, hand: &mut Hand<'_>) {
        if self.habits.abandons {
            hand.say("goes away without paying");
            return;
        }
        let Some(csrf) = hidden_field(text, "csrf") else { return self.fail("a page without a form", hand) };
        let by_balance = self.habits.means == Means::Balance && text.contains("name=\"payment_password\"");
        let has_book = text.contains("name=\"address\" value=\"0\"");
        let who = self.who.clone();
        let fields = [
            ("csrf", csrf),
            ("shown_total", hidden_field(text, "shown_total").unwrap_or_default()),
            ("method", if by_balance { "balance" } else { "bank" }),
            ("bank", "ICBCB2C"),
            ("payment_password", who.payment_password.as_str()),
            ("address", if has_book { "0" } else { "new" }),
            ("receive_name", "王五"),
            ("receive_address", "浙江省 杭州市 西湖区 某路1号"),
            ("receive_zip", "310000"),
            ("receive_mobile", "13800000000"),
        ];
        self.submit(&format!("{}/cashier/{id}/pay", hand.town.gateway), &fields, hand);
    }

    fn fill_bank(&mut self, id: &str, code: &str, text: &str, hand: &mut Hand<'_>) {
        let Some(csrf) = hidden_field(text, "csrf") else { return self.fail("a page without a form", hand) };
        let url = format!("{}/cashier/{id}/bank/{code}", hand.town.gateway);
        let shown_total = hidden_field(text, "shown_total").unwrap_or_default();
        let fields = [("csrf", csrf), ("shown_total", shown_total), ("decision", "pay")];
        self.submit(&url, &fields, hand);
    }

    /// The sandbox API has answered.
    fn read_checkout(&mut self, response: &Response, hand: &mut Hand<'_>) {
        if !response.status().is_success() {
            return self.fail("the sandbox API is out of order", hand);
        }
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        match (answer["return_url"].as_str(), answer["error_code"].as_str()) {
            (Some(_), _) if self.habits.closes_early => hand.say("closes the page"),
            (Some(url), _) => self.go_back_later(url.to_owned(), hand),
            (None, Some(code)) => hand.say(format!("is told {code}")),
            (None, None) => hand.say("has not paid"),
        }
    }
}

impl Person for Buyer {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match heard {
            Heard::Woke if self.shown.is_some() => {
                self.hesitates = Duration::ZERO;
                if let Some((id, text)) = self.shown.take() {
                    self.fill_pay(&id, &text, hand);
                }
            }
            Heard::Woke => match (self.next_url.take(), self.last.clone()) {
                (Some(url), _) => self.go(&url, hand),
                // A reload: the same request again, forms included.
                (None, Some(last)) if hand.chance.per_mille(500) => hand.ask(last),
                (None, _) => self.begin(hand),
            },
            Heard::Answer(Err(why)) => self.fail(why.as_str(), hand),
            Heard::Answer(Ok(response)) => match self.last.as_ref().map(|last| last.uri().path()) {
                Some("/sandbox/v1/checkout") => self.read_checkout(&response, hand),
                Some("/orders") if self.payment_url.is_none() => self.read_placed(&response, hand),
                _ => {
                    let page = self.browser.hear(&response);
                    self.look(page, hand);
                }
            },
        }
    }
}
