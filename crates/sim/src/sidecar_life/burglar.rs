//! Somebody who wants to be in as another: brings login links of others before, with or after them, results that the
//! sidecar has sent to other browsers, and links of their own making.

use danbao_protocol::node::Request;
use http::HeaderValue;

use crate::people::{Browser, Hand, Heard, Page, Person, made_up};

/// By this the lookout knows whose browser it is; nobody else reads it.
pub(super) const MARK: &str = "x-burglar";
/// Redirects that are followed.
const HOPS_MAX: u32 = 3;

#[derive(Debug, Clone)]
pub(super) struct Burglar {
    left: u32,
    pause_max_ms: u64,
    browser: Browser,
    /// A link to be brought once the shop has sent this browser to sign in.
    link: Option<String>,
    hops: u32,
}

impl Burglar {
    /// Tries so often.
    pub(super) fn new(tries: u32, pause_max_ms: u64) -> Burglar {
        Burglar { left: tries, pause_max_ms, browser: Browser::default(), link: None, hops: 0 }
    }

    /// What somebody from etao brings is good for whoever brings it first, as far as anybody can tell: it is left alone.
    fn steal(&mut self, hand: &mut Hand<'_>) -> Option<Request> {
        let unsent = format!("{}?", hand.town.login_return_url());
        let seen = hand.town.login_returns.iter().filter(|link| !link.starts_with(&unsent));
        let seen: Vec<String> = seen.cloned().collect();
        let is_made = seen.is_empty() || hand.chance.per_mille(200);
        // The newest may still be on its way to the one whom it is for.
        let newest = seen.last().cloned().filter(|_| hand.chance.per_mille(600));
        let link = match newest {
            _ if is_made => made_up(hand),
            Some(newest) => newest,
            None => hand.chance.pick(&seen),
        };
        self.hops = 0;
        if hand.chance.per_mille(300) {
            return self.browser.get(&link);
        }
        // The shop must have sent the browser to sign in: so it is asked to.
        self.link = Some(link);
        self.browser.post(&format!("{}/login", hand.town.shop), &[("back", "/")])
    }

    fn go_on(&mut self, page: Page) -> Option<Request> {
        if let Some(link) = self.link.take() {
            return self.browser.get(&link);
        }
        match page {
            Page::Redirect(url) if self.hops < HOPS_MAX => {
                self.hops += 1;
                self.browser.get(&url)
            }
            _ => None,
        }
    }
}

impl Person for Burglar {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        let request = match heard {
            Heard::Answer(Ok(response)) => {
                let page = self.browser.hear(&response);
                self.go_on(page)
            }
            Heard::Answer(Err(_)) => None,
            Heard::Woke if self.left > 0 => {
                self.left -= 1;
                self.steal(hand)
            }
            Heard::Woke => return,
        };
        match request {
            Some(mut request) => {
                request.headers_mut().insert(MARK, HeaderValue::from_static("1"));
                hand.ask(request);
            }
            None => {
                let pause = hand.chance.millis(0, self.pause_max_ms);
                hand.wake_after(pause);
            }
        }
    }
}
