//! Somebody at the seller's who confirms a batch of refunds at the desk - at once, tomorrow, with a wrong password, twice.

use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::node::{Request, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use super::browser::{Browser, Page, hidden_field};
use super::{Hand, Heard, Person};
use crate::chance::Chance;

/// How somebody goes about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manner {
    /// How long the page is looked at before the password is entered.
    pub dawdles: Duration,
    /// How many wrong passwords come before the right one.
    pub wrong: u32,
    /// The form is sent from two tabs of one browser.
    pub twice: bool,
    /// Opens the merchant's page again when all is done.
    pub reopens: bool,
}

impl Manner {
    /// Draws somebody. Five wrong passwords lock the account, and a batch waits for a day.
    pub fn draw(chance: &mut Chance) -> Manner {
        let minutes = chance.pick(&[0, 0, 1, 60, 23 * 60 + 50, 24 * 60 + 1, 30 * 60]);
        Manner {
            dawdles: Duration::from_secs(60 * minutes),
            wrong: chance.pick(&[0, 0, 0, 1, 2, 6]),
            twice: chance.per_mille(400),
            reopens: chance.per_mille(300),
        }
    }
}

/// Failures after which it is left to others.
const PATIENCE: u32 = 20;

/// A treasurer.
#[derive(Debug, Clone)]
pub struct Treasurer {
    manner: Manner,
    /// The form on the merchant's page: where it goes, and its body.
    form: (String, String),
    browser: Browser,
    /// The path of the batch's own page, once the gateway has led there.
    page: String,
    /// What the page's form must be sent with, while it is being looked at.
    csrf: Option<String>,
    failures: u32,
}

impl Treasurer {
    /// Somebody before the merchant's form for a batch.
    pub fn new(form: (String, String), manner: Manner) -> Treasurer {
        Treasurer { manner, form, browser: Browser::default(), page: String::new(), csrf: None, failures: 0 }
    }

    /// Sends the merchant's form: a batch that waits for its password leads to its page as often as it is sent.
    fn open(&mut self, hand: &mut Hand<'_>) {
        let (url, body) = self.form.clone();
        // The browser must know where it is, and what it has been given there.
        let request = self.browser.post(&url, &[]).map(|mut request: Request| {
            *request.method_mut() = Method::POST;
            *request.body_mut() = Bytes::from(body);
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers_mut().insert(CONTENT_TYPE, form);
            request
        });
        self.ask(request, hand);
    }

    fn ask(&mut self, request: Option<Request>, hand: &mut Hand<'_>) {
        match request {
            Some(request) => hand.ask(request),
            None => self.fail(hand),
        }
    }

    fn fail(&mut self, hand: &mut Hand<'_>) {
        self.failures += 1;
        if self.failures > PATIENCE {
            return hand.say("leaves the batch to others");
        }
        let pause = hand.chance.millis(1_000, 120_000);
        hand.wake_after(pause);
    }

    fn see(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let (path, status, text) = match self.browser.hear(response) {
            Page::Redirect(url) => {
                if let Some((_, id)) = url.split_once("/refunds/") {
                    self.page = format!("/refunds/{id}");
                }
                let request = self.browser.get(&url);
                return self.ask(request, hand);
            }
            Page::Shown { path, status, text } => (path, status, text),
        };
        if status >= 500 {
            return self.fail(hand);
        }
        let csrf = hidden_field(&text, "csrf").map(str::to_owned);
        match csrf {
            Some(csrf) if path == "/desk/sign-in" && !text.contains("id=\"form-error\"") => {
                let login = hand.town.merchant.login();
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("account", login.account.as_str()),
                    ("login_password", login.login_password.as_str()),
                    ("next", self.page.as_str()),
                ];
                let request = self.browser.post(&format!("{}/desk/sign-in", hand.town.gateway), &fields);
                self.ask(request, hand);
            }
            _ if path == "/desk/sign-in" => self.fail(hand),
            Some(csrf) if path == self.page && text.contains("name=\"payment_password\"") => {
                let is_again = text.contains("id=\"form-error\"");
                self.csrf = Some(csrf);
                // An account that is locked is so for a quarter of an hour.
                let pause = match is_again {
                    true => hand.chance.pick(&[5, 5, 1_000]),
                    false => std::mem::take(&mut self.manner.dawdles).as_secs(),
                };
                self.failures += u32::from(is_again);
                if self.failures <= PATIENCE {
                    hand.wake_after(Duration::from_secs(pause));
                }
            }
            _ => self.leave(&path, hand),
        }
    }

    fn press(&mut self, csrf: &str, hand: &mut Hand<'_>) {
        let right = hand.town.merchant.payment_password.clone();
        let entered = if self.manner.wrong > 0 { "not-the-password".to_owned() } else { right };
        self.manner.wrong = self.manner.wrong.saturating_sub(1);
        let fields = [("csrf", csrf), ("payment_password", entered.as_str())];
        let request = self.browser.post(&format!("{}{}", hand.town.gateway, self.page), &fields);
        if let Some(request) = request.clone().filter(|_| self.manner.twice) {
            hand.ask_deaf(request);
        }
        self.ask(request, hand);
    }

    /// There is nothing to confirm here: any more, or at all.
    fn leave(&mut self, path: &str, hand: &mut Hand<'_>) {
        hand.say(format!("ends at {path}"));
        if std::mem::take(&mut self.manner.reopens) {
            self.open(hand);
        }
    }
}

impl Person for Treasurer {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match (heard, self.csrf.take()) {
            (Heard::Woke, Some(csrf)) => self.press(&csrf, hand),
            (Heard::Woke, None) => self.open(hand),
            (Heard::Answer(Ok(response)), _) => self.see(&response, hand),
            (Heard::Answer(Err(_)), _) => self.fail(hand),
        }
    }
}
