//! Somebody who wants to be taken for another: brings login links that were used before, and links of their own making.

use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{Md5Key, Signer, append};

use super::{Browser, Hand, Heard, Person};

/// The thief.
#[derive(Debug, Clone)]
pub struct Thief {
    left: u32,
    pause_max_ms: u64,
    browser: Browser,
    /// A link to be brought once the shop has sent this browser to sign in.
    link: Option<String>,
}

impl Thief {
    /// A thief who tries so often.
    pub fn new(tries: u32, pause_max_ms: u64) -> Thief {
        Thief { left: tries, pause_max_ms, browser: Browser::default(), link: None }
    }

    fn steal(&mut self, hand: &mut Hand<'_>) -> Option<Request> {
        let is_made = hand.town.login_returns.is_empty() || hand.chance.per_mille(300);
        let link = if is_made { made_up(hand) } else { hand.chance.pick(&hand.town.login_returns) };
        if hand.chance.per_mille(300) {
            return self.browser.get(&link);
        }
        // The shop must have sent the browser to sign in: so it is asked to.
        self.link = Some(link);
        self.browser.post(&format!("{}/login", hand.town.shop), &[("back", "/")])
    }
}

/// A login of somebody else's, signed with a key that was stolen or with none that fits.
pub(crate) fn made_up(hand: &mut Hand<'_>) -> String {
    let victim = hand.chance.pick(&hand.town.customers);
    let mut params = Params::new();
    for (name, value) in [
        ("is_success", "T".to_owned()),
        ("notify_id", format!("q{:042x}", hand.chance.below(u64::MAX))),
        ("real_name", victim.email),
        ("token", format!("{:032x}", hand.chance.below(u64::MAX))),
        ("user_id", victim.user_id),
    ] {
        params.push(name, value.as_bytes());
    }
    let keys = [hand.town.merchant.key.clone(), "forgedforgedforgedforgedforgedfo".to_owned()];
    // These keys can sign.
    let _ = append(&mut params, &Signer::Md5(Md5Key::new(hand.chance.pick(&keys))));
    let query = params.to_urlencoded();
    hand.town.forgeries.insert(query.clone().into_bytes());
    format!("{}?{query}", hand.town.login_return_url())
}

impl Person for Thief {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        let request = match (heard, self.link.take()) {
            (Heard::Answer(Ok(response)), Some(link)) => {
                self.browser.hear(&response);
                self.browser.get(&link)
            }
            (Heard::Woke, _) if self.left > 0 => {
                self.left -= 1;
                self.steal(hand)
            }
            (Heard::Woke, _) => return,
            (Heard::Answer(_), _) => None,
        };
        match request {
            Some(request) => hand.ask(request),
            None => {
                let pause = hand.chance.millis(0, self.pause_max_ms);
                hand.wake_after(pause);
            }
        }
    }
}
